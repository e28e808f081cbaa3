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
# # 14. After AlexNet
#
# Three years after AlexNet the error was down to less than a quarter, with networks that are almost
# twenty times as deep. By the end of this notebook you know the few ideas that did it, have counted
# what each of them costs or saves, and have built the one that made depth trainable: the shortcut.
#
# *Reading: 25 minutes. Running: half a minute, and once half a minute more to train `mini`, if no
# notebook before this one did.*

# %%
import numpy as np

from minialexnet import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    learn,
    plots,
)
from minialexnet.backend import host_generator
from minialexnet.gradcheck import check_layer

xp = np  # on a GPU: import cupy as xp
rng = np.random.default_rng(0)

# %% [markdown]
# ## Three years
#
# Top-5 errors on the test pictures of the ImageNet contest, as the papers state them. (Each is of
# several networks together. The entry of 2012 that was also trained on further pictures had 15.3.)

# %%
errors = {
    "2012, the second best (no network)": 26.2,  # Krizhevsky 2012, abstract
    "2012, AlexNet": 16.4,  # Krizhevsky 2012, table 2
    "2013, Clarifai": 11.7,  # as quoted by Simonyan and Zisserman 2014, table 7
    "2014, VGG": 7.3,  # Simonyan and Zisserman 2014, section 4.5
    "2014, GoogLeNet": 6.67,  # Szegedy 2014, section 7
    "2015, ResNet": 3.57,  # He 2015, abstract
}
plots.bars(errors, xlabel="top-5 error in %")

# %% [markdown]
# The line of thought from one to the next:

# %%
plots.flow(
    [
        ("AlexNet 2012", "8 layers"),
        ("ZFNet 2013", "finer conv1"),
        ("VGG 2014", "3 × 3 only, 19 layers"),
        ("GoogLeNet 2014", "branches, 22 layers"),
        ("ResNet 2015", "shortcuts, 152 layers"),
    ]
)

# %% [markdown]
# ## What one number sees
#
# To compare kernels one needs a measure: the **receptive field**, how many pixels side by side one
# number of a layer depends on. A convolution of 3 sees 3 pixels. Another of 3 on top of it sees
# three of those numbers. **Predict** how many pixels that is before you run the cell.

# %%
plots.cone([3, 3], [1, 1], ["conv", "conv"])

# %% [markdown]
# Five: the windows overlap, so the second layer only adds one pixel at either end. With a stride of
# 2 below, neighbours are two pixels apart, and the second layer adds twice as much:

# %%
plots.cone([3, 3], [2, 1], ["stride 2", "conv"])

# %% [markdown]
# In general, with kernel sizes $k_l$ and strides $s_l$:
#
# $$r_l = r_{l-1} + (k_l - 1) \, j_{l-1} \qquad j_l = j_{l-1} \, s_l \qquad r_0 = j_0 = 1$$
#
# $j$ is the jump, how far apart (in pixels) neighbours of a layer are. A layer's own stride does
# not widen what it sees itself, only what comes after it sees.
#
# **Your turn.** Pooling layers count like convolutions.


# %%
def receptive_field(kernel_sizes, strides):
    # your code
    ...


learn.check("receptive_field", receptive_field)

# %% [markdown]
# Is the formula true? The gradient knows: put a 1 at one number of the result, go backward, and
# count the pixels that get any gradient. Here for all of AlexNet's layers up to pool5.

# %%
from minialexnet.learn.exercises.after_alexnet import receptive_field as field  # or your own

names = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5"]
kernel_sizes, strides = [11, 3, 5, 3, 3, 3, 3, 3], [4, 2, 1, 2, 1, 1, 1, 2]


def seen_by_gradient(kernel_sizes, strides):
    """Pixels with a gradient, along one side, of a number in the middle of the result."""
    layers = [Conv2d(1, 1, k, stride=s) for k, s in zip(kernel_sizes, strides, strict=True)]
    for layer in layers:
        layer.params["weight"][...] = 1  # so that nothing cancels
    network = Sequential(layers).to(xp)
    y = network.forward(xp.zeros((1, 1, 290, 290), dtype="float32"))
    dy = xp.zeros_like(y)
    dy[0, 0, y.shape[2] // 2, y.shape[3] // 2] = 1
    return int((network.backward(dy)[0, 0] != 0).any(axis=0).sum())


for depth, name in enumerate(names, start=1):
    by_formula = field(kernel_sizes[:depth], strides[:depth])
    by_gradient = seen_by_gradient(kernel_sizes[:depth], strides[:depth])
    print(f"{name}: sees {by_formula:3} pixels; with a gradient: {by_gradient}")

# %% [markdown]
# ## ZFNet: a finer first layer
#
# Zeiler and Fergus looked inside AlexNet (the methods of notebook 13 are theirs) and saw two flaws
# in conv1: filters for very coarse and very fine patterns with little between, and false patterns
# from the stride of 4, which skips what changes faster. Their remedy is a window of 7 and a stride
# of 2. What it costs is the number of places:


# %%
def count(layers):
    """Weights with biases, and multiply-adds, of (kernel, channels in, out, places)."""
    weights = sum(k * k * c * o + o for k, c, o, _ in layers)
    return weights, sum(k * k * c * o * places**2 for k, c, o, places in layers)


for name, layer in (("AlexNet", (11, 3, 96, 55)), ("ZFNet", (7, 3, 96, 110))):
    weights, products = count([layer])
    print(f"{name} conv1: {weights:6,} weights, {products / 1e6:.0f} million multiply-adds")

# %% [markdown]
# Fewer weights, more work. That is the trade from now on: **depth and resolution cost arithmetic,
# which gets cheaper every year; weights cost memory, and invite overfitting.**
#
# ## VGG: nothing but 3 × 3
#
# If two convolutions of 3 see as far as one of 5, and three as far as one of 7, why take large
# ones? For C channels in and out, weights without biases, in units of C²:

# %%
for large, many in ((5, 2), (7, 3), (11, 5)):
    assert field([3] * many, [1] * many) == large
    one, stack = large**2, many * 3**2
    print(f"one of {large} × {large}: {one:3}   {many} of 3 × 3: {stack}   {stack / one:.0%}")

# %% [markdown]
# The stack sees the same pixels with fewer weights, and has a ReLU after each layer, so it computes
# more than one large linear window can. Simonyan and Zisserman (2014) built whole networks of it,
# up to 19 layers, and found that their local response normalisation gained nothing (section 4.1):
# new networks soon did without. The price stands in the fully connected layers, taken over from
# AlexNet:

# %%
ALEXNET = [(11, 3, 96, 55), (5, 48, 256, 27), (3, 256, 384, 13), (3, 192, 384, 13)]
ALEXNET += [(3, 192, 256, 13), (6, 256, 4096, 1), (1, 4096, 4096, 1), (1, 4096, 1000, 1)]

VGG19, channels = [], 3
STAGES = ((64, 2, 224), (128, 2, 112), (256, 4, 56), (512, 4, 28), (512, 4, 14))
for out, repeats, side in STAGES:
    for _ in range(repeats):
        VGG19.append((3, channels, out, side))
        channels = out
VGG19 += [(7, 512, 4096, 1), (1, 4096, 4096, 1), (1, 4096, 1000, 1)]

for name, layers in (("AlexNet", ALEXNET), ("VGG-19", VGG19)):
    total, _ = count(layers)
    last, _ = count([layer for layer in layers if layer[3] == 1])
    print(f"{name}: {total:,} weights, {last / total:.0%} in the last three layers")

# %% [markdown]
# ## GoogLeNet: branches, and 1 × 1 to reduce
#
# Which kernel size is right? GoogLeNet's answer is all of them: its **inception module** runs 1 ×
# 1, 3 × 3, 5 × 5 and pooling side by side and lays the results upon each other as channels. Done
# plainly that would be dear, since each of the branches gets all channels. So a convolution of 1 ×
# 1 first mixes many channels into few. (A 1 × 1 convolution is a fully connected layer that is used
# at each pixel by itself.) This is module 3a, with the channels of the paper's table 1:

# %%
plots.parallel(
    ("x", "192 × 28 × 28"),
    [
        [("1 × 1", "64 channels")],
        [("1 × 1", "96 channels"), ("3 × 3", "128 channels")],
        [("1 × 1", "16 channels"), ("5 × 5", "32 channels")],
        [("max pool 3 × 3", "192 channels"), ("1 × 1", "32 channels")],
    ],
    ("side by side", "256 × 28 × 28"),
)


# %%
def inception(channels, one, before3, three, before5, five, pool, places):
    """The convolutions of a module; before3, before5: channels of the 1 × 1 that reduce."""
    reduced = [(1, channels, before3, places), (3, before3, three, places)]
    reduced += [(1, channels, before5, places), (5, before5, five, places)]
    return [(1, channels, one, places), *reduced, (1, channels, pool, places)]


module = inception(192, 64, 96, 128, 16, 32, 32, 28)
plain = [(1, 192, 64, 28), (3, 192, 128, 28), (5, 192, 32, 28), (1, 192, 32, 28)]
for name, layers in (("without reducing", plain), ("with 1 × 1 first", module)):
    weights, products = count(layers)
    print(f"{name}: {weights:,} weights, {products / 1e6:.0f} million multiply-adds")

# %% [markdown]
# (The paper's table has 128 million.) The second saving is at the end: in place of flattened maps
# and three large layers, the **mean over each map** (global average pooling) and one layer. Nine
# such modules make 22 layers. All weights together, without two side branches that only help in
# training:

# %%
TABLE = [  # Szegedy 2014, table 1: channels in, 1×1, reduce, 3×3, reduce, 5×5, pool, places
    (192, 64, 96, 128, 16, 32, 32, 28),
    (256, 128, 128, 192, 32, 96, 64, 28),
    (480, 192, 96, 208, 16, 48, 64, 14),
    (512, 160, 112, 224, 24, 64, 64, 14),
    (512, 128, 128, 256, 24, 64, 64, 14),
    (512, 112, 144, 288, 32, 64, 64, 14),
    (528, 256, 160, 320, 32, 128, 128, 14),
    (832, 256, 160, 320, 32, 128, 128, 7),
    (832, 384, 192, 384, 48, 128, 128, 7),
]
GOOGLENET = [(7, 3, 64, 112), (1, 64, 64, 56), (3, 64, 192, 56), (1, 1024, 1000, 1)]
GOOGLENET += [layer for row in TABLE for layer in inception(*row)]

RESNET34, channels = [(7, 3, 64, 112)], 64  # He 2015, table 1
for out, blocks, side in ((64, 3, 56), (128, 4, 28), (256, 6, 14), (512, 3, 7)):
    if channels != out:
        RESNET34.append((1, channels, out, side))  # the shortcut, where the shape changes
    RESNET34 += [(3, channels, out, side)] + [(3, out, out, side)] * (2 * blocks - 1)
    channels = out
RESNET34.append((1, 512, 1000, 1))

networks = {"AlexNet": ALEXNET, "VGG-19": VGG19, "GoogLeNet": GOOGLENET, "ResNet-34": RESNET34}
counts = {name: count(layers) for name, layers in networks.items()}
plots.bars({name: w / 1e6 for name, (w, _) in counts.items()}, xlabel="million weights")

# %%
plots.bars({name: m / 1e9 for name, (_, m) in counts.items()}, xlabel="10⁹ multiply-adds")

# %% [markdown]
# Better and better, and neither weights nor arithmetic tell why. (ResNet-34 is the one that is
# quickly written down; the one with 152 layers, which was part of the winner, takes 11.3 · 10⁹
# multiply-adds: He 2015, table 1.) Depth does not come free, though:
#
# ## The trouble with depth
#
# He et al. (2015, figure 1) trained plain networks of 20 and of 56 layers. The deeper one was
# worse, also on the *training* pictures (the **degradation problem**). So it is not overfitting: it
# could do all that the smaller one does (36 layers that copy would be enough), but SGD does not
# find it.
#
# Here we can see it happen. Each network gets the maps that `mini` of notebook 13 makes up to pool2
# (so that seconds are enough), then a stack of 3 × 3 convolutions with 16 channels, a mean and a
# fully connected layer. What differs is how many convolutions, and whether there are shortcuts.

# %%
trained = learn.trained_mini(xp=xp)
every = np.arange(0, len(trained.pictures.train), 4)
inputs = trained.inputs(trained.pictures.train.images[every])
maps = trained.network.before("conv3").predict(inputs)
maps = maps / maps.std()
labels = xp.asarray(trained.pictures.train.labels[every])
print("maps:", tuple(maps.shape))

# %% [markdown]
# ## A shortcut
#
# ResNet adds the input of a block to its output. The layers only have to learn the *difference*
# from copying, the residual:
#
# $$y = x + f(x)$$

# %%
plots.parallel(
    ("x", "16 × 6 × 6"),
    [
        [],
        [("conv 3 × 3", "16 × 6 × 6"), ("ReLU", ""), ("conv 3 × 3", "16 × 6 × 6")],
    ],
    ("+", "16 × 6 × 6"),
)

# %% [markdown]
# Backward, $x$ reaches $y$ along two ways, so two gradients come back and **add up**:
#
# $$dx = dy + \left( \frac{\partial f}{\partial x} \right)^T dy$$
#
# The first term is what all is about. However small the second gets, $dy$ itself arrives at $x$
# unharmed, and so on through block after block. (ResNet has a ReLU between two blocks as well,
# which stops it only where it is 0.) **Predict** `dx` for one picture of two numbers, where ReLU
# lets only the first through:
#
# $$y = x + \max(x W, 0)$$

# %%
x = np.array([[1.0, 2.0]])
weight = np.array([[1.0, -1.0], [2.0, -3.0]])
dy = np.array([[1.0, 10.0]])
dinner = dy * (x @ weight > 0)
plots.matrices(
    [dy, "+", dinner, "·", weight.T, "=", dy + dinner @ weight.T],
    ["dy", "", "dy with mask", "", "Wᵀ", "", "dx"],
)

# %% [markdown]
# **Your turn**, for any x (N, F) and weight (F, F). Return `dx, dweight`, in this order. (The
# weight is used in the branch only: its gradient is $x^T$ times the masked dy.)


# %%
def residual_backward(dy, x, weight):
    # your code
    ...


learn.check("residual_backward", residual_backward, xp)

# %% [markdown]
# Now as a layer of this library. A network is a layer too, so a block is a `Sequential` that adds
# its input. Three methods, two of them one line longer than before:


# %%
class Residual(Sequential):
    """y = x + f(x), f being the layers."""

    def run(self, x, training=False):
        y, memory = super().run(x, training)
        return x + y, memory

    def run_backward(self, dy, memory, input_gradient=True):
        dx, grads = super().run_backward(dy, memory)
        return dy + dx, grads

    def predict(self, x):
        return x + super().predict(x)


block = Residual([Conv2d(3, 3, 3, padding=1), ReLU(), Conv2d(3, 3, 3, padding=1)]).to(xp)
print(check_layer(block, xp.asarray(rng.standard_normal((2, 3, 5, 4)))))

# %% [markdown]
# The gradients are right. Two networks, then, with the same layers in the same order. To be fair,
# each begins as is best for it. In the plain one all weights begin with He's initialisation, which
# keeps signals and gradients at their size. In the residual one too, but for the last convolution
# of each block, which begins with zero: each block begins as a copy. (ResNet has batch
# normalisation in its blocks, which this library has not; why something is needed, "Break it"
# shows.)


# %%
def deep(blocks, shortcut, std=None, last=0.0, seed=0):
    """A network with 2 convolutions a block. std: of all blocks' weights, in place of He's."""
    generator = host_generator(seed)
    layers = {"mix": Conv2d(64, 16, 1, generator=generator), "relu": ReLU()}
    for number in range(1, blocks + 1):
        body = [Conv2d(16, 16, 3, padding=1, generator=generator) for _ in range(2)]
        for conv in body:
            if std is not None:
                conv.params["weight"] *= std / conv.params["weight"].std()
        if shortcut and std is None:
            body[1].params["weight"] *= last
        body.insert(1, ReLU())
        for layer in body:
            layer.whole_batch = True  # maps are small: slices would only take longer
        layers[f"block{number}"] = Residual(body) if shortcut else Sequential(body)
        layers[f"relu{number}"] = ReLU()
    layers |= {"pool": AvgPool2d(3), "flatten": Flatten()}
    layers["fc"] = Linear(16 * 4, 10, generator=generator)
    return Sequential(layers, (64, 6, 6)).to(xp)


# %% [markdown]
# ## Before training
#
# What arrives at each block? Forward we ask how alike the maps of different pictures are (the mean
# cosine; at 1 all pictures look the same). Backward, how large the gradient still is.


# %%
def signals(network, x, labels):
    """After each block: likeness of different pictures, size of maps, and of gradients."""
    likeness, sizes, gradients, passed = [], [], [], []
    for name, layer in network.layers.items():
        x, memory = layer.run(x, training=True)
        passed.append((name, layer, memory))
        if name.startswith("relu"):
            rows = x.reshape(len(x), -1)
            rows = rows / xp.maximum(xp.sqrt((rows**2).sum(axis=1, keepdims=True)), 1e-30)
            products = rows @ rows.T
            pairs = len(rows) * (len(rows) - 1)
            likeness.append(float((products.sum() - xp.trace(products)) / pairs))
            sizes.append(float(xp.sqrt((x**2).mean())))
    criterion = SoftmaxCrossEntropy()
    criterion.forward(x, labels)
    dy = criterion.backward()
    for name, layer, memory in reversed(passed):
        if name.startswith("relu"):
            gradients.append(float(xp.sqrt((dy.astype("float64") ** 2).mean())))
        dy, _ = layer.run_backward(dy, memory)
    return likeness, sizes, gradients[::-1]


nets = {
    "plain, N(0, 0.01²)": deep(10, False, std=0.01),
    "plain, He": deep(10, False),
    "shortcuts, N(0, 0.01²)": deep(10, True, std=0.01),
    "shortcuts, He and zero": deep(10, True),
}
found = {name: signals(net, maps[:100], labels[:100]) for name, net in nets.items()}
plots.curves(
    {name: gradients for name, (_, _, gradients) in found.items()},
    xlabel="after block",
    ylabel="size of the gradient",
    log="y",
)

# %% [markdown]
# (The gradient comes from the right.) With the paper's N(0, 0.01²) nothing arrives at the first
# blocks of the plain stack. Even AlexNet's code took 0.03 in three of its five convolutions
# (notebook 9), which have some two thousand taps each; here are twenty of 144. He's initialisation
# mends it. But with shortcuts the gradient arrives with *either*: the first term, dy, does not care
# for weights. So is a plain network with He's initialisation as good? Look forward:

# %%
plots.curves(
    {name: found[name][0] for name in ("plain, He", "shortcuts, He and zero")},
    xlabel="after block",
    ylabel="likeness of two pictures",
    ylim=(0, 1),
)

# %% [markdown]
# In the plain stack all pictures come to look alike: each random layer with its ReLU blurs what
# tells them apart. The last layers get nearly the same maps for a star and a ring, and what they
# send back is of little use to anybody. With shortcuts the pictures arrive as they were.
#
# ## Training
#
# Depth 2, 8 and 20, each without and with shortcuts. **Predict** the order of the six. (Those of
# 2 and 20 are drawn, the list has all. Go further: `blocks` of 20 or 30, more epochs, other seeds.)

# %%
history = {}
for blocks in (1, 4, 10):
    for shortcut in (False, True):
        name = f"{2 * blocks} convolutions, {'shortcuts' if shortcut else 'plain'}"
        network = deep(blocks, shortcut)
        history[name] = learn.train(network, maps, labels, epochs=4, lr=0.01)["error"]
shown = {name: error for name, error in history.items() if not name.startswith("8")}
plots.curves(
    shown, list("1234"), xlabel="epoch", ylabel="training error", ylim=(0, 1), level=(0.9, "chance")
)

# %%
for name, error in history.items():
    print(f"{name:28} training error {error[-1]:.0%}")

# %% [markdown]
# With two convolutions there is little between them. The plain networks get *worse* with depth, on
# the very pictures they are trained on: at 20 they have learnt little or nothing. Those with
# shortcuts do learn. (Compare the deepest of them with that of 8: depth is no gain by itself on so
# small a task.) Is it only the learning rate?

# %%
for lr in (0.003, 0.03):
    error = learn.train(deep(10, False), maps, labels, epochs=4, lr=lr)["error"]
    print(f"20 convolutions, plain, learning rate {lr}: training error {error[-1]:.0%}")

# %% [markdown]
# ## Break it
#
# **1. The shortcut's gradient forgotten.** Forward adds x, backward returns the branch's gradient
# only. The shapes are right. What does the gradient check say?


# %%
class Careless(Residual):
    def run_backward(self, dy, memory, input_gradient=True):
        return Sequential.run_backward(self, dy, memory)


block = Careless([Conv2d(2, 2, 3, padding=1), ReLU(), Conv2d(2, 2, 3, padding=1)]).to(xp)
print(check_layer(block, xp.asarray(rng.standard_normal((1, 2, 4, 4)))))

# %% [markdown]
# The weights' gradients pass, since within this block nothing is wrong: only the blocks *before*
# it would learn from less than they should. A check of the parameters alone would have missed it.
#
# **2. He's initialisation in all convolutions.** In a plain network it keeps the size of the maps.
# **Predict** what it does with shortcuts, where each block adds something about as large as what it
# got.

# %%
sizes = {
    "last convolution zero": found["shortcuts, He and zero"][1],
    "He everywhere": signals(deep(10, True, last=1.0), maps[:100], labels[:100])[1],
}
plots.curves(sizes, xlabel="after block", ylabel="size of the maps", log="y")

# %% [markdown]
# They grow from block to block, and would go on growing. Batch normalisation (Ioffe and Szegedy
# 2015) brings each channel back to mean 0 and spread 1 over the batch and is what ResNet uses;
# beginning with zero, as here, is another way (with some further rules, Zhang et al. 2019 trained
# very deep residual networks without normalisation so).
#
# ## What lives on, what vanished
#
# | AlexNet's | today |
# |---|---|
# | ReLU | everywhere, or smoother relatives of it |
# | training on GPUs | everywhere; so is spreading a network over several of them |
# | training on another set first | everywhere: transfer learning (Donahue 2013) |
# | random crops, mirrors, colours | everywhere, with many more |
# | SGD with momentum, rate in steps | still good (ResNet used just that) |
# | dropout | in fully connected layers; ResNet has none (He 2015, section 3.4) |
# | groups | came back in ResNeXt (Xie 2016); MobileNets have a group a channel (Howard 2017) |
# | softmax cross-entropy | everywhere |
# | local response normalisation | gone: no gain found (VGG, section 4.1) |
# | kernels of 11 and 5 | gone; a first layer of 7 stayed for years |
# | overlapped pooling | one such layer in ResNet; strides do the rest |
# | two towers on two GPUs | gone: it was a matter of 3 GB of memory |
# | three large layers at the end | gone: the mean over maps, and one layer |
#
# ## Three questions
#
# **1.** Three convolutions of 3 × 3 see 7 × 7 pixels with 27/49 of the weights. What do they need
# more of?
#
# <details><summary>Answer</summary>
#
# Memory in training: backward needs the maps after each of the three layers, not of one. (And the
# steps come one after the other, where one large product would keep a GPU busier.)
#
# </details>
#
# **2.** Where the number of channels changes, x + f(x) cannot be added. What does one do?
#
# <details><summary>Answer</summary>
#
# ResNet either pads x with channels of zeros, or sends it through a 1 × 1 convolution (with stride
# 2 where the maps get smaller). Such shortcuts stand in the count of ResNet-34 above, three of
# them.
#
# </details>
#
# **3.** A block computes x + f(x) and f begins as zero. Does its last convolution ever learn, with
# weights that are all zero and alike?
#
# <details><summary>Answer</summary>
#
# Yes. The gradient of its weights is dy times its *input*, which is not zero and differs from
# channel to channel. Only the gradient that goes further back through it is zero in the first step.
# (All layers zero would be another matter: then inputs and gradients vanish together.)
#
# </details>
#
# ## Words
#
# | English | 日本語 |
# |---|---|
# | receptive field | 受容野 |
# | residual network, ResNet | 残差ネットワーク |
# | shortcut, skip connection | ショートカット接続、スキップ接続 |
# | degradation problem | 劣化問題 |
# | vanishing gradient | 勾配消失 |
# | batch normalisation | バッチ正規化 |
# | inception module | インセプションモジュール |
# | pointwise (1 × 1) convolution | 1×1畳み込み |
# | global average pooling | グローバル平均プーリング |
# | plain network | プレーンネットワーク |
# | fine-tuning, transfer learning | ファインチューニング、転移学習 |
#
# ## What you can do next
#
# - **Train on photographs.** `minialexnet data get imagenette`, `minialexnet train --data
#   imagenette2-160`, then `minialexnet report`, and notebook 13 with your own run.
# - **Take AlexNet apart.** `python benchmarks/experiments/run.py` measures what each of its parts
#   is worth, one experiment for each claim of the paper.
# - **Add a layer.** [CONTRIBUTING.md](../CONTRIBUTING.md) shows all the steps; batch normalisation
#   is a good exercise (its backward pass is the hardest derivation yet, and the gradient check
#   tells you when it is right). Or write the inception module as a layer, like `Residual` above.
# - **Read a framework.** You know now what `conv2d`, `autograd` and an optimizer have to do; the
#   tests in `tests/oracles` compare ours with PyTorch's, call by call.
#
# ## Where to read on
#
# - [`minialexnet/layers/sequential.py`](../minialexnet/layers/sequential.py): what `Residual`
#   builds on.
# - ZFNet: Zeiler and Fergus 2013 ([arXiv:1311.2901](https://arxiv.org/abs/1311.2901)).
# - VGG: Simonyan and Zisserman 2014 ([arXiv:1409.1556](https://arxiv.org/abs/1409.1556)).
# - GoogLeNet: Szegedy et al. 2014 ([arXiv:1409.4842](https://arxiv.org/abs/1409.4842)).
# - Features for other tasks: Donahue et al. 2013, "DeCAF"
#   ([arXiv:1310.1531](https://arxiv.org/abs/1310.1531)).
# - Batch normalisation: Ioffe and Szegedy 2015
#   ([arXiv:1502.03167](https://arxiv.org/abs/1502.03167)).
# - ResNet: He et al. 2015 ([arXiv:1512.03385](https://arxiv.org/abs/1512.03385)).
# - ResNeXt: Xie et al. 2016 ([arXiv:1611.05431](https://arxiv.org/abs/1611.05431)).
# - Without normalisation: Zhang, Dauphin and Ma 2019, "Fixup Initialization"
#   ([arXiv:1901.09321](https://arxiv.org/abs/1901.09321)).
# - Back to the beginning: [0. Start here](00_start_here.ipynb).
