from __future__ import annotations

import contextlib
import gzip
import io
import os
import tarfile
import zipfile

import pytest

from minialexnet.datasets import open_source
from minialexnet.datasets.source import printable
from minialexnet.datasets.tar import ZSTANDARD, ZstdError, infos, opened_tar
from minialexnet.errors import InputError

GOOD = {"train/cat": 3, "train/dog": 3, "val/cat": 2, "val/dog": 2}
TRAIN_NAMES = tuple(f"train/{c}/{i}.png" for c in ("cat", "dog") for i in range(3))


def refused(path, *words):
    """The one-sentence message of the InputError, which must contain all of `words`."""
    with pytest.raises(InputError) as caught:
        list(open_source(path).read())
    message = str(caught.value)
    for word in words:
        assert word in message, message
    assert "\n" not in message
    return message


def entry(name, content=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def write_tar(path, entries, mode="w"):
    with tarfile.open(path, mode) as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content))
    return path


def good_entries(top="", count=2):
    return [
        entry(f"{top}{split}/{name}/{i}.png", f"{split}{name}{i}".encode() * 50)
        for split in ("train", "val")
        for name in ("cat", "dog")
        for i in range(count)
    ]


# What is read


@pytest.mark.parametrize("top", ["", "top"])
@pytest.mark.parametrize(
    ("name", "mode"),
    [("x.tar", "w"), ("x.tgz", "w:gz"), ("x.tar.gz", "w:gz"), ("odd.name", "w:gz"), ("x.tgz", "w")],
)
def test_folder_and_archive_are_used_alike(good_set, pack, top, name, mode):
    folder, archive = open_source(good_set), open_source(pack(good_set, name, top, mode))
    for source in (folder, archive):
        assert source.classes == ("cat", "dog")
        assert source.splits["train"].names == TRAIN_NAMES
        assert source.splits["train"].labels == (0, 0, 0, 1, 1, 1)
        assert len(source.splits["val"]) == 4
    for split in ("train", "val"):
        names = folder.splits[split].names
        expected = {
            (n, label, (good_set / n).read_bytes())
            for n, label in zip(names, folder.splits[split].labels, strict=True)
        }
        assert len(expected) == len(names)
        assert set(folder.splits[split]) == set(archive.splits[split]) == expected
    assert sorted(folder.read()) == sorted(archive.read())
    assert len(list(archive.read())) == 10


def test_folder_below_one_top_folder(tmp_path, draw_set):
    draw_set(tmp_path / "outer" / "top", GOOD)
    source = open_source(str(tmp_path / "outer"))
    assert source.splits["train"].names == TRAIN_NAMES


def test_read_names_split_and_position(good_set, pack):
    for path in (good_set, pack(good_set)):
        source = open_source(path)
        for split, position, content in source.read():
            assert (good_set / source.splits[split].names[position]).read_bytes() == content


def test_pictures_in_subfolders_belong_to_the_class(good_set, pack, draw_set):
    draw_set(good_set, {"train/cat/images/deep": 2})
    for path in (good_set, pack(good_set)):
        train = open_source(path).splits["train"]
        assert train.names[3:5] == ("train/cat/images/deep/0.png", "train/cat/images/deep/1.png")
        assert train.labels == (0,) * 5 + (1,) * 3


def test_files_of_file_managers_are_ignored(good_set, pack):
    for name in ("._0.png", ".DS_Store", "Thumbs.db", "desktop.ini", ".hidden/1.png"):
        (good_set / "train/cat" / name).parent.mkdir(exist_ok=True)
        (good_set / "train/cat" / name).write_bytes(b"x")
    for name in ("__MACOSX/train/cat/0.png", "train/__MACOSX/0.png", "val/.x/0.png"):
        (good_set / name).parent.mkdir(parents=True)
        (good_set / name).write_bytes(b"x")
    for path in (good_set, pack(good_set)):
        source = open_source(path)
        assert source.splits["train"].names == TRAIN_NAMES
        assert source.loose == ()


def test_any_other_file_is_a_candidate_and_loose_ones_are_named(good_set, pack):
    (good_set / "train/dog/notes.txt").write_bytes(b"x")
    (good_set / "val/list.csv").write_bytes(b"x")
    (good_set / "words.txt").write_bytes(b"x")
    for path in (good_set, pack(good_set)):
        source = open_source(path)
        assert source.splits["train"].names == (*TRAIN_NAMES, "train/dog/notes.txt")
        assert source.loose == ("val/list.csv",)


def test_val_may_lack_a_class(tmp_path, draw_set, pack):
    folder = draw_set(tmp_path / "x", {"train/a": 1, "train/b": 1, "train/c": 1, "val/b": 2})
    for path in (folder, pack(folder)):
        source = open_source(path)
        assert source.classes == ("a", "b", "c")
        assert source.splits["val"].labels == (1, 1)


def test_home_folder_is_understood(good_set, monkeypatch):
    monkeypatch.setenv("HOME", str(good_set.parent))
    assert open_source("~/good").classes == ("cat", "dog")


def test_links_in_a_folder_are_followed_but_not_round_and_round(good_set):
    (good_set / "train/dog").rename(good_set.parent / "dogs")
    (good_set / "train/dog").symlink_to(good_set.parent / "dogs")
    (good_set / "train/dog/loop").symlink_to(good_set / "train")
    assert open_source(good_set).splits["train"].names == TRAIN_NAMES


def test_only_train_and_val_are_searched(good_set, monkeypatch):
    (good_set / "other/deep").mkdir(parents=True)
    (good_set / ".hidden").mkdir()
    scanned = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: scanned.append(str(path)) or scandir(path))
    open_source(good_set)
    assert str(good_set / "other/deep") not in scanned
    assert not [path for path in scanned if ".hidden" in path]
    assert str(good_set / "train/cat") in [path.rstrip("/") for path in scanned]


def test_the_last_of_entries_with_one_name_counts(tmp_path):
    again = entry("./train//cat/0.png", b"newer")
    path = write_tar(tmp_path / "x.tar", [*good_entries(), again])
    contents = {name: content for name, _, content in open_source(path).splits["train"]}
    assert contents["train/cat/0.png"] == b"newer"
    assert len(contents) == 4


def test_names_can_be_printed():
    assert printable("caf\u00e9 \u732b.png") == "caf\u00e9 \u732b.png"
    assert printable("a\x1b[2J\n\udcff") == "a\\x1b[2J\\n\\udcff"


def test_odd_names_reach_nobody_raw(good_set):
    (good_set / "train/cat/\x1b[2J.png").write_bytes(b"x")
    names = open_source(good_set).splits["train"].names
    assert all(name.isprintable() for name in names)


# What is refused: paths


def test_not_a_path():
    refused(None, "folder or archive", "None")


def test_nothing_there(tmp_path):
    refused(tmp_path / "nowhere", str(tmp_path / "nowhere"), "does not exist")
    refused(tmp_path / "imagenette", "does not exist (`minialexnet data get imagenette`")


def test_empty_folder_and_archive(tmp_path):
    (tmp_path / "x").mkdir()
    refused(tmp_path / "x", "'" + str(tmp_path / "x") + "' is empty")
    refused(write_tar(tmp_path / "x.tar", []), "x.tar' is empty")


def test_wrong_kind_of_file(tmp_path):
    (tmp_path / "page.tgz").write_text("<html>not found</html>")
    refused(tmp_path / "page.tgz", "page.tgz", "is not a .tar/.tgz archive", "<html>")
    (tmp_path / "none.tar").write_bytes(b"")
    refused(tmp_path / "none.tar", "none.tar", "is not a .tar/.tgz archive")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("train/cat/0.png", b"x")
    refused(tmp_path / "x.zip", "x.zip", "a zip archive", "unpack it")


@pytest.mark.skipif(ZstdError is not None, reason="this Python reads Zstandard")
def test_zstandard_that_cannot_be_read(tmp_path):
    (tmp_path / "x.tar.zst").write_bytes(ZSTANDARD + b"anything")
    refused(tmp_path / "x.tar.zst", "is not a .tar/.tgz archive", "which this Python cannot read")


@pytest.mark.skipif(ZstdError is None, reason="this Python cannot read Zstandard")
def test_zstandard(tmp_path, good_set, pack):
    from compression import zstd

    path = pack(good_set, "x.tar.zst", mode="w:zst")
    assert open_source(path).splits["train"].names == TRAIN_NAMES
    whole = path.read_bytes()
    for damage in range(len(ZSTANDARD), len(whole), len(whole) // 50):
        path.write_bytes(whole[:damage] + bytes([whole[damage] ^ 0x55]) + whole[damage + 1 :])
        with contextlib.suppress(InputError):  # it may also hit what no checksum covers
            list(open_source(path).read())
        path.write_bytes(whole[:damage])
        refused(path, "x.tar.zst", "damaged")
    path.write_bytes(zstd.compress(b"hello" * 1000))
    refused(path, "x.tar.zst", "no tar archive inside")


def test_unreadable(good_set, pack, monkeypatch):
    """Pretended, since for root everything is readable."""
    archive, real_open, real_scandir = pack(good_set), open, os.scandir

    def denied(path, real, *rest):
        if str(path).rstrip("/").endswith(("x.tgz", "train/dog", "cat/0.png")):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", lambda path, *rest: denied(path, real_open, *rest))
        refused(archive, "x.tgz", "cannot be read", "Permission denied")
        refused(good_set, "train/cat/0.png", "cannot be read", "Permission denied")
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", lambda path: denied(path, real_scandir))
        refused(good_set, "train/dog", "cannot be read", "Permission denied")


def test_a_link_to_itself(good_set):
    (good_set / "train/loop").symlink_to("loop")
    refused(good_set, "train", "cannot be read", "Too many levels of symbolic links")


def test_a_link_to_nowhere_or_a_pipe_in_a_folder(good_set):
    (good_set / "train/cat/9.png").symlink_to("gone")
    refused(good_set, "train/cat/9.png", "cannot be read", "link to nowhere")
    (good_set / "train/cat/9.png").unlink()
    os.mkfifo(good_set / "train/cat/8.png")
    refused(good_set, "train/cat/8.png", "not a regular file")


# What is refused: layouts, as folder and as archive


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"cat": 1, "dog": 1}, ["no folders train and val", "'cat', 'dog'"]),
        ({"Train/cat": 1, "valid/cat": 1}, ["no folders train and val", "'Train', 'valid'"]),
        ({"a/b/train/cat": 1}, ["no folders train and val", "'a'"]),
        ({"val/cat": 1, "val/dog": 1}, ["no class folders in train", "val has found 'cat', 'dog'"]),
        ({"train/cat": 1, "train/dog": 1}, ["no class folders in val", "make one"]),
        ({"train/cat": 1, "train/dog": 1, "val": 3}, ["no class folders in val", "make one"]),
        ({"train": 3, "val/cat": 1}, ["no class folders in train", "one folder per class"]),
        (
            {"a/train/cat": 1, "a/train/dog": 1, "b/val/cat": 1},
            ["more than one folder", "'a', 'b'"],
        ),
        (
            {"train/cat": 1, "train/dog": 1, "val/cat": 1, "val/cow": 1},
            ["val has class folders which train lacks: 'cow'", "'cat', 'dog'"],
        ),
        ({"train/cat": 1, "train/dog": 0, "val/cat": 1}, ["no pictures", "'train/dog'"]),
        (
            {"train/cat": 1, "train/dog": 1, "val/cat": 1, "val/dog": 0},
            ["no pictures", "'val/dog'"],
        ),
        ({"train/cat": 2, "val/cat": 1}, ["only one class, 'cat'", "at least two"]),
    ],
)
def test_wrong_layout(tmp_path, draw_set, pack, counts, words):
    folder = draw_set(tmp_path / "wrong", counts)
    refused(folder, str(folder), *words)
    refused(pack(folder, "wrong.tgz"), "wrong.tgz", *words)


def test_a_class_with_nothing_but_hidden_files(good_set, pack):
    (good_set / "train/cow").mkdir()
    (good_set / "train/cow/.DS_Store").write_bytes(b"x")
    for path in (good_set, pack(good_set)):
        refused(path, "no pictures", "'train/cow'")


def test_many_names_are_cut_short(tmp_path, draw_set):
    folder = draw_set(tmp_path / "x", {f"class{i:02}": 0 for i in range(20)})
    message = refused(folder, "'class07'", "and 12 more")
    assert "class08" not in message


# What is refused: archives


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (entry("/etc/passwd", b"x"), ["'/etc/passwd'", "absolute path"]),
        (entry("C:\\x.png", b"x"), ["C:", "absolute path"]),
        (entry("\\x.png", b"x"), ["x.png", "absolute path"]),
        (entry("train/../../x.png", b"x"), ["'train/../../x.png'", "'..'"]),
        (entry("train\\..\\x.png", b"x"), ["..", "leads out"]),
        (
            entry("train/cat/s.png", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
            ["'train/cat/s.png'", "link", "/etc/passwd"],
        ),
        (
            entry("train/cat/h.png", type=tarfile.LNKTYPE, linkname="train/cat/0.png"),
            ["'train/cat/h.png'", "link"],
        ),
        (entry("train/cat/dev", type=tarfile.CHRTYPE), ["'train/cat/dev'", "device"]),
        (entry("train/cat/disk", type=tarfile.BLKTYPE), ["'train/cat/disk'", "device"]),
        (entry("train/cat/pipe", type=tarfile.FIFOTYPE), ["'train/cat/pipe'", "device"]),
        (entry(".hidden", type=tarfile.SYMTYPE, linkname="x"), ["'.hidden'", "link"]),
    ],
    ids=lambda value: value[0].name if isinstance(value, tuple) else "",
)
def test_dangerous_entries(tmp_path, bad, words):
    path = write_tar(tmp_path / "bad.tgz", [*good_entries(), bad], "w:gz")
    refused(path, "bad.tgz", "is refused", *words)
    assert os.listdir(tmp_path) == ["bad.tgz"]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_cut_off_anywhere(tmp_path, mode):
    whole = write_tar(tmp_path / "whole", good_entries(), mode).read_bytes()
    end = len(whole) if mode == "w:gz" else max(i for i, b in enumerate(whole) if b) // 512 * 512
    step = 1 if mode == "w:gz" else 128
    cut = tmp_path / "cut.tgz"
    for length in [*range(20, end, step), end - 1]:
        cut.write_bytes(whole[:length])
        message = refused(cut, "cut.tgz")
        assert "cut off or damaged" in message or length <= 512, message
    cut.write_bytes(whole)
    assert len(list(open_source(cut).read())) == 8


def test_a_damaged_archive(tmp_path):
    whole = write_tar(tmp_path / "whole", good_entries(), "w:gz").read_bytes()
    damaged = tmp_path / "damaged.tgz"
    for position in range(20, len(whole) - 4):
        damaged.write_bytes(
            whole[:position] + bytes([whole[position] ^ 64]) + whole[position + 1 :]
        )
        refused(damaged, "damaged.tgz", "cut off or damaged", "again")


def test_a_damaged_header_is_not_the_end(tmp_path):
    whole = bytearray(write_tar(tmp_path / "x.tar", good_entries()).read_bytes())
    second = whole.index(b"train/cat/1.png")
    whole[second] ^= 1
    (tmp_path / "x.tar").write_bytes(whole)
    refused(tmp_path / "x.tar", "x.tar", "cut off or damaged", "checksum")


def test_an_enormous_file_name(tmp_path):
    long = entry("././@LongLink", b"n" * (2 << 20), type=tarfile.GNUTYPE_LONGNAME)
    path = write_tar(tmp_path / "x.tgz", [*good_entries(), long, entry("short")], "w:gz")
    refused(path, "x.tgz", "damaged", "a file name of 2097152 bytes")


def test_compressed_but_no_archive(tmp_path):
    (tmp_path / "x.tgz").write_bytes(gzip.compress(b"hello" * 1000))
    refused(tmp_path / "x.tgz", "x.tgz", "no tar archive inside")


@pytest.mark.parametrize("change", ["fewer", "others"])
def test_an_archive_which_changes_meanwhile(tmp_path, change):
    entries = good_entries()
    path = write_tar(tmp_path / "x.tar", entries)
    source = open_source(path)
    write_tar(path, entries[:-1] if change == "fewer" else entries[::-1])
    with pytest.raises(InputError, match=r"x\.tar.*changed meanwhile"):
        list(source.read())


def test_members_are_not_kept(tmp_path):
    """tarfile would keep a kilobyte for each of a million pictures."""
    with opened_tar(write_tar(tmp_path / "x.tar", good_entries(count=50))) as (tar, _):
        for _ in infos(tar):
            assert len(tar.members) <= 1
