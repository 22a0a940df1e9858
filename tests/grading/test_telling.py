"""What a student reads of a failure: the sentence, and lines that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.grading import load
from mqsim.grading.practice import check
from tests.exercises.matrix import PROOFS, verdict
from tests.grading.exercises_for_tests import RIGHT, exercise_in, submission_in

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
    for name, text in ways.items():
        effects = check(exercise, submission_in(tmp_path / name, text)).checks[0]
        told = [line[14:] for line in effects.example.lines if "producer" not in line[14:26]]
        (cause,) = (place for place, line in enumerate(told) if "counts it as done" in line)
        (starts,) = (place for place, line in enumerate(told) if "consumer-1  starts" in line)
        (fails,) = (place for place, line in enumerate(told) if "an error, in consumer.py" in line)
        (ends,) = (place for place, line in enumerate(told) if "exits with status 1" in line)
        assert starts < fails < ends, told
        assert cause < len(told), told
