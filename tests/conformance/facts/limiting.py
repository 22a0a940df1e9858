"""Queues with a maximum length."""

from __future__ import annotations

from tests.conformance.script import Channel, World, bodies, fact

_DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}


def _all(channel: Channel, queue: str) -> list[str]:
    found = []
    while (message := channel.get(queue, auto_ack=True)) != "empty":
        found.append(message["body"])
    return found


@fact()
def drop_head(w: World) -> None:
    """The default: the publish is acked, the oldest goes."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length": 3})
    w.see("confirms", ch.fill("q", *"abcde"))
    w.see("left", _all(ch, "q"))


@fact()
def drop_head_dead_letters(w: World) -> None:
    """The oldest is dead-lettered with reason maxlen."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length": 2, **_DEAD})
    ch.declare("dead")
    ch.fill("q", *"abc")
    w.sleep(0.1)
    w.see("dead", ch.get("dead"))
    w.see("left", _all(ch, "q"))


@fact()
def only_ready_messages_count(w: World) -> None:
    """What is unacknowledged doesn't count; a requeue into a full queue drops the oldest."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length": 2})
    ch.fill("q", *"ab")
    ch.get("q")
    ch.get("q")
    w.see("confirms", ch.fill("q", *"cde"))
    w.see("ready", ch.declare("q", passive=True)["messages"])
    ch.nack(2, multiple=True)
    w.sleep(0.2)
    w.see("after the requeue", _all(w.channel(), "q"))


@fact()
def length_of_zero(w: World) -> None:
    """A maximum of 0 holds nothing, unless a consumer waits."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length": 0})
    w.see("confirm", ch.fill("q", "a"))
    w.see("get", ch.get("q"))
    ch.consume("q", "c")
    ch.put("b", "q")
    w.see("delivered", bodies(ch.rest()))


@fact()
def reject_publish(w: World) -> None:
    """The new one is nacked; the queue stays; room lets publishes in again."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length": 2, "x-overflow": "reject-publish"})
    w.see("confirms", ch.fill("q", *"abcd"))
    w.see("get", ch.get("q", auto_ack=True)["body"])
    w.see("room again", ch.put("e", "q"))
    w.see("left", _all(ch, "q"))


@fact()
def reject_publish_without_confirms(w: World) -> None:
    """Without confirms the refused message is lost silently; mandatory doesn't help."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    ch.publish("a", "q")
    w.sleep(0.1)
    ch.publish("b", "q", mandatory=True)
    w.see("returns", ch.returns())
    w.see("left", _all(ch, "q"))


@fact()
def reject_publish_does_not_dead_letter(w: World) -> None:
    """reject-publish drops what it refuses, reject-publish-dlx dead-letters it."""
    ch = w.channel()
    ch.declare("dead")
    for mode in ("reject-publish", "reject-publish-dlx"):
        ch.declare(mode, arguments={"x-max-length": 1, "x-overflow": mode, **_DEAD})
        w.see(f"{mode}: confirms", ch.fill(mode, f"1 {mode}", f"2 {mode}"))
        w.sleep(0.1)
        w.see("dead", ch.get("dead", auto_ack=True))


@fact()
def reject_publish_beside_other_queues(w: World) -> None:
    """One full queue nacks the publish while another takes the message."""
    ch = w.channel()
    ch.exchange("e", "fanout")
    ch.declare("full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    ch.declare("open")
    for name in ("full", "open"):
        ch.bind(name, "e")
    ch.confirm()
    w.see("first", ch.put("a", "", "e"))
    w.see("second", ch.put("b", "", "e"))
    w.see("full", _all(ch, "full"))
    w.see("open", _all(ch, "open"))


@fact()
def reject_publish_and_unacknowledged(w: World) -> None:
    """Only ready messages count for reject-publish, too."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    ch.fill("q", "a")
    ch.get("q")
    w.see("with one unacknowledged", ch.put("b", "q"))
    w.see("with one ready", ch.put("c", "q"))
    ch.nack(1)
    w.sleep(0.1)
    w.see("a requeue goes over the limit", ch.declare("q", passive=True)["messages"])


@fact()
def reject_publish_with_a_waiting_consumer(w: World) -> None:
    """A consumer that waits takes the message before it counts."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    ch.qos(2)
    ch.consume("q", "c")
    w.see("confirms", ch.fill("q", *"abcd"))
    w.see("delivered", bodies(ch.rest()))


@fact()
def max_length_in_bytes(w: World) -> None:
    """x-max-length-bytes counts the bodies of ready messages."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length-bytes": 10})
    ch.fill("q", "aaaa", "bbbb", "cc")
    w.see("exactly ten", ch.declare("q", passive=True)["messages"])
    ch.put("d", "q")
    w.see("eleven", _all(ch, "q"))
    w.see("one that is too large by itself", ch.fill("q", "e" * 11))
    w.see("left", _all(ch, "q"))


@fact()
def max_length_both_ways(w: World) -> None:
    """With both limits, whichever is reached first holds."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length-bytes": 10, "x-max-length": 3})
    ch.fill("q", "a", "b", "c", "d")
    w.see("by number", ch.declare("q", passive=True)["messages"])
    ch.put("e" * 9, "q")
    w.see("by bytes", _all(ch, "q"))


@fact()
def reject_publish_in_bytes(w: World) -> None:
    """reject-publish by bytes refuses when the limit is reached already."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length-bytes": 10, "x-overflow": "reject-publish"})
    w.see("confirms", ch.fill("q", "aaaaaa", "bbbbbb", "c"))
    w.see("left", _all(ch, "q"))


@fact()
def drop_head_with_priorities(w: World) -> None:
    """In a priority queue, drop-head drops the head as well: the highest priority."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length": 2, "x-max-priority": 5})
    ch.confirm()
    for body, priority in (("high", 5), ("low", 1), ("middle", 3)):
        ch.put(body, "q", priority=priority)
    w.see("left", _all(ch, "q"))


def _zero(w: World, overflow: str, kind: str) -> None:
    ch, reader = w.channel(), w.channel()
    arguments = {"x-max-length": 0, "x-overflow": overflow, "x-queue-type": kind}
    w.see("declare", ch.declare("q", arguments=arguments))
    ch.confirm()
    w.see("with nobody there", ch.put("1", "q"))
    w.see("in the queue", ch.declare("q", passive=True))
    reader.qos(1)
    reader.consume("q", "c")
    w.see("when a consumer comes it gets", bodies(reader.rest()))
    w.see("with a consumer there", ch.put("2", "q"))
    got = reader.rest()
    w.see("it gets", bodies(got))
    w.see("once more, unacknowledged", ch.put("3", "q"))
    w.see("it gets then", bodies(reader.rest()))
    for message in got:
        reader.ack(message["tag"])
    w.see("after its ack", bodies(reader.rest()))
    w.see("in the queue at last", w.channel().declare("q", passive=True))


@fact()
def reject_publish_with_a_maximum_of_zero(w: World) -> None:
    """A maximum of 0 with reject-publish: with nobody there, an idle consumer, a busy one."""
    _zero(w, "reject-publish", "classic")


@fact()
def drop_head_with_a_maximum_of_zero(w: World) -> None:
    """A maximum of 0 with drop-head: the same."""
    _zero(w, "drop-head", "classic")


@fact()
def quorum_reject_publish_with_a_maximum_of_zero(w: World) -> None:
    """A maximum of 0 with reject-publish in a quorum queue."""
    _zero(w, "reject-publish", "quorum")
