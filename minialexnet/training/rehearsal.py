"""How much of a GPU's memory a training step needs, found by trying one.

A formula would have to know what every layer keeps, what cuBLAS takes for itself and how the pool's
blocks fit together. A step on blank pictures takes a moment, and compiles the kernels on the way.
"""

import gc
from collections.abc import Callable
from types import ModuleType

from minialexnet.backend import gpu_memory, is_out_of_memory, release_gpu_memory
from minialexnet.errors import InputError

GIB = 2**30


def rehearse(step: Callable[[int], None], batch_size: int, xp: ModuleType) -> int | None:
    """Bytes that the GPU's pool holds after `step(batch_size)`; None where `xp` has no GPU.

    Raises InputError, which names the largest batch size that fits, if this one does not.
    """
    if gpu_memory(xp) is None:
        return None
    needed = _bytes_of(step, batch_size, xp)
    if needed is not None:
        return needed
    fits = _largest_that_fits(step, batch_size, xp)
    release_gpu_memory(xp)
    memory = gpu_memory(xp)
    text = (
        f"batches of {batch_size} do not fit into the GPU's memory, of which "
        f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB are available; "
    )
    if fits == 0:
        raise InputError(f"{text}nor does a single picture: take smaller ones (--image-size)")
    raise InputError(f"{text}--batch-size {fits} fits")


def _largest_that_fits(step: Callable[[int], None], too_many: int, xp: ModuleType) -> int:
    """By halves, to an eighth of the size."""
    fits = too_many // 2
    while fits and _bytes_of(step, fits, xp) is None:
        too_many, fits = fits, fits // 2
    while too_many - fits > max(fits // 8, 1):
        middle = (fits + too_many) // 2
        if _bytes_of(step, middle, xp) is None:
            too_many = middle
        else:
            fits = middle
    return fits


def _bytes_of(step: Callable[[int], None], batch_size: int, xp: ModuleType) -> int | None:
    """What the pool holds after a step; None if memory ran out, which leaves none of it taken."""
    gc.collect()
    release_gpu_memory(xp)
    try:
        step(batch_size)
    except Exception as error:
        if is_out_of_memory(error):
            return None
        raise
    return gpu_memory(xp).held
