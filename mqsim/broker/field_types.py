"""AMQP's number types that a Python number does not get by itself.

A plain `int` is signed and has 32 bits, or 64 where it does not fit; a plain `float` is a double. A number
that a client sent as another type keeps that type through the broker, as in RabbitMQ. Source: AMQP 0-9-1
specification, section 4.2.1, with RabbitMQ's errata.
"""

from __future__ import annotations


class Byte(int):
    """A signed 8-bit number (`b`)."""


class UnsignedByte(int):
    """An unsigned 8-bit number (`B`)."""


class Short(int):
    """A signed 16-bit number (`s`)."""


class UnsignedShort(int):
    """An unsigned 16-bit number (`u`)."""


class UnsignedInt(int):
    """An unsigned 32-bit number (`i`)."""


class Long(int):
    """A signed 64-bit number (`l`), however small."""


class Float(float):
    """A 32-bit floating-point number (`f`)."""


TYPE_NAMES: dict[type, str] = {
    Byte: "byte",
    UnsignedByte: "unsignedbyte",
    Short: "short",
    UnsignedShort: "unsignedshort",
    UnsignedInt: "unsignedint",
    Long: "long",
    Float: "float",
}
"""What RabbitMQ calls these types in its texts."""


def class_of(value: object) -> type:
    """The type of a value; all whole numbers are of one class, however many bits they have."""
    return next((kind for kind in (bool, int, float) if isinstance(value, kind)), type(value))
