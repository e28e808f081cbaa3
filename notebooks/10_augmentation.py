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
# # 10. Augmentation
#
# A network that sees every picture a hundred times knows them by heart. So it is shown each one a
# little changed, every time anew: cut elsewhere, mirrored, in another light. By the end of this
# notebook you have written the paper's noise in the colours and its ten views of a test picture,
# seen what both are worth here, and know when a change makes a picture a lie.
#
# *Reading: 25 minutes. Running: half a minute (once another half, to train a network).*

# %%
import numpy as np

from minialexnet import (
    SGD,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    learn,
    plots,
)
from minialexnet.backend import host_generator
from minialexnet.datasets import (
    Augmentation,
    PictureSet,
    PrincipalColours,
    TrainBatches,
    builtin_archive,
    cut_views,
    load_pictures,
    lookalikes,
    principal_colours,
)
from minialexnet.training import Preprocessing, evaluate, make_schedule

xp = np  # on a GPU: import cupy as xp

# %% [markdown]
# ## Where the numbers go
#
# Pictures are changed as bytes, 0 to 255, on the processor, while the network computes on the
# previous batch. So augmentation costs next to no time, as the paper already remarks. Only the
# last step makes floats of them, where the network is.

# %%
plots.flow(
    [
        ("picture", "256 × 256 × 3"),
        ("cut", "224 × 224 × 3"),
        ("mirror", "half of them"),
        ("+ colour", "3 numbers each"),
        ("− mean", "N × 3 × 224 × 224"),
        ("network", "logits"),
    ]
)

# %% [markdown]
# ## Crops and mirror images, by hand
#
# A picture of 4 × 4 pixels, and squares of 3 × 3 cut out of it. **Predict**: how many different
# squares are there? And with their mirror images?

# %%
tiny = np.arange(1, 17).reshape(4, 4)
views = [tiny[top : top + 3, left : left + 3] for top in range(2) for left in range(2)]
views += [view[:, ::-1] for view in views]
print(f"{len({view.tobytes() for view in views})} different views")

framed = np.zeros((4, 4), bool)
framed[:3, 1:] = True
plots.matrices(
    [tiny, "→", views[1], "→", views[5]],
    ["picture", "", "cut", "", "mirrored"],
    marked=[framed, None, None, None, None],
)

# %% [markdown]
# Squares of side $c$ in a picture of side $S$ have $S - c + 1$ places along each side. With mirror
# images:
#
# $$2 \, (S - c + 1)^2$$
#
# For the paper's $S = 256$ and $c = 224$:

# %%
for places in (256 - 224 + 1, 256 - 224):
    print(f"{places} places along a side: 2 · {places}² = {2 * places**2}")

# %% [markdown]
# The paper says 2048, the second number. The released code drew offsets from 0 to 32, which are 33
# of them: 2178. Nothing hangs on it, except for those who look for an error of their own. More to
# the point: these are not 2178 new pictures. Neighbours are nearly equal, and all show the same
# dog. What a network learns from them is that a dog is a dog wherever it lies, and whichever way it
# looks. Without crops and mirror images, says the paper, the network would have overfitted so much
# that a far smaller one had to do (section 4.1).

# %%
pictures = load_pictures(builtin_archive(), size=48)
train = pictures.train
heart = int(np.flatnonzero(train.labels == pictures.classes.index("heart"))[5])
picture = train.images[heart]
corners = [(0, 0), (0, 6), (6, 0), (6, 6), (3, 3)]
plots.squares(
    picture,
    [[(*corner, 42) for corner in corners], [(0, 0, 20), (4, 14, 30), (20, 8, 25)]],
    ["2012: 42 of 48 pixels", "or of random size"],
)

# %% [markdown]
# The library's `TrainBatches` cuts them. What is drawn is a function of seed, epoch and step alone,
# so a training that is resumed sees the same squares:


# %%
def copies(picture, count=8):
    """A set that has nothing but this picture."""
    images = np.repeat(picture[None], count, axis=0)
    return PictureSet(images, np.zeros(count, np.int64), ("it",), ["it"] * count)


one = copies(picture)
crops, _ = TrainBatches(one, batch_size=8, crop=36, seed=0).batch(epoch=0, step=0)
sizes, _ = TrainBatches(one, batch_size=8, crop=36, seed=0, min_crop=20).batch(epoch=0, step=0)
plots.pictures(
    np.concatenate([crops, sizes]),
    ["as in 2012", *7 * [""], "random size", *7 * [""]],
)

# %% [markdown]
# ## The colours of a set
#
# Take all pixels of all pictures as points in a space of three axes: red, green and blue. They form
# a cloud. It is longest from black to white, since in a brighter light all three colours grow
# together. Its own axes, the **principal axes**, are the eigenvectors of the covariance:
#
# $$C = \frac{1}{M} \sum_m (x_m - \bar{x}) (x_m - \bar{x})^T = P \Lambda P^T$$
#
# The columns of $P$ are the axes, and the eigenvalue $\lambda_i$ is the **variance** of the cloud
# along axis $i$. This is principal component analysis, PCA, of nothing but $3 \times 3$ numbers.

# %%
learn.source(principal_colours)

# %%
colours = principal_colours(train.statistics)
some = train.images.reshape(-1, 3)[:: train.images.size // 3 // 4000]
for std, direction in zip(colours.std[::-1], colours.directions.T[::-1], strict=True):
    direction = direction * (1 if direction.sum() > 0 else -1)
    print(f"standard deviation {std:6.2f} along (red, green, blue) {np.round(direction, 2)}")
plots.colour_cloud(some, train.statistics.mean_colour, colours.directions, colours.std)

# %% [markdown]
# The axes are drawn for two standard deviations to either side. The first of them is grey: its
# three numbers are about equal. The built-in pictures have random colours, so their cloud is plump.
# For ImageNet, the released code has 121.8, 37.1 and 19.7: photographs are mostly light and shade,
# then a little blue against orange (sky against earth), then green against violet.

# %% [markdown]
# ## The paper's noise
#
# Each picture, each time it is shown, gets one colour added to all of its pixels:
#
# $$\mathrm{shift} = \sum_{i=1}^{3} \alpha_i \sqrt{\lambda_i} \; p_i
# \qquad\qquad \alpha_i \sim N(0, \, 0.1^2)$$
#
# It moves in the cloud along the axes, most along the longest. That is as if the light had another
# strength and another tint, which makes no other object of it. It is *not* noise on single pixels.
#
# By hand: axes along red, green and blue themselves, with variances of 100, 400 and 10,000, and
# $\alpha = (0.1, \, 0.1, \, -0.1)$. **Predict** the shift. (What would it be without the root?)

# %%
by_hand = PrincipalColours(np.eye(3), np.sqrt([100.0, 400.0, 10000.0]))
alpha = np.array([0.1, 0.1, -0.1])
print("shift:           ", (alpha * by_hand.std) @ by_hand.directions.T)
print("without the root:", (alpha * by_hand.std**2) @ by_hand.directions.T)

# %% [markdown]
# The paper's text has $\lambda_i$ in the formula, without a root, and calls it the eigenvalue. Its
# code took the standard deviation, $\sqrt{\lambda_i}$. More on that below.
#
# **Your turn.** `normal` holds numbers of $N(0, 1)$, three for each picture, so the 0.1 is up to
# you.


# %%
def colour_shift(normal, eigenvalues, eigenvectors):
    # your code
    ...


learn.check("colour_shift", colour_shift, xp)

# %% [markdown]
# How it looks: above as strong as in the paper, below five times as strong.

# %%
shifts = colours.shifts(8, 0.1, np.random.default_rng(3))


def shifted(picture, shifts):
    """As bytes, to look at; the network gets what goes beyond 0 and 255 as well."""
    return np.rint(picture + shifts[:, None, None]).clip(0, 255).astype(np.uint8)


both = np.concatenate([shifts, 5 * shifts])
plots.pictures(
    shifted(picture, both), [" ".join(f"{float(c):+.0f}" for c in shift) for shift in both]
)

# %% [markdown]
# The paper credits this noise with more than one percent of top-1 error on ImageNet. (The released
# code also divided the pixels by 1.1 afterwards, and switched the noise off for the last quarter of
# the training.)

# %% [markdown]
# ## The classical ones
#
# For photographs of single things, today's recipes also shift, scale, turn and slant pictures, and
# change contrast and brightness. Each has a strength, and is drawn anew for every picture and
# epoch. What comes in from beyond the edge is a mirror image; black corners would be learnt as a
# sign of a turned picture.

# %%
rows, titles = [], []
for name, strength in {
    "shift": 0.15,
    "scale": 0.4,
    "rotation": 30.0,
    "shear": 20.0,
    "contrast": 0.8,
    "brightness": 0.6,
}.items():
    batches = TrainBatches(
        one,
        batch_size=8,
        crop=42,
        seed=0,
        flip=False,
        random_crop=False,
        augmentation=Augmentation(**{name: strength}),
    )
    rows.append(batches.batch(epoch=0, step=0)[0])
    titles += [f"{name} {strength:g}", *7 * [""]]
plots.pictures(np.concatenate(rows), titles)

# %% [markdown]
# *Go further*: `minialexnet data show PICTURE --rotation 15` draws such a sheet of your own
# pictures, and a batch as the network sees it. Look before you train.

# %% [markdown]
# ## When a change lies
#
# An augmentation is a claim: *this change leaves the class as it is*. Whether that is true depends
# on the classes, not on the picture. **Predict** which of these can be told from their changed
# neighbours:

# %%
GLYPHS = {
    "6": (".###.", "#....", "#....", "####.", "#...#", "#...#", ".###."),
    "9": (".###.", "#...#", "#...#", ".####", "....#", "....#", ".###."),
    "b": ("#....", "#....", "#.##.", "##..#", "#...#", "##..#", "#.##."),
    "d": ("....#", "....#", ".##.#", "#..##", "#...#", "#..##", ".##.#"),
}


def drawn(name):
    dark = np.array([[dot == "#" for dot in row] for row in GLYPHS[name]])
    return np.pad(np.where(dark, 0, 255).astype(np.uint8), 1, constant_values=255)


six, nine, b, d = (drawn(name) for name in GLYPHS)
print("a 6 that was turned by 180° is the 9:", bool((six[::-1, ::-1] == nine).all()))
print("a b that was mirrored is the d:      ", bool((b[:, ::-1] == d).all()))
plots.pictures(
    np.stack([six, six[::-1, ::-1], nine, b, b[:, ::-1], d]),
    ["6", "6, turned", "9", "b", "b, mirrored", "d"],
)

# %% [markdown]
# Half of all b in a batch would be shown as d and called b. No network can learn that; it can only
# learn to say 50%. The library knows such pairs by their names, and `minialexnet train` warns. An
# augmentation can be switched off for single classes:

# %%
classes = ("6", "9", "b", "d", "o")
careless = Augmentation(rotation=90)
exceptions = {"rotation": ["6", "9"], "flip": ["b", "d"]}
careful = Augmentation(rotation=90, except_for=exceptions)
print("careless:", lookalikes(classes, careless, flip=True))
print("careful: ", lookalikes(classes, careful, flip=True) or "nothing to be confused")

# %% [markdown]
# (Two things that are half a turn apart meet where each is turned by 90°. And names only go so far:
# whether a mirrored wrist watch is still one, or a red traffic light in another tint, you have to
# say.)

# %% [markdown]
# ## Ten views of a test picture
#
# When the network is measured, nothing is left to chance. The paper cuts five squares, the four
# corners and the centre, mirrors them, and takes the mean of the ten predictions.
#
# **Your turn.** The order is: centre, top left, top right, bottom left, bottom right; then the
# mirror images of these five.


# %%
def ten_crops(picture, crop):
    # your code
    ...


learn.check("ten_crops", ten_crops, xp)

# %%
plots.pictures(
    cut_views(picture, 36, ten_crop=True),
    ["centre", "top left", "top right", "bottom left", "bottom right", *5 * ["mirrored"]],
    columns=5,
)

# %% [markdown]
# ### The mean of what?
#
# Of **probabilities**, after the softmax. The mean of the logits would be another thing. Four views
# of a picture, two classes: three views give 70% to the first class, one gives it 0.01%.
# **Predict** which class wins if probabilities are averaged, and which one if logits are.

# %%
shares = np.array([[0.7, 0.3], [0.7, 0.3], [0.7, 0.3], [0.0001, 0.9999]])
logits = np.log(shares)  # whose softmax the shares are
mean_logits = np.exp(logits.mean(axis=0))
print("mean of probabilities:     ", shares.mean(axis=0).round(3))
print("softmax of the mean logits:", (mean_logits / mean_logits.sum()).round(3))

# %% [markdown]
# A single view that is *very* sure carries the mean of logits; in the mean of probabilities no view
# has more than its quarter.
#
# **Your turn**: from logits (N, views, classes) to the mean of the views' probabilities,
# (N, classes).


# %%
def average_of_views(logits):
    # your code
    ...


learn.check("average_of_views", average_of_views, xp)

# %% [markdown]
# ### What are ten views worth?
#
# This is called **test-time augmentation** today. In the paper, top-1 error falls from 39.0% to
# 37.5% (section 6, on ILSVRC-2010). Here is our `mini` on the 500 validation pictures. **Predict**:
# will it be better by as much?

# %%
mini = learn.trained_mini(xp=xp)
right = {}
for label, ten in (("centre", False), ("ten views", True)):
    val = mini.pictures.val
    tally, logits = evaluate(mini.network, val, mini.preprocessing, xp, ten_crop=ten)
    right[label] = logits.argmax(axis=1) == val.labels
    print(f"{label + ':':10} {1 - right[label].mean():.1%} wrong, loss {tally.loss:.3f}")
gained = int((right["ten views"] & ~right["centre"]).sum())
lost = int((right["centre"] & ~right["ten views"]).sum())
print(f"{gained} pictures are right only by ten views, {lost} only by the centre:")
print(f"a difference of {gained - lost}; chance alone makes one of ±{(gained + lost) ** 0.5:.0f}")

# %% [markdown]
# 500 pictures are few, so look at the last line before you believe the errors. The pictures on
# which both agree say nothing; the others would fall to either side by chance, as coins do, and the
# standard deviation of their difference is the root of their number. A difference of more than two
# of these is hardly chance. What it costs is plain: ten views take ten times the time.

# %% [markdown]
# ## With and without
#
# Does it help to learn from changed pictures? It should where there are few of them. So here are
# **200 pictures of four classes**, a small network, and 40 epochs: once always the same centre
# squares, once squares from anywhere and mirrored. The network and the order of the pictures are
# the same. It is measured on 1,400 other pictures, at the centre.

# %%
CLASSES = ("checks", "disc", "ring", "stripes")
SIDE, CROP, EPOCHS = 20, 16, 40
whole = load_pictures(builtin_archive(), size=SIDE).train


def part(of_each):
    """The pictures at these places of each of the four classes."""
    numbers = [whole.classes.index(name) for name in CLASSES]
    chosen = [np.flatnonzero(whole.labels == number)[of_each] for number in numbers]
    labels = np.repeat(np.arange(4), len(chosen[0]))
    chosen = np.concatenate(chosen)
    return PictureSet(whole.images[chosen], labels, CLASSES, [whole.names[i] for i in chosen])


few, others = part(slice(0, 50)), part(slice(50, None))
scale = float(1 / few.statistics.colour_std.mean())
preprocessing = Preprocessing(few.statistics.mean_colour, scale, CROP)
print(f"{len(few)} pictures to train on, {len(others)} to measure on")


def small_network():
    start = {"generator": host_generator(0)}
    return Sequential(
        [
            Conv2d(3, 16, 5, stride=2, padding=2, **start),
            ReLU(),
            Conv2d(16, 32, 3, padding=1, **start),
            ReLU(),
            MaxPool2d(2, stride=2),
            Conv2d(32, 32, 3, padding=1, **start),
            ReLU(),
            Conv2d(32, 32, 3, padding=1, **start),
            ReLU(),
            MaxPool2d(2, stride=2),
            Flatten(),
            Linear(128, 64, **start),
            ReLU(),
            Linear(64, 4, **start),
        ]
    ).to(xp)


def trained_on(batches, measured_every=5):
    network, criterion = small_network(), SoftmaxCrossEntropy()
    optimizer = SGD(network, lr=0.0)
    schedule = make_schedule("one-cycle", 0.02, len(batches), EPOCHS)
    curves = {"training": [], "others": []}
    for epoch in range(EPOCHS):
        losses = []
        for step, (images, labels) in enumerate(batches.iterate(epoch)):
            optimizer.lr = schedule.rate(epoch * len(batches) + step)
            logits = network.forward(preprocessing(images, xp), training=True)
            losses.append(float(criterion.forward(logits, xp.asarray(labels))))
            network.backward(criterion.backward(), input_gradient=False)
            optimizer.step()
        if (epoch + 1) % measured_every == 0:
            tally, _ = evaluate(network, others, preprocessing, xp, batch_size=350)
            curves["training"].append(float(np.mean(losses)))
            curves["others"].append(tally.loss)
    print(f"training loss {np.mean(losses):.3f}, others: loss {tally.loss:.3f},", end=" ")
    print(f"{tally.top1_error:.1%} wrong")
    return curves


# %% [markdown]
# **Predict** the two training losses at the end: which is smaller? And which of the two networks is
# better on other pictures?

# %%
lines = {}
for label, on in (("off", False), ("on", True)):
    print(f"augmentation {label + ':':4}", end=" ")
    curves = trained_on(TrainBatches(few, 50, CROP, seed=0, flip=on, random_crop=on))
    lines |= {f"{label}: {where}": losses for where, losses in curves.items()}
epochs = range(5, EPOCHS + 1, 5)
plots.curves(lines, epochs, xlabel="epoch", ylabel="loss", points=True)

# %% [markdown]
# Without augmentation the network ends up knowing its 200 pictures by heart: a training loss near
# zero, while the loss on others *rises*. That is overfitting, drawn. With it, training is harder
# (the pictures are new each time), its loss stays up, and what is learnt holds for others too.
#
# Two remarks. With many pictures for the size of the network, augmentation has less to do, and in
# short trainings it can even cost: first one has to have something to overfit. And here the change
# is a true one: shapes lie anywhere, and mirrored they are what they were.

# %% [markdown]
# *Go further*: on photographs. `minialexnet data get imagenette`, then, in place of `whole`:
# `load_pictures("imagenette2-160", size=128).train`, with its own names for `CLASSES`, a `CROP` of
# 112, `alexnet("mini", 4, 112)` for the network, and some patience; a GPU helps.

# %% [markdown]
# ## Break it
#
# Three ways to get the noise in the colours wrong: the eigenvalue without its root, as the paper's
# formula has it; the eigenvectors transposed (are they the rows of the matrix, or its columns?);
# and noise for each pixel by itself. **Look** at the size of the shifts, and at which of the three
# one would *not* notice.

# %%
rng = np.random.default_rng(3)
normal = rng.standard_normal((4, 3))
per_pixel = 0.1 * rng.standard_normal((4, *picture.shape[:2], 3)) * colours.std
wrong = {
    "right": (0.1 * normal * colours.std) @ colours.directions.T,
    "eigenvalue": (0.1 * normal * colours.std**2) @ colours.directions.T,
    "transposed": (0.1 * normal * colours.std) @ colours.directions,
}
rows, titles = [], []
for label, shifts in wrong.items():
    print(f"{label + ':':11} shifts of up to {abs(shifts).max():6.1f} grey levels")
    rows.append(shifted(picture, shifts))
    titles += [label, "", "", ""]
noisy = picture + per_pixel @ colours.directions.T
rows.append(np.rint(noisy).clip(0, 255).astype(np.uint8))
plots.pictures(np.concatenate(rows), [*titles, "per pixel", "", "", ""])

# %% [markdown]
# Taken at its word, the formula of the paper leaves little of a picture but a plain colour (for
# ImageNet, a typical shift is $0.1 \cdot 121.8^2 = 1483$ grey levels). That one sees at once. Noise
# per pixel looks like the grain of a poor camera. But transposed eigenvectors give pictures that
# look just like the right ones: a shift of the right length along wrong axes. No eye finds that; a
# test on numbers does.
#
# ## Three questions
#
# **1.** Why is nothing changed by chance when the network is measured?
#
# <details><summary>Answer</summary>
#
# Because a measure should be the same every time, and compare networks, not luck. What one wants
# to gain from several views is gained by always the same ten.
#
# </details>
#
# **2.** The mean over the ten views gives the same result for a picture and its mirror image. Why?
# Does the centre view alone?
#
# <details><summary>Answer</summary>
#
# The ten views of the mirror image are the same ten in another order (top left becomes the mirrored
# top right), and a mean does not ask for order. The centre alone is mirrored, and the network may
# well answer otherwise. (Exactly so where there is an even number of pixels to spare; else the
# centre is off by one.)
#
# </details>
#
# **3.** With augmentation, the training loss is higher than without, and sometimes higher than the
# validation loss. Is something wrong?
#
# <details><summary>Answer</summary>
#
# No. Training is measured on changed, harder pictures (and with dropout, and over an epoch in which
# the network still became better), validation on plain ones.
#
# </details>
#
# ## Words
#
# | English | 日本語 |
# |---|---|
# | data augmentation | データ拡張 |
# | (random) crop | (ランダム)クロップ、切り抜き |
# | horizontal flip, mirror image | 左右反転、鏡像 |
# | principal component analysis (PCA) | 主成分分析 |
# | covariance | 共分散 |
# | eigenvalue, eigenvector | 固有値、固有ベクトル |
# | rotation, shear, scaling | 回転、せん断、拡大・縮小 |
# | contrast, brightness | コントラスト、明るさ |
# | overfitting | 過学習 |
# | ten views (of a test picture) | 10クロップ(ten-crop) |
# | test-time augmentation | テスト時データ拡張 |
#
# ## Where to read on
#
# - [`minialexnet/datasets/colour.py`](../minialexnet/datasets/colour.py): the noise;
#   [`warp.py`](../minialexnet/datasets/warp.py): shift, scale, rotation and shear as one map;
#   [`light.py`](../minialexnet/datasets/light.py); and
#   [`batches.py`](../minialexnet/datasets/batches.py), which puts them together.
# - [`minialexnet/training/evaluation.py`](../minialexnet/training/evaluation.py): the mean over
#   views, without underflow.
# - Krizhevsky, Sutskever and Hinton 2012, section 4.1.
# - Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied to
#   visual document analysis"
#   ([doi:10.1109/ICDAR.2003.1227801](https://doi.org/10.1109/ICDAR.2003.1227801)): changed digits,
#   nine years earlier.
# - Szegedy et al. 2014, "Going deeper with convolutions"
#   ([arXiv:1409.4842](https://arxiv.org/abs/1409.4842)): squares of random size.
# - Next: [11. AlexNet, assembled](11_alexnet_assembled.ipynb).
