"""AMQP's field values: how numbers, texts, times and tables stand in bytes.

pamqp knows which field of which method has which type; the values are read and written here, because a broker
has to hand on what it was given: a double keeps its 53 bits, a time its number, a text that is no UTF-8 its
bytes, and a table costs time in proportion to its length. Sources: AMQP 0-9-1 specification, section 4.2.5;
RabbitMQ's errata (the letters that stand for types).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import Any, Final

from mqsim.broker.field_types import Byte, Float, Long, Short, UnsignedByte, UnsignedInt, UnsignedShort

DEEPEST: Final = 64
"""How many tables and arrays may stand one in another."""

_OCTET, _SHORT, _LONG, _LONGLONG = Struct(">B"), Struct(">H"), Struct(">I"), Struct(">Q")
_SIGNED, _SIGNED_LONG = Struct(">i"), Struct(">q")
_DOUBLE, _DECIMAL = Struct(">d"), Struct(">Bi")


class MalformedError(ValueError):
    """Bytes that are no value of the type that they have to be."""


class NotUnicodeError(MalformedError):
    """A short text that is no UTF-8."""


class MalformedTableError(MalformedError):
    """A table or an array that can't be read."""


class Timestamp(int):
    """A time in seconds since 1970, as a publisher wrote it; told from other numbers by its type alone."""


def long_text(data: bytes, at: int) -> tuple[str | bytes, int]:
    """Read a longstr; bytes that are no UTF-8 stay bytes.

    Returns:
        The value, and where the next one begins; so does each function here that reads.
    """
    value, after = _long_bytes(data, at)
    try:
        return value.decode(), after
    except UnicodeDecodeError:
        return value, after


def _long_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = _LONG.unpack_from(data, at)
    at += 4
    if at + length > len(data):
        raise MalformedError(f"a text of {length} bytes does not end within its frame")
    return data[at : at + length], at + length


def short_text(data: bytes, at: int) -> tuple[str, int]:
    """Read a shortstr, at most 255 bytes of UTF-8."""
    length = data[at]
    at += 1
    if at + length > len(data):
        raise MalformedError(f"a text of {length} bytes does not end within its frame")
    try:
        return data[at : at + length].decode(), at + length
    except UnicodeDecodeError:
        raise NotUnicodeError("Malformed UTF-8 in shortstr") from None


def read_table(data: bytes, at: int) -> tuple[dict[str, object], int]:
    """Read a field table.

    Raises:
        MalformedTableError: it can't be read.
    """
    try:
        return _read_table(data, at, 0)
    except UNREADABLE as error:
        raise MalformedTableError(str(error)) from error


def _read_table(data: bytes, at: int, depth: int) -> tuple[dict[str, object], int]:
    end = _end(data, at, depth)
    at += 4
    found: dict[str, object] = {}
    while at < end:
        name, at = short_text(data, at)
        found[name], at = _read_value(data, at, depth)
    if at != end:
        raise MalformedError("a table does not end where it says")
    return found, end


def _read_array(data: bytes, at: int, depth: int) -> tuple[list[object], int]:
    end = _end(data, at, depth)
    at += 4
    found = []
    while at < end:
        value, at = _read_value(data, at, depth)
        found.append(value)
    if at != end:
        raise MalformedError("an array does not end where it says")
    return found, end


def _end(data: bytes, at: int, depth: int) -> int:
    (length,) = _LONG.unpack_from(data, at)
    if at + 4 + length > len(data):
        raise MalformedError(f"a table of {length} bytes does not end within its frame")
    if depth > DEEPEST:
        raise MalformedError(f"tables stand more than {DEEPEST} deep in each other")
    return int(at + 4 + length)


def _read_value(data: bytes, at: int, depth: int) -> tuple[object, int]:
    kind = data[at : at + 1]
    at += 1
    fixed = _FIXED.get(kind)
    if fixed is not None:
        form, number = fixed
        (value,) = form.unpack_from(data, at)
        return number(value), at + form.size
    match kind:
        case b"S":
            return long_text(data, at)
        case b"t":
            return data[at] != 0, at + 1
        case b"T":
            return Timestamp(_LONGLONG.unpack_from(data, at)[0]), at + 8
        case b"F":
            return _read_table(data, at, depth + 1)
        case b"A":
            return _read_array(data, at, depth + 1)
        case b"V":
            return None, at
        case b"D":
            scale, mantissa = _DECIMAL.unpack_from(data, at)
            return Decimal(mantissa).scaleb(-scale), at + 5
        case b"x":
            value, at = _long_bytes(data, at)
            return bytearray(value), at
    raise MalformedError(f"{kind!r} stands for no type of value")


_FIXED: Mapping[bytes, tuple[Struct, Callable[[Any], object]]] = {
    b"b": (Struct(">b"), Byte),
    b"B": (Struct(">B"), UnsignedByte),
    b"s": (Struct(">h"), Short),
    b"u": (Struct(">H"), UnsignedShort),
    b"I": (_SIGNED, int),
    b"i": (_LONG, UnsignedInt),
    b"L": (_SIGNED_LONG, Long),
    b"l": (_SIGNED_LONG, Long),
    b"f": (Struct(">f"), Float),
    b"d": (_DOUBLE, float),
}
"""The numbers by their letter. `L` is signed, too, and goes on as `l`: RabbitMQ's errata."""

_LETTERS: Mapping[object, tuple[bytes, Struct]] = {
    number: (letter, form) for letter, (form, number) in _FIXED.items() if number not in (int, float)
}
"""The letter and the form of the numbers that have a type of their own."""


def write_short(value: str) -> bytes:
    """A shortstr; what is longer than 255 bytes is cut."""
    data = value.encode()[:255]
    return _OCTET.pack(len(data)) + data


def write_long(value: str | bytes) -> bytes:
    """A longstr."""
    data = value.encode() if isinstance(value, str) else value
    return _LONG.pack(len(data)) + data


def write_table(table: Mapping[str, object] | None) -> bytes:
    """A field table, in the table's own order."""
    data = b"".join(write_short(name) + _write_value(value) for name, value in (table or {}).items())
    return _LONG.pack(len(data)) + data


def as_carried(table: Mapping[str, object]) -> dict[str, object]:
    """A field table as it is after a frame has carried it.

    Raises:
        MalformedTableError: no frame can carry it.
    """
    try:
        return read_table(write_table(table), 0)[0]
    except UNWRITABLE as error:
        raise MalformedTableError(str(error)) from error


def _write_value(value: object) -> bytes:
    if isinstance(value, str | bytes):
        return b"S" + write_long(value)
    if isinstance(value, bool):
        return b"t\1" if value else b"t\0"
    if type(value) in _LETTERS:
        letter, form = _LETTERS[type(value)]
        return letter + form.pack(value)
    if isinstance(value, Timestamp):
        return b"T" + _LONGLONG.pack(value)
    if isinstance(value, int):
        return b"I" + _SIGNED.pack(value) if -(2**31) <= value < 2**31 else b"l" + _SIGNED_LONG.pack(value)
    if isinstance(value, float):
        return b"d" + _DOUBLE.pack(value)
    if isinstance(value, Mapping):
        return b"F" + write_table(value)
    if isinstance(value, list | tuple):
        data = b"".join(_write_value(each) for each in value)
        return b"A" + _LONG.pack(len(data)) + data
    if value is None:
        return b"V"
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        scale = -exponent if isinstance(exponent, int) and exponent < 0 else 0
        return b"D" + _DECIMAL.pack(scale, int(value.scaleb(scale)))
    if isinstance(value, bytearray):
        return b"x" + write_long(bytes(value))
    raise TypeError(f"AMQP has no type for {value!r}")


def _number(form: Struct) -> Callable[[bytes, int], tuple[object, int]]:
    def read(data: bytes, at: int) -> tuple[object, int]:
        return form.unpack_from(data, at)[0], at + form.size

    return read


def _timestamp(data: bytes, at: int) -> tuple[object, int]:
    return Timestamp(_LONGLONG.unpack_from(data, at)[0]), at + 8


READERS: Mapping[str, Callable[[bytes, int], tuple[object, int]]] = {
    "octet": _number(_OCTET),
    "short": _number(_SHORT),
    "long": _number(_LONG),
    "longlong": _number(_LONGLONG),
    "shortstr": short_text,
    "longstr": long_text,
    "table": read_table,
    "timestamp": _timestamp,
}
"""How a value of each of AMQP's types is read; bits, which share octets, are the method's matter."""

WRITERS: Mapping[str, Callable[..., bytes]] = {
    "octet": _OCTET.pack,
    "short": _SHORT.pack,
    "long": _LONG.pack,
    "longlong": _LONGLONG.pack,
    "shortstr": write_short,
    "longstr": write_long,
    "table": write_table,
    "timestamp": _LONGLONG.pack,
}
"""How each is written."""

UNREADABLE: Final = (MalformedError, StructError, IndexError)
"""What a reader raises when the bytes are too few, or no value."""

UNWRITABLE: Final = (ValueError, StructError, TypeError, AttributeError, RecursionError)
"""What a writer raises when a value is none of its type, too large, or stands too deep in others."""
