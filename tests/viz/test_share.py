from __future__ import annotations

import pytest

import mqsim as mq
from mqsim.errors import TraceError
from mqsim.viz import data, describe, plot_share
from tests.viz.handmade import Handmade


@pytest.fixture(scope="module")
def unequal() -> mq.Result:
    return mq.simulate("unequal-workers")


def test_the_shares_are_counted_in_the_message_table(unequal: mq.Result) -> None:
    table = data(unequal.plot_share()).set_index("consumer")
    done = unequal.messages[unequal.messages["finished"].notna()]
    counted = done["consumer"].value_counts()
    for name, row in table.iterrows():
        assert row["handled"] == counted[name]
        of_queue = done[done["queue"] == row["queue"]]
        assert row["share"] == pytest.approx(counted[name] / len(of_queue))
    assert table.groupby("queue")["share"].sum().tolist() == pytest.approx([1.0])


def test_bars_are_the_table_from_the_top_down(unequal: mq.Result) -> None:
    ax = unequal.plot_share()
    table = data(ax)
    bars = sorted((patch for patch in ax.patches), key=lambda patch: -patch.get_y())
    assert [bar.get_width() for bar in bars] == pytest.approx((100 * table["share"]).tolist())
    assert [label.get_text() for label in ax.get_yticklabels()] == table["consumer"].tolist()


def test_busy_time_is_of_the_time_up() -> None:
    run = mq.simulate("worker-crash")
    table = data(run.plot_share()).set_index("consumer")
    # worker-1 works from 0 to its death at 3, of 10 seconds.
    assert table.loc["worker-1", ["handled", "busy", "up"]].tolist() == [1, 1.0, pytest.approx(0.3)]
    assert table.loc["worker-2", ["handled", "share", "even"]].tolist() == [5, pytest.approx(5 / 6), 0.5]
    assert "worker-1 1 (16.7%, busy 100%)" in describe(run.plot_share())


def test_queues_differ_in_hue_and_hatch_and_have_a_key() -> None:
    ax = mq.simulate("pub-sub").plot_share()
    looks = {(patch.get_facecolor(), patch.get_hatch()) for patch in ax.patches}
    assert len({hue for hue, _ in looks}) == len({hatch for _, hatch in looks}) == 2
    (key,) = ax.figure.legends
    assert {"took from mail", "took from count"} <= {text.get_text() for text in key.get_texts()}


def test_a_run_without_consumers_has_no_share() -> None:
    with pytest.raises(TraceError, match="no consumers"):
        plot_share(Handmade(1.0).trace)
