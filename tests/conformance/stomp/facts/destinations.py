"""Where destinations lead, for those who send and for those who subscribe."""

from __future__ import annotations

from tests.conformance.stomp.script import StompWorld, add, fact, named

_ODD = (
    "/queue/q",
    "/queue/",
    "/queue",
    "/queue/a/b",
    "/queue/a%2Fb",
    "/queue/a%2fb",
    "/queue/a%25b",
    "/queue/a%20b",
    "/queue/amq.mine",
    "/topic/t",
    "/topic/",
    "/topic",
    "/topic/a.b.c",
    "/topic/a/b",
    "/topic/a%2Fb",
    "/exchange/amq.direct/k",
    "/exchange/amq.direct/",
    "/exchange/amq.fanout",
    "/exchange/amq.direct/a/b",
    "/exchange/amq.direct/a%2Fb",
    "/exchange/",
    "/exchange",
    "/exchange//k",
    "/exchange/nowhere/k",
    "/exchange/amq.rabbitmq.trace/k",
    "/amq/queue/q",
    "/amq/queue/",
    "/amq/queue",
    "/amq/queue/a/b",
    "/amq/other/q",
    "/temp-queue/t",
    "/temp-queue/",
    "/temp-queue",
    "/reply-queue/q",
    "/reply-queue/",
    "/reply-queue",
    "/reply-queue/a/b",
    "q",
    "",
    "/",
    "//queue/q",
    "queue/q",
    "a/b",
    "/other/q",
    "/Queue/q",
)


def _word(destination: str) -> str:
    """Part of a fact's name."""
    word = destination.replace("/", " slash ").replace("%", " percent ").replace("2f", "2 small f")
    return word.replace("Queue", "queue upper")


for _where in _ODD:

    def _send(w: StompWorld, where: str = _where) -> None:
        client = w.client()
        client.ask(f"SEND destination:{where} receipt:r", "m")
        client.ask("BEGIN transaction:t receipt:r2", what="afterwards")

    def _subscribe(w: StompWorld, where: str = _where) -> None:
        amqp = w.amqp()
        client = w.client()
        client.ask(f"SUBSCRIBE destination:{where} id:0 receipt:r")
        client.ask("BEGIN transaction:t receipt:r2", what="afterwards")
        for exchange, key in (
            ("", "q"), ("", "a/b"), ("amq.topic", "t"), ("amq.topic", "a.b.c"), ("amq.topic", "a/b"),
            ("amq.direct", "k"), ("amq.direct", ""), ("amq.direct", "a/b"), ("amq.fanout", "f"),
        ):  # fmt: skip
            amqp.publish(f"{exchange} {key}", key, exchange)
        client.hear("what AMQP sends")

    add(named("send_to", _word(_where)), f"A message to {_where!r}.", _send)
    add(named("subscribe_to", _word(_where)), f"A subscription to {_where!r}.", _subscribe)


@fact
def a_queue_that_is_made_by_sending(w: StompWorld) -> None:
    """SEND to /queue makes a durable queue."""
    client = w.client()
    client.ask("SEND destination:/queue/q receipt:r", "m")
    amqp = w.amqp()
    w.see("as a durable queue", amqp.declare("q", durable=True))
    w.see("as a transient queue", w.amqp().declare("q", durable=False))
    w.see("the message", amqp.get("q"))


@fact
def a_queue_that_is_made_by_subscribing(w: StompWorld) -> None:
    """SUBSCRIBE to /queue makes a durable queue, which stays."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 receipt:r")
    w.see("with its consumer", w.amqp().declare("q", durable=True))
    client.drop()
    w.sleep(0.3)
    w.see("afterwards", w.amqp().declare("q", durable=True))


@fact
def a_queue_that_is_there_with_other_attributes(w: StompWorld) -> None:
    """SEND and SUBSCRIBE fail where AMQP made a transient queue; /amq/queue does not mind."""
    amqp = w.amqp()
    amqp.declare("q", durable=False)
    w.client().ask("SEND destination:/queue/q receipt:r", "m")
    w.client().ask("SUBSCRIBE destination:/queue/q id:0 receipt:r")
    w.client().ask("SEND destination:/amq/queue/q receipt:r", "m")
    w.client().ask("SUBSCRIBE destination:/amq/queue/q id:0 receipt:r")
    w.client().ask(
        "SUBSCRIBE destination:/queue/q id:0 receipt:r durable:false auto-delete:false exclusive:false"
    )


@fact
def a_queue_deleted_between_two_messages(w: StompWorld) -> None:
    """A connection declares a queue once: a message to one that was deleted since is lost."""
    client = w.client()
    client.ask("SEND destination:/queue/q receipt:r", "m")
    w.see("deleted", w.amqp().delete("q"))
    client.ask("SEND destination:/queue/q receipt:r2", "m")
    w.see("queue", w.amqp().declare("q", passive=True))


@fact
def a_queue_deleted_before_a_subscription(w: StompWorld) -> None:
    """The same for a subscription after a message: it finds no queue."""
    client = w.client()
    client.ask("SEND destination:/queue/q receipt:r", "m")
    w.see("deleted", w.amqp().delete("q"))
    client.ask("SUBSCRIBE destination:/queue/q id:0 receipt:r2")


@fact
def destinations_of_messages(w: StompWorld) -> None:
    """How a message's exchange and key are told as a destination."""
    amqp = w.amqp()
    amqp.declare("q")
    client = w.client()
    client.ask("SUBSCRIBE destination:/amq/queue/q id:0")
    for exchange, key in (
        ("", "q"),
        ("amq.topic", "a.b"),
        ("amq.topic", "a/b"),
        ("amq.topic", ""),
        ("amq.direct", "k"),
        ("amq.direct", ""),
        ("amq.direct", "a b%c/d\u00fc"),
        ("amq.fanout", "some key"),
    ):
        if exchange:
            amqp.bind("q", exchange, key)
        amqp.publish("m", key, exchange)
        client.hear(f"{exchange!r} {key!r}")


@fact
def a_topic_with_wildcards(w: StompWorld) -> None:
    """/topic has AMQP's wildcards."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/topic/a.*.c id:star")
    client.ask("SUBSCRIBE destination:/topic/b.# id:hash")
    for key in ("a.b.c", "a.c", "a.b.b.c", "b", "b.x.y", "x"):
        client.ask(f"SEND destination:/topic/{key} receipt:r", key)


@fact
def a_topic_without_subscribers(w: StompWorld) -> None:
    """A message to a topic that nobody subscribes to is lost, and has its receipt."""
    client = w.client()
    client.ask("SEND destination:/topic/t receipt:r", "m")
    client.ask("SUBSCRIBE destination:/topic/t id:0 receipt:r2")


@fact
def one_message_for_two_subscribers(w: StompWorld) -> None:
    """A topic copies, a queue shares."""
    one, two = w.client(), w.client()
    for client in (one, two):
        client.ask("SUBSCRIBE destination:/topic/t id:t receipt:r")
        client.ask("SUBSCRIBE destination:/queue/q id:q receipt:r")
    one.ask("SEND destination:/topic/t", "both")
    two.hear("two")
    one.ask("SEND destination:/queue/q", "first")
    two.hear("two")
    one.ask("SEND destination:/queue/q", "second")
    two.hear("two")


@fact
def an_exchange_of_ones_own(w: StompWorld) -> None:
    """Subscribing to an exchange makes a queue that ends with the subscription's connection."""
    amqp = w.amqp()
    amqp.exchange("logs", "fanout")
    client = w.client()
    client.ask("SUBSCRIBE destination:/exchange/logs id:0 receipt:r")
    amqp.publish("m", "any", "logs")
    client.hear("a message")
    client.ask("SUBSCRIBE destination:/exchange/logs/key id:1 receipt:r x-queue-name:named")
    w.see("its queue", w.amqp().declare("named", passive=True))
    client.ask("DISCONNECT")
    w.see("afterwards", w.amqp().declare("named", passive=True))
