"""Local response normalisation across channels (Krizhevsky 2012, section 3.3).

Each unit is divided by a power of the activity of its neighbours: the units at the same place in
adjacent channels. With `groups` = 2 the neighbours are confined to a unit's own tower, as in the
network of 2012, whose two GPUs normalised 48 and 128 channels each for itself.
"""

from minialexnet.backend import (
    cached_blocks,
    copy,
    empty,
    empty_like,
    get_array_module,
    has_kernels,
    zeros,
)
from minialexnet.errors import InputError
from minialexnet.ops import cuda
from minialexnet.ops.shapes import check_4d, check_same_shape


def local_response_norm(
    x,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 2.0,
    groups: int = 1,
):
    """Normalise each unit by its neighbours across channels.

        s_c = k + alpha * (sum of x_j^2 over the `size` channels j around c, cut at the ends)
        y_c = x_c * s_c^(-beta)

    For an even `size` the window has one channel more below c than above, as in the code of 2012
    and in PyTorch. This is the paper's formula; code of 2012, Caffe, PyTorch and ONNX divide
    alpha by `size`, so they mean alpha = 2e-5 here when they say 1e-4.

    Args:
        x: (N, C, H, W), any float dtype; not modified.
        size, alpha, beta, k: the constants of the formula; size from 1.
        groups: channels are cut into so many groups that do not see each other.
    Returns:
        y: like x.
    Raises:
        InputError: the channels cannot be divided into `groups` equal parts.
    """
    xp = get_array_module(x)
    _check(x, size, groups)
    if has_kernels(x):
        return cuda.local_response_norm(x, size, alpha, beta, k, groups)
    y = empty_like(x)
    units, outputs = _by_group(x, groups), _by_group(y, groups)
    for block in cached_blocks(x):
        scale = _scale(units[block], size, alpha, k)
        xp.divide(units[block], _of_units(_power(scale, beta), units), out=outputs[block])
    return y


def local_response_norm_backward(
    dy,
    x,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 2.0,
    groups: int = 1,
):
    """Gradient of `local_response_norm` with respect to x.

    x_c appears in its own y_c and, through s, in the y_j of all j whose window holds c. Since
    dy_j/dx_c = -beta x_j s_j^(-beta-1) * 2 alpha x_c  for those, with  r_j = dy_j s_j^(-beta):

        dx_c  =  r_c  -  2 alpha beta x_c * (sum of r_j x_j / s_j over those j)

    "j whose window holds c" is the window mirrored, which for odd `size` is the window itself.
    s is worked out anew: keeping it would save little time, and take as much memory as x.

    Args:
        dy: gradient with respect to y; x: input of the forward pass; none is modified.
        size, alpha, beta, k, groups: as in the forward pass.
    Returns:
        dx: like x.
    Raises:
        InputError: as `local_response_norm`, or dy is not of x's shape.
    """
    xp = get_array_module(dy, x)
    _check(x, size, groups)
    check_same_shape(dy, x.shape, "dy")
    if has_kernels(dy, x):
        return cuda.local_response_norm_backward(dy, x, size, alpha, beta, k, groups)
    dx = empty_like(x)
    units, dunits, doutputs = (_by_group(array, groups) for array in (x, dx, dy))
    for block in cached_blocks(x):
        scale = _scale(units[block], size, alpha, k)
        r = xp.divide(doutputs[block], _of_units(_power(scale, beta), units), out=dunits[block])
        bordered, inside = _with_borders(r, below=(size - 1) // 2, above=size // 2)
        xp.multiply(r, units[block], out=inside)
        inside /= _of_units(scale, units)
        across = _window_sum(bordered, units)
        across *= 2 * alpha * beta
        across = _of_units(across, units)
        across *= units[block]
        r -= across
    return dx


def _check(x, size: int, groups: int) -> None:
    """Raise InputError unless the channels of x can be normalised so."""
    check_4d(x)
    if size < 1 or groups < 1 or x.shape[1] % groups:
        raise InputError(
            f"local response norm over {x.shape[1]} channels with size={size} and groups={groups}; "
            "expected a size of at least 1 and a number of groups that divides the channels"
        )


def _by_group(x, groups: int):
    """A view of (N, C, H, W) as (N, H, W, groups, C/groups)."""
    n, c, h, w = x.shape
    return x.transpose(0, 2, 3, 1).reshape(n, h, w, groups, c // groups)


def _scale(units, size: int, alpha: float, k: float):
    """s of the formula, in the form of `_window_sum`."""
    bordered, inside = _with_borders(units, below=size // 2, above=(size - 1) // 2)
    get_array_module(units).multiply(units, units, out=inside)
    scale = _window_sum(bordered, units)
    scale *= alpha
    scale += k
    return scale


def _with_borders(units, below: int, above: int):
    """Room for `units` with zeros for the channels that windows reach for below and above them.

    Returns: the array, its borders filled with zeros;  the view of it where the units belong.
    """
    *places, channels = units.shape
    below, above = min(below, channels - 1), min(above, channels - 1)  # there are no more others
    bordered = zeros((*places, below + channels + above), units.dtype, get_array_module(units))
    return bordered, bordered[..., below : below + channels]


def _window_sum(bordered, units):
    """For each element the sum of itself and those that follow it in memory, one for each border.

    With the borders the windows of all units, also of those at the ends of a group, have the same
    form; so no unit needs to be looked at by itself, and the sums run over memory as it lies.
    `_of_units` selects the sums that are wanted; the others, at the borders, mean nothing.
    """
    flat = bordered.reshape(-1)
    borders = bordered.shape[-1] - units.shape[-1]
    if borders == 0:
        return copy(bordered)
    total = empty(flat.shape, flat.dtype, get_array_module(flat))
    total[-1:] = flat[-1:]  # the rest is written by the first sum, which spares a copy of all
    get_array_module(flat).add(flat[:-1], flat[1:], out=total[:-1])
    for distance in range(2, borders + 1):
        total[:-distance] += flat[distance:]
    return total.reshape(bordered.shape)


def _of_units(sums, units):
    """The part of an array in the form of `_window_sum` that belongs to units."""
    return sums[..., : units.shape[-1]]


def _power(x, exponent: float):
    """x ** exponent; the paper's 0.75 by two square roots, many times faster than `power`."""
    if exponent == 0.75:
        xp = get_array_module(x)
        root = xp.sqrt(x, out=empty_like(x))
        fourth_root = xp.sqrt(root, out=empty_like(x))
        fourth_root *= root
        return fourth_root
    return x**exponent
