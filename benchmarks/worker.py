"""The process of one contestant: does what it is told over a pipe, and sleeps in between.

Started by contestants.py with its description as JSON; then each line of its input is a command
{"do": name, ...}, and each line it writes is the answer. Only one worker computes at any time.
"""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from work import Work


class Worker:
    """Carries out commands; each method without an underscore is one.

    Args: description: kind, threads, and for networks variant, batch_size and classes.
    """

    def __init__(self, description: dict) -> None:
        self._description, self._threads = description, description["threads"]
        self._work = None
        if "variant" in description:
            self._work = Work(*(description[k] for k in ("variant", "batch_size", "classes")))
        self._memory_at_start = peak_memory()
        self._contestant = self._make(description["kind"])

    def _make(self, kind: str):
        """Import only what this contestant needs: the others' memory and threads are not its."""
        if kind == "machine":
            from machine import Machine

            sizes = self._description.get("sizes")
            return Machine(self._threads, *([sizes] if sizes else []))
        if kind == "ours":
            from our_networks import OurNetwork

            return OurNetwork(self._work, self._threads)
        if kind in ("torch", "torch channels_last"):
            from torch_networks import TorchNetwork

            return TorchNetwork(self._work, self._threads, kind == "torch channels_last")
        if kind in ("dezero", "dezero float32"):
            from dezero_networks import DezeroNetwork

            return DezeroNetwork(self._work, self._threads, kind == "dezero float32")
        if kind == "ours, operations":
            from operations import OurOperations

            return OurOperations(self._work, self._threads)
        if kind == "torch, operations":
            from operations import TorchOperations

            return TorchOperations(self._work, self._threads)
        if kind == "feeding":
            from feeding import Feeding

            steps, folder = self._description["steps"], self._description["folder"]
            return Feeding(self._work, self._threads, steps, folder)
        raise ValueError(f"unknown kind of contestant: {kind}")

    def about(self) -> dict:
        """How many threads it has, and how it computes."""
        about = {"threads": getattr(self._contestant, "threads", None)}
        if self._description["kind"].startswith("torch"):
            import torch

            lines = [line.strip(" -") for line in torch.__config__.show().splitlines()]
            kept = [line for line in lines if "MKL" in line and "=" not in line]
            kept += [line for line in lines if line.startswith("CPU capability")]
            about["libraries"] = kept
        return about

    def train(self, seconds: float) -> dict:
        """Seconds of a training step."""
        return {"step": mean_time(self._contestant.train_step, seconds)}

    def infer(self, seconds: float) -> dict:
        """Seconds of inference on the batch."""
        return {"step": mean_time(self._contestant.infer, seconds)}

    def memory(self, work: str, times: int) -> dict:
        """Peak memory in bytes: at the start, after making the network, after some steps."""
        made = peak_memory()
        step = {"train": self._contestant.train_step, "infer": self._contestant.infer}[work]
        for _ in range(times):
            step()
        return {"start": self._memory_at_start, "made": made, "peak": peak_memory()}

    def save_weights(self, path: str) -> dict:
        """Write the parameters to a file."""
        self._contestant.save_weights(path)
        return {}

    def load_weights(self, path: str) -> dict:
        """Take the parameters from a file."""
        self._contestant.load_weights(path)
        return {}

    def logits(self) -> dict:
        """The logits of its pictures, whichever layout it has them in itself."""
        pixels, _ = self._work.batch()
        return {"logits": self._contestant.logits(pixels).tolist()}

    def flops(self) -> dict:
        """Floating-point operations of the matrix products of a training step and of inference."""
        return self._contestant.flops()

    def rates(self, seconds: float) -> dict:
        """The machine's own rates."""
        return self._contestant.rates(seconds)

    def sgemm(self, seconds: float) -> dict:
        """The machine's best rate of matrix products, now."""
        return {"rate": self._contestant.sgemm(seconds)}

    def prepare(self, operation: str) -> dict:
        """Make one operation and its inputs, and drop those of the last."""
        self._passes = None
        self._passes = self._contestant.passes(operation)
        return {}

    def operate(self, seconds: float) -> dict:
        """Seconds of the operation's forward and backward pass."""
        from operations import time_passes

        return time_passes(self._passes, seconds)

    def loading(self) -> dict:
        """How long it took to read the folder of pictures."""
        return self._contestant.loading

    def fixed(self) -> dict:
        """Seconds of a training step on one batch."""
        return self._contestant.fixed()

    def fed(self, source: str) -> dict:
        """Seconds of a training step on ever new batches."""
        return self._contestant.fed(source)


def mean_time(step: Callable[[], object], seconds: float) -> float:
    """The mean time of as many calls as fit in `seconds`.

    The first finds the caches full of another contestant's data and is left out, unless it takes
    so long that this does not matter.
    """
    start = time.perf_counter()
    step()
    first = time.perf_counter() - start
    if first >= seconds:
        return first
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        step()
        count += 1
    return elapsed / count


def peak_memory() -> int | None:
    """The most memory this process has had, in bytes; None where that is not known.

    On Linux, getrusage would give the parent's peak to a child that starts out smaller.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def described(error: Exception) -> str:
    """The error in words for a report, which names no folder of this machine."""
    return re.sub(r"(?:[A-Za-z]:)?[/\\][^\s'\":]+", "...", f"{type(error).__name__}: {error}")


def serve(make: Callable[[dict], object], on_error: Callable[[], None] = lambda: None) -> None:
    """Make what the description in the arguments says, and do what it is told until the input ends.

    Args:
        make: makes the object whose methods are the commands.
        on_error: called where an error can still be looked at, which is then answered in words.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which ends us
    # The answers have a channel of their own: what a library prints must not get among them.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    made: list[object] = []

    def answer(function: Callable[[], dict]) -> None:
        waited = time.process_time() - cpu
        try:
            content = {"waited": waited, **function()}
        except MemoryError:
            content = {"waited": waited, "failed": "not enough memory"}
        except Exception as error:
            on_error()
            content = {"waited": waited, "failed": described(error)}
        print(json.dumps(content), file=answers, flush=True)

    def begin() -> dict:
        made.append(make(json.loads(sys.argv[1])))
        return {"ready": True}

    cpu = time.process_time()
    answer(begin)
    cpu = time.process_time()
    for line in sys.stdin if made else ():
        command = json.loads(line)
        answer(lambda command=command: getattr(made[0], command.pop("do"))(**command))
        cpu = time.process_time()


if __name__ == "__main__":
    serve(Worker)
