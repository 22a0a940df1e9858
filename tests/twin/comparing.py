"""Plays a scenario in both engines, and tells the first difference: of their traces, and of the numbers that
the twin counts without one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.metrics import slo_miss, summary
from mqsim.sim import World
from mqsim.trace.digest import digest, event_digest
from mqsim.trace.frames import DELIVERY_COLUMNS, MESSAGE_COLUMNS, columns
from mqsim.twin.play import measure, play
from tests.twin.paths import leaves

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.scenario import Scenario
    from mqsim.trace import Trace


def difference(scenario: Scenario, replication: int = 0, twin: Callable[..., Trace] = play) -> str:
    """The first thing in which the two traces differ; empty if there is none."""
    sim = World(scenario, scenario.seed, replication).run_to_end()
    return first_difference(sim, twin(scenario, scenario.seed, replication))


def difference_of_numbers(scenario: Scenario) -> str:
    """The first number that the twin counts otherwise than `summary` of the model's trace, in words; empty
    if there is none.
    """
    trace = World(scenario, scenario.seed).run_to_end()
    warmup = float(scenario.warmup)
    expected = leaves(summary(trace, warmup))
    for limit in (0.25, 1.0):
        expected[f"miss({limit})"] = slo_miss(trace, limit, warmup=warmup)
        for name in trace.queues.names:
            expected[f"queues.{name}.miss({limit})"] = slo_miss(trace, limit, warmup=warmup, queue=name)
    found = measure(scenario, expected)
    for path, number in expected.items():
        if not _same_number(number, found[path]):
            return f"{path}: summary {number!r}, counted {found[path]!r}"
    return ""


def _same_number(one: Any, other: Any) -> bool:
    """Whether two numbers are the same: counts to the last bit, others to 12 digits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)
    return type(one) is type(other) and bool(one == other)


def first_difference(sim: Trace, twin: Trace) -> str:
    """What differs between two traces, in words; empty if nothing does."""
    for name in ("end", "complete", "profile"):
        if getattr(sim, name) != getattr(twin, name):
            return f"{name}: sim {getattr(sim, name)!r}, twin {getattr(twin, name)!r}"
    if digest(sim) == digest(twin) and event_digest(sim) == event_digest(twin):
        return _outside_the_tables(sim, twin)
    found = _in_table("messages", MESSAGE_COLUMNS, sim, twin)
    found += _in_table("deliveries", DELIVERY_COLUMNS, sim, twin)
    if found:
        return min(found)[1]
    if sim.queues.names != twin.queues.names or sim.actors.names != twin.actors.names:
        return (
            f"names: sim {sim.queues.names} {sim.actors.names}, twin {twin.queues.names} {twin.actors.names}"
        )
    for k, (one, other) in enumerate(zip(_events(sim), _events(twin), strict=False)):
        if one != other:
            return f"event {k}: sim {one}, twin {other}"
    return f"number of events: sim {len(sim.events)}, twin {len(twin.events)}"


def _in_table(table: str, names: list[str], sim: Trace, twin: Trace) -> list[tuple[float, str]]:
    """For each column the first row that differs, with the time at which that is."""
    one, other = getattr(sim, table), getattr(twin, table)
    found = []
    for name, a, b in zip(names, columns(one, *names), columns(other, *names), strict=True):
        n = min(len(a), len(b))
        unequal = np.flatnonzero((a[:n] != b[:n]) & ~((a[:n] != a[:n]) & (b[:n] != b[:n])))
        if len(unequal):
            row = int(unequal[0])
            times = [value for value in (a[row], b[row]) if a.dtype.kind == "f" and not math.isnan(value)]
            found.append(
                (min(times, default=math.inf), f"{table}.{name}[{row}]: sim {a[row]}, twin {b[row]}")
            )
        elif len(a) != len(b):
            found.append((math.inf, f"rows of {table}: sim {len(a)}, twin {len(b)}"))
    return found


def _events(trace: Trace) -> list[tuple[Any, ...]]:
    log = trace.events
    return list(zip(log.t, log.kind, log.subject, log.other, log.copy, log.detail, strict=True))


def _outside_the_tables(sim: Trace, twin: Trace) -> str:
    """Casts, counts and faults."""
    if sim.expires != twin.expires:
        return f"expires: sim {sim.expires}, twin {twin.expires}"
    if sim.counts != twin.counts:
        return f"counts: sim {sim.counts}, twin {twin.counts}"
    for name in sim.cast:
        one, other = sim.cast[name], twin.cast.get(name)
        if other is None or not _same_times(one.up, other.up):
            return f"cast {name}: sim {one}, twin {other}"
        if (one.group, one.role, one.queue, one.ack) != (other.group, other.role, other.queue, other.ack):
            return f"cast {name}: sim {one}, twin {other}"
    if list(sim.cast) != list(twin.cast):
        return f"cast: sim {list(sim.cast)}, twin {list(twin.cast)}"
    spans = [[(f.kind, f.target) for f in each.faults] for each in (sim, twin)]
    times = [[(f.start, f.end) for f in each.faults] for each in (sim, twin)]
    if spans[0] != spans[1] or not _same_times(*times):
        return f"faults: sim {sim.faults}, twin {twin.faults}"
    return ""


def _same_times(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> bool:
    return np.array_equal(np.array(one, float), np.array(other, float), equal_nan=True)
