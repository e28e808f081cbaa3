import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet import alexnet, learn, ops
from minialexnet.backend import get_array_module
from minialexnet.layers import Conv2d
from minialexnet.learn.exercises import assembled

# ------------------------------------------------------------- right answers, as readers write them


def parameters_of_a_tower_times_towers(in_channels, out_channels, kernel_size, groups):
    of_a_tower = (out_channels // groups) * (in_channels // groups) * kernel_size**2
    return groups * of_a_tower + out_channels


def parameters_from_arrays(in_channels, out_channels, kernel_size, groups):
    weight = np.empty((out_channels, in_channels // groups, kernel_size, kernel_size))
    return weight.size + np.empty(out_channels).size


def work_from_parameters(in_channels, out_channels, kernel_size, groups, height, width):
    weights = out_channels * in_channels / groups * kernel_size**2
    return weights * (height * width)


def work_place_by_place(in_channels, out_channels, kernel_size, groups, height, width):
    total = 0
    for _ in range(groups):
        total += (out_channels // groups) * (in_channels // groups) * kernel_size**2
    return total * height * width


def grouped_by_loops(x, weight, groups):
    xp = get_array_module(x)
    n, _, h, w = x.shape
    o, c, k, _ = weight.shape
    y = xp.zeros((n, o, h - k + 1, w - k + 1), dtype=x.dtype)
    for out in range(o):
        first = out // (o // groups) * c
        for i in range(y.shape[2]):
            for j in range(y.shape[3]):
                window = x[:, first : first + c, i : i + k, j : j + k]
                y[:, out, i, j] = (window * weight[out]).sum(axis=(1, 2, 3))
    return y


def grouped_by_split(x, weight, groups):
    xp = get_array_module(x)
    parts = zip(xp.split(x, groups, axis=1), xp.split(weight, groups), strict=True)
    return xp.concatenate([ops.conv2d(a, b) for a, b in parts], axis=1)


def grouped_by_zeros(x, weight, groups):
    """One dense convolution whose filters are zero where they must not see."""
    xp = get_array_module(x)
    o, c, k, _ = weight.shape
    dense = xp.zeros((o, c * groups, k, k), dtype=weight.dtype)
    for g in range(groups):
        outputs = slice(g * o // groups, (g + 1) * o // groups)
        dense[outputs, g * c : (g + 1) * c] = weight[outputs]
    return ops.conv2d(x, dense)


@pytest.mark.parametrize(
    "name, answer",
    [
        ("conv_parameters", parameters_of_a_tower_times_towers),
        ("conv_parameters", parameters_from_arrays),
        ("multiply_adds", work_from_parameters),
        ("multiply_adds", work_place_by_place),
    ],
)
def test_other_ways_to_count_are_right(name, answer):
    assert learn.check(name, answer).ok


@pytest.mark.parametrize("answer", [grouped_by_loops, grouped_by_split, grouped_by_zeros])
def test_other_ways_to_convolve_in_groups_are_right(answer):
    accepted("grouped_conv2d", answer)


# ------------------------------------------------------------------------------ beside the library


def test_the_network_has_as_many_parameters_and_as_much_work():
    network = alexnet("paper", num_classes=10, image_size=112)
    shape, seen = network.input_shape, 0
    for layer in network.layers.values():
        if isinstance(layer, Conv2d):
            _, height, width = layer.output_shape(shape)
            sizes = layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.groups
            assert assembled.conv_parameters(*sizes) == layer.num_params
            work = assembled.multiply_adds(*sizes, height, width)
            assert work == layer.multiply_adds(shape)
            seen += 1
        shape = layer.output_shape(shape)
    assert seen == 5


def test_the_grouped_convolution_is_the_librarys(xp, rng):
    x = xp.asarray(rng.standard_normal((2, 6, 5, 4)))
    weight = xp.asarray(rng.standard_normal((9, 2, 3, 3)))
    ours, theirs = assembled.grouped_conv2d(x, weight, 3), ops.conv2d(x, weight, groups=3)
    assert float(abs(ours - theirs).max()) < 1e-12


# ---------------------------------------------------------- wrong answers, as readers write them


def without_bias(in_channels, out_channels, kernel_size, groups):
    return in_channels // groups * out_channels * kernel_size**2


def as_if_without_groups(in_channels, out_channels, kernel_size, groups):
    return (in_channels * kernel_size**2 + 1) * out_channels


def one_tower(in_channels, out_channels, kernel_size, groups):
    in_channels, out_channels = in_channels // groups, out_channels // groups
    return (in_channels * kernel_size**2 + 1) * out_channels


def outputs_divided_too(in_channels, out_channels, kernel_size, groups):
    weights = in_channels * out_channels * kernel_size**2 // groups**2
    return weights + out_channels


def kernel_not_squared(in_channels, out_channels, kernel_size, groups):
    return out_channels * (in_channels // groups * kernel_size + 1)


def bias_in_every_group(in_channels, out_channels, kernel_size, groups):
    total = 0
    for _ in range(groups):
        total += in_channels // groups * out_channels // groups * kernel_size**2 + out_channels
    return total


def bias_for_every_slice(in_channels, out_channels, kernel_size, groups):
    return out_channels * in_channels // groups * (kernel_size**2 + 1)


@pytest.mark.parametrize(
    "answer, words",
    [
        (without_bias, "biases are forgotten"),
        (as_if_without_groups, "groups are ignored"),
        (one_tower, "one tower alone"),
        (outputs_divided_too, "divide the outputs as well"),
        (kernel_not_squared, "kernel is square"),
        (bias_in_every_group, "once for each group"),
        (bias_for_every_slice, "not to each slice"),
    ],
)
def test_miscounted_parameters_get_a_hint(answer, words):
    refused("conv_parameters", answer, words)


def no_places(in_channels, out_channels, kernel_size, groups, height, width):
    return out_channels * (in_channels // groups) * kernel_size**2


def dense_work(in_channels, out_channels, kernel_size, groups, height, width):
    return height * width * in_channels * out_channels * kernel_size * kernel_size


def with_bias(in_channels, out_channels, kernel_size, groups, height, width):
    return height * width * out_channels * (in_channels // groups * kernel_size**2 + 1)


def flops(in_channels, out_channels, kernel_size, groups, height, width):
    products = in_channels // groups * kernel_size**2
    additions = products
    return out_channels * height * width * (products + additions)


def one_side(in_channels, out_channels, kernel_size, groups, height, width):
    return height * out_channels * (in_channels // groups) * kernel_size**2


def one_tower_of_work(in_channels, out_channels, kernel_size, groups, height, width):
    a, b = in_channels // groups, out_channels // groups
    return a * b * kernel_size**2 * height * width


@pytest.mark.parametrize(
    "answer, words",
    [
        (no_places, "places are forgotten"),
        (dense_work, "groups are ignored"),
        (with_bias, "Biases are counted"),
        (flops, "FLOPs"),
        (one_side, "one side"),
        (one_tower_of_work, "one tower alone"),
    ],
)
def test_miscounted_work_gets_a_hint(answer, words):
    refused("multiply_adds", answer, words)


def always_the_first_channels(x, weight, groups):
    c, o = weight.shape[1], len(weight) // groups
    return np.concatenate(
        [ops.conv2d(x[:, :c], weight[g * o : (g + 1) * o]) for g in range(groups)], axis=1
    )


def always_the_first_filters(x, weight, groups):
    c, o = weight.shape[1], len(weight) // groups
    return np.concatenate(
        [ops.conv2d(x[:, g * c : (g + 1) * c], weight[:o]) for g in range(groups)], axis=1
    )


def stacked_and_reshaped(x, weight, groups):
    parts = zip(np.split(x, groups, axis=1), np.split(weight, groups), strict=True)
    y = np.stack([ops.conv2d(a, b) for a, b in parts], axis=2)
    return y.reshape(len(x), len(weight), *y.shape[3:])


def along_the_pictures(x, weight, groups):
    parts = zip(np.split(x, groups, axis=1), np.split(weight, groups), strict=True)
    return np.concatenate([ops.conv2d(a, b) for a, b in parts])


def summed(x, weight, groups):
    c, o = weight.shape[1], len(weight) // groups
    y = 0
    for g in range(groups):
        y = y + ops.conv2d(x[:, g * c : (g + 1) * c], weight[g * o : (g + 1) * o])
    return y


def every_second_channel(x, weight, groups):
    filters = np.split(weight, groups)
    return np.concatenate([ops.conv2d(x[:, g::groups], filters[g]) for g in range(groups)], axis=1)


def every_filter_on_every_group(x, weight, groups):
    return sum(ops.conv2d(part, weight) for part in np.split(x, groups, axis=1))


def overwritten(x, weight, groups):
    for part, filters in zip(np.split(x, groups, axis=1), np.split(weight, groups), strict=True):
        y = ops.conv2d(part, filters)
    return y


@pytest.mark.parametrize(
    "answer, words",
    [
        (always_the_first_channels, "reads the first channels"),
        (always_the_first_filters, "filters of the first"),
        (stacked_and_reshaped, "interleaved"),
        (along_the_pictures, "wrong axis"),
        (summed, "added up: they stand side by side"),
        (every_second_channel, "dealt out in turn"),
        (every_filter_on_every_group, "on all channels"),
        (overwritten, "last group"),
    ],
)
def test_wrong_groups_get_a_hint(answer, words):
    refused("grouped_conv2d", answer, words)
