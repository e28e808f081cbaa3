"""Which Python this is."""

import platform
import sys
import sysconfig

import pytest

from minialexnet.backend import python_version


@pytest.mark.parametrize(
    ("free_threaded", "locked", "said"),
    [
        (1, False, " (free-threaded)"),
        (1, True, " (free-threaded, but with its lock turned on)"),
        (0, True, ""),
        (None, True, ""),  # before Python 3.13
    ],
)
def test_free_threading_is_said(monkeypatch, free_threaded, locked, said):
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": free_threaded}.get)
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: locked, raising=False)
    assert python_version() == platform.python_version() + said


def test_this_python():
    locked = getattr(sys, "_is_gil_enabled", lambda: True)()
    assert python_version().endswith("(free-threaded)") == (not locked)
