"""Where messages go that come back."""

from __future__ import annotations

from tests.conformance.script import World, bodies, fact


@fact()
def requeue_goes_to_the_old_place(w: World) -> None:
    """A classic queue puts a message back where it was."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"abcde")
    for _ in range(3):
        ch.get("q")
    ch.nack(2)
    w.sleep(0.1)
    ch.nack(1)
    w.sleep(0.1)
    reader = w.channel()
    w.see("then", bodies([reader.get("q") for _ in range(4)]))


@fact()
def requeue_of_several_at_once(w: World) -> None:
    """nack multiple puts all back in their order."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"abcde")
    for _ in range(4):
        ch.get("q")
    ch.nack(3, multiple=True)
    w.sleep(0.1)
    reader = w.channel()
    w.see("then", bodies([reader.get("q") for _ in range(4)]))


@fact()
def requeue_with_one_consumer(w: World) -> None:
    """A lone consumer gets a requeued message again before what is behind it."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"abc")
    ch.qos(1)
    ch.consume("q", "c")
    w.see("first", bodies(ch.take(1)))
    ch.nack(1)
    w.see("then", ch.take(1))
    ch.reject(2)
    w.see("reject is the same", bodies(ch.take(1)))
    ch.ack(3)
    w.see("next", bodies(ch.take(1)))


@fact()
def requeue_with_two_consumers(w: World) -> None:
    """A requeued message goes to the consumer whose turn it is."""
    ch = w.channel()
    ch.declare("q")
    a, b = w.channel(), w.channel()
    for each, tag in ((a, "a"), (b, "b")):
        each.qos(2)
        each.consume("q", tag)
    ch.fill("q", *"12")
    w.see("first", [bodies(each.take(1)) for each in (a, b)])
    a.nack(1)
    w.see("after a's nack", [bodies(each.rest()) for each in (a, b)])


@fact()
def requeue_wakes_a_waiting_consumer(w: World) -> None:
    """A message that is given back goes to whoever waits, or comes again to the same one."""
    ch, other = w.channel(), w.channel()
    ch.declare("q")
    ch.fill("q", "m")
    ch.get("q")
    other.consume("q", "c")
    w.see("nothing yet", other.rest())
    ch.nack(1)
    w.see("then", other.take(1))


@fact()
def reject_without_requeue(w: World) -> None:
    """Rejected without requeue and without a dead-letter exchange, a message is gone."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"abc")
    for _ in range(3):
        ch.get("q")
    ch.reject(1, requeue=False)
    ch.nack(2, requeue=False)
    ch.nack(3, requeue=False, multiple=True)
    ch.close()
    w.sleep(0.2)
    w.see("left", w.channel().declare("q"))


@fact()
def recover_with_requeue(w: World) -> None:
    """basic.recover gives back all that the channel holds, of consumers and gets, marked redelivered."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"abcd")
    ch.qos(2)
    ch.consume("q", "c")
    ch.take(2)
    ch.get("q")
    w.see("recover", ch.recover())
    w.see("again", ch.take(2))
    ch.ack(1)
    w.see("an old tag", ch.fate(expect_close=True))


@fact("wire")
def recover_without_requeue(w: World) -> None:
    """basic.recover with requeue=false isn't implemented: 540."""
    connection = w.connect()
    connection.channel()
    connection.send(1, "Basic.Recover", requeue=False)
    w.see("fate", connection.fate(expect_close=True))


@fact()
def redelivered_is_not_set_by_being_ready(w: World) -> None:
    """Only what was delivered once is marked; the mark stays over several returns."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"ab")
    seen = []
    for _ in range(3):
        seen.append(ch.get("q"))
        ch.nack(seen[-1]["tag"])
        w.sleep(0.1)
    w.see("first", bodies(seen))
    w.see("counts", ch.declare("q"))
    w.see("a, then b", bodies([ch.get("q"), ch.get("q")]))


@fact()
def closing_order_and_live_consumers(w: World) -> None:
    """What a dead consumer held goes to the living one before later messages."""
    ch = w.channel()
    ch.declare("q")
    a, b = w.connect(), w.channel()
    dying = a.channel()
    dying.qos(2)
    dying.consume("q", "a")
    ch.fill("q", *"12")
    dying.take(2)
    ch.fill("q", *"34")
    b.qos(1)
    b.consume("q", "b")
    w.see("b has", bodies(b.take(1)))
    a.drop()
    w.sleep(0.3)
    b.ack(1)
    w.see("next", bodies(b.take(1)))
    b.ack(2)
    w.see("next", bodies(b.take(1)))
    b.ack(3)
    w.see("last", bodies(b.take(1)))


@fact()
def nack_of_everything(w: World) -> None:
    """nack with tag 0 and multiple gives back all that the channel holds, of every queue."""
    ch, reader = w.channel(), w.channel()
    for name in ("q", "r"):
        ch.declare(name)
        ch.fill(name, "1", "2")
        ch.get(name)
        ch.get(name)
    ch.nack(0, multiple=True)
    w.sleep(0.2)
    for name in ("q", "r"):
        w.see(name, bodies([reader.get(name), reader.get(name)]))
