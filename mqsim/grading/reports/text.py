"""A verdict as a terminal shows it."""

from __future__ import annotations

import textwrap

from mqsim.grading.plain import plain
from mqsim.grading.verdict import CheckVerdict, State, Verdict

_WIDTH = 100
_NO_SCORE = {
    State.UNGRADABLE: "It can't be graded.",
    State.GRADER_ERROR: "The grader failed, so there is no score. What was handed in is not at fault.",
    State.NOT_EXERCISED: "Some checks were not exercised, so there is no score.",
}


def told_check(check: CheckVerdict, counts: bool = True) -> str:
    """One check: what it asks for, and where it was not passed why, a hint, and how to see the run again.

    Args:
        check: which.
        counts: whether it is told how many runs were made, and in how many the fault hit something.
    """
    head = f"{check.state.value:<13} {check.points:g}/{check.max:g}  {check.name}"
    parts = [f"{head}: {check.says}"]
    if check.message:
        parts += textwrap.wrap(
            check.message,
            _WIDTH - 4,
            initial_indent="    ",
            subsequent_indent="    ",
            break_on_hyphens=False,
            break_long_words=False,
        )
    if check.example.lines:
        parts += ["", *(f"    {line}" for line in check.example.lines)]
    if check.hint:
        parts += ["", f"    {check.hint}"]
    if check.example.replay:
        parts += ["", "    See this run again:", f"    {check.example.replay}", ""]
    if counts:
        parts += [f"    ({each.words()})" for each in check.searched]
    return "\n".join(parts)


def score_words(verdict: Verdict) -> str:
    """The points in words."""
    score = verdict.score
    return _NO_SCORE[verdict.state] if score is None else f"{score:g} of {verdict.max:g} points"


def text(verdict: Verdict, counts: bool = True) -> str:
    """The whole verdict; `counts` as in `told_check`."""
    where = "" if verdict.sandbox is None else f" (sandbox level {verdict.sandbox})"
    whose = "" if verdict.submission == verdict.exercise else f"{plain(verdict.submission)}: "
    parts = [f"{whose}{verdict.exercise}{where}", ""]
    if verdict.message:
        parts += [*textwrap.wrap(verdict.message, _WIDTH), ""]
    parts += [told_check(check, counts) for check in verdict.checks]
    parts += ["", f"{verdict.state.value}: {score_words(verdict)}"]
    return "\n".join(parts)
