"""The first look at a submission, inside the sandbox: are the files there, and are they Python?

It runs none of the submitted code, takes less than a second, and costs no attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.grading.plain import plain
from mqsim.guest.kernel.operations import Exit, Operation, Write
from mqsim.guest.program import Program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mqsim.guest.carriers.carrier import CarrierFactory

_SOURCE = """
import sys
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec", dont_inherit=True)
        print("well")
    except SyntaxError as error:
        print("wrong", error.lineno or 0, error.msg)
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        print("wrong 0", type(error).__name__, error)
"""


def complaints(
    carry: CarrierFactory, folder: Path, inside: str, programs: Sequence[str], files: Sequence[str]
) -> list[str]:
    """What stands in the way of grading, as sentences; none: it can be graded.

    Args:
        carry: the sandbox.
        folder: the submitted files.
        inside: the same folder as the sandbox sees it.
        programs: names of the Python files that must be there.
        files: names of other files that must be there.

    Raises:
        UsageError: the sandbox fails.
    """
    lacks = [name for name in (*programs, *files) if not (folder / name).is_file()]
    if lacks:
        there = sorted(path.name for path in folder.iterdir())
        shown = ", ".join(plain(name) for name in there[:10]) or "nothing"
        other_case = [
            f"Rename {plain(each)} to {name}: capital and small letters differ."
            for name in lacks
            for each in there
            if each.lower() == name.lower()
        ]
        return [
            " ".join([f"There is no {' and no '.join(lacks)}. What was handed in has: {shown}.", *other_case])
        ]
    if not programs:
        return []
    paths = tuple(f"{inside}/{name}" for name in programs)
    carrier = carry(Program("precheck-1", _SOURCE, "/precheck.py", paths, cpu_limit=4.0))
    said: list[str] = []
    try:
        operations: list[Operation] = []
        while not (operations and isinstance(operations[-1], Exit)) and len(said) < 1000:
            operations, deadline = carrier.resume(0, [])
            said += [each.data.decode("utf-8", "replace") for each in operations if isinstance(each, Write)]
            if deadline is None and not (operations and isinstance(operations[-1], Exit)):
                break
    finally:
        carrier.kill()
    answers = "".join(said).splitlines()
    found = []
    for number, name in enumerate(programs):
        answer = answers[number] if number < len(answers) else "wrong 0 it can't be read as Python"
        if answer != "well":
            _, line, why = (*answer.split(" ", 2), "", "")[:3]
            place = f"{name}, line {line}" if line not in ("0", "") else name
            found.append(f"{place}: this is no Python: {plain(why)}.")
    return found


def as_data(found: Sequence[str]) -> dict[str, Any]:
    """What `--precheck --format json` says of one submission."""
    return {"ready": not found, "complaints": list(found)}
