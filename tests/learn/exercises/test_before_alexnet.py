"""Notebook 1's checkers: what readers may write, right and wrong."""

import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet.learn import features


@pytest.mark.parametrize("name", ["image_gradients", "orientation_histogram"])
def test_solutions_agree_with_the_library(name):
    accepted(name, getattr(features, name))


# image_gradients


def pixel_by_pixel(x):
    n, h, w = x.shape
    gy, gx = np.zeros(x.shape), np.zeros(x.shape)
    for a in range(n):
        for i in range(h):
            for j in range(w):
                if 0 < i < h - 1:
                    gy[a, i, j] = x[a, i + 1, j] - x[a, i - 1, j]
                if 0 < j < w - 1:
                    gx[a, i, j] = x[a, i, j + 1] - x[a, i, j - 1]
    return gy, gx


def by_roll(x):
    gy = np.roll(x, -1, axis=1) - np.roll(x, 1, axis=1)
    gx = np.roll(x, -1, axis=2) - np.roll(x, 1, axis=2)
    gy[:, [0, -1]] = 0
    gx[:, :, [0, -1]] = 0
    return gy, gx


def by_pad(x):
    gy = np.pad(x[:, 2:] - x[:, :-2], ((0, 0), (1, 1), (0, 0)))
    gx = np.pad(x[:, :, 2:] - x[:, :, :-2], ((0, 0), (0, 0), (1, 1)))
    return [gy, gx]


@pytest.mark.parametrize("answer", [pixel_by_pixel, by_roll, by_pad])
def test_gradients_accept(answer):
    accepted("image_gradients", answer)


def rolled(x):
    return np.roll(x, -1, 1) - np.roll(x, 1, 1), np.roll(x, -1, 2) - np.roll(x, 1, 2)


def forward(x):
    gy, gx = np.zeros_like(x), np.zeros_like(x)
    gy[:, :-1] = x[:, 1:] - x[:, :-1]
    gx[:, :, :-1] = x[:, :, 1:] - x[:, :, :-1]
    return gy, gx


def backward(x):
    return np.diff(x, axis=1, prepend=x[:, :1]), np.diff(x, axis=2, prepend=x[:, :, :1])


def with_padding(x, mode):
    p = np.pad(x, ((0, 0), (1, 1), (1, 1)), mode=mode)
    return p[:, 2:, 1:-1] - p[:, :-2, 1:-1], p[:, 1:-1, 2:] - p[:, 1:-1, :-2]


def sobel(x):
    gy, gx = by_roll(x)
    p, q = np.pad(gy, ((0, 0), (0, 0), (1, 1))), np.pad(gx, ((0, 0), (1, 1), (0, 0)))
    return p[:, :, :-2] + 2 * gy + p[:, :, 2:], q[:, :-2] + 2 * gx + q[:, 2:]


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x: tuple(reversed(by_roll(x))), "are exchanged"),
        (lambda x: [-g for g in by_roll(x)], "wrong way round"),
        (forward, "next pixel minus this one"),
        (backward, "this pixel minus the one before"),
        (lambda x: [g / 2 for g in by_roll(x)], "halved"),
        (rolled, "other side of the picture"),
        (lambda x: with_padding(x, "edge"), "the pixel itself for the neighbour"),
        (lambda x: with_padding(x, "constant"), "takes 0 for the neighbour"),
        (lambda x: (x[:, 2:] - x[:, :-2], x[..., 2:] - x[..., :-2]), "cut off"),
        (lambda x: [np.abs(g) for g in by_roll(x)], "absolute value"),
        (sobel, "smoothed"),
        (lambda x: np.gradient(x, axis=(1, 2)), "np.gradient"),
        (lambda x: by_roll(x)[0], "returned an array; expected 2"),
    ],
)
def test_gradients_explain(answer, hint):
    refused("image_gradients", answer, hint)


def test_only_the_wrong_one_of_two_is_explained():
    verdict = refused("image_gradients", lambda x: (by_roll(x)[0], forward(x)[1]), "this one")
    assert not any(finding.startswith("gy") for finding in verdict.findings)


# orientation_histogram


def in_degrees(gy, gx, cell, bins):
    angle = np.degrees(np.arctan2(gy, gx))
    angle[angle < 0] += 180
    angle[angle >= 180] -= 180
    index = (angle // (180 / bins)).astype(int)
    n, h, w = gx.shape
    result = np.zeros((n, h // cell, w // cell, bins))
    for a, i, j in np.ndindex(n, h, w):
        result[a, i // cell, j // cell, index[a, i, j]] += np.hypot(gy, gx)[a, i, j]
    return result


def by_np_histogram(gy, gx, cell, bins):
    length, angle = np.hypot(gx, gy), np.arctan2(gy, gx) % np.pi
    n, h, w = gx.shape
    result = np.empty((n, h // cell, w // cell, bins))
    for a, i, j in np.ndindex(result.shape[:3]):
        here = (a, slice(i * cell, i * cell + cell), slice(j * cell, j * cell + cell))
        result[a, i, j], _ = np.histogram(angle[here], bins, range=(0, np.pi), weights=length[here])
    return result


def by_one_hot(gy, gx, cell, bins):
    angle = np.angle(gx + 1j * gy) % np.pi
    one_hot = np.eye(bins)[np.int64(angle / np.pi * bins) % bins]
    n, h, w = gx.shape
    votes = (one_hot * abs(gx + 1j * gy)[..., None]).reshape(
        n, h // cell, cell, w // cell, cell, -1
    )
    return np.einsum("nicjdb->nijb", votes)


def by_arctan(gy, gx, cell, bins):
    """The slope alone knows no opposite directions."""
    with np.errstate(all="ignore"):
        part = np.nan_to_num(np.arctan(gy / gx) % np.pi / np.pi * bins)
    n, h, w = gx.shape
    result = np.stack([np.hypot(gy, gx) * (part.astype(int) == b) for b in range(bins)], axis=-1)
    return result.reshape(n, h // cell, cell, w // cell, cell, bins).sum(axis=(2, 4))


def in_20_degrees(gy, gx, cell, bins):
    index = np.degrees(np.arctan2(gy, gx)) % 180 // 20
    n, h, w = gx.shape
    result = np.stack([np.hypot(gy, gx) * (index == b) for b in range(bins)], axis=-1)
    return result.reshape(n, h // cell, cell, w // cell, cell, bins).sum(axis=(2, 4))


@pytest.mark.parametrize("answer", [in_degrees, by_np_histogram, by_one_hot, by_arctan])
def test_histogram_accepts(answer):
    accepted("orientation_histogram", answer)


def slip(length=np.hypot, angle=lambda gy, gx: np.degrees(np.arctan2(gy, gx)) % 180, half=0.0):
    """An answer as `in_degrees`, with something else in one place."""

    def answer(gy, gx, cell, bins):
        index = np.floor(angle(gy, gx) / (180 / bins) + half)
        n, h, w = gx.shape
        result = np.zeros((n, h // cell, w // cell, bins))
        for i in range(h // cell):
            for j in range(w // cell):
                here = (
                    slice(None),
                    slice(i * cell, i * cell + cell),
                    slice(j * cell, j * cell + cell),
                )
                for b in range(bins):
                    hit = index[here] % bins == b if half else index[here] == b
                    result[:, i, j, b] = (length(gy, gx)[here] * hit).sum(axis=(1, 2))
        return result

    return answer


def whole_turn(gy, gx, cell, bins):
    return slip(angle=lambda gy, gx: np.degrees(np.arctan2(gy, gx)) % 360 / 2)(gy, gx, cell, bins)


def add_180(gy, gx):
    angle = np.degrees(np.arctan2(gy, gx))
    return np.where(angle < 0, angle + 180, angle)


def shared_out(gy, gx, cell, bins):
    histogram = by_one_hot(gy, gx, cell, bins)
    return histogram / np.maximum(histogram.sum(axis=3)[..., None], 1e-12)


def stretches(gy, gx, cell, bins):
    n, h, w = gx.shape
    votes = by_one_hot(gy, gx, 1, bins)
    return votes.reshape(n, h // cell, w // cell, cell * cell, bins).sum(axis=3)


def winner(gy, gx, cell, bins):
    histogram = by_one_hot(gy, gx, cell, bins)
    return np.where(histogram == histogram.max(axis=-1)[..., None], histogram, 0)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (slip(length=lambda gy, gx: np.ones_like(gx)), "Each pixel adds 1. "),
        (slip(length=lambda gy, gx: (gy != 0) | (gx != 0)), "is not 0 adds 1"),
        (slip(length=lambda gy, gx: gx**2 + gy**2), "a root is missing"),
        (slip(length=lambda gy, gx: abs(gx) + abs(gy)), "|gy| + |gx|"),
        (whole_turn, "360 degrees"),
        (slip(angle=lambda gy, gx: np.degrees(np.arctan2(gy, gx))), "negative angle are lost"),
        (slip(angle=add_180), "exactly 180 degrees"),
        (slip(angle=lambda gy, gx: abs(np.degrees(np.arctan2(gy, gx))) % 180), "mirrors them"),
        (slip(angle=lambda gy, gx: np.degrees(np.arctan2(gx, gy)) % 180), "exchanged in arctan2"),
        (slip(half=0.5), "round down"),
        (in_20_degrees, "20 degrees wide"),
        (lambda gy, gx, cell, bins: by_one_hot(gy, gx, cell, bins) / cell / cell, "mean over"),
        (shared_out, "divided by its sum"),
        (stretches, "stretches of a row"),
        (winner, "strongest direction"),
    ],
)
def test_histogram_explains(answer, hint):
    refused("orientation_histogram", answer, hint)
