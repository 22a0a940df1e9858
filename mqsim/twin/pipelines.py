"""By which forwards a message can come to a queue, worked out before the run.

What is left to chance about a forwarded message depends on the way that it came. Ways are few, as long as
forwards do not go round in a circle; each has a number here, and 0 is a producer's own message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqsim.scenario import Scenario

MOST_WAYS = 64
"""More ways than that are left to `sim`."""


class Way(NamedTuple):
    """One way.

    Attributes:
        before: the way so far; -1 for a producer's own message.
        forward: the forward by which it goes on, counted over all groups.
        name: as the streams call it.
        queues: where messages that came by it can be.
    """

    before: int
    forward: int
    name: str
    queues: frozenset[str]


def forwards_of(scenario: Scenario) -> list[tuple[str, int]]:
    """Every forward, as its group and its place there."""
    return [(group, k) for group, spec in scenario.consumers.items() for k in range(len(spec.publish))]


def ways_of(scenario: Scenario) -> list[Way] | None:
    """All ways, or None where there are too many, or no end of them."""
    forwards = forwards_of(scenario)
    begins = {target.queue for spec in scenario.producers.values() for target in spec.to}
    begins |= {value for spec in scenario.producers.values() for to in spec.to for value in to.key.values}
    begins |= {name for name, spec in scenario.broker.queues.items() if spec.ready}
    ways = [Way(-1, -1, "", with_dead_letters(scenario, (name for name in begins if name is not None)))]
    done = 0
    while done < len(ways):
        way = ways[done]
        for number, (group, index) in enumerate(forwards):
            spec = scenario.consumers[group]
            if spec.queue in way.queues:
                to = spec.publish[index].to[0].key.values
                name = f"{way.name}>{group}[{index}]"
                ways.append(Way(done, number, name, with_dead_letters(scenario, to)))
        if len(ways) > MOST_WAYS:
            return None
        done += 1
    return ways


def with_dead_letters(scenario: Scenario, queues: Iterable[str]) -> frozenset[str]:
    """These queues, and those that their dead letters come to."""
    found: set[str] = set()
    waiting = list(queues)
    while waiting:
        name = waiting.pop()
        spec = scenario.broker.queues.get(name)
        if spec is None or name in found:
            continue
        found.add(name)
        if spec.dead_letter is not None and spec.dead_letter.key is not None:
            waiting.append(spec.dead_letter.key)
    return frozenset(found)
