"""One connection of a program to the broker: what has left on it, what was sent to it, and how it ends.

What is particular to a protocol is its client's: `amqp_client`, `stomp_client`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.guest.host.deliveries import ClientDeliveries, Key
from mqsim.trace import ClientEvent, Outcome
from mqsim.trace.clients import ClientEventKind as Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.host.disk import Disk
    from mqsim.protocol.access import Access
    from mqsim.sim.world import World

GONE = "its connection was gone before it arrived"
SETTLING = frozenset({Kind.ACKED, Kind.NACKED, Kind.REJECTED})

Note = Key | ClientEvent
"""What is to be told when something sent to the client has reached its machine: a delivery, or a row."""


class BrokerClient:
    """A connection and its record.

    Args:
        world: where the trace is.
        fd: the program's number of the socket.
        deliveries: what the program holds.
        access: who may log in.
        remark: has the transcript say something of the program.
        disk: is told of what the program wants to be safe.

    Attributes:
        publishes: how many messages have left on it.
    """

    def __init__(
        self,
        world: World,
        fd: int,
        deliveries: ClientDeliveries,
        access: Access,
        remark: Callable[[str], None],
        disk: Disk | None = None,
    ) -> None:
        self._world = world
        self._clock = world.clock
        self._fd = fd
        self._access = access
        self._remark = remark
        self._disk = disk
        self._deliveries = deliveries
        self._record = deliveries.record.connect()
        self._is_over = False
        # Rows of messages that have left the client and not arrived.
        self._under_way: dict[int, None] = {}
        self._notes: list[Note] = []
        self.publishes = 0

    def advance(self, now: float) -> None:
        """Move the broker on to `now`."""
        self._world.broker.advance(now)

    def take_notes(self) -> list[Note]:
        """What goes with the bytes that are sent now."""
        notes, self._notes = self._notes, []
        return notes

    # -- what the network tells ------------------------------------------------------------------------------

    def used_by(self, frame: int, thread: str) -> None:
        """From the frame of that number on, a thread of that name sends."""
        self._record.used_by(frame, thread)

    def received(self, notes: list[Note]) -> None:
        """Deliveries, confirms and returns have reached the client's machine."""
        for note in notes:
            if isinstance(note, ClientEvent):
                self._record.arrived(note)
            else:
                self._deliveries.received(note)

    def missed(self, notes: list[Note]) -> None:
        """They came to a client that was gone."""
        for note in notes:
            if not isinstance(note, ClientEvent):
                self._deliveries.missed(note)

    def gone(self, why: str) -> None:
        """The client has closed its end."""
        self._record.dropped(why)
        self._deliveries.closed(self._fd)

    def dropped(self, why: str) -> None:
        """The connection broke."""
        self._record.dropped(why)

    def left_open(self) -> None:
        """The run is over."""
        self._record.left_open()

    def is_over(self) -> None:
        """The broker's end is gone; what was on its way came to nobody."""
        self._is_over = True
        for row in self._under_way:
            self._lose(row, GONE)
        self._under_way.clear()

    def _lose(self, row: int, why: str) -> None:
        self._world.copies.end(row, Outcome.LOST, self._clock._now, why)

    def _left(self, event: ClientEvent) -> None:
        """What the program publishes or settles has left it."""
        if event.kind is Kind.PUBLISHED:
            self.publishes += 1
            event.row = self._deliveries.publish(event)
            if self._disk is not None and self._record.wants_safety(event):
                self._disk.ask(event.row)
            self._record.carries(event)
            if self._is_over:
                self._lose(event.row, GONE)
            else:
                self._under_way[event.row] = None
        elif event.kind in SETTLING:
            event.row = self._deliveries.settle(self._fd, event)

    def _vhost_not_found(self, name: str) -> None:
        """The program's author is told where the file has a virtual host of that name."""
        if name in self._access.others:
            here = ", ".join(sorted(self._access.vhosts))
            self._remark(
                f"wants virtual host {name}: only one virtual host of a definitions file is simulated, "
                f"here {here}; run the programs of each virtual host by themselves, with a file of its own"
            )
