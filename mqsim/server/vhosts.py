"""Virtual hosts: for each one a broker of its own, with its own data file, on one clock.

Nothing passes from one virtual host to another, so each can be a whole broker. What they share is the
machine: an alarm of one is an alarm of all.

Source: RabbitMQ's documentation of virtual hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from mqsim.broker.replies import CONNECTION_FORCED, connection_error
from mqsim.errors import UsageError
from mqsim.protocol.access import VHOST
from mqsim.server.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mqsim.broker import Broker

_SIGN = "@"
"""Stands between the data file's name and a virtual host's in the names of the other virtual hosts' files."""


class VirtualHosts:
    """The virtual hosts of a server.

    Args:
        broker: the one of `/`.
        make_broker: makes another.
        epoch: seconds since 1970 at the brokers' time 0.

    Attributes:
        brokers: by the names of the virtual hosts.
        disks: where durable things are kept, by name; those without one keep nothing.
    """

    def __init__(self, broker: Broker, make_broker: Callable[[], Broker], epoch: float) -> None:
        self.brokers = {VHOST: broker}
        self.disks: dict[str, Disk] = {}
        self._make_broker = make_broker
        self._epoch = epoch
        self._path: Path | None = None
        self._written: Callable[[], None] = _nothing

    def add(self, name: str) -> list[str]:
        """Make a virtual host; one that is there is left as it is.

        Returns:
            Sentences about what could not be restored.

        Raises:
            UsageError: its data file can't be used.
        """
        if name in self.brokers:
            return []
        broker = self._make_broker()
        broker.advance(self.brokers[VHOST].now)
        for alarm in self.brokers[VHOST].alarms:
            broker.set_alarm(alarm, True)
        troubles = [] if self._path is None else self._keep(name, broker, self._path)
        self.brokers[name] = broker
        return troubles

    def remove(self, name: str) -> None:
        """Take a virtual host away, with all that is in it: its clients are thrown out.

        Raises:
            UsageError: it is `/`, which stays.
            KeyError: there is none of that name.
        """
        if name == VHOST:
            raise UsageError(
                "the virtual host / stays: clients that name none use it. Delete its queues instead."
            )
        broker = self.brokers.pop(name)
        for connection in list(broker.connections):
            connection.close(connection_error(CONNECTION_FORCED, f"vhost '{name}' is deleted"))
        disk = self.disks.pop(name, None)
        if disk is not None and self._path is not None:
            # Clients that wait for a delivery to be noted are told of the end only after it.
            disk.drain()
            disk.written()
            disk.close()
            _file_of(self._path, name).unlink(missing_ok=True)

    def keep(self, path: Path, written: Callable[[], None]) -> list[str]:
        """Keep durable things: those of `/` in this file, and those of another virtual host in one beside it.

        Args:
            path: the file.
            written: called when something more is on disk.

        Returns:
            Sentences about what could not be restored.

        Raises:
            UsageError: a file can't be used.
        """
        self._path, self._written = path, written
        told = []
        for name, broker in self.brokers.items():
            told += self._keep(name, broker, path)
        for each in sorted(path.parent.glob(f"{_escaped(path.name)}{_SIGN}*")):
            if not each.name.endswith(("-wal", "-shm", "-journal")):
                told += self.add(unquote(each.name[len(path.name) + len(_SIGN) :]))
        return told

    def _keep(self, name: str, broker: Broker, path: Path) -> list[str]:
        disk = self.disks[name] = Disk(_file_of(path, name), broker, self._epoch)
        disk.written = self._written
        disk.alarmed = self.set_disk_alarm
        return disk.troubles

    def set_disk_alarm(self, raised: bool) -> None:
        """One disk is full, or has room again."""
        self.set_alarm("disk", raised)

    def set_alarm(self, alarm: str, raised: bool) -> None:
        """Raise or clear an alarm of the machine: it concerns all virtual hosts."""
        for broker in self.brokers.values():
            if (alarm in broker.alarms) != raised:
                broker.set_alarm(alarm, raised)

    def advance(self, now: float) -> None:
        """Move all on to `now`, in seconds."""
        for broker in self.brokers.values():
            broker.advance(now)

    def next_deadline(self) -> float:
        """When `advance` is next needed, in seconds; infinite if never."""
        return min(broker.next_deadline() for broker in self.brokers.values())

    def __iter__(self) -> Iterator[Broker]:
        """The brokers."""
        return iter(list(self.brokers.values()))


def _file_of(path: Path, name: str) -> Path:
    if name == VHOST:
        return path
    # Without a hyphen: SQLite's own files beside a file have its name and -wal, -shm or -journal.
    return path.with_name(f"{path.name}{_SIGN}{quote(name, safe='').replace('-', '%2D')}")


def _escaped(name: str) -> str:
    """A file's name as `glob` takes it word for word."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)


def _nothing() -> None:
    """Nobody waits."""
