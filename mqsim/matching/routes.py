"""Where a scenario's messages go: for each queue, which share of a producer's or a consumer's messages, and
how
they are picked out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mqsim.matching.once import once
from mqsim.scenario import Routing, Scenario, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

_ALL = 1.0 - 1e-12


@dataclass(frozen=True)
class Share:
    """The part of a stream of messages that goes to one queue.

    Attributes:
        part: how large it is, above 0 and at most 1.
        nth: every `nth` message goes there, in turn; 1 where chance or nothing picks.
        why_odd: why it is neither all of the stream, nor picked by chance, nor every nth; else empty.
        hashed: whether a hash picks, which looks like chance and is none.
    """

    part: float
    nth: int = 1
    why_odd: str = ""
    hashed: bool = False

    @property
    def whole(self) -> bool:
        """Whether every message goes there."""
        return self.part >= _ALL


def reached(scenario: Scenario, exchange: str, key: str) -> frozenset[str]:
    """The queues that a message with this exchange and key is copied to."""
    return frozenset(Routing(scenario.broker).queues(exchange, key))


@once
def shares(scenario: Scenario, to: Sequence[Target]) -> dict[str, Share]:
    """For each queue that a destination reaches, its share of the messages."""
    routing = Routing(scenario.broker)
    total = sum(target.weight for target in to)
    found: dict[str, Share] = {}
    for target in to:
        for queue, share in _of_target(routing, target).items():
            found[queue] = _joined(found.get(queue), _thinned(share, target.weight / total))
    return found


def _of_target(routing: Routing, target: Target) -> dict[str, Share]:
    key = target.key
    keys = key.possible()
    weights = list(key.weights) or [1.0] * len(keys)
    hits: dict[str, list[int]] = {}
    for i, value in enumerate(keys):
        if weights[i] > 0:
            for queue in routing.queues(target.exchange, value):
                hits.setdefault(queue, []).append(i)
    found = {}
    for queue, positions in hits.items():
        part = sum(weights[i] for i in positions) / sum(weights)
        if part >= _ALL or key.kind in ("fixed", "choice"):
            found[queue] = Share(part)
        elif key.kind == "hash":
            found[queue] = Share(part, hashed=True)
        else:
            found[queue] = _in_turn(positions, len(keys), part)
    return found


def _in_turn(positions: list[int], length: int, part: float) -> Share:
    gaps = {
        (after - before - 1) % length + 1
        for before, after in zip(positions, [*positions[1:], positions[0]], strict=True)
    }
    if len(gaps) == 1:
        return Share(part, nth=gaps.pop())
    return Share(part, why_odd="the cycle of keys comes to it at unequal steps")


def _thinned(share: Share, chance: float) -> Share:
    if chance >= _ALL:
        return share
    odd = share.why_odd or ("chance and a cycle of keys together pick its messages" * (share.nth > 1))
    return Share(share.part * chance, why_odd=odd, hashed=share.hashed)


def _joined(one: Share | None, other: Share) -> Share:
    if one is None:
        return other
    odd = (
        one.why_odd
        or other.why_odd
        or ("chance and a cycle of keys together pick its messages" * (one.nth + other.nth > 2))
    )
    return Share(one.part + other.part, why_odd=odd, hashed=one.hashed or other.hashed)
