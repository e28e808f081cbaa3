"""Words and bars for a terminal."""

import shutil
import sys
import textwrap
from collections.abc import Sequence

WIDEST = 96  # columns; longer lines are hard to read


def fold(text: str) -> str:
    """`text` with its paragraphs folded to the terminal; indented lines stay as they are."""
    folded, paragraph = [], []
    for line in [*text.splitlines(), ""]:
        if line and not line[0].isspace():
            paragraph.append(line)
            continue
        if paragraph:
            folded.append(
                textwrap.fill(
                    " ".join(paragraph), _width(), break_on_hyphens=False, break_long_words=False
                )
            )
            paragraph = []
        folded.append(line)
    return "\n".join(folded[:-1])


def hanging(name: str, text: str, indent: int) -> str:
    """`name` at the left, and `text` folded in a column of its own beside it."""
    return textwrap.fill(
        f"{name:{indent}}{text}",
        _width(),
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        break_long_words=False,  # paths can be copied only in one piece
    )


def _width() -> int:
    return max(40, min(WIDEST, shutil.get_terminal_size().columns - 1))


def bar(share: float, width: int = 24) -> str:
    """A share of 0 to 1 as a bar of text."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    full, empty = ("█", "·") if "utf" in encoding else ("#", ".")
    filled = round(share * width)
    return full * filled + empty * (width - filled)


def file_size(count: int) -> str:
    """Bytes as a person says them: "640 kB", "39 MB", "1.2 GB"."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.{1 if count < 10 * size else 0}f} {unit}"
    return f"{count} bytes"


def class_difference(found: Sequence[str], expected: Sequence[str]) -> str:
    """In what the classes that were found differ from those expected."""
    there, wanted = set(found), set(expected)
    differences = {
        "missing": [name for name in expected if name not in there],
        "besides": [name for name in found if name not in wanted],
    }
    parts = [f"{listing(names)} {word}" for word, names in differences.items() if names]
    return " and ".join(parts) or "they come in another order"


def listing(names: Sequence[str], most: int = 5) -> str:
    """The first names, and how many there are in all: "red, green, ... (10 in all)"."""
    shown = ", ".join(names[:most])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > most else shown
