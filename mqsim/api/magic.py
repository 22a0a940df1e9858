"""`%%program NAME`: a cell of a notebook as a program.

    %%program worker
    import pika
    ...

The cell is not run; `mq.run_programs(["producer", "worker"])` runs programs by the names of their cells.
"""

from __future__ import annotations

import re

from mqsim.errors import UsageError
from mqsim.guest.program import Program

WRITTEN: dict[str, Program] = {}
"""The programs that cells have defined, by name; a cell that is run again replaces its own."""

_NAME = re.compile(r"[A-Za-z_][\w-]*")


def program(name: str, source: str) -> Program:
    """A program from its text, for `run_programs`.

    Args:
        name: letters, digits, `-` and `_`; tracebacks call the file NAME.py.
        source: the text of the program.

    Raises:
        UsageError: the name is not allowed.

    Example:
        >>> import mqsim as mq
        >>> hello = mq.program("hello", "print('hello')")
        >>> hello.name
        'hello'
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"program name {name!r} is not allowed: it begins with a letter and has letters, digits, - and _."
        )
    return Program(name, source, f"{name}.py")


def define(line: str, cell: str) -> None:
    """What the magic does: keep the cell's text under the name on its first line.

    Raises:
        UsageError: there is no name, or more than one.
    """
    words = line.split()
    if len(words) != 1:
        raise UsageError("%%program wants one name behind it, such as %%program worker.")
    WRITTEN[words[0]] = program(words[0], cell)
    print(f"program {words[0]}: {len(cell.splitlines())} lines. Run it with mq.run_programs.")
