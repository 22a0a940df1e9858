"""One queue, one producer, one group of consumers, changed as said; and its match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.matching import Match, applies
from mqsim.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

EXP = {"exponential": {"mean": 1.0}}


def scenario(changes: Mapping[str, Any] | None = None, **rest: Any) -> Scenario:
    """M/M/2 at a load of 0.6 for 100000 s, with paths changed."""
    data: dict[str, Any] = {
        "duration": 100_000,
        "broker": {"queues": {"q": {}}},
        "producers": {"p": {"to": "q", "arrivals": {"poisson": {"rate": 1.2}}, "work": EXP}},
        "consumers": {"w": {"queue": "q", "count": 2}},
    } | rest
    return Scenario(**data).with_(dict(changes or {}))


def match(changes: Mapping[str, Any] | None = None, **rest: Any) -> Match:
    """The match of the queue `q`."""
    return applies(scenario(changes, **rest)).of("q")
