"""A log's second half foretold from its first: where the truth is known, the error must be what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mqsim import planning, theory
from mqsim.errors import UsageError
from mqsim.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

HALF = 1500.0


def log(tmp_path: Path, rate: float, later: float, work: float = 0.1, worked: float = 0.1) -> Path:
    """A Poisson log whose rate and mean work change in the middle; exponential work."""
    rng = np.random.Generator(np.random.Philox(7))
    lines = ["time,took"]
    for start, per_second, mean in ((0.0, rate, work), (HALF, later, worked)):
        times = np.sort(rng.uniform(start, start + HALF, int(per_second * HALF)))
        lines += [f"{t:.6f},{w:.6f}" for t, w in zip(times, rng.exponential(mean, times.size), strict=True)]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines))
    return path


def test_a_log_that_goes_on_as_before_is_foretold(tmp_path: Path) -> None:
    answer = planning.backtest(log(tmp_path, 10, 10), work="took", workers=2, jobs=1, budget=2e5)
    assert answer.state == "met"
    assert "foretells the rest" in answer.sentence
    by = answer.table.set_index("number")
    assert abs(by.loc["messages a second", "error"]) < 0.02
    assert abs(by.loc["work mean", "error"]) < 0.05
    # Both halves are M/M/2 at load 1/2, give or take the rate of a minute.
    exact = theory.mmc(10, 10, 2).sojourn_percentile(0.95)
    assert by.loc["sojourn p95", "predicted"] == pytest.approx(exact, rel=0.1)
    assert by.loc["sojourn p95", "actual"] == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize(
    ("later", "worked", "number", "error"),
    [(16, 0.1, "messages a second", 10 / 16 - 1), (10, 0.15, "work mean", 0.1 / 0.15 - 1)],
)
def test_a_log_that_changes_is_not_and_by_how_much_is_said(
    later: float, worked: float, number: str, error: float, tmp_path: Path
) -> None:
    answer = planning.backtest(
        log(tmp_path, 10, later, 0.1, worked), work="took", workers=2, jobs=1, budget=2e5
    )
    assert answer.state == "not met"
    assert "does not foretell the rest" in answer.sentence
    assert "too little" in answer.sentence
    by = answer.table.set_index("number")
    assert by.loc[number, "error"] == pytest.approx(error, abs=0.03)
    assert by.loc["sojourn p99", "error"] < -0.2


def test_the_error_comes_before_the_advice_which_is_tried_on_the_second_part(tmp_path: Path) -> None:
    answer = planning.backtest(
        log(tmp_path, 10, 18), work="took", workers="1..4", target="p99 < 1s", jobs=1, budget=6e5
    )
    error, advice = answer.sentence.index("does not foretell"), answer.sentence.index("On the first part: 2")
    assert error < advice
    # Two workers with a tenth of a second of work do 20 a second: at 18 a second no p99 is below a second.
    assert "which misses p99 < 1s" in answer.sentence
    assert answer.state == "not met"


def test_counts_an_interval(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("n\n" + "\n".join(["60"] * 30 + ["90"] * 30))
    answer = planning.backtest(path, count="n", every="1min", jobs=1)
    by = answer.table.set_index("number")
    assert by.loc["messages a second", "predicted"] == pytest.approx(1.0)
    assert by.loc["messages a second", "actual"] == pytest.approx(1.5)
    assert isinstance(answer.scenario, Scenario)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"share": "120%"}, "something must be left"),
        ({"share": "0.1%"}, "each part needs at least 20"),
        ({"workers": "1..4"}, "or a --target"),
        ({"target": "p99 < 1s"}, "give a range"),
        ({"work": "took_s"}, "Did you mean took"),
    ],
)
def test_what_cannot_be_asked(how: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        planning.backtest(log(tmp_path, 1, 1), **{"work": "took", "jobs": 1} | how)
