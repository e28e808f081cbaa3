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
# # 11. AlexNet assembled
#
# All parts are known; now they are put together. By the end of this notebook you can say for every
# layer what comes out of it, how much it learns and how much it computes, you know what the two
# towers are and where they meet, and you can tell the networks apart that all go by the name
# AlexNet.
#
# *Reading: 25 minutes. Running: some seconds, and one gigabyte of memory.*

# %%
import numpy as np

from minialexnet import alexnet, learn, plots
from minialexnet.layers import Conv2d, LocalResponseNorm, MaxPool2d
from minialexnet.models import VARIANTS

xp = np  # on a GPU: import cupy as xp
rng = np.random.default_rng(0)

# %% [markdown]
# ## Where the numbers go
#
# Five convolutions make a picture smaller and deeper; three fully connected layers make a decision
# of what is left. ReLU follows each of them but the last, pooling follows three, normalisation two.

# %%
network = alexnet("paper").to(xp)  # 1000 classes, 224 pixels, as in the text of 2012

shapes, shape = {"picture": network.input_shape}, network.input_shape
for name, layer in network.layers.items():
    shapes[name] = shape = layer.output_shape(shape)


def written(shape):
    return " × ".join(str(extent) for extent in shape)


shown = ["picture", "conv1", "pool1", "conv2", "pool2", "conv3"]
shown += ["conv4", "conv5", "pool5", "fc6", "fc7", "fc8"]
plots.flow([(name, written(shapes[name])) for name in shown])

# %% [markdown]
# ## The sides by hand
#
# Channels are a choice (96, 256, 384, 384, 256); the sides of the maps follow from windows and
# strides. With $p$ zeros on *both sides together*:
#
# $$\mathrm{side} \leftarrow \left\lfloor \frac{\mathrm{side} + p - k}{s} \right\rfloor + 1$$
#
# **Predict** all eight sides, beginning with 224 pixels, before you run the cell. Convolutions 2 to
# 5 have a padding which keeps the side, and all poolings have windows of 3, moved by 2.

# %%
side = 224
for name, kernel, stride, padding in (
    ("conv1", 11, 4, 3),
    ("pool1", 3, 2, 0),
    ("conv2", 5, 1, 4),
    ("pool2", 3, 2, 0),
    ("conv3", 3, 1, 2),
    ("conv4", 3, 1, 2),
    ("conv5", 3, 1, 2),
    ("pool5", 3, 2, 0),
):
    places = (side + padding - kernel) / stride + 1
    side = int(places)
    print(f"{name}: {places:g} places   the network says {written(shapes[name])}")

# %% [markdown]
# All of them are whole numbers: the network was laid out so that nothing is cut off. (For conv1
# that takes the 3 zeros at the right and the bottom, or pictures of 227 pixels; see
# [notebook 2](02_convolution.ipynb) and "Break it" below.)
#
# Now all layers. (`print(network)` shows this table too, with multiplications.)

# %%
print(f"{'':9}{'output':16}{'parameters':>10}")
for name, layer in network.layers.items():
    count = f"{layer.num_params:,}" if layer.params else ""
    print(f"{name:9}{written(shapes[name]):16}{count:>10}   {layer}")

# %% [markdown]
# ## Parameters
#
# A convolution has $O$ filters. Each filter is $k \times k$ pixels large and as deep as the
# channels it sees. With $g$ groups these are only $C / g$ of the $C$ channels:
#
# $$\mathrm{parameters} = O \cdot \frac{C}{g} \cdot k \cdot k + O$$
#
# The last $O$ are the biases, one for each output channel.
#
# **Your turn**:


# %%
def conv_parameters(in_channels, out_channels, kernel_size, groups):
    # your code
    ...


learn.check("conv_parameters", conv_parameters)

# %% [markdown]
# A fully connected layer has a weight for each pair of input and output, and a bias for each
# output. So all of AlexNet can be counted by hand, layer by layer:

# %%
by_hand = {
    "conv1": 96 * 3 * 11 * 11 + 96,
    "conv2": 256 * 48 * 5 * 5 + 256,  # two groups: 48 of the 96 channels
    "conv3": 384 * 256 * 3 * 3 + 384,  # sees both towers
    "conv4": 384 * 192 * 3 * 3 + 384,
    "conv5": 256 * 192 * 3 * 3 + 256,
    "fc6": 256 * 6 * 6 * 4096 + 4096,  # 9216 features
    "fc7": 4096 * 4096 + 4096,
    "fc8": 4096 * 1000 + 1000,
}
for name, count in by_hand.items():
    print(f"{name:5} {count:>10,}   the network has {network[name].num_params:>10,}")
print(f"total {sum(by_hand.values()):>10,}   the network has {network.num_params:>10,}")

# %% [markdown]
# The paper says "60 million parameters". This is where the number 60,965,224 comes from.
#
# ## Multiplications
#
# A weight of a convolution is *used* at every place of the output. So the work of a convolution is
# its weights times its places:
#
# $$\mathrm{work} = O \cdot \frac{C}{g} \cdot k \cdot k \cdot H_{out} \cdot W_{out}$$
#
# A multiplication and the addition that follows it are counted as one. (Some count them as two
# "FLOPs": when you compare figures, ask which.) Biases are added only, and do not count.
#
# **Your turn**; `height` and `width` are those of the output:


# %%
def multiply_adds(in_channels, out_channels, kernel_size, groups, height, width):
    # your code
    ...


learn.check("multiply_adds", multiply_adds)

# %% [markdown]
# **Predict**: which layer has the most parameters? Which layer has the most work? Is it the same
# one?

# %%
work, shape = {}, network.input_shape
for name, layer in network.layers.items():
    work[name] = layer.multiply_adds(shape)
    shape = layer.output_shape(shape)

total = network.num_params, sum(work.values())
percent = [100 / whole for whole in total]
shares = {name: (by_hand[name] * percent[0], work[name] * percent[1]) for name in by_hand}
print(f"{total[1]:,} multiply-adds for a picture")
plots.bars(shares, ["parameters", "multiply-adds"], xlabel="% of the network", form="{:.1f}")

# %%
for number, what in enumerate(("parameters", "multiply-adds")):
    inside = sum(share[number] for name, share in shares.items() if name.startswith("conv"))
    print(f"{inside:.1f}% of the {what} are in the convolutions")

# %% [markdown]
# The two halves of the network are opposites. **Parameters** lie in the fully connected layers, for
# there each weight has its own pair of units and is used once. **Work** lies in the convolutions,
# for there few weights are used at hundreds or thousands of places.
#
# Much follows from this. Dropout belongs where the parameters are. A faster convolution makes
# everything faster. To spread the training over machines one copies the small convolutions and cuts
# the large fully connected layers: that is the "one weird trick" of 2014. And later networks left
# the large fully connected layers out ([notebook 14](14_after_alexnet.ipynb)).
#
# ## Memory
#
# Training holds each parameter three times: itself, its gradient, and its velocity (momentum).
# Beside them stands what every layer made of every picture, since the backward pass needs it. A
# float32 takes four bytes.

# %%
batch = 128
weights = 4 * network.num_params / 1e6
outputs = {name: 4 * batch * int(np.prod(shape)) / 1e6 for name, shape in shapes.items()}
activations = sum(outputs.values())
print(f"weights      {weights:7.0f} MB")
print(f"gradients    {weights:7.0f} MB")
print(f"velocity     {weights:7.0f} MB")
print(f"activations  {activations:7.0f} MB for a batch of {batch}")
print(f"together     {3 * weights + activations:7.0f} MB")
largest = dict(sorted(outputs.items(), key=lambda item: -item[1])[:8])
plots.bars(largest, xlabel="MB for a batch of 128: the eight largest outputs")

# %% [markdown]
# A GPU of 2012 (GTX 580) had 3 GB. And this is not all: the gradients of the activations come in
# addition, and so do the windows that im2col lays out. For conv2 alone these are

# %%
windows = 4 * batch * 27 * 27 * 96 * 5 * 5 / 1e6
print(f"{windows:.0f} MB for a batch of {batch}")

# %% [markdown]
# if all are laid out at once. (This library lays out those of a few pictures at a time, and its
# whole training step of 128 pictures takes 2.6 GiB: `python benchmarks/compare.py`, 2 cores of an
# AMD EPYC, 2026-11-21.) So in 2012 the network was cut into two halves, for two GPUs: **model
# parallelism**.
#
# ## Two towers
#
# Each GPU got half of the channels of each layer. To send numbers from one GPU to the other is
# slow, so they talk at some places only (section 3.2 of the paper):

# %%
halves = {
    name: (shapes[name][0] // 2, *shapes[name][1:])
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7")
}
plots.towers(
    {"picture": shapes["picture"], **halves, "fc8": shapes["fc8"]},
    shared=("picture", "fc8"),
    crossing=("conv3", "fc6", "fc7"),
    between={"conv2": "pool", "conv3": "pool", "fc6": "pool"},
)

# %% [markdown]
# Both towers see the picture. conv2, conv4 and conv5 read their own tower only. conv3 reads both,
# and so do the fully connected layers. The blue dashed arrows are what goes from GPU to GPU.
#
# In code a layer with towers is a **grouped convolution**: cut the channels into groups, cut the
# filters into groups, convolve each group by itself, and put the maps one after the other. Here
# is a tiny one, with pictures of one pixel and windows of one pixel, so that each filter makes a
# weighted sum of *its tower's* two channels. **Predict** the four numbers of $y$.

# %%
from minialexnet import ops

x = xp.array([1.0, 2.0, 10.0, 20.0]).reshape(1, 4, 1, 1)
weight = xp.array([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]).reshape(4, 2, 1, 1)
y = ops.conv2d(x, weight, groups=2)

tower_a = np.array([[True], [True], [False], [False]])
plots.matrices(
    [x.reshape(4, 1), "", weight.reshape(4, 2), "→", y.reshape(4, 1)],
    ["x", "", "filters", "", "y"],
    marked=[tower_a, None, tower_a.repeat(2, axis=1), None, tower_a],
)

# %% [markdown]
# The framed numbers are tower a: its channels are 1 and 2, its filters are the first two. Note the
# shape of the filters, (4, 2, 1, 1): four filters, but only two channels deep.
#
# **Your turn**, without padding and with stride 1. Use `ops.conv2d` for each group, or loops.


# %%
def grouped_conv2d(x, weight, groups):
    # your code
    ...


learn.check("grouped_conv2d", grouped_conv2d, xp)

# %% [markdown]
# The library's own convolution does it with one more loop:

# %%
from minialexnet.ops.conv import groups_of_channels

learn.source(groups_of_channels, docstring=False)

# %% [markdown]
# ## Do they really not see each other?
#
# Do not believe the drawing; ask the network. Change one channel of tower b at the input of conv2
# (channel 48 is its first), and look which outputs change. **Predict** how many of the 256
# channels do. And how many of 384, if one channel of tower b changes at the input of conv3?


# %%
def changed_outputs(layer, shape, channels):
    """Which output channels change as the channels of the input do."""
    x = xp.asarray(rng.standard_normal((1, *shape)), dtype="float32")
    other = x.copy()
    other[:, channels] += 1
    differs = (layer.predict(x) != layer.predict(other))[0]
    return differs.reshape(len(differs), -1).any(axis=1)


for name, before, channel in (("conv2", "pool1", 48), ("conv3", "pool2", 128)):
    changed = changed_outputs(network[name], shapes[before], slice(channel, channel + 1))
    half = len(changed) // 2
    print(
        f"{name}, channel {channel} changed: {int(changed[:half].sum())} of {half} outputs of "
        f"tower a change, {int(changed[half:].sum())} of {half} of tower b"
    )

# %% [markdown]
# Now all layers. For each a table of two rows and two columns: the *row* says in which tower all
# channels of the input are changed, the *column* in which tower an output changes (1) or none
# does (0). A layer within towers has the table 1 0 / 0 1.


# %%
def who_sees_whom(layer, shape):
    """[[a -> a, a -> b], [b -> a, b -> b]]: how many output channels change."""
    half = shape[0] // 2
    table = []
    for channels in (slice(0, half), slice(half, 2 * half)):
        changed = changed_outputs(layer, shape, channels)
        in_a, in_b = changed[: len(changed) // 2], changed[len(changed) // 2 :]
        table.append([int(in_a.sum()), int(in_b.sum())])
    return np.array(table)


names, tables = list(shapes), {}
for name in ("norm1", "conv2", "norm2", "conv3", "conv4", "conv5", "fc6", "fc7"):
    tables[name] = who_sees_whom(network[name], shapes[names[names.index(name) - 1]])

plots.matrices([table > 0 for table in tables.values()], list(tables), form="{:d}")

# %% [markdown]
# The convolutions and the fully connected layers do as in the drawing. But look at norm1 and norm2:
# something crosses there. How much?

# %%
inside = LocalResponseNorm(alpha_mode="mean", groups=2)  # as in the released code
print("tower b changed, outputs that change in (a, b):")
for what, layer in (("paper's text", network["norm1"]), ("code of 2012", inside)):
    print(f"    norm1 of the {what}: {who_sees_whom(layer, shapes['relu1'])[1].tolist()}")

# %% [markdown]
# Normalisation looks at two channels on either side. At the seam between the towers these are
# channels of the other one. Read literally, the paper's formula sums over neighbouring maps of the
# *layer*, so two channels on either side of the seam see the other tower. The released code
# normalised on each GPU by itself. Two channels of 48 are little. But if you compare your numbers
# with someone else's, this is one of the places where they part.
#
# What do the towers save? The same count with and without groups:

# %%
print("              parameters                  multiply-adds")
print("        with towers   without          with towers         without")
without = [total[0], total[1]]
for name in ("conv2", "conv4", "conv5"):
    layer = network[name]
    before = shapes[names[names.index(name) - 1]]
    whole = Conv2d(
        layer.in_channels, layer.out_channels, layer.kernel_size[0], padding=layer.padding
    )
    print(
        f"{name:8}{layer.num_params:11,}{whole.num_params:10,}"
        f"{work[name]:21,}{whole.multiply_adds(before):16,}"
    )
    without[0] += whole.num_params - layer.num_params
    without[1] += whole.multiply_adds(before) - work[name]
print(f"{'all':8}{total[0]:11,}{without[0]:11,}{total[1]:20,}{without[1]:16,}")

# %% [markdown]
# 724 million multiplications with towers, 1135 million without. Fewer weights, and much less work:
# what began as a way around small memories is today used for its own sake (grouped and depthwise
# convolutions). Did the towers cost accuracy? The paper does not say. It compares with a network on
# one GPU whose convolutions are half as wide (all but the last), and which was worse by 1.7%
# (top-1) and 1.2% (top-5, section 3.2). That is not the network without groups.
#
# And if the towers never met before the end? The released code has notes on that too: its run 150
# had 41.8% (top-1) and 19.3% (top-5) errors on the validation pictures of 2012; the network whose
# towers do meet had 40.7% and 18.2%.
#
# ## A riddle: how many neurons?
#
# The caption of the paper's figure 2 counts the neurons of each layer: 253,440, 186,624, 64,896,
# 64,896, 43,264, 4096, 4096 and 1000. Let the network count:

# %%
caption = (253_440, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000)
ours = [int(np.prod(shapes[name])) for name in by_hand]
for name, theirs, count in zip(by_hand, caption, ours, strict=True):
    note = "" if theirs == count else "   they differ"
    print(f"{name:5} paper {theirs:>8,}   here {count:>8,}{note}")
print(f"sum   paper {sum(caption):>8,}   here {sum(ours):>8,}")
print(f"55 * 48 * 48 * 2 = {55 * 48 * 48 * 2:,}")

# %% [markdown]
# All agree but the first: 55 × 55 × 96 is 290,400. The last line is our guess of what happened: two
# towers of 55 × 48 × 48, where one of the sides was taken for the 48 channels. We know of nobody
# who has confirmed it. But the abstract says "650,000 neurons". With 290,400 the sum comes close to
# that; with 253,440 it does not. So it seems that the caption has a slip, and the network is as the
# rest of the text says. It is one more reason to count for yourself.
#
# ## What it reached
#
# The paper's results, in per cent of the pictures (its tables 1 and 2, and section 6). For 2012 the
# labels of the test pictures were never published: only what was sent to the contest has an error
# on them, and all else is measured on the 50,000 validation pictures.
#
# | ILSVRC-2010, test pictures | top-1 error | top-5 error |
# |---|---|---|
# | sparse coding, the best entry of 2010 | 47.1 | 28.2 |
# | Fisher vectors, the best published by 2012 | 45.7 | 25.7 |
# | **AlexNet**, mean of ten views | 37.5 | 17.0 |
# | AlexNet, the centre alone | 39.0 | 18.3 |
#
# | ILSVRC-2012 | top-1, validation | top-5, validation | top-5, test |
# |---|---|---|---|
# | Fisher vectors, the second of the contest | | | 26.2 |
# | **AlexNet**, one network | 40.7 | 18.2 | |
# | the mean of five networks | 38.1 | 16.4 | 16.4 |
# | one network, trained beforehand on all of ImageNet | 39.0 | 16.6 | |
# | the mean of seven: the five, and two of the last kind | 36.7 | 15.4 | 15.3 |
#
# (All of ImageNet, as of autumn 2011, was 15 million pictures in 22,000 classes. That network had a
# sixth convolution, and was then trained on with the contest's pictures: *fine-tuning*.)
#
# **Predict**, before you open the list: which of its parts does the paper find worth most?
#
# <details><summary>What the parts are worth</summary>
#
# In points of top-1 and top-5 error:
#
# | part | top-1 | top-5 | section | notebook |
# |---|---|---|---|---|
# | each of the middle convolutions | about 2 | | 7 | |
# | two GPUs, for one with half the kernels | 1.7 | 1.2 | 3.2 | this one |
# | ten views, for the centre alone | 1.5 | 1.3 | 6 | [10](10_augmentation.ipynb) |
# | local response normalisation | 1.4 | 1.2 | 3.3 | [5](05_local_response_normalisation.ipynb) |
# | noise in the colours | more than 1 | | 4.1 | [10](10_augmentation.ipynb) |
# | overlapped pooling | 0.4 | 0.3 | 3.4 | [4](04_pooling.ipynb) |
#
# For three parts it gives no points: ReLU learns six times faster than tanh in a small network
# (section 3.1, [notebook 3](03_relu.ipynb)), and without crops or without dropout the network
# overfits (sections 4.1 and 4.2, notebooks 10 and [6](06_dropout.ipynb)).
#
# Each number is the difference of single runs, so do not take the small ones for more than they
# are: the released code's notes have the same network with another learning rate schedule (run
# 155), at 40.7% and 18.5%, where the published run has 40.7% and 18.2%.
#
# </details>
#
# ## Five networks called AlexNet
#
# Ask two programs for "AlexNet" and you may get two different networks. This library has the four
# that matter, and a small one of its own. Everything in this table is read off the networks:

# %%
rows, long_rows = {}, {}


def row(label, value):
    rows.setdefault(label, []).append(value)


for variant in VARIANTS:
    net = alexnet(variant)
    kinds = list(net.layers)
    norms = [layer for layer in net.layers.values() if isinstance(layer, LocalResponseNorm)]
    pool = next(layer for layer in net.layers.values() if isinstance(layer, MaxPool2d))
    convs = [layer for layer in net.layers.values() if isinstance(layer, Conv2d)]
    row("pixels", net.image_size)
    row("parameters", f"{net.num_params:,}")
    row("million products", f"{net.multiply_adds(net.input_shape) / 1e6:.0f}")
    row("groups", "-".join(str(layer.groups) for layer in convs))
    row("padding of conv1", str(net["conv1"].padding[0]))
    row("pooling rounds up", "yes" if pool.ceil_mode else "no")
    row("after conv1", " ".join(k[:-1] for k in kinds[1 : kinds.index("conv2")]))
    row("LRN: k", f"{norms[0].k:g}" if norms else "-")
    row("LRN: alpha (sum)", f"{norms[0].effective_alpha:g}" if norms else "-")
    row("LRN: in towers", ("yes" if norms[0].groups == 2 else "no") if norms else "-")
    row("std of conv3", f"{float(net['conv3'].params['weight'].std()):.3f}")
    row("bias of conv2", f"{float(net['conv2'].params['bias'][0]):g}")
    filters = "-".join(str(layer.out_channels) for layer in convs)
    long_rows[variant] = filters, " ".join(kinds[kinds.index("flatten") + 1 : -1])
    del net

print(" " * 17 + "".join(f"{name:>15}" for name in VARIANTS))
for label, cells in rows.items():
    print(f"{label:17}" + "".join(f"{cell!s:>15}" for cell in cells))

# %% [markdown]
# What to look at:
#
# - **paper** and **original2012** have the same parameters, and differ in order and constants. In
#   the code the first ReLU comes *after* pooling, and normalisation before it, so that it also sees
#   negative values. ReLU and max pooling may change places; normalisation and ReLU may not.
# - **Initialisation**: the text says 0.01 everywhere, the code had 0.03 in conv3 to conv5. Without
#   that the network hardly begins to learn ([notebook 9](09_sgd_and_initialisation.ipynb)).
# - **caffe** takes 227 pixels and no padding, and its biases start at 0.1, not at 1.
# - **owt** is what you get from torchvision: no towers, no normalisation, other filters. It is a
#   network of 2014.
#
# When somebody says that "AlexNet" reaches some accuracy, ask which one.
#
# ### Where dropout stands
#
# Two more rows, which were too long for the table: the filters of the convolutions, and the order
# of the layers between the last pooling and fc8.

# %%
for variant, (filters, order) in long_rows.items():
    print(f"{variant:14}{filters:21}{order}")

# %% [markdown]
# The paper drops **hidden units**: outputs of fc6 and fc7. torchvision's network drops the
# **inputs** of fc6 and fc7. So there the features of the last pooling are dropped too, and the
# outputs of fc7, by which fc8 tells the classes, never are. Both work; they are not the same.
#
# ## Break it
#
# What if the 3 zeros of conv1 are left out, or other paddings taken? Programs do that, and no
# error tells them. **Predict**: which of these five networks has fewer parameters than AlexNet?
# Look at the sides along the way, then at the last column.

# %%
print("pixels  padding            conv1 pool1 pool2 pool5  features   parameters")
for size, padding in ((224, ((0, 3), (0, 3))), (227, 0), (224, 2), (224, 1), (224, 0)):
    shape, sides = (3, size, size), []
    for name, layer in network.layers.items():
        if name == "conv1":
            layer = Conv2d(3, 96, 11, stride=4, padding=padding)
        if name == "fc6":
            break
        shape = layer.output_shape(shape)
        if name in ("conv1", "pool1", "pool2", "pool5"):
            sides.append(shape[1])
    features = shape[0]
    count = network.num_params + (features - 9216) * 4096
    print(f"{size:6}  {padding!s:17}" + "".join(f"{s:6}" for s in sides), end="")
    print(f"{features:10,}{count:13,}")

# %% [markdown]
# One column less in the first maps becomes one less in the last: 5 × 5 for 6 × 6 features, and 11.5
# million parameters are gone. The program runs, trains, and is another network. The sum of the
# parameters is the quickest test of all: **60,965,224**, or it is not the paper's (62,378,344
# without groups, 61,100,840 for torchvision's).
#
# The other way round, pictures may be too small for all the pooling. Then it is better to be told
# at once:

# %%
from minialexnet.errors import InputError

try:
    alexnet("paper", num_classes=10, image_size=48)
except InputError as error:
    print(error)

# %% [markdown]
# Go further: `minialexnet models` prints all variants, `minialexnet models paper --image-size 112
# --classes 10` one of them for other pictures. How much is left in fc6 then?
#
# ## Three questions
#
# **1.** Ten classes instead of 1000. How many parameters fewer, and how many percent of the work?
#
# <details><summary>Answer</summary>
#
# fc8 has 4097 parameters a class, so 990 · 4097 = 4,056,030 fewer. Of the work 990 · 4096 = 4.06
# million multiplications go, 0.6%. The next cell counts it.
#
# </details>
#
# **2.** You make the pictures twice as large, 448 pixels. Which layers get more parameters, and
# which more work?
#
# <details><summary>Answer</summary>
#
# The convolutions keep their parameters: a filter does not know how large the picture is. Their
# work grows about four times. fc6 gets one weight for each feature and unit, so its parameters (and
# its work) grow with the number of places after pool5, 6 × 6 before, 13 × 13 now; fc7 and fc8 stay
# as they are.
#
# </details>
#
# **3.** Why do the towers meet in conv3, and not in every layer or in none?
#
# <details><summary>Answer</summary>
#
# Meeting costs sending a whole layer from GPU to GPU, twice (forward and backward). After pool2 the
# maps are already small: 128 × 13 × 13 numbers for each picture and tower, while after pool1 they
# would be 48 × 27 × 27, 1.6 times as many. Not meeting at all costs accuracy (run 150, above). The
# paper says that the amount of communication could be chosen so that it is an acceptable part of
# the work.
#
# </details>

# %%
fewer = 990 * 4097
print(f"{fewer:,} parameters fewer: {network.num_params - fewer:,} for 10 classes")
print(f"{990 * 4096 / total[1]:.1%} of the work")
print(f"{48 * 27 * 27 / (128 * 13 * 13):.2f} times as many numbers after pool1 as after pool2")
side = 448
for kernel, stride, padding in ((11, 4, 3), (3, 2, 0), (3, 2, 0), (3, 2, 0)):
    side = (side + padding - kernel) // stride + 1
print(f"{side} x {side} places after pool5 for 448 pixels")

# %% [markdown]
# ## Words
#
# | English | 日本語 |
# |---|---|
# | layer | 層 |
# | fully connected layer | 全結合層 |
# | parameter, weight, bias | パラメータ、重み、バイアス |
# | multiply-add (MAC) | 積和演算 |
# | activation (output of a unit) | アクティベーション(ユニットの出力) |
# | feature map | 特徴マップ |
# | grouped convolution | グループ化畳み込み |
# | batch size | バッチサイズ |
# | model parallelism | モデル並列 |
# | max pooling | 最大値プーリング(マックスプーリング) |
#
# ## Where to read on
#
# - [`minialexnet/models/alexnet.py`](../minialexnet/models/alexnet.py): the five networks, each
#   written down layer by layer.
# - [`minialexnet/models/initialization.py`](../minialexnet/models/initialization.py): how their
#   weights begin.
# - [`minialexnet/models/parts.py`](../minialexnet/models/parts.py): networks with a part taken out,
#   `alexnet("paper", parts=Parts(groups=False))`.
# - Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural
#   networks"
#   ([NeurIPS](https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks)),
#   sections 3.2, 3.5 and 6. (The reprint in the Communications of the ACM, 2017, counts its
#   sections otherwise.)
# - Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks"
#   ([arXiv:1404.5997](https://arxiv.org/abs/1404.5997)): the network of torchvision.
# - Next: [12. Training](12_training.ipynb).
