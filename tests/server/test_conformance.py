"""The body of facts over TCP, with pika as the client: what real servers were recorded to do, ours does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.conformance.facts import FACTS
from tests.conformance.pika_world import PikaWorld
from tests.conformance.play import play
from tests.conformance.record import differing, load
from tests.conformance.script import ACK_TIMEOUT, Fact, Seen, normalised
from tests.conformance.uncut import uncut
from tests.server.box import Box, Process

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = ("3.10", "4.0", "4.3")


def _compare(fact: Fact, version: str, seen: Seen) -> None:
    recorded = load(version)[fact.name]
    found = list(differing(recorded, uncut(recorded, json.loads(json.dumps(seen)))))
    assert not found, f"{fact.says}\n" + "\n".join(found)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [name for name, fact in sorted(FACTS.items()) if "stop" not in fact.needs])
def test_a_fact(name: str, version: str) -> None:
    fact = FACTS[name]
    timeout = ACK_TIMEOUT if "timeout" in fact.needs else 1800.0
    with Box(version, consumer_timeout=timeout) as box:
        world = PikaWorld(box.port, "/", box.alarm)
        try:
            seen = play(fact, world)
        finally:
            world.end()
    _compare(fact, version, seen)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [name for name, fact in sorted(FACTS.items()) if "stop" in fact.needs])
def test_a_fact_about_stopping(name: str, version: str, tmp_path: Path) -> None:
    fact = FACTS[name]
    with Process(version, tmp_path / "data") as server:
        world = PikaWorld(server.port, "/")
        try:
            steps = fact.play(world)
            assert steps is not None
            server.stop(kill=next(steps) == "kill")
            server.start()
            assert next(steps, None) is None
        finally:
            world.end()
    _compare(fact, version, normalised(world.seen))
