"""The contestants as the main process sees them: processes that take turns."""

import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from machine import stolen_seconds

RIVALS = {
    "ours": ("minialexnet", "minialexnet"),
    "torch": ("PyTorch", "torch"),
    "torch channels_last": ("PyTorch channels_last", "torch"),
    "dezero": ("DeZero", "dezero"),
    "dezero float32": ("DeZero kept in float32", "dezero"),
}
"""Kind: what it is called, and the package it needs."""

PAUSE = 0.15
"""Seconds between two turns, for the threads of the last one's pools to fall asleep: OpenBLAS's
wait busily for 0.1 s (2^28 ticks of the clock), PyTorch's for a few milliseconds."""

PATIENCE = 90.0
"""A contestant that has used so many seconds of one comparison, in two rounds or more, leaves."""


class ContestantError(Exception):
    """A contestant could not do what it was told; the message says why."""


class Contestant:
    """A worker process; use it in a `with` statement.

    Args:
        kind: what it is, see worker.py.
        threads: how many it shall use.
        limit_threads: also tell it so by the environment, where libraries read it.
        description: what else the worker needs to know.
    """

    waiting: list[tuple[str, float]] = []  # noqa: RUF012 - of all contestants of the run
    """(kind, CPU seconds a thread) of every wait between two commands."""

    def __init__(self, kind: str, threads: int, limit_threads: bool = False, **description) -> None:
        self.kind, self._threads = kind, threads
        description |= {"kind": kind, "threads": threads}
        environment = dict(os.environ)
        if limit_threads:
            for name in ("MINIALEXNET", "OPENBLAS", "OMP", "MKL"):
                variable = f"{name}_THREADS" if name == "MINIALEXNET" else f"{name}_NUM_THREADS"
                environment[variable] = str(threads)
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("worker.py"), json.dumps(description)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._has_worked = False
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    def ask(self, do: str, **arguments) -> dict:
        """Let it do something, and wait for its answer.

        Raises ContestantError when it fails or dies.
        """
        self.begin(do, **arguments)
        return self.finish()

    def begin(self, do: str, **arguments) -> None:
        """Let it do something, without waiting for the answer."""
        with contextlib.suppress(BrokenPipeError):  # if it is dead, reading tells why
            print(json.dumps({"do": do, **arguments}), file=self._process.stdin, flush=True)

    def finish(self) -> dict:
        """Wait for the answer to what was begun.

        Raises ContestantError when it failed or died.
        """
        result = self._read()
        cpu = result.pop("waited")
        if self._has_worked:  # before that it has just been made, and not waited for a turn
            Contestant.waiting.append((self.kind, cpu / self._threads))
        self._has_worked = True
        return result

    def close(self) -> None:
        """End it, and wait for its end."""
        try:
            self._process.stdin.close()
            self._process.wait(timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _read(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise ContestantError(
                f"{self.kind} died with status {self._process.wait()} (-9 mostly means that "
                "memory ran out)"
            )
        answer = json.loads(line)
        if "failed" in answer:
            raise ContestantError(f"{self.kind} failed: {answer['failed']}")
        return answer

    def __enter__(self) -> "Contestant":
        return self

    def __exit__(self, kind, *error: object) -> None:
        if kind is not None:  # interrupted: do not wait for the step under way
            self._process.kill()
        self.close()


Turn = Callable[[], Mapping[str, float]]
Times = dict[str, list[Mapping[str, float] | None]]

stolen: list[tuple[float, float]] = []
"""Seconds that others on the host got of the processors, and seconds that there were of all of
these together, in every turn of the run, those to warm up too."""


def alternate(turns: Mapping[str, Turn], rounds: int, say: Callable[[str], None]) -> Times:
    """Let each have a turn, round after round, so that a drift of the machine hits all alike.

    Each round begins with another one. Before, each has two turns to warm up (one, if that takes
    ten seconds). Those that fail are left out, and `say` tells why.

    Returns: for each, what its turns returned, with None for rounds in which it had none; where it
    is known, also "stolen", the share that others on the host got of the processors' time.
    """
    times: Times = {name: [] for name in turns}
    spent = dict.fromkeys(turns, 0.0)
    left = dict(turns)

    def take_turn(name: str) -> Mapping[str, float] | None:
        time.sleep(PAUSE)
        start, stolen_before = time.perf_counter(), stolen_seconds()
        try:
            result = left[name]()
        except ContestantError as error:
            say(f"left out: {error}")
            del left[name], times[name]
            return None
        finally:
            elapsed = time.perf_counter() - start
            spent[name] += elapsed
        stolen_after = stolen_seconds()
        if stolen_before is None or stolen_after is None:
            return result
        stolen.append((stolen_after - stolen_before, elapsed * os.cpu_count()))
        return {**result, "stolen": stolen[-1][0] / stolen[-1][1]}

    for name in turns:
        take_turn(name)
        if spent[name] < 10 and name in left:
            take_turn(name)
    for number in range(rounds):
        order = list(turns)
        order = order[number % len(order) :] + order[: number % len(order)]
        for name in order:
            if name in left and (number < 2 or spent[name] < PATIENCE):
                result = take_turn(name)
                if name in times:
                    times[name].append(result)
            elif name in times:
                times[name].append(None)
    return times


def ratios(times: Times, a: str, b: str, key: str = "step") -> list[float]:
    """a's time over b's in each round in which both had a turn."""
    if a not in times or b not in times:
        return []
    both = zip(times[a], times[b], strict=True)
    return [x[key] / y[key] for x, y in both if x is not None and y is not None]


def median(times: Times, name: str, key: str = "step") -> float | None:
    """The median of a contestant's turns."""
    values = [turn[key] for turn in times.get(name, ()) if turn is not None]
    return statistics.median(values) if values else None


def installed(kinds: Iterable[str], say: Callable[[str], None]) -> list[str]:
    """Those whose package is installed; `say` tells how to get the others."""
    there = []
    for kind in kinds:
        name, package = RIVALS[kind]
        if importlib.util.find_spec(package) is not None:
            there.append(kind)
        else:
            say(f"{name} is not installed and is left out; to have it: pip install '.[bench]'")
    return there
