"""Eighty more scenarios that must not hang, fill the memory, or show a fault of ours.

The limits are lowered, so that each is met within a second: what is tried is that something stops the run.
"""

from __future__ import annotations

import pytest

import mqsim as mq
from mqsim import run_size
from mqsim.errors import MqsimError, SimulationError
from mqsim.sim import clock
from tests.runs.bounds_corpus import CORPUS
from tests.runs.test_bounds import LARGE, STILL, said_of


def test_with_the_others_there_are_more_than_two_hundred() -> None:
    assert len(CORPUS) >= 60
    assert len(CORPUS) + len(LARGE) + len(STILL) >= 250


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", CORPUS)
def test_it_is_refused_or_stops_or_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_STILL", 2)
    monkeypatch.setattr(run_size, "MOST_RETRIES", 20_000)
    monkeypatch.setattr(run_size, "MOST_ATTEMPTS", 20_000)
    monkeypatch.setattr(run_size, "MOST_MESSAGES", 100_000)
    monkeypatch.setattr(run_size, "MOST_SECONDS", 1e6)
    said = said_of(CORPUS[name])
    assert not said.startswith(SimulationError.__name__)  # which says: a fault of mqsim
    assert not said or len(said) > 40


@pytest.mark.parametrize("who", ["web", "worker"])
@pytest.mark.parametrize("nodes", [3, 5])
def test_who_connects_in_no_time_to_a_cluster_that_is_down_is_named(
    who: str, nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_STILL", 2)
    with pytest.raises(MqsimError, match=rf"stands still at 3 s.*{who}-1 connects again.*{who}\.reconnect"):
        mq.simulate(mq.Scenario(**CORPUS[f"cluster down {nodes} 1 {who}"]))


def test_retries_without_end_cost_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_size, "MOST_RETRIES", 20_000)
    with pytest.raises(MqsimError, match=r"published again 20,000 times, lastly web-1: more comes"):
        mq.simulate(mq.Scenario(**CORPUS["retry overload unlimited"]), engine="simpy")
    monkeypatch.setattr(run_size, "MOST_RETRIES", 10**9)
    monkeypatch.setattr(clock, "_STILL", 2)
    with pytest.raises(
        MqsimError, match=r"web-1 publishes again and again in no time: give its retry\.delay"
    ):
        mq.simulate(mq.Scenario(**CORPUS["retry delay 0 full"]), engine="simpy")


def test_a_fan_out_counts_with_its_copies() -> None:
    with pytest.raises(MqsimError, match="not 2e"):
        mq.simulate(mq.Scenario(**CORPUS["fanout 2000 x 1000/s"]))


def test_a_run_in_which_only_the_broker_looks_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MqsimError, match=r"^duration: .* 600,000,000 seconds at most"):
        mq.simulate(mq.Scenario(**CORPUS["duration 1e+15 power_off"]))
    monkeypatch.setattr(run_size, "MOST_SECONDS", 1e6)
    never = mq.Scenario(**CORPUS["until drained, max_duration 1e+15 power_off"])
    for engine in ("simpy", "compiled"):
        if engine == "compiled":
            pytest.importorskip("numba")
        with pytest.raises(MqsimError, match="gone on for 1,000,000 simulated seconds"):
            mq.simulate(never, engine=engine)
