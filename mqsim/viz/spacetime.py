"""A space-time diagram: time to the right, a row for each producer, queue and worker, and the messages that
travel between them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mqsim.errors import TraceError, UsageError
from mqsim.trace.tables import NONE, How, Outcome, Trace
from mqsim.viz.arrows import draw
from mqsim.viz.bars import Bar, work_bars
from mqsim.viz.description import keep
from mqsim.viz.messagepaths import PRELOADED, Stroke, short_names, strokes
from mqsim.viz.palette import dress, entitle, new_axes, paper
from mqsim.viz.tracks import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

MOST_MESSAGES = 16
MOST_WORKERS = 6  # beyond, the messages around a troubled one are those of its own workers
_TROUBLE = (How.REQUEUED, How.REJECTED, How.RETURNED, How.LOST)


def plot_spacetime(
    trace: Trace,
    messages: int | Sequence[int | str] | None = None,
    start: float | None = None,
    end: float | None = None,
    ax: Axes | None = None,
    theme: str = "light",
) -> Axes:
    """Draw how messages travel between producers, queues and workers.

    An arrow is a message on its way (upright where that takes no time), a line in a queue's row is its wait,
    a bar in a worker's row is work; crosses are losses. Without further word the first 16 messages are drawn,
    or 16 around the first that got into trouble; the caption says so. `viz.data` has the columns `message`,
    `what`, `from`, `to`, `start`, `end` (s).

    Args:
        trace: what a run left behind.
        messages: how many at most; or which: their names (`web-1 #3`) or rows of the message table.
        start: only what was under way from then on; seconds.
        end: and up to then.
        ax: where to draw; by default a figure of its own.
        theme: `light` or `dark` paper.

    Raises:
        TraceError: no message was under way then.
        UsageError: there is no such message, or `end` is not after `start`.
    """
    on = paper(theme)
    copies, note = choose(trace, messages, start, end)
    if not copies:
        raise TraceError("There is nothing to draw: no message was under way then.")
    ways = list(strokes(trace, copies))
    work = [bar for bar in work_bars(trace) if bar.copy in set(copies)]
    first, last = _window(trace, ways, work, start, end)
    names, letters = short_names(trace, copies)
    tracks = lay_out(trace, names, ways, work, first, last)
    if ax is None:
        ax = new_axes(9.0, 1.75 + 0.4 * tracks.height, on)
    dress(ax, on)
    notes = draw(ax, trace, tracks, letters, on)
    if any(way.kind == "published" and way.source not in producers(trace) for way in ways):
        notes.append("What a worker publishes keeps the number of what it worked on.")
    if PRELOADED in letters:
        notes.append(f"{letters[PRELOADED]}: in its queue at the start.")
    entitle(ax, "The way of the messages", " ".join(filter(None, [note, *notes])), on)
    keep(ax, lambda: alt_text(trace, messages, start, end), lambda: data_table(trace, messages, start, end))
    return ax


def producers(trace: Trace) -> set[str]:
    """Who publishes of its own accord."""
    return {name for name, actor in trace.cast.items() if actor.role != "consumer"}


def choose(
    trace: Trace, messages: int | Sequence[int | str] | None, start: float | None, end: float | None
) -> tuple[list[int], str]:
    """Which copies are drawn, and the sentence that says so.

    Raises:
        UsageError: there is no such message, or `end` is not after `start`.
    """
    if start is not None and end is not None and end <= start:
        raise UsageError(f"end: {end:g} is not allowed; it must be after start ({start:g}).")
    if messages is not None and not isinstance(messages, int):
        return sorted(set(_named(trace, messages))), ""
    most = MOST_MESSAGES if messages is None else messages
    if isinstance(most, bool) or most < 1:
        raise UsageError(
            f"messages: {messages!r} is not allowed; it must be 1 or more, or a list of messages."
        )
    alive = [copy for copy in range(trace.messages.n) if _under_way(trace, copy, start, end)]
    if len(alive) <= most:
        return alive, ""
    count = f"{most} of {len(alive):,} messages"
    trouble = None if start is not None or end is not None else _first_trouble(trace)
    if trouble is None or (trouble in alive[: most // 2] and len(trace.cast) <= MOST_WORKERS):
        chosen = alive[:most]
        return chosen, f"The first {count}; the others are not drawn."
    near = _at_its_workers(trace, trouble)
    where = ", at its workers" if near else ""
    among = near or alive
    place = max(among.index(trouble) - most // 3, 0)
    chosen = among[place : place + most]
    count = f"{len(chosen)} of {len(alive):,} messages"
    return chosen, f"{count}, around the first that got into trouble{where}; the others are not drawn."


def _at_its_workers(trace: Trace, trouble: int) -> list[int]:
    """Where there are many workers: what was sent to those who had the troubled message, in that order."""
    table = trace.deliveries
    crew = sum(actor.role == "consumer" for actor in trace.cast.values())
    whose = {table.consumer[row] for row in range(table.n) if table.copy[row] == trouble}
    if crew <= MOST_WORKERS or not whose:
        return []
    return list(dict.fromkeys(table.copy[row] for row in range(table.n) if table.consumer[row] in whose))


def _named(trace: Trace, wanted: Iterable[int | str]) -> Iterable[int]:
    table = trace.messages
    for one in wanted:
        if isinstance(one, int):
            found = [one] if 0 <= one < table.n else []
        else:
            producer, _, number = one.partition(" #")
            code = trace.actors.names.index(producer) if producer in trace.actors.names else NONE
            which = int(number) - 1 if number.isdigit() else NONE
            found = [
                row for row in range(table.n) if table.producer[row] == code and table.number[row] == which
            ]
        if not found:
            raise UsageError(
                f"messages: there is no message {one!r}; name it like 'web-1 #3', or give its row."
            )
        yield from found


def _under_way(trace: Trace, copy: int, start: float | None, end: float | None) -> bool:
    table = trace.messages
    last = table.ended[copy]
    if not math.isnan(table.finished[copy]):
        last = max(last, table.finished[copy]) if not math.isnan(last) else last
    gone = start is not None and not math.isnan(last) and last < start
    return not gone and not (end is not None and table.created[copy] > end)


def _first_trouble(trace: Trace) -> int | None:
    """The copy whose trouble came first."""
    messages, table = trace.messages, trace.deliveries
    found: list[tuple[float, int]] = [
        (table.ended[row], table.copy[row]) for row in range(table.n) if table.how[row] in _TROUBLE
    ]
    log = trace.events
    found += [(t, copy) for t, copy in zip(log.t, log.copy, strict=True) if copy != NONE]
    usual = (Outcome.ACKED, Outcome.READY, Outcome.UNACKED)
    found += [
        (messages.ended[row] if not math.isnan(messages.ended[row]) else messages.created[row], row)
        for row in range(messages.n)
        if messages.outcome[row] not in usual
    ]
    return min(found)[1] if found else None


def _window(
    trace: Trace, ways: list[Stroke], work: list[Bar], start: float | None, end: float | None
) -> tuple[float, float]:
    known = [t for way in ways for t in (way.start, way.end) if not math.isnan(t)]
    known += [t for bar in work for t in (bar.start, bar.end)]
    first = min(known) if start is None else max(start, trace.start)
    last = max(known) if end is None else min(end, trace.end)
    if last <= first:
        last = first + max(trace.end - first, 1e-3)
    edge = 0.02 * (last - first)
    return (first - edge if start is None else first), (last + edge if end is None else last)


def data_table(
    trace: Trace,
    messages: int | Sequence[int | str] | None = None,
    start: float | None = None,
    end: float | None = None,
) -> pd.DataFrame:
    """The diagram as a table, one row an arrow, a wait, a stretch of work or a loss, message by message, in
    the order of time.
    """
    import pandas as pd

    from mqsim.trace.timeline import message_name

    copies, _ = choose(trace, messages, start, end)
    rows = [
        (way.copy, way.message, way.word or way.kind, way.source, way.target, way.start, way.end)
        for way in strokes(trace, copies)
    ]
    rows += [
        (
            bar.copy,
            message_name(trace, bar.copy),
            f"work ({bar.ending})",
            bar.consumer,
            bar.consumer,
            bar.start,
            bar.end,
        )
        for bar in work_bars(trace)
        if bar.copy in set(copies)
    ]
    rows.sort(key=lambda row: (row[0], row[5]))
    columns = ["message", "what", "from", "to", "start", "end"]
    return pd.DataFrame([row[1:] for row in rows], columns=columns)


def alt_text(
    trace: Trace,
    messages: int | Sequence[int | str] | None = None,
    start: float | None = None,
    end: float | None = None,
) -> str:
    """The diagram in words: what became of each message, in the order of time."""
    copies, note = choose(trace, messages, start, end)
    table = data_table(trace, messages, start, end)
    said = []
    quiet = ("waits", "held up")
    for name, rows in table[~table["what"].isin(quiet)].groupby("message", sort=False):
        steps = [
            str(one["what"])
            + (f" to {one['to']}" if one["to"] != one["from"] else "")
            + f" at {one['start']:.4g} s"
            for one in rows.to_dict("records")
        ]
        said.append(f"{name}: {', '.join(steps)}")
    shown = said[:MOST_MESSAGES]
    more = f" And {len(said) - len(shown)} more." if len(said) > len(shown) else ""
    head = f"Space-time diagram of {len(copies)} messages. {note}".strip()
    return f"{head} {'. '.join(shown)}.{more}"
