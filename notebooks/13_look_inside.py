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
# # 13. Look inside
#
# A trained network is half a million numbers, and none of them explains itself. By the end of this
# notebook you can ask a network five questions that it does answer: what its filters look for, what
# a single unit responds to, which part of a picture decides, what it finds alike, and what its
# mistakes have in common. And you know which answers not to trust.
#
# *Reading: 25 minutes. Running: half a minute, and once half a minute more to train.*

# %%
import numpy as np

from minialexnet import alexnet, learn, plots
from minialexnet.backend import to_host
from minialexnet.datasets import display_name
from minialexnet.report.choice import confidently_wrong, typical_right

xp = np  # on a GPU: import cupy as xp
rng = np.random.default_rng(0)

# %% [markdown]
# The network is `mini`, five epochs old, trained on the built-in pictures (28 pixels, ten classes).
# All that follows works as well with a network of yours: train one (say `minialexnet data get
# imagenette`, then `minialexnet train --data imagenette2-160`), put its folder in place of `None`,
# and run everything again.

# %%
own = None  # such as "../runs/imagenette2-160-1"

trained = learn.trained_mini(xp=xp) if own is None else learn.own_run(own, xp=xp)
network, crop = trained.network, trained.preprocessing.crop
known = trained.pictures.display_names
classes = [display_name(name, known) for name in trained.pictures.classes]


def some(part, count):
    """So many pictures of a set, at even distances, as the network sees them; their labels."""
    chosen = np.linspace(0, len(part) - 1, min(count, len(part))).astype(int)
    return trained.crops(np.stack([part.images[i] for i in chosen])), part.labels[chosen]


images, labels = some(trained.pictures.val, 500)  # bytes (N, H, W, 3), which stay on the host
shares = trained.shares(images)  # how sure the network is of each class, (N, C)
answers = shares.argmax(axis=1)
print(f"{(answers == labels).mean():.1%} of {len(labels)} validation pictures right")

# %% [markdown]
# ## Where one can look
#
# Weights can be looked at where they meet pixels: in conv1 only. Further on there are maps (what a
# layer makes of *this* picture), then points in a space of many dimensions, then the shares of the
# classes. And the way back exists too: the gradient, down to the pixels.

# %%
plots.flow(
    [
        ("picture", f"3 × {crop} × {crop}"),
        ("conv1", "filters to see"),
        ("conv2 to conv5", "maps to see"),
        ("fc6, fc7", "points in space"),
        ("shares", f"{len(classes)} classes"),
    ],
    back=["d score / dx", "", "", "d score"],
)

# %% [markdown]
# What comes out first, as in the paper's figure 4: the five classes rated best. (Of some classes,
# the right answer of median confidence: chosen by rule, so that nobody picks what flatters.)

# %%
typical = typical_right(shares, labels, 5)
plots.guesses(images[typical], shares[typical], classes, labels[typical])

# %% [markdown]
# ## The first filters
#
# Figure 3 of the paper shows 96 filters of 11 × 11 pixels: stripes in all directions, and spots of
# colour. The paper remarks on the two towers (section 6.1): the 48 filters of one GPU came out
# nearly without colours, and those of the other mostly with, in every run, whichever way the
# weights began. **Predict**: what do our 32 filters of 5 × 5 look like, after five epochs? Above,
# before training; below, after it.

# %%
fresh = alexnet(  # as it began: the same seed (0, unless you trained with --seed)
    network.variant, len(classes), crop, init=network.init, parts=network.parts
).to(xp)
before, after = (net["conv1"].params["weight"] for net in (fresh, network))
plots.filters(before)

# %%
plots.filters(after)

# %%
pairs = zip(to_host(before), to_host(after), strict=True)
alike = np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs])
print(f"mean correlation of a filter with what it began as: {alike:.2f}")

# %% [markdown]
# Noise, before and after. Nobody would guess from these filters that the network recognises
# anything. But the training is in there: it is small beside the random numbers that it was added
# to. Subtract them:

# %%
plots.filters(after - before)

# %% [markdown]
# There they are: edges in many directions, light against dark, one colour against another. Two
# lessons. First, five epochs of 4,000 small pictures do not wash the random start out of conv1, as
# some 90 epochs of 1.2 million pictures did in 2012 (weight decay helps: it shrinks whatever the
# gradient does not renew). Second, **a filter that looks like noise may still do its work**, since
# neighbouring layers only need the part that tells classes apart.
#
# ## Maps
#
# What do the layers make of one picture? Each row shows the eight channels of a layer that answer
# most strongly, after ReLU.

# %%
picture = images[typical[:1]]
rows, names = [], []
for name in ("conv1", "conv2", "conv3", "conv4", "conv5"):
    following = list(network.layers)[list(network.layers).index(name) + 1]
    maps = to_host(network.before(following).predict(trained.inputs(picture)))[0]
    maps = np.maximum(maps, 0)
    strongest = np.argsort(-maps.max(axis=(1, 2)), kind="stable")[:8]
    rows.append(maps[strongest])
    names.append(name)
    size = f"{maps.shape[0]} maps of {maps.shape[1]} × {maps.shape[2]}"
    print(f"{name}: {size:22} {(maps == 0).mean():4.0%} of the numbers are 0")
plots.rows_of_pictures([picture], ["picture"], side=1.1)

# %%
plots.rows_of_pictures(rows, names)

# %% [markdown]
# conv1 still shows the picture, seen through one edge or colour each. From layer to layer *where*
# fades (the maps get coarser) and *what* grows; in conv5 a bright place means "here is something of
# my kind", and most units are silent about any one picture.
#
# ## What a unit responds to
#
# The simplest question to a unit: for which pictures do you respond most strongly? Below are the
# nine best of 500 for three channels of conv5, and under each picture the gradient of that response
# with respect to the pixels, which says *where* in the picture the unit looks.


# %%
def best_nine(layer, unit):
    """The nine pictures with the strongest response of a unit, and where in them it looks."""
    following = list(network.layers)[list(network.layers).index(layer) + 1]
    part = network.before(following)
    y = to_host(part.predict(trained.inputs(images)))[:, unit]
    strength = y.reshape(len(y), -1).max(axis=1)
    nine = np.argsort(-strength, kind="stable")[:9]
    y = part.forward(trained.inputs(images[nine]))
    of_unit = y.reshape(len(y), y.shape[1], -1)[:, unit]
    dy = xp.zeros_like(y)
    flat = dy.reshape(len(y), y.shape[1], -1)
    flat[xp.arange(9), unit, of_unit.argmax(axis=1)] = 1  # of its strongest place alone
    dx = part.backward(flat.reshape(y.shape))
    return nine, to_host(abs(dx).max(axis=1))


rows, names = [], []
channels = network["conv5"].params["weight"].shape[0]
for unit in (0, channels // 3, 2 * channels // 3):
    nine, where = best_nine("conv5", unit)
    rows += [images[nine], where]
    names += [f"unit {unit}", "looks at"]
plots.rows_of_pictures(rows, names)

# %% [markdown]
# Some units have a subject that one can name, others have none. Whether that is more than our wish
# to see something, numbers can tell: among the nine best of a unit, how many are of one class? For
# comparison, nine pictures drawn by lot, and the same network before training.


# %%
def of_one_class(net, layer):
    """The mean over all units that respond at all."""
    following = list(net.layers)[list(net.layers).index(layer) + 2]  # after the ReLU
    y = to_host(net.before(following).predict(trained.inputs(images)))
    strength = y.reshape(len(y), y.shape[1], -1).max(axis=2)
    nine = np.argsort(-strength[:, strength.max(axis=0) > 0], axis=0, kind="stable")[:9]
    return np.mean([np.bincount(labels[column]).max() for column in nine.T])


by_lot = [np.bincount(labels[rng.choice(len(labels), 9, False)]).max() for _ in range(500)]
plots.bars(
    {
        "nine by lot": np.mean(by_lot),
        "conv5, untrained": of_one_class(fresh, "conv5"),
        "conv5": of_one_class(network, "conv5"),
        "fc7": of_one_class(network, "fc7"),
    },
    xlabel="of nine, so many are of one class",
    form="{:.1f}",
)

# %% [markdown]
# ## Occlusion: which part decides?
#
# Zeiler and Fergus (2013) asked it in the plainest way. Cover a part of the picture with a grey
# square and look how much less probable the class becomes. Do that at every place, and you have a
# map:
#
# $$\mathrm{drop}_{i,j} = p(\mathrm{picture}) - p(\mathrm{picture~with~a~square~at~} i s,\, j s)$$
#
# It needs no gradient and no knowledge of the network: `predict` may be anything. First by hand,
# with a "network" that adds up pixels, each times its weight. The square is 2 × 2 and filled with
# zeros. **Predict** the four numbers on the right.

# %%
small = np.arange(1.0, 10).reshape(3, 3)
weights = np.array([[1.0, 0, 0], [0, 2, 0], [0, 0, 0]])
drops = np.zeros((2, 2))
for i in range(2):
    for j in range(2):
        covered = small.copy()
        covered[i : i + 2, j : j + 2] = 0
        drops[i, j] = (small * weights).sum() - (covered * weights).sum()
plots.matrices([small, "·", weights, "→", drops], ["picture", "", "weights", "", "drops"])

# %% [markdown]
# All four squares cover the middle, so all four drop by its 5 · 2; only the first also covers the
# corner. So a map is never sharper than its square: what decides may lie anywhere under it.
#
# **Your turn.** `predict` takes pictures (N, H, W, 3) and returns a probability for each, (N,);
# picture is one (H, W, 3). Corners of the squares are `stride` apart, all squares lie inside the
# picture. (The pictures are bytes, which stay on the host also when the network is on a GPU.) One
# call of `predict` for all places is much faster than one for each, but either is right.


# %%
def occlusion_map(predict, picture, size, stride, fill):
    # your code
    ...


learn.check("occlusion_map", occlusion_map)

# %% [markdown]
# Now for the network, with squares of a quarter of the picture's side, in the mean colour of the
# training pictures (which is what the network gets as zero). The line encloses the places where the
# drop is above half of the largest.

# %%
from minialexnet.learn.exercises.look_inside import occlusion_map as occlusion  # or your own

SIZE, STRIDE = crop // 4, max(crop // 9, 1)
grey = to_host(trained.preprocessing.mean).reshape(-1, 3).mean(axis=0).round().astype(np.uint8)


def probability_of(label):
    return lambda pictures: trained.shares(pictures)[:, label]


def maps_of(chosen, fill):
    return [occlusion(probability_of(labels[i]), images[i], SIZE, STRIDE, fill) for i in chosen]


chosen = typical_right(shares, labels, 6)
plots.maps_over(
    images[chosen],
    maps_of(chosen, grey),
    [classes[label] for label in labels[chosen]],
    margin=(SIZE - 1) / 2,
)

# %% [markdown]
# Dark places lie on the object, mostly on what tells it from its rivals, and not on the background:
# so the network judges by the right thing. That is what occlusion is good for, to catch a network
# that judges by the wrong one (a watermark, the grass behind the cow).
#
# ## The gradient with respect to the picture
#
# The other way to ask needs one backward pass, and no square. Simonyan, Vedaldi and Zisserman
# (2013) take the score $s_c$ of a class, before the softmax, as a function of the pixels. Near this
# picture $x_0$ it is almost linear:
#
# $$s_c(x) \approx s_c(x_0) + \sum_i \frac{\partial s_c}{\partial x_i} (x_i - x_{0,i})$$
#
# The derivative is the `dx` that the backward pass of every layer computes anyway. Training throws
# the first layer's away (`input_gradient=False`, since pixels do not learn); here we want just
# that.


# %%
def gradient(net, pictures, labels):
    """The derivative of each picture's score for its class, (N, 3, H, W)."""
    scores = net.forward(trained.inputs(pictures))  # as at test time: dropout is off
    dy = xp.zeros_like(scores)
    dy[xp.arange(len(dy)), xp.asarray(labels)] = 1
    return net.backward(dy)


def saliency(net, pictures, labels):
    """For each pixel, the largest of its three colours' derivatives: (N, H, W)."""
    return to_host(abs(gradient(net, pictures, labels)).max(axis=1))


dx = gradient(network, picture, labels[typical[:1]])
x, label = trained.inputs(picture), labels[typical[0]]
score = float(network.predict(x)[0, label])
for wanted in (1.0, 0.1):  # by how much the score should change
    step = wanted / float((dx**2).sum()) * dx
    change = float(network.predict(x + step)[0, label]) - score
    print(f"a step along the gradient: expected {wanted:.3f}, came {change:.3f}")

# %% [markdown]
# (That is the gradient check of notebook 8, along one direction.) As pictures, below the same six
# as before:

# %%
plots.rows_of_pictures(
    [images[chosen], saliency(network, images[chosen], labels[chosen])],
    ["picture", "gradient"],
    captions=[[classes[label] for label in labels[chosen]], [""] * len(chosen)],
)

# %% [markdown]
# It is bright about where the object is, and grainy; the object itself one can at best guess. The
# gradient answers another question than occlusion: not "what decides?", but "which pixels would
# change the score, if they changed a little?" A single pixel of a large even area hardly ever
# would, though the area decides.
#
# ## What it finds alike
#
# The 512 numbers of fc7 place each picture in a space, in which the last layer only draws the
# borders between classes. Figure 4 of the paper shows pictures with their nearest neighbours in
# that space (there of 4096 dimensions), by Euclidean distance:
#
# $$d(f, q) = \sqrt{\sum_i (f_i - q_i)^2}$$
#
# **Your turn**: positions of the k nearest rows, nearest first. (Is the root needed, if one only
# wants to know which is nearest?)


# %%
def nearest_neighbours(features, query, k):
    # your code
    ...


learn.check("nearest_neighbours", nearest_neighbours, xp)

# %% [markdown]
# Three validation pictures, and the five training pictures nearest to each: by fc7, and by the
# pixels themselves. A frame marks the same class. **Predict** what the pixels find.

# %%
from minialexnet.learn.exercises.look_inside import nearest_neighbours as nearest  # or your own

last = list(network.layers)[-1]  # fc8; what comes before it are the features
train_images, train_labels = some(trained.pictures.train, 1500)


def flat_pixels(pictures):
    x = trained.inputs(pictures)
    return x.reshape(len(x), -1)


spaces = {
    "fc7": lambda pictures: network.before(last).predict(trained.inputs(pictures)),
    "pixels": flat_pixels,
    "fc7, untrained": lambda pictures: fresh.before(last).predict(trained.inputs(pictures)),
}
searched = {name: features(train_images) for name, features in spaces.items()}
rows, names, marked = [], [], []
for query in typical[::2]:
    for name in ("fc7", "pixels"):
        point = spaces[name](images[query : query + 1])[0]
        found = to_host(nearest(searched[name], point, 5))
        rows.append(np.concatenate([images[query : query + 1], train_images[found]]))
        names.append(f"{classes[labels[query]]}, by {name}")
        marked.append([False, *(train_labels[found] == labels[query])])
plots.rows_of_pictures(rows, names, marked=marked)

# %% [markdown]
# And counted, for 100 validation pictures:

# %%
queries = np.linspace(0, len(images) - 1, 100).astype(int)
same = {}
for name, features in spaces.items():
    points = features(images[queries])
    hits = [
        train_labels[to_host(nearest(searched[name], point, 5))] == labels[query]
        for point, query in zip(points, queries, strict=True)
    ]
    same[name] = np.mean(hits)
same["by chance"] = 1 / len(classes)
plots.bars(same, xlabel="share of the five nearest that are of the same class", form="{:.0%}")

# %% [markdown]
# Pixels find pictures with the same light and colours in the same places. fc7 finds the same *kind*
# of thing, in any colour, size and place. Nobody told it to: it was trained to classify, and this
# space came with it. The untrained network shows that the layers alone do not do it.
#
# ## Mistakes
#
# Rows are the true classes, columns the answers.

# %%
matrix = np.zeros((len(classes), len(classes)), int)
np.add.at(matrix, (labels, answers), 1)
plots.confusion(matrix, classes) if len(classes) <= 20 else None

# %%
worst = confidently_wrong(shares, labels, 5)
plots.guesses(images[worst], shares[worst], classes, labels[worst])

# %% [markdown]
# What have mistakes in common? Suspicions are cheap; here are three, each with its number.

# %%
wrong = answers != labels
sure = shares.max(axis=1)
print(f"less sure? median share of the answer: right {np.median(sure[~wrong]):.0%}", end="")
print(f", wrong {np.median(sure[wrong]):.0%}")

second = np.argsort(-shares, axis=1)[:, 1]
print(f"nearly right? the true class comes second in {(second == labels)[wrong].mean():.0%}")

contrast = images.std(axis=(1, 2)).mean(axis=1)
low, high = contrast < np.median(contrast), contrast >= np.median(contrast)
print("faint pictures? errors in the half of little contrast ", end="")
print(f"{wrong[low].mean():.1%}, in the other {wrong[high].mean():.1%}")

# %% [markdown]
# The first two hold here: mistakes are less sure, and more often than not the truth is the
# runner-up. The table, which is called a **confusion matrix**, says which classes are taken for
# each other: look for the largest numbers beside the diagonal, and ask whether you would have named
# that pair. The third is what one expects of faint pictures; judge from the numbers yourself. (And
# one more, for your eyes: in how many of the worst five does something lie across the object, or
# close to it?) A suspicion that was not counted is worth nothing, and the worst mistakes above are
# the exception: there the network is sure.
#
# ## Break it
#
# **1. Negatives.** The maps showed that the network looks at the object. So it has understood what
# a ring is? Show it negatives: light becomes dark, and all outlines stay. **Predict** the error.

# %%
mean_colours = images.mean(axis=3, keepdims=True).round().astype(np.uint8)
changed = {
    "as they are": images,
    "without colours": np.repeat(mean_colours, 3, axis=3),
    "in a mirror": images[:, :, ::-1],
    "upside down": images[:, ::-1],
    "negatives": 255 - images,
}
plots.bars(
    {name: (trained.shares(p).argmax(axis=1) != labels).mean() for name, p in changed.items()},
    xlabel="error",
    form="{:.0%}",
)

# %% [markdown]
# In the built-in pictures the object is as a rule lighter than its ground. The network has learnt
# that as well as the outline, since nothing told it that it does not matter. (In a mirror it has no
# trouble: training mirrored half of the pictures.) No map showed this. **Maps say where a network
# looks, not what it sees there.**
#
# **2. The square is a picture, too.** Occlusion asks the network about pictures that it has never
# seen the like of: with a grey square in them. Here the square is white, and black. Look whether
# the maps stay the same.

# %%
three = chosen[:3]
fills = {"grey": grey, "white": 255, "black": 0}
found = {name: maps_of(three, fill) for name, fill in fills.items()}
plots.maps_over(
    np.concatenate([images[three]] * 2),
    found["white"] + found["black"],
    [f"{classes[labels[i]]}, {name}" for name in ("white", "black") for i in three],
    margin=(SIZE - 1) / 2,
    side=1.2,
)

# %%
for name in ("white", "black"):
    pairs = zip(found["grey"], found[name], strict=True)
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs]
    print(f"correlation of the maps with grey and {name}:", "  ".join(f"{r:.2f}" for r in alike))

# %% [markdown]
# A light square on a dark ground is an object of its own here, even one of the classes. An
# explanation that changes with the colour of the square is one about the square. So try several,
# and believe what stays.
#
# ## Three questions
#
# **1.** Why can one look at the filters of conv1, but not at those of conv2 in the same way?
#
# <details><summary>Answer</summary>
#
# A filter of conv1 has three channels, red, green and blue: it is a small picture. A filter of
# conv2 has as many channels as one tower of conv1 has outputs (16 of 32 in mini, 48 of 96 in
# AlexNet), and what a channel stands for is not a colour. One would have to show a grey picture
# for each.
#
# </details>
#
# **2.** Why is the gradient taken of the score before the softmax, and not of the probability?
#
# <details><summary>Answer</summary>
#
# A probability close to 1 hardly changes any more: with two classes its derivative is $p (1 - p)$
# times that of the difference of scores, so the surer the network, the emptier the map. And a
# probability also rises because another class falls, so the map would mix reasons for this class
# with reasons against the others.
#
# </details>
#
# **3.** A unit's nine best pictures are all rings. Is it a "ring unit"?
#
# <details><summary>Answer</summary>
#
# Not proven. It may respond to something that rings have more of (a hole, a curve of a certain
# width), and half as strongly to many other pictures. The nine best show the extreme of its range
# only. Look at its response to all pictures, class by class, and at what changes when it is
# switched off.
#
# </details>
#
# ## Words
#
# | English | 日本語 |
# |---|---|
# | feature map | 特徴マップ |
# | unit, neuron | ユニット、ニューロン |
# | occlusion | 遮蔽(オクルージョン) |
# | saliency map | 顕著性マップ |
# | nearest neighbour | 最近傍 |
# | Euclidean distance | ユークリッド距離 |
# | feature vector | 特徴ベクトル |
# | confusion matrix | 混同行列 |
# | visualisation | 可視化 |
#
# ## Where to read on
#
# - [`minialexnet/report/`](../minialexnet/report/neighbours.py): the same for any run of yours, as
#   one page: `minialexnet report`.
# - Krizhevsky, Sutskever and Hinton 2012, section 6.1 and figures 3 and 4.
# - Zeiler and Fergus 2013, "Visualizing and Understanding Convolutional Networks"
#   ([arXiv:1311.2901](https://arxiv.org/abs/1311.2901)): occlusion, and pictures projected back
#   from every layer.
# - Simonyan, Vedaldi and Zisserman 2013, "Deep Inside Convolutional Networks"
#   ([arXiv:1312.6034](https://arxiv.org/abs/1312.6034)): the gradient with respect to the picture.
# - Adebayo et al. 2018, "Sanity Checks for Saliency Maps"
#   ([arXiv:1810.03292](https://arxiv.org/abs/1810.03292)): which such maps still look fine when the
#   network is random.
# - Next: [14. After AlexNet](14_after_alexnet.ipynb).
