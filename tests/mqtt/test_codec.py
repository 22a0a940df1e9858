"""The codec: the specification's examples, every packet there and back, bad bytes, and paho's own codec."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties
from paho.mqtt.properties import VariableByteIntegers

from mqsim.mqtt import Broker, Session, codec, fields, properties
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
    Ping,
    Publish,
    Request,
    Subscribe,
    Unsubscribe,
    Will,
)
from mqsim.mqtt.properties import RULES, Form, Kind, Property
from mqsim.mqtt.reasons import PacketError, Reason
from tests.mqtt.link import BOTH, Client

# Figure 3-6 and its like in MQTT 3.1.1, sections 3.1.2.11 and 3.1.3; 3.3.2.3; 3.8.3; 3.10.3.
CONNECT_311 = bytes.fromhex("1010 00044d515454 04 02 003c 0004 64656d6f".replace(" ", ""))
PUBLISH_311 = bytes.fromhex("32 09 0003612f62 000a 6869".replace(" ", ""))
SUBSCRIBE_311 = bytes.fromhex("820e 000a 0003612f62 01 0003632f64 02".replace(" ", ""))
UNSUBSCRIBE_311 = bytes.fromhex("a20c 000a 0003612f62 0003632f64".replace(" ", ""))


def one(data: bytes, version: int) -> Any:
    reader = codec.PacketReader()
    reader.feed(data)
    found = reader.next()
    assert found is not None
    assert reader.unread == 0
    return codec.read(found[0], found[1], version)


@pytest.mark.parametrize(
    ("data", "packet"),
    [
        (CONNECT_311, Connect("demo", True, 60, version=V3)),
        (PUBLISH_311, Publish("a/b", b"hi", 1, packet_id=10)),
        (SUBSCRIBE_311, Subscribe(10, [Request("a/b", 1), Request("c/d", 2)])),
        (UNSUBSCRIBE_311, Unsubscribe(10, ["a/b", "c/d"])),
        (bytes.fromhex("20020100"), Connack(True)),
        (bytes.fromhex("4002000a"), Ack(Kind.PUBACK, 10)),
        (bytes.fromhex("6202000a"), Ack(Kind.PUBREL, 10)),
        (bytes.fromhex("9005000a000280"), Answers(Kind.SUBACK, 10, [0, 2, 0x80])),
        (bytes.fromhex("c000"), Ping(Kind.PINGREQ)),
        (bytes.fromhex("e000"), Disconnect()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_examples_of_the_specification(data: bytes, packet: Any) -> None:
    assert one(data, V3) == packet
    assert codec.write(packet, V3) == data


@pytest.mark.parametrize(
    ("value", "data"),
    [(0, "00"), (127, "7f"), (128, "8001"), (16_383, "ff7f"), (16_384, "808001"), (2_097_151, "ffff7f"),
     (2_097_152, "80808001"), (268_435_455, "ffffff7f")],
)  # fmt: skip
def test_variable_byte_integers_at_the_ends_of_table_1_1(value: int, data: str) -> None:
    assert fields.variable(value).hex() == data == VariableByteIntegers.encode(value).hex()
    assert Fields(bytes.fromhex(data)).variable() == value


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
VALUES: dict[Form, Any] = {
    Form.BYTE: st.integers(0, 1),
    Form.TWO: st.integers(1, 65_535),
    Form.FOUR: st.integers(1, 2**32 - 1),
    Form.VARIABLE: st.integers(1, 268_435_455),
    Form.BINARY: st.binary(max_size=9),
    Form.TEXT: TEXT,
    Form.PAIR: st.tuples(TEXT, TEXT),
}


@st.composite
def told(draw: Any, kind: Kind) -> properties.Properties:
    found: properties.Properties = {}
    for prop in draw(st.lists(st.sampled_from([p for p in Property if kind in RULES[p].kinds]), unique=True)):
        value = VALUES[RULES[prop].form]
        if prop is Property.USER_PROPERTY:
            value = st.lists(value, min_size=1, max_size=3)
        elif prop is Property.SUBSCRIPTION_IDENTIFIER:
            value = st.lists(value, min_size=1, max_size=1)
        elif prop is Property.RESPONSE_TOPIC:
            value = st.just("re/ply")
        found[prop] = draw(value)
    if Property.AUTHENTICATION_DATA in found and kind is Kind.CONNECT:
        found.setdefault(Property.AUTHENTICATION_METHOD, "m")
    return found


IDS = st.integers(1, 65_535)
QOS = st.integers(0, 2)
BODY = st.binary(max_size=20)
TOPIC = st.text("abc/", min_size=1, max_size=9)


@st.composite
def packets(draw: Any, version: int) -> Any:
    def extra(kind: Kind) -> properties.Properties:
        return draw(told(kind)) if version == V5 else {}

    kind = draw(st.sampled_from([k for k in Kind if k and (version == V5 or k is not Kind.AUTH)]))
    match kind:
        case Kind.CONNECT:
            will = None
            if draw(st.booleans()):
                will = Will(draw(TOPIC), draw(BODY), draw(QOS), draw(st.booleans()), extra(Kind.WILL))
            user = draw(st.none() | TEXT)
            password = draw(st.none() | st.binary(max_size=9)) if user is not None or version == V5 else None
            clean, alive = draw(st.booleans()), draw(st.integers(0, 65_535))
            return Connect(draw(TEXT), clean, alive, will, user, password, extra(kind), version)
        case Kind.CONNACK:
            return Connack(draw(st.booleans()), draw(st.integers(0, 255)), extra(kind))
        case Kind.PUBLISH:
            qos, retain, dup = draw(QOS), draw(st.booleans()), draw(st.booleans())
            packet_id = draw(IDS) if qos else 0
            return Publish(draw(TOPIC), draw(BODY), qos, retain, bool(qos) and dup, packet_id, extra(kind))
        case Kind.PUBACK | Kind.PUBREC | Kind.PUBREL | Kind.PUBCOMP:
            reason = draw(st.sampled_from(sorted(codec.REASONS[kind]))) if version == V5 else 0
            return Ack(kind, draw(IDS), reason, extra(kind))
        case Kind.SUBSCRIBE:
            flags = st.booleans() if version == V5 else st.just(False)
            handling = st.integers(0, 2) if version == V5 else st.just(0)
            request = st.builds(Request, TEXT, st.integers(0, 2), flags, flags, handling)
            return Subscribe(draw(IDS), draw(st.lists(request, min_size=1, max_size=3)), extra(kind))
        case Kind.UNSUBSCRIBE:
            return Unsubscribe(draw(IDS), draw(st.lists(TEXT, min_size=1, max_size=3)), extra(kind))
        case Kind.SUBACK | Kind.UNSUBACK:
            return Answers(kind, draw(IDS), draw(st.lists(st.integers(0, 255), max_size=3)), extra(kind))
        case Kind.DISCONNECT | Kind.AUTH:
            reason = draw(st.sampled_from(sorted(codec.REASONS[kind]))) if version == V5 else 0
            return (Disconnect if kind is Kind.DISCONNECT else Auth)(reason, extra(kind))
    return Ping(kind)


@pytest.mark.parametrize("version", BOTH)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_packet_comes_back_as_it_was_written(version: int, data: Any) -> None:
    packet = data.draw(packets(version))
    assert one(codec.write(packet, version), version) == packet


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_properties_are_written_as_paho_writes_them(data: Any) -> None:
    """Each side reads what the other wrote."""
    kind = data.draw(st.sampled_from([k for k in Kind if k not in (Kind.PINGREQ, Kind.PINGRESP)]))
    ours = data.draw(told(kind))
    theirs = PahoProperties(PacketTypes.WILLMESSAGE if kind is Kind.WILL else int(kind))
    for prop, value in ours.items():
        for each in value if isinstance(value, list) else [value]:
            setattr(theirs, _paho_name(prop), each)
    packed = theirs.pack()
    assert properties.read(Fields(packed), kind) == ours
    again = PahoProperties(theirs.packetType)
    again.unpack(properties.write(ours))
    assert again.json() == theirs.json()


def _paho_name(prop: Property) -> str:
    words = prop.name.replace("QOS", "QoS").split("_")
    name = "".join(word if word == "QoS" else word.capitalize() for word in words)
    return name.replace("Willdelay", "WillDelay")


class Wire:
    """A socket that a paho client writes to and reads from, with a session at its other end."""

    def __init__(self, broker: Broker) -> None:
        self.session = Session(broker)
        self._came = b""

    def send(self, data: bytes) -> int:
        self.session.receive(bytes(data))
        self._came += self.session.bytes_to_send()
        return len(data)

    def recv(self, size: int) -> bytes:
        data, self._came = self._came[:size], self._came[size:]
        if not data:
            raise BlockingIOError
        return data

    def pending(self) -> int:
        return len(self._came)

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self.session.lost()

    def setblocking(self, _: bool) -> None:
        pass


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_paho_and_the_codec_understand_each_other(version: int, qos: int) -> None:
    """paho's own client talks to a session through its own codec, and a message of each QoS goes round."""
    wire = Wire(Broker())
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        "p",
        protocol=paho.MQTTv5 if version == V5 else paho.MQTTv311,
    )
    got: list[Any] = []
    client.on_message = lambda _client, _data, message: got.append(message)
    client._create_socket = lambda: wire  # type: ignore[assignment, method-assign, return-value]  # noqa: SLF001
    client.will_set("will", b"w", qos, True)
    client.username_pw_set("u", "p")
    client.connect("localhost")

    def turn() -> None:
        while wire.pending():
            assert client.loop_read() == paho.MQTT_ERR_SUCCESS

    turn()
    assert client.is_connected()
    client.subscribe("a/#", qos)
    turn()
    info = client.publish("a/ä", b"\x00\xff", qos)
    turn()
    assert info.is_published()
    (message,) = got
    assert (message.topic, message.payload, message.qos) == ("a/ä", b"\x00\xff", qos)
    kept = wire.session.broker.sessions["p"]
    assert not kept.in_flight
    assert not kept.incoming
    client.unsubscribe("a/#")
    turn()
    assert not kept.subscriptions
    client.disconnect()
    assert "p" not in wire.session.broker.sessions


# What each is wrong with, and the reason that 5.0 gives for it.
BAD = [
    ("0000", V5, 0x81, "kind 0"),
    ("f000", V3, 0x81, "kind 15 in 3.1.1"),
    ("3600", V5, 0x81, "QoS 3"),
    ("38030001 61", V3, 0x81, "a duplicate with QoS 0"),
    ("3203000161", V3, 0x81, "no packet identifier"),
    ("32050001610000", V3, 0x82, "packet identifier 0"),
    ("3004000223 61", V3, 0x90, "a wildcard in a topic"),
    ("3002 0000", V3, 0x90, "no topic in 3.1.1"),
    ("3003 000000", V5, 0x82, "neither topic nor alias"),
    ("3003 000100", V3, 0x81, "a null character"),
    ("3004 0002c328", V3, 0x81, "no UTF-8"),
    ("3005 0003eda080", V3, 0x81, "a surrogate"),
    ("6002000a", V5, 0x81, "PUBREL's flags"),
    ("8000", V5, 0x81, "SUBSCRIBE's flags"),
    ("8202000a", V3, 0x82, "no filter"),
    ("8206 000a 0001 61 03", V3, 0x81, "QoS 3 of a filter"),
    ("8206 000a 0001 61 04", V3, 0x81, "an option of 5.0 in 3.1.1"),
    ("8207 000a 00 0001 61 40", V5, 0x81, "a reserved option"),
    ("8207 000a 00 0001 61 30", V5, 0x82, "retain handling 3"),
    ("8209 000a 02 0b00 0001 61 00", V5, 0x82, "subscription identifier 0"),
    ("820b 000a 04 0b010b02 0001 61 00", V5, 0x82, "two subscription identifiers"),
    ("a202000a", V3, 0x82, "nothing to unsubscribe from"),
    ("c00100", V5, 0x81, "PINGREQ with a body"),
    ("e001ff", V5, 0x82, "an unknown reason"),
    ("e0020080", V5, 0x81, "a length that ends nowhere"),
    ("4003000a01", V5, 0x82, "a reason of another packet"),
    ("3006 0001 61 02 0102", V5, 0x82, "payload format 2"),
    ("3006 0001 61 02 2a00", V5, 0x81, "a property of another packet"),
    ("3006 0001 61 02 7f00", V5, 0x81, "no such property"),
    ("3008 0001 61 04 01010101", V5, 0x82, "a property twice"),
    ("3006 0001 61 03 0101", V5, 0x81, "properties longer than the packet"),
    ("3008 0001 61 04 08000123", V5, 0x82, "a wildcard in the response topic"),
    ("100d 00044d515454 05 01 0000 00 0000", V5, 0x81, "the reserved flag"),
    ("100d 00044d515454 05 0a 0000 00 0000", V5, 0x81, "a will's QoS without a will"),
    ("100c 00044d515454 04 42 0000 0000", V3, 0x81, "a password without a user"),
    ("100c 00044d515454 03 02 0000 0000", V3, 0x84, "protocol level 3"),
    ("1010 00044d515454 05 02 0000 03 210000 0000", V5, 0x82, "receive maximum 0"),
    ("100f 00044d515454 05 02 0000 02 1902 0000", V5, 0x82, "a flag that is 2"),
    ("1011 00044d515454 05 02 0000 04 16000161 0000", V5, 0x82, "authentication data without a method"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "version", "reason", "_why"), BAD, ids=[each[3] for each in BAD])
def test_bad_packets_and_their_reasons(data: str, version: int, reason: int, _why: str) -> None:
    raw = bytes.fromhex(data.replace(" ", ""))
    with pytest.raises(PacketError) as error:
        one(raw, version)
    assert error.value.reason == reason


def test_lengths_that_are_too_long() -> None:
    reader = codec.PacketReader()
    reader.feed(bytes.fromhex("30ffffffff01"))
    with pytest.raises(PacketError):
        reader.next()
    client = Client().connect()
    client.session.receive(bytes.fromhex("c08000"))
    assert client.read()[-1].reason == Reason.MALFORMED_PACKET
    older = Client(version=V3).connect()
    older.session.receive(bytes.fromhex("c08000"))
    assert [type(each) for each in older.read()] == [Ping]


@settings(max_examples=200, deadline=None)
@given(
    junk=st.binary(max_size=60), cut=st.integers(0, 60), version=st.sampled_from(BOTH), first=st.booleans()
)
def test_bad_bytes_harm_nobody_else(junk: bytes, cut: int, version: int, first: bool) -> None:
    """Whatever comes, and in whatever pieces: no other error, and the neighbour goes on."""
    broker = Broker()
    neighbour = Client(broker, "neighbour").keep()
    neighbour.subscribe("n")
    client = Client(broker, "junk", version)
    if not first:
        client.connect()
    client.session.receive(junk[:cut])
    client.session.receive(junk[cut:])
    client.session.bytes_to_send()
    client.cut()
    neighbour.read()
    assert [each.topic for each in neighbour.publish("n")] == ["n"]


@settings(max_examples=100, deadline=None)
@given(data=st.data(), version=st.sampled_from(BOTH))
def test_packets_that_are_spoiled_a_little(data: Any, version: int) -> None:
    """Mutated packets are read in full or refused: what is read can be written again."""
    raw = bytearray(codec.write(data.draw(packets(version)), version))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    reader = codec.PacketReader()
    reader.feed(bytes(raw))
    try:
        found = reader.next()
        packet = None if found is None else codec.read(found[0], found[1], version)
    except PacketError:
        return
    if packet is not None:
        level = packet.version if isinstance(packet, Connect) else version
        assert one(codec.write(packet, level), level) == packet
