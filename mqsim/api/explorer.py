"""The explorer as users get it: its result draws itself."""

from __future__ import annotations

from mqsim.api.result import Result, result_of
from mqsim.widgets import Explorer


class ResultExplorer(Explorer):
    """An explorer whose `result` is a `mq.Result`; see `mqsim.widgets.Explorer`."""

    @property
    def result(self) -> Result:
        """The run of `scenario`; waits for it where it is not there yet.

        Raises:
            ScenarioError: it can't be run.
        """
        return result_of(super().result)
