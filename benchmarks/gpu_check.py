"""All checks on a machine with an NVIDIA GPU: are the results right there, and how fast is it?

python benchmarks/gpu_check.py                          all but a training, at most 9 minutes
python benchmarks/gpu_check.py --data imagenette2-160    a training on these pictures as well
python benchmarks/gpu_check.py --parts speed,input      these parts alone
python benchmarks/gpu_check.py --trial                  on any machine: does the command work?

It runs from a checkout that need not be installed, and needs CuPy, what the project itself needs,
and for the tests pytest and hypothesis; with PyTorch, built for CUDA, it compares speed. It needs
no network.

  tests      the tests that go by the backend, on the GPU's arrays
  gradients  every gradient against a numeric one, in float64 on the GPU
  parity     operations, networks and training on the GPU against the CPU; the same training twice;
             memory over 200 steps
  speed      training steps and inference beside PyTorch, and beside the GPU's own ceilings, layer
             by layer and kernel by kernel
  input      what feeding adds to a step
  training   `minialexnet train` on the pictures of --data, at 128 pixels

Each part is a process of its own with its share of the time; when one fails or hangs, the others
go on. The report, gpu-check.md and gpu-check.json, is written anew after each. The exit status is 0
if all parts ran and found nothing wrong.
"""

import argparse
import importlib
import importlib.util
import json
import os
import shlex
import signal
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TextIO

NEEDED = {"matplotlib": "matplotlib", "numpy": "numpy", "PIL": "pillow"}
NEEDED |= {"threadpoolctl": "threadpoolctl", "tqdm": "tqdm"}
"""What the project needs, which itself need not be installed, and what pip calls each."""

if missing := [pip for name, pip in NEEDED.items() if importlib.util.find_spec(name) is None]:
    sys.exit(f"gpu_check needs {', '.join(missing)}: pip install {' '.join(missing)}")

from gpu.part import Settings  # noqa: E402
from gpu.plan import WEIGHTS, next_share, shares  # noqa: E402
from gpu.processes import follow, part_command  # noqa: E402
from gpu.summary import TRIAL, Verdict, cell, parts_table, save  # noqa: E402
from reporting import Report  # noqa: E402

PRECISIONS = ("float32", "tf32")

LAST_SECONDS = 5.0
"""Kept for the report, out of the whole time."""

START_SECONDS = 180.0
"""So long it may take to find out what machine this is."""

WRITE_EVERY_SECONDS = 5.0
"""How often the report is written while a part is at work."""


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--parts", type=_some_of(tuple(WEIGHTS)), metavar="A,B", help="default: all")
    add("--data", type=Path, metavar="PATH", help="an archive or folder of pictures to train on")
    add("--minutes", type=_positive, default=9.0, metavar="M", help="in all; default: 9")
    add("--out", type=Path, default=Path("gpu-check"), metavar="FOLDER", help="default: gpu-check")
    add("--gpu", type=_number, metavar="N", help="which GPU, from 0, if there are several")
    add(
        "--precision",
        type=_some_of(PRECISIONS),
        metavar="A,B",
        help="of the products that are timed: float32,tf32 (default: what the GPU has)",
    )
    add("--trial", action="store_true", help="on the CPU, on tiny work: to try, not to measure")
    options = parser.parse_args()
    if options.data is not None and not options.data.exists():
        parser.error(f"there is nothing at {options.data}, which --data names")
    if "training" in (options.parts or ()) and not (options.data or options.trial):
        parser.error("the part training needs pictures; name them with --data")
    if options.trial and options.gpu is not None:
        parser.error("--trial uses no GPU; leave out --gpu")
    missing = [name for name in ("pytest", "hypothesis") if importlib.util.find_spec(name) is None]
    if missing and "tests" in (options.parts or WEIGHTS):
        parser.error(
            f"the part tests needs {' and '.join(missing)}: pip install {' '.join(missing)}, or "
            "choose other parts with --parts"
        )
    return options


def main() -> int:
    """Run what the command line asks for; the exit status."""
    start = time.monotonic()
    options = parse_options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was found is written then, too
    out = options.out.expanduser().resolve()
    data = str(options.data.expanduser().resolve()) if options.data else None
    settings = Settings(options.trial, options.precision or PRECISIONS, str(out), data)
    facts, precisions = find_facts(replace(settings, seconds=START_SECONDS, gpu=options.gpu))
    settings = replace(settings, precisions=options.precision or precisions)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        sys.exit(
            f"gpu_check: cannot write into the folder {options.out} ({error.strerror}); give "
            "another with --out"
        )
    in_the_way = [path.name for path in out.glob("gpu-check*") if path.is_dir()]
    if in_the_way:
        sys.exit(
            f"gpu_check: in {options.out} there are folders where reports should go "
            f"({', '.join(in_the_way)}); remove them, or give another folder with --out"
        )
    parts = [part for part in WEIGHTS if part in (options.parts or WEIGHTS)]
    check = Check(settings, parts, facts, start + 60 * options.minutes - LAST_SECONDS)
    try:
        check.run(options.gpu)
    except KeyboardInterrupt:
        check.write()
        sys.exit(f"gpu_check: stopped; what was found is in {options.out}/gpu-check.md")
    print(f"wrote {options.out}/gpu-check.md and gpu-check.json")
    return 0 if check.ok else 1


def find_facts(settings: Settings) -> tuple[dict[str, str], tuple[str, ...]]:
    """What machine it is, and which precisions it has.

    Ends the program with a sentence if the machine cannot be used.
    """
    facts: dict[str, str] = {}
    precisions: list[str] = []
    failures: list[str] = []

    def hear(line: str) -> None:
        said = json.loads(line)
        facts.update(said.get("facts", {}))
        precisions.extend(said.get("result", {}).get("known", []))
        failures.extend([said["failed"]] if "failed" in said else [])

    command = part_command("facts", settings.as_json())
    went_wrong = follow(command, settings.seconds, hear, sys.stderr)
    if failures or went_wrong:
        reason = failures[0] if failures else f"looking at the GPU was {went_wrong}"
        sys.exit(f"gpu_check: {reason}")
    return facts, tuple(precisions)


class Check:
    """One run: what was found so far, and the report of it.

    Args:
        settings: for the parts.
        parts: in their order.
        facts: about the machine.
        end: when all must be done, by `time.monotonic`.
    """

    def __init__(
        self, settings: Settings, parts: list[str], facts: dict[str, str], end: float
    ) -> None:
        trial = " (A TRIAL, NOT A MEASUREMENT)" if settings.trial else ""
        self.report = Report(f"GPU check{trial}, {facts['date'][:10]}", _command(), facts)
        if settings.trial:
            self.report.remark(TRIAL)
        if "training" in parts and not (settings.data or settings.trial):
            parts = [part for part in parts if part != "training"]
            self.report.remark("left out: training, for --data names no pictures")
        self.settings, self.parts, self.end = settings, parts, end
        self.results: dict[str, list[dict]] = {part: [] for part in parts}
        self.verdicts: dict[str, Verdict] = {}
        self._failures: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._shares = shares(parts, end - time.monotonic())
        self._written = 0.0

    @property
    def ok(self) -> bool:
        """Whether all parts ran and found nothing wrong."""
        verdicts = self.verdicts.values()
        return len(verdicts) == len(self.parts) and all(verdict.ok for verdict in verdicts)

    def run(self, gpu: int | None) -> None:
        """All parts, one after the other, on this GPU."""
        path = Path(self.settings.out) / "gpu-check-log.txt"
        with open(path, "w", encoding="utf-8") as log:
            for part in self.parts:
                self._run_part(part, gpu, log)
        if not path.stat().st_size:
            path.unlink()

    def _run_part(self, part: str, gpu: int | None, log: TextIO) -> None:
        start = time.monotonic()
        share = self._shares[part] = next_share(part, self.parts, self.end - start)
        self.report.progress(f"{part}: {share:.0f} s at most")
        command = part_command(part, replace(self.settings, seconds=share).as_json())
        went_wrong = follow(command, share, partial(self._hear, part), log, gpu)
        self._seconds[part] = time.monotonic() - start
        self.verdicts[part] = verdict = self._judge(part, went_wrong)
        for table in self._tables(part):
            print(f"\n{table}\n", flush=True)
        self.report.progress(f"{part}: {'ok' if verdict.ok else 'FAILED'}: {verdict.text}")
        self.write()

    def write(self) -> None:
        """The report, as far as it goes."""
        tables = [table for part in self.parts for table in self._tables(part)]
        self.report.tables = [parts_table([self._row(part) for part in self.parts]), *tables]
        verdicts = {part: vars(verdict) for part, verdict in self.verdicts.items()}
        self.report.raw = {"verdicts": verdicts, "shares": self._shares, "results": self.results}
        save(self.report, Path(self.settings.out))
        self._written = time.monotonic()

    def _hear(self, part: str, line: str) -> None:
        """Take up a line of a part's process."""
        said = json.loads(line)
        if "result" in said:
            self.results[part].append(said["result"])
        if "failed" in said:
            self._failures[part] = said["failed"]
        if "remark" in said:
            self.report.remark(f"{part}: {said['remark']}")
        if "progress" in said:
            self.report.progress(f"{part}: {said['progress']}")
        self.report.facts.update(said.get("facts", {}))
        if time.monotonic() - self._written > WRITE_EVERY_SECONDS:
            self.write()

    def _judge(self, part: str, went_wrong: str | None) -> Verdict:
        """What came of a part; one that did not end by itself did not go well."""
        try:
            found = _module(part).verdict(self.results[part])
        except Exception as error:
            text = f"its results could not be judged ({type(error).__name__}: {error})"
            found = Verdict(False, text)
        reason = self._failures.get(part) or went_wrong
        if reason is None:
            return found
        return Verdict(False, f"{reason}; before that: {found.text}" if found.text else reason)

    def _tables(self, part: str) -> list:
        """A part's tables, if it has found enough to make them of."""
        try:
            return _module(part).tables(self.results[part])
        except Exception as error:  # what was measured is in the JSON all the same
            self.report.remark(f"{part}: no tables could be made ({type(error).__name__}: {error})")
            return []

    def _row(self, part: str) -> list[str]:
        verdict, spent = self.verdicts.get(part), self._seconds.get(part)
        said = "-" if verdict is None else "ok" if verdict.ok else "FAILED"
        seconds = "-" if spent is None else f"{spent:.0f}"
        text = cell(verdict.text, 300) if verdict else "not done yet"
        return [part, said, seconds, f"{self._shares[part]:.0f}", text]


def _module(part: str):
    return importlib.import_module(f"gpu.{part}")


def _command() -> str:
    """The command as it was given, without the folders of this machine."""
    words, kept = iter(sys.argv[1:]), []
    for word in words:
        name, equals, value = word.partition("=")
        if name == "--out":
            _ = None if equals else next(words)
        elif name == "--data":
            kept += ["--data", os.path.basename(value if equals else next(words))]
        else:
            kept.append(word)
    return shlex.join(["python", "benchmarks/gpu_check.py", *kept])


def _some_of(choices: tuple[str, ...]):
    """For argparse: a list with commas, of some of the choices."""

    def parse(text: str) -> tuple[str, ...]:
        wanted = [word.strip() for word in text.split(",") if word.strip()]
        unknown = [word for word in wanted if word not in choices]
        if unknown or not wanted:
            raise argparse.ArgumentTypeError(
                f"expected some of {','.join(choices)}, not {','.join(unknown) or 'nothing'}"
            )
        return tuple(choice for choice in choices if choice in wanted)

    return parse


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of minutes above 0")
    return value


def _number(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
