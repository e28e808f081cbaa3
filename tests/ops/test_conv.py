"""Convolution is the sum of its definition, and its gradients are those of that sum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strict import to_strict

from minialexnet.errors import InputError
from minialexnet.ops import conv2d, conv2d_backward

NONE = ((0, 0), (0, 0))

# x, weight, stride, padding, groups
CONFIGURATIONS = [
    ((2, 3, 5, 5), (4, 3, 3, 3), (1, 1), NONE, 1),
    ((2, 4, 6, 5), (6, 2, 3, 2), (2, 1), ((1, 1), (0, 0)), 2),
    ((1, 6, 5, 7), (6, 2, 1, 4), (1, 2), ((0, 2), (3, 1)), 3),
    ((3, 2, 4, 4), (2, 1, 4, 4), (1, 1), NONE, 2),  # one position
    ((1, 1, 9, 8), (1, 1, 2, 2), (3, 4), NONE, 1),  # pixels that no window holds
    ((2, 3, 8, 8), (4, 3, 5, 5), (4, 4), ((0, 1), (0, 1)), 1),  # conv1 of 2012, smaller
    ((1, 4, 3, 3), (8, 1, 1, 1), (1, 1), NONE, 4),  # every channel by itself
    ((1, 2, 2, 1), (3, 2, 4, 4), (1, 1), ((1, 1), (2, 1)), 1),  # kernel larger than picture
]
configurations = pytest.mark.parametrize(
    ("x_shape", "weight_shape", "stride", "padding", "groups"), CONFIGURATIONS
)


def conv_by_loops(x, weight, bias, dy, stride, padding, groups):
    """y, dx, dweight, dbias, window by window; `dy` is called with the shape of y."""
    (sh, sw), (kh, kw), c = stride, weight.shape[2:], weight.shape[1]
    padded = np.pad(x, ((0, 0), (0, 0), *padding))
    oh, ow = (padded.shape[2] - kh) // sh + 1, (padded.shape[3] - kw) // sw + 1
    y = np.zeros((len(x), len(weight), oh, ow))
    dy = dy(y.shape)
    dpadded, dweight, dbias = np.zeros_like(padded), np.zeros_like(weight), np.zeros_like(bias)
    for o in range(len(weight)):
        first = c * (o // (len(weight) // groups))
        for i in range(oh):
            for j in range(ow):
                window = (
                    slice(None),
                    slice(first, first + c),
                    slice(i * sh, i * sh + kh),
                    slice(j * sw, j * sw + kw),
                )
                dy_here = dy[:, o, i, j].reshape(-1, 1, 1, 1)
                y[:, o, i, j] = (padded[window] * weight[o]).sum(axis=(1, 2, 3)) + bias[o]
                dpadded[window] += dy_here * weight[o]
                dweight[o] += (dy_here * padded[window]).sum(axis=0)
                dbias[o] += dy_here.sum()
    (top, _), (left, _) = padding
    dx = dpadded[:, :, top : top + x.shape[2], left : left + x.shape[3]]
    return y, dy, dx, dweight, dbias


@configurations
def test_values_and_gradients_are_those_of_the_definition(
    backend, dtype, rng, x_shape, weight_shape, stride, padding, groups
):
    x, weight = rng.standard_normal(x_shape), rng.standard_normal(weight_shape)
    bias = rng.standard_normal(weight_shape[0])
    y, dy, *gradients = conv_by_loops(x, weight, bias, rng.standard_normal, stride, padding, groups)

    x, weight, bias, dy = (backend.put(a, dtype) for a in (x, weight, bias, dy))
    backend.check(conv2d(x, weight, bias, stride, padding, groups), y, dtype)
    computed = conv2d_backward(dy, x, weight, stride, padding, groups)
    for ours, theirs in zip(computed, gradients, strict=True):
        backend.check(ours, theirs, dtype)


def test_without_bias_nothing_is_added(backend, dtype, rng):
    x, weight = (backend.put(rng.standard_normal((2, 2, 3, 3)), dtype) for _ in range(2))
    expected = backend.get(conv2d(x, weight, backend.put(np.zeros(2), dtype)))
    backend.check(conv2d(x, weight), expected, dtype)


def test_without_input_gradient_the_others_stay_the_same(backend, dtype, rng):
    x, weight = (backend.put(rng.standard_normal(s), dtype) for s in ((2, 2, 4, 4), (3, 2, 3, 3)))
    dy = backend.put(rng.standard_normal((2, 3, 2, 2)), dtype)
    _, dweight, dbias = conv2d_backward(dy, x, weight)
    dx, dweight_alone, dbias_alone = conv2d_backward(dy, x, weight, input_gradient=False)
    assert dx is None
    np.testing.assert_array_equal(backend.get(dweight_alone), backend.get(dweight))
    np.testing.assert_array_equal(backend.get(dbias_alone), backend.get(dbias))


@given(
    groups=st.integers(1, 4),
    inputs=st.integers(1, 3),
    outputs=st.integers(1, 3),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    size=st.tuples(st.integers(3, 7), st.integers(3, 7)),
    padding=st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2),
)
def test_groups_are_towers_that_do_not_see_each_other(
    backend, groups, inputs, outputs, kernel, stride, size, padding
):
    """Forward and backward, as separate convolutions whose results are put side by side."""
    rng = np.random.default_rng(0)
    x = backend.put(rng.standard_normal((2, groups * inputs, *size)))
    weight = backend.put(rng.standard_normal((groups * outputs, inputs, *kernel)))
    bias = backend.put(rng.standard_normal(groups * outputs))
    y = conv2d(x, weight, bias, stride, padding, groups)
    dy = backend.put(rng.standard_normal(y.shape))
    together = (y, *conv2d_backward(dy, x, weight, stride, padding, groups))

    towers = []
    for g in range(groups):
        seen, made = slice(g * inputs, (g + 1) * inputs), slice(g * outputs, (g + 1) * outputs)
        own = conv2d(x[:, seen], weight[made], bias[made], stride, padding)
        back = conv2d_backward(dy[:, made], x[:, seen], weight[made], stride, padding)
        towers.append((own, *back))
    for result, parts, axis in zip(together, zip(*towers, strict=True), (1, 1, 0, 0), strict=True):
        side_by_side = np.concatenate([backend.get(part) for part in parts], axis)
        backend.check(result, side_by_side, "float64")


@pytest.mark.parametrize(
    ("x_shape", "weight_shape", "groups", "message"),
    [
        ((2, 3, 5), (2, 3, 3, 3), 1, r"x has shape \(2, 3, 5\); expected four axes"),
        ((2, 3, 5, 5), (2, 27), 1, r"weight has shape \(2, 27\); expected four axes"),
        ((2, 3, 5, 5), (2, 2, 3, 3), 1, "x has 3 channels .* expected 2 channels"),
        ((2, 4, 5, 5), (3, 2, 3, 3), 2, "groups=2 expected 4 channels, and filters in 2 equal"),
        ((2, 3, 2, 5), (2, 3, 3, 3), 1, "window of 3 pixels does not fit into a picture of 2"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(backend, x_shape, weight_shape, groups, message):
    x, weight = (backend.put(np.zeros(shape), "float32") for shape in (x_shape, weight_shape))
    with pytest.raises(InputError, match=message):
        conv2d(x, weight, groups=groups)


def test_a_gradient_of_another_shape_is_refused(backend):
    x, weight, dy = (
        backend.put(np.zeros(shape), "float32")
        for shape in ((2, 3, 5, 5), (4, 3, 3, 3), (2, 4, 3, 2))
    )
    with pytest.raises(InputError, match=r"dy has shape \(2, 4, 3, 2\); expected \(2, 4, 3, 3\)"):
        conv2d_backward(dy, x, weight)


def test_arrays_of_two_backends_are_refused():
    x = np.zeros((1, 1, 3, 3), np.float32)
    with pytest.raises(InputError, match="different backends"):
        conv2d(x, to_strict(x))
