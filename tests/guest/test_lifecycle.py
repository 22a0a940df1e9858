"""What the world does to a process: signals, death, standing still, slowness, broken connections."""

from __future__ import annotations

import signal
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from mqsim.errors import SimulationError
from mqsim.guest.host.process import Ending
from tests.guest.stage import Orders, Stage

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory


def staged(
    carry: CarrierFactory, source: str, *acts: tuple[float, str, Any], until: float = 100.0
) -> list[str]:
    """Play a program, with methods of its process called at times; lines are `time text`."""
    stage = Stage(carry)
    guest = stage.add(stage.program(dedent(source).lstrip()))
    for time, method, argument in acts:
        stage.at(time, getattr(guest, method), *(() if argument is None else (argument,)))
    lines = [line.split(maxsplit=2) for line in stage.run(until)]
    return [f"{float(time):g} {text}" for time, _, text in lines]


STUBBORN = """
import atexit, time
class Tale:
    def __del__(self):
        print("never: __del__")
tale = Tale()
atexit.register(print, "never: atexit")
try:
    print("whole line")
    print("half a line", end="")
    time.sleep(10)
finally:
    print("never: finally")
"""


def test_kill_runs_nothing_more_and_takes_the_half_line_along(carry: CarrierFactory) -> None:
    assert staged(carry, STUBBORN, (3.0, "kill", None)) == ["0 whole line", "3 * 137 9 killed"]


def test_nothing_runs_later_either(carry: CarrierFactory, capfd: pytest.CaptureFixture[str]) -> None:
    import gc

    staged(carry, STUBBORN, (3.0, "kill", None))
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_a_second_kill_does_nothing(carry: CarrierFactory) -> None:
    assert staged(carry, STUBBORN, (3.0, "kill", None), (4.0, "kill", None))[-1] == "3 * 137 9 killed"


@pytest.mark.parametrize(
    ("number", "ending"),
    [(signal.SIGTERM, "143 15"), (signal.SIGKILL, "137 9 killed"), (signal.SIGHUP, "129 1")],
)
def test_a_fatal_signal_unwinds_nothing(carry: CarrierFactory, number: int, ending: str) -> None:
    assert staged(carry, STUBBORN, (3.0, "signal", number))[-1] == f"3 * {ending}"


def test_ctrl_c_unwinds(carry: CarrierFactory) -> None:
    lines = staged(
        carry,
        """
        import time
        try:
            time.sleep(10)
        finally:
            print("tidy")
        """,
        (3.0, "interrupt", None),
    )
    assert lines == [
        "3 tidy",
        "3 ! Traceback (most recent call last):",
        '3 !   File "student.py", line 3, in <module>',
        "3 !     time.sleep(10)",
        "3 ! KeyboardInterrupt",
        "3 * 130 2",
    ]


def test_a_handler_that_returns_lets_the_sleep_go_on(carry: CarrierFactory) -> None:
    lines = staged(
        carry,
        """
        import signal, time
        def stop(number, frame):
            print("asked to stop")
            time.sleep(1)
            print("thought about it")
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(10)
        print("slept")
        """,
        (3.0, "signal", signal.SIGTERM),
        (5.0, "interrupt", None),
    )
    assert lines == ["3 asked to stop", "4 thought about it", "10 slept", "10 * 0 0"]


def test_a_hung_process_stands_still(carry: CarrierFactory) -> None:
    lines = staged(
        carry,
        "import time\nfor n in range(3):\n    time.sleep(1)\n    print(n, time.monotonic())\n",
        (1.5, "hang", None),
        (7.0, "restore", None),
    )
    assert lines == ["1 0 1001.0", "7 1 1007.0", "8 2 1008.0", "8 * 0 0"]


def test_a_slow_process_sleeps_longer(carry: CarrierFactory) -> None:
    lines = staged(
        carry,
        "import time\nfor n in range(3):\n    time.sleep(2)\n    print(n)\n",
        (1.0, "slow", 3.0),
        (7.0, "slow", 1.0),
    )
    # A second of the first sleep remains at 1 and takes 3; half of the second remains at 7 and takes 1.
    assert lines == ["4 0", "8 1", "10 2", "10 * 0 0"]


CLIENT = """
import socket, time
connection = socket.create_connection(("broker", 9))
print(connection.recv(100))
try:
    print(connection.recv(100))
except OSError as error:
    print(error)
time.sleep(1)
"""


class Told(Orders):
    ends: list[float]
    stage: Stage

    def closed(self) -> None:
        self.ends.append(round(self.stage.clock.now, 6))


@pytest.mark.parametrize(
    ("method", "heard", "last"),
    [
        ("kill", [5.001], "5 * 137 9 killed"),
        ("power_off", [], "5 * 137 9 powered off"),
        ("drop_connections", [5.0], "6 * 0 0"),
    ],
)
def test_what_the_service_hears(carry: CarrierFactory, method: str, heard: list[float], last: str) -> None:
    stage = Stage(carry, 0.001, {("broker", 9): Told})
    Told.ends, Told.stage = [], stage
    guest = stage.add(stage.program(CLIENT))
    stage.at(5.0, getattr(guest, method))
    lines = [line.split(maxsplit=2) for line in stage.run(50)]
    assert f"{float(lines[-1][0]):g} {lines[-1][2]}" == last
    assert heard == Told.ends
    assert (lines[1][2] == "[Errno 104] Connection reset by peer") is (method == "drop_connections")


def test_what_is_sent_to_a_dark_machine_is_not_answered(carry: CarrierFactory) -> None:
    stage = Stage(carry, 0.001, {("broker", 9): Told})
    Told.ends, Told.stage = [], stage
    guest = stage.add(stage.program(CLIENT))

    def send_after(method: str) -> None:
        connection = next(iter(guest.connections.values()))
        getattr(guest, method)()
        connection.send(b"anybody there?")

    stage.at(5.0, send_after, "power_off")
    stage.run(50)
    assert Told.ends == []


def test_a_process_begins_once(carry: CarrierFactory) -> None:
    stage = Stage(carry)
    guest = stage.add(stage.program("print(1)"))
    stage.run()
    assert guest.ending == Ending(0, 0, "")
    with pytest.raises(SimulationError, match="student has been started before"):
        guest.begin()


def test_where_it_waits(carry: CarrierFactory) -> None:
    stage = Stage(carry)
    guest = stage.add(
        stage.program(
            "import threading, time\nthreading.Thread(target=time.sleep, args=(5,)).start()\ntime.sleep(3)\n"
        )
    )
    seen: list[str] = []
    stage.at(1.0, lambda: seen.extend(guest.where().split("\n")))
    stage.run()
    assert seen == ["MainThread: student.py, line 3", "Thread-1 (sleep): not in the program's own files"]


def test_whether_it_sleeps_or_listens(carry: CarrierFactory) -> None:
    stage = Stage(carry)
    sleeper = stage.add(stage.program("import time\ntime.sleep(3)", "sleeper"))
    listener = stage.add(
        stage.program("import select, socket\nselect.select([socket.socketpair()[0]], [], [])", "listener")
    )
    patient = stage.add(
        stage.program("import select, socket\nselect.select([socket.socketpair()[0]], [], [], 3)", "patient")
    )
    seen: list[tuple[bool, bool, bool]] = []
    stage.at(1.0, lambda: seen.append((sleeper.sleeping, listener.sleeping, patient.sleeping)))
    stage.run()
    assert seen == [(True, False, True)]
    assert not sleeper.running


def test_many_deadlines_that_are_overtaken_leave_few_events(carry: CarrierFactory) -> None:
    stage = Stage(carry)
    source = """
import socket, select
s = socket.create_connection(("localhost", 7))
for n in range(500):
    s.send(b"x")
    select.select([s], [], [], 60)
    s.recv(10)
print("done")
"""
    guest = stage.add(stage.program(source))
    most = [0]
    stage.at(0.4, lambda: most.append(len(stage.clock._queue)))
    lines = stage.run(1)
    assert "done" in lines[-2]
    assert guest.resumed > 500
    assert max(most) < 10


def test_a_program_that_came_to_its_end_leaves_nothing_behind() -> None:
    import gc

    from mqsim.guest.carriers.in_process import InProcess
    from mqsim.guest.kernel.runtime import Runtime

    def alive() -> int:
        gc.collect()
        return sum(isinstance(each, Runtime) for each in gc.get_objects())

    before = alive()
    refused = "import pika\npika.BlockingConnection(pika.ConnectionParameters('localhost'))"
    threaded = "import threading\nthreading.Thread(target=len, args=((),)).start()"
    for source in (threaded, refused, refused, refused, "1 / 0", "raise SystemExit"):
        staged(InProcess, source)
    assert alive() == before
    staged(InProcess, "import os\nos._exit(0)")
    assert alive() == before + 1


def test_no_sleep_ends_early(carry: CarrierFactory) -> None:
    source = """
import threading, time
time.sleep(0.0001)
for pause in (0.005, 0.1, 0.3, 1 / 3, 0.7, 1e-9, 2.0):
    for wait in (time.sleep, threading.Event().wait):
        began = time.monotonic()
        wait(pause)
        elapsed = time.monotonic() - began
        if not pause <= elapsed < pause + 2e-6:
            print(pause, elapsed)
"""
    assert staged(carry, source)[0].endswith("* 0 0")


def test_a_lock_goes_to_the_next_when_the_first_in_the_queue_is_interrupted(carry: CarrierFactory) -> None:
    source = """
import os, signal, threading, time
lock = threading.Lock()
def hold():
    with lock:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGINT)
def queue_up():
    time.sleep(0.5)
    with lock:
        print("second")
threading.Thread(target=hold).start()
threading.Thread(target=queue_up).start()
try:
    lock.acquire()
except KeyboardInterrupt:
    print("interrupted")
"""
    assert staged(carry, source) == ["1 interrupted", "1 second", "1 * 0 0"]


def test_a_busy_program_is_charged_for_many_calls_at_once(carry: CarrierFactory) -> None:
    """Beyond 10,000 calls time passes, but the world is not asked after each of them."""
    source = """
import socket, time
s = socket.create_connection(("localhost", 7))
for n in range(20_000):
    s.send(b"x")
print(round(time.monotonic() - 1000, 1))
"""
    stage = Stage(carry)
    guest = stage.add(stage.program(source))
    (line, _) = stage.run()
    assert guest.resumed < 400
    # Call 10,000 + n takes 2^(n // 1024) ticks of 2^-20 s, but at most 64.
    charged = sum(1 << min(n // 1024, 6) for n in range(10_000)) / 2**20
    assert float(line.split()[-1]) == pytest.approx(charged, abs=0.06)
