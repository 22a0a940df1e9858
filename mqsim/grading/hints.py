"""Where an exercise's page has a hint for a check that was not passed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.grading.exercise import Exercise
    from mqsim.grading.verdict import CheckVerdict

_PAGE = "README.md"
_SUMMARY = re.compile(r"<summary>(.+?)</summary>")
_HEADING = "## Hints"


def with_hint(check: CheckVerdict, exercise: Exercise) -> CheckVerdict:
    """The verdict on a check that failed by itself, with where the exercise's page helps on.

    A hint is meant for a check if its title names it, as in `<summary>`nothing_lost`: the ledger away
    </summary>`; where none does, all hints are pointed to.
    """
    if not check.fails_by_itself:
        return check
    titles = _titles(exercise)
    if not titles:
        return check
    mine = [title for title in titles if f"`{check.name}`" in title]
    where = f'under "Hints" in {_PAGE}'
    named = " and ".join(f'"{title.replace("`", "")}"' for title in mine)
    return replace(check, hint=f"Read {named}, {where}." if mine else f"Read what stands {where}.")


def _titles(exercise: Exercise) -> list[str]:
    page = exercise.folder / _PAGE
    if not page.is_file():
        return []
    _, heading, below = page.read_text("utf-8").partition(_HEADING)
    return _SUMMARY.findall(below) if heading else []
