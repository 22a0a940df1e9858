"""The ledger of a world: a small service in which programs record effects, and which outlives each of them.

Programs reach it through `ledger.py`. A request is a line of JSON, and so is its answer:

    {"do": "record" | "record_once" | "seen" | "entries", "key": …, "value": …}
    {"is": …}, or {"error": a sentence}

An effect counts from the moment when its request arrives, whatever becomes of the program before the answer
gets there. A new world has a new ledger.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from mqsim.guest.host.services import Connection, Peer
from mqsim.guest.kernel.ticks import EPOCH

ADDRESS = ("ledger", 7070)
"""Where programs expect the service: what every guest's MQSIM_LEDGER says."""

LONGEST = 1 << 20
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
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._keys: set[str] = set()
        self.entries: list[LedgerEntry] = []

    def __call__(self, connection: Connection) -> Peer:
        """The peer of a program that connects."""
        return _Reader(self, connection)

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
        if len(self._rest) > LONGEST or any(len(line) > LONGEST for line in lines):
            self._connection.reset()
            return
        for line in lines:
            self._connection.send(json.dumps(self._answer(line)).encode() + b"\n")

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            return {"is": self._ledger.answer(self._connection.client_name, json.loads(line))}
        except (ValueError, RecursionError) as error:
            return {"error": str(error)}
