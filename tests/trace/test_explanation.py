"""One message's story: which message is meant, and why it ended as it did; worked out by hand."""

from __future__ import annotations

import pytest

import mqsim as mq
from mqsim.errors import UsageError
from mqsim.trace.event_kinds import EventKind
from mqsim.trace.event_words import _WORDS
from mqsim.trace.explanation import explain
from tests.programs.texts import AUTO, LASTING_PRODUCER, PRODUCER, manual, run

KILLED = [{"crash": "worker-1", "at": 3}]


def ends(message: str, **options: object) -> str:
    (end,) = explain(run(**options).trace, message).ends  # type: ignore[arg-type]
    return end


# By hand: messages and subscription leave at 6 ms and are there at 6.5 ms; work on Task 1 lasts to 2.007.


def test_automatic_acknowledgement_and_a_worker_that_dies() -> None:
    sent = "Sent to worker-1 with auto-ack at 0.0065: counted as done; worker-1 was killed at 3 "
    assert ends("Task 1", faults=KILLED) == (
        "Done: worker-1 finished it at 2.007; counted as done since 0.0065."
    )
    assert ends("Task 2", faults=KILLED) == sent + "while it was at it: lost."
    assert ends("Task 3", faults=KILLED) == sent + "before it had started it: lost."


def test_its_lines_alone() -> None:
    found = explain(run(faults=KILLED).trace, "Task 2")
    assert [(line.who, line.kind) for line in found.lines] == [
        ("producer-1", "published"),
        ("broker", "enqueued"),
        ("broker", "sent"),
        ("worker-1", "started"),
        ("worker-1", "crashed"),
        ("broker", "lost"),
    ]
    assert all("Task 2" in line.text or line.kind == "crashed" for line in found.lines)


def test_what_was_over_before_the_crash_does_not_tell_of_it() -> None:
    assert "crashed" not in {line.kind for line in explain(run(faults=KILLED).trace, "Task 1").lines}


def test_acknowledged_too_early() -> None:
    end = ends("Task 2", worker=manual(acknowledge_first=True), faults=KILLED)
    # Task 1 is in hand at 8 ms and over at 2.008; Task 2 came 1 ms after its acknowledgement, at 9 ms.
    assert end == (
        "worker-1 acknowledged it at 2.0085, before it was through with it: counted as done; "
        "worker-1 was killed at 3 while it was at it: lost."
    )


def test_an_early_acknowledgement_has_its_line_whatever_comes_of_the_work() -> None:
    trace = run(worker=manual(acknowledge_first=True), faults=KILLED).trace
    for task in ("Task 1", "Task 2"):
        (line,) = (line for line in explain(trace, task).lines if line.kind == "acked")
        assert line.text.endswith(f'"{task}", and counts it as done before worker-1 finishes it')


def test_automatic_and_own_acknowledgements_in_one_program() -> None:
    """What a program asks for by itself may be acknowledged otherwise than what it subscribes to."""
    both = """
import pika, time
channel = pika.BlockingConnection().channel()
channel.queue_declare("tasks")
time.sleep(1)
channel.basic_get("tasks", auto_ack=True)
method, _, _ = channel.basic_get("tasks")
channel.basic_ack(method.delivery_tag)
"""
    trace = run(worker=both).trace
    for task, often in (("Task 1", 0), ("Task 2", 1)):
        lines = explain(trace, task).lines
        assert sum("acknowledgement" in line.text for line in lines) == often
        assert sum("auto-ack" in line.text for line in lines) == 1 - often


def test_given_back_by_a_crash_and_done_by_a_second_worker() -> None:
    end = ends("Task 1", worker=manual(), count={"worker": 2}, faults=[{"crash": "worker-1", "at": 1}])
    assert end.startswith(
        "Sent to worker-1 at 0.0075; worker-1 was killed at 1 before it was acknowledged, "
        "so the queue took it back. Done: worker-2 finished it at "
    )


def test_waiting_and_in_a_workers_hands() -> None:
    result = run(worker=manual(), until=3)
    assert explain(result.trace, "Task 2").ends == (
        "worker-1 has had it since 2.0085, and has not acknowledged it when the run ends.",
    )
    assert result.why("Task 3").endswith(
        "It waits in queue tasks when the run ends: worker-1 had not come to it."
    )
    alone = mq.run_programs({"producer": mq.program("producer", PRODUCER)})
    assert alone.why("Task 3").endswith("It waits in queue tasks when the run ends: nobody consumes from it.")


def test_a_broker_that_dies_takes_what_is_not_durable() -> None:
    faults = [{"kill": "broker", "at": 1.5, "down": 1}]  # once what was published has reached its disk
    options = {"start": {"worker": 5}, "faults": faults}
    assert ends("Task 1", **options) == (
        "Lost at 1.5: the broker went down, which only persistent messages in a durable queue survive."
    )
    kept = ends("Task 1", producer=LASTING_PRODUCER, worker=manual(durable=True), **options)
    assert kept.startswith("Done: worker-1 finished it at 7.0")


def test_modelled_actors_and_every_end() -> None:
    result = mq.simulate(
        {
            "duration": 10,
            "broker": {"queues": {"q": {"max_length": 1, "message_ttl": 4}}},
            "producers": {
                "web": {"to": "q", "arrivals": {"at": [1, 2]}},
                "lost": {"to": {"exchange": "", "key": "x"}, "arrivals": {"at": [3]}},
            },
        }
    )
    assert result.why("web-1#1").endswith("Dropped at 2: the queue was full.")
    assert result.why("web-1 #2").endswith("Expired in queue q at 6: its time to live had passed.")
    assert result.why("lost-1#1").endswith("Dropped at 3: no queue is bound for it.")


@pytest.mark.parametrize(
    "name", ["Task 2", "task 2", " 2", "producer-1#2", "producer-1 #2", 'producer-1 #2 "Task 2"']
)
def test_ways_to_name_a_message(name: str) -> None:
    assert explain(run().trace, name).name == 'producer-1 #2 "Task 2"'


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "Task",
            '"Task" can be 3 messages: producer-1#1 "Task 1", producer-1#2 "Task 2", producer-1#3 "Task 3"; ',
        ),
        ("nothing", 'there is no message "nothing"; there are producer-1#1 "Task 1", '),
        ("producer-1#4", 'there is no message "producer-1#4"; there are '),
        ("", 'there is no message ""; there are '),
    ],
)
def test_none_or_several(name: str, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        run().why(name)
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


def test_no_message_at_all() -> None:
    with pytest.raises(UsageError, match="no message was sent"):
        mq.run_programs({"worker": mq.program("worker", AUTO)}).why("x")


def test_each_kind_of_event_has_its_words_and_no_other_has() -> None:
    assert set(_WORDS) == set(EventKind)
