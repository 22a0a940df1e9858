"""Signs of life: when the server sends one, and when it gives its client up.

A peer that said nothing for two intervals is dead; a sign of life goes out after half an interval without
anything else. Source: RabbitMQ's documentation of heartbeats.
"""

from __future__ import annotations

from typing import Final

from mqsim.amqp.states import Connection as State

HANDSHAKE_TIMEOUT: Final = 10.0
"""Seconds that a client has to open its connection, as RabbitMQ has it."""

CLOSING_TIMEOUT: Final = 30.0
"""Seconds that the server waits for its close to be answered, as RabbitMQ has it."""

MISSED: Final = 2
"""Intervals without a sign of life after which a peer is dead."""

NEVER: Final = float("inf")


class Pulse:
    """The times that matter to one connection, in seconds.

    Args:
        now: when it began.

    Attributes:
        heartbeat: seconds of the interval that was agreed; 0 is none.
    """

    def __init__(self, now: float) -> None:
        self.heartbeat = 0.0
        self._heard_at = self._sent_at = self._waits_since = now

    def heard(self, now: float) -> None:
        """Something came from the client."""
        self._heard_at = now

    def sent(self, now: float) -> None:
        """Something was sent to it."""
        self._sent_at = now

    def closing(self, now: float) -> None:
        """The server closes the connection, and waits for the answer."""
        self._waits_since = now

    def due(self, state: State, blocked: bool) -> float:
        """When something is next to be done; a client that is blocked is not expected to be heard."""
        if state is not State.RUNNING:
            return self._waits_since + (CLOSING_TIMEOUT if state is State.CLOSING else HANDSHAKE_TIMEOUT)
        if not self.heartbeat:
            return NEVER
        dead = NEVER if blocked else self._heard_at + MISSED * self.heartbeat
        return min(self._sent_at + self.heartbeat / 2, dead)

    def is_overdue(self, now: float, state: State, blocked: bool) -> bool:
        """Whether the client has to be given up at `now`, which is not before `due`."""
        if state is not State.RUNNING:
            return True
        return not blocked and now >= self._heard_at + MISSED * self.heartbeat
