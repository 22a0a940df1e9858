"""Declaring queues and exchanges: what is refused, and in which words."""

from __future__ import annotations

from typing import Any

from tests.conformance.script import World, fact

_QUEUE_ARGUMENTS: list[tuple[str, Any, Any]] = [
    ("x-message-ttl", 1000, 2000),
    ("x-expires", 60000, 50000),
    ("x-max-length", 10, 11),
    ("x-max-length-bytes", 1000, 2000),
    ("x-overflow", "drop-head", "reject-publish"),
    ("x-dead-letter-exchange", "dlx", "other"),
    ("x-dead-letter-routing-key", "k", "l"),
    ("x-max-priority", 5, 6),
    ("x-single-active-consumer", True, False),
    ("x-queue-mode", "lazy", "default"),
    ("x-queue-type", "classic", "quorum"),
]


@fact()
def declaring_again_alike(w: World) -> None:
    """The same declaration again is fine and tells how many messages and consumers there are."""
    ch = w.channel()
    w.see("first", ch.declare("q", arguments={"x-max-length": 5}))
    ch.fill("q", "a", "b", "c")
    w.see("again", ch.declare("q", arguments={"x-max-length": 5}))
    ch.consume("q", "c")
    ch.take(3)
    w.see("with a consumer that holds them", ch.declare("q", arguments={"x-max-length": 5}))


@fact()
def queue_declared_otherwise(w: World) -> None:
    """Another durable, auto_delete or exclusive: 406, and the text names what differs."""
    ch = w.channel()
    ch.declare("q")
    w.see("durable", w.channel().declare("q", durable=False))
    w.see("auto_delete", w.channel().declare("q", auto_delete=True))
    w.see("exclusive", w.channel().declare("q", exclusive=True))
    w.see("several at once", w.channel().declare("q", durable=False, auto_delete=True))
    connection = w.connect()
    connection.channel().declare("mine", exclusive=True, durable=False)
    w.see("no more exclusive", connection.channel().declare("mine", durable=False))
    w.see("no more transient", connection.channel().declare("mine", exclusive=True))
    w.see("the connection", connection.fate())


@fact()
def queue_arguments_declared_otherwise(w: World) -> None:
    """Each x-argument that differs, is missing or is new: 406 and its words."""
    for name, value, other in _QUEUE_ARGUMENTS:
        ch = w.channel()
        base = {"x-dead-letter-exchange": "dlx"} if name == "x-dead-letter-routing-key" else {}
        ch.declare(f"with {name}", arguments={**base, name: value})
        w.see(f"{name}: other value", ch.declare(f"with {name}", arguments={**base, name: other}))
        w.see(f"{name}: left out", w.channel().declare(f"with {name}", arguments=base))
        ch = w.channel()
        ch.declare(f"without {name}", arguments=base)
        w.see(f"{name}: added", ch.declare(f"without {name}", arguments={**base, name: value}))


@fact()
def queue_arguments_that_nobody_knows(w: World) -> None:
    """An unknown argument is kept by nobody: it's no difference."""
    ch = w.channel()
    w.see("unknown", ch.declare("q", arguments={"x-nonsense": 1, "plain": "x"}))
    w.see("left out", ch.declare("q"))
    w.see("other value", ch.declare("q", arguments={"x-nonsense": 2}))


@fact()
def queue_numbers_of_another_width(w: World) -> None:
    """A number sent as long or as int is the same number."""
    ch = w.channel()
    ch.declare("q", arguments={"x-expires": 2**31 + 5})
    w.see("same", ch.declare("q", arguments={"x-expires": 2**31 + 5}))
    w.see("other", ch.declare("q", arguments={"x-expires": 2**31 + 6}))


@fact()
def queue_arguments_of_wrong_type_or_value(w: World) -> None:
    """x-arguments that can't be: 406 and their words."""
    tried: list[tuple[str, Any]] = [
        ("x-message-ttl", "1000"),
        ("x-message-ttl", -1),
        ("x-message-ttl", 0),
        ("x-message-ttl", 2**40),
        ("x-message-ttl", True),
        ("x-expires", 0),
        ("x-expires", -1),
        ("x-expires", "x"),
        ("x-expires", 2**40),
        ("x-max-length", -1),
        ("x-max-length", "10"),
        ("x-max-length", 0),
        ("x-max-length-bytes", -1),
        ("x-max-length-bytes", "a"),
        ("x-overflow", "drop-tail"),
        ("x-overflow", 1),
        ("x-dead-letter-exchange", 1),
        ("x-dead-letter-routing-key", 1),
        ("x-max-priority", 0),
        ("x-max-priority", -1),
        ("x-max-priority", 255),
        ("x-max-priority", 256),
        ("x-max-priority", "5"),
        ("x-queue-type", "nonsense"),
        ("x-queue-type", 1),
        ("x-single-active-consumer", "yes"),
        ("x-queue-mode", "fast"),
        ("x-queue-leader-locator", "moon"),
        ("x-delivery-limit", 5),
        ("x-quorum-initial-group-size", 3),
    ]
    for name, value in tried:
        w.see(f"{name}={value!r}", w.channel().declare(f"{name} {value!r}", arguments={name: value}))


@fact()
def dead_letter_key_without_exchange(w: World) -> None:
    """A dead-letter routing key needs a dead-letter exchange."""
    w.see("declare", w.channel().declare("q", arguments={"x-dead-letter-routing-key": "k"}))


@fact()
def exchange_declared_otherwise(w: World) -> None:
    """Another type, durable, auto_delete, internal or alternate exchange: 406."""
    ch = w.channel()
    ch.exchange("e", "direct")
    w.see("alike", ch.exchange("e", "direct"))
    w.see("type", w.channel().exchange("e", "fanout"))
    w.see("durable", w.channel().exchange("e", "direct", durable=False))
    w.see("auto_delete", w.channel().exchange("e", "direct", auto_delete=True))
    w.see("internal", w.channel().exchange("e", "direct", internal=True))
    w.see("alternate", w.channel().exchange("e", "direct", arguments={"alternate-exchange": "f"}))
    ch.exchange("g", "direct", arguments={"alternate-exchange": "f"})
    w.see("other alternate", w.channel().exchange("g", "direct", arguments={"alternate-exchange": "h"}))
    w.see("alternate left out", w.channel().exchange("g", "direct"))
    w.see("unknown argument", w.channel().exchange("e", "direct", arguments={"x-nonsense": 1}))


@fact()
def exchange_of_an_unknown_type(w: World) -> None:
    """An unknown exchange type closes the channel or, on 3.10, the connection."""
    connection = w.connect()
    ch, other = connection.channel(), connection.channel()
    w.see("declare", ch.exchange("e", "nonsense"))
    w.see("the connection", connection.fate())
    w.see("its other channel", other.fate())


@fact()
def alternate_exchange_of_a_wrong_type(w: World) -> None:
    """The argument alternate-exchange must be text."""
    w.see("declare", w.channel().exchange("e", "direct", arguments={"alternate-exchange": 5}))


@fact()
def reserved_names(w: World) -> None:
    """Names that begin with amq. are the server's: 403."""
    w.see("queue", w.channel().declare("amq.mine"))
    w.see("exchange", w.channel().exchange("amq.mine"))
    w.see("passive queue", w.channel().declare("amq.mine", passive=True))
    w.see("delete amq.direct", w.channel().delete_exchange("amq.direct"))
    w.see("declare amq.direct as a fanout", w.channel().exchange("amq.direct", "fanout"))
    w.see("declare amq.direct transient", w.channel().exchange("amq.direct", "direct", durable=False))


@fact()
def default_exchange_is_untouchable(w: World) -> None:
    """The default exchange can't be declared, deleted, bound or unbound: 403."""
    ch = w.channel()
    ch.declare("q")
    ch.exchange("e")
    w.see("declare", w.channel().exchange("", "direct"))
    w.see("delete", w.channel().delete_exchange(""))
    w.see("bind a queue", w.channel().bind("q", "", "k"))
    w.see("unbind a queue", w.channel().unbind("q", "", "q"))
    w.see("bind an exchange from it", w.channel().bind_exchange("e", "", "k"))
    w.see("bind an exchange to it", w.channel().bind_exchange("", "e", "k"))
    w.see("q is still reached", ch.fill("q", "m"))


@fact()
def passive_declarations(w: World) -> None:
    """Passive asks only whether it's there, whatever else is said; what is missing is 404."""
    ch = w.channel()
    ch.declare("q", arguments={"x-max-length": 5})
    ch.exchange("e", "topic")
    ch.fill("q", "m")
    w.see("queue", ch.declare("q", passive=True))
    w.see("queue, other attributes", ch.declare("q", passive=True, durable=False, auto_delete=True))
    w.see("exchange", ch.exchange("e", passive=True))
    w.see("exchange, other type", ch.exchange("e", "fanout", passive=True))
    w.see("missing queue", w.channel().declare("nowhere", passive=True))
    w.see("missing exchange", w.channel().exchange("nowhere", passive=True))
    w.see("the first channel lives", ch.fate())


@fact()
def names_made_by_the_server(w: World) -> None:
    """A queue without a name gets one that begins with amq.gen-; an empty name later means the
    last declared."""
    connection = w.connect()
    ch = connection.channel()
    first = ch.declare("", exclusive=True)
    second = ch.declare("", exclusive=True)
    w.see("first", first)
    w.see("second", second)
    w.see("declared by name", connection.channel().declare(first["queue"], exclusive=True))
    w.see("the same, passive", ch.declare(first["queue"], passive=True))
    ch.declare("", exclusive=True)
    ch.exchange("e", "fanout")
    w.see("bound by the empty name", ch.bind("", "e"))
    ch.confirm()
    ch.put("m", "", "e")
    w.see("the last declared one has it", ch.get(""))
    w.see("on a new channel the empty name means nothing", connection.channel().get(""))


@fact()
def empty_queue_name_on_a_new_channel(w: World) -> None:
    """Without a queue declared on this channel, the empty name is 404, whatever the method."""
    w.see("consume", w.channel().consume("", "c"))
    w.see("bind", w.channel().bind("", "amq.fanout"))
    w.see("purge", w.channel().purge(""))
    w.see("delete", w.channel().delete(""))
    w.see("passive declare", w.channel().declare("", passive=True))


@fact()
def names_that_are_too_long_or_odd(w: World) -> None:
    """A name may hold 255 bytes of UTF-8, and nearly anything in them."""
    ch = w.channel()
    long = "q" * 255
    w.see("255 bytes", ch.declare(long)["messages"])
    w.see("with spaces and signs", ch.declare("a b/c;d'e\"f"))
    w.see("not in ASCII", ch.declare("Grüße"))
    w.see("passive, not in ASCII", w.channel().declare("Größe", passive=True))


@fact()
def missing_things(w: World) -> None:
    """404 for what isn't there; deleting or unbinding what isn't there is fine."""
    ch = w.channel()
    ch.declare("q")
    ch.exchange("e")
    w.see("get", w.channel().get("nowhere"))
    w.see("consume", w.channel().consume("nowhere", "c"))
    w.see("purge", w.channel().purge("nowhere"))
    w.see("delete queue", w.channel().delete("nowhere"))
    w.see("delete exchange", w.channel().delete_exchange("nowhere"))
    w.see("bind, no queue", w.channel().bind("nowhere", "e", "k"))
    w.see("bind, no exchange", w.channel().bind("q", "nowhere", "k"))
    w.see("bind, neither", w.channel().bind("nothing", "nowhere", "k"))
    w.see("unbind, no queue", w.channel().unbind("nowhere", "e", "k"))
    w.see("unbind, no exchange", w.channel().unbind("q", "nowhere", "k"))
    w.see("bind exchange, no source", w.channel().bind_exchange("e", "nowhere"))
    w.see("bind exchange, no destination", w.channel().bind_exchange("nowhere", "e"))
    w.see("unbind exchange, no source", w.channel().unbind_exchange("e", "nowhere"))


@fact()
def publishing_to_a_missing_exchange(w: World) -> None:
    """404, seen at the next operation on the channel; the connection and its other channels live on."""
    connection = w.connect()
    ch, other = connection.channel(), connection.channel()
    ch.declare("q")
    ch.publish("m", "q", "nowhere")
    w.see("next operation", ch.declare("q"))
    w.see("the other channel", other.declare("q"))
    w.see("the connection", connection.fate())
    w.see("a new channel", connection.channel().declare("q"))


@fact()
def transient_queues_are_allowed(w: World) -> None:
    """A queue that is neither durable nor exclusive: allowed, deprecated in 4.x."""
    ch = w.channel()
    w.see("declare", ch.declare("q", durable=False))
    w.see("fill", ch.fill("q", "m"))
    w.see("get", ch.get("q"))
