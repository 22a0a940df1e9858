"""The one form in which every plan answers: a sentence, a table, a figure, and how to ask again."""

from __future__ import annotations

import json
import math
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.planning.figures import Drawing, draw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from mqsim.planning.judge import State
    from mqsim.scenario import Scenario

STATUS: dict[str, int] = {"met": 0, "not met": 1, "unsure": 3}
"""Exit status of the command; 2 is bad input."""


@dataclass(frozen=True)
class Answer:
    """What a plan found.

    Attributes:
        question: what was asked, in a sentence.
        sentence: the answer, in a sentence or a few.
        state: `met`, `not met` or `unsure`; `met` where nothing was to be met.
        notes: what a reader should know: how it was found, assumptions, what costs nothing in the scenario.
        code: Python that asks again.
        command: the command line that asks again.
        data: what `--json` prints.
        scenario: what the question was about.
    """

    question: str
    sentence: str
    state: State
    notes: tuple[str, ...]
    code: str
    command: str
    data: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]] = field(repr=False)
    scenario: Scenario = field(repr=False)
    drawing: Drawing | None = field(default=None, repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """The numbers behind the answer, a row a setting."""
        import pandas as pd

        return pd.DataFrame(list(self.rows))

    def figure(self, theme: str = "light") -> Axes:
        """The table as a figure, with intervals as bands or bars.

        Args:
            theme: `light` or `dark` paper.

        Raises:
            UsageError: there is nothing to draw.
        """
        if self.drawing is None or not self.rows:
            raise UsageError("There is nothing to draw: no setting was simulated or computed.")
        return draw(self.table, self.drawing, theme)

    @property
    def status(self) -> int:
        """The command's exit status: 0 met, 1 not met, 3 unsure."""
        return STATUS[self.state]

    def __str__(self) -> str:
        return "\n".join((self.sentence, *(f"  {note}" for note in self.notes)))

    def _repr_html_(self) -> str:
        from html import escape

        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        table = self.table.to_html(index=False, na_rep="", float_format="{:.4g}".format) if self.rows else ""
        return f"<p><b>{escape(self.sentence)}</b></p><ul>{notes}</ul>{table}"

    def to_json(self) -> str:
        """What `--json` prints."""
        return json.dumps(self.data, indent=2)


def command_line(words: Sequence[str]) -> str:
    """`mqsim plan ...` as a shell takes it."""
    return shlex.join(["mqsim", "plan", *words])


def costs_nothing(scenario: Scenario) -> str:
    """A sentence about what takes no time in a scenario and would in reality; empty if all has a price."""
    costs = scenario.broker.costs
    free = [
        name
        for name, value in (
            ("the network (network.latency)", scenario.network.latency),
            ("publishing (broker.costs.publish)", costs.publish.mean),
            ("delivering (broker.costs.deliver)", costs.deliver.mean),
            ("writing to disk (broker.costs.sync)", costs.sync.mean),
        )
        if value == 0.0 and not (name.startswith("the network") and scenario.network.links)
    ]
    if not free:
        return ""
    listed = free[0] if len(free) == 1 else f"{', '.join(free[:-1])} and {free[-1]}"
    takes = "takes" if len(free) == 1 else "take"
    return f"{listed[0].upper()}{listed[1:]} {takes} no time in this scenario."


def plain(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows for JSON: a number that is not finite is null."""
    return [
        {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.items()
        }
        for row in rows
    ]
