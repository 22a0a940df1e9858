"""Direct reply-to."""

from __future__ import annotations

from tests.conformance.script import World, bodies, fact

_REPLY = "amq.rabbitmq.reply-to"


@fact()
def direct_reply_to(w: World) -> None:
    """A request carries a made-up address; an answer published to it arrives without a queue."""
    client, server = w.channel(), w.channel()
    server.declare("rpc")
    w.see("consume", client.consume(_REPLY, "replies", auto_ack=True))
    client.publish("question", "rpc", reply_to=_REPLY, correlation_id="1")
    server.consume("rpc", "s")
    (request,) = server.take(1)
    w.see("address", request["reply_to"])
    server.confirm()
    w.see("answer", server.put("answer", request["reply_to"], correlation_id="1"))
    w.see("reply", client.take(1))
    w.see("declared by address", server.declare(request["reply_to"], passive=True))


@fact()
def direct_reply_to_after_the_client(w: World) -> None:
    """A reply for a client that is gone is lost; a mandatory one comes back, but not on 4.3."""
    client, server = w.connect(), w.channel()
    asking = client.channel()
    server.declare("rpc")
    asking.consume(_REPLY, "replies", auto_ack=True)
    asking.publish("question", "rpc", reply_to=_REPLY)
    server.consume("rpc", "s")
    (request,) = server.take(1)
    client.close()
    w.sleep(0.3)
    server.confirm()
    server.publish("answer", request["reply_to"], mandatory=True)
    w.see("events", server.events())
    w.see("declared by address", server.declare(request["reply_to"], passive=True))


@fact()
def direct_reply_to_needs_auto_ack(w: World) -> None:
    """Manual acks: 406."""
    w.see("consume", w.channel().consume(_REPLY, "c"))


@fact()
def direct_reply_to_once_a_channel(w: World) -> None:
    """A second reply consumer on the channel: 406."""
    ch = w.channel()
    ch.consume(_REPLY, "a", auto_ack=True)
    w.see("second", ch.consume(_REPLY, "b", auto_ack=True))


@fact()
def direct_reply_to_without_a_consumer(w: World) -> None:
    """A request with that reply-to and no reply consumer: 406."""
    ch = w.channel()
    ch.declare("rpc")
    ch.publish("m", "rpc", reply_to=_REPLY)
    w.see("fate", ch.fate(expect_close=True))


@fact()
def direct_reply_to_consumed_again(w: World) -> None:
    """After a cancel the pseudo-queue can be consumed again."""
    ch = w.channel()
    ch.consume(_REPLY, "a", auto_ack=True)
    w.see("cancel", ch.cancel("a"))
    w.see("again", ch.consume(_REPLY, "b", auto_ack=True))


@fact()
def direct_reply_to_is_no_queue(w: World) -> None:
    """What other methods say to that name."""
    w.see("passive declare", w.channel().declare(_REPLY, passive=True))
    w.see("declare", w.channel().declare(_REPLY))
    w.see("get", w.channel().get(_REPLY))
    w.see("bind", w.channel().bind(_REPLY, "amq.fanout"))
    w.see("delete", w.channel().delete(_REPLY))
    ch = w.channel()
    ch.publish("m", _REPLY, mandatory=True)
    w.see("publish", ch.returns())


@fact()
def reply_queue_of_the_client(w: World) -> None:
    """The usual way: an exclusive queue for the replies, its name in reply-to."""
    client, server = w.channel(), w.channel()
    server.declare("rpc")
    replies = client.declare("", exclusive=True)["queue"]
    client.consume(replies, "c", auto_ack=True)
    client.publish("2", "rpc", reply_to=replies, correlation_id="x")
    server.consume("rpc", "s")
    (request,) = server.take(1)
    w.see("request", request)
    server.publish("4", request["reply_to"], correlation_id=request["correlation_id"])
    server.ack(1)
    w.see("reply", bodies(client.take(1)))
