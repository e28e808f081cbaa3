"""The small set of drawn shapes which comes with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from minialexnet.errors import InputError

BUILTIN = "built-in"
"""What the set is called where a path of pictures is asked for, as in a configuration."""

NAME = "shapes.tgz"
IN_A_CLONE = Path(__file__).resolve().parents[2] / "data" / NAME


def builtin_archive() -> Path:
    """The path of the built-in set: of an installed package, or of a clone never installed.

    Raises: InputError if it is in neither place.
    """
    try:
        installed = Path(str(resources.files("minialexnet.data") / NAME))
    except ModuleNotFoundError:  # in a clone, the folder data lies beside the package
        installed = IN_A_CLONE
    for path in (installed, IN_A_CLONE):
        if path.is_file():
            return path
    raise InputError(
        f"the built-in pictures are missing ('{installed}'): install minialexnet again, or give "
        "the path of pictures of your own"
    )
