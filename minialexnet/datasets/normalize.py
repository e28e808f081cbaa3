"""The last step from pictures to the network: uint8 pixels -> centred float32."""

from __future__ import annotations

import numbers
from typing import Any

import numpy

from minialexnet.backend import (
    Kernels,
    cached_blocks,
    consume,
    empty,
    has_kernels,
    is_on_host,
    map_ordered,
)
from minialexnet.errors import InputError

_kernels = Kernels(__package__, "normalize.cu")


def to_network_input(
    batch: Any, mean: Any, scale: Any = 1.0, xp: Any = numpy, shift: Any = None
) -> Any:
    """(pixels - (mean - shift)) * scale, as the network takes it.

    Args:
        batch: uint8 (B, H, W, 3).
        mean: in pixel values, a colour (3,) or a picture (H, W, 3); any float.
        scale: a number, or one for each colour (3,).
        xp: the array module the arrays belong to: numpy, or cupy.
        shift: float32 (B, 3), a colour that is added to each picture, or None.
    Returns:
        float32 of shape (B, 3, H, W). Its memory is (B, H, W, 3) still: it is a transposed view,
        since moving the channels would cost more than all the rest.
    Raises: InputError if batch, mean, scale or shift is of another shape or type.
    """
    if batch.ndim != 4 or batch.shape[3] != 3 or batch.dtype != xp.uint8:
        raise InputError(
            f"batch must be uint8 of shape (B, H, W, 3), not {batch.dtype} of {batch.shape}"
        )
    count, *one = batch.shape
    # Flat rows, since a loop over the 3 colours at a time is slow on a CPU.
    pixels = batch.reshape(count, -1)
    mean = _flat("mean", mean, one, xp)
    is_number = isinstance(scale, numbers.Real)
    scale = float(scale) if is_number else _flat("scale", scale, one, xp)
    x = empty(pixels.shape, xp.float32, xp)
    if shift is not None and (shift.shape != (count, 3) or shift.dtype != xp.float32):
        raise InputError(
            f"shift must be float32 of shape ({count}, 3), a colour for each picture, not "
            f"{shift.dtype} of {shift.shape}"
        )
    if is_number and has_kernels(x):
        added = xp.zeros((count, 3), dtype=xp.float32) if shift is None else shift
        arrays = xp.ascontiguousarray(pixels), mean, xp.ascontiguousarray(added), x
        _kernels("to_network_input", x, x.size, *arrays, mean.size, scale)
        return x.reshape(batch.shape).transpose(0, 3, 1, 2)

    def convert(block: slice) -> None:
        x[block] = pixels[block]
        x[block] -= mean if shift is None else _centres(mean, shift[block], xp)
        if not is_number or scale != 1:
            x[block] *= scale

    # A GPU's work is given to it by this thread, which knows the device and the stream.
    run = map_ordered if is_on_host(batch) else map
    consume(run(convert, cached_blocks(batch)))
    return x.reshape(batch.shape).transpose(0, 3, 1, 2)


def _centres(mean: Any, shift: Any, xp: Any) -> Any:
    """What to subtract from each picture, flat, where a colour is to be added to it."""
    return mean - xp.tile(shift, (1, mean.size // 3))


def _flat(name: str, values: Any, one: list[int], xp: Any) -> Any:
    """`values` as float32, repeated to the shape of one picture, and flat."""
    values = xp.asarray(values, dtype=xp.float32)
    if values.shape not in ((3,), tuple(one)):
        raise InputError(
            f"{name} must be a colour (3,) or have the pictures' shape {tuple(one)}, not "
            f"{values.shape}"
        )
    return xp.broadcast_to(values, tuple(one)).reshape(-1)
