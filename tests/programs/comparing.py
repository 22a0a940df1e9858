"""How what programs printed is compared: the same lines in the same order per program, near in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs.live import Played

TOLERANCE = 0.25
"""Seconds by which the time of a line may differ from a recording, which was made on a quiet machine. Virtual
time charges nothing for computing; a real program takes up to a tenth of a second to connect. When an
interpreter has ended is not compared: taking itself apart is no business of the program's."""


def differing(recorded: Played, found: Played, *, may_be_late: bool = False) -> Iterator[str]:
    """A sentence for each difference.

    Args:
        recorded: what each program should print.
        found: what it printed.
        may_be_late: whether a line may come as late as it likes, as from real programs on a busy machine.
            None may come too early: whoever sleeps or waits takes its time on every machine.
    """
    if recorded.keys() != found.keys():
        yield f"programs: {sorted(recorded)} != {sorted(found)}"
        return
    for name, lines in recorded.items():
        theirs = [(stream, text) for _, stream, text in lines]
        ours = [(stream, text) for _, stream, text in found[name]]
        if theirs != ours:
            place = next(i for i in range(len(theirs) + 1) if theirs[: i + 1] != ours[: i + 1])
            yield f"{name}, line {place + 1}: {_at(lines, place)} != {_at(found[name], place)}"
            continue
        for (then, stream, text), (now, _, _) in zip(lines, found[name], strict=True):
            early, late = then - now > TOLERANCE, now - then > TOLERANCE and not may_be_late
            if stream != "exit" and (early or late):
                yield f"{name}: {text!r} at {then:g} != at {now:g}"


def _at(lines: list[tuple[float, str, str]], place: int) -> str:
    return repr(tuple(lines[place])) if place < len(lines) else "nothing"
