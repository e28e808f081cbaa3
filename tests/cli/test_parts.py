"""A network without some of its parts, through all commands."""

import json

import pytest

from minialexnet.cli import common
from minialexnet.models import Parts
from minialexnet.training import load_checkpoint, save_checkpoint

OPTIONS = (
    *("--activation", "tanh", "--no-lrn", "--pooling", "tiled", "--pool", "average"),
    *("--dropout", "0.25", "--no-groups", "--no-random-crop"),
)
PARTS = Parts("tanh", False, "tiled", "average", 0.25, False)
WORDS = "mini, tanh, no LRN, tiled pooling, average pooling, dropout 0.25, no groups"


@pytest.fixture(scope="module")
def without_parts(tiny, tmp_path_factory, recipe):
    """The folder of a run with other parts. Do not change it."""
    from minialexnet.cli.main import main

    runs = tmp_path_factory.mktemp("parts") / "runs"
    assert main(["train", "--data", str(tiny), "--runs", str(runs), *recipe, *OPTIONS]) == 0
    return runs / "tiny-1"


def test_the_run_writes_them_down(without_parts):
    config = json.loads((without_parts / "config.json").read_text())
    assert {name: config[name] for name in ("activation", "lrn", "dropout", "random_crop")} == {
        "activation": "tanh",
        "lrn": False,
        "dropout": 0.25,
        "random_crop": False,
    }


def test_the_checkpoint_makes_the_same_network_again(without_parts, cli, tiny, monkeypatch):
    made = []
    load_network = common.load_network
    monkeypatch.setattr(
        "minialexnet.cli.predict.load_network",
        lambda *args: made.append(load_network(*args)) or made[0],
    )
    answer = cli("predict", "--checkpoint", without_parts, tiny / "val" / "red" / "0.png")
    assert answer.status == 0, answer.err
    network, checkpoint, *_ = made[0]
    assert network.parts == PARTS
    assert "conv2.weight" in network.params
    assert network.params["conv2.weight"].shape == checkpoint.params["conv2.weight"].shape
    assert network.params["conv2.weight"].shape[1] == 32


def test_eval_measures_what_training_measured(without_parts, cli):
    history = load_checkpoint(without_parts / "last.npz").progress["history"]
    answer = cli("eval", "--checkpoint", without_parts / "last.npz")
    assert f"top-1 error {history[-1]['val_top1_error']:.2%}" in answer.out


def test_train_and_doctor_and_bench_name_them(cli, tiny, tmp_path, recipe):
    answer = cli("train", "--data", tiny, "--runs", tmp_path, *recipe, *OPTIONS)
    assert answer.err.splitlines()[1].startswith(f"{WORDS} with ")
    answer = cli(
        "bench", "mini", "--image-size", 16, "--classes", 5, "--batch-size", 2, *OPTIONS[:-1]
    )
    assert answer.out.startswith(f"{WORDS} with ")
    assert "tanh1     Tanh" in answer.out
    answer = cli("doctor", "--data", tiny, "--picture-size", 32, *OPTIONS)
    assert f"{WORDS}, initialisation he" in answer.out
    assert "zero for every picture" not in answer.out  # tanh has no dead units


def test_they_cannot_be_changed_while_resuming(cli, stopped):
    options = ("--no-lrn", "--no-groups", "--no-random-crop", "--activation", "tanh")
    answer = cli("train", "--resume", stopped, *options)
    assert answer.status == 1
    answer.sentence("--no-lrn", "--no-groups", "--no-random-crop", "--activation", "own settings")


@pytest.mark.parametrize(
    "options",
    [("--activation", "gelu"), ("--pooling", "3"), ("--pool", "min"), ("--dropout", "1")],
    ids=" ".join,
)
def test_what_there_is_not_is_refused_in_a_sentence(cli, tiny, options):
    answer = cli("train", "--data", tiny, *options)
    assert answer.status == 2
    answer.sentence(*options)


def test_a_checkpoint_with_a_part_there_is_not_is_refused_in_a_sentence(
    without_parts, cli, tmp_path
):
    checkpoint = load_checkpoint(without_parts / "last.npz")
    checkpoint.config["activation"] = "gelu"
    save_checkpoint(tmp_path / "odd.npz", checkpoint)
    answer = cli("eval", "--checkpoint", tmp_path / "odd.npz")
    assert answer.status == 1
    answer.sentence("odd.npz", "activation is 'gelu'; expected one of relu, tanh, sigmoid")


def test_a_checkpoint_of_before_there_were_any_is_of_a_network_with_all(trained, cli, tmp_path):
    checkpoint = load_checkpoint(trained / "last.npz")
    for name in ("activation", "lrn", "pooling", "pool", "dropout", "groups", "random_crop"):
        del checkpoint.config[name]
    save_checkpoint(tmp_path / "old.npz", checkpoint)
    old = cli("eval", "--checkpoint", tmp_path / "old.npz")
    new = cli("eval", "--checkpoint", trained / "last.npz")
    assert (old.status, old.out.splitlines()[1:]) == (0, new.out.splitlines()[1:])
