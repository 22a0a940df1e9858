from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mqsim as mq
from mqsim.errors import TraceError, UsageError
from mqsim.viz import data, describe, plot_spacetime
from tests.viz.handmade import Handmade

if TYPE_CHECKING:
    from mqsim.trace import Trace

# One broker far away, a worker that dies, a message that nobody finishes: everything that can be drawn.
FAR = {
    "duration": 40,
    "network": {"latency": 0.25},
    "broker": {
        "queues": {"tasks": {"dead_letter": {"exchange": "", "key": "dead"}, "message_ttl": 9.0}, "dead": {}}
    },
    "producers": {"web": {"to": "tasks", "arrivals": {"every": 1}, "messages": 12, "work": 1.5}},
    "consumers": {"worker": {"count": 2, "queue": "tasks"}},
    "faults": [{"crash": "worker-1", "at": 4}],
}


@pytest.fixture(scope="module")
def far() -> mq.Result:
    return mq.simulate(FAR)


def times(table, what: str) -> list[tuple[float, float]]:
    mine = table[table["what"] == what]
    return sorted(zip(mine["start"], mine["end"], strict=True))


def rows(frame, first: str, last: str) -> list[tuple[float, float]]:
    return sorted(zip(frame[first], frame[last], strict=True))


def test_every_stroke_is_in_the_tables(far: mq.Result) -> None:
    table = data(far.plot_spacetime())
    messages, deliveries = far.messages, far.deliveries
    sent_by_web = messages[messages["parent"] == -1]
    assert times(table, "published") == rows(sent_by_web, "published", "enqueued")
    first, again = deliveries[deliveries["attempt"] == 1], deliveries[deliveries["attempt"] > 1]
    assert times(table, "delivered") == rows(first, "sent", "received")
    assert times(table, "redelivered") == rows(again, "sent", "received")
    assert len(again) == 1
    acked = deliveries[deliveries["how"] == "acked"]
    assert times(table, "acknowledged") == rows(acked, "finished", "ended")
    assert times(table, "work (done)") == rows(acked, "started", "finished")
    dead = messages[messages["parent"] >= 0]
    above = messages.loc[dead["parent"], "ended"]
    assert len(dead) > 0
    assert times(table, "dead-lettered") == sorted(zip(above, dead["enqueued"], strict=True))
    # worker-1 dies at 4 s with a message in its hands, which the broker takes back a way later.
    assert times(table, "given back") == [(4.0, 4.25)]


def test_waits_are_the_times_between(far: mq.Result) -> None:
    table = data(far.plot_spacetime())
    waits = table[table["what"] == "waits"]
    sent = far.deliveries.groupby("copy")["sent"].min()
    done = far.messages.loc[sent.index]
    expected = {round(float(value), 9) for value in (sent - done["enqueued"])}
    assert expected <= {
        round(float(end - start), 9) for start, end in zip(waits["start"], waits["end"], strict=True)
    }


def test_a_hand_written_run_stroke_by_stroke(crash: Trace) -> None:
    table = data(plot_spacetime(crash, messages=["web-1 #2"]))
    strokes = list(table.itertuples(index=False, name=None))
    assert strokes == [
        ("web-1 #2", "published", "web-1", "queue tasks", 0.0, 0.0),
        ("web-1 #2", "waits", "queue tasks", "queue tasks", 0.0, 2.0),
        ("web-1 #2", "delivered", "queue tasks", "worker-1", 2.0, 2.0),
        ("web-1 #2", "work (given back)", "worker-1", "worker-1", 2.0, 3.0),
        ("web-1 #2", "given back", "worker-1", "queue tasks", 3.0, 3.0),
        ("web-1 #2", "waits", "queue tasks", "queue tasks", 3.0, 4.0),
        ("web-1 #2", "redelivered", "queue tasks", "worker-2", 4.0, 4.0),
        ("web-1 #2", "work (done)", "worker-2", "worker-2", 4.0, 6.0),
        ("web-1 #2", "acknowledged", "worker-2", "queue tasks", 6.0, 6.0),
    ]


def test_losses_are_marked_where_they_happen(crash: Trace) -> None:
    ax = plot_spacetime(crash)
    table = data(ax)
    assert sorted(table.loc[table["what"] == "lost", "start"]) == [9.0, 9.0]
    crosses = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "x"]
    assert crosses == [9.0]  # two at one place
    assert "#4, #7 lost" in {text.get_text() for text in ax.texts}


def test_rows_go_from_producers_through_queues_to_workers() -> None:
    ax = mq.simulate("pipeline").plot_spacetime()
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["web-1", "queue pictures", "resizer-1", "resizer-2", "queue resized", "storer-1"]
    assert "keeps the number of what it worked on" in ax.texts[-1].get_text() + " ".join(
        text.get_text() for text in ax.texts
    )


def test_several_producers_have_letters_of_their_own() -> None:
    ax = mq.simulate("poison").plot_spacetime(messages=22)
    names = {label.get_text() for label in ax.get_yticklabels()}
    assert {"good-1 (A)", "bad-1 (B)"} <= names
    words = {text.get_text() for text in ax.texts}
    assert {"A1", "B1"} <= words


def test_at_most_sixteen_are_drawn_around_the_first_trouble_and_the_caption_says_so() -> None:
    run = mq.simulate(
        FAR | {"producers": {"web": {**FAR["producers"]["web"], "messages": 60}}, "duration": 100}
    )
    first = run.deliveries[run.deliveries["how"].isin(["returned", "lost", "requeued", "rejected"])][
        "ended"
    ].min()
    ax = run.plot_spacetime()
    table = data(ax)
    assert table["message"].nunique() <= 16
    assert (table.loc[table["what"] == "given back", "end"] == first).any()
    caption = " ".join(text.get_text() for text in ax.texts)
    assert f"16 of {len(run.messages)} messages" in caption
    assert "the others are not drawn" in caption


def test_a_window_shows_what_was_under_way_then(far: mq.Result) -> None:
    ax = far.plot_spacetime(start=5.0, end=8.0)
    assert ax.get_xlim() == (5.0, 8.0)
    messages = far.messages[far.messages["created"] <= 8.0]
    over = messages[["ended", "finished"]].max(axis=1)
    inside = messages[~(over < 5.0)]
    producer = inside["producer"].astype(str) + " #" + (inside["number"] + 1).astype(str)
    assert set(data(ax)["message"]) == set(producer)


def test_what_the_broker_did_not_take_is_marked() -> None:
    run = mq.simulate("retry-storm")
    ax = run.plot_spacetime(messages=4)
    nacked = run.events[run.events["kind"] == "nacked"]
    table = data(ax)
    assert (table["what"] == "not taken").any()
    assert set(table.loc[table["what"] == "not taken", "start"]) <= set(nacked["t"])


def test_the_words_tell_the_way(crash: Trace) -> None:
    words = describe(plot_spacetime(crash, messages=["web-1 #2"]))
    assert "given back to queue tasks at 3 s, redelivered to worker-2 at 4 s" in words


def test_numbers_above_a_row_do_not_meet(far: mq.Result) -> None:
    for run in (far, mq.simulate("burst"), mq.simulate("pipeline")):
        ax = run.plot_spacetime()
        ax.figure.canvas.draw()
        numbers = [text for text in ax.texts if text.get_va() == "bottom" and text.get_text()[:1] in "#A"]
        boxes = [text.get_window_extent() for text in numbers if text is not ax.texts[-1]]
        assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])


def test_what_is_not_there_is_refused(crash: Trace) -> None:
    with pytest.raises(UsageError, match="web-1 #99"):
        plot_spacetime(crash, messages=["web-1 #99"])
    with pytest.raises(UsageError, match="77"):
        plot_spacetime(crash, messages=[77])
    with pytest.raises(UsageError, match="after start"):
        plot_spacetime(crash, start=5, end=5)
    with pytest.raises(UsageError, match="1 or more"):
        plot_spacetime(crash, messages=0)
    with pytest.raises(TraceError, match="no message"):
        plot_spacetime(Handmade(1.0).trace)
