"""The fork server's own process: it has imported pika and the runtime, and forks a guest in milliseconds.

It is a fresh interpreter with a clean environment and never holds a simulation, a scenario or a key. It is
single-threaded: one request, one fork.

    request    JSON, after its length: a program, and with it the guest's socket; or {"clear": true}
    answer     the process number (4 bytes); with it, on Linux, a descriptor of the process itself; or 0

A guest says `+` on its socket before its program begins: from then on its end is the program's own doing.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import struct
import sys
from contextlib import suppress
from typing import NoReturn, Protocol

from mqsim.guest.carriers.lockstep import receive_exactly, serve
from mqsim.guest.carriers.wire import LENGTH
from mqsim.guest.program import Program
from mqsim.guest.shims import dispatch as hooks
from mqsim.guest.shims import modules

PID = struct.Struct(">i")
READY = b"+"
"""What a guest says before its program begins."""


class Confinement(Protocol):
    """What keeps guests from the rest of the machine."""

    def enter(self, cwd: str) -> None:
        """Confine this process for good; called in a guest, before its program.

        Args:
            cwd: the folder that the host works in.

        Raises:
            OSError: it can't be done; the program then does not run.
        """

    def clear(self) -> None:
        """Called in the server between runs: nothing that a guest left may stay."""


class Freedom:
    """No confinement: a guest works in its host's folder."""

    def enter(self, cwd: str) -> None:
        """Go to the host's folder."""
        with suppress(OSError):
            os.chdir(cwd)

    def clear(self) -> None:
        """Nothing is left that matters."""


def main(confinement: Confinement | None = None) -> NoReturn:
    """Serve the descriptor that is named on the command line, until its other end closes."""
    # A terminal sends Ctrl-C to this process too. The host alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    confined = confinement or Freedom()
    hooks.install()
    modules.warm_up()
    gc.collect()
    gc.freeze()
    control.sendall(b"!")
    children: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LENGTH.size, 1)
        if len(message) < LENGTH.size:
            break
        (length,) = LENGTH.unpack(message)
        request = receive_exactly(control, length)
        _reap(children)
        if not descriptors:
            _end(children)
            confined.clear()
            control.sendall(PID.pack(0))
            continue
        pid = os.fork()
        if pid == 0:
            control.close()
            _be_guest(request, descriptors[0], confined)
        children.add(pid)
        os.close(descriptors[0])
        _answer(control, pid)
    _end(children)
    os._exit(0)


def _end(children: set[int]) -> None:
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
    children.clear()


def _reap(children: set[int]) -> None:
    """Let go of children that have ended; until then nobody else can get their numbers."""
    for pid in list(children):
        if os.waitpid(pid, os.WNOHANG)[0]:
            children.discard(pid)


def _answer(control: socket.socket, pid: int) -> None:
    opened = -1
    if hasattr(os, "pidfd_open"):
        with suppress(OSError):
            opened = os.pidfd_open(pid)
    socket.send_fds(control, [PID.pack(pid)], [] if opened < 0 else [opened])
    if opened >= 0:
        os.close(opened)


def _be_guest(request: bytes, descriptor: int, confined: Confinement) -> NoReturn:
    connection = socket.socket(fileno=descriptor)
    fields = json.loads(request)
    try:
        confined.enter(fields["cwd"])
    except BaseException as error:
        connection.sendall(f"-{type(error).__name__}: {error}"[:500].encode())
        os._exit(1)
    connection.sendall(READY)
    serve(connection, Program.from_json(fields["program"]))


if __name__ == "__main__":
    main()
