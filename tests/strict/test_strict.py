"""The stand-in refuses what CuPy refuses, allows what it allows, and computes what NumPy computes.

Every claim about CuPy here was read in the source of CuPy 14.2.0 (named in the comments where the
claim surprises) or seen on its wheel without a GPU.
"""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from . import StrictArray, rules, strict, sync_count, to_host, to_strict, upload_count


@pytest.fixture
def host() -> np.ndarray:
    return np.arange(1, 13, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def x(host: np.ndarray) -> StrictArray:
    return to_strict(host)


def check(result: object, expected: object) -> None:
    """The StrictArray holds exactly NumPy's values, of the same dtype and shape."""
    assert isinstance(result, StrictArray)
    expected = np.asarray(expected)
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    np.testing.assert_array_equal(to_host(result), expected)


# ---- between host and device ------------------------------------------------------------------


def test_to_strict_and_back_are_copies(host: np.ndarray) -> None:
    x = to_strict(host)
    back = to_host(x)
    host[0, 0] = 99
    back[0, 1] = 99
    check(x, np.arange(1, 13, dtype=np.float32).reshape(3, 4))


def test_upload_keeps_fortran_order_and_straightens_the_rest() -> None:
    image = np.zeros((2, 3, 4, 5), np.float32)
    assert to_strict(np.asfortranarray(image)).flags.f_contiguous
    assert to_strict(image.transpose(0, 2, 3, 1)).flags.c_contiguous


def test_implicit_conversion_is_refused_in_cupys_words(x: StrictArray) -> None:
    with pytest.raises(TypeError, match=r"Implicit conversion to a NumPy array is not allowed\."):
        np.asarray(x)
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.zeros((3, 4))[...] = x


def test_get_and_set(x: StrictArray, host: np.ndarray) -> None:
    out = np.empty_like(host)
    assert x.get(out=out) is out
    with pytest.raises(TypeError):
        x.get(out=np.empty((3, 4)))
    with pytest.raises(TypeError):
        x.set([[1, 2]])
    with pytest.raises(ValueError, match="Shape mismatch"):
        x.set(host[:2])
    x.set(host * 2)
    check(x, host * 2)


def test_copies_keep_values(x: StrictArray, host: np.ndarray) -> None:
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.copy()):
        twin[0, 0] = 0
    check(x, host)


# ---- operators and ufuncs ---------------------------------------------------------------------


@given(
    hnp.arrays(
        np.float32, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-9, 9, width=32)
    ),
    st.sampled_from(
        ["add", "sub", "mul", "truediv", "floordiv", "mod", "lt", "le", "gt", "ge", "eq"]
    ),
)
def test_operators_compute_what_numpy_computes(host: np.ndarray, name: str) -> None:
    x, y = to_strict(host), to_strict(host[::-1])
    with np.errstate(all="ignore"):
        check(getattr(x, f"__{name}__")(y), getattr(host, f"__{name}__")(host[::-1]))
        check(getattr(x, f"__{name}__")(3), getattr(host, f"__{name}__")(3))


def test_operators_on_either_side(x: StrictArray, host: np.ndarray) -> None:
    check(2 - x, 2 - host)
    check(np.float32(2) * x, np.float32(2) * host)
    check(2**x, 2**host)
    check(x @ x.T, host @ host.T)
    check(-abs(-x), -host)
    check(~(x > 2), ~(host > 2))
    for ours, expected in zip(divmod(x, 5), divmod(host, 5), strict=True):
        check(ours, expected)


@pytest.mark.parametrize("other", [np.ones(4, np.float32), [1, 2, 3, 4], (1, 2, 3, 4), "1"])
def test_operands_from_the_host_are_refused(x: StrictArray, other: object) -> None:
    for operation in (
        lambda: x + other,
        lambda: other * x,
        lambda: x < other,
        lambda: np.add(x, other),
        lambda: strict.maximum(x, other),
        lambda: x.__iadd__(other),
    ):
        with pytest.raises(TypeError):
            operation()


def test_a_numpy_operand_is_refused_in_cupys_words(x: StrictArray) -> None:
    with pytest.raises(TypeError, match=r"Unsupported type <class 'numpy\.ndarray'>"):
        x + np.ones(4)


def test_comparison_with_no_number(x: StrictArray) -> None:
    for thing in (None, ..., object()):
        check(x.__eq__(thing), np.zeros((3, 4), bool))
        check(x.__ne__(thing), np.ones((3, 4), bool))


def test_in_place_operators_write_into_the_array(x: StrictArray, host: np.ndarray) -> None:
    view, same = x[1], x
    x += 1
    x *= to_strict(host)
    x /= 2
    assert x is same
    check(x, (host + 1) * host / 2)
    check(view, ((host + 1) * host / 2)[1])


def test_in_place_casts_as_numpy_does() -> None:
    counts = to_strict(np.arange(3))
    with pytest.raises(TypeError, match="same_kind"):
        counts += 0.5
    half = to_strict(np.ones(3, np.float16))
    half += to_strict(np.ones(3))  # float64 into float16 is of the same kind
    check(half, np.full(3, 2, np.float16))


def test_matrix_product_in_place_makes_a_new_array() -> None:
    square = to_strict(np.eye(2))
    before = square
    square @= to_strict(np.ones((2, 2)))
    assert square is not before


def test_numpy_2_promotion(x: StrictArray) -> None:
    assert (x * 3.0).dtype == np.float32
    assert (x * np.float64(3)).dtype == np.float64
    assert (x * to_strict(np.float64(3))).dtype == np.float64
    assert strict.where(x > 1, x, 0.0).dtype == np.float32


def test_numpys_ufuncs_become_cupys(x: StrictArray, host: np.ndarray) -> None:
    check(np.exp(x), np.exp(host))
    check(np.matmul(x, x.T), host @ host.T)
    out = strict.empty_like(x)
    assert np.multiply(x, 2, out=out) is out
    with pytest.raises(TypeError):
        np.vecdot(x, x)  # no such ufunc in CuPy


def test_other_numpy_functions_are_refused(x: StrictArray) -> None:
    for function in (np.sum, np.transpose, np.zeros_like, np.shape, np.result_type):
        with pytest.raises(TypeError, match="own module"):
            function(x)
    with pytest.raises(TypeError):
        np.concatenate([x, x])


@pytest.mark.parametrize("keyword", ["where", "order", "subok", "_unknown"])
def test_ufuncs_know_out_dtype_and_casting_only(x: StrictArray, keyword: str) -> None:
    # cupy/_core/_kernel.pyx, ufunc.__call__: `where` exists under a private name only.
    with pytest.raises(TypeError, match="Wrong arguments"):
        strict.add(x, x, **{keyword: True})


def test_ufunc_where_is_refused_through_numpy_too(x: StrictArray) -> None:
    with pytest.raises(TypeError, match="Wrong arguments"):
        np.divide(x, 2, where=x > 1)


def test_ufunc_outputs(x: StrictArray, host: np.ndarray) -> None:
    out = strict.zeros_like(x)
    assert strict.add(x, 1, out) is out
    assert strict.subtract(x, 1, out=out) is out
    check(out, host - 1)
    check(strict.add(x, 1, None), host + 1)
    check(strict.add(x, 1, dtype=np.float64), np.add(host, 1, dtype=np.float64))
    strict.add(x, 0.5, out=to_strict(np.zeros((3, 4), int)), casting="unsafe")
    with pytest.raises(TypeError):
        strict.add(x, 0.5, out=to_strict(np.zeros((3, 4), int)))
    with pytest.raises(TypeError, match="Unsupported type"):
        strict.add(x, 1, out=np.zeros((3, 4), np.float32))
    with pytest.raises(ValueError, match="both"):
        strict.add(x, 1, out, out=out)
    with pytest.raises(TypeError, match="Wrong number of arguments"):
        strict.add(x)


def test_ufuncs_of_numbers_give_0d_arrays() -> None:
    check(strict.maximum(2, 3), np.asarray(3))


def test_division_by_zero_is_silent_as_on_a_gpu(x: StrictArray) -> None:
    with np.errstate(all="raise"):
        assert math.isinf(float((x / 0)[0, 0]))
        strict.log(x - x)
        (x * 0).astype(np.int32)


def test_scatter() -> None:
    a = to_strict(np.zeros(3, np.float32))
    indices = to_strict(np.array([0, 0, 2]))
    strict.add.at(a, indices, to_strict(np.ones(3, np.float32)))
    check(a, np.array([2, 0, 1], np.float32))
    strict.maximum.at(a, indices, 1.5)
    check(a, np.array([2, 0, 1.5], np.float32))
    strict.add.at(a, slice(0, 1), 1)
    check(a, np.array([3, 0, 1.5], np.float32))
    with pytest.raises(NotImplementedError):
        strict.multiply.at(a, indices, 2)
    with pytest.raises(TypeError, match=r"cupy\.maximum\.at only supports"):
        strict.maximum.at(a.astype(np.float16), indices, 1)
    with pytest.raises(TypeError, match=r"cupy\.subtract\.at only supports"):
        strict.subtract.at(a, indices, 1)


def test_ufunc_reductions_exist_for_sum_and_product_only(x: StrictArray, host: np.ndarray) -> None:
    check(strict.add.reduce(x), host.sum(0))
    check(np.multiply.reduce(x, axis=1), host.prod(1))
    check(strict.add.accumulate(x), host.cumsum(0))
    with pytest.raises(NotImplementedError):
        strict.maximum.reduce(x)
    with pytest.raises(NotImplementedError):
        strict.maximum.accumulate(x)
    check(strict.subtract.outer(x[0], x[1]), np.subtract.outer(host[0], host[1]))


# ---- attributes and methods -------------------------------------------------------------------


def test_attributes(x: StrictArray, host: np.ndarray) -> None:
    for name in ("shape", "dtype", "ndim", "size", "itemsize", "nbytes", "strides"):
        assert getattr(x, name) == getattr(host, name)
    assert len(x) == 3
    check(x.T, host.T)
    check(x.mT, host.mT)
    row = x[0]
    assert row.T is row
    assert x.flags.c_contiguous
    assert x.flags["C_CONTIGUOUS"]
    assert not x.T.flags.c_contiguous
    assert x[:, ::2].flags["OWNDATA"] is False


def test_flags_are_cupys_few(x: StrictArray) -> None:
    with pytest.raises(AttributeError):
        _ = x.flags.writeable
    with pytest.raises(KeyError):
        x.flags["WRITEABLE"]


@pytest.mark.parametrize("name", ["ctypes", "itemset", "setflags", "resize", "__index__"])
def test_attributes_that_cupy_lacks(x: StrictArray, name: str) -> None:
    with pytest.raises(AttributeError, match="no attribute"):
        getattr(x, name)


@pytest.mark.parametrize("name", ["data", "device", "flat", "base"])
def test_attributes_that_only_a_gpu_has(x: StrictArray, name: str) -> None:
    with pytest.raises(AttributeError, match="does not imitate"):
        getattr(x, name)


def test_every_method_is_one_of_cupys() -> None:
    cupys = set(rules.read_names()["cupy.ndarray"])
    ours = {name for name in dir(StrictArray) if not name.startswith("_")}
    assert ours <= cupys


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "mean", "std", "var", "all", "any"])
def test_reductions(x: StrictArray, host: np.ndarray, name: str) -> None:
    method, function = getattr(x, name), getattr(strict, name)
    check(method(), getattr(host, name)())
    for axis in (0, -1, (0, 1)):
        for keepdims in (False, True):
            expected = getattr(host, name)(axis=axis, keepdims=keepdims)
            check(method(axis=axis, keepdims=keepdims), expected)
            check(function(x, axis=axis, keepdims=keepdims), expected)
    out = to_strict(np.empty(4, method(axis=0).dtype))
    assert function(x, axis=0, out=out) is out
    for keyword in ({"where": True}, {"initial": 0}):  # neither exists in CuPy 14.2
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            method(**keyword)
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            function(x, **keyword)


def test_other_methods_compute_what_numpy_computes(x: StrictArray, host: np.ndarray) -> None:
    for call in (
        lambda a: a.reshape(4, 3),
        lambda a: a.reshape((2, -1)),
        lambda a: a.transpose(1, 0),
        lambda a: a.swapaxes(0, 1),
        lambda a: a.ravel(),
        lambda a: a.flatten(),
        lambda a: a[None].squeeze(0),
        lambda a: a.astype(np.int32),
        lambda a: a.clip(2, 5),
        lambda a: a.clip(min=3, max=None),
        lambda a: a.argmax(axis=1),
        lambda a: a.argmin(),
        lambda a: a.argsort(axis=0),
        lambda a: a.cumsum(axis=1),
        lambda a: a.round(1),
        lambda a: a.repeat(2, axis=1),
        lambda a: a.diagonal(),
        lambda a: a.trace(),
        lambda a: a.view(np.int32),
        lambda a: a.dot(a.T),
    ):
        check(call(x), call(host))
    check(x.take(to_strict(np.array([2, 0])), axis=0), host.take([2, 0], axis=0))
    check(x.ptp(axis=0), np.ptp(host, axis=0))
    x.fill(3)
    check(x, np.full((3, 4), 3, np.float32))


def test_views_share_memory(x: StrictArray) -> None:
    x.reshape(-1)[0] = 100
    x.T[1, 0] = 200
    assert x.tolist()[0][:2] == [100, 200]
    assert strict.shares_memory(x, x[1:])


def test_methods_take_cupys_arguments_only(x: StrictArray) -> None:
    for call in (
        lambda: x.astype(np.float64, casting="safe"),
        lambda: x.astype(np.float64, subok=False),
        lambda: x.take(0, mode="clip"),
        lambda: x.item(0),
        lambda: x.dot(np.ones(4)),
        lambda: x.clip(np.zeros(4), 1),
        lambda: x.reshape(to_strict(np.int64(12))),  # a device array is no integer
        lambda: range(to_strict(np.int64(3))),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError, match="stable"):
        x.sort(kind="quicksort")
    with pytest.raises(ValueError, match="fill"):
        x.fill(x)
    assert x.astype(np.float32, copy=False) is x


# ---- indexing ---------------------------------------------------------------------------------


def test_basic_indexing_gives_views(x: StrictArray, host: np.ndarray) -> None:
    for key in (
        0,
        -1,
        (0, 1),
        slice(1, None),
        (slice(None), 2),
        (..., 0),
        None,
        (slice(None, None, -1),),
    ):
        check(x[key], host[key])
    for key in ((3,), (0, 4), (0, 0, 0)):
        with pytest.raises(IndexError):
            x[key]
    check(next(iter(x)), host[0])


def test_a_single_element_is_a_view_too(x: StrictArray) -> None:
    element = x[1, 2]
    assert element.shape == ()
    x[1, 2] = 50
    assert float(element) == 50  # NumPy would still have the old number


def test_indexing_with_device_arrays(x: StrictArray, host: np.ndarray) -> None:
    rows, columns = np.array([2, 0, 2]), np.array([1, 1, 3])
    check(x[to_strict(rows)], host[rows])
    check(x[to_strict(rows), to_strict(columns)], host[rows, columns])
    check(x[:, to_strict(rows)], host[:, rows])
    check(x[to_strict(host > 4)], host[host > 4])
    picked = x[to_strict(np.array(1))]
    picked[0] = 0
    check(x, host)  # an index that is an array makes a copy, even a 0-d one


def test_integer_indices_out_of_range_are_an_error(x: StrictArray) -> None:
    # CuPy wraps them around without a word: labels out of range would train a wrong network.
    with pytest.raises(IndexError):
        x[to_strict(np.array([3]))]
    with pytest.raises(IndexError):
        x[to_strict(np.array([3]))] = 1


def test_host_sequences_as_indices_cost_an_upload(x: StrictArray, host: np.ndarray) -> None:
    # cupy/_core/_routines_indexing.pyx, _prepare_slice_list: not an error, but a copy.
    before = upload_count()
    check(x[[2, 0]], host[[2, 0]])
    check(x[np.array([2, 0])], host[[2, 0]])
    check(x[[]], host[[]])
    check(x.take([1], axis=0), host[[1]])
    assert upload_count() == before + 4


def test_assignment(x: StrictArray, host: np.ndarray) -> None:
    x[0] = 7
    x[1:, 0] = to_strict(np.array([8, 9], np.float32))
    x[to_strict(np.array([2]))] = 5
    x[to_strict(np.eye(3, 4, dtype=bool))] = -1
    x[0, 3] = np.float64(2.5)
    host[0], host[1:, 0], host[2] = 7, [8, 9], 5
    host[np.eye(3, 4, dtype=bool)] = -1
    host[0, 3] = 2.5
    check(x, host)


def test_assigning_host_arrays_to_a_region_is_refused(x: StrictArray) -> None:
    # CuPy takes them for a value to fill the region with.
    for value in (np.zeros(4), [1, 2, 3, 4]):
        with pytest.raises(ValueError, match="cannot be used for fill"):
            x[0] = value


def test_slices_may_end_at_device_numbers_and_wait(x: StrictArray, host: np.ndarray) -> None:
    before = sync_count()
    check(x[: to_strict(np.int64(2))], host[:2])
    assert sync_count() == before + 2  # the other one is `check`


# ---- waiting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda x: float(x.sum()),
        lambda x: int(x.sum()),
        lambda x: bool((x > 0).all()),
        lambda x: x.sum().item(),
        lambda x: x.tolist(),
        lambda x: x.get(),
        lambda x: repr(x),
        lambda x: f"{x.sum():.2f}",
        lambda x: strict.asnumpy(x),
        lambda x: x[x > 3],
        lambda x: x.__setitem__(x > 3, 0),  # assignment fetches the number of true elements too
        lambda x: strict.nonzero(x),
        lambda x: strict.where(x > 3),
        lambda x: strict.unique(x),
        lambda x: strict.bincount(x.ravel().astype(int)),
        lambda x: strict.repeat(x, strict.asarray([1, 2, 1]), axis=0),
        lambda x: strict.putmask(x, x > 3, 0),
    ],
)
def test_what_waits_is_counted(x: StrictArray, call: object) -> None:
    before = sync_count()
    call(x)
    assert sync_count() > before


def test_what_does_not_wait_is_not_counted(x: StrictArray) -> None:
    before, uploads_before = sync_count(), upload_count()
    y = strict.where(x > 3, x, 0) @ x.T
    y[0] = y.max(axis=0)
    y += strict.exp(-y).sum()
    strict.copyto(y, 0, where=y > 100)
    strict.take_along_axis(y, y.argmax(axis=1)[:, None], axis=1)
    strict.allclose(y, y)
    strict.asarray(3.0)
    y[strict.arange(3), 0] -= 1
    assert sync_count() == before
    assert upload_count() == uploads_before


def test_sliding_windows_wait_for_their_own_shape(x: StrictArray) -> None:
    # cupy/lib/stride_tricks.py: `for dim in cupy.array(window_shape): if dim < 0`.
    before = sync_count()
    strict.lib.stride_tricks.sliding_window_view(x, (2, 2))
    assert sync_count() == before + 2


def test_truth_of_many_is_ambiguous(x: StrictArray) -> None:
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x)
    with pytest.raises(ValueError, match="size 1"):
        x.item()


# ---- the namespace ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["errstate", "vecdot", "nditer", "block", "insert", "ndenumerate"])
def test_names_that_cupy_lacks(name: str) -> None:
    assert hasattr(np, name)
    with pytest.raises(AttributeError, match="has no"):
        getattr(strict, name)


def test_random_is_refused_with_the_reason() -> None:
    with pytest.raises(AttributeError, match="drawn on the host"):
        _ = strict.random


def test_what_is_not_imitated_says_so() -> None:
    for name in ("cuda", "fft", "vectorize", "ElementwiseKernel"):
        with pytest.raises(AttributeError):
            getattr(strict, name)


def test_constants_and_dtypes_are_numpys() -> None:
    assert strict.float32 is np.float32
    assert strict.newaxis is None
    assert strict.inf == np.inf
    assert strict.pi == np.pi
    assert strict.finfo(np.float32).eps == np.finfo(np.float32).eps
    assert strict.ndarray is StrictArray
    assert strict.exceptions.AxisError is np.exceptions.AxisError
    assert strict.linalg.LinAlgError is np.linalg.LinAlgError
    assert "sum" in dir(strict)


def test_creation() -> None:
    check(strict.zeros((2, 3)), np.zeros((2, 3)))
    check(strict.full((2,), 3, np.float32), np.full((2,), 3, np.float32))
    check(strict.arange(3, dtype=np.int32), np.arange(3, dtype=np.int32))
    check(strict.eye(2), np.eye(2))
    check(strict.asarray([[1, 2]]), np.asarray([[1, 2]]))
    check(strict.asarray(np.ones(2, np.float32)), np.ones(2, np.float32))
    check(strict.array([1, 2], dtype=np.float16, ndmin=2), np.array([[1, 2]], np.float16))
    check(strict.asarray([strict.ones(2), strict.zeros(2)]), np.array([[1.0, 1], [0, 0]]))
    x = strict.zeros(3)
    assert strict.asarray(x) is x
    assert strict.ascontiguousarray(x) is x
    assert not strict.shares_memory(strict.array(x), x)


@pytest.mark.parametrize("dtype", ["U3", object, "M8[s]", np.longdouble, ">f4"])
def test_dtypes_that_no_gpu_has(dtype: object) -> None:
    for call in (
        lambda: strict.zeros(3, dtype=dtype),
        lambda: strict.ones(3).astype(dtype),
        lambda: to_strict(np.zeros(3, dtype)),
    ):
        with pytest.raises(ValueError, match="Unsupported dtype"):
            call()


def test_functions_compute_what_numpy_computes(x: StrictArray, host: np.ndarray) -> None:
    for call in (
        lambda xp, a: xp.concatenate([a, a], axis=1),
        lambda xp, a: xp.stack((a, a)),
        lambda xp, a: xp.pad(a, ((1, 1), (0, 2)), constant_values=-1),
        lambda xp, a: xp.pad(a, 1, mode="reflect"),
        lambda xp, a: xp.einsum("ij,kj->ik", a, a),
        lambda xp, a: xp.tensordot(a, a, axes=([1], [1])),
        lambda xp, a: xp.matmul(a, a.T),
        lambda xp, a: xp.where(a > 3, a, 0),
        lambda xp, a: xp.clip(a, 2, None),
        lambda xp, a: xp.moveaxis(a, 0, 1),
        lambda xp, a: xp.broadcast_to(a, (2, 3, 4)),
        lambda xp, a: xp.argpartition(a, 2, axis=1),
        lambda xp, a: xp.take_along_axis(a, a.argsort(axis=1), axis=1),
        lambda xp, a: xp.flip(a, axis=1),
        lambda xp, a: xp.roll(a, 1, axis=0),
        lambda xp, a: xp.expand_dims(a, (0, 2)),
        lambda xp, a: xp.linalg.norm(a, axis=1),
        lambda xp, a: xp.bincount(a.ravel().astype(int)),
        lambda xp, a: xp.sort(a, axis=0),
        lambda xp, a: xp.repeat(a, 2, axis=0),
        lambda xp, a: xp.allclose(a, a),
    ):
        check(call(strict, x), call(np, host))
    for ours, expected in zip(strict.split(x, 2, axis=1), np.split(host, 2, axis=1), strict=True):
        check(ours, expected)
    values, counts = strict.unique(x > 2, return_counts=True)
    check(values, [False, True])
    check(counts, [2, 10])


def test_answers_from_the_host_are_python_values(x: StrictArray) -> None:
    assert strict.ndim(x) == 2
    assert strict.size(x) == 12
    assert strict.result_type(x, np.float64) == np.float64
    assert strict.broadcast_shapes((1, 3), (2, 1)) == (2, 3)
    assert strict.get_array_module(x) is strict
    assert strict.get_array_module(np.ones(2)) is np


@pytest.mark.parametrize(
    "call",
    [
        lambda a: strict.sum(a),
        lambda a: strict.exp(a),
        lambda a: strict.zeros_like(a),
        lambda a: strict.concatenate([a, a]),
        lambda a: strict.stack([a]),
        lambda a: strict.pad(a, 1),
        lambda a: strict.where(strict.ones(2, dtype=bool), a, 0),
        lambda a: strict.where(a, 1, 0),
        lambda a: strict.matmul(strict.ones((2, 2)), a),
        lambda a: strict.copyto(strict.ones(2), a),
        lambda a: strict.einsum("i->", a),
        lambda a: strict.clip(strict.ones(2), a, 1),
    ],
)
def test_functions_refuse_arrays_of_the_host(call: object) -> None:
    with pytest.raises(TypeError):
        call(np.ones(2))


@pytest.mark.parametrize(
    "call",
    [
        lambda: strict.sum([1, 2]),
        lambda: strict.max(3),
        lambda: strict.exp([1, 2]),
        lambda: strict.where(True, 1, 2),
        lambda: strict.where(strict.ones(2), [1, 2], 0),
        lambda: strict.clip(strict.ones(2), [0, 0], 1),
        lambda: strict.full((2,), [1, 2]),
    ],
)
def test_functions_refuse_lists_and_numbers_for_arrays(call: object) -> None:
    with pytest.raises(TypeError):
        call()


def test_arguments_that_cupy_lacks(x: StrictArray) -> None:
    for call in (
        lambda: strict.max(x, initial=0),
        lambda: strict.mean(x, where=x > 1),
        lambda: strict.take(x, 0, mode="clip"),
        lambda: strict.einsum("ij->", x, out=strict.zeros(())),
        lambda: strict.zeros_like(x, subok=False),
        lambda: strict.lib.stride_tricks.as_strided(x, (2,), (4,), writeable=False),
        lambda: strict.matmul(x, x.T, where=True),
        lambda: strict.zeros(strict.asarray(3)),
        lambda: strict.sum(x, strict.asarray(0)),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(NotImplementedError):
        strict.lib.stride_tricks.sliding_window_view(x, 2, 0, writeable=True)
    with pytest.raises(ValueError, match="median"):
        strict.pad(x, 1, mode="median")
    with pytest.raises(ValueError, match="stable"):
        strict.argsort(x, kind="heapsort")


def test_arguments_in_another_order_must_be_named(x: StrictArray) -> None:
    # The third argument of argmax is `out` in NumPy and `dtype` in CuPy.
    with pytest.raises(TypeError, match="by its name"):
        strict.argmax(x, 1, strict.empty(3, dtype=int))
    out = strict.empty(3, dtype=int)
    assert strict.argmax(x, 1, out=out) is out


def test_copyto(x: StrictArray, host: np.ndarray) -> None:
    strict.copyto(x, 0, where=x > 6)
    np.copyto(host, 0, where=host > 6)
    check(x, host)
    with pytest.raises(TypeError):
        strict.copyto(x, 0, where=x)  # the mask must be boolean
    with pytest.raises(TypeError):
        strict.copyto(strict.zeros(3, dtype=int), 0.5)


def test_strided_views_share_memory(x: StrictArray) -> None:
    windows = strict.lib.stride_tricks.as_strided(x, (3, 2, 3), (16, 4, 4))
    x[0, 1] = 77
    assert windows.tolist()[0] == [[1, 77, 3], [77, 3, 4]]
    windows[0, 0, 1] = 78
    assert float(x[0, 1]) == 78


def test_named_results_keep_their_names(x: StrictArray) -> None:
    check(strict.unique_counts(x).counts, np.ones(12, int))


def test_every_name_of_cupys_list_can_be_asked_for() -> None:
    for name in rules.read_names()["cupy"]:
        try:
            getattr(strict, name)
        except AttributeError as error:
            assert "CuPy has" in str(error) or "is not for this code" in str(error)
