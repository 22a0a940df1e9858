from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import mqsim as mq
from mqsim.errors import UsageError
from mqsim.viz import data, describe, plot_cumulative

if TYPE_CHECKING:
    from mqsim.trace import Trace

# Messages in expiring queues, a consumer that dies, one that acknowledges too early: every way to leave.
ROUGH = {
    "duration": 60,
    "broker": {"queues": {"tasks": {"message_ttl": 2.0}, "log": {}}},
    "producers": {
        "web": {"to": "tasks", "arrivals": {"poisson": {"rate": 3}}, "work": {"exponential": {"mean": 0.6}}},
        "sys": {"to": "log", "arrivals": {"poisson": {"rate": 2}}, "work": 0.3},
    },
    "consumers": {
        "worker": {"count": 2, "queue": "tasks"},
        "reader": {"queue": "log", "ack": "auto"},
    },
    "faults": [
        {"crash": "worker-1", "at": 20, "restart_after": 10},
        {"crash": "reader-1", "at": 30, "restart_after": 5},
    ],
}


@pytest.fixture(scope="module")
def rough() -> mq.Result:
    return mq.simulate(ROUGH)


def test_the_counts_are_those_of_a_hand_written_run(crash: Trace) -> None:
    table = data(plot_cumulative(crash, "tasks")).set_index("t")
    # At 0 three come; at 3, 5 and 5.5 one more each. Done: at 2, 4 and 6; at 9 two are lost.
    assert table["arrived"].to_dict() == {
        0.0: 3,
        2.0: 3,
        3.0: 4,
        4.0: 4,
        5.0: 5,
        5.5: 6,
        6.0: 6,
        9.0: 6,
        10.0: 6,
    }
    assert table["done"].to_dict() == {
        0.0: 0,
        2.0: 1,
        3.0: 1,
        4.0: 2,
        5.0: 2,
        5.5: 2,
        6.0: 3,
        9.0: 3,
        10.0: 3,
    }
    assert table["in_system"].loc[[0.0, 5.5, 9.0]].tolist() == [3, 4, 1]


@pytest.mark.parametrize("queue", ["tasks", "log"])
def test_arrivals_and_completions_are_those_of_the_tables(rough: mq.Result, queue: str) -> None:
    table = data(plot_cumulative(rough.trace, queue))
    messages = rough.messages[rough.messages["queue"] == queue]
    done = messages[(messages["outcome"] == "acked") & messages["finished"].notna()]
    ends = done[["acked", "finished"]].max(axis=1)
    for t in np.linspace(0.0, 60.0, 41):
        row = table[table["t"] <= t].iloc[-1]
        assert row["arrived"] == (messages["enqueued"] <= t).sum()
        assert row["done"] == (ends <= t).sum()
        expired = messages[messages["outcome"].isin(["expired"])]
        lost = rough.deliveries[
            (rough.deliveries["how"] == "lost") & rough.deliveries["copy"].isin(messages["copy"])
        ]
        assert row["left"] == row["done"] + (expired["ended"] <= t).sum() + (lost["ended"] <= t).sum()
    assert (table["in_system"] >= 0).all()
    assert table["done"].iloc[-1] < table["left"].iloc[-1]


def test_lines_and_gap_are_the_table(rough: mq.Result) -> None:
    ax = plot_cumulative(rough.trace, "log")
    table = data(ax)
    drawn = {line.get_label(): line.get_xydata() for line in ax.lines}
    for label, column in (
        ("arrived", "arrived"),
        ("left (in any way)", "left"),
        ("worked to the end", "done"),
    ):
        assert np.array_equal(drawn[label], table[["t", column]].to_numpy())


def test_all_queues_together_are_the_sum(rough: mq.Result) -> None:
    whole = data(plot_cumulative(rough.trace)).iloc[-1]
    parts = [data(plot_cumulative(rough.trace, queue)).iloc[-1] for queue in ("tasks", "log")]
    for name in ("arrived", "left", "done"):
        assert whole[name] == sum(part[name] for part in parts)


def test_the_words_tell_the_numbers(rough: mq.Result) -> None:
    words = describe(plot_cumulative(rough.trace, "tasks"))
    messages = rough.messages[rough.messages["queue"] == "tasks"]
    assert f"{messages['enqueued'].notna().sum()} arrived" in words
    assert f"{(messages['outcome'] == 'acked').sum()} were worked to the end" in words


def test_a_gap_too_thin_to_see_is_enlarged() -> None:
    steady = mq.simulate(
        {
            "duration": 500,
            "broker": {"queues": {"tasks": {}}},
            "producers": {
                "web": {
                    "to": "tasks",
                    "arrivals": {"poisson": {"rate": 8}},
                    "work": {"exponential": {"mean": 0.1}},
                }
            },
            "consumers": {"worker": {"queue": "tasks"}},
        }
    )
    ax = steady.plot_cumulative()
    (inset,) = ax.child_axes
    assert inset.get_title(loc="left") == "enlarged: the widest gap"
    table = data(ax)
    at = table.loc[table["in_system"].idxmax()]
    low, high = inset.get_xlim()
    assert low <= at["t"] <= high
    assert any(f"{int(at['in_system'])} in the system" == text.get_text() for text in inset.texts)


def test_an_unknown_queue_is_refused(crash: Trace) -> None:
    with pytest.raises(UsageError, match="tasks"):
        plot_cumulative(crash, "task")
