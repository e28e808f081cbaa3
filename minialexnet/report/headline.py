"""The first lines of the page: how good it is, and what it is."""

import time
from pathlib import Path

from minialexnet.report.findings import Findings
from minialexnet.report.html import Html, count, element, join, percent
from minialexnet.report.subject import Subject
from minialexnet.training import TOP_K, duration


def headline(subject: Subject, findings: Findings) -> Html:
    """Title and key figures, and a note where the training is not over."""
    tally, checkpoint = findings.tally, subject.checkpoint
    facts = [_fact("top-1 accuracy", percent(1 - tally.top1_error), _of(tally.top1, tally))]
    if len(checkpoint.classes) > TOP_K:  # otherwise the five best-rated are all there are
        facts.append(_fact("top-5 accuracy", percent(1 - tally.top5_error), _of(tally.top5, tally)))
    seconds = sum(entry["seconds"] for entry in subject.history)
    epochs = checkpoint.config["epochs"]
    facts += [
        _fact("mean loss", f"{tally.loss:.4f}", "on the same pictures"),
        _fact(
            "parameters",
            f"{subject.network.num_params:,}",
            f"variant {subject.network.variant}, crops of {subject.preprocessing.crop} pixels",
        ),
        _fact(
            "training",
            duration(seconds) if subject.history else "under way",
            f"{_done(subject)} of {count(epochs, 'epoch')}, "
            f"{count(checkpoint.progress['pictures']['train_count'], 'picture')}",
        ),
        _fact(
            "weights of",
            time.strftime("%Y-%m-%d", time.localtime(subject.path.stat().st_mtime)),
            f"{subject.path.name}, {_moment(checkpoint.progress)}",
        ),
    ]
    crops = "averaged over ten crops of each" if subject.ten_crop else "their central crops"
    return join(
        element("h1", f"AlexNet, variant {subject.network.variant}, on {data_name(subject)}"),
        element(
            "p",
            f"{len(checkpoint.classes):,} classes. "
            f"Measured on {count(tally.pictures, 'validation picture')}, {crops}.",
            class_="lead",
        ),
        _unfinished(subject),
        element("dl", facts, class_="facts"),
    )


def data_name(subject: Subject) -> str:
    """The data set without the folders that it lies in."""
    return Path(subject.data).name or subject.data


def _fact(name: str, value: str, remark: str) -> Html:
    return element(
        "div",
        element("dt", name),
        element("dd", element("strong", value), element("small", remark)),
    )


def _of(right: int, tally) -> str:
    return f"{right:,} of {count(tally.pictures, 'picture')} right"


def _moment(progress: dict) -> str:
    """Where in the training the weights are from."""
    if progress["step"]:
        return f"in epoch {progress['epoch'] + 1}, after {count(progress['step'], 'step')}"
    return f"after epoch {progress['epoch']}"


def _done(subject: Subject) -> int:
    """How many epochs are known to be over."""
    return subject.checkpoint.progress["epoch"] if subject.epochs is None else subject.epochs


def _unfinished(subject: Subject) -> Html | None:
    if subject.is_over:
        return None
    if subject.epochs is None:
        return element(
            "p",
            "There is no whole last.npz of this run beside the weights, so how its training went "
            "on is not known here.",
            class_="note",
        )
    return element(
        "p",
        element("strong", "The training is not over: "),
        f"{subject.epochs} of {count(subject.checkpoint.config['epochs'], 'epoch')} done. "
        "These figures are of the weights as they stood.",
        class_="note",
    )
