"""What one program has received and is not through with, and what it publishes: its part of the trace.

A delivery is *received* when it has reached the program's machine, *started* when the program has it in
hand (its callback is called with it, or it had asked for it), and *finished* when the program is through with
it: its callback came back, or it asked for the next one, or it ended in order; and, where it acknowledges,
its acknowledgement has left as well. What counts as done at the broker (acknowledged, by itself or
automatically) and is not finished when its program ends, is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.guest.host.client_record import ClientRecord
from mqsim.guest.kernel.operations import Began, Done, Tried
from mqsim.trace import Actor, ClientEvent, ProducerCounts
from mqsim.trace.clients import ClientEventKind as Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.broker import Message
    from mqsim.sim.world import World

Key = tuple[int, int, int]
"""The socket's number, the channel's, the delivery tag."""


TEXT = 60
"""Bytes of a body that name its message."""


def text_of(head: bytes) -> str:
    """The beginning of a body as a text to name its message by; empty for what is no text."""
    text = " ".join(head.decode("utf-8", "replace").rstrip("\ufffd").split())
    return text if text.isprintable() and "\ufffd" not in text else ""


class HeldDelivery:
    """One delivery in the program's deliveries, or on its way to them."""

    __slots__ = (
        "acked",
        "attempt",
        "auto",
        "begun",
        "called",
        "failed",
        "finished",
        "message",
        "received",
        "returned",
        "settled",
    )

    def __init__(self, message: Message, auto: bool) -> None:
        self.message = message
        self.attempt = message.attempt
        self.auto = auto
        self.received: float | None = None
        self.begun = self.called = self.returned = self.failed = self.finished = False
        self.acked = self.settled = auto


class ClientDeliveries:
    """The deliveries of one program, and what it publishes.

    Args:
        world: where the trace is.
        name: the actor's name.
        cast: what the trace says of it.

    Attributes:
        name: see above.
        record: what it does at the broker.
    """

    def __init__(self, world: World, name: str, cast: Actor) -> None:
        self._world = world
        self._clock = world.clock
        self._recorder = world.recorder
        self._copies = world.copies
        self._messages = world.trace.messages
        self._deliveries = world.trace.deliveries
        self.name = name
        self._cast = cast
        self.code = world.trace.actors.code(name)
        self.counts = ProducerCounts()
        clock = world.clock
        self.record: ClientRecord = ClientRecord(world.trace.clients, lambda: clock._now, name)
        self._held: dict[Key, HeldDelivery] = {}
        self._queues: dict[str, int] = {}

    # -- publishing ------------------------------------------------------------------------------------------

    def publish(self, said: ClientEvent) -> int:
        """A message leaves; give its row."""
        world, now = self._world, self._clock._now
        trace = world.trace
        if not self.counts.created:
            trace.counts[self.name] = self.counts
            if self._cast.role == "program":
                self._cast.role = "producer"
        number = self.counts.created
        cause = self._cause()
        if cause is None:
            direct = not said.exchange and said.key in world.broker.queues
            queue = trace.queues.code(said.key) if direct else -1
            row = self._copies.new(self.code, number, queue, now, 0.0)
        else:
            lineage = world.lineages.after(self._copies.lineage(cause), self._cast.group, 0)
            row = self._copies.new_forward(cause, self.code, number, now, lineage)
        self.counts.created += 1
        self.counts.published += 1
        self._messages.published[row] = now
        priority = (said.properties or {}).get("priority")
        self._messages.priority[row] = priority if isinstance(priority, int) else 0
        if text := text_of(said.body[:TEXT]):
            trace.texts[row] = text
        return row

    def _cause(self) -> int | None:
        """The message that it publishes because of: the only one that it has in hand."""
        begun = [held for held in self._held.values() if held.begun and not held.returned]
        return begun[0].message.row if len(begun) == 1 else None

    # -- subscribing -----------------------------------------------------------------------------------------

    def subscribed(self, queue: str, auto: bool, prefetch: int) -> None:
        """It takes messages from a queue from now on; 0 is no limit. Several limits add up."""
        cast = self._cast
        if cast.role != "consumer":
            cast.role, cast.queue = "consumer", queue
            cast.ack, cast.prefetch = ("auto" if auto else "manual"), prefetch
            self._queues = {queue: prefetch}
            return
        self._queues[queue] = prefetch
        limits = self._queues.values()
        cast.prefetch = sum(limits) if all(limits) else 0
        if not auto:
            cast.ack = "manual"

    # -- deliveries ------------------------------------------------------------------------------------------

    def sent(self, key: Key, message: Message, auto: bool) -> None:
        """The broker sends it a message; `auto`: and counts it as done."""
        self._recorder.sent(message, self.code)
        self._copies.expect_work(message.attempt)
        self._world.trace.auto_acks[message.attempt] = auto
        self._held[key] = HeldDelivery(message, auto)

    def received(self, key: Key) -> None:
        """A delivery has reached its machine."""
        held = self._held.get(key)
        if held is not None:
            held.received = self._deliveries.received[held.attempt] = self._clock._now

    def missed(self, key: Key) -> None:
        """A delivery came to nobody."""
        self._give_up(key, f"it was on its way to {self.name}, which was gone")

    def told(self, operation: Began | Done | Tried) -> None:
        """The program says what it does with a delivery."""
        key = self._find((operation.fd, operation.channel, operation.tag))
        if key is None:
            return
        held = self._held[key]
        match operation:
            case Began(called=called):
                held.called = called
                self._start(held, self._clock._now)
            case Done(error=error):
                held.returned, held.failed = True, bool(error)
                row = held.message.row
                if error:
                    self.record.callback_raised(operation.channel, operation.tag, row, error)
                else:
                    self.record.callback_returned(operation.channel, operation.tag, row)
            case Tried():
                held.acked = held.returned = True
        self._look(key, held)

    def holding(self, operation: Began | Done | Tried) -> HeldDelivery | None:
        """The delivery that the program speaks of, if it holds it."""
        key = self._find((operation.fd, operation.channel, operation.tag))
        return None if key is None else self._held[key]

    def _find(self, key: Key) -> Key | None:
        if key in self._held:
            return key
        alike = [other for other in self._held if other[1:] == key[1:]]
        return alike[-1] if alike and key[0] < 0 else None

    def settle(self, fd: int, said: ClientEvent) -> int:
        """An answer to deliveries leaves it; give the message's row, -1 for several or none."""
        meant = self._meant(fd, said)
        row = self._held[meant[0]].message.row if len(meant) == 1 else -1
        for key in meant:
            held = self._held[key]
            held.settled = True
            if said.kind is not Kind.ACKED:
                if held.returned or not held.begun:
                    del self._held[key]
                continue
            held.acked = True
            if not held.begun:
                self._start(held, self._clock._now if held.received is None else held.received)
                held.returned = True
            self._look(key, held)
        return row

    def _meant(self, fd: int, said: ClientEvent) -> list[Key]:
        key = (fd, said.channel, said.delivery_tag)
        if not said.multiple:
            return [key] if key in self._held and not self._held[key].settled else []
        return [
            (other, channel, tag)
            for (other, channel, tag), held in self._held.items()
            if (other, channel) == key[:2]
            and (tag <= said.delivery_tag or not said.delivery_tag)
            and not held.settled
        ]

    def _start(self, held: HeldDelivery, now: float) -> None:
        if held.begun:
            return
        held.begun = True
        self._deliveries.started[held.attempt] = now
        if held.message.attempt == held.attempt:
            self._messages.started[held.message.row] = now

    def _look(self, key: Key, held: HeldDelivery) -> None:
        """Finish what is acknowledged and through with; forget what there is nothing more to say of."""
        if held.returned and held.acked and not held.failed:
            self._finish(held)
            del self._held[key]
        elif held.returned and held.settled and not held.acked:
            del self._held[key]

    def _finish(self, held: HeldDelivery) -> None:
        now, message = self._clock._now, held.message
        self._deliveries.finished[held.attempt] = now
        if message.attempt == held.attempt:
            self._messages.finished[message.row] = now
        self._copies.finished(message, held.attempt)

    # -- ends ------------------------------------------------------------------------------------------------

    def closed(self, fd: int) -> None:
        """It has closed a connection: what it had not taken in hand it never will."""
        for key in self._of(fd):
            if not self._held[key].begun:
                self._give_up(key, f"it waited in the memory of {self.name}")

    def ended(self, in_order: bool) -> None:
        """Its process is over; `in_order`: with status 0."""
        for key, held in list(self._held.items()):
            if in_order and held.begun and not held.called and not held.returned and held.acked:
                held.returned = True
                self._look(key, held)
            else:
                what = "failed at it" if held.failed else "died while working on it"
                self._give_up(key, f"{self.name} {what}" if held.begun else f"{self.name} never took it")
        self._held.clear()

    def _of(self, fd: int) -> Iterator[Key]:
        return (key for key in list(self._held) if key[0] == fd)

    def _give_up(self, key: Key, why: str) -> None:
        held = self._held.pop(key, None)
        if held is not None and held.acked:
            self._copies.give_up(held.message, held.attempt, self._clock._now, why)
