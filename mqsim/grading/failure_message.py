"""The failure that a student sees: the sentence, and the few lines of the run that show it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from mqsim.grading.plain import plain
from mqsim.trace.acknowledgements import worked_without_answer
from mqsim.trace.causal_order import ENQUEUED, EVENT
from mqsim.trace.clients import PENDING, ClientEventKind
from mqsim.trace.event_kinds import EventKind
from mqsim.trace.tables import NONE
from mqsim.trace.timeline import label_of, lines_by_step, message_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mqsim.grading.run import Run
    from mqsim.grading.stage import Played
    from mqsim.guest.host.transcript import Line
    from mqsim.trace.causal_order import Step
    from mqsim.trace.tables import Trace
    from mqsim.trace.timeline import Line as TimelineLine

MOST_LINES = 15
"""Lines of a run that a report shows of a failure."""

_LONGEST = 300
_MOST_MESSAGES = 3
"""Messages whose lives are shown together."""

_FATES = (EventKind.STARTED, EventKind.EXITED, EventKind.CRASHED, EventKind.POWERED_OFF)
"""What the transcript tells of a program, and the log as well: there the transcript's line has its place."""

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
    steps = list(lines_by_step(trace))
    told = list(_of_messages(trace, steps, rows)) if rows else list(_of_clients(trace))
    told += _of_programs(played.lines, _places(trace, steps) if rows else {}, all_ends=not rows)
    kept = list(dict.fromkeys(text for _, _, text in sorted(told, key=lambda each: each[:2])))
    if len(kept) > MOST_LINES:
        kept = [*kept[: MOST_LINES - 6], f"{'':14}… {len(kept) - MOST_LINES + 1} more lines", *kept[-5:]]
    return tuple(_cut(plain(line)) for line in kept)


def whole(played: Played) -> list[str]:
    """Every line of the run: what programs printed, what befell them, and what became of each message."""
    trace = played.run.trace
    steps = list(lines_by_step(trace))
    told = list(_of_rows(trace, steps, range(trace.messages.n)))
    places = _places(trace, steps)
    told += [(line.t, _place(line, places), str(line)) for line in played.lines]
    return [plain(text) for _, _, text in sorted(told, key=lambda each: each[:2])]


Told = tuple[float, float, str]
"""A line, its time, and its place among those of the same time."""

Steps = list[tuple["Step", "TimelineLine | None"]]
Places = dict[tuple[float, str, bool], int]
"""Where a program's starts (True) and ends stand among the steps of a run, by their time and its name."""

_AT_THE_END = float("inf")


def _places(trace: Trace, steps: Steps) -> Places:
    found: Places = {}
    events = trace.events
    for number, (step, _) in enumerate(steps):
        if step.what == EVENT and events.kind[step.row] in _FATES:
            starts = events.kind[step.row] == EventKind.STARTED
            found.setdefault((step.t, events.subject[step.row], starts), number)
    return found


def _named_in(trace: Trace, wrong: str) -> dict[str, list[int]]:
    """The messages that a sentence names, by their texts."""
    rows: dict[str, list[int]] = {}
    for row in range(trace.messages.n):
        label = label_of(trace, row)
        if f'"{label}"' in wrong:
            rows.setdefault(label, []).append(row)
    return rows


def _of_messages(trace: Trace, steps: Steps, rows: dict[str, list[int]]) -> Iterator[Told]:
    alone = len(rows) == 1
    shown = [row for found in list(rows.values())[:_MOST_MESSAGES] for row in found[: 3 if alone else 1]]
    return _of_rows(trace, steps, shown, way_in=alone)


def _of_rows(trace: Trace, steps: Steps, rows: Iterable[int], way_in: bool = True) -> Iterator[Told]:
    """The lives of these messages; `way_in`: also how they came into their queue."""
    origin, deliveries = trace.messages.origin, trace.deliveries
    shown = {origin[row] for row in rows}
    for number, (step, line) in enumerate(steps):
        copy = _copy_of(trace, step)
        if line is None or copy == NONE or origin[copy] not in shown:
            continue
        if way_in or not line.text.startswith(_BEFORE_IT_IS_SENT):
            yield line.t, number, str(line)
    for attempt, t in worked_without_answer(trace).items():
        copy = deliveries.copy[attempt]
        if origin[copy] in shown:
            who = trace.actors.names[deliveries.consumer[attempt]]
            text = f"ends its work on {message_name(trace, copy)}, and has not acknowledged it"
            yield t, _AT_THE_END, f"{t:12.6f}  {who:<10}  {text}"


def _copy_of(trace: Trace, step: Step) -> int:
    if step.what == EVENT:
        return trace.events.copy[step.row]
    return step.row if step.what <= ENQUEUED else trace.deliveries.copy[step.row]


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
            yield event.t, 0, f"{event.t:12.6f}  {event.who:<10}  {text}"


def _of_programs(found: Sequence[Line], places: Places, all_ends: bool) -> Iterator[Told]:
    """What happened to programs, and how their errors end: the frames between are left out.

    Args:
        found: the transcript.
        places: of the lines that the log has as well. Other lines come before the next of those that their
            program has at the same time; without one they come last, as what they tell of is a consequence.
        all_ends: whether it is told too who ended without an error, and who waits at the end.
    """
    number = 0
    while number < len(found):
        line = found[number]
        number += 1
        place = _place(line, places)
        if line.stream == "event":
            if all_ends or ("exits with status 0" not in line.text and "waits in" not in line.text):
                yield line.t, place, str(line)
        elif line.stream == "stderr" and line.text.startswith(_TRACEBACK):
            last = ""
            while (
                number < len(found) and found[number].who == line.who and found[number].text.startswith("  ")
            ):
                if where := _PLACE.match(found[number].text):
                    last = f"{os.path.basename(where[1])}, line {where[2]}"
                number += 1
            yield line.t, place, str(line._replace(text=f"an error, in {last}:"))
        elif line.stream == "stderr":
            yield line.t, place, str(line)


def _place(line: Line, places: Places) -> float:
    """Where a line of the transcript stands among the steps of its time."""
    starts = line.stream == "event" and line.text.startswith("starts")
    place = places.get((line.t, line.who, starts))
    if place is None:
        return -1.0 if starts else _AT_THE_END
    return place if line.stream == "event" else place - 0.5


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 2]} …"
