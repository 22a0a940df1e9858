"""STOMP and AMQP clients of one virtual host: what each sees of the other's messages."""

from __future__ import annotations

from typing import Any

from tests.conformance.stomp.facts.acknowledging import header
from tests.conformance.stomp.script import StompWorld, add, fact, named

_SEEN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("nothing", {}),
    ("transient", {"delivery_mode": 1}),
    ("content_type", {"content_type": "text/plain"}),
    ("content_encoding", {"content_encoding": "gzip"}),
    ("priority", {"priority": 4}),
    ("correlation_id", {"correlation_id": "c:1"}),
    ("expiration", {"expiration": "60000"}),
    ("message_id", {"message_id": "m-1"}),
    ("timestamp", {"timestamp": 1700000000}),
    ("type", {"type": "t"}),
    ("user_id", {"user_id": "guest"}),
    ("app_id", {"app_id": "a"}),
    ("cluster_id", {"cluster_id": "c"}),
    ("empty_texts", {"content_type": "", "correlation_id": ""}),
    ("headers_of_text", {"headers": {"b": "x", "a": "y", "c": ""}}),
    ("headers_of_numbers", {"headers": {"i": 1, "minus": -5, "long": 2**40}}),
    (
        "headers_of_other_types",
        {"headers": {"bool": True, "void": None, "table": {"k": 1}, "list": [1], "s": "x"}},
    ),
    (
        "headers_like_properties",
        {"headers": {"priority": "9", "content-type": "h", "message-id": "h"}, "priority": 2},
    ),
    ("headers_like_the_frames", {"headers": {"destination": "d", "subscription": "s", "redelivered": "r"}}),
    ("headers_with_a_length", {"headers": {"content-length": "99"}}),
    ("headers_that_are_no_ascii", {"headers": {"k\u00e4": "v\u00fc:\n"}}),
    (
        "everything",
        {
            "content_type": "text/plain",
            "content_encoding": "utf-8",
            "priority": 4,
            "correlation_id": "c",
            "expiration": "60000",
            "message_id": "m",
            "timestamp": 1700000000,
            "type": "t",
            "user_id": "guest",
            "app_id": "a",
            "reply_to": "r",
            "headers": {"b": "x", "a": 1},
        },
    ),
)

for _name, _properties in _SEEN:

    def _crossed(w: StompWorld, properties: dict[str, Any] = _properties) -> None:
        client = w.client()
        client.ask("SUBSCRIBE destination:/queue/q id:0")
        w.amqp().publish("body", "q", **properties)
        client.hear("what STOMP sees")

    add(
        named("from_amqp", _name),
        f"What STOMP sees of an AMQP message with {_name.replace('_', ' ')}.",
        _crossed,
    )


@fact
def from_amqp_an_empty_body(w: StompWorld) -> None:
    """A MESSAGE without a body has no content-length."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0")
    w.amqp().publish("", "q")
    client.hear("what STOMP sees")


@fact
def from_amqp_a_body_with_nul(w: StompWorld) -> None:
    """A body may have zero bytes, as it has a length."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0")
    w.amqp().publish("a\0b\0", "q")
    client.hear("what STOMP sees")


@fact
def from_amqp_by_confirm(w: StompWorld) -> None:
    """An AMQP publisher's message to a STOMP consumer counts as any other."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/q id:0 ack:client-individual")
    amqp = w.amqp()
    w.see("confirmed", amqp.fill("q", "one", "two"))
    frames = client.frames()
    w.see("received", frames)
    client.say(f"ACK id:{header(frames[1], 'ack')} receipt:r")
    client.hear("ACK")
    client.drop()
    w.sleep(0.3)
    w.see("left", amqp.get("q", auto_ack=True))


@fact
def dead_letters_seen_by_stomp(w: StompWorld) -> None:
    """x-death is a table and does not show; what is text beside it does."""
    amqp = w.amqp()
    amqp.declare("q", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
    amqp.declare("dead")
    client = w.client()
    client.ask("SUBSCRIBE destination:/queue/dead id:0")
    amqp.publish("m", "q", headers={"k": "v"})
    amqp.get("q")
    amqp.nack(1, requeue=False)
    client.hear("dead letter")


@fact
def a_quorum_queue(w: StompWorld) -> None:
    """Its messages tell how often they were given back."""
    client = w.client()
    client.ask(
        "SUBSCRIBE destination:/queue/q id:0 ack:client-individual x-queue-type:quorum "
        "prefetch-count:1 receipt:r"
    )
    client.say("SEND destination:/queue/q persistent:true", "m")
    frames = client.frames()
    w.see("first", frames)
    client.drop()
    w.sleep(0.5)
    again = w.client()
    again.ask("SUBSCRIBE destination:/amq/queue/q id:0 ack:client-individual receipt:r")


@fact
def a_queue_with_priorities(w: StompWorld) -> None:
    """The priority header counts."""
    client = w.client()
    client.ask("SEND destination:/queue/q x-max-priority:5 priority:1 receipt:r", "low")
    client.ask("SEND destination:/queue/q priority:5 receipt:r", "high")
    client.ask("SUBSCRIBE destination:/amq/queue/q id:0 prefetch-count:1")


@fact
def from_stomp_headers_in_amqp(w: StompWorld) -> None:
    """The headers that a STOMP client sends are texts in AMQP, in the frame's reverse order or not."""
    client = w.client()
    client.tell(
        b"SEND\ndestination:/queue/q\nb:1\na:two words\nreceipt:r\ncontent-length:3\nc:\\n\n\nx\0y\0",
        "SEND",
    )
    w.see("message", w.amqp().get("q", auto_ack=True))
