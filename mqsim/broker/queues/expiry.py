"""When a queue's messages expire: after the queue's TTL or their own, whichever is shorter, at its head only.

A message behind the head stays until those before it are gone. Source: RabbitMQ's documentation of TTL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.broker.context import Context
    from mqsim.broker.message import Message

NEVER = float("inf")


class Expiry:
    """A queue's expiry.

    Args:
        context: knows the time, and keeps deadlines.
        ttl: seconds that a message may be ready; None for ever.
        expire: called with the time when the head's time may be up.
        shortest: seconds that a message may be ready even with a time of 0.
    """

    __slots__ = ("_armed", "_context", "_expire", "_shortest", "_ttl")

    def __init__(
        self, context: Context, ttl: float | None, expire: Callable[[float], object], shortest: float = 0.0
    ) -> None:
        self._context = context
        self._ttl = ttl
        self._shortest = shortest
        self._expire = expire
        self._armed = NEVER

    def date(self, message: Message) -> bool:
        """Note when a message that comes in now will expire; False if it never will."""
        ttl, own = self._ttl, message.envelope.expiration
        if ttl is None and own is None:
            return False
        life = min(t for t in (ttl, own) if t is not None)
        message.expires = self._context.now + (life or self._shortest)
        return True

    def is_stale(self, head: Message | None) -> bool:
        """Whether the head's time was up before now; one whose time is up right now may still be sent."""
        return head is not None and head.expires is not None and head.expires < self._context.now

    @staticmethod
    def is_due(head: Message | None, now: float) -> bool:
        """Whether the head's time is up."""
        return head is not None and head.expires is not None and head.expires <= now

    def arm(self, head: Message | None) -> None:
        """Have the queue look when this head's time is up; no head, no look."""
        if head is not None and head.expires is not None and head.expires < self._armed:
            self._armed = head.expires
            self._context.deadlines.add(head.expires, self._wake)

    def rearm(self, head: Message | None) -> None:
        """The same after a restart: deadlines from before count no more."""
        self._armed = NEVER
        self.arm(head)

    def _wake(self, time: float) -> None:
        if time >= self._armed:
            self._armed = NEVER
        self._expire(time)
