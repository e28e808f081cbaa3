"""Local response normalisation across channels (Krizhevsky 2012, section 3.3).

Each unit is divided by a power of the activity of its neighbours: the units at the same place in
adjacent channels. With `groups` = 2 the neighbours are confined to a unit's own tower, as in the
network of 2012, whose two GPUs normalised 48 and 128 channels each for itself.
"""

from minialexnet.backend import get_array_module
from minialexnet.errors import InputError
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
        y: like x;  scale: s, like x, which the backward pass needs.
    Raises:
        InputError: the channels cannot be divided into `groups` equal parts.
    """
    check_4d(x)
    scale = _window_sum(x * x, size, groups)
    scale *= alpha
    scale += k
    return x / _power(scale, beta), scale


def local_response_norm_backward(
    dy,
    x,
    scale,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    groups: int = 1,
):
    """Gradient of `local_response_norm` with respect to x.

    x_c appears in its own y_c and, through s, in the y_j of all j whose window holds c. Since
    dy_j/dx_c = -beta x_j s_j^(-beta-1) * 2 alpha x_c  for those, with  r_j = dy_j s_j^(-beta):

        dx_c  =  r_c  -  2 alpha beta x_c * (sum of r_j x_j / s_j over those j)

    "j whose window holds c" is the window mirrored, which for odd `size` is the window itself.

    Args:
        dy: gradient with respect to y; x, scale: from the forward pass; none is modified.
        size, alpha, beta, groups: as in the forward pass.
    Returns:
        dx: like x.
    Raises:
        InputError: dy is not of x's shape.
    """
    check_same_shape(dy, x.shape, "dy")
    dx = dy / _power(scale, beta)
    across = _window_sum(dx * x / scale, size, groups, mirrored=True)
    across *= x
    across *= 2 * alpha * beta
    dx -= across
    return dx


def _window_sum(x, size: int, groups: int, mirrored: bool = False):
    """For each channel the sum over the window of channels around it, within its group."""
    xp = get_array_module(x)
    n, c, h, w = x.shape
    if size < 1 or groups < 1 or c % groups:
        raise InputError(
            f"local response norm over {c} channels with size={size} and groups={groups}; expected "
            "a size of at least 1 and a number of groups that divides the channels"
        )
    below, above = size // 2, (size - 1) // 2
    if mirrored:
        below, above = above, below
    by_group = (n, groups, c // groups, h, w)
    total = xp.array(x)
    source, target = x.reshape(by_group), total.reshape(by_group)
    for distance in range(1, min(below, c // groups - 1) + 1):
        target[:, :, distance:] += source[:, :, :-distance]
    for distance in range(1, min(above, c // groups - 1) + 1):
        target[:, :, :-distance] += source[:, :, distance:]
    return total


def _power(x, exponent: float):
    """x ** exponent; the paper's 0.75 by two square roots, many times faster than `power`."""
    if exponent == 0.75:
        xp = get_array_module(x)
        root = xp.sqrt(x)
        return root * xp.sqrt(root)
    return x**exponent
