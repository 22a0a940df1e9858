"""Fair share: the workers of a group work about equally long."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mqsim.checkers.verdict import Status, Verdict, counted
from mqsim.trace.frames import rows_by_code
from mqsim.trace.work_spans import up_spans, work

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from mqsim.trace.tables import Trace


class _Share(NamedTuple):
    """How one group shared its work while all of it was up.

    `together`: for how long that was (seconds); `busy`: seconds at work by worker; `longest`: of one message.
    """

    group: str
    together: float
    busy: dict[str, float]
    longest: float


def fair_share(trace: Trace, factor: float = 2.0) -> Verdict:
    """While all workers of a group were up, none worked much longer than the one that worked least.

    For each group of two or more consumers, over the time when all of them were up: the longest time at work
    is at most `factor` times the shortest, plus one piece of work (the longest there was), which no
    dispatcher can divide. Time at work is compared, not the number of messages, so that long tasks and slow
    workers count for what they take.

    Exercised when a group had more to do in that time than its longest piece of work: had one worker done it
    all, the bound would be broken.

    The records, one row a worker of the groups judged (of those that break the bound, if any): `group`,
    `consumer`, `busy` and `together` (seconds at work; seconds when all were up), `bound` (what the busiest
    may work).

    Args:
        trace: what a run left behind.
        factor: how many times as long the busiest may work; 1 or more.
    """
    shares = _shares(trace)
    judged = [share for share in shares if math.fsum(share.busy.values()) > share.longest]
    unfair = [share for share in judged if max(share.busy.values()) > _bound(share, factor)]
    if unfair:
        worst = unfair[0]
        most, least = max(worst.busy, key=worst.busy.__getitem__), min(worst.busy, key=worst.busy.__getitem__)
        sentence = (
            f"while all of {worst.group} were up, {most} worked {worst.busy[most]:.6g} s and {least} "
            f"{worst.busy[least]:.6g} s."
        )
        return Verdict("fair_share", Status.BROKEN, sentence, _records(unfair, factor))
    if not judged:
        sentence = "no group of workers had work to share while all of them were up."
        return Verdict("fair_share", Status.NOT_EXERCISED, sentence, _records([], factor))
    sentence = (
        f"in {counted(len(judged), 'group')} the busiest worked at most {factor:g} times as long as "
        "the least busy (give or take one message)."
    )
    return Verdict("fair_share", Status.HOLDS, sentence, _records(judged, factor))


def _bound(share: _Share, factor: float) -> float:
    return factor * min(share.busy.values()) + share.longest


def _shares(trace: Trace) -> list[_Share]:
    """Every group of two or more consumers that was ever up as a whole."""
    groups: dict[str, list[str]] = {}
    for name, actor in trace.cast.items():
        if actor.role == "consumer":
            groups.setdefault(actor.group, []).append(name)
    done = work(trace)
    codes = {name: code for code, name in enumerate(trace.actors.names)}
    rows = rows_by_code(done.consumer, len(codes))
    shares = []
    for group, members in groups.items():
        if len(members) < 2:
            continue
        times, together = _together([up_spans(trace, name) for name in members])
        if together[-1] <= 0:
            continue
        seconds = np.interp(done.end, times, together) - np.interp(done.start, times, together)
        busy, longest = {}, 0.0
        for name in members:
            mine = seconds[rows[codes[name]]] if name in codes else seconds[:0]
            busy[name] = float(mine.sum())
            longest = max(longest, float(mine.max(initial=0.0)))
        shares.append(_Share(group, float(together[-1]), busy, longest))
    return shares


def _together(spans: list[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How long all were up until each time at which one came or went: times, and seconds up to them."""
    froms, tos = (np.sort(np.concatenate([span[:, i] for span in spans])) for i in (0, 1))
    times = np.unique(np.concatenate([[0.0], froms, tos]))
    up = np.searchsorted(froms, times, side="right") - np.searchsorted(tos, times, side="right")
    held = np.where(up[:-1] == len(spans), np.diff(times), 0.0)
    return times, np.concatenate([[0.0], np.cumsum(held)])


def _records(shares: list[_Share], factor: float) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (share.group, name, busy, share.together, _bound(share, factor))
        for share in shares
        for name, busy in share.busy.items()
    ]
    return pd.DataFrame(rows, columns=["group", "consumer", "busy", "together", "bound"])
