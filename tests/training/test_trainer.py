"""Training learns, can be stopped and killed at any step, and gives the same weights again."""

import copy
import errno
import json
import math
import os
import signal
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest

from minialexnet.datasets import PictureSet
from minialexnet.errors import InputError
from minialexnet.models import Parts, alexnet
from minialexnet.training import (
    SCHEDULES,
    Tally,
    TrainConfig,
    TrainingDiverged,
    TrainingInterrupted,
    TrainingStopped,
    first_nonfinite,
    load_checkpoint,
    run_folder,
    trainer,
)
from training import run_tiny
from training.tiny import CLASSES, CROP, STEPS, Silent, tiny_config, tiny_pictures, tiny_trainer

TIMINGS = ("seconds", "images_per_second")


@pytest.fixture(autouse=True)
def no_drawing(monkeypatch):
    """Curves take longer to draw than these networks to train; other tests look at them."""
    monkeypatch.setattr(run_folder, "draw_curves", lambda history, file: file.write(b"curves"))


def everything(one):
    """All that decides how training goes on, and what came of it so far."""
    checkpoint = one.checkpoint()
    arrays = {f"params/{name}": value.copy() for name, value in checkpoint.params.items()}
    arrays |= {f"velocity/{name}": value.copy() for name, value in checkpoint.velocity.items()}
    progress = json.loads(json.dumps(checkpoint.progress))
    del progress["seconds"]
    for entry in progress["history"]:
        for timing in TIMINGS:
            del entry[timing]
    return arrays, progress


def assert_same(one, other):
    arrays, progress = one
    other_arrays, other_progress = other
    assert arrays.keys() == other_arrays.keys()
    for name, value in arrays.items():
        np.testing.assert_array_equal(value, other_arrays[name], err_msg=name)
    assert progress == other_progress


class Stopping(Silent):
    """Raises, or presses Ctrl-C, once so many batches are done."""

    def __init__(self, after, press=None):
        super().__init__()
        self.after, self.press = after, press

    def update(self, units, text):
        if text:  # in validation there is none
            self.after -= 1
            if self.after == 0 and self.press is not None:
                signal.raise_signal(self.press)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run of three epochs of three steps: (trainer, everything)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_folder, "draw_curves", lambda history, file: file.write(b"curves"))
        one = tiny_trainer(tmp_path_factory.mktemp("whole"))
        one.fit()
    return one, everything(one)


class TestLearning:
    def test_the_loss_falls_and_new_pictures_are_recognised(self, tmp_path):
        history = tiny_trainer(tmp_path, train=tiny_pictures(48), epochs=8, lr=0.01).fit()
        losses = [entry["train_loss"] for entry in history]
        assert losses[0] == pytest.approx(np.log(4), abs=0.2)
        assert losses[-1] < 0.7 * losses[0]
        assert history[-1]["val_top1_error"] <= 0.25

    def test_the_history_has_an_entry_for_each_epoch(self, whole):
        one, _ = whole
        assert [entry["epoch"] for entry in one.history] == [1, 2, 3]
        assert all(set(entry) == set(run_folder.COLUMNS) for entry in one.history)
        assert [entry["lr"] for entry in one.history] == [
            one.schedule.rate(STEPS * epoch - 1) for epoch in (1, 2, 3)
        ]

    def test_the_training_loss_is_the_mean_over_the_epoch(self, tmp_path):
        one, losses = tiny_trainer(tmp_path, epochs=2), []
        step = one.step

        def remember(images, labels):
            loss, logits = step(images, labels)
            losses.append(loss)
            return loss, logits

        one.step = remember
        history = one.fit()
        assert history[0]["train_loss"] == pytest.approx(np.mean(losses[:STEPS]))
        assert history[1]["train_loss"] == pytest.approx(np.mean(losses[STEPS:]))

    def test_the_folder_holds_all_results(self, whole):
        one, _ = whole
        names = sorted(path.name for path in one.run.path.iterdir())
        assert names == ["best.npz", "config.json", "curves.png", "last.npz", "metrics.csv"]
        assert json.loads((one.run.path / "config.json").read_text()) == one.config.as_dict()
        assert len((one.run.path / "metrics.csv").read_text().splitlines()) == 4

    def test_each_epoch_is_told_in_one_line(self, whole):
        one, _ = whole
        for entry in one.history:
            (line,) = [line for line in one.progress.lines if f"{entry['epoch']}/3 " in line]
            assert "\n" not in line
            for name in ("train_loss", "val_loss"):
                assert f"{entry[name]:.3f}" in line
            for name in ("train_top1_error", "val_top1_error"):
                assert f"{entry[name]:.1%}" in line

    def test_evaluating_what_was_saved_gives_the_error_of_the_history(self, whole):
        one, _ = whole
        network = alexnet("mini", len(CLASSES), CROP)
        network.set_params(load_checkpoint(one.run.last).params)
        tally, _ = trainer.evaluate(network, one.val, one.preprocessing, np)
        assert tally.loss == pytest.approx(one.history[-1]["val_loss"], rel=1e-6)

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_the_rate_is_that_of_the_schedule_at_each_step(self, tmp_path, schedule):
        one = tiny_trainer(tmp_path, schedule=schedule, epochs=2)
        images, labels = one.batches.batch(0, 0)
        for epoch, step in [(0, 0), (0, 2), (1, 1)]:
            one.position = trainer.Position(epoch, step)
            one.step(images, labels)
            assert one.optimizer.lr == one.schedule.rate(epoch * STEPS + step)

    def test_the_schedule_decides_for_each_parameter(self, tmp_path, monkeypatch):
        one, start = tiny_trainer(tmp_path, epochs=1), tiny_trainer(tmp_path).network.params
        asked = set()

        def factor(name, step):
            asked.add(step)
            return 0.0 if name.startswith("conv1") else 1.0

        monkeypatch.setattr(one.schedule, "rate_factor", factor)
        one.fit()
        assert asked == set(range(STEPS))
        for name, value in one.network.params.items():
            assert np.array_equal(value, start[name]) == name.startswith("conv1")

    def test_the_schedule_decides_on_the_noise_in_the_colours(self, tmp_path):
        one = tiny_trainer(tmp_path, schedule="2012", epochs=91, colour_noise=0.1)
        assert one.batches.batch(66, 0)[2].any()
        assert not one.batches.batch(67, 0)[2].any()

    def test_the_plateau_hears_of_the_validation_error(self, tmp_path, monkeypatch):
        one, heard = tiny_trainer(tmp_path, schedule="plateau", epochs=2), []
        monkeypatch.setattr(one.schedule, "epoch_ended", heard.append)
        history = one.fit()
        assert heard == [entry["val_top1_error"] for entry in history]

    @pytest.mark.parametrize("count", [5, 8, 9])
    def test_sets_that_fill_no_whole_number_of_batches(self, tmp_path, count):
        one = tiny_trainer(tmp_path, train=tiny_pictures(count), epochs=1)
        assert len(one.batches) == 1
        assert np.isfinite(one.fit()[0]["train_loss"])


class TestPrecision:
    @pytest.mark.parametrize("precision", ["float32", "tf32", None])
    def test_of_a_run_on_the_cpu_is_float32_whatever_it_was_before(self, tmp_path, precision):
        """A configuration of the GPU's, taken to the CPU."""
        one = tiny_trainer(tmp_path, precision=precision)
        assert one.config.precision == one.checkpoint().config["precision"] == "float32"

    def test_of_a_run_from_before_there_was_a_choice(self):
        values = tiny_config().as_dict()
        del values["precision"]
        assert TrainConfig.from_dict(values).precision == "float32"


class TestSeeds:
    def test_the_same_seed_gives_the_same_weights(self, tmp_path, whole):
        again = tiny_trainer(tmp_path)
        again.fit()
        assert_same(everything(again), whole[1])

    def test_another_seed_gives_others(self, tmp_path, whole):
        other = tiny_trainer(tmp_path, seed=1)
        other.fit()
        weights = whole[1][0]
        for name, value in everything(other)[0].items():
            assert not np.array_equal(value, weights[name]), name

    @pytest.mark.parametrize("count", [1, 3])
    def test_the_number_of_threads_does_not_matter(self, tmp_path, whole, threads, count):
        threads(count)
        other = tiny_trainer(tmp_path)
        other.fit()
        assert_same(everything(other), whole[1])

    def test_a_checkpoint_every_step_does_not_matter(self, tmp_path, whole, monkeypatch):
        monkeypatch.setattr(trainer, "CHECKPOINT_EVERY_SECONDS", -1)
        other = tiny_trainer(tmp_path)
        other.fit()
        assert_same(everything(other), whole[1])


CHANGES = {
    "shift": 0.1,
    "scale": 0.3,
    "rotation": 20,
    "shear": 10,
    "contrast": 0.5,
    "brightness": 0.5,
    "except_for": {"rotation": ["red"], "flip": ["green"]},
}


def interrupted_and_resumed(folder, after, **settings):
    """A trainer that was stopped after so many steps, and went on in a second one to the end."""
    first = tiny_trainer(folder, progress=Stopping(after, signal.SIGINT), **settings)
    with pytest.raises(TrainingStopped):
        first.fit()
    second = tiny_trainer(folder, **settings)
    second.restore(load_checkpoint(first.run.last))
    second.fit()
    return second


class TestResuming:
    @pytest.mark.parametrize(
        "changes", [{"schedule": "2012", "colour_noise": 0.5, "epochs": 3}, {"min_crop": 12}]
    )
    def test_other_recipes_go_on_where_they_were(self, tmp_path, changes):
        whole = tiny_trainer(tmp_path / "whole", **changes)
        whole.fit()
        resumed = interrupted_and_resumed(tmp_path / "cut", 4, **changes)
        assert_same(everything(resumed), everything(whole))

    @pytest.mark.parametrize("after", [2, 5])
    @pytest.mark.parametrize(
        "changes", [{"colour_noise": 0.5}, CHANGES, {"except_for": {"crop": ["red"]}}]
    )
    def test_what_is_drawn_for_pictures_goes_on_where_it_was(self, tmp_path, after, changes):
        plain = tiny_trainer(tmp_path / "plain")
        whole = tiny_trainer(tmp_path / "whole", **changes)
        plain.fit(), whole.fit()
        resumed = interrupted_and_resumed(tmp_path / "cut", after, **changes)
        assert_same(everything(resumed), everything(whole))
        weights = everything(plain)[0]
        for name, value in everything(whole)[0].items():
            assert not np.array_equal(value, weights[name])

    @pytest.mark.parametrize(
        ("after", "signal_number"),
        [(after, signal.SIGINT) for after in (1, 3, 5, 6, 8)] + [(4, signal.SIGTERM)],
    )
    def test_from_any_step_gives_the_same_weights_bit_by_bit(
        self, tmp_path, whole, after, signal_number
    ):
        """3, 6: the last step of an epoch, before its validation."""
        first = tiny_trainer(tmp_path, progress=Stopping(after, signal_number))
        with pytest.raises(TrainingStopped, match="everything is saved") as caught:
            first.fit()
        assert f"minialexnet train --resume {tmp_path}" in str(caught.value)
        checkpoint = load_checkpoint(tmp_path / "last.npz")
        assert (checkpoint.progress["epoch"], checkpoint.progress["step"]) == (
            (after - 1) // STEPS,
            (after - 1) % STEPS + 1,
        )

        second = tiny_trainer(tmp_path)
        second.restore(checkpoint)
        assert_same(everything(second), everything(first))
        second.fit()
        assert_same(everything(second), whole[1])
        assert_same_files(tmp_path, whole[0].run.path)

    def test_between_epochs_gives_the_same_weights_bit_by_bit(self, tmp_path, whole):
        first = tiny_trainer(tmp_path)
        kept = []
        save = first.run.save_checkpoint

        def save_and_keep(checkpoint, is_best=False):
            save(checkpoint, is_best)
            kept.append(first.run.last.read_bytes())

        first.run.save_checkpoint = save_and_keep
        first.fit()
        assert len(kept) == 3
        first.run.last.write_bytes(kept[0])
        second = tiny_trainer(tmp_path)
        second.restore(load_checkpoint(first.run.last))
        assert (second.position.epoch, second.position.step) == (1, 0)
        second.fit()
        assert_same(everything(second), whole[1])

    @pytest.mark.parametrize("schedule", ["plateau", "step"])
    def test_with_other_schedules_too(self, tmp_path, schedule):
        settings = {"schedule": schedule, "lr": 1e-5, "epochs": 9, "label_smoothing": 0.1}
        settings |= {"train": tiny_pictures(4), "val": tiny_pictures(4), "batch_size": 4}
        one = tiny_trainer(tmp_path / "one", **settings)
        one.fit()
        assert one.history[-1]["lr"] < one.history[0]["lr"]
        resumed = interrupted_and_resumed(tmp_path / "two", 7, **settings)
        assert_same(everything(resumed), everything(one))

    def test_the_first_interrupt_waits_for_the_step_and_the_second_does_not(self, tmp_path):
        class Impatient(Stopping):
            def update(self, units, text):
                super().update(units, text)
                if text and self.after == 0:
                    signal.raise_signal(signal.SIGINT)

        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(TrainingInterrupted, match="stopped at once, before anything was saved"):
            tiny_trainer(tmp_path, progress=Impatient(2, signal.SIGINT)).fit()
        with pytest.raises(TrainingInterrupted, match="after the last checkpoint is lost; go on"):
            tiny_trainer(tmp_path, progress=Impatient(5, signal.SIGINT)).fit()
        assert signal.getsignal(signal.SIGINT) is before

    def test_after_training_interrupts_are_as_they_were(self, tmp_path):
        before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
        tiny_trainer(tmp_path, epochs=1).fit()
        assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == before

    def test_a_checkpoint_is_a_moment_that_later_steps_do_not_change(self, tmp_path):
        one = tiny_trainer(tmp_path)
        batches = [one.batches.batch(0, step) for step in range(2)]
        one.step(*batches[0])
        moment, weights = one.checkpoint(), copy.deepcopy(everything(one))
        one.step(*batches[1])
        with pytest.raises(AssertionError):
            assert_same(everything(one), weights)
        one.restore(moment)
        assert_same(everything(one), weights)

    def test_other_classes_are_refused(self, tmp_path, whole):
        pictures = tiny_pictures()
        names = ("cat", "dog", "fish", "cow")
        other = PictureSet(pictures.images, pictures.labels, names, pictures.names)
        one = tiny_trainer(tmp_path, train=other, val=other)
        message = "trained on the classes red, green, blue, .* but these pictures have cat, dog"
        with pytest.raises(InputError, match=message):
            one.restore(whole[0].checkpoint())

    def test_another_network_is_refused_with_the_parameter(self, tmp_path, whole):
        checkpoint = whole[0].checkpoint()
        checkpoint.params["fc6.weight"] = np.zeros((5, 5), "float32")
        one = tiny_trainer(tmp_path)
        before = everything(one)
        with pytest.raises(InputError, match=r"parameter fc6\.weight has shape \(5, 5\)"):
            one.restore(checkpoint)
        assert_same(everything(one), before)

    @pytest.mark.parametrize("damage", ["missing", "of another shape"])
    def test_velocities_that_do_not_fit_are_refused(self, tmp_path, whole, damage):
        checkpoint = whole[0].checkpoint()
        checkpoint.velocity = dict(checkpoint.velocity)
        if damage == "missing":
            del checkpoint.velocity["fc6.weight"]
        else:
            checkpoint.velocity["fc6.weight"] = np.zeros((512, 1), "float32")
        with pytest.raises(InputError, match="velocities of the momentum do not fit"):
            tiny_trainer(tmp_path).restore(checkpoint)


def assert_same_files(folder, other):
    """Apart from timings, which only the checkpoint and the table hold."""
    for name in ("last.npz", "best.npz"):
        one, two = load_checkpoint(folder / name), load_checkpoint(other / name)
        for key, value in one.params.items():
            np.testing.assert_array_equal(value, two.params[key])
        for key, value in one.velocity.items():
            np.testing.assert_array_equal(value, two.velocity[key])
        assert one.config == two.config


def in_a_process(*arguments) -> subprocess.CompletedProcess:
    """`run_tiny.py` as a program of its own."""
    script = Path(run_tiny.__file__)
    return subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env=run_tiny.environment(),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals as Unix has them")
class TestProcesses:
    @pytest.mark.parametrize("moment", ["updating", "saving", "renaming"])
    def test_killed_at_any_moment_it_goes_on_to_the_same_weights(self, tmp_path, whole, moment):
        """SIGKILL with half of the weights updated, half of a checkpoint written, or all of it."""
        killed = in_a_process(tmp_path, f"--kill-while={moment}")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        checkpoint = load_checkpoint(tmp_path / "last.npz")
        assert (checkpoint.progress["epoch"], checkpoint.progress["step"]) == (1, 1)

        second = tiny_trainer(tmp_path)
        second.restore(checkpoint)
        second.fit()
        assert_same(everything(second), whole[1])
        assert_same_files(tmp_path, whole[0].run.path)

    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
    def test_interrupted_it_saves_and_says_how_to_go_on(self, tmp_path, name):
        number = getattr(signal, name)
        process = subprocess.Popen(
            [sys.executable, run_tiny.__file__, str(tmp_path), "--tell", "--epochs=100000"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=run_tiny.environment(),
        )
        try:
            for line in process.stdout:
                if line == "step 5\n":
                    break
            process.send_signal(number)
            _, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 1
        told, message = stderr.strip().splitlines()
        assert told == "saving and stopping; once more to stop without saving"
        assert message.startswith("stopped in epoch ")
        assert f"go on with: minialexnet train --resume {tmp_path}" in stderr
        progress = load_checkpoint(tmp_path / "last.npz").progress
        assert 3 * progress["epoch"] + progress["step"] >= 5
        assert not list(tmp_path.glob(".*"))


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
class TestWhatIsNoNumber:
    def plant(self, one, name, after, value=np.inf):
        """Break a weight once `after` steps are done."""
        step, done = one.step, 0

        def broken(images, labels):
            nonlocal done
            if done == after:
                one.network.params[name].flat[7] = value
            done += 1
            return step(images, labels)

        one.step = broken

    @pytest.mark.parametrize(
        ("name", "value", "where"),
        [
            ("conv1.weight", np.inf, "the weight of conv1"),
            ("conv3.bias", np.nan, "the bias of conv3"),
            ("fc8.weight", -np.inf, "the weight of fc8"),
            ("conv2.weight", 3e38, "the output of "),
        ],
    )
    def test_training_stops_and_says_where_it_began(self, tmp_path, name, value, where):
        one = tiny_trainer(tmp_path)
        self.plant(one, name, after=4, value=value)
        kept = {}
        end_epoch = one._end_epoch

        def keep(*arguments):
            end_epoch(*arguments)
            kept["last"] = one.run.last.read_bytes()

        one._end_epoch = keep
        with pytest.raises(TrainingDiverged) as caught:
            one.fit()
        message = str(caught.value)
        assert "no longer a finite number in epoch 2, step 2; it began in " + where in message
        assert f"the last good checkpoint is {one.run.last}" in message
        assert "smaller --lr than 0.02" in message
        assert one.run.last.read_bytes() == kept["last"]
        assert_finite(one.run.last)
        assert_finite(one.run.best)

    def test_before_the_first_checkpoint_none_is_named(self, tmp_path):
        one = tiny_trainer(tmp_path)
        self.plant(one, "conv1.weight", after=0)
        with pytest.raises(TrainingStopped) as caught:
            one.fit()
        assert "checkpoint" not in str(caught.value)
        assert not one.run.last.exists()

    def test_no_thread_is_left_behind_by_what_stops_training(self, tmp_path):
        one = tiny_trainer(tmp_path)
        self.plant(one, "conv1.weight", after=1)
        with pytest.raises(TrainingStopped) as caught:
            one.fit()
        assert caught.value.__traceback__ is not None  # which keeps what its frames hold
        assert not [t for t in threading.enumerate() if t.name.startswith("batches")]

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_weights_broken_by_the_last_step_of_an_epoch_are_not_saved(self, tmp_path, value):
        """Its loss was finite; only validation can tell."""
        one = tiny_trainer(tmp_path)
        steps, step = 0, one.step

        def break_afterwards(images, labels):
            nonlocal steps
            result = step(images, labels)
            steps += 1
            if steps == 2 * STEPS:
                one.network.params["conv2.weight"].flat[7] = value
            return result

        one.step = break_afterwards
        with pytest.raises(TrainingDiverged, match=r"epoch 2.*it began in the weight of conv2"):
            one.fit()
        for file in (one.run.last, one.run.best):
            assert load_checkpoint(file).progress["epoch"] == 1
            assert_finite(file)

    def test_where_validation_overflows_is_not_guessed(self, tmp_path, monkeypatch):
        """The weights are finite, and nobody knows which picture it was."""
        monkeypatch.setattr(
            trainer, "evaluate", lambda *_, **__: (Tally(pictures=1, loss_sum=math.inf), None)
        )
        with pytest.raises(TrainingDiverged, match="finite number in epoch 1, step") as caught:
            tiny_trainer(tmp_path).fit()
        assert "it began in" not in str(caught.value)

    @pytest.mark.parametrize("cause", ["interrupt", "timer"])
    def test_weights_broken_by_a_step_are_not_saved_after_it(self, tmp_path, monkeypatch, cause):
        progress = Stopping(STEPS + 1, signal.SIGINT) if cause == "interrupt" else None
        one = tiny_trainer(tmp_path, progress=progress)
        steps, step = 0, one.step

        def break_afterwards(images, labels):
            nonlocal steps
            result = step(images, labels)
            steps += 1
            if steps == STEPS + 1:
                one.network.params["conv2.weight"].flat[7] = np.nan
                if cause == "timer":
                    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY_SECONDS", -1)
            return result

        one.step = break_afterwards
        with pytest.raises(TrainingDiverged, match="it began in the weight of conv2"):
            one.fit()
        assert load_checkpoint(one.run.last).progress["epoch"] == 1
        assert_finite(one.run.last)

    def test_the_first_place_is_found(self, rng):
        network = alexnet("mini", 4, CROP)
        x = rng.standard_normal((2, 3, CROP, CROP)).astype("float32")
        assert first_nonfinite(network, x) is None
        network["norm2"].k = -1e9
        with np.errstate(invalid="ignore"):
            assert first_nonfinite(network, x) == "the output of norm2 (LocalResponseNorm)"
        x[0, 0, 0, 0] = np.nan
        assert first_nonfinite(network, x) == "the pictures"


def assert_finite(path):
    assert all(np.isfinite(value).all() for value in load_checkpoint(path).params.values())


class TestTheBest:
    def test_is_kept_when_later_epochs_are_worse(self, tmp_path, monkeypatch):
        """best.npz shares its data with last.npz at first; later saves must not reach it."""
        errors = iter([6, 3, 5, 3, 4])
        evaluate = trainer.evaluate

        def scripted(*args, **kwargs):
            tally, logits = evaluate(*args, **kwargs)
            tally.top1 = tally.pictures - next(errors)
            return tally, logits

        monkeypatch.setattr(trainer, "evaluate", scripted)
        one = tiny_trainer(tmp_path, epochs=5)
        best, save = [], one.run.save_checkpoint

        def save_and_look(checkpoint, is_best=False):
            save(checkpoint, is_best)
            best.append(one.run.best.read_bytes())

        one.run.save_checkpoint = save_and_look
        one.fit()
        assert best[0] != best[1]
        assert best[1] == best[2] == best[3] == best[4]
        checkpoint = load_checkpoint(one.run.best)
        assert checkpoint.progress["epoch"] == 2
        assert checkpoint.progress["history"][-1]["val_top1_error"] == 3 / 8
        assert load_checkpoint(one.run.last).progress["epoch"] == 5

    def test_is_remembered_over_a_stop(self, tmp_path, monkeypatch):
        errors = iter([3, 5, 4])
        evaluate = trainer.evaluate

        def scripted(*args, **kwargs):
            tally, logits = evaluate(*args, **kwargs)
            tally.top1 = tally.pictures - next(errors)
            return tally, logits

        monkeypatch.setattr(trainer, "evaluate", scripted)
        with pytest.raises(TrainingStopped):
            tiny_trainer(tmp_path, progress=Stopping(5, signal.SIGINT)).fit()
        second = tiny_trainer(tmp_path)
        second.restore(load_checkpoint(second.run.last))
        second.fit()
        assert load_checkpoint(second.run.best).progress["epoch"] == 1


class TestWhatIsRefused:
    @pytest.mark.parametrize("part", ["training", "validation"])
    def test_labels_beyond_the_number_of_classes(self, tmp_path, part):
        few = tiny_pictures(3)  # labels 0 to 2
        sets = {"train": few, "val": few}
        sets["train" if part == "training" else "val"] = tiny_pictures(8)
        message = f"labels of the {part} pictures run from 0 to 3; expected 0 to 2, .* 3 classes"
        with pytest.raises(InputError, match=message):
            tiny_trainer(tmp_path, **sets, num_classes=3)

    @pytest.mark.parametrize("part", ["train", "val"])
    def test_no_pictures(self, tmp_path, part):
        none = PictureSet(np.zeros((0, 20, 20, 3), np.uint8), np.zeros(0, np.int64), CLASSES, [])
        sets = {"train": tiny_pictures(8), "val": tiny_pictures(8)} | {part: none}
        name = {"train": "training", "val": "validation"}[part]
        with pytest.raises(InputError, match=f"the {name} part has no pictures"):
            trainer.Trainer(tiny_config(), sets["train"], sets["val"], np.zeros(3), None, Silent())

    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ({"schedule": "cosine"}, "schedule is 'cosine'"),
            ({"variant": "vgg"}, "variant is 'vgg'"),
            ({"init": "zeros"}, "initialisation is 'zeros'"),
            ({"backend": "tpu"}, "backend is 'tpu'"),
            ({"momentum": 1.5}, "momentum=1.5"),
            ({"label_smoothing": 1.0}, "label_smoothing is 1.0"),
            ({"image_size": 10}, "crops of 10 pixels, cut out of pictures of 20, are too small"),
        ],
    )
    def test_settings_that_cannot_be(self, tmp_path, setting, message):
        with pytest.raises(InputError, match=message):
            tiny_trainer(tmp_path, **setting)


def test_training_and_validation_pictures_of_different_classes_are_refused(tmp_path):
    pictures = tiny_pictures()
    turned = PictureSet(
        pictures.images, pictures.labels, tuple(reversed(pictures.classes)), pictures.names
    )
    with pytest.raises(InputError, match="expected the same, in the same order"):
        tiny_trainer(tmp_path, val=turned)


class TestInterruptsDuringValidation:
    def test_the_epoch_is_not_lost_and_the_weights_are_the_same(self, tmp_path, whole):
        class StopInValidation(Silent):
            def update(self, units, text):
                super().update(units, text)
                if not text and not self.stopped:  # validation says nothing
                    self.stopped = True
                    signal.raise_signal(signal.SIGINT)

            stopped = False

        first = tiny_trainer(tmp_path, progress=StopInValidation())
        with pytest.raises(TrainingInterrupted, match="in epoch 1 of 3 after 3 of 3 steps"):
            first.fit()
        second = tiny_trainer(tmp_path)
        second.restore(load_checkpoint(second.run.last))
        second.fit()
        assert_same(everything(second), everything(whole[0]))

    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
    def test_the_second_time_too(self, tmp_path, name):
        number = getattr(signal, name)

        class Impatient(Stopping):
            times = 1

            def finish(self):
                if self.after <= 0 and self.times:
                    self.times -= 1
                    signal.raise_signal(number)

        with pytest.raises(TrainingInterrupted, match="stopped at once") as stopped:
            tiny_trainer(tmp_path, progress=Impatient(2, number)).fit()
        assert stopped.value.exit_status == 128 + number

    def test_where_nobody_can_be_told_it_saves_all_the_same(self, tmp_path, monkeypatch):
        """Ctrl-C also ends the `tee` that stood behind; a closed terminal takes no more text."""

        def refuse(*_):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(trainer.os, "write", refuse)
        one = tiny_trainer(tmp_path, progress=Stopping(2, signal.SIGHUP))
        with pytest.raises(TrainingInterrupted, match="everything is saved"):
            one.fit()
        assert load_checkpoint(one.run.last).progress["step"] == 2

    def test_what_was_ignored_before_stays_so(self, tmp_path):
        """`nohup` lets a training go on after its terminal was closed."""
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            one = tiny_trainer(tmp_path, progress=Stopping(2, signal.SIGHUP))
            assert len(one.fit()) == 3
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGHUP, before)

    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
    def test_the_exit_status_is_that_of_the_signal(self, tmp_path, name):
        number = getattr(signal, name)
        with pytest.raises(TrainingInterrupted) as stopped:
            tiny_trainer(tmp_path, progress=Stopping(2, number)).fit()
        assert stopped.value.exit_status == 128 + number


class TestOtherPictures:
    def test_fewer_training_pictures_are_refused(self, tmp_path, whole):
        fewer = tiny_pictures(len(tiny_pictures()) - 1)
        message = f"began with {len(tiny_pictures())} training pictures, and now there are "
        with pytest.raises(InputError, match=message):
            tiny_trainer(tmp_path, train=fewer).restore(whole[0].checkpoint())

    @pytest.mark.parametrize("part", ["train", "val"])
    def test_changed_pixels_are_noted(self, tmp_path, whole, part):
        pictures = {"train": tiny_pictures(), "val": tiny_pictures(8, seed=1)}[part]
        pictures.images[0, 0, 0] ^= 255
        one = tiny_trainer(tmp_path, **{part: pictures})
        one.restore(whole[0].checkpoint())
        assert "not quite the pictures that the run began with" in "".join(one.progress.lines)

    def test_the_same_pictures_are_not(self, tmp_path, whole):
        one = tiny_trainer(tmp_path)
        one.restore(whole[0].checkpoint())
        assert one.progress.lines == []


def test_what_was_measured_goes_on_after_a_break(tmp_path):
    first = tiny_trainer(tmp_path, progress=Stopping(3, signal.SIGINT))
    with pytest.raises(TrainingInterrupted):
        first.fit()
    second = tiny_trainer(tmp_path)
    second.restore(load_checkpoint(second.run.last))
    (entry, *_) = second.fit()
    assert entry["seconds"] >= first._seconds > 0
    assert 0 < entry["images_per_second"] < 1e7


def test_two_processes_do_not_train_into_one_folder(tmp_path):
    one = tiny_trainer(tmp_path)
    with one.run.in_use(), pytest.raises(InputError, match="another process is training into"):
        tiny_trainer(tmp_path).fit()
    tiny_trainer(tmp_path, epochs=1).fit()


def test_a_picture_that_cannot_be_drawn_does_not_stop_the_training(tmp_path, monkeypatch):
    def broken(history, file):
        raise RuntimeError("no font")

    monkeypatch.setattr(run_folder, "draw_curves", broken)
    one = tiny_trainer(tmp_path, epochs=2)
    assert len(one.fit()) == 2
    assert "could not be drawn (RuntimeError: no font)" in "".join(one.progress.lines)
    assert (tmp_path / "metrics.csv").exists()
    assert not (tmp_path / "curves.png").exists()


class TestParts:
    PARTS = types.MappingProxyType(
        dict(activation="tanh", lrn=False, pooling="tiled", dropout=0.25, groups=False)
    )

    def test_are_those_of_the_configuration(self, tmp_path):
        one = tiny_trainer(tmp_path, **self.PARTS, random_crop=False)
        assert one.network.parts == Parts(**self.PARTS)
        assert one.batches.random_crop is False
        assert tiny_trainer(tmp_path).batches.random_crop is True

    def test_a_run_without_some_goes_on_bit_by_bit(self, tmp_path):
        whole = tiny_trainer(tmp_path / "whole", **self.PARTS)
        whole.fit()
        begun = tiny_trainer(tmp_path / "begun", **self.PARTS)
        never = threading.Event()
        begun._train_epoch(never)
        begun._end_epoch(never)
        resumed = tiny_trainer(tmp_path / "begun", **self.PARTS)
        resumed.restore(load_checkpoint(begun.run.last))
        resumed.fit()
        for name, value in whole.network.params.items():
            np.testing.assert_array_equal(resumed.network.params[name], value)
