"""How much work a message is, and what is left to chance about it: drawn by the message, not by who serves
it.

The n-th message of a producer needs the same work in every scenario, whoever serves it and however often it
is redelivered (`redraw` changes that). A forwarded message is told apart by its lineage: the forwards that it
came through. So two scenarios can be compared under common random numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.distributions import Sampler, Stream
    from mqsim.scenario.actors import ConsumerSpec
    from mqsim.sim.actor_world import ActorWorld


class ServiceTimes:
    """The draws of one group of consumers.

    Args:
        world: where streams and rows are.
        group: the group's name in the scenario.
        spec: what the scenario says of it.
    """

    def __init__(self, world: ActorWorld, group: str, spec: ConsumerSpec) -> None:
        self._world = world
        self._group = group
        self._service = spec.service
        self._redraw = spec.redraw
        self._samplers: dict[tuple[int, int, int], Sampler] = {}
        self._streams: dict[tuple[int, str, int, int], Stream] = {}
        # The plain case reads the producer's own draw from its row.
        self.plain = spec.service is None and not spec.redraw

    def seconds(self, row: int, attempt: int) -> float:
        """Seconds of work, at speed 1, in the message of that row at that attempt (from 1)."""
        again = attempt + self._world.copies.tried.get(row, 0) if self._redraw else 1
        if self._service is None and again == 1:
            return self._world.copies.work[row]
        producer, number, lineage = self._origin(row)
        sampler = self._samplers.get((producer, lineage, again))
        if sampler is None:
            sampler = self._samplers[producer, lineage, again] = self._sampler(producer, lineage, again)
        return sampler.at(number)

    def _origin(self, row: int) -> tuple[int, int, int]:
        copies = self._world.copies
        return *copies.origin(row), copies.lineage(row)

    def _sampler(self, producer: int, lineage: int, again: int) -> Sampler:
        world = self._world
        name = world.trace.actors.names[producer]
        way = world.lineages.name(lineage)
        if self._service is None:
            return world.redrawn(name, f"work again{way} {again}")
        return world.streams.sampler(name, f"service {self._group}{way} {again}", self._service)

    def chance(self, row: int, purpose: str, attempt: int = 1) -> float:
        """A uniform number of the message of that row, for this group, a purpose and an attempt.

        Attempts before a dead-lettering count, or what failed once would fail whenever it comes back.
        """
        producer, number, lineage = self._origin(row)
        attempt += self._world.copies.tried.get(row, 0)
        stream = self._streams.get((producer, purpose, lineage, attempt))
        if stream is None:
            world = self._world
            name = world.trace.actors.names[producer]
            named = f"{purpose} {self._group}{world.lineages.name(lineage)} {attempt}"
            stream = self._streams[producer, purpose, lineage, attempt] = world.streams.stream(name, named)
        return stream.at(number)
