"""Features made by hand, as they were before networks learnt them: histograms of gradients (HOG).

After Dalal and Triggs 2005, made simpler: grey pictures, and each pixel votes for one direction in
one cell (theirs takes the colour whose gradient is largest, and shares votes between neighbours).
"""

from __future__ import annotations

from typing import Any

from minialexnet.backend import get_array_module
from minialexnet.errors import InputError
from minialexnet.layers.arguments import whole_number
from minialexnet.ops.shapes import check_floats

CELL, BINS = 8, 9


def hog(x: Any, cell: int = CELL, bins: int = BINS) -> Any:
    """Pictures (N, C, H, W) -> features (N, F): all blocks, normalised, in one row.

    Args:
        cell: side of a cell in pixels; it must divide H and W.
        bins: directions told apart, over half a turn.
    Raises:
        InputError: cells do not fit, or are fewer than two along a side: a block has 2 x 2.
    """
    cell, bins = whole_number(cell, "cell"), whole_number(bins, "bins")
    if x.ndim != 4 or any(side % cell or side < 2 * cell for side in x.shape[2:]):
        raise InputError(
            f"x has shape {tuple(x.shape)}; expected (N, C, H, W), with H and W multiples of "
            f"cell={cell} and at least {2 * cell}"
        )
    gy, gx = image_gradients(x.mean(axis=1))
    blocks = normalised_blocks(orientation_histogram(gy, gx, cell, bins))
    return blocks.reshape(len(x), -1)


def image_gradients(x: Any) -> tuple[Any, Any]:
    """Grey pictures (N, H, W) -> gy, gx alike: the difference of the two neighbours.

    0 where a neighbour is missing. Raises InputError for whole numbers, in which differences of
    uint8 would wrap around.
    """
    xp = get_array_module(x)
    check_floats(x)
    gy, gx = xp.zeros_like(x), xp.zeros_like(x)
    gy[:, 1:-1] = x[:, 2:] - x[:, :-2]
    gx[:, :, 1:-1] = x[:, :, 2:] - x[:, :, :-2]
    return gy, gx


def orientation_histogram(gy: Any, gx: Any, cell: int, bins: int) -> Any:
    """(N, H, W) twice -> (N, H / cell, W / cell, bins): how much gradient in which direction.

    Each pixel votes with the length of its gradient; opposite directions are one.

    Raises: InputError if cells do not fit.
    """
    xp = get_array_module(gx)
    n, h, w = gx.shape
    cell, bins = whole_number(cell, "cell"), whole_number(bins, "bins")
    if h % cell or w % cell:
        raise InputError(
            f"gradients of {h} x {w} pixels cannot be cut into cells of {cell}; expected a cell "
            "that divides both"
        )
    length = xp.sqrt(gy**2 + gx**2)
    turn = xp.arctan2(gy, gx) / xp.pi % 1  # 0 and 1: along x; 0.5: along y
    bin_of_pixel = xp.floor(turn * bins).astype(int) % bins
    votes = [xp.where(bin_of_pixel == b, length, 0) for b in range(bins)]
    in_cells = xp.stack(votes, axis=-1).reshape(n, h // cell, cell, w // cell, cell, bins)
    return in_cells.sum(axis=(2, 4))


def normalised_blocks(histograms: Any) -> Any:
    """(N, R, S, bins) -> (N, R - 1, S - 1, 4 * bins): 2 x 2 cells each, scaled to a length of 1."""
    xp = get_array_module(histograms)
    above, below = histograms[:, :-1], histograms[:, 1:]
    corners = above[:, :, :-1], above[:, :, 1:], below[:, :, :-1], below[:, :, 1:]
    blocks = xp.concatenate(corners, axis=-1)
    # The 0.01 keeps the noise of a block in which nothing is seen from becoming large.
    return blocks / xp.sqrt((blocks**2).sum(axis=-1, keepdims=True) + 0.01)
