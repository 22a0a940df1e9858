"""A failing run as a space-time diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.grading.run import Run


def picture(run: Run) -> str:
    """The diagram as an HTML image that needs no file; empty where the run can't be drawn."""
    from mqsim.viz import plot_spacetime
    from mqsim.viz.notebook import html_of

    try:
        return html_of(plot_spacetime(run.trace))
    except Exception:
        # The names in it are the submission's. A report without its picture is better than no report.
        return ""
