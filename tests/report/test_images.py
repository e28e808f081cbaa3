"""Pictures carry their data, small ones without loss."""

import base64
import io

import numpy as np
import pytest
from html_tree import parse
from PIL import Image

from minialexnet.models import alexnet
from minialexnet.report.filters import as_pixels, first_filters
from minialexnet.report.images import image, seen


def decoded(made) -> np.ndarray:
    kind, data = parse(made).one("img")["src"].split(",")
    assert kind in ("data:image/png;base64", "data:image/jpeg;base64")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_a_small_picture_is_itself(rng):
    pixels = rng.integers(0, 256, (42, 42, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decoded(image(pixels, "x")), pixels)


@pytest.mark.parametrize(("side", "shown"), [(112, 112), (224, 224), (500, 224)])
def test_a_large_one_is_nearly_itself_and_bounded(side, shown):
    ramp = np.linspace(0, 255, side).astype(np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[:, None], ramp, np.uint8(90)), axis=-1)
    made = image(pixels, "x")
    found = decoded(made)
    assert found.shape == (shown, shown, 3)
    assert parse(made).one("img")["width"] == str(shown)
    every = decoded(image(pixels[:shown, :shown], "x")) if side == shown else found
    assert abs(every.astype(int) - found).max() <= 8
    corners = found[[2, 2, -3, -3], [2, -3, 2, -3]].astype(int)
    expected = np.array([[0, 0, 90], [0, 255, 90], [255, 0, 90], [255, 255, 90]])
    assert abs(corners - expected).max() < 12


def test_what_was_seen_is_the_centre(new_subject):
    val = new_subject(2, size=36).pictures.val
    np.testing.assert_array_equal(seen(val, 1, 32), val.images[1][2:34, 2:34])


def test_filters_are_scaled_about_grey():
    weights = np.zeros((3, 2, 2))
    weights[0, 0, 1], weights[2, 1, 0] = 0.5, -0.25
    pixels = as_pixels(weights)
    assert pixels.shape == (2, 2, 3)
    assert pixels[0, 1].tolist() == [255, 128, 128]
    assert pixels[1, 0].tolist() == [128, 128, 64]
    assert as_pixels(-weights)[0, 1].tolist() == [1, 128, 128]
    assert (as_pixels(weights * 0) == 128).all()


@pytest.mark.parametrize(("variant", "groups"), [("mini", [16, 16]), ("owt", [64])])
def test_filters_are_shown_in_the_groups_of_the_next_layer(variant, groups):
    network = alexnet(variant, 2, 64)
    weights = network["conv1"].params["weight"]
    page = parse(first_filters(network))
    grids = page.all("div", "filters")
    assert [len(grid.all("img")) for grid in grids] == groups
    for i, picture in enumerate(page.all("img")):
        assert picture["title"].startswith(f"filter {i + 1}, largest weight ")
        data = base64.b64decode(picture["src"].partition(",")[2])
        np.testing.assert_array_equal(
            np.asarray(Image.open(io.BytesIO(data))), as_pixels(weights[i])
        )
