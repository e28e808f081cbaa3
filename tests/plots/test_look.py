"""Maps over pictures, rows of pictures, and what is taken for what."""

import numpy as np
from strict import to_strict

from minialexnet import plots

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 3)).astype(np.uint8)


def test_maps_lie_where_their_squares_were():
    maps = [np.eye(4, 3) * (i + 1) for i in range(3)]
    figure = plots.maps_over(IMAGES, maps, ["a", "b", "c"], margin=2)
    above, below = figure.axes[:3], figure.axes[3:]
    assert [axis.get_title() for axis in above] == ["a", "b", "c"]
    assert [axis.get_xlabel() for axis in below] == ["up to 1", "up to 2", "up to 3"]
    left, right, bottom, top = below[0].images[0].get_extent()
    # Three columns from pixel 2 to 7, so 2.5 apart; four rows from 2 to 9.
    np.testing.assert_allclose((left, right), (2 - 1.25, 7 + 1.25))
    np.testing.assert_allclose((top, bottom), (2 - 7 / 6, 9 + 7 / 6))


def test_maps_without_anything_in_them_are_drawn_too():
    figure = plots.maps_over(IMAGES[:2], [np.zeros((3, 3)), to_strict(-np.ones((2, 2)))])
    assert [axis.get_xlabel() for axis in figure.axes[2:]] == ["up to 0", "up to -1"]


def test_maps_of_one_row_or_column_are_drawn_too():
    figure = plots.maps_over(IMAGES, [np.eye(1, 3), np.eye(4, 1), np.eye(1)])
    assert [axis.get_xlabel() for axis in figure.axes[3:]] == ["up to 1"] * 3


def test_rows_of_pictures_mark_and_name():
    rows = [IMAGES, IMAGES[:2, :, :, 0].astype(float)]
    captions = [["x", "y", "z"], ["u", "v"]]
    figure = plots.rows_of_pictures(
        rows, ["first", "second"], captions=captions, marked=[[False, True, False], [True]]
    )
    axes = np.array(figure.axes).reshape(2, 3)
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["first", "second"]
    assert [axis.get_xlabel() for axis in axes[1]] == ["u", "v", ""]
    framed = [[axis.spines["top"].get_visible() for axis in row] for row in axes]
    assert framed == [[False, True, False], [True, False, False]]
    assert not axes[1, 2].images


def test_the_table_shows_what_is_not_zero():
    matrix = np.array([[5, 0], [2, 3]])
    axis = plots.confusion(matrix, ["cat", "dog"]).axes[0]
    shown = {text.get_position(): text.get_text() for text in axis.texts}
    assert shown == {(0, 0): "5", (0, 1): "2", (1, 1): "3"}
    np.testing.assert_allclose(axis.images[0].get_array(), np.sqrt([[1, 0], [0.4, 0.6]]))
