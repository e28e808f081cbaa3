"""`StrictUfunc`: a NumPy ufunc that takes what a CuPy ufunc takes."""

from typing import Any

import numpy as np

from .array import StrictArray, _index, is_scalar, unwrap, upload, wrap

# What CuPy's atomic operations exist for; bitwise ones have the integers only.
_INTEGERS = ("int32", "int64", "uint32", "uint64")
_AT_DTYPES = {
    "add": (*_INTEGERS, "float16", "float32", "float64"),
    "subtract": ("int32", "uint32"),
    "maximum": (*_INTEGERS, "float32", "float64"),
    "minimum": (*_INTEGERS, "float32", "float64"),
    "bitwise_and": _INTEGERS,
    "bitwise_or": _INTEGERS,
    "bitwise_xor": _INTEGERS,
}


class StrictUfunc:
    """An elementwise function of StrictArrays and numbers.

    CuPy's ufuncs know the keywords `out`, `dtype` and `casting` and no others: `where=`,
    `order=` and `subok=` are errors.
    """

    def __init__(self, numpy_ufunc: np.ufunc, name: str, has_at: bool) -> None:
        self._ufunc = numpy_ufunc
        self._has_at = has_at
        self.name = f"cupy_{name}"
        self.__name__ = name
        self.nin, self.nout, self.nargs = numpy_ufunc.nin, numpy_ufunc.nout, numpy_ufunc.nargs

    def __repr__(self) -> str:
        return f"<ufunc '{self.name}'>"

    def __call__(
        self,
        *args: Any,
        out: Any = None,
        dtype: Any = None,
        casting: str = "same_kind",
        **unknown: Any,
    ) -> Any:
        if unknown:
            raise TypeError(f"Wrong arguments {unknown}")
        if not self.nin <= len(args) <= self.nargs:
            raise TypeError(
                f"Wrong number of arguments for '{self.name}'. It must be either {self.nin} or "
                f"{self.nargs} (with outputs), but given {len(args)}."
            )
        outputs = args[self.nin :]
        if out is not None:
            if outputs:
                raise ValueError("Cannot specify 'out' as both a positional and keyword argument")
            outputs = out if isinstance(out, tuple) else (out,)
            if len(outputs) != self.nout:
                raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        inputs = tuple(_operand(value) for value in args[: self.nin])
        host_outputs = tuple(None if value is None else _output(value) for value in outputs)
        keywords = {"out": host_outputs} if host_outputs else {}
        with np.errstate(all="ignore"):  # a GPU divides by zero without a word
            result = self._ufunc(*inputs, **keywords, dtype=dtype, casting=casting)
        return wrap(result, outputs)

    def outer(self, A: Any, B: Any, **kwargs: Any) -> Any:
        """The function of all pairs."""
        A, B = (x if isinstance(x, StrictArray) else StrictArray(upload(x)) for x in (A, B))
        return self(A.reshape(A.shape + (1,) * B.ndim), B, **kwargs)

    def at(self, a: StrictArray, indices: Any, b: Any = None) -> None:
        """Apply in place, repeated indices repeatedly; CuPy can for a few ufuncs and dtypes."""
        if not self._has_at:
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        key, has_arrays = _index(indices)
        if has_arrays and a.dtype.name not in _AT_DTYPES[self.__name__]:
            allowed = ", ".join(_AT_DTYPES[self.__name__])
            raise TypeError(f"cupy.{self.__name__}.at only supports {allowed} as data type")
        if has_arrays and not isinstance(b, StrictArray):
            b = StrictArray(upload(b, a.dtype))
        self._ufunc.at(unwrap(a), key, _operand(b))

    def reduce(
        self,
        array: StrictArray,
        axis: Any = 0,
        dtype: Any = None,
        out: StrictArray | None = None,
        keepdims: bool = False,
    ) -> StrictArray:
        """The sum or product; CuPy reduces by no other ufunc."""
        method = {"add": "sum", "multiply": "prod"}.get(self.__name__)
        if method is None:
            raise NotImplementedError(f"`{self.name}.reduce` is not supported yet")
        return getattr(array, method)(axis, dtype, out, keepdims)

    def accumulate(
        self,
        array: StrictArray,
        axis: Any = 0,
        dtype: Any = None,
        out: StrictArray | None = None,
    ) -> StrictArray:
        """The running sum or product; CuPy accumulates by no other ufunc."""
        method = {"add": "cumsum", "multiply": "cumprod"}.get(self.__name__)
        if method is None:
            raise NotImplementedError(f"`{self.name}.accumulate` is not supported yet")
        return getattr(array, method)(axis, dtype, out)

    def reduceat(self, *args: Any, **kwargs: Any) -> None:
        """Not imitated (CuPy has it for `add` alone)."""
        raise NotImplementedError(f"`{self.name}.reduceat` is not supported here")


def _operand(value: Any) -> Any:
    """What NumPy computes with; TypeError for what CuPy does not take as an operand."""
    if isinstance(value, StrictArray):
        return value._host
    if is_scalar(value):
        return value
    raise TypeError(f"Unsupported type {type(value)}")


def _output(value: Any) -> np.ndarray:
    if not isinstance(value, StrictArray):
        raise TypeError(f"Unsupported type {type(value)} for an output")
    return value._host
