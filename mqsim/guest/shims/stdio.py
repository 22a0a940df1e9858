"""A guest's standard streams: what is printed becomes operations, line by line as on a terminal.

What has no end of line yet is kept back until it has one, is flushed, or the program ends in order; a program
that is killed takes it along, as a real one would.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqsim.guest.kernel.runtime import Runtime

OUT, ERROR = 1, 2


class _Raw(io.RawIOBase):
    """The descriptor under a stream."""

    def __init__(self, runtime: Runtime, stream: int) -> None:
        super().__init__()
        self._runtime = runtime
        self._stream = stream
        self.name = {OUT: "<stdout>", ERROR: "<stderr>"}[stream]
        self.mode = "wb"

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        written = bytes(data)
        if written:
            self._runtime.write(self._stream, written)
        return len(written)

    def fileno(self) -> int:
        return self._stream


def stream(runtime: Runtime, number: int) -> io.TextIOWrapper:
    """Standard output (1) or standard error (2) of a guest."""
    errors = "strict" if number == OUT else "backslashreplace"
    raw: Any = _Raw(runtime, number)
    return io.TextIOWrapper(raw, encoding="utf-8", errors=errors, newline="\n", line_buffering=True)


def given_input(text: str) -> io.TextIOWrapper:
    """Standard input of a guest: what it was given to read; there is nobody at the keyboard."""
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")


def ask(prompt: object = "") -> str:
    """A guest's `input()`: the next line of what it was given.

    Raises:
        EOFError: there is no more.
    """
    sys.stdout.write(str(prompt))
    line = sys.stdin.readline()
    if line:
        return line.removesuffix("\n")
    sys.stdout.write("\n" if str(prompt) else "")
    raise EOFError(
        "input() has nobody to ask: a program in virtual time has no keyboard. Give it a file with its lines "
        "(--stdin NAME=FILE), take the value from sys.argv, or write it into the program."
    )
