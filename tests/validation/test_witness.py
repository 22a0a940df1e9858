"""An independent witness: ciw simulates the same queues, and both agree.

The difference of two independent means is judged by a t test (Welch's degrees of freedom are at least those
of one sample), with Holm's correction over all rows. ciw's own intervals are as wide as ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ciw
import numpy as np
import pytest

from mqsim.api import Scenario, simulate
from mqsim.statistics import holm, p_value
from tests.validation.measuring import JOINT
from tests.validation.scenarios import EXP, one, poisson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

pytestmark = pytest.mark.long

RUNS = 12
TIME = 4_000.0
WARMUP = 200.0
SEED = 20261123

QUEUES: Mapping[str, tuple[dict[str, Any], Callable[[], Any]]] = {
    "M/M/3": (
        one(poisson(2.1), count=3, time=TIME, warmup=WARMUP),
        lambda: ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(2.1)],
            service_distributions=[ciw.dists.Exponential(1.0)],
            number_of_servers=[3],
        ),
    ),
    "M/G/2, gamma": (
        one(poisson(1.4), {"gamma": {"mean": 1.0, "cv": 0.5}}, count=2, time=TIME, warmup=WARMUP),
        lambda: ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(1.4)],
            service_distributions=[ciw.dists.Gamma(4.0, 0.25)],
            number_of_servers=[2],
        ),
    ),
    "U/U/2": (
        one(
            {"renewal": {"uniform": {"low": 0.1, "high": 1.1}}},
            {"uniform": {"low": 0.0, "high": 2.0}},
            count=2,
            time=TIME,
            warmup=WARMUP,
        ),
        lambda: ciw.create_network(
            arrival_distributions=[ciw.dists.Uniform(0.1, 1.1)],
            service_distributions=[ciw.dists.Uniform(0.0, 2.0)],
            number_of_servers=[2],
        ),
    ),
    "M/U/1/5": (
        one(
            poisson(0.9),
            {"uniform": {"low": 0.0, "high": 2.0}},
            queue={"max_length": 4, "overflow": "reject-publish"},
            time=TIME,
            warmup=WARMUP,
        ),
        lambda: ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(0.9)],
            service_distributions=[ciw.dists.Uniform(0.0, 2.0)],
            number_of_servers=[1],
            queue_capacities=[4],
        ),
    ),
    "M/U/2 → M/M/1": (
        one(
            poisson(1.2),
            time=TIME,
            warmup=WARMUP,
            broker={"queues": {"q": {}, "next": {}}},
            consumers={
                "w": {
                    "queue": "q",
                    "count": 2,
                    "service": {"uniform": {"low": 0.0, "high": 2.0}},
                    "publish": [{"to": "next"}],
                },
                "v": {"queue": "next", "service": {"exponential": {"mean": 0.5}}},
            },
        ),
        lambda: ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(1.2), None],
            service_distributions=[ciw.dists.Uniform(0.0, 2.0), ciw.dists.Exponential(2.0)],
            number_of_servers=[2, 1],
            routing=[[0.0, 1.0], [0.0, 0.0]],
        ),
    ),
}


def ours(data: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    """Mean wait and mean sojourn at the last queue, a row a run."""
    found = []
    for i in range(RUNS):
        queue = list(simulate(Scenario(**data), SEED, i).summary()["queues"].values())[-1]
        found.append((queue["wait"]["mean"], queue["sojourn"]["mean"]))
    return np.array(found)


def theirs(network: Callable[[], Any]) -> np.ndarray[Any, Any]:
    """The same by ciw."""
    found = []
    for i in range(RUNS):
        ciw.seed(SEED + i)
        simulation = ciw.Simulation(network())
        simulation.simulate_until_max_time(TIME)
        records = [record for record in simulation.get_all_records() if record.record_type == "service"]
        last = max(record.node for record in records)
        mine = [each for each in records if each.node == last and each.arrival_date >= WARMUP]
        wait = float(np.mean([each.waiting_time for each in mine]))
        found.append((wait, wait + float(np.mean([each.service_time for each in mine]))))
    return np.array(found)


@pytest.mark.parametrize("name", QUEUES)
def test_ciw_sees_the_same_queue(name: str) -> None:
    data, network = QUEUES[name]
    difference = ours(data) - theirs(network)
    adjusted = holm([*(p_value(column, 0.0) for column in difference.T), *[1.0] * (2 * len(QUEUES) - 2)])
    assert adjusted.min() > JOINT, difference.mean(axis=0)


def test_the_witness_would_notice_longer_work() -> None:
    data, network = QUEUES["M/M/3"]
    longer = {"exponential": {"mean": 1.1}}
    slow = Scenario(**data).with_({"producers.p.work": longer}).to_data()
    assert Scenario(**data).producers["p"].work.spec() == EXP
    difference = ours(slow) - theirs(network)
    assert max(p_value(column, 0.0) for column in difference.T) < JOINT
