"""Links: how long it takes from a client to the broker and back.

A link carries hops. It is first in, first out in each direction. A hop without latency is no event: it joins
the world's outbox, which is emptied before the current callback returns. While a link is cut, TCP holds what
is sent, and what is under way, until the link is healed.

The kinds of hops between a client and the broker are in `hop_kinds`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections import deque

    import simpy

    from mqsim.sim.clock import Clock


class Cost(Enum):
    """What the broker spends its own time on; the scenario's `costs` say how much."""

    PUBLISH = "publish"
    DELIVER = "deliver"


class Hop(ABC):
    """What travels over a link, from one end to the other; each kind is a class of its own.

    Attributes:
        cost: what it costs the broker's node to take it in, or to send it out; None is nothing.
    """

    __slots__ = ()

    cost: ClassVar[Cost | None] = None

    @property
    def size(self) -> int:
        """Bytes on the link: those of the body that it carries."""
        return 0

    @abstractmethod
    def arrive(self) -> None:
        """It has come to the other end."""


class Deferred(Hop):
    """No hop over a link, but something to be done at this instant, once the present callback has returned.

    Args:
        act: what is done.
    """

    __slots__ = ("act",)

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act

    def arrive(self) -> None:
        """Do it."""
        self.act()


Send = Callable[[Hop], None]


class Wire:
    """One direction of a link.

    Args:
        clock: the world's clock.
        outbox: where hops go that take no time.
        finish_instant: empties the outbox.
        latency: seconds one way.
        bandwidth: bytes per second, or None for no limit.
    """

    def __init__(
        self,
        clock: Clock,
        outbox: deque[Hop],
        finish_instant: Callable[[], None],
        latency: float,
        bandwidth: float | None,
    ) -> None:
        self._clock = clock
        self._outbox = outbox
        self._finish_instant = finish_instant
        self.latency = latency
        self.bandwidth = bandwidth
        self._free_at = 0.0
        # What was under way when the link was cut, and what was sent since.
        self._stalled: list[Hop] = []
        self._held: list[Hop] = []
        self.cuts = 0
        self.stalls = 0

    @property
    def direct(self) -> bool:
        """Whether a hop takes no time at all."""
        return self.latency == 0 and self.bandwidth is None

    @property
    def at_once(self) -> bool:
        """Whether a hop takes no time now."""
        return self.direct and not self.cuts and not self.stalls

    def send(self, hop: Hop) -> None:
        """Send a hop; where there is a bandwidth, it waits for what was sent before it."""
        if self.cuts:
            self._held.append(hop)
        elif self.direct and self.stalls:
            self._stalled.append(hop)
        elif self.direct:
            self._outbox.append(hop)
        else:
            clock = self._clock
            leaves: float = clock._now
            if self.bandwidth is not None:
                leaves = self._free_at = max(leaves, self._free_at) + hop.size / self.bandwidth
            clock.call_at(leaves + self.latency, self._arrive, hop)

    def _arrive(self, event: simpy.Event) -> None:
        hop: Hop = event._value
        if self.cuts or self.stalls:
            self._stalled.append(hop)
            return
        hop.arrive()
        self._finish_instant()

    def cut(self) -> None:
        """Let nothing through; cuts add up."""
        self.cuts += 1

    def heal(self) -> None:
        """Take one cut back; with the last, what was under way arrives, and what was held is sent."""
        self.cuts -= 1
        if not self.cuts:
            self._let_arrive()
            held, self._held = self._held, []
            for hop in held:
                self.send(hop)

    def stall(self) -> None:
        """Let all come to the end of the wire, where nobody takes it."""
        self.stalls += 1

    def release(self) -> None:
        """Somebody takes what came."""
        self.stalls -= 1
        self._let_arrive()

    def _let_arrive(self) -> None:
        if not (self.cuts or self.stalls):
            self._outbox.extend(self._stalled)
            self._stalled.clear()


class Link:
    """Both directions between one actor and the broker."""

    def __init__(self, up: Wire, down: Wire) -> None:
        self.up = up
        self.down = down

    def cut(self) -> None:
        """Partition the two ends."""
        self.up.cut()
        self.down.cut()

    def heal(self) -> None:
        """End one partition of the two ends."""
        self.up.heal()
        self.down.heal()

    def stall(self) -> None:
        """The broker's end stands still; the wires do not."""
        self.up.stall()
        self.down.stall()

    def release(self) -> None:
        """It goes on."""
        self.up.release()
        self.down.release()
