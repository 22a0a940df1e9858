"""Consuming, fetching and acknowledging."""

from __future__ import annotations

from tests.conformance.script import ACK_TIMEOUT, Channel, World, bodies, fact


@fact()
def a_delivery_and_all_its_properties(w: World) -> None:
    """What the publisher sets arrives as it was set; an unset delivery mode stays unset."""
    ch = w.channel()
    ch.declare("q")
    ch.confirm()
    ch.put(
        "all",
        "q",
        content_type="text/plain",
        content_encoding="utf-8",
        priority=3,
        correlation_id="c-1",
        reply_to="r",
        expiration="60000",
        message_id="m-1",
        timestamp=1700000000,
        type="t",
        user_id="guest",
        app_id="app",
        cluster_id="cl",
        headers={"n": 1, "s": "x", "b": True, "l": [1, "a"], "t": {"k": None}, "big": 2**40},
    )
    ch.put("transient", "q", delivery_mode=1)
    ch.put("unset", "q", delivery_mode=None)
    ch.put("", "q")
    ch.consume("q", "c")
    w.see("deliveries", ch.take(4))


@fact()
def user_id_must_be_true(w: World) -> None:
    """A user-id that isn't the connection's user: 406."""
    ch = w.channel()
    ch.declare("q")
    ch.publish("m", "q", user_id="somebody")
    w.see("fate", ch.fate(expect_close=True))


@fact()
def getting(w: World) -> None:
    """basic.get: the message and how many are left, or empty; tags count up over the channel."""
    ch = w.channel()
    ch.declare("q")
    w.see("empty", ch.get("q"))
    ch.fill("q", "a", "b", "c")
    w.see("first", ch.get("q"))
    w.see("auto-ack", ch.get("q", auto_ack=True))
    ch.consume("q", "c")
    w.see("a delivery goes on counting", ch.take(1))
    w.see("count", ch.declare("q", passive=True))
    ch.ack(2)
    w.see("the auto-acked tag is unknown", ch.fate(expect_close=True))


@fact()
def auto_ack_is_gone_when_sent(w: World) -> None:
    """auto_ack: the queue forgets at sending; a client that dies takes its buffer with it;
    prefetch doesn't count."""
    connection = w.connect()
    ch = connection.channel()
    ch.declare("q")
    ch.qos(1)
    ch.fill("q", "a", "b", "c", "d")
    ch.consume("q", "c", auto_ack=True)
    w.see("all at once", bodies(ch.take(4)))
    w.see("counts", ch.declare("q"))
    connection.drop()
    w.sleep(0.3)
    w.see("after the client died", w.channel().get("q"))


@fact()
def closed_channel_gives_back(w: World) -> None:
    """What a closed channel held goes back in order, marked redelivered."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", "a", "b", "c", "d")
    ch.qos(3)
    ch.consume("q", "c")
    w.see("held", bodies(ch.take(3)))
    ch.ack(2)
    w.see("close", ch.close())
    other = w.channel()
    w.sleep(0.2)
    w.see("counts", other.declare("q"))
    other.consume("q", "c")
    w.see("again", other.take(3))


@fact()
def broken_connection_gives_back(w: World) -> None:
    """The same for a stream that breaks; what never was delivered isn't marked."""
    connection = w.connect()
    ch = connection.channel()
    ch.declare("q")
    ch.fill("q", "a", "b", "c")
    ch.qos(2)
    ch.consume("q", "c")
    ch.take(2)
    connection.drop()
    other = w.channel()
    w.sleep(0.3)
    other.consume("q", "c")
    w.see("again", bodies(other.take(3)))


@fact()
def channel_error_gives_back(w: World) -> None:
    """A channel that a mistake closes gives back, too."""
    connection = w.connect()
    ch = connection.channel()
    ch.declare("q")
    ch.fill("q", "a", "b")
    ch.consume("q", "c")
    ch.take(2)
    ch.ack(7)
    w.see("fate", ch.fate(expect_close=True))
    w.sleep(0.2)
    other = connection.channel()
    other.consume("q", "c")
    w.see("again", bodies(other.take(2)))


@fact()
def cancelling_keeps_what_is_held(w: World) -> None:
    """A cancelled consumer keeps its unacknowledged messages; they can be acked, and go back with
    the channel."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", "a", "b", "c")
    ch.qos(2)
    ch.consume("q", "c")
    ch.take(2)
    w.see("cancel", ch.cancel("c"))
    w.see("counts", ch.declare("q"))
    ch.ack(1)
    w.see("nothing more comes", ch.rest())
    w.see("fate", ch.fate())
    ch.close()
    other = w.channel()
    w.sleep(0.2)
    other.consume("q", "c")
    w.see("then", bodies(other.take(2)))


@fact()
def unknown_delivery_tags(w: World) -> None:
    """Twice, never given, multiple and unknown, zero, on another channel: 406, and only that
    channel closes."""
    connection = w.connect()
    setup = connection.channel()
    setup.declare("q")
    setup.fill("q", *"abcdefgh")
    ch = connection.channel()
    ch.get("q")
    ch.ack(1)
    ch.ack(1)
    w.see("ack twice", ch.fate(expect_close=True))
    ch = connection.channel()
    ch.ack(5)
    w.see("ack, never given", ch.fate(expect_close=True))
    ch = connection.channel()
    ch.nack(5)
    w.see("nack", ch.fate(expect_close=True))
    ch = connection.channel()
    ch.reject(5)
    w.see("reject", ch.fate(expect_close=True))
    ch = connection.channel()
    ch.get("q")
    ch.ack(3, multiple=True)
    w.see("multiple beyond what was given", ch.fate(expect_close=True))
    ch = connection.channel()
    ch.get("q")
    ch.ack(0)
    w.see("zero, not multiple", ch.fate(expect_close=True))
    ch = connection.channel()
    ch.ack(0, multiple=True)
    w.see("zero and multiple with nothing held", ch.fate())
    ch.nack(0, multiple=True)
    w.see("nack zero and multiple with nothing held", ch.fate())
    one, two = connection.channel(), connection.channel()
    one.get("q")
    two.ack(1)
    w.see("another channel's tag", two.fate(expect_close=True))
    w.see("the channel that has it", one.fate())
    w.see("the connection", connection.fate())
    ch = connection.channel()
    ch.get("q")
    ch.get("q")
    ch.ack(2, multiple=True)
    ch.ack(1, multiple=True)
    w.see("multiple, all known up to it already acked", ch.fate(expect_close=True))


@fact()
def acking_several(w: World) -> None:
    """multiple covers every tag up to it, whoever it was delivered to; 0 covers all."""
    ch = w.channel()
    for name in ("q", "r"):
        ch.declare(name)
        ch.fill(name, "1", "2", "3")
    for _ in range(2):
        ch.get("q")
        ch.get("r")
    ch.ack(3, multiple=True)
    ch.get("q")
    ch.ack(0, multiple=True)
    ch.ack(6)
    w.see("fate", ch.fate(expect_close=True))
    other = w.channel()
    w.see("q", other.declare("q"))
    w.see("r", other.declare("r"))


@fact()
def tags_out_of_order(w: World) -> None:
    """Acks may come in any order."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", "a", "b", "c")
    ch.consume("q", "c")
    ch.take(3)
    for tag in (3, 1, 2):
        ch.ack(tag)
    w.see("fate", ch.fate())
    ch.close()
    w.sleep(0.2)
    w.see("left", w.channel().declare("q"))


@fact()
def consumer_tags_are_unique_on_a_channel(w: World) -> None:
    """The same tag twice on a channel: 530, the connection closes; on two channels it's fine."""
    connection = w.connect()
    ch = connection.channel()
    ch.declare("q")
    w.see("first", ch.consume("q", "same"))
    w.see("on another channel", connection.channel().consume("q", "same"))


@fact("wire")
def consumer_tag_used_twice(w: World) -> None:
    """The same consumer tag twice on one channel: 530 NOT_ALLOWED closes the connection."""
    connection = w.connect()
    ch = connection.channel()
    ch.declare("q")
    ch.consume("q", "same")
    connection.send(1, "Basic.Consume", queue="q", consumer_tag="same")
    w.see("fate", connection.fate(expect_close=True))


@fact()
def acknowledged_is_gone(w: World) -> None:
    """What was acknowledged doesn't come back when the channel closes."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", "a", "b")
    ch.get("q")
    ch.ack(1)
    ch.close()
    w.sleep(0.2)
    w.see("left", w.channel().declare("q"))


@fact()
def channel_flow(w: World) -> None:
    """channel.flow: a client may ask for flow to go on, not for it to stop."""
    ch = w.channel()
    w.see("active", ch.flow(True))


@fact("wire")
def channel_flow_off(w: World) -> None:
    """channel.flow with active=false isn't implemented: 540 closes the connection."""
    connection = w.connect()
    connection.channel()
    connection.send(1, "Channel.Flow", active=False)
    w.see("fate", connection.fate(expect_close=True))


def _wait_for_the_end(w: World, channel: Channel) -> None:
    """Wait until the channel is closed, or twice the acknowledgement timeout."""
    for _ in range(10):
        w.sleep(ACK_TIMEOUT / 6)
        if channel.fate() != "open":
            break


@fact("timeout")
def acknowledgement_timeout(w: World) -> None:
    """A delivery that isn't acknowledged in time: 406 closes the channel, the message goes back.
    On 4.3 a classic queue knows no such time."""
    connection = w.connect()
    ch, other = connection.channel(), connection.channel()
    ch.declare("q")
    ch.fill("q", "slow")
    ch.consume("q", "c")
    ch.take(1)
    _wait_for_the_end(w, ch)
    w.see("the channel", ch.fate())
    w.see("the connection", connection.fate())
    w.see("the message", other.get("q"))


@fact("timeout")
def acknowledgement_timeout_of_a_get(w: World) -> None:
    """A message fetched by basic.get counts as well, or doesn't."""
    connection = w.connect()
    ch, other = connection.channel(), connection.channel()
    ch.declare("q")
    ch.fill("q", "slow")
    ch.get("q")
    _wait_for_the_end(w, ch)
    w.see("the channel", ch.fate())
    w.see("the message", other.get("q"))


@fact("timeout")
def acknowledgement_timeout_on_a_quorum_queue(w: World) -> None:
    """On a quorum queue the same; on 4.3 the consumer is cancelled instead and the channel lives."""
    connection = w.connect()
    ch, other = connection.channel(), connection.channel()
    ch.declare("q", arguments={"x-queue-type": "quorum"})
    ch.fill("q", "slow")
    ch.consume("q", "c")
    ch.take(1)
    _wait_for_the_end(w, ch)
    w.see("the channel", ch.fate())
    w.see("its consumer was cancelled", ch.cancelled())
    w.see("the message", other.get("q"))


@fact("wire")
def missed_heartbeats(w: World) -> None:
    """A client that says nothing for more than two heartbeats is dead: its messages go back; it
    finds a reset."""
    connection, other = w.connect(heartbeat=1), w.channel()
    ch = connection.channel()
    other.declare("q")
    other.fill("q", "m")
    ch.consume("q", "c")
    ch.take(1)
    w.freeze(5)
    w.see("the hanging client", connection.fate(expect_close=True))
    w.see("the message", other.get("q"))


@fact()
def large_messages(w: World) -> None:
    """A body of several frames arrives whole."""
    ch = w.channel()
    ch.declare("q")
    ch.fill("q", "x" * 400_000)
    message = ch.get("q")
    w.see("length", len(message["body"]))
