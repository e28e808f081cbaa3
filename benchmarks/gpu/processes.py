"""Running parts and commands as processes that get no more than their time."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from gpu import BENCHMARKS, ROOT

PATIENCE = 8.0
"""Seconds that an interrupted command has to save what it has, before it is killed."""


def environment(*folders: Path, gpu: int | None = None) -> dict[str, str]:
    """That of this process, where Python finds this checkout and `folders` before all else.

    Args: gpu: the only one that it sees, by its number among those that are seen now.
    """
    found = dict(os.environ)
    ours = [str(ROOT), str(BENCHMARKS)]
    others = [path for path in found.get("PYTHONPATH", "").split(os.pathsep) if path not in ours]
    found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), *map(str, folders), *others]))
    if gpu is not None:
        seen = found.get("CUDA_VISIBLE_DEVICES")
        found["CUDA_VISIBLE_DEVICES"] = seen.split(",")[gpu].strip() if seen else str(gpu)
    return found


def part_command(name: str, settings: str) -> list[str]:
    """That which runs a part (see part.py)."""
    return [sys.executable, "-P", "-m", "gpu.part", name, settings]


def follow(
    command: Sequence[str],
    seconds: float,
    on_line: Callable[[str], None],
    log: TextIO,
    gpu: int | None = None,
) -> str | None:
    """Run a command with all that it starts, and hand on each line that it prints.

    Args: seconds: after so many it is killed; log: where its errors go.
    Returns: what went wrong: it was killed, or died. None if nothing did.
    """
    end = time.monotonic() + seconds
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env=environment(BENCHMARKS, gpu=gpu),
        start_new_session=True,  # a group of its own, to be killed with all its processes
    )
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
    try:
        while (line := lines.get(timeout=max(0.0, end - time.monotonic()))) is not None:
            on_line(line)
        status = process.wait(timeout=max(1.0, end - time.monotonic()))
    except (queue.Empty, subprocess.TimeoutExpired):
        return f"killed after {seconds:.0f} s, which was its share of the time"
    finally:
        _kill_group(process)
    return f"died with status {status}" if status else None


def _read(stream: TextIO, lines: "queue.Queue[str | None]") -> None:
    with contextlib.suppress(ValueError):  # closed at the end of the program
        for line in stream:
            if line.endswith("\n"):  # else its writer died over it
                lines.put(line)
    lines.put(None)


def _kill_group(process: subprocess.Popen) -> None:
    """End whatever is left of it, and of what it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:  # Windows, where its own processes see that their input has ended
        process.kill()
    process.wait()


def run_into(
    output: Path,
    module: Sequence[str],
    end: float,
    meanwhile: Callable[[], None] = lambda: None,
    **variables: str,
) -> tuple[int | None, float, str]:
    """Run a Python module in this checkout; what it prints goes into the file `output`.

    Args: module: with its options; end, meanwhile: see `attend`; variables: of its environment.
    Returns: its exit status, None if it was interrupted; the seconds it took; what it printed.
    """
    start = time.monotonic()
    with open(output, "w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment() | variables,
        )
        by_itself = attend(process, end, meanwhile)
    text = output.read_text(encoding="utf-8", errors="replace")
    return process.returncode if by_itself else None, time.monotonic() - start, text


def collect(output: Path, into: Path, title: str) -> None:
    """Move what a command printed to the end of another file."""
    with open(into, "a", encoding="utf-8") as file:
        file.write(f"===== {title}\n\n{output.read_text(encoding='utf-8', errors='replace')}\n")
    output.unlink()


def attend(process: subprocess.Popen, end: float, meanwhile: Callable[[], None]) -> bool:
    """Wait for a command; at the moment `end` interrupt it, as Ctrl-C does.

    Args: end: by `time.monotonic`; meanwhile: called again and again.
    Returns: whether it ended by itself.
    """
    while process.poll() is None:
        if time.monotonic() > end:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return False
        meanwhile()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
    return True
