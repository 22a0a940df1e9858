"""However many wait and listen, a message costs the same: work is counted, not timed.

What is counted is the interpreter's own events: each line that runs inside the broker is one unit of work.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from mqsim.broker import Broker, Channel, Envelope, Message, QueueArguments

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def work(act: Callable[[], object]) -> int:
    """How many lines of mqsim run while `act` does."""
    lines = 0

    def local(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return local

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        return local if "mqsim" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return lines


def crowd(
    consumers: int, waiting: int, **arguments: Any
) -> tuple[Channel, list[Channel], list[tuple[Channel, int]]]:
    """A queue with blocked consumers and messages that wait, and what was delivered."""
    broker = Broker()
    channel = broker.connect("web").channel()
    channel.declare_queue("q", durable=True, arguments=QueueArguments(**arguments))
    sent: list[tuple[Channel, int]] = []
    channels = [broker.connect("worker").channel() for _ in range(consumers)]
    for each in channels:
        each.qos(1)
        each.consume("q", lambda consumer, tag, _message: sent.append((consumer.channel, tag)))
    envelope = Envelope("", "q", size=10)
    for _ in range(consumers + waiting):
        channel.publish(Message(envelope))
    return channel, channels, sent


ARGUMENTS = [
    {},
    {"kind": "quorum"},
    {"single_active_consumer": True},
    {"message_ttl": 60},
    {"max_length": 10**6},
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda arguments: "".join(arguments) or "plain")
def test_a_publish_an_ack_and_a_requeue_cost_the_same_in_any_crowd(arguments: dict[str, Any]) -> None:
    costs = []
    for consumers, waiting in ((10, 100), (1_000, 100_000)):
        channel, _, sent = crowd(consumers, waiting, **arguments)
        envelope = Envelope("", "q", size=10)
        channel.publish(Message(envelope))
        messages = [Message(envelope) for _ in range(20)]
        holders = sent[-5:]
        publish = work(lambda to=channel, messages=messages: [to.publish(message) for message in messages])
        ack = work(lambda holders=holders: [holder.ack(tag) for holder, tag in holders])
        holder, tag = sent[-1]
        requeue = work(lambda holder=holder, tag=tag: holder.nack(tag))
        costs.append((publish, ack, requeue))
    few, many = costs
    for small, large in zip(few, many, strict=True):
        assert large <= 1.5 * small + 20


def test_with_everybody_free_each_publish_goes_straight_to_the_next_consumer() -> None:
    costs = []
    for consumers in (10, 1_000):
        broker = Broker()
        channel = broker.connect("web").channel()
        channel.declare_queue("q")
        for _ in range(consumers):
            broker.connect("worker").channel().consume("q", lambda *_: None)
        messages = [Message(Envelope("", "q")) for _ in range(10)]
        costs.append(work(lambda channel=channel, messages=messages: [channel.publish(m) for m in messages]))
    assert costs[0] == costs[1]


def test_a_direct_exchange_does_not_look_through_its_bindings() -> None:
    costs = []
    for bindings in (10, 1_000):
        broker = Broker()
        channel = broker.connect("web").channel()
        channel.declare_exchange("e", "direct")
        channel.declare_queue("q")
        for n in range(bindings):
            channel.bind_queue("q", "e", f"key {n}")
        costs.append(work(lambda channel=channel: channel.publish(Message(Envelope("e", "key 7")))))
    assert costs[0] == costs[1]
