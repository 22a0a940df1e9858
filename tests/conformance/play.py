"""Plays the body of facts against a real server: a virtual host for each, several at a time."""

from __future__ import annotations

import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.conformance.facts import FACTS
from tests.conformance.pika_world import PikaWorld
from tests.conformance.script import ACK_TIMEOUT, Fact, Interruption, Seen, World, normalised
from tests.conformance.servers import RealBroker

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

Recording = dict[str, Seen]
"""What each fact saw, by the fact's name."""


def play(fact: Fact, world: World, vhost: str = "/") -> Seen:
    """Play a fact that needs no stop and return what it saw, normalised."""
    running = fact.play(world)
    if running is not None:
        raise ValueError(f"{fact.name} stops the server: play it with play_stopping")
    return normalised(world.seen, vhost)


def play_all(
    broker: RealBroker, names: Iterable[str] | None = None, workers: int = 6, slower: float = 1.0
) -> Recording:
    """Play facts (all of them unless named) against a real broker that was started.

    Facts run side by side, but those that an operator's hand or a stop is part of, since they touch every
    virtual host. Stops come first: a server with few virtual hosts starts faster.

    Returns:
        what each fact saw. A fact that failed to run has seen its own traceback.
    """
    chosen = [FACTS[name] for name in (FACTS if names is None else names)]
    alone = [fact for fact in chosen if "operator" in fact.needs]
    stopping = [fact for fact in chosen if "stop" in fact.needs]
    together = [fact for fact in chosen if not fact.needs & {"operator", "stop"}]
    together.sort(key=lambda fact: "timeout" not in fact.needs)
    broker.drop_vhosts(fact.name for fact in chosen)
    broker.add_vhosts(fact.name for fact in stopping)
    found: Recording = {}
    for how in ("restart", "kill"):
        facts = [fact for fact in stopping if fact.name.startswith(how)]
        found |= _stopping(broker, facts, how == "restart", slower)
    broker.add_vhosts(fact.name for fact in chosen)
    with ThreadPoolExecutor(workers) as pool:
        seen = pool.map(lambda fact: _one(broker, fact, slower), together)
        found |= zip((fact.name for fact in together), seen, strict=True)
    for fact in alone:
        found[fact.name] = _one(broker, fact, slower)
    return {name: found[name] for name in sorted(found)}


def server(version: str, chroot: Path | None = None) -> RealBroker:
    """A real server, not started yet, with the settings that the facts count on."""
    timeout = {"consumer_timeout": str(int(ACK_TIMEOUT * 1000)), "channel_tick_interval": "1000"}
    return RealBroker(version, chroot, timeout)


def _world(broker: RealBroker, fact: Fact, slower: float = 1.0) -> PikaWorld:
    def alarm(on: bool) -> None:
        broker.ctl("set_vm_memory_high_watermark", "0.000001" if on else "0.6")

    return PikaWorld(broker.port, fact.name, alarm, slower)


def _one(broker: RealBroker, fact: Fact, slower: float) -> Seen:
    world = _world(broker, fact, slower)
    try:
        return play(fact, world, fact.name)
    except Exception:
        return _failure()
    finally:
        world.end()


def _stopping(broker: RealBroker, facts: list[Fact], clean: bool, slower: float) -> Recording:
    """Play facts up to their interruption, stop and start the server once for all, and play on."""
    if not facts:
        return {}
    worlds = {fact.name: _world(broker, fact, slower) for fact in facts}
    running: dict[str, Generator[Interruption, None, None]] = {}
    for fact in facts:
        steps = fact.play(worlds[fact.name])
        assert steps is not None
        asked = next(steps)
        assert asked == ("restart" if clean else "kill")
        running[fact.name] = steps
    broker.restart(clean=clean)
    found: Recording = {}
    for name, steps in running.items():
        try:
            if next(steps, None) is not None:
                raise ValueError(f"{name} asks for a second stop")
            found[name] = normalised(worlds[name].seen, name)
        except Exception:
            found[name] = _failure()
        finally:
            worlds[name].end()
    return found


def _failure() -> Seen:
    return ["it failed", traceback.format_exc()]
