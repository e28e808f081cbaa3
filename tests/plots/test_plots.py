"""The course's drawings show what they are given, in greyscale too, on every backend."""

import io

import numpy as np
import pytest
from PIL import Image

from minialexnet import plots
from minialexnet.plots.style import AREAS, LINES

rng = np.random.default_rng(0)


def drawn(figure) -> np.ndarray:
    """The pixels of a figure; it must have been closed, or notebooks would show it twice."""
    import matplotlib.pyplot as plt

    assert not plt.get_fignums()
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return np.asarray(Image.open(file).convert("RGB"))


def texts(figure) -> list[str]:
    """All that is written in a figure."""
    import matplotlib.text

    return [t.get_text() for t in figure.findobj(matplotlib.text.Text) if t.get_text()]


def grey(colour: str) -> float:
    """How bright a colour is, 0 to 1."""
    from matplotlib.colors import to_rgb

    return float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114)))


def test_lines_and_areas_differ_without_colours():
    assert len({str(style["linestyle"]) for style in LINES}) == len(LINES)
    assert len({style["hatch"] for style in AREAS}) == len(AREAS)
    brightness = sorted(grey(style["facecolor"]) for style in AREAS)
    assert min(np.diff(brightness)) > 0.02


def test_curves(xp):
    figure = plots.curves(
        {"ReLU": xp.asarray(rng.random(5)), "tanh": [1, 2, 3, 4, 5], "": (np.arange(2), [0.5, 1])},
        x=[1, 2, 3, 4, 5],
        xlabel="epoch",
        level=(0.5, "ln C"),
    )
    axis = figure.axes[0]
    assert {"ReLU", "tanh", "epoch", "ln C"} <= set(texts(figure))
    np.testing.assert_array_equal(axis.lines[1].get_xydata()[:, 0], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(axis.lines[2].get_xydata(), [[0, 0.5], [1, 1]])
    assert drawn(figure).std() > 5


def test_curves_on_logarithmic_axes():
    axis = plots.curves({"error": [1, 0.1, 0.01]}, x=[1, 10, 100], log="xy").axes[0]
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")


def test_bars():
    figure = plots.bars({"conv1": [1, 2], "fc6": [3, 4]}, ["forward", "backward"], xlabel="ms")
    assert {"conv1", "fc6", "forward", "backward", "ms", "3", "4"} <= set(texts(figure))
    widths = [patch.get_width() for patch in figure.axes[0].patches]
    assert widths == [1, 3, 2, 4]
    assert drawn(plots.bars({"one": 0.001, "other": 1000}, log=True)).std() > 5


def test_histograms(xp):
    figure = plots.histograms({f"layer {i}": xp.asarray(rng.random(50)) + i for i in range(5)})
    assert sum(axis.get_visible() for axis in figure.axes) == 5
    assert any(text.startswith("layer 4\nmean 4.") for text in texts(figure))
    assert drawn(figure).std() > 5


def test_matrices(xp):
    x = xp.asarray(np.arange(6.0).reshape(2, 3))
    marked = np.array([[True, False, False], [False, False, True]])
    figure = plots.matrices(
        [x, "→", x[0], "=", np.array([[np.inf, -1.5]])], ["rows"], marked=[marked]
    )
    written = texts(figure)
    for text in ("0", "5", "→", "=", "rows", "inf", "-1.5"):
        assert text in written
    from matplotlib.patches import Rectangle

    frames = [p for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    assert [(p.get_x(), p.get_y()) for p in frames] == [(-0.46, -0.46), (1.54, 0.54)]
    assert drawn(figure).std() > 5


def shown(figure) -> list[np.ndarray]:
    return [np.asarray(axis.images[0].get_array()) for axis in figure.axes if axis.images]


def test_pictures_of_bytes_are_shown_as_they_are():
    images = rng.integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)
    figure = plots.pictures(images, ["a", "b", "c"], columns=2)
    np.testing.assert_array_equal(np.stack(shown(figure)), images)
    assert {"a", "b", "c"} <= set(texts(figure))
    assert drawn(figure).std() > 5


@pytest.mark.parametrize("shape", [(2, 3, 5, 5), (2, 5, 5, 3), (2, 5, 5)])
def test_pictures_of_floats_are_stretched(xp, shape):
    images = rng.standard_normal(shape)
    for image in shown(plots.pictures(xp.asarray(images))):
        assert (image.min(), image.max()) == (0, 1)
    whole = shown(plots.pictures(np.stack([images[0], 2 * images[0]]), scale="all"))
    assert whole[0].max() < whole[1].max() == 1


def test_a_flat_picture():
    assert (shown(plots.pictures(np.ones((1, 4, 4))))[0] == 0).all()


def test_filters():
    assert shown(plots.filters(rng.standard_normal((4, 3, 5, 5))))[0].shape == (5, 5, 3)
    assert shown(plots.filters(rng.standard_normal((4, 7, 5, 5))))[0].shape == (5, 5)


def test_guesses(xp):
    shares = xp.asarray(np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]))
    images = rng.integers(0, 256, (2, 4, 4, 3), dtype=np.uint8)
    figure = plots.guesses(images, shares, ["ring", "star", "disc"], [0, 1])
    written = texts(figure)
    assert written.count("ring") == 3  # the title of the first, and a bar of each
    assert written.count("disc") == 2
    bars = [axis for axis in figure.axes if axis.patches]
    np.testing.assert_allclose([p.get_width() for p in bars[0].patches], [0.7, 0.2, 0.1])
    assert drawn(figure).std() > 5


def test_flow():
    steps = [(f"layer {i}", "3 x 4") for i in range(8)]
    figure = plots.flow(steps, back=["dx"], columns=5)
    assert texts(figure).count("3 x 4") == 8
    assert "dx" in texts(figure)
    from matplotlib.patches import FancyBboxPatch

    tops = {p.get_y() for p in figure.axes[0].patches if isinstance(p, FancyBboxPatch)}
    assert len(tops) == 2
    assert drawn(figure).std() > 5
