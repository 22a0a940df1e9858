"""`mqsim exec --every-crash` and `--why` as a user runs them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.command import mqsim
from tests.programs.texts import AUTO, PRODUCER

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def parts(tmp_path: Path) -> list[str]:
    (tmp_path / "producer.py").write_text(PRODUCER)
    (tmp_path / "worker.py").write_text(AUTO)
    return [f"producer={tmp_path / 'producer.py'}", f"worker={tmp_path / 'worker.py'}"]


def test_the_table(parts: list[str]) -> None:
    done = mqsim("exec", *parts, "--every-crash", "--who", "worker", "--start", "worker@1")
    assert (done.returncode, done.stderr) == (0, "")
    assert '    3.007000    … to      before printing "done Task 1"\n' in done.stdout
    assert "→ lost: Task 2, Task 3 (" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("Without a crash 3 messages are sent and 3 done.")


def test_a_crash_that_changes_nothing_is_not_called_harmless_where_tasks_are_lost_without_it(
    parts: list[str],
) -> None:
    done = mqsim("exec", *parts, "--every-crash", "--kill", "worker@3", "--who", "producer")
    lines = done.stdout.splitlines()
    assert lines[0] == "Without a further crash 3 messages are sent and 1 done; lost: Task 2, Task 3."
    assert any("→ no worse than without the crash (" in line for line in lines)
    assert "of them no worse than without the crash; " in lines[-1]
    assert "harmless" not in done.stdout
    assert done.stdout.count("Without a") == 1


def test_where_all_is_well_without_a_crash_it_is_said_last(parts: list[str]) -> None:
    done = mqsim("exec", *parts, "--every-crash", "--kill", "worker@9", "--who", "producer")
    assert done.stdout.endswith("Without a further crash 3 messages are sent and 3 done.\n")
    assert "→ harmless (" in done.stdout


def test_a_broker_that_was_killed_was_tried(parts: list[str]) -> None:
    done = mqsim("exec", *parts, "--every-crash", "--kill", "broker@9", "--who", "producer")
    assert "A crash of the broker was not tried" not in done.stdout


def test_json(parts: list[str]) -> None:
    done = mqsim("exec", *parts, "--every-crash", "--json", "--restart-after", "2")
    told = json.loads(done.stdout)
    assert {one["who"] for one in told["crashes"]} == {"producer-1", "worker-1"}
    assert told["restart_after"] == 2
    (one,) = [one for one in told["crashes"] if one["did"] == 'after printing "got Task 2"']
    assert one["lost"] == ["Task 2", "Task 3"]


def test_why(parts: list[str]) -> None:
    done = mqsim("exec", *parts, "--kill", "worker@3", "--why", "task 3")
    lines = done.stdout.splitlines()
    assert lines[0] == '    0.006000  producer-1  publishes producer-1 #3 "Task 3"'
    assert lines[-1].endswith("worker-1 was killed at 3 before it had started it: lost.")
    told = json.loads(mqsim("exec", *parts, "--why", "producer-1#1", "--json").stdout)
    assert told["message"] == 'producer-1 #1 "Task 1"'
    assert told["ends"] == ["Done: worker-1 finished it at 2.007; counted as done since 0.0065."]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--why", "Task 9"], 'there is no message "Task 9"; there are producer-1#1 "Task 1", '),
        (["--why", "Task 1", "--every-crash"], "--why tells of one run, --every-crash makes many"),
        (["--who", "worker"], "--who belongs to --every-crash"),
        (["--restart-after", "1"], "--restart-after belongs to --every-crash"),
        (["--every-crash", "--who", "boss"], "there is no program boss that could crash"),
        (["--every-crash", "--restart-after", "-1"], "restart_after is -1"),
    ],
)
def test_mistakes(parts: list[str], options: list[str], sentence: str) -> None:
    done = mqsim("exec", *parts, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"mqsim: {sentence}")
    assert done.stderr.count("\n") == 1
