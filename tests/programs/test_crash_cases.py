"""The crash search on right and wrong programs: no false alarm, and no fault missed; see `crash_cases`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mqsim.runs import CrashTable, ProgramOptions, every_crash
from tests.programs.crash_cases import ACK, RIGHT, SENDER, SUBSCRIBERS, WORK, WRONG, Right, Wrong, callback

if TYPE_CHECKING:
    from pathlib import Path


def table(case: Right | Wrong, folder: Path, restart_after: float | None, count: int = 1) -> CrashTable:
    others = case.others if "news" in case.others else {"sender": SENDER, **case.others}
    files = {}
    for name, text in {**others, "worker": case.worker}.items():
        files[name] = folder / f"{name}.py"
        files[name].write_text(text, encoding="utf-8")
    options = ProgramOptions(files, count={"worker": count}, until=30.0)
    return every_crash(options, who=case.who, restart_after=restart_after)


def test_there_are_forty_of_each() -> None:
    assert len(RIGHT) >= 40
    assert len(WRONG) >= 40


@pytest.mark.parametrize("restart_after", [None, 1.0])
@pytest.mark.parametrize("name", RIGHT)
def test_right_programs_raise_no_false_alarm(name: str, restart_after: float | None, tmp_path: Path) -> None:
    case = RIGHT[name]
    found = table(case, tmp_path, restart_after, 2 if name == "two workers" else 1)
    assert [(one.did, one.impact.lost) for one in found.crashes if one.impact.lost] == []
    assert [(one.did, one.impact.unknown) for one in found.crashes if one.impact.unknown] == []
    twice = [one.did for one in found.crashes if one.impact.twice or one.impact.effects]
    assert [did for did in twice if not case.twice or not re.search(case.twice, did)] == []
    assert len(found) > 10


@pytest.mark.parametrize("name", WRONG)
def test_the_fault_of_wrong_programs_is_named(name: str, tmp_path: Path) -> None:
    case = WRONG[name]
    found = table(case, tmp_path, 1.0)
    (one,) = [crash for crash in found.crashes if crash.did == case.did]
    assert case.label in getattr(one.impact, case.field), f"{one.impact}\n{found}"


@pytest.mark.parametrize("restart_after", [None, 1.0])
@pytest.mark.parametrize("name", SUBSCRIBERS)
def test_who_is_not_subscribed_loses_nothing(name: str, restart_after: float | None, tmp_path: Path) -> None:
    """What is published before a subscriber binds its queue was never its; what it holds when it dies was."""
    found = table(SUBSCRIBERS[name], tmp_path, restart_after)
    bound = [number for number, one in enumerate(found.crashes) if "after sending queue.bind" in one.did]
    assert [one.impact.lost for one in found.crashes[: bound[0]] if one.impact.lost] == []
    (held,) = [one for one in found.crashes if one.did == 'after taking "one" in hand']
    assert held.impact.lost == ("one", "two")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["time.sleep(1)"], "worker-1 never acknowledges: the broker keeps task 1 for it"),
        (
            ["time.sleep(1)", "channel.basic_nack(method.delivery_tag)"],
            "Delivered again and again without end: task 1 (up to",
        ),
    ],
)
def test_faults_that_need_no_crash_are_noted(lines: list[str], told: str, tmp_path: Path) -> None:
    notes = table(Right(callback(*lines)), tmp_path, None).notes
    assert [note for note in notes if note.startswith(told)]


def test_what_a_crash_of_the_broker_would_cost_is_noted(tmp_path: Path) -> None:
    """The queue of these programs is durable and their messages persistent; the sender asks no confirms."""
    worker = callback(WORK, ACK)
    assert table(Right(worker), tmp_path, None).notes == [
        "A crash of the broker was not tried (--kill broker@T): sender-1 publishes without confirms."
    ]
    sender = SENDER.replace("for name", "channel.confirm_delivery()\nfor name")
    assert table(Right(worker, others={"sender": sender}), tmp_path, None).notes == []
    fleeting = Right(
        worker.replace(", durable=True", ""), others={"sender": SENDER.replace(", durable=True", "")}
    )
    assert "tasks is not durable" in table(fleeting, tmp_path, None).notes[0]


def test_the_originals_stay_as_they_are(tmp_path: Path) -> None:
    table(WRONG["writes again"], tmp_path, 1.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sender.py", "worker.py"]
