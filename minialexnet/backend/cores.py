"""How many cores this process may use."""

import math
import os
from contextlib import suppress
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
"""Where Linux says what a group of processes may take; in a container, what the container may."""


def usable_cores() -> int:
    """The cores this process may run on; fewer, where it has the time of fewer.

    A container or a job may be kept to some cores, or (`docker run --cpus=2`) to so much time on
    all of them: then more threads than that would only wait for one another.
    """
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    time = _cores_of_time(CGROUP)
    return cores if time is None else max(1, min(cores, math.ceil(time)))


def _cores_of_time(group: Path) -> float | None:
    """How many cores' time there is, by version 2 or 1 of control groups; None: no limit."""
    for read in (_version_2, _version_1):
        with suppress(OSError, ValueError):
            quota, period = map(int, read(group))  # microseconds
            if quota > 0 and period > 0:
                return quota / period
    return None


def _version_2(group: Path) -> list[str]:
    return (group / "cpu.max").read_text().split()  # the quota may be "max"


def _version_1(group: Path) -> list[str]:
    names = "cpu.cfs_quota_us", "cpu.cfs_period_us"
    return [(group / "cpu" / name).read_text() for name in names]  # the quota may be -1
