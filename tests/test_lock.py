from __future__ import annotations

import os

import pytest

from minialexnet import lock
from minialexnet.errors import InputError
from minialexnet.lock import only_one

fcntl = pytest.importorskip("fcntl", reason="nothing is locked on Windows")


def test_one_at_a_time(tmp_path):
    path = tmp_path / "x"
    with only_one(path, path.touch, "busy"):
        with pytest.raises(InputError, match=r"^busy$"), only_one(path, path.touch, "busy"):
            pass
        with only_one(tmp_path / "y", (tmp_path / "y").touch, "busy"):
            pass
    with only_one(path, path.touch, "busy"):
        pass


def test_folders_can_be_held_too(tmp_path):
    path = tmp_path / "x"

    def make():
        path.mkdir(exist_ok=True)

    with (
        only_one(path, make, "busy"),
        pytest.raises(InputError, match="busy"),
        only_one(path, make, "busy"),
    ):
        pass


def test_what_was_moved_away_meanwhile_is_not_held(tmp_path, monkeypatch):
    """Another process was done with the file between our opening and locking it."""
    path = tmp_path / "x"
    real, calls = fcntl.flock, []

    def slow(held, how):
        calls.append(held)
        if len(calls) == 1:
            os.rename(path, tmp_path / "done")
        if len(calls) == 2:
            os.rename(path, tmp_path / "done too")
            path.touch()
        real(held, how)

    monkeypatch.setattr(lock.fcntl, "flock", slow)
    with only_one(path, path.touch, "busy"):
        assert len(calls) == 3
        assert os.path.samestat(os.fstat(calls[-1]), os.stat(path))


def test_it_lets_go_after_an_error(tmp_path):
    path = tmp_path / "x"
    with pytest.raises(ZeroDivisionError), only_one(path, path.touch, "busy"):
        raise ZeroDivisionError
    with only_one(path, path.touch, "busy"):
        pass
