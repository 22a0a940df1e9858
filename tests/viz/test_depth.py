from __future__ import annotations

import numpy as np
import pytest

from mqsim.errors import UsageError
from mqsim.trace import How, Outcome, Trace
from mqsim.viz import depth, plot_depth
from tests.viz.handmade import Handmade

NAN = float("nan")

# Ready messages of `tasks`, counted by hand: three come and one leaves at 0; two leave at 2; one returns, one
# comes and leaves at 3; one leaves at 4; one comes at 5; one comes and leaves at 5.5; one leaves at 8.
BY_HAND = [(0.0, 2), (2.0, 0), (3.0, 1), (4.0, 0), (5.0, 1), (8.0, 0)]


def line_of(ax, place: int) -> list[tuple[float, float]]:
    x, y = ax.lines[place].get_data()
    return list(zip(np.asarray(x).tolist(), np.asarray(y).tolist(), strict=True))


def changes(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for t, value in points:
        if not kept or kept[-1][1] != value:
            kept.append((t, value))
    return kept


def test_steps_are_the_count_by_hand(crash: Trace) -> None:
    ax = plot_depth(crash)
    assert changes(line_of(ax, 0)) == BY_HAND
    assert changes(line_of(ax, 1)) == [(0.0, 0), (5.0, 1)]
    assert [line.get_drawstyle() for line in ax.lines[:2]] == ["steps-post", "steps-post"]


def test_lines_are_named_at_their_ends_and_faults_at_their_edge(crash: Trace) -> None:
    words = [text.get_text() for text in plot_depth(crash).texts]
    assert {"tasks", "dead", "crash of worker-1", "memory alarm", "power off of worker-3"} <= set(words)


def test_names_of_faults_do_not_overlap(crash: Trace) -> None:
    ax = plot_depth(crash)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text()]
    assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])


def test_faults_are_shaded_from_start_to_end(crash: Trace) -> None:
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in plot_depth(crash).patches]
    assert spans == [(3.0, 6.0), (7.0, 8.5), (9.0, 10.0)]


def test_one_queue_alone(crash: Trace) -> None:
    ax = plot_depth(crash, queue="dead")
    assert ax.get_title(loc="left") == "Messages ready in dead"
    assert ax.get_xlabel() == "time (s)"
    assert ax.get_ylabel() == "ready messages"
    with pytest.raises(UsageError, match="tasks"):
        plot_depth(crash, queue="task")


def test_words_and_table(crash: Trace) -> None:
    assert "tasks rose to 2 at 0 s and ended at 0; dead rose to 1 at 5 s and ended at 1" in depth.alt_text(
        crash
    )
    table = depth.data_table(crash, "tasks")
    assert changes(list(zip(table["t"], table["ready"], strict=True))) == BY_HAND


def test_windows_give_least_mean_and_greatest() -> None:
    low, mean, high = depth.windows(np.array([0.0, 1.0, 1.5]), np.array([0, 4, 2]), np.array([0.0, 2.0, 4.0]))
    # 0 for one second, 4 for half a second, 2 for half a second: 3 over two seconds; then 2.
    assert low.tolist() == [0, 2]
    assert mean.tolist() == [1.5, 2.0]
    assert high.tolist() == [4, 2]


def test_many_changes_become_a_band_and_the_caption_says_so() -> None:
    made = Handmade(4000.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks")
    for number in range(4000):  # ready for a quarter of each second
        t = float(number)
        copy = made.message("web-1", number, "tasks", t, Outcome.ACKED, t + 0.5)
        made.delivery(copy, "worker-1", t + 0.25, t + 0.25, t + 0.5, t + 0.5, How.ACKED)
    ax = plot_depth(made.trace)
    assert any("band: least to greatest" in text.get_text() for text in ax.texts)
    mean = np.asarray(ax.lines[0].get_ydata())
    # A window of 13.33 s holds 13 or 14 quarters of a second, or a part of one.
    assert float(mean.mean()) == pytest.approx(0.25, rel=1e-9)
    assert mean == pytest.approx(0.25, abs=0.02)


def test_beyond_twelve_faults_names_give_way_to_a_count(crash: Trace) -> None:
    crash.faults = crash.faults * 5
    words = [text.get_text() for text in plot_depth(crash).texts]
    assert "15 faults are marked along the upper edge." in words


def test_an_empty_run_can_be_drawn() -> None:
    made = Handmade(0.0)
    made.trace.queues.code("tasks")
    assert "never kept a message waiting" in depth.alt_text(made.trace)
    plot_depth(made.trace)
