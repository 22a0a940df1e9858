"""Delta debugging: the fewest steps that still show a difference, and the fewest options of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.conformance.conversation import Step

NEEDED = frozenset(
    {
        "do",
        "at",
        "queue",
        "exchange",
        "kind",
        "destination",
        "source",
        "body",
        "number",
        "tag",
        "prefetch",
        "seconds",
    }
)
"""Fields that a step may not lack."""


def fewest(steps: Sequence[Step], differ: Callable[[list[Step]], bool]) -> list[Step]:
    """The steps without those that the difference does not need (Zeller's ddmin), then without options.

    Args:
        steps: a conversation that shows a difference.
        differ: plays a conversation and tells whether it still shows one.

    Returns:
        a conversation of which no single step, and no single option, can be left out.
    """
    kept = list(steps)
    size = max(1, len(kept) // 2)
    while True:
        start = 0
        before = len(kept)
        while start < len(kept):
            fewer = kept[:start] + kept[start + size :]
            if fewer and differ(fewer):
                kept = fewer
            else:
                start += size
        if size == 1 and len(kept) == before:
            break
        size = max(1, size // 2)
    tried = True
    while tried:
        tried = False
        for simpler in _simpler(kept):
            if differ(simpler):
                kept, tried = simpler, True
                break
    return kept


def _simpler(steps: list[Step]) -> Iterator[list[Step]]:
    """Each conversation with one option less, or with one channel's steps done by another."""
    for index, step in enumerate(steps):
        for name in step.keys() - NEEDED:
            yield _with(steps, index, {key: value for key, value in step.items() if key != name})
            if isinstance(step[name], dict):
                for inner in step[name]:
                    fewer = {key: value for key, value in step[name].items() if key != inner}
                    yield _with(steps, index, {**step, name: fewer})
    channels = sorted({step["at"] for step in steps if "at" in step})
    for one in channels:
        for other in channels:
            if other < one:
                yield [{**step, "at": other} if step.get("at") == one else step for step in steps]


def _with(steps: list[Step], index: int, step: Step) -> list[Step]:
    return [*steps[:index], step, *steps[index + 1 :]]
