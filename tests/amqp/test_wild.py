"""Several clients do whatever comes to their minds: the server keeps to the protocol, nothing is left."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import commands

from mqsim.broker import Broker
from tests.amqp.link import Client

Basic, Queue, Exchange = commands.Basic, commands.Queue, commands.Exchange
QUEUES = st.sampled_from(("a", "b", "mine", ""))
EXCHANGES = st.sampled_from(("", "e", "amq.topic", "nowhere"))
TAGS = st.sampled_from(("", "c", "d"))
ARGUMENTS = st.sampled_from(
    (
        {},
        {"x-max-length": 2},
        {"x-max-priority": 3},
        {"x-message-ttl": 1000},
        {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "a"},
        {"x-single-active-consumer": True},
    )
)
B = st.booleans()
METHODS = st.one_of(
    st.builds(Queue.Declare, queue=QUEUES, exclusive=B, auto_delete=B, nowait=B, arguments=ARGUMENTS),
    st.builds(Queue.Declare, queue=QUEUES, passive=st.just(True)),
    st.builds(Queue.Delete, queue=QUEUES, if_unused=B, if_empty=B),
    st.builds(Queue.Purge, queue=QUEUES),
    st.builds(Queue.Bind, queue=QUEUES, exchange=EXCHANGES, routing_key=QUEUES),
    st.builds(Queue.Unbind, queue=QUEUES, exchange=EXCHANGES, routing_key=QUEUES),
    st.builds(Exchange.Declare, exchange=EXCHANGES, exchange_type=st.sampled_from(("topic", "fanout"))),
    st.builds(Exchange.Delete, exchange=EXCHANGES, if_unused=B),
    st.builds(Exchange.Bind, destination=EXCHANGES, source=EXCHANGES),
    st.builds(Basic.Qos, prefetch_count=st.integers(0, 3), global_=B),
    st.builds(Basic.Consume, queue=QUEUES, consumer_tag=TAGS, no_ack=B, exclusive=B, nowait=B),
    st.builds(Basic.Cancel, consumer_tag=TAGS),
    st.builds(Basic.Get, queue=QUEUES, no_ack=B),
    st.builds(Basic.Ack, delivery_tag=st.integers(0, 4), multiple=B),
    st.builds(Basic.Nack, delivery_tag=st.integers(0, 4), multiple=B, requeue=B),
    st.builds(Basic.Reject, delivery_tag=st.integers(1, 4), requeue=B),
    st.builds(Basic.Recover, requeue=st.just(True)),
    st.builds(commands.Confirm.Select),
    st.builds(commands.Tx.Select),
    st.builds(commands.Tx.Commit),
    st.builds(commands.Tx.Rollback),
    st.builds(commands.Channel.Open),
    st.builds(lambda: commands.Channel.Close(200, "", 0, 0)),
    st.builds(commands.Channel.CloseOk),
)
PUBLISHES = st.tuples(EXCHANGES, QUEUES, B, st.sampled_from((None, 1, 2)))
STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(1, 2),
        st.one_of(METHODS, PUBLISHES, PUBLISHES, st.just("lost"), st.just("later")),
    ),
    max_size=60,
)


def _follow(client: Client, unconfirmed: dict[int, set[int]]) -> None:
    """Read what came, as a client does that trusts nobody."""
    inside: Any = None
    left = 0
    for channel, read in client.read():
        if left:
            assert read.name == "ContentBody"
            assert channel == inside
            left -= len(read.value)
            continue
        if inside is not None and read.name == "ContentHeader":
            assert channel == inside
            left = read.body_size
            continue
        assert read.name not in ("ContentHeader", "ContentBody")
        inside = channel if read.name in ("Basic.Deliver", "Basic.GetOk", "Basic.Return") else None
        if read.name in ("Basic.Ack", "Basic.Nack"):
            tags = {tag for tag in unconfirmed.get(channel, set()) if tag <= read.delivery_tag}
            named = tags if getattr(read, "multiple", False) else {read.delivery_tag}
            assert named <= unconfirmed[channel]
            unconfirmed[channel] -= named
        if read.name == "Channel.Close":
            client.send(channel, commands.Channel.CloseOk())
        if read.name == "Connection.Close":
            client.send(0, commands.Connection.CloseOk())
    assert left == 0


@pytest.mark.parametrize("version", ["3.10", "4.3"])
@settings(max_examples=150)
@given(steps=STEPS)
def test_wild_clients(version: str, steps: list[tuple[int, int, Any]]) -> None:
    broker = Broker(version)
    clients = [Client(broker).open(1, 2) for _ in range(3)]
    published: list[dict[int, set[int]]] = [{}, {}, {}]
    for number, channel, act in steps:
        client = clients[number]
        if act == "lost" or client.session.end is not None:
            client.session.lost()
            client = clients[number] = Client(broker).open(1, 2)
            published[number] = {}
        if act == "later":
            broker.advance(broker.now + 0.7)
        elif isinstance(act, tuple):
            exchange, key, mandatory, mode = act
            end = client.session.channels.get(channel)
            confirming = end is not None and getattr(end.channel, "_confirm", None) is not None
            if confirming and end is not None:
                published[number].setdefault(channel, set()).add(end.channel.published + 1)
            client.publish(channel, key, b"xy", exchange=exchange, mandatory=mandatory, delivery_mode=mode)
        elif act != "lost":
            client.send(channel, act)
            if act.name in ("Channel.Close", "Channel.Open"):
                published[number].pop(channel, None)
        for each, unconfirmed in zip(clients, published, strict=True):
            _follow(each, unconfirmed)
    for client in clients:
        client.session.lost()
    assert not broker.connections
    assert [queue.name for queue in broker.queues.values() if queue.owner is not None] == []
    assert sum(queue.unacked + queue.consumers for queue in broker.queues.values()) == 0
