"""benchmarks/train_torch.py: is it the same training, and does it go on where it stopped?"""

import csv
import json
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from training.tiny import tiny_config, tiny_pictures, tiny_trainer

from minialexnet.datasets import Pictures

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import train_torch  # noqa: E402  it imports PyTorch

RECIPE = {"epochs": 2, "min_crop": 14, "colour_noise": 0.1, "label_smoothing": 0.1}


def pictures() -> Pictures:
    return Pictures(tiny_pictures(), tiny_pictures(8, seed=1), [])


def test_without_dropout_the_weights_are_ours_after_every_epoch(tmp_path):
    # With a constant rate: of a rate that changes, PyTorch's momentum knows only the last value.
    recipe = RECIPE | {"dropout": 0.0, "schedule": "constant"}
    ours = tiny_trainer(tmp_path, **recipe)
    theirs = train_torch.Training(tiny_config(**recipe), pictures())
    theirs.network.drop6 = theirs.network.drop7 = torch.nn.Identity()
    ours.fit()
    for entry in ours.history:
        row = theirs.epoch()
        for name in ("epoch", "train_loss", "train_top1_error", "val_loss", "val_top1_error"):
            assert row[name] == pytest.approx(entry[name], rel=1e-4), name
    for name, parameter in theirs.network.named_parameters():
        expected = ours.network.params[name]
        np.testing.assert_allclose(parameter.detach(), expected, rtol=1e-3, atol=1e-5)


def weights(folder) -> dict:
    return torch.load(folder / train_torch.STATE)["network"]


@pytest.fixture
def command(tmp_path, monkeypatch):
    """command(folder, epochs=...) trains as a run of ours did."""
    run = tmp_path / "run"
    run.mkdir()
    tiny_trainer(run, **RECIPE).fit()
    (run / "config.json").write_text(json.dumps(tiny_config(**RECIPE).as_dict()))
    monkeypatch.setattr(train_torch, "load_data", lambda *_: pictures())

    def call(folder, *options):
        monkeypatch.setattr(
            sys, "argv", ["train_torch.py", str(run), "--out", str(folder), *options]
        )
        train_torch.main()

    return call


def test_interrupted_it_goes_on_to_the_same_weights(tmp_path, command, monkeypatch, capsys):
    command(tmp_path / "whole")
    whole = capsys.readouterr().out.splitlines()
    epoch, began = train_torch.Training.epoch, []

    def interrupted(training):
        began.append(len(training.history))
        if began == [0, 1]:
            raise KeyboardInterrupt
        return epoch(training)

    monkeypatch.setattr(train_torch.Training, "epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        command(tmp_path / "halves")
    command(tmp_path / "halves")
    assert began == [0, 1, 1]
    expected, got = weights(tmp_path / "whole"), weights(tmp_path / "halves")
    assert all(torch.equal(got[name], expected[name]) for name in expected)
    assert capsys.readouterr().out.splitlines()[-1] == whole[-1]  # over ten crops
    assert len((tmp_path / "halves" / "metrics.csv").read_text().splitlines()) == 3


def test_the_curves_of_both_are_drawn(tmp_path, command, monkeypatch, capsys):
    drawn = []
    panels = train_torch.panels
    monkeypatch.setattr(
        train_torch,
        "panels",
        lambda charts, *a, **k: drawn.append(charts) or panels(charts, *a, **k),
    )
    command(tmp_path / "out")
    (charts,), said = drawn, capsys.readouterr().out.splitlines()
    assert len(plt.imread(tmp_path / "out" / "beside.png")) > 100
    for who, folder in (("ours", tmp_path / "run"), ("PyTorch", tmp_path / "out")):
        rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
        for part, key in (("training", "train"), ("validation", "val")):
            losses = [float(row[f"{key}_loss"]) for row in rows]
            assert charts["loss"][f"{who}, {part}"] == losses
            errors = [100 * float(row[f"{key}_top1_error"]) for row in rows]
            assert charts["top-1 error in %"][f"{who}, {part}"] == pytest.approx(errors)
        best = min(float(row["val_top1_error"]) for row in rows)
        assert any(line.startswith(f"{who}: ") and f" {best:.2%} in" in line for line in said)


def test_trainings_of_unequal_length_are_not_drawn_side_by_side(tmp_path, command):
    command(tmp_path / "out", "--epochs", "1")
    assert not (tmp_path / "out" / "beside.png").exists()


def test_a_folder_of_another_training_is_refused(tmp_path, command, capsys):
    command(tmp_path / "out", "--epochs", "1")
    before = weights(tmp_path / "out")
    with pytest.raises(SystemExit):
        command(tmp_path / "out")
    assert "another training" in capsys.readouterr().err
    assert all(
        torch.equal(before[name], value) for name, value in weights(tmp_path / "out").items()
    )
