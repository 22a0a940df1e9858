"""What a session has to send: pieces in order, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CROWDED = 2**20
"""Bytes that a client has not read at which its consumers are held back."""


class Output:
    """A queue of bytes.

    Args:
        awake: called when there is something to send.

    Attributes:
        unsent: how many bytes wait.
    """

    def __init__(self, awake: Callable[[], None]) -> None:
        self.awake = awake
        self.unsent = 0
        self._pieces: list[bytes] = []

    def append(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._pieces.append(data)
        self.unsent += len(data)
        if len(self._pieces) == 1:
            self.awake()

    def place(self) -> int:
        """The end of what is to be sent now, as `insert` takes it."""
        return len(self._pieces)

    def insert(self, data: bytes, place: int) -> None:
        """Send bytes ahead of what was sent since that place was noted."""
        if place >= len(self._pieces):
            self.append(data)
        else:
            self._pieces.insert(place, data)
            self.unsent += len(data)

    def withdraw(self) -> None:
        """Take the last piece back."""
        self.unsent -= len(self._pieces.pop())

    def is_crowded(self) -> bool:
        """Whether the client has left much unread."""
        return self.unsent > CROWDED

    def take(self) -> bytes:
        """Take all that is to be sent."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        self.unsent = 0
        return data
