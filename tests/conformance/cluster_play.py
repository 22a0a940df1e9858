"""Plays the facts about clusters against real nodes: a virtual host for each fact, side by side."""

from __future__ import annotations

import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import TYPE_CHECKING, Any

from tests.conformance.cluster_facts import CLUSTER_FACTS
from tests.conformance.cluster_script import ClusterFact, ClusterWorld, Played, plain
from tests.conformance.pika_world import PikaConnection, PikaWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.conformance.cluster import RealCluster
    from tests.conformance.play import Recording
    from tests.conformance.script import Seen

WORKERS = 12


class PikaClusterWorld(PikaWorld, ClusterWorld):
    """One fact's world on the ports of a cluster."""

    def __init__(self, ports: list[int], vhost: str) -> None:
        super().__init__(ports[0], vhost)
        self.ports = ports

    def connect(self, *, node: int = 1, **more: Any) -> PikaConnection:
        self.port = self.ports[node - 1]
        return super().connect(**more)

    def clock(self) -> float:
        return time.monotonic()

    def wait_for(self, done: Callable[[], bool], seconds: float) -> float | None:
        began = time.monotonic()
        return time.monotonic() - began if self.pump(done, seconds) else None

    def patient(self, seconds: float) -> None:
        self.patience = seconds


class _Running:
    """A fact that is being played; what it raises is what it saw."""

    def __init__(self, fact: ClusterFact, ports: list[int]) -> None:
        self.fact = fact
        self.world = PikaClusterWorld(ports, fact.name)
        self.steps: Played = fact.play(self.world)
        self.failure: Seen = None

    def go_on(self, expected: str | None) -> None:
        """Play on to the next thing that befalls a node, which the plan knows."""
        if self.failure is not None:
            return
        try:
            asked = next(self.steps, None)
            if asked != expected:
                raise ValueError(f"{self.fact.name} asks for {asked}, and its plan is {self.fact.plan}")
        except Exception:
            self.failure = ["it failed", traceback.format_exc()]

    def end(self) -> Seen:
        """Close all; what it saw."""
        self.world.end()
        return self.failure or plain(self.world.seen, self.fact.name)


def play_cluster(cluster: RealCluster, names: Iterable[str] | None = None) -> Recording:
    """Play facts (all of them unless named) against a real cluster that was started.

    Returns:
        what each fact saw, by its name. A fact that failed to run has seen its own traceback.
    """
    chosen = [CLUSTER_FACTS[name] for name in (CLUSTER_FACTS if names is None else names)]
    cluster.nodes[1].drop_vhosts(fact.name for fact in chosen)
    cluster.nodes[1].add_vhosts(fact.name for fact in chosen)
    found: Recording = {}
    for plan in dict.fromkeys(fact.plan for fact in chosen):
        found |= _play_together(cluster, [fact for fact in chosen if fact.plan == plan], plan)
        cluster.await_all()
    return {name: found[name] for name in sorted(found)}


def _play_together(cluster: RealCluster, facts: list[ClusterFact], plan: tuple[str, ...]) -> Recording:
    running = [_Running(fact, cluster.ports) for fact in facts]
    with ThreadPoolExecutor(WORKERS) as pool:
        for what in plan:
            list(pool.map(_Running.go_on, running, repeat(what)))
            cluster.disturb(what)
        list(pool.map(_Running.go_on, running, repeat(None)))
        return dict(zip((fact.name for fact in facts), pool.map(_Running.end, running), strict=True))
