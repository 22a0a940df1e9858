"""Signs of life in both directions, each with its own interval.

A sign of life goes out when half an interval has passed without anything else; a client that says nothing
for two intervals is given up (RabbitMQ's documentation of heartbeats). Intervals are whole seconds, rounded
down, but never below one, as recorded on RabbitMQ 3.10.
"""

from __future__ import annotations

from typing import Final

from mqsim.stomp import failures
from mqsim.stomp.properties import number_in

MISSED: Final = 2.0
"""Intervals without a sign of life after which a client is dead."""

NEVER: Final = float("inf")


def agreed(header: str) -> tuple[int, int]:
    """What `heart-beat` of CONNECT leads to: seconds between the client's signs of life, and the server's.

    Raises:
        RefusedError: it is no two numbers.
    """
    parts = header.split(",")
    if len(parts) != 2 or " " in header:
        raise failures.processing_error()
    client, server = (_seconds(number_in(part)) for part in parts)
    return client, server


def _seconds(milliseconds: int) -> int:
    return 0 if milliseconds <= 0 else max(milliseconds // 1000, 1)


class SignsOfLife:
    """The times that matter to one connection, in seconds.

    Args:
        now: when it began.

    Attributes:
        expected: the interval at which the client is to be heard; 0 is never.
        promised: the interval at which the server is; 0 is never.
    """

    def __init__(self, now: float) -> None:
        self.expected = self.promised = 0
        self._began = self._heard_at = self._sent_at = now

    def heard(self, now: float) -> None:
        """Something came from the client."""
        self._heard_at = now

    def sent(self, now: float) -> None:
        """Something was sent to it."""
        self._sent_at = now

    def due(self, patience: float | None, expects: bool) -> float:
        """When something is next to be done.

        Args:
            patience: seconds that the client has to log in; None once it has.
            expects: whether the client is listened to.
        """
        if patience is not None:
            return self._began + patience
        send = self._sent_at + self.promised / 2 if self.promised else NEVER
        return min(send, self._dead(expects))

    def is_overdue(self, now: float, patience: float | None, expects: bool) -> bool:
        """Whether the client has to be given up at `now`, which is not before `due`."""
        return patience is not None or now >= self._dead(expects)

    def _dead(self, expects: bool) -> float:
        return self._heard_at + MISSED * self.expected if self.expected and expects else NEVER
