"""How many threads are worth starting."""

import os

import pytest

from minialexnet.backend import cores, usable_cores


@pytest.fixture
def group(tmp_path, monkeypatch):
    """group({file: text}, of=8): what Linux says, on a machine with so many cores."""

    def write(files, of=8):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        monkeypatch.setattr(cores, "CGROUP", tmp_path)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(of)), raising=False)

    return write


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "5000 100000\n"}, 1),
        ({"cpu.max": "6400000 100000\n"}, 8),
        ({"cpu.max": "what is this"}, 8),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
    ],
)
def test_no_more_than_there_is_time_for(group, files, expected):
    group(files)
    assert usable_cores() == expected


def test_no_more_than_the_process_may_run_on(group):
    group({"cpu.max": "600000 100000\n"}, of=3)
    assert usable_cores() == 3


def test_where_there_is_no_affinity_all_cores_count(group, monkeypatch):
    group({})
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert usable_cores() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1
