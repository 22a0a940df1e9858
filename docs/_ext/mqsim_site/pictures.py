"""Pictures made from what a page says: `replay`, `compare`, `explore`, `predict`, `wire`.

A picture's body is the command that a reader would type, so that a forge, which draws none, shows that:

    ```{replay} Worker-1 is killed at 3 s
    mqsim run worker-crash
    ```

What can't be carried out is an error of the build.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from ruamel.yaml import YAML
from sphinx.util.docutils import SphinxDirective

import mqsim as mq
from mqsim.errors import MqsimError
from mqsim_site import drawings, wires
from mqsim_site.frames import frame, kept, leave_closed
from mqsim_site.scenes import SceneError, Scenes

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class Picture(SphinxDirective, ABC):
    """What all pictures have in common: a caption, and errors that name the page and the line."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {}

    @property
    def caption(self) -> str:
        """The line above the picture."""
        return self.arguments[0] if self.arguments else ""

    @property
    def body(self) -> str:
        """What stands between the fences."""
        return "\n".join(self.content)

    def run(self) -> list[nodes.Node]:
        """The picture in its box."""
        try:
            made = self.draw(Scenes.of(self.env))
        except (SceneError, MqsimError, KeyError) as error:
            raise self.error(f"{self.name}: {error}") from None
        box = nodes.container(classes=["mqsim-picture", f"mqsim-{self.name}"])
        if self.caption:
            words, _ = self.parse_inline(self.caption)
            box += nodes.paragraph("", "", *words, classes=["mqsim-caption"])
        box += made
        return [box]

    @abstractmethod
    def draw(self, scenes: Scenes) -> list[nodes.Node]:
        """The picture itself."""

    def data(self) -> dict[str, Any]:
        """The body as YAML; a command or a sentence needs no quotes."""
        text = _PLAIN.sub(lambda line: f"{line[1]}: {json.dumps(line[2])}", self.body)
        found: dict[str, Any] = YAML(typ="safe").load(text)
        return found


_PLAIN = re.compile(r"^(run|ask|because): (.+)$", re.MULTILINE)


class Replay(Picture):
    """A run that plays; with `:crashes: 12` its reader can crash a worker at twelve moments."""

    option_spec: ClassVar = {"crashes": directives.nonnegative_int, "start": float, "speed": float}

    def draw(self, scenes: Scenes) -> list[nodes.Node]:
        """A frame with the player."""
        result = scenes.result(self.body)
        played = result.replay()
        played.t = self.options.get("start", played.t)
        played.speed = self.options.get("speed", played.speed)
        with scenes.folder():
            html = played.html(self.options.get("crashes", 0))
        workers = sum(1 for actor in result.trace.cast.values() if actor.role == "consumer")
        title = self.caption or f"A run: {result.scenario.name}"
        return [frame(self.env.app, html, title, 560 + 70 * max(0, workers - 2))]


class Explore(Picture):
    """Controls, and a run for each position of them: `run:` and `vary:` in the body."""

    def draw(self, scenes: Scenes) -> list[nodes.Node]:
        """A frame with the explorer."""
        asked = self.data()
        with scenes.folder():
            scenario = scenes.scenario(asked["run"])
            explorer = mq.explore(scenario, {name: _range(given) for name, given in asked["vary"].items()})
            html = explorer.html(asked.get("runs", 120))
        return [frame(self.env.app, html, self.caption or f"Explore: {scenario.name}", 700)]


def _range(given: Any) -> Any:
    """`1..5` and `0.5..2/0.5` are ranges; lists are choices."""
    if not isinstance(given, str) or ".." not in given:
        return given
    ends, _, step = given.partition("/")
    numbers = [float(word) if "." in word else int(word) for word in ends.split("..", 1)]
    return (*numbers, *([float(step) if "." in step else int(step)] if step else []))


class Predict(Picture):
    """A question before the picture.

    In the body: `ask:`, `choices:`, and where a run gives the answer also `run:` and `answer:`, a number of
    its `summary()` such as `queues.tasks.lost`. Below stands the answer, folded, as a forge shows it:

        <details><summary>Answer</summary><b>2.</b> One was in work, and the other waited.</details>

    The site puts it into the picture, which keeps it until there is a guess.
    """

    def draw(self, scenes: Scenes) -> list[nodes.Node]:
        """A frame with the question."""
        asked = self.data()
        question = mq.predict(asked["ask"], choices=asked["choices"])
        html = question.html(right_choice(scenes, asked), asked["because"])
        return [frame(self.env.app, html, asked["ask"], 150)]


def right_choice(scenes: Scenes, asked: dict[str, Any]) -> Any:
    """The choice that a page calls right, which has to be what its run gives.

    Raises:
        SceneError: it is none of the choices, or the run gives another.
    """
    choices, told = asked["choices"], asked["told"]
    right = [choice for choice in choices if str(choice).casefold() == told.casefold()]
    if not right:
        raise SceneError(f"the answer {told!r} is none of the choices {choices}.")
    if "answer" in asked:
        found = drawings.measured(scenes.result(asked["run"]), asked["answer"])
        if not isinstance(right[0], int | float) or abs(right[0] - found) > 0.005 * abs(found):
            raise SceneError(f"{asked['answer']} is {found:g}, and the page says {told}.")
    return right[0]


_FOLDED = re.compile(
    r"^(```\{predict\}\n.*?)^```\n\n"
    r"<details><summary>Answer</summary><b>(.+?)\.</b> (.+?)</details>$",
    re.MULTILINE | re.DOTALL,
)


def with_answers(text: str) -> str:
    """The page with each folded answer inside its question; lines keep their numbers."""

    def joined(found: re.Match[str]) -> str:
        why = " ".join(found[3].split())
        block = f"{found[1]}told: {json.dumps(found[2])}\nbecause: {why}\n```"
        return block + "\n" * (found[0].count("\n") - block.count("\n"))

    return _FOLDED.sub(joined, text)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = with_answers(source[0])


class Compare(Picture):
    """Runs one below the other, on the same axis of time: `label: command` in each line of the body."""

    option_spec: ClassVar = {
        "as": lambda word: directives.choice(word, tuple(drawings.KINDS)),
        "until": float,
    }

    def draw(self, scenes: Scenes) -> list[nodes.Node]:
        """The figure, on light and on dark paper."""
        lines = [line for line in self.content if line.strip()]
        named = [line.partition(": ") for line in lines]
        runs = [(label, scenes.result(command)) for label, _, command in named]
        return drawn(self, drawings.KINDS[self.options.get("as", "lanes")], runs, self.options.get("until"))


def drawn(
    directive: SphinxDirective, draw: drawings.Draw, runs: drawings.Runs, until: float | None
) -> list[nodes.Node]:
    """A figure on light and on dark paper, the words for whoever can't see it with each."""
    found: list[nodes.Node] = []
    for theme in ("light", "dark"):
        image, words = draw(runs, theme, until)
        name = kept(directive.env.app, image, ".svg")
        found.append(drawings.Shown(file=name, alt=words, classes=[f"only-{theme}"]))
    return found


class Wire(Picture):
    """The bytes of a message, field by field: `amqp.py: wire`, a program of the page and the bytes in it."""

    def draw(self, scenes: Scenes) -> list[nodes.Node]:
        """A row of fields."""
        protocol, file, variable = self.body.split()
        return [nodes.raw("", wires.diagram(protocol, scenes.value(f"{file}:{variable}")), format="html")]


def setup(app: Sphinx) -> None:
    """Register the directives; answers join their questions as a page is read."""
    app.connect("source-read", _read)
    for name, kind in (
        ("replay", Replay),
        ("explore", Explore),
        ("predict", Predict),
        ("compare", Compare),
        ("wire", Wire),
    ):
        app.add_directive(name, kind)
    app.add_node(drawings.Shown, html=(drawings.open_shown, leave_closed))
