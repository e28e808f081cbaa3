"""Neighbours are those that a plain search finds."""

import io

import numpy as np
import pytest

import minialexnet.report.neighbours as neighbours
from minialexnet.report.neighbours import find_neighbours
from minialexnet.training import Progress

QUERIES = np.array([1, 7, 3])


def plain_features(subject, pictures):
    """The input of the last layer, picture by picture and layer by layer."""
    rows = []
    for picture in pictures.images:
        x = subject.preprocessing(picture[None, 2:34, 2:34], np)
        for name, layer in subject.network.layers.items():
            if name != "fc8":
                x = layer.predict(x)
        rows.append(x[0].astype(np.float64))
    return np.array(rows)


def found(subject, xp=np, **options):
    train, val = subject.pictures.train, subject.pictures.val
    return find_neighbours(
        subject.network.to(xp),
        val,
        QUERIES,
        train,
        subject.preprocessing,
        xp,
        Progress(io.StringIO()),
        **options,
    )


@pytest.fixture
def subject(new_subject):
    return new_subject(5, each=4)


@pytest.mark.parametrize("batch", [3, 128])
def test_they_are_the_smallest_distances_of_all(subject, batch, backend, monkeypatch):
    monkeypatch.setattr(neighbours, "BATCH", batch)
    result = found(subject, backend.xp)
    subject.network.to(np)
    train = plain_features(subject, subject.pictures.train)
    for row, query in enumerate(plain_features(subject, subject.pictures.val)[QUERIES]):
        distances = np.sqrt(((train - query) ** 2).sum(axis=1))
        expected = distances.argsort()[:6]
        assert result.nearest[row].tolist() == expected.tolist()
        np.testing.assert_allclose(result.distances[row], distances[expected], rtol=1e-4)
    assert result.searched == 20


def test_a_picture_is_nearest_to_itself(subject):
    subject.pictures.val.images[QUERIES] = subject.pictures.train.images[[2, 19, 11]]
    result = found(subject)
    assert result.nearest[:, 0].tolist() == [2, 19, 11]
    np.testing.assert_allclose(result.distances[:, 0], 0, atol=1e-4)


def test_of_many_training_pictures_some_are_searched_at_even_distances(subject):
    result = found(subject, most_searched=4)
    assert result.searched == 4
    assert sorted(result.nearest[0].tolist()) == [0, 6, 12, 19]
