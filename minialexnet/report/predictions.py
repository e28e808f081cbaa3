"""Pictures with the five classes rated best, as in the paper's figure 4."""

import numpy as np

from minialexnet.datasets import PictureSet
from minialexnet.report.choice import confidently_wrong, typical_right
from minialexnet.report.findings import Findings
from minialexnet.report.html import Html, element, percent, section
from minialexnet.report.images import image, seen
from minialexnet.training import TOP_K

SHOWN = 8


def predictions(names: list[str], val: PictureSet, crop: int, findings: Findings) -> Html:
    """Some right answers, and the worst of the wrong ones."""

    def cards(chosen: np.ndarray) -> Html:
        made = [
            _card(names, int(val.labels[i]), findings.shares[i], seen(val, i, crop), val.names[i])
            for i in map(int, chosen)
        ]
        return element("div", made, class_="cards")

    right = typical_right(findings.shares, val.labels, SHOWN)
    wrong = confidently_wrong(findings.shares, val.labels, SHOWN)
    return section(
        "predictions",
        "What it sees",
        element("h3", "Typical right answers"),
        _caption(
            _which_right(len(right), len(names))
            if len(right)
            else "None of the validation pictures is right."
        ),
        cards(right) if len(right) else None,
        element("h3", "Confidently wrong"),
        _caption(
            "The wrong answers that it was most sure of, the surest first."
            if len(wrong)
            else "All of the validation pictures are right."
        ),
        cards(wrong) if len(wrong) else None,
    )


def _which_right(shown: int, classes: int) -> str:
    if shown == classes:
        return "Of each class, the right answer of median confidence."
    if shown < SHOWN:
        return "Of each class with a right answer, the one of median confidence."
    return f"Of {shown} of the classes, the right answer of median confidence."


def _caption(text: str) -> Html:
    return element("p", text, class_="caption")


def _card(names: list[str], label: int, shares: np.ndarray, pixels: np.ndarray, file: str) -> Html:
    """One picture: its true class, and the five best-rated with bars."""
    best = np.argsort(-shares, kind="stable")[:TOP_K]
    bars = [_bar(names[i], float(shares[i]), i == label) for i in map(int, best)]
    return element(
        "figure",
        image(pixels, alt=f"validation picture of class {names[label]}", title=file),
        element("figcaption", element("strong", names[label]), element("ol", bars)),
        class_="card",
    )


def _bar(name: str, share: float, is_true: bool) -> Html:
    return element(
        "li",
        element("span", name, " \N{CHECK MARK}" if is_true else None),
        element("span", percent(share)),
        class_="true" if is_true else None,
        style=f"--share:{percent(share)}",
    )
