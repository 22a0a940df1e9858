"""What a consumer publishes for each message it has worked on: pipelines and replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import Message
from mqsim.scenario.actors import ConsumerSpec
from mqsim.sim.envelopes import Destination
from mqsim.sim.hops import Publish
from mqsim.sim.session import Session
from mqsim.sim.works import Works
from mqsim.trace import Outcome

if TYPE_CHECKING:
    from mqsim.sim.consumer import Consumer
    from mqsim.sim.world import World


class Forwards:
    """The forwards of one group of consumers; numbers of forwarded messages count up within each consumer."""

    def __init__(self, world: World, group: str, spec: ConsumerSpec, works: Works) -> None:
        self._world = world
        self._group = group
        self._specs = spec.publish
        self._works = works
        self._destinations: dict[tuple[int, int], Destination] = {}
        self._numbers: dict[str, int] = {}
        self._row = -1

    def publish(self, consumer: Consumer, session: Session, message: Message, *, before: bool) -> None:
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

    def _send(self, index: int, consumer: Consumer, session: Session, message: Message) -> None:
        world = self._world
        recorder = world.recorder
        now = consumer.clock._now
        number = self._numbers.get(consumer.name, 0)
        self._numbers[consumer.name] = number + 1
        lineage = world.lineages.after(recorder.lineage[message.row], self._group, index)
        row = recorder.new_forward(message.row, consumer.code, number, now, lineage)
        self._row = row
        envelope = self._destination(index, message.envelope.size).envelope(
            world.trace.messages.number[recorder.messages.origin[row]]
        )
        if not envelope.exchange and envelope.key in world.broker.queues:
            recorder.messages.queue[row] = world.trace.queues.code(envelope.key)
        recorder.messages.published[row] = now
        if session.client_open:
            session.up(Publish(session, Message(envelope, row)))
        else:
            recorder.end(row, Outcome.LOST, now, f"{consumer.name} had no connection to publish it on")

    def _destination(self, index: int, size: int) -> Destination:
        forward = self._specs[index]
        size = size if forward.size is None else forward.size
        made = self._destinations.get((index, size))
        if made is None:
            made = self._destinations[index, size] = Destination(
                forward.to, lambda purpose, _: self._works.chance(self._row, f"{purpose} {index}"), size=size
            )
        return made
