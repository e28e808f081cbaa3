"""What the README tells people to type works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from minialexnet.cli.main import main
from minialexnet.models import VARIANTS, alexnet

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_the_python_examples_run(block):
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "WRONG" not in done.stdout


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
    root = Path(__file__).parents[1]
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (root / target).exists(), target
