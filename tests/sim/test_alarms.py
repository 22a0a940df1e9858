"""The memory and the disk alarm, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from mqsim.api import simulate
from mqsim.trace.event_kinds import EventKind
from mqsim.trace.frames import columns
from tests.sim.small import scenario


def alarms(what: Any) -> list[tuple[float, str, str]]:
    """When which alarm was raised or cleared."""
    log = simulate(what).trace.events
    kinds = (EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED)
    return [
        (t, kind, detail)
        for t, kind, detail in zip(log.t, log.kind, log.detail, strict=True)
        if kind in kinds
    ]


RAISED, CLEARED = EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED
AT = [0, 1, 2, 3, 4]


def test_the_base_counts_from_the_start() -> None:
    # 2000 + 2 x 1500 is at the limit, and the third message, at 2, is above it. The first is done at 10.
    memory = {"limit": 5000, "base": 2000, "per_message": 500}
    what = scenario(at=AT, work=10, broker={"memory": memory})
    assert alarms(what)[:2] == [(2, RAISED, "memory"), (10, CLEARED, "memory")]
    published = columns(simulate(what).trace.messages, "published")[0].tolist()
    assert published[:4] == [0, 1, 2, 10]


def test_the_disk_holds_what_is_to_survive() -> None:
    # 60 bytes above the limit: two messages of 20 + 10 fit, the third is too much.
    disk = {"free": 1060, "limit": 1000, "per_message": 10}
    persistent = scenario(at=AT, work=10, producer={"size": 20}, broker={"disk": disk})
    assert alarms(persistent)[:2] == [(2, RAISED, "disk"), (10, CLEARED, "disk")]
    transient = persistent.with_({"producers.web.persistent": False})
    assert alarms(transient) == []
    assert alarms(persistent.with_({"broker.queues.tasks.durable": False})) == []
    quorum = transient.with_({"broker.queues.tasks.type": "quorum"})
    assert alarms(quorum)[0] == (2, RAISED, "disk")


def test_an_alarm_is_on_while_it_has_any_cause() -> None:
    disk = {"free": 1060, "limit": 1000, "per_message": 10}
    what = scenario(
        at=AT,
        work=10,
        producer={"size": 20},
        broker={"disk": disk},
        faults=[{"alarm": "disk", "at": 1.5, "for": 6}, {"alarm": "memory", "at": 3, "for": 1}],
    )
    # The fault's alarm begins at 1.5, so the third message waits, and nothing is too much when it ends.
    assert alarms(what)[:4] == [
        (1.5, RAISED, "disk"),
        (3, RAISED, "memory"),
        (4, CLEARED, "memory"),
        (7.5, CLEARED, "disk"),
    ]
    longer = what.with_({"faults": [{"alarm": "disk", "at": 2.5, "for": 1}]})
    # Here the disk is full when the fault ends, at 3.5: the alarm goes on until the first message is done.
    assert alarms(longer)[:2] == [(2, RAISED, "disk"), (10, CLEARED, "disk")]


def test_blocked_producers_are_counted() -> None:
    disk = {"free": 1060, "limit": 1000, "per_message": 10}
    what = scenario(at=AT[:4], work=10, producer={"size": 20}, broker={"disk": disk})
    assert simulate(what).summary()["producers"]["web-1"]["blocked_for"] == pytest.approx(8 + 10)
