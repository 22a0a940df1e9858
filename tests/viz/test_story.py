from __future__ import annotations

from itertools import pairwise

import pytest

from mqsim import simulate
from mqsim.trace import How, Outcome, Trace
from mqsim.trace.event_words import event_words
from mqsim.trace.timeline import message_name, timeline_of
from tests.viz.handmade import Handmade

NAN = float("nan")


def told(trace: Trace, **options: int) -> list[str]:
    return [f"{line.t:g} {line.who} {line.text}" for line in timeline_of(trace, **options)]


def test_a_line_stands_as_in_transcripts(crash: Trace) -> None:
    assert str(next(timeline_of(crash))) == "    0.000000  web-1       publishes web-1 #1"


def test_one_message_is_told_from_its_birth_to_its_end(crash: Trace) -> None:
    assert told(crash, copy=1) == [
        "0 web-1 publishes web-1 #2",
        "0 broker puts web-1 #2 in queue tasks",
        "2 broker sends web-1 #2 to worker-1",
        "2 worker-1 starts web-1 #2",
        "3 broker takes web-1 #2 back: worker-1 never acknowledged it",
        "4 broker sends web-1 #2 to worker-2 again (attempt 2)",
        "4 worker-2 starts web-1 #2",
        "6 worker-2 finishes web-1 #2 after 2 s",
        "6 broker has worker-2's acknowledgement of web-1 #2: done",
    ]


def test_a_lost_message_is_told_as_lost_once(crash: Trace) -> None:
    lines = [line for line in timeline_of(crash) if "lost" in line.text]
    assert [(line.t, line.kind) for line in lines] == [(9.0, "lost"), (9.0, "lost")]
    assert "web-1 #4" in lines[0].text
    assert "web-1 #7" in lines[1].text


def test_a_crash_comes_before_what_it_undoes(crash: Trace) -> None:
    lines = told(crash)
    assert lines.index("3 worker-1 CRASHES") < lines.index(
        "3 broker takes web-1 #2 back: worker-1 never acknowledged it"
    )


def test_at_one_instant_a_worker_ends_before_it_begins(crash: Trace) -> None:
    lines = told(crash)
    order = [
        "4 worker-2 finishes web-1 #3 after 2 s",
        "4 broker has worker-2's acknowledgement of web-1 #3: done",
        "4 broker sends web-1 #2 to worker-2 again (attempt 2)",
        "4 worker-2 starts web-1 #2",
    ]
    places = [lines.index(line) for line in order]
    assert places == sorted(places)


def test_work_that_takes_no_time_keeps_its_order() -> None:
    made = Handmade(1.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks")
    for number in (0, 1):
        copy = made.message("web-1", number, "tasks", 0, Outcome.ACKED, 0)
        made.delivery(copy, "worker-1", 0, 0, 0, 0, How.ACKED)
    kinds = [line.kind for line in timeline_of(made.trace)]
    life = ["published", "enqueued", "sent", "started", "finished", "acked"]
    assert kinds == life + life


def test_a_dead_lettered_copy_follows_its_parent() -> None:
    made = Handmade(3.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks")
    first = made.message("web-1", 0, "tasks", 0, Outcome.DEAD_LETTERED, 1)
    made.delivery(first, "worker-1", 0, 0, 1, 1, How.REJECTED)
    trace = made.trace
    child = trace.messages.add_copy(first, first, trace.queues.code("dead"))
    trace.messages.enqueued[child] = 1.0
    assert told(trace)[-2:] == [
        "1 broker hears from worker-1 that it refuses web-1 #1 for good",
        "1 broker puts web-1 #1 in queue dead",
    ]
    assert told(trace, copy=child) == told(trace, copy=first)


def test_who_must_wait_is_told_when_the_message_is_made() -> None:
    made = Handmade(3.0)
    made.producer("web-1")
    copy = made.message("web-1", 0, "tasks", 0, Outcome.READY)
    made.trace.messages.published[copy] = 2.0
    made.trace.messages.enqueued[copy] = 2.0
    assert told(made.trace)[0] == "0 web-1 has web-1 #1 to send"


def test_time_never_runs_back_and_the_story_is_the_same_twice(crash: Trace) -> None:
    lines = list(timeline_of(crash))
    assert all(one.t <= other.t for one, other in pairwise(lines))
    assert lines == list(timeline_of(crash))


def test_no_line_is_lost(crash: Trace) -> None:
    """Every time in the tables gives one line; `created` gives none here, as everybody publishes at once."""
    times = 0
    for table, names in (
        (crash.messages, ("published", "enqueued")),
        (crash.deliveries, ("sent", "started", "finished", "ended")),
    ):
        for name in names:
            times += sum(t == t for t in getattr(table, name)[: table.n])
    assert len(list(timeline_of(crash))) == times + len(crash.events)


def test_lines_are_made_as_they_are_asked_for() -> None:
    made = Handmade(1e6)
    made.producer("web-1")
    for number in range(100_000):
        made.message("web-1", number, "tasks", float(number), Outcome.READY)
    lines = timeline_of(made.trace)
    assert next(lines).text == "publishes web-1 #1"
    assert sum(1 for _ in lines) == 199_999


def test_names_count_from_one(crash: Trace) -> None:
    assert message_name(crash, 0) == "web-1 #1"


def test_an_unknown_copy_is_refused(crash: Trace) -> None:
    with pytest.raises(IndexError, match="copies 0 to 6"):
        next(timeline_of(crash, copy=7))


def test_an_event_nobody_has_words_for_is_told_as_it_is() -> None:
    assert event_words("moon-rose", "web-1 #1", "east", "full") == "moon rose web-1 #1 east (full)"
    assert event_words("subscribed", other="tasks") == "subscribes to tasks"


def test_a_forwarded_message_is_told_under_its_own_name_and_with_its_cause() -> None:
    made = Handmade(3.0)
    made.producer("web-1")
    made.consumer("resizer-1", "pictures")
    first = made.message("web-1", 0, "pictures", 0, Outcome.ACKED, 1)
    made.delivery(first, "resizer-1", 0, 0, 1, 1, How.ACKED)
    child = made.message("resizer-1", 0, "resized", 1, Outcome.READY)
    made.trace.messages.parent[child] = made.trace.messages.origin[child] = first
    assert told(made.trace)[-4:] == [
        "1 resizer-1 finishes web-1 #1 after 1 s",
        "1 resizer-1 publishes resizer-1 #1, because of web-1 #1",
        "1 broker has resizer-1's acknowledgement of web-1 #1: done",
        "1 broker puts resizer-1 #1 in queue resized",
    ]


def test_a_failure_comes_before_what_it_leads_to() -> None:
    made = Handmade(3.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks")
    copy = made.message("web-1", 0, "tasks", 0, Outcome.READY)
    made.delivery(copy, "worker-1", 0, 0, NAN, 1, How.REQUEUED)
    made.trace.events.add(1.0, "failed", "worker-1", copy=copy, detail="nack")
    made.trace.events.add(1.0, "requeued", "tasks", "worker-1", copy, "nack")
    assert told(made.trace)[-2:] == [
        "1 worker-1 fails at web-1 #1 (nack)",
        "1 broker has web-1 #1 back from worker-1, to be sent again",
    ]


def test_what_befalls_a_message_in_its_queue_is_told_by_the_broker() -> None:
    made = Handmade(3.0)
    made.producer("web-1")
    copy = made.message("web-1", 0, "tasks", 0, Outcome.DROPPED, 2)
    made.trace.events.add(2.0, "dropped", "tasks", copy=copy, detail="maxlen")
    assert told(made.trace)[-1] == "2 broker drops web-1 #1 from tasks (the queue is full)"


def test_a_message_that_is_lost_outside_a_delivery_is_told() -> None:
    made = Handmade(3.0)
    made.producer("web-1")
    copy = made.message("web-1", 0, "tasks", 0, Outcome.LOST, 2, enqueued=NAN)
    made.trace.events.add(2.0, "lost", "web-1", copy=copy, detail="its connection was gone before it arrived")
    assert (
        told(made.trace)[-1] == "2 web-1 loses web-1 #1 for good (its connection was gone before it arrived)"
    )


def test_work_in_hand_ends_before_the_stop_in_order_that_waited_for_it() -> None:
    scenario = {
        "duration": 10,
        "broker": {"queues": {"tasks": {}}},
        "producers": {"web": {"to": "tasks", "arrivals": {"at": [0, 0]}, "work": 2}},
        "consumers": {"worker": {"queue": "tasks"}},
        "faults": [{"stop": "worker-1", "at": 1}],
    }
    lines = [(line.t, line.text) for line in timeline_of(simulate(scenario).trace) if line.who == "worker-1"]
    assert lines[-3:] == [
        (1.0, "stops consuming tasks"),
        (2.0, "finishes web-1 #1 after 2 s"),
        (2.0, "is stopped cleanly"),
    ]


def test_automatic_acknowledgement_is_told_as_the_broker_counts_and_nobody_acknowledges() -> None:
    """Alike for a message that is worked to its end, and for one that is lost."""
    made = Handmade(9.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks", (0.0, 3.0), ack="auto")
    done = made.message("web-1", 0, "tasks", 0, Outcome.ACKED, 1)
    made.delivery(done, "worker-1", 1, 1, 2, 1, How.ACKED)
    gone = made.message("web-1", 1, "tasks", 0, Outcome.LOST, 3)
    made.delivery(gone, "worker-1", 1, 2, NAN, 3, How.LOST)
    made.trace.messages.acked[gone] = 1.0
    for copy in (done, gone):
        lines = told(made.trace, copy=copy)
        name = message_name(made.trace, copy)
        assert f"1 broker sends {name} to worker-1, and counts it as done (auto-ack)" in lines
        assert not any("acknowledgement" in line for line in lines)


def test_an_acknowledgement_before_the_work_is_told_whether_or_not_the_work_ends() -> None:
    made = Handmade(9.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks", (0.0, 3.0))
    done = made.message("web-1", 0, "tasks", 0, Outcome.ACKED, 1)
    made.delivery(done, "worker-1", 1, 1, 2, 1, How.ACKED)
    gone = made.message("web-1", 1, "tasks", 0, Outcome.LOST, 3)
    made.delivery(gone, "worker-1", 1, 2, NAN, 3, How.LOST)
    made.trace.messages.acked[gone] = 2.0
    early = "broker has worker-1's acknowledgement of {}, and counts it as done before worker-1 finishes it"
    assert "1 " + early.format("web-1 #1") in told(made.trace, copy=done)
    assert told(made.trace, copy=gone)[-3:] == [
        "2 worker-1 starts web-1 #2",
        "2 " + early.format("web-1 #2"),
        "3 broker can't send web-1 #2 again: it counts as done, and is lost: worker-1 never finished it",
    ]


@pytest.mark.parametrize("end", ["crashed", "powered-off", "exited", "stopped"])
def test_nobody_does_anything_after_its_end(end: str) -> None:
    """The log has the end first; what its actor did at that instant was before it."""
    made = Handmade(9.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks", (0.0, 3.0))
    copy = made.message("web-1", 0, "tasks", 3, Outcome.READY)
    made.delivery(copy, "worker-1", 3, 3, NAN, 3, How.RETURNED)
    made.trace.events.add(3.0, end, "worker-1")
    made.trace.events.add(3.0, end, "web-1")
    lines = [line.split(" ", 2)[1:] for line in told(made.trace)]
    kinds = [(who, text.split()[0]) for who, text in lines]
    ends = {who: place for place, (who, text) in enumerate(lines) if "web-1 #1" not in text}
    assert kinds.index(("worker-1", "starts")) < ends["worker-1"] < kinds.index(("broker", "takes"))
    assert kinds.index(("web-1", "publishes")) < ends["web-1"]
    assert kinds.index(("broker", "sends")) < kinds.index(("worker-1", "starts"))


def test_who_is_started_again_at_once_works_after_its_crash() -> None:
    made = Handmade(9.0)
    made.producer("web-1")
    made.consumer("worker-1", "tasks", (0.0, 3.0), (3.0, NAN))
    copy = made.message("web-1", 0, "tasks", 0, Outcome.ACKED, 5)
    made.delivery(copy, "worker-1", 1, 1, NAN, 3, How.RETURNED)
    made.delivery(copy, "worker-1", 3, 3, 5, 5, How.ACKED)
    for kind in ("crashed", "started", "subscribed"):
        made.trace.events.add(3.0, kind, "worker-1", "tasks" if kind == "subscribed" else "")
    at_3 = [line.text.split()[0] for line in timeline_of(made.trace) if line.t == 3]
    assert at_3 == ["CRASHES", "takes", "starts", "subscribes", "sends", "starts"] or at_3 == [
        *("CRASHES", "starts", "subscribes", "takes", "sends", "starts")
    ]
