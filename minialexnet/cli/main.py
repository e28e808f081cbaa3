"""The command `minialexnet`: one file of this package per subcommand."""

import argparse
import io
import os
import sys
import warnings
from contextlib import suppress

from minialexnet.backend import is_out_of_memory
from minialexnet.cli import bench, data, doctor, eval, gradcheck, models, predict, report, train
from minialexnet.cli.commands import Parser, add_commands, summaries
from minialexnet.cli.common import own_version
from minialexnet.errors import InputError

COMMANDS = {
    "train": train,
    "eval": eval,
    "predict": predict,
    "report": report,
    "data": data,
    "gradcheck": gradcheck,
    "models": models,
    "bench": bench,
    "doctor": doctor,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns: the exit status: 0; 1 for a wrong input or a check that failed; 130 after Ctrl-C.
    Exits with 2 for options that cannot be.
    """
    _print_any_name()
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():  # numbers that overflow are found, and said in a sentence
            warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minialexnet\.")
            status = options.run(options)
        sys.stdout.flush()
        return status
    except InputError as error:
        return _fail(str(error), error.exit_status)
    except BrokenPipeError:  # the reader of our output (`head`, a pager) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(f"{error.filename or 'a file'}: {error.strerror or error}")
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return _fail(f"out of memory; {_how_to_need_less(options)}")


def _how_to_need_less(options: argparse.Namespace) -> str:
    if hasattr(options, "batch_size"):
        return "try a smaller --batch-size or --image-size, or fewer classes"
    if hasattr(options, "gpu"):
        return "end other programs that use it, or try --backend numpy if it was the GPU's"
    return "end other programs that use it"


def _fail(message: str, status: int = 1) -> int:
    line = message.replace("\n", " ")
    with suppress(OSError):  # who should read it may have gone
        print(f"minialexnet: {line}", file=sys.stderr)
    return status


def _print_any_name() -> None:
    """Let a file or class name that the terminal cannot show be printed as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="minialexnet",
        usage="minialexnet COMMAND [options]",
        description="AlexNet from scratch: train it, look at it, and check every gradient.\n\n"
        + summaries(COMMANDS),
        epilog="Begin with:              minialexnet train\nAll about one of them:   "
        "minialexnet COMMAND --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"minialexnet {own_version()}")
    add_commands(parser, COMMANDS)
    return parser
