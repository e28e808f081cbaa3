"""Notebook 11: AlexNet assembled."""

import numpy as np

from minialexnet import ops
from minialexnet.backend import get_array_module
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercise import Exercise, Mistake


def conv_parameters(in_channels, out_channels, kernel_size, groups):
    seen = in_channels // groups
    weights = out_channels * seen * kernel_size * kernel_size
    biases = out_channels
    return weights + biases


def multiply_adds(in_channels, out_channels, kernel_size, groups, height, width):
    for_one_output = (in_channels // groups) * kernel_size * kernel_size
    outputs = out_channels * height * width
    return outputs * for_one_output


def grouped_conv2d(x, weight, groups):
    xp = get_array_module(x)
    c, o = x.shape[1] // groups, len(weight) // groups
    towers = []
    for g in range(groups):
        inputs, filters = x[:, g * c : (g + 1) * c], weight[g * o : (g + 1) * o]
        towers.append(ops.conv2d(inputs, filters))
    return xp.concatenate(towers, axis=1)


def _convolutions(rng):
    """in_channels, out_channels, kernel_size, groups: small ones, then AlexNet's."""
    return [
        (1, 1, 2, 1),
        (2, 3, 2, 1),
        (4, 6, 3, 2),
        (6, 6, 1, 3),
        (3, 96, 11, 1),
        (96, 256, 5, 2),
        (256, 384, 3, 1),
        (384, 384, 3, 2),
    ]


def _convolutions_with_places(rng):
    sides = [(1, 1), (2, 3), (4, 5), (3, 2), (55, 55), (27, 27), (13, 13), (13, 13)]
    return [(*layer, *side) for layer, side in zip(_convolutions(rng), sides, strict=True)]


def _grouped_cases(rng):
    def case(n, c, o, h, w, k, groups):
        return (
            rng.standard_normal((n, c, h, w)),
            rng.standard_normal((o, c // groups, k, k)),
            groups,
        )

    by_hand = (
        np.array([[[[1.0]], [[2.0]], [[10.0]], [[20.0]]]]),
        np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]).reshape(4, 2, 1, 1),
        2,
    )
    return [
        by_hand,
        case(1, 2, 2, 3, 3, 2, 1),
        case(1, 4, 6, 4, 3, 2, 2),
        case(3, 6, 9, 4, 5, 3, 3),
        case(2, 8, 8, 3, 4, 2, 4),
    ]


def _check_grouped(answer, xp):
    """The forward pass, whose derivative the library's own backward pass is."""
    rng = np.random.default_rng(1)
    x, weight = (xp.asarray(rng.standard_normal(shape)) for shape in ((2, 4, 4, 3), (6, 2, 2, 2)))
    return check_function(
        lambda x, weight: answer(x, weight, 2),
        lambda dy, x, weight: ops.conv2d_backward(dy, x, weight, groups=2)[:2],
        [x, weight],
        ["x", "weight"],
    )


def _towers(x, weight, groups):
    """What each tower makes, in a list."""
    c, o = x.shape[1] // groups, len(weight) // groups
    return [
        ops.conv2d(x[:, g * c : (g + 1) * c], weight[g * o : (g + 1) * o]) for g in range(groups)
    ]


def _dealt_out(x, rows):
    """The channels of x, written in so many rows, read column by column."""
    xp = get_array_module(x)
    return xp.take(x, xp.arange(x.shape[1]).reshape(rows, -1).T.reshape(-1), axis=1)


def _first_channels_only(x, weight, groups):
    xp = get_array_module(x)
    return grouped_conv2d(xp.tile(x[:, : x.shape[1] // groups], (1, groups, 1, 1)), weight, groups)


def _first_filters_only(x, weight, groups):
    xp = get_array_module(x)
    return grouped_conv2d(x, xp.tile(weight[: len(weight) // groups], (groups, 1, 1, 1)), groups)


def _everything_seen(x, weight, groups):
    """Each filter is used on the channels of all groups."""
    xp = get_array_module(x)
    return ops.conv2d(x, xp.tile(weight, (1, groups, 1, 1)))


def _swapped(x, weight, groups):
    c = x.shape[1] // groups
    return grouped_conv2d(
        get_array_module(x).concatenate(
            [x[:, g * c : (g + 1) * c] for g in reversed(range(groups))], axis=1
        ),
        weight,
        groups,
    )


EXERCISES = (
    Exercise(
        name="conv_parameters",
        task="How many numbers a convolution learns, weights and biases, with square kernels of "
        "kernel_size pixels and its channels cut into groups.",
        solution=conv_parameters,
        cases=_convolutions,
        mistakes=(
            Mistake(
                "The biases are forgotten: each output channel has one.",
                lambda c, o, k, g: o * (c // g) * k * k,
            ),
            Mistake(
                "The groups are ignored: with g groups a filter sees only in_channels / g of the "
                "channels, and has weights for no others.",
                lambda c, o, k, g: o * c * k * k + o,
            ),
            Mistake(
                "That is one tower alone: the groups divide the channels that a filter *sees*, but "
                "there are still out_channels filters in all.",
                lambda c, o, k, g: (o // g) * (c // g) * k * k + o // g,
            ),
            Mistake(
                "The groups divide the outputs as well as the inputs: there are still out_channels "
                "filters in all, in_channels / groups deep.",
                lambda c, o, k, g: (o // g) * (c // g) * k * k + o,
            ),
            Mistake(
                "The kernel is square: kernel_size * kernel_size weights for each channel that it "
                "sees, not kernel_size.",
                lambda c, o, k, g: o * (c // g) * k + o,
            ),
            Mistake(
                "The biases are counted once for each group: there is one for each of the "
                "out_channels outputs, and each output belongs to one group.",
                lambda c, o, k, g: o * (c // g) * k * k + o * g,
            ),
            Mistake(
                "Only one tower's biases are counted: the groups do not divide them, for all "
                "out_channels outputs have one.",
                lambda c, o, k, g: o * (c // g) * k * k + o // g,
            ),
            Mistake(
                "The bias belongs to the output channel, not to each slice of a filter: "
                "out_channels of them, however many channels come in.",
                lambda c, o, k, g: o * (c // g) * (k * k + 1),
            ),
            Mistake(
                "A filter is as deep as the channels it sees: the in_channels / groups are missing "
                "in the product.",
                lambda c, o, k, g: o * k * k + o,
            ),
            Mistake(
                "The groups multiply where they should divide: a filter sees *fewer* channels.",
                lambda c, o, k, g: o * c * g * k * k + o,
            ),
        ),
    ),
    Exercise(
        name="multiply_adds",
        task="How many multiplications, each with its addition, the forward pass of a convolution "
        "takes for one picture, whose output maps have height x width pixels.",
        solution=multiply_adds,
        cases=_convolutions_with_places,
        tolerance=0,  # a count: of a hundred million, one too many is wrong too
        mistakes=(
            Mistake(
                "The places are forgotten: every weight is used once at each of the height * width "
                "pixels of the output.",
                lambda c, o, k, g, h, w: o * (c // g) * k * k,
            ),
            Mistake(
                "The groups are ignored: an output looks at in_channels / groups channels only.",
                lambda c, o, k, g, h, w: o * c * k * k * h * w,
            ),
            Mistake(
                "Biases are counted: they are added, but nothing is multiplied by them.",
                lambda c, o, k, g, h, w: (o * (c // g) * k * k + o) * h * w,
            ),
            Mistake(
                "A multiplication and its addition count as one here; you count them as two "
                "(what some call FLOPs).",
                lambda c, o, k, g, h, w: 2 * o * (c // g) * k * k * h * w,
            ),
            Mistake(
                "The kernel is square: kernel_size * kernel_size products for each channel that an "
                "output looks at.",
                lambda c, o, k, g, h, w: o * (c // g) * k * h * w,
            ),
            Mistake(
                "That is one tower alone: the groups divide the inputs of each output, not the "
                "number of outputs.",
                lambda c, o, k, g, h, w: (o // g) * (c // g) * k * k * h * w,
            ),
            Mistake(
                "Only one side of the maps is counted: there are height * width places.",
                lambda c, o, k, g, h, w: o * (c // g) * k * k * h,
            ),
            Mistake(
                "The number of filters is missing: all of the out_channels maps are computed.",
                lambda c, o, k, g, h, w: (c // g) * k * k * h * w,
            ),
        ),
    ),
    Exercise(
        name="grouped_conv2d",
        task="A convolution without padding and with stride 1, in which x (N, C, H, W) and weight "
        "(O, C/groups, K, K) are cut into groups that do not see each other: (N, O, OH, OW).",
        solution=grouped_conv2d,
        cases=_grouped_cases,
        gradient_check=_check_grouped,
        results=("y",),
        mistakes=(
            Mistake(
                "Every group reads the first channels: group g takes those from g * C/groups to "
                "(g + 1) * C/groups.",
                _first_channels_only,
            ),
            Mistake(
                "All groups use the filters of the first: filters, too, are cut into groups, "
                "O/groups for each.",
                _first_filters_only,
            ),
            Mistake(
                "The outputs of the groups are interleaved: all of the first group's maps come "
                "first, then all of the second's.",
                lambda x, weight, groups: _dealt_out(grouped_conv2d(x, weight, groups), groups),
            ),
            Mistake(
                "The groups' maps were put one after the other along the wrong axis: pictures come "
                "first, then channels; so axis 1.",
                lambda x, weight, groups: get_array_module(x).concatenate(
                    _towers(x, weight, groups), axis=0
                ),
            ),
            Mistake(
                "The groups' results are added up: they stand side by side, as channels of one "
                "output, and each tower has maps of its own.",
                lambda x, weight, groups: sum(_towers(x, weight, groups)),
            ),
            Mistake(
                "Each filter is used on all channels, group after group, and the results are added "
                "up: a filter belongs to one group, and sees the channels of no other.",
                _everything_seen,
            ),
            Mistake(
                "The input channels are dealt out in turn (every groups-th one, as by x[:, "
                "g::groups]); a group is a stretch of neighbouring channels.",
                lambda x, weight, groups: grouped_conv2d(
                    _dealt_out(x, x.shape[1] // groups), weight, groups
                ),
            ),
            Mistake(
                "The groups are mixed up: the first filters get the last channels. Group g takes "
                "the g-th part of the channels and the g-th part of the filters.",
                _swapped,
            ),
            Mistake(
                "Only one group's maps are returned: is there an overwritten result, or a return "
                "inside the loop?",
                lambda x, weight, groups: _towers(x, weight, groups)[0],
            ),
            Mistake(
                "Only the last group's maps are returned: each pass of the loop overwrites those "
                "of the one before; collect them.",
                lambda x, weight, groups: _towers(x, weight, groups)[-1],
            ),
        ),
    ),
)
