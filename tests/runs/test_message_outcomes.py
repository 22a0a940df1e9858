"""The last line of `mqsim exec`: what became of the messages, against what each program must lead to."""

from __future__ import annotations

import re

import pytest

from mqsim.runs.message_outcomes import listed, told_outcomes
from mqsim.trace import How, Outcome
from tests.programs.texts import AUTO, PRODUCER, manual, run
from tests.viz.handmade import NAN, Handmade

ALL = "Task 1, Task 2 and Task 3"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "All 3 messages were done."),
        ({"faults": [{"crash": "worker-1", "at": 3}]}, "Lost: Task 2 and Task 3."),
        (
            {"worker": AUTO.replace('"tasks"', '"tasks_"')},
            f"Still in queue tasks: {ALL} (no program takes messages from this queue).",
        ),
        (
            {"producer": PRODUCER.replace('routing_key="tasks"', 'routing_key="tasks_"')},
            f"Dropped, because there was no queue tasks_: {ALL}.",
        ),
        ({"worker": AUTO.replace("time.sleep(2)", "raise ValueError")}, f"Lost: {ALL}."),
        ({"worker": manual().replace("time.sleep(2)", "raise ValueError")}, f"Still in queue tasks: {ALL}."),
        (
            {"worker": manual(acknowledge_first=True), "until": 3},
            "Counted as done, but worker-1 did not finish it: Task 2. "
            "Still with worker-1, not acknowledged: Task 3.",
        ),
        ({"worker": manual().replace("channel.basic_ack(method.delivery_tag)", "pass")}, None),
    ],
)
def test_what_becomes_of_three_tasks(options: dict[str, object], sentence: str | None) -> None:
    if sentence is None:  # prefetch 1: the worker has the first, and never gets another
        sentence = "Still with worker-1, not acknowledged: Task 1. Still in queue tasks: Task 2 and Task 3."
    told = run(**options).outcome  # type: ignore[arg-type]
    assert told.removesuffix(" Sent again: Task 1.") == sentence


def test_what_was_sent_again_is_told() -> None:
    result = run(worker=manual(), count={"worker": 2}, faults=[{"crash": "worker-1", "at": 1}])
    assert result.outcome == "All 3 messages were done. Sent again: Task 1."


def test_every_outcome_is_told_and_none_without_messages() -> None:
    made = Handmade(9.0)
    made.producer("web-1")
    made.consumer("worker-1", "{tasks}")
    assert told_outcomes(made.trace) == ""
    for number, outcome in enumerate(Outcome):
        copy = made.message("web-1", number, "{tasks}", 0, outcome, 1)
        if outcome in (Outcome.ACKED, Outcome.UNACKED, Outcome.LOST):
            made.delivery(copy, "worker-1", 0, 0, NAN, 1, How.OPEN)
    told = told_outcomes(made.trace)
    for number, outcome in enumerate(Outcome):
        named = re.findall(rf"web-1 #{number + 1}\b", told)
        assert len(named) == (outcome is not Outcome.DEAD_LETTERED), told
    assert told.startswith("Lost: ")
    assert "Still in queue {tasks}: " in told


def test_of_many_some_are_named_and_the_others_counted() -> None:
    made = Handmade(9.0)
    made.producer("web-1")
    for number in range(1_200):
        made.message("web-1", number, "tasks", 0, Outcome.LOST, 1)
    assert told_outcomes(made.trace).endswith("web-1 #10 and 1,190 more.")


def test_words_are_joined_as_people_do() -> None:
    assert [listed([]), listed("a"), listed("ab"), listed("abc")] == ["nothing", "a", "a and b", "a, b and c"]
