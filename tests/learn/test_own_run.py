"""A reader's own run, as notebook 13 takes it."""

import dataclasses

import numpy as np
import pytest

from minialexnet import InputError, learn
from minialexnet.backend import to_host
from minialexnet.datasets import builtin_archive, load_pictures
from minialexnet.training import Checkpoint, RunFolder, planned
from minialexnet.training.checkpoint import PROGRESS


@pytest.fixture(scope="module")
def pictures():
    return load_pictures(builtin_archive(), size=32)


@pytest.fixture
def run(tmp_path, pictures):
    """A run that was never trained: its weights are those it begins with."""
    config = planned(
        data="built-in",
        num_classes=len(pictures.classes),
        num_pictures=len(pictures.train),
        picture_size=32,
        fit=pictures.fit,
        pixel_std=60.0,
        backend="numpy",
        epochs=1,
        batch_size=32,
    )
    config = dataclasses.replace(config, seed=3)
    progress = dict.fromkeys(PROGRESS) | {"history": [{"epoch": 1}]}
    mean = pictures.train.statistics.mean_colour
    params = dict(config.network().params)
    folder = RunFolder(tmp_path)
    folder.save_checkpoint(
        Checkpoint(params, {}, mean, config.as_dict(), list(pictures.classes), progress), True
    )
    return folder


def test_it_is_the_network_of_the_run(run):
    trained = learn.own_run(run.path)
    assert trained.network.num_params > 0
    expected = np.load(run.best)["params/conv1.weight"]
    np.testing.assert_array_equal(to_host(trained.network["conv1"].params["weight"]), expected)
    assert trained.history == [{"epoch": 1}]
    shares = trained.shares(trained.pictures.val.images[:3])
    assert shares.shape == (3, 10)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def test_pictures_of_other_classes_are_refused(run, tmp_path):
    from PIL import Image

    for split in ("train", "val"):
        for name in ("cat", "dog"):
            folder = tmp_path / "others" / split / name
            folder.mkdir(parents=True)
            Image.new("RGB", (40, 40), "red" if name == "cat" else "blue").save(folder / "1.png")
    with pytest.raises(InputError, match=r"has 2 classes, beginning with 'cat'.*data="):
        learn.own_run(run.path, data=tmp_path / "others")


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="no checkpoint"):
        learn.own_run(tmp_path / "nothing")


def test_what_is_no_path_is_refused():
    with pytest.raises(InputError, match="path of its folder, not 3"):
        learn.own_run(3)
