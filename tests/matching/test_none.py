"""What no formula fits, and whether the sentence says why; and what fits only approximately."""

from __future__ import annotations

from typing import Any

import pytest

from mqsim.errors import UsageError
from mqsim.matching import Fit, applies
from mqsim.scenario import Scenario, load, presets
from tests.matching.plain import EXP, match, scenario

CRASHES = [{"crash": "w", "every": {"exponential": {"mean": 100}}, "repair": {"exponential": {"mean": 10}}}]
GAMMA = {"gamma": {"mean": 1.0, "cv": 0.5}}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"producers.p.arrivals.poisson.rate": 2.0}, "steady state"),
        ({"consumers.w.prefetch": 2}, "prefetch 2"),
        ({"consumers.w.ack": "early"}, "acknowledges early"),
        ({"consumers.w.prefetch": 5, "network.latency": 0.1}, "latency"),
        ({"consumers.w.speed": [1.0, 2.0]}, "equally fast"),
        ({"consumers.w.factor": [[0, 1.0], [10, 2.0]]}, "factor"),
        ({"consumers.w.stop": 50.0}, "come or go"),
        ({"consumers.w.autoscale": {"every": 1, "backlog_per": 1, "max": 4}}, "backlog"),
        ({"consumers.w.blocking": True}, "heartbeats"),
        ({"consumers.w.slots": 2, "consumers.w.prefetch": 3}, "prefetch 3"),
        ({"consumers.w.slots": 2, "consumers.w.prefetch": 0}, "dealt out among pools"),
        ({"consumers.w.slots": 2, "consumers.w.prefetch": 2, "faults": CRASHES}, "fail together"),
        ({"producers.p.work": {"list": [1.0, 2.0]}}, "list in its order"),
        ({"producers.p.arrivals": {"renewal": {"list": [1.0, 2.0]}}}, "follow a list"),
        ({"producers.p.arrivals": {"batches": {"every": EXP, "size": {"list": [1, 2]}}}}, "follow a list"),
        ({"broker.disk.free": 1e9}, "disk alarm"),
        ({"faults": [{"fail": "w", "at": 30}]}, "crash at random"),
        ({"consumers.v": {"queue": "q", "speed": 2.0}}, "differ"),
        ({"consumers.v": {"queue": "q", "priority": 1}}, "differ"),
        ({"broker.costs.publish": 0.001}, "own time"),
        ({"broker.memory.limit": 1e6}, "alarm"),
        ({"broker.queues.q.max_bytes": 1000}, "bytes"),
        ({"broker.consumer_timeout": 5.0}, "consumer_timeout"),
        ({"network.links": [{"between": ["w", "broker"], "bandwidth": 1e6}]}, "bandwidth"),
        ({"network.links": [{"between": ["w-1", "broker"], "latency": 0.1}]}, "equally far"),
        ({"producers.p.poison": 0.1, "consumers.w.fails": {"attempts": 2}}, "poison"),
        ({"producers.p.work": 0}, "no time"),
        ({"producers.p.confirms": {"window": 1}, "network.latency": 0.1}, "confirms"),
        ({"producers.p.arrivals": {"profile": {"points": [[0, 1], [50, 2]]}}}, "change over time"),
        ({"producers.p.arrivals": {"every": 2.0}, "producers.p.count": 2}, "regular streams"),
        (
            {"producers.p.work": {"pareto": {"mean": 1.0, "shape": 1.5}}, "broker.consumer_timeout": 1e9},
            "variance",
        ),
        ({"faults": [{"crash": "w-1", "at": 30}]}, "crash at random"),
        ({"faults": [{"restart": "broker", "at": 30}]}, "restart"),
        ({"faults": CRASHES}, "redraw: true"),
        ({"faults": CRASHES, "consumers.w.redraw": True, "broker.queues.q.max_length": 5}, "combines"),
        ({"consumers.w.fails": {"probability": 0.1}}, "redraw: true"),
        ({"consumers.w.fails": {"probability": 0.5}, "consumers.w.redraw": True}, "steady state"),
        ({"consumers.w.fails": {"probability": 0.1, "then": "crash"}}, "dies"),
        ({"broker.queues.q.max_length": 0, "broker.queues.q.overflow": "reject-publish"}, "refuses every"),
        (
            {
                ("broker.queues.q.max_length"): 0,
                "broker.queues.q.overflow": "reject-publish",
                "consumers.w.prefetch": 0,
            },
            "refuses every",
        ),
        (
            {
                "network.links": [{"between": ["p", "broker"], "latency": 0.1}],
                "broker.queues.q.max_length": 5,
            },
            "far from",
        ),
        ({"broker.queues.q.max_length": 5, "producers.p.work": GAMMA}, "exponential work"),
        ({"broker.queues.q.message_ttl": 5.0, "producers.p.work": GAMMA}, "exponential work"),
        ({"broker.queues.q.message_ttl": 5.0, "producers.p.expiration": 2.0}, "differ"),
        ({"producers.p.expiration": GAMMA}, "constant or exponential"),
        (
            {"producers.p.arrivals": {"mmpp": {"rates": [1, 2], "switch": [1, 1]}}, "producers.p.work": 0.5},
            "switches",
        ),
        (
            {"producers.p.arrivals": {"closed": {"users": 3, "think": 1}}, "producers.p.work": 1.0},
            "exponential",
        ),
    ],
)
def test_no_formula_and_why(changes: dict[str, Any], word: str) -> None:
    found = match(changes)
    assert found.fit is Fit.NONE
    assert not found.covers
    assert word in found.sentence()
    assert found.sentence().startswith("No formula fits queue q.")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"producers.p.work": GAMMA}, "Allen and Cunneen"),
        ({"producers.p.work": GAMMA, "producers.p.arrivals": {"every": 1.0}}, "Allen and Cunneen"),
        ({"network.latency": 0.1}, "Allen and Cunneen"),
        (
            {"producers.p.arrivals": {"every": 2.0}, "producers.p.work": GAMMA, "consumers.w.count": 1},
            "Kingman",
        ),
        (
            {
                "producers.p.to": {"exchange": "", "key": {"hash": 1}},
                "broker.queues.0": {},
                "consumers.w.queue": "0",
            },
            "",
        ),
    ],
)
def test_approximations_say_so(changes: dict[str, Any], word: str) -> None:
    found = next(iter(applies(scenario(changes)).queues[-1:]))
    if word:
        assert found.fit is Fit.APPROXIMATE
        assert word in found.sentence()
    else:  # a hash with one value leaves nothing to itself
        assert found.fit is Fit.EXACT


def test_a_hash_is_not_chance() -> None:
    found = match(
        {
            "broker.queues.0": {},
            "broker.queues.1": {},
            "producers.p.to": {"exchange": "", "key": {"hash": 2}},
            "consumers.v": {"queue": "1", "count": 2},
            "consumers.w.queue": "0",
        }
    )
    assert found.fit is Fit.NONE
    queues = scenario(
        broker={"queues": {"0": {}, "1": {}}},
        producers={
            "p": {
                "to": {"exchange": "", "key": {"hash": 2}},
                "arrivals": {"poisson": {"rate": 1.0}},
                "work": EXP,
            }
        },
        consumers={"w": {"queue": "0"}, "v": {"queue": "1"}},
    )
    hashed = applies(queues).of("0")
    assert (hashed.fit, hashed.model) == (Fit.APPROXIMATE, "M/M/1")
    assert "hash" in hashed.sentence()


def two(first: dict[str, Any] | None = None, second: dict[str, Any] | None = None, **more: Any) -> Scenario:
    """Two queues in a row, each with its own exponential service unless said otherwise."""
    head = {"queue": "a", "service": EXP, "publish": [{"to": "q"}]} | dict(first or {})
    tail = {"queue": "q", "service": EXP} | dict(second or {})
    return Scenario(
        duration=100_000,
        broker={"queues": {"a": dict(more), "q": {}}},
        producers={"p": {"to": "a", "arrivals": {"poisson": {"rate": 0.5}}, "work": EXP}},
        consumers={"v": head, "w": tail},
    )


@pytest.mark.parametrize(
    ("network", "word"),
    [
        (two({"service": None}, {"service": None}), "same work"),
        (two({"service": 1.0}), "not exponential"),
        (two({"prefetch": 3, "count": 2}), "one line"),
        (two({"fails": {"probability": 0.2}}), "work fails"),
        (two({"publish": [{"to": "q"}, {"to": "q"}]}), "Two messages"),
        (two({"publish": [{"to": {"exchange": "", "key": {"cycle": ["q", "a"]}}}]}), "cycle"),
        (two(max_length=5), "loses messages"),
        (two(None, {"publish": [{"to": "a", "probability": 0.6}]}), "steady state"),
        (two(None, {"publish": [{"to": "a"}]}), ""),
    ],
)
def test_networks_without_a_formula(network: Scenario, word: str) -> None:
    found = applies(network)
    assert found.of("q").fit is Fit.NONE
    assert word in found.of("q").sentence()
    assert found.whole == ()


def test_one_of_two_may_have_the_message_s_own_work() -> None:
    assert applies(two({"service": None})).of("q").fit is Fit.EXACT
    assert applies(two({"service": None})).whole[0].model == "a tandem M/M/1 → M/M/1"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"duration": 100.0}, "short"),
        ({"producers.p.messages": 100}, "late or stop"),
        ({"until": {"empty": "q"}}, "ends by itself"),
        ({"broker.queues.q.ready": 5}, "messages in the queue"),
    ],
)
def test_what_to_mind(changes: dict[str, Any], word: str) -> None:
    assert word in " ".join(match(changes).mind)
    assert match().mind == ()


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_judged(name: str) -> None:
    found = applies(load(name))
    assert [each.queue for each in found.queues] == list(load(name).broker.queues)
    for each in found:
        assert each.sentence().endswith(".")
        assert each.fit is Fit.NONE or each.covers


def test_an_unknown_queue() -> None:
    with pytest.raises(UsageError, match="'nope' is not in the scenario; it has q"):
        applies(scenario()).of("nope")
