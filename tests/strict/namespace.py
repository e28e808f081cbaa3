"""`strict`: what an operation gets as `xp` when its input is a StrictArray."""

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from . import rules
from .array import (
    StrictArray,
    check_dtype,
    check_sort_kind,
    contains,
    is_scalar,
    unwrap,
    upload,
    wrap,
)
from .array import check_operands as _check_operands
from .counters import syncs, uploads
from .ufuncs import StrictUfunc

_NAMES = rules.read_names()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# CuPy has these, and the project has reasons not to use them through `xp`.
_REFUSED = {
    "random": (
        "randomness is drawn on the host or by the counter-based generator of minialexnet.backend, "
        "because CuPy's streams are not NumPy's"
    ),
    "cuda": "devices, streams and memory are the business of minialexnet.backend",
}

# Answers that CuPy gives as Python values, from what the host knows anyway.
_HOST_ANSWERS = _words(
    "base_repr binary_repr broadcast_shapes byte_bounds can_cast common_type "
    "get_printoptions iscomplexobj isdtype isfortran isrealobj isscalar issubdtype "
    "may_share_memory min_scalar_type mintypecode ndim promote_types result_type shape "
    "shares_memory size typename"
)

# Functions that wait for the device, because the size of their result or an error depends on
# values (found by reading their code; `where` and `repeat` wait sometimes and are seen to below).
_WAITING = _words(
    "argwhere array2string array_repr array_str average bincount compress extract flatnonzero "
    "histogram histogram2d histogramdd intersect1d mask_indices nanmax nanmin nonzero place "
    "putmask setdiff1d setxor1d trim_zeros union1d unique unique_all unique_counts unique_inverse "
    "unique_values unravel_index"
)

# CuPy copies host values given to these to the device.
_CONTIGUOUS = frozenset(("ascontiguousarray", "asfortranarray"))
_CREATION = _CONTIGUOUS | {"array", "asanyarray", "asarray"}

# Not imitated: text, files, functions of functions, and classes of array-like things.
_NOT_IMITATED = _words(
    "apply_along_axis apply_over_axes broadcast c_ flatiter frombuffer fromfile fromfunction "
    "fromiter fromstring from_dlpack fuse genfromtxt load loadtxt memoize mgrid ogrid piecewise "
    "poly1d r_ save savetxt savez savez_compressed vectorize"
)

# Parameters by which CuPy's functions (other than ufuncs) mean a device array and nothing else:
# they call its methods, so a list or a number fails.
_ARRAYS_ONLY = _words(
    "a a1 a2 ar ar1 ar2 arr array ary b condition dst element m mask prototype v weights x"
)
# … but these turn what they get into an array themselves.
_TAKES_NUMBERS = _words(
    "allclose angle around array_equiv asarray_chkfinite atleast_1d atleast_2d atleast_3d dot "
    "inner isclose iscomplex isneginf isposinf isreal kron nan_to_num outer real imag result_type "
    "round round_ searchsorted tensordot trapezoid vdot"
)

# Parameters for a number or a device array.
_NO_LISTS = _words("a_min a_max fill_value src y")

# Parameters that must be Python integers: a device array is none (it has no `__index__`).
_INTEGERS_ONLY = _words(
    "axis axis1 axis2 axes ddof decimals destination k kth n N ndmin newshape num order shape "
    "shift source window_shape pad_width"
)


class StrictNamespace(types.ModuleType):
    """A module-like object with the names of one CuPy module, and no others.

    A name is looked up when first asked for: in CuPy's list, then in NumPy's module of the same
    name, whose function does the work.
    """

    def __init__(self, name: str, numpy_module: types.ModuleType, own: dict[str, Any]) -> None:
        super().__init__(name.replace("cupy", "strict_cupy", 1))
        self._cupy_name = name
        self._names = _NAMES[name]
        self._numpy_module = numpy_module
        for attribute, value in own.items():
            setattr(self, attribute, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in _REFUSED:
            raise AttributeError(f"{self._cupy_name}.{name} is not for this code: {_REFUSED[name]}")
        entry = self._names.get(name)
        if entry is None:
            raise AttributeError(
                f"CuPy 14.2 has no {self._cupy_name}.{name}, whatever NumPy has; "
                "write it with names that both have"
            )
        value = self._make(entry)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted(set(self._names) - set(_REFUSED))

    def _make(self, entry: rules.Name) -> Any:
        if entry.kind == "module" or entry.name in _NOT_IMITATED:
            raise self._not_imitated(entry)
        theirs = getattr(self._numpy_module, entry.name, None)
        if theirs is None and entry.name != "newaxis":
            raise AttributeError(
                f"CuPy has {self._cupy_name}.{entry.name} but NumPy has no such name"
            )
        if entry.kind == "ufunc" and isinstance(theirs, np.ufunc):
            return StrictUfunc(theirs, entry.name, entry.has_at)
        if entry.kind in ("function", "ufunc"):
            return _function(entry, theirs)
        return theirs  # dtypes, constants, exceptions, and classes that hold no array

    def _not_imitated(self, entry: rules.Name) -> AttributeError:
        return AttributeError(
            f"CuPy has {self._cupy_name}.{entry.name}, but the stand-in does not imitate it"
        )


def _function(entry: rules.Name, numpy_function: Callable) -> Callable:
    """NumPy's function behind CuPy's argument list."""
    name = entry.name
    agreed = rules.positional_agreement(entry, numpy_function)

    def function(*args: Any, **kwargs: Any) -> Any:
        arguments = rules.bind(entry, args, kwargs)
        if len(args) > agreed:
            raise TypeError(
                f"argument {agreed + 1} of {name} is not the same one in NumPy and CuPy; "
                "pass it by its name"
            )
        _check_arguments(name, arguments)
        if name not in _HOST_ANSWERS:
            _check_dtype_argument(arguments)
        if name in _WAITING:
            syncs.add()
        host_arguments = {key: unwrap(value) for key, value in kwargs.items()}
        with np.errstate(all="ignore"):  # a GPU divides by zero without a word
            result = numpy_function(*unwrap(args), **host_arguments)
        return result if name in _HOST_ANSWERS else wrap(result, tuple(arguments.values()))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"numpy.{name} as CuPy has it: {name}{entry.signature or '(...)'}."
    return function


def _check_dtype_argument(arguments: dict[str, Any]) -> None:
    if arguments.get("dtype") is not None:
        check_dtype(np.dtype(arguments["dtype"]))


def _check_arguments(name: str, arguments: dict[str, Any]) -> None:
    if name in _HOST_ANSWERS:
        return
    _check_operands(name, arguments)
    if arguments.get("subok") is not None:
        raise TypeError("subok is not supported yet")
    for parameter, value in arguments.items():
        if parameter in _NO_LISTS and isinstance(value, list | tuple):
            raise TypeError(f"Unsupported type {type(value)} for {name}({parameter}=…)")
        if parameter in _INTEGERS_ONLY and contains(value, StrictArray):
            raise TypeError("'cupy.ndarray' object cannot be interpreted as an integer")
        must_be_array = parameter in _ARRAYS_ONLY and name not in _TAKES_NUMBERS
        if must_be_array and not (value is None or isinstance(value, StrictArray)):
            raise TypeError(
                f"Unsupported type {type(value)} for {name}({parameter}=…): "
                "CuPy takes its own arrays only"
            )


# ---- functions whose rules are not just those of their argument list --------------------------


def _creation(name: str) -> Callable:
    entry, numpy_function = _NAMES["cupy"][name], getattr(np, name)

    def function(*args: Any, **kwargs: Any) -> StrictArray:
        arguments = rules.bind(entry, args, kwargs)
        source = next(iter(arguments.values()))
        if arguments.get("subok"):
            raise NotImplementedError("subok is not supported")
        _check_dtype_argument(arguments)
        kwargs.pop("blocking", None)  # CuPy's alone: whether to wait for the copy
        if contains(source, StrictArray):
            return wrap(numpy_function(unwrap(source), *args[1:], **kwargs), source)
        host = upload(source, arguments.get("dtype"), arguments.get("order"))
        ndmin = arguments.get("ndmin", 0)
        in_order = np.asarray if name not in _CONTIGUOUS else numpy_function
        return wrap(np.array(in_order(host), copy=None, ndmin=ndmin))

    function.__name__ = name
    return function


def asnumpy(
    a: Any,
    stream: object = None,
    order: str = "C",
    out: np.ndarray | None = None,
    *,
    blocking: bool = True,
) -> np.ndarray:
    """A copy of a device array on the host; other things become NumPy arrays."""
    if isinstance(a, StrictArray):
        return a.get(stream, order, out, blocking)
    return np.asarray(a, order=order)


def get_array_module(*args: Any) -> types.ModuleType:
    """`strict` if there is a StrictArray among the arguments, else NumPy."""
    return strict if any(isinstance(arg, StrictArray) for arg in args) else np


def where(condition: StrictArray, x: Any = None, y: Any = None) -> Any:
    """Choose elementwise; with the condition alone, the (awaited) indices where it holds."""
    if (x is None) != (y is None):
        raise ValueError("Must provide both 'x' and 'y' or neither.")
    _check_arguments("where", {"condition": condition})
    if x is None:
        return condition.nonzero()
    for value in (x, y):
        if not (is_scalar(value) or isinstance(value, StrictArray)):
            raise TypeError(f"Unsupported type {type(value)}")
    return wrap(np.where(unwrap(condition), unwrap(x), unwrap(y)))


def copyto(
    dst: StrictArray, src: Any, casting: str = "same_kind", where: StrictArray | None = None
) -> None:
    """Copy with broadcasting; `where`, a boolean device array, masks."""
    _check_arguments("copyto", {"dst": dst, "src": src, "where": where})
    if where is not None and unwrap(where).dtype != bool:
        raise TypeError(f"Cannot cast array data from {where.dtype!r} to bool")
    np.copyto(unwrap(dst), unwrap(src), casting, True if where is None else unwrap(where))


def repeat(a: StrictArray, repeats: Any, axis: int | None = None) -> StrictArray:
    """Repeat elements; CuPy waits unless the number of repeats is one Python integer."""
    _check_arguments("repeat", {"a": a, "repeats": repeats})
    if not isinstance(repeats, int | np.integer):
        syncs.add()
    return wrap(np.repeat(unwrap(a), unwrap(repeats), axis))


def concatenate(tup: Any, axis: int | None = 0, out: Any = None, **kwargs: Any) -> StrictArray:
    """Join device arrays of at least one dimension."""
    _check_joinable(tup)
    rules.bind(_NAMES["cupy"]["concatenate"], (tup, axis, out), kwargs)
    return wrap(np.concatenate(unwrap(tup), axis, unwrap(out), **kwargs), (out,))


def stack(tup: Any, axis: int = 0, out: Any = None, **kwargs: Any) -> StrictArray:
    """Join device arrays along a new axis."""
    _check_joinable(tup)
    rules.bind(_NAMES["cupy"]["stack"], (tup, axis, out), kwargs)
    return wrap(np.stack(unwrap(tup), axis, unwrap(out), **kwargs), (out,))


def _check_joinable(arrays: Any) -> None:
    for array in arrays:
        if not isinstance(array, StrictArray):
            raise TypeError("Only cupy arrays can be concatenated")


def einsum(*operands: Any, dtype: Any = None, optimize: Any = False, **unknown: Any) -> StrictArray:
    """Einstein's sum; CuPy has no `out`, `order` and `casting`."""
    if unknown:
        raise TypeError(f"Did not understand the following kwargs: {list(unknown)}")
    _check_operands("einsum", {"operands": operands})
    result = np.einsum(*unwrap(operands), dtype=dtype, optimize=optimize)
    return wrap(result)


def pad(array: StrictArray, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> StrictArray:
    """Pad; CuPy has no mode "median"."""
    _check_arguments("pad", {"array": array, "pad_width": pad_width, **kwargs})
    if mode == "median":
        raise ValueError("mode 'median' is not supported")
    return wrap(np.pad(unwrap(array), pad_width, mode, **unwrap_values(kwargs)))


def unwrap_values(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with host arrays in place of StrictArrays."""
    return {name: unwrap(value) for name, value in arguments.items()}


def sort(a: StrictArray, axis: int | None = -1, kind: str | None = None) -> StrictArray:
    """Sort a copy; CuPy's only kind is a stable one."""
    _check_arguments("sort", {"a": a, "axis": axis})
    check_sort_kind(kind)
    return wrap(np.sort(unwrap(a), axis, kind="stable"))


def argsort(a: StrictArray, axis: int | None = -1, kind: str | None = None) -> StrictArray:
    """Indices that would sort; CuPy's only kind is a stable one."""
    _check_arguments("argsort", {"a": a, "axis": axis})
    check_sort_kind(kind)
    return wrap(np.argsort(unwrap(a), axis, kind="stable"))


def sliding_window_view(
    x: StrictArray,
    window_shape: Any,
    axis: Any = None,
    *,
    subok: bool = False,
    writeable: bool = False,
) -> StrictArray:
    """A view of all windows; not writable, and not free.

    CuPy 14.2 copies `window_shape` to the device and asks there whether each number is negative:
    one wait per axis of the window. `as_strided` makes the same view without.
    """
    if subok or writeable:
        raise NotImplementedError("'subok' and 'writeable' are not supported")
    _check_arguments("sliding_window_view", {"x": x, "window_shape": window_shape, "axis": axis})
    uploads.add()
    for _ in np.atleast_1d(window_shape):
        syncs.add()
    return wrap(np.lib.stride_tricks.sliding_window_view(unwrap(x), window_shape, axis))


_stride_tricks = StrictNamespace(
    "cupy.lib.stride_tricks",
    np.lib.stride_tricks,
    {"sliding_window_view": sliding_window_view},
)
_lib = types.SimpleNamespace(stride_tricks=_stride_tricks)
_own = {
    "ndarray": StrictArray,
    "ufunc": StrictUfunc,
    "lib": _lib,
    "linalg": StrictNamespace("cupy.linalg", np.linalg, {}),
    "exceptions": np.exceptions,
    **{name: _creation(name) for name in _CREATION},
    **{
        function.__name__: function
        for function in (
            argsort,
            asnumpy,
            concatenate,
            copyto,
            einsum,
            get_array_module,
            pad,
            repeat,
            sort,
            stack,
            where,
        )
    },
}

strict = StrictNamespace("cupy", np, _own)
"""The stand-in for the module `cupy`."""
