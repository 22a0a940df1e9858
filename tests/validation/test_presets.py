"""Little's law and flow balance in every preset, by slow loops over the message table alone.

Little's law is an identity on any finite run when both sides count the same stretch: the area under the
number in the queue is the sum of the times that messages spend there. The number comes from stepping through
all comings and goings; the times are summed message by message. Both are then held against the summary.
"""

from __future__ import annotations

from collections import Counter
from math import isnan

import pytest

from mqsim.api import Result, Scenario, load, presets, simulate
from mqsim.trace import Outcome


def stays(result: Result, queue: str) -> list[tuple[float, float]]:
    """From when to when each copy was in the queue or with a consumer of it."""
    table, trace = result.trace.messages, result.trace
    code = trace.queues.names.index(queue)
    found = []
    for i in range(table.n):
        if table.queue[i] == code and not isnan(table.enqueued[i]):
            left = table.ended[i]
            if table.outcome[i] == Outcome.ACKED:
                left = max(left, table.finished[i])
            found.append((table.enqueued[i], trace.end if isnan(left) else left))
    return found


def area(moments: list[tuple[float, float]], end: float) -> float:
    """The integral of the number there, by stepping from one change to the next."""
    steps = sorted([(begin, 1) for begin, _ in moments] + [(finish, -1) for _, finish in moments])
    total, level, before = 0.0, 0, 0.0
    for time, change in steps:
        total += level * (time - before)
        level, before = level + change, time
    return total + level * (end - before)


@pytest.mark.parametrize("name", presets())
def test_littles_law(name: str) -> None:
    result = simulate(load(name).with_({"warmup": 0}))
    end = result.trace.end
    summary = result.summary()["queues"]
    for queue in result.trace.queues.names:
        moments = stays(result, queue)
        time_spent = sum(finish - begin for begin, finish in moments)
        assert area(moments, end) == pytest.approx(time_spent, rel=1e-9, abs=1e-9)
        assert summary[queue]["in_system"]["mean"] * end == pytest.approx(time_spent, rel=1e-9, abs=1e-9)
        if moments:
            rate, sojourn = len(moments) / end, time_spent / len(moments)
            assert summary[queue]["in_system"]["mean"] == pytest.approx(rate * sojourn, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", presets())
def test_what_comes_in_goes_out_or_is_still_there(name: str) -> None:
    result = simulate(load(name))
    table = result.trace.messages
    outcomes = Counter(Outcome(table.outcome[i]) for i in range(table.n))
    gone = sum(
        count for outcome, count in outcomes.items() if outcome not in (Outcome.READY, Outcome.UNACKED)
    )
    waiting = outcomes[Outcome.READY] + outcomes[Outcome.UNACKED]
    assert gone + waiting == table.n > 0
    entered = sum(not isnan(table.enqueued[i]) for i in range(table.n))
    left = sum(not isnan(table.enqueued[i]) and not isnan(table.ended[i]) for i in range(table.n))
    inside = sum(
        not isnan(table.enqueued[i]) and table.outcome[i] in (Outcome.READY, Outcome.UNACKED)
        for i in range(table.n)
    )
    assert entered == left + inside


def test_every_preset_is_there() -> None:
    assert all(isinstance(load(name), Scenario) for name in presets())
    assert len(presets()) >= 10
