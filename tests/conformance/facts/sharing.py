"""Several consumers on one queue: who gets what."""

from __future__ import annotations

from tests.conformance.script import Channel, World, bodies, fact


def _consumers(w: World, queue: str, *tags: str, prefetch: int = 0, **arguments: object) -> list[Channel]:
    """Channels of their own, one consumer each, subscribed in order."""
    made = []
    for tag in tags:
        ch = w.channel()
        ch.qos(prefetch)
        ch.consume(queue, tag, arguments=arguments or None)
        made.append(ch)
    return made


@fact()
def round_robin_in_order_of_subscription(w: World) -> None:
    """Each message goes to the next consumer of the circle."""
    ch = w.channel()
    ch.declare("q")
    consumers = _consumers(w, "q", "a", "b", "c")
    ch.fill("q", *"1234567")
    for each, count in zip(consumers, (3, 2, 2), strict=True):
        w.see("got", [*bodies(each.take(count)), *bodies(each.rest())])


@fact()
def round_robin_when_one_leaves(w: World) -> None:
    """Whoever leaves the circle leaves it in order; whoever joins joins behind."""
    ch = w.channel()
    ch.declare("q")
    a, b, c = _consumers(w, "q", "a", "b", "c")
    ch.fill("q", "1")
    b.close()
    w.sleep(0.2)
    ch.fill("q", "2", "3")
    (d,) = _consumers(w, "q", "d")
    ch.fill("q", "4", "5", "6", "7")
    for name, each in (("a", a), ("c", c), ("d", d)):
        w.see(name, bodies(each.rest()))


@fact()
def round_robin_after_acks(w: World) -> None:
    """With prefetch 1 and nothing waiting, a classic queue keeps its circle, whatever the order of
    the acks."""
    ch = w.channel()
    ch.declare("q")
    a, b, c = _consumers(w, "q", "a", "b", "c", prefetch=1)
    ch.fill("q", *"123")
    w.see("first round", [bodies(each.take(1)) for each in (a, b, c)])
    for each in (c, a, b):
        each.ack(1)
        w.sleep(0.1)
    ch.fill("q", *"456")
    w.see("second round", [bodies(each.take(1)) for each in (a, b, c)])


@fact()
def round_robin_with_a_backlog(w: World) -> None:
    """With messages waiting, whoever acks gets the next; afterwards the circle is in the order of
    the acks."""
    ch = w.channel()
    ch.declare("q")
    a, b, c = _consumers(w, "q", "a", "b", "c", prefetch=1)
    ch.fill("q", *"1234")
    w.see("first round", [bodies(each.take(1)) for each in (a, b, c)])
    for each in (c, b, a):
        each.ack(1)
        w.sleep(0.1)
    w.see("c was first", [bodies(each.rest()) for each in (a, b, c)])
    ch.fill("q", *"56")
    w.see("then", [bodies(each.rest()) for each in (a, b, c)])
    for each, tag in ((a, 2), (c, 2), (b, 2)):
        each.ack(tag)
        w.sleep(0.1)
    ch.fill("q", *"789")
    w.see("and again", [bodies(each.rest()) for each in (a, b, c)])


@fact()
def round_robin_of_unequal_prefetch(w: World) -> None:
    """Consumers with prefetch 1 and 3: one each in turn, while they can."""
    ch = w.channel()
    ch.declare("q")
    a, b = w.channel(), w.channel()
    a.qos(1)
    a.consume("q", "a")
    b.qos(3)
    b.consume("q", "b")
    ch.fill("q", *"123456")
    w.see("first", [bodies(each.rest()) for each in (a, b)])
    b.ack(1)
    a.ack(1)
    w.see("then", [bodies(each.rest()) for each in (a, b)])


@fact()
def round_robin_for_a_late_consumer(w: World) -> None:
    """Whoever joins comes behind those that are there, also when the circle has turned."""
    ch = w.channel()
    ch.declare("q")
    a, b = _consumers(w, "q", "a", "b")
    ch.fill("q", "1")
    (c,) = _consumers(w, "q", "c")
    ch.fill("q", *"2345")
    w.see("got", [bodies(each.rest()) for each in (a, b, c)])


@fact()
def round_robin_after_some_acks(w: World) -> None:
    """The circle with one consumer blocked: the others share."""
    ch = w.channel()
    ch.declare("q")
    a, b, c = _consumers(w, "q", "a", "b", "c", prefetch=1)
    ch.fill("q", *"123")
    for each in (a, b, c):
        each.take(1)
    b.ack(1)
    w.sleep(0.1)
    a.ack(1)
    w.sleep(0.1)
    ch.fill("q", *"45")
    w.see("two free", [bodies(each.rest()) for each in (a, b, c)])
    ch.fill("q", *"67")
    c.ack(1)
    w.see("c frees itself", [bodies(each.rest()) for each in (a, b, c)])


@fact()
def the_first_consumer_takes_the_backlog(w: World) -> None:
    """Without prefetch, whoever subscribes first to a full queue gets all of it."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", *"123456")
    a = w.channel()
    a.consume("q", "a")
    b = w.channel()
    b.consume("q", "b")
    w.see("a", bodies(a.take(6)))
    w.see("b", bodies(b.rest()))
    ch.fill("q", "7", "8")
    w.see("then a", bodies(a.rest()))
    w.see("then b", bodies(b.rest()))


@fact()
def consumers_on_one_channel(w: World) -> None:
    """Two consumers on one channel take turns as well; each has its own prefetch."""
    ch = w.channel()
    ch.declare("q")
    ch.qos(2)
    ch.consume("q", "a")
    ch.consume("q", "b")
    ch.fill("q", *"123456")
    w.see("got", [(each["consumer"], each["body"]) for each in ch.take(4)])
    w.see("more", ch.rest())


@fact()
def consumer_priority(w: World) -> None:
    """The highest that isn't blocked gets everything; equals take turns; none is 0; below 0 is allowed."""
    ch = w.channel()
    ch.declare("q")
    tags = (("low", -1), ("none", None), ("high", 10), ("also high", 10))
    consumers = {}
    for tag, priority in tags:
        each = w.channel()
        each.qos(2)
        each.consume("q", tag, arguments=None if priority is None else {"x-priority": priority})
        consumers[tag] = each
    ch.fill("q", *"12345678")
    for tag, each in consumers.items():
        w.see(tag, bodies(each.rest()))
    consumers["also high"].ack(1)
    ch.fill("q", "9")
    w.see("the one that is free again", bodies(consumers["also high"].rest()))


@fact()
def consumer_priority_that_is_no_number(w: World) -> None:
    """x-priority must be a number."""
    ch = w.channel()
    ch.declare("q")
    w.see("text", ch.consume("q", "c", arguments={"x-priority": "high"}))


@fact()
def exclusive_consumer(w: World) -> None:
    """Alone while it lives: 403 for a second, and for an exclusive one beside others."""
    ch = w.channel()
    ch.declare("q")
    w.see("first", ch.consume("q", "a", exclusive=True))
    w.see("second", w.channel().consume("q", "b"))
    w.see("second, exclusive", w.channel().consume("q", "b", exclusive=True))
    w.see("get is free", w.channel().get("q"))
    ch.cancel("a")
    w.see("after its end", ch.consume("q", "c"))
    w.see("exclusive beside another", w.channel().consume("q", "d", exclusive=True))


@fact()
def single_active_consumer(w: World) -> None:
    """One gets everything, in order of subscription; the next takes over when it's cancelled or gone."""
    ch = w.channel()
    ch.declare("q", arguments={"x-single-active-consumer": True})
    a, b, c = _consumers(w, "q", "a", "b", "c", prefetch=2)
    ch.fill("q", *"1234")
    w.see("first", [bodies(each.rest()) for each in (a, b, c)])
    a.ack(2, multiple=True)
    w.see("acked", [bodies(each.rest()) for each in (a, b, c)])
    a.ack(4, multiple=True)
    w.sleep(0.2)
    a.cancel("a")
    ch.fill("q", *"567")
    w.see("a cancelled", [bodies(each.rest()) for each in (a, b, c)])
    b.close()
    w.see("b gone", bodies(c.rest()))
    a.consume("q", "a again")
    c.ack(2, multiple=True)
    w.see("a comes again, c goes on", [bodies(each.rest()) for each in (a, c)])


@fact()
def single_active_consumer_cancelled_while_it_holds(w: World) -> None:
    """Cancelled while it is blocked: the next takes over. 3.10 forgets to deliver, and its queue breaks."""
    ch = w.channel()
    ch.declare("q", arguments={"x-single-active-consumer": True})
    a, b = _consumers(w, "q", "a", "b", prefetch=2)
    ch.fill("q", *"1234")
    w.see("first", [bodies(each.rest()) for each in (a, b)])
    a.cancel("a")
    w.see("cancelled", [bodies(each.rest()) for each in (a, b)])


@fact()
def getting_beside_a_single_active_consumer(w: World) -> None:
    """basic.get from a queue with a single active consumer."""
    ch = w.channel()
    for kind in ("classic", "quorum"):
        ch.declare(kind, arguments={"x-queue-type": kind, "x-single-active-consumer": True})
        ch.fill(kind, "1")
        connection = w.connect()
        w.see(f"{kind}", connection.channel().get(kind))
        w.see("connection", connection.fate())


@fact()
def single_active_consumer_prefers_nobody_new(w: World) -> None:
    """A newcomer of higher priority waits on a classic queue; exclusive consumers aren't allowed."""
    ch = w.channel()
    ch.declare("q", arguments={"x-single-active-consumer": True})
    (a,) = _consumers(w, "q", "a")
    b = w.channel()
    w.see("higher priority", b.consume("q", "b", arguments={"x-priority": 9}))
    ch.fill("q", "1", "2")
    w.see("got", [bodies(each.rest()) for each in (a, b)])
    w.see("exclusive", w.channel().consume("q", "e", exclusive=True))


@fact()
def auto_ack_and_manual_together(w: World) -> None:
    """An auto-ack consumer takes its turn like any other."""
    ch = w.channel()
    ch.declare("q")
    a, b = w.channel(), w.channel()
    a.consume("q", "a", auto_ack=True)
    b.qos(1)
    b.consume("q", "b")
    ch.fill("q", *"12345")
    w.see("a", bodies(a.rest()))
    w.see("b", bodies(b.rest()))
    w.see("counts", ch.declare("q"))
