"""Publisher confirms and retries: what a producer does to be sure that its messages arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import simpy

from mqsim.broker import Message
from mqsim.scenario.actors import ProducerSpec
from mqsim.sim.hops import Confirm, Return
from mqsim.sim.session import Session
from mqsim.trace import Outcome

if TYPE_CHECKING:
    from mqsim.sim.producer import Producer

_AT_REST = (Outcome.REFUSED, Outcome.LOST, Outcome.UNROUTABLE)


class Confirming:
    """The producer's side of confirms, one message at a time and `window` at once.

    A message is published again under the same row if the earlier try is known to be over (refused, lost,
    returned), and as a further copy of the same origin while that may still be on its way or in its queue:
    that is where duplicates come from.

    Attributes:
        waiting: published and not answered, by the number of the publish on its channel.
    """

    def __init__(self, producer: Producer, spec: ProducerSpec) -> None:
        self.producer = producer
        self.window = spec.confirms.window if spec.confirms is not None else None
        self.timeout = spec.confirms.timeout if spec.confirms is not None else None
        self.retry = spec.retry
        self.waiting: dict[int, Message] = {}
        self._sent = 0
        self._tries: dict[int, int] = {}
        self._channel_life = 0
        law = None if self.retry is None else self.retry.delay
        sampler = producer.world.streams.sampler
        self._delays = None if law is None else sampler(producer.name, "retry", law).draws()

    @property
    def room(self) -> bool:
        """Whether another message may be published before an answer comes."""
        return self.window is None or len(self.waiting) < self.window

    def attach(self, session: Session) -> None:
        """At the broker: have confirms and returned messages sent to the client."""
        if self.window is not None:
            session.channel.confirm_select(
                lambda number, ok: session.down(Confirm(session, number, ok, self._answered))
            )
        session.channel.on_return = lambda message, code, text: session.down(
            Return(session, message, self._returned)
        )
        self._sent = 0
        self._channel_life += 1

    def expect(self, message: Message) -> None:
        """A message is about to be published: wait for its answer."""
        if self.window is None:
            return
        self._sent += 1
        self.waiting[self._sent] = message
        if self.timeout is not None:
            clock = self.producer.clock
            clock.call_at(clock._now + self.timeout, self._overdue, (self._channel_life, self._sent))

    def _answered(self, session: Session, number: int, ok: bool) -> None:
        producer = self.producer
        if session is not producer.session:
            return
        message = self.waiting.pop(number, None)
        if message is None:
            return
        if ok:
            producer.counts.confirmed += 1
            self._tries.pop(message.row, None)
        else:
            producer.counts.nacked += 1
            producer.world.log("nacked", producer.name, copy=message.row)
            self._failed(message, "nack")
        producer.refresh()

    def _returned(self, session: Session, message: Message) -> None:
        producer = self.producer
        if session is not producer.session:
            return
        producer.counts.returned += 1
        producer.world.log("returned-to-producer", producer.name, copy=message.row)
        self._failed(message, "returned")

    def _overdue(self, event: simpy.Event) -> None:
        life, number = event._value
        message = self.waiting.pop(number, None) if life == self._channel_life else None
        if message is not None:
            self.producer.world.log("confirm-missing", self.producer.name, copy=message.row)
            self._failed(message, "timeout")
            self.producer.refresh()
            self.producer.world.settle()

    def connection_lost(self) -> None:
        """No answer will come for what waits for one."""
        waiting, self.waiting = self.waiting, {}
        self._channel_life += 1
        for message in waiting.values():
            self._failed(message, "closed")

    def forget(self) -> None:
        """The process died, and with it all that it knew."""
        self.waiting.clear()
        self._tries.clear()
        self._channel_life += 1

    def _failed(self, message: Message, why: str) -> None:
        retry, delays = self.retry, self._delays
        if retry is None or delays is None or why not in retry.on:
            return
        tries = self._tries.pop(message.row, 0)
        if tries >= retry.limit:
            return
        delay = next(delays)
        for _ in range(tries):  # products alone: the last bit of a power differs from machine to machine
            delay *= retry.factor
        producer, life = self.producer, self.producer.life
        producer.world.pending += 1

        def again(_: simpy.Event) -> None:
            producer.world.pending -= 1
            if producer.life == life:
                self._publish_again(message, tries + 1)
            producer.world.settle()

        producer.clock.call_at(producer.clock._now + delay, again)

    def _publish_again(self, message: Message, tries: int) -> None:
        producer = self.producer
        recorder = producer.recorder
        row = message.row
        if (
            recorder.messages.outcome[row] in _AT_REST
            and recorder.messages.enqueued[row] != recorder.messages.enqueued[row]
        ):
            recorder.reopen(row)
        else:
            row = recorder.new_again(row)
        self._tries[row] = tries
        producer.world.log("retried", producer.name, copy=row)
        producer.offer(Message(message.envelope, row))
