"""Facts about a cluster of three nodes: the language of `script`, and nodes that something befalls.

A fact about a cluster is a generator of a `ClusterWorld`: it yields what is to befall a node, such as
`kill 1` (see `cluster.py` for the words), and goes on afterwards. Facts to which the same happens, in the
same order, are played side by side; when the last one is over all nodes run again.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from tests.conformance.script import Channel, Connection, Seen, World, normalised

Played = Generator[str, None, None]
Body = Callable[["ClusterWorld"], Played]


class ClusterWorld(World):
    """One virtual host of a cluster. What `connect` and `channel` open leads to node 1 unless told."""

    @abstractmethod
    def connect(self, *, node: int = 1, **more: Any) -> Connection:
        """Open a connection to a node; the rest as `World.connect`."""

    def channel(self, node: int = 1) -> Channel:
        """Open a channel on a connection of its own to a node."""
        return self.connect(node=node).channel()

    @abstractmethod
    def clock(self) -> float:
        """The time, in seconds from whenever."""

    @abstractmethod
    def wait_for(self, done: Callable[[], bool], seconds: float) -> float | None:
        """Let time go by until `done()`: how many seconds that took; None if it did not happen."""

    @abstractmethod
    def patient(self, seconds: float) -> None:
        """From now on wait so long, at most, for an answer."""


@dataclass(frozen=True)
class ClusterFact:
    """One observable behaviour: its name, what it shows, what befalls the nodes, how to play it."""

    name: str
    says: str
    plan: tuple[str, ...]
    play: Body


CLUSTER_FACTS: dict[str, ClusterFact] = {}
"""Every fact by name. Filled by importing `tests.conformance.cluster_facts`."""


def befalls(*plan: str) -> Callable[[Body], Body]:
    """Add a generator to the facts about clusters: what it will yield, in order, is the plan."""

    def add(body: Body) -> Body:
        name = body.__name__
        if name in CLUSTER_FACTS:
            raise ValueError(f"two facts are called {name}")
        CLUSTER_FACTS[name] = ClusterFact(name, " ".join((body.__doc__ or "").split()), plan, body)
        return body

    return add


def plain(seen: Seen, vhost: str) -> Seen:
    """As `normalised`, and nodes by their short names."""

    def walk(value: Seen) -> Seen:
        if isinstance(value, str):
            return value.replace("@localhost", "")
        if isinstance(value, list):
            return [walk(each) for each in value]
        if isinstance(value, dict):
            return {key: walk(each) for key, each in value.items()}
        return value

    return walk(normalised(seen, vhost))


def band(seconds: float | None) -> str:
    """A pause, coarsely enough to be the same in every run."""
    if seconds is None:
        return "not at all"
    return "at once" if seconds < 1.5 else "within 20 s" if seconds < 20 else "later"
