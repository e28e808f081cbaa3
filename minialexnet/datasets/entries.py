"""What an archive of pictures may hold: plain files and folders, below the folder they go to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from minialexnet.errors import InputError

BLOCK = 1 << 20  # bytes read at once
LONGEST_NAME, DEEPEST_NAME = 1024, 64
"""Characters of a name, and folders around it: more than any set of pictures has. Without a limit,
a few compressed bytes could ask for more folders, one in the other, than there is memory."""


@dataclass(frozen=True)
class Entry:
    """A file or folder in an archive, found safe as far as its name and kind tell.

    size is what the archive says; blocks() yields the content, piece by piece, until the next entry
    is asked for; position is how far into the archive's own bytes that is.
    """

    name: str
    is_folder: bool
    size: int
    blocks: Callable[[], Iterator[bytes]]
    position: int


def wrong_name(name: str) -> str | None:
    """What is wrong with an entry's name: it must lead to a place, not too deep, in the archive."""
    windows = PureWindowsPath(name)  # it knows both kinds of slash, and drives
    if windows.anchor:
        return "has an absolute path"
    if ".." in windows.parts:
        return "leads out of the archive with '..'"
    if "\0" in name:
        return "has the character NUL in its name"
    if len(name) > LONGEST_NAME:
        return f"has a name of {len(name):,} characters (at most {LONGEST_NAME:,} are expected)"
    depth = len(windows.parts) - 1
    if depth > DEEPEST_NAME:
        return f"lies {depth} folders deep (at most {DEEPEST_NAME} are expected)"
    return None


def refused(archive: Path, name: str, wrong: str) -> InputError:
    """The error for an archive with an entry that is not safe."""
    shown = name if len(name) <= LONGEST_NAME else f"{name[:60]}..."
    return InputError(
        f"the archive '{archive}' is refused, for its entry {shown!r} {wrong}: make it again with "
        "plain files and folders only"
    )


@contextmanager
def damage_named(archive: Path, *broken: type[Exception]) -> Iterator[None]:
    """Raise InputError in the place of the exceptions that mean that the archive is damaged."""
    try:
        yield
    except InputError:
        raise
    except PermissionError as error:
        raise InputError(f"'{archive}' cannot be read: {error.strerror}") from None
    except broken as error:
        raise InputError(
            f"the archive '{archive}' is cut off or damaged ({error}): download or make it again"
        ) from None
