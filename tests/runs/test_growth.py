"""Fifty runs that fall behind and fifty that do not, of many kinds: what the warnings say of them.

Which is which follows from arithmetic (what comes in a second beside what can be worked off), not from a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import mqsim as mq

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TELLS = {"overload", "growth"}
"""The kinds of warnings that say: it falls behind."""


class Case(NamedTuple):
    """One scenario, by what makes it fall behind or not."""

    kind: str
    seed: int
    parts: Mapping[str, Any]


def exponential(mean: float) -> dict[str, Any]:
    return {"exponential": {"mean": mean}}


def case(
    kind: str,
    *,
    rate: float = 1.0,
    work: Any = None,
    queue: Mapping[str, Any] | None = None,
    queues: Mapping[str, Any] | None = None,
    producer: Mapping[str, Any] | None = None,
    worker: Mapping[str, Any] | None = None,
    consumers: Mapping[str, Any] | None = None,
    **rest: Any,
) -> list[Case]:
    """The same scenario with two seeds."""
    parts = {
        "duration": 2000,
        "broker": {"queues": {"tasks": dict(queue or {}), **(queues or {})}},
        "producers": {
            "web": {
                "to": "tasks",
                "arrivals": {"poisson": {"rate": rate}},
                "work": exponential(1.0) if work is None else work,
            }
            | dict(producer or {})
        },
        "consumers": {"worker": {"queue": "tasks", **(worker or {})}} if consumers is None else consumers,
    } | rest
    return [Case(kind, seed, parts) for seed in (1, 2)]


AUTO, ALL_AT_ONCE = {"ack": "auto"}, {"prefetch": 0}
FROM_THE_BEGINNING = {"crash": "worker", "every": exponential(2.0), "repair": 0.2}
DEAD = {"dead_letter": {"exchange": "", "key": "dead"}}


def falling_behind() -> Iterator[list[Case]]:
    yield case("too many for one worker", rate=1.2)
    yield case("too many for three workers", rate=3.4, worker={"count": 3})
    yield case("at the consumer, auto-ack", rate=1.2, worker=AUTO)
    yield case("at the consumer, prefetch 0", rate=1.2, worker=ALL_AT_ONCE)
    yield case("at three consumers, auto-ack", rate=3.5, worker=AUTO | {"count": 3})
    yield case("early acknowledgements", rate=1.2, worker={"ack": "early"})
    yield case("large prefetch", rate=1.3, worker={"prefetch": 500})
    yield case("nobody consumes", consumers={})
    yield case("nobody consumes one of two", queues={"other": {}}, worker={"queue": "other"})
    yield case(
        "slow, prefetch 0",
        rate=0.8,
        worker=ALL_AT_ONCE,
        faults=[{"slow": "worker-1", "at": 200, "factor": 2}],
    )
    yield case("slow", rate=0.8, faults=[{"slow": "worker-1", "at": 200, "factor": 2}])
    yield case(
        "crash, never restarted", rate=1.6, worker={"count": 2}, faults=[{"crash": "worker-1", "at": 100}]
    )
    yield case("hang for good", rate=1.6, worker={"count": 2}, faults=[{"hang": "worker-1", "at": 100}])
    yield case("work begun again after crashes", rate=0.6, work=exponential(1.2), faults=[FROM_THE_BEGINNING])
    yield case("constant work begun again", rate=0.5, work=1.5, faults=[FROM_THE_BEGINNING])
    yield case("unequal workers, prefetch 0", rate=2.0, worker=ALL_AT_ONCE | {"count": 2, "speed": [2, 0.5]})
    yield case("unequal workers, auto-ack", rate=2.0, worker=AUTO | {"count": 2, "speed": [2, 0.5]})
    yield case("failing work", rate=0.8, worker={"fails": {"probability": 0.4, "after": 1.0, "then": "nack"}})
    yield case(
        "second stage",
        rate=0.9,
        work=exponential(0.5),
        queues={"next": {}},
        consumers={
            "worker": {"queue": "tasks", "publish": [{"to": "next"}]},
            "packer": {"queue": "next", "service": exponential(1.3)},
        },
    )
    yield case(
        "second stage, auto-ack",
        rate=0.9,
        work=exponential(0.5),
        queues={"next": {}},
        consumers={
            "worker": {"queue": "tasks", "publish": [{"to": "next"}]},
            "packer": {"queue": "next", "service": exponential(1.3), "ack": "auto"},
        },
    )
    yield case("slow link", rate=1.0, work=0.2, network={"latency": 0.6})
    yield case("even arrivals", producer={"arrivals": {"every": 0.8}}, work=1.0)
    yield case("quorum queue, prefetch 0", rate=1.2, queue={"type": "quorum"}, worker=ALL_AT_ONCE)
    yield case(
        "breakdowns",
        rate=0.9,
        faults=[{"crash": "worker", "every": exponential(100), "repair": exponential(40)}],
    )
    yield case(
        "rising rate", worker=AUTO, producer={"arrivals": {"profile": {"points": [[0, 0.5], [2000, 2.5]]}}}
    )


def keeping_up() -> Iterator[list[Case]]:
    yield case("one worker", rate=0.5)
    yield case("three workers", rate=2.0, worker={"count": 3})
    yield case("auto-ack", rate=0.5, worker=AUTO)
    yield case("prefetch 0", rate=0.5, worker=ALL_AT_ONCE)
    yield case("auto-ack, busier", rate=0.7, worker=AUTO, duration=8000)
    yield case("early acknowledgements", rate=0.5, worker={"ack": "early"})
    yield case("large prefetch", rate=0.6, worker={"prefetch": 500})
    yield case("constant work", rate=0.7, work=1.0)
    yield case("even arrivals", producer={"arrivals": {"every": 1.25}}, work=1.0)
    yield case("twenty workers", rate=14.0, worker={"count": 20})
    yield case("twenty workers, prefetch 0", rate=5.0, worker=ALL_AT_ONCE | {"count": 20})
    yield case("a burst, drained", rate=0.2, queue={"ready": 500})
    yield case("a burst at the consumer, drained", rate=0.2, queue={"ready": 500}, worker=AUTO)
    yield case("a long drain, not over at the end", rate=0.3, queue={"ready": 3000})
    yield case(
        "slow for a while", rate=0.4, faults=[{"slow": "worker-1", "at": 400, "factor": 4, "for": 100}]
    )
    yield case("crash and restart", rate=0.5, faults=[{"crash": "worker-1", "at": 400, "restart_after": 60}])
    yield case(
        "breakdowns",
        rate=0.4,
        faults=[{"crash": "worker", "every": exponential(100), "repair": exponential(10)}],
    )
    yield case(
        "dead letters that nobody reads",
        rate=0.5,
        queue=DEAD,
        queues={"dead": {}},
        worker={"fails": {"probability": 0.05, "after": 1.0, "then": "reject"}},
    )
    yield case("failing work", rate=0.4, worker={"fails": {"probability": 0.2, "after": 1.0, "then": "nack"}})
    yield case("unequal workers", rate=1.2, worker={"count": 2, "speed": [2, 0.5]})
    yield case("unequal workers, prefetch 0", rate=0.5, worker=ALL_AT_ONCE | {"count": 2, "speed": [2, 0.8]})
    yield case("a closed loop", producer={"arrivals": {"closed": {"users": 30, "think": exponential(1)}}})
    yield case("a limited queue", rate=2.0, queue={"max_length": 50})
    yield case("messages that expire", rate=2.0, queue={"message_ttl": 20})
    yield case("a producer that stops", rate=1.5, producer={"messages": 400})


BAD = [one for cases in falling_behind() for one in cases]
GOOD = [one for cases in keeping_up() for one in cases]


def told(one: Case) -> set[str]:
    result = mq.simulate(mq.Scenario(**one.parts), seed=one.seed)
    return {warning.kind for warning in result.run_warnings}


def test_there_are_fifty_of_each() -> None:
    assert (len(BAD), len(GOOD)) == (50, 50)


@pytest.mark.parametrize("one", BAD, ids=lambda one: f"{one.kind} {one.seed}")
def test_what_falls_behind_is_said_to(one: Case) -> None:
    assert told(one) & TELLS


@pytest.mark.parametrize("one", GOOD, ids=lambda one: f"{one.kind} {one.seed}")
def test_what_keeps_up_is_not_said_to_fall_behind(one: Case) -> None:
    assert not told(one) & TELLS
