"""Cones of what a number sees, and branches."""

from matplotlib.patches import FancyBboxPatch

from minialexnet import plots
from minialexnet.plots.style import LIGHT


def seen(figure, level):
    """How many cells of a level are grey."""
    cells = [patch for patch in figure.axes[0].patches if round(patch.get_y() + 0.16) == level]
    from matplotlib.colors import to_rgba

    return sum(patch.get_facecolor() == to_rgba(LIGHT) for patch in cells)


def test_a_cone_widens_as_the_receptive_field_does():
    figure = plots.cone([3, 3, 3], [1, 1, 1], ["a", "b", "c"])
    assert [seen(figure, level) for level in range(3)] == [7, 5, 3]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["picture", "a\nsees 3", "b\nsees 5", "c\nsees 7"]


def test_strides_put_the_cells_apart():
    figure = plots.cone([3, 2], [2, 1])
    assert [seen(figure, level) for level in range(2)] == [5, 2]


def test_branches_have_their_boxes_and_a_shortcut_none():
    figure = plots.parallel(("x", "1"), [[("a", "2"), ("b", "")], []], ("+", "1"))
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == 4
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"x", "a", "b", "+", "2"} <= texts
