"""The process of one part: python -m gpu.part NAME SETTINGS, the settings as JSON.

Each line that it prints is one piece of JSON, written at once: so a part that is killed loses
nothing of what it had found.
"""

import importlib
import json
import math
import os
import signal
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from worker import described

from gpu.place import Place
from gpu.plan import REAL, TRIAL, Sizes
from minialexnet.errors import InputError

SPARE = 12.0
"""Seconds that a part keeps (but no more than a fifth of its time), to end before it is killed."""


@dataclass(frozen=True)
class Settings:
    """What a part is told.

    Attributes:
        trial: on the host in place of the GPU, with next to no work.
        precisions: "float32", "tf32".
        out: the folder for files.
        data: pictures to train on.
        seconds: that it may take.
        gpu: which one is wanted, as long as nobody has looked whether it is there; the parts
            after that see no other.
    """

    trial: bool
    precisions: tuple[str, ...]
    out: str
    data: str | None = None
    seconds: float = 60.0
    gpu: int | None = None

    def as_json(self) -> str:
        """For the command line of the part's process."""
        return json.dumps(asdict(self))


class Part:
    """What a part can ask for, and whom it tells its results.

    Args: settings; write: takes lines of JSON.

    Attributes:
        end: when it should have ended, by `time.monotonic`.
    """

    def __init__(self, settings: Settings, write) -> None:
        self.settings, self._write = settings, write
        seconds = settings.seconds
        self.end = time.monotonic() + seconds - min(SPARE, seconds / 5)

    @property
    def sizes(self) -> Sizes:
        """How much work there is to do."""
        return TRIAL if self.settings.trial else REAL

    @property
    def out(self) -> Path:
        """The folder for files."""
        return Path(self.settings.out)

    @property
    def backend(self) -> str:
        """The backend that is checked."""
        return "numpy" if self.settings.trial else "cupy"

    def place(self, precision: str | None = None) -> Place:
        """The GPU. Raises InputError if it cannot be used."""
        return Place.choose(self.settings.trial, precision, self.settings.gpu)

    def progress(self, text: str) -> None:
        """Tell what has just been done, or is begun."""
        self._say({"progress": text})

    def remark(self, text: str) -> None:
        """Say something that belongs into the report."""
        self._say({"remark": text})

    def facts(self, **facts: str) -> None:
        """Add to what the report says of the machine."""
        self._say({"facts": facts})

    def result(self, topic: str, **values: Any) -> None:
        """Hand over something that was found."""
        self._say({"result": {"topic": topic, **values}})

    def fail(self, text: str) -> None:
        """Say why the part cannot go on."""
        self._say({"failed": text})

    def _say(self, content: dict) -> None:
        self._write(json.dumps(_finite(content)))


def _finite(value: Any) -> Any:
    """The same with None for numbers that JSON has not: infinite ones, and NaN."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main() -> int:
    """Run the part; the exit status is 1 if it fails."""
    # Commands started from here are to heed an interrupt, even if our caller was told to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The results have a channel of their own: what a library prints must not get among them.
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    values = json.loads(sys.argv[2])
    settings = Settings(**values | {"precisions": tuple(values["precisions"])})
    part = Part(settings, lambda line: print(line, file=results, flush=True))
    try:
        importlib.import_module(f"gpu.{sys.argv[1]}").run(part)
    except InputError as error:
        part.fail(str(error))
        return 1
    except Exception as error:
        traceback.print_exc()
        part.fail(described(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
