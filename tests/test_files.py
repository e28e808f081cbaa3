"""A file is replaced whole or not at all."""

import errno
import os

import pytest

from minialexnet import files
from minialexnet.errors import InputError
from minialexnet.files import expanded, replace_with_copy, write_atomically


def full_disk(*args):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class TestExpanded:
    def test_a_tilde_is_the_home_folder(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        assert expanded("~/pictures") == tmp_path / "pictures"
        assert str(expanded("a~b/~")) == os.path.join("a~b", "~")

    def test_a_home_that_nobody_has_is_refused(self):
        with pytest.raises(InputError, match=r"'~nobody_of_that_name/x' .* in full"):
            expanded("~nobody_of_that_name/x")


class TestWriteAtomically:
    def test_writes_and_replaces(self, tmp_path):
        path = tmp_path / "x.bin"
        for content in (b"one", b"two and longer", b""):
            write_atomically(path, lambda file, content=content: file.write(content))
            assert path.read_bytes() == content
        assert names(tmp_path) == ["x.bin"]

    def test_the_old_file_is_there_while_the_new_one_is_written(self, tmp_path):
        path = tmp_path / "x.bin"
        path.write_bytes(b"old")

        def write(file):
            file.write(b"half")
            file.flush()
            assert path.read_bytes() == b"old"
            file.write(b" and half")

        write_atomically(path, write)
        assert path.read_bytes() == b"half and half"

    @pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
    def test_what_is_no_file_is_left_alone(self, tmp_path, make):
        """As a device would be: moved into its place, the file would be there instead of it."""
        path = tmp_path / "x"
        make(path)
        before = path.stat()
        with pytest.raises(InputError, match="x is no file but something else; give a file"):
            write_atomically(path, lambda file: file.write(b"x"))
        assert os.path.samestat(path.stat(), before)
        assert names(tmp_path) == ["x"]

    def test_a_file_system_that_cannot_be_written_to(self, tmp_path, monkeypatch):
        """There even removing what is not there fails otherwise than elsewhere."""

        def refuse(*args, **kwargs):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        monkeypatch.setattr("builtins.open", refuse)
        monkeypatch.setattr(files.Path, "unlink", refuse)
        with pytest.raises(
            InputError, match=r"could not write .*x \(Read-only file system\); nothing"
        ):
            write_atomically(tmp_path / "x", lambda file: None)

    def test_others_may_read_it(self, tmp_path):
        path = tmp_path / "x.bin"
        write_atomically(path, lambda file: file.write(b"x"))
        assert path.stat().st_mode & 0o777 == 0o644

    @pytest.mark.parametrize("where", ["write", "fsync", "replace"])
    def test_a_full_disk_leaves_the_old_file_and_nothing_else(self, tmp_path, monkeypatch, where):
        path = tmp_path / "x.bin"
        path.write_bytes(b"old")
        if where != "write":
            monkeypatch.setattr(files.os, where, full_disk)

        def write(file):
            file.write(b"new")
            if where == "write":
                full_disk()

        with pytest.raises(InputError) as caught:
            write_atomically(path, write)
        assert path.read_bytes() == b"old"
        assert names(tmp_path) == ["x.bin"]
        message = str(caught.value)
        assert f"could not write {path} (No space left on device)" in message
        assert f"the file as it was before is untouched: {path}" in message
        assert "\n" not in message

    def test_a_full_disk_without_an_old_file_leaves_nothing(self, tmp_path):
        with pytest.raises(InputError, match="nothing was left behind"):
            write_atomically(tmp_path / "x.bin", full_disk)
        assert names(tmp_path) == []

    def test_a_folder_that_is_not_there_is_named(self, tmp_path):
        path = tmp_path / "missing" / "x.bin"
        with pytest.raises(InputError, match=r"could not write .*missing.*No such file"):
            write_atomically(path, lambda file: file.write(b"x"))

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
    def test_any_other_end_leaves_the_old_file_and_nothing_else(self, tmp_path, error):
        path = tmp_path / "x.bin"
        path.write_bytes(b"old")

        def write(file):
            file.write(b"new")
            raise error

        with pytest.raises(error):
            write_atomically(path, write)
        assert path.read_bytes() == b"old"
        assert names(tmp_path) == ["x.bin"]


class TestReplaceWithCopy:
    @pytest.fixture(params=["hard links", "no hard links"])
    def link_support(self, request, monkeypatch):
        if request.param == "no hard links":

            def refuse(source, target):
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))

            monkeypatch.setattr(files.os, "link", refuse)
        return request.param

    def test_the_copy_outlives_the_source(self, tmp_path, link_support):
        source, target = tmp_path / "last", tmp_path / "best"
        for content in (b"first", b"second"):
            write_atomically(source, lambda file, content=content: file.write(content))
            replace_with_copy(source, target)
            assert target.read_bytes() == content
        write_atomically(source, lambda file: file.write(b"third"))
        assert target.read_bytes() == b"second"
        assert names(tmp_path) == ["best", "last"]

    def test_twice_of_the_same_source_leaves_nothing_else(self, tmp_path, link_support):
        source, target = tmp_path / "last", tmp_path / "best"
        source.write_bytes(b"x")
        replace_with_copy(source, target)
        replace_with_copy(source, target)
        assert names(tmp_path) == ["best", "last"]

    def test_what_an_earlier_crash_left_is_no_obstacle(self, tmp_path, link_support):
        source, target = tmp_path / "last", tmp_path / "best"
        source.write_bytes(b"x")
        (tmp_path / ".best.tmp").write_bytes(b"left over")
        replace_with_copy(source, target)
        assert target.read_bytes() == b"x"
        assert names(tmp_path) == ["best", "last"]
