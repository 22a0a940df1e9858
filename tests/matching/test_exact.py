"""Every case of the validation suite with a formula is matched exactly, with the suite's own values.

The suite names its formula by hand, case by case, so that both ways to a number are independent; and the
suite shows that simulation agrees with it.
"""

from __future__ import annotations

import pytest

from mqsim import theory
from mqsim.errors import TheoryError
from mqsim.matching import Fit, Match, applies
from tests.matching.plain import EXP, match, scenario
from tests.validation.cases import FORMULAS
from tests.validation.measuring import Case, place


def told(matches: list[Match], quantity: str) -> float | None:
    for each in matches:
        try:
            return each.value(quantity)
        except TheoryError:
            continue
    return None


@pytest.mark.parametrize("case", FORMULAS, ids=lambda case: case.name)
def test_what_simulation_was_held_to_is_what_matching_says(case: Case) -> None:
    found = list(applies(case.scenario))
    for key, exact in case.exact.items():
        queue, quantity = place(key)
        mine = [each for each in found if each.queue == queue]
        assert all(each.fit is Fit.EXACT for each in mine)
        assert told(mine, quantity) == pytest.approx(exact, rel=1e-9), key


@pytest.mark.parametrize(
    ("changes", "model"),
    [
        ({}, "M/M/2"),
        ({"producers.p.work": 1.0}, "M/D/2"),
        ({"producers.p.work": {"erlang": {"k": 1, "mean": 1.0}}}, "M/M/2"),
        ({"producers.p.work": {"gamma": {"mean": 1.0, "cv": 1.0}}}, "M/M/2"),
        ({"producers.p.work": {"uniform": {"low": 1.0, "high": 1.0}}}, "M/D/2"),
        ({"producers.p.arrivals": {"renewal": {"exponential": {"mean": 1.0}}}}, "M/M/2"),
        ({"producers.p.arrivals": {"every": 1.0}}, "GI/M/2"),
        ({"producers.p.arrivals": {"every": 1.0}, "producers.p.work": 1.5}, "D/D/2"),
        ({"broker.queues.q.max_priority": 5}, "M/M/2"),
        ({"producers.p.priority": {0: 1, 5: 1}}, "M/M/2"),
        ({"producers.p.confirms": {}}, "M/M/2"),
        ({"producers.p.persistent": False}, "M/M/2"),
        ({"consumers.w.idempotent": True}, "M/M/2"),
        ({"faults": [{"crash": "w-1", "at": 2e5}]}, "M/M/2"),
        ({"consumers.w.prefetch": 0}, "2 lines of GI/M/1"),
        ({"consumers.w.ack": "auto"}, "2 lines of GI/M/1"),
        ({"network.links": [{"between": ["p", "broker"], "latency": 0.1}]}, "M/M/2"),
        (
            {
                ("consumers.w.ack"): "auto",
                "broker.queues.q.max_priority": 5,
                "producers.p.priority": {0: 1, 5: 1},
            },
            "2 lines of GI/M/1",
        ),
        ({"consumers.w.ack": "auto", "broker.queues.q.max_length": 3}, "2 lines of GI/M/1"),
        ({"broker.queues.q.single_active_consumer": True, "producers.p.arrivals.poisson.rate": 0.5}, "M/M/1"),
    ],
)
def test_models_by_name(changes: dict[str, object], model: str) -> None:
    found = match(changes)
    assert (found.fit, found.model) == (Fit.EXACT, model)


def test_a_mixture_of_works_is_one_law() -> None:
    other = {"to": "q", "arrivals": {"poisson": {"rate": 0.2}}, "work": {"exponential": {"mean": 2.0}}}
    found = match({"producers.p.arrivals.poisson.rate": 0.2, "producers.r": other, "consumers.w.count": 1})
    assert found.value("wait.mean") == pytest.approx(theory.mg1(0.4, 1.5, 5.0).mean_wait)


def test_regular_arrivals_picked_by_chance_have_geometric_gaps() -> None:
    queues: dict[str, object] = {"queues": {"q": {}, "other": {}}}
    thinned = scenario(broker=queues).with_(
        {
            "producers.p.arrivals": {"every": 0.5},
            "producers.p.to": [{"weight": 1, "queue": "q"}, {"weight": 1, "queue": "other"}],
            "consumers.v": {"queue": "other", "count": 2},
        }
    )
    times = [0.5 * k for k in range(1, 200)]
    gaps = theory.discrete_transform(times, [0.5**k for k in range(1, 199)] + [0.5**198])
    assert applies(thinned).of("q").value("wait.mean") == pytest.approx(theory.gimc(1, gaps, 1, 2).mean_wait)


def test_the_worker_that_dies_of_its_work_is_one_long_service() -> None:
    fails = {"probability": 0.5, "then": "crash", "restart_after": 1.0}
    found = match(
        {
            "producers.p.work": 0.5,
            "producers.p.arrivals.poisson.rate": 0.3,
            "consumers.w.count": 1,
            "consumers.w.fails": fails,
        }
    )
    # 0.5 + (0.5 + 1) F seconds, F geometric: P(F = k) = 2^-(k + 1).
    lengths = [(0.5 + 1.5 * k, 0.5 ** (k + 1)) for k in range(200)]
    mean, square = (sum(p * x**i for x, p in lengths) for i in (1, 2))
    assert found.value("sojourn.mean") == pytest.approx(theory.mg1(0.3, mean, square).mean_sojourn)


def test_latency_holds_the_only_consumer() -> None:
    found = match({"network.latency": 0.1, "producers.p.arrivals.poisson.rate": 0.5, "consumers.w.count": 1})
    assert found.value("sojourn.p99") > found.value("wait.p99") > 0.1
    assert found.value("sojourn.mean") == pytest.approx(theory.mg1(0.5, 1.2, 2.44).mean_wait + 1.2)
    assert "0.2 s" in found.sentence()


def test_the_saturated_consumer_needs_a_queue_that_stays_full() -> None:
    full = {
        "producers.p.arrivals": {"saturate": {"ready": 2}},
        "consumers.w.prefetch": 2,
        "network.latency": 1.0,
    }
    found = match(full)
    assert found.fit is Fit.APPROXIMATE
    assert match(full | {"producers.p.arrivals": {"saturate": {"ready": 4}}}).fit is Fit.EXACT
    assert found.value("throughput") == pytest.approx(2 * theory.finite_source(2, 2.0, 1.0).throughput)


def test_a_drain_of_what_comes_at_once() -> None:
    changes = {"producers.p.arrivals": {"at": [0.0] * 10}, "until": "drained"}
    (whole,) = applies(scenario(changes)).whole
    assert whole.value("end") == pytest.approx(theory.drain_time(10, 1, 2))
    assert applies(scenario(changes | {"producers.p.arrivals": {"at": [0.0, 0.0, 1.0]}})).whole == ()


def test_several_forks_are_an_approximation() -> None:
    names = ["a", "b", "c"]
    fork = scenario(
        broker={
            "queues": {name: {} for name in names},
            "exchanges": {"x": {"type": "fanout"}},
            "bindings": [{"exchange": "x", "queue": name} for name in names],
        },
        producers={"p": {"to": {"exchange": "x"}, "arrivals": {"poisson": {"rate": 0.5}}}},
        consumers={f"w{name}": {"queue": name, "service": EXP} for name in names},
    )
    (whole,) = applies(fork).whole
    assert (whole.fit, whole.value("flows.mean")) == (Fit.APPROXIMATE, theory.fork_join(0.5, 1, 3))
    same = fork.with_({"producers.p.work": EXP, "consumers.wa.service": None})
    assert applies(same).whole == ()


def test_a_stream_through_a_delay_queue_is_still_poisson() -> None:
    later = {"message_ttl": 5.0, "dead_letter": {"exchange": "", "key": "q"}}
    found = applies(scenario({"broker.queues.later": later, "producers.p.to": "later"}))
    assert found.of("later").value("in_system.mean") == pytest.approx(6.0)
    assert found.of("q").value("wait.mean") == pytest.approx(theory.mmc(1.2, 1, 2).mean_wait)
    assert found.whole[0].value("flows.mean") == pytest.approx(5.0 + theory.mmc(1.2, 1, 2).mean_sojourn)
