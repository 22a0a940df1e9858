"""The failure that a student sees: the sentence, and the few lines of the run that show it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from mqsim.grading.plain import plain
from mqsim.trace.clients import PENDING, ClientEventKind
from mqsim.trace.timeline import label_of, timeline_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mqsim.grading.run import Run
    from mqsim.grading.stage import Played
    from mqsim.guest.host.transcript import Line
    from mqsim.trace.tables import Trace

MOST_LINES = 15
"""Lines of a run that a report shows of a failure."""

_LONGEST = 300
_MOST_MESSAGES = 3
"""Messages whose lives are shown together."""

_BEFORE_IT_IS_SENT = ("publishes ", "puts ")
_TRACEBACK = "Traceback (most recent call last)"
_PLACE = re.compile(r'  File "(.*)", line (\d+)')
_SAYS = {
    ClientEventKind.QUEUE_DECLARED: "declares the queue {queue}",
    ClientEventKind.EXCHANGE_DECLARED: "declares the exchange {exchange}",
    ClientEventKind.QUEUE_BOUND: "binds the queue {queue} to {to}",
    ClientEventKind.PUBLISHED: 'sends "{body}" to {to}',
    ClientEventKind.CONSUMED: "subscribes to the queue {queue}",
    ClientEventKind.GOT: "asks for a message of the queue {queue}",
}
"""What is told of programs where the sentence names no message."""


def sentence(run: Run, wrong: str) -> str:
    """What is wrong with a run, behind the fault that struck it."""
    if not wrong:
        return ""
    wrong = plain(wrong)
    faults = ", and then ".join(strike.words() for strike in run.strikes)
    how = run.setting.words()
    before = faults + (f" (with {how})" if faults and how else "") or (f"With {how}" if how else "")
    if not before:
        return wrong if _names_an_actor(run, wrong) else wrong[:1].upper() + wrong[1:]
    return f"{plain(before)}: {wrong}"


def _names_an_actor(run: Run, wrong: str) -> bool:
    """Whether a sentence begins with an actor's name, which is written as it is."""
    return any(wrong.startswith(f"{program}-") for program in run.counts)


def lines(played: Played, wrong: str) -> tuple[str, ...]:
    """At most 15 lines of the run: the lives of the messages that the sentence names, the faults, and how
    programs ended. Where it names none that exists: what the programs declared, sent and asked for.
    """
    trace = played.run.trace
    rows = _named_in(trace, wrong)
    told = list(_of_messages(trace, rows)) if rows else list(_of_clients(trace))
    told += _of_programs(played.lines, all_ends=not rows)
    kept = list(dict.fromkeys(text for _, _, text in sorted(told, key=lambda each: each[:2])))
    if len(kept) > MOST_LINES:
        kept = [*kept[: MOST_LINES - 6], f"{'':14}… {len(kept) - MOST_LINES + 1} more lines", *kept[-5:]]
    return tuple(_cut(plain(line)) for line in kept)


Told = tuple[float, int, str]
"""A line, its time, and its place among those of the same time."""


def _named_in(trace: Trace, wrong: str) -> dict[str, list[int]]:
    """The messages that a sentence names, by their texts."""
    rows: dict[str, list[int]] = {}
    for row in range(trace.messages.n):
        label = label_of(trace, row)
        if f'"{label}"' in wrong:
            rows.setdefault(label, []).append(row)
    return rows


def _of_messages(trace: Trace, rows: dict[str, list[int]]) -> Iterator[Told]:
    shown = [
        row for found in list(rows.values())[:_MOST_MESSAGES] for row in found[: 3 if len(rows) == 1 else 1]
    ]
    for row in shown:
        for line in timeline_of(trace, row):
            if len(rows) == 1 or not line.text.startswith(_BEFORE_IT_IS_SENT):
                yield line.t, 1, str(line)


def _of_clients(trace: Trace) -> Iterator[Told]:
    """What programs declared, sent and asked for, each thing once."""
    seen: set[tuple[str, str]] = set()
    for event in trace.clients.of(*_SAYS):
        to = (
            f"the queue {event.key}"
            if not event.exchange
            else f"the exchange {event.exchange}, key {event.key}"
        )
        text = _SAYS[event.kind].format(
            queue=event.queue, exchange=event.exchange, body=event.body_text, to=to
        )
        if event.outcome not in ("ok", PENDING) and not event.outcome.startswith("unroutable"):
            text = f"{text}: {event.outcome}"
        if (event.who, text) not in seen:
            seen.add((event.who, text))
            yield event.t, 1, f"{event.t:12.6f}  {event.who:<10}  {text}"


def _of_programs(found: Sequence[Line], all_ends: bool) -> Iterator[Told]:
    """What happened to programs, and how their errors end: the frames between are left out.

    Args:
        found: the transcript.
        all_ends: whether it is told too who ended without an error, and who waits at the end.
    """
    number = 0
    while number < len(found):
        line = found[number]
        number += 1
        if line.stream == "event":
            if all_ends or ("exits with status 0" not in line.text and "waits in" not in line.text):
                yield line.t, 0, str(line)
        elif line.stream == "stderr" and line.text.startswith(_TRACEBACK):
            last = ""
            while (
                number < len(found) and found[number].who == line.who and found[number].text.startswith("  ")
            ):
                if place := _PLACE.match(found[number].text):
                    last = f"{os.path.basename(place[1])}, line {place[2]}"
                number += 1
            yield line.t, 0, str(line._replace(text=f"an error, in {last}:"))
        elif line.stream == "stderr":
            yield line.t, 0, str(line)


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 2]} …"
