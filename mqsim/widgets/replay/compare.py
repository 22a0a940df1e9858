"""Two futures beside each other, in a few numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.trace.completion import Completion, completions
from mqsim.trace.frames import columns
from mqsim.trace.tables import NONE, Outcome, Trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

ROWS = {
    "messages": "messages",
    "done": "worked to the end",
    "lost": "lost",
    "redelivered": "sent again",
    "dead_lettered": "dead-lettered",
    "gone": "gone otherwise",
    "open": "not finished at the end",
    "sojourn": "mean sojourn (s)",
}
"""What is compared, and what it is called. Copies count: a message has one in every queue it went to."""


def numbers(trace: Trace) -> dict[str, float | None]:
    """What became of a run's messages.

    Returns:
        `messages` (copies), `done` (worked to the end and acknowledged), `lost`, `redelivered` (deliveries
        after a copy's first), `dead_lettered`, `gone` (expired, dropped, rejected, refused, unroutable),
        `open` (none of these by the end), and `sojourn`: mean seconds from `created` to `finished` of
        those that were done, None where there are none.
    """
    created, finished, outcome = columns(trace.messages, "created", "finished", "outcome")
    (attempt,) = columns(trace.deliveries, "attempt")
    fate = completions(trace)
    done = fate == Completion.DONE
    lost, dead = outcome == Outcome.LOST, outcome == Outcome.DEAD_LETTERED
    under_way = fate == Completion.UNDER_WAY
    return {
        "messages": len(outcome),
        "done": int(done.sum()),
        "lost": int(lost.sum()),
        "redelivered": int((attempt > 1).sum()),
        "dead_lettered": int(dead.sum()),
        "gone": int((~(done | lost | dead | under_way)).sum()),
        "open": int(under_way.sum()),
        "sojourn": float(np.mean((finished - created)[done])) if done.any() else None,
    }


def over_the_same(traces: Sequence[Trace]) -> dict[str, Any]:
    """Mean sojourns of the messages that were done in every one of several runs, so that like is compared
    with like: a run that leaves messages undone would otherwise look quicker for it.

    Returns:
        `count`, how many those are, and `means`, one for each run, in seconds; None where there are none.
    """
    known = [_sojourns(trace) for trace in traces]
    shared = set(known[0]).intersection(*known[1:]) if known else set()
    means = [sum(one[each] for each in sorted(shared)) / len(shared) if shared else None for one in known]
    return {"count": len(shared), "means": means}


def _sojourns(trace: Trace) -> dict[tuple[str, int, str], float]:
    """From creation to the end of the work, by producer, number and queue; of the first copy done."""
    done = np.flatnonzero(completions(trace) == Completion.DONE).tolist()
    table = trace.messages
    found: dict[tuple[str, int, str], float] = {}
    for copy in done:
        queue = trace.queues.names[table.queue[copy]] if table.queue[copy] != NONE else ""
        what = (trace.actors.names[table.producer[copy]], table.number[copy], queue)
        found.setdefault(what, table.finished[copy] - table.created[copy])
    return found


def table(runs: Sequence[tuple[str, Mapping[str, Any]]]) -> pd.DataFrame:
    """Runs side by side: one row a number, one column a run."""
    import pandas as pd

    index = pd.Index(list(ROWS.values()), name="")
    return pd.DataFrame(
        {label: pd.Series([found[key] for key in ROWS], index=index, dtype=object) for label, found in runs}
    )
