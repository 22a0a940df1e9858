"""A ledger: a list of effects that outlives the program that writes it. Four functions:

    import ledger

    ledger.record("task-1", "done")        # write an effect down
    ledger.seen("task-1")                  # True: it has been written down before
    ledger.record_once("task-1", "done")   # False, and nothing is written: it is there already
    ledger.entries()                       # all of it, in order: time, who, key, value

In a simulated world the ledger is a service there; each call is a request and a reply, so a program can die
between the two, and the effect is recorded though it never learned so. Anywhere else the ledger is a SQLite
file, `ledger.db` in the current folder, which programs may use side by side; delete it to begin afresh.
`python ledger.py` shows it.

The variable MQSIM_LEDGER names another file, or a service as `tcp://HOST:PORT`. This file needs nothing but
Python: copy it beside your program to take it anywhere. (It imports nothing of mqsim for that reason.)
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from typing import Any, NamedTuple, Protocol

__all__ = ["Entry", "LedgerError", "entries", "record", "record_once", "seen"]


class LedgerError(OSError):
    """The ledger can't be reached or written. An effect on its way may have been recorded, or not."""


class Entry(NamedTuple):
    """One effect.

    Attributes:
        time: when it was recorded, in seconds since 1970.
        who: the program that recorded it.
        key: what it is about.
        value: what was recorded of it.
    """

    time: float
    who: str
    key: str
    value: Any


def record(key: object, value: Any = None) -> None:
    """Write an effect down, at the end of the ledger.

    Args:
        key: what it is about, such as the number of a task. Bytes are taken as UTF-8, all else by its `str`.
        value: what happened: anything that JSON can hold.

    Raises:
        LedgerError: the ledger can't be reached or written.
        TypeError: JSON can't hold the value.
    """
    _ledger().ask({"do": "record", "key": _text(key), "value": _plain(value)})


def record_once(key: object, value: Any = None) -> bool:
    """Write an effect down unless there is one of that key. Nobody can come in between.

    Returns:
        Whether it was written. False means: this was done before, do not do it again.

    Raises:
        LedgerError: the ledger can't be reached or written.
        TypeError: JSON can't hold the value.
    """
    return bool(_ledger().ask({"do": "record_once", "key": _text(key), "value": _plain(value)}))


def seen(key: object) -> bool:
    """Tell whether an effect of that key has been recorded, by whomever.

    Raises:
        LedgerError: the ledger can't be reached or read.
    """
    return bool(_ledger().ask({"do": "seen", "key": _text(key)}))


def entries() -> list[Entry]:
    """All effects, in the order in which they were recorded.

    Raises:
        LedgerError: the ledger can't be reached or read.
    """
    return [Entry(*each) for each in _ledger().ask({"do": "entries"})]


class _Ledger(Protocol):
    def ask(self, request: dict[str, Any]) -> Any:
        """Do what is asked, and give what came of it."""


class _Service:
    """A ledger behind a port. One connection, made when it is first needed and again when it broke."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._lock = threading.Lock()
        self._stream: socket.socket | None = None

    def ask(self, request: dict[str, Any]) -> Any:
        with self._lock:
            try:
                stream = self._connected()
                stream.sendall(json.dumps(request).encode() + b"\n")
                found, wrong = _answer_of(_line_of(stream))
            except (OSError, ValueError) as error:
                self._drop()
                place = "{}:{}".format(*self._address)
                raise LedgerError(f"the ledger at {place} did not answer: {error}") from error
            except BaseException:
                # Ctrl-C, for one: the rest of the answer must not be taken for that of the next request.
                self._drop()
                raise
        if wrong:
            raise LedgerError(wrong)
        return found

    def _connected(self) -> socket.socket:
        if self._stream is not None and _has_ended(self._stream):
            self._drop()
        if self._stream is None:
            self._stream = socket.create_connection(self._address)
        return self._stream

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _line_of(stream: socket.socket) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = stream.recv(65536)
        if not piece:
            raise ConnectionResetError("the connection broke")
        line += piece
    return bytes(line)


def _answer_of(line: bytes) -> tuple[Any, str]:
    """What came of a request, and what was wrong with it."""
    answer = json.loads(line)
    if not isinstance(answer, dict) or not answer.keys() & {"is", "error"}:
        raise ValueError("what answers there is no ledger")
    return answer.get("is"), answer.get("error", "")


def _has_ended(stream: socket.socket) -> bool:
    """Whether a connection on which no answer is due can't be used any more."""
    stream.setblocking(False)
    try:
        stream.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        stream.setblocking(True)
    return True


class _File:
    """A ledger in a SQLite file. Each call opens it anew, so that threads and processes can share it."""

    _TABLE = "CREATE TABLE IF NOT EXISTS entries (time REAL, who TEXT, key TEXT, value TEXT)"
    _INSERT = "INSERT INTO entries VALUES (?, ?, ?, ?)"
    _HAS = "SELECT EXISTS (SELECT 1 FROM entries WHERE key = ?)"
    _ALL = "SELECT time, who, key, value FROM entries ORDER BY rowid"

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        name = os.path.splitext(os.path.basename(sys.argv[0]))[0] or "python"
        self._who = f"{name}-{os.getpid()}"

    def ask(self, request: dict[str, Any]) -> Any:
        import sqlite3

        try:
            file = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            try:
                file.execute(self._TABLE)
                file.execute("BEGIN IMMEDIATE")
                found = self._do(file, request)
                file.execute("COMMIT")
                return found
            finally:
                file.close()
        except sqlite3.Error as error:
            raise LedgerError(f"the ledger {self._path} can't be used: {error}") from error

    def _do(self, file: Any, request: dict[str, Any]) -> Any:
        if request["do"] == "entries":
            return [(*rest, json.loads(value)) for *rest, value in file.execute(self._ALL)]
        key = request["key"]
        is_there = request["do"] != "record" and bool(file.execute(self._HAS, (key,)).fetchone()[0])
        if request["do"] == "seen":
            return is_there
        if not is_there:
            file.execute(self._INSERT, (time.time(), self._who, key, json.dumps(request["value"])))
        return not is_there


_ledgers: dict[str, _Ledger] = {}


def _ledger() -> _Ledger:
    place = os.environ.get("MQSIM_LEDGER") or "ledger.db"
    if place not in _ledgers:
        if place.startswith("tcp://"):
            host, _, port = place.removeprefix("tcp://").rpartition(":")
            _ledgers[place] = _Service(host, int(port))
        else:
            _ledgers[place] = _File(place)
    return _ledgers[place]


def _text(key: object) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return _text(value)
    json.dumps(value)  # for its TypeError: whatever the ledger is, it refuses the same values
    return value


if __name__ == "__main__":
    for entry in entries():
        moment = time.strftime("%H:%M:%S", time.localtime(entry.time))
        print(moment, entry.who, entry.key, "" if entry.value is None else entry.value, sep="  ")
