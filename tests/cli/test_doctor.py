"""`minialexnet doctor`."""

import platform
import re
import sys

import numpy as np
import pytest
from PIL import __version__ as pillow_version
from pretend_cupy import cupy_that

from minialexnet.backend import cupy_problem
from minialexnet.cli import doctor


@pytest.fixture
def no_cupy(monkeypatch):
    """CuPy is not installed, wherever this runs."""
    monkeypatch.setitem(sys.modules, "cupy", None)
    cupy_problem.cache_clear()
    yield
    cupy_problem.cache_clear()


def test_versions_threads_and_folders_are_listed(cli):
    answer = cli("doctor")
    assert (answer.status, answer.err) == (0, "")
    for what, pattern in {
        "Python": re.escape(platform.python_version()),
        "numpy": re.escape(np.__version__),
        "pillow": re.escape(pillow_version),
        "BLAS": r".*threads",
        "threads": r"\d+ of \d+ cores",
        "minialexnet": r".*, in .*minialexnet",
        "built-in set": r".*shapes\.tgz",
    }.items():
        assert re.search(rf"^{what} +{pattern}", answer.out, re.MULTILINE), what


@pytest.mark.parametrize(
    ("architecture", "flags", "variable", "advised"),
    [
        ("Haswell", {"avx2", "avx512f"}, None, "with `OPENBLAS_CORETYPE=SkylakeX minialexnet"),
        ("Zen", {"avx2", "avx512f"}, None, "with `OPENBLAS_CORETYPE=SkylakeX minialexnet"),
        ("SkylakeX", {"avx2", "avx512f"}, None, None),
        ("Haswell", {"avx2"}, None, None),
        ("Haswell", {"avx2", "avx512f"}, "Haswell", "with `env -u OPENBLAS_CORETYPE minialexnet"),
        ("Haswell", {"avx2", "avx512f"}, "zen", "with `env -u OPENBLAS_CORETYPE minialexnet"),
        ("Haswell", {"avx2", "avx512f"}, "Foo", "with `OPENBLAS_CORETYPE=SkylakeX minialexnet"),
        ("Haswell", {"avx2", "avx512f"}, "", "with `OPENBLAS_CORETYPE=SkylakeX minialexnet"),
        ("Haswell", {"avx2"}, "Haswell", None),
    ],
)
def test_kernels_older_than_the_processor_are_named(
    monkeypatch, architecture, flags, variable, advised
):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    if variable is not None:
        monkeypatch.setenv("OPENBLAS_CORETYPE", variable)
    blas = [{"internal_api": "openblas", "architecture": architecture}]
    advice = doctor.slow_kernels(blas, flags)
    assert advice is None if advised is None else advised in advice


def test_why_cupy_cannot_be_used_is_said_and_how_to_mend_it(cli, no_cupy):
    out = cli("doctor").out
    assert re.search(
        r"^CuPy +not usable: CuPy is not installed[^:]*\n +to mend it: [^:]*(: )?pip install ",
        out,
        re.MULTILINE,
    )


def test_the_gpu_that_is_asked_for_is_looked_at_though_another_does_not_work(cli, pretend_cupy):
    cupy = cupy_that(gpus=2)

    def arange(n):
        if cupy.current() != 1:
            raise MemoryError("no room")
        return np.arange(n)

    cupy.arange = arange
    pretend_cupy(cupy, "cupy-cuda13x")
    assert "GPU 1" in cli("doctor", "--gpu", 1).out
    assert "not usable: CuPy sees a GPU but cannot compute" in " ".join(cli("doctor").out.split())


@pytest.mark.parametrize(("options", "products"), [((), "TF32"), (("float32",), "float32")])
def test_how_it_multiplies_is_said(cli, pretend_cupy, options, products):
    pretend_cupy(cupy_that(), "cupy-cuda13x")
    answer = cli("doctor", *(f"--precision={value}" for value in options))
    assert answer.status == 0
    assert f"multiplies matrices in {products} (" in answer.out


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--backend", "cupy"], ["cannot be used", "to mend it"]),
        (["--gpu", 1], ["cannot be used", "to mend it"]),
        (["--precision", "tf32"], ["only GPUs have", "to mend it"]),
        (["--backend", "numpy", "--gpu", 0], ["GPU 0 was asked for"]),
    ],
)
def test_a_device_that_is_asked_for_and_cannot_be_had_is_a_failure(
    cli, pretend_cupy, options, parts
):
    pretend_cupy(cupy_that(available=False))
    answer = cli("doctor", *options)
    assert answer.status == 1
    answer.last_sentence(*parts)


def test_every_gpu_is_listed(cli, pretend_cupy):
    pretend_cupy(cupy_that(gpus=2), "cupy-cuda13x")
    out = cli("doctor").out
    assert re.search(r"^CuPy +14\.2\.0 \(cupy-cuda13x\)$", out, re.MULTILINE)
    assert re.findall(r"^(GPU \d) +A GPU, 80 GiB$", out, re.MULTILINE) == ["GPU 0", "GPU 1"]


@pytest.mark.parametrize("command", ["train", "eval", "predict", "bench", "gradcheck", "doctor"])
def test_a_gpu_that_is_not_there_is_one_sentence(
    cli, pretend_cupy, trained, tiny, tmp_path, command
):
    pretend_cupy(cupy_that(gpus=2))
    picture = next((tiny / "val").rglob("*.png"))
    options = {
        "train": ("--data", tiny, "--runs", tmp_path),
        "eval": ("--checkpoint", trained),
        "predict": (picture, "--checkpoint", trained),
        "bench": ("mini",),
        "doctor": ("--data", tiny),
    }.get(command, ())
    answer = cli(command, *options, "--gpu", 5)
    assert answer.status == 1
    answer.last_sentence("there is no GPU 5", "GPUs 0 to 1")
    assert not list(tmp_path.iterdir())


def test_asking_for_cupy_without_it_is_one_sentence(cli, no_cupy, tiny, tmp_path):
    answer = cli("train", "--data", tiny, "--backend", "cupy", "--runs", tmp_path)
    assert answer.status == 1
    answer.sentence("CuPy is not installed", "pip install ")
    assert not list(tmp_path.iterdir())


def test_a_training_that_can_learn_looks_healthy(cli, tiny):
    options = ("--picture-size", 32, "--batch-size", 24, "--backend", "numpy")
    answer = cli("doctor", "--data", tiny, *options)
    assert answer.status == 0, answer.out
    assert "looks healthy" in answer.out
    assert re.search(
        r"^ok +first loss: 1\.\d+; guessing gives ln 3 = 1\.099", answer.out, re.MULTILINE
    )
    assert "BAD" not in answer.out


def test_a_training_that_cannot_learn_exits_with_1_and_gets_advice(cli, tiny):
    options = ("--picture-size", 32, "--batch-size", 24, "--lr", 50, "--backend", "numpy")
    answer = cli("doctor", "--data", tiny, *options)
    assert answer.status == 1
    assert re.search(r"^BAD +size of a step", answer.out, re.MULTILINE)
    assert "--lr" in answer.out
    assert "need attention" in answer.out


def test_pictures_that_do_not_exist_are_named(cli, tmp_path):
    answer = cli("doctor", "--data", tmp_path / "nowhere")
    assert answer.status == 1
    answer.sentence(str(tmp_path / "nowhere"))
