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
# # 5. Local response normalisation
#
# AlexNet divides each unit by the activity of its neighbours in other channels. By the end of this
# notebook you have written that, forward and backward, know what everyone means by alpha, and have
# seen how much the layer really does.
#
# *Reading: 20 minutes. Running: half a minute.*

# %%
import numpy as np

from minialexnet import learn, ops, plots
from minialexnet.backend import host_generator
from minialexnet.gradcheck import check_function
from minialexnet.layers import (
    Conv2d,
    Flatten,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
)
from minialexnet.layers.initializers import normal

xp = np  # on a GPU: import cupy as xp
rng = np.random.default_rng(0)

# %% [markdown]
# ## Where it stands
#
# Twice in the network, after the first two ReLUs, stands a layer that the paper calls **local
# response normalisation** (LRN, section 3.3). It changes no shape and learns nothing.

# %%
plots.flow(
    [
        ("conv1", "96 × 55 × 55"),
        ("relu1", "96 × 55 × 55"),
        ("norm1", "96 × 55 × 55"),
        ("pool1", "96 × 27 × 27"),
        ("conv2", "256 × 27 × 27"),
    ],
    back=["", "dx", "dy", ""],
)

# %% [markdown]
# At each pixel there are 96 numbers, one for each filter of conv1: the *channels*. Take one of
# them. Its neighbours are the units **at the same pixel in adjacent channels**, not the pixels
# around it. If they are strongly active, it is made smaller. Nerve cells do something like it to
# the cells beside them, which is called *lateral inhibition*.
#
# (Which filters are adjacent means nothing when training begins. The filters learn under this
# competition, and so the order gets a meaning.)

# %% [markdown]
# ## A tiny one by hand
#
# Five channels at one pixel: 1, 1, 4, 1, 1. The window is of three channels, and each unit is
# divided by
#
# $$s_c = 2 + (\text{sum of the squares in its window})$$
#
# Channel 1 sees 1, 1 and 4, so it becomes 1 / (2 + 1 + 1 + 16) = 0.05. Channel 0 has no neighbour
# to its left: its window is **cut off at the end** and holds 1 and 1.
#
# **Predict** the other four before you run the cell. Which channels end up largest? (The numbers
# stand above the bars; each panel has a scale of its own.)

# %%
x = xp.asarray([1.0, 1, 4, 1, 1]).reshape(1, 5, 1, 1)  # one picture, five channels, one pixel
y = ops.local_response_norm(x, size=3, alpha=1.0, beta=1.0, k=2.0)
plots.channels(
    {"x": x, "y": y},
    windows={"window of 0": (0, 1), "window of 1": (0, 2), "window of 4": (3, 4)},
)

# %% [markdown]
# Channels 0 and 1 were equally active. Beside the strong unit only a fifth is left of what it is
# far from it. That is the inhibition.
#
# Look at the strong unit, too: it is divided by the same 20 as its neighbours. LRN does not raise
# it above them (4 : 1 before, 4 : 1 after). It lowers a whole *neighbourhood* in which something
# is strong, the strong unit included, against neighbourhoods where nothing is.

# %% [markdown]
# ## The formula
#
# $$y_c = \frac{x_c}{s_c^{\beta}} \qquad
# s_c = k + \alpha \sum_{j = c - \lfloor n/2 \rfloor}^{c + \lfloor n/2 \rfloor} x_j^2$$
#
# where j runs over channels that exist, and all of it happens at each pixel of each picture by
# itself. The paper's constants, found by trying on validation pictures, are
# $k = 2$, $n = 5$, $\alpha = 10^{-4}$ and $\beta = 0.75$.
#
# With $n = 5$ and eight channels, the windows are:

# %%
size, channels = 5, 8
for c in range(channels):
    window = [j for j in range(c - size // 2, c + size // 2 + 1) if 0 <= j < channels]
    print(f"channel {c}: window {window}")

# %% [markdown]
# **Your turn.** x has the shape (N, C, H, W); size is odd. A loop over the channels is quite all
# right. The checker also tries fewer channels than the window is wide.


# %%
def local_response_norm(x, size, alpha, beta, k):
    # your code
    ...


learn.check("local_response_norm", local_response_norm, xp)

# %% [markdown]
# ## What does alpha mean?
#
# The formula multiplies the *sum* by alpha. The code that won in 2012 divided alpha by the size of
# the window first, so that it multiplied the *mean* (almost: at the ends it still divided by 5).
# Both write alpha = 1e-4. Since then everyone has taken over one or the other, and k differs too:
#
# | who | alpha times | usual k | here |
# |---|---|---|---|
# | the paper's formula, Chainer | the sum | 2 | `LocalResponseNorm(5, 1e-4, k=2)` |
# | the code of 2012 | the sum / 5 | 2 | `LocalResponseNorm(5, 1e-4, k=2, alpha_mode="mean")` |
# | Caffe, PyTorch, ONNX | the sum / 5 | 1 | `LocalResponseNorm(5, 1e-4, k=1, alpha_mode="mean")` |
# | TensorFlow | the sum | 1 | `LocalResponseNorm(5, 1e-4, k=1)` |
#
# (PyTorch's k is an argument as well; 1 is its default. TensorFlow calls k `bias`, as ONNX does,
# and gives the window by `depth_radius` = 2, the channels to either side. So depth_radius=5 would
# be a window of 11, and that is its default, with alpha = 1 and beta = 0.5: there everything has to
# be given.)
#
# The same activities of some hundreds, under the same alpha = 1e-4:

# %%
x = xp.asarray([100.0, 200, 300, 200, 100]).reshape(1, 5, 1, 1)
conventions = {
    "the paper's formula": LocalResponseNorm(5, 1e-4, k=2.0),
    "the code of 2012": LocalResponseNorm(5, 1e-4, k=2.0, alpha_mode="mean"),
    "Caffe, PyTorch, ONNX": LocalResponseNorm(5, 1e-4, k=1.0, alpha_mode="mean"),
}
for who, layer in conventions.items():
    print(f"{who:22}", "  ".join(f"{value:6.1f}" for value in layer.predict(x).ravel().tolist()))

# %% [markdown]
# Weights that were trained under one convention are wrong under another. That is the first thing
# to look at if a ported AlexNet is a little worse than it should be.

# %% [markdown]
# ## Two towers
#
# The network of 2012 was spread over two GPUs, each with half of the channels. Neither saw the
# other's channels in this layer, so each tower normalised its own: windows end at the boundary.
# Here channel 3 is strong, and the dashed line parts the towers. **Predict**: which channels does
# it inhibit?

# %%
x = xp.ones((1, 8, 1, 1))
x[0, 3] = 9.0
plots.channels(
    {
        "x": x,
        "across all channels": ops.local_response_norm(x, 5, alpha=0.1),
        "in each tower": ops.local_response_norm(x, 5, alpha=0.1, groups=2),
    },
    breaks=[4],
    size=(10, 2.2),
)

# %% [markdown]
# The paper's text does not say it. So our `paper` variant normalises across all channels, and
# `original2012` within each tower, as the code did.

# %% [markdown]
# ## How much does it do?
#
# Put small numbers in. If all x are about 1, then alpha times the sum of five squares is about
# 0.0005, beside k = 2. So s is 2, nearly everywhere, and the layer does little more than multiply
# by
#
# $$2^{-0.75} = 0.5946$$

# %%
print(f"2 to the power of -0.75 is {2**-0.75:.6f}")
for spread in (1, 10, 100, 1000):
    x = spread * xp.asarray(rng.standard_normal((10, 96, 8, 8)))
    ratio = ops.local_response_norm(x) / x
    low, high = float(ratio.min()), float(ratio.max())
    print(f"numbers with a spread of {spread:4}: y / x lies between {low:.6f} and {high:.6f}")

# %% [markdown]
# So the scale of the activities decides whether the layer is there at all. A unit that is active
# alone, with silent neighbours, under the paper's constants:

# %%
alone = xp.zeros((201, 5, 1, 1))
alone[:, 2, 0, 0] = xp.asarray(np.geomspace(2, 20_000, 201))
after = ops.local_response_norm(alone)[:, 2, 0, 0]
best = int(after.argmax())
print(f"y is largest at x = {float(alone[best, 2, 0, 0]):.0f}")
plots.curves(
    {"y": after, "x · 0.5946": 2**-0.75 * alone[:, 2, 0, 0]},
    alone[:, 2, 0, 0],
    log="xy",
    xlabel="x, with silent neighbours",
)

# %% [markdown]
# Below 50 or so it is a straight line: multiplication by a constant. Around 200 it bends, and
# beyond that a *more* active unit gives a *smaller* output. (Since $\beta > 1/2$, the divisor
# outgrows x. The summit is where $x^2 = k / (\alpha (2 \beta - 1))$: 200.)
#
# In 2012 pixels went in as 0 to 255, less their mean. Today one usually divides by their spread.
# Here is what stands beside k = 2 after a first layer with the paper's initial weights, in both
# cases:

# %%
# Your own pictures: data = "imagenette2-160", after `minialexnet data get imagenette`.
data = None
small = learn.small_set(16, 1000, 500, data=data, xp=xp)

grey_levels = xp.asarray(small.images.transpose(0, 3, 1, 2).astype("float32"))
grey_levels -= grey_levels.mean()
conv1 = Conv2d(3, 96, 11, 4, weight_init=normal(0.01), generator=host_generator(0)).to(xp)


def beside_k(x, size=5, alpha=1e-4):
    """alpha times the sum over the window: s with k = 0."""
    ones = ops.local_response_norm(x, size, alpha, beta=1.0, k=1.0)
    return x[x > 0] / ones[x > 0] - 1


for name, pictures in (("0 to 255, less the mean", grey_levels), ("a spread of 1", small.x)):
    active = ops.relu(conv1.predict(pictures))
    term = beside_k(active.astype("float64"))
    mean = float(term.mean())
    print(f"pixels with {name:24} alpha · sum is {mean:.1e} on average;")
    print(f"    it would be 2 with weights {(2 / mean) ** 0.5:.0f} times as large")

# %% [markdown]
# In both cases 2 is by far the larger, at first. But weights grow while they are trained, and the
# sum grows with their square. With grey levels, not much growth is needed for the layer to act.
# With a spread of 1, weights would have to become hundreds of times as large.

# %% [markdown]
# ## With it and without it
#
# A network of two convolutions, and four ways to fill the place of the normalisation:
#
# - nothing;
# - LRN with the paper's constants;
# - multiplication by 0.5946, and nothing else;
# - LRN with an alpha a thousand times as large, so that neighbours count.
#
# All begin with the same weights and see the same pictures in the same order. **Predict** which two
# curves lie on top of each other.


# %%
class Times(Layer):
    """Multiplies by a constant."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def run(self, x, training=False):
        return x * self.factor, None

    def run_backward(self, dy, memory, input_gradient=True):
        return dy * self.factor, {}


def small_network(norm, seed=0):
    generator = host_generator(seed)
    layers = [Conv2d(3, 16, 5, padding=2, generator=generator), ReLU(), norm()]
    layers += [MaxPool2d(3, stride=2)]
    layers += [Conv2d(16, 32, 5, padding=2, generator=generator), ReLU(), norm()]
    layers += [MaxPool2d(3, stride=2), Flatten()]
    layers += [Linear(32 * 3 * 3, 10, weight_init=normal(0.01), generator=generator)]
    return Sequential(layers).to(xp)


fillings = {
    "nothing": lambda: Times(1.0),
    "LRN": LocalResponseNorm,
    "times 0.5946": lambda: Times(2**-0.75),
    "LRN, alpha 0.1": lambda: LocalResponseNorm(alpha=0.1),
}
networks = {name: small_network(norm) for name, norm in fillings.items()}
val = (small.val_x, small.val_labels)
histories = {
    name: learn.train(network, small.x, small.labels, epochs=8, val=val, lr=0.01)
    for name, network in networks.items()
}
plots.curves(
    {name: history["loss"] for name, history in histories.items()},
    xlabel="step",
    ylabel="loss",
)

# %%
losses = [histories[name]["loss"][:20] for name in ("LRN", "times 0.5946")]
apart = max(abs(a - b) for a, b in zip(*losses, strict=True))
print(f"LRN and times 0.5946: the losses of the first 20 steps differ by at most {apart:.1e}")
term = beside_k(networks["LRN"].before(2).predict(small.val_x).astype("float64"))
print(f"alpha · sum in the trained network: at most {float(term.max()):.3f}, beside k = 2")
for name, history in histories.items():
    print(f"{name:16} {history['val_error'][-1]:.1%} of the validation pictures wrong")

# %% [markdown]
# LRN with the paper's constants and multiplication by 0.5946 take the same way: at this scale of
# pixels the layer *is* that multiplication, forward and backward. (Their last digits differ, and in
# a long training small differences grow; so the errors at the end need not be the same.)
#
# What differs between "nothing" and "LRN" is therefore no inhibition but a change of scale, which
# acts like other initial weights and another learning rate. And how do the errors at the end
# compare? Neither the layer nor the multiplication helps here: maps of 0.6 times the size learn
# more slowly, and so few steps do not make up for it. With one seed and 500 pictures, some per cent
# up or down are chance besides. **Go further**:
# `small_network(norm, seed)` with five seeds, and 4,000 pictures of 32 pixels; or
# `minialexnet train` and `minialexnet train --no-lrn`.
#
# The paper reports a gain: 1.4% (top-1) and 1.2% (top-5) on ImageNet, and 11% instead of 13% errors
# on CIFAR-10 with a network of four layers (section 3.3). Its pixels were not scaled, and its
# network without LRN in the released code also lacked another normalisation that the paper does not
# mention.

# %% [markdown]
# ## Backward
#
# A unit $x_c$ appears in two places: above the fraction of its own $y_c$, and below the fraction
# of **every** $y_j$ whose window holds $c$, its own included.
#
# Above the fraction, $\partial y_c / \partial x_c = s_c^{-\beta}$.
#
# Below it, the chain rule goes through $s_j$. From $y_j = x_j \, s_j^{-\beta}$ and
# $s_j = k + \alpha (\ldots + x_c^2 + \ldots)$:
#
# $$\frac{\partial y_j}{\partial s_j} = -\beta \, x_j \, s_j^{-\beta - 1} \qquad
# \frac{\partial s_j}{\partial x_c} = 2 \alpha \, x_c$$
#
# Multiply the two, weight with $dy_j$, sum over all j, and take what does not depend on j out of
# the sum:
#
# $$dx_c = dy_c \, s_c^{-\beta} \; - \; 2 \alpha \beta \, x_c
# \sum_{j} dy_j \, x_j \, s_j^{-\beta - 1}$$
#
# j runs over the channels whose window holds c. For odd n these are just the channels in the
# window of c: if I am your neighbour, you are mine.
#
# Here is every $\partial y_j / \partial x_c$ for five channels: j counts rows, c columns.


# %%
def derivatives(x, **constants):
    """Row j, column c: how y_j changes with x_c. One backward pass for each j."""
    count = x.shape[1]
    dy = xp.eye(count).reshape(count, count, 1, 1)  # picture j asks for output j alone
    copies = xp.ones((count, 1, 1, 1)) * x
    return ops.local_response_norm_backward(dy, copies, **constants)[:, :, 0, 0]


x = xp.asarray([1.0, 2, 3, 2, 1]).reshape(1, 5, 1, 1)
plots.matrices(
    [derivatives(x, size=3, alpha=0.2), "", derivatives(x, size=3, alpha=1e-4)],
    ["alpha = 0.2", "", "alpha = 0.0001"],
    form="{:.2f}",
    cell=0.7,
)

# %% [markdown]
# Left: beside the diagonal stand negative numbers, the inhibition: more of $x_c$ means less of
# $y_j$. Right, with the paper's alpha: they are all but zero, and the diagonal is 0.59.

# %% [markdown]
# **Your turn.** A loop over c with a loop over j inside is the formula as it stands, and quite all
# right.


# %%
def local_response_norm_backward(dy, x, size, alpha, beta, k):
    # your code
    ...


learn.check("local_response_norm_backward", local_response_norm_backward, xp)

# %% [markdown]
# The library's backward pass, to compare (nothing below needs it). `r` is the first term; the rest
# is the sum over the window, which is taken for all units at once by adding shifted copies:

# %%
learn.source(ops.local_response_norm_backward, docstring=False)

# %% [markdown]
# ## Break it
#
# Leave the second term out: the gradient of a layer whose divisor is taken for a constant.
# **Predict**: does a gradient check notice?
#
# First a careless one: inputs of about 1, the paper's constants, and three digits have to agree.


# %%
def without_the_second_term(dy, x, size, alpha, beta, k):
    s = x / ops.local_response_norm(x, size, alpha, 1.0, k)
    return dy * s**-beta


def compare(x, size, alpha, beta, k):
    dy = xp.asarray(np.random.default_rng(1).uniform(0.5, 1.5, x.shape))
    right = ops.local_response_norm_backward(dy, x, size, alpha, beta, k)
    wrong = without_the_second_term(dy, x, size, alpha, beta, k)
    error = float(abs(wrong - right).max() / abs(right).max())
    print(
        f"largest error {error:.1e} of the largest gradient:",
        "passes" if error < 1e-3 else "is found",
    )


near_one = xp.asarray(rng.uniform(0.5, 1.0, (2, 8, 3, 3)))
compare(near_one, size=5, alpha=1e-4, beta=0.75, k=2.0)

# %% [markdown]
# It passes. The second term is some ten-thousandth of the first: it carries the factor alpha. Now
# the same mistake where all terms are of one size:

# %%
one_to_three = xp.asarray(rng.uniform(1.0, 3.0, (2, 8, 3, 3)))
compare(one_to_three, size=5, alpha=1.0, beta=0.75, k=2.0)

# %% [markdown]
# A check shows only what its inputs let it see. So choose constants and inputs for the check, not
# those of the network. The second remedy is precision: the library's check, in float64, asks for
# six digits, and finds the mistake even at the paper's constants.

# %%
constants = (5, 1e-4, 0.75, 2.0)
report = check_function(
    lambda x: ops.local_response_norm(x, *constants),
    lambda dy, x: without_the_second_term(dy, x, *constants),
    [near_one],
    ["x"],
)
print(report)

# %% [markdown]
# ## Why it went
#
# - Simonyan and Zisserman trained their network A with LRN and without in 2014, on ImageNet. It did
#   not improve the error, and took memory and time (sections 2.1 and 4.1 of
#   [arXiv:1409.1556](https://arxiv.org/abs/1409.1556); configuration A-LRN). None of their deeper
#   networks has it.
# - Batch normalisation (2015) solved what normalisation is really wanted for: it keeps the scale of
#   each channel's activities where learning goes well, whatever the layers before do. It leaves
#   LRN out (section 4.2.1 of [arXiv:1502.03167](https://arxiv.org/abs/1502.03167)).
# - torchvision's AlexNet, after a network of 2014, has none either.
#
# To reproduce the network of 2012, one needs it. To build a new one, one does not.

# %% [markdown]
# ## Three questions
#
# **1.** With the paper's constants, a unit of 300 has silent neighbours. Its activity rises to 600.
# Does its output rise?
#
# <details><summary>Answer</summary>
#
# No, it falls: from 300 / (2 + 9)^0.75 = 49.7 to 600 / (2 + 36)^0.75 = 39.2. Beyond 200 the
# divisor grows faster than x. The next cell computes it.
#
# </details>
#
# **2.** Does it make a difference whether LRN comes before or after the ReLU?
#
# <details><summary>Answer</summary>
#
# Yes. The divisor holds squares, and so negative inputs inhibit as strongly as positive ones. After
# a ReLU there are none. The paper's text has the ReLU first; in the first layer of the code of
# 2012 it came last.
#
# </details>
#
# **3.** Caffe's weights shall run in a library that multiplies alpha with the sum. Which alpha, for
# a window of 5?
#
# <details><summary>Answer</summary>
#
# 1e-4 / 5 = 2e-5, and k = 1. Or `LocalResponseNorm(5, 1e-4, k=1, alpha_mode="mean")` here.
#
# </details>

# %%
x = xp.zeros((2, 5, 1, 1))
x[0, 2], x[1, 2] = 300.0, 600.0
print([round(value, 1) for value in ops.local_response_norm(x)[:, 2].ravel().tolist()])

# %% [markdown]
# ## Words
#
# | English | 日本語 |
# |---|---|
# | local response normalisation (LRN) | 局所応答正規化 |
# | lateral inhibition | 側抑制 |
# | channel | チャネル(チャンネル) |
# | window | 窓(ウィンドウ) |
# | neighbourhood | 近傍 |
# | activity, activation | アクティベーション(ユニットの出力) |
# | partial derivative | 偏微分 |
# | chain rule | 連鎖律 |
# | batch normalisation | バッチ正規化 |
#
# ## Where to read on
#
# - [`minialexnet/ops/lrn.py`](../minialexnet/ops/lrn.py): both passes, with towers and windows of
#   even size; [`layers/lrn.py`](../minialexnet/layers/lrn.py): `alpha_mode`.
# - Krizhevsky, Sutskever and Hinton 2012, section 3.3.
# - Simonyan and Zisserman 2014, [arXiv:1409.1556](https://arxiv.org/abs/1409.1556); Ioffe and
#   Szegedy 2015, [arXiv:1502.03167](https://arxiv.org/abs/1502.03167).
# - Next: [6. Dropout](06_dropout.ipynb).
