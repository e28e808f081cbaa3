"""The contestants on the GPU as the part that times them sees them: processes that take turns."""

import json
import subprocess
import sys
from contextlib import ExitStack

from contestants import Contestant, ContestantError, installed

from gpu import BENCHMARKS
from gpu.part import Part
from gpu.plan import KINDS
from gpu.processes import environment


class GpuContestant(Contestant):
    """A worker process of gpu/worker.py.

    It loads its libraries while its maker goes on, so that several can do so at the same time;
    `ready` waits for it.

    Args: kind: what it is, see worker.py; description: what else the worker needs to know.
    """

    def __init__(self, kind: str, **description) -> None:
        self.kind, self._threads, self._has_worked = kind, 1, False
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "gpu.worker", json.dumps({"kind": kind, **description})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(BENCHMARKS),
        )

    def ready(self) -> None:
        """Wait until it can be asked. Raises ContestantError if it never can."""
        self._read()


Contestants = dict[str, GpuContestant]


def open_all(stack: ExitStack, part: Part, precision: str) -> Contestants:
    """Start all that are installed, until the stack is left.

    Raises ContestantError if "ours" cannot be started: nothing is left to compare with.
    """
    kinds = installed(KINDS, part.remark)
    description = {"trial": part.settings.trial, "precision": precision}
    started = {kind: stack.enter_context(GpuContestant(kind, **description)) for kind in kinds}
    ready = {}
    for kind, contestant in started.items():
        try:
            contestant.ready()
            ready[kind] = contestant
        except ContestantError as error:
            if kind == "ours":
                raise
            part.remark(f"left out: {error}")
    return ready


def ask_all(contestants: Contestants, part: Part, do: str, **arguments) -> dict[str, dict]:
    """Let all do something at the same time, which is nothing to be timed then.

    Those that fail are left out of the answers.

    Raises ContestantError if "ours" fails.
    """
    for contestant in contestants.values():
        contestant.begin(do, **arguments)
    answers, failure = {}, None
    for kind, contestant in contestants.items():  # all are read, whoever fails
        try:
            answers[kind] = contestant.finish()
        except ContestantError as error:
            part.remark(f"left out: {do}, {error}")
            failure = error if kind == "ours" else failure
    if failure is not None:
        raise failure
    return answers
