"""A crash at every point: what is lost or done twice, by hand or as a run with that one fault shows it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

import mqsim as mq
from mqsim.api import every_crash
from mqsim.errors import UsageError
from mqsim.guest.carriers.fork_server import ForkServer
from mqsim.guest.host.operation_words import OperationReader
from mqsim.guest.kernel.operations import Connect, Send
from mqsim.runs import Crash, CrashTable, Impact
from tests.programs.texts import AUTO, PRODUCER, manual, run

if TYPE_CHECKING:
    from pathlib import Path

TASKS = ("Task 1", "Task 2", "Task 3")


def table(producer: str = PRODUCER, worker: str = AUTO, **options: Any) -> CrashTable:
    programs = {"producer": mq.program("producer", producer), "worker": mq.program("worker", worker)}
    return every_crash(programs, **options)


def at(found: CrashTable, did: str) -> Crash:
    (one,) = [crash for crash in found.crashes if crash.did == did]
    return one


def test_automatic_acknowledgement_loses_what_is_not_done_yet() -> None:
    found = table(who="worker", start={"worker": 1})
    in_work = at(found, 'after printing "got Task 1"')
    assert in_work.who == "worker-1"
    assert in_work.t == pytest.approx(1.007)
    assert in_work.impact == Impact(lost=TASKS)
    assert at(found, 'before printing "done Task 1"').impact.lost == TASKS
    assert at(found, 'after printing "done Task 1"').impact.lost == TASKS[1:]
    assert at(found, 'after printing "done Task 3"').impact.none
    assert at(found, "before sending basic.consume tasks").impact.waiting == TASKS
    # Its kernel still sends what it had written: the broker sends all three to a consumer that is gone.
    assert at(found, "after sending basic.consume tasks").impact.lost == TASKS


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_point_is_the_run_with_that_crash(number: int) -> None:
    """The same outcome as from a fault at a time, taken from the trace of that run alone."""
    found = table(who="worker")
    one = at(found, f'after printing "got Task {number}"')
    result = run(faults=[{"crash": "worker-1", "at": one.t + 0.1}])
    lost = [result.trace.texts[row] for row, what in enumerate(result.messages["outcome"]) if what == "lost"]
    assert list(one.impact.lost) == lost
    assert len(lost) == 4 - number


def test_after_the_work_and_before_the_acknowledgement_it_is_done_twice() -> None:
    found = table(worker=manual(), who="worker", count={"worker": 2})
    assert not any(one.impact.lost or one.impact.waiting for one in found.crashes)
    twice = [(one.did, one.impact.twice) for one in found.crashes if one.impact.twice]
    assert sorted(twice) == [(f'after printing "done {task}"', (task,)) for task in TASKS]
    assert at(found, 'before printing "done Task 2"').impact.none
    assert found.harmless == len(found) - 3


def test_work_that_ends_with_a_sleep_ends_with_the_sleep() -> None:
    worker = manual().replace('    print("done", body.decode())\n', "")
    found = table(worker=worker, who="worker-1", count={"worker": 2})
    assert at(found, 'after printing "got Task 1"').impact.none
    assert at(found, "before sending basic.ack 1").impact.twice == ("Task 1",)


def test_a_single_worker_leaves_finished_work_to_be_done_again() -> None:
    found = table(worker=manual(), who="worker")
    over = at(found, 'after printing "done Task 1"').impact
    assert (over.again, over.waiting) == (("Task 1",), ("Task 2", "Task 3"))
    again = table(worker=manual(), who="worker", restart_after=1)
    assert at(again, 'after printing "done Task 1"').impact == Impact(twice=("Task 1",))
    assert at(again, 'after printing "got Task 1"').impact.none


def test_acknowledging_first_loses_the_task_in_hand_alone() -> None:
    found = table(worker=manual(acknowledge_first=True), who="worker-1", count={"worker": 2})
    assert at(found, 'after printing "got Task 1"').impact.lost == ("Task 1",)
    assert at(found, "after sending basic.ack 1").impact.lost == ("Task 1",)
    assert not any(one.impact.twice for one in found.crashes)


def test_a_producer_that_dies_has_not_sent_the_rest() -> None:
    producer = PRODUCER.replace('body=f"Task {n}")', 'body=f"Task {n}")\n    print("sent", n)')
    found = table(producer, who="producer")
    assert at(found, 'after printing "sent 1"').impact == Impact(unsent=TASKS[1:])
    assert at(found, 'after sending "Task 3" to queue tasks').impact.none
    again = table(producer, who="producer", restart_after=0.5)
    assert at(again, 'after printing "sent 2"').impact == Impact(twice=TASKS[:2])


_LEDGER_WORKER = (
    manual()
    .replace("import time\n", "import time\nimport ledger\n")
    .replace('    print("done", body.decode())\n', "    ledger.record(body.decode())\n")
)


def test_effects_in_the_ledger_are_counted_by_key() -> None:
    found = table(worker=_LEDGER_WORKER, who="worker-1", count={"worker": 2})
    asked = at(found, 'after asking the ledger to record "Task 1"').impact
    assert asked.effects == ("Task 1",)
    assert at(found, "before sending basic.ack 1").impact.effects == ("Task 1",)
    assert at(found, 'after printing "got Task 1"').impact.effects == ()
    once = table(
        worker=_LEDGER_WORKER.replace("record(", "record_once("), who="worker-1", count={"worker": 2}
    )
    assert not any(one.impact.effects for one in once.crashes)


def test_who_and_the_table() -> None:
    found = table(who="worker-1")
    text = str(found)
    assert "→ lost: Task 1, Task 2, Task 3 (" in text
    assert text.endswith(
        f"{len(found)} crash points, {found.harmless} of them harmless; "
        f"{len(found) - found.harmless - found.frame['waiting'].map(bool).sum()} lose messages; "
        f"{found.frame['waiting'].map(bool).sum()} leave messages waiting. "
        "Nobody was started again. Without a crash 3 messages are sent and 3 done."
    )
    assert set(found.frame["who"]) == {"worker-1"}
    assert sum(span.points for span in found.spans()) == len(found) == len(found.frame)
    assert found._repr_html_().count("<tr>") == 1 + len(list(found.spans()))
    with pytest.raises(
        UsageError, match="no program nobody that could crash; there are producer-1, worker-1"
    ):
        table(who="nobody")
    with pytest.raises(UsageError, match="restart_after is -1"):
        table(restart_after=-1)


def test_many_points_are_run_in_processes_of_their_own_with_the_same_outcome(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mqsim.runs import crashes

    started: list[ForkServer] = []

    def server() -> ForkServer:
        started.append(ForkServer())
        return started[-1]

    here = table(who="worker")
    monkeypatch.setattr(crashes, "_server", server)
    monkeypatch.setattr(crashes, "MOST_IN_PROCESS", len(here) - 1)
    assert table(who="worker").crashes == here.crashes
    assert len(started) == 1


@pytest.mark.parametrize("forked", [False, True])
def test_who_is_killed_does_nothing_beyond(forked: bool, tmp_path: Path) -> None:
    """A mark is written between two prints: a run that is killed after the first print writes none."""
    marks = tmp_path / "marks"
    program = f"""
print("one")
with open({str(marks)!r}, "a") as file:
    file.write("x")
print("two")
"""
    written: list[int] = []
    with ForkServer() if forked else nullcontext() as carry:
        found = every_crash(
            {"it": mq.program("it", program)},
            carry=carry,
            progress=lambda done, total: written.append(marks.stat().st_size),
        )
    assert [one.did for one in found.crashes] == ['after printing "one"', 'after printing "two"']
    assert written == [1, 2]


def test_ctrl_c_keeps_what_there_is() -> None:
    def stop(done: int, total: int) -> None:
        totals.append(total)
        if done == 4:
            raise KeyboardInterrupt

    totals: list[int] = []
    found = table(progress=stop)
    assert (len(found), found.not_run) == (4, totals[0] - 4)
    assert str(found).endswith(f" {totals[0] - 4} points were not run.")


def test_a_program_that_differs_from_run_to_run_is_refused(tmp_path: Path) -> None:
    differing = f"""
from pathlib import Path
marks = Path({str(tmp_path / "marks")!r})
marks.write_text(marks.read_text() + "x" if marks.exists() else "x")
if len(marks.read_text()) < 2:
    print("the first")
"""
    with pytest.raises(UsageError, match=r'worker-1 is not killed after printing "the first": run again'):
        table(worker=differing, who="worker")


def test_observing_changes_nothing_and_heartbeats_are_no_points() -> None:
    worker = manual(options=", heartbeat=2")
    found = table(worker=worker, who="worker", until=20)
    assert not [one for one in found.crashes if one.t > 6.1]
    assert len(found) == len(table(worker=manual(), who="worker"))


def test_what_is_no_amqp_is_told_by_its_length() -> None:
    deeds = OperationReader()
    deeds.tell(Connect(5, "broker", 5672))
    assert deeds.tell(Send(5, b"hello there")).text == "sending 11 bytes"
    deeds.tell(Connect(6, "broker", 5672))
    assert deeds.tell(Send(6, b"AMQP\0\0\x09\x01")).text == "greeting the broker"
    assert deeds.tell(Send(6, b"\x08\0\0\0\0\0\0\xce")).beats
