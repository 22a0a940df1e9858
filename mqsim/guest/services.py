"""Services that guests connect to, and TCP between a guest and a service, on the world's links.

A service is a callable: it is given a `Connection` for each client that connects, and gives the `Peer` that
is told what the client does. Peers have no clock and no sockets of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from mqsim.guest.operations import Connected, Ended, Event, Received, Reset
from mqsim.sim.links import Link

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


Service = Callable[["Connection"], Peer]
"""Makes the peer of a client that connects."""


class Client(Protocol):
    """What a connection needs of the guest that opened it."""

    name: str
    silent: bool

    def event(self, event: Event) -> None:
        """Something happens to the guest."""


class Connection:
    """One TCP connection between a guest and a service; the service's handle of it.

    Each end has its own view of whether it is open, because news takes time. A hop that carries bytes has
    them as its second argument, where a link with a bandwidth looks for what it carries.

    Args:
        client: the guest.
        fd: the guest's number of the socket.
        link: the link that it runs over.

    Attributes:
        client_name: the actor's name.
        client_open: whether the guest still has it.
        open: whether the service still has it.
    """

    __slots__ = ("_client", "_fd", "_link", "_peer", "client_name", "client_open", "open")

    def __init__(self, client: Client, fd: int, link: Link) -> None:
        self._client = client
        self._fd = fd
        self._link = link
        self._peer: Peer | None = None
        self.client_name = client.name
        self.client_open = True
        self.open = False

    # -- what the service does -------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send bytes to the client."""
        if self.open and data:
            self._link.down.send((self._bring, None, data))

    def close(self) -> None:
        """Close; the client reads the end of the stream after what was sent."""
        if self.open:
            self.open = False
            self._link.down.send((self._arrive, Ended(self._fd), None))

    def reset(self) -> None:
        """Tear it down; the client gets ECONNRESET. So RabbitMQ does when heartbeats are missed."""
        if self.open:
            self.open = False
            self._link.down.send((self._arrive, Reset(self._fd), None))

    # -- what the guest does ---------------------------------------------------------------------------------

    def request(self, service: Service | None, errno: int) -> None:
        """Ask a service for it; None refuses with `errno`."""
        self._link.up.send((self._accept, service, errno))

    def transmit(self, data: bytes) -> None:
        """Send bytes to the service."""
        self._link.up.send((self._take, None, data))

    def finish(self) -> None:
        """Send no more."""
        self._link.up.send((self._take_end, None, None))

    def abandon(self) -> None:
        """Close the guest's end, as its kernel does."""
        if self.client_open:
            self.client_open = False
            self._link.up.send((self._take_close, None, None))

    def darken(self) -> None:
        """The guest's machine is gone: nothing comes from it, and nothing is answered."""
        self.client_open = False

    def sever(self) -> None:
        """Both ends learn at once that it is broken."""
        if self.client_open:
            self.client_open = False
            self._client.event(Reset(self._fd))
        self._take_close(None, None)

    # -- what arrives ----------------------------------------------------------------------------------------

    def _accept(self, service: Service | None, errno: int) -> None:
        if service is None:
            self._link.down.send((self._arrive, Connected(self._fd, errno), None))
            return
        self.open = True
        self._link.down.send((self._arrive, Connected(self._fd, 0), None))
        self._peer = service(self)

    def _take(self, _: object, data: bytes) -> None:
        if self.open and self._peer is not None:
            self._peer.data_received(data)
        else:
            self._link.down.send((self._arrive, Reset(self._fd), None))

    def _take_end(self, _: object, __: object) -> None:
        if self.open and self._peer is not None and not self._peer.eof_received() and self.open:
            self.close()
            self._peer.closed()

    def _take_close(self, _: object, __: object) -> None:
        if self.open:
            self.open = False
            if self._peer is not None:
                self._peer.closed()

    def _bring(self, _: object, data: bytes) -> None:
        if self.client_open:
            self._client.event(Received(self._fd, data))
        elif not self._client.silent:
            self._link.up.send((self._take_close, None, None))

    def _arrive(self, event: Event, _: object) -> None:
        if self.client_open:
            self._client.event(event)


Route = Callable[[str, str, int], tuple[Service | None, Link]]
"""(who, host, port) -> the service that listens there, or None, and the link to it."""


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

    def __call__(self, who: str, host: str, port: int) -> tuple[Service | None, Link]:
        """Find what listens there, and the way to it."""
        return self.services.get((host, port)), self.link(who)

    def link(self, who: str) -> Link:
        """The link between an actor and the services."""
        if who not in self._links:
            self._links[who] = self._link(who)
        return self._links[who]
