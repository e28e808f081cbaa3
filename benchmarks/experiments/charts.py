"""The picture of a record: curves over the epochs, and what each run came to."""

import statistics
from typing import IO, Any

from experiments.claim import Claim, Configuration
from experiments.tables import counted, values

# Colours by Okabe and Ito, which colour-blind people can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

STYLES = ("-", "--")
"""Of the curves of a configuration: the first column of `Claim.curves`, and the second."""

COLUMNS = {
    "train_top1_error": "training error",
    "val_top1_error": "validation error",
    "train_loss": "training loss",
    "val_loss": "validation loss",
}

NOTHING = "no run that counts yet"
"""As before a learning rate was chosen."""

NARROWEST = {"%": 0.02, "epochs": 0.5, "": 0.1}
"""How much a scale shows at least, by unit: a smaller gap between seeds must not look wide."""


def draw(claim: Claim, record: dict[str, Any], file: IO[bytes]) -> None:
    """Write a PNG to `file`: the mean of the seeds as lines, their range as bands and dots."""
    from matplotlib.figure import Figure

    panels = 2 if claim.curves else 1
    height = max(3.6, 1.6 + 0.45 * len(claim.configurations))
    figure = Figure(figsize=(5.6 * panels, height), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    if claim.curves:
        _curves(axes[0], claim, record)
    _ends(axes[-1], claim, record)
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.3)
    seeds = len({run["seed"] for run in record["runs"]})
    figure.suptitle(claim.title, fontsize=13)
    where = f"{record['variant']} on {record['data']} at {record['picture_size']} pixels"
    key = f"lines are means, {'bands and ' if claim.curves else ''}dots all of them"
    words = [f"{where}, {seeds} seed{'s' * (seeds != 1)}", f"{key}; {record['date']}"]
    figure.supxlabel((": " if claim.curves else "\n").join(words), fontsize=8, color="0.35")
    figure.savefig(file, format="png", dpi=110)


def _curves(axes, claim: Claim, record: dict[str, Any]) -> None:
    """The history over the epochs: one line a configuration, with the seeds' range."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    names = [COLUMNS[column] for column in claim.curves]
    if len(names) > 1:
        names = [f"{name} ({line})" for name, line in zip(names, ("lines", "dashed"), strict=True)]
    axes.set_title(", ".join(names), fontsize=10)
    if not any(_with_history(record, configuration) for configuration in claim.configurations):
        counting = any(counted(record, configuration) for configuration in claim.configurations)
        _say_instead(axes, "no epoch was finished" if counting else NOTHING)
        return
    for colour, configuration in zip(COLOURS, claim.configurations, strict=False):
        runs = _with_history(record, configuration)
        if not runs:
            continue
        for style, column in zip(STYLES, claim.curves, strict=False):
            by_epoch: dict[int, list[float]] = {}
            for run in runs:
                for entry in run["history"]:
                    by_epoch.setdefault(entry["epoch"], []).append(entry[column])
            epochs = sorted(by_epoch)
            means = [statistics.fmean(by_epoch[epoch]) for epoch in epochs]
            name = configuration.name if style == STYLES[0] else None
            axes.plot(epochs, means, style, color=colour, label=name, marker="o", ms=3)
            axes.fill_between(
                epochs,
                [min(by_epoch[epoch]) for epoch in epochs],
                [max(by_epoch[epoch]) for epoch in epochs],
                color=colour,
                alpha=0.2,
                lw=0,
            )
    if claim.line is not None:
        height, name = claim.line
        axes.axhline(height(record["classes"]), color="0.35", ls=":", lw=1)
        axes.annotate(
            name,
            (1, height(record["classes"])),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 3),
            textcoords="offset points",
            ha="right",
            color="0.35",
        )
    if "error" in claim.curves[0]:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=8)


def _ends(axes, claim: Claim, record: dict[str, Any]) -> None:
    """What is compared: a dot a run, and a mark at the mean."""
    from matplotlib.ticker import MaxNLocator

    names = [configuration.name for configuration in claim.configurations]
    for place, configuration in enumerate(claim.configurations):
        measure, colour = claim.measure_of(configuration), COLOURS[place % len(COLOURS)]
        runs = counted(record, configuration)
        found = list(values(measure, runs).values())
        if found:
            axes.plot(found, [place] * len(found), "o", color=colour, alpha=0.6)
            mean = statistics.fmean(found)
            axes.plot([mean], [place], "|", color=colour, ms=22, mew=2)
        if not runs:
            _say(axes, place, NOTHING)
        elif len(found) < len(runs):
            diverged = sum(run["ended"] is not None for run in runs)
            missing = len(runs) - len(found)
            why = "diverged" if diverged == missing else "not reached"
            _say(axes, place, f"{missing} of {len(runs)} {why}")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_title(claim.measure.name, fontsize=10)
    if not axes.lines:
        axes.set_xticks([])
        return
    if claim.measure.unit == "%":
        axes.xaxis.set_major_formatter(lambda value, position: f"{100 * value:.4g}%")
    low, high = axes.dataLim.intervalx
    middle, width = (low + high) / 2, max(high - low, NARROWEST[claim.measure.unit])
    axes.set_xlim(middle - 0.58 * width, middle + 0.58 * width)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=(1, 2, 5, 10)))


def _with_history(record: dict[str, Any], configuration: Configuration) -> list[dict[str, Any]]:
    return [run for run in counted(record, configuration) if run["history"]]


def _say_instead(axes, words: str) -> None:
    """Of curves: no scale without anything on it."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", color="0.35")


def _say(axes, place: int, words: str) -> None:
    """At the right of a configuration's row."""
    axes.annotate(
        words,
        (1, place),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 8),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        fontstyle="italic",
        color="0.35",
    )
