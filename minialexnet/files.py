"""Writing files so that a crash, a full disk or a lost power cord never leaves half of one."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from minialexnet.errors import InputError

TEMPORARY = ".tmp"


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Call `write(file)` on a temporary file beside `path`, then move it into place.

    Raises InputError when that fails, or `path` is a folder, a device or a pipe; `path` then is
    what it was before.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is no file but something else; give a file to write")
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        before = (
            f"the file as it was before is untouched: {path}"
            if path.exists()
            else ("nothing was left behind")
        )
        raise InputError(
            f"could not write {path} ({error.strerror or error}); {before}; free some space or "
            "choose another folder, then go on"
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink()  # there only if something went wrong


def expanded(path: str | os.PathLike[str]) -> Path:
    """`path` with the home folder for a "~" at its beginning.

    Raises InputError where nobody knows that folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError(
            f"'{path}' begins with a home folder that is not known here; write the path in full"
        ) from None


def make_folder(folder: Path, option: str) -> None:
    """Make it unless it is there. Raises InputError, which names the option for another one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make '{folder}' ({error.strerror}); give another folder with {option}"
        ) from None


def sync_folder(folder: Path) -> None:
    """Make the names of its files durable, where the system can."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError:  # file systems that cannot
        pass
    finally:
        os.close(opened)


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files of a process that was killed while it wrote into `folder`."""
    for temporary in folder.glob(f".*{TEMPORARY}"):
        temporary.unlink(missing_ok=True)


def replace_with_copy(source: Path, target: Path) -> None:
    """Make `target` the same file as `source` is now, at once and without copying the data.

    `source` may be replaced later (not rewritten in place); `target` keeps what it holds.
    """
    link = target.with_name(f".{target.name}{TEMPORARY}")
    link.unlink(missing_ok=True)
    try:
        os.link(source, link)
    except OSError:  # file systems without hard links
        write_atomically(target, lambda file: file.write(source.read_bytes()))
        return
    os.replace(link, target)
    link.unlink(missing_ok=True)  # it is still there if both were the same file already
