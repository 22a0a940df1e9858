"""What actors, faults and the end of the run ask of the world that they are in.

It stands below all of them, and `world` above: so that modules import in one direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mqsim.sim.hosts import Host, NodeWorld

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.distributions import Sampler, Streams
    from mqsim.scenario import Scenario
    from mqsim.sim.cluster import Cluster
    from mqsim.sim.copies import Copies
    from mqsim.sim.lineages import Lineages
    from mqsim.sim.node import Node
    from mqsim.sim.recorder import Recorder
    from mqsim.trace import Trace


class ActorWorld(NodeWorld, Protocol):
    """The world as its actors know it; `World` says what the attributes mean."""

    scenario: Scenario
    streams: Streams
    trace: Trace
    recorder: Recorder
    copies: Copies
    lineages: Lineages
    cluster: Cluster
    node: Node
    guests: dict[str, Host]
    when_outbox_is_empty: list[Callable[[], bool]]
    poisoned: set[int]
    any_poison: bool
    producers_left: int
    pending_retries: int
    retries: int

    def uniform(self, actor: str, purpose: str, number: int) -> float:
        """The uniform number of that index, of that purpose of that actor."""

    def redrawn(self, producer: str, purpose: str) -> Sampler:
        """Samples of a producer's law of work for another purpose."""

    def producer_finished(self) -> None:
        """One producer has no more messages to come."""

    def actors_of(self, name: str, all: bool = False) -> list[Host]:
        """The actor of that name, or the actors of the group of that name that run (`all`: or do not)."""

    def set_service(self, name: str, works: bool) -> None:
        """From now on a service that programs use, such as `ledger`, works or does not."""

    def restart_later(self, actor: Host, delay: float | None) -> None:
        """Start an actor again after `delay`; None is never."""

    def stop_then_start(self, actor: Host, delay: float | None) -> None:
        """Stop an actor in order; start it again `delay` from now, or once it has stopped; None is never."""
