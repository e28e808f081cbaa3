from __future__ import annotations

import gc
import os
import tempfile
from collections import namedtuple

import numpy as np
import pytest

from minialexnet.datasets import storage
from minialexnet.datasets.storage import empty_pictures
from minialexnet.errors import InputError

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder for temporary files; anything more than 1,000 bytes goes there."""
    monkeypatch.setattr(storage, "MEMORY_LIMIT", 1000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_little_is_kept_in_memory(folder):
    train, val = empty_pictures([2, 1], 8)  # 576 bytes
    assert type(train) is type(val) is np.ndarray
    assert train.shape == (2, 8, 8, 3)
    assert val.shape == (1, 8, 8, 3)
    assert train.dtype == val.dtype == np.uint8


def test_the_limit_is_for_both_together(folder):
    assert type(empty_pictures([5], 8)[0]) is np.ndarray  # 960 bytes
    assert isinstance(empty_pictures([5, 1], 8)[0], np.memmap)


def test_much_lies_in_a_file_which_nobody_sees(folder, monkeypatch):
    made = []
    real = tempfile.TemporaryFile
    monkeypatch.setattr(
        tempfile, "TemporaryFile", lambda **options: made.append(options) or real(**options)
    )
    train, val = empty_pictures([7, 4], 8)
    assert made == [{"dir": str(folder)}]
    assert isinstance(train, np.memmap)
    assert os.listdir(folder) == []
    train[:], val[:] = 1, 2
    assert train.shape == (7, 8, 8, 3)
    assert (train == 1).all()  # so they do not overlap
    assert (val == 2).all()
    assert train.flags.c_contiguous


def test_no_file_stays_open(folder):
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("open files are counted in /proc")
    gc.collect()  # what earlier tests left
    before = len(os.listdir("/proc/self/fd"))
    arrays = empty_pictures([7, 4], 8)
    del arrays
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_too_little_disk(folder, monkeypatch):
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda path: Usage(0, 0, 3 * 2**30 - 1))
    with pytest.raises(InputError) as caught:
        empty_pictures([2**20], 32)  # 3 GiB
    for word in ("3.0 GiB", str(folder), "TMPDIR", "smaller size"):
        assert word in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="there is no posix_fallocate here")
def test_disk_is_claimed_before_it_is_used(folder, monkeypatch):
    """Else a full disk would end the process at some later write into the map."""
    claimed = []
    monkeypatch.setattr(os, "posix_fallocate", lambda fd, start, count: claimed.append(count))
    empty_pictures([7], 8)
    assert claimed == [7 * 8 * 8 * 3]

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", fail)
    with pytest.raises(InputError, match=r"cannot take them \(No space left on device\)"):
        empty_pictures([7], 8)
