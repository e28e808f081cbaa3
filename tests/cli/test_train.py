"""`minialexnet train`: what it leaves behind, how it is stopped, and how it goes on."""

import csv
import dataclasses
import json
import os
import re
import shutil
import signal
import struct
import sys
import threading
import time
from functools import partialmethod

import numpy as np
import pytest
from PIL import Image
from pretend_cupy import cupy_that
from tqdm import tqdm

from minialexnet.cli import common, main, train
from minialexnet.cli.options import exception_arguments
from minialexnet.datasets import printable
from minialexnet.errors import InputError
from minialexnet.training import RunFolder, TrainConfig, Trainer, load_checkpoint, presets


def rows(run):
    with open(run / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_the_help_has_the_smallest_squares_of_the_preset_for_photographs(cli, monkeypatch):
    def told():
        text = " ".join(cli("train", "--help").out.split())
        return float(
            re.search(r"--min-crop PIXELS .*?default: 0; (\S+) of the pictures' side", text)[1]
        )

    shares = {"as it is": told()}
    read = presets.read_preset
    monkeypatch.setattr(
        "minialexnet.cli.options.read_preset", lambda name: read(name) | {"min_crop": 0.75}
    )
    shares["another"] = told()
    assert shares == {"as it is": read("photos")["min_crop"], "another": 0.75}


class TestWhatIsLeft:
    def test_the_commands_to_go_on_with_find_the_run(self, cli, tiny, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        options = ("--data", tiny, "--epochs", 1, "--batch-size", 8, "--picture-size", 32)
        options += ("--backend", "numpy")
        elsewhere = cli("train", *options, "--runs", "else where").err.splitlines()[-1]
        assert elsewhere.endswith(
            "minialexnet predict --checkpoint 'else where/tiny-1' PICTURE, "
            "or minialexnet report 'else where/tiny-1'"
        )
        here = cli("train", *options).err.splitlines()[-1]
        assert here.endswith("minialexnet predict PICTURE, or minialexnet report")

    def test_a_run_leaves_these_files_and_no_others(self, trained):
        names = {"config.json", "metrics.csv", "curves.png", "last.npz", "best.npz"}
        assert {path.name for path in trained.iterdir()} == names

    def test_the_configuration_is_complete_and_what_was_asked_for(self, trained, tiny):
        config = json.loads((trained / "config.json").read_text())
        assert config == load_checkpoint(trained / "last.npz").config
        assert config["data"] == str(tiny)
        assert (config["epochs"], config["batch_size"], config["picture_size"]) == (2, 8, 32)

    def test_there_is_one_row_an_epoch(self, trained):
        assert [row["epoch"] for row in rows(trained)] == ["1", "2"]
        for row in rows(trained):
            assert float(row["train_loss"]) > 0
            assert 0 <= float(row["val_top1_error"]) <= 1

    def test_the_curves_are_a_picture(self, trained):
        with Image.open(trained / "curves.png") as picture:
            picture.load()
            assert picture.width > 400

    def test_the_last_checkpoint_is_of_the_end_and_the_best_of_the_best_epoch(self, trained):
        errors = [float(row["val_top1_error"]) for row in rows(trained)]
        assert load_checkpoint(trained / "last.npz").progress["epoch"] == 2
        best = load_checkpoint(trained / "best.npz").progress["epoch"]
        assert best == 1 + int(np.argmin(errors))

    def test_the_same_options_give_the_same_weights(
        self, cli, tiny, trained, recipe, tmp_path, same_weights
    ):
        assert cli("train", "--data", tiny, "--runs", tmp_path, *recipe).status == 0
        assert same_weights(tmp_path / "tiny-1", trained)
        assert cli("train", "--data", tiny, "--runs", tmp_path, *recipe, "--seed", 1).status == 0
        assert not same_weights(tmp_path / "tiny-2", trained)


class TestWhatIsSaid:
    def test_pictures_network_and_folder_are_named(self, cli, tiny, tmp_path, recipe):
        answer = cli("train", "--data", tiny, "--runs", tmp_path, "--name", "mine", *recipe)
        assert (answer.status, answer.out) == (0, "")
        lines = answer.err.splitlines()
        assert "30 pictures to train on and 12 to validate, 3 classes, 32 pixels" in lines[0]
        assert "mini" in lines[1]
        assert "2 epochs in batches of 8" in lines[2]
        assert f"results go to {tmp_path / 'mine-1'}/" in lines[3]
        assert ["training" in lines[4], lines[5].split()[0]] == [True, "epoch"]
        assert [line.split()[0] for line in lines[6:8]] == ["1/2", "2/2"]
        assert re.match(r"done: \d+\.\d% of the validation pictures right, in epoch", lines[8])
        assert str(tmp_path / "mine-1" / "curves.png") in lines[9]
        assert "\r" not in answer.err

    def test_a_batch_that_holds_all_pictures_is_named(self, cli, tiny, tmp_path, recipe):
        answer = cli("train", "--data", tiny, "--runs", tmp_path, *recipe, "--batch-size", 64)
        assert "2 epochs in batches of 64 (one step an epoch), learning rate" in answer.err

    def test_a_set_too_small_for_the_steps_of_its_preset_is_told_so(
        self, cli, tiny, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(presets, "FEWEST_EPOCHS", 1)
        monkeypatch.setattr(presets, "MOST_EPOCHS", 2)
        options = ("--data", tiny, "--runs", tmp_path, "--picture-size", 32, "--backend", "numpy")
        note = "note: 30 pictures make 6 steps in 2 epochs, and the preset mini was made for 650; "
        assert note in cli("train", *options, "--batch-size", 8).err
        assert "note:" not in cli("train", *options, "--batch-size", 8, "--epochs", 2).err

    def test_without_data_the_built_in_set_is_taken(self, cli, tiny, tmp_path, recipe, monkeypatch):
        monkeypatch.setattr(common, "builtin_archive", lambda: tiny)
        assert cli("train", "--runs", tmp_path, *recipe, "--epochs", 1).status == 0
        config = json.loads((tmp_path / "built-in-1" / "config.json").read_text())
        assert config["data"] == "built-in"

    @pytest.mark.parametrize("columns", [80, 140])
    def test_the_bar_on_a_terminal_does_not_wrap(
        self, cli, tiny, tmp_path, recipe, monkeypatch, columns
    ):
        pty, fcntl, termios = map(pytest.importorskip, ("pty", "fcntl", "termios"))
        control, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        written = []

        def read():
            while True:
                try:
                    written.append(os.read(control, 4096))
                except OSError:  # its other end was closed
                    return

        reader = threading.Thread(target=read)
        reader.start()
        with open(terminal, "w", encoding="utf-8") as stream, monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", stream)
            patch.setattr("tqdm.tqdm.monitor_interval", 0)
            patch.setattr("tqdm.tqdm.__init__", partialmethod(tqdm.__init__, mininterval=0))
            assert cli("train", "--data", tiny, "--runs", tmp_path, *recipe).status == 0
        reader.join(10)
        os.close(control)
        bars = [
            bar
            for bar in re.split("[\r\n]+", b"".join(written).decode())
            if "%" in bar and "|" in bar
        ]
        for part in ("epoch 1/2 ", "loss ", "error ", " im", " left"):
            assert any(part in bar for bar in bars), part
        assert all(len(bar) < columns for bar in bars)


class TestAugmentations:
    @pytest.fixture
    def notes(self, cli, new_set, tmp_path, recipe):
        """What is noted before a training with these options on three digits."""
        digits = new_set(tmp_path / "digits", "6 7 9", train=6, val=1)

        def call(*options):
            options = (
                "--data",
                digits,
                "--runs",
                tmp_path / "runs",
                *recipe,
                "--epochs",
                1,
                *options,
            )
            answer = cli("train", *options)
            assert answer.status == 0, answer.err
            return [line for line in answer.err.splitlines() if line.startswith("note:")]

        return call

    def test_a_turned_6_is_a_9(self, notes):
        (line,) = notes("--rotation", 180)
        assert "turning may make one class look like another: '6' and '9'; " in line
        assert line.endswith("--except 6:rotation --except 9:rotation")

    def test_what_the_note_advises_is_what_ends_it(self, notes):
        (line,) = notes("--rotation", 180)
        assert notes("--rotation", 180, *line.split()[-4:]) == []

    def test_mirrored_letters(self, cli, new_set, tmp_path, recipe):
        data = new_set(tmp_path / "letters", "b d x", train=6, val=1)
        options = ("--data", data, "--runs", tmp_path, *recipe, "--epochs", 1)
        lines = cli("train", *options).err.splitlines()
        assert lines[1].startswith("note: mirroring may make one class look like another: 'b' and")
        assert "--no-flip, or for these alone with --except b:flip --except d:flip" in lines[1]
        assert "note:" not in cli("train", *options, "--no-flip").err

    def test_where_nothing_is_amiss_nothing_is_noted(self, notes):
        assert notes() == []
        assert notes("--rotation", 20, "--shift", 0.1, "--brightness", 0.4) == []

    def test_options_are_in_the_configuration(self, notes, tmp_path):
        notes("--scale", 0.5, "--shear", 5, "--except", "6:flip,colour-noise", "--except", "9:flip")
        (run,) = (tmp_path / "runs").iterdir()
        config = json.loads((run / "config.json").read_text())
        assert (config["scale"], config["shear"], config["rotation"]) == (0.5, 5, 0)
        assert config["except_for"] == {"flip": ["6", "9"], "colour_noise": ["6"]}

    def test_a_class_may_be_named_as_it_is_shown(self, cli, new_set, tmp_path, recipe):
        data = new_set(tmp_path / "set", "n01440764 dog:2", train=6, val=1)
        options = ("--data", data, "--runs", tmp_path, *recipe, "--epochs", 1)
        options += ("--except", "tench:flip", "--except", "dog:2:crop")
        assert cli("train", *options).status == 0
        config = json.loads((tmp_path / "set-1" / "config.json").read_text())
        assert config["except_for"] == {"flip": ["n01440764"], "crop": ["dog:2"]}

    @pytest.mark.parametrize(
        ("folder", "typed"),
        [("Ko\u0308ter", "K\u00f6ter"), ("a\u3000b", "a\u3000b"), ("a\u3000b", r"a\u3000b")],
    )
    def test_names_are_those_that_one_types_or_sees(
        self, cli, new_set, tmp_path, recipe, folder, typed
    ):
        """Letters with accents apart from them, as macOS names files, and spaces not of ASCII."""
        data = new_set(tmp_path / "set", "cat", train=6, val=1)
        for split in ("train", "val"):
            shutil.copytree(data / split / "cat", data / split / folder)
        options = ("--data", data, "--runs", tmp_path, *recipe, "--epochs", 1)
        assert cli("train", *options, "--except", f"{typed}:flip").status == 0
        config = json.loads((tmp_path / "set-1" / "config.json").read_text())
        assert config["except_for"] == {"flip": [printable(folder)]}

    def test_a_name_that_begins_with_a_dash_is_written_in_one_word(self):
        assert exception_arguments("-", "flip") == ["--except=-:flip"]
        assert exception_arguments("6", "colour_noise") == ["--except", "6:colour-noise"]

    def test_a_class_that_there_is_not_is_answered_with_those_there_are(self, cli, tiny, tmp_path):
        answer = cli("train", "--data", tiny, "--runs", tmp_path / "runs", "--except", "cat:flip")
        assert answer.status == 1
        answer.sentence("--except", "'cat'", "blue, green, red")
        assert not (tmp_path / "runs").exists()

    def test_they_cannot_be_changed_while_resuming(self, cli, stopped):
        answer = cli("train", "--resume", stopped, "--shear", 3, "--except", "red:flip")
        assert answer.status == 1
        answer.sentence("--shear, --except cannot be changed while resuming")


class TestGoingOn:
    def test_a_resumed_run_equals_one_without_a_break(
        self, cli, stopped, trained, tiny, same_weights
    ):
        assert len(rows(stopped)) == 1
        assert not same_weights(stopped, trained)
        answer = cli("train", "--resume", stopped)
        assert answer.status == 0
        assert "going on in epoch 2 after 1 of 3 steps" in answer.err
        assert "note:" not in answer.err
        assert same_weights(stopped, trained)
        assert [row["epoch"] for row in rows(stopped)] == ["1", "2"]

    def test_a_run_that_ended_right_after_an_epoch(
        self, cli, trained, tiny, recipe, tmp_path, same_weights, monkeypatch
    ):
        """Killed, say, before the first step of the next."""
        with monkeypatch.context() as patch:
            patch.setattr(RunFolder, "save_metrics", lambda *_: sys.exit(9))
            assert cli("train", "--data", tiny, "--runs", tmp_path, *recipe).status == 9
        answer = cli("train", "--resume", tmp_path / "tiny-1")
        assert answer.status == 0
        assert "\ngoing on with epoch 2\n" in answer.err
        assert same_weights(tmp_path / "tiny-1", trained)

    def test_a_checkpoint_of_the_run_names_it_too(self, cli, stopped, trained, same_weights):
        assert cli("train", "--resume", stopped / "last.npz").status == 0
        assert same_weights(stopped, trained)

    def test_a_run_that_is_finished_cannot_go_on(self, cli, trained):
        answer = cli("train", "--resume", trained)
        assert answer.status == 1
        answer.sentence(str(trained), "all its 2 epochs")

    @pytest.mark.parametrize(
        "options",
        [
            ("--lr", 0.1),
            ("--no-flip",),
            ("--picture-size", 40),
            ("--name", "other"),
            ("--runs", "x"),
        ],
    )
    def test_settings_cannot_be_changed_on_the_way(self, cli, stopped, options):
        answer = cli("train", "--resume", stopped, *options)
        assert answer.status == 1
        answer.sentence(options[0], "own settings")

    def test_a_run_that_another_process_trains_is_not_even_read(self, cli, stopped, monkeypatch):
        """What was read before the other one was done would take the place of what it did."""
        monkeypatch.setattr(train, "load_checkpoint", lambda path: pytest.fail("was read"))
        with RunFolder(stopped).in_use():
            answer = cli("train", "--resume", stopped)
        assert answer.status == 1
        answer.sentence(f"another process is training into {stopped}", "wait for it")

    @pytest.mark.parametrize("option", ["--resume", "--name"])
    def test_an_empty_name_is_not_taken_for_none(self, cli, tiny, tmp_path, monkeypatch, option):
        """As of a variable that is not set."""
        monkeypatch.chdir(tmp_path)
        answer = cli("train", "--data", tiny, option, "")
        assert answer.status == 1
        answer.sentence({"--resume": "no checkpoint last.npz", "--name": "--name is ''"}[option])
        assert not list(tmp_path.iterdir())

    def test_pictures_that_were_moved_can_be_named_anew(
        self, cli, stopped, own_tiny, trained, tmp_path, same_weights, monkeypatch
    ):
        checkpoint = load_checkpoint(stopped / "last.npz")
        checkpoint.config["data"] = str(tmp_path / "gone")
        monkeypatch.setattr("minialexnet.cli.train.load_checkpoint", lambda path: checkpoint)
        answer = cli("train", "--resume", stopped)
        assert answer.status == 1
        answer.sentence(str(tmp_path / "gone"), "--data")
        assert cli("train", "--resume", stopped, "--data", own_tiny).status == 0
        assert same_weights(stopped, trained)

    def test_a_run_of_the_gpu_goes_on_without_one_if_that_is_wanted(
        self, cli, stopped, trained, same_weights, pretend_cupy, monkeypatch
    ):
        pretend_cupy(ModuleNotFoundError("No module named 'cupy'", name="cupy"))
        checkpoint = load_checkpoint(stopped / "last.npz")
        checkpoint.config["backend"] = "cupy"
        monkeypatch.setattr("minialexnet.cli.train.load_checkpoint", lambda path: checkpoint)
        answer = cli("train", "--resume", stopped)
        assert answer.status == 1
        answer.sentence("CuPy is not installed", "pip install", "or go on with --backend numpy")
        answer = cli("train", "--resume", stopped, "--gpu", 1)
        assert answer.status == 1
        assert "or go on" not in answer.sentence("CuPy is not installed", "pip install")
        assert cli("train", "--resume", stopped, "--backend", "numpy").status == 0
        assert same_weights(stopped, trained)
        assert json.loads((stopped / "config.json").read_text())["backend"] == "numpy"

    def test_a_run_of_the_cpu_goes_on_there_though_there_is_a_gpu(
        self, cli, stopped, trained, same_weights, pretend_cupy
    ):
        pretend_cupy(cupy_that())
        assert cli("train", "--resume", stopped).status == 0
        assert same_weights(stopped, trained)

    @pytest.mark.parametrize(
        ("before", "options", "after"),
        [
            (("cupy", "float32"), [], ("cupy", "float32")),
            (("cupy", "tf32"), [], ("cupy", "tf32")),
            (("cupy", "float32"), ["--gpu", "0"], ("cupy", "float32")),
            (("cupy", "float32"), ["--precision", "tf32"], ("cupy", "tf32")),
            (("cupy", "tf32"), ["--backend", "numpy"], ("numpy", "float32")),
            (("numpy", "float32"), ["--backend", "cupy"], ("cupy", "tf32")),
            (("numpy", "float32"), ["--precision", "float32"], ("numpy", "float32")),
        ],
    )
    def test_a_run_goes_on_in_its_precision_if_no_other_is_wanted(
        self, pretend_cupy, stopped, before, options, after
    ):
        pretend_cupy(cupy_that())
        config = TrainConfig.from_dict(load_checkpoint(stopped / "last.npz").config)
        config = dataclasses.replace(config, backend=before[0], precision=before[1])
        arguments = main._parser().parse_args(["train", "--resume", "run", *options])
        device = train._device_to_go_on_with(config, arguments)
        assert (device.name, device.precision) == after

    def test_other_pictures_are_noticed(self, cli, stopped, own_tiny):
        (own_tiny / "train/red/0.png").write_bytes((own_tiny / "train/blue/1.png").read_bytes())
        answer = cli("train", "--resume", stopped, "--data", own_tiny)
        assert answer.status == 0
        assert "note: these are not quite the pictures" in answer.err

    def test_a_run_can_be_resumed_from_another_folder(
        self, cli, tiny, tmp_path, stopped, monkeypatch
    ):
        assert json.loads((stopped / "config.json").read_text())["data"] == str(tiny)
        monkeypatch.chdir(tmp_path)
        assert cli("train", "--resume", "stopped/tiny-1").status == 0

    @pytest.mark.skipif(os.name == "nt", reason="Windows cannot send Ctrl-C to one process")
    def test_ctrl_c_saves_says_how_to_go_on_and_exits_with_130(
        self, cli, spawn, finished, tiny, tmp_path, same_weights
    ):
        options = (
            "--data",
            tiny,
            "--picture-size",
            32,
            "--epochs",
            4,
            "--batch-size",
            2,
            "--lr",
            1e-3,
        )
        options += ("--backend", "numpy")
        process = spawn("train", *options, "--runs", tmp_path)
        run = tmp_path / "tiny-1"
        until = time.monotonic() + 60
        while not (run / "config.json").exists() and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        answer = finished(process)
        answer.last_sentence("everything is saved", f"minialexnet train --resume {run}")
        assert answer.status == 130
        assert cli("train", "--resume", run).status == 0
        assert cli("train", *options, "--runs", tmp_path, "--name", "whole").status == 0
        assert same_weights(run, tmp_path / "whole-1")


class TestMemory:
    """Of a GPU: tried before anything is left behind."""

    def test_what_a_step_takes_is_told_at_the_start_and_when_a_run_goes_on(
        self, cli, tiny, tmp_path, stopped, monkeypatch
    ):
        monkeypatch.setattr(Trainer, "rehearse", lambda self: "batches of 8 take 1.0 GiB")
        options = ("--data", tiny, "--epochs", 1, "--batch-size", 8, "--picture-size", 32)
        answer = cli("train", *options, "--backend", "numpy", "--runs", tmp_path / "new")
        assert answer.status == 0 and "batches of 8 take 1.0 GiB" in answer.err
        assert "batches of 8 take 1.0 GiB" in cli("train", "--resume", stopped).err

    def test_what_does_not_fit_leaves_no_folder(self, cli, tiny, tmp_path, monkeypatch):
        def refuse(self):
            raise InputError("batches of 8 do not fit; --batch-size 4 fits")

        monkeypatch.setattr(Trainer, "rehearse", refuse)
        answer = cli("train", "--data", tiny, "--backend", "numpy", "--runs", tmp_path / "new")
        assert answer.status == 1
        answer.last_sentence("do not fit", "--batch-size 4")
        assert not (tmp_path / "new").exists()
