"""Run the benchmarks: `python benchmarks/run.py --help`, or `make bench`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from benchmarks.runner import main

    sys.exit(main())
