"""Run the benchmarks: `make bench`, or `python benchmarks/run.py --help`; also `programs` and `studies`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from benchmarks import pika_runner, runner, studies

    given = sys.argv[1:]
    if given[:1] == ["programs"]:
        sys.exit(pika_runner.main(given[1:]))
    if given[:1] == ["studies"]:
        sys.exit(studies.main(given[1:]))
    sys.exit(runner.main() or (0 if given else studies.main([]) or pika_runner.main([])))
