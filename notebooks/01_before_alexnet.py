# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. Before AlexNet
#
# Until 2012 the best programs that named pictures did not learn to see. People wrote down what is
# worth seeing, and only the last step was learnt. By the end of this notebook you have written such
# a description yourself, have built the convolutional network of 1998, and have measured both
# beside a small AlexNet, on the same pictures.
#
# *Reading: 25 minutes. Running: half a minute, and half a minute more if notebook 0 was not run.*

# %%
import numpy as np

from minialexnet import alexnet, learn, plots
from minialexnet.backend import host_generator, to_host
from minialexnet.layers import AvgPool2d, Conv2d, Flatten, Linear, Sequential, Tanh
from minialexnet.layers.initializers import normal, xavier_normal
from minialexnet.learn import features

xp = np  # on a GPU: import cupy as xp

# %% [markdown]
# ## The contest
#
# ImageNet is a collection of photographs, sorted by what they show. Its yearly contest (ILSVRC)
# gave 1.2 million of them, in 1000 classes, to learn from, 50,000 to validate with, and 150,000 to
# be tested on (section 2 of the paper). A program names five classes for each test picture, and is
# wrong if the true one is not among them: the **top-5 error**. These are the best entry of each
# year, and for 2012 the second as well:

# %%
plots.bars(
    {
        "2010": 28.2,
        "2011": 25.8,
        "2012, second": 26.2,
        "2012, AlexNet": 15.3,
        "2013": 11.7,
        "2014": 6.7,
        "2015": 3.6,
    },
    xlabel="top-5 error on the test pictures, %",
    form="{:.1f}",
)

# %% [markdown]
# (2010 to 2014: Russakovsky et al. 2015; 26.2% and 15.3%: section 6 of the paper; 2015: He et al.
# 2016. The 15.3% are the mean of seven networks, two of which had learnt from more pictures
# beforehand; one network alone had 18.2% on the validation pictures.)
#
# From 2010 to 2011 the error had fallen by 2.4 points. In 2012 AlexNet was 10.9 points ahead of the
# second, and every winner of the contest after it was a convolutional network. So what did the
# others do?

# %% [markdown]
# ## Where the numbers go
#
# They described pictures by **features made by hand**, and learnt one linear layer on top. HOG,
# *histograms of oriented gradients* (Dalal and Triggs 2005), is the clearest of these descriptions:

# %%
plots.flow(
    [
        ("picture", "3 × 32 × 32"),
        ("gradients", "2 × 32 × 32"),
        ("cells", "4 × 4 × 9"),
        ("blocks", "3 × 3 × 36"),
        ("linear layer", "10"),
    ]
)

# %% [markdown]
# Only the last box has weights that are learnt. In a convolutional network *all* boxes have: the
# same gradient of the loss goes back through all of them. That is the whole difference, and the
# rest of this notebook is about what it is worth.

# %% [markdown]
# ## A tiny one by hand
#
# What does an edge look like in numbers? The gradient of a pixel is the difference of its two
# neighbours, downwards and to the right:
#
# $$g_y[i, j] = x[i + 1, j] - x[i - 1, j] \qquad g_x[i, j] = x[i, j + 1] - x[i, j - 1]$$
#
# Below is the corner of a light square. **Predict** $g_y$ and $g_x$ at the framed pixel, and in
# which direction the picture grows lighter there.

# %%
corner = xp.array([[0.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 8, 8], [0, 0, 8, 8]])
gy, gx = features.image_gradients(corner[None])
framed = np.zeros((4, 4), bool)
framed[2, 1] = True
plots.matrices(
    [corner, "→", gy[0], gx[0]],
    ["picture", "", "gy", "gx"],
    marked=[framed, None, framed, framed],
)

# %% [markdown]
# At the framed pixel $g_y = 0$ and $g_x = 8$: it grows lighter to the right. A gradient points
# *across* an edge. One pixel to the right, at the corner itself, both are 8, and it points down to
# the right. On even ground both are 0: what HOG sees is edges and nothing else.
#
# **Your turn**, for a whole stack of pictures (N, H, W). At the border a neighbour is missing:
# there the gradient is 0.


# %%
def image_gradients(x):
    # your code
    ...


learn.check("image_gradients", image_gradients, xp)

# %% [markdown]
# ## Cells: how much edge, in which direction
#
# A gradient has a length and an angle:
#
# $$\ell = \sqrt{g_y^2 + g_x^2} \qquad \varphi = \mathrm{arctan2}(g_y, g_x)$$
#
# The picture is cut into **cells** of 8 × 8 pixels. Each cell gets a histogram with 9 bins of 20
# degrees, from 0 to 180, and each of its pixels adds its length $\ell$ to the bin of its angle.
# Three choices are in this:
#
# - *Lengths, not counts*: a strong edge counts more than grain.
# - *Modulo 180 degrees*: a dark shape on light ground looks as a light one on dark.
# - *Sums over a cell*: where exactly in the cell the edge lies is forgotten, so a shape may move a
#   little.
#
# **Your turn.** `gy` and `gx` are (N, H, W), the result is (N, H / cell, W / cell, bins). `arctan2`
# gives angles from −180 to 180 degrees, in radians. Loops over cells and bins are quite all right.


# %%
def orientation_histogram(gy, gx, cell, bins):
    # your code
    ...


learn.check("orientation_histogram", orientation_histogram, xp)

# %% [markdown]
# What is left of a picture? Below each, its cells, here of 4 × 4 pixels so that one can see more: a
# line for each bin, drawn along the edge; the longer and darker, the more.

# %%
data = learn.small_set(side=32, count=4000, val_count=500, xp=xp)

gradients = features.image_gradients(data.val_x[:8].mean(axis=1))
plots.orientations(
    data.val_images[:8],
    features.orientation_histogram(*gradients, cell=4, bins=9),
    [data.classes[label] for label in to_host(data.val_labels[:8])],
)

# %% [markdown]
# Disc, ring and square can still be told by eye. Colours are gone, and so is everything smooth.

# %% [markdown]
# ## Blocks: whatever the light
#
# In the shade all gradients are smaller. So neighbouring cells are scaled together: each 2 × 2
# cells form a **block** of 36 numbers $v$, which is brought to a length of nearly 1, with a small
# $\varepsilon$ of 0.01:
#
# $$v \leftarrow \frac{v}{\sqrt{\|v\|^2 + \varepsilon}}$$
#
# Blocks overlap, so the cells in the middle appear in four blocks, scaled differently in each.
# (Does it remind you of something? Local response normalisation, in notebook 5, divides by what is
# around as well.)

# %%
learn.source(features.hog, docstring=False)

# %%
learn.source(features.normalised_blocks, docstring=False)

# %% [markdown]
# ## The step that is learnt
#
# One linear layer and softmax cross-entropy: ten weighted sums of the features, the largest one
# names the class. First on the raw pixels, then on HOG. **Predict**: guessing is wrong in 90% of
# all cases. How far does each get?


# %%
def linear_classifier(inputs, seed=0):
    layer = Linear(inputs, 10, weight_init=normal(0.001), generator=host_generator(seed))
    return Sequential({"linear": layer}).to(xp)


def fit(inputs, count=4000, lr=0.1, views=80_000):
    network = linear_classifier(inputs.shape[1])
    learn.train(network, inputs[:count], data.labels[:count], views // count, lr=lr)
    return network


pixels, val_pixels = data.x.reshape(len(data.x), -1), data.val_x.reshape(len(data.val_x), -1)
hog, val_hog = features.hog(data.x), features.hog(data.val_x)

on_pixels, on_hog = fit(pixels, lr=0.001), fit(hog)
errors = {
    f"linear on {pixels.shape[1]} pixels": learn.error(on_pixels, val_pixels, data.val_labels),
    f"linear on {hog.shape[1]} HOG features": learn.error(on_hog, val_hog, data.val_labels),
}
plots.bars({name: 100 * error for name, error in errors.items()}, xlabel="validation error, %")

# %% [markdown]
# With a tenth as many numbers, HOG is far better than the pixels. A linear layer can weigh pixels,
# but no weighted sum of pixels says "an edge, wherever the light comes from". A few lines of
# thought are worth more here than all the training of the other classifier. That is why the field
# went on like this for so long.
#
# (It is a simple HOG. Dalal and Triggs take, at each pixel, the colour whose gradient is largest;
# share each vote between neighbouring bins and cells; limit the numbers of a block and scale again;
# and learn with a support vector machine. And they look for people in the *middle* of a window,
# while our shapes lie anywhere. The second best entry of 2012 collected several such descriptions
# over all places of a picture, in what is called Fisher vectors: section 6 of the paper.)

# %% [markdown]
# ## 1998: LeNet-5
#
# Convolutional networks were not new in 2012. LeNet-5 (LeCun et al. 1998) read the amounts on bank
# cheques. Here it is, made of this library's layers:


# %%
def lenet5(seed=0):
    made = {"weight_init": xavier_normal, "generator": host_generator(seed)}
    layers = {
        "C1": Conv2d(3, 6, 5, **made),
        "tanh1": Tanh(),
        "S2": AvgPool2d(2),
        "C3": Conv2d(6, 16, 5, **made),
        "tanh3": Tanh(),
        "S4": AvgPool2d(2),
        "C5": Conv2d(16, 120, 5, **made),
        "tanh5": Tanh(),
        "flatten": Flatten(),
        "F6": Linear(120, 84, **made),
        "tanh6": Tanh(),
        "output": Linear(84, 10, **made),
    }
    return Sequential(layers, input_shape=(3, 32, 32)).to(xp)


lenet = lenet5()
print(lenet)

# %% [markdown]
# It is not LeNet-5 to the letter. In 1998:
#
# | | 1998 | here |
# |---|---|---|
# | input | one channel, grey | three colours: 300 weights more in C1 |
# | S2, S4 | sum of 2 × 2, times a weight, plus a bias: 12 and 32 parameters | the mean |
# | C3 | a table says which maps see which: 1,516 parameters | every map sees all six: 2,416 |
# | non-linearity | 1.7159 tanh(2x / 3) | tanh(x) |
# | output | distances to ten fixed codes | a linear layer, 850 parameters |
# | training | a second-order method, picture by picture | SGD with momentum |
#
# The paper of 1998 counts 60,000 parameters to learn. Add up what the table says:

# %%
of_1998 = {"C1": 6 * 26, "S2": 6 * 2, "C3": 1516, "S4": 16 * 2, "C5": 120 * 401, "F6": 84 * 121}
print(f"1998: {sum(of_1998.values()):,}")
print(f"here: {sum(p.size for p in lenet.params.values()):,}")

# %% [markdown]
# And AlexNet? The same idea, convolutions, pooling, fully connected layers, learnt end to end:

# %%
network = alexnet("paper")
rows = [("LeNet-5, as above", lenet, (3, 32, 32)), ("AlexNet", network, (3, 224, 224))]
for name, made, shape in rows:
    parameters, products = sum(p.size for p in made.params.values()), made.multiply_adds(shape)
    print(f"{name:18}{parameters:12,} parameters {products:14,} multiply-adds a picture")
del network, rows, made

# %% [markdown]
# A thousand times as many of each, fourteen years later. What is different besides the size: ReLU
# for tanh (notebook 3), maxima for means and overlapping windows (4), normalisation (5), dropout
# (6), new pictures made of old ones (10); and 1.2 million pictures and two GPUs to learn with.

# %% [markdown]
# ## All four on the same pictures
#
# LeNet-5 sees each of the 4,000 pictures seven times, the last two with a smaller learning rate.
# The `mini` of notebook 0, a small AlexNet, is taken from there. It saw them five times, but as
# random crops and mirror images. **Predict** both errors.


# %%
def fit_lenet(network, count, epochs):
    x, labels = data.x[:count], data.labels[:count]
    learn.train(network, x, labels, epochs, lr=0.05)
    learn.train(network, x, labels, 1 + epochs // 5, lr=0.01)
    return learn.error(network, x, labels)


fit_lenet(lenet, 4000, epochs=5)
errors["LeNet-5"] = learn.error(lenet, data.val_x, data.val_labels)

# %%
trained = learn.trained_mini(xp=xp)
images, labels = trained.pictures.val.images, trained.pictures.val.labels
mini_inputs = trained.inputs(images)
mini_labels = xp.asarray(labels)
errors["mini, a small AlexNet"] = learn.error(trained.network, mini_inputs, mini_labels)
plots.bars({name: 100 * error for name, error in errors.items()}, xlabel="validation error, %")

# %% [markdown]
# All of the 500 validation pictures are the same for all four. The order is that of history. Look
# at the distances as well:
#
# - From pixels to HOG is the largest step of all, and nothing was learnt for it.
# - LeNet-5 has to find its features in the pixels, and gets further than HOG. That is no triumph,
#   and it was much more work for the machine. Who saw this in the nineties had reason to stay with
#   features made by hand.
# - `mini` is well ahead. It is no clean comparison: it is deeper and wider, and was trained in
#   another way. Which part is worth how much is the subject of the notebooks to come.
#
# *Go further*: `epochs=15` for LeNet-5. Five are not enough, neither for it nor for `mini`.

# %% [markdown]
# ## Where HOG fails
#
# The errors class by class:


# %%
def errors_by_class(network, inputs, labels):
    chosen, labels = to_host(network.predict(inputs)).argmax(axis=1), to_host(labels)
    return [100 * (chosen[labels == c] != c).mean() for c in range(len(data.classes))]


by_class = zip(
    data.classes,
    errors_by_class(on_hog, val_hog, data.val_labels),
    errors_by_class(trained.network, mini_inputs, mini_labels),
    strict=True,
)
plots.bars(
    {name: values for name, *values in by_class},
    ("HOG", "mini"),
    xlabel="validation error, %",
    form="{:.0f}",
)

# %% [markdown]
# HOG fails in all classes, not in a few odd ones. The linear layer has weights for each block at
# *each place*: a heart at the upper left and a heart at the lower right have no weight in common,
# and it has to be shown hearts everywhere. Checks lie in any direction, so a cell of theirs has any
# two bins. A sum of weights cannot say "two directions at right angles, whichever".
#
# A convolution uses the same filters at all places, pooling makes the place matter less and less,
# and layers upon layers can say "this and that, anywhere". Not all of what a network knows is
# learnt, either: that a shape may lie anywhere is built into its layers.

# %% [markdown]
# ## Why it took until 2012
#
# Features made by hand hold what people know about pictures. A network has to learn it from
# examples. So how many does it take? HOG and LeNet-5 again, with 250, 1,000 and 4,000 pictures to
# learn from. Fewer pictures are shown more often, until LeNet-5 has learnt them. **Predict** where
# the lines cross.

# %%
counts = [250, 1000, 4000]
curve = {"HOG": [], "LeNet-5": []}
for count in counts:
    curve["HOG"].append(learn.error(fit(hog, count), val_hog, data.val_labels))
    if count == 4000:
        curve["LeNet-5"].append(errors["LeNet-5"])
        continue
    small = lenet5()
    known = 1 - fit_lenet(small, count, epochs=5 + 5000 // count)
    curve["LeNet-5"].append(learn.error(small, data.val_x, data.val_labels))
    print(f"LeNet-5 knows {100 * known:.0f}% of the {count} pictures it was trained on")
figure = plots.curves(
    {name: 100 * np.array(values) for name, values in curve.items()},
    counts,
    log="x",
    points=True,
    xlabel="pictures to learn from",
    ylabel="validation error, %",
    ylim=(0, 100),
)
figure.axes[0].set_xticks(counts, counts)
figure.axes[0].minorticks_off()
figure

# %% [markdown]
# With 250 pictures the network knows these by heart and little else, and HOG is clearly better.
# With 4,000 it is the other way round. Knowledge that is built in helps most when there is little
# to learn from, and holds back when there is much.
#
# This is why ImageNet mattered as much as AlexNet. The sets that were common before held some tens
# of thousands of pictures (section 1 of the paper). The contest had 1.2 million, and two GPUs went
# through them ninety times in five to six days (section 5).

# %% [markdown]
# ## Break it
#
# Turn all validation pictures into negatives: light becomes dark, and dark light. (The inputs are
# pixels minus the mean colour, so a minus sign does it.) A child still sees a heart. **Predict**
# for each of the four what happens to its error, before you run the cell. Look at the definition of
# the histogram once more for HOG.

# %%
negative = {
    "linear on pixels": learn.error(on_pixels, -val_pixels, data.val_labels),
    "linear on HOG": learn.error(on_hog, features.hog(-data.val_x), data.val_labels),
    "LeNet-5": learn.error(lenet, -data.val_x, data.val_labels),
    "mini": learn.error(trained.network, -mini_inputs, mini_labels),
}
plots.bars(
    {
        name: (100 * before, 100 * after)
        for (name, after), before in zip(negative.items(), errors.values(), strict=True)
    },
    ("as they are", "negatives"),
    xlabel="validation error, %",
)

# %% [markdown]
# HOG does not notice at all: a gradient and its opposite fall into the same bin, because someone
# *knew* that it should be so. The networks were shown light shapes on darker ground, and that is
# what they have learnt. Nobody told them that a negative is the same thing, and no training picture
# did.
#
# There are two cures. One is to build it in, as HOG does. The other is to show it: to train on
# negatives as well. AlexNet chose the second wherever it could (notebook 10).

# %% [markdown]
# ## Three questions
#
# **1.** Why is the histogram not simply a count of directions?
#
# <details><summary>Answer</summary>
#
# On even ground the gradient is grain: tiny, in all directions. As a count, 60 pixels of grain
# would outvote 4 pixels of an edge. Weighted by length they hardly matter.
#
# </details>
#
# **2.** HOG computes a linear filter (next minus previous), a non-linearity (length and bin), a sum
# over a neighbourhood, and a normalisation. Which layers of AlexNet correspond to these?
#
# <details><summary>Answer</summary>
#
# Convolution, ReLU, pooling, local response normalisation: conv1, relu1, norm1 and pool1, up to the
# order. HOG is one such stage with filters made by hand. AlexNet has five convolutional layers,
# and learns the filters of all of them. (Many of its conv1 filters become edge detectors of
# different directions all by themselves: figure 3 of the paper, and notebook 13.)
#
# </details>
#
# **3.** LeNet-5's C5 is a convolution with 5 × 5 windows on maps of 5 × 5. How is it different from
# a fully connected layer?
#
# <details><summary>Answer</summary>
#
# On pictures of 32 pixels not at all: there is one position, and 120 · (16 · 25 + 1) = 48,120
# parameters either way. On larger pictures a convolution has more positions and goes on working,
# while a fully connected layer does not fit. LeCun et al. call it C5, not F5, for that reason.
#
# </details>
#
# ## Words
#
# | English | 日本語 |
# |---|---|
# | feature | 特徴量 |
# | hand-crafted features | 手作りの特徴量、人手で設計した特徴量 |
# | histogram of oriented gradients (HOG) | 勾配方向ヒストグラム、HOG特徴量 |
# | edge | エッジ、輪郭 |
# | (image) gradient | (画像の)勾配 |
# | cell, block | セル、ブロック |
# | linear classifier | 線形分類器 |
# | support vector machine | サポートベクターマシン |
# | training / validation pictures | 訓練画像/検証画像 |
# | error rate | 誤り率 |
# | deep learning | 深層学習、ディープラーニング |
# | invariance | 不変性 |
#
# ## Where to read on
#
# - [`minialexnet/learn/features.py`](../minialexnet/learn/features.py): HOG, all of it.
# - Dalal and Triggs 2005, "Histograms of oriented gradients for human detection"
#   ([doi:10.1109/CVPR.2005.177](https://doi.org/10.1109/CVPR.2005.177)).
# - LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document
#   recognition" ([doi:10.1109/5.726791](https://doi.org/10.1109/5.726791)): section II.B is
#   LeNet-5.
# - Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural
#   networks" ([NeurIPS](https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks)):
#   *the paper*, wherever this course says so.
# - Russakovsky et al. 2015, "ImageNet large scale visual recognition challenge"
#   ([arXiv:1409.0575](https://arxiv.org/abs/1409.0575)): the contest, its rules and its entries.
# - He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition"
#   ([arXiv:1512.03385](https://arxiv.org/abs/1512.03385)): the winner of 2015.
# - Next: [2. Convolution](02_convolution.ipynb).
