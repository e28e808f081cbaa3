"""The parts of gpu_check.py, a file each, and what serves them."""

import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[1]
ROOT = BENCHMARKS.parent

if str(ROOT) not in sys.path[:1]:  # what is checked is this checkout, installed or not
    sys.path.insert(0, str(ROOT))
