"""Training where results come late and waiting for them is dear: on a GPU, or its stand-in."""

import signal

import numpy as np
import pytest
from pretend_streams import IMMEDIATE
from strict import strict, sync_count, upload_count

from minialexnet.backend import Device, register_streams, transfers
from minialexnet.training import TrainingStopped, load_checkpoint, run_folder, trainer
from training.test_trainer import TIMINGS, Stopping
from training.tiny import STEPS, tiny_trainer


@pytest.fixture(autouse=True)
def no_drawing(monkeypatch):
    monkeypatch.setattr(run_folder, "draw_curves", lambda history, file: file.write(b"curves"))


@pytest.fixture(autouse=True)
def on_device(backend, monkeypatch):
    """Trainers find the backend under test in the place of CuPy."""
    if backend.name == "numpy":
        pytest.skip("the host has no streams")
    device = Device("cupy", backend.xp)
    monkeypatch.setattr(trainer, "select_device", lambda name, precision: device)
    if backend.xp is strict:
        register_streams(strict, IMMEDIATE)
    yield
    transfers._streams.pop(strict, None)


def saved(one):
    """The parameters and the history in the last checkpoint, without times."""
    checkpoint = load_checkpoint(one.run.last)
    history = checkpoint.progress["history"]
    for entry in history:
        for timing in TIMINGS:
            del entry[timing]
    return checkpoint.params, history


def test_it_learns_what_the_host_learns(tmp_path, monkeypatch):
    one = tiny_trainer(tmp_path / "device")
    one.fit()
    monkeypatch.setattr(trainer, "select_device", lambda name, precision: Device("numpy", np))
    other = tiny_trainer(tmp_path / "host")
    other.fit()
    (params, history), (expected, expected_history) = saved(one), saved(other)
    for name, value in params.items():
        np.testing.assert_allclose(value, expected[name], atol=1e-4 * abs(expected[name]).max())
    for entry, same in zip(history, expected_history, strict=True):
        assert entry == pytest.approx(same, rel=1e-4)


def test_an_epoch_of_steps_does_not_wait_for_the_device(tmp_path, backend):
    if backend.name == "cupy":
        pytest.skip("CuPy does not count")
    one = tiny_trainer(tmp_path)
    one._train_epoch(trainer.threading.Event())  # the mean colour is copied once
    one.position = trainer.Position(1, 0)
    waits, copies = sync_count(), upload_count()
    one._train_epoch(trainer.threading.Event())
    assert sync_count() == waits
    assert upload_count() - copies == 2 * STEPS  # pixels and labels
    assert one.tally.pictures == 2 * STEPS * 8


@pytest.mark.parametrize("after", [1, 2, 3, 5])
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path, after):
    """No step that was done is left out of what is saved, though its results came late."""
    whole = tiny_trainer(tmp_path / "whole")
    whole.fit()
    first = tiny_trainer(tmp_path / "stopped", progress=Stopping(after, signal.SIGINT))
    with pytest.raises(TrainingStopped, match="everything is saved"):
        first.fit()
    checkpoint = load_checkpoint(first.run.last)
    progress = checkpoint.progress
    assert progress["tally"]["pictures"] == 8 * progress["step"]
    second = tiny_trainer(tmp_path / "stopped")
    second.restore(checkpoint)
    second.fit()
    (params, history), (expected, expected_history) = saved(second), saved(whole)
    for name, value in params.items():
        np.testing.assert_array_equal(value, expected[name])
    assert history == expected_history


@pytest.mark.parametrize("after", [0, 1, 2, 4])
def test_a_loss_that_is_no_number_is_found_a_step_late_and_never_saved(tmp_path, after):
    one = tiny_trainer(tmp_path)
    step, done = one.step, 0

    def broken(images, labels):
        nonlocal done
        if done == after:
            one.network.params["fc8.bias"][...] = np.nan
        done += 1
        return step(images, labels)

    one.step = broken
    with pytest.raises(TrainingStopped) as caught:
        one.fit()
    epoch, number = divmod(after, STEPS)
    message = str(caught.value)
    assert f"no longer a finite number in epoch {epoch + 1}, step {number + 1};" in message
    assert "it began in" not in message
    assert done <= after + 2
    if epoch:
        assert f"the last good checkpoint is {one.run.last}" in message
        assert all(np.isfinite(v).all() for v in load_checkpoint(one.run.last).params.values())
    else:
        assert not one.run.last.exists()


def test_every_checkpoint_has_the_results_of_all_steps_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY_SECONDS", -1)
    one, seen = tiny_trainer(tmp_path, epochs=1), []
    save = one._save
    one._save = lambda **how: seen.append((one.position.step, one.tally.pictures)) or save(**how)
    one.fit()
    assert seen[:STEPS] == [(step, 8 * step) for step in range(1, STEPS + 1)]
