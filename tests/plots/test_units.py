"""Circles for units: lines join those that are kept, and the others are crossed out."""

from matplotlib.patches import Circle

from minialexnet import plots

CROSS = 2  # lines


def test_lines_join_kept_units_only():
    figure = plots.units(
        [[[1, 1], [1, 1, 1]], [[1, 0], [1, 1, 0]]], ["all", "some"], layers=["fc6", "fc7"]
    )
    everyone, some = figure.axes
    assert [len(axis.patches) for axis in (everyone, some)] == [5, 5]
    assert all(isinstance(patch, Circle) for patch in some.patches)
    assert len(everyone.lines) == 2 * 3
    assert len(some.lines) == 1 * 2 + 2 * CROSS
    assert everyone.get_title() == "all"
    assert [text.get_text() for text in some.texts] == ["fc6", "fc7"]


def test_masks_of_any_backend_are_taken(xp):
    figure = plots.units([[xp.ones(2, dtype=bool), xp.zeros(3, dtype=bool)]])
    assert len(figure.axes[0].lines) == 3 * CROSS
