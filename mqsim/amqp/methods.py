"""Methods and content headers, between bytes and pamqp's classes.

pamqp's classes say which fields a method has, and of which types; a field plan is made of each once. Methods
that come in are not checked against pamqp's patterns for names, for RabbitMQ takes any name.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from pamqp import base, commands

from mqsim.amqp.fields import READERS, WRITERS, MalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

Method = base.Frame
Properties = commands.Basic.Properties

BASIC: Final = 60
_NUMBERS, _HEADER = Struct(">HH"), Struct(">HHQ")

M = TypeVar("M", bound=Method)


class AccessRequest(base.Frame):
    """What clients of AMQP 0-8 ask first; RabbitMQ still answers, and pamqp does not know it."""

    # In the order of the wire.
    __slots__: ClassVar[list[str]] = ["realm", "exclusive", "passive", "active", "write", "read"]  # noqa: RUF023
    frame_id, index, name = 10, 0x001E000A, "Access.Request"
    _realm = "shortstr"
    _exclusive = _passive = _active = _write = _read = "bit"


class AccessRequestOk(base.Frame):
    """The answer; its ticket means nothing."""

    __slots__: ClassVar[list[str]] = ["ticket"]
    frame_id, index, name = 11, 0x001E000B, "Access.RequestOk"
    _ticket = "short"


KINDS: Mapping[int, type[Method]] = {**commands.INDEX_MAPPING, AccessRequest.index: AccessRequest}
"""Each method that may come in, by its numbers."""
_ALL: Mapping[int, type[Method]] = {**KINDS, AccessRequestOk.index: AccessRequestOk}


class UnknownMethodError(MalformedError):
    """Numbers of a class and a method that AMQP 0-9-1 does not have."""


def made(kind: type[M], **fields: object) -> M:
    """A method with these fields; any name will do, unlike in pamqp's own constructors."""
    method = kind.__new__(kind)
    for name in kind.__slots__:
        setattr(method, name, fields.get(name, _EMPTY[kind.amqp_type(name)]))
    return method


_EMPTY: Mapping[str, object] = {
    "bit": False,
    "octet": 0,
    "short": 0,
    "long": 0,
    "longlong": 0,
    "shortstr": "",
    "longstr": "",
    "table": None,
    "timestamp": 0,
}


def numbers_of(method: Method | type[Method]) -> tuple[int, int]:
    """The numbers of a method's class and of the method."""
    return method.index >> 16, method.index & 0xFFFF


_PLANS: Mapping[int, tuple[tuple[str, str], ...]] = {
    index: tuple((name, kind.amqp_type(name)) for name in kind.__slots__) for index, kind in _ALL.items()
}
"""The names and types of each method's fields."""


def read_method(payload: bytes) -> Method:
    """Read a method frame's payload.

    Raises:
        UnknownMethodError: there is no such method.
        MalformedError: its fields can't be read, or are not all there is.
    """
    index = int.from_bytes(payload[:4], "big")
    kind = KINDS.get(index)
    if kind is None:
        raise UnknownMethodError(f"class {index >> 16} has no method {index & 0xFFFF}")
    method: Method = kind.__new__(kind)
    try:
        at = _read_fields(method, kind, payload)
    except (IndexError, StructError) as error:
        raise MalformedError(f"{kind.name}: {error}") from error
    if at != len(payload):
        raise MalformedError(f"{kind.name}: bytes behind its last field")
    return method


def _read_fields(method: Method, kind: type[Method], payload: bytes) -> int:
    at, bit = 4, 8
    for name, type_name in _PLANS[kind.index]:
        if type_name == "bit":
            if bit == 8:
                bits, bit = payload[at], 0
                at += 1
            setattr(method, name, bool(bits & 1 << bit))
            bit += 1
            continue
        bit = 8
        value, at = READERS[type_name](payload, at)
        setattr(method, name, value)
    return at


def write_method(method: Method) -> bytes:
    """A method frame's payload."""
    parts = [_NUMBERS.pack(*numbers_of(method))]
    bits, bit = 0, 0
    for name, type_name in _PLANS[method.index]:
        value: Any = getattr(method, name)
        if type_name == "bit":
            bits |= bool(value) << bit
            bit += 1
            continue
        if bit:
            parts.append(bits.to_bytes(1, "big"))
            bits = bit = 0
        parts.append(WRITERS[type_name](value))
    if bit:
        parts.append(bits.to_bytes(1, "big"))
    return b"".join(parts)


class ContentHeader:
    """A content header.

    Attributes:
        class_id: the class that the content is of; 60 is basic, the only one with content.
        weight: must be 0.
        size: bytes of body that it announces.
        raw: the properties as they came: flags and values.
    """

    __slots__ = ("class_id", "raw", "size", "weight")

    def __init__(self, class_id: int, weight: int, size: int, raw: bytes) -> None:
        self.class_id = class_id
        self.weight = weight
        self.size = size
        self.raw = raw


def read_header(payload: bytes) -> ContentHeader:
    """Read a content header frame's payload, but for its properties.

    Raises:
        MalformedError: it is too short.
    """
    if len(payload) < 14:
        raise MalformedError("a content header of less than fourteen bytes")
    class_id, weight, size = _HEADER.unpack_from(payload)
    return ContentHeader(class_id, weight, size, payload[12:])


def write_header(size: int, raw: bytes) -> bytes:
    """A content header frame's payload, of properties in bytes."""
    return _HEADER.pack(BASIC, 0, size) + raw


def read_properties(raw: bytes) -> dict[str, object]:
    """Read a content's properties: those that are set, by their names.

    Raises:
        MalformedError: they can't be read.
    """
    flags = int.from_bytes(raw[:2], "big")
    if flags & _NO_PROPERTY:
        raise MalformedError("more flags than there are properties")
    found: dict[str, object] = {}
    at = 2
    try:
        for name, flag, type_name in _PROPERTIES:
            if flags & flag:
                found[name], at = READERS[type_name](raw, at)
    except (IndexError, StructError) as error:
        raise MalformedError(f"properties: {error}") from error
    if at != len(raw):
        raise MalformedError("bytes behind the last property")
    return found


def write_properties(properties: Mapping[str, object]) -> bytes:
    """A content's properties in bytes; what is None is left out."""
    flags, parts = 0, [b""]
    for name, flag, type_name in _PROPERTIES:
        value: Any = properties.get(name)
        if value is not None:
            flags |= flag
            parts.append(WRITERS[type_name](value))
    parts[0] = flags.to_bytes(2, "big")
    return b"".join(parts)


# pamqp calls one of them otherwise than AMQP does.
_PROPERTIES = tuple(
    ("type" if name == "message_type" else name, Properties.flags[name], Properties.amqp_type(name))
    for name in Properties.__slots__
)
_NO_PROPERTY: Final = 0b11
