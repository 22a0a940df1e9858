"""`mq.exercise(NAME).check()`: an exercise's public checks on the cells of a notebook, or on files."""

from __future__ import annotations

import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from mqsim.api.magic import WRITTEN
from mqsim.errors import UsageError

if TYPE_CHECKING:
    import os

    from mqsim.grading import Exercise, Verdict


class Checked:
    """What the public checks say; in a notebook it shows as a table.

    Attributes:
        verdict: the points, and each check's state and message.
    """

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def __str__(self) -> str:
        from mqsim.grading.reports.text import text

        return f"These are the public checks.\n\n{text(self.verdict, counts=False)}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from mqsim.grading.reports.html import fragment

        return f"<p>These are the public checks.</p>{fragment(self.verdict)}"


class Practice:
    """One exercise, for a student.

    Attributes:
        name: the exercise's name.
    """

    def __init__(self, exercise: Exercise) -> None:
        self._exercise = exercise
        self.name = exercise.name

    def check(self, folder: str | os.PathLike[str] | None = None) -> Checked:
        """Run the public checks.

        Args:
            folder: where the programs are; by default they are the cells that begin with `%%program NAME`,
                and where there are none the files of the current folder.

        Raises:
            UsageError: there is no such folder.
        """
        from mqsim.grading.practice import check
        from mqsim.grading.reports.picture import picture

        if folder is not None:
            if not Path(folder).is_dir():
                raise UsageError(f"{folder}: there is no such folder.")
            return Checked(check(self._exercise, Path(folder), draw=picture))
        cells = {name: WRITTEN[name].source for name in self._exercise.programs if name in WRITTEN}
        if not cells:
            return Checked(check(self._exercise, Path(), draw=picture))
        with tempfile.TemporaryDirectory(prefix="mqsim-cells-") as place:
            for name, source in cells.items():
                (Path(place) / f"{name}.py").write_text(source, encoding="utf-8")
            return Checked(check(self._exercise, Path(place), draw=picture))

    def __repr__(self) -> str:
        return f"<exercise {self.name}: {', '.join(check.name for check in self._exercise.checks)}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<li><b>{escape(check.name)}</b> ({check.points:g}): {escape(check.says)}</li>"
            for check in self._exercise.checks
        )
        return f"<p>{escape(self.name)}</p><ul>{rows}</ul>"


def exercise(name: str) -> Practice:
    """An exercise by its name, such as `task_queue`.

    Args:
        name: with or without its number, or a folder that has an `exercise.py`.

    Raises:
        UsageError: there is no such exercise.

    Example:
        >>> import mqsim as mq
        >>> mq.exercise("01_hello_queue")
        <exercise 01_hello_queue: ...>
    """
    from mqsim.grading.catalogue import find
    from mqsim.grading.exercise import load

    return Practice(load(find(name)))
