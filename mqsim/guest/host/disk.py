"""The broker's disk in a world of real programs: what a killed broker had not written yet.

A message that nobody asked to be confirmed is written when its queue comes to rest, or with the next one that
somebody asked for. Until then it is in the broker's memory, and lost with it. A message that is to be
confirmed, or is a part of a transaction, is written before it is answered. A broker that stops in order
writes everything.

Source: RabbitMQ 3.10.8 and 4.3.6 were killed in the midst of a stream without confirms, a message each 50 ms:
of 148 and 147 messages none was there afterwards; with confirms each that was confirmed was. Of 3.10.8 it was
measured how long a queue has to rest until all of its persistent messages survive (`record_crash.py` of the
conformance tests): more than 0.1 s and less than 0.3 s. It is `SYNC_INTERVAL` of `rabbit_amqqueue_process`,
200 ms, which 4.x has as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqsim.broker import Message
    from mqsim.sim.world import World

REST = 0.2
"""Seconds without a message after which a queue writes what it has."""


class Disk:
    """Writes what is to survive: a `Storage` of the broker.

    Args:
        world: whose broker writes.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._clock = world.clock
        self._origins = world.trace.messages.origin
        self._asked: set[int] = set()
        self._waiting: dict[str, list[int]] = {}
        self._last: dict[str, float] = {}
        self._armed: set[str] = set()

    def ask(self, row: int) -> None:
        """A message's publisher wants to know that it is safe."""
        self._asked.add(row)

    def store(self, write: int, message: Message) -> None:
        """As the broker asks."""
        name = message.queue.name
        if message.row < 0 or self._origins[message.row] in self._asked:
            self._flush(name)
            self._world.broker.stored(write)
            return
        self._waiting.setdefault(name, []).append(write)
        self._last[name] = self._clock._now
        self._arm(name)

    def forget(self, write: int, message: Message) -> None:
        """As the broker asks: what is done with is written at once."""
        self._world.broker.stored(write)

    def _flush(self, name: str) -> None:
        for write in self._waiting.pop(name, ()):
            self._world.broker.stored(write)

    def _arm(self, name: str) -> None:
        if name not in self._armed:
            self._armed.add(name)
            self._clock.call_idly(self._last[name] + REST, self._look, name)

    def _look(self, event: Any) -> None:
        """The queue may have come to rest."""
        name: str = event._value
        self._armed.discard(name)
        if self._clock._now >= self._last[name] + REST:
            self._flush(name)
        elif self._waiting.get(name):
            self._arm(name)
