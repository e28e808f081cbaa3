"""`minialexnet data`: getting pictures, preparing them, looking at them."""

from types import ModuleType

from minialexnet.cli.commands import summaries
from minialexnet.cli.data import show

COMMANDS: dict[str, ModuleType] = {"show": show}

USAGE = "COMMAND [options]"
HELP = f"""get pictures, prepare them, look at them

{summaries(COMMANDS)}"""
