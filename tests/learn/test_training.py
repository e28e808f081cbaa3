"""The small set, the loop of the course, and the network that its notebooks share."""

import numpy as np
import pytest
from training.tiny import CLASSES, SIZE, tiny_pictures

from minialexnet import alexnet, learn
from minialexnet.datasets import Pictures
from minialexnet.errors import InputError
from minialexnet.learn import trained
from minialexnet.models import Parts
from minialexnet.training import Trainer, load_checkpoint


@pytest.fixture(scope="module")
def small():
    return learn.small_set(side=16, count=100, val_count=30)


def test_small_set(small):
    assert small.x.shape == (100, 3, 16, 16)
    assert small.x.dtype == np.float32
    assert small.images.dtype == np.uint8 and small.images.shape == (100, 16, 16, 3)
    np.testing.assert_array_equal(np.bincount(small.labels), 10)
    np.testing.assert_array_equal(np.bincount(small.val_labels), 3)
    assert abs(float(small.x.mean())) < 0.1 and 0.9 < float(small.x.std()) < 1.1
    assert len(small.classes) == 10


def test_small_set_pictures_and_arrays_go_together(small):
    brightness = small.images.mean(axis=(1, 2, 3))
    assert np.corrcoef(brightness, small.x.mean(axis=(1, 2, 3)))[0, 1] > 0.9999


def test_small_set_takes_no_more_than_there_are():
    assert len(learn.small_set(side=8, count=10**6).x) == 4000


def test_small_set_on_a_device(backend):
    small = learn.small_set(side=16, count=20, val_count=10, xp=backend.xp)
    here = learn.small_set(side=16, count=20, val_count=10)
    backend.check(small.x, here.x, np.float32)
    np.testing.assert_array_equal(backend.get(small.labels), here.labels)


def mini(**options):
    return alexnet("mini", num_classes=10, image_size=16, **options)


def test_train_learns_by_heart(small):
    """Without dropout and at a low rate, or which pictures are wrong in the end would be chance."""
    network = mini(parts=Parts(dropout=0.0))
    x, labels = small.x[:20], small.labels[:20]
    history = learn.train(network, x, labels, 60, batch_size=20, lr=0.005, val=(x, labels))
    assert len(history["loss"]) == len(history["error"]) == len(history["val_error"]) == 60
    assert history["val_error"][-1] == learn.error(network, x, labels) == 0
    assert history["loss"][-1] < 0.2 * history["loss"][0]


def test_train_is_the_same_for_the_same_seed(small):
    weights = []
    for seed in (0, 0, 1):
        network = mini()
        learn.train(network, small.x, small.labels, 1, seed=seed)
        weights.append(network.params["fc8.weight"])
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (weights[0] != weights[2]).any()


def test_train_can_be_watched(small):
    seen = []
    learn.train(
        mini(),
        small.x,
        small.labels,
        2,
        batch_size=50,
        watch=lambda step, network: seen.append((step, bool(network.grads))),
    )
    assert seen == [(1, True), (2, True), (3, True), (4, True)]


def test_train_on_a_device(backend, small):
    network = mini().to(backend.xp)
    x, labels = backend.put(small.x[:40]), backend.put(small.labels[:40])
    history = learn.train(network, x, labels, 1, batch_size=20, val=(x, labels))
    host = mini()
    expected = learn.train(host, small.x[:40], small.labels[:40], 1, batch_size=20)
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-3)


def test_error_counts_all_pictures(small, monkeypatch):
    monkeypatch.setattr("minialexnet.learn.loop.CHUNK", 7)
    network = mini()
    wrong = network.predict(small.x).argmax(axis=1) != small.labels
    assert learn.error(network, small.x, small.labels) == wrong.mean()


@pytest.fixture
def quick(monkeypatch):
    """One epoch on a few pictures of noise."""
    train, val = tiny_pictures(64), tiny_pictures(16, seed=1)
    pictures = Pictures(train, val, skipped=[])
    monkeypatch.setattr(trained, "load_pictures", lambda path, size: pictures)
    monkeypatch.setattr(trained, "EPOCHS", 1)


def test_trained_mini_is_trained_once(tmp_path, quick, capsys):
    first = learn.trained_mini(tmp_path, side=SIZE)
    assert "1/1" in capsys.readouterr().err
    again = learn.trained_mini(tmp_path, side=SIZE)
    assert capsys.readouterr().err == ""
    for name, value in first.network.params.items():
        np.testing.assert_array_equal(value, again.network.params[name])
    assert len(again.history) == 1
    shares = again.shares(again.pictures.val.images[:5])
    assert shares.shape == (5, len(CLASSES))
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def test_trained_mini_of_another_recipe_is_trained_anew(tmp_path, quick, monkeypatch, capsys):
    learn.trained_mini(tmp_path, side=SIZE)
    capsys.readouterr()
    monkeypatch.setattr(trained, "BATCH_SIZE", 64)
    learn.trained_mini(tmp_path, side=SIZE)
    assert "1/1" in capsys.readouterr().err
    assert load_checkpoint(tmp_path / f"course-{SIZE}" / "last.npz").config["batch_size"] == 64


def test_trained_mini_after_a_break(tmp_path, quick, monkeypatch):
    """What was stopped before its end is not taken for trained."""
    monkeypatch.setattr(trained, "EPOCHS", 2)
    whole = learn.trained_mini(tmp_path / "whole", side=SIZE)

    class Stopped(Exception):
        pass

    end_epoch = Trainer._end_epoch

    def stop(self, interrupted):
        end_epoch(self, interrupted)
        raise Stopped

    with monkeypatch.context() as broken:
        broken.setattr(Trainer, "_end_epoch", stop)
        with pytest.raises(Stopped):
            learn.trained_mini(tmp_path / "broken", side=SIZE)
    mended = learn.trained_mini(tmp_path / "broken", side=SIZE)
    assert len(mended.history) == 2
    for name, value in whole.network.params.items():
        np.testing.assert_array_equal(value, mended.network.params[name])


@pytest.mark.parametrize("wrong", [{"count": 0}, {"count": -5}, {"val_count": 2.5}])
def test_small_set_refuses_counts_that_are_none(wrong):
    """-5 would leave out the last five."""
    with pytest.raises(InputError, match="expected a whole number of at least 1"):
        learn.small_set(side=8, **wrong)


@pytest.mark.parametrize(
    "wrong", [{"batch_size": -1}, {"batch_size": 0}, {"epochs": 1.5}, {"seed": -1}]
)
def test_train_refuses_what_is_no_number_of_pictures_or_epochs(small, wrong):
    """With batches of -1 there would be no steps, and no pictures wrong."""
    with pytest.raises(InputError, match="expected a whole number of at least"):
        learn.train(mini(), small.x, small.labels, **wrong)


@pytest.mark.parametrize("count", [0, 1, 99])
def test_there_must_be_a_label_for_each_picture(small, count):
    x, labels = small.x, small.labels[:count]
    words = rf"got 100 pictures and labels of shape \({count},\)"
    with pytest.raises(InputError, match=words):
        learn.train(mini(), x, labels)
    with pytest.raises(InputError, match=words):
        learn.error(mini(), x, labels)
    with pytest.raises(InputError, match="val pictures"):
        learn.train(mini(), x, small.labels, val=(x, labels))


def test_there_must_be_pictures(small):
    with pytest.raises(InputError, match="at least one"):
        learn.error(mini(), small.x[:0], small.labels[:0])
    with pytest.raises(InputError, match="val is no pair"):
        learn.train(mini(), small.x, small.labels, val=small.x)


def test_trained_mini_says_where_it_cannot_write(tmp_path, quick):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot make the folder .*give another with runs="):
        learn.trained_mini(tmp_path / "file", side=SIZE)


def test_trained_mini_takes_arrays_of_numpy_or_cupy(tmp_path, quick):
    with pytest.raises(InputError, match="backend is 'math'"):
        learn.trained_mini(tmp_path, xp=__import__("math"), side=SIZE)


@pytest.mark.parametrize("shape", [(4, 1), (4, 3), (1,), ()])
def test_labels_of_another_shape_are_refused(shape):
    """A column of labels would be compared with those of all pictures."""
    network, x = alexnet("mini", 3, 24), np.zeros((4, 3, 24, 24), "float32")
    labels = np.zeros(shape, int)
    for use in (learn.error, learn.train):
        with pytest.raises(InputError, match=r"got 4 pictures and labels of shape .*\(N,\)"):
            use(network, x, labels)
