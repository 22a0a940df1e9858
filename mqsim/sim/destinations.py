"""Where a message goes and what it says: a destination of the scenario, turned into envelopes.

Messages that say the same share one envelope, so that the broker finds their route once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from mqsim.broker import Envelope

if TYPE_CHECKING:
    from mqsim.scenario.destinations import Key, Target

Draw = Callable[[str, int], float]
"""A uniform number for a purpose and a message's number."""

_MASK = (1 << 64) - 1


def hashed(number: int) -> int:
    """A well-mixed 64-bit hash of a message's number (splitmix64: Steele, Lea and Flood, OOPSLA 2014)."""
    mixed = (number + 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)


class Destination:
    """Gives each message its envelope.

    Args:
        targets: the places, with their weights.
        size: bytes in a message.
        persistent, mandatory: as in an envelope.
        priority: a number, or priorities with weights.
        draw: uniform numbers for what is left to chance.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        draw: Draw,
        *,
        size: int,
        persistent: bool = True,
        mandatory: bool = False,
        priority: int | dict[int, float] = 0,
    ) -> None:
        self._targets = list(targets)
        self._edges = list(accumulate(target.weight for target in targets))
        self._draw = draw
        self._size = size
        self._persistent = persistent
        self._mandatory = mandatory
        self._priority = priority
        self._made: dict[tuple[str, str, int], Envelope] = {}
        # The one envelope of all messages, where nothing distinguishes them.
        self.only: Envelope | None = None
        fixed = len(self._targets) == 1 and self._targets[0].key.kind == "fixed"
        if fixed and isinstance(priority, int):
            self.only = self._make(self._targets[0].exchange, self._targets[0].key.values[0], priority)

    @property
    def queue(self) -> str:
        """The one queue that messages go to, by name, or empty if it depends."""
        return self.only.key if self.only is not None and not self.only.exchange else ""

    def envelope(self, number: int, expiration: float | None = None) -> Envelope:
        """The envelope of the message of that number."""
        if expiration is None and self.only is not None:
            return self.only
        target = self._targets[0]
        if len(self._targets) > 1:
            target = self._targets[bisect_right(self._edges, self._draw("target", number) * self._edges[-1])]
        key = self._key(target.key, number)
        if expiration is not None:
            return self._new(target.exchange, key, self._priority_of(number), expiration)
        return self._make(target.exchange, key, self._priority_of(number))

    def _key(self, key: Key, number: int) -> str:
        match key.kind:
            case "fixed":
                return key.values[0]
            case "cycle":
                return key.values[number % len(key.values)]
            case "hash":
                return str(hashed(number) % key.n)
            case _:
                edges = list(accumulate(key.weights or [1.0] * len(key.values)))
                return key.values[bisect_right(edges, self._draw("key", number) * edges[-1])]

    def _priority_of(self, number: int) -> int:
        if isinstance(self._priority, int):
            return self._priority
        edges = list(accumulate(self._priority.values()))
        return list(self._priority)[bisect_right(edges, self._draw("priority", number) * edges[-1])]

    def _make(self, exchange: str, key: str, priority: int) -> Envelope:
        made = self._made.get((exchange, key, priority))
        if made is None:
            made = self._made[exchange, key, priority] = self._new(exchange, key, priority, None)
        return made

    def _new(self, exchange: str, key: str, priority: int, expiration: float | None) -> Envelope:
        return Envelope(
            exchange,
            key,
            size=self._size,
            priority=priority,
            persistent=self._persistent,
            mandatory=self._mandatory,
            expiration=expiration,
        )
