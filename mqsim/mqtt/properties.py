"""Properties of MQTT 5.0: what each is called, how it is written, and which packets may have it.

Source: MQTT 5.0, section 2.2.2, table 2-4.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from mqsim.mqtt import fields
from mqsim.mqtt.reasons import malformed, protocol_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqsim.mqtt.fields import Fields


class Kind(IntEnum):
    """The packets, by their numbers; `WILL` are the properties of a will, which stand within a CONNECT."""

    WILL = 0
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class Property(IntEnum):
    """The properties, by their numbers."""

    PAYLOAD_FORMAT_INDICATOR = 1
    MESSAGE_EXPIRY_INTERVAL = 2
    CONTENT_TYPE = 3
    RESPONSE_TOPIC = 8
    CORRELATION_DATA = 9
    SUBSCRIPTION_IDENTIFIER = 11
    SESSION_EXPIRY_INTERVAL = 17
    ASSIGNED_CLIENT_IDENTIFIER = 18
    SERVER_KEEP_ALIVE = 19
    AUTHENTICATION_METHOD = 21
    AUTHENTICATION_DATA = 22
    REQUEST_PROBLEM_INFORMATION = 23
    WILL_DELAY_INTERVAL = 24
    REQUEST_RESPONSE_INFORMATION = 25
    RESPONSE_INFORMATION = 26
    SERVER_REFERENCE = 28
    REASON_STRING = 31
    RECEIVE_MAXIMUM = 33
    TOPIC_ALIAS_MAXIMUM = 34
    TOPIC_ALIAS = 35
    MAXIMUM_QOS = 36
    RETAIN_AVAILABLE = 37
    USER_PROPERTY = 38
    MAXIMUM_PACKET_SIZE = 39
    WILDCARD_SUBSCRIPTION_AVAILABLE = 40
    SUBSCRIPTION_IDENTIFIER_AVAILABLE = 41
    SHARED_SUBSCRIPTION_AVAILABLE = 42


class Form(Enum):
    """How a value is written."""

    BYTE = "byte"
    TWO = "two bytes"
    FOUR = "four bytes"
    VARIABLE = "variable byte integer"
    BINARY = "binary data"
    TEXT = "text"
    PAIR = "pair of texts"


class Rule(NamedTuple):
    """One property's rule.

    Attributes:
        form: how it is written.
        kinds: the packets that may have it.
        least, most: the range of a number, as far as the protocol limits it further than the form.
    """

    form: Form
    kinds: frozenset[Kind]
    least: int = 0
    most: int = 0xFFFF_FFFF


Properties = dict[Property, Any]
"""Values by property; of USER_PROPERTY a list of pairs, of SUBSCRIPTION_IDENTIFIER a list of numbers."""


def _in(names: str) -> frozenset[Kind]:
    return frozenset(Kind[name] for name in names.split())


_MESSAGE = _in("PUBLISH WILL")
_ANSWERS = _in("CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH")
P = Property
RULES: Mapping[Property, Rule] = {
    P.PAYLOAD_FORMAT_INDICATOR: Rule(Form.BYTE, _MESSAGE, 0, 1),
    P.MESSAGE_EXPIRY_INTERVAL: Rule(Form.FOUR, _MESSAGE),
    P.CONTENT_TYPE: Rule(Form.TEXT, _MESSAGE),
    P.RESPONSE_TOPIC: Rule(Form.TEXT, _MESSAGE),
    P.CORRELATION_DATA: Rule(Form.BINARY, _MESSAGE),
    P.SUBSCRIPTION_IDENTIFIER: Rule(Form.VARIABLE, _in("PUBLISH SUBSCRIBE"), 1),
    P.SESSION_EXPIRY_INTERVAL: Rule(Form.FOUR, _in("CONNECT CONNACK DISCONNECT")),
    P.ASSIGNED_CLIENT_IDENTIFIER: Rule(Form.TEXT, _in("CONNACK")),
    P.SERVER_KEEP_ALIVE: Rule(Form.TWO, _in("CONNACK")),
    P.AUTHENTICATION_METHOD: Rule(Form.TEXT, _in("CONNECT CONNACK AUTH")),
    P.AUTHENTICATION_DATA: Rule(Form.BINARY, _in("CONNECT CONNACK AUTH")),
    P.REQUEST_PROBLEM_INFORMATION: Rule(Form.BYTE, _in("CONNECT"), 0, 1),
    P.WILL_DELAY_INTERVAL: Rule(Form.FOUR, _in("WILL")),
    P.REQUEST_RESPONSE_INFORMATION: Rule(Form.BYTE, _in("CONNECT"), 0, 1),
    P.RESPONSE_INFORMATION: Rule(Form.TEXT, _in("CONNACK")),
    P.SERVER_REFERENCE: Rule(Form.TEXT, _in("CONNACK DISCONNECT")),
    P.REASON_STRING: Rule(Form.TEXT, _ANSWERS),
    P.RECEIVE_MAXIMUM: Rule(Form.TWO, _in("CONNECT CONNACK"), 1),
    P.TOPIC_ALIAS_MAXIMUM: Rule(Form.TWO, _in("CONNECT CONNACK")),
    # An alias of 0 has a reason code of its own, which the session answers.
    P.TOPIC_ALIAS: Rule(Form.TWO, _in("PUBLISH")),
    P.MAXIMUM_QOS: Rule(Form.BYTE, _in("CONNACK"), 0, 1),
    P.RETAIN_AVAILABLE: Rule(Form.BYTE, _in("CONNACK"), 0, 1),
    P.USER_PROPERTY: Rule(Form.PAIR, frozenset(Kind) - _in("PINGREQ PINGRESP")),
    P.MAXIMUM_PACKET_SIZE: Rule(Form.FOUR, _in("CONNECT CONNACK"), 1),
    P.WILDCARD_SUBSCRIPTION_AVAILABLE: Rule(Form.BYTE, _in("CONNACK"), 0, 1),
    P.SUBSCRIPTION_IDENTIFIER_AVAILABLE: Rule(Form.BYTE, _in("CONNACK"), 0, 1),
    P.SHARED_SUBSCRIPTION_AVAILABLE: Rule(Form.BYTE, _in("CONNACK"), 0, 1),
}
_LISTED = frozenset({P.USER_PROPERTY, P.SUBSCRIPTION_IDENTIFIER})
_NUMBERS = frozenset({Form.BYTE, Form.TWO, Form.FOUR, Form.VARIABLE})


def read(data: Fields, kind: Kind) -> Properties:
    """Read a packet's properties, with their length before them.

    Raises:
        PacketError: 0x81 where they can't be read or the packet can't have one, 0x82 for a value that is not
            allowed or a property that stands there twice.
    """
    size = data.variable()
    if size > data.left:
        raise malformed("its properties are longer than it is")
    end = data.at + size
    found: Properties = {}
    while data.at < end:
        number = data.variable()
        rule = RULES.get(Property(number)) if number in _KNOWN else None
        if rule is None or kind not in rule.kinds:
            raise malformed(f"{kind.name} can't have property {number}")
        prop = Property(number)
        value = _read_value(data, rule.form)
        if rule.form in _NUMBERS and not rule.least <= value <= rule.most:
            raise protocol_error(f"{value} is not allowed for {prop.name}")
        # Only what the server sends may have several subscription identifiers.
        if prop in _LISTED and (prop is P.USER_PROPERTY or kind is Kind.PUBLISH or prop not in found):
            found.setdefault(prop, []).append(value)
        elif prop in found:
            raise protocol_error(f"{prop.name} stands there twice")
        else:
            found[prop] = value
    if data.at != end:
        raise malformed("a property is longer than the properties are")
    return found


_KNOWN = frozenset(int(prop) for prop in Property)


def _read_value(data: Fields, form: Form) -> Any:
    match form:
        case Form.BYTE:
            return data.byte()
        case Form.TWO:
            return data.two()
        case Form.FOUR:
            return data.four()
        case Form.VARIABLE:
            return data.variable()
        case Form.BINARY:
            return data.binary()
        case Form.TEXT:
            return data.text()
        case Form.PAIR:
            return data.text(), data.text()


def write(properties: Properties) -> bytes:
    """Write properties, with their length before them."""
    pieces = []
    for prop, value in properties.items():
        form = RULES[prop].form
        for each in value if prop in _LISTED else (value,):
            pieces += [bytes((prop,)), _written(each, form)]
    data = b"".join(pieces)
    return fields.variable(len(data)) + data


def _written(value: Any, form: Form) -> bytes:
    match form:
        case Form.BYTE:
            return bytes((value,))
        case Form.TWO:
            return fields.two(value)
        case Form.FOUR:
            return fields.four(value)
        case Form.VARIABLE:
            return fields.variable(value)
        case Form.BINARY:
            return fields.binary(value)
        case Form.TEXT:
            return fields.text(value)
        case Form.PAIR:
            return fields.text(value[0]) + fields.text(value[1])
