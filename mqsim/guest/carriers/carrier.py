"""What carries one guest, as its host sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mqsim.guest.kernel.operations import Event, Operation
    from mqsim.guest.program import Program


class Carrier(Protocol):
    """What carries one guest, as its host sees it."""

    def resume(self, now: int, events: list[Event]) -> tuple[list[Operation], int | None]:
        """Let the guest run until it waits again.

        Args:
            now: the time in ticks.
            events: what has happened to it; none, if its deadline has come or it is to begin.

        Returns:
            What it did, and until when it waits. If the last operation is `Exit` it is gone.
        """

    def kill(self) -> None:
        """End it at once; nothing of it runs any more. A second call does nothing."""


CarrierFactory = Callable[["Program"], Carrier]
"""Makes the carrier of a program; the guest begins with the first `resume`."""
