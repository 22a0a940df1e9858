"""Small scenarios that can be worked out by hand, and how the tests read their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.api import Result, Scenario
from mqsim.sim import World
from mqsim.trace import How, Outcome
from mqsim.trace.frames import columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def scenario(
    *,
    at: Sequence[float] = (0.0,),
    work: Any = 1.0,
    producer: Mapping[str, Any] | None = None,
    consumer: Mapping[str, Any] | None = None,
    queue: Mapping[str, Any] | None = None,
    queues: Mapping[str, Any] | None = None,
    exchanges: Mapping[str, Any] | None = None,
    bindings: Sequence[Any] = (),
    broker: Mapping[str, Any] | None = None,
    producers: Mapping[str, Any] | None = None,
    consumers: Mapping[str, Any] | None = None,
    **rest: Any,
) -> Scenario:
    """A queue `tasks`, a producer `web` whose messages come `at` these times, consumer `worker`, as changed.

    It runs until it is drained unless a `duration` is given.
    """
    web = {"to": "tasks", "arrivals": {"at": list(at)}, "work": work} | dict(producer or {})
    data: dict[str, Any] = {
        "broker": {
            "queues": {"tasks": dict(queue or {})} | dict(queues or {}),
            "exchanges": dict(exchanges or {}),
            "bindings": list(bindings),
        }
        | dict(broker or {}),
        "producers": {"web": web} if producers is None else dict(producers),
        "consumers": {"worker": {"queue": "tasks"} | dict(consumer or {})}
        if consumers is None
        else dict(consumers),
    } | rest
    if not {"duration", "until"} & set(data):
        data["until"] = "drained"
    return Scenario(**data)


def lived(what: Scenario, seed: int | None = None, replication: int = 0) -> tuple[World, Result]:
    """Run a scenario; give its world as it is at the end, and the result."""
    world = World(what, seed, replication)
    trace = world.run_to_end()
    return world, Result(what, world.streams.seed, replication, trace)


def run(seed: int | None = None, replication: int = 0, **parts: Any) -> Result:
    """Run the `scenario` of these parts."""
    return lived(scenario(**parts), seed, replication)[1]


def times(result: Result, column: str, queue: str | None = None, *, digits: int = 9) -> list[float | None]:
    """One column of the message table, in the order of rows, rounded; None where it did not happen."""
    values, codes = columns(result.trace.messages, column, "queue")
    names = result.trace.queues.names
    rows = [i for i, code in enumerate(codes) if queue is None or (code >= 0 and names[code] == queue)]
    return [None if np.isnan(values[i]) else round(float(values[i]), digits) for i in rows]


def attempts(result: Result) -> list[tuple[int, str, str]]:
    """For each attempt the copy, who got it, and how it ended."""
    table = result.trace.deliveries
    names = result.trace.actors.names
    return [(table.copy[i], names[table.consumer[i]], How(table.how[i]).label) for i in range(table.n)]


def outcomes(result: Result, queue: str | None = None) -> list[str]:
    """The outcome of each copy, in the order of rows."""
    table = result.trace.messages
    names = result.trace.queues.names
    return [
        Outcome(table.outcome[i]).label
        for i in range(table.n)
        if queue is None or (table.queue[i] >= 0 and names[table.queue[i]] == queue)
    ]


def happened(result: Result, kind: str) -> list[tuple[float, str]]:
    """When and to whom an event of that kind happened."""
    log = result.trace.events
    return [(round(log.t[i], 9), log.subject[i]) for i in range(len(log)) if log.kind[i] == kind]
