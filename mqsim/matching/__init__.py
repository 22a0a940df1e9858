"""Which formula of `mqsim.theory` fits which scenario: exactly, approximately or not at all, and why.

    scenario ──routes, streams──► what comes to each queue ─┐
             ──staff, work──────► who serves it, how long  ─┴─► setting ──► match: formula, values, reasons

| module | its one job |
| --- | --- |
| `records` | what is answered: `Fit`, `Match`, `Matches` |
| `routes`, `streams` | which share of a producer's messages comes to a queue, and what stream that is |
| `staff`, `work` | who serves a queue from which line, and the law of what they do |
| `setting` | all of that for one queue, and what no formula takes into account |
| `lossless_queue`, `plain` | queues that serve every message once |
| `bounded`, `troubled` | lost, impatient, important and repeated messages; breakdowns |
| `network`, `loops`, `ends` | several queues; closed loops and full queues; drains and fork-join |
| `load`, `surges` | how much comes to each part, beside how much it can do; for a while, more |
| `settling` | how long a run must be until its means settle |
| `formula_choice`, `lines`, `curves` | the answer; what a report shows of it, and what a figure draws |
"""

from mqsim.matching.curves import Curve, curve
from mqsim.matching.formula_choice import applies
from mqsim.matching.lines import TheoryLine, read, simulated, theory_lines
from mqsim.matching.load import Load, loads, lossy_loads
from mqsim.matching.records import Fit, Match, Matches
from mqsim.matching.settling import short_run
from mqsim.matching.surges import Surge, surges

__all__ = [
    "Curve",
    "Fit",
    "Load",
    "Match",
    "Matches",
    "Surge",
    "TheoryLine",
    "applies",
    "curve",
    "loads",
    "lossy_loads",
    "read",
    "short_run",
    "simulated",
    "surges",
    "theory_lines",
]
