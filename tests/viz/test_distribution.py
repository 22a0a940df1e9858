from __future__ import annotations

import math

import numpy as np
import pytest

import mqsim as mq
from mqsim.errors import UsageError
from mqsim.viz import data, describe, plot_distribution

RATE, WORK = 4.0, 0.2
RHO = RATE * WORK
SINGLE = {
    "duration": 3000,
    "warmup": 100,
    "broker": {"queues": {"tasks": {}}},
    "producers": {
        "web": {
            "to": "tasks",
            "arrivals": {"poisson": {"rate": RATE}},
            "work": {"exponential": {"mean": WORK}},
        }
    },
    "consumers": {"worker": {"queue": "tasks"}},
}


@pytest.fixture(scope="module")
def single() -> mq.Result:
    return mq.simulate(SINGLE)


def waits_below(t: float) -> float:
    """P(W <= t) of M/M/1, from the textbook."""
    return 1 - RHO * math.exp(-(1 / WORK - RATE) * t) if t >= 0 else 0.0


@pytest.mark.parametrize(
    ("what", "first", "last"),
    [("wait", "enqueued", "started"), ("service", "started", "finished"), ("sojourn", "created", "finished")],
)
def test_bars_are_the_histogram_of_the_message_table(single: mq.Result, what, first: str, last: str) -> None:
    table = data(single.plot_distribution(what))
    messages = single.messages[(single.messages["created"] >= 100) & single.messages["finished"].notna()]
    times = (messages[last] - messages[first]).to_numpy()
    low = np.append(-np.inf, table["from"].to_numpy()[1:])  # the first bar holds all that is shorter
    counted = [((times > a) & (times <= b)).mean() for a, b in zip(low, table["to"], strict=True)]
    assert table["share"].to_numpy() == pytest.approx(np.array(counted), abs=1e-12)
    assert table["share"].sum() > 0.99


def test_the_figure_draws_these_bars(single: mq.Result) -> None:
    ax = single.plot_distribution("sojourn")
    table = data(ax)
    heights = [patch.get_height() for patch in ax.patches]
    assert heights == pytest.approx((100 * table["share"]).tolist())
    formula = next(line for line in ax.lines if str(line.get_label()).startswith("formula"))
    assert np.asarray(formula.get_ydata()) == pytest.approx(100 * table["formula"].to_numpy())
    assert formula.get_label() == "formula: M/M/1, exact"


def test_the_formula_is_the_textbooks(single: mq.Result) -> None:
    table = data(single.plot_distribution("wait"))
    low = table["from"].to_numpy()
    expected = [
        waits_below(b) - (waits_below(a) if place else 0.0)
        for place, (a, b) in enumerate(zip(low, table["to"], strict=True))
    ]
    assert table["formula"].to_numpy() == pytest.approx(np.array(expected), abs=1e-9)
    # 11,600 messages that depend on each other: a bar is off by no more than a few hundredths.
    assert np.abs(table["formula"] - table["share"]).max() < 0.04


def test_percentiles_are_marked_where_they_are(single: mq.Result) -> None:
    ax = single.plot_distribution("sojourn")
    messages = single.messages[single.messages["created"] >= 100]
    times = (messages["finished"] - messages["created"]).dropna()
    upright = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2]
    assert upright == pytest.approx([times.quantile(p) for p in (0.5, 0.95, 0.99)])
    assert f"p50 {times.quantile(0.5):.3g} s" in {text.get_text() for text in ax.texts}


def test_no_formula_is_drawn_when_not_asked(single: mq.Result) -> None:
    ax = single.plot_distribution("wait", theory=False)
    assert data(ax)["formula"].isna().all()
    assert not any("formula" in text.get_text() for text in ax.texts)


def test_where_no_formula_applies_the_caption_says_why() -> None:
    run = mq.simulate("worker-crash")
    ax = run.plot_distribution("wait")
    caption = " ".join(text.get_text() for text in ax.texts).replace("\n", " ")
    assert "No formula is drawn." in caption
    assert "Faults strike it (crash)" in caption
    assert "Faults strike it (crash)" in describe(ax)


def test_few_different_values_have_a_bar_each() -> None:
    # Six tasks of 2 s, two workers, one dies at 3 s: the waits are 0, 0, 2, 6, 8 and, redelivered, 4.
    table = data(mq.simulate("worker-crash").plot_distribution("wait"))
    middles = dict(zip(((table["from"] + table["to"]) / 2).round(1), table["share"], strict=True))
    assert sorted(table["share"].round(6)) == [0.166667] * 4 + [0.333333]
    assert len(middles) == 5


def test_what_was_not_finished_is_left_out_and_said() -> None:
    # Work of 1 s comes every 0.4 s: after 5 s one worker has done 4 or 5 of 13.
    producers = {"web": {"to": "tasks", "arrivals": {"every": 0.4}, "work": 1.0}}
    full = mq.simulate({**SINGLE, "duration": 5, "warmup": 0, "producers": producers})
    ax = full.plot_distribution("sojourn")
    left = len(full.messages) - full.messages["finished"].notna().sum()
    caption = " ".join(text.get_text() for text in ax.texts).replace("\n", " ")
    assert left > 0
    assert f"{left} others were not worked to their end and are not in it." in caption


def test_several_queues_together_have_no_formula() -> None:
    ax = mq.simulate("pub-sub").plot_distribution("wait")
    assert "name one" in " ".join(text.get_text() for text in ax.texts)
    assert "formula" not in {str(line.get_label()) for line in ax.lines}


def test_wrong_names_are_refused(single: mq.Result) -> None:
    with pytest.raises(UsageError, match="wait, service, sojourn"):
        plot_distribution(single.trace, "waits")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="it has tasks"):
        single.plot_distribution("wait", queue="task")
