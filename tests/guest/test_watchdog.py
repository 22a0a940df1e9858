"""Programs that never wait: they are charged virtual time, or ended by the wall clock and named."""

from __future__ import annotations

import re
import signal
import time
from textwrap import dedent

import pytest

from mqsim.guest.carriers.carrier import CarrierFactory
from mqsim.guest.carriers.in_process import InProcess
from mqsim.guest.carriers.watchdog import watching
from tests.guest.stage import Stage, play


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
    began = time.perf_counter()
    lines = play(carry, source)
    assert time.perf_counter() - began < 5
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
    stage.add(stage.program(ENDLESS, "stuck", wall_limit=0.3))
    stage.add(stage.program("import time\ntime.sleep(5)\nprint('fine')", "fine"))
    lines = [line[14:] for line in stage.run()]
    assert lines[:2] == ["stuck       before", "stuck       then"]
    ended = r"stuck       \* 137 9 ended after 0\.3 s of real time without blocking"
    assert re.fullmatch(ended + r" \(stuck\.py, line (7|8|9|10|11)\)", lines[2])
    assert lines[3:] == ["fine        fine", "fine        * 0 0"]


def test_a_thread_that_never_blocks(carry: CarrierFactory) -> None:
    source = "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()\n"
    [line] = play(carry, source, wall_limit=0.3)
    assert line.endswith("* 137 9 ended after 0.3 s of real time without blocking (student.py, line 3)")


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
for start in (lambda: __import__("multiprocessing"), os.fork):
    try:
        start()
    except (ImportError, OSError) as error:
        print(error)
from concurrent.futures import ProcessPoolExecutor
"""
    texts = [line[26:] for line in play(carry, source)]
    assert texts[0].startswith("a program in virtual time can't start other processes")
    assert texts[1].startswith("os.fork can't be used in virtual time")
    assert texts[-2] == f"! ImportError: {texts[0]}"
