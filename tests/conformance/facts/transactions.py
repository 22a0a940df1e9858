"""tx.select, commit and rollback."""

from __future__ import annotations

from tests.conformance.script import World, bodies, fact


@fact()
def commit_publishes(w: World) -> None:
    """Published in a transaction, a message is there after the commit only."""
    ch, other = w.channel(), w.channel()
    ch.declare("q")
    w.see("select", ch.tx_select())
    ch.publish("a", "q")
    ch.publish("b", "q")
    w.sleep(0.1)
    w.see("before", other.declare("q"))
    w.see("commit", ch.commit())
    w.see("after", other.declare("q"))


@fact()
def rollback_forgets(w: World) -> None:
    """A rollback drops what was published; acks are forgotten, and the messages are still held."""
    ch, other = w.channel(), w.channel()
    ch.declare("q")
    other.fill("q", "x")
    ch.tx_select()
    ch.get("q")
    ch.publish("a", "q")
    ch.ack(1)
    w.see("rollback", ch.rollback())
    w.see("counts", other.declare("q"))
    ch.ack(1)
    w.see("the tag can be acked again", ch.fate())
    w.see("commit", ch.commit())
    ch.close()
    w.sleep(0.2)
    w.see("counts", other.declare("q"))


@fact()
def acks_wait_for_the_commit(w: World) -> None:
    """Acks in a transaction count at the commit; a channel that closes before gives all back."""
    ch, other = w.channel(), w.channel()
    ch.declare("q")
    other.fill("q", "a", "b", "c")
    ch.tx_select()
    ch.get("q")
    ch.ack(1)
    ch.commit()
    ch.get("q")
    ch.ack(2)
    ch.close()
    w.sleep(0.2)
    w.see("left", bodies([other.get("q"), other.get("q")]))


@fact()
def rejects_in_a_transaction(w: World) -> None:
    """A nack waits for the commit, too."""
    ch, other = w.channel(), w.channel()
    ch.declare("q")
    other.fill("q", "a")
    ch.tx_select()
    ch.get("q")
    ch.nack(1)
    w.sleep(0.1)
    w.see("before", other.get("q"))
    ch.commit()
    w.sleep(0.1)
    w.see("after", other.get("q"))


@fact()
def prefetch_in_a_transaction(w: World) -> None:
    """An ack unblocks the consumer only at the commit."""
    ch, other = w.channel(), w.channel()
    ch.declare("q")
    other.fill("q", "a", "b")
    ch.tx_select()
    ch.qos(1)
    ch.consume("q", "c")
    w.see("first", bodies(ch.take(1)))
    ch.ack(1)
    w.see("before", bodies(ch.rest()))
    ch.commit()
    w.see("after", bodies(ch.rest()))


@fact()
def commit_without_select(w: World) -> None:
    """tx.commit and tx.rollback on a channel that isn't transactional: 406."""
    w.see("commit", w.channel().commit())
    w.see("rollback", w.channel().rollback())


@fact()
def mandatory_in_a_transaction(w: World) -> None:
    """An unroutable mandatory message comes back at the commit."""
    ch = w.channel()
    ch.tx_select()
    ch.publish("m", "nowhere", mandatory=True)
    w.see("before", ch.returns())
    w.see("commit", ch.commit())
    w.see("after", ch.returns())


@fact()
def a_mistake_in_a_transaction(w: World) -> None:
    """Publishing to a missing exchange in a transaction closes the channel; an unknown tag shows at once."""
    ch = w.channel()
    ch.tx_select()
    ch.publish("m", "k", "nowhere")
    w.see("missing exchange", ch.fate(expect_close=True))
    ch = w.channel()
    ch.tx_select()
    ch.ack(5)
    w.see("unknown tag", ch.fate(expect_close=True))
