"""Whatever the network does: the file comes whole, or a sentence says how to go on."""

import errno
import fcntl
import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
from pathlib import Path

import pytest
from archive_server import chunked, cut_after, slowly, status, whole

from minialexnet.datasets import download as module
from minialexnet.datasets.download import WAITS, download
from minialexnet.errors import InputError

ROOT = Path(__file__).parents[2]
CONTENT = bytes(range(256)) * 12_000 + b"the end"  # 3 MB


@pytest.fixture
def server(serve):
    return serve(CONTENT)


@pytest.fixture
def get(tmp_path, server):
    """get() -> the path; with .waited, .said and .shown of all calls."""

    def call(entry=None, **options) -> Path:
        return download(
            entry or server.published(),
            tmp_path,
            progress=lambda done, total: call.shown.append((done, total)),
            say=call.said.append,
            wait=call.waited.append,
            **options,
        )

    call.waited, call.said, call.shown = [], [], []
    return call


def refused(get, *parts, entry=None) -> str:
    with pytest.raises(InputError) as caught:
        get(entry)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message
    return message


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


# What goes well


def test_a_file_comes_whole_and_leaves_nothing_else(get, server, tmp_path):
    path = get()
    assert path == tmp_path / "set.tgz"
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == ["set.tgz"]
    assert (get.waited, get.said) == ([], [])
    assert get.shown[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in get.shown] == sorted(done for done, _ in get.shown)
    assert server.asked[0]["Accept-Encoding"] == "identity"


def test_what_is_here_is_not_fetched_again(get, server):
    first = get()
    assert get() == first
    assert len(server.asked) == 1


def test_a_part_beside_the_whole_is_cleared_away(get, server, tmp_path):
    get()
    (tmp_path / "set.tgz.part").write_bytes(b"old")
    (tmp_path / "set.tgz.part.json").write_text("{}")
    get()
    assert names(tmp_path) == ["set.tgz"]


def test_md5_is_checked_where_no_more_is_known(get, server):
    md5 = hashlib.md5(CONTENT).hexdigest()
    assert get(server.published(sha256=None, md5=md5)).read_bytes() == CONTENT


def test_a_length_that_is_not_told_beforehand_will_do(get, server):
    server.faults = [chunked(CONTENT)]
    assert get().read_bytes() == CONTENT


# Connections that are cut


@pytest.mark.parametrize("count", [0, 1, 4095, 1_000_000, len(CONTENT) - 1])
def test_a_cut_connection_is_taken_up_where_it_was_cut(get, server, tmp_path, count):
    server.faults = [cut_after(count)]
    assert get().read_bytes() == CONTENT
    assert server.ranges_asked() == [None, f"bytes={count}-" if count else None]
    assert get.waited == [WAITS[0]]
    assert "trying again in 1 s" in get.said[0]
    assert names(tmp_path) == ["set.tgz"]
    if count:
        assert server.asked[1]["If-Range"] == '"one"'


def test_several_cuts_in_one_file(get, server):
    server.faults = [cut_after(500_000)] * 4
    assert get().read_bytes() == CONTENT
    assert server.ranges_asked()[1:] == [f"bytes={i}00000-" for i in (5, 10, 15, 20)]


def test_a_body_in_chunks_that_is_cut(get, server):
    server.faults = [chunked(CONTENT[:1_000_000], cut=True)]
    assert get().read_bytes() == CONTENT


def test_it_ends_after_some_tries_and_the_next_call_goes_on(get, server, tmp_path):
    server.faults = [cut_after(100_000)] * (len(WAITS) + 1)
    message = refused(get, server.url, "0.6 MB of 3.1 MB are here", "the same command goes on")
    assert "the connection was cut" in message
    assert get.waited == list(WAITS)
    assert names(tmp_path) == ["set.tgz.part", "set.tgz.part.json"]
    assert get().read_bytes() == CONTENT
    assert server.ranges_asked()[-1] == "bytes=600000-"
    assert server.asked[-1]["If-Range"] == '"one"'  # noted beside the part


def test_tries_are_counted_anew_once_much_has_come(get, server):
    entry = server.published()
    server.faults = [cut_after(0)] * 4 + [cut_after(1 << 20)] + [cut_after(0)] * 4
    assert get(entry).read_bytes() == CONTENT
    assert get.waited == [1, 2, 4, 8, 1, 2, 4, 8, 16]


def test_a_server_that_always_cuts_and_knows_no_parts_does_not_hold_us_for_ever(get, server):
    server.ranges = False
    server.faults = [cut_after(2_000_000)] * 50
    refused(get, "2.0 MB of 3.1 MB are here")
    assert len(server.asked) == len(WAITS) + 1


def test_a_refused_connection(get, server, tmp_path):
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/set.tgz"
        refused(
            get,
            "cannot reach 127.0.0.1 (Connection refused)",
            "nothing has come yet; the same command tries again",
            "--archive",
            entry=server.published(url=url),
        )
    assert get.waited == list(WAITS)
    assert names(tmp_path) == []


def test_a_server_that_falls_silent(get, server, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    server.faults = [slowly(60, pieces=2)]
    assert get().read_bytes() == CONTENT
    assert "fell silent" in get.said[0]


@pytest.mark.parametrize("code", [500, 503, 429])
def test_what_a_server_may_think_better_of_is_tried_again(get, server, code):
    server.faults = [status(code), status(code)]
    assert get().read_bytes() == CONTENT
    assert get.waited == [1, 2]
    assert str(code) in get.said[0]


@pytest.mark.parametrize("code", [404, 403, 410])
def test_what_it_will_not_is_not(get, server, code):
    server.faults = [status(code)] * 9
    refused(get, str(code), server.url, "--archive")
    assert len(server.asked) == 1


def test_a_certificate_that_cannot_be_trusted(get, server, monkeypatch):
    error = ssl.SSLCertVerificationError()
    error.verify_message = "certificate has expired"

    def fail(*_, **__):
        raise urllib.error.URLError(error)

    monkeypatch.setattr(module, "urlopen", fail)
    refused(get, "cannot be trusted", "certificate has expired")
    assert get.waited == []


def test_being_sent_on_to_where_anybody_listens(get, server, monkeypatch):
    entry = server.published(url=server.url.replace("http:", "https:"))
    real = module.urlopen
    plain = lambda request, timeout: real(server.url, timeout=timeout)  # noqa: E731
    monkeypatch.setattr(module, "urlopen", plain)
    refused(get, "sends on", server.url, entry=entry)


# Files that change, and servers without parts


@pytest.mark.parametrize("kind", ["etag", "date", "weak etag and date"])
def test_a_file_that_changed_meanwhile_is_begun_anew(get, server, kind):
    first = {"etag": ('"one"', None), "date": (None, "Mon, 02 Nov 2026 00:00:00 GMT")}
    server.etag, server.modified = first.get(kind, ('W/"x"', "Mon, 02 Nov 2026 00:00:00 GMT"))
    old, server.content = server.content, CONTENT[::-1]

    def cut_and_change(handler):
        cut_after(1_000_000)(handler)
        server.content = old
        if kind == "etag":
            server.etag = '"two"'
        else:
            server.modified = "Tue, 03 Nov 2026 00:00:00 GMT"

    entry = server.published(sha256=hashlib.sha256(old).hexdigest())
    server.faults = [cut_and_change]
    assert get(entry).read_bytes() == old
    assert server.asked[1]["Range"] == "bytes=1000000-"
    assert "If-Range" in server.asked[1]
    assert get.waited == [1]


def test_a_server_without_parts_is_begun_anew(get, server):
    server.ranges = False
    server.faults = [cut_after(1_000_000)]
    assert get().read_bytes() == CONTENT
    assert "knows no parts: beginning anew" in get.said[-1]


def test_a_server_that_tells_no_version_is_asked_for_the_rest(get, server):
    server.etag = None
    server.faults = [cut_after(1_000_000)]
    assert get().read_bytes() == CONTENT
    assert server.asked[1]["Range"] == "bytes=1000000-"
    assert "If-Range" not in server.asked[1]


def test_another_part_than_asked_for_is_not_taken(get, server):
    def other_part(handler):
        handler.start(206, Content_Range="bytes 5-9/3072007", Content_Length=5)
        handler.wfile.write(b"wrong")

    server.faults = [cut_after(1_000_000), other_part]
    assert get().read_bytes() == CONTENT


@pytest.mark.parametrize("note", [None, "", "{}", "[]", '{"url": "http://other/", "version": "1"}'])
def test_a_part_of_unknown_origin_is_not_gone_on_with(get, server, tmp_path, note):
    (tmp_path / "set.tgz.part").write_bytes(b"?" * 1000)
    if note is not None:
        (tmp_path / "set.tgz.part.json").write_text(note)
    assert get().read_bytes() == CONTENT
    assert server.ranges_asked() == [None]
    assert get.said == [
        f"{tmp_path / 'set.tgz.part'} is not the start of this file: beginning anew"
    ]


def test_no_line_of_a_header_can_be_smuggled_in(get, server, tmp_path):
    (tmp_path / "set.tgz.part").write_bytes(CONTENT[:1000])
    note = {"url": server.url, "version": 'x"\r\nX-Evil: 1'}
    (tmp_path / "set.tgz.part.json").write_text(json.dumps(note))
    assert get().read_bytes() == CONTENT
    assert server.ranges_asked() == [None]


# Wrong files


def test_a_wrong_checksum_is_named_and_the_file_removed(get, server, tmp_path):
    wrong = server.published(sha256="0" * 64)
    right = server.published().sha256
    refused(get, "SHA256", right, "0" * 64, "was removed", entry=wrong)
    assert names(tmp_path) == []
    refused(get, "SHA256", entry=wrong)
    assert server.ranges_asked() == [None, None]  # not gone on with


@pytest.mark.parametrize("change", [-10, 10])
def test_a_wrong_size_is_named_before_anything_is_fetched(get, server, tmp_path, change):
    size = len(CONTENT) + change
    refused(get, f"{len(CONTENT):,}", f"{size:,} were expected", entry=server.published(bytes=size))
    assert names(tmp_path) == []
    assert get.shown == get.waited == []


@pytest.mark.parametrize("told", [True, False])
def test_a_page_to_log_in_to_does_not_cost_what_is_here(get, server, tmp_path, told):
    def page(handler):
        length = 20 if told else None
        handler.start(Content_Type="text/html; charset=utf-8", Content_Length=length)
        handler.wfile.write(b"<html>Welcome</html>")

    server.faults = [cut_after(1_000_000), page]
    refused(get, "20 bytes" if told else "a page came", "log in")
    assert (tmp_path / "set.tgz.part").read_bytes() == CONTENT[:1_000_000]
    assert get().read_bytes() == CONTENT
    assert server.ranges_asked()[-1] == "bytes=1000000-"


def test_a_longer_file_of_untold_length_is_not_read_to_its_end(get, server, tmp_path):
    server.faults = [chunked(CONTENT + b"x" * 10_000_000)]
    refused(get, f"more than {len(CONTENT):,} bytes", "was removed")
    assert max(done for done, _ in get.shown) == len(CONTENT)
    assert names(tmp_path) == []


def test_a_shorter_file_of_untold_length(get, server, tmp_path):
    server.faults = [chunked(CONTENT[:-5])]
    refused(get, f"{len(CONTENT) - 5:,} bytes", f"{len(CONTENT):,} were expected", "was removed")
    assert names(tmp_path) == []


def test_a_file_that_became_shorter_than_what_is_here(get, server, tmp_path):
    def cut_and_shrink(handler):
        cut_after(1_000_000)(handler)
        server.content = CONTENT[:500_000]

    entry = server.published()
    server.faults = [cut_and_shrink]
    refused(get, "500,000 bytes", "3,072,007 were expected", "was removed", entry=entry)
    assert names(tmp_path) == []


def test_a_part_longer_than_the_whole_is_begun_anew(get, server, tmp_path):
    (tmp_path / "set.tgz.part").write_bytes(CONTENT + b"x")
    note = {"url": server.url, "version": '"one"'}
    (tmp_path / "set.tgz.part.json").write_text(json.dumps(note))
    assert get().read_bytes() == CONTENT


def test_a_whole_part_is_checked_and_not_fetched(get, server, tmp_path):
    (tmp_path / "set.tgz.part").write_bytes(CONTENT)
    assert get().read_bytes() == CONTENT
    assert server.asked == []


@pytest.mark.parametrize("content", [b"short", CONTENT[:-1] + b"?"])
def test_another_file_of_that_name_is_left_alone(get, server, tmp_path, content):
    (tmp_path / "set.tgz").write_bytes(content)
    refused(get, "set.tgz' is there, but is not the published one", "expected", "--archive")
    assert (tmp_path / "set.tgz").read_bytes() == content
    assert names(tmp_path) == ["set.tgz"]
    assert server.asked == []


# Disks and folders


def test_a_disk_without_room_is_named_first(get, server, tmp_path):
    huge = server.published(bytes=10**17)
    refused(get, "too full", "100,000,000,000.0 MB are still to come", "--root", entry=huge)
    assert server.asked == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_that_fills_up_is_named_and_the_next_call_goes_on(
    get, server, tmp_path, monkeypatch, number
):
    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", small_disk(1_000_000, number))
        refused(get, "the disk is full", "set.tgz.part", "are here", "goes on")
    assert get.waited == []
    have = (tmp_path / "set.tgz.part").stat().st_size
    assert 0 < have <= 1_000_000
    assert get().read_bytes() == CONTENT
    assert server.ranges_asked()[-1] == f"bytes={have}-"


def small_disk(room: int, number: int):
    """An `open` whose files of bytes take no more than `room`."""
    real = open

    def opened(path, mode="r", *rest, **options):
        file = real(path, mode, *rest, **options)
        if mode == "ab":
            file = Small(file, room, number)
        return file

    return opened


class Small:
    def __init__(self, file, room, number):
        self.file, self.room, self.number = file, room, number

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, block):
        if len(block) > self.room:
            raise OSError(self.number, os.strerror(self.number))
        self.room -= len(block)
        self.file.write(block)


def test_a_really_full_disk(get, server, tmp_path):
    """In a process of its own, which may not write large files."""
    program = (
        "import resource, signal, sys, runpy; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000000, resource.RLIM_INFINITY));" + FETCH
    )
    done = run_fetch(program, server.published(), tmp_path).wait_for_end()
    assert done == "the disk is full"
    assert (tmp_path / "set.tgz.part").stat().st_size == 1_000_000
    assert get().read_bytes() == CONTENT
    assert server.ranges_asked()[-1] == "bytes=1000000-"


def test_a_folder_that_cannot_be_written_into(get, server, tmp_path):
    with pytest.raises(InputError, match=r"cannot write into the folder .*file.*--root"):
        (tmp_path / "file").touch()
        download(server.published(), tmp_path / "file")


# Other processes

FETCH = """
import json, sys
from pathlib import Path
from minialexnet.datasets.catalogue import Published
from minialexnet.datasets.download import download
from minialexnet.errors import InputError
try:
    download(Published(**json.loads(sys.argv[1])), Path(sys.argv[2]))
    print("done")
except InputError as error:
    print("the disk is full" if "the disk is full" in str(error) else error)
"""


def run_fetch(program, entry, folder):
    process = subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(vars(entry)), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    process.wait_for_end = lambda: process.communicate(timeout=60)[0].strip()
    return process


def until(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_killed_download_is_gone_on_with(get, server, tmp_path):
    part = tmp_path / "set.tgz.part"
    server.faults = [slowly(30)]
    process = run_fetch(FETCH, server.published(), tmp_path)
    until(lambda: part.exists() and part.stat().st_size > 100_000)
    process.send_signal(signal.SIGKILL)
    assert process.wait_for_end() == ""
    assert not (tmp_path / "set.tgz").exists()
    have = part.stat().st_size
    assert get().read_bytes() == CONTENT
    assert server.ranges_asked() == [None, f"bytes={have}-"]


def test_a_second_process_is_told_to_wait(get, server, tmp_path):
    part = tmp_path / "set.tgz.part"
    server.faults = [slowly(1)]
    process = run_fetch(FETCH, server.published(), tmp_path)
    until(lambda: part.exists() and part.stat().st_size > 0)
    refused(get, "another process is downloading", "set.tgz", "wait for it")
    assert process.wait_for_end() == "done"
    assert (tmp_path / "set.tgz").read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_many_at_once_leave_one_whole_file(server, tmp_path):
    processes = [run_fetch(FETCH, server.published(), tmp_path) for _ in range(4)]
    answers = {process.wait_for_end() for process in processes}
    assert "done" in answers
    assert all(a == "done" or "another process" in a for a in answers)
    assert names(tmp_path) == ["set.tgz"]
    assert (tmp_path / "set.tgz").read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_where_nothing_can_be_locked_it_works_all_the_same(get, server, monkeypatch):
    from minialexnet import lock

    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert get().read_bytes() == CONTENT
    monkeypatch.setattr(lock, "fcntl", None)
    server.faults = [whole]
    assert get().read_bytes() == CONTENT
