"""Measured beside simulated, judged on runs whose truth is known: the "real" one is a simulation itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mqsim.live.play import Handled, Played
from mqsim.live.probe import Probed
from mqsim.planning.calibrate import compare, fitted_to, turnarounds
from mqsim.runs import simulate
from mqsim.scenario import Scenario
from mqsim.trace.frames import columns

LATENCY, PUBLISH, DELIVER = 4e-3, 3e-4, 2e-4
SECONDS = 100.0


def scenario(**changes: Any) -> Scenario:
    data = {
        "seed": 2,
        "duration": SECONDS,
        "broker": {"queues": {"tasks": {}}},
        "producers": {
            "web": {
                "to": "tasks",
                "arrivals": {"poisson": {"rate": 40}},
                "work": {"exponential": {"mean": 0.05}},
            }
        },
        "consumers": {"worker": {"queue": "tasks", "count": 3}},
    }
    return Scenario.from_data(data).with_(changes)


def real(made: Scenario) -> Played:
    """A run of a broker of which all is known."""
    slow = made.with_(
        {
            "network.latency": LATENCY,
            "broker.costs.publish": PUBLISH,
            "broker.costs.deliver": DELIVER,
            "producers.web.stop": SECONDS,
            "until": "drained",
            "duration": None,
            "max_duration": 1000,
        }
    )
    trace = simulate(slow).trace
    names = ("created", "published", "started", "finished")
    number, consumer = columns(trace.messages, "number", "consumer")
    handled = [
        Handled._make(
            (f"web-1 {number[k]}", "tasks", trace.actors.names[consumer[k]], *times, times[3] - times[2])
        )
        for k, times in enumerate(zip(*columns(trace.messages, *names), strict=True))
    ]
    return Played(handled, len(handled), {})


PROBED = Probed(PUBLISH, DELIVER, 2 * LATENCY + PUBLISH + DELIVER)


def test_latency_is_found_from_turnarounds() -> None:
    turns = turnarounds(scenario(), real(scenario()))
    # From the end of a message to the next: its acknowledgement's way, a delivery, and the way back. The
    # broker may be busy with another message for a moment, so a turn may be a little longer.
    assert turns.size > 1000
    assert turns.min() == pytest.approx(2 * LATENCY + DELIVER, rel=1e-9)
    assert turns.mean() == pytest.approx(2 * LATENCY + DELIVER, rel=0.02)
    fitted = fitted_to(scenario(), PROBED, turns)
    assert fitted.network.latency == pytest.approx(LATENCY, rel=0.03)
    assert (fitted.broker.costs.publish.mean, fitted.broker.costs.deliver.mean) == (PUBLISH, DELIVER)


def test_without_turnarounds_latency_is_that_of_the_small_loads() -> None:
    ahead = scenario(**{"consumers.worker.prefetch": 20})
    turns = turnarounds(ahead, real(ahead))
    assert turns.size == 0
    assert fitted_to(ahead, PROBED, turns).network.latency == pytest.approx(LATENCY, rel=0.05)


def test_a_fitted_simulation_agrees_and_one_as_written_does_not() -> None:
    played = real(scenario())
    fitted = fitted_to(scenario(), PROBED, turnarounds(scenario(), played))
    found = compare(scenario(), fitted, played, SECONDS)
    assert len(found) == 6
    assert all(each.agrees for each in found)
    # A worker is held for 8 ms longer for each message of 50 ms: at 2/3 load that is a lot of waiting.
    assert all(each.as_written < 0.9 * each.measured for each in found)


def test_slower_workers_of_a_busy_machine_are_accounted_for_and_a_wrong_scenario_is_noticed() -> None:
    played = real(scenario(**{"consumers.worker.speed": 0.9}))
    asked = [each._replace(asked=0.9 * each.asked) for each in played.handled]
    late = Played(asked, played.sent, {})
    fitted = fitted_to(scenario(), PROBED, turnarounds(scenario(), late))
    assert all(each.agrees for each in compare(scenario(), fitted, late, SECONDS))
    wrong = scenario(**{"consumers.worker.count": 4})
    found = compare(wrong, fitted_to(wrong, PROBED, np.empty(0)), late, SECONDS)
    assert not any(each.agrees for each in found if each.what == "wait")
