"""Tables, printed while the run goes on, and written at its end: Markdown for people, JSON."""

import json
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

MISSING = "-"


@dataclass
class Table:
    """A table with a heading and some words of explanation."""

    title: str
    words: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)

    def __str__(self) -> str:
        """Markdown with aligned columns, so that it can be read on a terminal as well."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]

        def row(cells: list[str]) -> str:
            first, *rest = zip(cells, widths, strict=True)
            aligned = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
            return f"| {' | '.join(aligned)} |"

        dashes = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        return "\n".join(
            [f"## {self.title}", "", self.words, "", row(self.columns), row(dashes)]
            + [row(cells) for cells in self.rows]
        )


class Report:
    """What was measured, in order, and everything that had to be said.

    Args:
        title, command: of the run.
        facts: about the machine, by name.
    """

    def __init__(self, title: str, command: str, facts: dict[str, str]) -> None:
        self.title, self.command, self.facts = title, command, facts
        self.tables: list[Table] = []
        self.remarks: list[str] = []
        self.raw: dict[str, object] = {}
        self._start = time.monotonic()
        print(f"{title}\n" + "\n".join(f"{name}: {text}" for name, text in facts.items()))

    def progress(self, text: str) -> None:
        """Tell what has just been done, or is begun."""
        minutes, seconds = divmod(int(time.monotonic() - self._start), 60)
        print(f"{minutes:3}:{seconds:02}  {text}", flush=True)

    def remark(self, text: str) -> None:
        """Say something that belongs into the report."""
        if text not in self.remarks:
            self.remarks.append(text)
            print(f"note: {text}", flush=True)

    def add(self, section: str, raw: object, *tables: Table) -> None:
        """Take up what a section has measured."""
        self.raw[section] = raw
        for table in tables:
            self.tables.append(table)
            print(f"\n{table}\n", flush=True)

    def write(self, path: Path) -> None:
        """Write `path` (Markdown) and the raw numbers beside it (.json)."""
        head = [f"# {self.title}", "", f"    {self.command}", ""]
        head += [f"- {name}: {text}" for name, text in self.facts.items()]
        head += [f"- {remark}" for remark in self.remarks]
        text = "\n".join(head) + "\n\n" + "\n\n".join(map(str, self.tables)) + "\n"
        raw = {
            "title": self.title,
            "command": self.command,
            "facts": self.facts,
            "remarks": self.remarks,
            "seconds": self.raw,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.with_suffix(".json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")


def times(values: list[float]) -> str:
    """How many times as long: the median of the rounds, and their range."""
    if not values:
        return MISSING
    middle = f"{statistics.median(values):.2f}x"
    return f"{middle} ({min(values):.2f}-{max(values):.2f})" if len(values) > 1 else middle


def percent(values: list[float], digits: int = 0) -> str:
    """A share: the median of the rounds, and their range."""
    if not values:
        return MISSING
    low, middle, high = (
        f"{100 * value:.{digits}f}"
        for value in (min(values), statistics.median(values), max(values))
    )
    return f"{middle}% ({low} to {high})"


def duration(seconds: float | None) -> str:
    """Seconds or milliseconds, with three digits."""
    if seconds is None:
        return MISSING
    return f"{seconds:.3g} s" if seconds >= 0.9995 else f"{1000 * seconds:.3g} ms"


def rate(count: int, seconds: float | None) -> str:
    """How many a second."""
    return MISSING if seconds is None else f"{count / seconds:.3g}"


def gib(size: int | None) -> str:
    """Bytes as GiB."""
    return MISSING if size is None else f"{size / 2**30:.2f}"
