"""The commands in benchmarks/ import their files from there, as when they are run."""

import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))

collect_ignore_glob = [] if BENCHMARKS.is_dir() else ["test_*.py"]  # a source archive has none
