"""All checkers by name, and one call that runs them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from mqsim.checkers.delivery import nothing_lost, nothing_twice
from mqsim.checkers.fairness import fair_share
from mqsim.checkers.order import order_kept
from mqsim.checkers.prefetch import prefetch_respected
from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqsim.checkers.verdict import Checker, Verdict
    from mqsim.trace.tables import Trace

CHECKERS: MappingProxyType[str, Checker] = MappingProxyType(
    {
        "nothing_lost": nothing_lost,
        "nothing_twice": nothing_twice,
        "order_kept": order_kept,
        "prefetch_respected": prefetch_respected,
        "fair_share": fair_share,
    }
)


def check(trace: Trace, names: Iterable[str] | None = None) -> list[Verdict]:
    """Run checkers over a trace.

    Args:
        trace: what a run left behind.
        names: which checkers, in the order of the answers; all of them by default.

    Raises:
        UsageError: there is no checker of that name.
    """
    wanted = list(CHECKERS if names is None else names)
    for name in wanted:
        if name not in CHECKERS:
            raise UsageError(f"{name!r} is not a checker; there are {', '.join(CHECKERS)}.")
    return [CHECKERS[name](trace) for name in wanted]
