"""A server of one archive on this machine, with faults to order."""

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from minialexnet.datasets.catalogue import Published


class ArchiveServer(ThreadingHTTPServer):
    """Serves `content`, in parts if asked for so.

    Attributes:
        content, etag, modified, ranges: what is served, and what is said of it.
        faults: one for each request to come; None answers as it should be.
        asked: the headers of each request so far.
    """

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.etag, self.modified, self.ranges = content, '"one"', None, True
        self.faults: list[Callable | None] = []
        self.asked: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/set.tgz"

    def published(self, **changes) -> Published:
        """The entry of a catalogue for what is served now."""
        fields = {
            "name": "imagenette",
            "size": "160",
            "url": self.url,
            "bytes": len(self.content),
            "folder": "set",
            "sha256": hashlib.sha256(self.content).hexdigest(),
        }
        return Published(**fields | changes)

    def ranges_asked(self) -> list[str | None]:
        return [headers.get("Range") for headers in self.asked]

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.close_connection = True
        server = self.server
        server.asked.append(dict(self.headers))
        fault = server.faults.pop(0) if server.faults else None
        (fault or whole)(self)

    def log_message(self, *_: object) -> None:
        pass

    def start(self, status: int = 200, **headers: object) -> None:
        """The head of an answer."""
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def part(self) -> tuple[int, int]:
        """The status, and the first byte to send."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        asked_for = self.headers.get("If-Range")
        same = asked_for in (None, self.server.etag, self.server.modified)
        return (206, int(match[1])) if match and self.server.ranges and same else (200, 0)

    def begin(self) -> bytes:
        """Send the head of a right answer. Returns: the body that goes with it."""
        status, first = self.part()
        content = self.server.content
        size = len(content)
        if first >= size:
            self.start(416, Content_Range=f"bytes */{size}", Content_Length=0)
            return b""
        self.start(
            status,
            Content_Length=size - first,
            Content_Range=f"bytes {first}-{size - 1}/{size}" if status == 206 else None,
            ETag=self.server.etag,
            Last_Modified=self.server.modified,
        )
        return content[first:]


def whole(handler: _Handler) -> None:
    """The answer as it should be."""
    handler.wfile.write(handler.begin())


def cut_after(count: int) -> Callable[[_Handler], None]:
    """Hang up after `count` bytes of the body."""
    return lambda handler: handler.wfile.write(handler.begin()[:count])


def status(code: int) -> Callable[[_Handler], None]:
    """Answer with an error."""
    return lambda handler: handler.start(code, Content_Length=0)


def chunked(body: bytes, cut: bool = False) -> Callable[[_Handler], None]:
    """Send `body` without telling its length beforehand."""

    def answer(handler: _Handler) -> None:
        handler.start(Transfer_Encoding="chunked")
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
        if not cut:
            handler.wfile.write(b"0\r\n\r\n")

    return answer


def slowly(seconds: float, pieces: int = 100) -> Callable[[_Handler], None]:
    """The right answer, in pieces with pauses."""

    def answer(handler: _Handler) -> None:
        body = handler.begin()
        step = max(len(body) // pieces, 1)
        for start in range(0, len(body), step):
            handler.wfile.write(body[start : start + step])
            time.sleep(seconds / pieces)

    return answer


@contextmanager
def serving(content: bytes) -> Iterator[ArchiveServer]:
    """A server while the block lasts."""
    with ArchiveServer(content) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def serve(monkeypatch) -> Iterator[Callable[[bytes], ArchiveServer]]:
    """serve(content) -> an ArchiveServer until the test ends."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ExitStack() as at_the_end:
        yield lambda content: at_the_end.enter_context(serving(content))
