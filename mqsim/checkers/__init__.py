"""From a trace to verdicts: named properties of a run that hold, are broken, or were not put to the test."""

from mqsim.checkers.delivery import nothing_lost, nothing_twice
from mqsim.checkers.fairness import fair_share
from mqsim.checkers.order import order_kept
from mqsim.checkers.prefetch import prefetch_respected
from mqsim.checkers.registry import CHECKERS, check
from mqsim.checkers.verdict import Checker, Status, Verdict

__all__ = [
    "CHECKERS",
    "Checker",
    "Status",
    "Verdict",
    "check",
    "fair_share",
    "nothing_lost",
    "nothing_twice",
    "order_kept",
    "prefetch_respected",
]
