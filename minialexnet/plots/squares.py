"""Where squares are cut out of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

from minialexnet.plots.style import ACCENT, drawing, on_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DASHES = ("-", "--", ":", "-.")


def squares(
    picture: Any, groups: Sequence[Sequence[tuple[int, int, int]]], titles: Sequence[str] = ()
) -> Figure:
    """A picture (H, W, 3), once for each group of squares (top, left, side) that are framed in it.

    Args: titles: above each.
    """
    from matplotlib.patches import Rectangle

    picture = on_host(picture)
    with drawing(2.3 * len(groups), 2.5, 1, len(groups)) as (figure, axes):
        for number, (axis, group) in enumerate(zip(axes[0], groups, strict=True)):
            axis.imshow(picture, cmap="gray")
            axis.set_axis_off()
            if number < len(titles):
                axis.set_title(titles[number], fontsize=9)
            for (top, left, side), dash in zip(group, cycle(DASHES), strict=False):
                corner = left - 0.5, top - 0.5
                style = {"fill": False, "clip_on": False}
                axis.add_patch(Rectangle(corner, side, side, ec="white", lw=3.2, **style))
                axis.add_patch(Rectangle(corner, side, side, ec=ACCENT, lw=1.6, ls=dash, **style))
    return figure
