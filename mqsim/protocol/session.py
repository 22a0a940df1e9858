"""What whoever carries a session's bytes knows of it, whatever its protocol.

    session.receive(data)                # bytes that came from the client
    stream.write(session.bytes_to_send())
    session.tick(now)                    # at session.next_deadline()
    session.lost()                       # the stream ended

Where bytes take time on their way, they are read once, as they leave the client (`foresee`), and `arrive`
brings them to the session. Its time is its broker's: whoever holds it moves the broker on before each call.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol


class End(Enum):
    """How a session's stream has to end, once what is to be sent was sent."""

    CLOSE = "close"
    RESET = "reset"


class Session(Protocol):
    """The server's side of one connection.

    Attributes:
        end: how the stream has to end; None while it goes on.
        heartbeat: seconds between signs of life that were agreed; 0 is none.
        user: who logged in; empty before.
    """

    end: End | None
    heartbeat: float
    user: str

    def receive(self, data: bytes) -> None:
        """Take what came from the client, in pieces of any size."""

    def foresee(self, data: bytes) -> None:
        """Bytes have left the client: read them; `arrive` then brings them here."""

    def arrive(self, count: int) -> None:
        """So many bytes of those foreseen have come, in order."""

    @property
    def listens(self) -> bool:
        """Whether more input is welcome; if not, whoever holds the session lets the client wait."""

    @property
    def linked(self) -> bool:
        """Whether the broker counts it as an open connection."""

    @property
    def cut_off(self) -> bool:
        """Whether its broker is not there to close it in order: it never opened it, or it went down."""

    def bytes_to_send(self) -> bytes:
        """Take what is to be sent; never from within the broker."""

    def tick(self, now: float) -> None:
        """Do what is due: send a sign of life, or give up a client that sent none for too long."""

    def next_deadline(self) -> float:
        """When `tick` is next needed, in the broker's seconds; infinite if never."""

    def lost(self) -> None:
        """The stream ended: the client closed it, died, or can't be reached."""
