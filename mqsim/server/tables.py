"""The file that durable things are kept in: its tables, and how it is opened, read and written.

Standard library's sqlite3, write-ahead log, every commit synced. One broker at a time has it open.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

APPLICATION = 0x6D71736D
"""Marks a file as ours (`mqsm`)."""

LAYOUT = 1

_SCHEMA = """
CREATE TABLE state (clean INTEGER NOT NULL);
CREATE TABLE queues (name TEXT PRIMARY KEY, auto_delete INTEGER NOT NULL, arguments BLOB NOT NULL);
CREATE TABLE exchanges (name TEXT PRIMARY KEY, kind TEXT NOT NULL, durable INTEGER NOT NULL,
    auto_delete INTEGER NOT NULL, internal INTEGER NOT NULL, alternate TEXT);
CREATE TABLE bindings (source TEXT NOT NULL, to_queue INTEGER NOT NULL, target TEXT NOT NULL,
    key TEXT NOT NULL, arguments BLOB NOT NULL);
CREATE TABLE messages (id INTEGER PRIMARY KEY, queue TEXT NOT NULL, place INTEGER NOT NULL,
    exchange TEXT NOT NULL, key TEXT NOT NULL, properties BLOB NOT NULL, body BLOB NOT NULL,
    died INTEGER NOT NULL, expires REAL, redelivered INTEGER NOT NULL, failures INTEGER NOT NULL,
    deliveries INTEGER NOT NULL);
INSERT INTO state VALUES (1);
"""


class QueueRow(NamedTuple):
    """A durable queue; its arguments as a field table in bytes."""

    name: str
    auto_delete: bool
    arguments: bytes


class ExchangeRow(NamedTuple):
    """An exchange that is kept."""

    name: str
    kind: str
    durable: bool
    auto_delete: bool
    internal: bool
    alternate: str | None


class BindingRow(NamedTuple):
    """A binding between things that are kept."""

    source: str
    to_queue: bool
    target: str
    key: str
    arguments: bytes


class MessageRow(NamedTuple):
    """A persistent message; `expires` in seconds since 1970."""

    id: int
    queue: str
    place: int
    exchange: str
    key: str
    properties: bytes
    body: bytes
    died: bool
    expires: float | None
    redelivered: bool
    failures: int
    deliveries: int


Topology = tuple[frozenset[QueueRow], frozenset[ExchangeRow], frozenset[BindingRow]]
"""Queues, exchanges and bindings."""

EMPTY: Topology = (frozenset(), frozenset(), frozenset())


@dataclass(slots=True)
class Batch:
    """What is written in one go.

    Attributes:
        before, after: the topology as the file has it, and as it is to be.
        messages: new ones; gone: the numbers of those that are done with.
        handed: those that are out: failures should they come back, deliveries, number.
    """

    before: Topology = EMPTY
    after: Topology = EMPTY
    messages: list[MessageRow] = field(default_factory=list)
    gone: list[tuple[int]] = field(default_factory=list)
    handed: list[tuple[int, int, int]] = field(default_factory=list)


class File:
    """The open file.

    Args:
        path: where it is, or is to be.

    Raises:
        UsageError: it can't be opened, is none of ours, or another broker has it open.
    """

    def __init__(self, path: Path) -> None:
        # The loop writes what other protocols keep while the thread may be at a batch.
        self._writing = Lock()
        try:
            # One connection, used by the loop before and after, and in between by the one thread that writes.
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=0.5)
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._prepare(path)
        except sqlite3.Error as error:
            in_use = "locked" in str(error)
            why = "another broker has it open" if in_use else str(error)
            raise UsageError(f"{path}: the broker's data can't be kept there, for {why}.") from None

    def _prepare(self, path: Path) -> None:
        (mark,) = self._db.execute("PRAGMA application_id").fetchone()
        (layout,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and (mark, layout) != (APPLICATION, LAYOUT):
            raise UsageError(f"{path}: this is no file of this broker's; give --data another name.")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        if not tables:
            self._db.executescript(
                f"BEGIN; PRAGMA application_id={APPLICATION}; PRAGMA user_version={LAYOUT}; {_SCHEMA} COMMIT;"
            )
        # Takes the lock now, not at the first write.
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("COMMIT")

    def was_clean(self) -> bool:
        """Whether the broker that had it last ended in order."""
        return bool(self._db.execute("SELECT clean FROM state").fetchone()[0])

    def mark(self, clean: bool) -> None:
        """Note that a broker has begun (not clean), or has ended in order."""
        self._db.execute("UPDATE state SET clean = ?", (clean,))

    def topology(self) -> Topology:
        """Queues, exchanges and bindings."""
        return (
            frozenset(QueueRow(*row) for row in self._db.execute("SELECT * FROM queues")),
            frozenset(ExchangeRow(*row) for row in self._db.execute("SELECT * FROM exchanges")),
            frozenset(BindingRow(*row) for row in self._db.execute("SELECT * FROM bindings")),
        )

    def messages(self) -> Iterator[MessageRow]:
        """Messages, in the order of their queues."""
        for row in self._db.execute("SELECT * FROM messages ORDER BY place, id"):
            yield MessageRow(*row)

    def write(self, batch: Batch) -> None:
        """Write a batch; it is on disk when this comes back.

        Raises:
            sqlite3.Error: it is not, and nothing of it.
        """
        with self._transaction():
            self._change(batch)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._writing:
            self._db.execute("BEGIN")
            try:
                yield
                self._db.execute("COMMIT")
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def add_tables(self, schema: str) -> None:
        """Make the tables of another protocol, each with `IF NOT EXISTS`."""
        self._db.executescript(schema)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What one of its tables holds."""
        return self._db.execute(query).fetchall()

    def execute(self, changes: Iterable[tuple[str, tuple[Any, ...]]]) -> None:
        """Change them; all of that is on disk when this comes back.

        Raises:
            sqlite3.Error: it is not, and nothing of it.
        """
        with self._transaction():
            for statement, values in changes:
                self._db.execute(statement, values)

    def _change(self, batch: Batch) -> None:
        db = self._db
        (old_queues, old_exchanges, old_bindings), (queues, exchanges, bindings) = batch.before, batch.after
        db.executemany("DELETE FROM queues WHERE name = ?", [(row.name,) for row in old_queues - queues])
        db.executemany(
            "DELETE FROM exchanges WHERE name = ?", [(row.name,) for row in old_exchanges - exchanges]
        )
        db.executemany(
            "DELETE FROM bindings "
            "WHERE source = ? AND to_queue = ? AND target = ? AND key = ? AND arguments = ?",
            old_bindings - bindings,
        )
        db.executemany("INSERT OR REPLACE INTO queues VALUES (?, ?, ?)", queues - old_queues)
        db.executemany(
            "INSERT OR REPLACE INTO exchanges VALUES (?, ?, ?, ?, ?, ?)", exchanges - old_exchanges
        )
        db.executemany("INSERT INTO bindings VALUES (?, ?, ?, ?, ?)", bindings - old_bindings)
        db.executemany(f"INSERT INTO messages VALUES ({', '.join('?' * 12)})", batch.messages)
        change = "UPDATE messages SET redelivered = 1, failures = ?, deliveries = ? WHERE id = ?"
        db.executemany(change, batch.handed)
        db.executemany("DELETE FROM messages WHERE id = ?", batch.gone)

    def keep_only(self, ids: Collection[int]) -> None:
        """Forget all messages but those with these numbers."""
        db = self._db
        (count,) = db.execute("SELECT count(*) FROM messages").fetchone()
        if count == len(ids):
            return
        db.execute("BEGIN")
        db.execute("CREATE TEMP TABLE kept (id INTEGER PRIMARY KEY)")
        db.executemany("INSERT INTO kept VALUES (?)", [(each,) for each in ids])
        db.execute("DELETE FROM messages WHERE id NOT IN (SELECT id FROM kept)")
        db.execute("DROP TABLE kept")
        db.execute("COMMIT")

    def note(self, rows: Iterable[tuple[int, bool, int, int, int]]) -> None:
        """Note the place and the fate of messages: place, redelivered, failures, deliveries, number."""
        self._db.execute("BEGIN")
        change = "UPDATE messages SET place = ?, redelivered = ?, failures = ?, deliveries = ? WHERE id = ?"
        self._db.executemany(change, rows)
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close it."""
        self._db.close()
