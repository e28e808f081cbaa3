"""Sizes of windows, strides and paddings: how they are given, and what comes out of them."""

from numbers import Integral

from minialexnet.backend import get_array_module
from minialexnet.errors import InputError

Pair = tuple[int, int]
Padding = tuple[Pair, Pair]
"""((top, bottom), (left, right)), in pixels."""


def as_pair(value: int | Pair, name: str, minimum: int = 1) -> Pair:
    """`value` for height and width: a whole number stands for both.

    Raises InputError naming the argument when it is neither a number nor a pair, or too small.
    """
    # A quick way for what was read before: every operation asks again, for each slice of a batch.
    if type(value) is tuple and len(value) == 2:
        height, width = value
        if type(height) is type(width) is int and min(height, width) >= minimum:
            return value
    pair = (value, value) if _is_whole(value) else value
    if not (
        isinstance(pair, tuple | list)
        and len(pair) == 2
        and all(_is_whole(extent) and extent >= minimum for extent in pair)
    ):
        raise InputError(
            f"{name} is {value!r}; expected a whole number of at least {minimum}, "
            "or a pair of them for height and width"
        )
    return int(pair[0]), int(pair[1])


def as_padding(value: int | Pair | Padding) -> Padding:
    """Padding in full: a number for all four sides, or (height, width), or each side by itself.

    Raises: InputError if it is none of these.
    """
    if isinstance(value, tuple | list) and any(isinstance(side, tuple | list) for side in value):
        sides = [as_pair(side, "padding", minimum=0) for side in value]
        if len(sides) != 2:
            raise InputError(f"padding is {value!r}; expected ((top, bottom), (left, right))")
        return sides[0], sides[1]
    height, width = as_pair(value, "padding", minimum=0)
    return (height, height), (width, width)


def as_windows(
    kernel_size: int | Pair, stride: int | Pair, padding: int | Pair | Padding
) -> tuple[Pair, Pair, Padding]:
    """The three in full. Raises InputError naming the one that is none."""
    return as_pair(kernel_size, "kernel_size"), as_pair(stride, "stride"), as_padding(padding)


def output_extent(
    extent: int, kernel: int, stride: int, padding: Pair, ceil_mode: bool = False
) -> int:
    """How many windows fit along one axis.

    floor((extent + padding - kernel) / stride) + 1, or with `ceil_mode` the ceiling, so that
    a last window which hangs over the far edge counts too, as long as it starts inside the
    picture or its near padding (Caffe's and PyTorch's rule).

    Raises: InputError if not even one fits.
    """
    room = extent + sum(padding) - kernel
    if room < 0:
        raise InputError(
            f"a window of {kernel} pixels does not fit into a picture of {extent} pixels with "
            f"padding {padding}; use a larger picture or more padding"
        )
    count = (-(-room // stride) if ceil_mode else room // stride) + 1
    if ceil_mode and (count - 1) * stride >= extent + padding[0]:
        count -= 1
    return count


def _is_whole(value: object) -> bool:
    """Whether it is a whole number; True and False are none, although Python counts with them."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def overhang(extent: int, count: int, kernel: int, stride: int, padding: Pair) -> int:
    """How many pixels beyond the picture's far edge the last of `count` windows reaches."""
    return max(padding[1], (count - 1) * stride + kernel - extent - padding[0])


def check_4d(x, name: str = "x") -> None:
    """Raise InputError unless `x` is a batch of at least one picture, in floats."""
    get_array_module(x)  # refuses what is no array
    if x.ndim != 4 or x.shape[0] == 0:
        raise InputError(
            f"{name} has shape {tuple(x.shape)}; expected four axes, (pictures, channels, height, "
            "width), and at least one picture"
        )
    check_floats(x, name)


def check_floats(x, name: str = "x") -> None:
    """Raise InputError unless `x` has floats; differences of uint8 would wrap around."""
    if x.dtype.kind != "f":
        raise InputError(f"{name} is {x.dtype}; expected floats: convert it with astype('float32')")


def check_picture_shape(shape: tuple[int, ...]) -> None:
    """Raise InputError unless `shape` is that of one picture, (channels, height, width)."""
    if not isinstance(shape, tuple | list) or len(shape) != 3:
        raise InputError(f"a picture has shape {shape!r}; expected (channels, height, width)")


def check_same_dtype(x, weight) -> None:
    """Raise InputError unless x and weight are of one type: float64 should not creep in."""
    if x.dtype != weight.dtype:
        raise InputError(
            f"x is {x.dtype} and weight {weight.dtype}; expected the same: convert x with "
            f"astype('{weight.dtype}')"
        )


def check_same_shape(given, expected: tuple[int, ...], name: str) -> None:
    """Raise InputError unless `given` is an array of the `expected` shape."""
    get_array_module(given)  # refuses what is none
    if tuple(given.shape) != tuple(expected):
        raise InputError(f"{name} has shape {tuple(given.shape)}; expected {tuple(expected)}")
