"""`minialexnet bench`."""

import json
import re
import sys

import pytest

from minialexnet.backend import cupy_problem
from minialexnet.models import alexnet
from minialexnet.training import benchmark

SMALL = ("mini", "--image-size", 32, "--classes", 10, "--steps", 2, "--backend", "numpy")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(benchmark, "LATENCY_SECONDS", 0.0)
    monkeypatch.setattr(benchmark, "PRODUCTS_SECONDS", 0.0)


@pytest.fixture
def layers() -> list[str]:
    return list(alexnet("mini", 10, 32).layers)


def test_what_was_measured_is_said_and_fits_into_the_terminal(cli, monkeypatch, layers):
    monkeypatch.setenv("COLUMNS", "80")
    answer = cli("bench", *SMALL, "--batch-size", 4)
    assert (answer.status, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert max(map(len, lines)) < 80
    assert re.fullmatch(
        r"mini with [\d,]+ parameters, 32 pixels, batches of 4, 10 classes", lines[0]
    )
    assert re.match(r"computing with NumPy on \d+ thread", lines[1])
    time, rate = r" +[\d.,]+ m?s ", r" +[\d.,]+ images/s"
    assert re.search(rf"^training step{time}{rate}  \(median of 2 steps\)$", answer.out, re.M)
    assert re.search(rf"^inference{time}{rate}$", answer.out, re.M)
    assert re.search(rf"^one picture{time}{rate}$", answer.out, re.M)
    parts = re.findall(rf"^  (\w+){time} +(\d+)%$", answer.out, re.M)
    assert [name for name, _ in parts] == ["forward", "loss", "backward", "update"]
    assert abs(sum(int(share) for _, share in parts) - 100) <= 2
    begin = next(i for i, line in enumerate(lines) if line.startswith("layer "))
    end = lines.index("", begin)
    rows = [line.split()[0] for line in lines[begin + 1 : end]]
    assert rows == [*layers, "between", "loss", "update"]
    assert re.search(r"^conv1 +Conv2d( +[\d.,]+){2}  \S{12} +\d+% +\d+$", answer.out, re.M)
    assert re.search(r"^relu1 +ReLU( +[\d.,]+){2}  \S{12} +\d+%$", answer.out, re.M)
    last = " ".join(" ".join(lines[end:]).split())
    assert re.search(r"floor plain matrix products alone \([\d.,]+ GFLOP a step", last)
    assert re.search(r"\d+% of the step \(.* more than 100% is possible\)$", last)


def test_a_batch_of_one_picture_is_not_said_twice(cli):
    answer = cli("bench", *SMALL, "--batch-size", 1)
    assert answer.status == 0
    assert "one picture" in answer.out
    assert "inference" not in answer.out


def test_json_holds_the_same_figures(cli, layers):
    answer = cli("bench", *SMALL, "--batch-size", 2, "--json")
    assert (answer.status, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert (found["variant"], found["image_size"], found["classes"]) == ("mini", 32, 10)
    assert (found["batch_size"], found["steps"], found["backend"]) == (2, 2, "numpy")
    assert [layer["name"] for layer in found["layers"]] == layers
    assert found["images_per_second"]["training"] == pytest.approx(2 / sum(found["step"].values()))
    assert found["images_per_second"]["inference"] == pytest.approx(2 / found["inference"])
    assert found["images_per_second"]["inference_one_by_one"] == pytest.approx(1 / found["latency"])
    spent = sum(layer["forward"] + layer["backward"] for layer in found["layers"])
    whole = found["watched"]["forward"] + found["watched"]["backward"]
    assert spent + found["between_layers"] == pytest.approx(whole)
    assert found["operations"] == sum(layer["operations"] for layer in found["layers"])


def test_pictures_of_the_variants_own_size_are_taken(cli):
    found = json.loads(cli("bench", "mini", "--batch-size", 1, "--steps", 1, "--json").out)
    assert (found["image_size"], found["classes"]) == (56, 1000)


@pytest.mark.parametrize(
    ("options", "status", "parts"),
    [
        (["vgg"], 2, ["VARIANT", "'vgg'", "paper"]),
        (["--batch-size", "0"], 2, ["--batch-size", "at least 1"]),
        (["--batch-size", "many"], 2, ["--batch-size", "'many'"]),
        (["--steps", "0"], 2, ["--steps", "at least 1"]),
        (["--classes", "1"], 2, ["--classes", "at least 2"]),
        (["mini", "--image-size", "5"], 1, ["5 pixels", "too small"]),
        (["mini", "--batch-size", 10**12], 1, ["out of memory", "--batch-size"]),
        (["mini", "--batch-size", 10**30], 2, ["--batch-size", "at most 1,000,000,000,000"]),
        (["mini", "--image-size", 10**4, "--batch-size", 10**9], 1, ["out of memory"]),
        (["mini", "--image-size", 10**4], 1, ["image_size is 10000", "at most 8192"]),
        (["mini", "--classes", 10**12], 1, ["num_classes is 1", "at most 16777216"]),
    ],
    ids=lambda value: " ".join(map(str, value)) if "--" in str(value) else None,
)
def test_what_cannot_be_measured_is_one_sentence(cli, options, status, parts):
    answer = cli("bench", *options)
    assert (answer.status, answer.out) == (status, "")
    answer.sentence(*parts)


def test_memory_that_does_not_suffice_is_one_sentence(cli, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(benchmark, "_pictures", fail)
    answer = cli("bench", *SMALL)
    assert answer.status == 1
    answer.sentence("out of memory", "--batch-size")


def test_a_gpu_that_is_not_there_is_one_sentence(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    cupy_problem.cache_clear()
    try:
        answer = cli("bench", "mini", "--backend", "cupy")
    finally:
        cupy_problem.cache_clear()
    assert (answer.status, answer.out) == (1, "")
    answer.sentence("CuPy is not installed", "pip install ")
