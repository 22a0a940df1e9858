from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqsim.trace import How, Outcome
from tests.viz.handmade import NAN, Handmade, crash_trace

if TYPE_CHECKING:
    from mqsim.trace import Trace


@pytest.fixture
def crash() -> Trace:
    return crash_trace()


@pytest.fixture
def bank() -> Trace:
    """Two tellers with automatic acknowledgement; one dies at 4 s, the other loses its connection twice."""
    made = Handmade(10.0)
    made.producer("branch-1")
    made.consumer("teller-1", "transfers", (0, 4), ack="auto")
    made.consumer("teller-2", "transfers", (0, NAN), ack="auto")
    log = made.trace.events
    log.add(0.0, "subscribed", "teller-2", "transfers")
    log.add(4.0, "crashed", "teller-1")
    log.add(6.0, "connection-lost", "teller-2")
    log.add(7.0, "connection-lost", "teller-2")
    log.add(8.0, "subscribed", "teller-2", "transfers")
    log.add(9.0, "connection-lost", "teller-2")
    for number, (who, started, lost) in enumerate(
        [("teller-1", 0.0, 4.0), ("teller-1", NAN, 4.0), ("teller-2", NAN, 6.0), ("teller-2", NAN, 6.0)]
    ):
        copy = made.message("branch-1", number, "transfers", 0, Outcome.LOST, lost)
        made.delivery(copy, who, 0, started, NAN, lost, How.LOST)
    return made.trace
