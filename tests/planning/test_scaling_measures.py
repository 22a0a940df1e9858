"""The first alarm, flaps and staff: read off runs that can be worked out by hand."""

from __future__ import annotations

import math

import pytest

from mqsim import planning
from mqsim.errors import UsageError
from mqsim.planning.length import length_of
from mqsim.planning.observe import observe
from mqsim.planning.targets import measure, target
from mqsim.scenario import Scenario


def scaled(points: list[list[float]], **more: object) -> Scenario:
    """Messages like clockwork, at rates that step; a worker for each 2 messages a second."""
    rule = {"metric": "message_rate", "target": 2, "max": 9, "sync": 10, "rate_window": 10}
    rule |= {"scale_down": {"window": 0}, "tolerance": 0}
    profile = {"profile": {"points": points, "shape": "step", "law": "even"}}
    return Scenario(
        duration=100,
        broker={"queues": {"tasks": {}}, **more},
        producers={"web": {"to": "tasks", "arrivals": profile, "work": 0.01}},
        consumers={"worker": {"queue": "tasks", "autoscale": {"hpa": rule}}},
    )


def seen(scenario: Scenario, name: str) -> float:
    read = measure(name, scenario)
    length = length_of(scenario, [], as_written=True)
    return observe(scenario, 1, 0, [read], length).numbers[read]


def test_flaps_and_staff_by_hand() -> None:
    # 8 a second until 25, 2 until 65, 8 after: 4 workers from 10 on; 5 a second at 30 is 3,
    # 1 from 40 on; 5 a second at 70 is 3, 4 from 80 on.
    scenario = scaled([[0, 8], [25, 2], [65, 8]])
    assert seen(scenario, "worker.flaps") == 2
    assert seen(scenario, "groups.worker.staff") == pytest.approx(
        (1 * 10 + 4 * 20 + 3 * 10 + 1 * 30 + 3 * 10 + 4 * 20) / 100, abs=0.01
    )
    assert seen(scaled([[0, 2]]), "flaps") == 0


def test_the_first_alarm_by_hand() -> None:
    # Two messages a second that nobody takes, 2000 bytes each: above 50,000 with the 26th, at 13 s.
    scenario = scaled([[0, 2]], memory={"limit": 50_000})
    stuck = scenario.with_({"producers.web.work": 1000, "consumers.worker.autoscale": None})
    assert seen(stuck, "alarm") == pytest.approx(13.0)
    assert seen(scenario, "alarm") == math.inf
    later = planning.size(
        scenario=stuck,
        vary="broker.memory.limit=20000,40000,60000,80000",
        target="alarm > 18s",
        as_written=True,
    )
    # 40 k lasts 10.5 s, 60 k lasts 15.5 s, 80 k lasts 20.5 s.
    assert later.data["value"] == 80_000


def test_a_group_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="flaps"):
        target("nobody.flaps == 0", scaled([[0, 2]]))


def test_what_must_come_late_must_come_late_in_every_run() -> None:
    """Room for so many beside the one at work: by chance two come at once in some runs and not in others."""
    scenario = Scenario(
        duration=2,
        broker={"queues": {"tasks": {"max_length": 1}}},
        producers={"web": {"to": "tasks", "arrivals": {"poisson": {"rate": 2}}, "work": 1}},
        consumers={"worker": {"queue": "tasks"}},
    )
    answer = planning.size(
        scenario=scenario,
        vary="broker.queues.tasks.max_length=1,50",
        target="overflow > 10s",
        as_written=True,
    )
    assert (answer.data["value"], answer.status) == (50, 0)
    assert "runs it came sooner" in answer.sentence


def test_a_count_that_is_told_by_queue_is_summed_over_all() -> None:
    """Each of three messages fails at its first attempt alone: the outage is over when it is tried again."""
    scenario = Scenario(
        duration=60,
        broker={"queues": {"tasks": {}}},
        producers={"web": {"to": "tasks", "arrivals": {"at": [0, 10, 20]}, "work": 2}},
        consumers={"worker": {"queue": "tasks"}},
        faults=[{"fail": "worker", "at": t, "for": 1} for t in (0, 10, 20)],
    )
    assert seen(scenario, "redelivered") == 3
