"""What a server's orderly stop and its sudden end leave."""

from __future__ import annotations

from collections.abc import Generator

from tests.conformance.script import Channel, Interruption, World, bodies, fact

Played = Generator[Interruption, None, None]


def _prepare(ch: Channel) -> None:
    ch.declare("durable")
    ch.declare("transient", durable=False)
    ch.declare("quorum", arguments={"x-queue-type": "quorum"})
    ch.exchange("kept", "topic")
    ch.exchange("fleeting", "topic", durable=False)
    ch.bind("durable", "kept", "a.#", {"note": 1})
    ch.bind("durable", "fleeting", "a.#")
    ch.confirm()
    for queue in ("durable", "transient", "quorum"):
        ch.put("persistent", queue)
        ch.put("not persistent", queue, delivery_mode=1)


def _look(w: World) -> None:
    w.sleep(2.0)  # a quorum queue elects its leader first
    for name in ("durable", "transient", "quorum"):
        ch = w.channel()
        w.see(f"queue {name}", ch.declare(name, passive=True))
        w.see(f"first in {name}", ch.get(name))
        w.see(f"second in {name}", ch.get(name))
    for name in ("kept", "fleeting"):
        w.see(f"exchange {name}", w.channel().exchange(name, passive=True))
    ch = w.channel()
    ch.confirm()
    ch.publish("after", "a.b", "kept", mandatory=True)
    w.see("the binding", ch.events())


@fact("stop")
def restart_closes_connections(w: World) -> Played:
    """An orderly stop: 320 CONNECTION_FORCED and its words."""
    connection = w.connect()
    ch = connection.channel()
    ch.declare("q")
    ch.consume("q", "c")
    yield "restart"
    w.see("connection", connection.fate())
    w.see("channel", ch.fate())
    w.see("a new connection", w.connect().fate())


@fact("stop")
def kill_breaks_connections(w: World) -> Played:
    """A killed server says nothing: the stream ends."""
    connection = w.connect()
    ch = connection.channel()
    ch.declare("q")
    yield "kill"
    w.see("connection", connection.fate())
    w.see("a new connection", w.connect().fate())


@fact("stop")
def restart_keeps_what_is_durable(w: World) -> Played:
    """After an orderly stop: durable queues with their persistent messages, durable exchanges and
    bindings."""
    _prepare(w.channel())
    yield "restart"
    _look(w)


@fact("stop")
def kill_keeps_what_is_durable(w: World) -> Played:
    """After a kill the same."""
    _prepare(w.channel())
    yield "kill"
    _look(w)


def _hold(ch: Channel, name: str) -> None:
    ch.fill(name, "acked", "held", "ready")
    ch.get(name)
    ch.get(name)
    ch.ack(1)
    ch.declare(name, passive=True)


def _held(w: World, names: tuple[str, ...]) -> None:
    w.sleep(2.0)  # a quorum queue elects its leader first
    for name in names:
        ch = w.channel()
        w.see(f"counts of {name}", ch.declare(name, passive=True))
        w.see(name, [ch.get(name), ch.get(name), ch.get(name)])


@fact("stop")
def restart_gives_back_what_was_held(w: World) -> Played:
    """What was unacknowledged at an orderly stop is ready again, and marked redelivered."""
    ch, other = w.channel(), w.channel()
    ch.declare("q")
    other.declare("quorum", arguments={"x-queue-type": "quorum"})
    _hold(ch, "q")
    _hold(other, "quorum")
    w.sleep(0.5)
    yield "restart"
    _held(w, ("q", "quorum"))


@fact("stop")
def kill_gives_back_what_was_held(w: World) -> Played:
    """After a kill as well; time enough had passed for the ack to be on disk."""
    ch, other = w.channel(), w.channel()
    ch.declare("q")
    other.declare("quorum", arguments={"x-queue-type": "quorum"})
    _hold(ch, "q")
    _hold(other, "quorum")
    w.sleep(2.0)  # 3.10 forgets a quorum queue that was declared in the very last second before a kill
    yield "kill"
    _held(w, ("q", "quorum"))


@fact("stop")
def restart_and_exclusive_queues(w: World) -> Played:
    """Exclusive and auto-delete queues over an orderly stop."""
    ch = w.channel()
    ch.declare("exclusive", exclusive=True)
    ch.declare("auto, used", auto_delete=True)
    ch.consume("auto, used", "c")
    ch.declare("auto, unused", auto_delete=True)
    yield "restart"
    for name in ("exclusive", "auto, used", "auto, unused"):
        w.see(name, w.channel().declare(name, passive=True))


@fact("stop")
def restart_keeps_order_priorities_and_headers(w: World) -> Played:
    """Order, priorities and headers are kept."""
    ch = w.channel()
    ch.declare("q")
    ch.declare("p", arguments={"x-max-priority": 5})
    ch.fill("q", *"12345", headers={"h": 1})
    ch.put("low", "p", priority=1)
    ch.put("high", "p", priority=5)
    yield "restart"
    reader = w.channel()
    w.see("q", bodies([reader.get("q") for _ in range(4)]))
    w.see("last", reader.get("q"))
    w.see("p", bodies([reader.get("p"), reader.get("p")]))


@fact("stop")
def restart_starts_ttl_anew_or_not(w: World) -> Played:
    """A message whose time ran out while the server was down is expired afterwards."""
    ch = w.channel()
    ch.declare("q", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
    ch.declare("dead")
    ch.confirm()
    ch.put("short", "q", expiration="1500")
    ch.put("long", "q", expiration="3600000")
    yield "restart"
    w.sleep(2.0)
    reader = w.channel()
    w.see("q", bodies([reader.get("q")]))
    w.see("dead", bodies([reader.get("dead")]))


@fact("stop")
def restart_keeps_dead_letter_counts(w: World) -> Played:
    """x-death and a quorum queue's delivery count over an orderly stop."""
    ch = w.channel()
    ch.declare("q", arguments={"x-queue-type": "quorum"})
    ch.fill("q", "m")
    for tag in (1, 2):
        ch.get("q")
        ch.reject(tag)
        w.sleep(0.2)
    yield "restart"
    w.see("q", w.channel().get("q"))
