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
# # 3. ReLU
#
# Between two layers with weights stands a function that treats each number by itself. AlexNet
# took the simplest there is, max(x, 0); the paper sorts its novelties by importance, and this one
# comes first. By the end of this notebook you have written the backward pass of two such
# functions, have measured how gradients vanish on their way through twenty layers, and have
# repeated the paper's figure 1 on a small scale, with a result that is not quite the paper's.
#
# *Reading: 25 minutes. Running: half a minute.*

# %%
from itertools import pairwise

import numpy as np

from minialexnet import learn, ops, plots
from minialexnet.gradcheck import check_function
from minialexnet.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential, Sigmoid, Tanh
from minialexnet.layers.initializers import he_normal, normal, xavier_normal

xp = np  # on a GPU: import cupy as xp

# %% [markdown]
# ## Where the numbers go
#
# Forward, each layer multiplies by its weights, and the **activation function** $f$ bends the
# result. Backward, the gradient is multiplied by the same weights again, and by the slope $f′$.

# %%
plots.flow(
    [("x", "N × C"), ("z", "x · Wᵀ"), ("y", "f(z)"), ("the next layer", "y · next Wᵀ")],
    back=["dz · W", "dy · f′(z)", "dy"],
)

# %% [markdown]
# Why bend at all? Without $f$, two layers are $W_2 (W_1 x) = (W_2 W_1) x$: one layer with other
# weights. All that depth can do comes from what stands between the layers.
#
# Three functions, and their slopes:
#
# $$\mathrm{ReLU}(x) = \max(x, 0) \qquad \tanh(x) = \frac{e^x - e^{-x}}{e^x + e^{-x}} \qquad
# \mathrm{sigmoid}(x) = \frac{1}{1 + e^{-x}}$$

# %%
x = xp.linspace(-5, 5, 401)
functions = {"ReLU": ops.relu(x), "tanh": ops.tanh(x), "sigmoid": ops.sigmoid(x)}
ones = xp.ones_like(x)
slopes = {
    "ReLU": ops.relu_backward(ones, functions["ReLU"]),
    "tanh": ops.tanh_backward(ones, functions["tanh"]),
    "sigmoid": ops.sigmoid_backward(ones, functions["sigmoid"]),
}
for name, slope in slopes.items():
    print(f"{name:8} steepest slope {float(slope.max()):.2f}, at x = 5 {float(slope[-1]):.5f}")
plots.panels({"f(x)": functions, "f′(x)": slopes}, x, xlabel="x", columns=2, size=(3.6, 2.7))

# %% [markdown]
# Look at the slopes, for gradients are multiplied by them. tanh and sigmoid go flat on both
# sides: they **saturate**. The sigmoid's slope is a quarter at its best. ReLU's is 1 for every
# positive number, however large, and 0 for every negative one.

# %% [markdown]
# ## A tiny one by hand
#
# Five numbers go through ReLU. Then the gradient `dy` comes back from the layer above.
# **Predict** both results before you run the cell. Mind the fifth gradient, which is negative,
# and the zero.

# %%
x = xp.array([-3.0, -1.0, 0.0, 2.0, 5.0])
dy = xp.array([10.0, 20.0, 30.0, 40.0, -50.0])
y = ops.relu(x)
plots.matrices([x, "→", y], ["x", "", "y = max(x, 0)"])

# %%
plots.matrices([ops.relu_backward(dy, y), "←", dy], ["dx", "", "dy"])

# %% [markdown]
# Where x was positive, dy passes unchanged, whatever its sign. Where x was negative, y would have
# been 0 in any case, so nothing gets through.
#
# And at 0? There ReLU has a kink, a slope of 0 on the left and of 1 on the right, and no
# derivative. Any number between the two would do; by convention it is 0. A computed x is hardly
# ever exactly 0, so it matters little to training, but a gradient check stumbles over it: it
# measures the slope from both sides. Ours notices the kink, leaves the point out, and says so
# ([notebook 8](08_gradient_checking.ipynb) explains how).

# %%
print(check_function(ops.relu, lambda dy, x: ops.relu_backward(dy, ops.relu(x)), [x], ["x"]))

# %% [markdown]
# ## The backward pass
#
# $y_i$ depends on $x_i$ and on nothing else. So the chain rule has one term only:
#
# $$dx_i = dy_i \cdot f′(x_i)$$
#
# All three slopes can be written with the *output* $y$, which is at hand anyway:
#
# $$\mathrm{ReLU}′ = \begin{cases} 1 & y > 0 \\ 0 & y = 0 \end{cases} \qquad
# \tanh′ = 1 - y^2 \qquad \mathrm{sigmoid}′ = y \, (1 - y)$$
#
# So the layer may forget x, which saves as much memory as x takes. The library does it this way:

# %%
learn.source(ops.relu_backward, docstring=False)

# %% [markdown]
# (`has_kernels` asks whether there is a kernel for the GPU. `xp.greater` writes ones and zeros
# into `dx`, and then dy is multiplied in: on the CPU a product is faster than a choice.)
#
# **Your turn.** First ReLU, this time from the input x. Then tanh, from the output y.


# %%
def relu_backward(dy, x):
    # your code
    ...


learn.check("relu_backward", relu_backward, xp)


# %%
def tanh_backward(dy, y):
    # your code
    ...


learn.check("tanh_backward", tanh_backward, xp)

# %% [markdown]
# ## Saturation
#
# How flat is flat? In float32, which networks compute in, tanh does not come *near* 1 for large
# x: it becomes 1, and its slope exactly 0. No gradient gets through such a unit.

# %%
at = xp.array([0.0, 1.0, 2.0, 5.0, 10.0], dtype=xp.float32)
one = xp.ones_like(at)
rows = {
    "tanh": ops.tanh_backward(one, ops.tanh(at)),
    "sigmoid": ops.sigmoid_backward(one, ops.sigmoid(at)),
    "ReLU": ops.relu_backward(one, ops.relu(at)),
}
print("slope at x =" + "".join(f"{float(v):12g}" for v in at))
for name, row in rows.items():
    print(f"{name:12}" + "".join(f"{float(v):12.3g}" for v in row))

# %% [markdown]
# In a network x is whatever the layer below makes of a picture. Here are real ones, through a
# convolution with fresh weights. Once the pixels are scaled to a spread of 1, as this library
# does it; once they have the spread of raw pixels, from 0 to 255 with the mean taken off, as in
# 2012. **Predict**: through which of the two can tanh still learn? And ReLU?

# %%
# Other pictures: learn.small_set(16, 2000, data="imagenette2-160"), after
# `minialexnet data get imagenette`.
pictures = learn.small_set(side=16, count=2000, xp=xp)
conv = Conv2d(3, 32, 5, weight_init=xavier_normal, generator=np.random.default_rng(0)).to(xp)
for spread in (1, pictures.images.std()):
    z = conv.predict(pictures.x[:200] * float(spread))
    y = ops.tanh(z)
    flat = float((abs(y) > 0.99).mean())
    slope = float(ops.tanh_backward(xp.ones_like(y), y).mean())
    print(f"pixels with a spread of {spread:.0f}:")
    print(f"  tanh beyond ±0.99 at {flat:.0%} of the outputs, mean slope {slope:.3f}")
    print(f"  ReLU with slope 1 at {float((z > 0).mean()):.0%}")

# %% [markdown]
# ReLU does not care: multiply x by 50, and y is multiplied by 50, while the slopes stay. That
# robustness is one reason for its success; the paper says that ReLUs need no normalisation of
# their input to keep them from saturating (section 3.3).

# %% [markdown]
# ## Vanishing gradients, layer by layer
#
# Now depth. A gradient on its way down is multiplied by $f′$ at every layer. The sigmoid's slope
# is at most 1/4. **Predict**: what is left of a gradient of 1 after 20 layers?

# %%
print(f"{0.25**20:.1e}")

# %% [markdown]
# The weights have a say too. Take a layer of $n$ inputs, whose weights are drawn at random with
# mean 0 and variance $v$. A sum of $n$ independent terms has $n$ times their variance, so the
# mean square of its outputs is
#
# $$\mathrm{E}[z^2] = n \, v \; \mathrm{E}[x^2]$$
#
# and backward, the same weights do the same to the gradient:
#
# $$\mathrm{E}[dx^2] = n \, v \; \mathrm{E}[f′(z)^2] \; \mathrm{E}[dy^2]$$
#
# - $n v = 1$ keeps the size if $f$ does nothing, and nearly so for tanh near 0, whose slope is 1
#   there: $v = 1/n$. This is **Xavier's** initialisation (Glorot and Bengio 2010; with as many
#   outputs as inputs).
# - ReLU cuts off half of the numbers, and half of the mean square with it, forward and backward.
#   So $v = 2/n$: **He's** initialisation (2015).
#
# Let us measure it: 20 layers of 128 units, each activation function with either start. Upwards
# go 256 random inputs, and we note how much the outputs of a layer differ from one input to the
# other; if they no longer do, the layers above cannot know what was in the picture. Downwards
# goes a random gradient, and we note its size.


# %%
def measure(activation, init, depth=20, width=128):
    """Of each layer: the spread of outputs over inputs, the size of the gradient below."""
    generator = np.random.default_rng(1)
    layers = [
        (Linear(width, width, weight_init=init, generator=generator).to(xp), activation())
        for _ in range(depth)
    ]
    x = xp.asarray(generator.standard_normal((256, width), dtype="float32"))
    dy = xp.asarray(generator.standard_normal((256, width), dtype="float32"))
    spreads, sizes = [], []
    for linear, f in layers:
        x = f.forward(linear.forward(x))
        spreads.append(float(x.std(axis=0).mean()))
    for linear, f in reversed(layers):
        dy = linear.backward(f.backward(dy))
        sizes.append(float((dy * dy).mean() ** 0.5))
    return spreads, sizes[::-1]


ACTIVATIONS = {"ReLU": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}
STARTS = {"Xavier": xavier_normal, "He": he_normal}
measured = {
    (start, name): measure(activation, STARTS[start])
    for start in STARTS
    for name, activation in ACTIVATIONS.items()
}
plots.panels(
    {
        f"{what}, {start}": {name: measured[start, name][i] for name in ACTIVATIONS}
        for i, what in enumerate(("spread of outputs", "size of gradients"))
        for start in STARTS
    },
    range(1, 21),
    xlabel="layer",
    log=True,
    shared=True,
    columns=2,
    size=(3.6, 2.6),
)

# %%
print("gradient at the lowest layer, as a share of that at the top:")
for (start, name), (_, sizes) in measured.items():
    print(f"  {name:8} {start:7} {sizes[0] / sizes[-1]:.1e}")

# %% [markdown]
# What there is to see:
#
# - **Sigmoid**, below: a straight line on a logarithmic scale means the same factor at every
#   layer, about a quarter with Xavier's start. The lowest layers get nothing to learn from.
#   Above: after a few layers all inputs look alike, for its outputs gather around 0.5.
#   (Below some 10⁻⁶ the spread is nothing but rounding.)
# - **ReLU** keeps the size of its gradients with He's start. With Xavier's, each layer takes a
#   factor of about $\sqrt{1/2}$: a factor of 2 in the variance, forgotten 20 times.
# - **tanh** fares well with Xavier's start. So it is not true that ReLU alone can be trained
#   deep: with weights that suit it, tanh can as well. Keep this in mind for figure 1 below.
#
# *Go further*: `measure(ReLU, normal(0.01))` is the start that the paper describes, in a network
# of 128 units. [Notebook 9](09_sgd_and_initialisation.ipynb) comes back to it.

# %% [markdown]
# ## Dead ReLUs
#
# The price of a slope of 0: a unit that is negative for *every* picture gets no gradient from any
# of them. Then nothing but weight decay changes its weights. It is **dead** (in a higher layer,
# until the layers below give it other inputs).
#
# Here are 200 hidden units straight on the pixels, with biases that push them down. We count
# units that no training picture wakes, train, and count again. **Predict** what becomes of the
# weights of those that were dead at the beginning.


# %%
def dense(bias=0.0, activation=ReLU):
    generator = np.random.default_rng(0)
    inputs = pictures.x[0].size
    return Sequential(
        {
            "flatten": Flatten(),
            "fc1": Linear(inputs, 200, bias_init=bias, generator=generator),
            "f": activation(),
            "fc2": Linear(200, len(pictures.classes), generator=generator),
        }
    ).to(xp)


def is_dead(network):
    return network.before("fc2").predict(pictures.x).max(axis=0) <= 0


for bias in (0, -4, -8):
    network = dense(bias)
    before, weights = is_dead(network), network["fc1"].params["weight"].copy()
    x, labels = pictures.x, pictures.labels
    error = learn.train(network, x, labels, epochs=3, lr=0.01, weight_decay=0)["error"][-1]
    moved = (network["fc1"].params["weight"] != weights).any(axis=1)
    print(
        f"bias {bias:2}: dead {float(before.mean()):4.0%}, after training "
        f"{float(is_dead(network).mean()):4.0%}; of those that were dead "
        f"{int(moved[before].sum())} moved; training error {error:.0%}"
    )

# %% [markdown]
# Not one of them moved, not by a bit: their gradients are not small but zero. Training can kill
# more, when a large step drives a unit's bias down; that is one way in which a learning rate that
# is too high does lasting harm.
#
# What helps: a start at which about half of the units are on (He's weights, biases of 0); a
# moderate learning rate; or a function with a small slope on the left, such as the leaky ReLU,
# $\max(x, 0.01 x)$ (Maas 2013). The paper went the other way round and gave several layers a
# *positive* bias, 1, so that their ReLUs begin switched on (section 5).

# %% [markdown]
# ## The paper's figure 1, small
#
# Figure 1 of the paper trains a network of four layers on CIFAR-10, with ReLU and with tanh, with
# the best learning rate for each and without regularisation. ReLU is down to a training error of
# 25% in a sixth of the epochs.
#
# We do the same with three convolutions and a fully connected layer, on 2000 pictures of 16
# pixels. Each function has the start that suits it, and the best of three learning rates: 0.01,
# 0.02 and 0.04 were tried for ReLU and tanh, 0.04, 0.16 and 0.64 for the sigmoid. (For the
# sigmoid it made no difference.)

# %%
BEST = {
    "ReLU": (he_normal, 0.02),
    "tanh": (xavier_normal, 0.02),
    "sigmoid": (xavier_normal, 0.16),
}
EPOCHS = 8  # go further: 20, and rates of your own


def convnet(activation, init, seed=0):
    generator = np.random.default_rng(seed)

    def conv(inputs, outputs, side):
        return Conv2d(
            inputs, outputs, side, padding=side // 2, weight_init=init, generator=generator
        )

    features = [conv(3, 16, 5), activation(), MaxPool2d(3, 2)]
    features += [conv(16, 24, 3), activation(), MaxPool2d(3, 2)]
    features += [conv(24, 32, 3), activation(), Flatten()]
    classes = len(pictures.classes)
    last = Linear(32 * 3 * 3, classes, weight_init=normal(0.01), generator=generator)
    return Sequential([*features, last]).to(xp)


x, labels = pictures.x, pictures.labels
errors = {}
for name, (init, rate) in BEST.items():
    network = convnet(ACTIVATIONS[name], init)
    history = learn.train(network, x, labels, EPOCHS, lr=rate, weight_decay=0)
    errors[name] = history["error"]
    reached = [epoch for epoch, error in enumerate(errors[name], 1) if error <= 0.25]
    print(f"{name:8} epochs to 25%: {reached[0] if reached else f'more than {EPOCHS}'}")
plots.curves(
    errors,
    range(1, EPOCHS + 1),
    xlabel="epoch",
    ylabel="training error",
    level=(0.25, "25%"),
    ylim=(0, 1),
    points=True,
)

# %% [markdown]
# Two remarks:
#
# - The **sigmoid** does not leave the error of blind guessing, 90%, at any of the rates. Three
#   layers suffice for that: each takes three quarters of the gradient or more, and outputs that
#   all lie around 0.5 make it hard to tell pictures apart.
# - **ReLU beside tanh**: the factor of six does not show here. The two lie close together. Above we
#   saw why this can be: with Xavier's start, and pixels scaled to a spread of 1, tanh saturates
#   little, and this network is shallow. The paper itself says that the size of the effect depends
#   on the architecture, though it found ReLU several times faster in all of them. ReLU needs less
#   care: it bears pixels of any scale, as we saw, and tanh does not.
#
# *Go further*: multiply `pictures.x` by 50 and divide the learning rates as needed; or put
# `Linear(...)` layers with activations before the last. On real photographs, each with the
# best of three rates: `python benchmarks/experiments/run.py relu --data imagenette2-160`.

# %% [markdown]
# ## Break it
#
# Two mistakes that are often made in a backward pass of ReLU: the mask is forgotten altogether,
# or taken from dy in place of x. Shapes and types are right, and the program runs. **Predict**
# for each: does the network still learn? Look at whether the training error falls, and then at
# what the gradient check says.

# %%
BACKWARD = {
    "right": ops.relu_backward,
    "no mask": lambda dy, y: dy,
    "mask of dy": lambda dy, y: dy * (dy > 0),
}


def broken(backward):
    class Broken(ReLU):
        def run_backward(self, dy, memory, input_gradient=True):
            return backward(dy, memory), {}

    return Broken


errors = {}
for name, backward in BACKWARD.items():
    generator = np.random.default_rng(0)
    sizes, layers = [pictures.x[0].size, 200, 200], [Flatten()]
    for inputs, outputs in pairwise(sizes):
        layers += [Linear(inputs, outputs, generator=generator), broken(backward)()]
    layers.append(Linear(200, len(pictures.classes), generator=generator))
    network = Sequential(layers).to(xp)
    history = learn.train(network, pictures.x, pictures.labels, epochs=6, lr=0.01, weight_decay=0)
    errors[name] = history["error"]
plots.curves(
    errors,
    range(1, 7),
    xlabel="epoch",
    ylabel="training error",
    ylim=(0, 1),
    points=True,
)

# %%
x = xp.asarray(np.random.default_rng(0).standard_normal((4, 5)))
for name, backward in BACKWARD.items():
    report = check_function(
        ops.relu, lambda dy, x, backward=backward: backward(dy, ops.relu(x)), [x], ["x"]
    )
    print(f"{name:12} {'right' if report.ok else 'WRONG'}, largest error {report.error:.1e}")

# %% [markdown]
# Without a mask the network learns, only worse: such a mistake can stay in a program for years,
# taken for a poor learning rate. A falling loss proves nothing. The gradient check takes no time
# and has no doubt.

# %% [markdown]
# ## Three questions
#
# **1.** Why can the library work out ReLU's gradient from the output y alone? Name a function
# with which that would not do.
#
# <details><summary>Answer</summary>
#
# y > 0 exactly where x > 0. In general one must be able to read the slope from y: that holds for
# every function that rises strictly, for then y tells x. It fails for |x|: y = 2 comes from 2,
# where the slope is 1, and from −2, where it is −1.
#
# </details>
#
# **2.** Is ReLU better because max(x, 0) is computed faster than tanh?
#
# <details><summary>Answer</summary>
#
# It is computed faster, but that is not the point: figure 1 counts epochs, not seconds, and
# nearly all time goes into the convolutions anyway. The point is the slope of 1, which gradients
# pass unweakened.
#
# </details>
#
# **3.** He's variance is twice Xavier's. What happens to a network of 20 layers with ReLU if you
# take four times Xavier's?
#
# <details><summary>Answer</summary>
#
# Twice the right variance at each layer: outputs and gradients grow by $\sqrt 2$ a layer, so by
# $2^{10} = 1024$ over twenty, and the first steps throw the weights far off. tanh would saturate
# instead. The next cell measures it from the highest layer to the lowest, which are 19 layers
# apart: $2^{9.5}$ is about 724, and what comes is chance around that.
#
# </details>


# %%
def four_times_xavier(generator, shape, fan_in, fan_out):
    return 2 * xavier_normal(generator, shape, fan_in, fan_out)


for name in ("ReLU", "tanh"):
    spreads, sizes = measure(ACTIVATIONS[name], four_times_xavier)
    print(f"{name:5} gradient grows {sizes[0] / sizes[-1]:.3g}-fold from the top to the bottom")

# %% [markdown]
# ## Words
#
# | English | 日本語 |
# |---|---|
# | activation function | 活性化関数 |
# | ReLU (rectified linear unit) | ReLU(正規化線形関数) |
# | hyperbolic tangent | 双曲線正接関数(tanh) |
# | sigmoid | シグモイド関数 |
# | slope, derivative | 傾き、導関数 |
# | chain rule | 連鎖律 |
# | saturation | 飽和 |
# | vanishing gradient | 勾配消失 |
# | dead ReLU | 死んだReLU(dying ReLU) |
# | initialisation | 初期化、初期値 |
# | variance | 分散 |
# | learning rate | 学習率 |
#
# ## Where to read on
#
# - [`minialexnet/ops/activations.py`](../minialexnet/ops/activations.py): all three, forward and
#   backward, and [`layers/initializers.py`](../minialexnet/layers/initializers.py): how weights
#   begin.
# - Krizhevsky, Sutskever and Hinton 2012, section 3.1 and figure 1.
# - Glorot, Bordes and Bengio 2011, "Deep sparse rectifier neural networks"
#   ([PMLR 15](https://proceedings.mlr.press/v15/glorot11a.html)): ReLU the year before AlexNet.
# - Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
#   networks" ([PMLR 9](https://proceedings.mlr.press/v9/glorot10a.html)): gradients layer by
#   layer, and Xavier's initialisation.
# - He et al. 2015, "Delving deep into rectifiers"
#   ([arXiv:1502.01852](https://arxiv.org/abs/1502.01852)): He's initialisation.
# - Next: [4. Overlapped max pooling](04_pooling.ipynb).
