"""Services that guests connect to, and TCP between a guest and a service, on the world's links.

A service is a callable: it is given a `Connection` for each client that connects, and gives the `Peer` that
is told what the client does. Peers have no clock and no sockets of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from mqsim.guest.kernel.operations import Connected, Ended, Event, Received, Reset
from mqsim.sim.links import Hop, Link

if TYPE_CHECKING:
    from collections.abc import Mapping


class Peer:
    """The service's side of one connection; override what matters."""

    def data_received(self, data: bytes) -> None:
        """Bytes have come in."""

    def eof_received(self) -> bool:
        """The client sends no more.

        Returns:
            Whether to keep the connection open, to send. If not, as by default, it is closed, and `closed`
            called.
        """
        return False

    def closed(self) -> None:
        """The client is gone: it closed, was killed, or the connection broke. Called once at most, and last;
        not after the service's own `close` or `reset`.
        """

    # For those who keep a record; what happens at the client's end:

    def client_sent(self, data: bytes) -> None:
        """Bytes have left the client; they are still on their way."""

    def client_received(self, note: Any) -> None:
        """What was sent with that note has reached the client's machine."""

    def client_missed(self, note: Any) -> None:
        """What was sent with that note came to a client that was gone."""

    def client_used_by(self, frame: int, thread: str) -> None:
        """From a frame on, another thread of the client sends."""

    def client_broken(self) -> None:
        """The connection broke under the client."""

    def client_left(self, why: str) -> None:
        """The client has closed its end, or died."""


Service = Callable[["Connection"], Peer]
"""Makes the peer of a client that connects."""


class Client(Protocol):
    """What a connection needs of the guest that opened it."""

    name: str
    silent: bool
    hung: bool

    def event(self, event: Event, may_wait: bool = False) -> None:
        """Something happens to the guest; `may_wait`: it need not wake up for that."""


class Segment(Hop):
    """What TCP carries from one end to the other.

    Args:
        act: what happens when it arrives.
        size: bytes of data in it.
    """

    __slots__ = ("_act", "_size")

    def __init__(self, act: Callable[[], None], size: int = 0) -> None:
        self._act = act
        self._size = size

    @property
    def size(self) -> int:
        """Bytes of data in it."""
        return self._size

    def arrive(self) -> None:
        """At the other end."""
        self._act()


class Connection:
    """One TCP connection between a guest and a service; the service's handle of it.

    Each end has its own view of whether it is open, because news takes time.

    Args:
        client: the guest.
        fd: the guest's number of the socket.
        link: the link that it runs over.

    Attributes:
        fd: see above.
        client_name: the actor's name.
        client_open: whether the guest still has it.
        open: whether the service still has it.
    """

    __slots__ = ("_client", "_link", "_peer", "client_name", "client_open", "fd", "open")

    def __init__(self, client: Client, fd: int, link: Link) -> None:
        self._client = client
        self.fd = fd
        self._link = link
        self._peer: Peer | None = None
        self.client_name = client.name
        self.client_open = True
        self.open = False

    def is_alive(self) -> bool:
        """Whether the guest has it, runs, and can be reached."""
        return self.client_open and not self._client.hung and not self.is_cut()

    def is_cut(self) -> bool:
        """Whether nothing passes between guest and service."""
        return bool(self._link.up.cuts)

    # -- what the service does -------------------------------------------------------------------------------

    def send(self, data: bytes, note: Any = None, may_wait: bool = False) -> None:
        """Send bytes to the client; its peer is told of the note when they are there.

        With `may_wait` the client need not wake up for them (see `GuestProcess.event`).
        """
        if self.open and data:
            self._link.down.send(Segment(partial(self._bring, note, data, may_wait), len(data)))

    def close(self) -> None:
        """Close; the client reads the end of the stream after what was sent."""
        if self.open:
            self.open = False
            self._tell(Ended(self.fd))

    def reset(self) -> None:
        """Tear it down; the client gets ECONNRESET. So RabbitMQ does when heartbeats are missed."""
        if self.open:
            self.open = False
            self._tell(Reset(self.fd))

    # -- what the guest does ---------------------------------------------------------------------------------

    def request(self, find: Callable[[], Service | None], errno: int) -> None:
        """Ask whoever listens when the request arrives; if nobody does, `errno` comes back."""
        self._link.up.send(Segment(partial(self._accept, find, errno)))

    def transmit(self, data: bytes) -> None:
        """Send bytes to the service."""
        if self._peer is not None:
            self._peer.client_sent(data)
        self._link.up.send(Segment(partial(self._take, data), len(data)))

    def finish(self) -> None:
        """Send no more."""
        self._link.up.send(Segment(self._take_end))

    def used_by(self, frame: int, thread: str) -> None:
        """From a frame on, another thread sends."""
        if self._peer is not None:
            self._peer.client_used_by(frame, thread)

    def abandon(self, why: str) -> None:
        """Close the guest's end, as its kernel does."""
        if self.client_open:
            self.client_open = False
            self._link.up.send(Segment(self._take_close))
        self._tell_left(why)

    def darken(self) -> None:
        """The guest's machine is gone: nothing comes from it, and nothing is answered."""
        self.client_open = False
        self._tell_left("machine switched off")

    def _tell_left(self, why: str) -> None:
        if self._peer is not None:
            self._peer.client_left(why)

    def sever(self) -> None:
        """Both ends learn at once that it is broken."""
        if self.client_open:
            self.client_open = False
            self._client.event(Reset(self.fd))
            if self._peer is not None:
                self._peer.client_broken()
        self._take_close()

    # -- what arrives ----------------------------------------------------------------------------------------

    def _accept(self, find: Callable[[], Service | None], errno: int) -> None:
        service = find()
        if service is None:
            self._tell(Connected(self.fd, errno))
            return
        self.open = True
        self._tell(Connected(self.fd, 0))
        self._peer = service(self)

    def _take(self, data: bytes) -> None:
        if self.open and self._peer is not None:
            self._peer.data_received(data)
        else:
            self._tell(Reset(self.fd))

    def _take_end(self) -> None:
        if self.open and self._peer is not None and not self._peer.eof_received() and self.open:
            self.close()
            self._peer.closed()

    def _take_close(self) -> None:
        if self.open:
            self.open = False
            if self._peer is not None:
                self._peer.closed()

    def _bring(self, note: Any, data: bytes, may_wait: bool) -> None:
        if note is not None and self._peer is not None:
            (self._peer.client_received if self.client_open else self._peer.client_missed)(note)
        if self.client_open:
            self._client.event(Received(self.fd, data), may_wait)
        elif not self._client.silent:
            self._link.up.send(Segment(self._take_close))

    def _tell(self, event: Event) -> None:
        self._link.down.send(Segment(partial(self._arrive, event)))

    def _arrive(self, event: Event) -> None:
        if self.client_open:
            self._client.event(event)


Route = Callable[[str, str, int], tuple[Callable[[], Service | None], Link]]
"""(who, host, port) -> what finds the service that listens there, when the request arrives, and the link to
it."""


class Directory:
    """A table of services, with one link for each guest: a `Route`.

    Args:
        link: makes the link of an actor of that name.
        services: by host and port.
    """

    def __init__(self, link: Callable[[str], Link], services: Mapping[tuple[str, int], Service]) -> None:
        self._link = link
        self._links: dict[str, Link] = {}
        self.services = dict(services)

    def __call__(self, who: str, host: str, port: int) -> tuple[Callable[[], Service | None], Link]:
        """Find what listens there, and the way to it."""
        return lambda: self.services.get((host, port)), self.link(who)

    def link(self, who: str) -> Link:
        """The link between an actor and the services."""
        if who not in self._links:
            self._links[who] = self._link(who)
        return self._links[who]
