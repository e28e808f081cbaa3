"""What the README tells people to type works."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from minialexnet.cli.main import main
from minialexnet.models import VARIANTS, alexnet

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the first command of the README was typed, with two epochs instead of eleven."""
    folder = tmp_path_factory.mktemp("readme")
    main(["train", "--runs", str(folder / "runs"), "--epochs", "2"])
    return folder


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_the_python_examples_run(block, folder):
    done = subprocess.run(
        [sys.executable, "-c", block], capture_output=True, text=True, cwd=folder, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stderr
    assert "WRONG" not in done.stdout


def test_the_picture_can_be_drawn(folder, tmp_path):
    pytest.importorskip("matplotlib")
    draw_picture = runpy.run_path(str(ROOT / "docs" / "draw_picture.py"))
    draw_picture["main"](folder / "runs" / "built-in-1", tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 50_000


def test_every_command_named_exists(capsys):
    commands = set(re.findall(r"(?:`|bin/|\n)minialexnet ([a-z]+)", README))
    assert {"train", "eval", "predict", "gradcheck", "models", "doctor"} <= commands
    for command in commands:
        with pytest.raises(SystemExit) as stopped:
            main([command, "--help"])
        assert stopped.value.code == 0, command
    capsys.readouterr()


def test_the_table_of_variants_states_the_true_counts():
    for name in VARIANTS:
        stated = re.search(rf"\| `{name}` \| ([\d,]+) \|", README)
        assert stated is not None, name
        assert int(stated[1].replace(",", "")) == alexnet(name).num_params


def test_files_that_are_linked_to_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
