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
# # 2. Convolution
#
# A convolution slides a small window of weights over a picture and asks at each place how well the
# picture matches. By the end of this notebook you have written one yourself, forward and backward,
# and know why a picture of 224 pixels has 55 places for a window of 11.
#
# *Reading: 20 minutes. Running: some seconds.*

# %%
import numpy as np

from minialexnet import learn, ops, plots
from minialexnet.backend import get_array_module
from minialexnet.gradcheck import check_function

xp = np  # on a GPU: import cupy as xp
rng = np.random.default_rng(0)

# %% [markdown]
# ## Where the numbers go
#
# Every window of the picture becomes a row of a matrix (**im2col**); every filter becomes a column
# of another; and the whole convolution is one product of the two. Gradients go the same way back.
# (A **tap** is one weight of a filter: one pixel of its window in one channel.)

# %%
plots.flow(
    [
        ("x", "N × C × H × W"),
        ("im2col", "windows × taps"),
        ("· Wᵀ", "taps × O"),
        ("y", "N × O × OH × OW"),
    ],
    back=["col2im", "dy · W", "dy"],
)

# %% [markdown]
# ## A tiny one by hand
#
# One picture of 3 × 3 pixels, one filter of 2 × 2 weights. The framed window gives the framed
# number:
#
# $$1 \cdot 1 + 2 \cdot 2 + 4 \cdot 0 + 5 \cdot (-1) = 0$$
#
# **Predict** the other three before you run the cell.

# %%
x = xp.arange(1.0, 10).reshape(1, 1, 3, 3)
weight = xp.array([[[[1.0, 2.0], [0.0, -1.0]]]])
y = ops.conv2d(x, weight)

first = np.zeros((3, 3), bool)
first[:2, :2] = True
plots.matrices(
    [x[0, 0], "∗", weight[0, 0], "=", y[0, 0]],
    ["picture", "", "filter", "", "result"],
    marked=[first, None, None, None, np.array([[True, False], [False, False]])],
)

# %% [markdown]
# In general, with stride $s$, for picture $n$ and output $o$:
#
# $$y_{n,o,i,j} = b_o + \sum_{c,u,v} w_{o,c,u,v} \; x_{n,c,\,i s + u,\,j s + v}$$
#
# A filter has weights for *all* input channels $c$ and sums over them: a filter of conv1 with
# 11 × 11 pixels on three colours has 363 weights. (Mathematicians flip the filter first and call
# this one correlation. Networks learn their filters, so it makes no difference to them.)

# %% [markdown]
# ## How many places are there?
#
# A window of $k$ pixels on a side of $h$, with $p$ zeros at either end, moved by $s$:
#
# $$\left\lfloor \frac{h + 2p - k}{s} \right\rfloor + 1$$
#
# The last window that would hang over the edge is left out. Write it down as code: replace the
# `...`, run the cell, and read what the checker says.


# %%
def output_size(size, kernel_size, stride, padding):
    # your code
    ...


learn.check("output_size", output_size)

# %% [markdown]
# ### The riddle of 224 and 55
#
# The paper says: pictures of 224 pixels, filters of 11, stride 4, and maps of 55 × 55. Put it in:

# %%
for size, padding in ((224, 0), (224, 1), (224, 2), (227, 0)):
    places = (size + 2 * padding - 11) / 4 + 1
    print(f"{size} pixels, padding {padding}: {places:.2f} places, so {int(places)}")

# %% [markdown]
# Without padding, 224 pixels give 54.25 places. For years people guessed: the paper must mean 227
# pixels (Caffe took that), or a padding of 2 (torchvision took that). The released code of 2012
# settles it: it rounded *up*, so that the last window covers pixels 216 to 226, counted from 0,
# where the picture ends with 223, and what lies beyond the picture counts as zero. That is a
# padding of 3 at the right and bottom, and none at the left and top. Our `paper` variant does just
# that:

# %%
from minialexnet import alexnet

conv1 = alexnet("paper", num_classes=10)["conv1"]
print(conv1.description(), "->", conv1.output_shape((3, 224, 224)))

# %% [markdown]
# ## im2col
#
# Loops over all pixels in Python would be hopelessly slow. So the windows are laid out as rows:
# copying is cheap, and the product of two matrices is what processors do best.

# %%
cols = ops.im2col(x, kernel_size=2)
plots.matrices(
    [x[0, 0], "→", cols.reshape(4, 4)],
    ["picture", "", "a row for each window"],
    marked=[first, None, np.arange(4)[:, None] * np.ones((1, 4)) == 0],
)

# %% [markdown]
# The 5 in the middle stands in all four windows, so it appears four times. That is the price: with
# windows of 11 × 11 and stride 4, the rows take about (11/4)² = 7.6 times the memory of the
# picture.
#
# The library's version makes no loop at all. It describes the windows by *strides* (how far apart
# in memory neighbours lie), without copying anything, and then copies once:

# %%
learn.source(ops.im2col, docstring=False)

# %% [markdown]
# **Your turn.** Two loops over the positions are quite all right here. The result has the shape
# (N, OH, OW, K, K, C): the channels come *last*, since that is how the library's arrays lie in
# memory.


# %%
def im2col(x, kernel_size, stride, padding):
    # your code
    ...


learn.check("im2col", im2col, xp)

# %% [markdown]
# ## The convolution as one product
#
# With windows as rows and filters as columns:
#
# $$Y = \mathrm{cols} \cdot W^T + b$$
#
# How much is that worth? Here is the definition in loops, on a picture of 24 × 24 pixels:

# %%
from time import perf_counter


def conv2d_by_loops(x, weight):
    n, c, h, w = x.shape
    o, _, kh, kw = weight.shape
    y = np.zeros((n, o, h - kh + 1, w - kw + 1))
    for a in range(n):
        for b in range(o):
            for i in range(y.shape[2]):
                for j in range(y.shape[3]):
                    for d in range(c):
                        for u in range(kh):
                            for v in range(kw):
                                y[a, b, i, j] += weight[b, d, u, v] * x[a, d, i + u, j + v]
    return y


picture, filters = rng.standard_normal((1, 3, 24, 24)), rng.standard_normal((8, 3, 5, 5))
seconds = {}
start = perf_counter()
slow = conv2d_by_loops(picture, filters)
seconds["loops"] = perf_counter() - start
ops.conv2d(picture, filters)  # the first call makes memory
start = perf_counter()
fast = ops.conv2d(picture, filters)
seconds["one product"] = perf_counter() - start

print(f"largest difference: {abs(slow - fast).max():.1e}")
print(f"{seconds['loops'] / seconds['one product']:.0f} times as fast")
plots.bars(seconds, xlabel="seconds", log=True)

# %% [markdown]
# **Your turn**: the whole convolution, with bias, stride and padding. Use your `im2col` or
# `ops.im2col`, or write loops: the checker looks at results only.


# %%
def conv2d(x, weight, bias, stride, padding):
    # your code
    ...


learn.check("conv2d", conv2d, xp)

# %% [markdown]
# ## Backward
#
# The **loss** $L$ is one number that says how wrong the network is (notebook 7). In this course
# $dy$ is short for $\partial L / \partial y$: for each number of $y$, how the loss changes with it.
# $y$ was made on the way from input to output, the **forward pass**. Now the **backward pass** goes
# from the loss to the input, and each layer is asked: given $dy$, what are $dw$, $db$ and $dx$? For
# a product of matrices $Y = \mathrm{cols} \cdot W^T$ the chain rule gives two products more, and
# nothing else is needed:
#
# $$dW = dY^T \cdot \mathrm{cols} \qquad db = \sum_{\text{positions}} dY \qquad
# d\mathrm{cols} = dY \cdot W$$
#
# The shapes alone nearly force them. Then `dcols` has to become `dx`. Each number of cols is a
# *copy* of a pixel; a pixel that was copied into four windows influences the loss through all four,
# and the influences **add up**. That is `col2im`: each window's gradients are added to the pixels
# that they came from.

# %%
ones = xp.ones((1, 2, 2, 2, 2, 1))
plots.matrices(
    [ones.reshape(4, 4), "→", ops.col2im(ones, (3, 3))[0, 0]],
    ["a gradient of 1 for each copy", "", "dx"],
)

# %% [markdown]
# The corner pixel is in one window, the middle one in four. im2col and col2im are **transposes** of
# each other, which can be tested without knowing anything else: for any $x$ and $c$
#
# $$\langle \mathrm{im2col}(x), c \rangle = \langle x, \mathrm{col2im}(c) \rangle$$

# %%
x = xp.asarray(rng.standard_normal((2, 3, 7, 6)))
c = xp.asarray(rng.standard_normal(ops.im2col(x, 3, 2, 1).shape))
left = float((ops.im2col(x, 3, 2, 1) * c).sum())
right = float((x * ops.col2im(c, (7, 6), 2, 1)).sum())
print(f"{left:.12f}\n{right:.12f}")

# %% [markdown]
# The library's backward pass:

# %%
learn.source(ops.conv2d_backward, docstring=False)

# %% [markdown]
# It takes a few pictures at a time, group by group, and writes into memory that it used before;
# the three products are in there all the same.
#
# **Your turn**: first col2im. It gets cols (N, OH, OW, K, K, C) and `image_size`, a pair (height,
# width), and returns (N, C, height, width), without the padding.


# %%
def col2im(cols, image_size, stride, padding):
    # your code
    ...


learn.check("col2im", col2im, xp)

# %% [markdown]
# Then the gradients. `dy` is (N, O, OH, OW), `x` (N, C, H, W) and `weight` (O, C, K, K), as in the
# forward pass. In the formulas above dY has a row for each position of each picture, N·OH·OW of
# them, and a column for each output, so `dy` needs its outputs last before it is reshaped; and W
# has its taps in the order of cols, channels last. Return **dx, dweight, dbias**, in this order.


# %%
def conv2d_backward(dy, x, weight, stride, padding):
    # your code
    ...


learn.check("conv2d_backward", conv2d_backward, xp)

# %% [markdown]
# ## Break it
#
# What if `col2im` assigned (`=`) where it should add (`+=`)? It is an easy mistake to make: the
# shapes are right, the program runs, and a network may even train with it, badly. **Predict**: at
# which pixels is dx wrong if the windows are as far apart as they are wide (stride 2, windows of
# 2)?


# %%
def careless_col2im(cols, image_size, stride):
    xp = get_array_module(cols)
    n, oh, ow, kh, kw, c = cols.shape
    x = xp.zeros((n, c, *image_size))
    for i in range(oh):
        for j in range(ow):
            window = cols[:, i, j].transpose(0, 3, 1, 2)
            x[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] = window
    return x


for stride, side in ((2, 6), (1, 6)):
    size = (side - 2) // stride + 1
    cols = xp.asarray(rng.standard_normal((1, size, size, 2, 2, 1)))
    wrong = careless_col2im(cols, (side, side), stride) - ops.col2im(cols, (side, side), stride)
    print(f"stride {stride}: wrong at {int((abs(wrong) > 1e-12).sum())} of {side * side} pixels")

# %% [markdown]
# Windows that do not overlap hide the mistake, and AlexNet's all overlap. The gradient check finds
# it at once, because it asks for nothing but the definition of a derivative:

# %%
report = check_function(
    lambda x: ops.im2col(x, 2),
    lambda dcols, x: careless_col2im(dcols, x.shape[2:], 1),
    [xp.asarray(rng.standard_normal((1, 1, 5, 5)))],
    ["x"],
)
print(report)

# %% [markdown]
# ## Three questions
#
# **1.** conv2 of AlexNet has 256 filters of 5 × 5 on 96 channels, in two groups. How many weights?
#
# <details><summary>Answer</summary>
#
# With two groups a filter sees only half of the channels: 256 · 48 · 5 · 5 = 307,200. Without
# groups it would be twice as many. The next cell counts them.
#
# </details>
#
# **2.** Why does a convolution with windows of 3 × 3, stride 1 and padding 1 keep the size of a
# picture?
#
# <details><summary>Answer</summary>
#
# (h + 2 · 1 − 3) / 1 + 1 = h. In general a padding of (k − 1) / 2 keeps it, for odd k.
#
# </details>
#
# **3.** `db` sums dy over all positions and pictures, but `dx` sums over none of the pictures. Why?
#
# <details><summary>Answer</summary>
#
# A gradient is summed over all places where a number was *used*. One bias is used at every position
# of every picture; a pixel is used in its own picture only, there in several windows (and that sum
# is col2im).
#
# </details>

# %%
weight = alexnet("paper", num_classes=10)["conv2"].params["weight"]
print(f"conv2: {tuple(weight.shape)}, {weight.size:,} weights")

# %% [markdown]
# ## Words
#
# | English | 日本語 |
# |---|---|
# | convolution | 畳み込み |
# | filter, kernel | フィルター、カーネル |
# | stride | ストライド |
# | (zero) padding | (ゼロ)パディング |
# | feature map | 特徴マップ |
# | channel | チャネル(チャンネル) |
# | forward pass, backward pass | 順伝播、逆伝播 |
# | backpropagation | 誤差逆伝播法 |
# | loss | 損失 |
# | gradient | 勾配 |
# | grouped convolution | グループ化畳み込み |
#
# ## Where to read on
#
# - [`minialexnet/ops/conv.py`](../minialexnet/ops/conv.py) and
#   [`im2col.py`](../minialexnet/ops/im2col.py): all of this, with groups.
# - [`minialexnet/ops/winograd.py`](../minialexnet/ops/winograd.py): the same result with half as
#   many multiplications.
# - Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning"
#   ([arXiv:1603.07285](https://arxiv.org/abs/1603.07285)): stride, padding and their transposes,
#   drawn.
# - Next: [3. ReLU](03_relu.ipynb).
