from __future__ import annotations

import math

import numpy as np
import pytest

import mqsim as mq
from mqsim.errors import UsageError
from mqsim.viz import data, describe, plot_latencies


def at_load(rho: float) -> mq.Result:
    return mq.simulate(
        {
            "duration": 400,
            "warmup": 50,
            "broker": {"queues": {"tasks": {}}},
            "producers": {
                "web": {
                    "to": "tasks",
                    "arrivals": {"poisson": {"rate": 5 * rho}},
                    "work": {"exponential": {"mean": 0.2}},
                }
            },
            "consumers": {"worker": {"queue": "tasks"}},
        }
    )


@pytest.fixture(scope="module")
def runs() -> dict[float, mq.Result]:
    return {rho: at_load(rho) for rho in (0.8, 0.3, 0.5)}


def test_percentiles_are_those_of_the_message_table(runs) -> None:
    table = data(mq.plot_latencies(runs)).set_index(["load", "percentile"])
    assert table.index.get_level_values("load").unique().tolist() == [0.3, 0.5, 0.8]
    for rho, run in runs.items():
        messages = run.messages[run.messages["created"] >= 50]
        sojourn = (messages["finished"] - messages["created"]).dropna()
        for p in (50, 95, 99):
            assert table.loc[(rho, p), "simulated"] == pytest.approx(sojourn.quantile(p / 100))
        assert table.loc[(rho, 50), "missed"] == pytest.approx(messages["finished"].isna().mean())


def test_the_formula_is_the_textbooks(runs) -> None:
    """The sojourn in M/M/1 is exponential with rate mu - lambda."""
    table = data(mq.plot_latencies(runs))
    expected = [
        -math.log(1 - p / 100) / (5 - 5 * rho)
        for rho, p in zip(table["load"], table["percentile"], strict=True)
    ]
    assert table["formula"].to_numpy() == pytest.approx(np.array(expected))
    assert set(table["fit"]) == {"exact"}


def test_marks_are_the_table(runs) -> None:
    ax = mq.plot_latencies(runs)
    table = data(ax)
    drawn = {str(line.get_label()): line for line in ax.lines}
    for p in (50, 95, 99):
        mine = table[table["percentile"] == p]
        assert drawn[f"p{p} simulated"].get_xydata() == pytest.approx(mine[["load", "simulated"]].to_numpy())
        assert drawn[f"p{p} formula (exact)"].get_xydata() == pytest.approx(
            mine[["load", "formula"]].to_numpy()
        )
    assert len({line.get_marker() for label, line in drawn.items() if "simulated" in label}) == 3


def test_words_as_loads_keep_their_order(runs) -> None:
    ax = mq.plot_latencies({"high": runs[0.8], "low": runs[0.3]}, what="wait", theory=False)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["high", "low"]
    assert data(ax)["formula"].isna().all()
    assert "at load high p50" in describe(ax)


def test_what_is_missed_is_said() -> None:
    ax = mq.plot_latencies({"away": mq.simulate("poison")})
    assert "not worked to their end" in " ".join(text.get_text() for text in ax.texts)


def test_nothing_can_not_be_drawn() -> None:
    with pytest.raises(UsageError, match="at least one run"):
        plot_latencies({})
    with pytest.raises(UsageError, match="wait, service, sojourn"):
        mq.plot_latencies({1: mq.simulate("hello")}, what="latency")  # type: ignore[arg-type]
