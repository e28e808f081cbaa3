"""Writing files so that a crash, a full disk or a lost power cord never leaves half of one."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from minialexnet.errors import InputError


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Call `write(file)` on a temporary file beside `path`, then move it into place.

    Raises InputError when that fails; `path` then holds what it held before.
    """
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False
        ) as file:
            temporary = Path(file.name)
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # temporary files are private by default; results need not be
        os.replace(temporary, path)
        temporary = None
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
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def replace_with_copy(source: Path, target: Path) -> None:
    """Make `target` the same file as `source` is now, at once and without copying the data.

    `source` may be replaced later (not rewritten in place); `target` keeps what it holds.
    """
    link = target.with_name(f".{target.name}.tmp")
    link.unlink(missing_ok=True)
    try:
        os.link(source, link)
    except OSError:  # file systems without hard links
        write_atomically(target, lambda file: file.write(source.read_bytes()))
        return
    os.replace(link, target)
    link.unlink(missing_ok=True)  # it is still there if both were the same file already
