"""Holds the broker in real time: moves its clock, carries sessions' bytes, listens on a port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol

from mqsim.amqp import Session as AmqpSession
from mqsim.broker import Broker, NodeState
from mqsim.errors import UsageError
from mqsim.protocol import Session
from mqsim.server.accounts import Accounts
from mqsim.server.disk import Disk
from mqsim.server.memory import MemoryAlarm
from mqsim.server.stream import Stream
from mqsim.server.vhosts import VirtualHosts
from mqsim.stomp import Session as StompSession

if TYPE_CHECKING:
    from pathlib import Path

    from mqsim.amqp.observer import Observer as SessionObserver
    from mqsim.broker.message import Message

LOOPBACK, LOOPBACK_6 = "127.0.0.1", "::1"
GOODBYE = 1.0
"""Seconds that clients have to answer when the broker stops."""


class Beside(Protocol):
    """A broker of its own beside the AMQP broker, as a protocol may have it."""

    def advance(self, now: float) -> None:
        """Move on to `now`, in the host's seconds."""

    def next_deadline(self) -> float:
        """When `advance` is next needed; infinite if never."""

    def stop(self) -> None:
        """The host stops: let the clients go, and keep what is to be kept."""


Dialect = Callable[["Host", str, Callable[[], None]], Session]
"""(host, who is at the other end, what to call when there is something to send) -> a client's session."""


def amqp(host: Host, name: str, wake: Callable[[], None]) -> Session:
    """AMQP 0-9-1: a `Dialect`."""
    session = AmqpSession(
        host.broker,
        name,
        wake=lambda _: wake(),
        epoch=host.epoch,
        access=host.accounts.access(host.vhosts.brokers),
        vhosts=host.vhosts.brokers,
        observer=host.session_observer,
    )
    if host.vhosts.disks:
        session.handed = lambda message: host.handed(session, message)
    return session


class Host:
    """A broker and its streams.

    Args:
        broker: the broker; its time begins at 0 when the host is made.
        make_broker: makes the brokers of further virtual hosts; like `broker` unless told.

    Attributes:
        vhosts: the virtual hosts; `broker` is the one of `/`.
        streams: the connections that are open.
        epoch: seconds since 1970 at the broker's time 0.
        accounts: who may log in.
        session_observer: is told what passes through each AMQP client's session.
        delivered: is told of each message that another protocol's session sends, and whether it is then done
            with; None tells nobody.
        beside: further brokers that move with its clock, each of a protocol that has its own.
    """

    def __init__(self, broker: Broker, make_broker: Callable[[], Broker] | None = None) -> None:
        self.broker = broker
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time() - broker.now
        self.epoch = time.time() - broker.now
        self.vhosts = VirtualHosts(broker, make_broker or partial(_alike, broker), self.epoch)
        self.accounts = Accounts()
        self.session_observer: SessionObserver | None = None
        self.delivered: Callable[[Message, bool], None] | None = None
        self.beside: list[Beside] = []
        self.streams: dict[Stream, None] = {}
        self._awake: dict[Stream, None] = {}
        self._await_marks: dict[Stream, None] = {}
        self._turn: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._memory: MemoryAlarm | None = None
        self._servers: list[asyncio.Server] = []

    def keep(self, path: Path) -> list[str]:
        """Keep durable things in a file and take in what it holds; sentences tell what could not be restored.

        Raises:
            UsageError: the file can't be used.
        """
        return self.vhosts.keep(path, self._after_write)

    def limit_memory(self, limit: int) -> None:
        """Block publishers as long as this process has more bytes of memory than that."""
        self._memory = MemoryAlarm(self.loop, limit, self._set_memory_alarm)
        self._memory.look()

    def _set_memory_alarm(self, raised: bool) -> None:
        self.advance()
        self.vhosts.set_alarm("memory", raised)
        self.look_soon()

    # -- time ------------------------------------------------------------------------------------------------

    def advance(self) -> float:
        """Move the broker on to now, and give that in its seconds."""
        now = max(self.loop.time() - self.began, self.broker.now)
        self.vhosts.advance(now)
        for each in self.beside:
            each.advance(now)
        return now

    def awaken(self, stream: Stream) -> None:
        """A stream's session has something to send, or has ended: look at it soon."""
        self._awake[stream] = None
        self.look_soon()

    def look_soon(self) -> None:
        """Look, soon and outside of the broker, at what has to be sent and at the broker's next deadline."""
        if self._turn is None:
            self._turn = self.loop.call_soon(self._look)

    def _after_write(self) -> None:
        self._awake |= self._await_marks
        self._await_marks.clear()
        self.look_soon()

    def _look(self) -> None:
        self._turn = None
        self.advance()
        awake, self._awake = self._awake, {}
        for stream in awake:
            stream.look()
        for disk in self.vhosts.disks.values():
            disk.kick(self.loop)
        self._arm()

    def _arm(self) -> None:
        due = min([self.vhosts.next_deadline(), *(each.next_deadline() for each in self.beside)]) + self.began
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
            self._timer = None
        if due < float("inf"):
            self._timer = self.loop.call_at(due, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.look_soon()

    # -- streams ---------------------------------------------------------------------------------------------

    async def listen(
        self,
        host: str,
        port: int,
        *,
        paused: bool = False,
        dialect: Dialect | None = None,
        option: str = "--port",
    ) -> int:
        """Take a port, and give it back; asked for port 0, any that is free.

        Clients on that port speak the dialect; AMQP unless told. `option` is what chooses another port.

        Connections are taken at once, or, if `paused`, from `start` on. With 127.0.0.1 the same port of ::1
        is taken too, where this machine has that and nobody else does.

        Raises:
            UsageError: the port is taken, or the address is none of this machine's.
        """

        async def take(address: str, port: int) -> int:
            server = await self.loop.create_server(
                lambda: Stream(self, partial(self.open, dialect or amqp)),
                address,
                port,
                backlog=1024,
                start_serving=not paused,
            )
            self._servers.append(server)
            return int(server.sockets[0].getsockname()[1])

        try:
            taken = await take(host, port)
        except OSError as error:
            raise UsageError(
                f"nothing can listen on {host}:{port} ({error.strerror or error}); "
                f"perhaps another broker does already: stop it, or choose another {option}."
            ) from None
        if host == LOOPBACK:
            with suppress(OSError):
                await take(LOOPBACK_6, taken)
        return taken

    async def start(self) -> None:
        """Take connections at a port that was only taken."""
        for server in self._servers:
            await server.start_serving()

    def open(self, dialect: Dialect, stream: Stream, name: str) -> Session:
        """A client connects, and speaks that dialect."""
        self.streams[stream] = None
        self.advance()
        return dialect(self, name, lambda: self.awaken(stream))

    def forget(self, stream: Stream) -> None:
        """A stream is gone."""
        self.streams.pop(stream, None)
        self._awake.pop(stream, None)
        self._await_marks.pop(stream, None)

    def handed(self, session: AmqpSession | StompSession, message: Message) -> None:
        """A quorum queue's message goes out to a client: its members write that down first."""
        disk = _disk_of(session)
        if disk is not None:
            disk.handed(message)

    def marks_asked(self, session: Session) -> int:
        """How many deliveries of quorum queues are to be noted on a client's disk before they go out."""
        disk = _disk_of(session)
        return 0 if disk is None else disk.marks_asked

    def marks_written(self, session: Session) -> int:
        """How many of them are."""
        disk = _disk_of(session)
        return 0 if disk is None else disk.marks_written

    def await_marks(self, stream: Stream) -> None:
        """Look at the stream again when more of them are."""
        self._await_marks[stream] = None

    async def stop(self) -> None:
        """Take no more connections, close those that there are with 320, and stop the broker."""
        for server in self._servers:
            server.close()
        self.advance()
        for disk in self.vhosts.disks.values():
            disk.drain()
        for broker in self.vhosts:
            if broker.state is NodeState.RUNNING:
                broker.stop()
        for each in self.beside:
            each.stop()
        for stream in list(self.streams):
            stream.look()
        end = self.loop.time() + GOODBYE
        while self.streams and self.loop.time() < end:
            await asyncio.sleep(0.01)
        for stream in list(self.streams):
            stream.abort()
        if self._memory is not None:
            self._memory.stop()
        for handle in (self._timer, self._turn):
            if handle is not None:
                handle.cancel()
        for disk in self.vhosts.disks.values():
            disk.close()
        for server in self._servers:
            with suppress(TimeoutError):
                await asyncio.wait_for(server.wait_closed(), 1.0)


def _disk_of(session: Session) -> Disk | None:
    """Where a client's broker keeps durable things, also when its virtual host is just deleted."""
    storage = session.broker.storage if isinstance(session, AmqpSession | StompSession) else None
    return storage if isinstance(storage, Disk) else None


def _alike(broker: Broker) -> Broker:
    return Broker(
        broker.profile.version,
        consumer_timeout=broker.consumer_timeout,
        timeout_check_every=broker.timeout_check_every,
    )
