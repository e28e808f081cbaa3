"""What is measured, one function a section; each takes the settings and adds to the report."""

import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import contestants
import numpy as np
from contestants import (
    PAUSE,
    RIVALS,
    Contestant,
    ContestantError,
    Times,
    Turn,
    alternate,
    median,
    ratios,
)
from operations import OPERATIONS
from reporting import Report, Table, duration, gib, percent, rate, times

FEW = 3
"""Rounds are no more than this in the sections that take long."""

WORDS_OF_RATIOS = (
    "How many times as long as this project each takes: the ratio within each round, of these the "
    "median and the range. (So it need not be the quotient of the median times below.)"
)


@dataclass(frozen=True)
class Settings:
    """What is asked for.

    contestants: kinds, "ours" first; turn: seconds of a turn (at least one step); growth: batch
    sizes of that section, compared with the one of `reference`; feeding_steps: how many are timed
    at a time; sizes: of the matrices that the machine is tried with.
    """

    contestants: tuple[str, ...]
    variants: tuple[str, ...]
    batches: tuple[int, ...]
    threads: int
    rounds: int
    turn: float
    classes: int
    growth: tuple[int, ...]
    reference: int
    feeding_steps: int
    sizes: tuple[int, ...]

    @property
    def main_variant(self) -> str:
        """The network of the sections that look at one only."""
        return self.variants[0]

    def can_do(self, variant: str) -> list[str]:
        """The contestants that have all layers of the variant."""
        return [kind for kind in self.contestants if "dezero" not in kind or variant == "owt"]

    def contestant(self, kind: str, variant: str, batch: int, threads: int | None = None, **more):
        """A new process for this kind."""
        return Contestant(
            kind,
            threads or self.threads,
            limit_threads=threads is not None,
            variant=variant,
            batch_size=batch,
            classes=self.classes,
            **more,
        )


def open_all(stack: ExitStack, makers: dict, report: Report) -> dict[str, Contestant]:
    """Start those contestants that can be started, until the stack is left.

    Raises ContestantError if "ours" cannot: nothing is left to compare with.
    """
    contestants = {}
    for name, make in makers.items():
        try:
            contestants[name] = stack.enter_context(make())
        except ContestantError as error:
            if name == "ours":
                raise
            report.remark(f"left out: {error}")
    return contestants


def machine(settings: Settings, report: Report) -> Contestant:
    """The machine's own rates. Returns the process that measures them, to be used again."""
    report.progress("the machine's own rates of matrix products and of copying")
    process = Contestant("machine", settings.threads, sizes=settings.sizes)
    rates = process.ask("rates", seconds=settings.turn)
    table = Table(
        "The machine itself",
        "Products of square float32 matrices by NumPy's BLAS, and copying memory, with all cores; "
        "the fastest of several rounds.",
        ["what", "size", "rate"],
        [[way, str(size), f"{flops / 1e9:.0f} GFLOP/s"] for way, size, flops in rates["sgemm"]],
    )
    table.rows.append(
        ["copying (each byte read and written)", "", f"{rates['copy'] / 1e9:.1f} GB/s"]
    )
    report.add("machine", rates, table)
    return process


def agreement(settings: Settings, report: Report) -> None:
    """With the same weights all contestants must give the same logits: it is the same work."""
    raw = {}
    for variant in settings.variants:
        report.progress(f"do all compute the same? {variant}")
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            makers = {
                kind: partial(settings.contestant, kind, variant, 16)
                for kind in settings.can_do(variant)
            }
            contestants = open_all(stack, makers, report)
            ours = contestants.pop("ours")
            ours.ask("save_weights", path=str(folder / "weights.npz"))
            expected = np.array(ours.ask("logits")["logits"])
            for kind, contestant in contestants.items():
                contestant.ask("load_weights", path=str(folder / "weights.npz"))
                off = np.abs(np.array(contestant.ask("logits")["logits"]) - expected).max()
                raw[f"{variant}, {kind}"] = float(off / np.abs(expected).max())
    report.add("agreement", raw)
    if raw:
        report.remark(
            "all compute the same: with the same weights the logits differ by at most "
            f"{max(raw.values()):.0e} of the largest ({max(raw, key=raw.get)})"
        )
        if max(raw.values()) > 1e-3:
            report.remark("WARNING: that is too much; the contestants do not do the same work")


def steps(settings: Settings, report: Report, machine: Contestant) -> None:
    """Training steps and inference of all networks at all batch sizes; the floor of the step."""
    found: dict[str, Times] = {}
    flops: dict[str, dict[str, int]] = {}
    for variant in settings.variants:
        for batch in settings.batches:
            try:
                _steps_of(variant, batch, settings, report, machine, found, flops)
            except ContestantError as error:
                report.remark(f"left out: {variant} at batch {batch}: {error}")
    tables = []
    for do, name in (("train", "Training step"), ("infer", "Inference")):
        tables += _step_tables(settings, found, do, name)
    tables.append(_floor_table(settings, found, flops, report))
    report.add("steps", found, *tables)


def _steps_of(variant, batch, settings, report, machine, found, flops) -> None:
    """Add one variant at one batch size to `found` and `flops`."""
    here = f"{variant} {batch}"
    with ExitStack() as stack:
        makers = {
            kind: partial(settings.contestant, kind, variant, batch)
            for kind in settings.can_do(variant)
        }
        contestants = open_all(stack, makers, report)
        flops[here] = contestants["ours"].ask("flops")
        for do in ("train", "infer"):
            turns = {
                kind: partial(contestant.ask, do, seconds=settings.turn)
                for kind, contestant in contestants.items()
            }
            if do == "train" and batch == max(settings.batches):
                turns["floor"] = partial(_floor, machine, flops[here][do], settings.turn)
            result = found[f"{here} {do}"] = alternate(turns, settings.rounds, report.remark)
            told = ", ".join(f"{kind} {duration(median(result, kind))}" for kind in result)
            report.progress(f"{variant}, batch {batch}, {do}: {told}")


def _floor(machine: Contestant, flops: int, seconds: float) -> dict[str, float]:
    return {"step": flops / machine.ask("sgemm", seconds=seconds)["rate"]}


def _step_tables(settings: Settings, found: dict[str, Times], do: str, name: str) -> list[Table]:
    rivals = [kind for kind in settings.contestants if kind != "ours"]
    ratio = Table(
        f"{name}: the others' time over ours",
        WORDS_OF_RATIOS,
        ["network", "batch", *(RIVALS[kind][0] for kind in rivals)],
    )
    seconds = Table(
        f"{name}: time, and pictures a second",
        "Medians.",
        ["network", "batch", *(RIVALS[kind][0] for kind in settings.contestants)],
    )
    for variant in settings.variants:
        for batch in settings.batches:
            result = found.get(f"{variant} {batch} {do}", {})
            where = [variant, str(batch)]
            ratio.rows.append(where + [times(ratios(result, kind, "ours")) for kind in rivals])
            medians = [median(result, kind) for kind in settings.contestants]
            cells = ["-" if m is None else f"{duration(m)}, {rate(batch, m)}/s" for m in medians]
            seconds.rows.append(where + cells)
    return [ratio, seconds] if rivals else [seconds]


def _floor_table(settings: Settings, found, flops, report: Report) -> Table:
    batch = max(settings.batches)
    best = report.raw["machine"]["best"]
    table = Table(
        f"Training step at batch {batch}: the floor set by matrix products",
        "The floor is the arithmetic of the plain matrix products (forward, gradient of weights, "
        "gradient of the inputs save the pixels) at the best rate above, measured again in every "
        "round of this network; the share of it is floor / time. In brackets the range of the "
        "rounds. It is a floor for who takes all these multiplications; convolutions of stride 1 "
        "take fewer here, so more than 100% is possible.",
        ["network", "GFLOP", "floor", "ours", "ours, by the best rate of all", "PyTorch"],
    )
    for variant in settings.variants:
        if f"{variant} {batch} train" not in found:
            continue
        result, work = found[f"{variant} {batch} train"], flops[f"{variant} {batch}"]["train"]
        ours = median(result, "ours")
        table.rows.append(
            [
                variant,
                f"{work / 1e9:.3g}",
                duration(median(result, "floor")),
                percent(ratios(result, "floor", "ours")),
                "-" if ours is None else f"{100 * work / best / ours:.0f}%",
                percent(ratios(result, "floor", "torch")),
            ]
        )
    return table


def operations(settings: Settings, report: Report) -> None:
    """Each operation of the paper's network by itself, forward and backward."""
    batch = max(settings.batches)
    kinds = [kind for kind in ("ours", "torch") if kind in settings.contestants]
    table = Table(
        f"Each operation by itself, with the paper's shapes, batch {batch}",
        "PyTorch's time over ours, and the times. Each goes through the whole batch, with all "
        "threads, and reads and writes memory, while in the network this project takes slices "
        "through all layers, which stay in the cache: so our times do not add up to a step. conv1 "
        "does without the gradient of the pixels; relu1 is not in place here; `update` is SGD for "
        "all parameters, and `update, fused` compares with PyTorch's fused SGD, which must be "
        "asked for (ours is the same in both rows, measured twice).",
        [
            "operation",
            "forward",
            "backward",
            "ours",
            "PyTorch",
            "ours, backward",
            "PyTorch, backward",
        ],
    )
    found = {}
    with ExitStack() as stack:
        makers = {
            kind: partial(settings.contestant, f"{kind}, operations", "paper", batch)
            for kind in kinds
        }
        contestants = open_all(stack, makers, report)
        for operation in OPERATIONS:
            turns = {}
            for kind, contestant in contestants.items():
                name = operation.removesuffix(", fused") if kind == "ours" else operation
                try:
                    contestant.ask("prepare", operation=name)
                except ContestantError as error:
                    report.remark(f"left out: {operation}: {error}")
                    continue
                turns[kind] = partial(contestant.ask, "operate", seconds=settings.turn)
            result = found[operation] = alternate(turns, settings.rounds, report.remark)
            passes = ["forward"] if operation.startswith("update") else ["forward", "backward"]
            cells = [times(ratios(result, "torch", "ours", key)) for key in passes]
            cells += ["-"] * (2 - len(passes))
            for key in passes:
                cells += [duration(median(result, kind, key)) for kind in ("ours", "torch")]
            table.rows.append([operation, *cells, *["-"] * (6 - len(cells))])
            report.progress(f"{operation}: {', '.join(table.rows[-1][1:])}")
    report.add("operations", found, table)


def memory(settings: Settings, report: Report) -> None:
    """Peak memory of a few steps, each in a process by itself."""
    batch = max(settings.batches)
    table = Table(
        f"Peak memory at batch {batch}, GiB",
        "Each in a process of its own: when Python has started, when network and batch have been "
        "made (libraries and initial weights are in this), and after two steps.",
        ["network", "work", "contestant", "at the start", "network made", "peak"],
    )
    found = {}
    for variant in settings.variants:
        for do, name in (("train", "training"), ("infer", "inference")):
            for kind in settings.can_do(variant):
                with ExitStack() as stack:
                    maker = partial(settings.contestant, kind, variant, batch)
                    contestant = open_all(stack, {kind: maker}, report).get(kind)
                    if contestant is None:
                        continue
                    try:
                        result = contestant.ask("memory", work=do, times=2)
                    except ContestantError as error:
                        report.remark(f"left out: {error}")
                        continue
                found[f"{variant} {batch} {do} {kind}"] = result
                sizes = [gib(result[key]) for key in ("start", "made", "peak")]
                table.rows.append([variant, name, RIVALS[kind][0], *sizes])
                report.progress(f"memory: {', '.join(table.rows[-1])}")
    report.add("memory", found, table)


def growth(settings: Settings, report: Report) -> None:
    """How the time of a picture depends on the batch size."""
    variant, reference = settings.main_variant, settings.reference
    table = Table(
        f"Training step of {variant}: time of a picture by batch size",
        f"Beside each batch size ours at {reference} was measured in the same rounds, in another "
        f"process; at {reference} itself this shows how much chance there is. PyTorch is compared "
        f"up to {reference}.",
        ["batch", f"ours over ours at {reference}", "PyTorch over ours", "ours", "PyTorch"],
    )
    found = {}
    with ExitStack() as stack:
        makers = {"reference": partial(settings.contestant, "ours", variant, reference)}
        both = open_all(stack, makers, report)
        for batch in settings.growth:
            with ExitStack() as inner:
                makers = {"ours": partial(settings.contestant, "ours", variant, batch)}
                if "torch" in settings.contestants and batch <= reference:
                    makers["torch"] = partial(settings.contestant, "torch", variant, batch)
                contestants = both | open_all(inner, makers, report)
                turns = _training_turns(contestants, settings)
                result = alternate(turns, min(settings.rounds, FEW), report.remark)
            found[f"{variant} {batch}"] = result
            relative = [r * reference / batch for r in ratios(result, "ours", "reference")]
            cells = [times(relative), times(ratios(result, "torch", "ours"))]
            for kind in ("ours", "torch"):
                seconds = median(result, kind)
                cells.append("-" if seconds is None else duration(seconds / batch))
            table.rows.append([str(batch), *cells])
            report.progress(f"{variant}, batch {', '.join(table.rows[-1])}")
    report.add("growth", found, table)


def threads(settings: Settings, report: Report) -> None:
    """How the time of a step depends on the number of threads."""
    variant, batch = settings.main_variant, max(settings.batches)
    kinds = [kind for kind in ("ours", "torch") if kind in settings.contestants]
    table = Table(
        f"Training step of {variant} at batch {batch} by threads",
        "How many times as fast as with one thread, the median of the rounds and their range; and "
        "the times. What the machine itself allows is shown by processes of ours with one thread "
        "each, which share nothing but the machine: so many of them, each with its part of the "
        "batch, do so many times the work of one of them alone in the same time.",
        ["threads", "ours", "PyTorch", "processes of ours", "ours, time", "PyTorch, time"],
    )
    found = {}
    counts = sorted({1, settings.threads} | {2**i for i in range(10) if 2**i < settings.threads})
    with ExitStack() as stack:
        makers = {
            f"{kind}, one thread": partial(settings.contestant, kind, variant, batch, 1)
            for kind in kinds
        }
        single = open_all(stack, makers, report)
        for count in counts:
            with ExitStack() as inner:
                makers = {
                    kind: partial(settings.contestant, kind, variant, batch, count)
                    for kind in kinds
                    if count > 1
                }
                everyone = single | open_all(inner, makers, report)
                turns = _training_turns(everyone, settings)
                if 1 < count <= batch:
                    makers = {
                        f"process {i}": partial(
                            settings.contestant, "ours", variant, batch // count, 1
                        )
                        for i in range(count)
                    }
                    processes = list(open_all(inner, makers, report).values())
                    turns |= _side_by_side(processes, settings) if len(processes) == count else {}
                result = alternate(turns, settings.rounds, report.remark)
            found[f"{variant} {batch} {count}"] = result
            cells, seconds = [], []
            for kind in ("ours", "torch"):
                one = f"{kind}, one thread"
                cells.append(times(ratios(result, one, kind)) if count > 1 else "1x")
                seconds.append(duration(median(result, kind if count > 1 else one)))
            of_machine = [count * r for r in ratios(result, "process alone", "processes")]
            cells.append(times(of_machine) if count > 1 else "1x")
            table.rows.append([str(count), *cells, *seconds])
            report.progress(f"threads: {', '.join(table.rows[-1])}")
    report.add("threads", found, table)


def _training_turns(contestants: dict[str, Contestant], settings: Settings) -> dict[str, Turn]:
    return {
        name: partial(contestant.ask, "train", seconds=settings.turn)
        for name, contestant in contestants.items()
    }


def _side_by_side(processes: list[Contestant], settings: Settings) -> dict[str, Turn]:
    """Turns of one process alone, and of all at the same time."""

    def together() -> dict[str, float]:
        for process in processes:
            process.begin("train", seconds=settings.turn)
        steps, error = [], None
        for process in processes:  # the answers of all are read, even if one fails
            try:
                steps.append(process.finish()["step"])
            except ContestantError as failure:
                error = failure
        if error is not None:
            raise error
        return {"step": statistics.mean(steps)}

    alone = partial(processes[0].ask, "train", seconds=settings.turn)
    return {"process alone": alone, "processes": together}


def feeding(settings: Settings, report: Report) -> None:
    """What making batches adds to the training step."""
    variant, batch = settings.main_variant, max(settings.batches)
    report.progress(f"{variant}, batch {batch}: fed from a folder of pictures and a memory-map")
    table = Table(
        f"Making batches of {batch} for the training step of {variant}",
        f"{settings.feeding_steps} steps in a row on new batches, beside as many on one batch; and "
        "making a batch by itself, from stored pictures of 256 pixels to the network's input, "
        "over the step. In training the next batch is made by a thread meanwhile.",
        ["from", "added to the step", "one batch over the step", "one batch", "step"],
    )
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        more = {"steps": settings.feeding_steps, "folder": folder}
        maker = partial(settings.contestant, "feeding", variant, batch, **more)
        contestant = open_all(stack, {"feeding": maker}, report).get("feeding")
        if contestant is None:
            return
        turns = {
            "fixed": partial(contestant.ask, "fixed"),
            "folder": partial(contestant.ask, "fed", source="folder"),
            "memory-map": partial(contestant.ask, "fed", source="memory-map"),
        }
        result = alternate(turns, min(settings.rounds, FEW), report.remark)
        loading = contestant.ask("loading")
    for source in ("folder", "memory-map"):
        added = [ratio - 1 for ratio in ratios(result, source, "fixed")]
        alone, step = median(result, source, "batch"), median(result, "fixed")
        share = "-" if alone is None or step is None else f"{100 * alone / step:.1f}%"
        table.rows.append([source, percent(added, 1), share, duration(alone), duration(step)])
    report.remark(
        f"reading a folder of {loading['pictures']:,} JPEG files of 500x375 pixels, once before "
        f"training, took {duration(loading['seconds'])}"
    )
    report.add("feeding", result | {"loading": loading}, table)


def waiting(report: Report) -> None:
    """Say how long the threads of those that waited were awake after their turns."""
    spent: dict[str, list[float]] = {}
    for kind, seconds in Contestant.waiting:
        spent.setdefault(kind, []).append(seconds)
    means = {kind: statistics.mean(values) for kind, values in spent.items()}
    if means:
        most = max(means, key=means.get)
        report.remark(
            f"after its turn a contestant's threads waited busily for {1000 * means[most]:.0f} ms "
            f"at most ({most}, on average), and the next turn began after {1000 * PAUSE:.0f} ms"
        )
    report.add("waiting", means)


def stealing(report: Report) -> None:
    """Say what part of the processors' time the host of a virtual machine gave to others."""
    if not contestants.stolen:  # this system does not count it
        return
    lost, available = map(sum, zip(*contestants.stolen, strict=True))
    if lost:
        share = f"others on the host got {100 * lost / available:.1f}% of the processors' time"
        report.remark(f"during the turns {share}")
    else:
        report.remark(
            "during the turns the system counted no time that the host gave to others (not every "
            "host tells)"
        )
    report.add("stolen", {"stolen": lost, "available": available})
