"""Bytes that no good client sends, and what RabbitMQ 3.10.8 answered to them.

Recorded on a real server: an open connection with channel 1 open and a queue q, then these bytes. `lost` is a
stream that ends without a word, `open` a server that takes no offence.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

Completion = tuple[str, int, str, tuple[int, int]] | str


class Case(NamedTuple):
    """What is sent, and what comes of it."""

    sent: bytes
    fate: Completion


def frame(kind: int, channel: int, payload: bytes, end: bytes = b"\xce") -> bytes:
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + end


def method(class_id: int, method_id: int, fields: bytes = b"") -> bytes:
    return struct.pack(">HH", class_id, method_id) + fields


def header(size: int, properties: bytes = b"\0\0", class_id: int = 60, weight: int = 0) -> bytes:
    return struct.pack(">HHQ", class_id, weight, size) + properties


def table(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _closes(code: int, text: str, class_id: int = 0, method_id: int = 0) -> Completion:
    return "connection", code, text, (class_id, method_id)


PUBLISH = frame(1, 1, method(60, 40, b"\0\0\0\x01q\0"))
NO_METHOD = _closes(505, "UNEXPECTED_FRAME - expected method frame, got non method frame instead")
NO_HEADER = _closes(
    505,
    "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead",
    60,
    40,
)
NO_BODY = _closes(505, "UNEXPECTED_FRAME - expected content body, got non content body frame instead", 60, 40)
IN_RUNNING = "CHANNEL_ERROR - unexpected method in connection state running"
UNIMPLEMENTED = "COMMAND_INVALID - unimplemented method"

CASES = {
    "a method cut short": Case(
        frame(1, 1, method(50, 10, b"\0\0")), _closes(501, "FRAME_ERROR - cannot decode <<0,0>>", 50, 10)
    ),
    "no method": Case(
        frame(1, 1, b""), _closes(501, "FRAME_ERROR - type 1, all octets = <<>>: unknown_frame")
    ),
    "three bytes of method": Case(
        frame(1, 1, b"\0\x32\0"), _closes(501, "FRAME_ERROR - type 1, all octets = <<0,50,0>>: unknown_frame")
    ),
    "no method on channel 0": Case(
        frame(1, 0, b""), _closes(501, "FRAME_ERROR - type 1, all octets = <<>>: unknown_frame")
    ),
    "bytes behind a method": Case(
        frame(1, 1, method(85, 10, b"\0\0\0\0")),
        _closes(501, "FRAME_ERROR - cannot decode <<0,0,0,0>>", 85, 10),
    ),
    "a table with an unknown type": Case(
        frame(1, 1, method(50, 10, b"\0\0\x01z\x02" + table(b"\x01k?x"))), "lost"
    ),
    "a text longer than its frame": Case(
        frame(1, 1, method(50, 10, b"\0\0\x01z\x02" + table(b"\x01kS\xff\xff\xff\xff"))), "lost"
    ),
    "a name that is no UTF-8": Case(
        frame(1, 1, method(50, 10, b"\0\0\x02\xff\xfe\x01" + table(b""))),
        _closes(501, "FRAME_ERROR - Malformed UTF-8 in shortstr"),
    ),
    "update-secret cut short": Case(frame(1, 0, method(10, 70, b"\0")), _closes(541, "INTERNAL_ERROR")),
    "an unknown method on channel 0": Case(frame(1, 0, method(10, 99, b"\0")), "lost"),
    "an unknown class": Case(frame(1, 1, method(99, 10)), "lost"),
    "a header on channel 0": Case(
        frame(2, 0, header(1)),
        _closes(505, "UNEXPECTED_FRAME - type 2, all octets = <<0,60,0,0,0,0,0,0,0,0,0,1,0,0>>"),
    ),
    "a body on channel 0": Case(
        frame(3, 0, b"x"), _closes(505, 'UNEXPECTED_FRAME - type 3, all octets = <<"x">>')
    ),
    "a header on a channel that is not open": Case(frame(2, 9, header(1)), NO_METHOD),
    "a body on a channel that is not open": Case(frame(3, 9, b"x"), NO_METHOD),
    "a header cut short": Case(
        PUBLISH + frame(2, 1, b"\0\x3c\0\0"),
        _closes(501, "FRAME_ERROR - type 2, all octets = <<0,60,0,0>>: unknown_frame"),
    ),
    "properties cut short": Case(
        PUBLISH + frame(2, 1, header(1, b"\xff\xfe")) + frame(3, 1, b"x"), _closes(541, "INTERNAL_ERROR")
    ),
    "headers with an unknown type": Case(
        PUBLISH + frame(2, 1, header(1, b"\x20\0" + table(b"\x01k?x"))) + frame(3, 1, b"x"),
        _closes(541, "INTERNAL_ERROR"),
    ),
    "a header with a weight": Case(PUBLISH + frame(2, 1, header(1, weight=7)) + frame(3, 1, b"x"), NO_HEADER),
    "more body than announced": Case(PUBLISH + frame(2, 1, header(1)) + frame(3, 1, b"xyz"), "open"),
    "an empty body frame, then the body": Case(
        PUBLISH + frame(2, 1, header(1)) + frame(3, 1, b"") + frame(3, 1, b"x"), "open"
    ),
    "a body where none was announced": Case(PUBLISH + frame(2, 1, header(0)) + frame(3, 1, b""), NO_METHOD),
    "a header where a body is due": Case(PUBLISH + frame(2, 1, header(5)) + frame(2, 1, header(5)), NO_BODY),
    "a method where a body is due": Case(
        PUBLISH + frame(2, 1, header(5)) + frame(1, 1, method(20, 10, b"\0")), NO_BODY
    ),
    "a body where a header is due": Case(PUBLISH + frame(3, 1, b"x"), NO_HEADER),
    "another channel between method and header": Case(PUBLISH + frame(1, 2, method(20, 10, b"\0")), "open"),
    "channel.close-ok that nobody asked for": Case(
        frame(1, 1, method(20, 41)), _closes(503, UNIMPLEMENTED, 20, 41)
    ),
    "channel.flow-ok that nobody asked for": Case(
        frame(1, 1, method(20, 21, b"\1")), _closes(503, UNIMPLEMENTED, 20, 21)
    ),
    "basic.deliver from a client": Case(frame(1, 1, method(60, 60, b"\1c" + bytes(8) + b"\0\0\0")), "open"),
    "tune-ok again": Case(frame(1, 0, method(10, 31, bytes(8))), _closes(504, IN_RUNNING, 10, 31)),
    "connection.close-ok that nobody asked for": Case(
        frame(1, 0, method(10, 51)), _closes(504, IN_RUNNING, 10, 51)
    ),
    "channel.open on channel 0": Case(frame(1, 0, method(20, 10, b"\0")), _closes(504, IN_RUNNING, 20, 10)),
    "connection.close on channel 1": Case(
        frame(1, 1, method(10, 50, b"\0\xc8\0\0\0\0\0")), _closes(503, UNIMPLEMENTED, 10, 50)
    ),
    "a heartbeat that says something": Case(
        frame(8, 0, b"xx"), _closes(501, 'FRAME_ERROR - type 8, all octets = <<"xx">>: unknown_frame')
    ),
    "a heartbeat on a channel": Case(
        frame(8, 1, b""), _closes(505, "UNEXPECTED_FRAME - type 8, all octets = <<>>")
    ),
    "a frame without its end": Case(
        frame(3, 1, b"hello", b"\0"),
        _closes(501, 'FRAME_ERROR - type 3, all octets = <<"hello">>: {invalid_frame_end_marker,0}'),
    ),
    "a frame of type 0": Case(
        frame(0, 0, b""), _closes(501, "FRAME_ERROR - type 0, all octets = <<>>: unknown_frame")
    ),
    "a frame of type 7": Case(
        frame(7, 1, b"hey"), _closes(501, 'FRAME_ERROR - type 7, all octets = <<"hey">>: unknown_frame')
    ),
    "a second greeting": Case(
        b"AMQP\0\0\x09\x01",
        _closes(501, "FRAME_ERROR - type 65, all octets = <<>>: {frame_too_large,1342177289,131064}"),
    ),
    "a frame that is too large": Case(
        bytes.fromhex("03 0001 00100000") + b"x" * 100,
        _closes(501, "FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,1048576,131064}"),
    ),
}
