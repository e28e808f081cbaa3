"""`minialexnet data`: getting pictures, preparing them, looking at them."""

from types import ModuleType

from minialexnet.cli.commands import summaries
from minialexnet.cli.data import get

COMMANDS: dict[str, ModuleType] = {"get": get}

USAGE = "COMMAND [options]"
HELP = f"""get pictures, prepare them, look at them

{summaries(COMMANDS)}"""
