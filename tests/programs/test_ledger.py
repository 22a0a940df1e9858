"""The ledger: what programs record outlives them, in the world and, with the same file, outside it."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mqsim as mq
from mqsim.guest import ledger
from mqsim.guest.carriers.in_process import InProcess
from mqsim.guest.host import ledger_service
from mqsim.guest.host.ledger_service import ADDRESS, LONGEST, Ledger, LedgerEntry
from tests.guest.stage import Echo, Stage
from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.carriers.carrier import CarrierFactory

LATENCY = 0.001


class World:
    """A stage with a ledger on it."""

    def __init__(self, carry: CarrierFactory = InProcess) -> None:
        self.stage = Stage(carry, LATENCY)
        self.ledger = Ledger(lambda: self.stage.clock.now)
        self.stage.directory.services[ADDRESS] = self.ledger

    def add(self, source: str, name: str = "worker-1", start: float = 0.0, **options: Any) -> Any:
        return self.stage.add(self.stage.program(dedent(source).lstrip(), name, **options), start)

    def run(self, until: float = 100.0) -> list[str]:
        return [" ".join(line.split()) for line in self.stage.run(until)]


EVERYTHING = """
import ledger
print(ledger.seen("task-1"), ledger.entries())
ledger.record("task-1", "done")
print(ledger.seen("task-1"), ledger.seen(b"task-1"))
print(ledger.record_once("task-1", "again"), ledger.record_once(b"task-2"), ledger.record_once("task-2"))
ledger.record(7, {"sum": 1.5, "of": [1, None]})
ledger.record("task-1", b"done twice")
for entry in ledger.entries():
    print(entry.key, entry.value)
"""
PRINTED = [
    "False []",
    "True True",
    "False True False",
    "task-1 done",
    "task-2 None",
    "7 {'sum': 1.5, 'of': [1, None]}",
    "task-1 done twice",
]


def test_a_program_records_effects(carry: CarrierFactory) -> None:
    world = World(carry)
    world.add(EVERYTHING, start=1.0)
    lines = world.run()
    assert [line.split(maxsplit=2)[2] for line in lines] == [*PRINTED, "* 0 0"]
    # A way there and one back to connect, and the same for each call; what arrives is recorded at once.
    calls = [1 + 2 * LATENCY * (number + 1) + LATENCY for number in (2, 6, 8, 9)]
    assert [each.t for each in world.ledger.entries] == pytest.approx(calls, abs=1e-9)
    assert [each[1:] for each in world.ledger.entries] == [
        ("worker-1", "task-1", "done"),
        ("worker-1", "task-2", None),
        ("worker-1", "7", {"sum": 1.5, "of": [1, None]}),
        ("worker-1", "task-1", "done twice"),
    ]


def test_the_same_program_outside_keeps_a_file(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(EVERYTHING)
    shutil.copy(ledger.__file__, tmp_path)
    done = outside(tmp_path, "program.py")
    assert done.splitlines() == PRINTED
    shown = outside(tmp_path, "ledger.py").splitlines()
    assert [line.split("  ")[2:] for line in shown] == [
        ["task-1", "done"],
        ["task-2", ""],
        ["7", "{'sum': 1.5, 'of': [1, None]}"],
        ["task-1", "done twice"],
    ]
    assert all(line.split("  ")[1].startswith("program-") for line in shown)


def test_the_copy_that_serves_outside_finds_the_world_too(tmp_path: Path, carry: CarrierFactory) -> None:
    shutil.copy(ledger.__file__, tmp_path)
    world = World(carry)
    world.add(EVERYTHING, path=str(tmp_path / "program.py"))
    assert [line.split(maxsplit=2)[2] for line in world.run()] == [*PRINTED, "* 0 0"]
    assert len(world.ledger.entries) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.py"]


def test_a_module_of_that_name_beside_the_program_comes_first(tmp_path: Path) -> None:
    (tmp_path / "ledger.py").write_text("def record(key): print('mine', key)\n")
    world = World()
    world.add("import ledger\nledger.record(1)\n", path=str(tmp_path / "program.py"))
    assert world.run()[0].endswith("mine 1")
    assert world.ledger.entries == []


def outside(folder: Path, file: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-c", _ISOLATED.format(file)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    return done.stdout


# As `python FILE`, but with nothing on the path than the standard library and the file's own folder.
_ISOLATED = """
import os, runpy, sys
sys.path[:] = [os.getcwd(), *(path for path in sys.path if "site-packages" not in path)]
sys.argv[:] = ["{0}"]
runpy.run_path("{0}", run_name="__main__")
"""


def test_it_needs_nothing_but_python() -> None:
    tree = ast.parse(Path(ledger.__file__).read_text(encoding="utf-8"))
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert len(named) > 3
    assert {name for name in named if name.partition(".")[0] not in sys.stdlib_module_names} == set()


def test_programs_outside_import_it_by_the_same_name() -> None:
    """A wheel brings `ledger.py` at the root of the repository along, and it is the one of the guests."""
    import ledger as installed

    assert Path(installed.__file__).parent == Path(__file__).parents[2]
    assert {name: getattr(installed, name) for name in installed.__all__} == {
        name: getattr(ledger, name) for name in ledger.__all__
    }
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"]["ledger.py"] == "ledger.py"


CRASH = """
import ledger, time
ledger.seen("connected")
time.sleep(1)
ledger.record("payment")
print("learned of it")
"""
SENT = 4 * LATENCY + 1.0


@pytest.mark.parametrize(
    ("at", "entries", "lines"),
    [
        (SENT - 0.0001, 0, 1),  # before the request is sent
        (SENT + 0.0001, 1, 1),  # it is on its way: the network does not take it back
        (SENT + LATENCY + 0.0001, 1, 1),  # recorded, and the answer is on its way
        (SENT + 2 * LATENCY + 0.0001, 1, 2),  # all is done
    ],
)
def test_a_crash_between_effect_and_answer(
    carry: CarrierFactory, at: float, entries: int, lines: int
) -> None:
    world = World(carry)
    guest = world.add(CRASH + "time.sleep(50)\n")
    world.stage.at(at, guest.kill)
    assert len(world.run()) == lines
    assert len(world.ledger.entries) == entries


def test_effects_survive_a_crash_and_the_next_world_has_none_of_them() -> None:
    world = World()
    source = "import ledger, time\nprint(ledger.record_once('task'))\ntime.sleep(50)\n"
    guest = world.add(source)
    world.stage.at(2.0, guest.kill)
    world.add(source, start=3.0)
    lines = world.run()
    assert [line.split()[2] for line in lines] == ["True", "*", "False", "*"]
    assert world.ledger.entries == [LedgerEntry(pytest.approx(3 * LATENCY), "worker-1", "task", None)]
    fresh = World()
    fresh.add(source)
    assert fresh.run()[0].split()[2] == "True"


def test_a_broken_connection_is_told_when_an_answer_was_due_and_mended_otherwise(
    carry: CarrierFactory,
) -> None:
    world = World(carry)
    guest = world.add(
        """
        import ledger, time
        ledger.record("one")
        time.sleep(5)
        ledger.record("two")
        time.sleep(5)
        try:
            ledger.record("three")
        except ledger.LedgerError as error:
            print(error)
        print(ledger.seen("three"), [entry.key for entry in ledger.entries()])
        """
    )
    world.stage.at(3.0, guest.drop_connections)
    # Answers so far: one; two, on a new connection. The third request is on its way when all breaks.
    world.stage.at(10 + 8 * LATENCY + 0.0005, guest.drop_connections)
    lines = [line.split(maxsplit=2)[2] for line in world.run()]
    assert lines == [
        "the ledger at ledger:7070 did not answer: [Errno 104] Connection reset by peer",
        "False ['one', 'two']",
        "* 0 0",
    ]


def test_ctrl_c_in_the_midst_of_a_call_leaves_the_next_one_its_own_answer(carry: CarrierFactory) -> None:
    world = World(carry)
    guest = world.add(
        """
        import ledger
        try:
            ledger.record("one")
        except KeyboardInterrupt:
            print(ledger.seen("two"), ledger.seen("one"))
        """
    )
    world.stage.at(3 * LATENCY + 0.0001, guest.interrupt)
    assert world.run()[0].split()[2:] == ["False", "True"]


def test_nobody_listens_or_something_else_does() -> None:
    source = """
        import ledger
        try:
            ledger.record("one")
        except ledger.LedgerError as error:
            print(error)
        """
    world = World()
    del world.stage.directory.services[ADDRESS]
    world.add(source)
    assert world.run()[0].endswith("the ledger at ledger:7070 did not answer: [Errno 111] Connection refused")
    other = World()
    other.stage.directory.services[ADDRESS] = Echo
    other.add(source)
    assert other.run()[0].endswith("did not answer: what answers there is no ledger")


def test_what_json_can_not_hold_is_refused_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.add("import ledger\nledger.record('one', {1, 2})\n")
    assert world.run()[-2].endswith("! TypeError: Object of type set is not JSON serializable")
    monkeypatch.setenv("MQSIM_LEDGER", str(tmp_path / "x.db"))
    with pytest.raises(TypeError, match="set is not JSON"):
        ledger.record("one", {1, 2})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_none_is_told_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.txt").write_text("no database, but long enough to be read as one\n" * 40)
    monkeypatch.setenv("MQSIM_LEDGER", str(tmp_path / "notes.txt"))
    with pytest.raises(ledger.LedgerError, match=r"notes\.txt can't be used: file is not a database"):
        ledger.record("one")


RUSH = """
import ledger, sys
won = [key for key in range(100) if ledger.record_once(key)]
for _ in range(10):
    ledger.record("rush")
print(*won)
"""


def test_processes_that_rush_for_the_same_keys_win_each_once(tmp_path: Path) -> None:
    (tmp_path / "rush.py").write_text(RUSH)
    shutil.copy(ledger.__file__, tmp_path)
    started = [
        subprocess.Popen([sys.executable, "rush.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    won = sorted(int(key) for each in started for key in each.communicate(timeout=PATIENCE)[0].split())
    assert won == list(range(100))
    assert outside(tmp_path, "ledger.py").count("  rush  ") == 40


# -- beside a broker -----------------------------------------------------------------------------------------

PRODUCER = """
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("tasks")
for number in range(3):
    channel.basic_publish("", "tasks", f"task {number}")
connection.close()
"""
WORKER = """
import time
import pika
import ledger
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("tasks")
channel.basic_qos(prefetch_count=1)
def work(channel, method, properties, body):
    time.sleep(1)
    ledger.{record}(body, "done")
    time.sleep(0.5)
    channel.basic_ack(method.delivery_tag)
channel.basic_consume("tasks", work)
channel.start_consuming()
"""


@pytest.mark.parametrize(("record", "first_task"), [("record", 2), ("record_once", 1)])
def test_a_crash_between_effect_and_acknowledgement_beside_a_broker(record: str, first_task: int) -> None:
    """The effect of task 0 is there when its worker dies; another does the task again."""
    result = mq.run_programs(
        {
            "producer": mq.program("producer", PRODUCER),
            "worker": mq.program("worker", WORKER.format(record=record)),
        },
        count={"worker": 2},
        faults=[{"crash": "worker-1", "at": 1.2}],
    )
    recorded = [entry.key for entry in result.ledger]
    assert {key: recorded.count(key) for key in recorded} == {"task 0": first_task, "task 1": 1, "task 2": 1}
    assert result.ledger[0].who == "worker-1"
    assert all(entry.value == "done" and entry.t > 1 for entry in result.ledger)


def test_a_worker_cut_off_from_the_broker_still_reaches_the_ledger() -> None:
    source = "import time, ledger\ntime.sleep(1)\nledger.record('alone')\nprint('recorded')\n"
    result = mq.run_programs(
        {"worker": mq.program("worker", source)},
        faults=[{"partition": ["worker-1", "broker"], "at": 0.5, "for": 10}],
    )
    (line,) = [line for line in result.lines if line.stream == "stdout"]
    assert line.text == "recorded"
    assert line.t < 1.1


# -- the service and the file against a plain list -----------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "task-1"])
VALUES = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.booleans(), max_size=2)
REQUESTS = st.lists(
    st.tuples(st.sampled_from(["record", "record_once", "seen", "entries"]), KEYS, VALUES), max_size=25
)


def told(requests: list[tuple[str, str, Any]], ask: Callable[[dict[str, Any]], Any]) -> list[Any]:
    """What a ledger answers, without times and names."""
    answers = []
    for do, key, value in requests:
        answer = ask({"do": do, "key": key, "value": value})
        answers.append([tuple(each[2:]) for each in answer] if do == "entries" else bool(answer))
    return answers


def expected(requests: list[tuple[str, str, Any]]) -> list[Any]:
    """What a list of pairs says."""
    held: list[tuple[str, Any]] = []
    answers: list[Any] = []
    for do, key, value in requests:
        there = key in [each for each, _ in held]
        if do == "entries":
            answers.append(list(held))
        elif do == "seen":
            answers.append(there)
        else:
            write = do == "record" or not there
            answers.append(write)
            if write:
                held.append((key, value))
    return answers


@given(REQUESTS)
def test_the_service_is_a_list(requests: list[tuple[str, str, Any]]) -> None:
    made = Ledger(lambda: 0.0)
    assert told(requests, lambda request: made.answer("who", request)) == expected(requests)


def test_the_file_is_a_list(tmp_path: Path) -> None:
    count = 0

    @given(REQUESTS)
    def check(requests: list[tuple[str, str, Any]]) -> None:
        nonlocal count
        count += 1
        made = ledger._File(str(tmp_path / f"{count}.db"))
        assert told(requests, made.ask) == expected(requests)

    check()


# -- clients that are none of ours ---------------------------------------------------------------------------


class Line:
    """The service's handle of a client."""

    client_name = "stranger"

    def __init__(self) -> None:
        self.sent = b""
        self.torn = False

    def send(self, data: bytes) -> None:
        self.sent += data

    def reset(self) -> None:
        self.torn = True


@pytest.mark.parametrize(
    "request_line",
    [
        b"",
        b"rubbish",
        b"[]",
        b"\xff\xfe",
        b'{"do": "record"}',
        b'{"do": "record", "key": 1}',
        b'{"do": "burn", "key": "a"}',
        b"[" * 100_000,
    ],
)
def test_a_bad_request_gets_a_sentence_and_records_nothing(request_line: bytes) -> None:
    made = Ledger(lambda: 0.0)
    line: Any = Line()
    peer = made(line)
    peer.data_received(request_line + b"\n" + b'{"do": "record", "key": "good"}\n')
    first, second = line.sent.splitlines()
    assert json.loads(first)["error"]
    assert json.loads(second) == {"is": True}
    assert [each.key for each in made.entries] == ["good"]


def test_a_request_may_come_in_pieces() -> None:
    made = Ledger(lambda: 0.0)
    line: Any = Line()
    peer = made(line)
    for byte in b'{"do": "record", "key": "\xc3\xa9"}\n':
        assert line.sent == b""
        peer.data_received(bytes([byte]))
    assert [each.key for each in made.entries] == ["é"]


def test_a_line_without_an_end_is_not_kept() -> None:
    made = Ledger(lambda: 0.0)
    line: Any = Line()
    peer = made(line)
    peer.data_received(b"x" * LONGEST)
    assert not line.torn
    peer.data_received(b"x")
    assert line.torn


def test_programs_and_the_service_agree_where_it_is() -> None:
    world = World()
    world.add("import os\nprint(os.environ['MQSIM_LEDGER'])\n")
    host, port = ledger_service.ADDRESS
    assert world.run()[0].split()[2] == f"tcp://{host}:{port}"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("float('nan')", "NaN is none"),
        ("float('inf')", "Infinity is none"),
        ("[-float('inf')]", "-Infinity is none"),
        ("'\\ud800'", "no half of one (a surrogate)"),
        ("{'\\udfff': 1}", "no half of one (a surrogate)"),
        ("'x' * 70_000", "at most 65536 bytes"),
    ],
)
def test_what_is_no_plain_json_is_refused_and_the_program_told(value: str, says: str) -> None:
    world = World()
    source = f"""
    import ledger
    try:
        ledger.record("a", {value})
    except ledger.LedgerError as error:
        print(error)
    ledger.record("b")
    """
    world.add(source)
    printed = world.run()
    assert any(says in line for line in printed), printed
    assert [entry.key for entry in world.ledger.entries] == ["b"]


@pytest.mark.parametrize(
    "line", [b'{"do": "record", "key": "a", "key": "b"}', b'{"do": "record", "key": "a", "value": 1e999}']
)
def test_a_key_twice_and_a_number_without_bounds_are_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="the ledger takes"):
        ledger_service.plain_request(line)


def test_a_ledger_that_is_out_of_order_breaks_connections_and_keeps_what_it_has() -> None:
    world = World()
    source = """
    import time, ledger
    ledger.record("before")
    time.sleep(2)
    for attempt in range(5):
        try:
            ledger.record("after")
            break
        except ledger.LedgerError:
            print("away at", round(time.time() % 86400, 1))
            time.sleep(1)
    """
    world.add(source)
    world.stage.clock.call_at(1.0, lambda _: world.ledger.fail(), priority=0)
    world.stage.clock.call_at(3.5, lambda _: world.ledger.recover(), priority=0)
    printed = world.run()
    assert [entry.key for entry in world.ledger.entries] == ["before", "after"]
    assert sum("away at" in line for line in printed) == 2
