"""Frames: what is between them, headers, escapes, lengths."""

from __future__ import annotations

from tests.conformance.stomp.script import GUEST, StompWorld, add, fact, named

_RECEIPT = b"SEND\ndestination:/queue/after\nreceipt:after\n\nm\0"


def _sent(name: str, says: str, data: bytes, version: str = "1.2") -> None:
    """A conversation in which bytes are sent, and the queue q shows what was taken for a message."""

    def body(w: StompWorld) -> None:
        client = w.client(version)
        client.ask("SUBSCRIBE destination:/queue/q id:0")
        client.tell(data, data.decode("utf-8", "backslashreplace"))
        client.tell(_RECEIPT, "a message after that")

    add(name, says, body)


for _name, _says, _data in (
    ("carriage_returns", "Lines may end with CR LF.", b"SEND\r\ndestination:/queue/q\r\nk:v\r\n\r\nbody\0"),
    (
        "line_feeds_between_frames",
        "Line feeds before a frame.",
        b"\n\n\r\nSEND\ndestination:/queue/q\n\nbody\0\n\n",
    ),
    (
        "nothing_between_frames",
        "Two frames in a row.",
        b"SEND\ndestination:/queue/q\n\none\0SEND\ndestination:/queue/q\n\ntwo\0",
    ),
    ("null_between_frames", "A NUL before a frame.", b"\0\0SEND\ndestination:/queue/q\n\nbody\0"),
    ("carriage_return_in_a_value", "A CR in a value.", b"SEND\ndestination:/queue/q\nk:a\rb\n\nbody\0"),
    ("carriage_return_in_a_name", "A CR in a name.", b"SEND\ndestination:/queue/q\nk\rl:a\n\nbody\0"),
    ("carriage_return_in_a_command", "A CR in a command.", b"SE\rND\ndestination:/queue/q\n\nbody\0"),
    ("carriage_return_in_a_body", "A CR in a body.", b"SEND\ndestination:/queue/q\n\nbo\r\ndy\0"),
    ("carriage_return_before_a_frame", "A CR first.", b"\r\rSEND\ndestination:/queue/q\n\nbody\0"),
    ("carriage_returns_at_the_end", "Two CR at a line's end.", b"SEND\ndestination:/queue/q\nk:v\r\r\n\nb\0"),
    ("carriage_return_in_a_blank_line", "Two CR.", b"SEND\ndestination:/queue/q\n\r\r\n\nbody\0"),
    ("length_with_plus", "A length with +.", b"SEND\ndestination:/queue/q\ncontent-length:+4\n\nbody\0"),
    (
        "length_twice",
        "The first length counts.",
        b"SEND\ndestination:/queue/q\ncontent-length:4\ncontent-length:2\n\nbody\0",
    ),
    ("unfinished_escape", "A backslash before LF.", b"SEND\ndestination:/queue/q\nk:a\\\n\nbody\0"),
    ("quotes_in_a_command", "A command with quotes and backslashes.", b'A"B\\C\nk:v\n\n\0'),
    ("tab_in_a_command", "A command with a tab.", b"A\tB\nk:v\n\n\0"),
    ("latin_1_in_a_command", "A command with bytes above 159.", b"A\xe4\xfcB\nk:v\n\n\0"),
    ("high_bytes_in_a_command", "A command with bytes from 128 to 159.", b"A\x80\x9fB\nk:v\n\n\0"),
    (
        "content_length",
        "A body with a NUL needs a length.",
        b"SEND\ndestination:/queue/q\ncontent-length:3\n\na\0b\0",
    ),
    (
        "content_length_too_short",
        "More body than was said.",
        b"SEND\ndestination:/queue/q\ncontent-length:2\n\nbody\0",
    ),
    (
        "content_length_too_long",
        "Less body than was said: the rest is waited for.",
        b"SEND\ndestination:/queue/q\ncontent-length:9\n\nbody\0",
    ),
    (
        "content_length_no_number",
        "A length that is no number.",
        b"SEND\ndestination:/queue/q\ncontent-length:x\n\nbody\0",
    ),
    (
        "content_length_negative",
        "A negative length.",
        b"SEND\ndestination:/queue/q\ncontent-length:-1\n\nbody\0",
    ),
    (
        "content_length_in_spaces",
        "A length with spaces around it.",
        b"SEND\ndestination:/queue/q\ncontent-length: 4 \n\nbody\0",
    ),
    ("content_length_zero", "A length of 0.", b"SEND\ndestination:/queue/q\ncontent-length:0\n\n\0"),
    (
        "content_length_empty",
        "A length without digits.",
        b"SEND\ndestination:/queue/q\ncontent-length:\n\nbody\0",
    ),
    ("no_body", "An empty body.", b"SEND\ndestination:/queue/q\n\n\0"),
    (
        "no_content_length",
        "Without a length the body ends at the NUL.",
        b"SEND\ndestination:/queue/q\n\na\0b\0",
    ),
    (
        "repeated_headers",
        "The first of repeated headers counts.",
        b"SEND\ndestination:/queue/q\nk:one\nk:two\nk:three\n\nbody\0",
    ),
    (
        "repeated_destination",
        "The same for the destination.",
        b"SEND\ndestination:/queue/q\ndestination:/queue/x\n\nbody\0",
    ),
    (
        "header_without_colon",
        "A header line without a colon.",
        b"SEND\ndestination:/queue/q\nodd\nk:v\n\nbody\0",
    ),
    ("header_without_name", "A header without a name.", b"SEND\ndestination:/queue/q\n:v\n\nbody\0"),
    ("header_without_value", "A header without a value.", b"SEND\ndestination:/queue/q\nk:\n\nbody\0"),
    ("header_with_two_colons", "A value with colons.", b"SEND\ndestination:/queue/q\nk:a:b:c\n\nbody\0"),
    ("header_with_spaces", "Spaces around name and value.", b"SEND\ndestination:/queue/q\n k : v \n\nbody\0"),
    (
        "header_of_utf_8",
        "A header that is no ASCII.",
        "SEND\ndestination:/queue/q\nk\u00e4:v\u00fc\n\nb\u00f6dy\0".encode(),
    ),
    (
        "header_no_utf_8",
        "A header that is no UTF-8.",
        b"SEND\ndestination:/queue/q\nk:\xff\xfe\n\n\xff\xfe\0",
    ),
    ("null_in_a_header", "A NUL within a header.", b"SEND\ndestination:/queue/q\nk:a\0b\n\nbody\0"),
    ("null_in_a_command", "A NUL within a command.", b"SE\0ND\ndestination:/queue/q\n\nbody\0"),
    ("space_behind_a_command", "A space behind a command.", b"SEND \ndestination:/queue/q\n\nbody\0"),
    ("upper_case_header", "Names of headers are case-sensitive.", b"SEND\nDestination:/queue/q\n\nbody\0"),
    ("only_line_feeds", "Line feeds alone are signs of life.", b"\n\n\n\n"),
    ("command_alone", "A command without a blank line.", b"SEND\n\0\n"),
    ("bytes_of_another_protocol", "A line of HTTP.", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n\0"),
    ("amqp_greeting", "The greeting of an AMQP client.", b"AMQP\0\0\x09\x01\n\n\0"),
    (
        "large_body",
        "A body of 200,000 bytes.",
        b"SEND\ndestination:/queue/q2\nreceipt:r\n\n" + b"x" * 200_000 + b"\0",
    ),
    (
        "large_header",
        "A header of 20,000 bytes.",
        b"SEND\ndestination:/queue/q2\nreceipt:r\nk:" + b"x" * 20_000 + b"\n\nb\0",
    ),
):
    _sent(_name, _says, _data)

for _version in ("1.0", "1.1", "1.2"):
    for _word, _escape in (
        ("line_feed", b"\\n"),
        ("colon", b"\\c"),
        ("backslash", b"\\\\"),
        ("carriage_return", b"\\r"),
        ("tab", b"\\t"),
    ):
        _sent(
            named("escape", _version, _word),
            f"The escape {_escape.decode()} in a header, in version {_version}.",
            b"SEND\ndestination:/queue/q\nk:a" + _escape + b"b\n\nbody\0",
            _version,
        )
    _sent(
        named("escape", _version, "in a name"),
        f"An escape in a header's name, in version {_version}.",
        b"SEND\ndestination:/queue/q\nk\\cl:v\n\nbody\0",
        _version,
    )


@fact
def escapes_that_go_out(w: StompWorld) -> None:
    """What is escaped in the headers of a message, by version."""
    clients = {version: w.client(version) for version in ("1.0", "1.1", "1.2")}
    for version, client in clients.items():
        client.ask(f"SUBSCRIBE destination:/queue/q{version} id:0")
        w.amqp().publish("m", f"q{version}", headers={"k": "a:b\\c\nd\re"})
        client.hear(f"in {version}")


@fact
def a_frame_in_pieces(w: StompWorld) -> None:
    """A frame may come byte by byte."""
    client = w.client()
    for byte in b"SEND\ndestination:/queue/q\nreceipt:r\ncontent-length:2\n\n\0b\0":
        client.put(bytes([byte]))
    client.hear()


@fact
def an_escape_in_pieces(w: StompWorld) -> None:
    """An escape may be cut in two."""
    client = w.client()
    client.put(b"SEND\ndestination:/queue/q\nreceipt:a\\")
    client.hear("half")
    client.tell(b"cb\n\nbody\0", "whole")


@fact
def a_frame_that_never_ends(w: StompWorld) -> None:
    """A message whose stream ends before it does is no message."""
    client = w.client()
    client.ask("SEND destination:/queue/q receipt:r", "one")
    client.put(b"SEND\ndestination:/queue/q\n\ntwo")
    client.hear()
    client.drop()
    w.sleep(0.3)
    w.see("queue", w.amqp().declare("q", passive=True))


@fact
def raw_bytes_of_frames(w: StompWorld) -> None:
    """The bytes that are sent: a line feed follows each frame."""
    client = w.stream()
    client.say(f"CONNECT accept-version:1.2 host:{w.vhost} {GUEST}")
    w.see("connected", client.take().decode())
    client.say("BEGIN transaction:t receipt:r")
    w.see("receipt", client.take().decode())
    client.say("COMMIT transaction:x")
    w.see("error", client.take().decode())
