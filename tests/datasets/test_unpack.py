"""Nothing is written outside the folder, and a folder that is there is whole."""

import errno
import io
import os
import signal
import stat
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from minialexnet.datasets import open_source
from minialexnet.datasets import unpack as module
from minialexnet.datasets.unpack import MARK, is_unpacked, unpack, unpacked_from
from minialexnet.errors import InputError

ROOT = Path(__file__).parents[2]
FILES = {
    f"top/{split}/{name}/{i}.png": f"{split}{name}{i}".encode() * 50
    for split in ("train", "val")
    for name in ("cat", "dog")
    for i in range(2)
}


def tar(path: Path, files: dict[str, bytes] = FILES, *special: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in special:
            archive.addfile(info)
    return path


def zipped(path: Path, files: dict[str, bytes] = FILES, *special: tuple) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for info, content in special:
            archive.writestr(info, content)
    return path


MAKERS = pytest.mark.parametrize(("make", "name"), [(tar, "x.tgz"), (zipped, "x.zip")])


@pytest.fixture
def place(tmp_path) -> Path:
    """An empty folder to unpack in."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def content(folder: Path) -> dict[str, bytes]:
    """What `folder` holds, without the mark."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MARK
    }


def refused(archive: Path, place: Path, *parts: str) -> str:
    """The message; after a look that nothing is left in `place` or beside it."""
    before = sorted(path.name for path in place.parent.iterdir())
    with pytest.raises(InputError) as caught:
        unpack(archive, place / "set", "origin")
    message = str(caught.value)
    assert "\n" not in message
    for part in (str(archive), *parts):
        assert part in message, message
    assert list(place.iterdir()) == []
    assert sorted(path.name for path in place.parent.iterdir()) == before
    return message


# What goes well


@MAKERS
def test_everything_comes_out_and_the_one_top_folder_is_renamed(tmp_path, place, make, name):
    shown = []
    archive = make(tmp_path / name)
    unpack(archive, place / "set", "origin", lambda *now: shown.append(now))
    assert content(place / "set") == {k.removeprefix("top/"): v for k, v in FILES.items()}
    assert os.listdir(place) == ["set"]
    assert unpacked_from(place / "set") == "origin"
    assert is_unpacked(place / "set", "origin")
    assert open_source(place / "set").classes == ("cat", "dog")
    total = archive.stat().st_size
    assert len(shown) == len(FILES)
    assert shown == sorted(shown)
    assert all(done <= total == of for done, of in shown)


@MAKERS
@pytest.mark.parametrize("beside", [None, "__MACOSX/x", ".DS_Store"])
def test_without_a_top_folder_or_with_litter_beside_it(tmp_path, place, make, name, beside):
    bare = {k.removeprefix("top/"): v for k, v in FILES.items()}
    files = bare if beside is None else FILES | {beside: b"x"}
    unpack(make(tmp_path / name, files), place / "set", "origin")
    assert content(place / "set") == bare


@MAKERS
def test_of_entries_with_one_name_the_last_counts(tmp_path, place, make, name):
    files = dict(FILES) | {"top/./train//cat/0.png": b"newer"}
    unpack(make(tmp_path / name, files), place / "set", "origin")
    assert content(place / "set")["train/cat/0.png"] == b"newer"


def test_names_that_differ_in_capitals_are_two_where_the_disk_tells_them_apart(tmp_path, place):
    files = FILES | {"top/train/cat/A.png": b"A", "top/train/cat/a.png": b"a"}
    (tmp_path / "probe").touch()
    if (tmp_path / "PROBE").exists():
        refused(tar(tmp_path / "x.tgz", files), place, "a.png", "has the place of another")
        return
    unpack(tar(tmp_path / "x.tgz", files), place / "set", "origin")
    found = content(place / "set")
    assert (found["train/cat/A.png"], found["train/cat/a.png"]) == (b"A", b"a")


def test_names_that_the_disk_does_not_tell_apart_are_refused(tmp_path, place, monkeypatch):
    """A disk that takes A for a, pretended."""
    real = open
    lower = lambda path, *rest, **options: real(  # noqa: E731
        str(path).replace("A.png", "a.png"), *rest, **options
    )
    archive = tar(tmp_path / "x.tgz", FILES | {"top/A.png": b"A", "top/a.png": b"a"})
    monkeypatch.setattr(module, "open", lower, raising=False)
    refused(archive, place, "'top/a.png'", "has the place of another")


def test_neither_owners_nor_rights_are_taken_over(tmp_path, place):
    info = tarfile.TarInfo("top/train/cat/9.png")
    info.mode, info.uid = 0o6777, 12345
    unpack(tar(tmp_path / "x.tgz", FILES, info), place / "set", "origin")
    found = (place / "set/train/cat/9.png").stat()
    assert not found.st_mode & 0o6111
    assert found.st_uid == os.getuid()


def test_a_tar_that_ends_in_a_zip_is_a_tar(tmp_path, place):
    inner = zipped(tmp_path / "inner.zip", {"evil": b"x"}).read_bytes()
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("train/inner.zip")
        info.size = len(inner)
        archive.addfile(info, io.BytesIO(inner))
    assert zipfile.is_zipfile(path)
    unpack(path, place / "set", "origin")
    assert list(content(place / "set")) == ["train/inner.zip"]


def test_it_appears_at_once_and_not_file_by_file(tmp_path, place):
    seen = []

    def look(done, total):
        assert not (place / "set").exists()
        seen.append((place / ".set.unpacking/whole/top").stat().st_ino)

    unpack(tar(tmp_path / "x.tgz"), place / "set", "origin", look)
    assert set(seen) == {(place / "set").stat().st_ino}  # renamed, not copied


# What is there already


def test_what_was_unpacked_is_left_as_it_is(tmp_path, place):
    archive = tar(tmp_path / "x.tgz")
    unpack(archive, place / "set", "origin")
    (place / "set/names.txt").write_text("cat Cat")
    unpack(archive, place / "set", "origin")
    assert (place / "set/names.txt").exists()
    assert os.listdir(place) == ["set"]


@pytest.mark.parametrize("what", ["folder", "file", "dead link", "other archive"])
def test_something_else_of_that_name_is_left_alone(tmp_path, place, what):
    target = place / "set"
    if what == "file":
        target.write_text("mine")
    elif what == "dead link":
        target.symlink_to("nowhere")
    else:
        target.mkdir()
        (target / "mine.txt").write_text("mine")
    if what == "other archive":
        (target / MARK).write_text("other.tgz, 5 bytes\n")
    before = content(place)
    with pytest.raises(InputError, match=r"is there already.*--root") as caught:
        unpack(tar(tmp_path / "x.tgz"), target, "origin")
    assert ("other.tgz, 5 bytes" in str(caught.value)) == (what == "other archive")
    assert content(place) == before
    assert os.listdir(place) == ["set"]


# Archives made to do harm


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("../evil", "'..'"),
        ("top/../../evil", "'..'"),
        ("/tmp/evil", "absolute path"),
        ("C:/evil", "absolute path"),
        ("C:evil", "absolute path"),
        ("//server/share/evil", "absolute path"),
        ("top\\..\\..\\evil", "'..'"),
        ("\\evil", "absolute path"),
        ("top\\evil", "backslash"),
    ],
)
@MAKERS
def test_a_name_that_leads_outside(tmp_path, place, make, name, bad, words):
    refused(make(tmp_path / name, FILES | {bad: b"evil"}), place, repr(bad), words)
    assert not [path for path in tmp_path.rglob("*evil*")]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "is a link (to '/etc/passwd')"),
        (tarfile.LNKTYPE, "is a link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "special file"),
    ],
)
def test_a_special_file_in_a_tar(tmp_path, place, kind, words):
    info = tarfile.TarInfo("top/train/cat/evil")
    info.type, info.linkname = kind, "/etc/passwd"
    refused(tar(tmp_path / "x.tgz", FILES, info), place, "'top/train/cat/evil'", words)


def test_a_link_to_write_through(tmp_path, place):
    """The classic: a link to a folder outside, then a file below it."""
    link = tarfile.TarInfo("top/out")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
    path = tmp_path / "x.tgz"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("top/out/evil"))
    refused(path, place, "'top/out'", "is a link")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("kind", "words"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFCHR, "device"), (stat.S_IFIFO, "special file")],
)
def test_a_special_file_in_a_zip(tmp_path, place, kind, words):
    info = zipfile.ZipInfo("top/train/cat/evil")
    info.external_attr = (kind | 0o777) << 16
    refused(zipped(tmp_path / "x.zip", FILES, (info, "/etc")), place, "cat/evil", words)


def test_an_encrypted_zip(tmp_path, place):
    path = zipped(tmp_path / "x.zip", {"top/a.png": b"x"})
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(whole)
    refused(path, place, "'top/a.png'", "is encrypted")


@MAKERS
def test_a_bomb(tmp_path, place, make, name, monkeypatch):
    monkeypatch.setattr(module, "SLACK", 1_000_000)
    archive = make(tmp_path / name, {f"top/{i}": bytes(1_500_000) for i in range(2)})
    written = []
    real = open
    monkeypatch.setattr(
        module,
        "open",
        lambda path, mode: (
            (written.append(mode) if "b" in mode and mode != "rb" else 0) or real(path, mode)
        ),
        raising=False,
    )
    refused(archive, place, "would become more", "unpack it yourself")
    assert written == []  # it is seen before the first byte is written


def test_a_zip_that_lies_about_a_size(tmp_path, place):
    path = zipped(tmp_path / "x.zip", {"top/a.png": bytes(1_000_000)})
    whole = bytearray(path.read_bytes())
    for start in (whole.index(b"PK\x01\x02") + 24, whole.index(b"PK\x03\x04") + 22):
        whole[start : start + 4] = (10).to_bytes(4, "little")
    path.write_bytes(whole)
    refused(path, place, "cut off or damaged")


def test_too_many_files(tmp_path, place, monkeypatch):
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    refused(tar(tmp_path / "x.tgz"), place, "more than 3 files")


def test_a_size_below_nothing(tmp_path, place):
    path = tmp_path / "x.tar"
    info = tarfile.TarInfo("top/a.png")
    header = bytearray(info.tobuf())
    good = bytes(header)
    header[124:136] = b"\xff" * 10 + b"\xfe\x00"  # -512
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path.write_bytes(good + bytes(header) + bytes(1024))
    refused(path, place, "cut off or damaged", "-512 bytes")


@pytest.mark.parametrize("size", [-1, -512, -1536])
def test_a_size_below_nothing_in_an_extended_header(tmp_path, place, size):
    """It counts in place of the one in the file's own header, and led round and round."""
    first, second = tarfile.TarInfo("top/a.png"), tarfile.TarInfo("top/b.png")
    second.pax_headers = {"size": str(size)}
    path = tmp_path / "x.tar"
    path.write_bytes(first.tobuf() + second.tobuf(tarfile.PAX_FORMAT) + bytes(1024))
    refused(path, place, "cut off or damaged")


def header(content: bytes = b"", **fields) -> bytes:
    """What a tar archive has for one entry; fields: of TarInfo."""
    info = tarfile.TarInfo("top/a.png")
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def sparse_and_cut() -> bytes:
    """An old header of a sparse file which says that another follows."""
    whole = bytearray(header(type=tarfile.GNUTYPE_SPARSE))
    whole[482] = 1
    whole[148:156] = b" " * 8
    whole[148:156] = b"%06o\0 " % sum(whole)
    return bytes(whole)


HOSTILE = {
    "a size that no disk has": header(size=1 << 63),
    "a size that no file has": header(size=1 << 64),
    "no number": header(b"25 GNU.sparse.size=three\n", type=tarfile.XHDTYPE) + header(),
    "a length of many digits": header(b"9" * 5000 + b" path=a\n", type=tarfile.XHDTYPE) + header(),
    "headers of headers": header(b"abc\0", type=tarfile.GNUTYPE_LONGNAME) * 1000 + header(),
    "a list that is cut off": sparse_and_cut(),
}


@pytest.mark.parametrize("bad", HOSTILE.values(), ids=HOSTILE)
def test_headers_that_the_tarfile_module_stumbles_over(tmp_path, place, bad):
    path = tmp_path / "x.tar"
    path.write_bytes(header(b"x") + bad)
    refused(path, place, "cut off or damaged")


@MAKERS
@pytest.mark.parametrize(
    ("name_inside", "wrong"),
    [
        ("top/" + "n" * 2000 + ".png", "has a name of 2,008 characters"),
        ("top/" + "n/" * 100 + "a.png", "lies 101 folders deep"),
    ],
)
def test_names_longer_and_deeper_than_any_set_has(tmp_path, place, make, name, name_inside, wrong):
    path = make(tmp_path / name, {name_inside: b"x"})
    assert len(refused(path, place, "is refused, for its entry 'top/n", wrong)) < 2000
    if name == "x.tgz":  # also where it is read without unpacking
        with pytest.raises(InputError, match=wrong):
            open_source(path)


def test_the_character_nul_in_a_name(tmp_path, place):
    path = tmp_path / "x.tar"
    path.write_bytes(header(b"19 path=top/a\0.png\n", type=tarfile.XHDTYPE) + header(b"x"))
    refused(path, place, "the character NUL")


@MAKERS
@pytest.mark.parametrize("files", [{"a": b"x", "a/b": b"x"}, {"a/b": b"x", "a": b"x"}])
def test_a_file_in_the_place_of_a_folder(tmp_path, place, make, name, files):
    refused(make(tmp_path / name, files), place, "has the place of another")


@MAKERS
def test_an_empty_archive(tmp_path, place, make, name):
    refused(make(tmp_path / name, {}), place, "is empty")


@MAKERS
def test_an_archive_that_is_cut_off(tmp_path, place, make, name):
    path = make(tmp_path / name)
    whole = path.read_bytes()
    for length in range(20, len(whole), 37):
        path.write_bytes(whole[:length])
        refused(path, place, "cut off or damaged", "download or make it again")


@MAKERS
def test_an_archive_that_is_damaged(tmp_path, place, make, name):
    path = make(tmp_path / name, {"top/train/cat/0.png": os.urandom(5000)})
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    refused(path, place, "cut off or damaged")


def test_no_archive_at_all(tmp_path, place):
    (tmp_path / "page.tgz").write_text("<html>not found</html>")
    refused(tmp_path / "page.tgz", place, "is not a .tar/.tgz archive", "<html>")


# Disks and other processes


def test_a_full_disk(tmp_path, place, monkeypatch):
    real = open

    class Full(io.BytesIO):
        def write(self, block):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def opened(path, mode):
        return Full() if "dog" in str(path) else real(path, mode)

    monkeypatch.setattr(module, "open", opened, raising=False)
    refused(tar(tmp_path / "x.tgz"), place, "the disk is full", "--root", str(place / "set"))


def test_ctrl_c_leaves_nothing(tmp_path, place):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(tar(tmp_path / "x.tgz"), place / "set", "origin", interrupt)
    assert list(place.iterdir()) == []


UNPACK = """
import sys, time
from pathlib import Path
from minialexnet.datasets.unpack import unpack
unpack(Path(sys.argv[1]), Path(sys.argv[2]), "origin", lambda *_: time.sleep(float(sys.argv[3])))
"""


@pytest.fixture
def slow(tmp_path, place):
    """A process that has begun to unpack, and is slow at it; and its archive."""
    archive = tar(tmp_path / "x.tgz")
    process = subprocess.Popen(
        [sys.executable, "-c", UNPACK, str(archive), str(place / "set"), "30"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    end = time.monotonic() + 30
    while not list(place.rglob("0.png")):
        assert time.monotonic() < end
        time.sleep(0.01)
    yield process, archive
    process.kill()
    process.wait()


def test_a_killed_one_leaves_nothing_that_looks_whole_and_the_next_one_clears_up(slow, place):
    process, archive = slow
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert os.listdir(place) == [".set.unpacking"]
    (place / ".set.unpacking/whole/top/train/stale.png").write_bytes(b"x")
    unpack(archive, place / "set", "origin")
    assert os.listdir(place) == ["set"]
    assert content(place / "set") == {k.removeprefix("top/"): v for k, v in FILES.items()}


def test_a_second_process_is_told_to_wait_and_spoils_nothing(slow, place):
    _, archive = slow
    with pytest.raises(InputError, match=r"another process is unpacking .*set.*wait"):
        unpack(archive, place / "set", "origin")
    assert list(place.rglob("0.png"))


# Real ones


@pytest.mark.parametrize("name", ["imagewoof320.tgz", "imagenette128.tgz"])
def test_real_archives(photographs, place, name):
    archive = photographs(name)
    unpack(archive, place / "set", "origin")
    packed, unpacked = open_source(archive), open_source(place / "set")
    for split in ("train", "val"):
        assert packed.splits[split].names == unpacked.splits[split].names
    contents = {(split, i): content for split, i, content in packed.read()}
    assert all(contents[split, i] == content for split, i, content in unpacked.read())
