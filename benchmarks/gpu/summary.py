"""The report of the check: Markdown and JSON, written anew whenever something has come in."""

import statistics
from dataclasses import dataclass
from pathlib import Path

from reporting import Report, Table

TRIAL = (
    "THIS IS A TRIAL: it ran on the CPU, with NumPy in the place of CuPy and next to no work, to "
    "see whether the command works. Nothing in it says anything about a GPU."
)


@dataclass(frozen=True)
class Verdict:
    """What came of a part: whether all was well, and in words."""

    ok: bool
    text: str


@dataclass(frozen=True)
class Excerpt:
    """Text as it was printed, under a heading like a table's."""

    title: str
    words: str
    text: str

    def __str__(self) -> str:
        """Markdown."""
        inside = "\n".join(f"    {line}".rstrip() for line in self.text.splitlines())
        return f"## {self.title}\n\n{self.words}\n\n{inside}"


def save(report: Report, folder: Path) -> None:
    """Write gpu-check.md and gpu-check.json, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / "gpu-check-unfinished.md"
    report.write(unfinished)
    for ending in (".md", ".json"):
        unfinished.with_suffix(ending).replace(folder / f"gpu-check{ending}")


def cell(text: object, most: int = 160) -> str:
    """`text` for a cell of a table: one line, not too long, without what would part the cells."""
    line = " ".join(str(text).split()).replace("|", "\\|")
    return line if len(line) <= most else f"{line[: most - 3]}..."


def scientific(value: float | None) -> str:
    """A small number; None is what was no finite one."""
    return "not a number" if value is None else f"{value:.1e}" if value else "0"


def median(values) -> float | None:
    """Of those that are there."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def parts_table(rows: list[list[str]]) -> Table:
    """The overview with which the report begins."""
    return Table(
        "The parts",
        "Each has its share of the time; what one does not need goes to those after it. Verdicts "
        "are on whether things are right; of speed and accuracy they only tell.",
        ["part", "verdict", "seconds", "share", "in words"],
        rows,
    )
