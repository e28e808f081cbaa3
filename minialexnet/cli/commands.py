"""How commands are made known to argparse.

Each is a module with USAGE and HELP (its first line is the summary), and either its own COMMANDS,
or `add_arguments(parser)` and `run(options) -> exit status`.
"""

import argparse
from collections.abc import Mapping
from types import ModuleType
from typing import NoReturn

from minialexnet.cli.text import fold


class Parser(argparse.ArgumentParser):
    """Answers a mistake with one sentence instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        self.exit(2, f"minialexnet: {message}; see `{self.prog} --help`\n")

    def parse_known_args(self, args=None, namespace=None):
        """Refuse what is unknown here, where the help is that of the right command."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


def summaries(commands: Mapping[str, ModuleType]) -> str:
    """One line for each command."""
    width = max(map(len, commands), default=0)
    lines = {name: command.HELP.partition("\n")[0] for name, command in commands.items()}
    return "\n".join(f"  {name:{width}}  {line}" for name, line in lines.items())


def add_commands(parser: argparse.ArgumentParser, commands: Mapping[str, ModuleType]) -> None:
    """Let `parser` know them; without any of them it prints its help."""
    parser.set_defaults(run=lambda options: parser.print_help() or 0)
    subparsers = parser.add_subparsers(metavar="COMMAND", help=argparse.SUPPRESS)
    for name, command in commands.items():
        prog = f"{parser.prog} {name}"
        sub = subparsers.add_parser(
            name,
            prog=prog,
            usage=f"{prog} {command.USAGE}",
            description=fold(command.HELP),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if hasattr(command, "COMMANDS"):
            add_commands(sub, command.COMMANDS)
        else:
            sub.set_defaults(run=command.run)
            command.add_arguments(sub)
