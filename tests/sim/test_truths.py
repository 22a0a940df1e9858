"""First truths: queues whose every number is known exactly, Little's law, and the balance of flows."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mqsim import theory
from mqsim.api import Result, Scenario, load, presets
from mqsim.sim import World
from mqsim.statistics import holm, mean_interval, p_value
from mqsim.trace.frames import columns
from tests.sim import scenarios

if TYPE_CHECKING:
    from mqsim.theory import Queue

SEED = 1  # fixed before looking
MESSAGES, WARMUP = 33_000, 1_000

# Scenario, truth, and how many replications make the intervals narrow enough.
MODELS: dict[str, tuple[Scenario, Queue, int]] = {
    "M/M/1": (scenarios.served(1, 0.5, messages=MESSAGES), theory.mm1(1, 2), 20),
    "M/M/2": (scenarios.served(1, 1, 2, messages=MESSAGES), theory.mmc(1, 1, 2), 36),
    "M/D/1": (scenarios.served(1, 0.5, messages=MESSAGES, constant=True), theory.md1(1, 2), 12),
}
MEASURES = ("mean wait", "mean sojourn", "p99 wait", "p99 sojourn")


@cache
def measured(model: str) -> dict[str, list[float]]:
    """Each measure of each replication."""
    found: dict[str, list[float]] = defaultdict(list)
    scenario, _, replications = MODELS[model]
    for replication in range(replications):
        world = World(scenario, SEED, replication)
        created, enqueued, started, finished = columns(
            world.run_to_end().messages, "created", "enqueued", "started", "finished"
        )
        wait, sojourn = (started - enqueued)[WARMUP:], (finished - created)[WARMUP:]
        values = (wait.mean(), sojourn.mean(), np.percentile(wait, 99), np.percentile(sojourn, 99))
        for name, value in zip(MEASURES, values, strict=True):
            found[name].append(float(value))
    return found


def exact(queue: Queue) -> dict[str, float]:
    values = (
        queue.mean_wait,
        queue.mean_sojourn,
        queue.wait_percentile(0.99),
        queue.sojourn_percentile(0.99),
    )
    return dict(zip(MEASURES, values, strict=True))


def test_means_and_p99_are_what_theory_says_within_narrow_intervals() -> None:
    rows = [(model, name) for model in MODELS for name in MEASURES]
    truth = {model: exact(queue) for model, (_, queue, _) in MODELS.items()}
    chances = holm([p_value(measured(model)[name], truth[model][name]) for model, name in rows])
    for (model, name), chance in zip(rows, chances, strict=True):
        interval = mean_interval(measured(model)[name], 0.99)
        assert chance > 0.01, f"{name} of {model}: {truth[model][name]:.5g} is not in {interval}"
        assert interval.relative <= (0.05 if name.startswith("p99") else 0.02), (
            f"{name} of {model}: {interval}"
        )


def test_work_three_percent_longer_would_have_been_seen() -> None:
    off = {
        "M/M/1": theory.mm1(1, 2 * 1.03),
        "M/M/2": theory.mmc(1, 1.03, 2),
        "M/D/1": theory.md1(1, 2 * 1.03),
    }
    for model, queue in off.items():
        chances = [p_value(measured(model)[name], exact(queue)[name]) for name in MEASURES]
        assert min(chances) < 0.01 / 12, model


# -- Little's law --------------------------------------------------------------------------------------------


class Sampler:
    """Reads the broker's own counts whenever an instant is over, and adds up how long each number held."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.area: dict[str, float] = defaultdict(float)
        self._last = 0.0
        self._held = self._counts()
        world.when_outbox_is_empty.append(self._look)

    def _counts(self) -> dict[str, int]:
        return {name: queue.waiting + queue.unacked for name, queue in self.world.broker.queues.items()}

    def _look(self) -> bool:
        self._add_up()
        self._held = self._counts()
        return False

    def _add_up(self) -> None:
        now = self.world.clock.now
        for name, count in self._held.items():
            self.area[name] += count * (now - self._last)
        self._last = now

    def close(self) -> None:
        """The run is over."""
        self._add_up()


def sampled(scenario: Scenario) -> tuple[Sampler, Result]:
    world = World(scenario)
    sampler = Sampler(world)
    trace = world.run_to_end()
    sampler.close()
    return sampler, Result(scenario, scenario.seed, 0, trace)


EVERY = {**scenarios.SCENARIOS, **{f"preset {name}": load(name) for name in presets()}}


@pytest.mark.parametrize("name", EVERY)
def test_littles_law_and_the_balance_of_flows(name: str) -> None:
    sampler, result = sampled(EVERY[name])
    trace = result.trace
    queue, enqueued, ended = columns(trace.messages, "queue", "enqueued", "ended")
    length = trace.end
    for code, queue_name in enumerate(trace.queues.names):
        mine = (queue == code) & ~np.isnan(enqueued)
        stay = np.fmin(ended[mine], trace.end) - enqueued[mine]
        rate, time = mine.sum() / length, stay.mean() if mine.any() else 0.0
        number = sampler.area[queue_name] / length
        assert number == pytest.approx(rate * time, rel=1e-9, abs=1e-12)
        left = sampler.world.broker.queues[queue_name]
        assert mine.sum() == (mine & ~np.isnan(ended)).sum() + left.waiting + left.unacked
        if all(actor.ack == "manual" for actor in trace.cast.values()):
            told = result.summary()["queues"][queue_name]["in_system"]["mean"]
            if EVERY[name].warmup == 0:
                assert told == pytest.approx(number, rel=1e-9, abs=1e-12)


def test_littles_left_side_is_the_models_own_number() -> None:
    numbers = []
    for replication in range(8):
        world = World(scenarios.served(1, 0.5, messages=20_000), SEED, replication)
        sampler = Sampler(world)
        world.run_to_end()
        sampler.close()
        numbers.append(sampler.area["tasks"] / world.clock.now)
    interval = mean_interval(numbers, 0.99)
    assert theory.mm1(1, 2).mean_in_system in interval
    assert interval.relative < 0.05


def test_what_comes_in_goes_out_at_the_same_rate() -> None:
    _, result = sampled(scenarios.tandem(20_000))
    for queue in ("tasks", "second"):
        numbers = result.summary()["queues"][queue]
        assert numbers["throughput"] == pytest.approx(numbers["created"] / result.trace.end, rel=1e-3)
        assert numbers["throughput"] == pytest.approx(1, abs=3 / 20_000**0.5)
    busy = [result.summary()["consumers"][name]["utilisation"] for name in ("first-1", "last-1")]
    # Utilisation law: throughput x mean work.
    assert busy == pytest.approx([0.5, 0.4], rel=0.03)
