"""Downloads an archive: goes on where it was cut off, and leaves nothing that is not whole."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import ssl
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from minialexnet.datasets.catalogue import Published, problem
from minialexnet.errors import InputError
from minialexnet.lock import only_one

WAITS = (1, 2, 4, 8, 16)  # seconds before each of the next tries
PROGRESS = 1 << 20  # bytes; where so many more have come, tries are counted anew
TIMEOUT = 30  # seconds without a byte
BLOCK = 1 << 18  # bytes
PASSING = (408, 425, 429)  # what a server answers that may think better of it, as with all 5xx
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def download(
    entry: Published,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch the archive `entry` into `folder`, unless it is there. Returns: its path.

    Until it is whole and found to be the right one it is called FILE.part; the next call goes on
    from there. progress: called as progress(done, total), in bytes. say: called with a sentence
    before each new try. wait: sleeps for so many seconds.

    Raises: InputError if it cannot be had, or is not what was published.
    """
    path = folder / entry.file
    part = _Part(path, entry.url)
    with only_one(
        part.path,
        lambda: _touch(part.path),
        f"another process is downloading {path} right now; wait for it",
    ):
        try:
            if not path.exists():
                progress, say = progress or (lambda *_: None), say or (lambda _: None)
                _complete(entry, part, progress, say, wait)
                os.replace(part.path, path)
            else:
                _check_present(path, entry)
                part.remove()
        finally:
            part.tidy()
    return path


def _complete(
    entry: Published,
    part: _Part,
    progress: Callable[[int, int], None],
    say: Callable[[str], None],
    wait: Callable[[float], None],
) -> None:
    """Make the part the whole, and check that it is the right one."""
    if part.size() != entry.bytes and not part.can_go_on(entry.bytes):
        if part.size():
            say(f"{part.path} is not the start of this file: beginning anew")
        part.restart(None)
    _check_room(part.path.parent, entry.bytes - part.size())
    try:
        _fetch(entry, part, progress, say, wait)
        part.sync()
    except OSError as error:  # those of the network are caught where they happen
        raise InputError(_cannot_write(part, entry, error)) from None
    wrong = problem(part.path, entry)
    if wrong is not None:
        part.remove()
        raise InputError(
            f"what came from {entry.url} is not the published {entry.file}: {wrong}; it was "
            "removed: try again, or get the file in another way and give it with --archive"
        )


def megabytes(count: int) -> str:
    """A number of bytes as people say it: "99.0 MB"."""
    return f"{count / 1e6:,.1f} MB"


class _Cut(Exception):
    """It did not work this time, but may the next."""


class _Part:
    """FILE.part, and FILE.part.json, which says of what version of which file it is the start.

    Attributes:
        version: the ETag or date of that version, if the server told one.
    """

    def __init__(self, whole: Path, url: str) -> None:
        self.path = whole.with_name(f"{whole.name}.part")
        self._note = whole.with_name(f"{whole.name}.part.json")
        self._url = url
        self.version: str | None = None

    def size(self) -> int:
        return self.path.stat().st_size

    def can_go_on(self, whole: int) -> bool:
        """Whether this is known to be the start of a file of `whole` bytes from there."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            version = note["version"]
            known = note["url"] == self._url and (version is None or _fits_in_a_header(version))
        except (OSError, ValueError, KeyError, TypeError):
            return False
        self.version = version
        return known and self.size() <= whole

    def restart(self, version: str | None) -> None:
        """Begin anew, with a file of this version; in this order, so that no old bytes get it."""
        with open(self.path, "wb"):
            pass
        note = json.dumps({"url": self._url, "version": version})
        self._note.write_text(note, encoding="utf-8")
        self.version = version

    def sync(self) -> None:
        with open(self.path, "rb+") as file:
            os.fsync(file.fileno())

    def tidy(self) -> None:
        """Leave nothing behind where there is nothing to go on from."""
        if not self.path.exists() or not self.size():
            self.remove()

    def remove(self) -> None:
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


def _touch(part: Path) -> None:
    try:
        part.touch()
    except OSError as error:
        raise InputError(
            f"cannot write into the folder '{part.parent}' ({error.strerror}): give another with "
            "--root"
        ) from None


def _check_present(path: Path, entry: Published) -> None:
    wrong = problem(path, entry)
    if wrong is not None:
        raise InputError(
            f"'{path}' is there, but is not the published one: {wrong}; remove it to download it "
            f"again, or take it as it is with --archive '{path}'"
        )


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(
            f"the disk of '{folder}' is too full: {megabytes(needed)} are still to come, and "
            f"{megabytes(free)} are free; free some space, or give another folder with --root"
        )


def _cannot_write(part: _Part, entry: Published, error: OSError) -> str:
    reason = "the disk is full" if error.errno in FULL else error.strerror or str(error)
    return (
        f"could not write '{part.path}' ({reason}): {_how_much(part, entry)}; free some space, or "
        "give another folder with --root; the same command goes on from there"
    )


def _how_much(part: _Part, entry: Published) -> str:
    have = part.size()
    if not have:
        return "nothing has come yet"
    return f"{megabytes(have)} of {megabytes(entry.bytes)} are here"


def _fetch(
    entry: Published,
    part: _Part,
    progress: Callable[[int, int], None],
    say: Callable[[str], None],
    wait: Callable[[float], None],
) -> None:
    """Try until all is there. The tries are bounded, for each must bring the end nearer."""
    failures, furthest = 0, part.size()
    while part.size() < entry.bytes:
        try:
            _try(entry, part, progress, say)
        except _Cut as cut:
            if part.size() >= furthest + PROGRESS:
                failures, furthest = 0, part.size()
            if failures == len(WAITS):
                again = "goes on from there" if part.size() else "tries again"
                raise InputError(
                    f"could not download {entry.url} ({cut}): {_how_much(part, entry)}; the same "
                    f"command {again}, or get the file in another way and give it with --archive"
                ) from None
            pause = WAITS[failures]
            say(f"{cut}: {_how_much(part, entry)}; trying again in {pause} s")
            wait(pause)
            failures += 1


def _try(
    entry: Published,
    part: _Part,
    progress: Callable[[int, int], None],
    say: Callable[[str], None],
) -> None:
    """Ask for what is missing, and write down whatever comes."""
    have = part.size()
    with _answer(entry, part, have) as response:
        if response.status == 206:
            first, total = _range_of(response)
            if first != have:
                part.restart(None)
                raise _Cut(f"the server sent another part than it was asked for ({first} on)")
        else:  # all of it: asked for so, or it is another version, or the server knows no parts
            first, total = 0, _number(response.headers.get("Content-Length"))
        # What is here is kept, for this may be the page of a network that one must log in to.
        if total not in (None, entry.bytes):
            raise _wrong_size(entry, total)
        if response.headers.get_content_type() == "text/html":
            raise InputError(
                f"a page came in the place of {entry.url}: is there one to log in to before the "
                f"network opens? Otherwise get {entry.file} in another way and give it with "
                "--archive"
            )
        if first < have:
            say("the server's file is another one by now, or it knows no parts: beginning anew")
        if not first:
            have = 0
            part.restart(_version_of(response))
        _copy(response, entry, part, have, progress)


def _answer(entry: Published, part: _Part, have: int) -> HTTPResponse:
    headers = {"User-Agent": "minialexnet", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if part.version is not None:
            headers["If-Range"] = part.version
    try:
        response = urlopen(Request(entry.url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        if error.code == 416:  # there is nothing from here on
            total = _number(re.sub(r"^bytes \*/", "", error.headers.get("Content-Range", "")))
            if total not in (None, entry.bytes):
                part.remove()
                raise _wrong_size(entry, total, "; what had come was removed") from None
            part.restart(None)
            raise _Cut("the server's file is another one by now") from None
        if error.code in PASSING or error.code >= 500:
            raise _Cut(f"the server answered {error.code} {error.reason}") from None
        raise InputError(
            f"the server answered {error.code} {error.reason} for {entry.url}: it may have moved; "
            f"get {entry.file} in another way and give it with --archive"
        ) from None
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise InputError(
                f"{entry.url} cannot be trusted to be what it says ({reason.verify_message}): is "
                "the clock right, and is no one between? Or get the file in another way and give "
                "it with --archive"
            ) from None
        host = urlsplit(entry.url).hostname
        raise _Cut(f"cannot reach {host} ({_reason(reason)})") from None
    scheme = urlsplit(response.url).scheme
    if scheme not in ("https", urlsplit(entry.url).scheme):
        response.close()
        raise InputError(
            f"the server sends on from {entry.url} to {response.url}, which anybody on the way "
            f"could change; get {entry.file} in another way and give it with --archive"
        )
    return response


def _copy(
    response: HTTPResponse,
    entry: Published,
    part: _Part,
    have: int,
    progress: Callable[[int, int], None],
) -> None:
    """Append what comes, and not a byte more than there should be."""
    with open(part.path, "ab") as file:
        while have < entry.bytes and (block := _read(response, min(BLOCK, entry.bytes - have))):
            file.write(block)
            have += len(block)
            progress(have, entry.bytes)
    found: int | str = have
    if have < entry.bytes and not response.chunked:  # what comes in chunks has an end of its own
        raise _Cut("the connection was cut")
    if have == entry.bytes:
        if response.headers.get("Content-Length") is not None or not _read(response, 1):
            return
        found = f"more than {have:,}"
    part.remove()
    raise _wrong_size(entry, found, "; it was removed")


def _read(response: HTTPResponse, count: int) -> bytes:
    try:
        return response.read1(count)
    except (OSError, HTTPException) as error:
        raise _Cut(_reason(error)) from None


def _wrong_size(entry: Published, found: int | str, done: str = "") -> InputError:
    found = f"{found:,}" if isinstance(found, int) else found
    return InputError(
        f"the file at {entry.url} has {found} bytes, and {entry.bytes:,} were expected: it is not "
        f"the published one{done}; is there a page to log in to before the network opens? "
        f"Otherwise get {entry.file} in another way and give it with --archive"
    )


def _range_of(response: HTTPResponse) -> tuple[int | None, int | None]:
    """The first byte of a part, and the size of the whole."""
    match = re.fullmatch(
        r"bytes ([0-9]{1,18})-[0-9]+/([0-9]+|\*)", response.headers.get("Content-Range", "")
    )
    return (int(match[1]), _number(match[2])) if match else (None, None)


def _version_of(response: HTTPResponse) -> str | None:
    """What to ask for to get a part of this version only; weak ETags do not promise that."""
    etag = response.headers.get("ETag")
    version = response.headers.get("Last-Modified") if not etag or etag[:2] == "W/" else etag
    return version if version and _fits_in_a_header(version) else None


def _fits_in_a_header(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isprintable()


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,18}", text) else None


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "the server fell silent"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
