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
# # 6. Dropout
#
# In training, AlexNet silences half of its hidden units, others at every step. By the end of this
# notebook you have written that in both its forms, have seen it keep a network from learning its
# pictures by heart, and know what it costs.
#
# *Reading: 20 minutes. Running: half a minute.*

# %%
from itertools import product

import numpy as np

from minialexnet import learn, ops, plots
from minialexnet.backend import host_generator
from minialexnet.gradcheck import check_function
from minialexnet.layers import Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU, Sequential
from minialexnet.layers.initializers import normal

xp = np  # on a GPU: import cupy as xp
rng = np.random.default_rng(0)

# %% [markdown]
# ## Where it stands
#
# After the two hidden fully connected layers, which hold most of the network's weights: 54.5 of 61
# million. Where there are so many weights for so few pictures, learning by heart is easiest.

# %%
plots.flow(
    [
        ("pool5", "9216"),
        ("fc6, relu6", "4096"),
        ("drop6", "4096"),
        ("fc7, relu7", "4096"),
        ("drop7", "4096"),
        ("fc8", "1000"),
    ],
    back=["", "dy · mask", "", "dy · mask", ""],
)

# %% [markdown]
# The same network at test, and in two steps of training. Crossed units give 0 to the next layer:

# %%
full = [[1] * 4, [1] * 6, [1] * 6, [1] * 3]


def thinned():
    return [full[0], rng.random(6) >= 0.5, rng.random(6) >= 0.5, full[3]]


plots.units(
    [full, thinned(), thinned()],
    ["at test", "one step", "the next step"],
    layers=["pool5", "fc6", "fc7", "fc8"],
    side=2.6,
)

# %% [markdown]
# A unit can never rely on another one being there. So it has to be of use by itself, beside ever
# other colleagues.

# %% [markdown]
# ## A tiny one by hand
#
# Six units, and for each a random number between 0 and 1. The probability of being **dropped** is
# $p = 0.25$: a unit goes if its number is *below* 0.25. What stays is divided by
# $1 - p = 0.75$.
#
# **Predict** y before you run the cell.

# %%
x = xp.asarray([3.0, 6, 9, 12, 15, 18])
uniform = xp.asarray([0.81, 0.10, 0.52, 0.93, 0.24, 0.36])
mask = uniform >= 0.25
y = ops.dropout(x, mask, 0.25)
plots.matrices(
    [x, "", uniform, "→", y],
    ["x", "", "random numbers", "", "y"],
    marked=[mask, None, mask, None, mask],
    cell=0.55,
)

# %% [markdown]
# The framed ones stay. (Papers and libraries mean different things by p. Here, as in PyTorch, it is
# the probability of being dropped; some papers give that of being kept. At 0.5 nobody notices.)

# %% [markdown]
# ## Why divide?
#
# The next layer adds up what it gets. If a quarter of the units is silent, the sum is smaller by a
# quarter on average; at test, when all of them speak, it would be larger than anything the layer
# was trained with. One of the two has to be corrected:
#
# | | in training | at test |
# |---|---|---|
# | the paper (section 4.2) | $x \cdot mask$ | $x \cdot (1 - p)$ |
# | inverted, usual today | $x \cdot mask / (1 - p)$ | $x$ |
#
# Either way the mean in training (its **expectation**, $E$) is what is computed at test. For the
# inverted form:
#
# $$E[y] = (1 - p) \cdot \frac{x}{1 - p} + p \cdot 0 = x$$
#
# Measured, over 20,000 draws, for one unit with x = 3:

# %%
p, draws = 0.25, 20_000
x = xp.full((draws,), 3.0)
mask = ops.dropout_mask(x.shape, p, (1,), xp)
for name, inverted in (("inverted", True), ("the paper's", False)):
    in_training = ops.dropout(x, mask, p, inverted)
    at_test = float(ops.dropout_at_test(x, p, inverted)[0])
    print(f"{name:12} mean in training {float(in_training.mean()):.3f}, at test {at_test:.3f}")

# %% [markdown]
# The two differ by the factor $1 - p$, at test and in training alike, and the next layer's weights
# can make up for it. The inverted form has the advantage that a trained network needs to know
# nothing of dropout any more: at test there is nothing to do.
#
# **Your turn.** First the inverted form, in training. The random numbers are handed over, so that
# the checker knows what should come out.


# %%
def dropout(x, uniform, p):
    # your code
    ...


learn.check("dropout", dropout, xp)

# %% [markdown]
# Then the paper's, in training and at test:


# %%
def paper_dropout(x, uniform, p, training):
    # your code
    ...


learn.check("paper_dropout", paper_dropout, xp)

# %% [markdown]
# ## Backward
#
# Once the mask is drawn, it is a constant, and y is x times a number: 0, or $1 / (1 - p)$. So
#
# $$dx = dy \cdot \frac{mask}{1 - p}$$
#
# with **the same mask** as in the forward pass. A unit that was silent had no influence on the
# loss, so its gradient is 0. The backward pass is the forward pass once more:

# %%
learn.source(ops.dropout_backward, docstring=False)

# %% [markdown]
# Where does the mask come from a second time? One can keep it, or one can make it again. The
# library draws random numbers as a function of a key (seed of the layer, number of the step) and of
# the place alone. So a training that was interrupted goes on with the very masks it would have had,
# and on a GPU they are the same as here.

# %%
learn.source(ops.dropout_mask, docstring=False)

# %% [markdown]
# **Your turn.**


# %%
def dropout_backward(dy, uniform, p):
    # your code
    ...


learn.check("dropout_backward", dropout_backward, xp)

# %% [markdown]
# ## Break it
#
# **First**: draw a new mask in the backward pass. Shapes are right, the program runs. The gradient
# check moves one input at a time and looks what happens. **Predict**: of units dropped with
# $p = 0.5$, for what share is the gradient wrong?

# %%
x = xp.asarray(rng.uniform(1, 2, (20, 50)))
forward_mask = ops.dropout_mask(x.shape, 0.5, (0, 1), xp)
another_mask = ops.dropout_mask(x.shape, 0.5, (0, 2), xp)

report = check_function(
    lambda x: ops.dropout(x, forward_mask, 0.5),
    lambda dy, x: ops.dropout_backward(dy, another_mask, 0.5),
    [x],
    ["x"],
)
print(report)
print(f"the masks differ at {float((forward_mask != another_mask).mean()):.0%} of the places")

# %% [markdown]
# At a half of all places, as two throws of a coin differ: a quarter of the units gets a gradient
# that belongs to nobody, and another quarter, which should get one, gets none.
#
# **Second**: leave dropout on at test. We do that below, with a trained network.

# %% [markdown]
# ## Does it help?
#
# We train a small network with AlexNet's end (two hidden layers of 512 units, dropout behind each)
# on only 400 pictures, so that it can learn them by heart. Once without dropout, once with
# $p = 0.5$; all else is the same. After each epoch the errors are measured as at test, without
# dropout: on the 400 pictures, and on 500 others.

# %%
# Your own pictures: data = "imagenette2-160", after `minialexnet data get imagenette`.
data = None
small = learn.small_set(24, 400, 500, data=data, xp=xp)
val = (small.val_x, small.val_labels)
EPOCHS, HIDDEN, BATCH = 50, 512, 50


def small_network(p, seed=0):
    generator = host_generator(seed)
    layers = {
        "conv1": Conv2d(3, 16, 5, stride=2, padding=2, generator=generator),
        "relu1": ReLU(),
        "pool1": MaxPool2d(3, stride=2),
        "flatten": Flatten(),
        "fc6": Linear(16 * 5 * 5, HIDDEN, generator=generator),
        "relu6": ReLU(),
        "drop6": Dropout(p, seed=1),
        "fc7": Linear(HIDDEN, HIDDEN, generator=generator),
        "relu7": ReLU(),
        "drop7": Dropout(p, seed=2),
        "fc8": Linear(HIDDEN, 10, weight_init=normal(0.01), generator=generator),
    }
    return Sequential(layers).to(xp)


def train(network, seed=0):
    errors = []

    def measure(step, network):
        if step % (len(small.x) // BATCH) == 0:
            errors.append(learn.error(network, small.x, small.labels))

    history = learn.train(
        network, small.x, small.labels, EPOCHS, val=val, lr=0.01, seed=seed, watch=measure
    )
    return history | {"at test": errors}


without, with_dropout = small_network(0.0), small_network(0.5)
history, history_dropout = train(without), train(with_dropout)

plots.curves(
    {
        "without: the 400 pictures": history["at test"],
        "without: others": history["val_error"],
        "dropout: the 400 pictures": history_dropout["at test"],
        "dropout: others": history_dropout["val_error"],
    },
    range(1, EPOCHS + 1),
    xlabel="epoch",
    ylabel="share of errors",
    ylim=(0, 1),
    size=(7, 3.6),
)

# %%
for name, run in (("without", history), ("with dropout", history_dropout)):
    learnt = next((i for i, e in enumerate(run["at test"], 1) if e <= 0.1), None)
    last = sum(run["val_error"][-5:]) / 5
    print(f"{name:12} 10% errors on its pictures after {learnt} epochs; on others, {last:.1%}")

# %% [markdown]
# What to see:
#
# - Without dropout the network soon knows its 400 pictures by heart. From then on hardly anything
#   changes: there is no error left to learn from. On other pictures it is bad, and stays so. That
#   is **overfitting**.
# - With dropout it never sees the same network twice, so learning by heart takes longer. All that
#   time it goes on getting better on the others, and in the end it is better there.
# - The paper says that dropout roughly **doubles** the iterations that are needed (section 4.2).
#   Compare the epochs to 10% above.
# - Stop after ten epochs, and dropout looks like a loss. Where a network learns nothing by heart,
#   because there are plenty of pictures or few weights, it *is* a loss: it slows down, and there is
#   nothing to be prevented.
#
# (400 pictures, one seed: the last digits are chance. **Go further**: other seeds, 2,000 pictures,
# `Dropout(0.2)`. Or AlexNet on pictures of your own, also with `minialexnet train --dropout 0`.)

# %% [markdown]
# ## Units that need each other
#
# The paper gives as the reason that dropout prevents **co-adaptation**: units that are right only
# in the company of certain other units. That can be measured. Take both trained networks, silence a
# growing share of hidden units at random, and ask for the 400 pictures that they have learnt.
# **Predict**: by which network is a third of the units missed more?


# %%
def error_with_silenced(network, share, draws=5):
    features = network.before("fc6").predict(small.x)
    wrong = 0.0
    for draw in range(draws):
        hidden = features
        for number, layer in enumerate(("fc6", "fc7")):
            hidden = ops.relu(network[layer].predict(hidden))
            mask = ops.dropout_mask(hidden.shape, share, (draw, number), xp)
            hidden = ops.dropout(hidden, mask, share)
        logits = network["fc8"].predict(hidden)
        wrong += float((logits.argmax(axis=1) != small.labels).mean()) / draws
    return wrong


shares = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
lines = {
    "trained without dropout": [error_with_silenced(without, share) for share in shares],
    "trained with dropout": [error_with_silenced(with_dropout, share) for share in shares],
}
plots.curves(
    lines,
    shares,
    xlabel="share of hidden units that are silenced",
    ylabel="share of errors",
    points=True,
)

# %% [markdown]
# The network without dropout needs its units together: with some of them gone, it no longer knows
# pictures that it had learnt perfectly. The other one holds out much longer. With half of its units
# silent it is still in the state that it was trained in.

# %% [markdown]
# ## Many networks at once
#
# There is another way to look at it. With $n$ units there are $2^n$ masks, so $2^n$ **thinned
# networks**, which share their weights. Each picture that is learnt trains one of them. At test one
# would like to ask all of them and take the mean, for the mean of many networks, an **ensemble**,
# is nearly always better than one. The paper takes *one* pass with all units and outputs times
# $1 - p$ instead. Is that the same?
#
# For one hidden layer and softmax (notebook 7: it takes e to the power of the classes' scores,
# called **logits**, and divides by the sum, which gives the classes' probabilities) it is,
# **exactly**, if the mean is the geometric one (multiply the probabilities, take the root, divide
# by the sum). The reason: logits are sums over the units, the mean of sums is the sum of means, and
# softmax makes of a mean of logits a geometric mean of probabilities. Eight units have 256 masks,
# and we can ask them all:

# %%
hidden, weight = xp.asarray(rng.random(8)), xp.asarray(rng.standard_normal((3, 8)))
masks = xp.asarray(list(product([0.0, 1.0], repeat=8)))  # all there are
probabilities = ops.softmax((masks * hidden) @ weight.T)  # of each thinned network

geometric = xp.exp(xp.log(probabilities).mean(axis=0))
geometric /= geometric.sum()
one_pass = ops.softmax((0.5 * hidden)[None] @ weight.T)[0]
for name, share in (
    ("geometric mean of 256", geometric),
    ("one pass, halved", one_pass),
    ("arithmetic mean of 256", probabilities.mean(axis=0)),
):
    print(f"{name:24}", "  ".join(f"{value:.6f}" for value in share.tolist()))

# %% [markdown]
# With several layers and ReLUs between them it is an approximation. How good is it? We ask our
# trained network for 200 pictures with dropout on, again and again, take the mean of more and more
# answers, and see how far it is from the one pass. (Half the sum of the differences of the
# probabilities: 0 if they agree, 1 if they have nothing in common.)

# %%
pictures, labels = small.val_x[:200], small.val_labels[:200]
one_pass = ops.softmax(with_dropout.predict(pictures))


def distance(a, b):
    return float(abs(a - b).sum(axis=1).mean()) / 2


def share_wrong(probabilities):
    return float((probabilities.argmax(axis=1) != labels).mean())


total, logs = 0, 0
counts, arithmetic, geometric, wrong = [], [], [], []
for count in range(1, 129):
    thin = ops.softmax(with_dropout.forward(pictures, training=True))  # a new mask each time
    total, logs = total + thin, logs + xp.log(thin)
    if count & (count - 1) == 0:  # 1, 2, 4, 8, ...
        counts.append(count)
        arithmetic.append(distance(total / count, one_pass))
        geometric.append(distance(ops.softmax(logs / count), one_pass))
        wrong.append(share_wrong(total / count))
plots.curves(
    {"geometric mean": geometric, "arithmetic mean": arithmetic},
    counts,
    log="x",
    xlabel="thinned networks asked",
    ylabel="distance from the one pass",
    points=True,
    ylim=(0, None),
)

# %%
for count, share in zip(counts, wrong, strict=True):
    print(f"mean of {count:3} thinned networks: {share:.1%} of the pictures wrong")
print(f"one pass with all units:     {share_wrong(one_pass):.1%} wrong")

# %% [markdown]
# The more networks are asked, the nearer their mean comes to the one pass. The geometric mean goes
# on approaching it. The arithmetic mean stops at some distance: it is a different mean, less sure
# of itself. Both choose much the same classes, and the one pass costs a hundredth.
#
# The first line is also the answer to the second part of *Break it*: **dropout left on at test**
# means to ask one thinned network, and another one each time. Ask the same five pictures three
# times:

# %%
for _ in range(3):
    print([small.classes[int(i)] for i in with_dropout.forward(small.val_x[:5], True).argmax(1)])

# %% [markdown]
# ## Three questions
#
# **1.** How many thinned networks does AlexNet have, with its two layers of 4096 units? How many of
# them are trained in 90 epochs of 1.2 million pictures?
#
# <details><summary>Answer</summary>
#
# Two to the power of 8192, a number with 2467 digits. Each picture in each epoch draws a mask of
# its own: 108 million. So nearly no thinned network is ever trained itself; they live on the
# weights that they share.
#
# </details>
#
# **2.** Someone trains with dropout and is worried: the error on the training pictures, as it is
# printed while the network learns, is *higher* than on the validation pictures. A mistake?
#
# <details><summary>Answer</summary>
#
# No. The first is measured with half of the units silenced, the second with all of them. (It is
# also a mean over the epoch, in which the network got better.) Measure both as at test, as we did.
#
# </details>
#
# **3.** Why is there no dropout behind fc8?
#
# <details><summary>Answer</summary>
#
# Its outputs are the classes themselves. Setting one to 0 would not make a hidden unit silent,
# but would forge the answer: the loss would then push at a logit that the network did not give.
#
# </details>

# %%
digits = len(str(2 ** (2 * 4096)))
print(f"2^8192 has {digits} digits; {90 * 1_200_000:,} pictures are drawn in 90 epochs")
weights = {"fc6": 9216 * 4096, "fc7": 4096 * 4096}
print(f"fc6 and fc7 have {sum(weights.values()):,} weights")

# %% [markdown]
# ## Words
#
# | English | 日本語 |
# |---|---|
# | dropout | ドロップアウト |
# | mask | マスク |
# | expectation, mean | 期待値、平均 |
# | overfitting | 過学習 |
# | regularisation | 正則化 |
# | co-adaptation | 共適応 |
# | ensemble | アンサンブル |
# | geometric mean | 幾何平均 |
# | fully connected layer | 全結合層 |
# | hidden unit | 隠れユニット |
#
# ## Where to read on
#
# - [`minialexnet/ops/dropout.py`](../minialexnet/ops/dropout.py) and
#   [`layers/dropout.py`](../minialexnet/layers/dropout.py): both forms, and masks that can be made
#   again.
# - Krizhevsky, Sutskever and Hinton 2012, section 4.2; Hinton et al. 2012
#   ([arXiv:1207.0580](https://arxiv.org/abs/1207.0580)): where it comes from.
# - Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting"
#   ([JMLR 15](https://jmlr.org/papers/v15/srivastava14a.html)): much more of what we measured here.
# - Next: [7. Softmax and cross-entropy](07_softmax_cross_entropy.ipynb).
