"""How fast a training step and inference are beside PyTorch, and beside what the GPU can do.

Contestants take turns, round after round (see benchmarks/README.md); each is a process with its
network on the GPU all the time, and only one of them computes at any moment.
"""

import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
from contestants import ContestantError, alternate

from gpu import speed_tables
from gpu.part import Part
from gpu.rivals import Contestants, ask_all, open_all
from gpu.summary import Verdict

FEW_ROUNDS = 3
"""Of inference, which nobody has set a goal for."""

COMPARED = 16
"""Pictures whose logits must agree before anything is timed."""

PROFILED = 3
"""Steps whose kernels are listed."""


def run(part: Part) -> None:
    """Time all works in each precision, in processes of its own: CuPy has one for each process."""
    precisions = part.settings.precisions
    for number, precision in enumerate(precisions):
        left = part.end - time.monotonic()
        end = time.monotonic() + left / (len(precisions) - number)
        try:
            with ExitStack() as stack:
                part.progress(f"{precision}: the contestants get ready")
                contestants = open_all(stack, part, precision)
                _in_precision(part, precision, contestants, end)
        except ContestantError as error:
            part.remark(f"left out: {precision}: {error}")


def _in_precision(part: Part, precision: str, contestants: Contestants, end: float) -> None:
    """All works, then the kernels: PyTorch's profiler is loaded into our process for that."""
    for answer in ask_all(contestants, part, "about").values():
        if "version" in answer:
            part.facts(PyTorch=answer["version"])
    sizes = part.sizes
    asked = {"sizes": list(sizes.products), "copied": sizes.copied, "seconds": sizes.turn / 2}
    rates = contestants["ours"].ask("rates", **asked)
    part.result("rates", precision=precision, **rates)
    part.progress(f"{precision}: {rates['best'] / 1e12:.3g} TFLOP/s in large products")
    longest, seen = 0.0, set()
    for number, (variant, batch) in enumerate(sizes.works):
        start = time.monotonic()
        if start + longest > end:
            part.remark(f"left out: {variant} at batch {batch} in {precision}: no time was left")
            continue
        about = {"precision": precision, "variant": variant, "batch": batch}
        try:
            ready, flops = _prepared(part, contestants, variant, batch)
            if variant not in seen:
                _agree(part, ready, about)
            _time_work(part, ready, about, flops)
            if number == 0:
                layers = _layers(part, ready)
                part.result("layers", **about, kinds=layers)
        except ContestantError as error:
            part.remark(f"left out: {variant} at batch {batch} in {precision}: {error}")
        seen.add(variant)
        longest = max(longest, time.monotonic() - start)
    _list_kernels(part, precision, contestants, end - longest / 2)


def _prepared(
    part: Part, contestants: Contestants, variant: str, batch: int
) -> tuple[Contestants, dict]:
    """Those that have taken up the work, and our floating-point operations."""
    answers = ask_all(contestants, part, "work", variant=variant, batch_size=batch)
    flops = {do: answers["ours"][do] for do in ("train", "infer")}
    return {kind: contestants[kind] for kind in answers}, flops


def _agree(part: Part, contestants: Contestants, about: dict) -> None:
    """With the same weights all must give the same logits: it is the same work."""
    rivals = {kind: rival for kind, rival in contestants.items() if kind != "ours"}
    if not rivals:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "weights.npz")
        contestants["ours"].ask("save_weights", path=path)
        loaded = ask_all(rivals, part, "load_weights", path=path)
    compared = {kind: contestants[kind] for kind in ("ours", *loaded)}
    answers = ask_all(compared, part, "logits", pictures=COMPARED)
    logits = {kind: np.array(answer["logits"]) for kind, answer in answers.items()}
    ours = logits.pop("ours")
    off = {kind: float(np.abs(x - ours).max() / np.abs(ours).max()) for kind, x in logits.items()}
    part.result("agreement", **about, off=off)


def _time_work(part: Part, contestants: Contestants, about: dict, flops: dict) -> None:
    """Turns of training, then of inference."""
    for do, rounds in (("train", part.sizes.rounds), ("infer", FEW_ROUNDS)):
        seconds = part.sizes.turn if do == "train" else part.sizes.turn / 2
        turns = {
            kind: partial(contestant.ask, do, seconds=seconds)
            for kind, contestant in contestants.items()
        }
        times = alternate(turns, min(rounds, part.sizes.rounds), part.remark)
        still = {kind: contestants[kind] for kind in times}
        held = ask_all(still, part, "memory") if do == "train" else {}
        found = {**about, "do": do, "times": times, "flops": flops[do]}
        found["held"] = {kind: answer["held"] for kind, answer in held.items()}
        part.result("steps", **found)
        part.progress(speed_tables.line(found))


def _layers(part: Part, contestants: Contestants) -> dict[str, dict]:
    """Seconds of the layers of each, one contestant after the other."""
    found = {}
    for kind, contestant in contestants.items():
        found |= ask_all({kind: contestant}, part, "layers", steps=part.sizes.watched)
    return found


def _list_kernels(part: Part, precision: str, contestants: Contestants, end: float) -> None:
    """The kernels of a training step of the first work, if it is not yet `end`."""
    variant, batch = part.sizes.works[0]
    if "torch" not in contestants or time.monotonic() > end:
        part.remark(f"left out: the kernels in {precision}: there is no PyTorch, or no time left")
        return
    wanted = {kind: contestants[kind] for kind in ("ours", "torch")}
    try:
        ready, _ = _prepared(part, wanted, variant, batch)
        for kind, contestant in ready.items():
            kernels = contestant.ask("kernels", steps=PROFILED)["kernels"]
            about = {"precision": precision, "variant": variant, "batch": batch, "kind": kind}
            part.result("kernels", **about, kernels=kernels)
    except ContestantError as error:
        part.remark(f"left out: the kernels in {precision}: {error}")


tables = speed_tables.tables


def verdict(results: list[dict]) -> Verdict:
    """All is well if training was timed and all computed the same; the rest is told only."""
    steps = [r for r in results if r["topic"] == "steps" and r["do"] == "train"]
    agreement = [r for r in results if r["topic"] == "agreement"]
    if not all(map(speed_tables.do_agree, agreement)):
        return Verdict(False, "the contestants do not compute the same; see the agreement")
    if not steps:
        return Verdict(False, "nothing was timed")
    return Verdict(True, speed_tables.goals_in_words(steps))
