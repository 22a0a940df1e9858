"""SEND: properties, receipts, headers that are not allowed."""

from __future__ import annotations

from tests.conformance.stomp.script import StompWorld, add, fact, named


def _sent(name: str, says: str, headers: str, body: str = "m") -> None:
    def play(w: StompWorld) -> None:
        client = w.client()
        client.ask(f"SEND destination:/queue/q receipt:r {headers}", body)
        w.see("as AMQP has it", w.amqp().get("q", auto_ack=True))
        client.ask("SEND destination:/queue/q receipt:after", "after", "a message after that")

    add(name, says, play)


for _header in (
    "persistent:true",
    "persistent:false",
    "persistent:True",
    "persistent:1",
    "priority:5",
    "priority:0",
    "priority:x",
    "priority:300",
    "priority:-1",
    "content-type:text/plain",
    "content-encoding:utf-8",
    "correlation-id:c-1",
    "expiration:60000",
    "expiration:x",
    "expiration:-1",
    "expiration:60000 amqp-message-id:m-1",
    "message-id:m-1",
    "timestamp:1700000000",
    "timestamp:x",
    "type:t",
    "user-id:guest",
    "user-id:somebody",
    "app-id:a",
    "reply-to:/queue/r",
    "reply-to:r",
    "reply-to:/topic/t",
    "reply-to:/nowhere/t",
    "reply-to:",
    "custom:value",
    "x-custom:value",
    "id:7",
    "ack:client",
    "selector:x",
    "subscription:s",
    "redelivered:true",
    "session:s",
    "server:s",
    "version:1",
    "heart-beat:1,1",
    "CC:x",
    "delivery-mode:2",
    "cluster-id:c",
    "requeue:true",
    "prefetch-count:5",
    "transaction:nope",
    "durable:false",
    "auto-delete:true",
    "exclusive:true",
    "x-message-ttl:60000",
    "x-max-length:1",
    "x-queue-type:quorum",
    "x-queue-name:other",
    "headers:h",
    "content-length-x:1",
):
    _sent(
        named(
            "sent_with",
            _header.replace("x-", "ex ")
            .replace("-1", " minus 1")
            .replace(":T", " is capital t")
            .replace(":", " is "),
        ),
        f"SEND with the header {_header}.",
        _header,
    )

_sent(
    "sent_with_everything",
    "All properties at once.",
    "persistent:true priority:3 content-type:text/plain content-encoding:utf-8 correlation-id:c "
    "expiration:60000 amqp-message-id:m timestamp:1700000000 type:t user-id:guest app-id:a "
    "reply-to:/queue/r one:1 two:2",
)


@fact
def sent_without_destination(w: StompWorld) -> None:
    """SEND needs a destination; the link stays open after the error."""
    client = w.client()
    client.ask("SEND receipt:r", "m")
    client.ask("SEND destination:/queue/q receipt:r2", "m")


@fact
def all_properties_come_back(w: StompWorld) -> None:
    """What a subscriber sees of all the properties."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0")
    client.ask(
        "SEND destination:/queue/q receipt:r persistent:true priority:3 content-type:text/plain "
        "content-encoding:utf-8 correlation-id:c expiration:60000 amqp-message-id:m "
        "timestamp:1700000000 type:t user-id:guest app-id:a reply-to:/queue/r one:1 two:2",
        "body",
    )


for _header in (
    "persistent:true",
    "persistent:True",
    "persistent:false",
    "priority:300",
    "priority:-1",
    "timestamp:-5",
):

    def _round(w: StompWorld, header: str = _header) -> None:
        w.amqp().declare("q")
        client = w.client()
        client.ask("SUBSCRIBE destination:/amq/queue/q id:0")
        client.ask(f"SEND destination:/amq/queue/q {header}", "m")

    add(
        named(
            "round_with", _header.replace(":T", " is capital t").replace(":", " is ").replace("-", " minus ")
        ),
        f"What comes back of {_header}.",
        _round,
    )


@fact
def headers_that_look_like_the_servers(w: StompWorld) -> None:
    """A sender's own headers go through beside the server's."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0")
    client.ask(
        "SEND destination:/queue/q subscription:s redelivered:maybe ack:a foo:1 content-length:4", "body"
    )


@fact
def receipts_on_everything(w: StompWorld) -> None:
    """Every frame of a client may ask for a receipt."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 ack:client receipt:subscribe")
    client.ask("SEND destination:/queue/q receipt:send", "m")
    client.ask("BEGIN transaction:t receipt:begin")
    client.ask("ABORT transaction:t receipt:abort")
    client.ask("BEGIN transaction:t receipt:begin-2")
    client.ask("COMMIT transaction:t receipt:commit")
    client.ask("UNSUBSCRIBE id:0 receipt:unsubscribe")
    client.ask("DISCONNECT receipt:disconnect")


@fact
def receipts_in_order(w: StompWorld) -> None:
    """Several messages and other frames in one piece: in which order the receipts come."""
    client = w.client()
    client.ask("SEND destination:/topic/first receipt:0", "m")
    for number in range(1, 6):
        client.say(f"SEND destination:/topic/t receipt:{number}", "m")
    client.hear("five messages that go nowhere")


@fact
def receipts_with_one_name(w: StompWorld) -> None:
    """Nobody minds two receipts with one name."""
    client = w.client()
    client.ask("SEND destination:/queue/q receipt:r", "m")
    client.ask("SEND destination:/queue/q receipt:r", "m")
    client.ask("BEGIN transaction:t receipt:r")


@fact
def receipts_with_odd_names(w: StompWorld) -> None:
    """Empty, with a colon, with spaces."""
    client = w.client()
    client.ask("BEGIN transaction:t receipt:")
    client.ask("BEGIN transaction:t receipt:a:b")
    client.tell(b"BEGIN\ntransaction:t\nreceipt: a b \n\n\0", "spaces")


@fact
def a_message_that_is_refused_has_a_receipt(w: StompWorld) -> None:
    """A queue that is full and refuses: what the sender with a receipt hears."""
    amqp = w.amqp()
    amqp.declare("full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    client = w.client()
    client.ask("SEND destination:/amq/queue/full receipt:one", "m")
    client.ask("SEND destination:/amq/queue/full receipt:two", "m")
    client.ask("SEND destination:/amq/queue/full", "m", "without a receipt")
    client.ask("SEND destination:/amq/queue/full receipt:three", "m")


@fact
def a_missing_exchange_ends_the_connection(w: StompWorld) -> None:
    """An error of AMQP's is told with ERROR, and ends the stream."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 receipt:r")
    client.ask("SEND destination:/exchange/nowhere/k", "m")
    client.ask("SEND destination:/queue/q receipt:r", "m", "after it")


@fact
def an_unroutable_message_has_its_receipt(w: StompWorld) -> None:
    """Nobody is told that a message found no queue."""
    client = w.client()
    client.ask("SEND destination:/amq/queue/nowhere receipt:r", "m")
    client.ask("SEND destination:/exchange/amq.direct/nowhere receipt:r", "m")


@fact
def an_expiration(w: StompWorld) -> None:
    """A message whose expiration is over is not delivered."""
    client = w.client()
    client.ask("SEND destination:/queue/q expiration:200 receipt:r", "short")
    client.ask("SEND destination:/queue/q expiration:60000 receipt:r", "long")
    w.sleep(0.5)
    client.ask("SUBSCRIBE destination:/queue/q id:0")
