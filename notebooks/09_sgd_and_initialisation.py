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
# # 9. SGD and initialisation
#
# A gradient says in which direction the loss rises. What a network makes of it depends on two
# things: how far each step goes, and where the first one starts. By the end of this notebook you
# have written the paper's update rule, know what its momentum does and what its weight decay does
# not touch, and can tell before training whether a network's first weights let it learn at all.
#
# *Reading: 25 minutes. Running: half a minute.*

# %%
import math

import numpy as np
from PIL import Image

from minialexnet import (
    SGD,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    alexnet,
    learn,
    plots,
)
from minialexnet.backend import host_generator
from minialexnet.layers.initializers import he_normal, normal
from minialexnet.models.initialization import initial_values
from minialexnet.training import make_schedule

xp = np  # on a GPU: import cupy as xp

# %% [markdown]
# ## Where the numbers go
#
# One step of training looks at a batch of pictures (128 in the paper), not at all of them. The
# gradient of a batch is a rough estimate of the gradient of the whole set, and costs ten thousand
# times less. That is the S, *stochastic*, in SGD. The velocity $v$ is the optimizer's memory: as
# large as the weights, and carried from step to step.

# %%
plots.flow(
    [
        ("batch", "128 pictures"),
        ("network", "forward, backward"),
        ("gradient", "like w"),
        ("velocity v", "like w"),
        ("weights w", "w + v"),
    ]
)

# %% [markdown]
# ## One weight by hand
#
# The rule of the paper (section 5), without weight decay for now:
#
# $$v \leftarrow 0.9 \, v - \varepsilon g \qquad\qquad w \leftarrow w + v$$
#
# $g$ is the gradient and $\varepsilon$ the learning rate. Let the gradient be 1 everywhere (an even
# slope), and $\varepsilon = 0.1$. At the start, $w = 5$ and $v = 0$. The first two steps:
#
# $$v = 0.9 \cdot 0 - 0.1 = -0.1 \qquad v = 0.9 \cdot (-0.1) - 0.1 = -0.19$$
#
# **Predict**: how large is the third step? And does it go on growing for ever?

# %%
w, v = 5.0, 0.0
steps = []
for step in range(1, 61):
    v = 0.9 * v - 0.1 * 1.0
    w = w + v
    steps.append(-v)
    if step <= 4 or step in (10, 20, 40, 60):
        print(f"step {step:2}: v = {v:.4f}, w = {w:8.4f}")

plots.curves(
    {"": steps},
    xlabel="step",
    ylabel="size of the step",
    level=(1.0, "ε g / (1 − 0.9)"),
    ylim=(0, 1.15),
    size=(5, 2.4),
)

# %% [markdown]
# The velocity is a sum over all gradients so far, in which older ones count less and less:
#
# $$v_t = -\varepsilon \left( g_t + 0.9 \, g_{t-1} + 0.81 \, g_{t-2} + \dots \right)$$
#
# While the gradients agree, the sum grows towards $1 / (1 - 0.9) = 10$ times a single step. So **a
# momentum of 0.9 makes the learning rate ten times as large** wherever the gradient is steady; one
# who adds momentum to a recipe, or takes it away, has to change the rate. Where gradients change
# their sign from step to step, they cancel.

# %% [markdown]
# ## The whole rule
#
# With weight decay, as the paper has it:
#
# $$v \leftarrow 0.9 \, v - 0.0005 \, \varepsilon \, w - \varepsilon \, g
# \qquad\qquad w \leftarrow w + v$$
#
# The middle term pulls every weight towards zero, by a share of itself. Note what is multiplied by
# what: the decay by the learning rate, the momentum by the old velocity only.
#
# **Your turn.** Make new arrays and return both; the arrays that you are given belong to the
# caller.


# %%
def sgd_step(w, velocity, grad, lr, momentum, weight_decay):
    # your code: return the new w and the new velocity
    ...


learn.check("sgd_step", sgd_step, xp)

# %% [markdown]
# The library's version writes into the arrays it has, since a network of 61 million weights should
# not be copied at every step. The rule itself is the four lines of `on_block`:

# %%
learn.source(SGD._update)

# %% [markdown]
# ## A narrow valley
#
# Why remember old gradients at all? Losses of networks are steep in some directions and nearly flat
# in others. The smallest picture of that is a valley with two weights, a hundred times as steep
# across as along:
#
# $$L(x, y) = \frac{x^2 + 100 \, y^2}{2} \qquad\qquad
# g = (x, \; 100 \, y)$$
#
# Without momentum, a step multiplies $x$ by $1 - \varepsilon$ and $y$ by $1 - 100 \varepsilon$.
# The second factor is below $-1$ as soon as $\varepsilon > 0.02$: then every step jumps across the
# valley to a point *higher* than before. So the steep direction limits the rate, and at that rate
# the flat direction is slow.
#
# **Predict** the upper row of the drawing (no momentum) for rates of 0.002, 0.018 and 0.021. Then:
# which of the three does momentum help most?

# %%
STEEPNESS = xp.array([1.0, 100.0])


class Point:
    """Two weights with a gradient: all that an optimizer asks of a network."""

    def __init__(self):
        self.params, self.grads = {"w": xp.array([-9.0, 0.9])}, {}


def descend(lr, momentum, steps=60):
    point = Point()
    optimizer = SGD(point, lr, momentum, weight_decay=0.0)
    path = [point.params["w"].copy()]
    for _ in range(steps):
        point.grads = {"w": STEEPNESS * point.params["w"]}
        optimizer.step()
        path.append(point.params["w"].copy())
    return xp.stack(path)


def distance(path):
    """From the lowest point, at the end."""
    return float(xp.sqrt((path[-1] ** 2).sum()))


paths = {
    f"rate {lr}, momentum {momentum:g}": descend(lr, momentum)
    for momentum in (0.0, 0.9)
    for lr in (0.002, 0.018, 0.021)
}
for label, path in paths.items():
    print(f"{label}: after 60 steps {distance(path):.3g} from the lowest point")
plots.valley(lambda x, y: (x**2 + 100 * y**2) / 2, paths, x=(-10.5, 5.5), y=(-1.3, 1.3))

# %% [markdown]
# The circle is the start, the cross the lowest point. At 0.002, the path falls into the valley and
# then creeps along it. At 0.018 it jumps from side to side and hardly makes way. At 0.021 it leaves
# the drawing. With momentum, jumps across the valley cancel in the velocity, and the small steps
# along it add up; rates at which plain descent explodes still work. The same for many rates:

# %%
rates = np.geomspace(3e-4, 6e-2, 40).tolist()
curves = {
    f"momentum {momentum:g}": [distance(descend(lr, momentum, 100)) for lr in rates]
    for momentum in (0.0, 0.9)
}
for label, ends in curves.items():
    best = int(np.argmin(ends))
    largest = max(lr for lr, end in zip(rates, ends, strict=True) if end < 9)
    print(f"{label}: best at {rates[best]:.4f}; largest without harm {largest:.4f}")
plots.curves(
    curves,
    rates,
    xlabel="learning rate",
    ylabel="distance after 100 steps",
    log="xy",
    ylim=(1e-3, 1e3),
    level=(9.0, "start"),
)

# %% [markdown]
# Both curves have the shape that every learning rate's curve has: too small is slow, somewhat
# larger is better, and a little beyond the best comes the edge. On this valley the edge lies at
# $2 / 100$ without momentum, and at $2 \, (1 + 0.9) / 100$ with it.

# %% [markdown]
# ## Inside or outside?
#
# PyTorch, and most libraries today, write the rule otherwise. The velocity gathers bare gradients,
# and the rate comes in last:
#
# $$u \leftarrow 0.9 \, u + g + 0.0005 \, w \qquad\qquad w \leftarrow w - \varepsilon \, u$$
#
# While $\varepsilon$ is constant, $v = -\varepsilon u$, and the two are the same. They part when
# the rate changes: in the paper's rule the old steps are in $v$ with the *old* rate, and fade out;
# outside, the new rate applies to everything at once. Below, the gradient is 1 everywhere, and the
# rate falls from 0.01 to 0.001 after 60 steps. **Predict** the size of the first step after the
# drop, in both.

# %%
DROP = 60


def steps_with(rate_is_inside, drops=True):
    v, sizes = 0.0, []
    for step in range(2 * DROP + 1):
        lr = 0.001 if drops and step >= DROP else 0.01
        if rate_is_inside:
            v = 0.9 * v + lr * 1.0
            sizes.append(v)
        else:
            v = 0.9 * v + 1.0
            sizes.append(lr * v)
    return np.array(sizes)


same = abs(steps_with(True, drops=False) - steps_with(False, drops=False)).max()
print(f"at a constant rate they differ by at most {same:.0e}")
inside, outside = steps_with(True), steps_with(False)
for after in (1, 5, 10, 20, 40):
    print(
        f"step {after:2} after the drop: inside {inside[DROP + after - 1]:.4f}, "
        f"outside {outside[DROP + after - 1]:.4f}"
    )
plots.curves(
    {"inside, the paper": inside[45:], "outside, PyTorch": outside[45:]},
    np.arange(45, 2 * DROP + 1),
    xlabel="step",
    ylabel="size of the step",
    log="y",
    size=(5.5, 2.6),
)

# %% [markdown]
# $k$ steps after a drop to a tenth, the paper's step is still $1 + 9 \cdot 0.9^k$ times as large as
# it is going to be. In a training of hundreds of thousands of steps with three drops that matters
# little. It matters when someone compares two programs step by step, and looks for the mistake in
# the gradients.

# %% [markdown]
# ## What decays, and what does not
#
# Of the biases the paper says only how they begin, and that all layers learn at the same rate
# (section 5). The code of 2012 treats them apart: they **do not decay**, and they learn at **twice
# the rate** (0.02 where weights have 0.01). The library does the same:

# %%
learn.source(SGD.step)

# %%
for gradient in (0.0, 1.0):
    layer = Linear(3, 2).to(xp)
    for name, value in layer.params.items():
        value[...] = 1.0
        layer.grads[name] = xp.full_like(value, gradient)
    SGD(layer, lr=0.01, momentum=0.9, weight_decay=0.0005).step()
    print(f"gradient {gradient:g}:", end="")
    for name, value in layer.params.items():
        print(f"   {name} moved by {float(value.ravel()[0]) - 1:+.6f}", end="")
    print()

# %% [markdown]
# The second line holds both: the weight goes $-0.01 - 0.000005$, the bias $-0.02$.
#
# A decay of 0.000005 looks like nothing. But it comes at every step, and momentum makes it ten
# times as large. Without any gradient, a weight is halved after
# $\ln 2 / (10 \cdot 0.0005 \, \varepsilon)$ steps. An epoch of 1.2 million pictures in batches
# of 128 has some 9,400 steps:

# %%
for lr in (0.01, 0.001, 0.0001):
    halved = math.log(2) / (10 * 0.0005 * lr)
    print(f"rate {lr:6}: half after {halved:9,.0f} steps, {halved / 9400:6.1f} epochs")

# %% [markdown]
# So at the first rate the decay is strong: a weight that no gradient holds up is gone within a few
# of the 90 epochs. And because it is multiplied by the rate, it fades with it. (The paper remarks
# that the decay is not just a regulariser, but lowers the training error as well.)

# %% [markdown]
# ## The learning rate of a real network
#
# Now a network: five convolutions and three fully connected layers in AlexNet's order, but tiny,
# for pictures of 16 pixels in four classes. Its weights are drawn as He proposed, which the second
# half of this notebook derives; `gains` are factors on that, and 1 for now.

# %%
CLASSES = ("checks", "cross", "stripes", "triangle")
small = learn.small_set(side=16, count=1500, val_count=10, xp=xp)
chosen = xp.concatenate(
    [xp.flatnonzero(small.labels == small.classes.index(name)) for name in CLASSES]
)
x = small.x[chosen]  # centred, with a spread of 1
labels = xp.repeat(xp.arange(4), len(chosen) // 4)

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7")
WITH_BIAS = ("conv2", "conv4", "conv5", "fc6", "fc7")
HE = dict.fromkeys(LAYERS, 1.0)


def small_network(gains=HE, bias=0.0, seed=0):
    generator = host_generator(seed)

    def start(name):
        def weights(generator, shape, fan_in, fan_out):
            return gains[name] * he_normal(generator, shape, fan_in, fan_out)

        return {
            "weight_init": weights,
            "bias_init": bias if name in WITH_BIAS else 0.0,
            "generator": generator,
        }

    return Sequential(
        {
            "conv1": Conv2d(3, 16, 5, stride=2, padding=2, **start("conv1")),
            "relu1": ReLU(),
            "conv2": Conv2d(16, 32, 3, padding=1, **start("conv2")),
            "relu2": ReLU(),
            "pool2": MaxPool2d(2, stride=2),
            "conv3": Conv2d(32, 32, 3, padding=1, **start("conv3")),
            "relu3": ReLU(),
            "conv4": Conv2d(32, 32, 3, padding=1, **start("conv4")),
            "relu4": ReLU(),
            "conv5": Conv2d(32, 32, 3, padding=1, **start("conv5")),
            "relu5": ReLU(),
            "pool5": MaxPool2d(2, stride=2),
            "flatten": Flatten(),
            "fc6": Linear(128, 64, **start("fc6")),
            "relu6": ReLU(),
            "fc7": Linear(64, 64, **start("fc7")),
            "relu7": ReLU(),
            "fc8": Linear(64, 4, weight_init=normal(0.01), generator=generator),
        }
    ).to(xp)


def by_epoch(history):
    """The mean loss of each epoch."""
    loss = np.array(history["loss"])
    return loss.reshape(len(history["error"]), -1).mean(axis=1)


# %% [markdown]
# **Predict**: four rates, each ten times the one before. How many of them are of use?

# %%
lines, trained = {}, {}
for lr in (0.001, 0.01, 0.1, 1.0):
    label = f"rate {lr:g}"
    trained[label] = small_network()
    with np.errstate(all="ignore"):  # numbers may overflow
        lines[label] = by_epoch(learn.train(trained[label], x, labels, 5, lr=lr))
    print(f"{label + ':':10} loss of the last epoch {lines[label][-1]:.3f}")
plots.curves(
    lines,
    list("12345"),
    xlabel="epoch",
    ylabel="training loss",
    level=(math.log(4), "ln 4: guessing"),
    points=True,
    ylim=(None, 1.6),
)

# %% [markdown]
# Too small a rate stays where it began. Too large a one makes steps at once after which nothing is
# learnt any more: numbers overflow (then the loss is nan, "not a number", and has no curve), or all
# units of some ReLU are zero for ever, and what is left is guessing. (A rate of 0.1 is close to
# that edge here: the last digits of a machine's sums decide on which side it falls.) No other
# number of a training is so worth trying out, and factors of three are fine enough. (*Go further*:
# 20 epochs, and rates of 0.003, 0.03 and 0.3.)

# %% [markdown]
# ## Schedules
#
# Large steps make way, but cannot come to rest: each batch's gradient points a little elsewhere.
# Small ones can. So the rate goes down. In 2012 that was done by hand, to a tenth whenever the
# validation error no longer fell (section 5); the released code says at which epochs: 25, 51 and 79
# of 91. Biases took part in the first drop only, and the first layer was slowed down after 67
# epochs and stopped after 72.

# %%
epochs, per_epoch = 91, 20
steps = range(epochs * per_epoch)
rate_of = {}
schedule = make_schedule("2012", 0.01, per_epoch, epochs)
for label, name in (
    ("weights", "conv2.weight"),
    ("biases", "conv2.bias"),
    ("conv1", "conv1.weight"),
):
    times = 2 if name.endswith("bias") else 1
    rates = [times * schedule.rate(s) * schedule.rate_factor(name, s) for s in steps]
    rate_of[f"2012: {label}"] = np.where(np.array(rates) > 0, rates, np.nan)
one_cycle = make_schedule("one-cycle", 0.01, per_epoch, epochs)
rate_of["one-cycle"] = [one_cycle.rate(s) for s in steps]
plots.curves(
    rate_of,
    [step / per_epoch for step in steps],
    xlabel="epoch",
    ylabel="learning rate",
    log="y",
    ylim=(3e-6, 5e-2),
    size=(6.5, 3.4),
)

# %% [markdown]
# One-cycle (Smith and Topin 2017) goes up once and then down to nothing. It suits short trainings,
# and is what `minialexnet train` takes by default.

# %% [markdown]
# ## The first weights
#
# Look at one output of a layer: $y = \sum_i w_i x_i$ over $n$ inputs (the **fan-in**). Let the
# weights be drawn with mean 0 and standard deviation $\sigma$, independently of the inputs. Then
# products have mean 0, and variances add up:
#
# $$\mathrm{Var}(y) = n \, \sigma^2 \, \mathrm{E}[x^2]$$
#
# The ReLU after it sets the lower half of a symmetric distribution to zero, and half of the mean
# square goes with it: $\mathrm{E}[\mathrm{relu}(y)^2] = \mathrm{Var}(y) / 2$. So from one layer's
# input to the next one's, the mean square is multiplied by $n \sigma^2 / 2$, and the size of the
# signal by the root of it:
#
# $$\mathrm{gain} = \sigma \sqrt{n / 2}$$
#
# A gain of 1 keeps signals as large as they are: $\sigma = \sqrt{2 / n}$, which is **He's
# initialisation** (2015). Gains multiply from layer to layer: seven layers with a gain of 1/3 leave
# 1/2187 of the signal, and gradients on their way back suffer likewise.
#
# **By hand**: conv3 has 384 filters of 3 × 3 pixels on 256 channels. What is its $n$? 256, 2304 or
# 3456? Then write it for any shape of weights.


# %%
def he_std(shape):
    # your code
    ...


learn.check("he_std", he_std)

# %% [markdown]
# ## What the text says, and what the code did
#
# The paper: all weights from a normal distribution with standard deviation 0.01, biases of 1 in
# conv2, conv4, conv5 and the hidden fully connected layers, 0 elsewhere. The code of 2012 agrees in
# the biases, but has **0.03 in conv3, conv4 and conv5**:

# %%
learn.source(initial_values, docstring=False)

# %% [markdown]
# Three times in three layers: is that much? Here are the gains of the network of the paper.

# %%
network = alexnet("paper", 1000, init="paper")
fan_in = {name: math.prod(network[name].params["weight"].shape[1:]) for name in LAYERS}
gains = {}
for init in ("paper", "2012"):
    sigma = dict.fromkeys(LAYERS, 0.01)
    if init == "2012":
        sigma |= {"conv3": 0.03, "conv4": 0.03, "conv5": 0.03}
    gains[init] = {name: sigma[name] * math.sqrt(fan_in[name] / 2) for name in LAYERS}
    middle = math.prod(gains[init][name] for name in ("conv3", "conv4", "conv5"))
    print(f"{init:>5}: conv3 to conv5 leave {middle:.3f} of the signal")
plots.bars(
    {
        f"{name}, fan-in {fan_in[name]:,}": [gains["paper"][name], gains["2012"][name]]
        for name in LAYERS
    },
    ["0.01 everywhere (the paper)", "the code of 2012"],
    xlabel="gain (1 keeps the size of signals)",
    form="{:.2f}",
)

# %% [markdown]
# With 0.03 the three middle layers hand on most of the signal, with 0.01 about a thirtieth. In
# both, conv1 and conv2 shrink it much. But they get something large to begin with: pixels of **0 to
# 255** minus their mean, with a spread of some 50. That is the second half of the recipe, and the
# one most often lost: today pixels are usually divided by 255, or by their standard deviation.
#
# ## Measured
#
# Four pictures go through the real network, 224 pixels and 61 million weights, fresh from the
# initialisation. What a network can learn from is how its outputs *differ from picture to
# picture*; what is the same for all (such as biases of 1) carries nothing. So for every unit, take
# the standard deviation over the pictures, and then the mean over the units.
#
# **Predict** which of these reaches fc8 with the least left: the paper's 0.01 on pixels of 0 to 1,
# or on pixels of 0 to 255? And by what factor?

# %%
few = learn.small_set(side=48, count=4, val_count=10)
large = [Image.fromarray(image).resize((224, 224)) for image in few.images]
pixels = xp.asarray(np.stack(large), dtype=xp.float32).transpose(0, 3, 1, 2)
pixels = xp.ascontiguousarray(pixels - pixels.mean(axis=(0, 2, 3), keepdims=True))
few_labels = xp.asarray([0, 250, 500, 750])  # four of the thousand classes


def passes(network, x):
    """Signals on the way forward, the loss, and each gradient as a share of its weights."""
    criterion, signal, change = SoftmaxCrossEntropy(), {}, {}
    for name, layer in network.layers.items():
        x = layer.forward(x)  # without dropout
        if layer.params:
            signal[name] = float(x.std(axis=0).mean())
    loss = float(criterion.forward(x, few_labels))
    dy = criterion.backward()
    for name, layer in reversed(network.layers.items()):
        dy = layer.backward(dy, input_gradient=name != "conv1")
        if layer.params:
            weight, grad = layer.params["weight"], layer.grads["weight"]
            change[name] = float(xp.linalg.norm(grad) / xp.linalg.norm(weight))
            layer.forget()
    return signal, loss, change


signals, losses, changes = {}, {}, {}


def measure(label, network, x):
    signals[label], losses[label], changes[label] = passes(network.to(xp), x)
    some = ("conv1", "conv2", "conv5", "fc7", "fc8")
    print(f"{label + ':':24}", *(f"{name} {signals[label][name]:7.2g}  " for name in some))


unit = pixels / pixels.std()
measure("paper, pixels 0 to 1", network, pixels / 255)
measure("paper, pixels 0 to 255", network, pixels)
for name in ("conv3", "conv4", "conv5"):
    network[name].params["weight"] *= 3  # 0.03
measure("2012, pixels 0 to 255", network, pixels)
measure("He, spread 1", alexnet("paper", 1000, init="he"), unit)
measure("Xavier, spread 1", alexnet("paper", 1000, init="xavier"), unit)
del network
names = list(next(iter(signals.values())))
plots.curves(
    {label: list(signal.values()) for label, signal in signals.items()},
    names,
    ylabel="spread from picture to picture",
    log="y",
    points=True,
    size=(7, 3.6),
)

# %% [markdown]
# Read the last column. With the paper's 0.01 on pixels of 0 to 1, all four pictures get the same
# thousand logits to the fifth decimal or so: whatever is shown, the network gives the same answer.
# Pixels divided by 255 leave the signal at every layer some 255 times smaller (nothing in between
# makes up for it), and 0.01 instead of 0.03 in three layers costs another factor of up to 27. He's
# weights with pixels of spread 1 lose far less. (The drop at fc8 is on purpose: the library starts
# the last layer near zero.) Xavier's, made for tanh, lose a factor of up to $\sqrt 2$ at every
# ReLU, and more where a layer has more outputs than inputs.
#
# ## What the first loss tells
#
# A network that knows nothing should rate all classes alike, and then the loss is $\ln C$, here
# $\ln 1000 = 6.908$.

# %%
for label, loss in losses.items():
    print(f"{label + ':':24} first loss {loss:.3f}   (ln 1000 = {math.log(1000):.3f})")

# %% [markdown]
# All of them are near it, the hopeless ones too. (Biases of 1 give every class a logit by chance,
# the same for all pictures, which moves the loss a little.) So the first loss finds one fault only,
# logits that are too *large*. That signals are too small shows in their spread, and
# in the gradients. By what share of itself would a weight change in a step, with a rate of 0.01 and
# full momentum?

# %%
shares = {label: [10 * 0.01 * change[name] for name in names] for label, change in changes.items()}
plots.curves(
    shares,
    names,
    ylabel="step / weight",
    log="y",
    points=True,
    ylim=(None, 100),
    size=(7, 3.8),
)

# %% [markdown]
# The gradient of a layer's weights is what comes back from above times the layer's input. With 0.01
# everywhere on pixels of 0 to 1, inputs of the lower layers are tiny and little comes back to them:
# conv1 and conv2 stand still. With the code's weights on 0 to 255 all layers move. He's and
# Xavier's curves are low for another reason: their last layer starts near zero, and lets little
# through until it has grown, which takes it some steps. Once training is under way, shares of about
# a thousandth to a few hundredths are healthy, as a rule of thumb. (Four pictures are few; in a
# batch of 128 more of the gradient cancels.) `minialexnet doctor` looks at all three, signals,
# first loss and step sizes, for your own pictures.
#
# ## One stays at ln C, the other starts
#
# Training the real network takes days. But by the derivation, what counts is not $\sigma$ but the
# gain, $\sigma \sqrt{n / 2}$. So the small network from above gets the *gains* of the large one,
# and its biases. **Predict** which of these four leave $\ln 4$ within six epochs:

# %%
pixels = xp.asarray(small.images, dtype=xp.float32)[chosen].transpose(0, 3, 1, 2)
raw = xp.ascontiguousarray(pixels - pixels.mean(axis=(0, 2, 3), keepdims=True))
starts = {}
for label, start, pictures in (
    ("0.01 everywhere, pixels 0 to 255", {"gains": gains["paper"], "bias": 1.0}, raw),
    ("code of 2012, pixels 0 to 1", {"gains": gains["2012"], "bias": 1.0}, raw / 255),
    ("code of 2012, pixels 0 to 255", {"gains": gains["2012"], "bias": 1.0}, raw),
    ("He, spread 1", {}, x),
):
    history = learn.train(small_network(**start), pictures, labels, 6, lr=0.01)
    starts[label] = by_epoch(history)
    first, last = starts[label][0], starts[label][-1]
    print(f"{label + ':':34} loss {first:.3f} at first, {last:.3f} at last")
plots.curves(
    starts,
    list("123456"),
    xlabel="epoch",
    ylabel="training loss",
    level=(math.log(4), "ln 4: guessing"),
    points=True,
)

# %% [markdown]
# The code's initialisation trains with the code's pixels, and not with pixels of 0 to 1; the
# paper's text does not train even with the code's pixels (here, in so many steps). It is not wrong
# for ever: the gradients are small, not zero, and a long training may get away in the end. But
# whoever rebuilds AlexNet from the text, divides pixels by 255, and sees 6.9 for hours, has made no
# mistake in the backward pass. The library's variants therefore name their initialisation, and
# `--init he` goes with scaled pixels.
#
# ## Break it
#
# Must weights be drawn by chance at all? Give all weights of a layer the same value, the one that
# He's formula names. **Predict**: does the loss go down? And what do the 16 filters of conv1 look
# like after training?

# %%
network = small_network()
for name in (*LAYERS, "fc8"):
    weight = network[name].params["weight"]
    weight[...] = 0.5 * float(weight.std())
same = by_epoch(learn.train(network, x, labels, 5, lr=0.01))


def differences(network, name):
    """Between the filters of a layer, beside their size."""
    weight = network[name].params["weight"]
    return float(abs(weight - weight[:1]).max() / abs(weight).max())


drawn = trained["rate 0.01"]  # from above, the same otherwise
for label, each, loss in (
    ("equal weights", network, same[-1]),
    ("drawn", drawn, lines["rate 0.01"][-1]),
):
    print(
        f"{label + ':':14} loss {loss:.3f}, filters of conv1 differ by "
        f"{differences(each, 'conv1'):.1g} of their size"
    )
plots.filters(xp.concatenate([each["conv1"].params["weight"] for each in (network, drawn)]))

# %% [markdown]
# Upper row: equal weights; lower row: drawn. Filters that start alike get the same gradient, and so
# stay alike for ever, but for rounding. A layer of 16 filters is worth one. Chance is needed to
# break that symmetry; its size is what this notebook was about.
#
# ## Three questions
#
# **1.** Someone divides the pixels by 255 and keeps all else of the recipe of 2012. By what factor
# are the outputs of conv1 smaller, and would a learning rate 255 times as large in conv1 make up
# for it?
#
# <details><summary>Answer</summary>
#
# 255 times (before the bias, which is 0 there). A larger rate in conv1 does not make up for it: its
# gradient is 255 times smaller because its *inputs* are, and its weights would have to become 255
# times as large, so the rate would have to be 255² times as large. And all layers above get small
# signals meanwhile. Weights that are 255 times as large at the start would make up for it.
#
# </details>
#
# **2.** A recipe says: rate 0.1, no momentum. You want a momentum of 0.9. Which rate do you begin
# with?
#
# <details><summary>Answer</summary>
#
# 0.01. With a steady gradient, momentum multiplies steps by 1 / (1 − 0.9) = 10.
#
# </details>
#
# **3.** In a program the line is `v = 0.9 * v - 0.0005 * w - lr * grad`. What goes wrong, and when
# does one notice?
#
# <details><summary>Answer</summary>
#
# The decay is not multiplied by the rate, so at a rate of 0.01 it is 100 times as strong: with
# momentum, a weight without a gradient loses half of itself in some 140 steps. And it does not
# become weaker with the rate: after each drop the decay weighs ten times as much beside the
# gradients, and the weights go to zero. `learn.check("sgd_step", ...)` knows this one.
#
# </details>
#
# ## Words
#
# | English | 日本語 |
# |---|---|
# | stochastic gradient descent (SGD) | 確率的勾配降下法 |
# | learning rate | 学習率 |
# | momentum | モーメンタム(慣性項) |
# | velocity | 速度 |
# | weight decay | 重み減衰(荷重減衰) |
# | bias | バイアス |
# | learning rate schedule | 学習率スケジュール |
# | batch, mini-batch | バッチ、ミニバッチ |
# | initialisation | 初期化、初期値 |
# | standard deviation, variance | 標準偏差、分散 |
# | fan-in, fan-out | 入力数(ファンイン)、出力数(ファンアウト) |
# | He initialisation, Xavier initialisation | Heの初期値、Xavierの初期値 |
# | vanishing gradient | 勾配消失 |
#
# ## Where to read on
#
# - [`minialexnet/training/sgd.py`](../minialexnet/training/sgd.py) and
#   [`schedules.py`](../minialexnet/training/schedules.py): the optimizer, and all schedules.
# - [`minialexnet/models/initialization.py`](../minialexnet/models/initialization.py): which layer
#   gets what; [`minialexnet/training/health.py`](../minialexnet/training/health.py): the check-up
#   before a training.
# - Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
#   networks" ([PMLR 9](https://proceedings.mlr.press/v9/glorot10a.html)): Xavier's initialisation.
# - He, Zhang, Ren and Sun 2015, "Delving deep into rectifiers"
#   ([arXiv:1502.01852](https://arxiv.org/abs/1502.01852)): the one for ReLUs.
# - Sutskever, Martens, Dahl and Hinton 2013, "On the importance of initialization and momentum in
#   deep learning" ([PMLR 28](https://proceedings.mlr.press/v28/sutskever13.html)): both halves of
#   this notebook.
# - Smith and Topin 2017, "Super-convergence"
#   ([arXiv:1708.07120](https://arxiv.org/abs/1708.07120)): one-cycle.
# - Next: [10. Augmentation](10_augmentation.ipynb).
