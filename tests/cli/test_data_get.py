"""`minialexnet data get`, against a server on this machine."""

import hashlib
import io
import os
import re
import signal
import subprocess
import sys
import tarfile
import time

import numpy as np
import pytest
from archive_server import cut_after, slowly, status

from minialexnet.datasets import catalogue
from minialexnet.datasets import download as downloading
from minialexnet.training import load_checkpoint


@pytest.fixture
def packed(tiny, tmp_path):
    """An archive of `tiny` below a top folder, with a table of names and something to chew on."""
    path = tmp_path / "packed" / "tiny.tgz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tiny, "top")
        for name, content in (("top/names.txt", b"red scarlet, a red\n"), ("top/x", RANDOM)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


RANDOM = np.random.default_rng(0).bytes(2_000_000)


@pytest.fixture
def server(serve, packed, monkeypatch):
    """Serves `packed` as Imagenette, without pauses between tries."""
    server = serve(packed.read_bytes())
    monkeypatch.setattr(catalogue, "CATALOGUE", (server.published(),))
    monkeypatch.setattr(downloading, "WAITS", (0, 0))
    return server


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MINIALEXNET_DATA", raising=False)
    return folder


def names(folder):
    return sorted(os.listdir(folder))


def test_it_is_downloaded_unpacked_and_the_next_command_named(cli, server, here):
    answer = cli("data", "get", "imagenette")
    assert answer.status == 0, answer.err
    assert names(here) == ["set", "set.tgz"]
    assert answer.out.splitlines() == [
        "set: 30 pictures to train on and 12 to validate, 3 classes",
        "go on with: minialexnet train --data set",
    ]
    assert re.fullmatch(
        r"set\.tgz \(2\.\d MB\) is no longer needed and can be deleted\n", answer.err
    )


def test_again_nothing_is_done(cli, server, here):
    first = cli("data", "get", "imagenette")
    (here / "set.tgz").unlink()
    before = (here / "set").stat().st_mtime_ns
    again = cli("data", "get", "imagenette")
    assert (again.status, again.out) == (0, first.out)
    assert again.err == "set is here already, and whole\n"
    assert len(server.asked) == 1
    assert (here / "set").stat().st_mtime_ns == before


def test_an_archive_that_is_here_is_only_unpacked(cli, server, here):
    (here / "set.tgz").write_bytes(server.content)
    answer = cli("data", "get", "imagenette", "--size", "160")
    assert answer.status == 0
    assert "set.tgz is here already" in answer.err
    assert server.asked == []


@pytest.mark.parametrize("how", ["option", "environment", "both", "empty"])
def test_where_it_goes(cli, server, here, monkeypatch, how):
    if how != "option":
        monkeypatch.setenv("MINIALEXNET_DATA", "" if how == "empty" else "from the environment")
    options = ("--root", "a/b c") if how in ("option", "both") else ()
    expected = {"environment": "from the environment", "empty": "."}.get(how, "a/b c")
    answer = cli("data", "get", "imagenette", *options)
    assert answer.status == 0
    assert names(here / expected) == ["set", "set.tgz"]
    command = answer.out.splitlines()[-1]
    assert command.endswith("--data set" if how == "empty" else f"--data '{expected}/set'")


def test_what_a_cut_connection_looks_like(cli, server, here):
    server.faults = [cut_after(1_000_000), status(503)]
    answer = cli("data", "get", "imagenette")
    assert answer.status == 0
    assert answer.err.splitlines()[:2] == [
        f"the connection was cut: 1.0 MB of {len(server.content) / 1e6:.1f} MB are here; trying "
        "again in 0 s",
        "the server answered 503 Service Unavailable: 1.0 MB of "
        f"{len(server.content) / 1e6:.1f} MB are here; trying again in 0 s",
    ]


def test_when_it_does_not_come_the_same_command_goes_on(cli, server, here):
    server.faults = [cut_after(300_000)] * 3
    answer = cli("data", "get", "imagenette")
    assert (answer.status, answer.out) == (1, "")
    answer.last_sentence(server.url, "0.9 MB of", "the same command goes on")
    assert names(here) == ["set.tgz.part", "set.tgz.part.json"]
    assert cli("data", "get", "imagenette").status == 0
    assert server.ranges_asked()[-1] == "bytes=900000-"
    assert names(here) == ["set", "set.tgz"]


def test_the_wrong_file_is_named_and_leaves_nothing(cli, server, here):
    server.content = server.content[:-1] + b"?"
    answer = cli("data", "get", "imagenette")
    assert (answer.status, answer.out) == (1, "")
    answer.sentence("SHA256", hashlib.sha256(server.content).hexdigest(), "was removed")
    assert names(here) == []


def test_a_page_to_log_in_to_is_not_taken_for_the_set(cli, server, here):
    server.content = b"<html>Welcome to our hotel</html>"
    answer = cli("data", "get", "imagenette")
    assert answer.status == 1
    answer.sentence("has 33 bytes", "log in")
    assert names(here) == []


def test_ctrl_c_says_how_to_go_on_and_the_next_one_does(server, finished, here, cli):
    """In a process of its own, which is told of the server by its arguments."""
    server.faults = [slowly(30)]
    process = spawn_get(server)
    part = here / "set.tgz.part"
    end = time.monotonic() + 60
    while not part.exists() or part.stat().st_size < 100_000:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, (names(here), server.ranges_asked())
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    answer = finished(process)
    assert answer.status == 130
    answer.last_sentence("interrupted", "the same command goes on")
    have = part.stat().st_size
    assert cli("data", "get", "imagenette").status == 0
    assert server.ranges_asked()[-1] == f"bytes={have}-"
    assert (here / "set.tgz").read_bytes() == server.content


def spawn_get(server):
    program = (
        "import sys; from minialexnet.cli.main import main;"
        "from minialexnet.datasets import catalogue;"
        f"catalogue.CATALOGUE = (catalogue.{server.published()!r},);"
        "sys.exit(main(['data', 'get', 'imagenette']))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


# --archive


def test_a_published_archive_is_known_by_its_checksum(cli, server, packed, here):
    answer = cli("data", "get", "imagenette", "--archive", packed)
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.endswith("--data set\n")
    assert cli("data", "get", "imagenette").err == "set is here already, and whole\n"
    assert server.asked == []


def test_another_archive_is_taken_with_a_word_and_keeps_its_own_name(cli, server, packed, here):
    own = packed.with_name("my own.tar.gz")
    own.write_bytes(packed.read_bytes() + bytes(512))  # a few zeros behind the end do not matter
    answer = cli("data", "get", "imagenette", "--archive", own)
    assert answer.status == 0, answer.err
    assert answer.err.count("\n") == 1
    assert "is not a published imagenette" in answer.err
    assert f"{len(server.content) + 512:,} bytes; published: {len(server.content):,}" in answer.err
    assert answer.out.endswith("--data 'my own'\n")
    assert names(here) == ["my own"]
    again = cli("data", "get", "imagenette", "--archive", own)
    assert again.out == answer.out
    assert again.err.endswith("my own is here already, and whole\n")


def test_a_damaged_one_is_not_taken(cli, server, packed, here):
    packed.write_bytes(packed.read_bytes()[:-1] + b"?")
    answer = cli("data", "get", "imagenette", "--archive", packed)
    assert (answer.status, answer.out) == (1, "")
    answer.sentence(str(packed), "has the size of the published set.tgz", "SHA256", "damaged")
    assert names(here) == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_text("<html>"), "is not a .tar/.tgz archive"),
    ],
)
def test_what_is_no_archive(cli, server, here, make, words):
    make(here / "x.tgz")
    answer = cli("data", "get", "imagenette", "--archive", "x.tgz")
    assert (answer.status, answer.out) == (1, "")
    answer.last_sentence("x.tgz", words)
    assert set(names(here)) <= {"x.tgz"}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["cifar"], 2, ["'cifar'", "imagenette", "tiny-imagenet"]),
        ([], 2, ["NAME"]),
        (["imagenette", "--size", "200"], 2, ["--size", "'200'", "full"]),
        (["tiny-imagenet", "--size", "160"], 1, ["tiny-imagenet", "'160'", "leave the size out"]),
        (["imagenette", "--size", "64"], 1, ["imagenette", "'64'", "160, 320, full"]),
    ],
)
def test_what_cannot_be_had(cli, here, arguments, status, words):
    answer = cli("data", "get", *arguments)
    assert (answer.status, answer.out) == (status, "")
    answer.sentence(*words)


def test_a_folder_that_cannot_be_made(cli, server, here):
    (here / "file").touch()
    answer = cli("data", "get", "imagenette", "--root", "file/root")
    assert answer.status == 1
    answer.sentence("'file/root'", "--root")


def test_something_else_in_its_place(cli, server, here):
    (here / "set").mkdir()
    answer = cli("data", "get", "imagenette")
    assert answer.status == 1
    answer.sentence("'set' is there already", "--root")
    assert server.asked == []


# What classes are called, from the set to the prediction


def test_names_go_with_the_network(cli, server, here, recipe, tiny):
    assert cli("data", "get", "imagenette").status == 0
    assert cli("train", "--data", "set", *recipe).status == 0
    run = here / "runs" / "set-1"
    for name in ("best.npz", "last.npz"):
        assert load_checkpoint(run / name).display_names == {"red": "scarlet"}
    (here / "set/names.txt").unlink()  # the checkpoint knows
    out = cli("predict", tiny / "val/red/0.png").out
    assert "  scarlet  " in out
    assert "  green  " in out
    assert "  scarlet  " in cli("eval").out
