"""One affine map: against a plain loop, and against transformations that are known."""

from __future__ import annotations

import numpy as np
import pytest

from minialexnet.datasets import matrices, warped


def noise(size=16, count=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def matrix(scale=1.0, rotation=0.0, shear=0.0):
    return matrices(*(np.array([float(value)]) for value in (scale, rotation, shear)))[0]


def whole(picture, m=None, shift=(0.0, 0.0), crop=None):
    """The whole of a picture, seen through the map."""
    size = len(picture)
    m = matrix() if m is None else m
    return warped(picture[None], 0, (0, 0), size, crop or size, m, np.array(shift))


def plain_loop(picture, corner, side, crop, m, shift):
    """The same, pixel by pixel, from the definition: float64, not rounded."""
    size, (top, left) = len(picture), corner
    out = np.empty((crop, crop, 3))

    def pixel(row, column):
        row, column = (i % (2 * size) for i in (row, column))
        return picture[min(row, 2 * size - 1 - row), min(column, 2 * size - 1 - column)]

    for row in range(crop):
        for column in range(crop):
            v = np.array([column + 0.5, row + 0.5]) / crop - 0.5
            u = np.linalg.solve(m, v - shift)
            x, y = (u + 0.5) * side + [left, top] - 0.5  # where pixels' centres are whole
            i, j = int(np.floor(y)), int(np.floor(x))
            a, b = y - i, x - j
            out[row, column] = sum(
                weight * pixel(i + down, j + right).astype(float)
                for down, right, weight in (
                    (0, 0, (1 - a) * (1 - b)),
                    (0, 1, (1 - a) * b),
                    (1, 0, a * (1 - b)),
                    (1, 1, a * b),
                )
            )
    return out


# Against the definition


@pytest.mark.parametrize("seed", range(12))
def test_any_map_is_that_of_the_plain_loop(seed):
    """Squares anywhere in the picture, larger and smaller than the crop, also far outside."""
    rng = np.random.default_rng(seed)
    images = noise(20, count=3, seed=seed)
    side = int(rng.integers(6, 15))
    crop = int(rng.integers(side, 18))  # nothing shrinks by half, so nothing is averaged first
    corner = tuple(rng.integers(0, 21 - side, 2).tolist())
    m = matrix(rng.uniform(0.8, 2), rng.uniform(-180, 180), rng.uniform(-40, 40))
    shift = rng.uniform(-1, 1, 2)
    got = warped(images, 1, corner, side, crop, m, shift)
    assert got.dtype == np.uint8
    expected = plain_loop(images[1], corner, side, crop, m, shift)
    gap = expected - got  # Pillow drops what comes after the point
    assert gap.min() > -0.02
    assert gap.max() < 1.02


@pytest.mark.parametrize(
    ("scale", "rotation", "shear"), [(1, 0, 0), (2, 0, 0), (1, 30, 0), (1, 0, 20), (0.5, 40, 25)]
)
def test_the_matrix_is_rotation_times_slant_times_scale(scale, rotation, shear):
    cos, sin = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
    expected = (
        np.array([[cos, sin], [-sin, cos]])
        @ np.array([[1, np.tan(np.radians(shear))], [0, 1]])
        @ np.diag([scale, scale])
    )
    np.testing.assert_allclose(matrix(scale, rotation, shear), expected, rtol=1e-12, atol=1e-12)


# What is known


def test_nothing_is_changed_by_nothing():
    picture = noise()[0]
    np.testing.assert_array_equal(whole(picture), picture)


@pytest.mark.parametrize("turns", [1, 2, 3, -1])
@pytest.mark.parametrize("size", [15, 16])
def test_a_quarter_turn_is_rot90_to_the_bit(turns, size):
    picture = noise(size)[0]
    got = whole(picture, matrix(rotation=90 * turns))
    np.testing.assert_array_equal(got, np.rot90(picture, turns))


def test_a_rotation_is_counter_clockwise():
    picture = np.zeros((33, 33, 3), np.uint8)
    picture[15:18, 27:30] = 255  # at the right: at three o'clock
    rows, columns = np.nonzero(whole(picture, matrix(rotation=45))[..., 0] > 128)
    assert rows.mean() < 12  # between twelve and three
    assert columns.mean() > 20


@pytest.mark.parametrize(("right", "down"), [(3, 0), (0, 5), (-4, 2), (16, -16)])
def test_a_shift_by_whole_pixels_is_exact_and_its_border_a_mirror_image(right, down):
    picture = noise()[0]
    got = whole(picture, shift=(right / 16, down / 16))
    padded = np.pad(picture, ((16, 16), (16, 16), (0, 0)), mode="symmetric")
    expected = padded[16 - down : 32 - down, 16 - right : 32 - right]
    np.testing.assert_array_equal(got, expected)


def test_shifts_by_whole_pixels_are_exact_where_sixteenths_are_not():
    picture = noise(21)[0]
    for right in range(-20, 21):
        got = whole(picture, shift=(right / 21, 0))
        expected = np.roll(picture, right, axis=1)
        kept = slice(max(right, 0), 21 + min(right, 0))
        np.testing.assert_array_equal(got[:, kept], expected[:, kept])


def test_twice_as_large_shows_the_inner_half():
    picture = noise()[0]
    got = whole(picture, matrix(scale=2)).astype(float)
    inner = picture[4:12, 4:12].astype(float)
    blocks = got.reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))
    # A pixel becomes four, each three quarters its own and a quarter its neighbour's, in both axes.
    padded = picture[3:13, 3:13].astype(float)
    smooth = np.apply_along_axis(lambda x: np.convolve(x, [1, 6, 1], "valid") / 8, 0, padded)
    smooth = np.apply_along_axis(lambda x: np.convolve(x, [1, 6, 1], "valid") / 8, 1, smooth)
    assert inner.shape == blocks.shape
    assert np.abs(blocks - smooth).max() < 1


def test_half_as_large_is_averaged_and_its_border_a_mirror_image():
    picture = noise()[0]
    got = whole(picture, matrix(scale=0.5))
    means = picture.reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))
    padded = np.pad(means, ((4, 4), (4, 4), (0, 0)), mode="symmetric")
    assert np.abs(got - padded).max() <= 0.5


def test_a_square_is_scaled_to_the_crop_and_looks_beyond_its_own_border():
    """Shifted by half its side, what comes in is the picture beside the square, not a mirror."""
    images = noise(20, count=2)
    got = warped(images, 1, (4, 6), 8, 8, matrix(), np.array([0.5, -0.25]))
    np.testing.assert_array_equal(got, images[1, 6:14, 2:10])


def test_all_happens_about_the_centre_of_the_square():
    images = noise(20)
    got = warped(images, 0, (2, 9), 9, 9, matrix(rotation=180), np.zeros(2))
    np.testing.assert_array_equal(got, np.rot90(images[0, 2:11, 9:18], 2))


@pytest.mark.parametrize("flat", [0, 255, 77])
def test_a_picture_of_one_colour_stays_one(flat):
    """No corner is black."""
    picture = np.full((12, 12, 3), flat, np.uint8)
    for m in (matrix(rotation=45), matrix(scale=0.3), matrix(shear=60), matrix(3.9, 10, 10)):
        assert (whole(picture, m, (0.3, -0.9)) == flat).all()


# A blob's centre and its second moments follow the matrix


def moments(picture):
    """Centre (x, y) in sides of the picture from its middle, and covariance."""
    weights = picture[..., 0].astype(float)
    places = (np.arange(len(picture)) + 0.5) / len(picture) - 0.5
    x, y = np.meshgrid(places, places)
    points = np.stack([x.ravel(), y.ravel()])
    weights = weights.ravel() / weights.sum()
    centre = points @ weights
    away = points - centre[:, None]
    return centre, (away * weights) @ away.T


def blob(size=128):
    """A Gaussian bump beside the middle, longer than wide."""
    places = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(places, places)
    along, across = (x - 0.06) * 0.8 + (y + 0.03) * 0.6, (x - 0.06) * -0.6 + (y + 0.03) * 0.8
    bump = 250 * np.exp(-((along / 0.06) ** 2) / 2 - (across / 0.035) ** 2 / 2)
    return np.repeat(bump.astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("scale", "rotation", "shear", "shift"),
    [
        (1, 0, 0, (0.12, -0.07)),
        (1.5, 0, 0, (0, 0)),
        (0.7, 0, 0, (0, 0)),
        (1, 35, 0, (0, 0)),
        (1, -110, 0, (0, 0)),
        (1, 0, 30, (0, 0)),
        (1.3, 50, -25, (-0.1, 0.08)),
    ],
)
def test_a_blob_moves_and_spreads_as_the_matrix_says(scale, rotation, shear, shift):
    before, m = blob(), matrix(scale, rotation, shear)
    centre, covariance = moments(before)
    new_centre, new_covariance = moments(whole(before, m, shift))
    np.testing.assert_allclose(new_centre, m @ centre + shift, atol=2e-3)
    np.testing.assert_allclose(new_covariance, m @ covariance @ m.T, rtol=0.03, atol=1e-4)


# Arrays of other kinds


def test_pictures_are_read_where_they_are_needed_and_never_written(tmp_path):
    images = noise(20, count=3)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")

    class Sharded:
        """Knows a shape, and one picture's rows and columns."""

        shape = images.shape

        def __getitem__(self, key):
            which, rows, columns = key
            assert 0 <= rows.start < rows.stop <= 20
            assert 0 <= columns.start < columns.stop <= 20
            return images[which, rows, columns]

    for m, shift in ((matrix(rotation=20), (0, 0)), (matrix(1.1), (0, 0)), (matrix(), (0.9, 0))):
        given = 1, (5, 3), 10, 12, m, np.array(shift)
        expected = warped(images, *given)
        np.testing.assert_array_equal(warped(mapped, *given), expected)
        np.testing.assert_array_equal(warped(Sharded(), *given), expected)
