"""Real servers and programs on a busy machine: what differs from a record is played again, alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

SLOWER = (1.0, 2.0, 1.0)
"""How many times as long as usual each further try waits."""


def played_again(
    found: Mapping[str, T], differs: Callable[[str, T], bool], again: Callable[[str, float], T]
) -> dict[str, T]:
    """What was found; in place of what differs, what is found when it is played again with nothing beside it.

    A busy machine can make a server answer later than a play waits for it. What a server does wrong, it does
    wrong each time, so what differs at every try is still found.

    Args:
        found: what each play saw, by its name.
        differs: whether that is not what was recorded.
        again: plays one of them, given how many times as long as usual it is to wait.
    """
    kept = dict(found)
    for slower in SLOWER:
        for name in [name for name, seen in kept.items() if differs(name, seen)]:
            kept[name] = again(name, slower)
    return kept
