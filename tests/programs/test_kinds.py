"""Kinds of programs that people write, each with what it shows on a real RabbitMQ."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mqsim as mq
from mqsim.api.magic import program
from mqsim.cli.exec import DOWN
from mqsim.errors import UsageError

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory

RECORDINGS = Path(__file__).parents[1] / "conformance" / "recordings"
CONNECT = """
import logging, signal, sys, threading, time
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("q")
"""


def lines(
    text: str, carry: CarrierFactory | None = None, connect: bool = True, **options: Any
) -> list[tuple[float, str]]:
    """What one program printed, and what happened to it."""
    source = (CONNECT if connect else "") + text
    result = mq.run_programs({"p": program("p", source)}, carry=carry, **options)
    return [(line.t, line.text) for line in result.lines]


# -- spinning ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "burn",
    [
        "while time.time() < end: pass",
        "while time.time() < end: spins = spins + 1 if spins < 9 else 0",
        "while end - time.time() > 0: time.sleep(0)",
    ],
)
def test_work_that_burns_its_time(burn: str, carry: CarrierFactory) -> None:
    text = f"""
def work(channel, method, properties, body):
    end, spins = time.time() + 2, 0
    {burn}
    print("finished", body.decode())
    channel.basic_ack(method.delivery_tag)
for n in (1, 2, 3):
    channel.basic_publish("", "q", str(n))
channel.basic_qos(prefetch_count=1)
channel.basic_consume("q", work)
channel.start_consuming()
"""
    found = lines(text, carry)
    assert [text for _, text in found[:3]] == ["finished 1", "finished 2", "finished 3"]
    assert [t for t, _ in found[:3]] == pytest.approx([2, 4, 6], abs=0.05)
    assert "waits in p.py" in found[3][1]


def test_polling_for_an_answer_sees_it_come(carry: CarrierFactory) -> None:
    server = (
        CONNECT
        + """
def answer(channel, method, properties, body):
    time.sleep(3)
    channel.basic_publish("", properties.reply_to, body[::-1])
    channel.basic_ack(method.delivery_tag)
channel.basic_consume("q", answer)
channel.start_consuming()
"""
    )
    client = (
        CONNECT
        + """
back = channel.queue_declare("", exclusive=True).method.queue
got = []
channel.basic_consume(back, lambda *all: got.append(all[-1]), auto_ack=True)
channel.basic_publish("", "q", "abc", pika.BasicProperties(reply_to=back))
while not got:
    connection.process_data_events()
print(got)
connection.close()
"""
    )
    programs = {"server": program("server", server), "client": program("client", client)}
    result = mq.run_programs(programs, carry=carry)
    (line,) = (line for line in result.lines if line.stream == "stdout")
    assert line.text == "[b'cba']"
    assert line.t == pytest.approx(3.01, abs=0.02)
    assert result.programs[1].status == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("import time\nwhile True:\n    time.sleep(1e-6)\n", "p.py, line 3"),
        ("while True:\n    print('again')\n", "p.py, line 2"),
    ],
)
def test_what_never_ends_is_ended_and_named(text: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mqsim.guest.kernel.runtime.STEPS", 20_000)
    programs = {
        "p": program("p", text),
        "other": program("other", "import time\ntime.sleep(9)\nprint('fine')"),
    }
    result = mq.run_programs(programs)
    (ended,) = (line.text for line in result.lines if line.who == "p-1" and line.stream == "event")
    assert ended == f"is ended after 20,000 steps: it sends, prints or wakes up without an end ({place})"
    assert [line.text for line in result.lines if line.who == "other-1"] == ["fine", "exits with status 0"]


def test_a_program_that_spins_for_ever_is_left_at_the_end() -> None:
    found = lines("import time\nwhile True:\n    time.time()\n", connect=False)
    assert found == [(86_400.0, "sleeps in p.py, line 3")]


@pytest.mark.parametrize(
    ("begin", "poll"),
    [
        ("begin(event.set)", "while not event.is_set(): pass"),
        ("thread = begin(int)", "while thread.is_alive(): pass"),
        ("begin(lambda: jobs.put(1))", "while jobs.empty(): pass"),
        ("begin(lambda: jobs.put(1))", "while not jobs.qsize(): pass"),
        ("future = pool.submit(time.sleep, 1.5)", "while not future.done(): pass"),
    ],
)
def test_a_thread_that_polls_another_lets_it_work(begin: str, poll: str, carry: CarrierFactory) -> None:
    text = f"""
import queue, threading, time
from concurrent.futures import ThreadPoolExecutor
event, jobs, pool = threading.Event(), queue.Queue(), ThreadPoolExecutor(1)
def begin(then):
    def work():
        time.sleep(1.5)
        then()
    thread = threading.Thread(target=work)
    thread.start()
    return thread
{begin}
{poll}
print("seen")
"""
    (t, said), _ = lines(text, carry, connect=False)
    assert said == "seen"
    assert 1.5 <= t < 1.51


def test_a_program_that_logs_its_traceback_prints_the_same_twice(tmp_path: Path) -> None:
    """It names the file that it runs from, which is a copy; and what `__file__` says."""
    (tmp_path / "worker.py").write_text(
        "import logging\nprint(__file__)\nlogging.exception('bad')\nint('x')\n"
    )
    first, second = (mq.run_programs({"worker": str(tmp_path / "worker.py")}).transcript() for _ in range(2))
    assert first == second


# -- clocks --------------------------------------------------------------------------------------------------


def test_a_clock_is_no_method_where_it_is_an_attribute_of_a_class(carry: CarrierFactory) -> None:
    text = """
import time, datetime
class Timer:
    clock = time.monotonic
    pause = time.sleep
    wall = time.localtime
timer = Timer()
began = timer.clock()
timer.pause(2)
print(timer.clock() - began, timer.wall(0).tm_year)
"""
    assert lines(text, carry, connect=False)[0] == (2.0, "2.0 1970")


def test_log_lines_with_the_time(carry: CarrierFactory) -> None:
    text = """
import logging, sys, time
logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stdout)
time.sleep(1.5)
logging.warning("now")
"""
    assert lines(text, carry, connect=False)[0][1] == "2026-01-01 00:00:01,500 now"


def test_logging_by_a_dictionary_and_into_a_file(
    carry: CarrierFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = """
import logging.config, time
logging.config.dictConfig({
    "version": 1,
    "formatters": {"f": {"format": "%(asctime)s %(message)s", "datefmt": "%H:%M:%S"}},
    "handlers": {
        "file": {"class": "logging.FileHandler", "filename": "out.log", "formatter": "f"},
        "out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "f"},
    },
    "root": {"handlers": ["file", "out"], "level": "INFO"},
})
time.sleep(61)
logging.info("later")
logging.shutdown()
with open("out.log") as file:
    print(file.read().strip())
"""
    assert [text for _, text in lines(text, carry, connect=False)[:2]] == ["00:01:01 later"] * 2


# -- signals -------------------------------------------------------------------------------------------------

HANDLER = """
def stop(number, frame):
    print("stopping", signal.Signals(number).name)
    {act}
running = True
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
channel.basic_consume("q", lambda *_: None, auto_ack=True, consumer_tag="mine")
{loop}
print("stopped")
connection.close()
"""


@pytest.mark.parametrize("fault", ["stop", "terminate"])
@pytest.mark.parametrize(
    ("act", "loop", "by"),
    [
        ("channel.basic_cancel('mine')", "channel.start_consuming()", 5.0),
        ("channel.stop_consuming()", "channel.start_consuming()", 5.0),
        ("connection.add_callback_threadsafe(channel.stop_consuming)", "channel.start_consuming()", 0.0),
        ("global running; running = False", "while running: connection.process_data_events(1)", 1.0),
        ("sys.exit(0)", "try: channel.start_consuming()\nfinally: pass", 0.0),
    ],
)
def test_handlers_of_signals_that_end_a_consumer(
    fault: str, act: str, loop: str, by: float, carry: CarrierFactory
) -> None:
    found = lines(HANDLER.format(act=act, loop=loop), carry, faults=[{fault: "p-1", "at": 3}])
    assert found[0] == (3, "gets Ctrl-C" if fault == "stop" else "gets SIGTERM")
    assert found[1] == (3, "stopping SIGINT" if fault == "stop" else "stopping SIGTERM")
    assert found[-1][1] == "exits with status 0"
    assert found[-1][0] <= 3.1 + by


def test_sigterm_ends_a_program_that_does_not_handle_it(carry: CarrierFactory) -> None:
    found = lines("import time\ntime.sleep(99)", carry, connect=False, faults=[{"terminate": "p", "at": 3}])
    assert found == [(3, "gets SIGTERM"), (3, "is ended by signal 15")]


def test_who_does_not_listen_is_killed_after_the_grace(carry: CarrierFactory) -> None:
    text = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(99)"
    found = lines(text, carry, connect=False, faults=[{"terminate": "p", "at": 3}])
    assert found == [(3, "gets SIGTERM"), (13, "is killed")]
    found = lines(text, carry, connect=False, faults=[{"terminate": "p", "at": 3, "grace": 2}])
    assert found[-1] == (5, "is killed")


def test_an_asyncio_service_that_ends_in_order(carry: CarrierFactory) -> None:
    text = """
import asyncio, signal
async def main():
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    print("in order")
asyncio.run(main())
"""
    for fault in ("stop", "terminate"):
        found = lines(text, carry, connect=False, faults=[{fault: "p", "at": 3}])
        assert found[1:] == [(3, "in order"), (3, "exits with status 0")]


# -- files ---------------------------------------------------------------------------------------------------


def test_what_a_program_writes_and_deletes_is_in_its_own_copy(tmp_path: Path, carry: CarrierFactory) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    text = """
import os, sqlite3
from pathlib import Path
here = Path(__file__).parent
os.remove(here / "precious.txt")
(here / "new.txt").write_text("x")
database = sqlite3.connect(here / "done.db")
database.execute("create table done (id)")
database.close()
print(sorted(os.listdir(here)))
"""
    file = tmp_path / "p.py"
    file.write_text(text)
    result = mq.run_programs({"p": file}, carry=carry)
    assert result.lines[0].text == "['done.db', 'new.txt', 'p.py']"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.py", "precious.txt"]
    assert (tmp_path / "precious.txt").read_text() == "mine"


@pytest.mark.parametrize("text", [b"\xff\xfe\x00 no text", b"# coding: nonsense\n"])
def test_a_source_that_is_no_text_gets_a_sentence(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "p.py"
    file.write_bytes(text)
    with pytest.raises(UsageError, match=re.escape(f"{file}: the program is no Python text: ")):
        mq.run_programs({"p": file})


def test_a_source_with_a_zero_byte_is_the_programs_own_failure(tmp_path: Path, carry: CarrierFactory) -> None:
    (tmp_path / "p.py").write_bytes(b"x = '\x00'\n")
    result = mq.run_programs({"p": tmp_path / "p.py"}, carry=carry)
    assert result.programs[0].status == 1
    assert "Error" in result.lines[-2].text


def test_recursion_without_an_end(carry: CarrierFactory) -> None:
    other = program("other", "import time\ntime.sleep(2)\nprint('fine')")
    deep = program("deep", "def f(n):\n    return f(n + 1)\nf(0)\n")
    result = mq.run_programs({"deep": deep, "other": other}, carry=carry)
    (said,) = (line.text for line in result.lines if "RecursionError" in line.text)
    assert said.startswith("RecursionError: maximum recursion depth exceeded")
    assert [line.text for line in result.lines if line.who == "other-1"] == ["fine", "exits with status 0"]


ALARMS = {
    """
def late(*_): raise TimeoutError("too long")
signal.signal(signal.SIGALRM, late)
signal.alarm(2)
try: time.sleep(10)
except TimeoutError as error: print(error)
signal.alarm(5)
signal.alarm(0)
connection.close()
""": [(2.0, "too long"), (2.0, "exits with status 0")],
    """
ticks = []
def tick(*_):
    ticks.append(round(time.monotonic() - 1000 - began, 3))
    if len(ticks) == 3:
        print(ticks, signal.setitimer(signal.ITIMER_REAL, 0))
signal.signal(signal.SIGALRM, tick)
began = time.monotonic() - 1000
signal.setitimer(signal.ITIMER_REAL, 0.5, 1)
time.sleep(9)
""": [(2.5, "[0.5, 1.5, 2.5] (1.0, 1)"), (9.0, "exits with status 0")],
    """
print(signal.alarm(9), signal.alarm(1))
time.sleep(5)
""": [(0.0, "0 9"), (1.0, "is ended by signal 14")],
}


@pytest.mark.parametrize("text", ALARMS)
def test_alarms_ring_in_virtual_time(text: str, carry: CarrierFactory) -> None:
    found = lines(text, carry)
    assert [(round(t, 1), said) for t, said in found] == [
        (round(t + 0.006, 1), said) for t, said in ALARMS[text]
    ]


def test_an_alarm_that_was_taken_back_keeps_nobody_waiting(carry: CarrierFactory) -> None:
    """The run ends as the program waits for messages alone; at 9 s nothing happens."""
    text = """
signal.alarm(9)
signal.alarm(0)
channel.basic_consume("q", print)
channel.start_consuming()
"""
    ((t, said),) = lines(text, carry)
    assert "waits in" in said
    assert t < 0.1


# -- a broker that dies --------------------------------------------------------------------------------------

STREAM = """
channel.queue_declare("stream", durable=True)
{mode}
sent = 0
try:
    while sent < 100:
        channel.basic_publish("", "stream", str(sent), pika.BasicProperties(delivery_mode={delivery_mode}))
        {each}
        sent += 1
        time.sleep({pause})
    time.sleep(9)
except pika.exceptions.AMQPError:
    pass
time.sleep(9)
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
found = connection.channel().queue_declare("stream", durable=True, passive=True).method.message_count
print(sent, found)
"""

RESTED = """
channel.queue_declare("rested", durable=True)
time.sleep(8 - {rest} - (time.monotonic() - 1000))
for n in range(50):
    channel.basic_publish("", "rested", str(n), pika.BasicProperties(delivery_mode={mode}))
try:
    connection.process_data_events({rest} + 1)
except pika.exceptions.AMQPError:
    time.sleep(5)
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
print("there:", connection.channel().queue_declare("rested", durable=True, passive=True).method.message_count)
"""


def test_a_queue_writes_after_the_rest_that_rabbitmq_showed() -> None:
    """Fifty messages without confirms, a rest, SIGKILL; the counts were recorded from RabbitMQ."""
    recorded = json.loads((RECORDINGS / "crash-3.10.json").read_text(encoding="utf-8"))
    rounds = recorded["there after SIGKILL, by seconds of rest"]
    assert all(each == rounds[0] for each in rounds)
    for mode, counts in rounds[0].items():
        for rest, there in counts.items():
            found = lines(
                RESTED.format(mode=2 if mode == "persistent" else 1, rest=rest),
                faults=[{"kill": "broker", "at": 8.001, "down": 3}],
            )
            assert [text for _, text in found if text.startswith("there")] == [f"there: {there}"], (
                mode,
                rest,
            )


def test_the_usual_time_away_is_one_that_rabbitmq_took() -> None:
    recorded = json.loads((RECORDINGS / "crash-3.10.json").read_text(encoding="utf-8"))
    times = recorded["seconds away after an orderly stop"]
    assert min(times) <= DOWN <= max(times)


@pytest.mark.parametrize(
    ("mode", "each", "delivery_mode", "pause", "all_there"),
    [
        ("pass", "pass", 2, 0.05, False),
        ("channel.confirm_delivery()", "pass", 2, 0.05, True),
        ("channel.tx_select()", "channel.tx_commit()", 2, 0.05, True),
        ("channel.confirm_delivery()", "pass", 1, 0.05, False),
        ("pass", "pass", 2, 1.5, True),
    ],
)
def test_what_a_killed_broker_had_not_written_is_lost(
    mode: str, each: str, delivery_mode: int, pause: float, all_there: bool
) -> None:
    text = STREAM.format(mode=mode, each=each, delivery_mode=delivery_mode, pause=pause)
    found = lines(text, faults=[{"kill": "broker", "at": 2.9, "down": 3}])
    sent, there = map(int, next(text for _, text in found if text[:1].isdigit()).split())
    assert sent >= 2
    if all_there:
        # What was on its way at that moment was counted, or not.
        assert sent - 1 <= there <= sent
    else:
        assert there == 0
