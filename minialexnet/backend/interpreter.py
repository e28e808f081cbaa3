"""Which Python this is, and whether its threads can run at once."""

import platform
import sys
import sysconfig


def python_version() -> str:
    """The version of Python; also whether it is free-threaded, as `python3.14t` is.

    Any other has a lock that lets one thread at a time run Python's own code. A free-threaded one
    turns it on for environments with PYTHON_GIL=1 and for extension modules not made for it.
    """
    version = platform.python_version()
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return version
    if sys._is_gil_enabled():
        return f"{version} (free-threaded, but with its lock turned on)"
    return f"{version} (free-threaded)"
