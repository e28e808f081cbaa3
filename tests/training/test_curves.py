"""The curves show what the history holds."""

import io

import pytest
from matplotlib.figure import Figure
from PIL import Image

from minialexnet.training import curves


def entry(epoch, **changes):
    values = {
        "epoch": epoch,
        "lr": 0.1 / epoch,
        "train_loss": 2 / epoch,
        "val_loss": 2.1 / epoch,
        "train_top1_error": 0.8 / epoch,
        "val_top1_error": 0.9 / epoch,
        "val_top5_error": 0.4 / epoch,
    }
    return values | changes


@pytest.fixture
def figures(monkeypatch):
    """The figures that were made, to be looked into."""
    made = []

    class Remembered(Figure):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    monkeypatch.setattr("matplotlib.figure.Figure", Remembered)
    return made


def test_three_panels_with_all_lines(figures):
    file = io.BytesIO()
    history = [entry(i) for i in range(1, 6)]
    curves.draw_curves(history, file)
    loss, error, rate = figures[0].axes
    drawn = {
        line.get_label(): list(line.get_ydata())
        for axes in (loss, error, rate)
        for line in axes.lines
    }
    assert drawn == {
        "training": [e["train_loss"] for e in history],
        "validation": [e["val_loss"] for e in history],
        "training, top-1": [e["train_top1_error"] for e in history],
        "validation, top-1": [e["val_top1_error"] for e in history],
        "validation, top-5": [e["val_top5_error"] for e in history],
        "learning rate": [e["lr"] for e in history],
    }
    assert all(list(line.get_xdata()) == [1, 2, 3, 4, 5] for line in loss.lines)


def test_no_top_5_where_it_is_always_right(figures):
    curves.draw_curves([entry(1, val_top5_error=0.0)], io.BytesIO())
    assert "validation, top-5" not in [line.get_label() for line in figures[0].axes[1].lines]


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 100])
def test_ticks_are_at_whole_epochs(figures, epochs):
    curves.draw_curves([entry(i) for i in range(1, epochs + 1)], io.BytesIO())
    for axes in figures[0].axes:
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks and all(tick == round(tick) for tick in ticks)


def test_single_points_of_two_lines_look_different(figures):
    curves.draw_curves([entry(1)], io.BytesIO())
    looks = [(p.get_markeredgecolor(), p.get_markerfacecolor()) for p in figures[0].axes[1].lines]
    assert len(set(looks)) == 3


@pytest.mark.parametrize("epochs", [1, 100])
def test_short_and_long_histories_are_drawn(epochs):
    file = io.BytesIO()
    curves.draw_curves([entry(i) for i in range(1, epochs + 1)], file)
    file.seek(0)
    with Image.open(file) as picture:
        assert picture.format == "PNG"


def test_a_loss_that_is_no_number_is_no_obstacle():
    curves.draw_curves([entry(1), entry(2, val_loss=float("nan"))], io.BytesIO())
