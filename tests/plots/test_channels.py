"""Bars for channels: what is drawn where."""

import numpy as np

from minialexnet import plots


def test_a_panel_for_each_entry_with_a_bar_for_each_channel(backend):
    x = backend.put(np.array([1.0, 4.0, 2.0]).reshape(1, 3, 1, 1))
    figure = plots.channels({"x": x, "y": [0.5, 0.25]}, breaks=[1])
    heights = [[bar.get_height() for bar in axis.patches] for axis in figure.axes]
    assert heights == [[1.0, 4.0, 2.0], [0.5, 0.25]]
    assert [axis.get_title() for axis in figure.axes] == ["x", "y"]
    assert [list(axis.lines[0].get_xdata()) for axis in figure.axes] == [[0.5, 0.5]] * 2


def test_a_window_is_a_bracket_from_its_first_to_its_last_channel():
    figure = plots.channels({"x": np.ones(5)}, windows={"of 0": (0, 1), "of 4": (3, 4)})
    (axis,) = figure.axes
    ends = [(line.get_xdata()[0], line.get_xdata()[-1]) for line in axis.lines]
    np.testing.assert_allclose(ends, [(-0.4, 1.4), (2.6, 4.4)])
    assert {"of 0", "of 4"} <= {text.get_text() for text in axis.texts}
