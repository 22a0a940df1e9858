"""Programs that never wait: they are charged virtual time, or ended by their own processor time and named."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from mqsim.guest.carriers.in_process import InProcess
from mqsim.guest.carriers.watchdog import telling, watching
from mqsim.guest.kernel.operations import Exit, Write
from mqsim.guest.program import Program
from tests.guest.stage import Stage, play

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory
    from mqsim.guest.carriers.fork_server import ForkServer

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "loop",
    [
        "while time.time() < end: pass",
        "while time.perf_counter() < end - start: time.sleep(0)",
        "while time.monotonic() < end - start: select.select([a], [], [], 0)",
        "while time.monotonic() < end - start: lock.acquire(False)",
        "while datetime.datetime.now().timestamp() < end: queue.Queue().empty()",
        "while time.monotonic() < end - start: select.select([], [a], [], 0)",
        "while time.monotonic() < end - start: poll.poll(0)",
    ],
)
def test_a_busy_loop_advances_virtual_time(carry: CarrierFactory, loop: str) -> None:
    source = f"""
import datetime, queue, select, socket, threading, time
a, b = socket.socketpair()
lock = threading.Lock()
lock.acquire()
poll = select.poll()
poll.register(a, select.POLLIN)
start = {1767225600 - 1000}
end = {1767225600} + 2
def other():
    time.sleep(1)
    print("other")
threading.Thread(target=other).start()
{loop}
print("done")
"""
    lines = play(carry, source)
    assert [line.split()[2] for line in lines] == ["other", "done", "*"]
    assert 0.99 < float(lines[0].split()[0]) < 1.05
    assert 1.99 < float(lines[1].split()[0]) < 2.05


def test_a_loop_that_only_prints_advances_virtual_time(carry: CarrierFactory) -> None:
    lines = play(carry, "while True:\n    print('x')\n", until=0.5)
    assert 10_000 < len(lines) < 200_000
    assert lines[9_000].split()[0] == "0.000000"
    assert lines[-1].split()[0] == "0.500000"


def test_a_burst_is_free(carry: CarrierFactory) -> None:
    source = """
import logging, socket, sys
logging.basicConfig(stream=sys.stdout, level="INFO")
s = socket.create_connection(("localhost", 7))
for n in range(2000):
    s.sendall(b"message")
    logging.info("sent %d", n)
"""
    lines = play(carry, source)
    assert {line.split()[0] for line in lines} == {"0.001000"}


ENDLESS = """
import time
print("before")
try:
    time.sleep(1)
    print("then")
    while True:
        try:
            pass
        except BaseException:
            pass
finally:
    print("never")
"""


def test_a_program_that_never_blocks_is_ended_and_named_and_the_rest_goes_on(carry: CarrierFactory) -> None:
    stage = Stage(carry)
    stage.add(stage.program(ENDLESS, "stuck", cpu_limit=0.3))
    stage.add(stage.program("import time\ntime.sleep(5)\nprint('fine')", "fine"))
    lines = [line[14:] for line in stage.run()]
    assert lines[:2] == ["stuck       before", "stuck       then"]
    ended = r"stuck       \* 137 9 ended after 0\.3 s of processor time without waiting"
    assert re.fullmatch(ended + r" \(stuck\.py, line (7|8|9|10|11)\)", lines[2])
    assert lines[3:] == ["fine        fine", "fine        * 0 0"]


def test_a_thread_that_never_blocks(carry: CarrierFactory) -> None:
    source = "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()\n"
    [line] = play(carry, source, cpu_limit=0.3)
    assert line.endswith("* 137 9 ended after 0.3 s of processor time without waiting (student.py, line 3)")


BURN = """
from pathlib import Path
Path({flag!r}).touch()
n = 0
while n < {turns}:
    n += 1
print("done")
"""


def spins(seconds: float) -> int:
    """How often a loop turns in so much processor time of this machine."""
    began, n = time.thread_time(), 0
    while time.thread_time() - began < 0.2:
        for _ in range(1000):
            n += 1
    return int(n * seconds / 0.2)


def test_a_process_that_is_stopped_for_longer_than_its_limit_is_not_ended(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    flag = tmp_path / "began"
    source = BURN.format(flag=str(flag), turns=spins(0.3))
    carrier = fork_server(Program("x", source, str(tmp_path / "x.py"), cpu_limit=1.5))

    def stop() -> None:
        while not flag.exists():
            time.sleep(0.005)
        os.kill(carrier._pid, signal.SIGSTOP)
        time.sleep(4.0)
        os.kill(carrier._pid, signal.SIGCONT)

    stopper = threading.Thread(target=stop)
    stopper.start()
    operations, _ = carrier.resume(0, [])
    stopper.join()
    assert operations == [Write(1, b"done\n"), Exit(0)]


def test_a_world_that_is_stopped_for_longer_than_the_limit_goes_on(tmp_path: Path) -> None:
    flag = tmp_path / "began"
    source = BURN.format(flag=str(flag), turns=spins(0.3))
    script = (
        "from mqsim.guest.carriers.in_process import InProcess\n"
        "from tests.guest.stage import play\n"
        f"print(play(InProcess, {source!r}, cpu_limit=1.5))\n"
    )
    world = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    while not flag.exists():
        time.sleep(0.005)
    world.send_signal(signal.SIGSTOP)
    time.sleep(3.0)
    world.send_signal(signal.SIGCONT)
    said, _ = world.communicate()
    assert "student     done" in said
    assert "* 0 0" in said


def test_a_program_that_really_waits_is_ended_and_named(
    carry: CarrierFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody ever writes to the pipe that it opens."""
    monkeypatch.setattr("mqsim.guest.carriers.watchdog.REALLY_WAITS", 3)
    monkeypatch.setattr("mqsim.guest.carriers.fork_server._LOOKS", 1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    [line] = play(carry, f"open({str(pipe)!r}).read()", cpu_limit=30.0)
    assert "* 137 9 ended as it really waits, for something that is not in the simulation" in line


def test_a_reader_is_told_of_a_program_that_computes_before_it_is_ended(
    carry: CarrierFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mqsim.guest.carriers.watchdog.BUSY", 0.2)
    monkeypatch.setattr("mqsim.guest.carriers.fork_server.BUSY", 0.2)
    monkeypatch.setattr("mqsim.guest.carriers.fork_server._LOOK_EVERY", 0.1)
    told: list[str] = []
    with telling(told.append):
        play(carry, "while True: pass", cpu_limit=1.0)
    (sentence,) = told
    assert sentence.startswith("student computes and does not wait")
    assert sentence.endswith("is that an endless loop? It is ended after 1 s of processor time.")
    play(carry, "print('no loop')", cpu_limit=1.0)
    assert len(told) == 1


def test_a_reader_is_told_of_a_program_that_really_waits_before_it_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mqsim.guest.carriers.watchdog.REALLY_WAITS", 5)
    monkeypatch.setattr("mqsim.guest.carriers.watchdog.STILL", 2)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    told: list[str] = []
    with telling(told.append):
        play(InProcess, f"open({str(pipe)!r}).read()", cpu_limit=30.0)
    assert told == [
        "student waits for something that is not in the simulation (student.py, line 1). "
        "It is ended after 0.5 s."
    ]


def test_a_program_that_takes_all_memory_is_ended_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mqsim.guest.carriers.watchdog.MEMORY", 200 << 20)
    source = "held = []\nwhile True:\n    held.append(bytearray(1_000_000))\n    n = sum(range(20_000))\n"
    stage = Stage(InProcess)
    stage.add(stage.program(source, "bomb", cpu_limit=60.0))
    stage.add(stage.program("import time\ntime.sleep(5)\nprint('fine')", "fine"))
    lines = [line[14:] for line in stage.run()]
    assert lines[0].startswith(
        "bomb        * 137 9 ended as it takes more than 200 MB of memory (bomb.py, line "
    )
    assert lines[1:] == ["fine        fine", "fine        * 0 0"]


def test_another_alarm_survives() -> None:
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    held = signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with watching() as watched:
            assert watched
            time.sleep(0.05)
        assert not rung
        time.sleep(0.3)
        assert rung == [1]
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *held)


def test_many_programs_of_one_file(carry: CarrierFactory) -> None:
    stage = Stage(carry)
    source = dedent("import sys, time\ntime.sleep(int(sys.argv[1]))\nprint('up')\n")
    for number in range(50):
        stage.add(stage.program(source, f"w-{number}", [str(number)]))
    lines = stage.run()
    assert [line.split()[1] for line in lines if "up" in line] == [f"w-{number}" for number in range(50)]


def test_ctrl_c_at_the_keyboard_stops_the_world_and_not_a_guest() -> None:
    stage = Stage(InProcess)
    source = """
import _signal
try:
    _signal.raise_signal(2)
    print("never")
except KeyboardInterrupt:
    print("never")
"""
    guest = stage.add(stage.program(source))
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        stage.run()
    assert stage.lines == ["    0.000000  student     * 137 9 killed"]
    assert not guest.running
    assert signal.getsignal(signal.SIGINT) is before


def test_processes_are_refused(carry: CarrierFactory) -> None:
    source = """
import os
for start in (lambda: __import__("multiprocessing").Process, os.fork):
    try:
        start()
    except (ImportError, OSError) as error:
        print(error)
from concurrent.futures import ProcessPoolExecutor
"""
    texts = [line[26:] for line in play(carry, source)]
    refusal = "a program in virtual time can't start other processes; use threads, or run several programs"
    assert texts[0] == f"multiprocessing.Process: {refusal}"
    assert texts[1].startswith("os.fork can't be used in virtual time")
    assert texts[-2].startswith("! ImportError: multiprocessing")
    assert texts[-2].endswith(refusal)
