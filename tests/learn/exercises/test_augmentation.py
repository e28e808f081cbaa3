"""The exercises of notebook 10."""

import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet.datasets import PrincipalColours, cut_views
from minialexnet.learn.exercises.augmentation import (
    average_of_views,
    colour_shift,
    ten_crops,
)
from minialexnet.ops import softmax
from minialexnet.training import mean_of_views


def test_colour_shift_is_what_the_library_does():
    rng = np.random.default_rng(0)
    values, vectors = np.linalg.eigh(np.cov(rng.standard_normal((3, 20))))
    colours = PrincipalColours(vectors, np.sqrt(values))
    normal = np.random.default_rng(1).standard_normal((4, 3))
    shifts = colours.shifts(4, 0.1, np.random.default_rng(1))
    np.testing.assert_allclose(colour_shift(normal, values, vectors), shifts, rtol=1e-6)


@pytest.mark.parametrize(("side", "crop"), [(6, 4), (7, 4), (5, 5)])
def test_ten_crops_are_those_of_the_library(side, crop):
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    np.testing.assert_array_equal(ten_crops(picture, crop), cut_views(picture, crop, ten_crop=True))


def test_average_of_views_is_what_the_library_does():
    logits = 4 * np.random.default_rng(0).standard_normal((3, 10, 5))
    shares = softmax(mean_of_views(logits.reshape(30, 5), 10))
    np.testing.assert_allclose(average_of_views(logits), shares, rtol=1e-12)


def shift_by_loops(normal, eigenvalues, eigenvectors):
    out = np.zeros((len(normal), 3))
    for n in range(len(normal)):
        for i in range(3):
            out[n] += 0.1 * normal[n, i] * eigenvalues[i] ** 0.5 * eigenvectors[:, i]
    return out


def shift_by_columns(normal, eigenvalues, eigenvectors):
    return (eigenvectors @ (0.1 * normal * np.sqrt(eigenvalues)).T).T


def shift_by_einsum(normal, eigenvalues, eigenvectors):
    return np.einsum("ni,i,ci->nc", 0.1 * normal, eigenvalues**0.5, eigenvectors)


@pytest.mark.parametrize("answer", [shift_by_loops, shift_by_columns, shift_by_einsum])
def test_other_ways_to_write_colour_shift_are_right(answer):
    accepted("colour_shift", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda normal, values, p: (0.1 * normal * values) @ p.T, "eigenvalue, not its"),
        (lambda normal, values, p: (normal * values**0.5) @ p.T, "0.1 is missing"),
        (lambda normal, values, p: 0.1 * normal * values**0.5 @ p, "transposed"),
        (lambda normal, values, p: 0.1 * normal * values**0.5, "green and blue themselves"),
        (lambda normal, values, p: 0.1 * normal @ p.T, "same noise"),
        (lambda normal, values, p: normal * (0.1 * values) ** 0.5 @ p.T, "inside the root"),
        (lambda normal, values, p: 0.1 * normal[:, :1] * (p @ values**0.5), "One number"),
        (lambda normal, values, p: 0.1 * (normal * values**0.5) @ p.T / 2, "1/2"),
    ],
)
def test_wrong_ways_to_write_colour_shift_are_named(answer, words):
    refused("colour_shift", answer, words)


def crops_by_loops(picture, crop):
    h, w, _ = picture.shape
    out = np.zeros((10, crop, crop, 3), dtype=picture.dtype)
    places = [((h - crop) // 2, (w - crop) // 2)]
    places += [(top, left) for top in (0, h - crop) for left in (0, w - crop)]
    for i, (top, left) in enumerate(places):
        for row in range(crop):
            for column in range(crop):
                out[i, row, column] = picture[top + row, left + column]
                out[i + 5, row, crop - 1 - column] = picture[top + row, left + column]
    return out


def crops_from_the_end(picture, crop):
    h, w = picture.shape[:2]
    top, left = (h - crop) // 2, (w - crop) // 2
    five = [
        picture[top : top + crop, left : left + crop],
        picture[:crop, :crop],
        picture[:crop, -crop:],
        picture[-crop:, :crop],
        picture[-crop:, -crop:],
    ]
    return np.concatenate([np.array(five), np.flip(np.array(five), 2)])


@pytest.mark.parametrize("answer", [crops_by_loops, crops_from_the_end])
def test_other_ways_to_write_ten_crops_are_right(answer):
    accepted("ten_crops", answer)


def only_five(picture, crop):
    return crops_by_loops(picture, crop)[:5]


def upside_down(picture, crop):
    five = only_five(picture, crop)
    return np.concatenate([five, five[:, ::-1]])


def one_short(picture, crop):
    h, w = picture.shape[:2]
    top, left = (h - crop) // 2, (w - crop) // 2
    far, wide = max(h - crop - 1, 0), max(w - crop - 1, 0)
    places = [(top, left), (0, 0), (0, wide), (far, 0), (far, wide)]
    five = np.array([picture[t : t + crop, s : s + crop] for t, s in places])
    return np.concatenate([five, five[:, :, ::-1]])


def of_the_mirrored_picture(picture, crop):
    return np.concatenate([only_five(picture, crop), only_five(picture[:, ::-1], crop)])


def centre_last(picture, crop):
    five = only_five(picture, crop)[[1, 2, 3, 4, 0]]
    return np.concatenate([five, five[:, :, ::-1]])


def one_by_one(picture, crop):
    views = []
    for view in only_five(picture, crop):
        views += [view, view[:, ::-1]]
    return np.array(views)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (only_five, "mirror images are missing"),
        (upside_down, "upside down"),
        (one_short, "one pixel short"),
        (of_the_mirrored_picture, "whole picture was mirrored"),
        (centre_last, "centre comes last"),
        (one_by_one, "followed by its own mirror image"),
    ],
)
def test_wrong_ways_to_write_ten_crops_are_named(answer, words):
    refused("ten_crops", answer, words)
    refused("ten_crops", lambda picture, crop: tuple(answer(picture, crop)), words)


def average_by_loops(logits):
    out = np.zeros((len(logits), logits.shape[2]))
    for n, views in enumerate(logits):
        for view in views:
            e = np.exp(view - view.max())
            out[n] += e / e.sum() / len(views)
    return out


def average_by_the_library(logits):
    return softmax(logits.reshape(-1, logits.shape[2])).reshape(logits.shape).mean(axis=1)


@pytest.mark.parametrize("answer", [average_by_loops, average_by_the_library])
def test_other_ways_to_write_average_of_views_are_right(answer):
    accepted("average_of_views", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda logits: softmax(logits.mean(axis=1)), "softmax of the mean logits"),
        (lambda logits: logits.mean(axis=1), "softmax is missing"),
        (lambda logits: average_by_the_library(logits) * logits.shape[1], "summed"),
        (lambda logits: softmax(logits[:, 0]), "first view"),
        (
            lambda logits: (
                softmax(logits.reshape(-1, logits.shape[2])).reshape(logits.shape).max(axis=1)
            ),
            "largest probability",
        ),
        (
            lambda logits: (
                np.exp(logits).mean(axis=1) / np.exp(logits).mean(axis=1).sum(1, keepdims=True)
            ),
            "divided by their own sum",
        ),
    ],
)
def test_wrong_ways_to_write_average_of_views_are_named(answer, words):
    refused("average_of_views", answer, words)
