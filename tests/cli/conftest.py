"""A tiny set of pictures, runs trained on it, and ways to call the command line."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minialexnet.backend import Device, select_device
from minialexnet.cli import options
from minialexnet.cli.main import main
from minialexnet.training import RunFolder

ROOT = Path(__file__).parents[2]
RECIPE = ("--picture-size", "32", "--epochs", "2", "--batch-size", "8", "--backend", "numpy")


@dataclass
class Answer:
    """What a command left: its exit status and what it wrote."""

    status: int
    out: str
    err: str

    def sentence(self, *parts: str) -> str:
        """The one line on standard error, after a look that it is one and has these parts."""
        assert self.err.count("\n") == 1, self.err
        return self.last_sentence(*parts)

    def last_sentence(self, *parts: str) -> str:
        """The same, if other lines than errors may stand before it."""
        assert "Traceback" not in self.err, self.err
        errors = [line for line in self.err.splitlines() if line.startswith("minialexnet: ")]
        assert len(errors) == 1, self.err
        assert self.err.endswith(errors[0] + "\n"), self.err
        for part in parts:
            assert part in errors[0]
        return errors[0]


def draw(folder: Path, classes: str = "blue green red", train: int = 10, val: int = 4) -> Path:
    """A folder of noisy pictures of 40 to 63 pixels, each class with more of one colour."""
    rng = np.random.default_rng(0)
    for channel, name in enumerate(classes.split()):
        for split, count in (("train", train), ("val", val)):
            inside = folder / split / name
            inside.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 120, (*rng.integers(40, 64, 2), 3), dtype=np.uint8)
                pixels[..., channel % 3] += 100
                Image.fromarray(pixels).save(inside / f"{i}.png")
    return folder


@pytest.fixture(autouse=True)
def auto_is_numpy(request, monkeypatch) -> None:
    """Commands that are not told where to compute do the same on a machine with a GPU."""
    if "pretend_cupy" in request.fixturenames:
        return

    def select(name: str = "auto", gpu: int | None = None, precision: str | None = None) -> Device:
        chosen = name != "auto" or gpu is not None or precision == "tf32"
        return select_device(name if chosen else "numpy", gpu, precision)

    monkeypatch.setattr(options, "select_device", select)


@pytest.fixture
def draw_pictures():
    """The function `draw`."""
    return draw


@pytest.fixture(scope="session")
def new_set():
    """new_set(folder, classes, train, val) -> folder with pictures drawn into it."""
    return draw


@pytest.fixture
def cli(capsys):
    """cli("train", ...) -> Answer, from within this process."""

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as exit:
            status = exit.code
        return Answer(status, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def spawn():
    """spawn("train", ...) -> a running process of its own, for signals, limits and tracebacks."""

    def start(*arguments: object, **options) -> subprocess.Popen:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
        environment |= options.pop("env", {})
        return subprocess.Popen(
            [sys.executable, "-m", "minialexnet", *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            **options,
        )

    return start


@pytest.fixture(scope="session")
def finished():
    """finished(process) -> Answer."""

    def wait(process: subprocess.Popen) -> Answer:
        out, err = process.communicate(timeout=120)
        return Answer(process.returncode, out, err)

    return wait


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """A set of 30 pictures to train on and 12 to validate. Do not change it."""
    return draw(tmp_path_factory.mktemp("data") / "tiny")


@pytest.fixture
def own_tiny(tiny, tmp_path) -> Path:
    """A copy of `tiny` to spoil."""
    return shutil.copytree(tiny, tmp_path / "own")


@pytest.fixture(scope="session")
def recipe() -> tuple[str, ...]:
    """The options of the runs below: two epochs of three steps."""
    return RECIPE


@pytest.fixture(scope="session")
def trained(tiny, tmp_path_factory) -> Path:
    """The folder of a run that was trained without a break. Do not change it."""
    runs = tmp_path_factory.mktemp("trained") / "runs"
    assert main(["train", "--data", str(tiny), "--runs", str(runs), *RECIPE]) == 0
    return runs / "tiny-1"


@pytest.fixture(scope="session")
def _stopped(tiny, tmp_path_factory) -> Path:
    """A run like `trained`, stopped by Ctrl-C after its first epoch and a step."""
    runs = tmp_path_factory.mktemp("stopped") / "runs"
    save_metrics = RunFolder.save_metrics

    def interrupt(self, history):
        save_metrics(self, history)
        signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFolder, "save_metrics", interrupt)
        assert main(["train", "--data", str(tiny), "--runs", str(runs), *RECIPE]) != 0
    return runs / "tiny-1"


@pytest.fixture
def stopped(_stopped, tmp_path) -> Path:
    """A copy of that run, to resume."""
    return shutil.copytree(_stopped, tmp_path / "stopped" / "tiny-1")


@pytest.fixture
def same_weights():
    """same_weights(run, other): all arrays of the last checkpoints are equal to the bit."""

    def compare(run: Path, other: Path) -> bool:
        with np.load(run / "last.npz") as a, np.load(other / "last.npz") as b:
            names = [name for name in a.files if name != "text"]
            assert any(name.startswith("velocity/") for name in names)
            return set(a.files) == set(b.files) and all((a[n] == b[n]).all() for n in names)

    return compare
