"""What the world asks of an actor, whether modelled or a real program, and what nodes ask of the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from mqsim.broker import Broker
    from mqsim.sim.clock import Clock
    from mqsim.sim.links import Hop, Link
    from mqsim.sim.session import Session
    from mqsim.trace import Actor
    from mqsim.trace.event_kinds import EventKind


class Host(Protocol):
    """An actor as faults see it: a process on a machine of its own.

    Attributes:
        running: whether the process runs.
        life: counts its starts and ends.
        links: to each of the broker's nodes.
        session: a modelled connection, whose heartbeats are computed; None for those that send their own.
        heartbeat: seconds between those.
        up_listeners: called when it starts to run (True) or no longer does.
    """

    name: str
    cast: Actor
    running: bool
    life: int
    links: list[Link]
    session: Session | None
    heartbeat: float
    up_listeners: list[Callable[[bool], None]]

    def start(self) -> None:
        """Start the process."""

    def stop_in_order(self, for_good: bool) -> None:
        """Have the process end; it may take its time."""

    def terminate(self) -> None:
        """The process is told to end (SIGTERM); it may take its time, or not listen."""

    def crash(self) -> None:
        """The process dies at once; its kernel closes the connection."""

    def power_off(self) -> None:
        """The machine loses its power."""

    def hang(self) -> None:
        """The process stands still."""

    def restore(self) -> None:
        """The end of a `hang`."""

    def slow(self, factor: float) -> None:
        """Work takes `factor` times as long as before."""

    def end_slow(self, factor: float) -> None:
        """The end of a `slow`."""

    def drop_connection(self) -> None:
        """The connection breaks, the process lives on."""

    def close_both_ends(self, session: Session, why: str) -> None:
        """Both ends of a modelled connection learn that it is no more."""


class NodeWorld(Protocol):
    """What the broker's nodes ask of the world.

    Attributes:
        outbox: hops that arrive at this instant.
    """

    clock: Clock
    broker: Broker
    outbox: deque[Hop]

    def finish_instant(self) -> None:
        """Let everything happen that takes no time."""

    def log(self, kind: EventKind, who: str, other: str = "", copy: int = -1, detail: str = "") -> None:
        """Write an event into the log."""

    def everyone(self) -> list[Host]:
        """All actors."""
