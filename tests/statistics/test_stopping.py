"""Replicating until the interval is narrow."""

from __future__ import annotations

import numpy as np
import pytest

from mqsim.errors import UsageError
from mqsim.statistics import Until, mean_interval


def test_it_stops_at_the_first_narrow_interval() -> None:
    rng = np.random.default_rng(3)
    numbers = rng.normal(10.0, 1.0, 300).tolist()
    until = Until(relative=0.03, least=5, most=300)
    asked = []
    for replication in until:
        asked.append(replication)
        until.add({"wait": numbers[replication]})
    expected = next(n for n in range(5, 301) if mean_interval(numbers[:n]).relative <= 0.03)
    assert asked == list(range(expected))
    assert until.n == expected
    assert until.interval("wait") == mean_interval(numbers[:expected])
    assert until.cautions() == {}
    assert until.done


def test_every_measure_must_be_narrow() -> None:
    rng = np.random.default_rng(4)
    until = Until(relative=0.05)
    for _ in until:
        until.add({"steady": 1.0, "wait": rng.normal(10.0, 2.0)})
    assert until.n > 5
    assert until.interval("wait").relative <= 0.05


def test_it_runs_the_least_and_no_more_than_the_most() -> None:
    until = Until(least=4, most=6)
    for _ in until:
        until.add({"wait": 1.0})
    assert until.n == 4
    until = Until(least=4, most=6)
    for replication in until:
        until.add({"wait": 10.0**replication, "steady": 1.0})
    assert until.n == 6
    assert list(until.cautions()) == ["wait"]
    assert until.cautions()["wait"].kind == "too wide"


def test_coverage_stays_near_the_confidence() -> None:
    rng = np.random.default_rng(6)
    inside = []
    for _ in range(500):
        until = Until(relative=0.05, least=10, most=500)
        for _ in until:
            until.add({"wait": rng.exponential(1.0, 20).mean()})
        inside.append(1.0 in until.interval("wait"))
    assert 0.90 < np.mean(inside) <= 0.98  # deviation 0.01; stopping early costs a little


def test_a_result_that_is_never_added_is_noticed() -> None:
    with pytest.raises(UsageError, match="Replication 0 was asked for"):
        list(Until())


@pytest.mark.parametrize(
    "arguments",
    [{"relative": 0}, {"relative": float("nan")}, {"least": 1}, {"least": 9, "most": 8}, {"confidence": 1}],
)
def test_impossible_rules_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Until(**arguments)  # type: ignore[arg-type]


def test_other_measures_are_refused() -> None:
    until = Until()
    with pytest.raises(UsageError, match="at least one measure"):
        until.add({})
    until.add({"wait": 1.0})
    with pytest.raises(UsageError, match="must bring wait"):
        until.add({"depth": 1.0})
    assert until.n == 1
    with pytest.raises(UsageError, match="'depth'"):
        until.interval("depth")
