"""The wire form: there and back, and what comes from a guest that is no runtime of ours."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim.errors import UsageError
from mqsim.guest.carriers.fork_main import READY
from mqsim.guest.carriers.fork_server import ForkedCarrier, ForkServer
from mqsim.guest.carriers.wire import LENGTH, WireError, pack_answer, pack_call, unpack_answer, unpack_call
from mqsim.guest.kernel.operations import (
    Began,
    Close,
    Connect,
    Connected,
    Done,
    Dozing,
    Ended,
    Event,
    Exit,
    Finish,
    Locate,
    Located,
    Operation,
    Paced,
    Received,
    Remark,
    Reset,
    Send,
    Signalled,
    Sleeping,
    Spawned,
    Switched,
    Tried,
    UsedBy,
    Write,
)
from mqsim.guest.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

FD = st.integers(0, 2**40)
DATA = st.binary(max_size=50)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
OPERATIONS = st.one_of(
    st.builds(Connect, FD, TEXT, st.integers(0, 65535)),
    st.builds(Send, FD, DATA),
    st.builds(Finish, FD),
    st.builds(Close, FD),
    st.builds(Write, st.sampled_from((1, 2)), DATA),
    st.builds(Sleeping, st.booleans()),
    st.builds(Dozing, st.booleans()),
    st.builds(Located, TEXT),
    st.builds(Began, FD, st.integers(1, 65535), FD, st.booleans()),
    st.builds(Done, FD, st.integers(1, 65535), FD, TEXT),
    st.builds(Tried, FD, st.integers(1, 65535), FD),
    st.builds(UsedBy, FD, FD, TEXT),
    st.builds(Spawned, FD),
    st.builds(Switched, FD),
    st.builds(Remark, TEXT),
)
EVENTS = st.one_of(
    st.builds(Connected, FD, st.integers(0, 200)),
    st.builds(Received, FD, DATA),
    st.builds(Ended, FD),
    st.builds(Reset, FD),
    st.builds(Signalled, st.integers(1, 64)),
    st.builds(Paced, st.floats(0.001, 1000)),
    st.just(Locate()),
)
TIME = st.integers(0, 2**60)


@given(TIME, st.lists(OPERATIONS, max_size=5), st.none() | TIME, st.booleans())
def test_calls_go_there_and_back(
    now: int, operations: list[Operation], deadline: int | None, ends: bool
) -> None:
    sent = [*operations, Exit(3, 9, "why")] if ends else operations
    assert unpack_call(pack_call(now, sent, deadline)[LENGTH.size :]) == (sent, deadline)


@given(TIME, st.lists(EVENTS, max_size=5))
def test_answers_go_there_and_back(now: int, events: list[Event]) -> None:
    message = pack_answer(now, events)
    assert LENGTH.unpack(message[: LENGTH.size]) == (len(message) - LENGTH.size,)
    assert unpack_answer(message[LENGTH.size :]) == (now, events)


@given(st.binary(max_size=200))
def test_rubbish_is_refused_or_read(body: bytes) -> None:
    try:
        operations, _ = unpack_call(body)
    except WireError:
        return
    assert all(not isinstance(operation, Exit) for operation in operations[:-1])


@given(st.lists(OPERATIONS, min_size=1, max_size=3), st.data())
def test_a_message_cut_short_or_too_long_is_refused(operations: list[Operation], data: st.DataObject) -> None:
    body = pack_call(5, operations, None)[LENGTH.size :]
    cut = data.draw(st.integers(0, len(body) - 1))
    for wrong in (body[:cut], body + b"x"):
        with pytest.raises(WireError):
            unpack_call(wrong)


def test_a_guest_that_goes_on_after_its_end_is_refused() -> None:
    with pytest.raises(WireError, match="went on after its end"):
        unpack_call(pack_call(0, [Exit(0), Close(1)], None)[LENGTH.size :])


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (lambda: b"", "its process has died"),
        (lambda: struct.pack(">I", 2**32 - 1), "ended, as it broke the runtime's own rules"),
        (lambda: struct.pack(">I", 3) + b"abc", "ended, as it broke the runtime's own rules"),
        (lambda: struct.pack(">I", 30) + b"abc", "its process has died"),
    ],
)
def test_a_guest_that_breaks_the_rules_is_ended(reply: Callable[[], bytes], reason: str) -> None:
    ours, theirs = socket.socketpair()
    # No process has that number, so nobody is killed.
    carriage = ForkedCarrier(ours, 2**22 + 1, -1, Program("x", "", "x.py"))

    theirs.sendall(READY)

    def answer() -> None:
        theirs.recv(1000)
        theirs.sendall(reply())
        theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    assert carriage.resume(0, []) == ([Exit(137, 9, reason)], None)
    thread.join()


@pytest.mark.parametrize(
    ("said", "why"), [(b"-OSError: no room", "OSError: no room"), (b"", "its process died")]
)
def test_a_process_that_could_not_be_prepared_is_no_fault_of_its_program(said: bytes, why: str) -> None:
    ours, theirs = socket.socketpair()
    carriage = ForkedCarrier(ours, 2**22 + 1, -1, Program("x", "", "x.py"))
    theirs.sendall(said)
    theirs.close()
    with pytest.raises(UsageError, match=f"a process for x could not be prepared: {why}"):
        carriage.resume(0, [])


def test_clearing_ends_every_guest(fork_server: ForkServer) -> None:
    source = "import time\ntime.sleep(100)\n"
    carriages = [fork_server(Program(f"x-{k}", source, "x.py")) for k in range(3)]
    for carriage in carriages:
        carriage.resume(0, [])
    fork_server.clear()
    for carriage in carriages:
        assert carriage.resume(0, []) == ([Exit(137, 9, "its process has died")], None)
    again = fork_server(Program("x", source, "x.py"))
    assert again.resume(0, [])[1] is not None
    again.kill()


def test_a_guest_that_does_not_answer_is_killed_from_outside(
    fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It blocks SIGALRM, so its own watchdog is silent."""
    monkeypatch.setattr("mqsim.guest.carriers.fork_server._GRACE", 0.3)
    source = "import _signal\n_signal.pthread_sigmask(_signal.SIG_BLOCK, {14})\nwhile True: pass\n"
    carriage = fork_server(Program("x", source, "x.py", cpu_limit=0.2))
    [ending], _ = carriage.resume(0, [])
    assert ending == Exit(137, 9, "ended after 0.2 s of processor time without waiting")


def printed(operations: list[Operation]) -> str:
    return b"".join(operation.data for operation in operations if isinstance(operation, Write)).decode()


def test_the_server_holds_no_simulation_and_no_environment(fork_server: ForkServer) -> None:
    source = """
import sys
print([name for name in sys.modules if name.startswith(("simpy", "numpy", "mqsim.sim", "mqsim.broker"))])
print(sorted(sys.modules["os"].environ))
"""
    operations, _ = fork_server(Program("x", source, "/x/x.py")).resume(0, [])
    assert printed(operations) == "[]\n['LC_ALL', 'PYTHONDONTWRITEBYTECODE', 'PYTHONHASHSEED', 'TZ']\n"


def test_a_fault_in_the_runtime_is_told_as_ours(fork_server: ForkServer) -> None:
    source = """
import gc, time
[runtime] = [each for each in gc.get_objects() if type(each).__name__ == "Runtime"]
runtime._let_time_pass = 3
time.sleep(1)
"""
    operations, _ = fork_server(Program("x", source, "/x/x.py")).resume(0, [])
    assert printed(operations) == "mqsim's own runtime failed: TypeError: 'int' object is not callable\n"
    assert operations[-1] == Exit(70, 0, "through a fault of mqsim's own")


def test_a_server_that_is_closed_says_so() -> None:
    server = ForkServer()
    waiting = server(Program("x", "import time\ntime.sleep(1)\n", "/x/x.py"))
    waiting.resume(0, [])
    server.close()
    with pytest.raises(UsageError, match="is gone"):
        server(Program("x", "", "/x/x.py"))
    assert waiting.resume(1 << 20, []) == ([Exit(137, 9, "its process has died")], None)
