"""The explorer: controls of a scenario, and at once what they do to it."""

from __future__ import annotations

from pathlib import Path
from pprint import pformat
from typing import TYPE_CHECKING, Any

import traitlets

from mqsim import runs
from mqsim.errors import MqsimError, UsageError
from mqsim.report.files import writable_target, write_atomically
from mqsim.runs.engines import load_for
from mqsim.viz.css import widget_variables
from mqsim.widgets.browser.bundle import bundle
from mqsim.widgets.explore.background import LatestRun, Outcome
from mqsim.widgets.explore.drawing import Drawing, drawing_of
from mqsim.widgets.explore.export import USUAL_RUNS, explorer_page
from mqsim.widgets.explore.figures import outcome_counts, simulated, theory
from mqsim.widgets.explore.knobs import changed
from mqsim.widgets.explore.static import static_html, static_text
from mqsim.widgets.explore.vary import Vary, knobs
from mqsim.widgets.still import WithStill

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from mqsim.scenario import Scenario

_HERE = Path(__file__).parent
_SCRIPT = _HERE / "explorer.js"
_STYLE = widget_variables(".mq-explore") + (_HERE / "explorer.css").read_text("utf-8")


class Explorer(WithStill):
    """Controls of a scenario with the depth, the lanes and the numbers beside theory; made by `mq.explore`.

    What a reader turns is turned in Python too, and the reverse: `values`, `scenario`, `yaml`, `python` and
    `result` are those of the picture on show.

    Args:
        scenario: where the controls start, and what `reset` goes back to.
        vary: see `mq.explore`.
        theme: `light`, `dark`, or None: as the page around it.

    Raises:
        UsageError: `vary` asks for what the scenario has not, or has more than once.
        ScenarioError: the scenario can't be run.
    """

    what = "explorer"
    _esm = bundle(_SCRIPT)
    _css = _STYLE

    title = traitlets.Unicode().tag(sync=True)
    theme = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    controls: traitlets.List[Any] = traitlets.List().tag(sync=True)
    # What the reader wants: `turn` counts wishes, `values` are those of all controls, as they travel.
    wish = traitlets.Dict().tag(sync=True, echo_update=False)
    # What can be said of a wish at once: theory, code, or what is wrong with it.
    said = traitlets.Dict().tag(sync=True)
    # What its simulation gave: numbers and picture, in one message.
    shown = traitlets.Dict().tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)

    def __init__(self, scenario: Scenario, vary: Vary = None, theme: str | None = None) -> None:
        if theme not in (None, "light", "dark"):
            raise UsageError(
                f"theme: {theme!r} is not allowed; it must be 'light', 'dark' or None (as the page)."
            )
        self._base = self._scenario = scenario
        self._runs = LatestRun(runs.simulate, self._deliver, self._tell, load_for)
        self._result: runs.RunResult | None = None
        self._first: Outcome | None = None
        self._knobs = knobs(scenario, vary, self._length)
        self._named = {knob.name: knob for knob in self._knobs}
        self._values = {knob.name: knob.start for knob in self._knobs}
        self._problem = ""
        self._waits = False
        super().__init__(title=scenario.name, theme=theme, controls=self._sketches())
        self.wish = {"turn": 0, "values": self._sent()}
        self._parts: list[dict[str, Any]] = []
        self._say(0)
        self._show(self._first_run())
        self.observe(self._wished, "wish")

    # -- what a reader of the notebook may ask ---------------------------------------------------------------

    @property
    def values(self) -> dict[str, Any]:
        """What each control is at, by its name in `vary`; None where a fault is off."""
        return dict(self._values)

    @property
    def scenario(self) -> Scenario:
        """The scenario that the controls make; while they make none, the last one."""
        return self._scenario

    @property
    def result(self) -> runs.RunResult:
        """The run of `scenario`; waits for it where it is not there yet.

        Raises:
            ScenarioError: it can't be run.
        """
        if self._result is None or self._result.scenario is not self._scenario:
            self._deliver(self._run(self.wish["turn"]))
        assert self._result is not None
        return self._result

    @property
    def problem(self) -> str:
        """What is wrong with what the controls ask for; empty if nothing is."""
        return self._problem

    @property
    def yaml(self) -> str:
        """The scenario as YAML."""
        return self._scenario.to_yaml()

    @property
    def python(self) -> str:
        """A program that runs the scenario."""
        data = pformat(self._scenario.to_data(), sort_dicts=False, width=88)
        return (
            "import mqsim as mq\n\n"
            f"scenario = mq.Scenario.from_data(\n{_indented(data)}\n)\n"
            "result = mq.simulate(scenario)\nresult\n"
        )

    def set(self, values: Mapping[str, Any] | None = None, **named: Any) -> Explorer:
        """Turn controls, as a reader would; gives the explorer back.

        Args:
            values: by name; the way to name a path.
            named: by short name, as in `set(workers=3)`.

        Raises:
            UsageError: there is no such control, or it can't have the value.
        """
        asked = {**(values or {}), **named}
        for name in asked:
            if name not in self._named:
                raise UsageError(f"{name!r} is not varied here; there are {', '.join(self._named)}.")
        self._values |= {name: self._named[name].checked(value) for name, value in asked.items()}
        self._turn_to_values()
        return self

    def reset(self) -> Explorer:
        """Put every control back to the scenario's own value; gives the explorer back."""
        self._values = {knob.name: knob.start for knob in self._knobs}
        self._turn_to_values()
        return self

    # -- a wish, and what follows ----------------------------------------------------------------------------

    def _turn_to_values(self) -> None:
        """As if a reader had; but the cell that asks for it waits for the run."""
        self._waits = True
        try:
            self.wish = {"turn": self.wish["turn"] + 1, "values": self._sent()}
        finally:
            self._waits = False

    def _sketches(self) -> list[dict[str, Any]]:
        return [{**knob.sketch(), "start": knob.sent(knob.start)} for knob in self._knobs]

    def _sent(self) -> dict[str, Any]:
        return {knob.name: knob.sent(self._values[knob.name]) for knob in self._knobs}

    def _wished(self, change: Any) -> None:
        """A control was turned, in the browser or in Python."""
        turn = change["new"]["turn"]
        try:
            self._values = {
                name: knob.checked(knob.received(change["new"]["values"][name]))
                for name, knob in self._named.items()
            }
            scenario = changed(self._base, self._knobs, self._values)
        except MqsimError as error:
            self._runs.forget(turn)
            self._fail(turn, str(error))
            return
        self._scenario = scenario
        self._say(turn)
        if self._waits:
            self._runs.forget(turn)
            self._deliver(self._runs.now(turn, scenario))
        else:
            self._runs.ask(turn, scenario)

    def _say(self, turn: int) -> None:
        self._problem = ""
        self._parts = theory(self._scenario)
        self.said = {
            "turn": turn,
            "problem": "",
            "theory": self._parts,
            "yaml": self.yaml,
            "python": self.python,
        }

    def _fail(self, turn: int, problem: str) -> None:
        self._problem = problem.splitlines()[0]
        self.said = {**self.said, "turn": turn, "problem": self._problem}

    def _tell(self, turn: int, share: float) -> None:
        self.progress = {"turn": turn, "share": round(share, 3)}

    def _run(self, turn: int) -> Outcome:
        """Run the scenario here and now.

        Raises:
            ScenarioError: it can't be run.
        """
        return self._runs.now(turn, self._scenario, strict=True)

    def _deliver(self, outcome: Outcome) -> None:
        """Show what came of a run, unless something newer is on show."""
        if outcome.turn < self.shown.get("turn", 0):
            return
        if outcome.problem:
            if outcome.turn == self.wish["turn"]:
                self._fail(outcome.turn, outcome.problem)
            return
        self._show(outcome)

    def _show(self, outcome: Outcome) -> None:
        run = self._result = outcome.run
        assert run is not None
        parts = self._parts if run.scenario is self._scenario else theory(run.scenario)
        summary, drawn = run.summary(), drawing_of(run.trace)
        self._drawn = drawn
        self.shown = {
            "turn": outcome.turn,
            "messages": run.trace.messages.n,
            "seconds": outcome.seconds,
            "numbers": simulated(parts, summary, run.trace.end),
            "fates": [list(fate) for fate in outcome_counts(summary)],
            "about": drawn.about,
            "drawn": drawn.numbers,
        }

    def _length(self) -> float:
        """How long a run of the scenario is, in seconds."""
        if self._base.duration is not None:
            return self._base.duration
        run = self._first_run().run
        assert run is not None
        return run.trace.end

    def _first_run(self) -> Outcome:
        if self._first is None:
            self._first = self._run(0)
        return self._first

    # -- where no kernel runs --------------------------------------------------------------------------------

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        drawn, told, settings = self.still()
        data["text/html"] = static_html(drawn, told, settings)
        data["text/plain"] = static_text(told, settings)
        return data, metadata

    def still(self) -> tuple[Drawing, dict[str, Any], list[tuple[str, str]]]:
        """The picture on show, its numbers, and what each control is at."""
        settings = [(knob.label, knob.words(self._values[knob.name])) for knob in self._knobs]
        return self._drawn, {"title": self.title, "parts": self._parts, **self.shown}, settings

    def html(self, runs: int = USUAL_RUNS) -> str:
        """The explorer as one HTML page that needs neither kernel nor network; see `to_html`."""
        before = self.values
        parts = (_STYLE, _SCRIPT, static_html(*self.still()))
        try:
            return explorer_page(
                {"title": self.title, "theme": self.theme}, self._knobs, before, self._turned, runs, parts
            )
        finally:
            self.set(before)

    def _turned(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What is said and shown at these values; nothing is shown where they can't be run."""
        self.set(values)
        return dict(self.said), None if self._problem else dict(self.shown)

    def to_html(self, path: str | os.PathLike[str], runs: int = USUAL_RUNS) -> Path:
        """Write the explorer to one HTML file that works without kernel or network.

        Behind the controls stands a grid of runs that are made now, one for each position of the controls.
        Sliders keep only some of their stops, so that there are about `runs` of them; the page says how many.

        Args:
            path: the file; it appears under its name only when it is whole.
            runs: about how many runs are made, from 1 to 500.

        Raises:
            UsageError: the file can't be written there, or the controls have too many positions.
        """
        writable_target(path)
        return write_atomically(path, self.html(runs))

    def __repr__(self) -> str:
        return f"<Explorer of {self.title!r}: {', '.join(self._named)}>"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
