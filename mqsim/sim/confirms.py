"""Publisher confirms: how a producer learns whether its messages arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.sim.hop_kinds import Confirm, Return
from mqsim.sim.retries import Publisher, Retries
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    import simpy

    from mqsim.broker import Message
    from mqsim.scenario.actors import ProducerSpec
    from mqsim.sim.session import Session


class Confirms:
    """The producer's side of confirms, up to `window` messages at once.

    Attributes:
        waiting: published and not answered, by the number of the publish on its channel.
    """

    def __init__(self, producer: Publisher, spec: ProducerSpec) -> None:
        self.producer = producer
        self.window = spec.confirms.window if spec.confirms is not None else None
        self.timeout = spec.confirms.timeout if spec.confirms is not None else None
        self._retries = Retries(producer, spec)
        self.waiting: dict[int, Message] = {}
        self._sent = 0
        self._channel_life = 0

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
        session.channel.on_return = lambda message, _code, _text: session.down(
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
            self._retries.succeeded(message)
        else:
            producer.counts.nacked += 1
            producer.world.log(EventKind.NACKED, producer.name, copy=message.row)
            self._retries.failed(message, "nack")
        producer.refresh()

    def _returned(self, session: Session, message: Message) -> None:
        producer = self.producer
        if session is not producer.session:
            return
        producer.counts.returned += 1
        producer.world.log(EventKind.RETURNED_TO_PRODUCER, producer.name, copy=message.row)
        self._retries.failed(message, "returned")

    def _overdue(self, event: simpy.Event) -> None:
        life, number = event._value
        message = self.waiting.pop(number, None) if life == self._channel_life else None
        if message is not None:
            self.producer.world.log(EventKind.CONFIRM_MISSING, self.producer.name, copy=message.row)
            self._retries.failed(message, "timeout")
            self.producer.refresh()
            self.producer.world.finish_instant()

    def connection_lost(self) -> None:
        """No answer will come for what waits for one."""
        waiting, self.waiting = self.waiting, {}
        self._channel_life += 1
        for message in waiting.values():
            self._retries.failed(message, "closed")

    def forget(self) -> None:
        """The process died, and with it all that it knew."""
        self.waiting.clear()
        self._retries.forget()
        self._channel_life += 1
