"""Room for pictures: in memory, or in a temporary file when memory might not do."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Sequence

import numpy as np

from minialexnet.errors import InputError

MEMORY_LIMIT = 2 * 2**30  # bytes


def empty_pictures(counts: Sequence[int], size: int) -> list[np.ndarray]:
    """Arrays (count, size, size, 3) of uint8 for each of `counts`, not filled in.

    If together they are larger than MEMORY_LIMIT they are memory-maps of a file in the folder for
    temporary files (the environment variable TMPDIR names another), which vanishes with them.

    Raises: InputError if there is no room for that file, or it cannot be written.
    """
    shapes = [(count, size, size, 3) for count in counts]
    needed = sum(count * size * size * 3 for count in counts)
    if needed <= MEMORY_LIMIT:
        return [np.empty(shape, np.uint8) for shape in shapes]
    folder = tempfile.gettempdir()
    try:
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        # It has no name on disk, so that nothing is left even if we are killed.
        with tempfile.TemporaryFile(dir=folder) as file:
            # Running out of disk later, while a map is written to, would kill us.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, needed)
            block = np.memmap(file, np.uint8, "w+", shape=(needed,))
    except OSError as error:
        raise InputError(
            f"the pictures need {needed / 2**30:.1f} GiB on disk, and '{folder}' cannot take them "
            f"({error.strerror or error}): ask for a smaller size, or set TMPDIR to a folder on a "
            "larger disk"
        ) from None
    arrays, start = [], 0
    for shape in shapes:
        stop = start + int(np.prod(shape))
        arrays.append(block[start:stop].reshape(shape))
        start = stop
    return arrays
