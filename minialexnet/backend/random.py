"""Random numbers: drawn on the host for weights, counted out on any device for dropout."""

import numpy as np

from minialexnet.backend.arrays import Array
from minialexnet.backend.kernels import Kernels, has_kernels
from minialexnet.errors import InputError

_kernels = Kernels(__package__, "random.cu")

_MASK = 0xFFFFFFFFFFFFFFFF
_GOLDEN = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: SplitMix64's step from one state to the next


def host_generator(*seed: int) -> np.random.Generator:
    """NumPy's default generator, seeded with whole numbers: the source of all initial weights."""
    return np.random.default_rng(list(seed))


def check_generator(generator: object) -> None:
    """Raise InputError unless it draws as NumPy's generators do (a RandomState does not)."""
    is_old = isinstance(generator, np.random.RandomState)
    if is_old or not hasattr(generator, "standard_normal"):
        raise InputError(
            f"generator is {generator!r}; expected one of NumPy's: numpy.random.default_rng(seed)"
        )


def uniform_stream(shape: tuple[int, ...], key: tuple[int, ...], xp) -> Array:
    """Uniform numbers in [0, 1) that are a function of `key` and the position alone.

    A counter-based generator (SplitMix64: Steele, Lea and Flood 2014, "Fast splittable
    pseudorandom number generators"): element i is a hash of i and the key. It needs no state
    but the key, gives the same integers on every backend, and any part can be drawn again.

    Args:    shape: of the result; key: whole numbers, e.g. (seed, layer, step); xp: array module.
    Returns: float32 array of multiples of 2^-24.
    """
    start = 0
    for part in key:
        start = _mix((start + _GOLDEN + int(part)) & _MASK)
    count = 1
    for extent in shape:
        count *= extent

    numbers = xp.empty(shape, dtype=xp.float32)
    if has_kernels(numbers):
        _kernels("uniform_stream", numbers, count, numbers, np.uint64(start))
        return numbers
    state = xp.arange(1, count // 2 + 2, dtype=xp.uint64)
    state *= xp.uint64(_GOLDEN)
    state += xp.uint64(start)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state ^= state >> xp.uint64(shift)
        state *= xp.uint64(factor)
    state ^= state >> xp.uint64(31)
    # Each 64-bit number is two 32-bit ones; the upper 24 bits of each are all a float32 can hold.
    halves = state.view(xp.uint32)[:count]
    return ((halves >> xp.uint32(8)).astype(xp.float32) * 2.0**-24).reshape(shape)


def _mix(z: int) -> int:
    """SplitMix64's output function on Python integers, to fold a key into a starting state."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
