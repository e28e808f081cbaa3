"""`minialexnet data`: getting pictures, preparing them, looking at them."""

from minialexnet.cli.commands import summaries
from minialexnet.cli.data import get, prepare, show

COMMANDS = {"get": get, "prepare": prepare, "show": show}

USAGE = "COMMAND [options]"
HELP = f"""get pictures, prepare them, look at them

{summaries(COMMANDS)}"""
