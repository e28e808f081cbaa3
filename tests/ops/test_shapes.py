"""Sizes of windows, strides and paddings are read as PyTorch reads them, or refused in words."""

import pytest

from minialexnet.errors import InputError
from minialexnet.ops.shapes import as_padding, as_pair, output_extent, overhang


def test_a_number_stands_for_both_sides():
    assert as_pair(3, "stride") == (3, 3)
    assert as_pair([2, 5], "stride") == (2, 5)


@pytest.mark.parametrize(
    "value", [0, -1, 1.5, (1, 0), (1, 2, 3), (1,), "3", None, (1, 2.0), True, (3, False)]
)
def test_what_is_no_size_is_refused_by_name(value):
    with pytest.raises(InputError, match=r"kernel_size is .*; expected a whole number of at least"):
        as_pair(value, "kernel_size")


@pytest.mark.parametrize(
    ("value", "full"),
    [
        (0, ((0, 0), (0, 0))),
        (2, ((2, 2), (2, 2))),
        ((1, 2), ((1, 1), (2, 2))),
        (((0, 3), (1, 2)), ((0, 3), (1, 2))),
        ([[0, 3], 2], ((0, 3), (2, 2))),
    ],
)
def test_padding_is_given_for_all_sides_or_axes_or_each(value, full):
    assert as_padding(value) == full


@pytest.mark.parametrize("value", [-1, (1, -1), ((0, 1), (2, 3), (4, 5)), ((0, 1),), ((0, -1), 0)])
def test_what_is_no_padding_is_refused(value):
    with pytest.raises(InputError, match="padding is"):
        as_padding(value)


@pytest.mark.parametrize(
    ("extent", "kernel", "stride", "padding", "floor", "ceiling"),
    [
        (224, 11, 4, (0, 3), 55, 55),
        (224, 11, 4, (0, 0), 54, 55),
        (227, 11, 4, (0, 0), 55, 55),
        (55, 3, 2, (0, 0), 27, 27),
        (54, 3, 2, (0, 0), 26, 27),
        (6, 2, 3, (0, 0), 2, 2),
        (5, 1, 2, (0, 0), 3, 3),
        (6, 1, 3, (0, 0), 2, 2),  # a third window would start beyond the picture
        (4, 2, 4, (1, 1), 2, 2),
        (3, 3, 3, (1, 0), 1, 2),
    ],
)
def test_how_many_windows_fit(extent, kernel, stride, padding, floor, ceiling):
    assert output_extent(extent, kernel, stride, padding) == floor
    assert output_extent(extent, kernel, stride, padding, ceil_mode=True) == ceiling


def test_overhang_reaches_as_far_as_the_last_window_and_the_padding():
    assert overhang(54, 27, 3, 2, (0, 0)) == 1
    assert overhang(55, 27, 3, 2, (0, 0)) == 0
    assert overhang(5, 2, 3, 2, (1, 1)) == 1
