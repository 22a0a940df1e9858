"""Who has subscribed to what: a tree of topic levels, in which a message finds its subscribers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.mqtt.packets import Request
    from mqsim.mqtt.topics import Shared


@dataclass(frozen=True, slots=True)
class Subscription:
    """One client's subscription.

    Attributes:
        client: its name.
        to: the filter, and the group that shares it.
        request: the options; its filter is as the client wrote it.
        identifier: the number that messages carry because of it; 0 is none.
    """

    client: str
    to: Shared
    request: Request
    identifier: int = 0


@dataclass(slots=True)
class _Level:
    below: dict[str, _Level] = field(default_factory=dict)
    # By group and client.
    here: dict[tuple[str, str], Subscription] = field(default_factory=dict)


class Subscriptions:
    """The subscriptions of all clients."""

    def __init__(self) -> None:
        self._root = _Level()
        self._last: dict[Shared, str] = {}

    def add(self, subscription: Subscription) -> None:
        """Add one; it takes the place of the client's other one with the same filter and group."""
        level = self._root
        for name in subscription.to.filter.split("/"):
            level = level.below.setdefault(name, _Level())
        level.here[subscription.to.group, subscription.client] = subscription

    def remove(self, subscription: Subscription) -> None:
        """Take one away, and the levels that nobody needs any more."""
        path = [(self._root, "")]
        for name in subscription.to.filter.split("/"):
            path.append((path[-1][0].below[name], name))
        path[-1][0].here.pop((subscription.to.group, subscription.client), None)
        for (above, _), (level, name) in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
            if level.here or level.below:
                break
            del above.below[name]

    def matching(self, topic: str) -> tuple[dict[str, list[Subscription]], dict[Shared, list[Subscription]]]:
        """Those that a topic matches: by client, and the shared ones by group and filter, in the order in
        which they came.
        """
        own: dict[str, list[Subscription]] = {}
        shared: dict[Shared, list[Subscription]] = {}
        for each in self._found(topic):
            if each.to.group:
                shared.setdefault(each.to, []).append(each)
            else:
                own.setdefault(each.client, []).append(each)
        return own, shared

    def _found(self, topic: str) -> Iterator[Subscription]:
        levels = topic.split("/")
        reached = [self._root]
        for place, name in enumerate(levels):
            hidden = not place and topic.startswith("$")
            following = []
            for level in reached:
                if "#" in level.below and not hidden:
                    yield from level.below["#"].here.values()
                if "+" in level.below and not hidden:
                    following.append(level.below["+"])
                if name in level.below:
                    following.append(level.below[name])
            reached = following
        for level in reached:
            yield from level.here.values()
            if "#" in level.below:  # `a/#` matches `a`
                yield from level.below["#"].here.values()

    def next_of(self, to: Shared, members: list[Subscription]) -> Subscription:
        """Whose turn it is among a group's members."""
        names = [each.client for each in members]
        last = self._last.get(to)
        place = (names.index(last) + 1) % len(names) if last in names else 0
        self._last[to] = names[place]
        return members[place]
