"""`python -m minialexnet` is the command `minialexnet`."""

import sys

from minialexnet.cli.main import main

sys.exit(main())
