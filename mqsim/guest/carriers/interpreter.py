"""What a guest changes in its interpreter while it runs, and a runtime with all the shims."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mqsim.guest.kernel.runtime import Runtime
from mqsim.guest.shims import dispatch
from mqsim.guest.shims.imports import Importer
from mqsim.guest.shims.modules import make
from mqsim.guest.shims.stdio import ERROR, OUT, given_input, stream

if TYPE_CHECKING:
    from mqsim.guest.kernel.operations import HostCalls
    from mqsim.guest.program import Program


def runtime_of(program: Program, carrier: HostCalls) -> Runtime:
    """The runtime of a program, whose modules are the shims."""
    dispatch.watch_imports()
    return Runtime(program, carrier, Importer, make)


class InterpreterState:
    """The interpreter as one guest sees it: its streams, its arguments, its `__main__`.

    In process they are put in place whenever the guest goes on, and taken away when it waits.
    """

    _NAMES = ("stdin", "stdout", "stderr", "argv", "path", "excepthook")

    def __init__(self, runtime: Runtime) -> None:
        program = runtime.program
        self._importer = runtime.importer
        self._main = runtime.importer.main
        self._inside = False
        self._values: list[Any] = [
            given_input(program.stdin),
            stream(runtime, OUT),
            stream(runtime, ERROR),
            [program.path, *program.arguments],
            [program.folder, *sys.path],
            sys.__excepthook__,
        ]

    def swap(self) -> None:
        """Put them in place, or take them away and the former back; what either changed is kept."""
        values, shared = self._values, sys.__dict__
        for number, name in enumerate(self._NAMES):
            values[number], shared[name] = shared[name], values[number]
        self._main, sys.modules["__main__"] = sys.modules["__main__"], self._main
        self._inside = not self._inside
        self._importer.show(self._inside)
