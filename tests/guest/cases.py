"""A program with all that it prints."""

from __future__ import annotations

from textwrap import dedent
from typing import NamedTuple


class Case(NamedTuple):
    source: str
    printed: str
    """Lines of standard output and, after `! `, of standard error, in order."""
    status: int = 0


def case(source: str, printed: str, status: int = 0) -> Case:
    return Case(dedent(source).lstrip(), dedent(printed).lstrip(), status)


CLOCK = """
import time
_began = time.monotonic()
def t():
    return round(time.monotonic() - _began, 1)
"""


def timed(source: str, printed: str, status: int = 0) -> Case:
    """A program that has `t()`: seconds since it began, once it has imported what it needs."""
    imports, rest = [], dedent(source).lstrip().splitlines(keepends=True)
    while rest[0].startswith(("import ", "from ")):
        imports.append(rest.pop(0))
    return case("".join([*imports, CLOCK.lstrip(), *rest]), printed, status)
