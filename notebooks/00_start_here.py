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
# # 0. Start here
#
# In 2012 a network called AlexNet won the contest in naming photographs by such a margin that its
# whole field changed course. In these fifteen notebooks you build it from nothing but arrays: each
# layer forward and backward, the training, and a look inside at the end. In this first one a small
# AlexNet learns on your machine while you watch, you meet the exercises, and you give a network its
# pictures in the right form, which goes wrong more often than anything else.
#
# You should know Python, have used NumPy a little, and know what a derivative and a product of
# matrices are. You need no other framework, no GPU and no downloads.
#
# *Reading: 15 minutes. Running: less than a minute, for the training.*

# %%
from pathlib import Path

import numpy as np

from minialexnet import learn, ops, plots
from minialexnet.backend import get_array_module, to_host
from minialexnet.datasets import decode_picture

xp = np  # on a GPU: import cupy as xp

# %% [markdown]
# If this cell fails, run `.venv/bin/pip install -e '.[notebooks]'` in the folder of the project,
# and open the notebook again. To run a cell, press Shift+Enter. Run them from top to bottom.
#
# ## From a file to a name
#
# This is what all of it is about. A picture goes in at the left as bytes, and ten numbers come out
# at the right: how sure the network is of each class.

# %%
plots.flow(
    [
        ("picture", "H × W × 3, 0..255"),
        ("input", "3 × H × W, centred"),
        ("features", "learnt"),
        ("scores", "one a class"),
        ("shares", "they sum to 1"),
    ]
)

# %% [markdown]
# ## A network learns
#
# `mini` is a small relative of AlexNet with all of its parts. The next cell trains it on 4,000
# drawn pictures in ten classes, of 32 × 32 pixels, five times each. It takes less than a minute
# on two quiet cores. (The result is kept in the folder `runs`, so it is quick the second time.)
#
# To train is to repeat one step: show the network a few pictures (a **batch**), compute one number
# that says how wrong it was (the **loss**), and move each of its weights a little, against the
# slope of that number, its **gradient**. How far is the **learning rate**; once through all
# pictures is an **epoch**. How all this is done is what the other notebooks are about.
#
# **Predict**, while it runs: with ten classes, how many of the pictures would one get wrong by
# guessing? And after it has seen each of them five times?

# %%
trained = learn.trained_mini(xp=xp)

last = trained.history[-1]
print(f"validation pictures named wrong: {100 * last['val_top1_error']:.1f}%, ", end="")
print(f"not among the first five: {100 * last['val_top5_error']:.1f}%")

# %% [markdown]
# **Validation pictures** are pictures that it was not trained on. Only they tell whether it has
# learnt something or has merely learnt by heart.
#
# Guessing gets 90% wrong. The two columns top-1 and top-5 are the errors of the paper: the true
# class is not the first guess, or not among the first five. Here is one picture of each class with
# the five best-rated classes; the bar of the true one is dark:

# %%
val = trained.pictures.val
show = [int(np.flatnonzero(val.labels == label)[1]) for label in range(len(val.classes))]
plots.guesses(val.images[show], trained.shares(val.images[show]), val.classes, val.labels[show])

# %% [markdown]
# Any picture will do, one of your own for example. Give its path instead of `None`. It will be
# named one of the ten shapes, come what may: a network knows no other answer than its classes, and
# not even "none of these". Until then, the cell draws a letter T. **Predict** what it is taken for.

# %%
mine = None  # such as "/home/me/photo.jpg"

if mine is None:  # a letter T
    picture = np.full((1, *val.images.shape[1:]), 40, dtype=np.uint8)
    picture[0, 6:11, 6:26] = picture[0, 6:26, 14:18] = 220
else:
    picture = decode_picture(Path(mine).read_bytes(), val.images.shape[1])[None]
plots.guesses(picture, trained.shares(picture), val.classes)

# %% [markdown]
# To us a T is nearest to a cross. It need not be so to the network, which has its own reasons;
# notebook 13 looks into them.
#
# ## How the course works
#
# Each notebook takes one part of the network, and in each you
#
# - **predict** what comes out, before you run a cell. Being wrong is where one learns most;
# - **write** the part yourself, in a cell that says `# your code`. A checker answers with a hint;
# - **read** how the library does it, fast and for all cases;
# - **break** it on purpose, since most mistakes in a network raise no error at all: it just learns
#   badly. Who has seen what a mistake looks like finds it sooner.
#
# Now all of this once, on a small thing: what the network is given.
#
# ## A tiny one by hand
#
# A picture has numbers from 0 to 255, of the type uint8: one byte each. What a network takes are
# numbers around zero, so the mean is subtracted. **Predict** both lines:

# %%
pixels = xp.array([10, 100, 200], dtype=xp.uint8)
mean = xp.array([100, 100, 100], dtype=xp.uint8)
print(pixels - mean)
print(pixels.astype(xp.float32) - mean.astype(xp.float32))

# %% [markdown]
# 10 − 100 = 166? A byte has no negative numbers: below 0 it goes on from 255 downwards, without any
# message. That is why the pixels have to become float32 *first*.
#
# The whole recipe, for picture $n$, colour $c$, row $i$, column $j$, with the mean colour $m$ and a
# scale $s$:
#
# $$x_{n,c,i,j} = s \, (p_{n,i,j,c} - m_c)$$
#
# (The paper, section 2, brings the shorter side of each photograph to 256 pixels, cuts 256 × 256
# out of the middle, and subtracts a mean *picture*: at each pixel the mean of that pixel over all
# training pictures. It does not scale, so $s = 1$.)
#
# The colours come last in a picture and come first in a network: (N, H, W, 3) becomes (N, 3, H, W).
# Beware, there are two ways to get this shape:

# %%
# a picture of 2 x 2 pixels: the first has the colours 0, 1, 2
p = xp.arange(12).reshape(1, 2, 2, 3)
plots.matrices(
    [p.reshape(4, 3), "→", p.transpose(0, 3, 1, 2)[0, 0], "or", p.reshape(1, 3, 2, 2)[0, 0]],
    ["a pixel a row", "", "red: transpose", "", "red: reshape"],
    marked=[np.arange(3) == np.zeros((4, 1)), None, None, None, None],
)

# %% [markdown]
# The red numbers are 0, 3, 6 and 9. `transpose` moves the axes and finds them. `reshape` reads the
# same row of numbers in other portions, and makes a "red" out of two pixels of all colours. Both
# have the right shape.
#
# ## What a hint looks like
#
# Here is an answer with a mistake in it. Run the cell and read what the checker says: which case is
# wrong, what came and what was expected, and which mistake that looks like.


# %%
def careless(batch, mean, scale):
    x = batch.astype(xp.float32) - mean
    return x.reshape(len(x), 3, *x.shape[1:3]) * scale


learn.check("to_network_input", careless, xp)

# %% [markdown]
# **Your turn.** Replace the `...` and run the cell. `batch` is uint8 (N, H, W, 3), `mean` is (3,)
# and may be uint8 as well, `scale` is a number. The result is float32 (N, 3, H, W). The checker
# looks at results only: any way to write it is right that gives the right numbers.


# %%
def to_network_input(batch, mean, scale):
    # your code
    ...


learn.check("to_network_input", to_network_input, xp)

# %% [markdown]
# If you are stuck, `learn.solution("to_network_input")` shows one way to write it, in a new cell.
# There is no shame in it, but first read the hint twice.
#
# ## How the library does it
#
# `learn.source` shows the code of any function of the library. What you wrote by hand in this
# course you will find there, often for more cases. A first, short one, the ReLU of notebook 3:

# %%
learn.source(ops.relu)

# %% [markdown]
# ## NumPy and CuPy
#
# There is no `np` in that function, but `get_array_module(x)`. NumPy computes on the processor,
# CuPy on a GPU of NVIDIA's, and their functions have the same names. So a function asks its input
# which of them it belongs to, and the same formula runs on both:


# %%
def spread(x):
    xp = get_array_module(x)
    return xp.sqrt(((x - x.mean()) ** 2).mean())


x = xp.arange(6.0)
print(f"{get_array_module(x).__name__}: {float(spread(x)):.4f}")

# %% [markdown]
# To run a notebook on a GPU, change the line in its first cell to `import cupy as xp`. All else
# stays as it is. (`pip install '.[cuda12]'` or `'.[cuda13]'` installs CuPy, and
# `minialexnet doctor` says what is amiss if it does not work.) Three rules keep it so, in your code
# too:
#
# | | |
# |---|---|
# | make arrays with `xp`, not with `np` | `xp.zeros(...)`, not `np.zeros(...)` |
# | never mix the two kinds | `x + np.ones(6)` fails on a GPU; `x + xp.ones(6)` does not |
# | bring to the host what NumPy needs | `to_host(x)`; drawings and `print` do it by themselves |

# %%
on_host = to_host(x)
print(type(on_host).__module__, on_host)

# %% [markdown]
# ## Break it
#
# Now the trained network gets its pictures in a wrong form. No line below raises an error. They are
# the mistakes that people make when they load a network they did not train. **Predict** which of
# them does the most harm, and which hardly any.

# %%
crops = xp.asarray(trained.crops(val.images))  # uint8 (N, H, W, 3)
mean = xp.asarray(trained.preprocessing.mean, dtype=xp.float32)
scale = trained.preprocessing.scale
right = (crops.astype(xp.float32) - mean).transpose(0, 3, 1, 2) * scale
wrapped = crops - mean.astype(xp.uint8)
labels = xp.asarray(val.labels)

inputs = {
    "as it should be": right,
    "no scale": right / scale,
    "no mean": crops.transpose(0, 3, 1, 2).astype(xp.float32) * scale,
    "subtracted in uint8": xp.float32(scale) * wrapped.transpose(0, 3, 1, 2),
    "reshape for transpose": (crops.astype(xp.float32) - mean).reshape(right.shape) * scale,
    "blue, green, red": right[:, ::-1],
    "rows and columns exchanged": right.swapaxes(2, 3),
}
plots.bars(
    {name: 100 * learn.error(trained.network, x, labels) for name, x in inputs.items()},
    xlabel="validation error, %",
    form="{:.1f}",
)

# %% [markdown]
# - *reshape* destroys the picture, and *uint8* turns all that is darker than the mean into
#   something bright. The network does little better than guess.
# - *No mean* and *no scale*: a picture is the same to us, but the network was never shown numbers
#   of this size. It suffers less than one would think. ReLU and pooling pass a factor on as it is
#   (notebooks 3 and 4), and only biases and the normalisation notice. *Training* on such numbers
#   would be another matter (notebook 9).
# - *Rows and columns*: a heart lies on its side now, a crescent opens upwards. A square is still a
#   square.
# - *Blue, green, red*: these pictures are drawn in random colours, so it does little here. With
#   photographs, of faces or of fire engines, it does more, and nothing tells you.
#
# So the first thing to check in any network that does badly is what it is given.

# %% [markdown]
# ## Photographs
#
# All notebooks run on the built-in pictures, which are small enough to train on in seconds. Where
# photographs show more, a cell lets you switch to **Imagenette**: ten classes of ImageNet. In a
# terminal, in the folder `notebooks` of the project, this fetches it once, 99 MB:
#
# ```sh
# ../.venv/bin/minialexnet data get imagenette
# ```
#
# (Where other notebooks say `minialexnet ...`, the command lies there too. After
# `source .venv/bin/activate` it is found by its name alone.)

# %%
photographs = None  # after the download: "imagenette2-160"

data = learn.small_set(side=48, count=16, val_count=16, data=photographs, xp=xp)
names = [data.classes[label] for label in to_host(data.labels)]
plots.pictures(data.images, names)

# %% [markdown]
# ## The notebooks
#
# 0. **Start here**: this one.
# 1. [Before AlexNet](01_before_alexnet.ipynb): features made by hand, and LeNet-5 of 1998
# 2. [Convolution](02_convolution.ipynb): a window of weights over a picture, and the riddle of
#    224
# 3. [ReLU](03_relu.ipynb): the non-linearity that made deep networks learn fast
# 4. [Pooling](04_pooling.ipynb): smaller maps, and windows that overlap
# 5. [Local response normalisation](05_local_response_normalisation.ipynb): channels that hold
#    each other down
# 6. [Dropout](06_dropout.ipynb): every second unit is left out, and it helps
# 7. [Softmax and cross-entropy](07_softmax_cross_entropy.ipynb): from scores to shares, and how
#    wrong they are
# 8. [Gradient checking](08_gradient_checking.ipynb): how to prove a backward pass
# 9. [SGD and initialisation](09_sgd_and_initialisation.ipynb): how the weights begin, and how
#    they move
# 10. [Augmentation](10_augmentation.ipynb): new pictures out of old ones
# 11. [AlexNet assembled](11_alexnet_assembled.ipynb): all layers together, and the network of
#     2012 in figures
# 12. [Training](12_training.ipynb): from the first step to a network that works
# 13. [Look inside](13_look_inside.ipynb): what it has learnt
# 14. [After AlexNet](14_after_alexnet.ipynb): what was kept, and what was dropped
#
# They build on each other, but each can be read alone. In a hurry: 2, 3, 7, 9, 11, 12.
#
# ## Three questions
#
# **1.** Why is the mean that of the training pictures, for validation pictures too?
#
# <details><summary>Answer</summary>
#
# The network has learnt what numbers mean in *that* coordinate system. A picture has to look the
# same to it whatever other pictures are beside it. Besides, one picture alone, as in use later, has
# no other mean than its own, and a dark picture minus its own mean is no longer dark.
#
# </details>
#
# **2.** What does a network say to a picture of something that is in none of its classes?
#
# <details><summary>Answer</summary>
#
# One of its classes. The shares always sum to 1 (notebook 7), so some class has the largest, and it
# may well be near 1.
#
# </details>
#
# **3.** An error of 11% on the training pictures and of 40% on the validation pictures: is that a
# good network?
#
# <details><summary>Answer</summary>
#
# It has learnt its pictures rather than its classes: it *overfits*. More pictures, augmentation
# (notebook 10) and dropout (6) help. The table that training prints has both columns for this
# reason. (In it the training error can also be the larger one: it is measured while the network is
# still learning, on crops chosen at random and with dropout.)
#
# </details>
#
# ## Words
#
# | English | 日本語 |
# |---|---|
# | neural network | ニューラルネットワーク |
# | layer | 層 |
# | weights, parameters | 重み、パラメータ |
# | training, learning | 訓練、学習 |
# | validation | 検証 |
# | class, label | クラス、ラベル |
# | error rate (top-1, top-5) | 誤り率(top-1、top-5) |
# | loss | 損失 |
# | gradient | 勾配 |
# | learning rate | 学習率 |
# | epoch | エポック |
# | batch | バッチ |
# | mean subtraction | 平均値の減算 |
# | preprocessing | 前処理 |
# | overfitting | 過学習 |
#
# ## Where to read on
#
# - [`README.md`](../README.md): the library outside of notebooks, from the command line.
# - [`minialexnet/datasets/normalize.py`](../minialexnet/datasets/normalize.py): `to_network_input`
#   as training uses it.
# - Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural
#   networks" ([NeurIPS](https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks)):
#   nine pages, which the course calls *the paper*. Section 2 is about what it gives its network.
# - Next: [1. Before AlexNet](01_before_alexnet.ipynb).
