"""Quorum queues, as far as one node shows them."""

from __future__ import annotations

from typing import Any

from tests.conformance.script import Channel, Seen, World, bodies, fact


def quorum(channel: Channel, name: str, **more: Any) -> Seen:
    """Declare a quorum queue; further arguments with `_` for `-`."""
    arguments = {"x-queue-type": "quorum", **{key.replace("_", "-"): value for key, value in more.items()}}
    return channel.declare(name, arguments=arguments)


@fact()
def quorum_declare(w: World) -> None:
    """A quorum queue is durable, not exclusive, not auto-deleted; some arguments aren't for it."""
    ch = w.channel()
    kind = {"x-queue-type": "quorum"}
    w.see("declare", ch.declare("q", arguments=kind))
    w.see("again", ch.declare("q", arguments=kind))
    w.see("as classic", w.channel().declare("q"))
    w.see("transient", w.channel().declare("t", durable=False, arguments=kind))
    w.see("exclusive", w.channel().declare("e", exclusive=True, arguments=kind))
    w.see("auto_delete", w.channel().declare("a", auto_delete=True, arguments=kind))
    tried: list[tuple[str, Any]] = [
        ("x-max-priority", 5),
        ("x-message-ttl", 60000),
        ("x-expires", 60000),
        ("x-queue-mode", "lazy"),
        ("x-overflow", "reject-publish"),
        ("x-overflow", "reject-publish-dlx"),
        ("x-single-active-consumer", True),
        ("x-delivery-limit", 3),
        ("x-delivery-limit", -1),
        ("x-delivery-limit", "3"),
        ("x-dead-letter-strategy", "at-least-once"),
        ("x-max-age", "1h"),
        ("x-quorum-initial-group-size", 1),
    ]
    for name, value in tried:
        arguments = {**kind, name: value}
        w.see(f"{name}={value!r}", w.channel().declare(f"{name} {value!r}", arguments=arguments))


@fact()
def quorum_declared_otherwise(w: World) -> None:
    """A delivery limit that differs: 406."""
    ch = w.channel()
    quorum(ch, "q", x_delivery_limit=3)
    w.see("other", w.channel().declare("q", arguments={"x-queue-type": "quorum", "x-delivery-limit": 4}))
    w.see("left out", w.channel().declare("q", arguments={"x-queue-type": "quorum"}))


@fact()
def quorum_confirms_and_gets(w: World) -> None:
    """Publish, confirm, get, ack, counts."""
    ch = w.channel()
    quorum(ch, "q")
    w.see("confirms", ch.fill("q", "a", "b"))
    w.see("first", ch.get("q"))
    w.see("second", ch.get("q"))
    w.see("empty", ch.get("q"))
    ch.ack(2, multiple=True)
    w.sleep(0.2)
    w.see("counts", ch.declare("q", passive=True))


@fact()
def quorum_prefetch_shared(w: World) -> None:
    """A consumer under a shared prefetch: refused with 540, or allowed (4.3)."""
    connection = w.connect()
    ch = connection.channel()
    quorum(ch, "q")
    ch.qos(1, share=True)
    w.see("consume", ch.consume("q", "c"))
    w.see("connection", connection.fate())


@fact()
def quorum_length(w: World) -> None:
    """drop-head and reject-publish on a quorum queue."""
    ch = w.channel()
    quorum(ch, "drop", x_max_length=2)
    ch.fill("drop", *"abcd")
    w.see("drop-head", bodies([ch.get("drop"), ch.get("drop")]))
    quorum(ch, "reject", x_max_length=2, x_overflow="reject-publish")
    ch.fill("reject", "a", "b")
    w.sleep(0.2)
    w.see("ready", ch.declare("reject", passive=True)["messages"])


@fact()
def quorum_ttl(w: World) -> None:
    """Expiry on a quorum queue, with its dead letter."""
    ch = w.channel()
    ch.declare("dead")
    more = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
    quorum(ch, "q", x_message_ttl=200, **more)
    ch.fill("q", "m")
    w.sleep(0.8)
    w.see("q", ch.get("q"))
    w.see("dead", ch.get("dead"))


@fact()
def quorum_single_active_consumer(w: World) -> None:
    """A newcomer of higher priority takes over on a quorum queue from 4.0 on."""
    ch = w.channel()
    w.see("declare", quorum(ch, "q", x_single_active_consumer=True))
    a, b = w.channel(), w.channel()
    a.consume("q", "a")
    ch.fill("q", "1")
    w.see("a", bodies(a.rest()))
    b.consume("q", "b", arguments={"x-priority": 5})
    w.sleep(0.2)
    ch.fill("q", "2")
    w.see("a", bodies(a.rest()))
    w.see("b", bodies(b.rest()))
    a.ack(1)
    w.sleep(0.2)
    ch.fill("q", "3")
    w.see("a", bodies(a.rest()))
    w.see("b", bodies(b.rest()))


@fact()
def quorum_message_priorities(w: World) -> None:
    """Priorities on a quorum queue: none on 3.10, two kinds on 4.0, all on 4.3."""
    ch = w.channel()
    quorum(ch, "q")
    ch.confirm()
    for body, priority in (("0", 0), ("1", 1), ("4", 4), ("5", 5), ("9", 9), ("none", None), ("5 too", 5)):
        ch.put(body, "q", priority=priority)
    w.see("got", bodies([ch.get("q") for _ in range(7)]))


@fact()
def quorum_round_robin(w: World) -> None:
    """Consumers of a quorum queue with prefetch 1 take turns."""
    ch = w.channel()
    quorum(ch, "q")
    consumers = []
    for tag in "abc":
        each = w.channel()
        each.qos(1)
        each.consume("q", tag)
        consumers.append(each)
    ch.fill("q", *"123")
    w.see("first round", [bodies(each.take(1)) for each in consumers])
    for index in (2, 0, 1):
        consumers[index].ack(1)
        w.sleep(0.15)
    ch.fill("q", *"456")
    w.see("second round", [bodies(each.take(1)) for each in consumers])


@fact()
def quorum_purge_and_delete(w: World) -> None:
    """Purge counts; delete with conditions isn't there for quorum queues."""
    ch = w.channel()
    quorum(ch, "q")
    ch.fill("q", "a", "b")
    w.see("if_empty", w.channel().delete("q", if_empty=True))
    w.see("if_unused", w.channel().delete("q", if_unused=True))
    quorum(ch, "r")
    ch.fill("r", "a", "b")
    w.see("purge", ch.purge("r"))
    w.see("delete", ch.delete("r"))


@fact()
def quorum_messages_are_persistent(w: World) -> None:
    """A transient message in a quorum queue keeps its delivery mode."""
    ch = w.channel()
    quorum(ch, "q")
    ch.confirm()
    ch.put("m", "q", delivery_mode=1)
    w.see("got", ch.get("q"))


@fact()
def quorum_exclusive_consumer(w: World) -> None:
    """Exclusive consumers on a quorum queue."""
    ch = w.channel()
    quorum(ch, "q")
    w.see("first", ch.consume("q", "a", exclusive=True))
    w.see("second", w.channel().consume("q", "b"))


@fact()
def quorum_multiple_tags(w: World) -> None:
    """Acking twice on a quorum queue."""
    ch = w.channel()
    quorum(ch, "q")
    ch.fill("q", "a")
    ch.get("q")
    ch.ack(1)
    ch.ack(1)
    w.see("fate", ch.fate(expect_close=True))


@fact()
def quorum_exclusive_consumer_shares(w: World) -> None:
    """What two consumers get of a quorum queue, the first of them exclusive."""
    ch, a, b = w.channel(), w.channel(), w.channel()
    quorum(ch, "q")
    a.consume("q", "a", exclusive=True)
    b.consume("q", "b")
    ch.fill("q", *"1234")
    w.see("a", bodies(a.rest()))
    w.see("b", bodies(b.rest()))


@fact()
def quorum_consumer_gone_with_its_queue(w: World) -> None:
    """A deleted quorum queue cancels its consumers."""
    ch, other = w.channel(), w.channel()
    quorum(ch, "q")
    ch.consume("q", "c")
    w.see("delete", other.delete("q"))
    w.see("cancelled", ch.cancelled(1))


@fact()
def quorum_consumer_priority(w: World) -> None:
    """Consumer priorities on a quorum queue."""
    ch, low, high = w.channel(), w.channel(), w.channel()
    quorum(ch, "q")
    low.qos(2)
    low.consume("q", "low")
    high.qos(2)
    high.consume("q", "high", arguments={"x-priority": 5})
    ch.fill("q", *"12345")
    w.see("high", bodies(high.rest()))
    w.see("low", bodies(low.rest()))


@fact()
def quorum_single_active_consumer_hands_over(w: World) -> None:
    """The active one is cancelled, and later dies, while it holds messages."""
    ch, b = w.channel(), w.channel()
    quorum(ch, "q", x_single_active_consumer=True)
    dying = w.connect()
    a = dying.channel()
    for each, tag in ((a, "a"), (b, "b")):
        each.qos(2)
        each.consume("q", tag)
    ch.fill("q", *"1234")
    w.see("first", [bodies(each.rest()) for each in (a, b)])
    a.cancel("a")
    w.see("cancelled", [bodies(each.rest()) for each in (a, b)])
    dying.drop()
    w.sleep(0.5)
    b.ack(2, multiple=True)
    w.see("gone", bodies(b.rest()))


@fact()
def quorum_cancelling_keeps_what_is_held(w: World) -> None:
    """A cancelled consumer's messages stay with the channel, and can be acked."""
    ch, other = w.channel(), w.channel()
    quorum(ch, "q")
    ch.fill("q", *"123")
    ch.qos(2)
    ch.consume("q", "c")
    w.see("held", bodies(ch.take(2)))
    w.see("cancel", ch.cancel("c"))
    w.sleep(0.3)
    other.consume("q", "d")
    w.see("for another", bodies(other.rest()))
    ch.ack(1)
    w.see("fate", ch.fate())
    ch.close()
    w.see("after its channel", bodies(other.rest()))


@fact()
def quorum_reject_publish(w: World) -> None:
    """reject-publish on a quorum queue, with time between the publishes."""
    ch = w.channel()
    quorum(ch, "q", x_max_length=2, x_overflow="reject-publish")
    ch.confirm()
    confirms = []
    for body in "abcdef":
        confirms.append(ch.put(body, "q"))
        w.sleep(0.4)
    w.see("confirms", confirms)
    w.see("ready", ch.declare("q", passive=True)["messages"])
    ch.get("q", auto_ack=True)
    w.sleep(0.4)
    w.see("with room again", ch.put("g", "q"))
