"""Which module an array belongs to, and how it gets to the host and back."""

import sys
from types import ModuleType
from typing import Any

import numpy as np

from minialexnet.errors import InputError

Array = Any
"""A NumPy or CuPy array (Python's typing has no common name for the two)."""

_registered: dict[type, ModuleType] = {np.ndarray: np}


def register_array_module(array_type: type, module: ModuleType) -> None:
    """Let arrays of `array_type` be computed with `module` (it must offer NumPy's functions)."""
    _registered[array_type] = module


def get_array_module(*arrays: Array) -> ModuleType:
    """The module (`numpy`, `cupy`) whose functions the given arrays are computed with.

    Raises InputError when the arrays belong to different modules, or to none: that is a copy
    between host and device which somebody forgot, and it should not happen silently.
    """
    first = _module_of(arrays[0])
    for other in arrays[1:]:
        if _module_of(other) is not first:
            kinds = ", ".join(type(a).__module__ + "." + type(a).__name__ for a in arrays)
            raise InputError(
                f"arrays of different backends met in one operation ({kinds}); move them to one "
                "side first, with `minialexnet.backend.asarray_like(array, like)` or `to_host`"
            )
    return first


def _module_of(array: Array) -> ModuleType:
    module = _registered.get(type(array))
    if module is not None:
        return module
    if type(array).__module__.partition(".")[0] == "cupy":
        cupy = sys.modules["cupy"]
        register_array_module(cupy.ndarray, cupy)
        return cupy
    if isinstance(array, np.ndarray):  # a subclass: memory-maps of pictures, say
        return np
    raise InputError(
        f"expected a NumPy or CuPy array, got {type(array).__name__}; "
        "convert it with numpy.asarray first"
    )


def float_dtype(value: Any) -> np.dtype:
    """`value` ("float64", numpy.float64, ...) as a dtype. Raises InputError unless of floats."""
    try:
        dtype = np.dtype(value) if value is not None else None  # NumPy takes None for float64
    except TypeError:
        dtype = None
    if dtype is None or dtype.kind != "f":
        raise InputError(f"dtype is {value!r}; expected one of floats, such as 'float32'")
    return dtype


def is_array(thing: object) -> bool:
    """Whether it is an array of a module that `get_array_module` knows."""
    try:
        _module_of(thing)
    except InputError:
        return False
    return True


def is_on_host(array: Array) -> bool:
    """Whether the array's values can be read without waiting for a device."""
    return isinstance(array, np.ndarray)


def to_host(array: Array) -> np.ndarray:
    """The array as a NumPy array (itself when it is one; otherwise a copy, after a wait)."""
    return np.asarray(array) if isinstance(array, np.ndarray | np.generic) else array.get()


def check_module(xp: object) -> None:
    """Raise InputError when `xp` is only the name of an array module."""
    if isinstance(xp, str):
        raise InputError(f"xp is {xp!r}; expected the module itself, numpy or cupy, not its name")


def move(array: Array, xp: ModuleType) -> Array:
    """`array` as one of the module `xp`, its elements in the same order in memory.

    (A plain copy to the device puts the axes in C order, and a convolution's filters would no
    longer be a matrix without being copied again and again.)

    Raises InputError when `xp` is only the name of a module.
    """
    check_module(xp)
    if _module_of(array) is xp:
        return array
    order = axes_by_stride(array)
    inverse = sorted(range(array.ndim), key=order.__getitem__)
    return xp.array(to_host(array).transpose(order), order="C").transpose(inverse)


def asarray_like(array: Array, like: Array) -> Array:
    """`array` on the backend of `like`, without a copy where it is there already."""
    xp = get_array_module(like)
    return array if _module_of(array) is xp else xp.asarray(to_host(array))


def memory_order_view(array: Array) -> Array:
    """A one-dimensional view of all elements in the order they lie in memory.

    Elementwise work on arrays of equal layout can go through such views whatever the order of
    their axes: a convolution's weights have the shape (out, in, kh, kw) but lie in memory as
    (out, kh, kw, in).

    Raises InputError when the elements do not fill one solid piece of memory.
    """
    solid = array.transpose(axes_by_stride(array))
    if not solid.flags.c_contiguous:
        raise InputError(
            f"expected an array that fills one solid piece of memory, got one of shape "
            f"{array.shape} with strides {array.strides}; copy it first"
        )
    return solid.reshape(-1)


def axes_by_stride(array: Array) -> list[int]:
    """The axes from the one whose elements lie farthest apart to the one where they adjoin."""
    return sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
