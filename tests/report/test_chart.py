"""Curves go through their points."""

import math

import pytest
from html_tree import parse

from minialexnet.report.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Line, chart, ticks


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.02, [0, 0.005, 0.01, 0.015, 0.02]),
        (2.28, [0, 0.5, 1, 1.5, 2, 2.5]),
        (7.0, [0, 2, 4, 6, 8]),
        (0, [0, 1]),
        (math.nan, [0, 1]),
    ],
)
def test_ticks_are_round_and_reach_the_top(top, expected):
    assert ticks(top) == pytest.approx(expected)


@pytest.mark.parametrize("top", [10.0**p * f for p in range(-6, 5) for f in (1, 1.3, 3, 4.99, 7.7)])
def test_ticks_are_few_and_reach_any_top(top):
    found = ticks(top)
    assert 2 <= len(found) <= 6
    assert found[-2] < top <= found[-1] * (1 + 1e-6)


def drawn(epochs, lines, **options):
    return parse(chart("Loss", "loss", epochs, lines, "{:.3g}".format, **options))


def points(page) -> list[list[tuple[float, float]]]:
    curves = page.one("figure").content[-1].all("polyline")
    return [
        [tuple(map(float, pair.split(","))) for pair in curve["points"].split()] for curve in curves
    ]


def test_a_curve_is_to_scale():
    (curve,) = points(drawn([1, 2, 3], [Line("x", "validation", [4.0, 2.0, 0.0])]))
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    expected = [(LEFT, TOP), ((LEFT + right) / 2, (TOP + bottom) / 2), (right, bottom)]
    assert [x for pair in curve for x in pair] == pytest.approx([x for p in expected for x in p])


def test_every_point_can_be_pointed_at():
    page = drawn([1, 2], [Line("training", "training", [4.0, 2.5]), Line("val", "second", [3, 1])])
    titles = [title.text for title in page.all("title")]
    assert titles[0] == "epoch 1, training: 4"
    assert titles[1] == "epoch 2, training: 2.5"
    assert len(titles) == 4
    assert [item.text for item in page.all("li")] == ["training", "val"]


def test_one_epoch_and_values_that_are_no_numbers_are_drawn_all_the_same():
    (curve,) = points(drawn([1], [Line("x", "validation", [0.5])]))
    assert len(curve) == 1
    (curve,) = points(drawn([1, 2, 3], [Line("x", "validation", [math.inf, 0.5, math.nan])]))
    assert len(curve) == 1


@pytest.mark.parametrize("epochs", [1, 2, 8, 90, 1000])
def test_the_numbers_of_the_epochs_have_room(epochs):
    page = drawn(range(1, epochs + 1), [Line("x", "validation", [1.0] * epochs)], marked=1)
    numbers = [int(text.text) for text in page.all("text", "epoch")]
    assert 1 <= len(numbers) <= 8
    assert page.one("line", "mark")["x1"] == str(points(page)[0][0][0])
