"""What a scenario can express and theory knows exactly, in one list; those beyond its formulas come last.

Work takes about 1 s on average and loads are moderate, so that seconds of computing give narrow intervals.
"""

from __future__ import annotations

from tests.validation import arriving, chains, flowing, serving, troubling

FORMULAS = (
    *arriving.single(),
    *arriving.renewal(),
    *arriving.streams(),
    *serving.consumers(),
    *serving.losing(),
    *troubling.troubled(),
    *flowing.networks(),
    *flowing.flat_out(),
)
CASES = (*FORMULAS, *chains.beyond())
ROWS = sum(len(case.exact) for case in CASES)
