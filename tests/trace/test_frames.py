"""The frames: the columns that docs/semantics.md names, and no copies of the times."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from mqsim.trace import How, Outcome, Trace
from mqsim.trace.frames import columns, deliveries_frame, events_frame, messages_frame, rows_by_code, view
from tests.trace.hand import Hand


@pytest.fixture
def trace() -> Trace:
    hand = Hand(end=10.0)
    first = hand.message(Outcome.ACKED, created=1.0)
    hand.attempt(first, "worker-1", 1.5, How.REQUEUED, started=1.5, ended=2.0)
    hand.attempt(first, "worker-2", 2.5, How.ACKED, started=2.5, finished=3.0, ended=3.25)
    hand.message(Outcome.UNROUTABLE, queue=None, created=2.0, enqueued=math.nan)
    hand.trace.events.add(2.0, "requeued", "worker-1", "tasks", first, "once more")
    hand.trace.events.add(4.0, "crashed", "worker-2")
    return hand.trace


def test_messages_have_the_columns_of_the_contract(trace: Trace) -> None:
    frame = messages_frame(trace)
    assert list(frame.columns) == [
        "copy", "parent", "origin", "producer", "number", "queue", "priority", "created", "published",
        "enqueued",
        "delivered", "started", "finished", "acked", "consumer", "deliveries", "outcome", "ended",
        "expires",
    ]  # fmt: skip
    first = frame.loc[0].dropna().to_dict()
    assert first == {
        "copy": 0, "parent": -1, "origin": 0, "producer": "web-1", "number": 0, "queue": "tasks",
        "priority": 0, "created": 1.0, "published": 1.0, "enqueued": 1.0, "delivered": 2.5,
        "started": 2.5, "finished": 3.0, "acked": 3.25, "consumer": "worker-2", "deliveries": 2,
        "outcome": "acked", "ended": 3.25,
    }  # fmt: skip
    second = frame.loc[1]
    assert second["outcome"] == "unroutable"
    assert second[["queue", "consumer", "enqueued", "ended"]].isna().all()


def test_deliveries_have_the_columns_of_the_contract(trace: Trace) -> None:
    frame = deliveries_frame(trace)
    assert list(frame.columns) == [
        "copy", "attempt", "consumer", "sent", "received", "started", "finished", "ended", "how",
    ]  # fmt: skip
    assert frame["how"].tolist() == ["requeued", "acked"]
    assert frame["attempt"].tolist() == [1, 2]
    assert frame["consumer"].tolist() == ["worker-1", "worker-2"]
    assert math.isnan(frame["finished"][0])


def test_events_keep_their_order(trace: Trace) -> None:
    frame = events_frame(trace)
    assert list(frame.columns) == ["t", "kind", "subject", "other", "copy", "detail"]
    assert frame["kind"].tolist() == ["requeued", "crashed"]
    assert frame["copy"].tolist() == [0, -1]
    assert frame["other"].isna().tolist() == [False, True]
    assert frame["detail"].tolist() == ["once more", ""]


@pytest.mark.parametrize("name", ["created", "enqueued", "started", "finished", "acked", "ended"])
def test_times_of_messages_share_memory_with_the_trace(trace: Trace, name: str) -> None:
    raw = np.frombuffer(getattr(trace.messages, name), dtype=float)
    assert np.shares_memory(messages_frame(trace)[name].to_numpy(), raw)


@pytest.mark.parametrize("name", ["sent", "received", "started", "finished", "ended"])
def test_times_of_deliveries_share_memory_with_the_trace(trace: Trace, name: str) -> None:
    raw = np.frombuffer(getattr(trace.deliveries, name), dtype=float)
    assert np.shares_memory(deliveries_frame(trace)[name].to_numpy(), raw)


def test_words_are_categorical(trace: Trace) -> None:
    for frame, names in (
        (messages_frame(trace), ["producer", "queue", "consumer", "outcome"]),
        (deliveries_frame(trace), ["consumer", "how"]),
        (events_frame(trace), ["kind", "subject", "other"]),
    ):
        for name in names:
            assert isinstance(frame[name].dtype, pd.CategoricalDtype), name
    assert "dead-lettered" in messages_frame(trace)["outcome"].cat.categories


def test_an_empty_trace_has_empty_frames_of_the_same_columns(trace: Trace) -> None:
    empty = Trace()
    for make in (messages_frame, deliveries_frame, events_frame):
        assert len(make(empty)) == 0
        assert list(make(empty).columns) == list(make(trace).columns)


def test_views_are_read_only_and_stop_at_the_last_row(trace: Trace) -> None:
    (created,) = columns(trace.messages, "created")
    assert created.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        created[0] = 5.0
    assert view(trace.messages.number, 0).dtype == np.int64


def test_rows_by_code_leaves_out_none() -> None:
    rows = rows_by_code(np.array([1, -1, 0, 1], dtype=np.int32), 3)
    assert [found.tolist() for found in rows] == [[2], [0, 3], []]
