"""Lines of a histogram lie along edges, across the gradients."""

import numpy as np
import pytest

from minialexnet import plots

IMAGES = np.zeros((1, 4, 4, 3), np.uint8)


def lines(figure):
    """Ends (x, y) of the lines below the first picture: (lines, 2, 2)."""
    (collection,) = figure.axes[len(figure.axes) // 2].collections
    return np.array(collection.get_segments())


@pytest.mark.parametrize(("strongest", "edge"), [(0, (-1, 1)), (1, (-1, -1))])
def test_lines_lie_along_edges(xp, strongest, edge):
    """Two bins: around 45 degrees, and around 135; y points downwards."""
    histograms = np.zeros((1, 1, 1, 2))
    histograms[..., strongest] = 3
    figure = plots.orientations(IMAGES, xp.asarray(histograms), ["a square"])
    (x, y) = (lines(figure)[strongest, 1] - lines(figure)[strongest, 0]) * np.sqrt(2)
    # A gradient of 45 degrees grows to the right and downwards; its edge falls the other way.
    assert (x, y) == pytest.approx(edge)
    assert figure.axes[0].get_title() == "a square"


def test_the_strongest_is_the_longest():
    histograms = np.array([1.0, 2.0, 4.0, 0.0]).reshape(1, 1, 2, 2)
    ends = lines(plots.orientations(IMAGES, histograms))
    np.testing.assert_allclose(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1), [0.25, 0.5, 1, 0])


def test_nothing_to_see():
    assert len(lines(plots.orientations(IMAGES, np.zeros((1, 2, 3, 9))))) == 2 * 3 * 9
