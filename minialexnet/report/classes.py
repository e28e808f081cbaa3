"""How well each class is told from the others."""

import numpy as np

from minialexnet.report.findings import Findings
from minialexnet.report.html import Html, element, percent, section

MOST_LISTED = 30
"""Of more classes, the best and worst are shown, and all of them only when asked for."""

EXTREMES = 10


def class_accuracy(names: list[str], findings: Findings) -> Html:
    """Bars, the best class first."""
    totals, right = tallies(findings.labels, findings.answers, len(names))
    shares = right / np.maximum(totals, 1)
    order = [int(i) for i in np.argsort(-shares, kind="stable") if totals[i]]
    rows = [_row(names[i], int(right[i]), int(totals[i])) for i in order]
    if len(rows) <= MOST_LISTED:
        content = [_table(rows)]
    else:
        content = [
            element("h3", f"The {EXTREMES} best"),
            _table(rows[:EXTREMES]),
            element("h3", f"The {EXTREMES} worst"),
            _table(rows[-EXTREMES:]),
            element("details", element("summary", f"All {len(rows):,} classes"), _table(rows)),
        ]
    if absent := len(names) - len(rows):
        text = f"{absent:,} of the {len(names):,} classes have no validation pictures."
        content.append(element("p", text, class_="caption"))
    return section("classes", "Accuracy by class", *content)


def tallies(labels: np.ndarray, answers: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """How many pictures there are of each class, and how many of them are right: (C,) each."""
    right = labels[labels == answers]
    return np.bincount(labels, minlength=classes), np.bincount(right, minlength=classes)


def _table(rows: list[Html]) -> Html:
    names = ("class", "accuracy", "right")
    head = element("tr", [element("th", name, scope="col") for name in names])
    return element("table", element("thead", head), element("tbody", rows), class_="bars")


def _row(name: str, right: int, total: int) -> Html:
    share = percent(right / total)
    bar = element("span", element("span", class_="bar", style=f"--share:{share}"), class_="track")
    return element(
        "tr",
        element("th", name, scope="row"),
        element("td", element("div", bar, element("span", share), class_="share")),
        element("td", f"{right:,} of {total:,}"),
    )
