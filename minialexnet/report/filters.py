"""The filters of the first layer, which look at pixels and so can be looked at."""

import numpy as np

from minialexnet.backend import to_host
from minialexnet.layers import Conv2d, Sequential
from minialexnet.report.html import Html, count, element, section
from minialexnet.report.images import image

SIDE = 44
"""About so many pixels of the screen for each filter, in whole multiples of its own."""


def first_filters(network: Sequential) -> Html:
    """Each filter as a small picture, in the groups that the next convolution sees them in."""
    convolutions = [layer for layer in network.layers.values() if isinstance(layer, Conv2d)]
    filters = to_host(convolutions[0].params["weight"])
    groups = convolutions[1].groups if len(convolutions) > 1 else 1
    number, channels, height, width = filters.shape
    caption = (
        f"{count(number, 'filter')} of {height}x{width}x{channels}. Grey is a weight of zero; "
        "each filter has a scale of its own, on which its largest weight is black or white (point "
        "at it to see how large that is): faint filters look as strong as others. What looks like "
        "noise is mostly the random weights that a filter began with, which take long to fade."
    )
    if groups > 1:
        caption += (
            f" The next convolution has {groups} groups, each of which sees only one of the parts "
            "below, as in the paper's figure 3."
        )
    parts = np.split(np.arange(number), groups)
    grids = [_grid(filters, part, f"{i} of {groups}") for i, part in enumerate(parts, start=1)]
    return section(
        "filters",
        "The filters of the first layer",
        element("p", caption, class_="caption"),
        element("div", grids, class_="filter-groups"),
    )


def as_pixels(weights: np.ndarray) -> np.ndarray:
    """A filter (3, H, W) as a picture (H, W, 3) of uint8; 0 is 128, the largest weight 1 or 255."""
    largest = np.abs(weights).max()
    scaled = weights / largest if largest > 0 else np.zeros_like(weights)
    return np.round(128 + 127 * scaled.transpose(1, 2, 0)).astype(np.uint8)


def _grid(filters: np.ndarray, part: np.ndarray, name: str) -> Html:
    scale = max(1, round(SIDE / filters.shape[-1]))
    pictures = [
        image(
            as_pixels(filters[i]),
            alt="",  # the grid as a whole has a name
            title=f"filter {i + 1}, largest weight {np.abs(filters[i]).max():.3g}",
        )
        for i in part
    ]
    return element(
        "div",
        pictures,
        class_="filters",
        style=f"--side:{scale * filters.shape[-1]}px",
        role="img",
        aria_label=f"filters of group {name}" if name != "1 of 1" else "all filters",
    )
