"""Which formula of `mqsim.theory` fits which scenario: exactly, approximately or not at all, and why.

    scenario ──routes, streams──► what comes to each queue ─┐
             ──staff, work──────► who serves it, how long  ─┴─► setting ──► match: formula, values, reasons

| module | its one job |
| --- | --- |
| `records` | what is answered: `Fit`, `Match`, `Matches` |
| `routes`, `streams` | which share of a producer's messages comes to a queue, and what stream that is |
| `staff`, `work` | who serves a queue from which line, and the law of what they do |
| `setting` | all of that for one queue, and what no formula takes into account |
| `single`, `plain` | queues that serve every message once |
| `bounded`, `troubled` | lost, impatient, important and repeated messages; breakdowns |
| `network`, `loops`, `ends` | several queues; closed loops and full queues; drains and fork-join |
| `applies`, `lines` | the answer; and what a report shows of it |
"""

from mqsim.matching.applies import applies
from mqsim.matching.lines import TheoryLine, read, simulated, theory_lines
from mqsim.matching.records import Fit, Match, Matches

__all__ = ["Fit", "Match", "Matches", "TheoryLine", "applies", "read", "simulated", "theory_lines"]
