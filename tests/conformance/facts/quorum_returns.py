"""Quorum queues: where returned messages go, what counts, and how many returns are too many."""

from __future__ import annotations

from typing import Any

from tests.conformance.facts.quorum import quorum
from tests.conformance.script import World, bodies, fact


@fact()
def quorum_requeue_by_nack(w: World) -> None:
    """Where nacked messages go, and what they carry."""
    ch = w.channel()
    quorum(ch, "q")
    ch.fill("q", "m1", "m2", "m3")
    ch.get("q")
    ch.get("q")
    ch.nack(1)
    ch.nack(2)
    w.sleep(0.3)
    reader = w.channel()
    w.see("then", [reader.get("q") for _ in range(3)])


@fact()
def quorum_requeue_in_reverse(w: World) -> None:
    """Nacked in reverse order."""
    ch = w.channel()
    quorum(ch, "q")
    ch.fill("q", "m1", "m2", "m3")
    ch.get("q")
    ch.get("q")
    ch.nack(2)
    w.sleep(0.2)
    ch.nack(1)
    w.sleep(0.2)
    reader = w.channel()
    w.see("then", bodies([reader.get("q") for _ in range(3)]))


@fact()
def quorum_requeue_with_a_consumer(w: World) -> None:
    """With a consumer that has nothing else to do a nacked message comes again at once, and counts."""
    ch = w.channel()
    quorum(ch, "q")
    ch.fill("q", "m")
    ch.qos(1)
    ch.consume("q", "c")
    for tag in (1, 2, 3):
        w.see(f"delivery {tag}", ch.take(1))
        ch.nack(tag)
    w.see("delivery 4", ch.take(1))
    ch.reject(4)
    w.see("after reject", ch.take(1))


@fact()
def quorum_return_by_closing(w: World) -> None:
    """A closed channel gives back, in order."""
    ch = w.channel()
    quorum(ch, "q")
    ch.fill("q", "m1", "m2", "m3")
    holder = w.channel()
    holder.qos(2)
    holder.consume("q", "c")
    holder.take(2)
    holder.close()
    w.sleep(0.3)
    w.see("then", [ch.get("q") for _ in range(3)])


@fact()
def quorum_return_by_dying(w: World) -> None:
    """So does a connection that breaks."""
    ch = w.channel()
    quorum(ch, "q")
    ch.fill("q", "m1", "m2", "m3")
    dying = w.connect()
    holder = dying.channel()
    holder.qos(2)
    holder.consume("q", "c")
    holder.take(2)
    dying.drop()
    w.sleep(0.5)
    w.see("then", [ch.get("q") for _ in range(3)])


@fact()
def quorum_recover(w: World) -> None:
    """basic.recover on a quorum queue."""
    ch = w.channel()
    quorum(ch, "q")
    ch.fill("q", "m1", "m2")
    ch.get("q")
    w.see("recover", ch.recover())
    w.sleep(0.2)
    w.see("then", [ch.get("q"), ch.get("q")])


def _spent(w: World, how: str, limit: int | None, tries: int) -> None:
    """Give a message back in that way up to `tries` times, and see what becomes of it."""
    name = f"{how} {limit}"
    ch = w.channel()
    more: dict[str, Any] = {} if limit is None else {"x_delivery_limit": limit}
    quorum(ch, name, **more, **{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"dead {name}"})
    ch.declare(f"dead {name}")
    ch.fill(name, "m")
    deliveries = 0
    for _ in range(tries):
        connection = w.connect()
        holder = connection.channel()
        message = holder.get(name)
        if message == "empty":
            break
        deliveries += 1
        if how == "nack":
            holder.nack(message["tag"])
        elif how == "reject":
            holder.reject(message["tag"])
        elif how == "recover":
            holder.recover()
        elif how == "channel":
            holder.close()
        else:
            connection.drop()
        w.sleep(0.15)
    w.see(f"{how}, limit {limit}: deliveries of {tries} at most", deliveries)
    w.see(f"{how}, limit {limit}: dead", ch.get(f"dead {name}"))


@fact()
def quorum_delivery_limit(w: World) -> None:
    """What counts towards a limit of 2: nack, reject, recover, a closed channel, a broken connection."""
    for how in ("nack", "reject", "recover", "channel", "connection"):
        _spent(w, how, 2, 5)


@fact()
def quorum_delivery_limit_of_zero_and_without(w: World) -> None:
    """A limit of 0 allows one delivery; -1 is none from 4.0 on, and another 0 on 3.10."""
    _spent(w, "reject", 0, 4)
    _spent(w, "reject", -1, 4)


@fact()
def quorum_default_delivery_limit(w: World) -> None:
    """Without a limit of its own: 20 from 4.0 on, none on 3.10."""
    ch = w.channel()
    quorum(ch, "q")
    ch.fill("q", "m")
    ch.qos(1)
    ch.consume("q", "c")
    deliveries = 0
    for _ in range(25):
        if not ch.take(1):
            break
        deliveries += 1
        ch.reject(deliveries)
    w.see("deliveries of 25 at most", deliveries)


@fact()
def quorum_drop_without_dead_letter_exchange(w: World) -> None:
    """Beyond its limit and without a dead-letter exchange a message is dropped."""
    ch = w.channel()
    quorum(ch, "q", x_delivery_limit=1)
    ch.fill("q", "m")
    for _ in range(2):
        message = ch.get("q")
        ch.reject(message["tag"])
        w.sleep(0.2)
    w.see("get", ch.get("q"))


@fact()
def quorum_x_death_after_two_hops(w: World) -> None:
    """A rejection from a quorum queue into a quorum queue, where it's rejected again."""
    ch = w.channel()
    to_two = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "two"}
    quorum(ch, "one", **to_two)
    quorum(ch, "two", **{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "three"})
    quorum(ch, "three")
    ch.fill("one", "m")
    for name in ("one", "two"):
        message = ch.get(name)
        ch.reject(message["tag"], requeue=False)
        w.sleep(0.4)
    w.see("three", ch.get("three"))
