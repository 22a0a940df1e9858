"""The fork server's own process: it has imported pika and the runtime, and forks a guest in milliseconds.

It is a fresh interpreter with a clean environment and never holds a simulation, a scenario or a key. It is
single-threaded: one request, one fork.

    request    the program as JSON, after its length; with it the guest's socket
    answer     the process number (4 bytes); with it, on Linux, a descriptor of the process itself
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
from typing import NoReturn

from mqsim.guest.carriers.lockstep import receive_exactly, serve
from mqsim.guest.carriers.wire import LENGTH
from mqsim.guest.program import Program
from mqsim.guest.shims import dispatch as hooks
from mqsim.guest.shims import modules

PID = struct.Struct(">i")


def main() -> NoReturn:
    """Serve the descriptor that is named on the command line, until its other end closes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    hooks.install()
    modules.warm_up()
    gc.collect()
    gc.freeze()
    control.sendall(b"!")
    children: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LENGTH.size, 1)
        if len(message) < LENGTH.size or not descriptors:
            break
        (length,) = LENGTH.unpack(message)
        request = receive_exactly(control, length)
        _reap(children)
        pid = os.fork()
        if pid == 0:
            control.close()
            _be_guest(request, descriptors[0])
        children.add(pid)
        os.close(descriptors[0])
        _answer(control, pid)
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os._exit(0)


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


def _be_guest(request: bytes, descriptor: int) -> NoReturn:
    connection = socket.socket(fileno=descriptor)
    fields = json.loads(request)
    with suppress(OSError):
        os.chdir(fields["cwd"])
    serve(connection, Program.from_json(fields["program"]))


if __name__ == "__main__":
    main()
