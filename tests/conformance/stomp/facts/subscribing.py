"""SUBSCRIBE and UNSUBSCRIBE: ids, durable subscriptions, arguments of queues, prefetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.stomp.script import StompWorld, add, fact, named

if TYPE_CHECKING:
    from collections.abc import Mapping

for _version in ("1.0", "1.1", "1.2"):

    def _without_id(w: StompWorld, version: str = _version) -> None:
        client = w.client(version)
        client.ask("SUBSCRIBE destination:/queue/q receipt:r")
        client.ask("SEND destination:/queue/q", "m")
        client.ask("SUBSCRIBE destination:/queue/q receipt:r2", what="once more")
        client.ask("UNSUBSCRIBE destination:/queue/q receipt:r3")

    def _message(w: StompWorld, version: str = _version) -> None:
        for ack in ("auto", "client", "client-individual"):
            client = w.client(version)
            client.ask(f"SUBSCRIBE destination:/queue/{ack} id:my-id ack:{ack}")
            client.ask(f"SEND destination:/queue/{ack} content-type:text/plain", "m")

    add(
        named("subscribe_without_id", _version), f"Ids are optional, in version {_version}, too.", _without_id
    )
    add(
        named("message_headers", _version),
        f"What a MESSAGE carries in version {_version}, by ack mode.",
        _message,
    )

for _ack in ("auto", "client", "client-individual", "individual", "", "AUTO"):

    def _ack_mode(w: StompWorld, ack: str = _ack) -> None:
        client = w.client()
        client.ask(f"SUBSCRIBE destination:/queue/q id:0 ack:{ack} receipt:r")
        client.ask("SEND destination:/queue/q receipt:r2", "m")
        w.see("queue", w.amqp().declare("q"))
        client.drop()
        w.sleep(0.3)
        w.see("queue without the client", w.amqp().declare("q"))

    add(
        named("ack_mode", _ack, "upper" if _ack.isupper() else ""),
        f"A subscription with ack:{_ack}.",
        _ack_mode,
    )

for _header, _arguments in (
    ("durable:false", None),
    ("durable:true", None),
    ("durable:maybe", None),
    ("persistent:true", None),
    ("auto-delete:true", None),
    ("auto-delete:false", None),
    ("exclusive:true", None),
    ("exclusive:false", None),
    ("x-message-ttl:60000", {"x-message-ttl": 60000}),
    ("x-expires:60000", {"x-expires": 60000}),
    ("x-max-length:5", {"x-max-length": 5}),
    ("x-max-length-bytes:5000", {"x-max-length-bytes": 5000}),
    ("x-max-priority:5", {"x-max-priority": 5}),
    ("x-dead-letter-exchange:dlx", {"x-dead-letter-exchange": "dlx"}),
    ("x-dead-letter-routing-key:k", {"x-dead-letter-routing-key": "k"}),
    ("x-queue-type:quorum", {"x-queue-type": "quorum"}),
    ("x-queue-type:classic", {"x-queue-type": "classic"}),
    ("x-queue-type:odd", None),
    ("x-message-ttl:x", None),
    ("x-message-ttl:-1", None),
    ("x-overflow:reject-publish", {"x-overflow": "reject-publish"}),
    ("x-single-active-consumer:true", {"x-single-active-consumer": True}),
    ("x-delivery-limit:3", None),
    ("x-queue-name:other", None),
):

    def _argument(
        w: StompWorld, header: str = _header, arguments: Mapping[str, object] | None = _arguments
    ) -> None:
        client = w.client()
        client.ask(f"SUBSCRIBE destination:/queue/q id:0 {header} receipt:r")
        if arguments is not None:
            w.see("with these arguments", w.amqp().declare("q", arguments=arguments))
        w.see("without any", w.amqp().declare("q"))
        w.see("transient", w.amqp().declare("q", durable=False, auto_delete=True))
        client.ask("DISCONNECT")
        w.see("afterwards", w.amqp().declare("q", passive=True))

    def _exchange(w: StompWorld, header: str = _header) -> None:
        client = w.client()
        client.ask(f"SUBSCRIBE destination:/exchange/amq.fanout id:0 x-queue-name:mine {header} receipt:r")
        w.see("queue", w.amqp().declare("mine", passive=True))
        w.see("durable", w.amqp().declare("mine", durable=True))
        client.drop()
        w.sleep(0.3)
        w.see("afterwards", w.amqp().declare("mine", passive=True))

    _name = _header.replace("x-", "ex ").replace("-1", " minus 1").replace(":", " is ")
    add(named("queue_with", _name), f"SUBSCRIBE to a queue with {_header}.", _argument)
    if _header.partition(":")[0] in {"durable", "persistent", "auto-delete", "exclusive"}:
        add(named("exchange_with", _name), f"SUBSCRIBE to an exchange with {_header}.", _exchange)

for _prefetch in ("1", "2", "0", "x", "-1", "65536", ""):

    def _limit(w: StompWorld, prefetch: str = _prefetch) -> None:
        sender = w.client()
        for number in range(4):
            sender.say("SEND destination:/queue/q", f"m{number}")
        sender.ask("SEND destination:/queue/q receipt:r", "m4")
        client = w.client()
        client.ask(
            f"SUBSCRIBE destination:/queue/q id:0 ack:client-individual prefetch-count:{prefetch} receipt:r"
        )
        client.ask("BEGIN transaction:t receipt:r", what="afterwards")

    add(
        named("prefetch_count", _prefetch.replace("-", "minus ")),
        f"SUBSCRIBE with prefetch-count:{_prefetch}.",
        _limit,
    )


@fact
def prefetch_and_acknowledgements(w: StompWorld) -> None:
    """Each acknowledgement lets the next message come; the count is each subscription's own."""
    client = w.client()
    for queue in ("a", "b"):
        client.ask(f"SUBSCRIBE destination:/queue/{queue} id:{queue} ack:client-individual prefetch-count:1")
        for number in range(3):
            client.say(f"SEND destination:/queue/{queue}", f"{queue}{number}")
        client.hear(queue)
    frames = client.frames()
    w.see("nothing more", frames)


@fact
def subscribing_twice_with_one_id(w: StompWorld) -> None:
    """An id that is in use ends the connection."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 receipt:r")
    client.ask("SUBSCRIBE destination:/queue/other id:0 receipt:r2")
    w.see("other queue", w.amqp().declare("other", passive=True))


@fact
def subscribing_twice_to_one_queue(w: StompWorld) -> None:
    """Two subscriptions of one client share a queue."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 receipt:r")
    client.ask("SUBSCRIBE destination:/queue/q id:1 receipt:r2")
    for number in range(4):
        client.ask("SEND destination:/queue/q", f"m{number}")


@fact
def subscription_ids_that_are_odd(w: StompWorld) -> None:
    """Empty, with a separator of message ids, with a reserved beginning."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id: receipt:r")
    client.ask("SEND destination:/queue/q", "m")
    client.ask("UNSUBSCRIBE id: receipt:r")
    client.ask("SUBSCRIBE destination:/queue/q id:a@@b ack:client receipt:r")
    client.ask("SEND destination:/queue/q", "m")
    client.ask("UNSUBSCRIBE id:a@@b receipt:r")


@fact
def subscription_id_that_is_reserved(w: StompWorld) -> None:
    """An id that begins with /temp-queue/."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:/temp-queue/x receipt:r")
    client.ask("UNSUBSCRIBE id:/temp-queue/x receipt:r2")
    client.ask("BEGIN transaction:t receipt:r3", what="afterwards")


@fact
def subscribing_without_destination(w: StompWorld) -> None:
    """SUBSCRIBE needs a destination; the link stays open after the error."""
    client = w.client()
    client.ask("SUBSCRIBE id:0 receipt:r")
    client.ask("SUBSCRIBE destination:/queue/q id:0 receipt:r2")


@fact
def unsubscribing(w: StompWorld) -> None:
    """Ends the messages; by id, or by destination where there is no id."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 receipt:r")
    client.ask("UNSUBSCRIBE id:0 receipt:r2")
    client.ask("SEND destination:/queue/q receipt:r3", "m")
    client.ask("UNSUBSCRIBE id:0 receipt:r4", what="twice")
    client.ask("UNSUBSCRIBE receipt:r5")
    client.ask("UNSUBSCRIBE destination:/queue/q receipt:r6")
    client.ask("SUBSCRIBE destination:/queue/q id:0 receipt:r7", what="again")


@fact
def unsubscribing_by_destination_what_has_an_id(w: StompWorld) -> None:
    """A subscription with an id is not found by its destination."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 receipt:r")
    client.ask("UNSUBSCRIBE destination:/queue/q receipt:r2")


@fact
def unsubscribing_with_messages_in_hand(w: StompWorld) -> None:
    """They stay with the client until it goes; the acknowledgement then finds no subscription."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 ack:client-individual")
    client.say("SEND destination:/queue/q", "m")
    message = client.frames()[0]
    tag = next(line for line in message.split("\n") if line.startswith("ack:"))[4:]
    client.ask("UNSUBSCRIBE id:0 receipt:r")
    client.say(f"ACK id:{tag} receipt:r2")
    client.hear("ACK")
    w.see("queue", w.amqp().declare("q"))
    client.ask("DISCONNECT")
    w.see("queue afterwards", w.amqp().declare("q"))


@fact
def a_durable_subscription(w: StompWorld) -> None:
    """Its queue stays when the client goes, collects, and has a name made of destination and id."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/topic/t id:me durable:true auto-delete:false receipt:r")
    client.ask("DISCONNECT")
    sender = w.client()
    sender.ask("SEND destination:/topic/t receipt:r", "while it was away")
    again = w.client()
    again.ask("SUBSCRIBE destination:/topic/t id:me durable:true auto-delete:false receipt:r")
    again.ask("UNSUBSCRIBE id:me receipt:r2", what="UNSUBSCRIBE without durable")
    sender.ask("SEND destination:/topic/t receipt:r", "while it is unsubscribed")
    again.ask("SUBSCRIBE destination:/topic/t id:me durable:true auto-delete:false receipt:r3")
    again.ask("UNSUBSCRIBE id:me durable:true receipt:r4", what="UNSUBSCRIBE with durable")
    sender.ask("SEND destination:/topic/t receipt:r", "gone")
    again.ask("SUBSCRIBE destination:/topic/t id:me durable:true auto-delete:false receipt:r5")


@fact
def a_durable_subscription_with_auto_delete(w: StompWorld) -> None:
    """Without auto-delete:false a durable subscription to a topic ends with its client."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/topic/t id:me durable:true x-queue-name:mine receipt:r")
    w.see("queue", w.amqp().declare("mine", auto_delete=True))
    client.ask("DISCONNECT")
    w.see("afterwards", w.amqp().declare("mine", passive=True))


@fact
def the_name_of_a_durable_subscription(w: StompWorld) -> None:
    """Its queue's name is the same for the same topic and id."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/topic/t id:me durable:true auto-delete:false receipt:r")
    client.ask("SUBSCRIBE destination:/topic/a.b id:you persistent:true auto-delete:false receipt:r")
    client.ask(
        "SUBSCRIBE destination:/exchange/amq.fanout id:it durable:true auto-delete:false "
        "exclusive:false receipt:r"
    )
    for name in (
        "mA1pwn0hebuYI_OqjFhnzQ",
        "l1_oByhLUjKu4vWsAgm2OQ",
        "mLSWQWjSu7lOAzH8FvFTPw",
    ):
        w.see(name, "consumers" in w.amqp().declare(f"stomp-subscription-{name}", passive=True))


@fact
def a_durable_subscription_without_id(w: StompWorld) -> None:
    """It needs an id; the link stays open after the error."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/topic/t durable:true receipt:r")
    client.ask("SUBSCRIBE destination:/topic/t persistent:true receipt:r")
    client.ask("UNSUBSCRIBE destination:/topic/t durable:true receipt:r")
    client.ask("SUBSCRIBE destination:/topic/t durable:True receipt:r")


@fact
def a_durable_subscription_that_is_in_use(w: StompWorld) -> None:
    """Two clients with one durable subscription share its messages."""
    one, two = w.client(), w.client()
    for client in (one, two):
        client.ask("SUBSCRIBE destination:/topic/t id:me durable:true auto-delete:false receipt:r")
    sender = w.client()
    for number in range(4):
        sender.ask("SEND destination:/topic/t receipt:r", f"m{number}")
    one.hear("one")
    two.hear("two")


@fact
def a_topic_subscription_ends_with_its_client(w: StompWorld) -> None:
    """Its queue is not exclusive, but it goes with its last consumer."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/topic/t id:me x-queue-name:mine receipt:r")
    w.see("queue", w.amqp().declare("mine", passive=True))
    client.drop()
    w.sleep(0.3)
    w.see("afterwards", w.amqp().declare("mine", passive=True))


@fact
def unsubscribing_from_a_topic(w: StompWorld) -> None:
    """The queue of a topic's subscription goes with it."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/topic/t id:me x-queue-name:mine receipt:r")
    client.ask("UNSUBSCRIBE id:me receipt:r2")
    w.see("afterwards", w.amqp().declare("mine", passive=True))


@fact
def a_queue_deleted_under_a_subscription(w: StompWorld) -> None:
    """The client is told with ERROR that its subscription is over; the link stays open."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:my-id receipt:r")
    client.ask("SUBSCRIBE destination:/queue/q2 receipt:r")
    w.see("deleted", w.amqp().delete("q"))
    client.hear("ERROR")
    w.see("deleted", w.amqp().delete("q2"))
    client.hear("ERROR for one without an id")
    client.ask("UNSUBSCRIBE id:my-id receipt:r2")
    client.ask("SUBSCRIBE destination:/amq/queue/q id:my-id receipt:r3")


@fact
def a_queue_of_another_connection(w: StompWorld) -> None:
    """An exclusive queue is locked for STOMP, too."""
    amqp = w.amqp()
    amqp.declare("mine", exclusive=True)
    w.client().ask("SUBSCRIBE destination:/amq/queue/mine id:0 receipt:r")
    w.client().ask("SUBSCRIBE destination:/queue/mine id:0 receipt:r")
    w.client().ask("SEND destination:/queue/mine receipt:r", "m")


@fact
def a_queue_in_exclusive_use(w: StompWorld) -> None:
    """An exclusive consumer keeps a subscription out."""
    amqp = w.amqp()
    amqp.declare("q")
    amqp.consume("q", "c", exclusive=True)
    w.client().ask("SUBSCRIBE destination:/queue/q id:0 receipt:r")


@fact
def messages_that_wait(w: StompWorld) -> None:
    """What waits in a queue comes right after SUBSCRIBE: before its receipt, or behind it."""
    sender = w.client()
    for number in range(3):
        sender.ask("SEND destination:/queue/q receipt:r", f"m{number}")
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0")


@fact
def ending_a_client_gives_back(w: StompWorld) -> None:
    """What was not acknowledged is delivered again, and says so."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 ack:client-individual")
    client.ask("SEND destination:/queue/q", "m")
    client.drop()
    w.sleep(0.3)
    w.client().ask("SUBSCRIBE destination:/queue/q id:0 ack:client-individual")
