"""Requests and replies: /temp-queue, /reply-queue, reply-to."""

from __future__ import annotations

from tests.conformance.stomp.facts.acknowledging import header
from tests.conformance.stomp.script import StompWorld, fact


@fact
def a_request_and_its_reply(w: StompWorld) -> None:
    """reply-to:/temp-queue/NAME makes a queue for the client, which is subscribed without a SUBSCRIBE."""
    server, client = w.client(), w.client()
    server.ask("SUBSCRIBE destination:/queue/rpc id:0")
    client.ask("SEND destination:/queue/rpc reply-to:/temp-queue/mine correlation-id:1 receipt:r", "request")
    frames = server.frames()
    w.see("request", frames)
    server.say(f"SEND destination:{header(frames[0], 'reply-to')} correlation-id:1", "reply")
    server.hear("the server hears")
    client.hear("the client hears")


@fact
def a_temporary_queue_used_twice(w: StompWorld) -> None:
    """The same name is the same queue, on one connection; another name is another one."""
    server, client, other = w.client(), w.client(), w.client()
    server.ask("SUBSCRIBE destination:/queue/rpc id:0")
    for who, name in ((client, "a"), (client, "a"), (client, "b"), (other, "a")):
        who.say(f"SEND destination:/queue/rpc reply-to:/temp-queue/{name}", "request")
        server.hear(f"{'client' if who is client else 'other'} {name}")


@fact
def a_temporary_queue_is_the_clients_own(w: StompWorld) -> None:
    """It is exclusive, and ends with the connection."""
    server, client = w.client(), w.client()
    server.ask("SUBSCRIBE destination:/queue/rpc id:0")
    client.say("SEND destination:/queue/rpc reply-to:/temp-queue/mine", "request")
    reply_to = header(server.frames()[0], "reply-to")
    name = reply_to.removeprefix("/reply-queue/")
    w.see("from outside", w.amqp().declare(name, passive=True))
    client.drop()
    w.sleep(0.3)
    w.see("afterwards", w.amqp().declare(name, passive=True))
    server.say(f"SEND destination:{reply_to} receipt:r", "late")
    server.hear("a late reply")


@fact
def a_reply_by_amqp(w: StompWorld) -> None:
    """A server that speaks AMQP sees the queue's own name."""
    amqp = w.amqp()
    amqp.declare("rpc")
    client = w.client()
    client.ask("SEND destination:/queue/rpc reply-to:/temp-queue/mine", "request")
    request = amqp.get("rpc", auto_ack=True)
    w.see("request", request)
    amqp.publish("reply", request["reply_to"], correlation_id="1")
    client.hear("reply")


@fact
def a_request_by_amqp(w: StompWorld) -> None:
    """A reply-to that is no destination is told as /reply-queue/NAME."""
    amqp = w.amqp()
    server = w.client()
    server.ask("SUBSCRIBE destination:/queue/rpc id:0")
    for reply_to in (
        "answers",
        "/queue/x",
        "/temp-queue/x",
        "/topic/t",
        "/reply-queue/x",
        "/amq/queue/q",
        "/exchange/e",
        "",
    ):
        amqp.publish("request", "rpc", reply_to=reply_to)
        server.hear(f"reply_to {reply_to!r}")


@fact
def a_reply_queue_takes_a_whole_name(w: StompWorld) -> None:
    """What follows /reply-queue/ is a queue's name, slashes included; nothing is declared."""
    amqp = w.amqp()
    amqp.declare("a/b")
    client = w.client()
    client.ask("SEND destination:/reply-queue/a/b receipt:r", "m")
    client.ask("SEND destination:/reply-queue/nowhere receipt:r", "m")
    w.see("a/b", amqp.get("a/b", auto_ack=True))
    w.see("nowhere", amqp.declare("nowhere", passive=True))


@fact
def subscribing_to_a_temporary_queue(w: StompWorld) -> None:
    """A client can't subscribe to one by itself, even after it used it."""
    client = w.client()
    client.ask("SUBSCRIBE destination:/temp-queue/mine id:0 receipt:r")
    client.ask("SEND destination:/queue/rpc reply-to:/temp-queue/mine receipt:r", "request")
    client.ask("SUBSCRIBE destination:/temp-queue/mine id:0 receipt:r2")
    client.ask("UNSUBSCRIBE id:/temp-queue/mine receipt:r3")


@fact
def a_request_in_a_transaction(w: StompWorld) -> None:
    """The temporary queue is made at once, the request sent at COMMIT."""
    server, client = w.client(), w.client()
    server.ask("SUBSCRIBE destination:/queue/rpc id:0")
    client.ask("BEGIN transaction:t")
    client.ask("SEND destination:/queue/rpc reply-to:/temp-queue/mine transaction:t receipt:r", "request")
    client.ask("COMMIT transaction:t receipt:r2")
    server.hear("request")
