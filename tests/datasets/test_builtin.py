from __future__ import annotations

from importlib import resources

import pytest

from minialexnet.datasets import builtin, builtin_archive, open_source
from minialexnet.errors import InputError


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Pretend that the package and the clone keep their data in these two folders."""
    package, clone = tmp_path / "package", tmp_path / "clone"
    package.mkdir()
    clone.mkdir()
    monkeypatch.setattr(resources, "files", {"minialexnet.data": package}.__getitem__)
    monkeypatch.setattr(builtin, "IN_A_CLONE", clone / "shapes.tgz")
    return package / "shapes.tgz", clone / "shapes.tgz"


def test_the_set_which_is_shipped_can_be_opened():
    source = open_source(builtin_archive())
    assert len(source.classes) >= 2
    assert min(map(len, source.splits.values())) > 0


def test_the_installed_one_is_preferred(places):
    installed, clone = places
    installed.write_bytes(b"x")
    clone.write_bytes(b"x")
    assert builtin_archive() == installed


def test_the_one_of_a_clone(places, monkeypatch):
    _, clone = places
    clone.write_bytes(b"x")
    assert builtin_archive() == clone

    def not_installed(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(resources, "files", not_installed)
    assert builtin_archive() == clone


def test_it_is_in_neither_place(places):
    with pytest.raises(InputError, match=r"built-in pictures are missing .*package.shapes.tgz"):
        builtin_archive()
