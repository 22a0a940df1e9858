"""What a consumer publishes for each message it has worked on: pipelines and replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import Message
from mqsim.sim.destinations import Destination
from mqsim.sim.hop_kinds import Publish
from mqsim.trace import Outcome

if TYPE_CHECKING:
    from mqsim.scenario.actors import ConsumerSpec
    from mqsim.sim.actor_world import ActorWorld
    from mqsim.sim.process import Process
    from mqsim.sim.service_times import ServiceTimes
    from mqsim.sim.session import Session


class Forwards:
    """The forwards of one group of consumers; numbers of forwarded messages count up within each consumer."""

    def __init__(self, world: ActorWorld, group: str, spec: ConsumerSpec, works: ServiceTimes) -> None:
        self._world = world
        self._group = group
        self._specs = spec.publish
        self._works = works
        self._destinations: dict[tuple[int, int], Destination] = {}
        self._numbers: dict[str, int] = {}
        self._row = -1

    def publish(self, consumer: Process, session: Session, message: Message, *, before: bool) -> None:
        """Publish what is to be published before, or after, the acknowledgement."""
        when = "before_ack" if before else "after_ack"
        for index, forward in enumerate(self._specs):
            if forward.when != when:
                continue
            if (
                forward.probability < 1
                and self._works.chance(message.row, f"forward {index}") >= forward.probability
            ):
                continue
            self._send(index, consumer, session, message)

    def _send(self, index: int, consumer: Process, session: Session, message: Message) -> None:
        world = self._world
        copies = world.copies
        now = consumer.clock._now
        number = self._numbers.get(consumer.name, 0)
        self._numbers[consumer.name] = number + 1
        lineage = world.lineages.after(copies.lineage(message.row), self._group, index)
        row = copies.new_forward(message.row, consumer.code, number, now, lineage)
        self._row = row
        envelope = self._destination(index, message.envelope.size).envelope(copies.origin(row)[1])
        if not envelope.exchange and envelope.key in world.broker.queues:
            world.recorder.meant_for(row, envelope.key)
        world.trace.messages.published[row] = now
        if session.client_open:
            session.up(Publish(session, Message(envelope, row)))
        else:
            copies.end(row, Outcome.LOST, now, f"{consumer.name} had no connection to publish it on")

    def _destination(self, index: int, size: int) -> Destination:
        forward = self._specs[index]
        size = size if forward.size is None else forward.size
        made = self._destinations.get((index, size))
        if made is None:
            made = self._destinations[index, size] = Destination(
                forward.to, lambda purpose, _: self._works.chance(self._row, f"{purpose} {index}"), size=size
            )
        return made
