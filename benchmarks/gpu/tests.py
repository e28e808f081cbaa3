"""The tests that go by the backend, on the GPU's arrays: pytest -k cupy, several times.

The folders that have most to do with the GPU have a pytest of their own: a mistake that spoils the
GPU for a whole process spoils the rest of one folder only, and each folder's results are there as
soon as it is done. The others have one together where that uses all cores.
"""

import importlib.util
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from reporting import Table

from gpu import ROOT
from gpu.part import Part
from gpu.processes import collect, run_into
from gpu.summary import Excerpt, Verdict, cell
from minialexnet.backend import usable_cores

FIRST = ("ops", "layers", "gradcheck", "models", "backend", "training")
"""The folders that have most to do with the GPU."""

NONE_CHOSEN = 5
"""Pytest's exit status where no test of a folder goes by the backend."""

LEFT_OUT = {"benchmarks", "strict"}
"""The folders with the tests of this command itself, and of the stand-in for CuPy."""

OTHERS = "all others"
"""What the run of all folders that are not among FIRST is called."""

MOST_WORKERS = 8
SHOWN, TAIL = 40, 15
"""Failures in the report (all are in its JSON), and last lines of a folder that went wrong."""


def run(part: Part) -> None:
    """Run the folders, some side by side if there are the cores, and tell what came of each."""
    everything = part.out / "gpu-check-tests.txt"
    everything.unlink(missing_ok=True)
    workers = max(1, min(MOST_WORKERS, usable_cores() // 2))
    parallel = importlib.util.find_spec("xdist") is not None  # then it is pytest that shares out
    folders = part.sizes.tests or folders_in_order(ROOT / "tests")
    runs = together(folders) if parallel else {folder: [folder] for folder in folders}
    with ThreadPoolExecutor(1 if parallel else workers) as pool:
        begun = [
            pool.submit(_run_folders, part, name, paths, workers, parallel)
            for name, paths in runs.items()
        ]
        for future in as_completed(begun):
            output, found = future.result()
            if output.exists():
                collect(output, everything, found["folder"])
            part.result("tests", **found)
            part.progress(f"{found['folder']}: {counts(found)}, {found['seconds']:.0f} s")


def folders_in_order(tests: Path) -> list[str]:
    """All folders and files of tests, relative to the root, the most important first."""
    entries = [path.name for path in sorted(tests.iterdir()) if _has_tests(path)]
    entries.sort(key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    return [f"tests/{name}" for name in entries if name not in LEFT_OUT]


def together(folders: Sequence[str]) -> dict[str, list[str]]:
    """What one pytest after the other is given, by name: each takes a while to start."""
    alone = {f"tests/{name}" for name in FIRST}
    runs = {folder: [folder] for folder in folders if folder in alone}
    others = [folder for folder in folders if folder not in alone]
    return runs | ({OTHERS: others} if others else {})


def _has_tests(path: Path) -> bool:
    if path.is_dir():
        return next(path.rglob("test_*.py"), None) is not None
    return path.match("test_*.py")


def _run_folders(
    part: Part, folder: str, paths: Sequence[str], workers: int, parallel: bool
) -> tuple[Path, dict]:
    """The file with what pytest printed, and what came of the tests in `paths`, called `folder`."""
    name = folder.translate(str.maketrans("/ ", "--")).removesuffix(".py")
    output, results = (part.out / f"gpu-check-{name}.{ending}" for ending in ("txt", "xml"))
    if time.monotonic() > part.end:
        return output, {"folder": folder, "seconds": 0.0, "ended": "no time was left", **_NONE}
    command = ["pytest", *paths, "--backend", part.backend, "-q", "-p", "no:cacheprovider"]
    command += ["-k", part.backend, "--tb=short", "--maxfail=1000", f"--junitxml={results}"]
    command += ["-n", str(workers)] if parallel else []
    memory = {"CUPY_GPU_MEMORY_LIMIT": f"{80 // workers}%"}
    status, seconds, text = run_into(output, command, part.end, **memory)
    try:
        found = junit_summary(results.read_text(encoding="utf-8"))
    except (OSError, ElementTree.ParseError):  # it did not live to write them
        found = _NONE
    results.unlink(missing_ok=True)
    ended = None
    if status is None:
        ended = "stopped, for the time was up"
    elif status not in (0, 1, NONE_CHOSEN):  # the others are: all passed, some failed
        ended = f"pytest ended with status {status}"
    went_wrong = ended or found["failed"] or found["in error"]
    tail = text.splitlines()[-TAIL:] if went_wrong else []
    return output, {"folder": folder, "seconds": seconds, "ended": ended, "tail": tail, **found}


KINDS = ("passed", "failed", "in error", "skipped")
_NONE = {**dict.fromkeys(KINDS, 0), "failures": []}


def junit_summary(xml: str) -> dict:
    """How many tests there are of each of KINDS; and the "failures", each with "test" and "reason",
    the first line of what pytest says.
    """
    found = {**_NONE, "failures": []}
    for case in ElementTree.fromstring(xml).iter("testcase"):
        outcomes = {element.tag: element for element in case}
        wrong = [outcomes[tag] for tag in ("failure", "error") if tag in outcomes]
        for element in wrong:
            reason = (element.get("message") or element.text or "").strip()
            name = f"{case.get('classname')}::{case.get('name')}"
            found["failures"].append({"test": name, "reason": reason.partition("\n")[0]})
        kind = "passed"
        for tag, name in (("skipped", "skipped"), ("error", "in error"), ("failure", "failed")):
            kind = name if tag in outcomes else kind
        found[kind] += 1
    return found


def counts(found: dict) -> str:
    """In words."""
    words = f"{found['passed']:,} passed"
    for kind in ("failed", "in error", "skipped"):
        words += f", {found[kind]:,} {kind}" if found[kind] else ""
    return f"{words} ({found['ended']})" if found.get("ended") else words


def tables(results: list[dict]) -> list:
    """By folder; the failures; and the ends of outputs that need a look."""
    if not results:
        return []
    by_folder = Table(
        "Tests",
        "pytest on the GPU's arrays, of the tests that go by the backend. All that was printed is "
        "in gpu-check-tests.txt.",
        ["folder", *KINDS, "seconds", "note"],
        [
            [
                found["folder"],
                *(f"{found[kind]:,}" for kind in KINDS),
                f"{found['seconds']:.0f}",
                found["ended"] or "",
            ]
            for found in results
        ],
    )
    failures = [failure for found in results for failure in found["failures"]]
    more = f" {len(failures) - SHOWN} more are in the JSON." if len(failures) > SHOWN else ""
    wrong = Table(
        "Tests that went wrong",
        f"With the first line of the reason.{more}",
        ["test", "reason"],
        [[cell(f["test"]), cell(f["reason"])] for f in failures[:SHOWN]],
    )
    excerpts = [
        Excerpt(f"The end of the output: {found['folder']}", counts(found), "\n".join(tail))
        for found in results
        if (tail := found.get("tail"))
    ]
    return [by_folder, *([wrong] if failures else []), *excerpts]


def verdict(results: list[dict]) -> Verdict:
    """All is well if all folders were run and every test passed."""
    total = {kind: sum(found[kind] for found in results) for kind in KINDS}
    unfinished = [found["folder"] for found in results if found["ended"]]
    text = counts(total)
    if unfinished:
        text += f"; not finished: {', '.join(unfinished)}"
    ok = bool(total["passed"]) and not (total["failed"] or total["in error"] or unfinished)
    return Verdict(ok, text)
