"""What a report shows of theory, and where it finds the simulated numbers."""

from __future__ import annotations

import pytest

from mqsim import theory
from mqsim.api import simulate
from mqsim.errors import TheoryError
from mqsim.matching import Fit, read, simulated, theory_lines
from mqsim.report import report_html
from tests.matching.plain import match, scenario


def test_a_match_tells_its_values_and_percentiles() -> None:
    found, formula = match(), theory.mmc(1.2, 1, 2)
    assert found.value("sojourn.mean") == formula.mean_sojourn
    assert found.value("wait.p99.9") == formula.wait_percentile(0.999)
    assert {"wait.p50", "wait.p99", "sojourn.p95", "throughput"} <= set(found.covers)
    assert found.sentence().startswith("Queue q is M/M/2, exactly. Poisson arrivals")
    with pytest.raises(TheoryError, match=r"loss: M/M/2 does not say; it covers wait\.mean"):
        found.value("loss")
    with pytest.raises(TheoryError, match="does not say"):
        found.value("wait.pmost")


def test_lines_stand_beside_what_was_simulated() -> None:
    run = simulate(scenario({"duration": 5_000.0}))
    summary = run.summary()
    lines = theory_lines(run.scenario)
    by_name = {line.quantity: line for line in lines}
    assert by_name["p_wait"].value == pytest.approx(theory.erlang_c(2, 1.2))
    assert all(line.fit is Fit.EXACT for line in lines)
    for line in lines:
        found = simulated(summary, line)
        assert found is not None
        # Wide enough for one short run; a wrong path would be off by more.
        assert found == pytest.approx(line.value, rel=0.35), line.quantity


def test_reading_a_summary() -> None:
    run = simulate(scenario({"duration": 300.0, "broker.queues.q.max_length": 1}))
    summary = run.summary()
    queue = summary["queues"]["q"]
    assert read(summary, "q", "loss") == queue["dropped"] / queue["created"] > 0
    assert read(summary, "q", "wait.mean") == queue["wait"]["mean"]
    assert read(summary, "", "flows.mean") == summary["flows"]["mean"]
    assert read(summary, "q", "utilisation", ("w",)) == pytest.approx(summary["groups"]["w"]["utilisation"])
    assert read(summary, "q", "utilisation") is None
    assert read(summary, "q", "wait.mean of priority 3") is None
    assert read(summary, "nope", "wait.mean") is None


def test_the_report_shows_theory_where_it_applies_and_nothing_where_not() -> None:
    assert "Beside theory" in report_html(simulate(scenario({"duration": 50.0})))
    assert "Beside theory" not in report_html(simulate("worker-crash"))
