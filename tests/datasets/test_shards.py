from __future__ import annotations

import numpy as np
import pytest

from minialexnet.datasets import EvalBatches, PictureSet, TrainBatches, statistics_of
from minialexnet.datasets.shards import Shards


@pytest.fixture
def whole():
    return np.random.default_rng(0).integers(0, 256, (11, 6, 6, 3), dtype=np.uint8)


@pytest.fixture
def shards(whole):
    """The pictures of `whole` but 3 and 7, which are holes, in shards of 4, 4 and 3."""
    return Shards([whole[:4], whole[4:8], whole[8:]], GOOD)


GOOD = np.array([0, 1, 2, 4, 5, 6, 8, 9, 10])


def test_it_looks_like_an_array(whole, shards):
    array = whole[GOOD]
    for name in ("shape", "dtype", "ndim", "size"):
        assert getattr(shards, name) == getattr(array, name)
    assert len(shards) == len(array)


@pytest.mark.parametrize(
    "key",
    [0, 3, -1, np.int64(8), slice(None), slice(2, 7), slice(None, None, 4), slice(8, 1, -3),
     slice(5, 5), np.array([8, 0, 0, 5]), np.arange(9) % 2 == 0],
)  # fmt: skip
def test_access_as_to_an_array(whole, shards, key):
    assert np.array_equal(shards[key], whole[GOOD][key])


@pytest.mark.parametrize("inside", [np.s_[1:4, 2:5], np.s_[:, ::-1, 1], np.s_[2:], np.s_[0, 0, 0]])
def test_parts_of_a_picture_are_views(whole, shards, inside):
    inside = inside if isinstance(inside, tuple) else (inside,)
    part = shards[(4, *inside)]
    assert np.array_equal(part, whole[GOOD][(4, *inside)])
    if part.ndim:
        assert np.shares_memory(part, whole)


@pytest.mark.parametrize("key", [9, -10, np.array([9]), np.array([-10])])
def test_there_is_nothing_beyond(shards, key):
    with pytest.raises(IndexError):
        shards[key]


def test_parts_of_several_pictures_are_refused(shards):
    with pytest.raises(TypeError, match="one picture at a time"):
        shards[1:3, 2]


def test_batches_and_statistics_are_those_of_the_array(whole, shards):
    labels = np.zeros(9, np.int64)
    sets = [PictureSet(images, labels, ("a", "b"), ["x"] * 9) for images in (shards, whole[GOOD])]
    assert sets[0].fingerprint() == sets[1].fingerprint()
    for name, value in vars(statistics_of(whole[GOOD])).items():
        assert np.array_equal(getattr(sets[0].statistics, name), value)
    for make in (
        lambda pictures: TrainBatches(pictures, 4, crop=4, seed=1).batch(2, 1),
        lambda pictures: TrainBatches(pictures, 4, crop=4, seed=1, min_crop=3).batch(2, 1),
        lambda pictures: EvalBatches(pictures, 20, crop=4, ten_crop=True).batch(1),
    ):
        one, other = map(make, sets)
        assert all(map(np.array_equal, one, other))
