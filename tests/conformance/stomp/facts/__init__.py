"""The facts about STOMP, by theme. Importing this package fills `tests.conformance.stomp.script.FACTS`."""

from __future__ import annotations

from tests.conformance.stomp.facts import (
    acknowledging,
    crossing,
    destinations,
    framing,
    opening,
    replying,
    sending,
    subscribing,
    transacting,
)
from tests.conformance.stomp.script import FACTS

__all__ = [
    "FACTS",
    "acknowledging",
    "crossing",
    "destinations",
    "framing",
    "opening",
    "replying",
    "sending",
    "subscribing",
    "transacting",
]
