"""Which classes are taken for which."""

import numpy as np

from minialexnet.report.classes import tallies
from minialexnet.report.findings import Findings
from minialexnet.report.html import Html, element, join, percent, section

LARGEST_TABLE = 25
"""Classes; the table of more could not be read, and would be most of the page."""

PAIRS = 30


def confusion(names: list[str], findings: Findings) -> Html:
    """A table of all pairs of classes; of many classes, a list of the pairs most often confused."""
    if len(names) <= LARGEST_TABLE:
        caption = (
            "Rows are the true classes, columns the answers; in the cells, the number of "
            "validation pictures. The stronger a cell's colour, the larger its share of the row."
        )
        matrix = confusion_matrix(findings.labels, findings.answers, len(names))
        content = element("p", caption, class_="caption"), _table(matrix, names)
    else:
        content = (_pairs(findings, names),)
    return section("confusion", "What is taken for what", *content)


def confusion_matrix(labels: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """(C, C): how many pictures of the class of the row were given the class of the column."""
    cells = labels * classes + answers
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def most_confused(labels: np.ndarray, answers: np.ndarray, most: int) -> list[tuple[int, int, int]]:
    """(true class, wrong answer, how often), the most frequent first. Of any number of classes."""
    wrong = labels != answers
    pairs, counts = np.unique(np.stack([labels[wrong], answers[wrong]]), axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return [(int(pairs[0, i]), int(pairs[1, i]), int(counts[i])) for i in order]


def _table(matrix: np.ndarray, names: list[str]) -> Html:
    columns = [element("th", element("span", name), scope="col") for name in names]
    head = element("tr", element("td", "true class"), columns)
    rows = [
        element(
            "tr",
            element("th", name, scope="row"),
            [_cell(matrix[true], true, answer, names) for answer in range(len(names))],
        )
        for true, name in enumerate(names)
    ]
    table = element("table", element("thead", head), element("tbody", rows), class_="matrix")
    return element(
        "div", table, class_="scroll", tabindex=0, role="region", aria_labelledby="confusion-title"
    )


def _cell(row: np.ndarray, true: int, answer: int, names: list[str]) -> Html:
    number, share = int(row[answer]), row[answer] / max(row.sum(), 1)
    # By the root, for the errors, which one looks for here, are small shares.
    return element(
        "td",
        number,
        class_="right" if true == answer else "wrong" if number else "none",
        style=f"--strength:{share**0.5:.2f}" if number else None,
        title=_sentence(number, int(row.sum()), names[true], names[answer], true == answer),
    )


def _pairs(findings: Findings, names: list[str]) -> Html:
    pairs = most_confused(findings.labels, findings.answers, PAIRS)
    if not pairs:
        return element("p", "No validation picture was taken for another class.")
    totals, _ = tallies(findings.labels, findings.answers, len(names))
    lines = [
        element(
            "li",
            element("b", names[true]),
            " taken for ",
            element("b", names[answer]),
            f": {number:,} of {totals[true]:,}",
        )
        for true, answer, number in pairs
    ]
    caption = f"The {len(pairs)} most frequent confusions of {len(names):,} classes."
    return join(element("p", caption, class_="caption"), element("ol", lines, class_="pairs"))


def _sentence(number: int, total: int, true: str, answer: str, right: bool) -> str:
    what = "recognised" if right else f"taken for {answer}"
    share = percent(number / total) if total else "none to be seen"
    return f"{true} {what}: {number:,} of {total:,} ({share})"
