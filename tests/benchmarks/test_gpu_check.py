"""benchmarks/gpu_check.py, as far as it goes without a GPU: its trial, and what decides alone."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import gpu_check
import numpy as np
import pytest
from gpu import gradients, input, parity, speed, speed_tables, tests, training
from gpu.clocks import kernels_of_trace
from gpu.part import Part, Settings
from gpu.plan import WEIGHTS, next_share, shares
from gpu.processes import environment, follow
from gpu.summary import cell

from minialexnet.backend import cupy_problem

COMMAND = Path(gpu_check.__file__)
MODULES = {name: importlib.import_module(f"gpu.{name}") for name in WEIGHTS}


def call(*options, **variables) -> subprocess.CompletedProcess:
    """The command, in a process of its own."""
    return subprocess.run(
        [sys.executable, COMMAND, *map(str, options)],
        capture_output=True,
        text=True,
        env=os.environ | variables,
        timeout=300,
    )


# ---- the whole command -------------------------------------------------------------------------


def refusal(*options) -> str:
    """What the command says when it does not even begin."""
    done = call("--trial", *options)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_folder_that_cannot_be_written_into_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    said = refusal("--parts", "gradients", "--out", tmp_path / "file")
    assert "cannot write into the folder" in said and "give another with --out" in said
    (tmp_path / "out" / "gpu-check.md").mkdir(parents=True)
    assert "(gpu-check.md)" in refusal("--parts", "gradients", "--out", tmp_path / "out")


@pytest.mark.parametrize("minutes", ["abc", "0", "nan"])
def test_minutes_that_are_none_are_refused(minutes):
    assert f"{minutes} is not a number of minutes above 0" in refusal("--minutes", minutes)


def test_tests_without_pytest_are_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu_check.py", "--trial"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        gpu_check.parse_options()
    assert "pip install pytest hypothesis" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["gpu_check.py", "--trial", "--parts", "speed"])
    assert gpu_check.parse_options().parts == ("speed",)


@pytest.mark.slow
def test_a_trial_runs_the_quick_parts_and_says_that_it_is_one(tmp_path):
    done = call("--trial", "--parts", "tests,gradients,input,training", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "out" / "gpu-check.md").read_text()
    assert text.startswith("# GPU check (A TRIAL, NOT A MEASUREMENT)")
    assert "THIS IS A TRIAL" in text and str(tmp_path) not in text
    for heading in ("Tests", "Gradients", "Feeding the training step", "Training: mini"):
        assert f"\n## {heading}" in text
    report = json.loads((tmp_path / "out" / "gpu-check.json").read_text())["seconds"]
    assert all(verdict["ok"] for verdict in report["verdicts"].values())
    assert sum(found["passed"] for found in report["results"]["tests"]) > 10
    assert [r["epoch"] for r in report["results"]["training"][:-1]] == [1, 2]
    printed = {path.name for path in (tmp_path / "out").iterdir()}
    wanted = {f"gpu-check-{part}.txt" for part in ("tests", "gradients", "training")}
    assert wanted <= printed and not any("unfinished" in name for name in printed)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_a_trial_compares_backends_and_speed(tmp_path):
    parts = ("--parts", "parity,speed", "--precision", "tf32")
    done = call("--trial", *parts, "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "gpu-check.json").read_text())["seconds"]
    topics = {found["topic"] for found in report["results"]["speed"]}
    assert topics == {"rates", "agreement", "steps", "layers", "kernels"}
    layers = next(r for r in report["results"]["speed"] if r["topic"] == "layers")["kinds"]
    assert set(layers) == {"ours", "torch", "torch channels_last"}
    assert all(set(layers[kind]["layers"]) == set(layers["ours"]["layers"]) for kind in layers)
    assert all(found["ok"] for found in report["results"]["parity"])


def test_without_a_gpu_it_says_so_in_a_sentence_and_does_nothing(tmp_path):
    if cupy_problem() is None:
        pytest.skip("CuPy works here")
    done = call("--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stdout == "" and not (tmp_path / "out").exists()
    assert done.stderr.startswith("gpu_check: the CuPy backend cannot be used: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options, reason",
    [
        (["--parts", "tests,sped"], "expected some of tests,"),
        (["--parts", "training"], "the part training needs pictures"),
        (["--data", "/nowhere"], "there is nothing at /nowhere"),
        (["--trial", "--gpu", "1"], "--trial uses no GPU"),
        (["--minutes", "0"], "0 is not a number of minutes above 0"),
        (["--precision", "half"], "expected some of float32,tf32, not half"),
    ],
)
def test_options_that_cannot_be_are_refused(options, reason, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu_check.py", *options])
    with pytest.raises(SystemExit) as stopped:
        gpu_check.parse_options()
    assert stopped.value.code == 2
    assert reason in capsys.readouterr().err


# ---- parts that fail ---------------------------------------------------------------------------


@pytest.fixture
def check(tmp_path, monkeypatch):
    """check({part: (lines, what went wrong)}) -> a run of these parts that were played to it."""
    monkeypatch.setattr(sys, "argv", ["gpu_check.py", "--out", str(tmp_path)])

    def run(played):
        def follow(command, seconds, on_line, log, gpu):
            lines, went_wrong = played[command[-2]]
            for line in lines:
                on_line(json.dumps(line))
            return went_wrong

        monkeypatch.setattr(gpu_check, "follow", follow)
        settings = Settings(trial=False, precisions=("tf32",), out=str(tmp_path), data="x.tgz")
        done = gpu_check.Check(settings, list(played), {"date": "2026"}, time.monotonic() + 100)
        done.run(None)
        return done, (tmp_path / "gpu-check.md").read_text()

    return run


PASSED = {"folder": "tests/ops", "seconds": 1.0, "ended": None, "tail": [], "skipped": 0,
          "topic": "tests", "passed": 3, "failed": 0, "in error": 0, "failures": []}  # fmt: skip


def test_a_part_that_hangs_or_fails_is_reported_and_the_others_go_on(check):
    killed = "killed after 9 s, which was its share of the time"
    done, text = check(
        {
            "tests": ([{"result": PASSED}], killed),
            "gradients": ([{"failed": "the GPU is | gone"}], "died with status 1"),
            "training": ([{"result": EPOCH}, {"result": ENDED}], None),
        }
    )
    assert not done.ok
    assert {part: verdict.ok for part, verdict in done.verdicts.items()} == {
        "tests": False,
        "gradients": False,
        "training": True,
    }
    assert f"{killed}; before that: 3 passed" in text
    assert "the GPU is \\| gone" in text
    assert "tests/ops" in text and "## Training: paper on x.tgz" in text


def test_all_is_well_only_if_every_part_was_run(check):
    done, text = check({"tests": ([{"result": PASSED}], None)})
    assert done.ok and "| tests | " in text
    done.parts.append("speed")
    assert not done.ok


def test_results_that_no_table_can_be_made_of_stay_in_the_json(check, tmp_path):
    done, text = check({"training": ([{"result": {"topic": "epoch"}}], None)})
    assert not done.ok
    assert "training: no tables could be made" in text
    assert "its results could not be judged" in text
    assert json.loads((tmp_path / "gpu-check.json").read_text())["seconds"]["results"]["training"]


@pytest.mark.parametrize("part", WEIGHTS)
def test_a_part_that_found_nothing_has_no_tables_and_is_not_well(part):
    assert MODULES[part].tables([]) == []
    assert not MODULES[part].verdict([]).ok


def test_a_command_that_hangs_is_killed_with_what_it_started(tmp_path):
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    lines = []
    with open(tmp_path / "log", "w") as log:
        reason = follow([sys.executable, "-c", program], 1.0, lines.append, log)
    assert reason == "killed after 1 s, which was its share of the time"
    deadline = time.monotonic() + 10
    while is_running(int(lines[0])) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(int(lines[0]))


def is_running(pid: int) -> bool:
    """Whether there is such a process that is not a zombie which nobody has waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_how_a_command_ended_is_told(tmp_path):
    lines = []
    with open(tmp_path / "log", "w") as log:
        unfinished = "print(1, 2, sep='\\n', end='')"
        assert follow([sys.executable, "-c", unfinished], 30.0, lines.append, log) is None
        died = follow([sys.executable, "-c", "exit(3)"], 30.0, lambda line: None, log)
    assert lines == ["1\n"]
    assert died == "died with status 3"


def test_one_gpu_of_those_that_are_seen(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert "CUDA_VISIBLE_DEVICES" not in environment()
    assert environment(gpu=1)["CUDA_VISIBLE_DEVICES"] == "1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5")
    assert environment(gpu=1)["CUDA_VISIBLE_DEVICES"] == "GPU-5"


# ---- sharing out the time ----------------------------------------------------------------------


@pytest.mark.parametrize("parts", [list(WEIGHTS), ["tests", "speed"], ["training"]])
def test_shares_add_up_to_the_whole(parts):
    assert sum(shares(parts, 540).values()) == pytest.approx(540)
    assert list(shares(parts, 540)) == parts


def test_what_a_part_does_not_need_goes_to_those_after_it():
    parts = ["tests", "speed", "input"]
    planned = shares(parts, 300)
    assert next_share("tests", parts, 300) == pytest.approx(planned["tests"])
    assert next_share("speed", parts, 290) > planned["speed"]
    assert next_share("input", parts, 123) == 123
    assert next_share("input", parts, -5) == 0


def test_numbers_that_json_has_not_become_none():
    lines = []
    Part(Settings(trial=True, precisions=(), out="."), lines.append).result("x", a=[np.nan, 1.5])
    assert json.loads(lines[0]) == {"result": {"topic": "x", "a": [None, 1.5]}}


# ---- what the parts make of what they read -----------------------------------------------------

JUNIT = """<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="tests.ops.test_conv" name="test_a[cupy]" time="1"/>
<testcase classname="tests.ops.test_conv" name="test_b"><skipped message="no"/></testcase>
<testcase classname="tests.ops.test_conv" name="test_c"
  ><failure message="assert 1 == 2&#10; + where">E  assert</failure></testcase>
<testcase classname="tests.ops.test_conv" name="test_d"
  ><error message="failed on setup with &quot;x | y&quot;">long</error></testcase>
</testsuite></testsuites>"""


def test_summary_of_what_pytest_writes():
    found = tests.junit_summary(JUNIT)
    counted = [found[kind] for kind in tests.KINDS]
    assert counted == [1, 1, 1, 1]
    assert found["failures"] == [
        {"test": "tests.ops.test_conv::test_c", "reason": "assert 1 == 2"},
        {"test": "tests.ops.test_conv::test_d", "reason": 'failed on setup with "x | y"'},
    ]
    assert tests.junit_summary("<testsuites/>")["failures"] == []
    result = {"folder": "tests/ops", "seconds": 1.0, "ended": None, "tail": ["the end"], **found}
    text = "\n\n".join(map(str, tests.tables([result])))
    assert "x \\| y" in text and "    the end" in text
    assert tests.verdict([result]).text == "1 passed, 1 failed, 1 in error, 1 skipped"


def test_folders_of_tests_in_order_of_their_weight():
    folders = tests.folders_in_order(Path(__file__).parents[1])
    assert folders[:3] == ["tests/ops", "tests/layers", "tests/gradcheck"]
    assert "tests/test_imports.py" in folders
    assert not {"tests/benchmarks", "tests/strict", "tests/conftest.py"} & set(folders)


def test_folders_that_have_little_to_do_with_a_gpu_share_a_pytest():
    folders = tests.folders_in_order(Path(__file__).parents[1])
    runs = tests.together(folders)
    assert list(runs)[:2] == ["tests/ops", "tests/layers"]
    assert [path for paths in runs.values() for path in paths] == folders
    assert len(runs) == len(tests.FIRST) + 1
    assert tests.together(["tests/ops"]) == {"tests/ops": ["tests/ops"]}


GRADCHECK = """\
layer                option                             error  points  kinks
Conv2d               groups=2                         3.5e-09     120      0  ok
MaxPool2d            overlapping                      2.0e-01      36      4  WRONG
    dx[1]: analytic 1.0, numeric 2.0
ReLU                                                  1.0e-11      24      0  ok
"""
END = "3 checks, 180 numbers compared: 1 of them WRONG\nlargest relative error 2.0e-01\n"


@pytest.mark.parametrize(
    "end, verdict",
    [(END, "1 of them WRONG"), ("", "3 checks done, 1 of them not ok")],
)
def test_summary_of_what_gradcheck_prints(end, verdict):
    found = gradients.gradcheck_summary(GRADCHECK + end)
    assert found == {
        "checks": 3,
        "error": 0.2,
        "verdict": verdict,
        "wrong": ["MaxPool2d overlapping 2.0e-01 36 4 WRONG"],
    }
    result = {"what": "all layers", "ok": False, "seconds": 3.0, **found}
    assert "MaxPool2d" in str(gradients.tables([result])[1])
    assert gradients.verdict([result]).text == f"all layers: {verdict}"


def test_gradcheck_that_could_not_begin():
    found = gradients.gradcheck_summary("minialexnet: there is no GPU\n")
    assert found["verdict"].startswith("minialexnet: there is no GPU")
    assert found["error"] is None


def test_how_far_arrays_are_apart():
    assert parity.difference(np.array([1.0, 4.5]), np.array([1.0, 5.0])) == pytest.approx(0.1)
    assert parity.difference(np.array([True]), np.array([False])) == 1
    assert parity.apart(np.array([3.0, 4.0]), np.array([3.0, 5.0])) == pytest.approx(34**-0.5)
    for measure in (parity.difference, parity.apart):
        assert measure(np.zeros(2), np.zeros(2)) == 0
        assert measure(np.array([np.nan, 1]), np.ones(2)) == np.inf
    assert parity.difference(np.ones(2), np.ones((2, 1))) == np.inf


def test_an_operation_that_fails_or_is_wrong_is_named():
    raw = {"topic": "operations", "shapes": "conv1", "allowed": 1e-4, "error": None}
    results = [
        {**raw, "operation": "relu", "ok": True, "off": {"y": 0.0}},
        {**raw, "operation": "lrn", "ok": False, "off": {"y": 1e-6, "dx": None}},
        {**raw, "operation": "im2col", "ok": False, "off": {}, "error": "ValueError: no"},
    ]
    text = str(parity.tables(results)[0])
    assert "not a number" in text and "ValueError: no" in text
    assert parity.verdict(results).text == "wrong: lrn (conv1), im2col (conv1)"
    assert parity.verdict(results[:1]).ok


# ---- speed -------------------------------------------------------------------------------------


def steps(seconds, variant="paper"):
    """Training steps in which each contestant took the same seconds in all rounds."""
    times = {kind: [{"step": value, "host": value / 2}] * 3 for kind, value in seconds.items()}
    about = {"topic": "steps", "precision": "tf32", "variant": variant, "batch": 128}
    return {**about, "do": "train", "times": times, "flops": 10**12, "held": {"ours": 2**30}}


@pytest.mark.parametrize(
    "seconds, variant, goal",
    [
        ({"ours": 0.1, "torch": 0.2, "torch channels_last": 0.16}, "paper", "1.5x reached"),
        (
            {"ours": 0.1, "torch": 0.2, "torch channels_last": 0.12},
            "paper",
            "1.5x reached beside PyTorch only",
        ),
        ({"ours": 0.1, "torch": 0.12}, "paper", "1.5x missed"),
        ({"ours": 0.1, "torch": 0.11}, "owt", "1x reached"),
        ({"ours": 0.1, "torch": 0.9}, "mini", "-"),
        ({"ours": 0.1}, "paper", "-"),
        ({"torch": 0.1}, "paper", "-"),
    ],
)
def test_whether_a_goal_is_reached(seconds, variant, goal):
    found = steps(seconds, variant)
    (table,) = speed_tables.tables([found])
    assert table.rows[0][table.columns.index("goal")] == goal
    assert speed.verdict([found]).ok


def test_contestants_that_compute_something_else_are_no_comparison():
    agreement = {"topic": "agreement", "precision": "float32", "variant": "paper", "batch": 128}
    timed = steps({"ours": 0.1, "torch": 0.2})
    assert speed.verdict([timed, {**agreement, "off": {"torch": 1e-5}}]).ok
    for off in (0.1, None):
        assert not speed.verdict([timed, {**agreement, "off": {"torch": off}}]).ok
    assert speed.verdict([timed, {**agreement, "precision": "tf32", "off": {"torch": 5e-3}}]).ok


def test_shares_of_the_ceilings_of_steps_and_layers():
    rates = {"topic": "rates", "precision": "tf32", "products": [[256, 2e13]], "best": 2e13}
    layer = {"forward": 0.01, "backward": 0.03, "operations": 4 * 10**11, "bytes": 10**10}
    relu = {**layer, "operations": 0}
    ours = {"layers": {"conv1": layer, "relu1": relu}, "loss": 0.001, "update": 0.01, "step": 0.1}
    theirs = {"layers": {"conv1": layer}, "loss": 0.001, "update": 0.01}
    about = {"topic": "layers", "precision": "tf32", "variant": "paper", "batch": 128}
    layers = {**about, "kinds": {"ours": ours, "torch": theirs}}
    results = [{**rates, "copy": 1e12}, steps({"ours": 0.1, "torch": 0.2}), layers]
    _, _, ceilings, by_layer = speed_tables.tables(results)
    assert ceilings.rows[0][3:8] == ["1000", "50.0%", "25.0%", "-", "50%"]
    assert by_layer.rows[0][-2:] == ["40.0%", "50%"]
    assert by_layer.rows[1][-1] == "(12%)" and "-" in by_layer.rows[1]
    assert by_layer.rows[-1][-2] == "9.0%"  # in none of them: 100 - 80 - 11 ms


def test_kernels_by_their_time():
    events = [
        {"cat": "kernel", "name": "void gemm<float>(int, int)", "dur": 300.0},
        {"cat": "kernel", "name": "void gemm<float>(int, int)", "dur": 500.0},
        {"cat": "gpu_memcpy", "name": "Memcpy HtoD", "dur": 100.0},
        {"cat": "cpu_op", "name": "aten::conv2d", "dur": 9000.0},
        {"ph": "M", "name": "process_name"},
    ]
    kernels = kernels_of_trace({"traceEvents": events}, steps=2)
    assert kernels == [
        {"name": "void gemm<float>(int, int)", "calls": 1.0, "seconds": pytest.approx(4e-4)},
        {"name": "Memcpy HtoD", "calls": 0.5, "seconds": pytest.approx(5e-5)},
    ]
    about = {"topic": "kernels", "precision": "tf32", "variant": "paper", "batch": 128}
    (table,) = speed_tables.tables([{**about, "kind": "ours", "kernels": kernels}])
    assert table.rows[0] == ["gemm<float>", "1", "0.400", "88.9%"]
    (table,) = speed_tables.tables([{**about, "kind": "torch", "kernels": []}])
    assert table.rows[0][0] == "none was seen"


def test_what_feeding_adds():
    turns = {"fixed": 0.1, "fed": 0.11, "made": 0.05, "moved": 0.01}
    times = {kind: [{"step": seconds}] * 3 for kind, seconds in turns.items()}
    about = {"topic": "input", "precision": "tf32", "variant": "paper", "batch": 128}
    result = {**about, "stored": 256, "crop": 224, "times": times}
    (table,) = input.tables([result])
    assert table.rows[0][3:5] == ["10.0% (10.0 to 10.0)", "100 ms"]
    assert input.verdict([result]).ok


# ---- training ----------------------------------------------------------------------------------

EPOCH = {"topic": "epoch", "wall": 21.0, "epoch": 1.0, "seconds": 9.0, "images_per_second": 999.0,
         "train_loss": 1.5, "train_top1_error": 0.5, "val_top1_error": 0.3}  # fmt: skip
ENDED = {"topic": "ended", "status": 0, "seconds": 30.0, "tail": ["done"], "config":
         {"variant": "paper", "data": "x.tgz", "picture_size": 128, "epochs": 20}}  # fmt: skip


@pytest.mark.parametrize(
    "error, wall, status, text",
    [
        (0.3, 21.0, 0, "70.0% right in epoch 1 of 1; the goal of 80% was missed"),
        (0.15, 250.0, None, "85.0% right in epoch 1 of 1; the goal of 80% was reached after 250 s"),
        (
            0.2,
            400.0,
            0,
            "80.0% right in epoch 1 of 1; the goal of 80% was reached, but late: after",
        ),
    ],
)
def test_how_far_a_training_came(error, wall, status, text):
    results = [EPOCH | {"val_top1_error": error, "wall": wall}, ENDED | {"status": status}]
    verdict = training.verdict(results)
    assert verdict.ok and verdict.text.startswith(text)
    assert "paper on x.tgz at 128 pixels" in str(training.tables(results)[0])


def test_a_training_that_failed_shows_the_end_of_its_output():
    results = [EPOCH, ENDED | {"status": 1, "tail": ["minialexnet: the loss is no number"]}]
    assert not training.verdict(results).ok
    assert "    minialexnet: the loss is no number" in str(training.tables(results)[-1])


def test_cells_of_tables_are_one_short_line():
    assert cell("a | b\n  c") == "a \\| b c"
    assert len(cell("x" * 1000)) == 160
