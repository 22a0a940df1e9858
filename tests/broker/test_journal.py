"""The broker alone, in three lines; what it says as data."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from mqsim.broker import Broker, Envelope, Message
from tests.broker.journal import Journal
from tests.broker.records import Acked, Alarmed, Enqueued, Event, Left


def test_three_lines_drive_a_broker() -> None:
    channel = Broker(observer=(journal := Journal())).connect("me").channel()
    channel.declare_queue("tasks")
    channel.publish(Message(Envelope("", "tasks", body=b"hello")))
    [event] = journal.events
    assert isinstance(event, Enqueued)
    assert (event.time, event.queue, event.body) == (0.0, "tasks", "hello")


def test_events_come_in_order_with_the_brokers_time_and_can_be_asked_by_kind() -> None:
    broker = Broker(observer=(journal := Journal()))
    channel = broker.connect("me").channel()
    channel.declare_queue("q")
    for body in (b"1", b"2"):
        broker.advance(broker.now + 1)
        channel.publish(Message(Envelope("", "q", body=body)))
    channel.get("q", no_ack=True)
    broker.advance(5)
    channel.purge("q")
    broker.set_alarm("disk", True)
    seen = [(type(event).__name__, event.time) for event in journal.events]
    assert seen == [("Enqueued", 1.0), ("Enqueued", 2.0), ("Acked", 2.0), ("Left", 5.0), ("Alarmed", 5.0)]
    assert [event.body for event in journal.of(Acked)] == ["1"]
    assert [(event.body, event.reason) for event in journal.of(Left)] == [("2", "purged")]
    assert [(event.kind, event.raised) for event in journal.of(Alarmed)] == [("disk", True)]


def test_a_record_can_not_be_changed_and_carries_no_more_than_its_fields() -> None:
    event = Event(1.0)
    with pytest.raises(FrozenInstanceError):
        event.time = 2.0  # type: ignore[misc]
    assert not hasattr(event, "__dict__")
