"""Surges against areas of rectangles and triangles."""

from __future__ import annotations

import math

import pytest

from mqsim.matching import surges
from mqsim.scenario import Scenario


def scenario(arrivals: dict[str, object], count: int = 2, **producer: object) -> Scenario:
    return Scenario.from_data(
        {
            "duration": 1000,
            "broker": {"queues": {"q": {}}},
            "producers": {"p": {"to": "q", "arrivals": arrivals, "work": 0.1, **producer}},
            "consumers": {"w": {"queue": "q", "count": count}},
        }
    )


def profile(*points: tuple[float, float], shape: str = "step") -> dict[str, object]:
    return {"profile": {"points": [list(point) for point in points], "shape": shape}}


def test_a_step_above_capacity_piles_up_a_rectangle() -> None:
    (found,) = surges(scenario(profile((0, 10), (100, 30), (160, 15))))
    # 20 a second can be worked off: 60 s of 10 too many, then 5 to spare.
    assert found.begins == pytest.approx(100, abs=0.5)
    assert found.backlog == pytest.approx(600, rel=0.01)
    assert found.at == pytest.approx(160, abs=0.5)
    assert found.recovers == pytest.approx(160 + 600 / 5, abs=1)
    assert (found.peak, found.capacity) == (30.0, pytest.approx(20.0))


def test_a_ramp_piles_up_a_triangle() -> None:
    (found,) = surges(scenario(profile((0, 0), (100, 40), (200, 0), shape="linear")))
    # Above 20 from 50 s to 150 s, by up to 20: an area of 1000.
    assert found.begins == pytest.approx(50, abs=0.5)
    assert found.backlog == pytest.approx(1000, rel=0.01)
    assert found.at == pytest.approx(150, abs=0.5)
    # What is left at 200 s is gone at 20 a second: 1000 less the triangle of 500 that is worked off by then.
    assert found.recovers == pytest.approx(200 + 500 / 20, abs=1)


def test_a_rate_that_stays_high_is_never_recovered_from() -> None:
    (found,) = surges(scenario(profile((0, 10), (100, 30))))
    assert math.isinf(found.recovers)


def test_a_profile_that_stops_leaves_its_backlog_to_be_worked_off() -> None:
    (found,) = surges(scenario(profile((0, 25), (500, 1)), start=10, stop=110))
    assert found.backlog == pytest.approx(500, rel=0.01)
    assert found.recovers == pytest.approx(110 + 500 / 20, abs=1)


@pytest.mark.parametrize(
    "arrivals", [profile((0, 10), (100, 20), (160, 15)), {"poisson": {"rate": 5}}, {"poisson": {"rate": 50}}]
)
def test_no_surge_where_capacity_lasts_or_nothing_changes(arrivals: dict[str, object]) -> None:
    assert surges(scenario(arrivals)) == []


def test_the_warning_says_when_it_recovers() -> None:
    import mqsim as mq

    warnings = mq.simulate(scenario(profile((0, 10), (100, 30), (160, 15)))).warnings
    (told,) = [one for one in warnings if "Chance adds" in one]
    assert "up to 30 a second against 20" in told
    assert "they are gone at about 280 s" in told
