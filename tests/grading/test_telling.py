"""What a student reads of a failure: the sentence, and lines that show it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mqsim.grading import load
from mqsim.grading.hints import with_hint
from mqsim.grading.practice import check
from mqsim.grading.reports.text import text, told_check
from tests.exercises.matrix import PROOFS, verdict
from tests.grading.exercises_for_tests import EARLY, RIGHT, exercise_in, submission_in

if TYPE_CHECKING:
    from pathlib import Path

    from mqsim.grading.verdict import CheckVerdict


def failure(name: str, solution: str, which: str) -> CheckVerdict:
    checks = verdict(name, PROOFS / name / "wrong" / solution).checks
    return next(each for each in checks if each.name == which)


def test_tasks_that_a_worker_has_at_one_time_are_shown_together() -> None:
    found = failure("03_fair_dispatch", "one_at_a_time__prefetch_two", "one_at_a_time")
    assert found.message.startswith("consumer-1 had 2 tasks at one time: ")  # an actor's name stays as it is
    sent = [line for line in found.example.lines if "sends" in line and "to consumer-1" in line]
    done = [line for line in found.example.lines if "consumer-1's acknowledgement" in line]
    assert len(sent) == 2
    assert float(sent[1].split()[0]) < float(done[0].split()[0])
    assert len(found.example.lines) <= 15


def test_where_no_message_is_named_the_programs_doings_are_shown(tmp_path: Path) -> None:
    """The producer takes another queue than the consumer."""
    exercise = load(exercise_in(tmp_path))
    elsewhere = (
        "import pika\nchannel = pika.BlockingConnection().channel()\nchannel.queue_declare('tasks')\n"
        "channel.basic_publish('', 'tasks', 'A')\n"
    )
    effects = check(exercise, submission_in(tmp_path / "s", RIGHT, producer=elsewhere)).checks[0]
    told = [line[14:] for line in effects.example.lines]
    assert "consumer-1  declares the queue task_queue" in told
    assert "consumer-1  subscribes to the queue task_queue" in told
    assert "producer-1  declares the queue tasks" in told
    assert 'producer-1  sends "A" to the queue tasks' in told
    assert any(line.startswith("consumer-1  * waits in consumer.py, line ") for line in told)


def test_an_error_is_shown_to_its_end_and_without_the_frames_between(tmp_path: Path) -> None:
    otherwise = RIGHT.replace("durable=True", "durable=False")
    effects = check(load(exercise_in(tmp_path)), submission_in(tmp_path / "s", otherwise)).checks[0]
    refused = [line for line in effects.example.lines if "ChannelClosedByBroker" in line]
    assert len(refused) == 1
    assert refused[0].endswith("received 'true' but current is 'false'\")")
    assert not any("Traceback" in line or '  File "' in line for line in effects.example.lines)
    assert any("an error, in producer.py, line " in line for line in effects.example.lines)


def test_what_waits_is_not_called_lost() -> None:
    lost = failure("04_survive_worker_crash", "nothing_lost__ledger_error_kills_the_worker", "nothing_lost")
    assert "is never done: it stays in the queue, and no worker takes it." in lost.message
    assert "lost" not in lost.message


AT_ONCE = """
import sys, pika
channel = pika.BlockingConnection().channel()
channel.queue_declare("task_queue", durable=True)
def work(channel, method, properties, body):
    {first}
    raise ValueError(body)
channel.basic_consume("task_queue", work{options})
channel.start_consuming()
"""


def test_the_excerpt_of_a_loss_names_its_cause_in_causal_order(tmp_path: Path) -> None:
    """The task is acknowledged, or counted as done, before the callback fails at it: that is the cause."""
    exercise = load(exercise_in(tmp_path))
    ways = {
        "early": AT_ONCE.format(first="channel.basic_ack(method.delivery_tag)", options=""),
        "auto": AT_ONCE.format(first="pass", options=", auto_ack=True"),
    }
    for name, source in ways.items():
        effects = check(exercise, submission_in(tmp_path / name, source)).checks[0]
        told = [line[14:] for line in effects.example.lines if "producer" not in line[14:26]]
        (cause,) = (place for place, line in enumerate(told) if "counts it as done" in line)
        (starts,) = (place for place, line in enumerate(told) if "consumer-1  starts" in line)
        (fails,) = (place for place, line in enumerate(told) if "an error, in consumer.py" in line)
        (ends,) = (place for place, line in enumerate(told) if "exits with status 1" in line)
        assert starts < fails < ends, told
        assert cause < len(told), told


def test_who_worked_and_never_acknowledged_is_told_so() -> None:
    found = failure("02_task_queue", "all_worked__never_acknowledges", "all_worked")
    assert 'consumer-1 worked on "task1", but never acknowledged it' in found.message
    (starts,) = (place for place, line in enumerate(found.example.lines) if "consumer-1  starts" in line)
    below = found.example.lines[starts + 1 :]
    assert any("consumer-1  ends its work on" in line and "has not acknowledged it" in line for line in below)


def test_programs_that_declare_differently_are_told_that_and_nothing_secondary() -> None:
    checks = verdict(
        "02_task_queue", PROOFS / "02_task_queue" / "wrong" / "same_declaration__durable_on_one_side"
    )
    first, *others = checks.checks
    assert (first.name, first.fails_by_itself) == ("same_declaration", True)
    assert {each.message for each in others} == {"same_declaration comes first."}


def test_times_of_connections_are_said_to_be_times() -> None:
    found = failure("01_hello_queue", "closes_connection__just_ends", "closes_connection")
    assert "did not close the connection that it opened at 3.00" in found.message
    assert " s: that one was " in found.message


def test_a_message_without_a_queue_names_the_queue_that_was_not_there() -> None:
    found = failure("01_hello_queue", "delivered__misspelt_key", "delivered")
    assert any(
        "finds no queue for" in line and "(there is no queue helo)" in line for line in found.example.lines
    )


def test_a_failure_points_to_its_hints(tmp_path: Path) -> None:
    where = exercise_in(tmp_path)
    exercise = load(where)
    failed = next(
        each for each in check(exercise, submission_in(tmp_path / "s", EARLY)).checks if each.message
    )
    assert failed.hint == ""  # it has no page
    (where / "README.md").write_text(
        "<summary>no</summary>\n## Hints\n<summary>`nothing_lost`: why</summary>"
    )
    assert with_hint(failed, exercise).hint == 'Read "nothing_lost: why", under "Hints" in README.md.'
    (where / "README.md").write_text("## Hints\n<summary>Other things</summary>")
    assert with_hint(failed, exercise).hint == 'Read what stands under "Hints" in README.md.'
    assert told_check(with_hint(failed, exercise), counts=False).count("README.md") == 1


def test_a_verdict_of_a_folder_that_is_called_as_its_exercise_says_the_name_once(tmp_path: Path) -> None:
    found = check(load(exercise_in(tmp_path)), submission_in(tmp_path / "01_small" / "01_small"))
    assert text(found).splitlines()[0] == "01_small"
    assert text(replace(found, submission="ann")).splitlines()[0] == "ann: 01_small"
