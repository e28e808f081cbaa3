"""Timing steps, and the kernels inside of them."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Step = Callable[[], object]

KERNELS = ("kernel", "gpu_memcpy", "gpu_memset")
"""The categories of work on a GPU in what PyTorch's profiler writes."""


def mean_time(step: Step, wait: Callable[[], None], seconds: float) -> dict[str, float]:
    """Seconds of a step: the mean of as many in a row as fit, between two waits for the device.

    Returns: "step";  "host": those after which a first step, begun on an idle device, left it to
    the device. If they are as many, it is the host that limits the speed.
    """
    step()
    wait()
    start = time.perf_counter()
    step()
    handed_over = time.perf_counter() - start
    wait()
    count = max(1, int(seconds / (time.perf_counter() - start)))
    start = time.perf_counter()
    for _ in range(count):
        step()
    wait()
    return {"step": (time.perf_counter() - start) / count, "host": handed_over}


def kernel_times(step: Step, wait: Callable[[], None], steps: int) -> list[dict]:
    """The kernels that a step runs, and copies, as PyTorch's profiler sees them.

    It sees the whole process, so those of CuPy as well.

    Returns: for each "name", "calls" and "seconds" a step, the longest first.
    """
    import torch
    from torch.profiler import ProfilerActivity, profile

    step()
    wait()
    if torch.cuda.is_available():
        torch.cuda.synchronize()  # makes PyTorch know the device
    # With CUDA's alone, PyTorch has been seen to name no kernels (pytorch/kineto, issue 859).
    activities = [ProfilerActivity.CPU]
    if torch.cuda.is_available():
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as profiler:
        for _ in range(steps):
            step()
        wait()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        return kernels_of_trace(json.loads(path.read_text(encoding="utf-8")), steps)


def kernels_of_trace(trace: dict, steps: int) -> list[dict]:
    """The same, of a trace in Chrome's format, whose times are in microseconds."""
    found: dict[str, list[float]] = {}
    for event in trace["traceEvents"]:
        if event.get("cat") in KERNELS:
            found.setdefault(event["name"], []).append(event.get("dur", 0.0))
    kernels = [
        {"name": name, "calls": len(times) / steps, "seconds": sum(times) / 1e6 / steps}
        for name, times in found.items()
    ]
    return sorted(kernels, key=lambda kernel: -kernel["seconds"])
