"""Every run is bounded: two hundred scenarios that are huge, take no time, or name numbers beyond all bounds.

Each either is refused in one sentence, or stops with one, or runs to its end. None of them hangs (that would
show as a test that never ends), none eats the memory, and none shows a fault of ours.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import mqsim as mq
from mqsim.errors import MqsimError, SimulationError, UsageError
from mqsim.sim import clock

Parts = Mapping[str, Any]


def scenario(path: str = "", value: Any = None, **parts: Any) -> dict[str, Any]:
    """A small scenario, with one field set to a value."""
    data: dict[str, Any] = {
        "duration": 10,
        "broker": {"queues": {"tasks": {}, "dead": {}}},
        "producers": {"web": {"to": "tasks", "arrivals": {"every": 1}, "work": 0.1}},
        "consumers": {"worker": {"queue": "tasks"}},
    } | parts
    at = data
    *steps, last = path.split(".") if path else [""]
    for step in steps:
        at = at.setdefault(step, {})
    if path:
        at[last] = value
    return data


NO_WORK = {"web": {"to": "tasks", "arrivals": {"at": [1]}, "work": 0}}
POISON = {"web": NO_WORK["web"] | {"poison": 1}}
BACK = {"tasks": {"dead_letter": {"exchange": "", "key": "tasks"}}, "dead": {}}


def standing_still() -> Iterator[tuple[str, Parts]]:
    """What happens takes no time, and has no end."""
    for count, prefetch in itertools.product((1, 2, 5), (1, 3, 10)):
        yield (
            f"nack {count} {prefetch}",
            scenario(
                producers=POISON,
                consumers={
                    "worker": {
                        "queue": "tasks",
                        "count": count,
                        "prefetch": prefetch,
                        "fails": {"then": "nack"},
                    }
                },
            ),
        )
    for count, prefetch in itertools.product((1, 2, 5), (1, 3, 10)):
        yield (
            f"dead letters to itself {count} {prefetch}",
            scenario(
                broker={"queues": BACK},
                producers=POISON,
                consumers={
                    "worker": {
                        "queue": "tasks",
                        "count": count,
                        "prefetch": prefetch,
                        "fails": {"then": "reject"},
                    }
                },
            ),
        )
    for count, ack in itertools.product((1, 2, 5), ("manual", "auto", "early")):
        yield (
            f"forwarding to itself {count} {ack}",
            scenario(
                producers=NO_WORK,
                consumers={
                    "worker": {"queue": "tasks", "count": count, "ack": ack, "publish": [{"to": "tasks"}]}
                },
            ),
        )
    for count, ack in itertools.product((1, 2, 5), ("manual", "early")):
        yield (
            f"forwarding in a circle {count} {ack}",
            scenario(
                producers=NO_WORK,
                consumers={
                    "worker": {"queue": "tasks", "count": count, "ack": ack, "publish": [{"to": "dead"}]},
                    "other": {"queue": "dead", "publish": [{"to": "tasks"}]},
                },
            ),
        )
    for count in (1, 2, 3, 5):
        yield (
            f"crash and restart at once {count}",
            scenario(
                producers=POISON,
                consumers={
                    "worker": {
                        "queue": "tasks",
                        "count": count,
                        "fails": {"then": "crash", "restart_after": 0},
                    }
                },
            ),
        )
    for count in (1, 2, 3, 5):
        yield (
            f"reconnect at once {count}",
            scenario(
                producers={"web": {"to": "tasks", "arrivals": {"every": 1}, "reconnect": 0, "count": count}},
                faults=[{"kill": "broker", "at": 3}],
            ),
        )
    for count in (1, 2, 3, 5):
        yield (
            f"reconnect consumers at once {count}",
            scenario(
                consumers={"worker": {"queue": "tasks", "reconnect": 0, "count": count}},
                faults=[{"kill": "broker", "at": 3, "down": 2}],
            ),
        )


HUGE: dict[str, tuple[Any, ...]] = {
    "broker.queues.tasks.ready": (2e7, 1e8, 1e12),
    "producers.web.count": (3e4, 1e5),
    "consumers.worker.count": (3e4, 1e5),
    "producers.web.arrivals": (
        {"every": 1e-300},
        {"every": 1e-9},
        {"poisson": {"rate": 1e9}},
        {"poisson": {"rate": 1e15}},
        {"renewal": {"exponential": {"mean": 1e-9}}},
        {"batches": {"every": 1, "size": 1e8}},
        {"batches": {"every": 1e-6, "size": 1e3}},
        {"closed": {"users": 1e8, "think": 1}},
        {"saturate": {"ready": 1e9}},
        {"mmpp": {"rates": [1e9, 1e9], "switch": [1, 1]}},
        {"profile": {"points": [[0, 1e9], [10, 1e9]]}},
    ),
    "consumers.worker.autoscale": tuple(
        {"every": every, "backlog_per": 10, "min": 1, "max": 2} for every in (1e-300, 1e-12, 1e-9, 1e-7)
    ),
    "faults": tuple(
        [{"crash": "worker", "every": every, "repair": repair}]
        for every, repair in itertools.product((1e-9, 1e-12, 1e-300), (0, 1e-9, 1e-300))
    ),
    "producers.web.to": ({"exchange": "", "key": {"hash": 1e18}}, {"exchange": "", "key": {"hash": 1e9}}),
}
BEYOND = (1e16, 1e30, 1e100, 1e300, 1e308)
FIELDS = (
    "duration",
    "broker.queues.tasks.message_ttl",
    "broker.queues.tasks.expires",
    "broker.queues.tasks.max_length",
    "broker.queues.tasks.max_bytes",
    "broker.queues.tasks.ready",
    "broker.consumer_timeout",
    "broker.memory.limit",
    "broker.memory.per_message",
    "broker.disk.free",
    "broker.disk.per_message",
    "network.latency",
    "producers.web.start",
    "producers.web.stop",
    "producers.web.size",
    "producers.web.messages",
    "producers.web.work",
    "producers.web.expiration",
    "consumers.worker.speed",
    "consumers.worker.start",
    "consumers.worker.stop",
    "consumers.worker.reconnect",
)


def huge() -> Iterator[tuple[str, Parts]]:
    for path, values in HUGE.items():
        for value in values:
            yield f"{path} {value}", scenario(path, value)
    for path, value in itertools.product(FIELDS, BEYOND):
        yield f"{path} {value:g}", scenario(path, value)
    for value in BEYOND:
        yield f"two priorities {value:g}", scenario("producers.web.priority", {0: value, 5: value})
        yield (
            f"two weights {value:g}",
            scenario(
                "producers.web.to", [{"queue": "tasks", "weight": value}, {"queue": "dead", "weight": value}]
            ),
        )
        yield (
            f"two keys {value:g}",
            scenario(
                "producers.web.to", {"exchange": "", "key": {"choice": {"tasks": value, "dead": value}}}
            ),
        )


SAYS = r"time stands still at [13] s, and would for ever. (worker|other|web)-\d"
STILL = dict(standing_still())
LARGE = dict(huge())


def test_there_are_two_hundred() -> None:
    assert len(STILL) + len(LARGE) >= 190


@pytest.mark.parametrize("name", STILL)
def test_time_that_stands_still_is_said_with_who_and_what_would_help(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_STILL", 2)
    with pytest.raises(UsageError, match=SAYS):
        mq.simulate(mq.Scenario(**STILL[name]))


def said_of(parts: Parts) -> str:
    """What a scenario is refused with, or its run is stopped with; empty if it runs."""
    try:
        mq.simulate(mq.Scenario(**parts))
    except MqsimError as problem:
        return f"{type(problem).__name__}: {problem}"
    return ""


@pytest.mark.parametrize("name", LARGE)
def test_what_is_too_large_is_refused_or_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_STILL", 2)
    said = said_of(LARGE[name])
    assert not said or "is not allowed" in said or "stands still" in said
    assert not said.startswith(SimulationError.__name__)
