"""A protocol's bytes, field by field, cut where its rules say that a field ends.

AMQP 0-9-1 (section 2.3.5): a frame is type, channel, size, payload and the end byte CE. MQTT
3.1.1 (sections 2.2 and 3.3): one byte of type and flags, the remaining length, the topic with its length, the
payload. STOMP 1.2 ("STOMP frames"): a command, headers and an empty line, each ended by a line feed, the
body, and a null byte.
"""

from __future__ import annotations

from html import escape
from typing import NamedTuple


class Field(NamedTuple):
    """Some bytes and what they say."""

    data: bytes
    name: str
    says: str


def diagram(protocol: str, wire: bytes | list[bytes]) -> str:
    """The bytes as HTML: one box a field, its bytes in hexadecimal, what it is and what it says.

    Args:
        protocol: `amqp`, `mqtt` or `stomp`.
        wire: the bytes; several frames, one by one.
    """
    frames = [wire] if isinstance(wire, bytes) else list(wire)
    rows = []
    for frame in frames:
        fields = _CUT[protocol](frame)
        assert b"".join(field.data for field in fields) == frame
        boxes = "".join(
            f"<li><code>{escape(field.data.hex(' '))}</code><b>{escape(field.name)}</b>"
            f"<span>{escape(field.says)}</span></li>"
            for field in fields
        )
        rows.append(
            f'<ol class="mqsim-wire" aria-label="{protocol.upper()}, {len(frame)} bytes">{boxes}</ol>'
        )
    return "\n".join(rows)


def amqp(frame: bytes) -> list[Field]:
    """The fields of one AMQP 0-9-1 frame."""
    kinds = {1: "method", 2: "content header", 3: "content body", 8: "heartbeat"}
    payload = frame[7:-1]
    fields = [
        Field(frame[:1], "type", kinds[frame[0]]),
        Field(frame[1:3], "channel", str(int.from_bytes(frame[1:3], "big"))),
        Field(frame[3:7], "size", f"{int.from_bytes(frame[3:7], 'big')} bytes follow"),
    ]
    if frame[0] == 1:
        fields += _publish(payload)
    elif frame[0] == 2:
        fields += _header(payload)
    else:
        fields.append(Field(payload, "body", repr(payload.decode())))
    return [*fields, Field(frame[-1:], "end", "always ce")]


def _publish(payload: bytes) -> list[Field]:
    if payload[:4] != b"\x00\x3c\x00\x28":
        raise ValueError("only basic.publish is drawn")
    exchange_end = 7 + payload[6]
    key_end = exchange_end + 1 + payload[exchange_end]
    return [
        Field(payload[:4], "method", "basic.publish"),
        Field(payload[4:6], "reserved", ""),
        Field(payload[6:exchange_end], "exchange", repr(payload[7:exchange_end].decode())),
        Field(
            payload[exchange_end:key_end], "routing key", repr(payload[exchange_end + 1 : key_end].decode())
        ),
        Field(payload[key_end:], "flags", "mandatory" if payload[key_end] & 1 else "not mandatory"),
    ]


def _header(payload: bytes) -> list[Field]:
    size = int.from_bytes(payload[4:12], "big")
    fields = [
        Field(payload[:2], "class", "basic"),
        Field(payload[2:4], "weight", "always 0"),
        Field(payload[4:12], "body size", f"{size} bytes"),
        Field(
            payload[12:14],
            "which properties",
            "delivery mode" if payload[12:14] == b"\x10\x00" else "several",
        ),
    ]
    persistent = payload[14:] == b"\x02"
    return [
        *fields,
        Field(
            payload[14:], "delivery mode" if persistent else "properties", "persistent" if persistent else ""
        ),
    ]


def mqtt(frame: bytes) -> list[Field]:
    """The fields of one MQTT 3.1.1 PUBLISH with quality of service 0."""
    if frame[0] >> 4 != 3 or frame[1] & 0x80:
        raise ValueError("only a short PUBLISH is drawn")
    topic_end = 4 + int.from_bytes(frame[2:4], "big")
    return [
        Field(frame[:1], "type and flags", f"publish, quality of service {frame[0] >> 1 & 3}"),
        Field(frame[1:2], "remaining length", f"{frame[1]} bytes follow"),
        Field(frame[2:4], "topic length", f"{topic_end - 4} bytes"),
        Field(frame[4:topic_end], "topic", repr(frame[4:topic_end].decode())),
        Field(frame[topic_end:], "body", repr(frame[topic_end:].decode())),
    ]


def stomp(frame: bytes) -> list[Field]:
    """The fields of one STOMP frame."""
    head, _, rest = frame.partition(b"\n\n")
    command, *headers = head.split(b"\n")
    fields = [Field(command + b"\n", "command", repr(command.decode()))]
    for header in headers:
        end = b"\n\n" if header is headers[-1] else b"\n"
        says = "an empty line ends the headers" if end == b"\n\n" else ""
        fields.append(Field(header + end, "header", f"{header.decode()!r}{'; ' * bool(says)}{says}"))
    return [*fields, Field(rest[:-1], "body", repr(rest[:-1].decode())), Field(rest[-1:], "end", "always 00")]


_CUT = {"amqp": amqp, "mqtt": mqtt, "stomp": stomp}
