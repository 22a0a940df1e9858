"""The directive `sequence`: who sends what to whom in a protocol.

It is drawn from lines that a forge shows as they are:

    ```{sequence} The acknowledgement is lost
    publisher -> broker: PUBLISH (packet 7)
    broker -x publisher: PUBACK (packet 7)
    note publisher: connects again
    ```

`->` arrives, `-x` is lost on its way, and a note stands at its lifeline. Lifelines stand in the order in
which the lines name them.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from mqsim.viz import describe
from mqsim.viz.figure import figure_of
from mqsim.viz.sequence import Step, plot_sequence
from mqsim_site.drawings import Shown
from mqsim_site.frames import kept
from mqsim_site.pictures import Picture
from mqsim_site.scenes import SceneError, Scenes

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

_SENT = re.compile(r"(\w+) -([>x]) (\w+): (.+)")
_NOTE = re.compile(r"note (\w+): (.+)")


def steps(text: str) -> list[Step]:
    """The steps that the lines of a block say.

    Raises:
        SceneError: a line says none.
    """
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if (sent := _SENT.fullmatch(line)) is not None:
            found.append(Step(sent[1], sent[3], sent[4], lost=sent[2] == "x"))
        elif (note := _NOTE.fullmatch(line)) is not None:
            found.append(Step(note[1], "", note[2]))
        else:
            raise SceneError(f"{line!r} is no step: write `A -> B: WHAT`, `A -x B: WHAT` or `note A: WHAT`.")
    return found


def lifelines(found: list[Step]) -> list[str]:
    """The names in the order in which the steps name them."""
    return list(dict.fromkeys(name for step in found for name in (step.source, step.target) if name))


class Sequence(Picture):
    """A sequence diagram, on light and on dark paper."""

    def draw(self, scenes: Scenes) -> list[nodes.Node]:
        """The two figures."""
        found = steps(self.body)
        made: list[nodes.Node] = []
        for theme in ("light", "dark"):
            ax = plot_sequence(lifelines(found), found, theme=theme)
            out = io.BytesIO()
            figure_of(ax).savefig(out, format="svg", metadata={"Date": None})
            name = kept(self.env.app, out.getvalue(), ".svg")
            made.append(Shown(file=name, alt=describe(ax), classes=[f"only-{theme}"]))
        return made


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("sequence", Sequence)
