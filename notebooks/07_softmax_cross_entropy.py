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
# # 7. Softmax and cross-entropy
#
# The network ends in one number for each class, the *logits*. Softmax turns them into shares that
# sum to 1, and cross-entropy says how surprised the network was by the truth. By the end of this
# notebook you have written both, with the gradient that all of training begins from, and you know
# which number a healthy network's first loss should be.
#
# *Reading: 25 minutes. Running: some seconds.*

# %%
import math

import numpy as np

from minialexnet import alexnet, learn, ops, plots
from minialexnet.backend import to_host
from minialexnet.gradcheck import check_function

xp = np  # on a GPU: import cupy as xp
rng = np.random.default_rng(0)

# %% [markdown]
# ## Where the numbers go
#
# N pictures, C classes. Below the arrows stands what comes back: the gradient of the loss with
# respect to each step's input. The leftmost one goes back into the network: it is the one to
# understand.

# %%
plots.flow(
    [
        ("logits z", "N × C"),
        ("log-softmax", "N × C"),
        ("−log p of label", "N"),
        ("mean", "one number"),
    ],
    back=["(p − t) / N", "−t / N", "1 / N"],
)

# %% [markdown]
# ## Shares, by hand
#
# A class's share grows with its logit. Softmax takes $e^z$, which is positive for any $z$, and
# divides by the sum. These shares are what the literature calls the **probabilities** of the
# classes:
#
# $$p_c = \frac{e^{z_c}}{\sum_j e^{z_j}}$$
#
# Take three classes with the logits $\ln 1$, $\ln 3$ and $\ln 6$, so that $e^z$ is 1, 3 and 6.
# **Predict** the shares. And what will they be if you add 3 to all logits?

# %%
z = xp.log(xp.array([[1.0, 3.0, 6.0]]))
e = xp.exp(z)
p = e / e.sum(axis=1, keepdims=True)
plots.matrices([z, "→", e, "→", p], ["z", "", "$e^z$", "", "p"], form="{:.2g}", cell=0.5)

# %%
print("logits z:    ", ops.softmax(z))
print("logits z + 3:", ops.softmax(z + 3))

# %% [markdown]
# Nothing changes. $e^{z + 3} = e^3 e^z$, and $e^3$ cancels. Only the *differences* of the logits
# count: a class that is ahead of another by $d$ has $e^d$ times its share.
#
# $$\frac{p_a}{p_b} = e^{z_a - z_b}$$
#
# So logits that are twice as large make a network much surer of itself, without changing which
# class comes first. One can also divide all logits by a number $T$, the **temperature**, to make
# the shares more even ($T > 1$) or more extreme ($T < 1$). AlexNet has $T = 1$.

# %%
temperatures = (0.5, 1, 2)
shares = to_host(xp.stack([ops.softmax(z[0] / t) for t in temperatures]))
plots.bars(
    {f"$e^z$ = {value}": shares[:, c] for c, value in enumerate((1, 3, 6))},
    [f"T = {t}" for t in temperatures],
    xlabel="share",
)

# %% [markdown]
# ## Numbers that do not fit
#
# $e^z$ grows fast, and the numbers of a computer end somewhere. Where?

# %%
for dtype in (np.float32, np.float64):
    largest = float(np.finfo(dtype).max)
    print(
        f"{np.dtype(dtype)}: up to {largest:.1e}, "
        f"so e^z is infinite for z > {math.log(largest):.2f}"
    )

# %% [markdown]
# A logit of 89 is no rarity: a network whose pixels run from 0 to 255 instead of around 0 has
# logits of hundreds. **Predict** what the formula, taken literally, gives for these three pictures
# in float32. The shares of the first two should be the same.

# %%
z = xp.array([[0, 1, 2], [100, 101, 102], [-200, -201, -202]], dtype=xp.float32)
with np.errstate(all="ignore"):  # NumPy would warn
    e = xp.exp(z)
    literally = e / e.sum(axis=1, keepdims=True)
print(literally)

# %% [markdown]
# The second row is infinity divided by infinity, the third 0 divided by 0: neither is a number
# (NaN). And NaN spreads: it goes into the gradients, and one step later into every weight.
#
# Only differences count, so we may subtract from a row what we like before we take powers. With
# its largest logit $m$, the largest power is $e^0 = 1$:
#
# $$p_c = \frac{e^{z_c - m}}{\sum_j e^{z_j - m}} \qquad m = \max_j z_j$$
#
# Nothing overflows any more. Small powers may still become 0, which is harmless here: their
# classes' shares are too small to matter, and the sum is at least 1.

# %%
print(ops.softmax(z))
learn.source(ops.softmax, docstring=False)

# %% [markdown]
# ## Logarithms without log(0)
#
# The loss will need $\log p$. There a share that has become 0 is *not* harmless. So the logarithm
# is taken on paper first, where it undoes the power:
#
# $$\log p_c = \log \frac{e^{z_c - m}}{\sum_j e^{z_j - m}} = (z_c - m) - \log \sum_j e^{z_j - m}$$
#
# What the last logarithm is taken of lies between 1 and C, whatever the logits are. Here is
# $-\log p$ of a class that is behind another by 0 to 150, in float32, in three ways. **Predict**
# where each of the first two lines ends.

# %%
behind = xp.linspace(0, 150, 301, dtype=xp.float32)
z = xp.stack([xp.zeros_like(behind), behind], axis=1)  # the first class is asked for
with np.errstate(all="ignore"):
    e = xp.exp(z)
    ways = {
        "log of the literal share": -xp.log(e / e.sum(axis=1, keepdims=True))[:, 0],
        "maximum subtracted, share, log": -xp.log(ops.softmax(z))[:, 0],
        "log-softmax": -ops.log_softmax(z)[:, 0],
    }
for name, values in ways.items():
    good = to_host(xp.isfinite(values))
    until = "to the end" if good.all() else f"up to {float(behind[int(good.argmin()) - 1]):.1f}"
    print(f"{name}: finite {until}")
lifted = {  # each a little above the last, or they would cover each other
    name: xp.where(xp.isfinite(values), values, xp.nan) + 6 * i
    for i, (name, values) in enumerate(ways.items())
}
plots.curves(
    lifted,
    x=behind,
    xlabel="how far the true class is behind",
    ylabel="−log p (lines moved apart by 6)",
)

# %% [markdown]
# **Your turn.** `z` has the shape (N, C): a row is a picture.


# %%
def log_softmax(z):
    # your code
    ...


learn.check("log_softmax", log_softmax, xp)

# %% [markdown]
# ## Cross-entropy: how surprised?
#
# The loss of a picture is $-\log p$ of its true class, and nothing else. One may read it as
# *surprise*: what one was sure of surprises nobody, and what one thought impossible surprises
# without bound.

# %%
for share in (1, 0.5, 0.1, 0.01, 0.001):
    print(f"share {share:5}: loss {math.log(1 / share):.3f}")
share = np.linspace(0.002, 1, 500)
plots.curves(
    {"−log p": -np.log(share), "1 − p": 1 - share},
    x=share,
    xlabel="share p of the true class",
    ylabel="loss",
)

# %% [markdown]
# Why a logarithm, and not simply $1 - p$? Pictures are independent of each other, so the
# probability that *all* labels are as they are is the product of the shares. Its logarithm is a
# sum, and sums can be learnt from piece by piece. (That product is called the **likelihood** of the
# labels.) The loss is the mean of this sum over the batch, with a minus:
#
# $$L = -\frac{1}{N} \sum_n \log p_{n, \mathrm{label}(n)}$$
#
# The paper says it the other way round: it maximises the average logarithm of the true class's
# probability (section 3.5). That is the same thing.
#
# With $t$ for the target (1 at the label, 0 elsewhere: **one-hot**) it reads
# $-\sum_c t_c \log p_c$, which is called the **cross-entropy** of $t$ and $p$.
#
# **Your turn**: from logits (N, C) and labels (N,) to one number. To pick one number of each row,
# `array[xp.arange(N), labels]` is handy.


# %%
def cross_entropy(logits, labels):
    # your code
    ...


learn.check("cross_entropy", cross_entropy, xp)

# %% [markdown]
# ## ln C, the first thing to look at
#
# A network that has learnt nothing should be sure of nothing: a share of $1/C$ for each class. Its
# loss is then
#
# $$-\ln \frac{1}{C} = \ln C$$
#
# whatever the pictures are. So one knows what the first loss must be before one starts.

# %%
x = xp.asarray(rng.standard_normal((16, 3, 32, 32)), dtype=xp.float32)
for classes in (10, 100, 1000):
    network = alexnet("mini", num_classes=classes, image_size=32).to(xp)
    labels = xp.asarray(rng.integers(0, classes, 16))
    loss, _ = ops.softmax_cross_entropy(network.predict(x), labels)
    print(f"{classes:4} classes: ln C = {math.log(classes):.3f}, first loss {float(loss):.3f}")

# %% [markdown]
# Three networks, alike but for the size of some weights at the beginning:
#
# - **well begun**: the last layer's weights are small, so all logits are near 0;
# - **too large**: the last layer's weights are 30 times what He's formula says;
# - **too small**: the weights of both layers are a thousandth of it.
#
# **Predict** for each: at which loss does it begin, and does it learn?
#
# (The pictures are the built-in ones. To go further, let `data` be Imagenette's folder, and take
# more epochs.)

# %%
from minialexnet.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential

data = None  # or the folder that `minialexnet data get imagenette` names
pictures = learn.small_set(24, 2000, data=data, xp=xp)


def network(conv1=1.0, fc2=1.0):
    """A small network; its weights are He's, times these."""
    generator = np.random.default_rng(0)
    made = Sequential(
        {
            "conv1": Conv2d(3, 16, 5, stride=2, generator=generator),
            "relu1": ReLU(),
            "pool1": MaxPool2d(3, 2),
            "flatten": Flatten(),
            "fc2": Linear(16 * 4 * 4, len(pictures.classes), generator=generator),
        }
    ).to(xp)
    made.params["conv1.weight"][...] *= conv1
    made.params["fc2.weight"][...] *= fc2
    return made


beginnings = {
    "well begun": network(fc2=0.1),
    "too large": network(fc2=30),
    "too small": network(conv1=1e-3, fc2=1e-3),
}
losses = {}
for name, made in beginnings.items():
    losses[name] = learn.train(made, pictures.x, pictures.labels, epochs=3)["loss"]
    print(f"{name}: first loss {losses[name][0]:.2f}, last {np.mean(losses[name][-10:]):.2f}")
plots.curves(
    losses,
    xlabel="step",
    ylabel="loss",
    ylim=(0.8, 5),
    level=(math.log(len(pictures.classes)), "ln C"),
)

# %% [markdown]
# Both kinds of trouble are seen without waiting for the end of an epoch:
#
# - **The first loss is far above ln C.** The network is sure of things that it cannot know: its
#   logits are too large. Look at the scale of the pixels (0 to 255?) and of the last layer's
#   weights. The first steps are then huge, for every picture is a great surprise. Here they do
#   lasting harm, as the next cell shows.
# - **The loss stays at ln C.** The network gives all classes the same share, whatever it sees.
#   Either no signal gets through (weights too small, ReLUs that never fire), or none comes back
#   (a gradient that is not passed on, a learning rate of 0), or the labels have nothing to do with
#   the pictures (shuffled apart). The network that began too small waits at ln C until its
#   weights have grown. It has two layers; with AlexNet's eight, and the paper's initialisation
#   taken literally, the wait can be longer than one's patience. More of that in notebook 9.
# - **The first loss is far below ln C.** Nobody can know that much by chance: the labels must have
#   leaked into the input, or there are fewer classes than you think.

# %%
print("share of conv1's outputs that are above 0, after training:")
for name, made in beginnings.items():
    alive = float((made.before("pool1").predict(pictures.val_x) > 0).mean())
    print(f"  {name}: {alive:.1%}")

# %% [markdown]
# With ReLUs that are 0 for every picture, no gradient reaches the filters again, and only the last
# layer's biases go on learning. The best they can do is to give each class its share among the
# pictures: ln C.
#
# ## Backward: p − t
#
# For one picture, with $y$ for its label,
#
# $$L = -\log p_y = -z_y + \log \sum_j e^{z_j}$$
#
# Now move one logit $z_c$. The first term gives $-1$ if $c$ is the label, and 0 otherwise: that is
# $-t_c$. The second gives
#
# $$\frac{\partial}{\partial z_c} \log \sum_j e^{z_j} = \frac{e^{z_c}}{\sum_j e^{z_j}} = p_c$$
#
# and that is all:
#
# $$\frac{\partial L}{\partial z_c} = p_c - t_c$$
#
# What the network says minus what it should have said. So simple because the logarithm undoes the
# power of softmax; each made for the other. **Predict** the gradient for the three shares of the
# beginning, 0.1, 0.3 and 0.6, if the middle class is the true one.

# %%
z, labels = xp.log(xp.array([[1.0, 3.0, 6.0]])), xp.array([1])
loss, p = ops.softmax_cross_entropy(z, labels)
target = xp.array([[0.0, 1.0, 0.0]])
gradient = ops.softmax_cross_entropy_backward(1.0, p, labels)
plots.matrices(
    [p, "−", target, "=", gradient],
    ["p", "", "t", "", "gradient"],
    form="{:.2g}",
    cell=0.5,
)

# %% [markdown]
# SGD moves against the gradient: the true class's logit rises, all others fall, and those most
# that took the largest share. The three numbers sum to 0, as they must: adding the same to all
# logits changes nothing, so there is nothing to gain in that direction.
#
# ### Why not the squared error?
#
# $\frac{1}{2} \sum_c (p_c - t_c)^2$ would be a loss, too. Its gradient has to go back through the
# softmax, whose slope is nearly 0 where a share is near 0 or 1. Here are two classes, with the
# wrong one ahead by $d$. **Predict**: which of the two losses corrects a network that is sure of
# the wrong class?

# %%
ahead = np.linspace(-8, 8, 201)
wrong = 1 / (1 + np.exp(-ahead))  # the wrong class's share
plots.curves(
    {"cross-entropy": wrong, "squared error": 2 * wrong**2 * (1 - wrong)},
    x=ahead,
    xlabel="how far the wrong class is ahead",
    ylabel="size of the gradient",
)

# %% [markdown]
# With the squared error the worst mistakes are the ones that hardly teach anything. With
# cross-entropy a mistake's gradient grows up to 1 and never beyond, which is just as useful: no
# single picture can pull harder than that on a logit.
#
# ### Divided by N
#
# The loss is a *mean* over the batch, so each picture's gradient is divided by N. Then the size of
# a step does not depend on the size of the batch: every picture twice gives the same weights.

# %%
inputs = xp.asarray(rng.standard_normal((4, 6)))
weight = xp.asarray(rng.standard_normal((3, 6)))
labels = xp.array([0, 2, 1, 1])


def weight_gradient(inputs, labels):
    _, p = ops.softmax_cross_entropy(inputs @ weight.T, labels)
    return ops.softmax_cross_entropy_backward(1.0, p, labels).T @ inputs


once = weight_gradient(inputs, labels)
twice = weight_gradient(xp.concatenate([inputs, inputs]), xp.concatenate([labels, labels]))
print(f"largest difference: {float(abs(once - twice).max()):.0e}")
learn.source(ops.softmax_cross_entropy_backward)

# %% [markdown]
# **Your turn**: the gradient of the mean loss with respect to the logits. Here it begins from the
# logits, so that it can be tested by itself.


# %%
def softmax_cross_entropy_backward(logits, labels):
    # your code
    ...


learn.check("softmax_cross_entropy_backward", softmax_cross_entropy_backward, xp)

# %% [markdown]
# ## Top-1 and top-5 error
#
# The loss is what is minimised; the *errors* are what is reported. The **top-1 error** is the share
# of pictures whose best-rated class is not the true one; the **top-5 error** the share of those
# whose true class is not among the best five. The paper's network had 37.5% and 17.0% on the test
# pictures of ILSVRC-2010 (its table 1). Top-5 was the contest's measure, because a photograph may
# well show a dog *and* the sofa it lies on, and only one of them is the label.
#
# With 1000 classes, chance gets 99.9% and 99.5% wrong. And with ten, how much is a top-5 error
# worth? **Predict** chance's, then look.

# %%
from minialexnet.training.metrics import hits

made = beginnings["well begun"]
logits, true = to_host(made.predict(pictures.val_x)), to_host(pictures.val_labels)
count = len(pictures.classes)
ks = np.arange(1, count + 1)
errors = np.array([1 - hits(logits, true, int(k)) / len(true) for k in ks])
print(f"top-1 error {errors[0]:.1%}, top-5 error {errors[min(4, count - 1)]:.1%}")
plots.curves(
    {"small network": (ks, errors), "chance": (ks, 1 - ks / count)},
    xlabel="k",
    ylabel="top-k error",
    points=True,
    ylim=(0, 1),
)

# %%
chosen = np.arange(5)
plots.guesses(
    pictures.val_images[chosen],
    ops.softmax(logits[chosen]),
    pictures.classes,
    true[chosen],
)

# %% [markdown]
# Loss and error need not go together. The error counts a near miss like a gross one; the loss does
# not: a few pictures of which the network is sure, and wrong, may make up much of it. So the loss
# can rise on validation pictures while the error still falls.

# %%
surprise = np.sort(-np.asarray(ops.log_softmax(logits))[np.arange(len(true)), true])[::-1]
tenth = len(surprise) // 10
print(f"mean loss {surprise.mean():.2f}; the worst tenth of the pictures makes up", end=" ")
print(f"{surprise[:tenth].sum() / surprise.sum():.0%} of it")

# %% [markdown]
# ## Label smoothing
#
# With a target of exactly 1, the loss goes on falling for ever as the true class moves ahead, and
# the logits grow without end. **Label smoothing** (Szegedy et al. 2015) takes a little, $s$, from
# the target and spreads it over all classes:
#
# $$t_c = (1 - s) \, [c = y] + \frac{s}{C}$$
#
# The gradient is $p - t$ as before. Now it is 0 at a finite place, where the shares equal the
# target. AlexNet did not have it; `SoftmaxCrossEntropy(0.1)` does. For ten classes, with the true
# one ahead of all others by $d$:

# %%
ahead = xp.linspace(-2, 12, 281)
z = xp.zeros((len(ahead), 10))
z[:, 0] = ahead
log_p = ops.log_softmax(z)
smoothed = {
    f"s = {s}": to_host(-(1 - s) * log_p[:, 0] - s * log_p.mean(axis=1)) for s in (0, 0.1, 0.2)
}
for s, (name, line) in zip((0, 0.1, 0.2), smoothed.items(), strict=True):
    best = f"{float(ahead[int(line.argmin())]):.2f}"
    if s:
        print(f"{name}: smallest at {best}; by the formula {math.log((1 - s) / (s / 10) + 1):.2f}")
plots.curves(smoothed, x=ahead, xlabel="how far the true class is ahead", ylabel="loss")

# %% [markdown]
# ## Break it
#
# Feed a linear classifier pixels from 0 to 255, as they come out of the file, and compute the loss
# once as the formula says and once as the library does. Watch the first loss (compare it with
# ln C), then what is left after 20 steps.


# %%
def literal_loss(logits, labels):
    e = xp.exp(logits)
    p = e / e.sum(axis=1, keepdims=True)
    return -xp.log(p[xp.arange(len(labels)), labels]).mean(), p


def try_it(x, loss_of, steps=20, lr=0.01):
    x = x.reshape(len(x), -1)
    draw = np.random.default_rng(0).standard_normal((len(pictures.classes), x.shape[1]))
    weight = xp.asarray(0.05 * draw, dtype=xp.float32)
    losses = []
    for step in range(steps):
        batch = slice(50 * step, 50 * step + 50)
        loss, p = loss_of(x[batch] @ weight.T, pictures.labels[batch])
        losses.append(float(loss))
        dlogits = ops.softmax_cross_entropy_backward(1.0, p, pictures.labels[batch])
        weight -= lr * dlogits.T @ x[batch]
    return losses, float(xp.isnan(weight).mean())


raw = xp.asarray(pictures.images, dtype=xp.float32)
print(f"ln C = {math.log(len(pictures.classes)):.2f}")
with np.errstate(all="ignore"):
    for name, x, loss_of in (
        ("0 to 255, literally", raw, literal_loss),
        ("0 to 255, log-softmax", raw, ops.softmax_cross_entropy),
        ("around 0, spread 1, log-softmax", pictures.x, ops.softmax_cross_entropy),
    ):
        losses, broken = try_it(x, loss_of)
        print(
            f"{name:32}: first loss {losses[0]:8.2f}, last {losses[-1]:8.2f}; "
            f"{broken:.0%} of the weights are NaN"
        )

# %% [markdown]
# Subtracting the maximum keeps the numbers finite. It does not make the network a good one: a loss
# of hundreds is still an alarm, and the cure is in the pixels.
#
# The gradient, by the way, is of no help in finding this. It is right, as the check of the next
# notebook shows, for logits of size 1 and of size 300:

# %%
labels = xp.asarray(rng.integers(0, 6, 4))
for size in (1, 300):
    report = check_function(
        lambda logits: ops.softmax_cross_entropy(logits, labels)[0],
        lambda dloss, logits: ops.softmax_cross_entropy_backward(
            dloss, ops.softmax(logits), labels
        ),
        [xp.asarray(size * rng.standard_normal((4, 6)))],
        [f"size {size}"],
    )
    print(report)

# %% [markdown]
# ## Three questions
#
# **1.** A network for 1000 classes has shown a loss of 6.9 for an hour. What has it learnt?
#
# <details><summary>Answer</summary>
#
# Nothing: ln 1000 = 6.908, the loss of one who gives each class the same share. Look at what goes
# in (are the pixels scaled, do the labels belong to the pictures?), at the gradients (do they
# reach the first layer?), and at the learning rate.
#
# </details>
#
# **2.** The gradients of a picture's logits sum to 0. Why? And what does that mean for the
# last layer's biases?
#
# <details><summary>Answer</summary>
#
# Shares do not change when all logits grow by the same number, so the loss has no slope in that
# direction. The gradient of each bias is the sum of its logit's gradients over the batch; so the
# biases' gradients sum to 0 as well, and the mean of the biases never changes (but for weight
# decay).
#
# </details>
#
# **3.** Somebody leaves out the division by N and trains with batches of 128. What has to be done
# to the learning rate to get the same training?
#
# <details><summary>Answer</summary>
#
# It has to be divided by 128: all gradients are 128 times as large. (Weight decay is added to the
# gradient and was not multiplied; it would have to be multiplied by 128.) And with every other
# size of the batch it would have to be another one.
#
# </details>
#
# ## Words
#
# | English | 日本語 |
# |---|---|
# | softmax | ソフトマックス |
# | probability (a class's share) | 確率 |
# | logit | ロジット |
# | cross-entropy | 交差エントロピー |
# | natural logarithm | 自然対数 |
# | likelihood, maximum likelihood | 尤度、最尤推定 |
# | loss | 損失 |
# | label, target | ラベル(正解ラベル)、目標値 |
# | one-hot encoding | ワンホット表現(one-hot表現) |
# | overflow, underflow | オーバーフロー、アンダーフロー |
# | top-5 error | top-5誤り率 |
# | temperature | 温度 |
# | label smoothing | ラベル平滑化(ラベルスムージング) |
#
# ## Where to read on
#
# - [`minialexnet/ops/softmax.py`](../minialexnet/ops/softmax.py): all of this, with label
#   smoothing; [`layers/loss.py`](../minialexnet/layers/loss.py): what a training loop calls;
#   [`training/metrics.py`](../minialexnet/training/metrics.py): the errors, also where logits tie.
# - Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural
#   Networks", sections 3.5 and 6.
# - Szegedy et al. 2015, "Rethinking the Inception Architecture for Computer Vision"
#   ([arXiv:1512.00567](https://arxiv.org/abs/1512.00567)), section 7: label smoothing.
# - Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network"
#   ([arXiv:1503.02531](https://arxiv.org/abs/1503.02531)): what temperature is good for.
# - Next: [8. Gradient checking](08_gradient_checking.ipynb).
