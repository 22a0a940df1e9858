"""Numbers on a page that a run gives while the site is built: nobody types them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import mqsim as mq
from mqsim.cli.exec import ExecRequest, call_of
from mqsim_site.scenes import Scenes, asked_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class CrashPoints(SphinxDirective):
    """How often a worker loses tasks: `mqsim exec ... --every-crash` in the body, a sentence on the page."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """The sentence, with its numbers."""
        scenes = Scenes.of(self.env)
        with scenes.folder():
            given = call_of(ExecRequest(**asked_of("exec", " ".join(self.content))))
            table = mq.every_crash(**given)
        losing = sum(1 for crash in table.crashes if crash.impact.lost)
        told = nodes.paragraph(classes=["crash-points"])
        told += nodes.Text("Your worker loses tasks at ")
        told += nodes.strong(text=f"{losing} of {len(table)} crash points")
        told += nodes.Text(".")
        return [told]


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("crash-points", CrashPoints)
