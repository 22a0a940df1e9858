"""Queues with message priorities."""

from __future__ import annotations

from tests.conformance.script import Channel, World, bodies, fact


def _filled(w: World, *messages: tuple[str, int | None]) -> Channel:
    ch = w.channel()
    ch.declare("q", arguments={"x-max-priority": 5})
    ch.confirm()
    for body, priority in messages:
        if priority is None:
            ch.put(body, "q")
        else:
            ch.put(body, "q", priority=priority)
    return ch


@fact()
def higher_first(w: World) -> None:
    """Higher first, first in first out within one; none is 0; above the maximum is the maximum."""
    ch = _filled(
        w,
        ("none", None),
        ("0", 0),
        ("1a", 1),
        ("9", 9),
        ("5", 5),
        ("1b", 1),
        ("200", 200),
        ("none too", None),
    )
    w.see("got", [ch.get("q") for _ in range(8)])


@fact()
def priority_and_requeue(w: World) -> None:
    """A requeued message goes back to its place within its priority."""
    ch = _filled(w, ("1a", 1), ("1b", 1), ("3a", 3), ("3b", 3))
    for _ in range(3):
        ch.get("q")
    ch.nack(1)
    w.sleep(0.1)
    ch.nack(3)
    w.sleep(0.1)
    reader = w.channel()
    w.see("then", bodies([reader.get("q") for _ in range(3)]))


@fact()
def priority_and_prefetch(w: World) -> None:
    """What was prefetched doesn't give way to a higher priority."""
    ch = _filled(w, ("low", 1))
    reader = w.channel()
    reader.qos(1)
    reader.consume("q", "c")
    w.see("first", bodies(reader.take(1)))
    for body, priority in (("middle", 3), ("high", 5)):
        ch.put(body, "q", priority=priority)
    reader.ack(1)
    w.see("next", bodies(reader.take(1)))


@fact()
def priority_without_a_priority_queue(w: World) -> None:
    """An ordinary queue pays no attention, and keeps the property."""
    ch = w.channel()
    ch.declare("q")
    ch.confirm()
    ch.put("low", "q", priority=1)
    ch.put("high", "q", priority=9)
    w.see("got", [ch.get("q"), ch.get("q")])


@fact()
def priority_and_expiry(w: World) -> None:
    """An expired message of a lower priority lies there, and counts, until those above it are gone."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-priority": 5})
    ch.confirm()
    ch.put("high", "q", priority=5)
    ch.put("low", "q", priority=1, expiration="150")
    w.sleep(0.5)
    w.see("ready", ch.declare("q", passive=True)["messages"])
    w.see("got", bodies([ch.get("q")]))
    w.see("then", ch.get("q"))
