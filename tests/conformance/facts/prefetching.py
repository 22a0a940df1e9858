"""Prefetch: how many unacknowledged messages a consumer may hold."""

from __future__ import annotations

from tests.conformance.script import World, bodies, fact


@fact()
def prefetch_blocks_and_unblocks(w: World) -> None:
    """Blocked at the count, and one ack lets one more through."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"12345")
    ch.qos(2)
    ch.consume("q", "c")
    w.see("first", bodies(ch.rest()))
    ch.ack(1)
    w.see("one ack", bodies(ch.rest()))
    ch.ack(3, multiple=True)
    w.see("two acks", bodies(ch.rest()))
    w.see("counts", ch.declare("q"))


@fact()
def prefetch_is_per_consumer(w: World) -> None:
    """Without the global bit each consumer of the channel has the whole count."""
    ch = w.channel()
    ch.declare("q")
    ch.declare("r")
    ch.fill("q", *"12345")
    ch.fill("r", *"abcde")
    ch.qos(2)
    ch.consume("q", "c")
    ch.consume("r", "d")
    w.see("got", sorted(bodies(ch.rest())))


@fact()
def prefetch_shared_by_a_channel(w: World) -> None:
    """With the global bit all consumers of the channel share the count (4.3 counts per consumer)."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"123456789")
    w.see("qos", ch.qos(3, share=True))
    ch.consume("q", "c")
    w.see("one consumer", bodies(ch.rest()))
    ch.consume("q", "d")
    w.see("two consumers", bodies(ch.rest()))
    ch.ack(1)
    w.see("one ack", bodies(ch.rest()))


@fact()
def prefetch_both_ways(w: World) -> None:
    """Per consumer and per channel together: both hold."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"123456789")
    ch.qos(2)
    ch.qos(3, share=True)
    ch.consume("q", "c")
    w.see("one consumer", bodies(ch.rest()))
    ch.consume("q", "d")
    w.see("two consumers", bodies(ch.rest()))


@fact()
def prefetch_shared_changes_at_once(w: World) -> None:
    """A changed shared count holds for consumers that are there already (not on 4.3)."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"123456789")
    ch.qos(1, share=True)
    ch.consume("q", "c")
    w.see("one", bodies(ch.rest()))
    ch.qos(4, share=True)
    w.see("raised to four", bodies(ch.rest()))
    ch.qos(0, share=True)
    w.see("none", bodies(ch.rest()))


@fact()
def prefetch_changes_for_later_consumers(w: World) -> None:
    """basic.qos after basic.consume leaves that consumer as it was."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"123456789")
    ch.qos(1)
    ch.consume("q", "before")
    ch.qos(3)
    w.see("the earlier one", bodies(ch.rest()))
    ch.consume("q", "after")
    w.see("the later one", [(each["consumer"], each["body"]) for each in ch.rest()])
    ch.ack(1)
    w.see("one ack", [(each["consumer"], each["body"]) for each in ch.rest()])


@fact()
def prefetch_zero_is_unlimited(w: World) -> None:
    """0 takes the limit away, for later consumers."""
    ch = w.channel()
    ch.declare("q")
    ch.qos(1)
    ch.qos(0)
    ch.fill("q", *"123456789")
    ch.consume("q", "c")
    w.see("got", bodies(ch.take(9)))


@fact()
def prefetch_does_not_hold_for_get(w: World) -> None:
    """basic.get goes past the prefetch, and what it holds doesn't block a consumer."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"12345")
    ch.qos(1)
    ch.get("q")
    ch.get("q")
    ch.consume("q", "c")
    w.see("delivered", bodies(ch.rest()))
    w.see("got beside it", ch.get("q"))


@fact()
def prefetch_counts_what_a_cancelled_consumer_holds(w: World) -> None:
    """A cancelled consumer's messages don't block the channel's next consumer."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"1234")
    ch.qos(2)
    ch.consume("q", "c")
    ch.take(2)
    ch.cancel("c")
    ch.consume("q", "d")
    w.see("the next one", bodies(ch.rest()))


@fact()
def prefetched_is_out_of_reach(w: World) -> None:
    """What sits in a client's buffer isn't shared with a consumer that comes later."""
    ch, other = w.channel(), w.channel()
    ch.declare("q")
    ch.fill("q", *"12345")
    ch.qos(4)
    ch.consume("q", "c")
    ch.take(4)
    other.qos(4)
    other.consume("q", "d")
    w.see("the later one", bodies(other.rest()))


@fact("wire")
def prefetch_size_is_not_implemented(w: World) -> None:
    """A prefetch size in bytes: 540 closes the connection."""
    connection = w.connect()
    connection.channel()
    connection.send(1, "Basic.Qos", prefetch_size=1000, prefetch_count=1)
    w.see("fate", connection.fate(expect_close=True))
