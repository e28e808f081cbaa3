"""Tables of what the contestants on the GPU were found to do."""

from contestants import RIVALS, median, ratios
from reporting import MISSING, Table, duration, gib, rate, times

from gpu.plan import KINDS
from gpu.summary import cell, scientific

GOALS = {"paper": 1.5, "owt": 1.0}
"""How many times as fast as PyTorch a training step is meant to be."""

AGREEMENT = {"float32": 1e-3, "tf32": 3e-2}
"""How far logits may be apart, relative to the largest: TF32 keeps 10 bits of each factor."""

RIVAL_KINDS = [kind for kind in KINDS if kind != "ours"]
MOST_KERNELS, LONGEST_NAME = 24, 90

WORDS = (
    "How many times as long as this project PyTorch takes in the same round: the median of the "
    "rounds, and their range. Then medians of the times, by the host's clock around many steps in "
    "a row."
)


def line(found: dict) -> str:
    """The medians of one work, for the console."""
    told = ", ".join(f"{kind} {duration(median(found['times'], kind))}" for kind in found["times"])
    return (
        f"{found['precision']}, {found['variant']}, batch {found['batch']}, {found['do']}: {told}"
    )


def tables(results: list[dict]) -> list[Table]:
    """All there is something for."""
    by_topic: dict[str, list[dict]] = {}
    for found in results:
        by_topic.setdefault(found["topic"], []).append(found)
    steps = by_topic.get("steps", [])
    trained = [found for found in steps if found["do"] == "train"]
    inferred = [found for found in steps if found["do"] == "infer"]
    rates = {found["precision"]: found for found in by_topic.get("rates", [])}
    return [
        *([_rates_table(rates)] if rates else []),
        *([_agreement_table(by_topic["agreement"])] if "agreement" in by_topic else []),
        *([_steps_table("Training step", trained)] if trained else []),
        *([_steps_table("Inference", inferred)] if inferred else []),
        *([_ceilings_table(trained, rates)] if trained and rates else []),
        *(_layers_table(found, rates) for found in by_topic.get("layers", [])),
        *(_kernels_table(found) for found in by_topic.get("kernels", [])),
    ]


def _rates_table(rates: dict[str, dict]) -> Table:
    rows = []
    for precision, found in rates.items():
        for size, flops in found["products"]:
            rows.append([f"products, {precision}", f"{size}x{size}", f"{flops / 1e12:.4g} TFLOP/s"])
    copying = max(found["copy"] for found in rates.values())
    rows.append(["copying", "", f"{copying / 1e9:.4g} GB/s"])
    return Table(
        "The GPU's own ceilings",
        "Products of square float32 matrices by CuPy, and copying from the GPU's memory to the "
        "GPU's memory, where each byte is read once and written once.",
        ["what", "size", "rate"],
        rows,
    )


def _agreement_table(results: list[dict]) -> Table:
    rows = []
    for found in results:
        off = found["off"]
        cells = [scientific(off[kind]) if kind in off else MISSING for kind in RIVAL_KINDS]
        verdict = "ok" if do_agree(found) else "WRONG"
        rows.append([found["variant"], found["precision"], *cells, verdict])
    return Table(
        "The same work",
        "With the same weights all must give the same logits: the largest difference from ours, "
        "relative to the largest logit.",
        ["network", "precision", *(RIVALS[kind][0] for kind in RIVAL_KINDS), "verdict"],
        rows,
    )


def do_agree(found: dict) -> bool:
    """Whether the logits of all are as near to ours as the precision allows."""
    allowed = AGREEMENT[found["precision"]]
    return all(value is not None and value <= allowed for value in found["off"].values())


def _steps_table(name: str, results: list[dict]) -> Table:
    is_training = name == "Training step"
    names = [RIVALS[kind][0] for kind in RIVAL_KINDS]
    rows = []
    for found in results:
        turns, batch = found["times"], found["batch"]
        row = [found["variant"], str(batch), found["precision"]]
        row += [times(ratios(turns, kind, "ours")) for kind in RIVAL_KINDS]
        row += [_goal(found)] if is_training else []
        for kind in KINDS:
            seconds = median(turns, kind)
            told = f"{duration(seconds)}, {rate(batch, seconds)}/s"
            row.append(MISSING if seconds is None else told)
        rows.append(row)
    goals = ", ".join(f"{variant} {goal:g}" for variant, goal in GOALS.items())
    words = f"{WORDS} The goal (times as fast as PyTorch: {goals}) must be reached beside both of "
    words += "its memory layouts."
    return Table(
        f"{name} beside PyTorch",
        words if is_training else WORDS,
        ["network", "batch", "precision", *(f"{n} over ours" for n in names)]
        + (["goal"] if is_training else [])
        + ["this project", *names],
        rows,
    )


def _goal(found: dict) -> str:
    """Whether the medians of the ratios reach it; beside which of PyTorch's layouts, if not all."""
    goal = GOALS.get(found["variant"])
    reached = {
        kind: sorted(values)[(len(values) - 1) // 2] >= goal
        for kind in RIVAL_KINDS
        if goal is not None and (values := ratios(found["times"], kind, "ours"))
    }
    if not reached:
        return MISSING
    if all(reached.values()):
        return f"{goal:g}x reached"
    some = [RIVALS[kind][0] for kind, is_so in reached.items() if is_so]
    return f"{goal:g}x reached beside {some[0]} only" if some else f"{goal:g}x missed"


def goals_in_words(results: list[dict]) -> str:
    """Of all training steps that have a goal and a rival."""
    goals = [goal for found in results if (goal := _goal(found)) != MISSING]
    count = sum(goal.endswith("reached") for goal in goals)
    if not goals:
        return "training steps were timed, without a rival or a goal"
    return f"{count} of {len(goals)} goals of speed reached"


def _ceilings_table(results: list[dict], rates: dict[str, dict]) -> Table:
    rows = []
    for found in results:
        best = rates.get(found["precision"], {}).get("best")
        turns = found["times"]
        row = [found["variant"], str(found["batch"]), found["precision"]]
        row.append(f"{found['flops'] / 1e9:.4g}")
        for kind in KINDS:
            seconds = median(turns, kind)
            known = seconds is not None and best
            row.append(f"{100 * found['flops'] / best / seconds:.1f}%" if known else MISSING)
        host, step = median(turns, "ours", "host"), median(turns, "ours")
        row.append(MISSING if host is None or step is None else f"{100 * host / step:.0f}%")
        row += [gib(found["held"].get(kind)) for kind in KINDS]
        rows.append(row)
    names = [RIVALS[kind][0] for kind in KINDS]
    return Table(
        "Training step and the ceiling of products",
        "The arithmetic of the plain matrix products (forward, gradient of weights, gradient of "
        "inputs save the pixels) at the best rate above, as a share of the step. `host` is the "
        "time in which the host has handed a step of ours to the idle GPU, over that of a step: "
        "near 100% it is the host that limits the speed. Then GiB of the GPU's memory that are "
        "held.",
        ["network", "batch", "precision", "GFLOP", *names, "host", *(f"GiB {n}" for n in names)],
        rows,
    )


def _layers_table(found: dict, rates: dict[str, dict]) -> Table:
    """Ours beside PyTorch's, layer by layer."""
    kinds = found["kinds"]
    ours = kinds["ours"]
    rivals = [kind for kind in RIVAL_KINDS if kind in kinds]
    known = rates.get(found["precision"])
    rows = []
    for name, layer in ours["layers"].items():
        row = [name]
        for direction in ("forward", "backward"):
            row.append(_ms(layer[direction]))
            row += [_ms(kinds[k]["layers"].get(name, {}).get(direction)) for k in rivals]
        seconds = layer["forward"] + layer["backward"]
        rows.append([*row, _share(seconds, ours["step"]), _reached(layer, seconds, known)])
    for name in ("loss", "update"):
        row = [name, _ms(ours[name]), *(_ms(kinds[kind][name]) for kind in rivals)]
        row += [MISSING] * (1 + len(rivals))
        rows.append([*row, _share(ours[name], ours["step"]), MISSING])
    spent = sum(layer["forward"] + layer["backward"] for layer in ours["layers"].values())
    between = ours["step"] - spent - ours["loss"] - ours["update"]
    blank = [MISSING] * (2 + 2 * len(rivals))
    rows.append(["between them", *blank, _share(between, ours["step"]), MISSING])
    names = [kind.removeprefix("torch ").replace("torch", "PyTorch") for kind in rivals]
    columns = [f"{word}{who}" for word in ("", "back: ") for who in ("ours", *names)]
    return Table(
        f"Layers of {found['variant']}, batch {found['batch']}, {found['precision']}",
        "Milliseconds between marks on the GPU, forward and (`back`) backward, in a training step "
        f"of {_ms(ours['step'])} ms; where the host is slower than the GPU, waiting for it counts. "
        "PyTorch's layers one by one, without in-place ReLU. `share` is that of our step; "
        "`ceiling`, of the best rate of products, or (in brackets) of copying, where x is read and "
        "y written, then dy and once more x read and dx written.",
        ["layer", *columns, "share", "ceiling"],
        rows,
    )


def _reached(layer: dict, seconds: float, rates: dict | None) -> str:
    """The share of the ceiling that goes with the layer."""
    if not rates or seconds <= 0:
        return MISSING
    if layer["operations"]:
        return f"{100 * layer['operations'] / seconds / rates['best']:.0f}%"
    return f"({100 * layer['bytes'] / seconds / (2 * rates['copy']):.0f}%)"


def _kernels_table(found: dict) -> Table:
    kernels = found["kernels"]
    total = sum(kernel["seconds"] for kernel in kernels)
    rows = [
        [
            cell(_shorter(kernel["name"]), LONGEST_NAME),
            f"{kernel['calls']:g}",
            _ms(kernel["seconds"]),
            _share(kernel["seconds"], total),
        ]
        for kernel in kernels[:MOST_KERNELS]
    ]
    others = kernels[MOST_KERNELS:]
    if others:
        seconds = sum(kernel["seconds"] for kernel in others)
        calls = sum(kernel["calls"] for kernel in others)
        name = f"{len(others)} others"
        rows.append([name, f"{calls:g}", _ms(seconds), _share(seconds, total)])
    who = RIVALS[found["kind"]][0]
    if not kernels:
        rows = [["none was seen", MISSING, MISSING, MISSING]]
    return Table(
        f"Kernels of {who}: {found['variant']}, batch {found['batch']}, {found['precision']}",
        f"A training step, as PyTorch's profiler sees it: {_ms(total)} ms of work on the GPU, in "
        f"{sum(kernel['calls'] for kernel in kernels):g} pieces. In the rest of the step's time "
        "the GPU waits for the host.",
        ["kernel", "calls", "ms", "share"],
        rows,
    )


def _shorter(name: str) -> str:
    """The name of a kernel without what says nothing."""
    return name.removeprefix("void ").partition("(")[0] or name


def _ms(seconds: float | None) -> str:
    return MISSING if seconds is None else f"{1000 * seconds:.3f}"


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}%" if whole else MISSING
