"""Worker lanes made of characters, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.viz.bars import Bar, consumers, crashes, down_times, work_bars

if TYPE_CHECKING:
    from mqsim.trace.tables import Trace

KEY = (
    "= at work   . idle   x work that was lost   ~ work given back or refused   ! crash   (blank) not running"
)
_FILL = {"done": "=", "open": "=", "given back": "~", "refused": "~", "lost": "x"}


def text_lanes(trace: Trace, width: int = 60) -> list[str]:
    """One line a consumer, such as `worker-1 |===1===|===2===|....|`; a number counts its producer's messages
    from 1.

    A column is an equal share of the run and shows what went on at its middle; work too short to own a column
    is not seen. A bar opens where its work began.

    Args:
        trace: what a run left behind.
        width: columns for the whole run, at least 10.
    """
    width = max(width, 10)
    step = (trace.end - trace.start) / width
    names = consumers(trace)
    margin = max((len(name) for name in names), default=0)
    lanes = {name: ["."] * width for name in names}
    if step <= 0:
        return [f"{name:<{margin}} |{''.join(lane)}|" for name, lane in lanes.items()]

    def column(t: float) -> int:
        return min(max(round((t - trace.start) / step), 0), width)

    for name in names:
        for first, last in down_times(trace, name):
            lanes[name][column(first) : column(last)] = " " * (column(last) - column(first))
    for bar in work_bars(trace):
        first, last = column(bar.start), column(bar.end)
        if last > first:
            lanes[bar.consumer][first:last] = _block(trace, bar, last - first, edge="|" if first else "")
    for t, name, kind in crashes(trace):
        if kind != "hung":
            lanes[name][min(column(t), width - 1)] = "!"
    return [f"{name:<{margin}} |{''.join(lane)}|" for name, lane in lanes.items()]


def text_axis(trace: Trace, width: int = 60) -> str:
    """The time axis below the lanes: their first and last instant, seconds."""
    width = max(width, 10)
    margin = max((len(name) for name in consumers(trace)), default=0)
    left, right = f"{trace.start:g}", f"{trace.end:g} s"
    return f"{'':<{margin}}  {left}{right:>{width - len(left)}}"


def _block(trace: Trace, bar: Bar, length: int, edge: str) -> str:
    """`|==3==`: the edge tells two bars apart that touch; the number stands in the middle where it fits."""
    number = str(trace.messages.number[bar.copy] + 1)
    inside = length - len(edge)
    body = (
        number.center(inside, _FILL[bar.ending]) if inside >= len(number) + 2 else _FILL[bar.ending] * inside
    )
    return edge + body
