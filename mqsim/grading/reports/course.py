"""Verdicts as other programs of a course read them: Gradescope, PrairieLearn, spreadsheets.

Gradescope and PrairieLearn want a number where there is none. A submission that can't be graded says so in so
many words beside it; when the grader fails there is no number at all, so that the staff sees it.

    https://gradescope-autograders.readthedocs.io/en/latest/specs/
    https://prairielearn.readthedocs.io/en/latest/externalGrading/
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from mqsim.grading.reports.text import score_words, told_check
from mqsim.grading.verdict import State, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def gradescope(verdict: Verdict) -> dict[str, Any]:
    """Gradescope's `results.json`."""
    tests = [
        {
            "name": check.name,
            "score": check.points,
            "max_score": check.max,
            "status": "passed" if check.state is State.PASSED else "failed",
            "output_format": "text",
            "output": told_check(check),
        }
        for check in verdict.checks
    ]
    result: dict[str, Any] = {
        "output": _said(verdict),
        "output_format": "text",
        "visibility": "visible",
        "tests": tests,
        "extra_data": {"state": verdict.state.value, "sandbox": verdict.sandbox},
    }
    if verdict.state is not State.GRADER_ERROR:
        result["score"] = earned(verdict)
    return result


def prairielearn(verdict: Verdict) -> dict[str, Any]:
    """PrairieLearn's `results.json`; a submission that can't be graded costs no attempt."""
    gradable = verdict.state not in (State.UNGRADABLE, State.GRADER_ERROR)
    result: dict[str, Any] = {
        "gradable": gradable,
        "message": _said(verdict),
        "output": f"state: {verdict.state.value}, sandbox level: {verdict.sandbox}",
        "tests": [
            {
                "name": check.name,
                "description": check.says,
                "points": check.points,
                "max_points": check.max,
                "message": check.message,
                "output": told_check(check),
            }
            for check in verdict.checks
        ],
    }
    if gradable:
        result["score"] = earned(verdict) / verdict.max if verdict.max else 0.0
    else:
        result["format_errors"] = [_said(verdict)]
    return result


def earned(verdict: Verdict) -> float:
    """The points of the checks that were passed, whatever the state of the whole."""
    return round(sum(check.points for check in verdict.checks), 6)


def _said(verdict: Verdict) -> str:
    words = f"{verdict.state.value}: {score_words(verdict)}"
    return f"{verdict.message} {words}".strip()


def table(verdicts: Sequence[Verdict]) -> str:
    """All verdicts as CSV (RFC 4180): a line for each submission, a column for each check. A cell that a
    spreadsheet would take for a formula begins with an apostrophe.
    """
    names = list(dict.fromkeys(check.name for verdict in verdicts for check in verdict.checks))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["submission", "exercise", "state", "score", "max", "sandbox", *map(defused, names), "message"]
    )
    for verdict in verdicts:
        states = {check.name: check for check in verdict.checks}
        cells = [
            f"{found.points:g} ({found.state.value})" if (found := states.get(name)) else "" for name in names
        ]
        message = verdict.message or " ".join(
            f"{check.name}: {check.message}" for check in verdict.checks if check.message
        )
        score = "" if verdict.score is None else f"{verdict.score:g}"
        sandbox = "" if verdict.sandbox is None else str(verdict.sandbox)
        writer.writerow(
            [
                defused(verdict.submission),
                defused(verdict.exercise),
                verdict.state.value,
                score,
                f"{verdict.max:g}",
                sandbox,
                *cells,
                defused(message),
            ]
        )
    return out.getvalue()


def defused(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) or cell.startswith(_FORMULA) else cell
