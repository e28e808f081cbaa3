"""What every operation promises, in one table: dtypes, strides, inputs left alone, no waiting.

A new operation in `minialexnet.ops` must be added to OPERATIONS, or a test here fails.
"""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from strict import sync_count, to_strict

from minialexnet import ops
from minialexnet.errors import InputError

POOL = ((3, 2), (2, 1), ((1, 0), (0, 1)), True)
CONV = ((2, 1), ((1, 2), (0, 1)), 2)
LABELS = np.array([2, 0, 4])


class Operation(NamedTuple):
    """How to call an operation: on which arrays, and how."""

    arrays: Callable[[Callable], list[np.ndarray]]
    call: Callable[..., Any]


def like_activations(normal):
    """dy, and an output from 0 to 1, with many zeros."""
    return [normal(2, 3, 4, 5), np.maximum(np.tanh(normal(2, 3, 4, 5)), 0)]


def pooled(normal):
    """dy, x and y of a maximum pooling."""
    x = normal(2, 3, 5, 6)
    y = ops.max_pool2d(x, *POOL)
    return [normal(*y.shape), x, y]


def convolved(normal):
    """dy, x and weight of a convolution."""
    x, weight = normal(2, 4, 5, 6), normal(6, 2, 3, 2)
    return [normal(*ops.conv2d(x, weight, None, *CONV).shape), x, weight]


OPERATIONS = {
    "adaptive_avg_pool2d": Operation(
        lambda normal: [normal(2, 3, 5, 7)], lambda x: ops.adaptive_avg_pool2d(x, (2, 3))
    ),
    "adaptive_avg_pool2d_backward": Operation(
        lambda normal: [normal(2, 3, 2, 3), normal(2, 3, 5, 7)],
        lambda dy, x: ops.adaptive_avg_pool2d_backward(dy, x, (2, 3)),
    ),
    "avg_pool2d": Operation(
        lambda normal: [normal(2, 3, 5, 6)], lambda x: ops.avg_pool2d(x, *POOL)
    ),
    "avg_pool2d, nothing padded": Operation(
        lambda normal: [normal(2, 3, 5, 6)], lambda x: ops.avg_pool2d(x, (3, 2), (2, 1))
    ),
    "avg_pool2d_backward": Operation(
        lambda normal: pooled(normal)[:2], lambda dy, x: ops.avg_pool2d_backward(dy, x, *POOL)
    ),
    "col2im": Operation(
        lambda normal: [normal(2, 3, 2, 3, 2, 4)],
        lambda cols: ops.col2im(cols, (6, 4), (2, 3), ((1, 0), (0, 1))),
    ),
    "conv2d": Operation(
        lambda normal: [normal(2, 4, 5, 6), normal(6, 2, 3, 2), normal(6)],
        lambda x, weight, bias: ops.conv2d(x, weight, bias, *CONV),
    ),
    "conv2d, nothing padded": Operation(
        lambda normal: [normal(2, 4, 5, 6), normal(6, 4, 3, 2), normal(6)], ops.conv2d
    ),
    "conv2d_backward": Operation(
        convolved, lambda dy, x, weight: ops.conv2d_backward(dy, x, weight, *CONV)
    ),
    "conv2d_backward, nothing padded": Operation(
        lambda normal: [normal(2, 6, 3, 5), normal(2, 4, 5, 6), normal(6, 4, 3, 2)],
        ops.conv2d_backward,
    ),
    "dropout": Operation(
        lambda normal: [normal(4, 6), normal(4, 6) > 0], lambda x, mask: ops.dropout(x, mask, 0.4)
    ),
    "dropout_at_test": Operation(
        lambda normal: [normal(4, 6)], lambda x: ops.dropout_at_test(x, 0.4, inverted=False)
    ),
    "dropout_backward": Operation(
        lambda normal: [normal(4, 6), normal(4, 6) > 0],
        lambda dy, mask: ops.dropout_backward(dy, mask, 0.4),
    ),
    "im2col": Operation(
        lambda normal: [normal(2, 3, 5, 6)],
        lambda x: ops.im2col(x, (3, 2), (2, 1), ((1, 0), (0, 2))),
    ),
    "im2col, nothing padded": Operation(
        lambda normal: [normal(2, 3, 5, 6)], lambda x: ops.im2col(x, (3, 2), (2, 1))
    ),
    "im2col, each pixel by itself": Operation(
        lambda normal: [normal(2, 3, 5, 6)], lambda x: ops.im2col(x, (1, 1))
    ),
    "linear": Operation(lambda normal: [normal(3, 4), normal(5, 4), normal(5)], ops.linear),
    "linear_backward": Operation(
        lambda normal: [normal(3, 5), normal(3, 4), normal(5, 4)], ops.linear_backward
    ),
    "local_response_norm": Operation(
        lambda normal: [normal(2, 6, 3, 4)],
        lambda x: ops.local_response_norm(x, 4, 1.0, 0.75, 2.0, 2),
    ),
    "local_response_norm_backward": Operation(
        lambda normal: [normal(2, 6, 3, 4), normal(2, 6, 3, 4)],
        lambda dy, x: ops.local_response_norm_backward(dy, x, 4, 1.0, 0.75, 2.0, 2),
    ),
    "max_pool2d": Operation(
        lambda normal: [normal(2, 3, 5, 6)], lambda x: ops.max_pool2d(x, *POOL)
    ),
    "max_pool2d, nothing padded": Operation(
        lambda normal: [normal(2, 3, 5, 6)], lambda x: ops.max_pool2d(x, (3, 2), (2, 1))
    ),
    "max_pool2d, each pixel by itself": Operation(
        lambda normal: [normal(2, 3, 5, 6)], lambda x: ops.max_pool2d(x, (1, 1), (1, 1))
    ),
    "max_pool2d_backward": Operation(
        pooled, lambda dy, x, y: ops.max_pool2d_backward(dy, x, y, *POOL)
    ),
    "relu": Operation(lambda normal: [normal(2, 3, 4, 5)], ops.relu),
    "relu_backward": Operation(like_activations, ops.relu_backward),
    "sigmoid": Operation(lambda normal: [normal(2, 3, 4, 5)], ops.sigmoid),
    "sigmoid_backward": Operation(like_activations, ops.sigmoid_backward),
    "log_softmax": Operation(lambda normal: [normal(3, 5)], ops.log_softmax),
    "softmax": Operation(lambda normal: [normal(3, 5)], ops.softmax),
    "softmax_cross_entropy": Operation(
        lambda normal: [normal(3, 5), LABELS],
        lambda logits, labels: ops.softmax_cross_entropy(logits, labels, 0.1),
    ),
    "softmax_cross_entropy_backward": Operation(
        lambda normal: [ops.softmax(normal(3, 5)), LABELS],
        lambda p, labels: ops.softmax_cross_entropy_backward(0.7, p, labels, 0.1),
    ),
    "tanh": Operation(lambda normal: [normal(2, 3, 4, 5)], ops.tanh),
    "tanh_backward": Operation(like_activations, ops.tanh_backward),
    "winograd_conv2d": Operation(
        lambda normal: [normal(2, 4, 5, 6), normal(6, 2, 2, 3), normal(6)],
        lambda x, weight, bias: ops.winograd_conv2d(x, weight, bias, ((1, 2), (0, 1)), 2),
    ),
    "winograd_conv2d, nothing padded": Operation(
        lambda normal: [normal(2, 4, 5, 6), normal(6, 4, 3, 3), normal(6)], ops.winograd_conv2d
    ),
    "winograd_conv2d_backward": Operation(
        lambda normal: [normal(2, 6, 7, 5), normal(2, 4, 5, 6), normal(6, 2, 2, 3)],
        lambda dy, x, weight: ops.winograd_conv2d_backward(dy, x, weight, ((1, 2), (0, 1)), 2),
    ),
    "winograd_filters": Operation(lambda normal: [normal(6, 4, 2, 3)], ops.winograd_filters),
    "winograd_conv2d_backward, nothing padded": Operation(
        lambda normal: [normal(2, 6, 3, 4), normal(2, 4, 5, 6), normal(6, 4, 3, 3)],
        ops.winograd_conv2d_backward,
    ),
}
every_operation = pytest.mark.parametrize("name", OPERATIONS)


def transposed(put, array):
    """The same values, with the axes in memory the other way round."""
    return put(np.ascontiguousarray(array.T)).T


def backwards(put, array):
    """The same values, running down the memory: negative strides."""
    everything = (slice(None, None, -1),) * array.ndim
    return put(np.ascontiguousarray(array[everything]))[everything]


def every_second(put, array):
    """The same values, each axis being every second one of a larger array."""
    spread = np.full([2 * extent for extent in array.shape], 99).astype(array.dtype)
    some = (slice(1, None, 2),) * array.ndim
    spread[some] = array
    return put(spread)[some]


def channels_last(put, array):
    """The same values, the second axis innermost in memory."""
    if array.ndim < 3:
        return put(array)
    last = (0, *range(2, array.ndim), 1)
    back = (0, array.ndim - 1, *range(1, array.ndim - 1))
    return put(np.ascontiguousarray(array.transpose(last))).transpose(back)


LAYOUTS = [transposed, backwards, every_second, channels_last]


def host_arrays(name):
    rng = np.random.default_rng(0)
    return OPERATIONS[name].arrays(lambda *shape: rng.standard_normal(shape))


def results(name, arrays):
    """What the operation returns, always as a tuple."""
    return as_tuple(OPERATIONS[name].call(*arrays))


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def test_the_table_holds_every_operation():
    names = {name.partition(",")[0] for name in OPERATIONS}
    assert names | {"dropout_mask"} == set(ops.__all__)


# every operation with windows -> called with a stride and padding as given, on arrays for 2 and 1
WINDOWED = {
    "conv2d": lambda x, s, p: ops.conv2d(x, x[:, :, :2, :2], None, s, p),
    "conv2d_backward": lambda x, s, p: ops.conv2d_backward(
        x[:, :2, :4, :4], x, x[:2, :, :2, :2], s, p
    ),
    "im2col": lambda x, s, p: ops.im2col(x, 2, s, p),
    "col2im": lambda x, s, p: ops.col2im(x[..., None, None].transpose(0, 2, 3, 4, 5, 1), 1, s, p),
    "max_pool2d": lambda x, s, p: ops.max_pool2d(x, 2, s, p),
    "max_pool2d_backward": lambda x, s, p: ops.max_pool2d_backward(
        x[:, :, :4, :4], x, x[:, :, :4, :4], 2, s, p
    ),
    "avg_pool2d": lambda x, s, p: ops.avg_pool2d(x, 2, s, p),
    "avg_pool2d_backward": lambda x, s, p: ops.avg_pool2d_backward(x[:, :, :4, :4], x, 2, s, p),
}


@pytest.mark.parametrize("name", WINDOWED)
def test_strides_and_paddings_may_be_numbers_and_are_refused_where_they_are_none(backend, name):
    rng = np.random.default_rng(0)
    shape = (2, 2, 2, 2) if name == "col2im" else (2, 2, 6, 6)
    x = backend.put(rng.standard_normal(shape))
    plain, full = (WINDOWED[name](x, *how) for how in ((2, 1), ((2, 2), ((1, 1), (1, 1)))))
    for one, other in zip(as_tuple(plain), as_tuple(full), strict=True):
        np.testing.assert_array_equal(backend.get(one), backend.get(other))
    with pytest.raises(InputError, match="stride is 0; expected a whole number of at least 1"):
        WINDOWED[name](x, 0, 1)
    with pytest.raises(InputError, match="padding is -1; expected a whole number of at least 0"):
        WINDOWED[name](x, 2, -1)


def test_adaptive_pooling_takes_a_number_and_refuses_what_is_no_size(backend):
    x, dy = backend.put(np.ones((1, 2, 4, 4))), backend.put(np.ones((1, 2, 2, 2)))
    backend.check(ops.adaptive_avg_pool2d(x, 2), np.ones((1, 2, 2, 2)), "float64")
    backend.check(ops.adaptive_avg_pool2d_backward(dy, x, 2), np.full(x.shape, 0.25), "float64")
    with pytest.raises(InputError, match="output_size is 0; expected a whole number"):
        ops.adaptive_avg_pool2d(x, 0)


@every_operation
def test_every_result_has_the_dtype_of_the_input(backend, dtype, name):
    arrays = [backend.put(array, dtype) for array in host_arrays(name)]
    for result in results(name, arrays):
        assert backend.get(result).dtype == dtype


@every_operation
def test_no_operation_modifies_its_inputs(backend, dtype, name):
    arrays = [backend.put(array, dtype) for array in host_arrays(name)]
    before = [backend.get(array).copy() for array in arrays]
    results(name, arrays)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(backend.get(array), copy)


@every_operation
def test_writing_into_a_result_leaves_the_inputs_alone(backend, name):
    arrays = [backend.put(array) for array in host_arrays(name)]
    before = [backend.get(array).copy() for array in arrays]
    for result in results(name, arrays):
        if result.ndim:
            result[...] = 99
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(backend.get(array), copy)


@pytest.mark.parametrize("layout", LAYOUTS)
@every_operation
def test_strides_do_not_matter(backend, dtype, name, layout):
    arrays = [backend.put(array, dtype) for array in host_arrays(name)]
    laid_out = [layout(backend.put, backend.get(array)) for array in arrays]
    for a, b in zip(arrays, laid_out, strict=True):
        np.testing.assert_array_equal(backend.get(a), backend.get(b))
    for ours, plain in zip(results(name, laid_out), results(name, arrays), strict=True):
        backend.check(ours, backend.get(plain), dtype)


@every_operation
def test_strict_and_numpy_agree(backend, dtype, name):
    arrays = host_arrays(name)
    there = results(name, [backend.put(array, dtype) for array in arrays])
    here = results(name, [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays])
    for ours, numpys in zip(there, here, strict=True):
        backend.check(ours, numpys, dtype)


@every_operation
def test_no_operation_waits_for_the_device(name):
    arrays = [to_strict(array) for array in host_arrays(name)]
    before = sync_count()
    results(name, arrays)
    assert sync_count() == before


@pytest.mark.parametrize("package", ["ops", "layers", "models"])
def test_no_array_module_is_imported_outside_the_backend(package):
    """Otherwise an operation would work on the host alone."""
    files = sorted((Path(ops.__file__).parents[1] / package).glob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            imported = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported = [node.module or ""]
            for name in imported:
                assert name.partition(".")[0] not in ("numpy", "cupy"), f"{file} imports {name}"


@pytest.mark.parametrize("name", ops.__all__)
def test_every_docstring_says_what_goes_in_and_what_comes_out(name):
    text = getattr(ops, name).__doc__
    assert "Args:" in text
    assert "Returns:" in text
