"""What a run leaves behind: numbered folders, tables, pictures and checkpoints."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minialexnet.errors import InputError
from minialexnet.training import Checkpoint, RunFolder, load_checkpoint, run_folder
from minialexnet.training.checkpoint import PROGRESS
from minialexnet.training.run_folder import COLUMNS


def entry(epoch):
    values = {name: epoch + i / 7 for i, name in enumerate(COLUMNS)}
    return values | {"epoch": epoch}


def checkpoint(value):
    weights = {"w": np.full(3, value)}
    return Checkpoint(weights, weights, np.zeros(3), {}, [], dict.fromkeys(PROGRESS))


class TestNumbers:
    def test_begin_at_1_and_count_on(self, tmp_path):
        parent = tmp_path / "deep" / "runs"
        names = [RunFolder.new(parent, "cats").path.name for _ in range(3)]
        assert names == ["cats-1", "cats-2", "cats-3"]
        assert all((parent / name).is_dir() for name in names)

    def test_follow_the_highest_there_is(self, tmp_path):
        for name in ("cats-2", "cats-10", "cats-x", "cats", "dogs-77", "wildcats-99"):
            (tmp_path / name).mkdir()
        assert RunFolder.new(tmp_path, "cats").path.name == "cats-11"

    def test_names_are_taken_as_they_are(self, tmp_path):
        (tmp_path / "a+b-7").mkdir()
        (tmp_path / "aab-9").mkdir()
        assert RunFolder.new(tmp_path, "a+b").path.name == "a+b-8"

    def test_a_file_in_the_way_is_told(self, tmp_path):
        (tmp_path / "runs").write_text("a file")
        with pytest.raises(InputError, match=r"cannot make a run folder in .*runs"):
            RunFolder.new(tmp_path / "runs", "cats")


class TestFiles:
    def test_the_configuration_is_readable_json(self, tmp_path):
        RunFolder(tmp_path).save_config({"lr": 0.1, "flip": True, "data": "Straße"})
        text = (tmp_path / "config.json").read_text()
        assert json.loads(text) == {"lr": 0.1, "flip": True, "data": "Straße"}
        assert len(text.splitlines()) == 5

    def test_the_table_has_a_row_for_each_epoch(self, tmp_path):
        history = [entry(1), entry(2), entry(3)]
        RunFolder(tmp_path).save_metrics(history)
        with (tmp_path / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert tuple(rows[0]) == COLUMNS
        assert [row["epoch"] for row in rows] == ["1", "2", "3"]
        for row, values in zip(rows, history, strict=True):
            for name in COLUMNS:
                assert float(row[name]) == pytest.approx(values[name], rel=1e-5)

    @pytest.mark.parametrize("epochs", [1, 3])
    def test_the_curves_are_a_picture(self, tmp_path, epochs):
        RunFolder(tmp_path).save_metrics([entry(i + 1) for i in range(epochs)])
        with Image.open(tmp_path / "curves.png") as picture:
            assert picture.format == "PNG"
            width, height = picture.size
            assert 800 <= width <= 2000
            assert 300 <= height <= 1000
            assert len(picture.convert("RGB").getcolors(1 << 20)) > 10

    def test_nothing_else_is_left(self, tmp_path):
        run = RunFolder(tmp_path)
        run.save_config({})
        run.save_metrics([entry(1)])
        run.save_checkpoint(checkpoint(1), is_best=True)
        run.save_checkpoint(checkpoint(2))
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == ["best.npz", "config.json", "curves.png", "last.npz", "metrics.csv"]

    def test_a_missing_folder_is_told(self, tmp_path):
        with pytest.raises(InputError, match=r"could not write .*gone"):
            RunFolder(tmp_path / "gone").save_config({})


class TestCheckpoints:
    def test_best_stays_when_last_goes_on(self, tmp_path):
        run = RunFolder(tmp_path)
        run.save_checkpoint(checkpoint(1), is_best=True)
        best = run.best.read_bytes()
        for value in (2, 3):
            run.save_checkpoint(checkpoint(value))
            assert run.best.read_bytes() == best
            assert load_checkpoint(run.last).params["w"][0] == value
        run.save_checkpoint(checkpoint(4), is_best=True)
        assert run.best.read_bytes() == run.last.read_bytes() != best

    def test_there_is_no_best_before_one_was_said_to_be(self, tmp_path):
        run = RunFolder(tmp_path)
        run.save_checkpoint(checkpoint(1))
        assert run.last.exists()
        assert not run.best.exists()

    def test_a_crash_between_the_two_leaves_the_older_last_and_the_newer_best(
        self, tmp_path, monkeypatch
    ):
        run = RunFolder(tmp_path)
        run.save_checkpoint(checkpoint(1), is_best=True)

        def crash(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(run_folder, "replace_with_copy", crash)
        with pytest.raises(KeyboardInterrupt):
            run.save_checkpoint(checkpoint(2), is_best=True)
        assert load_checkpoint(run.best).params["w"][0] == 2
        assert load_checkpoint(run.last).params["w"][0] == 1


def test_what_a_killed_process_left_is_cleared(tmp_path):
    (tmp_path / ".last.npz.123.tmp").write_bytes(b"half")
    with RunFolder(tmp_path).in_use():
        assert list(tmp_path.iterdir()) == []


def test_a_run_folder_that_is_not_there_is_told(tmp_path):
    gone = pytest.raises(InputError, match=r"there is no run folder .*gone; name another")
    with gone, RunFolder(tmp_path / "gone").in_use():
        pass


def test_who_has_it_may_have_it_twice_and_nobody_else(tmp_path):
    run = RunFolder(tmp_path)
    for _ in range(2):
        with run.in_use():
            with run.in_use():
                pass
            refused = pytest.raises(InputError, match="another process is training into")
            with refused, RunFolder(tmp_path).in_use():
                pass
    with RunFolder(tmp_path).in_use():
        pass


def test_a_number_that_another_run_took_meanwhile_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "x-1").mkdir()
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(()))
    assert RunFolder.new(tmp_path, "x").path == tmp_path / "x-2"
