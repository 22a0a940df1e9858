"""Bytes to packets and packets to bytes, strictly: what the specification does not allow is an error.

Source: MQTT 5.0 and MQTT 3.1.1, chapters 2 and 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mqsim.mqtt import fields, properties
from mqsim.mqtt.fields import Fields
from mqsim.mqtt.packets import (
    V3,
    V5,
    Ack,
    Answers,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Ping,
    Publish,
    Request,
    Subscribe,
    Unsubscribe,
    Will,
    kind_of,
)
from mqsim.mqtt.properties import Kind, Properties, Property
from mqsim.mqtt.reasons import PacketError, Reason, malformed, protocol_error
from mqsim.mqtt.topics import check_name

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "MQTT"
_FLAGS: Mapping[Kind, int] = {Kind.PUBREL: 2, Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2}

_R = Reason
_PUBLISH_ANSWERS = frozenset({
    _R.SUCCESS, _R.NO_MATCHING_SUBSCRIBERS, _R.UNSPECIFIED_ERROR, _R.IMPLEMENTATION_SPECIFIC_ERROR,
    _R.NOT_AUTHORIZED, _R.TOPIC_NAME_INVALID, _R.PACKET_IDENTIFIER_IN_USE, _R.QUOTA_EXCEEDED,
    _R.PAYLOAD_FORMAT_INVALID,
})  # fmt: skip
_RELEASE_ANSWERS = frozenset({_R.SUCCESS, _R.PACKET_IDENTIFIER_NOT_FOUND})
REASONS: Mapping[Kind, frozenset[Reason]] = {
    Kind.PUBACK: _PUBLISH_ANSWERS,
    Kind.PUBREC: _PUBLISH_ANSWERS,
    Kind.PUBREL: _RELEASE_ANSWERS,
    Kind.PUBCOMP: _RELEASE_ANSWERS,
    Kind.DISCONNECT: frozenset(
        set(Reason)
        - {
            _R.GRANTED_QOS_1, _R.GRANTED_QOS_2, _R.NO_MATCHING_SUBSCRIBERS, _R.NO_SUBSCRIPTION_EXISTED,
            _R.CONTINUE_AUTHENTICATION, _R.RE_AUTHENTICATE, _R.UNSUPPORTED_PROTOCOL_VERSION,
            _R.CLIENT_IDENTIFIER_NOT_VALID, _R.BAD_AUTHENTICATION_METHOD,
            _R.BAD_USER_NAME_OR_PASSWORD, _R.SERVER_UNAVAILABLE, _R.BANNED,
            _R.PACKET_IDENTIFIER_IN_USE, _R.PACKET_IDENTIFIER_NOT_FOUND,
        }
    ),
    Kind.AUTH: frozenset({_R.SUCCESS, _R.CONTINUE_AUTHENTICATION, _R.RE_AUTHENTICATE}),
}  # fmt: skip
"""The reasons that each packet can give (tables 3-4 to 3-13)."""


class PacketReader:
    """Cuts a stream of bytes into packets.

    Args:
        most: bytes of the largest packet that is taken; 0 is no limit.
    """

    def __init__(self, most: int = 0) -> None:
        self.most = most
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        """More bytes came."""
        self._data += data

    def clear(self) -> None:
        """Forget what was not read."""
        self._data.clear()

    @property
    def unread(self) -> int:
        """Bytes that wait."""
        return len(self._data)

    def next(self) -> tuple[int, bytes, bool] | None:
        """The next packet's first byte, its body, and whether its length is written as short as it can be;
        None if not all of it is there.

        Raises:
            PacketError: the length can't be read, or the packet is larger than is taken.
        """
        size = 0
        for place in range(1, 5):
            if place >= len(self._data):
                return None
            digit = self._data[place]
            size |= (digit & 0x7F) << (7 * (place - 1))
            if digit < 0x80:
                break
        else:
            raise malformed("its length has more than four bytes")
        start = place + 1
        if self.most and start + size > self.most:
            raise PacketError(Reason.PACKET_TOO_LARGE, f"a packet may have {self.most} bytes at most")
        if len(self._data) < start + size:
            return None
        first, body = self._data[0], bytes(self._data[start : start + size])
        del self._data[: start + size]
        return first, body, place == 1 or digit > 0


def read(first: int, body: bytes, version: int) -> Packet:
    """Read one packet.

    Args:
        first: its first byte: kind and flags.
        body: what comes after its length.
        version: the protocol level of the connection; a CONNECT says its own.

    Raises:
        PacketError: it is none, with the reason that the specification gives for that.
    """
    number, flags = first >> 4, first & 0x0F
    if number == 0 or (number == Kind.AUTH and version < V5):
        raise malformed(f"there is no packet of kind {number}")
    kind = Kind(number)
    data = Fields(body)
    if kind is Kind.PUBLISH:
        return _read_publish(data, flags, version)
    if flags != _FLAGS.get(kind, 0):
        raise malformed(f"{kind.name} can't have the flags {flags:04b}")
    packet = _read(kind, data, version)
    data.end()
    return packet


def _read(kind: Kind, data: Fields, version: int) -> Packet:
    match kind:
        case Kind.CONNECT:
            return _read_connect(data)
        case Kind.CONNACK:
            return _read_connack(data, version)
        case Kind.PUBACK | Kind.PUBREC | Kind.PUBREL | Kind.PUBCOMP:
            packet_id = _packet_id(data)
            return Ack(kind, packet_id, *_reason_and_properties(kind, data, version))
        case Kind.SUBSCRIBE:
            return _read_subscribe(data, version)
        case Kind.UNSUBSCRIBE:
            return _read_unsubscribe(data, version)
        case Kind.SUBACK | Kind.UNSUBACK:
            packet_id = _packet_id(data)
            told = properties.read(data, kind) if version == V5 else {}
            return Answers(kind, packet_id, list(data.rest()), told)
        case Kind.DISCONNECT:
            return Disconnect(*_reason_and_properties(kind, data, version))
        case Kind.AUTH:
            return Auth(*_reason_and_properties(kind, data, version))
        case _:
            return Ping(kind)


def _packet_id(data: Fields) -> int:
    packet_id = data.two()
    if not packet_id:
        raise protocol_error("a packet identifier can't be 0")
    return packet_id


def _reason_and_properties(kind: Kind, data: Fields, version: int) -> tuple[int, Properties]:
    """What may be left out at the end of a packet of 5.0, and is not there in 3.1.1."""
    if version < V5 or not data.left:
        return 0, {}
    reason = data.byte()
    if reason not in REASONS[kind]:
        raise protocol_error(f"{kind.name} can't give the reason 0x{reason:02X}")
    return reason, properties.read(data, kind) if data.left else {}


def _read_connect(data: Fields) -> Connect:
    name, version = data.text(), data.byte()
    if (name, version) not in ((NAME, V3), (NAME, V5)):
        # The older clients among those that are refused understand an answer of 3.1.1.
        told = version if name == NAME and version > V5 else V3
        raise PacketError(
            Reason.UNSUPPORTED_PROTOCOL_VERSION, f"{name!r} {version} is neither MQTT 3.1.1 nor 5.0", told
        )
    try:
        return _read_connect_of(data, version)
    except PacketError as error:
        error.version = version
        raise


def _read_connect_of(data: Fields, version: int) -> Connect:
    flags, keep_alive = data.byte(), data.two()
    has_user, has_password = bool(flags & 0x80), bool(flags & 0x40)
    will_retain, will_qos, has_will = bool(flags & 0x20), flags >> 3 & 3, bool(flags & 4)
    if flags & 1:
        raise malformed("the reserved flag of CONNECT is set")
    if will_qos == 3 or (not has_will and (will_qos or will_retain)):
        raise malformed("the will's flags of CONNECT do not fit together")
    if has_password and not has_user and version == V3:
        raise malformed("CONNECT has a password and no user name")
    told = properties.read(data, Kind.CONNECT) if version == V5 else {}
    if Property.AUTHENTICATION_DATA in told and Property.AUTHENTICATION_METHOD not in told:
        raise protocol_error("CONNECT has authentication data and no method")
    client_id = data.text()
    will = _read_will(data, version, will_qos, will_retain) if has_will else None
    user = data.text() if has_user else None
    password = data.binary() if has_password else None
    data.end()
    return Connect(client_id, bool(flags & 2), keep_alive, will, user, password, told, version)


def _read_will(data: Fields, version: int, qos: int, retain: bool) -> Will:
    told = properties.read(data, Kind.WILL) if version == V5 else {}
    topic = data.text()
    check_name(topic)
    _check_response_topic(told)
    return Will(topic, data.binary(), qos, retain, told)


def _read_connack(data: Fields, version: int) -> Connack:
    flags, reason = data.byte(), data.byte()
    if flags > 1:
        raise malformed("the reserved flags of CONNACK are set")
    return Connack(bool(flags), reason, properties.read(data, Kind.CONNACK) if version == V5 else {})


def _read_publish(data: Fields, flags: int, version: int) -> Publish:
    qos, dup = flags >> 1 & 3, bool(flags & 8)
    if qos == 3:
        raise malformed("PUBLISH has a QoS of 3")
    if dup and not qos:
        raise malformed("PUBLISH with QoS 0 can't be a duplicate")
    topic = data.text()
    packet_id = _packet_id(data) if qos else 0
    told = properties.read(data, Kind.PUBLISH) if version == V5 else {}
    if topic or version == V3:
        check_name(topic)
    elif Property.TOPIC_ALIAS not in told:
        raise protocol_error("PUBLISH has neither a topic nor an alias")
    _check_response_topic(told)
    return Publish(topic, data.rest(), qos, bool(flags & 1), dup, packet_id, told)


def _check_response_topic(told: Properties) -> None:
    topic = told.get(Property.RESPONSE_TOPIC)
    if topic is not None:
        try:
            check_name(topic)
        except PacketError as error:
            raise protocol_error(f"the response topic: {error.text}") from None


def _read_subscribe(data: Fields, version: int) -> Subscribe:
    packet_id = _packet_id(data)
    told = properties.read(data, Kind.SUBSCRIBE) if version == V5 else {}
    requests = []
    while data.left:
        name, options = data.text(), data.byte()
        if options & 3 == 3 or options & (0xFC if version == V3 else 0xC0):
            raise malformed(f"a filter of SUBSCRIBE can't have the options {options:08b}")
        handling = options >> 4 & 3
        if handling == 3:
            raise protocol_error("a filter of SUBSCRIBE can't have a retain handling of 3")
        requests.append(Request(name, options & 3, bool(options & 4), bool(options & 8), handling))
    if not requests:
        raise protocol_error("SUBSCRIBE has no filter")
    return Subscribe(packet_id, requests, told)


def _read_unsubscribe(data: Fields, version: int) -> Unsubscribe:
    packet_id = _packet_id(data)
    told = properties.read(data, Kind.UNSUBSCRIBE) if version == V5 else {}
    filters = []
    while data.left:
        filters.append(data.text())
    if not filters:
        raise protocol_error("UNSUBSCRIBE has no filter")
    return Unsubscribe(packet_id, filters, told)


# -- writing -------------------------------------------------------------------------------------------------


def write(packet: Packet, version: int) -> bytes:
    """Write one packet."""
    kind = kind_of(packet)
    flags, body = _FLAGS.get(kind, 0), b""
    match packet:
        case Publish():
            flags = packet.dup << 3 | packet.qos << 1 | packet.retain
            body = _written_publish(packet, version)
        case Connect():
            body = _written_connect(packet)
        case Connack():
            body = bytes((packet.session_present, packet.reason))
            body += properties.write(packet.properties) if version == V5 else b""
        case Ack():
            body = fields.two(packet.packet_id)
            body += _written_reason(packet.reason, packet.properties, version)
        case Answers() | Subscribe() | Unsubscribe():
            body = fields.two(packet.packet_id)
            body += properties.write(packet.properties) if version == V5 else b""
            body += _written_list(packet)
        case Disconnect() | Auth():
            body = _written_reason(packet.reason, packet.properties, version)
        case Ping():
            pass
    return bytes((kind << 4 | flags,)) + fields.variable(len(body)) + body


def _written_reason(reason: int, told: Properties, version: int) -> bytes:
    if version < V5 or not (reason or told):
        return b""
    return bytes((reason,)) + (properties.write(told) if told else b"")


def _written_list(packet: Answers | Subscribe | Unsubscribe) -> bytes:
    match packet:
        case Answers():
            return bytes(packet.reasons)
        case Unsubscribe():
            return b"".join(map(fields.text, packet.filters))
        case Subscribe():
            return b"".join(
                fields.text(each.filter)
                + bytes((each.qos | each.no_local << 2 | each.as_published << 3 | each.handling << 4,))
                for each in packet.requests
            )


def _written_publish(packet: Publish, version: int) -> bytes:
    pieces = [fields.text(packet.topic)]
    if packet.qos:
        pieces.append(fields.two(packet.packet_id))
    if version == V5:
        pieces.append(properties.write(packet.properties))
    pieces.append(packet.payload)
    return b"".join(pieces)


def _written_connect(packet: Connect) -> bytes:
    will = packet.will
    flags = packet.clean << 1 | (packet.user is not None) << 7 | (packet.password is not None) << 6
    if will is not None:
        flags |= 4 | will.qos << 3 | will.retain << 5
    pieces = [fields.text(NAME), bytes((packet.version, flags)), fields.two(packet.keep_alive)]
    is_5 = packet.version == V5
    if is_5:
        pieces.append(properties.write(packet.properties))
    pieces.append(fields.text(packet.client_id))
    if will is not None:
        pieces += [properties.write(will.properties)] if is_5 else []
        pieces += [fields.text(will.topic), fields.binary(will.payload)]
    pieces += [fields.text(packet.user)] if packet.user is not None else []
    pieces += [fields.binary(packet.password)] if packet.password is not None else []
    return b"".join(pieces)
