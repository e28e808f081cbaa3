"""A record as Markdown: what was compared, the result, and every run."""

import statistics
from typing import Any

from reporting import Table

from experiments.claim import Claim, Configuration
from experiments.intervals import NOT_RESOLVED, Difference, paired_difference
from experiments.measures import MISSING, Measure
from minialexnet.training import duration

WORDS = (
    "Mean over the seeds, and their range; of the last epoch, not of the best. The difference is "
    "taken seed by seed, since runs with one seed have in common whatever the comparison leaves "
    "alone (initial weights, order and crops of the pictures, dropout); its 95% interval is "
    "Student's over the seeds. An interval that holds "
    f'0 is "{NOT_RESOLVED}". Seeds without a number, of runs that diverged or never got there, are '
    "left out, which flatters whatever has many of them. The interval tells what other seeds would "
    "do, not what other pictures would. "
    "One interval in twenty misses by chance, and there is one in each row but the first."
)


def markdown(claim: Claim, record: dict[str, Any], picture: str) -> str:
    """The whole report. Args: picture: the file to show."""
    lines = [f"# {claim.title}", "", f"    {record['command']}", ""]
    lines += [f"- {name}: {text}" for name, text in record["facts"].items()]
    lines += [f"- the runs: {text}" for text in machines(record)]
    lines += [
        f"- date: {record['date']}",
        f"- pictures: {record['data']}, {record['train_pictures']:,} to train on and "
        f"{record['val_pictures']:,} to validate, {record['classes']} classes, "
        f"{record['picture_size']} pixels, crops of {record['image_size']}",
        f"- network: {record['variant']}, {record['epochs']} epochs in batches of "
        f"{record['batch_size']}",
        f"- the paper: {claim.paper}",
        f"- here: {claim.here}",
    ]
    if claim.line is not None:
        height, name = claim.line
        lines.append(f"- marked in the picture: {name}, {height(record['classes']):.3f}")
    lines += ["", f"![{claim.title}]({picture})", "", str(result(claim, record))]
    lines += ["", str(every_run(claim, record)), ""]
    return "\n".join(lines)


def machines(record: dict[str, Any]) -> list[str]:
    """Where and when the runs were trained."""
    days: dict[str, set[str]] = {}
    for run in record["runs"]:
        days.setdefault(f"{run['machine']}; minialexnet {run['version']}", set()).add(run["date"])
    return [f"{machine}, {', '.join(sorted(dates))}" for machine, dates in days.items()]


def result(claim: Claim, record: dict[str, Any]) -> Table:
    """One row a configuration."""
    reference, *_ = claim.configurations
    columns = ["configuration", "parameters", "seeds", claim.measure.name]
    columns += [f"less that of {reference.name} (95% interval)", "verdict"]
    columns += [measure.name for measure in claim.also] + ["training"]
    table = Table("Result", WORDS, columns)
    against = counted(record, reference)
    for configuration in claim.configurations:
        runs = counted(record, configuration)
        if not runs:
            table.rows.append([configuration.name, *[MISSING] * (len(columns) - 1)])
            continue
        measure = claim.measure_of(configuration)
        table.rows.append(
            [
                configuration.name,
                f"{runs[0]['parameters']:,}",
                str(len(runs)),
                in_words(measure, runs),
                *(
                    ("", "")
                    if configuration is reference
                    else difference_in_words(
                        values(measure, runs),
                        values(claim.measure_of(reference), against),
                        measure,
                        seeds=len({run["seed"] for run in (*runs, *against)}),
                    )
                ),
                *(in_words(also, runs) for also in claim.also),
                time_in_words(runs),
            ]
        )
    return table


def every_run(claim: Claim, record: dict[str, Any]) -> Table:
    """One row a run, those included whose learning rate was not chosen."""
    measures = [claim.measure, *claim.also]
    columns = ["configuration", "seed", "learning rate", *(m.name for m in measures)]
    columns += ["top-1 error", "top-5 error", "epochs", "training", "remark"]
    words = "Top-1 and top-5 error: of the validation pictures after the last epoch, centre crop."
    table = Table("Every run", words, columns)
    for configuration in claim.configurations:
        chosen = counted(record, configuration)
        not_it = "another learning rate was chosen" if chosen else "its learning rate is on trial"
        for run in of_configuration(record, configuration):
            end = run["history"][-1] if run["history"] else None
            remark = "" if run["counted"] else not_it
            if run["counted"] and run["lr"] in configuration.lrs[:1] + configuration.lrs[-1:]:
                remark = "at the edge of the learning rates tried"
            table.rows.append(
                [
                    configuration.name,
                    str(run["seed"]),
                    f"{run['lr']:g}",
                    claim.measure_of(configuration).text(claim.measure_of(configuration).of(run)),
                    *(measure.text(measure.of(run)) for measure in claim.also),
                    *(f"{100 * end[f'val_top{k}_error']:.1f}%" if end else MISSING for k in (1, 5)),
                    str(len(run["history"])),
                    duration(seconds(run)),
                    run["ended"] or remark,
                ]
            )
    return table


def of_configuration(record: dict[str, Any], configuration: Configuration) -> list[dict[str, Any]]:
    """All runs of a configuration."""
    return [run for run in record["runs"] if run["configuration"] == configuration.name]


def counted(record: dict[str, Any], configuration: Configuration) -> list[dict[str, Any]]:
    """Its runs with the learning rate that was chosen, if there was a choice."""
    return [run for run in of_configuration(record, configuration) if run["counted"]]


def values(measure: Measure, runs: list[dict[str, Any]]) -> dict[int, float]:
    """The measure by seed, of the runs that have it."""
    found = {run["seed"]: measure.of(run) for run in runs}
    return {seed: value for seed, value in found.items() if value is not None}


def in_words(measure: Measure, runs: list[dict[str, Any]]) -> str:
    """Mean and range, and how many runs have no such number."""
    found = list(values(measure, runs).values())
    diverged = sum(run["ended"] is not None for run in runs)
    missing = len(runs) - len(found)
    remarks = [f"{diverged} of {len(runs)} diverged"] * (diverged > 0 and missing > 0)
    remarks += [f"{missing - diverged} of {len(runs)} never"] * (missing > diverged)
    if not found:
        return ", ".join(remarks)
    text = measure.text(statistics.fmean(found))
    if len(found) > 1:
        text += f" ({measure.text(min(found))} to {measure.text(max(found))})"
    return "; ".join([text, *remarks])


def difference_in_words(
    found: dict[int, float], against: dict[int, float], measure: Measure, seeds: int
) -> tuple[str, str]:
    """The difference with its interval, and what to think of it. Args: seeds: that were tried."""
    difference = paired_difference(found, against)
    if difference is None:
        return MISSING, MISSING
    verdict = difference.verdict
    if measure.unit == "epochs":
        ratio = statistics.fmean(found[seed] / against[seed] for seed in found if seed in against)
        verdict += f"; {ratio:.2g} times as many"
    if difference.pairs < seeds:
        verdict += f" ({difference.pairs} of {seeds} seeds have both)"
    return interval_in_words(measure, difference), verdict


def interval_in_words(measure: Measure, difference: Difference) -> str:
    """Percentages become points."""

    def text(value: float) -> str:
        return measure.text(value, "+").rstrip("%")

    unit = " points" if measure.unit == "%" else ""
    if difference.low is None:
        return f"{text(difference.mean)}{unit}"
    return (
        f"{text(difference.mean)}{unit} ({text(difference.low)} to {text(difference.high)}, "
        f"n={difference.pairs})"
    )


def time_in_words(runs: list[dict[str, Any]]) -> str:
    """The mean of the times, where one machine took them all."""
    if len({run["machine"] for run in runs}) > 1:
        return "on several machines"
    return duration(statistics.fmean(seconds(run) for run in runs))


def seconds(run: dict[str, Any]) -> float:
    """Of training, without validation."""
    return sum(entry["seconds"] for entry in run["history"])
