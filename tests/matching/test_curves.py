"""The curves that figures draw: laws by closed form, honest labels, and no curve where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mqsim.api import simulate
from mqsim.errors import UsageError
from mqsim.matching import Fit, curve
from tests.matching.plain import scenario

ONE = {"consumers.w.count": 1, "producers.p.arrivals": {"poisson": {"rate": 0.5}}}
T = np.array([0.0, 0.5, 1.0, 4.0])


def test_mm1_has_the_textbook_laws() -> None:
    wait, sojourn = curve(scenario(ONE), "wait"), curve(scenario(ONE), "sojourn", "q")
    assert wait.cdf is not None
    assert sojourn.cdf is not None
    assert wait.cdf(T) == pytest.approx(1 - 0.5 * np.exp(-0.5 * T))
    assert sojourn.cdf(T) == pytest.approx(1 - np.exp(-0.5 * T))
    assert wait.label == "M/M/1, exact"
    assert wait.fit is Fit.EXACT
    assert wait.why.startswith("Queue q is M/M/1, exactly.")


def test_md1_waits_by_erlangs_series() -> None:
    found = curve(scenario(ONE | {"producers.p.work": 1.0}), "wait").cdf
    assert found is not None
    # Erlang 1909: F(t) = (1 - a) sum over k <= t of (a (k - t))^k exp(-a (k - t)) / k!, work of 1 s.
    for t in (0.0, 0.5, 1.0, 2.5):
        terms = (
            (0.5 * (k - t)) ** k * math.exp(-0.5 * (k - t)) / math.factorial(k) for k in range(int(t) + 1)
        )
        assert float(found(t)) == pytest.approx(0.5 * sum(terms), abs=1e-12)


def test_a_way_over_the_network_moves_the_curve() -> None:
    far = {"network.links": [{"between": ["p", "broker"], "latency": 0.5}]}
    near, moved = curve(scenario(ONE), "sojourn").cdf, curve(scenario(ONE | far), "sojourn").cdf
    assert near is not None
    assert moved is not None
    assert moved(T + 0.5) == pytest.approx(near(T))
    assert moved(0.49) == 0.0


def test_the_work_is_a_mixture_at_the_consumers_speed() -> None:
    changes = {
        "consumers.w.speed": 2.0,
        "producers.p.work": {"hyperexponential": {"probabilities": [0.5, 0.5], "means": [1, 3]}},
    }
    found = curve(scenario(changes), "service")
    assert found.cdf is not None
    assert found.cdf(T) == pytest.approx(1 - 0.5 * np.exp(-2 * T) - 0.5 * np.exp(-2 * T / 3))
    assert found.label.startswith("the law of the work")


def test_interrupted_work_is_shorter() -> None:
    crash = [{"crash": "w", "every": {"exponential": {"mean": 4}}, "repair": {"exponential": {"mean": 1}}}]
    found = curve(scenario({"consumers.w.redraw": True}, faults=crash), "service").cdf
    assert found is not None
    assert found(T) == pytest.approx(1 - np.exp(-1.25 * T))


def test_the_curve_is_what_a_run_does() -> None:
    run = simulate(scenario(ONE | {"duration": 40_000.0}))
    found = curve(run.scenario, "sojourn").cdf
    assert found is not None
    frame = run.messages.dropna(subset=["finished"])
    times = (frame["finished"] - frame["created"]).to_numpy()
    assert [(times <= t).mean() for t in T] == pytest.approx(found(T), abs=0.02)


@pytest.mark.parametrize(
    ("changes", "what", "why"),
    [
        ({"consumers.w.prefetch": 5}, "wait", "prefetch 5"),
        ({"broker.queues.q.max_length": 5}, "wait", "only its mean is known"),
        ({}, "flows", "No formula fits the whole"),
        ({"consumers.w.count": 1}, "wait", "no steady state"),
    ],
)
def test_no_curve_and_why(changes: dict[str, object], what: str, why: str) -> None:
    found = curve(scenario(changes), what)  # type: ignore[arg-type]
    assert found.cdf is None
    assert found.label == ""
    assert why in found.why


def test_the_whole_way_of_a_tandem() -> None:
    found = curve(
        scenario(
            {"consumers.w.count": 1, "producers.p.arrivals": {"poisson": {"rate": 0.5}}},
            broker={"queues": {"q": {}, "r": {}}},
            consumers={
                "w": {"queue": "q", "publish": [{"to": "r"}]},
                "v": {"queue": "r", "service": {"exponential": {"mean": 1.0}}},
            },
        ),
        "flows",
    )
    assert found.cdf is not None
    # Two exponential sojourns of mean 2 in a row: Erlang's law.
    assert found.cdf(T) == pytest.approx(1 - (1 + 0.5 * T) * np.exp(-0.5 * T))


def test_what_is_asked_must_be_there() -> None:
    with pytest.raises(UsageError, match="one of wait, sojourn"):
        curve(scenario(), "pain")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="not in the scenario"):
        curve(scenario(), "wait", "r")
    with pytest.raises(UsageError, match="say which one"):
        curve(scenario(broker={"queues": {"q": {}, "r": {}}}), "wait")
