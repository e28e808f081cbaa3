"""`minialexnet data prepare`, and training on what it made."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from minialexnet.cli.common import load_data_again
from minialexnet.datasets import decode_all
from minialexnet.datasets import prepare as library_prepare
from minialexnet.training import TrainConfig, load_checkpoint


@pytest.fixture
def prepare(cli, own_tiny, tmp_path):
    """prepare(*options) -> answer, for a folder of pictures that may be changed."""

    def prepare(*options):
        return cli("data", "prepare", own_tiny, "--out", tmp_path / "out", *options)

    return prepare


def test_it_says_what_it_made_and_how_to_go_on(prepare, own_tiny, tmp_path):
    answer = prepare("--picture-size", 32)
    assert answer.status == 0
    first, second = answer.out.splitlines()
    assert first == (
        "30 pictures to train on and 12 to validate, 3 classes, 32 pixels: 182 kB in "
        f"{tmp_path / 'out'}/"
    )
    assert second == f"go on with: minialexnet train --data {tmp_path / 'out'}"
    pictures = library_prepare(own_tiny, tmp_path / "out", 32)[1]
    assert len(pictures.train) == 30


def test_bad_files_are_named_counted_and_left_out(prepare, own_tiny):
    (own_tiny / "train/red/0.png").write_bytes(b"broken")
    (own_tiny / "val/red/1.png").write_bytes(b"")
    answer = prepare()
    assert answer.status == 0
    assert "skipped 2 files that could not be read:" in answer.err
    assert "train/red/0.png: not a picture" in answer.err
    assert "val/red/1.png: the file is empty" in answer.err


def test_training_on_it_gives_the_same_weights(prepare, cli, own_tiny, recipe, tmp_path):
    """As on the folder itself, bit by bit; and a run begun on one can go on with the other."""
    assert prepare("--picture-size", 32).status == 0
    weights = []
    for name, data in (("a", own_tiny), ("b", tmp_path / "out")):
        answer = cli("train", "--data", data, "--runs", tmp_path / name, "--name", "x", *recipe)
        assert answer.status == 0, answer.err
        weights.append(load_checkpoint(tmp_path / name / "x-1/last.npz"))
    assert "prepared in" in answer.err
    one, other = weights
    assert one.progress["pictures"] == other.progress["pictures"]
    for name, values in one.params.items():
        assert np.array_equal(values, other.params[name])
    answer = cli("eval", "--checkpoint", tmp_path / "a/x-1", "--data", tmp_path / "out")
    assert answer.status == 0, answer.err


def test_a_size_that_it_does_not_have_is_refused(prepare, cli, tmp_path):
    assert prepare("--picture-size", 32).status == 0
    answer = cli("train", "--data", tmp_path / "out", "--picture-size", 40)
    assert answer.status == 1
    answer.last_sentence("prepared with the size 32, and 40 is needed")


def test_a_folder_that_cannot_be_written(prepare, tmp_path):
    (tmp_path / "out").write_text("a file")
    answer = prepare()
    assert answer.status == 1
    answer.last_sentence("out", "File exists", "name another folder")


def test_stretched_pictures_are_stretched_everywhere(cli, own_tiny, recipe, tmp_path):
    """In training, when it is measured, and when a picture is predicted."""
    answer = cli(
        "train", "--data", own_tiny, "--fit", "stretch", "--runs", tmp_path / "runs", *recipe
    )
    assert answer.status == 0, answer.err
    (checkpoint,) = (tmp_path / "runs").glob("*/best.npz")
    assert load_checkpoint(checkpoint).config["fit"] == "stretch"
    answer = cli("eval", "--checkpoint", checkpoint)
    assert answer.status == 0, answer.err
    answer = cli("predict", "--checkpoint", checkpoint, own_tiny / "val/red/0.png")
    assert answer.status == 0, answer.err


def test_ctrl_c(prepare, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(decode_all, "decode_picture", interrupted)
        answer = prepare()
    assert answer.status == 130
    answer.last_sentence("interrupted; the same command goes on from there")
    assert prepare().status == 0


def test_what_was_prepared_beside_a_link_is_found_again(cli, own_tiny, tmp_path, recipe):
    """And not beside the pictures, where perhaps nothing may be written."""
    link = tmp_path / "link"
    link.symlink_to(own_tiny)
    assert cli("data", "prepare", link, "--picture-size", 32).status == 0
    run = ("train", "--data", link, "--runs", tmp_path / "runs", *recipe, "--epochs", 1)
    assert "prepared in" in cli(*run).err
    config = json.loads((tmp_path / "runs" / "link-1" / "config.json").read_text())
    assert config["data"] == str(link)
    assert load_data_again(TrainConfig.from_dict(config), tmp_path).folder == tmp_path / "link-32px"


def test_a_finished_set_is_found_where_nothing_can_be_written(cli, own_tiny, tmp_path, monkeypatch):
    assert cli("data", "prepare", own_tiny, "--picture-size", 32).status == 0

    def refuse(path, missing_ok=False):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "unlink", refuse)
    assert cli("data", "prepare", own_tiny, "--picture-size", 32).status == 0
