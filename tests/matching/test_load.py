"""What a scenario asks of its parts and what they can do, by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mqsim.matching import Load, loads
from mqsim.scenario import presets
from mqsim.scenario.library import load as preset
from tests.matching.plain import EXP, scenario


def queue(changes: dict[str, Any] | None = None, name: str = "q", **rest: Any) -> Load:
    (found,) = (
        each for each in loads(scenario(changes, **rest)) if each.part == "queue" and each.name == name
    )
    return found


@pytest.mark.parametrize(
    ("changes", "offered", "capacity"),
    [
        ({}, 1.2, 2.0),
        ({"producers.p.count": 3}, 3.6, 2.0),
        ({"producers.p.arrivals": {"every": 0.5}}, 2.0, 2.0),
        ({"producers.p.arrivals": {"batches": {"every": 2.0, "size": 5}}}, 2.5, 2.0),
        ({"producers.p.arrivals": {"mmpp": {"rates": [4, 1], "switch": [2, 1]}}}, 2.0, 2.0),
        ({"consumers.w.speed": [1.0, 0.25]}, 1.2, 1.25),
        ({"consumers.w.service": 4.0}, 1.2, 0.5),
        ({"broker.queues.q.single_active_consumer": True}, 1.2, 1.0),
        # With prefetch 1 a consumer is held for a round trip of 1 s besides its work of 1 s; with 2 not.
        ({"network.latency": 0.5}, 1.2, 1.0),
        ({"network.latency": 0.5, "consumers.w.prefetch": 2}, 1.2, 2.0),
        ({"network.latency": 0.5, "consumers.w.ack": "auto"}, 1.2, 2.0),
        # Half of the attempts fail: two a message, or 1.5 where the second is the last.
        ({"consumers.w.fails": {"probability": 0.5}}, 1.2, 1.0),
        ({"consumers.w.fails": {"probability": 0.5, "attempts": 2}}, 1.2, 2 / 1.5),
        ({"consumers.w.fails": {"probability": 0.5, "then": "drop", "after": 0.5}}, 1.2, 2 / 0.75),
        ({"consumers.w.fails": {"probability": 0.5, "then": "crash", "restart_after": 3.0}}, 1.2, 2 / 5.0),
    ],
)
def test_a_queues_load(changes: dict[str, Any], offered: float, capacity: float) -> None:
    found = queue(changes)
    assert found.offered == pytest.approx(offered)
    assert found.capacity == pytest.approx(capacity)
    assert found.over is (offered >= capacity)


def test_breakdowns_take_their_share() -> None:
    crash = [{"crash": "w", "every": {"exponential": {"mean": 6}}, "repair": {"exponential": {"mean": 4}}}]
    anew = {"consumers.w.redraw": True}  # exponential work drawn anew loses nothing by a crash
    assert queue(anew, faults=crash).capacity == pytest.approx(1.2)
    assert queue(anew, faults=[{"crash": "w-1", "every": 6, "repair": 4}]).capacity == pytest.approx(1.6)
    assert queue({"consumers.w.ack": "auto"}, faults=crash).capacity == pytest.approx(1.2)


def test_work_that_crashes_begin_again_takes_longer() -> None:
    """The same work again: (E exp(S / 6) - 1) x 6 seconds of it a message, by hand for three laws."""
    crash = [{"crash": "w", "every": {"exponential": {"mean": 6}}, "repair": {"exponential": {"mean": 4}}}]
    assert queue(faults=crash).capacity == pytest.approx(2 * 0.6 / 1.2)  # 1 / (1 - 1/6) attempts
    constant = queue({"producers.p.work": 2.0}, faults=crash)
    assert constant.capacity == pytest.approx(2 * 0.6 / (6 * (math.exp(2 / 6) - 1)), rel=1e-6)
    two = {"producers.p.work": {"hyperexponential": {"probabilities": [0.5, 0.5], "means": [0.5, 1.5]}}}
    mean = 0.5 / (1 - 0.5 / 6) + 0.5 / (1 - 1.5 / 6)
    assert queue(two, faults=crash).capacity == pytest.approx(2 * 0.6 / (6 * (mean - 1)), rel=2e-3)
    often = [{"crash": "w", "every": {"exponential": {"mean": 0.9}}, "repair": 0.1}]
    assert queue(faults=often).over  # the longest work never ends
    assert queue(faults=often).capacity == 0.0


def test_what_goes_on_is_at_most_what_was_worked_off() -> None:
    data: dict[str, Any] = {
        "broker": {"queues": {"q": {}, "r": {}}},
        "consumers": {
            "w": {"queue": "q", "publish": [{"to": "r", "probability": 0.5}]},
            "v": {"queue": "r", "service": {"exponential": {"mean": 1.0}}},
        },
    }
    assert queue(**data).over
    behind = queue(name="r", **data)
    assert behind.offered == pytest.approx(0.5)
    assert not behind.over


@pytest.mark.parametrize(
    "changes",
    [
        {"producers.p.messages": 100},
        {"producers.p.stop": 5.0},
        {"producers.p.arrivals": {"closed": {"users": 5, "think": 1.0}}},
        {"producers.p.arrivals": {"profile": {"points": [[0, 1], [10, 5]]}}},
        {"broker.queues.q.max_length": 10},
        {"broker.queues.q.message_ttl": 10.0},
        {"producers.p.expiration": 10.0},
        {"consumers.w.factor": [[0, 1], [10, 3]]},
        {"consumers.w.stop": 50.0},
        {"consumers.w.count": 0},
    ],
)
def test_what_can_not_be_told_is_left_out(changes: dict[str, Any]) -> None:
    assert [each for each in loads(scenario(changes)) if each.part == "queue"] == []


def test_a_load_of_exactly_one_will_do_where_nothing_is_left_to_chance() -> None:
    even = {"producers.p.arrivals": {"every": 0.5}}
    assert not queue(even | {"producers.p.work": 1.0}).over
    assert queue(even).over


def test_the_broker_and_producers_have_loads_of_their_own() -> None:
    costs = {"broker.costs.publish": 0.5, "broker.costs.deliver": 0.4}
    (broker,) = (each for each in loads(scenario(costs)) if each.part == "broker")
    assert broker.offered == pytest.approx(1.2 * 0.9)
    assert broker.over
    window = {"producers.p.confirms": {"window": 2}, "network.latency": 1.0}
    (producer,) = (each for each in loads(scenario(window)) if each.part == "producer")
    assert (producer.offered, producer.capacity) == pytest.approx((1.2, 1.0))
    assert producer.over


def test_how_long_means_take_to_settle() -> None:
    one = {"consumers.w.count": 1, "producers.p.arrivals": {"poisson": {"rate": 0.49}}}
    # 400 times the service time over (1 - 0.7) squared; half of that for constant work.
    assert queue(one).settles == pytest.approx(400 / 0.09, rel=0.01)
    assert queue(one | {"producers.p.work": 1.0}).settles == pytest.approx(200 / 0.09)
    assert queue({"producers.p.arrivals": {"every": 1.0}, "producers.p.work": 1.0}).settles == 0.0
    # Batches of 3 at Poisson times: the count's variance is three times its mean.
    batches = {"producers.p.arrivals": {"batches": {"every": {"exponential": {"mean": 3 / 0.49}}, "size": 3}}}
    assert queue(one | batches).settles == pytest.approx(800 / 0.09, rel=0.01)
    # A stream that switches between 2 and 0 at rate 1: 1 + 2 var(rate) / (mean rate x 2).
    bursts = {"producers.p.arrivals": {"mmpp": {"rates": [0.98, 0.0], "switch": [1.0, 1.0]}}}
    assert queue(one | bursts).variation == pytest.approx((1 + 0.49 + 1) / 2)


def test_rare_long_work_takes_its_time_to_settle() -> None:
    """The variance of the squared work over the square of its mean: exp(4 sigma²) - 1 for a lognormal law."""
    one = {"consumers.w.count": 1, "producers.p.arrivals": {"poisson": {"rate": 0.7}}}
    assert queue(one).spikes == pytest.approx(24 / 4 - 1, rel=0.05)
    mild = queue(one | {"producers.p.work": {"lognormal": {"mean": 1.0, "cv": 0.5}}})
    assert mild.spikes == pytest.approx(math.exp(4 * math.log(1.25)) - 1, rel=0.05)
    wild = queue(one | {"producers.p.work": {"lognormal": {"mean": 1.0, "cv": 2.0}}})
    assert wild.settles > 4 * queue(one).settles
    assert "varies this much" in wild.varied
    assert queue(one).varied == ""
    endless = queue(one | {"producers.p.work": {"pareto": {"mean": 1.0, "shape": 2.5}}})
    assert math.isinf(endless.settles)
    # Of twenty workers one that is held up does not hold up the others.
    many = {"consumers.w.count": 20, "producers.p.work": {"lognormal": {"mean": 1.0, "cv": 2.0}}}
    assert queue(many).spikes == 0.0


def test_no_preset_is_overloaded() -> None:
    for name in presets():
        assert not any(each.over for each in loads(preset(name))), name


def test_equal_works_of_two_kinds_are_weighed() -> None:
    two = {
        "p": {"to": "q", "arrivals": {"poisson": {"rate": 1.0}}, "work": EXP},
        "r": {"to": "q", "arrivals": {"poisson": {"rate": 0.5}}, "work": 4.0},
    }
    found = queue(producers=two)
    assert found.offered == pytest.approx(1.5)
    assert found.capacity == pytest.approx(2 / 2.0)
