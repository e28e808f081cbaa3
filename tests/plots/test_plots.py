"""The course's drawings show what they are given, in greyscale too, on every backend."""

import io

import numpy as np
import pytest
from PIL import Image

from minialexnet import plots
from minialexnet.errors import InputError
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


@pytest.mark.parametrize("values", [{}, {"a": []}, {"a": 1, "b": [1, 2]}, {"a": [[1, 2]]}])
def test_bars_of_nothing_or_of_unequal_lists_are_refused(values):
    with pytest.raises(
        InputError, match=r"values hold \d labels and arrays of shapes .*; expected"
    ):
        plots.bars(values)


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


@pytest.mark.parametrize("labels", [[0], [0, 1, 2], [[0, 1]]])
def test_guesses_need_a_label_for_each_picture(labels):
    images, shares = np.zeros((2, 4, 4, 3), np.uint8), np.ones((2, 2)) / 2
    with pytest.raises(InputError, match="expected a label for each"):
        plots.guesses(images, shares, ["ring", "star"], labels)


def test_histograms_count_what_is_not_finite():
    arrays = {"some": np.array([1.0, 3.0, np.inf, np.nan]), "all": np.array([np.nan])}
    figure = plots.histograms(arrays)
    assert "some\nmean 2, std 1, 2 not finite" in texts(figure)
    assert "all\n1 not finite" in texts(figure)


def test_what_flows_back_from_row_to_row_is_refused():
    steps = [(f"layer {i}", "3 x 4") for i in range(3)]
    with pytest.raises(InputError, match="give columns=3"):
        plots.flow(steps, back=["d1", "d2"], columns=2)
    for columns in (2, 3, 6):
        with pytest.raises(InputError, match="3 texts flow back between 3 boxes"):
            plots.flow(steps, back=["d1", "d2", "d3"], columns=columns)
    assert "d2" in texts(plots.flow(steps, back=["d1", "d2"], columns=3))


def test_flow():
    steps = [(f"layer {i}", "3 x 4") for i in range(8)]
    figure = plots.flow(steps, back=["dx"], columns=5)
    assert texts(figure).count("3 x 4") == 8
    assert "dx" in texts(figure)
    from matplotlib.patches import FancyBboxPatch

    tops = {p.get_y() for p in figure.axes[0].patches if isinstance(p, FancyBboxPatch)}
    assert len(tops) == 2
    assert drawn(figure).std() > 5


def test_a_drawing_that_fails_is_not_left_open():
    """A notebook would show it, half drawn, below the error."""
    import matplotlib.pyplot as plt

    with pytest.raises(ValueError):
        plots.curves({"": [1, 2, 3]}, x=[1, 2])
    assert not plt.get_fignums()


def test_panels_share_one_legend(xp):
    charts = {f"chart {i}": {"a": xp.asarray([1.0, i + 2]), "b": [3, 4]} for i in range(4)}
    figure = plots.panels(charts, x=[10, 20], columns=3, ylabel="loss", log=True)
    there = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title() for axis in there] == list(charts)
    assert [axis.get_ylabel() for axis in there] == ["loss", "", "", "loss"]
    np.testing.assert_array_equal(there[3].lines[0].get_xydata(), [[10, 1], [20, 5]])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
    assert drawn(figure).std() > 5


def test_squares_lie_around_their_pixels():
    figure = plots.squares(np.zeros((6, 9, 3)), [[(1, 4, 3)], [(0, 0, 2), (4, 7, 2)]], ["one"])
    boxes = [[patch.get_bbox().bounds for patch in axis.patches] for axis in figure.axes]
    # Twice each, for the pale rim; x comes before y.
    assert boxes == [[(3.5, 0.5, 3, 3)] * 2, [(-0.5, -0.5, 2, 2)] * 2 + [(6.5, 3.5, 2, 2)] * 2]
    assert figure.axes[0].get_title() == "one"


def test_windows_frame_what_a_pooling_takes(xp):
    array = xp.asarray(np.array([[1.0, 3, 2, 0], [4, 0, 5, 9]]))
    figure = plots.windows({"pool": (array, 2, 2)}, largest=True)
    (axis,) = figure.axes
    ground = [patch for patch in axis.patches if patch.get_fill()]
    dark = [(p.get_y() + 0.5, p.get_x() + 0.5) for p in ground if p.get_facecolor()[0] < 0.9]
    assert dark == [(1, 0), (1, 3)]
    frames = [patch.get_bbox() for patch in axis.patches if not patch.get_fill()]
    assert [(round(f.x0 + f.width / 2, 6), f.y0 + f.height / 2) for f in frames] == [
        (0.5, pytest.approx(0.5)),
        (2.5, pytest.approx(0.5)),
    ]
    assert {text.get_text() for text in axis.texts} == {"1", "3", "2", "0", "4", "5", "9"}


def test_a_valley_marks_where_a_path_begins_and_the_lowest_point():
    path = np.array([[1.0, 2.0], [0.5, 1.0]])
    figure = plots.valley(
        lambda a, b: (a - 1) ** 2 + 10 * (b + 1) ** 2, {"sgd": path}, x=(-2, 2), y=(-3, 3)
    )
    line, start, lowest = figure.axes[0].lines
    np.testing.assert_array_equal(line.get_xydata(), path)
    np.testing.assert_array_equal(start.get_xydata(), path[:1])
    np.testing.assert_allclose(lowest.get_xydata(), [[1, -1]], atol=0.06)


def test_axes_of_colours_are_numbered_by_length():
    mean, std = np.array([100.0, 110, 120]), np.array([5.0, 40, 20])
    figure = plots.colour_cloud(rng.uniform(0, 255, (20, 3)), mean, np.eye(3), std)
    red_green = figure.axes[0]
    assert (red_green.get_xlabel(), red_green.get_ylabel()) == ("red", "green")
    places = {text.get_text(): text.xy for text in red_green.texts}
    np.testing.assert_allclose(places["1"], [100, 110 + 2 * 40])
    np.testing.assert_allclose(places["3"], [100 + 2 * 5, 110])


def test_towers_meet_only_where_they_cross():
    stages = {"picture": (3, 8, 8), "conv1": (4, 8, 8), "conv2": (4, 4, 4), "fc": (10,)}
    figure = plots.towers(stages, shared=["picture"], crossing=["fc"], between={"fc": "flat"})
    from matplotlib.text import Annotation

    axis = figure.axes[0]
    arrows = [text for text in axis.texts if isinstance(text, Annotation)]
    # Two out of the picture, two side by side, and four of which two cross.
    assert len(arrows) == 2 + 2 + 4
    assert sum(arrow.xy[1] * arrow.xyann[1] < 0 for arrow in arrows) == 2
    assert texts(figure).count("flat") == 2
    assert texts(figure).count("3 \N{MULTIPLICATION SIGN} 8 \N{MULTIPLICATION SIGN} 8") == 1


@pytest.mark.parametrize("shape", [(8, 8, 3), (2, 16, 8, 8), (0, 8, 8, 3), (8, 8), (1, 2, 8, 8, 3)])
def test_what_are_no_pictures_is_refused(shape):
    """One picture would be drawn as so many strips as it has rows."""
    with pytest.raises(InputError, match=r"images have shape .*; expected \(N, H, W, 3\), .*"):
        plots.pictures(np.zeros(shape, np.uint8))


def test_masks_and_small_grey_filters_are_pictures():
    assert drawn(plots.pictures(rng.random((2, 5, 5)) > 0.5)).std() > 5
    assert drawn(plots.filters(rng.standard_normal((4, 2, 3, 3)))).std() > 5


def test_what_cannot_be_drawn_is_refused_in_a_sentence():
    with pytest.raises(InputError, match="scale is 'batch'; expected 'each' or 'all'"):
        plots.pictures(np.zeros((1, 4, 4)), scale="batch")
    with pytest.raises(InputError, match=r"weight has shape \(4, 3\); expected filters"):
        plots.filters(np.zeros((4, 3)))
    images = np.zeros((2, 4, 4, 3), np.uint8)
    for shares, classes in ((np.zeros((2, 3)), "ab"), (np.zeros((1, 2)), "ab")):
        with pytest.raises(InputError, match=r"got 2 pictures, shares of shape .* and 2 classes"):
            plots.guesses(images, shares, classes)
