"""Fields of packets: integers, texts and binary data, read strictly.

Source: MQTT 5.0, section 1.5; MQTT 3.1.1, sections 1.5 and 2.2.3.
"""

from __future__ import annotations

from typing import Final

from mqsim.mqtt.reasons import malformed

LARGEST_VARIABLE: Final = 268_435_455
"""The largest variable byte integer: four bytes of seven bits."""

LARGEST_TEXT: Final = 65_535
"""Bytes of a text or of binary data."""


class Fields:
    """The bytes of one packet, read from the front.

    Args:
        data: the bytes.

    Attributes:
        at: how many were read.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def left(self) -> int:
        """How many were not read."""
        return len(self._data) - self.at

    def take(self, count: int) -> bytes:
        """So many bytes.

        Raises:
            PacketError: there are fewer.
        """
        if count > self.left:
            raise malformed("it ends within a field")
        taken = self._data[self.at : self.at + count]
        self.at += count
        return taken

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.left)

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def two(self) -> int:
        """An integer of two bytes."""
        return int.from_bytes(self.take(2), "big")

    def four(self) -> int:
        """An integer of four bytes."""
        return int.from_bytes(self.take(4), "big")

    def variable(self) -> int:
        """A variable byte integer, in as few bytes as it needs [MQTT-1.5.5-1]."""
        value = 0
        for place in range(4):
            digit = self.byte()
            value |= (digit & 0x7F) << (7 * place)
            if digit < 0x80:
                if place and not digit:
                    raise malformed("a variable byte integer has more bytes than it needs")
                return value
        raise malformed("a variable byte integer has more than four bytes")

    def binary(self) -> bytes:
        """Binary data."""
        return self.take(self.two())

    def text(self) -> str:
        """A UTF-8 text without U+0000 and without surrogates [MQTT-1.5.4-1, MQTT-1.5.4-2]."""
        try:
            text = self.binary().decode("utf-8")
        except UnicodeDecodeError:
            raise malformed("a text is not UTF-8") from None
        if "\0" in text:
            raise malformed("a text has a null character in it")
        return text

    def end(self) -> None:
        """Nothing may be left.

        Raises:
            PacketError: something is.
        """
        if self.left:
            raise malformed(f"{self.left} bytes are left over at its end")


def two(value: int) -> bytes:
    """An integer of two bytes."""
    return value.to_bytes(2, "big")


def four(value: int) -> bytes:
    """An integer of four bytes."""
    return value.to_bytes(4, "big")


def variable(value: int) -> bytes:
    """A variable byte integer."""
    digits = bytearray()
    while True:
        value, digit = value >> 7, value & 0x7F
        digits.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(digits)


def binary(value: bytes) -> bytes:
    """Binary data."""
    return two(len(value)) + value


def text(value: str) -> bytes:
    """A UTF-8 text."""
    return binary(value.encode("utf-8"))
