"""What a person sees while the network trains."""

import sys
import time
from typing import TextIO

from tqdm import tqdm

LINE_EVERY_SECONDS = 30


class Progress:
    """A bar on a terminal; elsewhere (a log file, CI) plain lines every half a minute.

    Args: stream: where to write; standard error by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._bar: tqdm | None = None
        self._is_terminal = self._stream.isatty()
        self._last_line = time.monotonic()

    def start(self, description: str, total: int, done: int = 0, unit: str = "img") -> None:
        """Begin a stretch of `total` units, `done` of which are done already."""
        self.finish()
        self._description, self._total, self._done = description, total, done
        if self._is_terminal:
            self._bar = tqdm(
                desc=description,
                total=total,
                initial=done,
                unit=unit,
                file=self._stream,
                leave=False,
                dynamic_ncols=True,
                bar_format="{desc} {percentage:3.0f}%|{bar}| {postfix}",
            )

    def update(self, units: int, text: str) -> None:
        """`units` more are done; `text` tells how it stands."""
        self._done += units
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(units)
        elif time.monotonic() - self._last_line > LINE_EVERY_SECONDS:
            share = self._done / max(self._total, 1)
            self.say(f"{self._description} {share:4.0%}  {text}")

    def finish(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def say(self, text: str) -> None:
        """Write a line that stays."""
        self._last_line = time.monotonic()
        if self._bar is not None:
            self._bar.write(text, file=self._stream)
        else:
            print(text, file=self._stream, flush=True)


def duration(seconds: float) -> str:
    """Seconds as a person says them: "45 s", "12 min", "3 h 05 min"."""
    seconds = round(seconds)
    if seconds < 100:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
