"""The command `minialexnet`: one file of this package per subcommand."""

import argparse
import errno
import os
import sys
from importlib.metadata import PackageNotFoundError, version

from minialexnet.cli import doctor, eval, gradcheck, models, predict, train
from minialexnet.errors import InputError

COMMANDS = (train, eval, predict, gradcheck, models, doctor)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, 1 for a wrong input, 130 for Ctrl-C."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except InputError as error:
        return _fail(str(error))
    except MemoryError:
        return _fail("out of memory; try a smaller --batch-size or a smaller --image-size")
    except BrokenPipeError:  # the reader of our output (`head`, a pager) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENOENT, errno.EDQUOT):
            raise
        return _fail(f"{error.filename or 'a file'}: {error.strerror}")
    except KeyboardInterrupt:
        print("\nminialexnet: interrupted", file=sys.stderr)
        return 130


def _fail(message: str) -> int:
    print(f"minialexnet: {message}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minialexnet",
        description="AlexNet from scratch: train it, look at it, and check every gradient.",
        epilog="Begin with: minialexnet train      (about two minutes, on a built-in set)",
    )
    try:
        number = version("minialexnet")
    except PackageNotFoundError:  # run from a clone that was never installed
        number = "(not installed)"
    parser.add_argument("--version", action="version", version=f"minialexnet {number}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2]
        summary, _, details = command.HELP.partition("\n")
        sub = commands.add_parser(
            name,
            help=summary,
            description=f"{summary}\n{details}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return parser
