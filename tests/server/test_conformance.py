"""The body of facts over TCP, with pika as the client: what real servers were recorded to do, ours does.

A fact mostly waits. So those of one profile are played side by side, and each test compares what one saw.
"""

from __future__ import annotations

import json
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.again import played_again
from tests.conformance.facts import FACTS
from tests.conformance.pika_world import PikaWorld
from tests.conformance.play import Recording, play
from tests.conformance.record import differing, load
from tests.conformance.script import ACK_TIMEOUT, Fact, Seen, normalised
from tests.conformance.uncut import uncut
from tests.server.box import Box, Process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERSIONS = ("3.10", "4.0", "4.3")
SIDE_BY_SIDE = 12
"""Facts at a time: enough to use the processor well, and so few that no answer comes late."""


def _play(fact: Fact, version: str, slower: float = 1.0) -> Seen:
    timeout = ACK_TIMEOUT if "timeout" in fact.needs else 1800.0
    with Box(version, consumer_timeout=timeout) as box:
        world = PikaWorld(box.port, "/", box.alarm, slower)
        try:
            return play(fact, world)
        finally:
            world.end()


def _play_stopping(fact: Fact, version: str, folder: Path, slower: float = 1.0) -> Seen:
    with Process(version, folder / "data") as server:
        world = PikaWorld(server.port, "/", slower=slower)
        try:
            steps = fact.play(world)
            assert steps is not None
            server.stop(kill=next(steps) == "kill")
            server.start()
            assert next(steps, None) is None
        finally:
            world.end()
    return normalised(world.seen)


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Recording]:
    """What each fact saw that is asked for in this session, by profile; played when it is first asked for."""
    kept: dict[str, Recording] = {}
    specs = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    asked = {(spec.params["version"], spec.params["name"]) for spec in specs if spec is not None}

    def one(name: str, version: str, slower: float = 1.0) -> Seen:
        fact = FACTS[name]
        try:
            if "stop" in fact.needs:
                return _play_stopping(fact, version, tmp_path_factory.mktemp("server"), slower)
            return _play(fact, version, slower)
        except Exception:
            return ["it failed", traceback.format_exc()]

    def of(version: str) -> Recording:
        if version not in kept:
            names = [name for name in FACTS if (version, name) in asked]
            # Those that wait longest begin first.
            names.sort(key=lambda name: not FACTS[name].needs & {"timeout", "stop"})
            with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
                seen = dict(zip(names, pool.map(lambda name: one(name, version), names), strict=True))
            kept[version] = played_again(
                seen,
                lambda name, seen: bool(_differing(name, version, seen)),
                lambda name, slower: one(name, version, slower),
            )
        return kept[version]

    return of


def _differing(name: str, version: str, seen: Seen) -> list[str]:
    recorded = load(version)[name]
    return list(differing(recorded, uncut(recorded, json.loads(json.dumps(seen)))))


@pytest.mark.parametrize("name", sorted(FACTS))
@pytest.mark.parametrize(
    "version",
    [pytest.param(one, marks=pytest.mark.xdist_group(f"facts of {one} over TCP")) for one in VERSIONS],
)
def test_a_fact(name: str, version: str, played: Callable[[str], Recording]) -> None:
    found = _differing(name, version, played(version)[name])
    assert not found, f"{FACTS[name].says}\n" + "\n".join(found)


def test_a_difference_that_stays_is_found_and_one_that_goes_is_not() -> None:
    tries: list[tuple[str, float]] = []

    def again(name: str, slower: float) -> int:
        tries.append((name, slower))
        return 7 if name == "wrong" or len(tries) < 3 else 1

    found = played_again({"right": 1, "wrong": 7, "late": 7}, lambda _, seen: seen != 1, again)
    assert found == {"right": 1, "wrong": 7, "late": 1}
    assert tries == [("wrong", 1.0), ("late", 1.0), ("wrong", 2.0), ("late", 2.0), ("wrong", 1.0)]
