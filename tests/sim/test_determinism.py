"""The same scenario and seed give the same run; the untouched draws the same numbers; ties have an order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mqsim import theory
from mqsim.api import Result, Scenario, load
from mqsim.sim import World
from mqsim.sim.clock import FAULT, Clock
from mqsim.statistics import mean_interval
from mqsim.trace.frames import columns
from tests.sim.scenarios import exponential
from tests.sim.small import attempts, happened, lived, outcomes, run, scenario, times

EVERYTHING = Path(__file__).with_name("everything.yaml")


def digests(result: Result) -> tuple[str, str]:
    return result.digest(), result.event_digest()


def test_two_runs_are_the_same_and_another_seed_or_replication_is_not() -> None:
    what = Scenario.from_yaml(EVERYTHING).with_({"duration": 60})
    first, again = lived(what)[1], lived(what)[1]
    assert digests(first) == digests(again)
    others = [lived(what, 43)[1], lived(what, 42, 1)[1]]
    assert len({first.digest(), *(other.digest() for other in others)}) == 3


def test_hash_seeds_change_nothing() -> None:
    program = (
        "import sys\n"
        "from mqsim.api import Scenario\n"
        "from mqsim.sim import World\n"
        "from mqsim.trace.digest import digest, event_digest\n"
        "trace = World(Scenario.from_yaml(sys.argv[1]).with_({'duration': 60})).run_to_end()\n"
        "print(digest(trace), event_digest(trace))"
    )
    told = set()
    for hash_seed in ("0", "1", "4711"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", program, str(EVERYTHING)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        told.add(done.stdout)
    assert len(told) == 1


def test_watching_and_progress_change_nothing() -> None:
    plain = lived(load("burst"))[1]
    world = World(load("burst"))
    seen: list[float] = []
    world.when_outbox_is_empty.append(lambda: seen.append(world.clock.now) or False)  # type: ignore[func-returns-value]
    trace = world.run_to_end(on_progress=lambda now: seen.append(now))
    assert digests(Result(world.scenario, 1, 0, trace)) == digests(plain)
    assert seen


BUSY: dict[str, Any] = {
    "producers": {
        "web": {
            "to": "tasks",
            "arrivals": {"poisson": {"rate": 3}},
            "work": exponential(0.5),
            "messages": 200,
        },
        "app": {
            "to": "tasks",
            "arrivals": {"poisson": {"rate": 1}},
            "work": {"gamma": {"mean": 0.5, "cv": 2}},
            "messages": 60,
        },
    },
    "consumers": {"worker": {"queue": "tasks", "count": 3, "fails": {"probability": 0.2, "then": "nack"}}},
}


def drawn(result: Result, producer: str) -> dict[int, tuple[float, float]]:
    """For each finished message of a producer, by number: when it was created and how long its work took."""
    table = result.trace.messages
    code = result.trace.actors.names.index(producer)
    return {
        table.number[i]: (table.created[i], round(table.finished[i] - table.started[i], 9))
        for i in range(table.n)
        if table.producer[i] == code and table.finished[i] == table.finished[i]
    }


def test_an_unrelated_actor_changes_no_other_draw() -> None:
    alone = run(seed=5, **BUSY)
    more = {
        **BUSY,
        "producers": {
            "noise": {"to": "other", "arrivals": {"poisson": {"rate": 7}}, "messages": 50},
            **BUSY["producers"],
        },
    }
    more["consumers"] = {"listener": {"queue": "other", "service": exponential(0.1)}, **BUSY["consumers"]}
    beside = run(seed=5, queues={"other": {}}, **more)
    for column in ("created", "enqueued", "started", "finished", "acked"):
        assert times(alone, column, "tasks", digits=15) == times(beside, column, "tasks", digits=15)


def test_a_fault_leaves_the_draws_of_untouched_messages_as_they_were() -> None:
    calm = run(seed=5, **BUSY)
    faults = [
        {"crash": "worker-2", "at": 10, "restart_after": 5},
        {"crash": "worker", "every": exponential(20), "repair": exponential(2)},
        {"restart": "broker", "at": 30, "down": 2},
    ]
    broken = run(seed=5, **BUSY, faults=faults, duration=300)
    for producer in ("web-1", "app-1"):
        assert drawn(broken, producer) == drawn(calm, producer)
    # Whether an attempt fails is drawn with the message too: nobody fails oftener than it did without faults.
    assert len(happened(calm, "failed")) > 30


def test_draws_do_not_depend_on_who_serves_or_how_often() -> None:
    one, three = (
        run(seed=5, **BUSY),
        run(seed=5, **{**BUSY, "consumers": {"worker": {"queue": "tasks", "count": 1}}}),
    )
    assert drawn(one, "web-1") == drawn(three, "web-1")


def test_redraw_gives_each_attempt_its_own_work_and_only_then() -> None:
    def works(redraw: bool) -> list[set[float]]:
        fails = {"probability": 0.5, "then": "nack"}
        result = run(at=[0] * 30, work=exponential(1), consumer={"fails": fails, "redraw": redraw})
        table = result.trace.deliveries
        found: list[set[float]] = [set() for _ in range(30)]
        for k in range(table.n):
            end = table.finished[k] if table.finished[k] == table.finished[k] else table.ended[k]
            found[table.copy[k]].add(round(end - table.started[k], 6))
        return found

    assert all(len(each) == 1 for each in works(False))
    again = works(True)
    assert max(len(each) for each in again) > 2
    assert sum(len(each) for each in again) > 45  # two attempts on average
    assert all(
        first & second for first, second in zip(works(False), again, strict=True)
    )  # the first attempt is the same


def test_service_is_drawn_anew_at_each_visit_so_feedback_has_jacksons_mean() -> None:
    what = scenario(
        producer={"arrivals": {"poisson": {"rate": 0.4}}, "messages": 5000},
        consumer={"service": exponential(1), "publish": [{"to": "tasks", "probability": 0.4}]},
    )
    sojourns, repeats = [], []
    for replication in range(12):
        table = lived(what, 3, replication)[1].trace.messages
        origin, created, acked, started, finished = columns(
            table, "origin", "created", "acked", "started", "finished"
        )
        last = np.full(len(origin), -np.inf)
        np.maximum.at(last, origin, acked)
        roots = np.unique(origin)
        sojourns.append(float((last - created)[roots].mean()))
        again = np.flatnonzero(origin != np.arange(len(origin)))
        first, later = (finished - started)[origin[again]], (finished - started)[again]
        repeats.append(float(np.corrcoef(first, later)[0, 1]))
    exact = theory.jackson([0.4], [1], [[0.4]]).mean_sojourn
    interval = mean_interval(sojourns, 0.99)
    assert exact in interval, f"{exact} is not in {interval}"
    assert interval.relative < 0.08
    assert 0 in mean_interval(repeats, 0.99)


# -- ties ----------------------------------------------------------------------------------------------------


def test_a_fault_strikes_before_all_else_at_its_time() -> None:
    # The worker dies before it would have finished at 2; the message that comes at 2 finds nobody.
    result = run(at=[0, 2], work=2, faults=[{"crash": "worker-1", "at": 2}], duration=9)
    assert outcomes(result) == ["ready", "ready"]
    assert [how for _, _, how in attempts(result)] == ["returned"]
    # It comes up again before the message of that instant is published.
    back = run(at=[3], work=1, faults=[{"crash": "worker-1", "at": 2, "restart_after": 1}])
    assert times(back, "started") == [3]
    two = run(
        faults=[{"crash": "worker-1", "at": 0.5, "restart_after": 0.5}, {"crash": "worker-1", "at": 1}],
        duration=3,
    )
    # Of two faults at one instant the one that was set going first is first: the second crash strikes one
    # that is still down, for the restart was set going only at 0.5.
    mine = [
        kind
        for kind, who in zip(two.trace.events.kind, two.trace.events.subject, strict=True)
        if who == "worker-1"
    ]
    assert [kind for kind in mine if kind in ("started", "crashed")] == ["started", "crashed", "started"]


def test_nothing_happens_at_the_end_itself() -> None:
    result = run(at=[0, 2], work=2, duration=2, faults=[{"crash": "worker-1", "at": 2}])
    assert times(result, "finished") == [None]
    assert happened(result, "crashed") == []
    assert result.trace.end == 2
    later = run(at=[0, 2], work=2, duration=2.000001, faults=[{"crash": "worker-1", "at": 2}])
    assert (len(times(later, "created")), happened(later, "crashed")) == (2, [(2.0, "worker-1")])


def test_consumers_are_there_before_the_first_message_in_the_order_of_the_mapping() -> None:
    names = ["zoe", "adam", "mike"]
    consumers = {name: {"queue": "tasks", "count": 2} for name in names}
    result = run(at=[0] * 6, consumers=consumers)
    subscribed = [who for _, who in happened(result, "subscribed")]
    assert subscribed == [f"{name}-{k}" for name in names for k in (1, 2)]
    assert [who for _, who, _ in attempts(result)] == subscribed
    assert times(result, "started") == [0] * 6


def test_producers_of_one_instant_publish_in_the_order_of_the_mapping() -> None:
    producers = {name: {"to": "tasks", "arrivals": {"at": [1]}} for name in ("zoe", "adam", "mike")}
    table = run(producers=producers).trace
    assert [table.actors.names[table.messages.producer[i]] for i in range(3)] == ["zoe-1", "adam-1", "mike-1"]


def test_the_order_of_events_is_time_priority_number() -> None:
    clock = Clock()
    seen: list[str] = []
    for time, priority, name in [
        (2.0, 1, "c"),
        (1.0, 1, "b"),
        (2.0, 1, "d"),
        (1.0, FAULT, "a"),
        (3.0, FAULT, "end"),
    ]:
        clock.call_at(time, lambda event: seen.append(event.value), name, priority)
    clock.run_to(3.0)
    assert (seen, clock.now) == (["a", "b", "c", "d"], 3.0)


def test_time_that_stands_still_is_told_instead_of_running_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    from mqsim.errors import UsageError
    from mqsim.sim import clock

    monkeypatch.setattr(clock, "_STILL", 2)
    with pytest.raises(UsageError, match="time stands still at 1 s"):
        run(at=[1], work=0, producer={"poison": 1}, consumer={"fails": {"then": "nack"}}, duration=9)
