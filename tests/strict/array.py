"""`StrictArray`: a NumPy array that refuses what a CuPy array refuses."""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from . import rules
from .counters import syncs, uploads

_SCALARS = (bool, int, float, complex)
_METHODS = rules.read_names()["cupy.ndarray"]


def is_scalar(value: object) -> bool:
    """Whether CuPy takes `value` for a number: Python's own or NumPy's scalars."""
    return type(value) in _SCALARS or (
        isinstance(value, np.generic) and value.dtype.kind in "biufc"
    )


def check_dtype(dtype: np.dtype) -> None:
    """ValueError for what no GPU array of CuPy can hold: text, objects, dates, long doubles.

    Structured dtypes, which CuPy 14 does know, are refused too: nothing here needs them.
    """
    if dtype.name == "bfloat16":
        return
    largest = 16 if dtype.kind == "c" else 8
    if dtype.kind not in "biufc" or dtype.itemsize > largest or not dtype.isnative:
        raise ValueError(f"Unsupported dtype {dtype}")


def upload(values: object, dtype: Any = None, order: str | None = None) -> np.ndarray:
    """A copy of host values as CuPy lays it out: in C order, or Fortran's if it was just that."""
    host = np.asarray(values, dtype=dtype)
    if host.ndim > 0:  # a single number travels as an argument of a kernel
        uploads.add()
    if order is None or order.upper() in ("K", "A"):
        order = "F" if host.flags.fnc else "C"
    return np.array(host, order=order)


def contains(value: object, kind: type) -> bool:
    """Whether `value` is a `kind`, or a list or tuple with one somewhere inside."""
    if isinstance(value, list | tuple):
        return any(contains(item, kind) for item in value)
    return isinstance(value, kind)


def unwrap(value: object) -> Any:
    """`value` with every StrictArray in it, in lists and tuples too, replaced by its host array."""
    if isinstance(value, StrictArray):
        return value._host
    if isinstance(value, list):
        return [unwrap(item) for item in value]
    if isinstance(value, tuple):
        return tuple(unwrap(item) for item in value)
    return value


def wrap(result: object, operands: object = ()) -> Any:
    """`result` with every array and scalar in it as StrictArray; scalars become 0-d arrays.

    An array that is the host array of one of `operands` becomes that operand again, so that
    `f(x, out=y) is y` and `asarray(x) is x` hold as they do in CuPy.
    """
    if isinstance(result, np.ndarray):
        for operand in _strict_arrays(operands):
            if operand._host is result:
                return operand
        return StrictArray(result)
    if is_scalar(result):
        return StrictArray(np.asarray(result))
    if isinstance(result, list):
        return [wrap(item, operands) for item in result]
    if isinstance(result, tuple):
        # NumPy's named results (unique_counts, slogdet) keep their names.
        items = [wrap(item, operands) for item in result]
        return type(result)(*items) if hasattr(result, "_fields") else tuple(items)
    return result


def _strict_arrays(value: object) -> Iterator["StrictArray"]:
    if isinstance(value, StrictArray):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strict_arrays(item)


def check_operands(where: str, arguments: dict[str, object]) -> None:
    """TypeError when a NumPy array is among the `arguments`, in CuPy's words.

    Indices are the exception: CuPy copies them to the device, which is counted.
    """
    for name, value in arguments.items():
        if name == "indices" and isinstance(value, np.ndarray | list | tuple):
            uploads.add()
        elif contains(value, np.ndarray):
            raise TypeError(f"Unsupported type <class 'numpy.ndarray'> for {where}({name}=…)")


class StrictFlags:
    """The few flags that CuPy keeps; there is no `writeable`."""

    def __init__(self, flags: Any) -> None:
        self.c_contiguous = flags.c_contiguous
        self.f_contiguous = flags.f_contiguous
        self.owndata = flags.owndata
        self.fnc = flags.fnc
        self.forc = flags.forc

    def __getitem__(self, name: str) -> bool:
        if name not in ("C_CONTIGUOUS", "F_CONTIGUOUS", "OWNDATA"):
            raise KeyError(f"{name} is not defined for cupy.ndarray.flags")
        return getattr(self, name.lower())


class StrictArray:
    """An array that lives on the host but can be touched only as a CuPy array can.

    NumPy arrays and lists do not mix with it, NumPy functions other than ufuncs do not take it,
    reductions and full indexing give 0-d arrays, and everything that would make a GPU program
    wait is counted (`sync_count`).

    Args:
        host: the array to hold; it is not copied (`to_strict` copies).
    """

    __slots__ = ("__weakref__", "_host")
    __array_priority__ = 100
    __hash__ = None  # like NumPy's and CuPy's arrays

    def __init__(self, host: np.ndarray) -> None:
        if not isinstance(host, np.ndarray):
            raise TypeError(f"StrictArray holds a numpy.ndarray, got {type(host).__name__}")
        check_dtype(host.dtype)
        self._host = host

    # ---- what it tells about itself without waiting -------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self._host.shape

    @property
    def dtype(self) -> np.dtype:
        return self._host.dtype

    @property
    def ndim(self) -> int:
        return self._host.ndim

    @property
    def size(self) -> int:
        return self._host.size

    @property
    def itemsize(self) -> int:
        return self._host.itemsize

    @property
    def nbytes(self) -> int:
        return self._host.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        return self._host.strides

    @property
    def flags(self) -> StrictFlags:
        return StrictFlags(self._host.flags)

    @property
    def T(self) -> "StrictArray":
        return self if self.ndim < 2 else StrictArray(self._host.T)

    @property
    def mT(self) -> "StrictArray":
        return StrictArray(self._host.mT)

    @property
    def real(self) -> "StrictArray":
        return wrap(self._host.real, self)

    @property
    def imag(self) -> "StrictArray":
        return wrap(self._host.imag, self)

    def __len__(self) -> int:
        return len(self._host)

    def __getattr__(self, name: str) -> NoReturn:
        if name in _METHODS:
            raise AttributeError(f"cupy.ndarray has `{name}`, but the stand-in does not imitate it")
        raise AttributeError(f"'cupy.ndarray' object has no attribute '{name}'")

    # ---- to the host, which waits -------------------------------------------------------------

    def get(
        self,
        stream: object = None,
        order: str = "C",
        out: np.ndarray | None = None,
        blocking: bool = True,
    ) -> np.ndarray:
        """A copy on the host; `out` must be a NumPy array of the same shape and dtype."""
        if blocking:
            syncs.add()
        if out is None:
            return np.array(self._host, order=order)
        if not isinstance(out, np.ndarray):
            raise TypeError("Only numpy.ndarray can be obtained from cupy.ndarray")
        if out.dtype != self.dtype:
            raise TypeError(f"{out.dtype} array cannot be obtained from {self.dtype} array")
        if out.shape != self.shape:
            raise ValueError(f"Shape mismatch. Expected: {self.shape}, actual: {out.shape}")
        if not out.flags.forc:
            raise RuntimeError("`out` cannot be specified when copying to non-contiguous ndarray")
        out[...] = self._host
        return out

    def set(self, arr: np.ndarray, stream: object = None) -> None:
        """Copy a NumPy array of the same shape and dtype in."""
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        if not self._host.flags.forc:
            raise RuntimeError("Cannot set to non-contiguous array")
        uploads.add()
        self._host[...] = arr

    def item(self) -> bool | int | float | complex:
        """The only element as a Python number."""
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self.get().tolist()

    def tobytes(self, order: str = "C") -> bytes:
        """The elements as bytes."""
        return self.get().tobytes(order)

    def __bool__(self) -> bool:
        if self.size > 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. "
                "Use a.any() or a.all()"
            )
        return bool(self.get())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __repr__(self) -> str:
        return repr(self.get())

    def __str__(self) -> str:
        return str(self.get())

    def __format__(self, specification: str) -> str:
        return format(self.get(), specification)

    def __reduce__(self) -> tuple:
        return _from_host, (self.get(order="A"),)

    def __copy__(self) -> "StrictArray":
        return self.copy()

    def __deepcopy__(self, memo: dict) -> "StrictArray":
        return self.copy()

    # ---- NumPy's protocols --------------------------------------------------------------------

    def __array__(self, dtype: object = None, copy: bool | None = None) -> NoReturn:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """`np.add(x, y)` means `cupy.add(x, y)`, when CuPy has it and can take the operands."""
        if "out" in kwargs:
            if len(kwargs["out"]) != 1:
                raise ValueError("The 'out' parameter must have exactly one array value")
            kwargs["out"] = kwargs["out"][0]
        operands = (*inputs, kwargs["out"]) if "out" in kwargs else inputs
        for operand in operands:
            # Like CuPy: what is no array at all is left to the other operand, and NumPy says
            # TypeError; a NumPy array goes on and is refused by name.
            if not (is_scalar(operand) or isinstance(operand, StrictArray | np.ndarray)):
                return NotImplemented
        from .namespace import strict  # the namespace is built of this module

        ours = getattr(strict, ufunc.__name__, None)
        ours = ours if method == "__call__" else getattr(ours, method, None)
        return NotImplemented if ours is None else ours(*inputs, **kwargs)

    def __array_function__(self, func: Callable, types: Any, args: Any, kwargs: Any) -> NoReturn:
        # CuPy would run its own function of that name. Code that relies on it breaks as soon as
        # the first operand is no array, so this project always asks for the module.
        raise TypeError(
            f"numpy.{func.__name__} was given a device array; use the function of the array's "
            "own module (minialexnet.backend.get_array_module)"
        )

    # ---- indexing -----------------------------------------------------------------------------

    def __iter__(self) -> Iterator["StrictArray"]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[index] for index in range(len(self)))

    def __getitem__(self, key: Any) -> "StrictArray":
        host_key, has_arrays = _index(key)
        if has_arrays:
            return StrictArray(np.array(self._host[host_key]))  # never a view
        # The trailing ellipsis makes a single element a 0-d view, as in CuPy; NumPy alone would
        # copy it out as a scalar.
        if any(part is Ellipsis for part in host_key):
            return StrictArray(self._host[host_key])
        return StrictArray(self._host[(*host_key, Ellipsis)])

    def __setitem__(self, key: Any, value: Any) -> None:
        host_key, has_arrays = _index(key)
        if isinstance(value, StrictArray):
            value = value._host
        elif not is_scalar(value):
            if has_arrays:
                value = upload(value, self.dtype)
            elif np.ndim(value) > 0:
                # CuPy takes any other value for one to fill the region with.
                raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        with np.errstate(all="ignore"):
            self._host[host_key] = value

    # ---- comparison with things that are no numbers -------------------------------------------

    def __eq__(self, other: object) -> Any:
        if other is None or type(other).__eq__ is object.__eq__:
            return StrictArray(np.zeros(self.shape, bool))
        return _compare(self, other, "equal")

    def __ne__(self, other: object) -> Any:
        if other is None or type(other).__eq__ is object.__eq__:
            return StrictArray(np.ones(self.shape, bool))
        return _compare(self, other, "not_equal")

    # ---- methods whose rules are not just those of the argument list --------------------------

    def astype(
        self,
        dtype: Any,
        order: str = "K",
        casting: None = None,
        subok: None = None,
        copy: bool = True,
    ) -> "StrictArray":
        """Cast; CuPy has neither `casting` nor `subok`."""
        if casting is not None:
            raise TypeError("casting is not supported yet")
        if subok is not None:
            raise TypeError("subok is not supported yet")
        check_dtype(np.dtype(dtype))
        with np.errstate(all="ignore"):
            return wrap(self._host.astype(dtype, order=order or "K", copy=copy), self)

    def fill(self, value: Any) -> None:
        """Set all elements to one number or 0-d array."""
        if np.ndim(unwrap(value)) > 0:
            raise ValueError("non-scalar cupy.ndarray cannot be used for fill")
        self._host.fill(unwrap(value))

    def dot(self, b: "StrictArray", out: "StrictArray | None" = None) -> "StrictArray":
        """Matrix product with another device array."""
        if not isinstance(b, StrictArray):
            raise TypeError(f"Argument 'b' has incorrect type {type(b).__name__}")
        return wrap(self._host.dot(b._host, unwrap(out)), (out,))

    def ptp(
        self, axis: Any = None, out: "StrictArray | None" = None, keepdims: bool = False
    ) -> Any:
        """Largest minus smallest (NumPy has this as a function only)."""
        return wrap(np.ptp(self._host, axis, unwrap(out), keepdims), (out,))

    def nonzero(self) -> tuple["StrictArray", ...]:
        """Indices of the elements that are not zero; waits for their number."""
        syncs.add()
        return wrap(self._host.nonzero())

    def sort(self, axis: int = -1, kind: str | None = None) -> None:
        """Sort in place; CuPy's only kind is a stable one."""
        check_sort_kind(kind)
        self._host.sort(axis)

    def argsort(self, axis: int = -1, kind: str | None = None) -> "StrictArray":
        """Indices that would sort; CuPy's only kind is a stable one."""
        check_sort_kind(kind)
        return StrictArray(self._host.argsort(axis, kind="stable"))


def check_sort_kind(kind: str | None) -> None:
    """ValueError for a sorting algorithm that CuPy has not."""
    if kind is not None and kind != "stable":
        raise ValueError("kind can only be None or 'stable'")


def _from_host(host: np.ndarray) -> StrictArray:
    return StrictArray(upload(host))


def _index(key: Any) -> tuple[tuple, bool]:
    """`key` as a tuple that NumPy understands, and whether there are arrays in it.

    Lists and NumPy arrays are legal indices in CuPy, and each costs a copy to the device; a
    boolean mask costs a wait, in assignment too, because the number of its true elements is
    fetched. CuPy lets integer indices out of range wrap around; here NumPy's IndexError stays.
    """
    parts = key if isinstance(key, tuple) else (key,)
    host_key, has_arrays = [], False
    for part in parts:
        if isinstance(part, slice):
            part = slice(*(_slice_bound(bound) for bound in (part.start, part.stop, part.step)))
        elif isinstance(part, StrictArray):
            part, has_arrays = part._host, True
        elif isinstance(part, np.ndarray | list | tuple | bool | np.bool_):
            # Sequences with device arrays in them are allowed as well: CuPy joins them.
            is_empty = isinstance(part, list | tuple) and len(part) == 0
            part, has_arrays = upload(unwrap(part), dtype=int if is_empty else None), True
        if isinstance(part, np.ndarray) and part.dtype.kind == "b":
            syncs.add()
        host_key.append(part)
    return tuple(host_key), has_arrays


def _slice_bound(bound: Any) -> Any:
    # CuPy falls back on int() here, although its arrays are no `__index__` anywhere else.
    return int(bound) if isinstance(bound, StrictArray) else bound


def _defers(other: object) -> bool:
    """Whether the other operand wants the operation for itself (NumPy's NEP 13)."""
    return getattr(other, "__array_ufunc__", 0) is None


def _compare(array: StrictArray, other: object, name: str) -> Any:
    if _defers(other):
        return NotImplemented
    if isinstance(other, np.ndarray) and other.ndim == 0:
        other = other.item()  # CuPy lets a 0-d NumPy array pass here, and only here
    return getattr(np, name)(array, other)


def _install_operators() -> None:
    """Give StrictArray its operators.

    Both operands go through NumPy's ufunc and so through `__array_ufunc__`: that is how CuPy
    does it, and it decides which operands are refused, and with which words. The in-place ones
    call our ufunc directly, with the array itself as output. There is no in-place `@=` (CuPy has
    none): Python makes a new array of it.
    """
    from_numpy = {
        "add": "add",
        "sub": "subtract",
        "mul": "multiply",
        "matmul": "matmul",
        "truediv": "true_divide",
        "floordiv": "floor_divide",
        "mod": "remainder",
        "divmod": "divmod",
        "pow": "power",
        "lshift": "left_shift",
        "rshift": "right_shift",
        "and": "bitwise_and",
        "or": "bitwise_or",
        "xor": "bitwise_xor",
    }
    for operator, name in from_numpy.items():
        setattr(StrictArray, f"__{operator}__", _binary_operator(name, swapped=False))
        setattr(StrictArray, f"__r{operator}__", _binary_operator(name, swapped=True))
        if operator not in ("matmul", "divmod"):
            setattr(StrictArray, f"__i{operator}__", _in_place_operator(name))
    for operator, name in {
        "lt": "less",
        "le": "less_equal",
        "gt": "greater",
        "ge": "greater_equal",
    }.items():
        setattr(StrictArray, f"__{operator}__", _comparison_operator(name))
    for operator, name in {
        "neg": "negative",
        "pos": "positive",
        "abs": "absolute",
        "invert": "invert",
    }.items():
        setattr(StrictArray, f"__{operator}__", _unary_operator(name))


def _binary_operator(name: str, swapped: bool) -> Callable:
    def operator(self: StrictArray, other: object) -> Any:
        if _defers(other):
            return NotImplemented
        ufunc = getattr(np, name)
        return ufunc(other, self) if swapped else ufunc(self, other)

    return operator


def _in_place_operator(name: str) -> Callable:
    def operator(self: StrictArray, other: object) -> StrictArray:
        from .namespace import strict

        return getattr(strict, name)(self, other, self)

    return operator


def _comparison_operator(name: str) -> Callable:
    def operator(self: StrictArray, other: object) -> Any:
        return _compare(self, other, name)

    return operator


def _unary_operator(name: str) -> Callable:
    def operator(self: StrictArray) -> StrictArray:
        return getattr(np, name)(self)

    return operator


def _install_methods() -> None:
    """Give StrictArray the methods that NumPy and CuPy share, with CuPy's argument lists."""
    not_imitated = {"byteswap", "choose", "dump", "dumps", "put", "tofile"}
    for name, entry in _METHODS.items():
        shared = entry.kind == "function" and hasattr(np.ndarray, name)
        if shared and name not in not_imitated and name not in vars(StrictArray):
            setattr(StrictArray, name, _method(entry))


_SIZES_ONLY = {"reshape", "transpose", "swapaxes", "squeeze", "diagonal"}
_WAITING = {"compress"}


def _method(entry: rules.Name) -> Callable:
    def method(self: StrictArray, *args: Any, **kwargs: Any) -> Any:
        arguments = rules.bind(entry, (self, *args), kwargs)
        del arguments["self"]
        check_operands(f"ndarray.{entry.name}", arguments)
        for value in arguments.values():
            if entry.name in _SIZES_ONLY and contains(value, StrictArray):
                raise TypeError("'cupy.ndarray' object cannot be interpreted as an integer")
        if entry.name in _WAITING or contains(arguments.get("repeats"), StrictArray):
            syncs.add()
        host_arguments = {name: unwrap(value) for name, value in kwargs.items()}
        with np.errstate(all="ignore"):  # a GPU divides by zero without a word
            result = getattr(self._host, entry.name)(*unwrap(args), **host_arguments)
        return wrap(result, (self, *arguments.values()))

    method.__name__ = entry.name
    return method


_install_operators()
_install_methods()
