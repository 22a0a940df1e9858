"""Formulas that theory has and matching finds: phases, failing work, quorum queues, drains, loops."""

from __future__ import annotations

import pytest

from mqsim import theory
from mqsim.matching import Fit, applies
from mqsim.scenario import Scenario
from tests.matching.plain import EXP, match, scenario

ERLANG = {"erlang": {"k": 3, "mean": 1.0}}
MIXED = {"hyperexponential": {"probabilities": [0.2, 0.8], "means": [3.0, 0.5]}}


def test_erlang_and_mixed_work_of_several_servers_are_exact() -> None:
    erlang = match({"producers.p.work": ERLANG})
    assert (erlang.fit, erlang.model) == (Fit.EXACT, "M/E3/2")
    assert erlang.value("wait.mean") == pytest.approx(theory.mec(1.2, 1.0, 2, 3).mean_wait)
    assert erlang.value("wait.p95") == pytest.approx(theory.mec(1.2, 1.0, 2, 3).wait_percentile(0.95))
    mixed = match({"producers.p.work": MIXED})
    assert (mixed.fit, mixed.model) == (Fit.EXACT, "M/H2/2")
    assert mixed.value("wait.mean") == pytest.approx(theory.mhc(1.2, [0.2, 0.8], [3, 0.5], 2).mean_wait)
    fast = match({"producers.p.work": ERLANG, "consumers.w.speed": 2.0})
    assert fast.value("wait.mean") == pytest.approx(theory.mec(1.2, 2.0, 2, 3).mean_wait)


def test_two_producers_of_different_exponential_work_are_a_mixture() -> None:
    both = {
        "p": {"to": "q", "arrivals": {"poisson": {"rate": 0.9}}, "work": EXP},
        "r": {"to": "q", "arrivals": {"poisson": {"rate": 0.3}}, "work": {"exponential": {"mean": 2.0}}},
    }
    found = match(producers=both)
    exact = theory.mhc(1.2, [0.75, 0.25], [1.0, 2.0], 2).mean_wait
    assert found.fit is Fit.EXACT
    assert found.value("wait.mean") == pytest.approx(exact)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"producers.p.work": {"lognormal": {"mean": 1.0, "cv": 2.0}}},
            "coefficient of variation of 2; it is",
        ),
        ({"producers.p.work": {"uniform": {"low": 0.5, "high": 1.5}}}, "usually within 10 %"),
        (
            {
                "producers.p.work": {"uniform": {"low": 0.5, "high": 1.5}},
                "producers.p.arrivals": {"poisson": {"rate": 0.4}},
            },
            "outside its range here (a load of 0.2;",
        ),
    ],
)
def test_an_approximation_says_when_it_is_outside_its_range(changes, says: str) -> None:
    found = match(changes)
    assert found.fit is Fit.APPROXIMATE
    assert says in found.sentence()


def test_one_user_is_not_one_users() -> None:
    closed = {"closed": {"users": 1, "think": {"exponential": {"mean": 3.0}}}}
    one = match({"producers.p.arrivals": closed, "consumers.w.count": 1})
    assert "One user who thinks, sends one message and waits for its end" in one.sentence()
    five = match({"producers.p.arrivals": {"closed": closed["closed"] | {"users": 5}}})
    assert "5 users who think, send one message and wait for its end" in five.sentence()


def test_a_quorum_queue_on_one_node_is_like_a_classic_one() -> None:
    found = match({"broker.queues.q.type": "quorum"})
    assert (found.fit, found.model) == (Fit.EXACT, "M/M/2")
    three = match({"broker.queues.q.type": "quorum", "broker.nodes": 3})
    assert three.fit is Fit.NONE


@pytest.mark.parametrize(
    ("prefetch", "kind"), [(1, "classic"), (5, "classic"), (0, "classic"), (3, "quorum")]
)
def test_work_that_is_given_back_and_drawn_anew_whatever_the_prefetch(prefetch: int, kind: str) -> None:
    """A quarter of the attempts fail: each visit ends for good with 0.75, as with a server of that rate."""
    found = match(
        {
            "producers.p.arrivals": {"poisson": {"rate": 0.6}},
            "consumers.w.count": 1,
            "consumers.w.prefetch": prefetch,
            "consumers.w.redraw": True,
            "consumers.w.fails": {"probability": 0.25, "then": "nack", "after": 1.0},
            "broker.queues.q.type": kind,
        }
    )
    exact = theory.mm1(0.6, 0.75)
    assert found.fit is Fit.EXACT
    assert found.value("in_system.mean") == pytest.approx(exact.mean_in_system)
    assert found.value("sojourn.mean") == pytest.approx(exact.mean_sojourn)


def test_what_one_consumer_takes_ahead_is_not_in_the_queue() -> None:
    one = {"producers.p.arrivals": {"poisson": {"rate": 0.8}}, "consumers.w.count": 1}
    found = match(one | {"consumers.w.prefetch": 4})
    ready, _ = theory.prefetch_waits(0.8, 1.0, 4)
    assert found.value("depth.mean") == pytest.approx(0.8 * ready)
    assert found.value("wait.mean") == pytest.approx(4.0)


def test_a_delayed_retry_has_the_sojourn_of_its_whole_way() -> None:
    """Three in ten come back after 4 s: Jackson's number in both queues, over what comes from outside."""
    whole = Scenario(
        duration=1000,
        broker={
            "queues": {
                "q": {"dead_letter": {"exchange": "", "key": "later"}},
                "later": {"message_ttl": 4, "dead_letter": {"exchange": "", "key": "q"}},
            }
        },
        producers={"p": {"to": "q", "arrivals": {"poisson": {"rate": 1.0}}, "work": EXP}},
        consumers={
            "w": {"queue": "q", "count": 2, "redraw": True, "fails": {"probability": 0.3, "then": "reject"}}
        },
    )
    inside = theory.mmc(1 / 0.7, 1.0, 2).mean_in_system + 4 * 0.3 / 0.7
    assert applies(whole).of("q").value("sojourn.mean") == pytest.approx(inside)


def drain(ack: str, until: object, backlog: int = 30) -> Scenario:
    return scenario(
        {"consumers.w.count": 1, "consumers.w.ack": ack, "broker.queues.q.ready": backlog},
        duration=None,
        until=until,
        max_duration=100_000,
        producers={"p": {"to": "q", "arrivals": {"poisson": {"rate": 0.5}}, "work": EXP}},
    )


def test_a_drain_knows_its_deviation_and_its_rest() -> None:
    (match_,) = [one for one in applies(drain("manual", {"empty": "q"})).whole if "end" in one.values]
    assert match_.value("end") == pytest.approx(theory.drain_time(30, 1.0, 1, 0.5))
    assert match_.value("end.deviation") == pytest.approx(theory.drain_time_deviation(30, 1.0, 1, 0.5))
    (early,) = [one for one in applies(drain("early", {"empty": "q"})).whole if "end" in one.values]
    assert early.value("end") == pytest.approx(theory.drain_time(30, 1.0, 1, 0.5, left=1))
