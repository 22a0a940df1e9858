"""Hosts of other kinds than the modelled actors, such as real programs: what the world asks of them.

A `Company` is handed to the world and joins it once its broker stands. Its actors are struck by faults and
counted like the world's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from mqsim.sim.links import Link
from mqsim.trace import Actor

if TYPE_CHECKING:
    from mqsim.sim.session import Session
    from mqsim.sim.world import World


class Host(Protocol):
    """An actor as faults see it: a process on a machine of its own.

    Attributes:
        running: whether the process runs.
        life: counts its starts and ends.
        links: to each of the broker's nodes.
        session: a modelled connection, whose heartbeats are computed; None for those that send their own.
        heartbeat: seconds between those.
        lifted: called when it starts to run (True) or no longer does.
    """

    name: str
    cast: Actor
    running: bool
    life: int
    links: list[Link]
    session: Session | None
    heartbeat: float
    lifted: list[Callable[[bool], None]]

    def start(self) -> None:
        """Start the process."""

    def stop_in_order(self, for_good: bool) -> None:
        """Have the process end; it may take its time."""

    def terminate(self) -> None:
        """The process is told to end (SIGTERM); it may take its time, or not listen."""

    def crash(self) -> None:
        """The process dies at once; its kernel closes the connection."""

    def power_off(self) -> None:
        """The machine goes dark."""

    def hang(self) -> None:
        """The process stands still."""

    def restore(self) -> None:
        """The end of a `hang`."""

    def slow(self, factor: float) -> None:
        """Work takes `factor` times as long as before."""

    def quicken(self, factor: float) -> None:
        """The end of a `slow`."""

    def drop_connection(self) -> None:
        """The connection breaks, the process lives on."""

    def sever(self, session: Session, why: str) -> None:
        """Both ends of a modelled connection learn that it is no more."""


class Company(Protocol):
    """Hosts that are handed to a world."""

    def join(self, world: World) -> None:
        """Take part: the broker stands, nobody has connected yet."""

    def hosts(self) -> Mapping[str, Host]:
        """The actors by name."""

    def is_busy(self) -> bool:
        """Whether any of them does something, or will by itself, other than heartbeats."""

    def close(self) -> None:
        """The run is over."""
