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
# # 12. Training
#
# Forward, loss, backward, step, some hundred times over: that is all. By the end of this notebook
# you have written the step yourself, you know what to look at while a network trains and how a sick
# start differs from a healthy one, and you can stop a training in the middle and go on to the same
# weights, bit by bit.
#
# *Reading: 25 minutes. Running: half a minute.*

# %%
import numpy as np

from minialexnet import SGD, SoftmaxCrossEntropy, alexnet, learn, plots
from minialexnet.backend import host_generator, to_host
from minialexnet.layers import Linear, ReLU, Sequential
from minialexnet.models import Parts

xp = np  # on a GPU: import cupy as xp

# %% [markdown]
# ## Where the numbers go
#
# The pictures go forward to one number, the loss. Its gradient goes back, and leaves a gradient for
# each parameter on its way. Then every parameter is moved a little against its gradient.

# %%
plots.flow(
    [
        ("x", "N × 3 × 24 × 24"),
        ("network", "logits, N × 10"),
        ("criterion", "loss, 1 number"),
    ],
    back=["not needed", "dlogits"],
)

# %% [markdown]
# ## One step by hand
#
# A network of one layer, with two inputs, two classes, and zeros for weights. One picture of two
# pixels, $x = (4, 2)$, whose class is the first. What happens:
#
# - logits $(0, 0)$, so softmax gives $(1/2, 1/2)$, and the loss is ln 2
# - the gradient of the logits is *share minus truth*: $(1/2 - 1, 1/2 - 0)$
# - the gradient of a weight is the gradient of its logit times its input
# - each weight is moved by $-0.1$ times its gradient (the learning rate is 0.1)
#
# **Predict** the four weights after the step. Will the loss of this picture be smaller then? (The
# biases move too, at twice the rate.)

# %%
tiny = Sequential({"fc": Linear(2, 2)}).to(xp)
tiny["fc"].params["weight"][...] = 0
criterion, optimizer = SoftmaxCrossEntropy(), SGD(tiny, lr=0.1)

x, labels = xp.array([[4.0, 2.0]], dtype="float32"), xp.array([0])
before = criterion.forward(tiny.forward(x, training=True), labels)
dlogits = criterion.backward()
tiny.backward(dlogits)
optimizer.step()
after = criterion.forward(tiny.predict(x), labels)

print(f"loss before {float(before):.3f} (ln 2 = {np.log(2):.3f}), after {float(after):.3f}")
plots.matrices(
    [x, "", dlogits.T, "", tiny["fc"].grads["weight"], "→", tiny["fc"].params["weight"]],
    ["x", "", "dlogits", "", "gradient", "", "weights after"],
    cell=0.62,
)

# %% [markdown]
# In general, with the velocity $v$ of a weight $w$ and the gradient $g$ (section 5 of the paper):
#
# $$v \leftarrow 0.9 \, v - 0.0005 \, \varepsilon \, w - \varepsilon \, g$$
#
# $$w \leftarrow w + v$$
#
# The learning rate $\varepsilon$ decides how far a step goes; 0.9 of the last step is kept
# (momentum); and the weights shrink a little (weight decay). `SGD` does that for each parameter:
# [notebook 9](09_sgd_and_initialisation.ipynb) takes it apart.
#
# If you come from PyTorch: there is no `zero_grad()` here. `backward` *replaces* the gradients of
# the last pass, it does not add to them.
#
# **Your turn.** One step of training, for any network; it returns the loss. Three things to think
# of: in training the network must know that it is trained (`training=True`), for dropout's sake;
# the loss needs the labels; and the order matters. (The *criterion* is the loss:
# `criterion.forward(logits, labels)` and `criterion.backward()`. The checker lets your function
# take several steps, so its `x` has the steps first.)


# %%
def train_step(network, criterion, optimizer, x, labels):
    # your code
    ...


learn.check("train_step", train_step, xp)

# %% [markdown]
# ## A training, written out
#
# Ten classes of drawn shapes and textures, 24 pixels, 1,600 to train on. (Or photographs: see the
# first line.) The network is `mini`, AlexNet's small relative with all its parts. Dropout is left
# out: it makes the first epochs slower, and there will be only four.

# %%
data = None  # photographs: "imagenette2-160", after the command minialexnet data get imagenette
pictures = learn.small_set(24, 1600, 300, data=data, xp=xp)
plots.pictures(pictures.images[:10], pictures.classes, columns=10)

# %% [markdown]
# **Predict** the first loss, before anything is learnt. (The last layer begins near zero, so all
# ten classes get about the same share.)
#
# While it trains we look at four things:
#
# 1. the **loss** of each step;
# 2. the **size of a step**: how long the velocity of a layer is beside its weights;
# 3. the **units**: how many of a layer's units are zero for *every* picture of a batch. A unit
#    that never fires gets no gradient. It is dead;
# 4. the **filters** of the first layer, as pictures.


# %%
def dead_units(network, x):
    """{ReLU: share of its channels or units that are zero for all of x}."""
    shares = {}
    for name, layer in network.layers.items():
        x = layer.predict(x)
        if isinstance(layer, ReLU):
            silent = (x <= 0).all(axis=(0, 2, 3) if x.ndim == 4 else 0)
            shares[name] = float(silent.mean())
    return shares


def step_sizes(network, optimizer):
    """{layer: length of its last step over the length of its weights}."""
    sizes = {}
    for name, layer in network.layers.items():
        if layer.params:
            step, w = optimizer.velocity[f"{name}.weight"], layer.params["weight"]
            sizes[name] = float((step**2).sum() / (w**2).sum()) ** 0.5
    return sizes


# %%
EPOCHS, BATCH, LR = 4, 20, 0.01


def fresh(**options):
    return alexnet("mini", len(pictures.classes), 24, **options).to(xp)


network = fresh(parts=Parts(dropout=0))
criterion, optimizer = SoftmaxCrossEntropy(), SGD(network, LR)
generator = host_generator(0)

losses, sizes, dead, errors = [], [], [], []
filters = [network["conv1"].params["weight"].copy()]
for epoch in range(EPOCHS):
    order = xp.asarray(generator.permutation(len(pictures.x)))
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        logits = network.forward(pictures.x[batch], training=True)
        losses.append(float(criterion.forward(logits, pictures.labels[batch])))
        network.backward(criterion.backward(), input_gradient=False)
        optimizer.step()
        if len(losses) % 10 == 0:
            sizes.append(step_sizes(network, optimizer))
    dead.append(dead_units(network, pictures.x[:100]))
    filters.append(network["conv1"].params["weight"].copy())
    errors.append(learn.error(network, pictures.val_x, pictures.val_labels))
    print(f"epoch {epoch + 1}: validation error {errors[-1]:.1%}")

# %% [markdown]
# That is a whole training. Two lines are easy to overlook. `order` is new for each epoch, and the
# *same* order picks pictures and labels. And `input_gradient=False` saves the gradient of the
# pictures themselves, which nobody needs.
#
# ### 1. The loss

# %%
mean_of_ten = np.convolve(losses, np.ones(10) / 10, "valid")
print(f"first loss {losses[0]:.3f}, ln 10 = {np.log(10):.3f}")
plots.curves(
    {"each step": losses, "mean of ten": (np.arange(len(mean_of_ten)) + 9, mean_of_ten)},
    xlabel="step",
    ylabel="loss",
    level=(np.log(10), "guessing: ln 10"),
)

# %% [markdown]
# A first loss of ln C for $C$ classes is the first test of all. Far above it: the logits start
# too large. Then, often, there is a stretch in which little seems to happen: the lower layers have
# to make something useful before the upper ones can use it. The loss of single batches jumps about;
# look at its mean.
#
# ### 2. The size of a step

# %%
layers = ["conv1", "conv3", "conv5", "fc6", "fc8"]
plots.curves(
    {name: [entry[name] for entry in sizes] for name in layers},
    10 * np.arange(1, len(sizes) + 1),
    xlabel="step",
    ylabel="length of step / length of weights",
    log="y",
    ylim=(None, 2),
)

# %% [markdown]
# This is a healthy training. As a rule of thumb, a step has about a thousandth of the length of the
# weights. A tenth means that the weights are thrown about, a hundred-thousandth that nothing moves.
# Layers differ: the last one begins with very small weights, so its steps are large beside them.
#
# ### 3. The units

# %%
for epoch, shares in enumerate(dead, 1):
    print(f"epoch {epoch}: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))

# %% [markdown]
# Some units are silent for these 100 pictures. A few percent do no harm. When it is half of a layer
# or more, the learning rate was too large, or the layer's inputs are all negative.
#
# ### 4. The filters
#
# The first 16 filters of conv1: at the start, at the end, and in the lower two rows what the
# training has *added*, after one epoch and after all of them.

# %%
first, last = filters[0], filters[-1]
rows = [first, last, filters[1] - first, last - first]
plots.filters(xp.concatenate([row[:16] for row in rows]), columns=16)

# %% [markdown]
# The first two rows look alike: the filters begin as noise, and the noise stays. What is added is
# another matter. It is smoother, neighbouring pixels go together, and there are edges and colours
# in it. (Each picture is stretched by itself; what is added is small beside the noise.) The
# filters of the paper's figure 3 are what comes of it with windows of 11 × 11, photographs, and 90
# epochs of 1.2 million pictures. How far have they moved by now?

# %%
moved = {
    f"after epoch {i}": float(((w - first) ** 2).sum() / (first**2).sum()) ** 0.5
    for i, w in enumerate(filters[1:], 1)
}
plots.bars(moved, xlabel="distance from the first weights, in lengths of these")

# %% [markdown]
# Go further: 12 epochs, dropout as in the paper (`fresh()`), or the built-in set in full, with
# `minialexnet train` (two to three minutes).
#
# ## What counts as right?
#
# Top-1 error: the best-rated class is not the true one. Top-5 error, ImageNet's own measure: the
# true class is not among the five best-rated. (A photograph may well show two of 1000 classes. With
# ten classes, as here, top-5 says little.)
#
# **Your turn**, for any $k$:


# %%
def topk_error(logits, labels, k):
    # your code
    ...


learn.check("topk_error", topk_error, xp)

# %%
solved = topk_error
if not learn.check("topk_error", topk_error, xp).ok:  # yours, if it is right
    solved = learn.exercise("topk_error").solution
logits = network.predict(pictures.val_x)
chance = {k: 1 - k / len(pictures.classes) for k in (1, 2, 3, 5)}
plots.bars(
    {f"top-{k}": (float(solved(logits, pictures.val_labels, k)), chance[k]) for k in chance},
    ["this network", "guessing"],
    xlabel="error",
)

# %% [markdown]
# ## Twenty pictures by heart
#
# Before you train anything for hours, let it learn twenty pictures by heart. A network that cannot
# do that will learn nothing else. One that can has its layers, its gradients, its loss and its
# update connected. It takes seconds, and finds most mistakes.

# %%
few_x, few_labels = pictures.x[:20], pictures.labels[:20]


def losses_of(network, batches, lr=LR):
    """Train on these batches; stop when the loss explodes."""
    criterion, optimizer = SoftmaxCrossEntropy(), SGD(network, lr)
    losses = []
    for x, labels in batches:
        losses.append(float(criterion.forward(network.forward(x, training=True), labels)))
        if not losses[-1] < 100:
            break
        network.backward(criterion.backward(), input_gradient=False)
        optimizer.step()
    return losses


by_heart = fresh()  # with dropout this time
with_dropout = losses_of(by_heart, [(few_x, few_labels)] * 80)
right = int((by_heart.predict(few_x).argmax(axis=1) == few_labels).sum())
print(f"{right} of 20 right")
plots.curves({"": with_dropout}, xlabel="step", ylabel="loss", ylim=(0, None))

# %% [markdown]
# The loss stays above zero and jumps, though at test time the network knows the pictures: in
# training half of the hidden units are missing, others each time. This is also how to see that
# `training=True` was *not* forgotten. Without it the loss falls faster and more smoothly. So this
# mistake looks like an improvement, and nothing but the missing jumps tells that there is no
# dropout:


# %%
def losses_without_dropout(network, x, labels, steps):
    criterion, optimizer, losses = SoftmaxCrossEntropy(), SGD(network, LR), []
    for _ in range(steps):
        losses.append(float(criterion.forward(network.forward(x), labels)))  # training=True?
        network.backward(criterion.backward(), input_gradient=False)
        optimizer.step()
    return losses


forgotten = losses_without_dropout(fresh(), few_x, few_labels, 30)
plots.curves(
    {"with dropout": with_dropout[:30], "training=True forgotten": forgotten},
    xlabel="step",
    ylabel="loss",
    ylim=(0, None),
)

# %% [markdown]
# `minialexnet doctor` does this, and looks at the first loss, dead units and the size of the
# steps, with the options you would give to `train`.
#
# ## Break it
#
# Three sick starts:
#
# - **learning rate 0.5** instead of 0.01;
# - **wrong labels**: the labels shuffled, the pictures not;
# - **wrong initialisation**: 0.01 everywhere, as the paper's text has it, for pixels with a spread
#   of 1.
#
# **Predict** for each: does the loss explode, stay at ln 10, or fall?

# %%
plain = {"parts": Parts(dropout=0)}
wrong = pictures.labels[xp.asarray(generator.permutation(len(pictures.x)))]


def batches(labels, steps=80):
    places = [slice(i, i + BATCH) for i in range(0, steps * BATCH, BATCH)]
    return [(pictures.x[place], labels[place]) for place in places]


right = pictures.labels
starts = {
    "healthy": losses_of(fresh(**plain), batches(right)),
    "learning rate 0.5": losses_of(fresh(**plain), batches(right), lr=0.5),
    "wrong labels": losses_of(fresh(**plain), batches(wrong)),
    "wrong initialisation": losses_of(fresh(init="paper", **plain), batches(right, 50)),
}
for name, curve in starts.items():
    print(f"{name:21} {len(curve):3} steps, the last loss is {curve[-1]:.3g}")
plots.curves(
    {
        name: np.convolve(curve, np.ones(8) / 8, "valid") if len(curve) > 8 else curve
        for name, curve in starts.items()
    },
    xlabel="step (means of eight)",
    ylabel="loss",
    ylim=(1.3, 3.2),
    level=(np.log(10), "ln 10"),
    size=(7, 3.8),
)

# %% [markdown]
# - Too large a learning rate **explodes** within a few steps: the loss *diverges* (its line leaves
#   the picture at the left). A somewhat too large one is harder to see: the loss stays at ln 10 or
#   above it, with jumps.
# - Wrong labels **stay at guessing**. Nothing else is amiss: the steps have the right size, the
#   units are alive, and a few pictures *can* be learnt by heart with any labels (Zhang et al. 2017,
#   see below). So look at some pictures with their labels before you train.
# - A wrong initialisation **stays there too**, for quite another reason: the signal fades from
#   layer to layer. So it helps to look at how far the outputs of each layer spread:


# %%
def spreads(network, x):
    """{layer: standard deviation of its outputs from picture to picture}."""
    found = {}
    for name, layer in network.layers.items():
        x = layer.predict(x)
        if layer.params:
            found[name] = float(x.std(axis=0).mean())
    return found


some = pictures.x[:50]
plots.curves(
    {
        "He": list(spreads(fresh(), some).values()),
        "0.01 everywhere": list(spreads(fresh(init="paper"), some).values()),
    },
    np.arange(1, 9),
    xlabel="layer: 1 to 5 convolutions, 6 to 8 fully connected",
    ylabel="spread of the outputs",
    log="y",
    points=True,
)

# %% [markdown]
# With 0.01 everywhere the pictures differ less and less from layer to layer, until for fc8 they are
# all the same picture. (He's fc8 is small on purpose, so that the first loss is ln 10.)
#
# ## With everything a long training needs
#
# `learn.train` is the loop above. `Trainer`, which the command `minialexnet train` calls, is the
# same loop with what long trainings need: augmentation, schedules, validation, checkpoints. Its
# heart you know:

# %%
from minialexnet.training import Trainer

learn.source(Trainer.step, docstring=False)

# %% [markdown]
# All choices of a run stand in one configuration. What you do not choose is planned to suit the
# pictures, from a preset:

# %%
import sys
from pathlib import Path

from minialexnet.datasets import PictureSet
from minialexnet.training import (
    Progress,
    RunFolder,
    TrainingInterrupted,
    load_checkpoint,
    planned,
)

COUNT = 320


def as_set(images, labels):
    labels = to_host(labels)
    return PictureSet(images, labels, pictures.classes, [f"{i}.png" for i in range(len(images))])


train = as_set(pictures.images[:COUNT], pictures.labels[:COUNT])
val = as_set(pictures.val_images[:200], pictures.val_labels[:200])
config = planned(
    data="built-in",
    num_classes=len(pictures.classes),
    num_pictures=COUNT,
    picture_size=24,
    pixel_std=float(train.statistics.colour_std.mean()),
    backend="numpy" if xp is np else "cupy",
    epochs=2,
)
for name in ("variant", "init", "image_size", "batch_size", "schedule", "lr", "flip", "preset"):
    print(f"{name:12}{getattr(config, name)}")

# %% [markdown]
# First, two short epochs without a break. (320 pictures are far too few to learn much. This is
# about something else.)


# %%
def trainer(folder, progress=None):
    run = RunFolder(Path("runs") / "notebook-12" / folder)
    run.path.mkdir(parents=True, exist_ok=True)
    mean = train.statistics.mean_colour
    return Trainer(config, train, val, mean, run, progress or Progress(sys.stdout))


whole = trainer("whole")
history = whole.fit()

# %% [markdown]
# And now the same, with Ctrl-C in the middle of the second epoch. (In a notebook, the button that
# interrupts the kernel does it. Here the cell presses it by itself, after 440 pictures. The command
# it names goes on with runs of `minialexnet train`; this one has pictures of the notebook's own.)

# %%
import signal


class Impatient(Progress):
    """Presses Ctrl-C once so many pictures are done."""

    seen = 0

    def update(self, units, text):
        super().update(units, text)
        self.seen += units if text else 0  # validation has no text
        if self.seen - units < 440 <= self.seen:
            signal.raise_signal(signal.SIGINT)


parts = trainer("parts", Impatient(sys.stdout))
try:
    parts.fit()
except TrainingInterrupted as stopped:
    print(stopped)

# %% [markdown]
# What does it take to go on as if nothing had happened? **Think** before you read on: the weights
# are not enough.
#
# - the **velocity** of each parameter;
# - the **position**: which epoch, which step of it, and so which pictures are still to come, and at
#   which learning rate;
# - the **random numbers**: of the order, the crops, the mirrors, and of dropout's masks. Here each
#   is a function of a seed and a counter, so the counter is enough;
# - the losses and errors counted so far.
#
# The checkpoint counts finished epochs and the steps of the one that is going on; under `layers`
# stand the seed of each dropout and how many masks it has drawn.

# %%
checkpoint = load_checkpoint(parts.run.last)
for name in ("epoch", "step", "layers"):
    print(f"{name:7}{checkpoint.progress[name]}")

resumed = trainer("parts")  # all new, as in another process
resumed.restore(checkpoint)
history = resumed.fit()

# %%
same = [
    np.array_equal(to_host(whole.network.params[name]), to_host(resumed.network.params[name]))
    for name in whole.network.params
]
print(f"{sum(same)} of {len(same)} arrays of parameters are equal, bit by bit")

# %% [markdown]
# When a run ends badly, you can go back and watch the same thing happen again;
# and a comparison of two recipes compares the recipes, not two random orders.
#
# ### What lies in the folder

# %%
for path in sorted(resumed.run.path.iterdir()):
    if not path.name.startswith("."):
        print(f"{path.name:12} {path.stat().st_size / 1e3:9,.1f} kB")
print()
print((resumed.run.path / "metrics.csv").read_text())

# %% [markdown]
# - `config.json`: all choices; with the same pictures they give the same weights.
# - `metrics.csv`, `curves.png`: one line an epoch, and the same drawn.
# - `last.npz`: the last checkpoint, from which a run goes on.
# - `best.npz`: the one with the smallest validation error, which `minialexnet predict` takes.
#
# Why the best, and not the last? When a network begins to learn its pictures by heart, the training
# error goes on falling and the validation error rises again. But be honest with the number: the
# best of many epochs was *chosen* by these pictures, so it is a little too good. With 200 pictures,
# one picture is 0.5%.
#
# ## On photographs
#
# ```sh
# minialexnet data get imagenette             # 99 MB
# minialexnet train --data imagenette2-160    # the paper's network, as the preset photos has it
# ```
#
# What to expect: Imagenette at 128 pixels, 10 classes, 9,469 training and 1,000 validation
# pictures, the `paper` network with He's initialisation: 82.8% right, over ten crops 83.1%, after
# 50 epochs or 45 minutes (`minialexnet train --data imagenette128.tgz`, which is Imagenette scaled
# to 128 pixels; 2 cores of an AMD EPYC (Zen 5), 2026-11-23; older ones take about twice as long).
# With crops and mirrors only, 20 epochs: 78.6%. The network of 2012 took 90 epochs of 1.2 million
# pictures, five to six days on two GTX 580 (section 5 of the paper).
#
# On a GPU the same command takes it by itself where CuPy is installed; `--backend cupy` insists on
# it.
#
# ## Three questions
#
# **1.** The first loss of a network with 1000 classes is 6.9. After an hour it is 6.9. What do you
# look at first?
#
# <details><summary>Answer</summary>
#
# ln 1000 = 6.91: it is guessing, as it should at the start. An hour later that is sick. First learn
# twenty pictures by heart. If it cannot: the spread of each layer's outputs (a signal that fades is
# a matter of initialisation and the scale of the pixels), then the size of the steps, then dead
# units. If it can, look at pictures with their labels: are they each other's?
#
# </details>
#
# **2.** Training error 4%, validation error 20%: both stand in the same line of `metrics.csv`. Is
# there a mistake?
#
# <details><summary>Answer</summary>
#
# No, that is learning by heart: more pictures, more augmentation, more dropout. But the two are not
# measured alike, either. The training error is counted *while* the network learns, with dropout and
# on changed pictures, which makes it larger. Early in a training it is often the larger one.
#
# </details>
#
# **3.** A run is resumed with the right weights, but with velocities of zero. What does the loss
# do?
#
# <details><summary>Answer</summary>
#
# It goes on from where it was: the weights are the same. But the next steps are too short: with
# momentum 0.9, a steady gradient moves ten times as far as a single one, and the velocity needs
# some ten steps to get there again. So the weights are others, though the curve hardly shows it.
#
# </details>
#
# ## Words
#
# | English | 日本語 |
# |---|---|
# | training, learning | 訓練、学習 |
# | loss (function) | 損失(関数) |
# | stochastic gradient descent (SGD) | 確率的勾配降下法 |
# | learning rate | 学習率 |
# | momentum | モーメンタム(慣性項) |
# | weight decay | 重み減衰(荷重減衰) |
# | epoch | エポック |
# | mini-batch | ミニバッチ |
# | validation set | 検証データ |
# | overfitting | 過学習 |
# | divergence (of the loss) | (損失の)発散 |
# | checkpoint | チェックポイント |
#
# ## Where to read on
#
# - [`minialexnet/learn/loop.py`](../minialexnet/learn/loop.py): the loop of the course on one
#   page.
# - [`minialexnet/training/trainer.py`](../minialexnet/training/trainer.py),
#   [`checkpoint.py`](../minialexnet/training/checkpoint.py): the long one, and what is saved.
# - [`minialexnet/training/health.py`](../minialexnet/training/health.py): the check-up of
#   `minialexnet doctor`.
# - [`minialexnet/training/presets`](../minialexnet/training/presets): recipes that are known to
#   work, and the one of 2012.
# - Zhang, Bengio, Hardt, Recht and Vinyals 2017, "Understanding deep learning requires rethinking
#   generalization" ([arXiv:1611.03530](https://arxiv.org/abs/1611.03530)): networks learn even
#   labels drawn by lot, by heart.
# - Krizhevsky, Sutskever and Hinton 2012
#   ([NeurIPS](https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks)),
#   section 5: details of learning.
# - Next: [13. Look inside](13_look_inside.ipynb).
