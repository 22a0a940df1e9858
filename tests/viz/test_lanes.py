from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

from mqsim.errors import TraceError, UsageError
from mqsim.trace import FaultSpan, How, Outcome, Trace
from mqsim.viz import lanes, plot_lanes
from mqsim.viz.bars import Bar, busy_share, down_times, work_bars
from mqsim.viz.palette import DARK, ENDINGS
from mqsim.viz.text import text_axis, text_lanes
from tests.viz.handmade import Handmade

NAN = float("nan")

# consumer, number of the message, start, end, how it ended: read off the fixture by hand.
BY_HAND = {
    ("worker-1", 1, 0.0, 2.0, "done"),
    ("worker-1", 2, 2.0, 3.0, "given back"),
    ("worker-2", 3, 2.0, 4.0, "done"),
    ("worker-3", 4, 3.0, 9.0, "lost"),
    ("worker-2", 2, 4.0, 6.0, "done"),
    ("worker-2", 5, 8.5, 10.0, "open"),
}


def drawn(ax, row: int, look) -> set[tuple[float, float]]:
    """Extents of the bars of one kind in one lane, as the figure has them."""
    extents = set()
    for collection in ax.collections:
        if (
            isinstance(collection, PolyCollection)
            and to_hex(collection.get_facecolor()[0]) == look.face.lower()
        ):
            for path in collection.get_paths():
                x, y = path.vertices[:, 0], path.vertices[:, 1]
                if round(float(y.min() + y.max()) / 2) == row and collection.get_alpha() is None:
                    extents.add((float(x.min()), float(x.max())))
    return extents


def test_bars_are_what_the_tables_say(crash: Trace) -> None:
    found = {
        (bar.consumer, crash.messages.number[bar.copy] + 1, bar.start, bar.end, bar.ending)
        for bar in work_bars(crash)
    }
    assert found == BY_HAND


def test_the_figure_draws_these_bars_and_no_others(crash: Trace) -> None:
    ax = plot_lanes(crash)
    rows = {"worker-1": 2, "worker-2": 1, "worker-3": 0}
    for name, row in rows.items():
        for ending, look in ENDINGS.items():
            expected = {(start, end) for who, _, start, end, how in BY_HAND if (who, how) == (name, ending)}
            assert drawn(ax, row, look) == expected


def test_bars_carry_the_names_of_their_messages(crash: Trace) -> None:
    words = {text.get_text() for text in plot_lanes(crash).texts}
    assert {"web-1 #1", "web-1 #2", "web-1 #3", "web-1 #4", "web-1 #5"} <= words


def test_a_label_that_does_not_fit_is_left_out() -> None:
    made = Handmade(1000.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks")
    copy = made.message("web-1", 0, "tasks", 0, Outcome.ACKED, 1)
    made.delivery(copy, "worker-1", 0, 0, 1, 1, How.ACKED)
    assert "#1" not in " ".join(text.get_text() for text in plot_lanes(made.trace).texts)


def test_what_died_with_a_worker_is_named_beside_its_cross(crash: Trace) -> None:
    words = [text.get_text() for text in plot_lanes(crash).texts]
    assert "1 lost before work began: #7" in words


def boxes(ax, words: str):
    """Where the texts stand that contain `words`, in the units of the axes."""
    ax.get_figure().canvas.draw()
    return [
        text.get_window_extent().transformed(ax.transData.inverted())
        for text in ax.texts
        if words in text.get_text()
    ]


def test_what_was_lost_is_written_where_no_bar_is(crash: Trace) -> None:
    """Above its lane and below the next: 0.34 is half a bar's height."""
    (box,) = boxes(plot_lanes(crash), "lost before")
    assert box.y0 >= 0.34
    assert box.y1 <= 1 - 0.34


def test_every_loss_is_in_the_picture(bank: Trace) -> None:
    """By hand: #1 was in work when its teller died, #2 lay on its desk; #3 and #4 lay on the other's."""
    ax = plot_lanes(bank)
    told = [text.get_text() for text in ax.texts]
    assert "1 lost before work began: #2" in told
    assert "2 lost before work began: #3, #4" in told
    assert drawn(ax, 1, ENDINGS["lost"]) == {(0.0, 4.0)}
    assert "lost before work began: 3" in lanes.alt_text(bank)


def test_a_lost_connection_is_drawn_once_until_its_consumer_is_back(bank: Trace) -> None:
    ax = plot_lanes(bank)
    (diamonds,) = [line for line in ax.lines if line.get_marker() == "D"]
    assert list(diamonds.get_xdata()) == [6.0, 9.0]
    assert "connection lost" in [text.get_text() for text in ax.get_figure().legends[0].get_texts()]
    assert "teller-2 at 6 s, teller-2 at 9 s" in lanes.alt_text(bank)


def test_two_runs_can_have_one_time_axis(crash: Trace) -> None:
    assert plot_lanes(crash, end=30).get_xlim() == (0.0, 30.0)
    with pytest.raises(UsageError, match="end: 0 is not allowed"):
        plot_lanes(crash, end=0)


def test_axes_say_what_they_are(crash: Trace) -> None:
    ax = plot_lanes(crash)
    assert ax.get_title(loc="left") == "What each consumer worked on"
    assert ax.get_xlabel() == "time (s)"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["worker-1", "worker-2", "worker-3"]
    assert ax.get_xlim() == (0.0, 10.0)


def test_dark_paper_is_dark(crash: Trace) -> None:
    ax = plot_lanes(crash, theme="dark")
    assert to_hex(ax.figure.get_facecolor()) == DARK.paper
    with pytest.raises(UsageError, match="light or on dark"):
        plot_lanes(crash, theme="pink")


def test_axes_may_be_given(crash: Trace) -> None:
    from matplotlib.figure import Figure

    left, right = Figure(figsize=(12, 4)).subplots(1, 2)
    assert plot_lanes(crash, ax=right) is right
    assert not left.texts


def test_no_global_state_of_pyplot_is_touched(crash: Trace) -> None:
    import matplotlib.pyplot as plt

    plot_lanes(crash)
    assert plt.get_fignums() == []


def test_down_time_is_what_lies_between_the_lives(crash: Trace) -> None:
    assert down_times(crash, "worker-1") == [(3.0, 6.0)]
    assert down_times(crash, "worker-2") == [(0.0, 1.0)]
    assert down_times(crash, "worker-3") == [(9.0, 10.0)]


def test_the_words_tell_the_true_numbers(crash: Trace) -> None:
    words = lanes.alt_text(crash)
    # 3 of 10 s, 5.5 of 10 s and 6 of 10 s.
    assert "worker-1 2 (30% busy); worker-2 3 (55% busy); worker-3 1 (60% busy)" in words
    assert "3 done, 1 open, 1 given back, 1 lost" in words
    assert "worker-1 at 3 s, worker-3 at 9 s" in words


def test_the_table_is_the_figure(crash: Trace) -> None:
    table = lanes.data_table(crash)
    rows = {
        (row.consumer, int(row.message.split("#")[1]), row.start, row.end, row.ending)
        for row in table.itertuples()
    }
    assert rows == BY_HAND


def test_many_bars_become_shares_of_busy_time_and_the_caption_says_so() -> None:
    made = Handmade(1200.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks")
    for number in range(600):  # one second of work every two seconds: half busy, everywhere
        copy = made.message("web-1", number, "tasks", 2.0 * number, Outcome.ACKED, 2.0 * number + 1)
        made.delivery(
            copy, "worker-1", 2.0 * number, 2.0 * number, 2.0 * number + 1, 2.0 * number + 1, How.ACKED
        )
    ax = plot_lanes(made.trace)
    assert ax.get_title(loc="left") == "How busy each consumer was"
    assert any("600 stretches of work" in text.get_text() for text in ax.texts)
    values, edges, _ = ax.patches[0].get_data()
    share = (values + 0.34) / 0.68
    assert share == pytest.approx(np.full(120, 0.5))
    assert edges[[0, -1]].tolist() == [0.0, 1200.0]


def test_busy_share_cuts_bars_at_the_edges() -> None:
    bars = [Bar("w", 0, 1, 0.5, 2.5, "done"), Bar("w", 1, 1, 3.0, 3.25, "done")]
    assert busy_share(bars, np.arange(5.0)).tolist() == [0.5, 1.0, 0.5, 0.25]


def test_many_consumers_are_cut_and_the_caption_says_so() -> None:
    made = Handmade(1.0)
    for number in range(1, 71):
        made.consumer(f"worker-{number}", "tasks")
    ax = plot_lanes(made.trace)
    assert len(ax.get_yticks()) == 60
    assert any("first 60 of 70" in text.get_text() for text in ax.texts)


def test_a_fault_of_one_worker_is_shaded_in_its_lane_and_a_common_one_in_all(crash: Trace) -> None:
    crash.faults = [
        FaultSpan("partition", "worker-2 - broker", 1.0, 2.0),
        FaultSpan("kill", "broker", 4.0, 5.0),
    ]
    ax = plot_lanes(crash)
    shades = [one for one in ax.collections if one.get_alpha() == 0.13]
    box = shades[0].get_datalim(ax.transData)
    assert (box.x0, box.x1, round((box.y0 + box.y1) / 2)) == (1.0, 2.0, 1)
    assert len(shades) == 1
    assert [(patch.get_x(), patch.get_width()) for patch in ax.patches] == [(4.0, 1.0)]
    assert [text.get_text() for text in ax.texts if "of" in text.get_text()] == ["kill of broker"]


def test_no_consumers_no_lanes() -> None:
    with pytest.raises(TraceError, match="no consumers"):
        plot_lanes(Handmade(1.0).trace)


def test_an_open_end_is_the_end_of_the_run(crash: Trace) -> None:
    last = [bar for bar in work_bars(crash) if bar.ending == "open"]
    assert [bar.end for bar in last] == [crash.end]
    assert not math.isnan(last[0].end)


def test_characters_show_the_same_lanes(crash: Trace) -> None:
    # 20 columns of half a second each.
    assert text_lanes(crash, 20) == [
        "worker-1 |=1==|~!     ........|",
        "worker-2 |  ..|=3=|=2=.....|==|",
        "worker-3 |......|xxxxx4xxxxx! |",
    ]
    assert text_axis(crash, 20) == "          0               10 s"
