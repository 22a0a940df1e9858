"""What goes wrong with those who do not read, and with publishers under an alarm; long bodies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from mqsim.amqp.session import UNREAD_INPUT
from mqsim.broker import Broker
from mqsim.protocol.output import CROWDED
from tests.amqp.link import Client

Basic, Queue = commands.Basic, commands.Queue


@settings(max_examples=25)
@given(st.binary(max_size=30_000), st.sampled_from((4096, 5000, 131072)), st.sampled_from((1, 4088, 9000)))
def test_bodies_of_any_length_in_frames_of_any_length(body: bytes, frame_max: int, piece: int) -> None:
    if piece == 1:
        body = body[:200]
    client = Client(version="4.0").open(1, frame_max=131072)
    client.ask(1, Queue.Declare(queue="q"))
    client.publish(1, "q", body, piece=piece, headers={"n": len(body)})
    reader = Client(client.broker).open(1, frame_max=frame_max)
    reader.send(1, Basic.Get(queue="q"))
    ((_, header, found),) = reader.messages()
    assert found == body
    assert header.properties.headers == {"n": len(body)}


def _fill(broker: Broker, count: int, size: int) -> None:
    client = Client(broker).open(1)
    client.ask(1, Queue.Declare(queue="q"))
    for number in range(count):
        client.publish(1, "q", number.to_bytes(4, "big") + bytes(size - 4))


@pytest.mark.parametrize("no_ack", [True, False])
@pytest.mark.parametrize("shared", [True, False])
def test_a_consumer_that_does_not_read_is_held_back(no_ack: bool, shared: bool) -> None:
    """What it has not read stays bounded; when it reads again it gets all, in order, none twice."""
    broker = Broker("4.0")
    count, size = 300, 50_000
    _fill(broker, count, size)
    client = Client(broker).open(1)
    if shared:
        client.ask(1, Basic.Qos(prefetch_count=1000, global_=True))
    client.send(1, Basic.Consume(queue="q", consumer_tag="c", no_ack=no_ack))
    assert client.session.unsent < CROWDED + 2 * size
    assert broker.queues["q"].waiting > count / 2
    client.came = client.read()[1:]
    found = [int.from_bytes(body[:4], "big") for _, _, body in client.messages()]
    assert found == list(range(count))
    assert broker.queues["q"].waiting == 0


def test_who_is_held_back_leaves_the_messages_to_others() -> None:
    broker = Broker()
    idle, busy = Client(broker).open(1), Client(broker).open(1)
    busy.ask(1, Queue.Declare(queue="q"))
    for client in (idle, busy):
        client.ask(1, Basic.Consume(queue="q", consumer_tag="c"))
    got = 0
    for _ in range(200):
        busy.publish(1, "q", bytes(50_000))
        got += len(busy.messages())
    assert idle.session.unsent < CROWDED + 100_000
    assert got > 150


def test_a_held_back_consumer_may_leave() -> None:
    broker = Broker()
    _fill(broker, 100, 50_000)
    client = Client(broker).open(1)
    client.send(1, Basic.Consume(queue="q", consumer_tag="c"))
    client.send(1, Basic.Cancel("c"))
    client.send(1, Basic.Consume(queue="q", consumer_tag="c"))
    client.read()
    assert broker.queues["q"].consumers == 1
    client.send(1, commands.Channel.Close(200, "", 0, 0))
    client.read()
    assert broker.queues["q"].waiting == 100


def test_who_asks_and_does_not_read_is_not_listened_to() -> None:
    """basic.get after basic.get of a large message: the answers wait, and then the questions do."""
    broker = Broker()
    _fill(broker, 40, 1_000_000)
    client = Client(broker).open(1)
    for _ in range(40):
        client.send(1, Basic.Get(queue="q"))
    assert not client.session.listens
    assert client.session.unsent < UNREAD_INPUT + 1_100_000
    assert len(client.messages()) == 40
    assert client.session.listens


@pytest.mark.parametrize("capable", [True, False])
def test_a_publisher_waits_while_an_alarm_lasts(capable: bool) -> None:
    client = Client().open(1, 2, capabilities={"connection.blocked": capable})
    client.ask(1, Queue.Declare(queue="q"))
    client.broker.set_alarm("memory", True)
    assert client.names() == []
    assert client.ask(1, Basic.Qos(prefetch_count=1)).name == "Basic.QosOk"
    client.publish(1, "q")
    client.send(2, Basic.Qos(prefetch_count=1))
    found = [(each.name, getattr(each, "reason", "")) for _, each in client.read()]
    assert found == ([("Connection.Blocked", "low on memory")] if capable else [])
    assert (client.session.blocked, client.session.listens) == (True, False)
    assert client.broker.queues["q"].waiting == 0
    client.broker.set_alarm("disk", True)
    client.broker.set_alarm("memory", False)
    assert client.session.blocked
    client.broker.set_alarm("disk", False)
    assert client.names() == (["Connection.Unblocked", "Basic.QosOk"] if capable else ["Basic.QosOk"])
    assert client.broker.queues["q"].waiting == 1


def test_an_unfinished_body_waits_too_when_an_alarm_is_raised() -> None:
    client = Client().open(1)
    client.ask(1, Queue.Declare(queue="q"))
    client.send(1, Basic.Publish(routing_key="q"))
    client.send(1, ContentHeader(body_size=30, properties=Basic.Properties()))
    client.send(1, ContentBody(bytes(10)))
    assert client.session.listens
    client.broker.set_alarm("memory", True)
    client.send(1, ContentBody(bytes(10)))
    assert (client.session.blocked, client.session.listens) == (True, False)
    client.send(1, ContentBody(bytes(10)))
    assert client.broker.queues["q"].waiting == 0
    client.broker.set_alarm("memory", False)
    client.read()
    assert client.broker.queues["q"].waiting == 1


def test_both_alarms_are_named() -> None:
    client = Client().open(1)
    for kind in ("disk", "memory"):
        client.broker.set_alarm(kind, True)
    client.publish(1, "q")
    assert [each.reason for _, each in client.read()] == ["low on memory & disk"]


def test_a_blocked_publisher_does_not_die_of_silence() -> None:
    """Nobody listens to it, so nobody can miss its signs of life."""
    client = Client().open(1, heartbeat=10)
    client.broker.set_alarm("memory", True)
    client.publish(1, "q")
    client.broker.advance(100.0)
    client.session.tick(100.0)
    assert client.fate() == "open"
    client.broker.set_alarm("memory", False)
    client.read()
    assert client.session.next_deadline() == 105.0
    client.broker.advance(120.0)
    client.session.tick(120.0)
    assert client.fate() == "lost"


def test_a_blocked_publisher_may_go() -> None:
    client = Client().open(1)
    client.broker.set_alarm("memory", True)
    client.publish(1, "q")
    client.session.lost()
    client.broker.set_alarm("memory", False)
    assert not client.broker.connections


def test_consumers_go_on_under_an_alarm() -> None:
    broker = Broker()
    _fill(broker, 3, 10)
    broker.set_alarm("memory", True)
    client = Client(broker).open(1)
    client.send(1, Basic.Consume(queue="q", consumer_tag="c"))
    client.came = client.read()[1:]
    assert len(client.messages()) == 3


def test_a_broker_that_stops_says_so() -> None:
    client = Client().open(1)
    client.broker.stop()
    told = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"
    assert client.fate() == ("connection", 320, told, (0, 0))
    client.send(0, commands.Connection.CloseOk())
    assert client.fate() == "closed"


def test_a_delivery_that_is_overdue_costs_the_channel() -> None:
    broker = Broker("4.0", consumer_timeout=100.0)
    client = Client(broker).open(1, 2)
    client.ask(1, Queue.Declare(queue="q"))
    client.publish(1, "q")
    client.send(1, Basic.Get(queue="q"))
    client.read()
    broker.advance(121.0)
    fate = client.fate()
    assert not isinstance(fate, str), fate
    what, code, text, method = fate
    assert (what, code, method) == ("channel", 406, (0, 0))
    assert text.startswith("PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out.")
    assert client.ask(2, Basic.Qos(prefetch_count=1)).name == "Basic.QosOk"
    assert broker.queues["q"].waiting == 1
