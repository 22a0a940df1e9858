"""The failure that a student sees: the sentence, and the few lines of the run that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.grading.plain import plain
from mqsim.trace.timeline import label_of, timeline_of

if TYPE_CHECKING:
    from mqsim.grading.run import Run
    from mqsim.grading.stage import Played

MOST_LINES = 15
"""Lines of a run that a report shows of a failure."""

_LONGEST = 160


def sentence(run: Run, wrong: str) -> str:
    """What is wrong with a run, behind the fault that struck it."""
    if not wrong:
        return ""
    wrong = plain(wrong)
    faults = ", and then ".join(strike.words() for strike in run.strikes)
    how = run.setting.words()
    before = faults + (f" (with {how})" if faults and how else "") or (f"With {how}" if how else "")
    if not before:
        return wrong[:1].upper() + wrong[1:]
    return f"{plain(before)}: {wrong}"


def lines(played: Played, wrong: str) -> tuple[str, ...]:
    """At most 15 lines of the run: the life of the first message that the sentence names, the faults, and how
    programs ended.
    """
    trace = played.run.trace
    named = next(
        (row for row in range(trace.messages.n) if f'"{label_of(trace, row)}"' in wrong),
        None,
    )
    told: list[tuple[float, int, str]] = []
    if named is not None:
        label = label_of(trace, named)
        rows = [row for row in range(trace.messages.n) if label_of(trace, row) == label][:3]
        for row in rows:
            told += [(line.t, 1, str(line)) for line in timeline_of(trace, row)]
    told += [
        (line.t, 0, str(line))
        for line in played.lines
        if (line.stream == "event" and "exits with status 0" not in line.text and "waits in" not in line.text)
        or line.stream == "stderr"
    ]
    kept = list(dict.fromkeys(text for _, _, text in sorted(told, key=lambda each: each[:2])))
    if len(kept) > MOST_LINES:
        kept = [*kept[: MOST_LINES - 6], f"{'':14}… {len(kept) - MOST_LINES + 1} more lines", *kept[-5:]]
    return tuple(plain(line)[:_LONGEST] for line in kept)
