"""The body of facts, by theme. Importing this package fills `tests.conformance.script.FACTS`."""

from __future__ import annotations

from tests.conformance.facts import (
    confirming,
    consuming,
    dead_lettering,
    declaring,
    expiring,
    limiting,
    prefetching,
    priorities,
    protocol,
    quorum,
    quorum_returns,
    replying,
    requeueing,
    restarting,
    routing,
    sharing,
    topology,
    transactions,
)
from tests.conformance.script import FACTS, Fact

__all__ = [
    "FACTS",
    "Fact",
    "confirming",
    "consuming",
    "dead_lettering",
    "declaring",
    "expiring",
    "limiting",
    "prefetching",
    "priorities",
    "protocol",
    "quorum",
    "quorum_returns",
    "replying",
    "requeueing",
    "restarting",
    "routing",
    "sharing",
    "topology",
    "transactions",
]
