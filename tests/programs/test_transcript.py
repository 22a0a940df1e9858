"""The transcript: its lines, its order, its end, and who is said to wait where."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mqsim as mq
from mqsim.guest.host.transcript import Line, cut
from tests.outside import PATIENCE
from tests.programs.texts import AUTO, PRODUCER, lines, manual, run

if TYPE_CHECKING:
    from mqsim.api import ProgramsResult


def play(source: str, **options: object) -> ProgramsResult:
    return mq.run_programs({"p": mq.program("p", source)}, **options)  # type: ignore[arg-type]


def test_a_line() -> None:
    assert str(Line(2.5, "worker-1", "stdout", "got it")) == "    2.500000  worker-1    got it"
    assert str(Line(2.5, "worker-1", "stderr", "Oops")) == "    2.500000  worker-1    ! Oops"
    assert str(Line(2.5, "a-long-name-1", "event", "is killed")) == "    2.500000  a-long-name-1  * is killed"
    assert str(Line(1234567.0, "w-1", "stdout", "")) == "1234567.000000  w-1"


@pytest.mark.parametrize(
    ("t", "shown"),
    [(0.1 + 2**-20, 0.1), (0.1 + 0.2, 0.3), (1.9999999999, 2.0), (1.9999995, 1.999999), (7 * 0.001, 0.007)],
)
def test_times_are_cut_to_microseconds(t: float, shown: float) -> None:
    assert cut(t) == pytest.approx(shown, abs=1e-12)


def test_a_sleep_shows_no_rounding() -> None:
    result = play(
        "import time\nfor _ in range(3):\n    time.sleep(0.5)\n    print('x')\ntime.sleep(0.1)\nprint('y')"
    )
    assert result.transcript().splitlines()[:4] == [
        "    0.500000  p-1         x",
        "    1.000000  p-1         x",
        "    1.500000  p-1         x",
        "    1.600000  p-1         y",
    ]


def test_errors_name_the_students_own_lines() -> None:
    result = play("def f():\n    return 1 / 0\n\nf()\n")
    assert lines(result, "p-1") == [
        "! Traceback (most recent call last):",
        '!   File "p.py", line 4, in <module>',
        "!     f()",
        '!   File "p.py", line 2, in f',
        "!     return 1 / 0",
        "! ZeroDivisionError: division by zero",
        "* exits with status 1",
    ]


@pytest.mark.parametrize(
    ("source", "end", "run_of"),
    [
        ("pass", "exits with status 0", (0, 0)),
        ("import sys; sys.exit(3)", "exits with status 3", (3, 0)),
        ("import os; os._exit(4)", "exits with status 4", (4, 0)),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "is ended by signal 15", (143, 15)),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "is ended by signal 9", (137, 9)),
    ],
)
def test_how_a_program_ends(source: str, end: str, run_of: tuple[int, int]) -> None:
    result = play(source)
    assert result.lines[-1].text == end
    assert result.programs == [("p-1", *run_of, 0.0)]


def test_it_ends_at_once_when_nothing_but_heartbeats_is_to_come() -> None:
    result = run(worker=manual(options=", heartbeat=10"), count={"worker": 2})
    # Two workers, three tasks of 2 s: the last begins when the first comes back.
    assert result.trace.end == pytest.approx(4.0095, abs=2e-5)
    assert result.transcript().splitlines()[-2:] == [
        "    4.009500  worker-1    * waits in worker.py, line 18",
        "    4.009500  worker-2    * waits in worker.py, line 18",
    ]


def test_it_does_not_end_before_a_program_that_sleeps() -> None:
    result = play("import time\ntime.sleep(4000)\nprint('awake')\n")
    assert lines(result, "p-1") == ["awake", "* exits with status 0"]


@pytest.mark.parametrize(
    "wait",
    [
        "connection.sleep(4000)",
        "connection.process_data_events(4000)",
        "connection.call_later(4000, lambda: connection.close())\nchannel.start_consuming()",
        "list(zip(range(1), channel.consume('tasks', inactivity_timeout=4000)))",
    ],
)
def test_it_does_not_end_before_a_timer_of_the_programs_own(wait: str) -> None:
    source = f"""
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters(heartbeat=600))
channel = connection.channel()
channel.queue_declare("tasks")
channel.basic_consume("tasks", print) if "start" in {wait!r} else None
try:
    {wait.replace(chr(10), chr(10) + "    ")}
except pika.exceptions.ConnectionClosed:
    pass
print("awake")
"""
    result = play(source)
    assert result.lines[0].text == "awake"
    assert result.lines[0].t == pytest.approx(4000, abs=0.1)


def test_it_does_not_end_before_the_next_program_starts() -> None:
    result = run(start={"producer": 500.0})
    assert lines(result, "producer-1")[:2] == ["* starts", "sent"]
    assert lines(result, "worker-1")[0] == "got Task 1"


def test_it_waits_for_what_expires() -> None:
    dead = AUTO.replace('queue="tasks"', 'queue="dead"')
    source = """
import pika
channel = pika.BlockingConnection().channel()
channel.queue_declare("short", arguments={
    "x-message-ttl": 50_000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
channel.basic_publish("", "short", b"Task 1")
"""
    result = run(source, dead)
    assert lines(result, "worker-1")[0] == "got Task 1"
    assert result.messages["started"].tolist()[1] == pytest.approx(50.006, abs=0.002)


def test_threads_are_named_where_there_are_several() -> None:
    result = play(
        "import threading\nevent = threading.Event()\n"
        "threading.Thread(target=event.wait, name='helper').start()\nevent.wait()\n"
    )
    assert lines(result, "p-1") == [
        "* MainThread waits in p.py, line 4",
        "* helper waits not in the program's own files",
    ]


def test_until_ends_it_in_the_middle() -> None:
    result = run(until=3.0)
    assert result.trace.end == 3.0
    assert result.transcript().splitlines()[-1] == "    3.000000  worker-1    * sleeps in worker.py, line 10"


def test_a_program_that_goes_on_for_ever_is_stopped_after_a_day() -> None:
    result = play("import time\nwhile True:\n    time.sleep(3600)\n")
    assert result.trace.end == 86_400.0
    assert result.lines[-1].text == "sleeps in p.py, line 3"


def test_a_listener_hears_each_line_as_it_comes() -> None:
    heard: list[Line] = []
    result = run(listener=heard.append)
    assert heard == result.lines


def test_lines_are_plain_tuples() -> None:
    t, who, stream, text = run().lines[0]
    assert (round(t, 6), who, stream, text) == (0.006, "producer-1", "stdout", "sent")


SETS = """
import random
words = {"apple", "pear", "plum", "cherry", "fig", "grape", "lemon"}
print(*sorted(words), random.random())
"""


def test_the_same_in_every_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "go.py"
    script.write_text(
        "import mqsim as mq\n"
        f"PRODUCER, WORKER, SETS = {PRODUCER!r}, {manual()!r}, {SETS!r}\n"
        "r = mq.run_programs({'producer': mq.program('producer', PRODUCER), 's': mq.program('s', SETS),"
        " 'worker': mq.program('worker', WORKER)}, count={'worker': 3}, "
        "faults=[{'crash': 'worker-2', 'at': 1, 'restart_after': 1}])\n"
        "print(r.transcript()); print(r.digest(), r.event_digest())\n"
    )
    root = Path(__file__).parent.parent.parent
    said = {
        subprocess.run(
            [sys.executable, script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout
        for seed in ("0", "1", "random")
    }
    assert len(said) == 1
    assert "* is killed" in said.pop()
