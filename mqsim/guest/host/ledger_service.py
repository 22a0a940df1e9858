"""The ledger of a world: a small service in which programs record effects, and which outlives each of them.

Programs reach it through `ledger.py`. A request is a line of JSON, and so is its answer:

    {"do": "record" | "record_once" | "seen" | "entries", "key": …, "value": …}
    {"is": …}, or {"error": a sentence}

An effect counts from the moment when its request arrives, whatever becomes of the program before the answer
gets there. A new world has a new ledger.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from mqsim.guest.host.services import Connection, Peer
from mqsim.guest.kernel.ticks import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = ("ledger", 7070)
"""Where programs expect the service: what every guest's MQSIM_LEDGER says."""

LONGEST = 65_536
"""Bytes that one request may have."""


class LedgerEntry(NamedTuple):
    """One effect.

    Attributes:
        t: when it was recorded, in seconds from the start of the world.
        who: the actor that recorded it.
        key: what it is about.
        value: what was recorded of it: anything that JSON holds.
    """

    t: float
    who: str
    key: str
    value: Any


class Ledger:
    """A world's ledger, as a service: give it to the directory at `ADDRESS`.

    Args:
        now: the world's clock, in seconds.

    Attributes:
        entries: what has been recorded, in order.
        away: whether it is out of order: whoever asks then has the connection broken.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._keys: set[str] = set()
        self._readers: dict[_Reader, None] = {}
        self.entries: list[LedgerEntry] = []
        self.away = False

    def __call__(self, connection: Connection) -> Peer:
        """The peer of a program that connects."""
        reader = _Reader(self, connection)
        if self.away:
            connection.reset()
        else:
            self._readers[reader] = None
        return reader

    def forget(self, reader: _Reader) -> None:
        """A program's connection is over."""
        self._readers.pop(reader, None)

    def fail(self) -> None:
        """Break down: every connection breaks, and answers on their way are lost. What is recorded stays."""
        self.away = True
        for reader in list(self._readers):
            reader.break_off()
        self._readers.clear()

    def recover(self) -> None:
        """Work again."""
        self.away = False

    def seen(self, key: str) -> bool:
        """Whether an effect of that key has been recorded."""
        return key in self._keys

    def record(self, who: str, key: str, value: Any = None) -> None:
        """Write an effect down, now."""
        self._keys.add(key)
        self.entries.append(LedgerEntry(self._now(), who, key, value))

    def answer(self, who: str, request: Any) -> Any:
        """Do what a program asks for.

        Raises:
            ValueError: it is no request; the sentence tells why.
        """
        match request:
            case {"do": "record", "key": str(key)}:
                self.record(who, key, request.get("value"))
                return True
            case {"do": "record_once", "key": str(key)}:
                if self.seen(key):
                    return False
                self.record(who, key, request.get("value"))
                return True
            case {"do": "seen", "key": str(key)}:
                return self.seen(key)
            case {"do": "entries"}:
                return [(EPOCH + each.t, each.who, each.key, each.value) for each in self.entries]
        raise ValueError("the ledger takes record, record_once, seen and entries, with a key that is a text.")


class _Reader(Peer):
    """One program's connection: takes lines, sends lines."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        self._ledger = ledger
        self._connection = connection
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._connection.send(json.dumps(self._answer(line)).encode() + b"\n")
        if len(self._rest) > LONGEST:
            self.break_off()

    def closed(self) -> None:
        self._ledger.forget(self)

    def break_off(self) -> None:
        """Break the connection."""
        self._ledger.forget(self)
        self._connection.reset()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            return {"is": self._ledger.answer(self._connection.client_name, plain_request(line))}
        except (ValueError, RecursionError) as error:
            return {"error": str(error)}


def plain_request(line: bytes) -> Any:
    """A request as JSON means it (RFC 8259), and nothing that only some readers of JSON take.

    Raises:
        ValueError: it is too long, or holds NaN, an infinity, a key twice, or half of a character.
    """
    if len(line) > LONGEST:
        raise ValueError(f"the ledger takes entries of at most {LONGEST} bytes, not {len(line)}.")
    request = json.loads(line, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_once)
    try:
        json.dumps(request, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("the ledger takes whole characters, and no half of one (a surrogate).") from None
    return request


def _refuse_constant(name: str) -> float:
    raise ValueError(f"the ledger takes numbers, and {name} is none.")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the ledger takes numbers, and {text[:20]} is too large for one.")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("the ledger takes an object's key once.")
    return found
