"""Signs of life: when a session sends one, and when it gives its client up.

A sign of life goes out after half an interval without anything else. How long a client may say nothing is the
protocol's rule: two intervals in AMQP (RabbitMQ's documentation of heartbeats).
"""

from __future__ import annotations

from typing import Final

MISSED: Final = 2.0
"""Intervals without a sign of life after which a peer is dead, unless told otherwise."""

NEVER: Final = float("inf")


class Heartbeat:
    """The times that matter to one connection, in seconds.

    Args:
        now: when it began.
        missed: intervals without a sign of life after which the client is dead.

    Attributes:
        heartbeat: seconds of the interval that was agreed; 0 is none.
    """

    def __init__(self, now: float, missed: float = MISSED) -> None:
        self.heartbeat = 0.0
        self._missed = missed
        self._heard_at = self._sent_at = self._waits_since = now

    def heard(self, now: float) -> None:
        """Something came from the client."""
        self._heard_at = now

    def sent(self, now: float) -> None:
        """Something was sent to it."""
        self._sent_at = now

    def waits(self, now: float) -> None:
        """From now on the client has a limited time, such as to answer a close."""
        self._waits_since = now

    def due(self, patience: float | None, expected: bool) -> float:
        """When something is next to be done.

        Args:
            patience: seconds that the client has for what it is to do now; None while the session runs.
            expected: whether the client is expected to be heard.
        """
        if patience is not None:
            return self._waits_since + patience
        if not self.heartbeat:
            return NEVER
        dead = self._heard_at + self._missed * self.heartbeat if expected else NEVER
        return min(self._sent_at + self.heartbeat / 2, dead)

    def is_overdue(self, now: float, patience: float | None, expected: bool) -> bool:
        """Whether the client has to be given up at `now`, which is not before `due`."""
        if patience is not None:
            return True
        return expected and now >= self._heard_at + self._missed * self.heartbeat
