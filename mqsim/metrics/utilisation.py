"""How long consumers were up and at work: utilisation and shares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.metrics.window import Window, ratio
from mqsim.trace.completion import finished_attempts
from mqsim.trace.frames import columns
from mqsim.trace.work_spans import up_times, work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mqsim.trace.tables import Actor, Trace


def consumers(trace: Trace) -> list[str]:
    """Who consumed: all actors of that role, and whoever was sent a message."""
    named = [name for name, actor in trace.cast.items() if actor.role == "consumer"]
    (codes,) = columns(trace.deliveries, "consumer")
    sent = np.bincount(codes + 1, minlength=1)[1:]
    served = [trace.actors.names[code] for code in np.flatnonzero(sent).tolist()]
    return list(dict.fromkeys(named + served))


def consumer_numbers(trace: Trace, span: Window) -> tuple[dict[str, Any], dict[str, Any]]:
    """`handled`, `share`, `utilisation` and `of_up_time` of each consumer, and of each group of them.

    `handled`: messages created in the window whose work it finished, each attempt counted. `share`: of all
    that was handled from the queues it took from. `utilisation`: seconds at work within the window over its
    length (for a group over that of all its members); `of_up_time` over the seconds it was up. Both count the
    slots of a pool: one that works in two of its four slots is half busy.
    """
    done = work(trace)
    within = span.overlap(done.start, done.end)
    sums = np.bincount(done.consumer, weights=within, minlength=len(trace.actors.names) + 1)
    seconds = sums.astype(np.float64, copy=False)
    return numbers_of_consumers(
        trace.cast, consumers(trace), trace.actors.names, _handled(trace, span), seconds, span
    )


def numbers_of_consumers(
    cast: Mapping[str, Actor],
    names: Sequence[str],
    actors: Sequence[str],
    handled: NDArray[np.int64],
    seconds: NDArray[np.float64],
    span: Window,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """As `consumer_numbers`, from sums.

    Args:
        cast: who took part, and when they ran.
        names: the consumers among them.
        actors: the names behind the codes; both of the following have a spare last row besides.
        handled: a row an actor, a column a queue and a spare first one.
        seconds: at work within the window, an actor each.
        span: the window.
    """
    # Whoever is in no table has -1: the spare last row.
    codes = {name: code for code, name in enumerate(actors)}
    rows: dict[str, list[float]] = {}
    groups: dict[str, list[str]] = {}
    slots = {name: cast[name].slots if name in cast else 1 for name in names}
    for name in names:
        up = up_times(cast, name, span.end)
        up_for = slots[name] * float(span.overlap(up[:, 0], up[:, 1]).sum())
        rows[name] = [float(seconds[codes.get(name, -1)]), up_for]
        group = cast[name].group if name in cast else name
        groups.setdefault(group, []).append(name)

    def numbers(members: list[str]) -> dict[str, Any]:
        own = handled[[codes.get(name, -1) for name in members]].sum(axis=0)
        busy, up = (math.fsum(rows[name][i] for name in members) for i in (0, 1))
        return {
            "handled": int(own.sum()),
            "share": ratio(own.sum(), handled[:, own > 0].sum()) if own.any() else ratio(0, handled.sum()),
            "utilisation": ratio(busy, span.length * sum(slots[name] for name in members)),
            "of_up_time": ratio(busy, up),
        }

    each = {name: numbers([name]) for name in names}
    return each, {group: {"consumers": len(them)} | numbers(them) for group, them in groups.items()}


def _handled(trace: Trace, span: Window) -> NDArray[np.int64]:
    """Finished attempts at messages created in the window: a row an actor, and a spare; a column a queue."""
    copy, consumer = columns(trace.deliveries, "copy", "consumer")
    queue, created = columns(trace.messages, "queue", "created")
    rows = np.flatnonzero(finished_attempts(trace) & span.holds(created[copy]))
    cells = consumer[rows].astype(np.int64) * (len(trace.queues) + 1) + queue[copy[rows]] + 1
    shape = (len(trace.actors) + 1, len(trace.queues) + 1)
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.int64, copy=False)
