"""What a client of one node sees of queues whose node is down, on the wire."""

from __future__ import annotations

from pamqp import commands

from mqsim.broker import Broker
from tests.amqp.link import Client

Basic, Queue = commands.Basic, commands.Queue


def killed(version: str = "4.3") -> tuple[Broker, Client]:
    """A classic queue whose node was killed, and a client of the other node."""
    broker = Broker(version, nodes=3)
    client = Client(broker).open(1)
    client.ask(1, Queue.Declare(queue="q", durable=True))
    client.publish(1, "q", b"kept", delivery_mode=2)
    broker.node_down("broker-1", killed=True)
    other = Client(broker).open(1, 2)
    assert other.session.link is not None
    assert other.session.link.node == "broker-2"
    return broker, other


def test_a_channel_waits_for_the_node_and_all_that_came_after_waits_behind_it() -> None:
    broker, client = killed()
    client.send(1, Basic.Consume(queue="q", consumer_tag="c"))
    client.send(1, Queue.Declare(queue="q", passive=True))
    client.publish(1, "q", b"later", delivery_mode=2)
    client.send(1, Basic.Qos(prefetch_count=5))
    assert client.names() == []
    # Another channel of the connection goes on.
    assert client.ask(2, Queue.Declare(queue="here")).queue == "here"
    broker.node_up("broker-1")
    came = client.read()
    assert [frame.name for _, frame in came if hasattr(frame, "name") and "." in frame.name] == [
        "Basic.ConsumeOk",
        "Basic.Deliver",
        "Queue.DeclareOk",
        "Basic.Deliver",
        "Basic.QosOk",
    ]
    assert client.fate() == "open"


def test_what_waits_is_forgotten_with_its_client() -> None:
    broker, client = killed()
    client.send(1, Basic.Consume(queue="q", consumer_tag="c"))
    client.session.lost()
    broker.node_up("broker-1")
    assert (broker.queues["q"].consumers, client.fate()) == (0, "lost")


def test_a_publish_to_it_is_refused() -> None:
    _, client = killed()
    client.ask(1, commands.Confirm.Select())
    client.publish(1, "q", mandatory=True)
    assert client.names() == ["Basic.Nack"]


def test_before_4_0_it_is_not_found_at_all() -> None:
    _, client = killed("3.10")
    client.ask(1, commands.Confirm.Select())
    client.publish(1, "q", mandatory=True)
    returned, _, _, answer = [frame for _, frame in client.read()]
    assert (returned.name, answer.name) == ("Basic.Return", "Basic.Ack")
    client.send(1, Basic.Get(queue="q"))
    told = "NOT_FOUND - home node 'broker-1' of durable queue 'q' in vhost '/' is down or inaccessible"
    assert client.fate() == ("channel", 404, told, (60, 70))


def test_a_quorum_queue_without_a_majority_costs_who_asks_the_connection() -> None:
    broker = Broker(nodes=3)
    client = Client(broker).open(1)
    client.ask(1, Queue.Declare(queue="q", durable=True, arguments={"x-queue-type": "quorum"}))
    broker.node_down("broker-1", killed=True)
    broker.node_down("broker-2", killed=True)
    told = {
        "get": "INTERNAL_ERROR - Cannot get a message from queue 'queue 'q' in vhost '/'': nodedown",
        "consume": "INTERNAL_ERROR - failed consuming from quorum queue 'q' in vhost '/': nodedown",
        "purge": "INTERNAL_ERROR",
    }
    asks = {"get": Basic.Get(queue="q"), "consume": Basic.Consume(queue="q"), "purge": Queue.Purge(queue="q")}
    methods = {"get": (60, 70), "consume": (60, 20), "purge": (0, 0)}
    for name, ask in asks.items():
        client = Client(broker).open(1)
        counted = client.ask(1, Queue.Declare(queue="q", passive=True))
        assert (counted.message_count, counted.consumer_count) == (0, 0)
        client.send(1, ask)
        assert client.fate() == ("connection", 541, told[name], methods[name])
