"""The results that users get: the record of a run, with its figures, its replay and its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.api.figures import Figures
from mqsim.runs import ProgramsRunResult, RunResult

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from mqsim.widgets import Replay


class Result(Figures):
    """One run of one scenario: its trace, and all that can be read from it and drawn of it; see
    `mqsim.runs.RunResult`.
    """

    def replay(self, theme: str | None = None) -> Replay:
        """The run as a film to play, step, drag and intervene in, for a notebook or a page of its own
        (`.to_html(path)`).

        Args:
            theme: `light` or `dark`; by default as the notebook or the reader's system has it.

        Raises:
            UsageError: widgets are not installed, or the run has more messages than a browser can show.
        """
        from mqsim.widgets import Replay

        return Replay(self, theme)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write one HTML file with summary, checks, figures, story and scenario; give its path.

        Raises:
            UsageError: the file can't be written there.
        """
        from mqsim.report import write_report

        return write_report(self, path)

    def _repr_html_(self) -> str:
        from mqsim.report import summary_html

        return summary_html(self)


class ProgramsResult(Result, ProgramsRunResult):
    """What a run with real programs gives back: a `Result`, and what the programs printed; see
    `mqsim.runs.ProgramsRunResult`.
    """

    def _repr_html_(self) -> str:
        from mqsim.report.transcript import programs_html

        return programs_html(self.lines, self.trace)


def result_of(run: RunResult) -> Result:
    """A run as users get it."""
    if isinstance(run, ProgramsRunResult):
        return programs_result_of(run)
    return Result(run.scenario, run.seed, run.replication, run.trace, run.engine)


def programs_result_of(run: ProgramsRunResult) -> ProgramsResult:
    """A run of programs as users get it."""
    return ProgramsResult(
        run.scenario, run.seed, run.replication, run.trace, run.lines, run.programs, run.ledger
    )
