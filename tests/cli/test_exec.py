"""`mqsim exec` as a user runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.command import mqsim
from tests.programs.texts import AUTO, PRODUCER, manual

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "producer.py").write_text(PRODUCER)
    (tmp_path / "worker.py").write_text(AUTO)
    (tmp_path / "careful.py").write_text(manual())
    return tmp_path


def parts(folder: Path, worker: str = "worker") -> list[str]:
    return [f"producer={folder / 'producer.py'}", f"worker={folder / worker}.py"]


def test_a_transcript(folder: Path) -> None:
    done = mqsim("exec", *parts(folder), "--kill", "worker@3")
    assert done.stdout == (
        "    0.006000  producer-1  sent\n"
        "    0.007000  worker-1    got Task 1\n"
        "    0.008000  producer-1  * exits with status 0\n"
        "    2.007000  worker-1    done Task 1\n"
        "    2.007000  worker-1    got Task 2\n"
        "    3.000000  worker-1    * is killed\n"
        "=> Lost: Task 2 and Task 3.\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_counts_and_starts(folder: Path) -> None:
    producer, worker = parts(folder, "careful")
    done = mqsim("exec", worker.replace("worker=", "worker:2="), producer, "--start", "producer@2.5")
    texts = [line[14:] for line in done.stdout.splitlines()]
    assert texts[:2] == ["producer-1  * starts", "producer-1  sent"]
    assert {text for text in texts if "got" in text} == {
        "worker-1    got Task 1",
        "worker-2    got Task 2",
        "worker-1    got Task 3",
    }


def test_json(folder: Path) -> None:
    done = mqsim("exec", *parts(folder), "--kill", "worker-1@3", "--json")
    told = json.loads(done.stdout)
    assert set(told) == {"programs", "lines", "messages", "deliveries", "outcome"}
    assert told["outcome"] == "Lost: Task 2 and Task 3."
    assert told["programs"] == [
        {"name": "producer-1", "status": 0, "signal": 0, "ended": pytest.approx(0.008)},
        {"name": "worker-1", "status": 137, "signal": 9, "ended": 3.0},
    ]
    assert told["lines"][0] == {"t": 0.006, "who": "producer-1", "stream": "stdout", "text": "sent"}
    assert told["lines"][-1] == {"t": 3.0, "who": "worker-1", "stream": "event", "text": "is killed"}
    assert [(each["text"], each["outcome"]) for each in told["messages"]] == [
        ("Task 1", "acked"),
        ("Task 2", "lost"),
        ("Task 3", "lost"),
    ]
    assert told["messages"][2]["started"] is None
    assert [each["how"] for each in told["deliveries"]] == ["acked", "lost", "lost"]


def test_stop_restart_and_the_brokers_end(folder: Path) -> None:
    done = mqsim("exec", *parts(folder), "--stop", "worker@1", "--restart", "worker@3", "--kill", "broker@4")
    events = [line[14:] for line in done.stdout.splitlines() if "* " in line]
    assert events[:5] == [
        "producer-1  * exits with status 0",
        "worker-1    * gets Ctrl-C",
        "worker-1    * exits with status 130",
        "worker-1    * starts again",
        "broker      * is killed",
    ]


def test_until_and_latency(folder: Path) -> None:
    done = mqsim("exec", *parts(folder), "--until", "1.5", "--latency", "0.05")
    assert done.stdout.splitlines() == [
        "    0.600000  producer-1  sent",
        "    0.700000  worker-1    got Task 1",
        "    0.800000  producer-1  * exits with status 0",
        "    1.500000  worker-1    * sleeps in worker.py, line 10",
        "=> Counted as done, but worker-1 did not finish it: Task 1, Task 2 and Task 3.",
    ]


def test_the_status_is_0_whatever_programs_did(folder: Path) -> None:
    (folder / "bad.py").write_text("import sys\nsys.exit('no')\n")
    done = mqsim("exec", f"bad={folder / 'bad.py'}")
    assert done.stdout.splitlines() == [
        "    0.000000  bad-1       ! no",
        "    0.000000  bad-1       * exits with status 1",
    ]
    assert done.returncode == 0


def test_a_program_has_a_command_line(folder: Path) -> None:
    (folder / "says.py").write_text("import sys\nprint(sys.argv[1:])\n")
    done = mqsim("exec", f"says={folder / 'says.py'}", "--args", "says=one 'two words'")
    assert done.stdout.splitlines()[0].endswith("says-1      ['one', 'two words']")


LOOP = """
from pika.adapters.asyncio_connection import AsyncioConnection
def opened(connection): connection.close()
def closed(connection, reason): connection.ioloop.stop()
connection = AsyncioConnection(on_open_callback=opened, on_close_callback=closed)
connection.ioloop.run_forever()
"""


def test_what_a_program_leaves_open_is_no_matter(folder: Path) -> None:
    (folder / "loop.py").write_text(LOOP)
    done = mqsim("exec", f"loop={folder / 'loop.py'}")
    assert done.stdout.endswith("loop-1      * exits with status 0\n")
    assert done.stderr == ""


def test_a_set_is_printed_in_the_same_order_every_time(folder: Path) -> None:
    (folder / "s.py").write_text("print(*{'apple', 'pear', 'plum', 'cherry', 'fig', 'grape'})\n")
    said = {
        mqsim("exec", f"s={folder / 's.py'}", PYTHONHASHSEED=seed).stdout for seed in ("1", "2", "random")
    }
    assert len(said) == 1


def test_a_scenario_that_programs_join(folder: Path) -> None:
    (folder / "s.yaml").write_text(
        "duration: 30\nnetwork: {latency: 0.0005}\nbroker: {queues: {tasks: {durable: false}}}\n"
        "consumers: {model: {queue: tasks, service: 1}}\n"
    )
    producer, _ = parts(folder)
    done = mqsim("exec", producer, "--scenario", folder / "s.yaml", "--json")
    told = json.loads(done.stdout)
    assert [each["consumer"] for each in told["messages"]] == ["model-1"] * 3
    assert told["messages"][2]["finished"] == pytest.approx(3.0075, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["worker"], "worker: write NAME=FILE, or NAME:COUNT=FILE, as in worker:3=consumer.py."),
        (["w=nowhere.py"], "nowhere.py: there is no such file, for program w."),
        (["w:0=x.py"], "w:0=x.py: a count is a whole number, 1 or more, as in w:3=FILE."),
        (["w=a.py", "w=b.py"], "w=b.py: there is a program w already; write w:2=FILE to have two."),
        ([], "there is nothing to run: name programs, as in worker=consumer.py."),
        (["w=."], ".: is a folder, not a file, for program w."),
        (["FILE", "--args", "x=1"], "--args x=1: write NAME='WORDS', with one of worker as the name."),
        (["FILE", "--args", "worker='1"], "--args worker='1: no closing quotation; close what is quoted."),
        (["FILE", "--kill", "worker@x"], "--kill worker@x: write NAME@SECONDS, as in --kill worker@3."),
        (["FILE", "--kill", "x@3"], "--kill x@3: there is no x; there are worker-1, and the broker."),
        (["FILE", "--start", "x@3"], "--start x@3: there is no program x; there are worker."),
        (["FILE", "--profile", "5"], "broker.profile: '5' is not allowed; it must be 3.10, 4.0 or 4.3."),
    ],
)
def test_a_mistake_gets_one_sentence(folder: Path, arguments: list[str], said: str) -> None:
    given = [parts(folder)[1] if word == "FILE" else word for word in arguments]
    done = mqsim("exec", *given)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"mqsim: {said}\n")


RECORDS = """
import time, ledger
time.sleep(1.5)
while True:
    try:
        ledger.record("task 1")
        break
    except ledger.LedgerError:
        time.sleep(1)
print("recorded")
"""


def test_an_outage_of_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(RECORDS)
    lines = mqsim("exec", f"p={tmp_path / 'p.py'}", "--outage", "ledger@1:2").stdout.splitlines()
    assert [line[14:] for line in lines] == [
        "ledger      * fails: it answers nobody",
        "ledger      * works again",
        "p-1         recorded",
        "p-1         * exits with status 0",
    ]
    assert 3.5 < float(lines[2].split()[0]) < 3.6


def test_the_end_of_the_first_of_two_outages_does_not_end_the_second(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(RECORDS)
    outages = ["--outage", "ledger@1:2", "--outage", "ledger@2:5"]
    told = json.loads(mqsim("exec", f"p={tmp_path / 'p.py'}", *outages, "--json").stdout)
    assert [line["t"] for line in told["lines"] if line["who"] == "ledger"] == [1.0, 7.0]


@pytest.mark.parametrize("word", ["ledger", "ledger@x", "ledger@1:0", "ledger@1:", "bank@1:2"])
def test_an_outage_that_makes_no_sense(folder: Path, word: str) -> None:
    done = mqsim("exec", *parts(folder), "--outage", word)
    assert done.returncode == 2
    assert done.stderr.startswith(f"mqsim: --outage {word}: ")
