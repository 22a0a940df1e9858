"""Clients that don't keep to the protocol, and how they are told."""

from __future__ import annotations

from tests.conformance.script import Connection, World, fact


def _opened(w: World) -> Connection:
    """A connection with channel 1 open and a queue q."""
    connection = w.connect()
    connection.channel().declare("q")
    return connection


@fact("wire")
def methods_on_a_channel_that_is_not_open(w: World) -> None:
    """504 closes the connection, whatever the method."""
    for method, fields in (
        ("Basic.Publish", {"routing_key": "q"}),
        ("Queue.Declare", {"queue": "q"}),
        ("Basic.Ack", {"delivery_tag": 1}),
    ):
        connection = _opened(w)
        connection.send(9, method, "m" if method == "Basic.Publish" else None, **fields)
        w.see(method, connection.fate(expect_close=True))


@fact("wire")
def publishing_on_a_closed_channel(w: World) -> None:
    """After the client closed its channel, it's 504."""
    connection = w.connect()
    ch = connection.channel()
    ch.declare("q")
    w.see("close", ch.close())
    connection.send(1, "Basic.Publish", "m", routing_key="q")
    w.see("publish", connection.fate(expect_close=True))


@fact("wire")
def opening_a_channel_twice(w: World) -> None:
    """channel.open on an open channel: 504."""
    connection = _opened(w)
    connection.send(1, "Channel.Open")
    w.see("fate", connection.fate(expect_close=True))


@fact("wire")
def unknown_class_and_method(w: World) -> None:
    """A method frame that names nothing."""
    for name, payload in (("class 99", "0063 000a"), ("method 99 of queue", "0032 0063")):
        connection = _opened(w)
        connection.send_bytes(bytes.fromhex(f"01 0001 00000004 {payload} ce"))
        w.see(name, connection.fate(expect_close=True))


@fact("wire")
def connection_methods_out_of_place(w: World) -> None:
    """connection.* on a channel, channel methods on channel 0, a second connection.open."""
    connection = _opened(w)
    connection.send(1, "Connection.CloseOk")
    w.see("connection.close-ok on channel 1", connection.fate(expect_close=True))
    connection = _opened(w)
    connection.send(0, "Queue.Declare", queue="q")
    w.see("queue.declare on channel 0", connection.fate(expect_close=True))
    connection = _opened(w)
    connection.send(0, "Connection.Open", virtual_host="/")
    w.see("connection.open again", connection.fate(expect_close=True))


@fact("wire")
def methods_that_only_a_server_sends(w: World) -> None:
    """basic.deliver, queue.declare-ok and the like from a client."""
    connection = _opened(w)
    connection.send(1, "Queue.DeclareOk", queue="q", message_count=0, consumer_count=0)
    w.see("queue.declare-ok", connection.fate(expect_close=True))
    connection = _opened(w)
    connection.send(1, "Basic.CancelOk", consumer_tag="c")
    w.see("basic.cancel-ok", connection.fate(expect_close=True))


@fact("wire")
def frame_without_its_end(w: World) -> None:
    """A frame that doesn't end with 0xCE."""
    connection = _opened(w)
    connection.send_bytes(bytes.fromhex("01 0001 00000004 0032000a 00"))
    w.see("fate", connection.fate(expect_close=True))


@fact("wire")
def frame_of_an_unknown_type(w: World) -> None:
    """Types are 1, 2, 3 and 8."""
    connection = _opened(w)
    connection.send_bytes(bytes.fromhex("07 0001 00000000 ce"))
    w.see("type 7", connection.fate(expect_close=True))


@fact("wire")
def frame_that_is_too_large(w: World) -> None:
    """A frame beyond the negotiated 131072 bytes."""
    connection = _opened(w)
    connection.send_bytes(bytes.fromhex("03 0001 00100000") + b"x" * 0x100000 + b"\xce")
    w.see("fate", connection.fate(expect_close=True))


@fact("wire")
def body_without_a_header(w: World) -> None:
    """Content frames out of order: 505."""
    connection = _opened(w)
    connection.send_bytes(bytes.fromhex("03 0001 00000001 78 ce"))
    w.see("a body from nowhere", connection.fate(expect_close=True))
    connection = _opened(w)
    connection.send_bytes(bytes.fromhex("02 0001 0000000e 003c 0000 0000000000000001 0000 ce"))
    w.see("a header from nowhere", connection.fate(expect_close=True))
    connection = _opened(w)
    connection.send_bytes(bytes.fromhex("01 0001 0000000a 003c 0028 0000 00 0171 00 ce"))
    connection.send(1, "Queue.Declare", queue="q")
    w.see("a method where a header was due", connection.fate(expect_close=True))


@fact("wire")
def heartbeats_on_a_channel(w: World) -> None:
    """A heartbeat frame belongs to channel 0."""
    connection = _opened(w)
    connection.send_bytes(bytes.fromhex("08 0000 00000000 ce"))
    w.see("on channel 0", connection.fate())
    connection.send_bytes(bytes.fromhex("08 0001 00000000 ce"))
    w.see("on channel 1", connection.fate())


@fact()
def what_the_server_says_of_itself(w: World) -> None:
    """Its capabilities, and the limits it proposes."""
    w.see("server", w.connect().server())


@fact("wire")
def greetings(w: World) -> None:
    """A wrong protocol header gets the right one back, and the stream ends."""
    w.see("HTTP", w.greet(b"GET / HTTP/1.1\r\n\r\n"))
    w.see("AMQP 0-9 is taken: connection.start", w.greet(b"AMQP\x01\x01\x00\x09")[33:38])
    w.see("AMQP 0-9-1: connection.start", w.greet(b"AMQP\x00\x00\x09\x01")[33:38])
    w.see("AMQP 9-9-9", w.greet(b"AMQP\x00\x09\x09\x09"))


@fact()
def logging_in(w: World) -> None:
    """A wrong password, an unknown user, a virtual host that isn't there."""
    w.see("password", w.connect(password="wrong").fate())
    w.see("user", w.connect(user="nobody").fate())
    w.see("virtual host", w.connect(vhost="nowhere").fate())


@fact("wire")
def update_secret(w: World) -> None:
    """connection.update-secret is answered, whatever the mechanism makes of it."""
    connection = _opened(w)
    connection.send(0, "Connection.UpdateSecret", new_secret="x", reason="why not")
    w.see("fate", connection.fate())


@fact("wire")
def channel_number_too_high(w: World) -> None:
    """A channel whose number is beyond the negotiated maximum (2047) is no mistake by itself."""
    connection = w.connect()
    connection.send(2048, "Channel.Open")
    w.see("2048", connection.fate())


@fact()
def connection_error_ends_all_its_channels(w: World) -> None:
    """Closing a connection in order closes its channels, and gives back what they hold."""
    connection = w.connect()
    one, two = connection.channel(), connection.channel()
    one.declare("q")
    one.fill("q", "a", "b")
    one.get("q")
    two.get("q")
    w.see("close", connection.close())
    w.sleep(0.3)
    w.see("ready again", w.channel().declare("q", passive=True))


@fact("wire")
def unknown_fields_in_properties(w: World) -> None:
    """A content header of another class than basic, and one with weight."""
    connection = _opened(w)
    connection.send_bytes(bytes.fromhex("01 0001 0000000a 003c 0028 0000 00 0171 00 ce"))
    connection.send_bytes(bytes.fromhex("02 0001 0000000e 0032 0000 0000000000000001 0000 ce"))
    w.see("class 50", connection.fate(expect_close=True))
