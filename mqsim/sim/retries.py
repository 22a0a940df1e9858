"""Retries: how a producer publishes a message again of which it does not know that it arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mqsim.broker import Message
from mqsim.run_size import refuse_more_retries
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    import simpy

    from mqsim.scenario.actors import ProducerSpec
    from mqsim.sim.actor_world import ActorWorld
    from mqsim.sim.clock import Clock
    from mqsim.sim.session import Session
    from mqsim.trace import ProducerCounts


class Publisher(Protocol):
    """What confirms and retries need of their producer.

    Attributes:
        life: counts its starts and ends.
        counts: what it counts for the trace.
    """

    world: ActorWorld
    clock: Clock
    name: str
    life: int
    session: Session | None
    counts: ProducerCounts

    def refresh(self) -> None:
        """Find out whether messages can go out now, and send those that wait."""

    def offer(self, message: Message) -> None:
        """Publish a message again: now, or after what waits already."""


class Retries:
    """One producer's retries.

    A message is published again under the same row if the earlier try is known to be over (refused, lost,
    returned), and as a further copy of the same origin while that may still be on its way or in its queue:
    that is where duplicates come from.
    """

    def __init__(self, producer: Publisher, spec: ProducerSpec) -> None:
        self._producer = producer
        self._retry = spec.retry
        self._tries: dict[int, int] = {}
        law = None if spec.retry is None else spec.retry.delay
        sampler = producer.world.streams.sampler
        self._delays = None if law is None else sampler(producer.name, "retry", law).draws()

    def succeeded(self, message: Message) -> None:
        """A message arrived: forget how often it was tried."""
        self._tries.pop(message.row, None)

    def forget(self) -> None:
        """The process died, and with it all that it knew."""
        self._tries.clear()

    def failed(self, message: Message, why: str) -> None:
        """A try failed, for one of the reasons that `retry.on` names: try again after a while, if at all."""
        retry, delays = self._retry, self._delays
        if retry is None or delays is None or why not in retry.on:
            return
        tries = self._tries.pop(message.row, 0)
        if tries >= retry.limit:
            return
        delay = next(delays)
        if retry.factor != 1:
            for _ in range(tries):  # products alone: the last bit of a power differs from machine to machine
                delay *= retry.factor
        producer, life = self._producer, self._producer.life
        producer.world.pending_retries += 1

        def again(_: simpy.Event) -> None:
            producer.world.pending_retries -= 1
            if producer.life == life:
                self._publish_again(message, tries + 1)
            producer.world.finish_instant()

        producer.clock.call_at(producer.clock._now + delay, again)

    def _publish_again(self, message: Message, tries: int) -> None:
        world, row = self._producer.world, message.row
        if world.copies.ended_on_its_way(row):
            world.copies.reopen(row)
        else:
            row = world.copies.new_again(row)
            message = Message(message.envelope, row)
        self._tries[row] = tries
        world.retries += 1
        refuse_more_retries(world.retries, self._producer.name)
        world.log(EventKind.RETRIED, self._producer.name, copy=row)
        self._producer.offer(message)
