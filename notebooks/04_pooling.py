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
# # 4. Overlapped max pooling
#
# Pooling makes feature maps smaller: of each window only the largest number is kept. AlexNet's
# windows overlap, which was unusual. By the end of this notebook you have written max pooling
# forward and backward, know where every gradient goes, also when two pixels are equally large,
# and have measured what pooling does for pictures that are shifted a little.
#
# *Reading: 20 minutes. Running: half a minute.*

# %%
import numpy as np

from minialexnet import Parts, alexnet, learn, ops, plots
from minialexnet.gradcheck import check_function
from minialexnet.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential
from minialexnet.layers.initializers import normal

xp = np  # on a GPU: import cupy as xp

# %% [markdown]
# ## Where the numbers go
#
# AlexNet pools three times. Each time a map is left with about half as many rows and columns, so
# a quarter of the numbers; the number of maps stays. Backward, each gradient goes to the pixel
# that was the largest of its window.

# %%
plots.flow(
    [
        ("conv1", "96 × 55 × 55"),
        ("pool1", "96 × 27 × 27"),
        ("conv2", "256 × 27 × 27"),
        ("pool2", "256 × 13 × 13"),
        ("conv5", "256 × 13 × 13"),
        ("pool5", "256 × 6 × 6"),
    ],
    columns=3,
)

# %% [markdown]
# What for? The layers above have less to compute, and each of their filters sees more of the
# picture. The first fully connected layer has 256 · 6 · 6 = 9216 inputs; without pool5 it would
# have 256 · 13 · 13 = 43,264, and nearly five times the weights. And it matters less where
# exactly something is: we shall measure how much less.

# %% [markdown]
# ## A tiny one by hand
#
# One map of 5 × 5 pixels. On the left the windows of AlexNet: 3 wide and 2 apart, so neighbours
# share a row or column. On the right windows as they were usual: as wide as they are apart, like
# tiles. Each frame is a window.

# %%
x = xp.array(
    [
        [1.0, 3, 0, 2, 3],
        [4, 2, 1, 1, 0],
        [0, 1, 6, 3, 2],
        [2, 5, 1, 0, 4],
        [8, 2, 2, 2, 7],
    ]
)
plots.windows({"overlapped: 3 wide, 2 apart": (x, 3, 2), "tiled: 2 wide, 2 apart": (x, 2, 2)})

# %% [markdown]
# **Predict** three results of 2 × 2 numbers each: the maxima of the overlapped windows, the
# maxima of the tiles, and the *means* of the overlapped windows. Which pixels do the tiles never
# look at?

# %%
x = x.reshape(1, 1, 5, 5)
overlapped = ops.max_pool2d(x, kernel_size=3, stride=2)
tiled = ops.max_pool2d(x, kernel_size=2, stride=2)
average = ops.avg_pool2d(x, kernel_size=3, stride=2)
plots.matrices(
    [overlapped[0, 0], " ", tiled[0, 0], " ", average[0, 0]],
    ["overlapped", "", "tiled", "", "average"],
)

# %% [markdown]
# The 6 is the largest of *two* overlapped windows, so it appears twice. The 8 and the 7 lie in the
# last row, where no tile reaches, nor into the last column. The mean says how much of a feature
# there is in a window, the maximum whether it is there at all.

# %% [markdown]
# ## How many windows
#
# As for a convolution ([notebook 2](02_convolution.ipynb)): a side of $h$ has room for
#
# $$\left\lfloor \frac{h - k}{s} \right\rfloor + 1$$
#
# windows of $k$ pixels, $s$ apart. **Predict** which of these sides give as many overlapped
# windows as tiled ones:

# %%
for side in (55, 27, 13, 56, 28, 12):
    counts = [(side - kernel) // 2 + 1 for kernel in (3, 2)]
    print(f"{side} pixels: {counts[0]:2} overlapped windows, {counts[1]:2} tiled ones")

# %% [markdown]
# With an odd side the numbers are equal, and all of AlexNet's are odd: 55, 27, 13. So the two
# kinds can be compared without changing anything else, which is what the paper did. With an even
# side overlapped windows are one fewer. (Caffe rounds up there, and lets the last window hang
# over the edge: `ceil_mode=True`.)
#
# Overlapping means that some pixels are looked at twice or four times. To count how often, we let
# every window send a 1 to each of its pixels:

# %%
ones = xp.ones((1, 1, 2, 2))
plots.matrices(
    [
        9 * ops.avg_pool2d_backward(ones, x, 3, 2)[0, 0],
        " ",
        4 * ops.avg_pool2d_backward(ones, x, 2, 2)[0, 0],
    ],
    ["overlapped", "", "tiled"],
)

# %% [markdown]
# ## The forward pass
#
# $$y_{n,c,i,j} = \max_{0 \le u, v < k} \; x_{n,c,\,i s + u,\,j s + v}$$
#
# Each channel is pooled by itself, and there are no weights: nothing to learn. The library loops
# over the $k^2$ places *inside* a window, nine for AlexNet, and treats the same place of all
# windows at once:

# %%
learn.source(ops.max_pool2d, docstring=False)

# %% [markdown]
# **Your turn.** Two loops over the windows are quite all right. There is no padding.


# %%
def max_pool2d(x, kernel_size, stride):
    # your code
    ...


learn.check("max_pool2d", max_pool2d, xp)

# %% [markdown]
# ### Padding counts as minus infinity
#
# In the source above `_pad` fills the border with $-\infty$, not with zeros as for a convolution.
# A zero is a number like any other, and it would *win* against negative ones. Here is a map in
# which all numbers are negative, with a border of 1:

# %%
below = -xp.array([[5.0, 4, 3, 6], [2, 7, 8, 1], [6, 5, 4, 7], [3, 2, 9, 5]])
below = below.reshape(1, 1, 4, 4)
with_zeros = xp.pad(below, ((0, 0), (0, 0), (1, 1), (1, 1)))
plots.matrices(
    [
        below[0, 0],
        "→",
        ops.max_pool2d(below, 3, 2, padding=1)[0, 0],
        " ",
        ops.max_pool2d(with_zeros, 3, 2)[0, 0],
    ],
    ["x", "", "border of −∞", "", "border of 0"],
)

# %% [markdown]
# ## Backward
#
# $y_{i,j}$ *is* one of the pixels of its window, the largest. If that pixel grows a little, so
# does $y_{i,j}$, by the same amount; if another pixel changes a little, nothing happens. So the
# slope is 1 for the largest and 0 for all others, and a pixel collects from every window in which
# it is the largest:
#
# $$dx_p = \sum_{\text{windows } (i,j) \text{ whose maximum is } p} dy_{i,j}$$
#
# Here is the map once more, with the maxima dark.

# %%
plots.windows({"x": (x[0, 0], 3, 2)}, largest=True)

# %% [markdown]
# **Predict** dx for the gradients dy in the next cell. Where does the 6 get its gradient from?

# %%
dy = xp.array([[1.0, 2], [3, 4]]).reshape(1, 1, 2, 2)
dx = ops.max_pool2d_backward(dy, x, overlapped, 3, 2)
plots.matrices(
    [dy[0, 0], "→", dx[0, 0]],
    ["dy", "", "dx"],
    marked=[None, None, dx[0, 0] != 0],
)

# %% [markdown]
# The 6 was the largest of two windows and gets 1 + 2 = 3. All others of these windows get
# nothing. Nothing is lost on the way either: dx and dy have the same sum. With tiles a pixel is
# in one window at most, and there is nothing to add up.
#
# Compare average pooling, which gives every pixel an equal share: 1/9 of each of its windows.

# %%
shared = ops.avg_pool2d_backward(dy, x, 3, 2)
print("sums:", float(dy.sum()), float(dx.sum()), f"{float(shared.sum()):g}")
plots.matrices([dx[0, 0], " ", 9 * shared[0, 0]], ["dx, maximum", "", "dx, average, times 9"])

# %% [markdown]
# **Your turn.** If several pixels of a window are equally large, let the first (row by row) have
# all of it.


# %%
def max_pool2d_backward(dy, x, kernel_size, stride):
    # your code
    ...


learn.check("max_pool2d_backward", max_pool2d_backward, xp)

# %% [markdown]
# ## Ties
#
# What if two pixels are equally large? Then there is no derivative, as at ReLU's kink, and one
# has to choose. The code of 2012 gave the whole gradient to *each* of them; Caffe and PyTorch
# give it to the first, and so does this library. Here is the choice of 2012, in a few lines:


# %%
def to_all_tied(dy, x, y, kernel_size, stride):
    dx = xp.zeros_like(x)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            rows = slice(i * stride, i * stride + kernel_size)
            columns = slice(j * stride, j * stride + kernel_size)
            is_largest = x[:, :, rows, columns] == y[:, :, i : i + 1, j : j + 1]
            dx[:, :, rows, columns] += is_largest * dy[:, :, i : i + 1, j : j + 1]
    return dx


flat = xp.array([[7.0, 7, 1], [0, 7, 2], [3, 1, 0]]).reshape(1, 1, 3, 3)
peak, one = ops.max_pool2d(flat, 3, 2), xp.ones((1, 1, 1, 1))
plots.matrices(
    [
        flat[0, 0],
        "→",
        ops.max_pool2d_backward(one, flat, peak, 3, 2)[0, 0],
        " ",
        to_all_tied(one, flat, peak, 3, 2)[0, 0],
    ],
    ["x", "", "to the first", "", "to all (2012)"],
)

# %% [markdown]
# Does it matter? Equal numbers are rare among real ones, but after a ReLU there is one that is
# everywhere: zero. We take real pictures, one convolution with fresh weights and ReLU, and count
# the windows with a tie. Then we send a random gradient back, by both rules, through the pooling
# alone and through ReLU as well. **Predict** what ReLU does to the difference.

# %%
# Other pictures: learn.small_set(15, 2000, data="imagenette2-160"), after
# `minialexnet data get imagenette`.
pictures = learn.small_set(side=15, count=2000, xp=xp)
rng = np.random.default_rng(0)
conv = Conv2d(3, 16, 5, padding=2, generator=rng).to(xp)
x = ops.relu(conv.predict(pictures.x[:100]))
y = ops.max_pool2d(x, 3, 2)
dy = xp.asarray(rng.standard_normal(y.shape, dtype="float32"))

winners = to_all_tied(xp.ones_like(y), x, y, 3, 2).sum()
print(f"pixels of a window that equal its maximum, on average: {float(winners) / y.size:.2f}")
print(f"windows that are zero throughout: {float((y == 0).mean()):.0%}")

first, all_tied = ops.max_pool2d_backward(dy, x, y, 3, 2), to_all_tied(dy, x, y, 3, 2)
for where, a, b in (
    ("behind the pooling", first, all_tied),
    ("behind ReLU too", ops.relu_backward(first, x), ops.relu_backward(all_tied, x)),
):
    print(f"{where}: the two rules differ at {float((a != b).mean()):.2%} of the pixels")

# %% [markdown]
# Nearly all ties are among zeros, and there ReLU stops the gradient anyway. So the quarrel over
# ties is settled by the layer below, but for the few windows whose pixels are equal and positive
# (in flat parts of a picture).
#
# A gradient check cannot compare at a tie: the three 7s of the example are kinks. Ours says that
# it left them out ([notebook 8](08_gradient_checking.ipynb)).

# %%
print(
    check_function(
        lambda x: ops.max_pool2d(x, 3, 2),
        lambda dy, x: ops.max_pool2d_backward(dy, x, ops.max_pool2d(x, 3, 2), 3, 2),
        [flat],
        ["x"],
    )
)

# %% [markdown]
# ## Is it invariant to small shifts?
#
# It is often said so. Let us measure. Pictures of 32 pixels are cut to 23, and cut again 1, 2, 3
# pixels further to the right; both go through the convolution, ReLU and a pooling. We ask two
# things:
#
# - How many of the positive outputs are *exactly* as before?
# - How far apart are the outputs before and after, as a share of the distance between two
#   different pictures?
#
# Beside the poolings stands the plainest way to make a map smaller: keep every second row and
# column. **Predict** the order.

# %%
larger = learn.small_set(side=32, count=200, xp=xp).x
WAYS = {
    "every second": lambda x: x[:, :, :-1:2, :-1:2],
    "tiled": lambda x: ops.max_pool2d(x, 2, 2),
    "overlapped": lambda x: ops.max_pool2d(x, 3, 2),
    "average": lambda x: ops.avg_pool2d(x, 3, 2),
}


def distance(a, b):
    """Of each picture's outputs to those of another; the mean."""
    difference = (a - b).reshape(len(a), -1)
    return float(((difference * difference).sum(axis=1) ** 0.5).mean())


same, far = {}, {}
for name, pool in WAYS.items():
    outputs = [
        pool(ops.relu(conv.predict(larger[:, :, 4:27, 4 + shift : 27 + shift])))
        for shift in range(5)
    ]
    before = outputs[0]
    close = [abs(after - before) <= 1e-5 * before for after in outputs]
    same[name] = [float(c[before > 0].mean()) for c in close]
    unlike = distance(before, before[::-1])
    far[name] = [distance(after, before) / unlike for after in outputs]
plots.panels(
    {"outputs exactly as before": same, "distance, as a share": far},
    xlabel="pixels shifted",
    columns=2,
    points=True,
    size=(3.6, 2.9),
)

# %% [markdown]
# Maxima do stay exactly the same now and then, whenever the largest pixel is still in the window,
# and wider windows keep it more often. Means hardly ever stay. But measured by distance the mean
# is the calmest, and after a shift of 3 pixels all ways are about halfway to another picture. So
# pooling takes the edge off a shift of a pixel or two; it does not make a network invariant. (The
# rest must be learnt from shifted pictures: AlexNet was trained on random crops,
# [notebook 10](10_augmentation.ipynb).)

# %% [markdown]
# ## A small training
#
# The paper found that overlapping lowers the error by 0.4% (top-1) and 0.3% (top-5) against
# tiles, and that networks with it are a little harder to overfit (section 3.4). Let us look for
# that at our scale. `Parts` says what stands in the place of each pooling layer; all else, also
# the first weights, is the same. The side of 15 pixels becomes 7 and then 3 by either kind of
# window.

# %%
for parts in (Parts(), Parts(pooling="tiled"), Parts(pool="average")):
    layer = parts.instead_of(MaxPool2d(3, stride=2))
    print(f"{str(parts) or 'as in the paper':16} {layer}")


# %%
def network(parts, seed):
    generator = np.random.default_rng(seed)

    def conv(inputs, outputs, side):
        return Conv2d(inputs, outputs, side, padding=side // 2, generator=generator)

    layers = [conv(3, 16, 5), ReLU(), parts.instead_of(MaxPool2d(3, 2))]
    layers += [conv(16, 24, 3), ReLU(), parts.instead_of(MaxPool2d(3, 2))]
    layers += [conv(24, 32, 3), ReLU(), Flatten()]
    classes = len(pictures.classes)
    last = Linear(32 * 3 * 3, classes, weight_init=normal(0.01), generator=generator)
    return Sequential([*layers, last]).to(xp)


KINDS = {
    "overlapped": Parts(),
    "tiled": Parts(pooling="tiled"),
    "average": Parts(pool="average"),
}
SEEDS, EPOCHS = 2, 6  # go further: 10 seeds of 15 epochs
errors = {kind: [] for kind in KINDS}
for seed in range(SEEDS):
    for kind, parts in KINDS.items():
        history = learn.train(
            network(parts, seed),
            pictures.x,
            pictures.labels,
            EPOCHS,
            val=(pictures.val_x, pictures.val_labels),
            seed=seed,
        )
        errors[kind].append(history["val_error"][-1])
print(f"validation error with {SEEDS} seeds:")
for kind, values in errors.items():
    print(f"  {kind:11}" + "".join(f"{value:8.1%}" for value in values))
plots.bars(errors, [f"seed {seed}" for seed in range(SEEDS)], form="{:.1%}")

# %% [markdown]
# Look at the two seeds of one kind first: they differ by a percentage point or more, although
# nothing changed but the random numbers. One of 500 validation pictures is 0.2% by itself, and
# chance moves an error of 40% by 2 points (the standard deviation, $\sqrt{0.4 \cdot 0.6 / 500}$).
#
# - **Maximum against average** is a difference that shows: with either seed the mean lies well
#   behind both maxima. (At this learning rate and after so few epochs: it learns more slowly.)
# - **Overlapped against tiled**: a gain of 0.4% cannot be seen here, whichever bar is the
#   shorter. By the same formula the 50,000 validation pictures of ImageNet still leave 0.2 points
#   to chance, so 0.4 can only just be seen there. And the paper, too, compared one run of each
#   kind, and in the run without overlap two convolutions had another padding as well (as the
#   released configurations show).
#
# *Go further*: `minialexnet train --pooling tiled` and `--pool average` train `mini` on the
# built-in pictures or, with `--data`, on others; `python benchmarks/experiments/run.py pooling`
# does it with several seeds and intervals.

# %% [markdown]
# ## Break it
#
# A common mistake: the search for the maximum starts with zero.


# %%
def from_zero(x, kernel_size, stride):
    return xp.maximum(ops.max_pool2d(x, kernel_size, stride), 0)


# %% [markdown]
# **Predict**: at how many outputs is that wrong, if what is pooled comes from ReLU? From tanh?
# From the convolution itself?

# %%
z = conv.predict(pictures.x[:100])
for name, x in (("ReLU", ops.relu(z)), ("tanh", ops.tanh(z)), ("the convolution", z)):
    wrong = from_zero(x, 3, 2) != ops.max_pool2d(x, 3, 2)
    print(f"pooling after {name}: wrong at {float(wrong.mean()):.1%} of the outputs")

# %% [markdown]
# After ReLU, as in the paper's text, the mistake never shows: there is nothing below zero. It
# waits until somebody takes another activation function. This is why the exercise above had maps
# with negative numbers: a test must contain what the program does not contain today.
#
# There is a second lesson in it. Pooling from zero *is* pooling and then ReLU. In which order
# they come makes no difference to a maximum:

# %%
after, before = ops.relu(ops.max_pool2d(z, 3, 2)), ops.max_pool2d(ops.relu(z), 3, 2)
print("maximum: the same in either order:", bool((after == before).all()))
after, before = ops.relu(ops.avg_pool2d(z, 3, 2)), ops.avg_pool2d(ops.relu(z), 3, 2)
print("mean: the same in either order:   ", bool((after == before).all()))

# %% [markdown]
# The code of 2012 pooled before ReLU in its first and its fifth layer: ReLU then has a quarter of
# the numbers to treat. In the fifth the result is the same. In the first a normalisation stands
# before both, and so it sees negative numbers too: that is another network (notebooks 5 and 11).

# %% [markdown]
# ## Three questions
#
# **1.** AlexNet's pool1 makes 27 × 27 of 55 × 55. In how many windows is a pixel, on average?
# What is it for tiles?
#
# <details><summary>Answer</summary>
#
# 27 windows of 3 pixels along each side of 55: 81/55 = 1.47, squared 2.17. With tiles 54/55,
# squared 0.96: the last row and column are in none.
#
# </details>
#
# **2.** How many numbers of dx are not zero, at most, if dy has 27 × 27? And why may there be
# fewer?
#
# <details><summary>Answer</summary>
#
# At most one for each window, 729 of 3025: three quarters of the pixels get no gradient from a
# picture. Fewer, where one pixel is the maximum of several windows, which only happens if they
# overlap.
#
# </details>
#
# **3.** Average pooling is a convolution. With which filter? And is max pooling one?
#
# <details><summary>Answer</summary>
#
# With a filter of nine times 1/9, the same stride, each channel by itself (as many groups as
# channels). A maximum is none: it is not linear, for max(a) + max(b) is not max(a + b) in
# general.
#
# </details>

# %%
print(f"{(27 * 3 / 55) ** 2:.2f} and {(27 * 2 / 55) ** 2:.2f}")
print(alexnet("paper", num_classes=10)["pool1"].output_shape((96, 55, 55)))

# %% [markdown]
# ## Words
#
# | English | 日本語 |
# |---|---|
# | pooling | プーリング |
# | max pooling | 最大値プーリング(マックスプーリング) |
# | average pooling | 平均プーリング |
# | overlapping pooling | オーバーラッピングプーリング(重なりのあるプーリング) |
# | window | 窓(ウィンドウ) |
# | stride | ストライド |
# | feature map | 特徴マップ |
# | translation invariance | 平行移動不変性 |
# | tie (several maxima) | 最大値が複数あること(タイ) |
# | gradient | 勾配 |
# | overfitting | 過学習 |
# | validation error | 検証誤り率 |
#
# ## Where to read on
#
# - [`minialexnet/ops/pooling.py`](../minialexnet/ops/pooling.py): all of this, with padding, and
#   means over a grid; [`minialexnet/models/parts.py`](../minialexnet/models/parts.py): the
#   switches.
# - Krizhevsky, Sutskever and Hinton 2012, section 3.4.
# - Scherer, Müller and Behnke 2010, "Evaluation of pooling operations in convolutional
#   architectures for object recognition"
#   ([doi:10.1007/978-3-642-15825-4_10](https://doi.org/10.1007/978-3-642-15825-4_10)): maximum
#   against mean, and overlapping windows, two years before.
# - Springenberg et al. 2014, "Striving for simplicity"
#   ([arXiv:1412.6806](https://arxiv.org/abs/1412.6806)): no pooling at all.
# - Zhang 2019, "Making convolutional networks shift-invariant again"
#   ([arXiv:1904.11486](https://arxiv.org/abs/1904.11486)): what shifts do to pooling, and a
#   remedy.
# - Next: [5. Local response normalisation](05_local_response_normalisation.ipynb).
