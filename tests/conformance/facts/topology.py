"""How long queues and exchanges live, and who may touch them."""

from __future__ import annotations

from tests.conformance.script import World, bodies, fact


@fact()
def exclusive_queue_of_another_connection(w: World) -> None:
    """405 for whoever else touches it; it ends with its connection."""
    owner = w.connect()
    mine = owner.channel()
    w.see("declare", mine.declare("mine", exclusive=True))
    mine.bind("mine", "amq.fanout", "k")
    w.see("another channel of the owner", owner.channel().declare("mine", exclusive=True))
    w.see("declare", w.channel().declare("mine", exclusive=True))
    w.see("passive", w.channel().declare("mine", passive=True))
    w.see("consume", w.channel().consume("mine", "c"))
    w.see("get", w.channel().get("mine"))
    w.see("bind", w.channel().bind("mine", "amq.fanout"))
    w.see("unbind", w.channel().unbind("mine", "amq.fanout", "k"))
    w.see("purge", w.channel().purge("mine"))
    w.see("delete", w.channel().delete("mine"))
    other = w.channel()
    w.see("publish is for anyone", other.fill("mine", "m"))
    w.see("get by the owner", mine.get("mine"))
    owner.close()
    w.sleep(0.3)
    w.see("after its connection", other.declare("mine", passive=True))


@fact()
def exclusive_queue_outlives_its_channel(w: World) -> None:
    """An exclusive queue belongs to the connection, not to the channel that declared it."""
    owner = w.connect()
    ch = owner.channel()
    ch.declare("mine", exclusive=True)
    ch.close()
    w.see("afterwards", owner.channel().declare("mine", exclusive=True))
    owner.drop()
    w.sleep(0.5)
    w.see("after the stream broke", w.channel().declare("mine", passive=True))


@fact()
def auto_delete_queue_goes_with_its_last_consumer(w: World) -> None:
    """Not before it had one; then with the last, cancelled or gone; basic.get doesn't count."""
    ch, other = w.channel(), w.channel()
    ch.declare("q", auto_delete=True)
    ch.fill("q", "m")
    ch.get("q")
    w.see("before any consumer", other.declare("q", auto_delete=True))
    ch.consume("q", "a")
    other.consume("q", "b")
    w.see("cancel one", ch.cancel("a"))
    w.see("still there", w.channel().declare("q", passive=True))
    other.close()
    w.sleep(0.3)
    w.see("gone", w.channel().declare("q", passive=True))


@fact()
def auto_delete_exchange_goes_with_its_last_binding(w: World) -> None:
    """Not before it had a binding; unbinding the last, or deleting the queue, removes it."""
    ch = w.channel()
    ch.exchange("e", "fanout", auto_delete=True)
    ch.declare("a")
    ch.declare("b")
    w.see("unbound yet", ch.exchange("e", "fanout", passive=True))
    ch.bind("a", "e")
    ch.bind("b", "e")
    ch.unbind("a", "e")
    w.see("one left", ch.exchange("e", passive=True))
    ch.delete("b")
    w.see("none left", ch.exchange("e", passive=True))


@fact()
def auto_delete_exchange_as_a_source(w: World) -> None:
    """A bound exchange is a binding too: it holds the source, and its end ends it."""
    ch = w.channel()
    ch.exchange("source", "fanout", auto_delete=True)
    ch.exchange("destination", "fanout", auto_delete=True)
    ch.declare("q")
    ch.bind_exchange("destination", "source")
    ch.bind("q", "destination")
    w.see("unbind the queue", ch.unbind("q", "destination"))
    w.see("destination", w.channel().exchange("destination", passive=True))
    w.see("source", w.channel().exchange("source", passive=True))


@fact()
def deleting_with_conditions(w: World) -> None:
    """if_unused and if_empty: 406 and their words; else the count of ready messages."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", "a", "b", "c")
    w.see("if_empty", w.channel().delete("q", if_empty=True))
    ch.get("q")
    w.see("one of three is out: delete", w.channel().delete("q"))
    ch.declare("used")
    ch.consume("used", "c")
    w.see("if_unused", w.channel().delete("used", if_unused=True))
    w.see("both", w.channel().delete("used", if_unused=True, if_empty=True))
    ch.cancel("c")
    w.see("if_unused, no consumer", w.channel().delete("used", if_unused=True))
    ch.declare("held")
    ch.fill("held", "m")
    ch.get("held")
    w.see("if_empty, all unacknowledged", w.channel().delete("held", if_empty=True))


@fact()
def deleting_an_exchange_with_a_condition(w: World) -> None:
    """if_unused on an exchange with bindings: 406; without: ok, also when it isn't there."""
    ch = w.channel()
    ch.exchange("e")
    ch.declare("q")
    ch.bind("q", "e", "k")
    w.see("in use", w.channel().delete_exchange("e", if_unused=True))
    w.see("anyway", ch.delete_exchange("e"))
    w.see("again", ch.delete_exchange("e"))
    w.see("again, if_unused", ch.delete_exchange("e", if_unused=True))


@fact()
def purging_takes_ready_messages_only(w: World) -> None:
    """Purge tells how many ready messages it took; what is unacknowledged stays."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", "a", "b", "c")
    ch.get("q")
    w.see("purge", ch.purge("q"))
    w.see("again", ch.purge("q"))
    ch.nack(1)
    w.sleep(0.2)
    w.see("what was out comes back", ch.get("q"))


@fact()
def deleting_a_queue_cancels_its_consumers(w: World) -> None:
    """Each consumer gets basic.cancel; a late ack is fine; its tag can be used again."""
    ch, other = w.channel(), w.channel()
    ch.declare("q")
    ch.fill("q", "m")
    ch.qos(1)
    ch.consume("q", "a")
    ch.consume("q", "b")
    w.see("delivered", bodies(ch.take(1)))
    w.see("delete", other.delete("q"))
    w.see("cancelled", sorted(ch.cancelled(2)))
    ch.ack(1)
    w.see("a late ack", ch.fate())


@fact()
def deleting_a_queue_drops_its_bindings(w: World) -> None:
    """A queue declared anew has no bindings and no messages."""
    ch = w.channel()
    ch.declare("q")
    ch.exchange("e", "fanout")
    ch.bind("q", "e")
    ch.fill("q", "old")
    ch.delete("q")
    w.see("anew", ch.declare("q"))
    ch.publish("m", "", "e", mandatory=True)
    w.see("published to the exchange", ch.events())


@fact()
def expiring_queue(w: World) -> None:
    """x-expires removes a queue that has no consumer, isn't declared again and isn't polled;
    messages don't count."""
    ch = w.channel()
    asked = {"x-expires": 600}
    for name in ("left alone", "polled", "consumed", "declared", "published"):
        ch.declare(name, arguments=asked)
    ch.consume("consumed", "c")
    ch.confirm()
    for _ in range(5):
        w.sleep(0.25)
        ch.get("polled")
        ch.declare("declared", arguments=asked)
        ch.put("m", "published")
    for name in ("left alone", "polled", "consumed", "declared", "published"):
        answer = w.channel().declare(name, passive=True)
        w.see(name, "there" if "messages" in answer else answer["code"])
    w.see("consumed until now, then cancelled", ch.cancel("c"))
    w.sleep(1.2)
    for name in ("polled", "consumed", "declared"):
        w.see(f"{name}, later", w.channel().declare(name, passive=True))
