"""What a person sees while the network trains."""

import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

LINE_EVERY_SECONDS = 30
NARROWEST_BAR = 5
SPARE = 3  # columns left free at the right, so that the ^C of an interrupt does not wrap the line
SHORTER = {"top-1 error": "error", "images/s": "img/s"}  # words for a narrow terminal


class Progress:
    """A bar on a terminal; elsewhere (a log file, CI) plain lines every half a minute.

    Once the terminal was closed, or the reader of a pipe has gone, it is silent: what it was to
    show goes on, and is saved.

    Args: stream: where to write; standard error by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._bar: tqdm | None = None
        self._is_terminal = self._stream.isatty()
        self._last_line = time.monotonic()

    def start(self, description: str, total: int, done: int = 0) -> None:
        """Begin a stretch of `total` units, `done` of which are done already."""
        self.finish()
        self._description, self._total, self._done = description, total, done
        if self._is_terminal:
            from tqdm import tqdm  # here, so that `import minialexnet` need not wait for it

            columns = self._columns()
            with self._if_watched():
                self._bar = tqdm(
                    total=total,
                    initial=done,
                    file=self._stream,
                    leave=False,
                    miniters=1,
                    ncols=columns,
                    bar_format=_layout(description, "", columns),
                )

    def update(self, units: int, text: str) -> None:
        """`units` more are done; `text` tells how it stands, in parts separated by commas."""
        self._done += units
        if self._bar is not None:
            self._bar.ncols = self._columns()  # the window may have another size by now
            self._bar.bar_format = _layout(self._description, text, self._bar.ncols)
            with self._if_watched():
                self._bar.update(units)
        elif time.monotonic() - self._last_line > LINE_EVERY_SECONDS:
            share = self._done / max(self._total, 1)
            self.say(f"{self._description} {share:4.0%}  {text}".rstrip())

    def finish(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            with self._if_watched():
                self._bar.close()
                self._stream.write("\r" + " " * (self._columns() + SPARE - 1) + "\r")  # a ^C, too
            self._bar = None

    def say(self, text: str) -> None:
        """Write a line that stays."""
        self._last_line = time.monotonic()
        with self._if_watched():
            if self._bar is not None:
                self._bar.write(text, file=self._stream)
            else:
                print(text, file=self._stream, flush=True)

    @contextmanager
    def _if_watched(self) -> Iterator[None]:
        """Nothing that cannot be shown any more ends the block's caller."""
        try:
            yield
        except OSError:
            self._is_terminal, self._stream = False, io.StringIO()
            if self._bar is not None:
                self._bar.disable, self._bar = True, None

    def _columns(self) -> int:
        try:
            width = os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):  # it only claims to be a terminal
            width = 0
        return (width or 80) - SPARE


def _layout(description: str, text: str, columns: int) -> str:
    """tqdm's format for "description  42% |bar| text", with as much of the text as has room.

    What stands first and last in it matters most (the loss, the time left): where it is too long
    even in shorter words, parts are left out from its middle.
    """
    room = columns - len(description) - len("  42% || ") - NARROWEST_BAR
    if len(text) > room:
        for long, short in SHORTER.items():
            text = text.replace(long, short)
    parts = text.split(", ")
    while parts and len(", ".join(parts)) > room:
        del parts[len(parts) // 2]
    return f"{_escape(description)} {{percentage:3.0f}}% |{{bar}}| {_escape(', '.join(parts))}"


def _escape(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def duration(seconds: float) -> str:
    """Seconds as a person says them: "45 s", "12 min", "3 h 05 min"."""
    seconds = round(seconds)
    if seconds < 100:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
