"""The replay in a notebook: the film, and the runs that interventions make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from mqsim.errors import MqsimError, UsageError
from mqsim.report.files import writable_target, write_atomically
from mqsim.runs import RunResult, simulate
from mqsim.widgets.replay.compare import numbers, over_the_same, table
from mqsim.widgets.replay.export import replay_with_crashes
from mqsim.widgets.replay.film import film
from mqsim.widgets.replay.page import notebook_html, page
from mqsim.widgets.replay.routes import routes
from mqsim.widgets.replay.scripts import script, style
from mqsim.widgets.still import WithStill

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from mqsim.trace.tables import Trace

KINDS = ("crash", "hang", "slow", "restart")
_AS_IT_WAS = "as it was"


class Replay(WithStill):
    """A run that can be played, stepped, dragged and intervened in.

    Args:
        run: what is shown. The title is its scenario's name.
        theme: `light` or `dark`; by default as the notebook or the reader's system has it.
        label: what to call this run beside others.

    Attributes:
        t: the time on show, in seconds; set it to go there.
        playing: whether it plays.
        speed: simulated seconds a second, when it is shown next; 0 lets the replay choose.
        follow: the copy that is followed, by its row in the table of messages, or -1.
        which: which of the futures is on show, from 0.
        runs: the futures, the first as the run was; `labels` names them.
    """

    what = "replay"
    _esm = script()
    _css = style()

    t = traitlets.Float(0.0).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    speed = traitlets.Float(0.0).tag(sync=True)
    follow = traitlets.Int(-1).tag(sync=True)
    which = traitlets.Int(0).tag(sync=True)
    _films = traitlets.List(traitlets.Bytes()).tag(sync=True)
    _theme = traitlets.Unicode("").tag(sync=True)
    _live = traitlets.Bool(False).tag(sync=True)
    _same = traitlets.Dict().tag(sync=True)

    def __init__(self, run: RunResult, theme: str | None = None, label: str = _AS_IT_WAS) -> None:
        if theme not in (None, "light", "dark"):
            raise UsageError(f"theme: {theme!r} is not allowed; it must be 'light', 'dark' or None.")
        self._begin([run], [label], [_packed(run, label)], _theme=theme or "", t=run.trace.start)

    def _begin(self, runs: list[RunResult], labels: list[str], films: list[bytes], **state: Any) -> None:
        super().__init__(_films=films, _live=True, **state)
        self.runs = runs
        self.labels = labels
        self.on_msg(self._hear)

    def _copied(self) -> Replay:
        """The same futures, each as it was packed, for a replay that goes on from this one."""
        copy = Replay.__new__(type(self))
        state = {name: getattr(self, name) for name in ("t", "which", "speed", "_theme")}
        runs, labels, films = list(self.runs), list(self.labels), list(self._films)
        copy._begin(runs, labels, films, _same=dict(self._same), **state)
        return copy

    @property
    def name(self) -> str:
        """The title."""
        return self.runs[0].scenario.name

    @property
    def traces(self) -> list[Trace]:
        """What the futures left behind."""
        return [run.trace for run in self.runs]

    # -- other futures ---------------------------------------------------------------------------------------

    def intervene(
        self, kind: str, who: str, at: float | None = None, *, replace: bool = False, **more: Any
    ) -> Replay:
        """What would have been, had a fault struck: the same run, seed and work, with one fault more.

        Up to `at` both runs are the same, byte for byte. The fault is added to the run on show (`which`), so
        interventions can follow each other; `undo` takes one away.

        Args:
            kind: `crash`, `hang`, `slow` or `restart`.
            who: an actor, such as `worker-1`.
            at: seconds; by default the time on show.
            replace: whether it takes the place of the faults that strike this actor anyhow; the two runs are
                then the same up to the earlier of them.
            more: what that kind of fault takes in a scenario: `restart_after` (crash), `for_` (hang, slow),
                `factor` (slow; 3 unless told), `down` (restart).

        Returns:
            A replay of both, which goes on from `at` with the new one on show.

        Raises:
            UsageError: nobody can run this again (real programs, processes of your own), or the kind or the
                actor is unknown.
            ScenarioError: the fault can't be understood.
        """
        both = self._copied()
        both._add(kind, who, self.t if at is None else at, more, replace)
        return both

    def undo(self) -> Replay:
        """The same without the future on show; without the last one where the run as it was is on show.

        Raises:
            UsageError: nothing has been added.
        """
        if len(self.runs) == 1:
            raise UsageError("There is nothing to undo: no what-if has been added to this replay.")
        rest = self._copied()
        rest._remove(self.which or len(self.runs) - 1)
        return rest

    def _remove(self, which: int) -> None:
        if not 0 < which < len(self.runs):
            raise UsageError(f"{which} is no what-if; there are 1 to {len(self.runs) - 1}.")
        for each in (self.runs, self.labels):
            del each[which]
        self.which = min(self.which, len(self.runs) - 1) if self.which < which else max(self.which - 1, 0)
        self._same = over_the_same(self.traces)
        self._films = [film for place, film in enumerate(self._films) if place != which]

    def _add(self, kind: str, who: str, at: float, more: Mapping[str, Any], replace: bool = False) -> None:
        new, label = self._with_fault(self.which, kind, who, at, more, replace)
        made = _packed(new, label)
        self.runs.append(new)
        self.labels.append(label)
        self.t = float(at)
        self._same = over_the_same(self.traces)
        self._films = [*self._films, made]
        self.which = len(self.runs) - 1

    def _with_fault(
        self, which: int, kind: str, who: str, at: float, more: Mapping[str, Any], replace: bool = False
    ) -> tuple[RunResult, str]:
        """One of the runs again with a fault more, and what it is called."""
        run = self.runs[which]
        if run.beyond_scenario:
            raise UsageError(f"This run can't be run again with a change: {run.beyond_scenario}.")
        if kind not in KINDS:
            raise UsageError(f"{kind!r} is no intervention; there are {', '.join(KINDS)}.")
        if who not in run.trace.cast:
            raise UsageError(f"{who!r} did not take part; there are {', '.join(sorted(run.trace.cast))}.")
        fault = {kind: who, "at": float(at), **{name.rstrip("_"): value for name, value in more.items()}}
        if kind == "slow":
            fault.setdefault("factor", 3.0)
        kept = [one.to_data() for one in run.scenario.faults]
        if replace:
            struck = {who, run.trace.cast[who].group}
            both = zip(kept, run.scenario.faults, strict=True)
            kept = [data for data, one in both if not struck & set(one.targets)]
        scenario = run.scenario.with_({"faults": [*kept, fault]})
        new = simulate(scenario, run.seed, run.replication)
        before = "" if which == 0 else f"{self.labels[which]}, "
        instead = " instead of its own faults" if replace else ""
        return new, f"{before}{kind} of {who} at {at:.6g} s{instead}"

    def compare(self) -> pd.DataFrame:
        """The futures side by side: one row a number, one column a run.

        Copies are counted (a message has one in every queue it went to); `mean sojourn` is from `created` to
        `finished`, in seconds, of the messages that were worked to the end in every one of the runs.
        """
        found = [numbers(trace) for trace in self.traces]
        for one, mean in zip(found, over_the_same(self.traces)["means"], strict=True):
            one["sojourn"] = mean
        return table(list(zip(self.labels, found, strict=True)))

    def _hear(self, _: object, content: Any, __: object) -> None:
        if not isinstance(content, dict):
            return
        asked, which = content.get("intervene"), content.get("remove")
        self.send({"heard": True})
        try:
            if isinstance(asked, dict):
                replace = bool(asked.get("replace"))
                self._add(asked["kind"], asked["who"], asked["at"], asked.get("more", {}), replace)
            elif isinstance(which, int):
                self._remove(which)
        except MqsimError as error:
            self.send({"notice": str(error)})

    # -- elsewhere -------------------------------------------------------------------------------------------

    def html(self, crashes: int = 0) -> str:
        """The replay as one HTML page that plays without kernel or network; see `to_html`."""
        if crashes:
            held = {"t": self.t, "playing": False, "speed": self.speed, "follow": -1, "_theme": self._theme}
            return replay_with_crashes(
                self.traces[0], self._films[0], held, crashes, self._crashed, self.name
            )
        state = {
            "t": self.t,
            "playing": False,
            "speed": self.speed,
            "follow": self.follow,
            "which": self.which,
            "_same": self._same,
        }
        return page(self._films, state, self.traces[self.which], self.name, self._theme or None)

    def _crashed(self, who: str, at: float) -> tuple[str, bytes]:
        """Label and film of the first run with a crash."""
        run, label = self._with_fault(0, "crash", who, at, {})
        return label, _packed(run, label)

    def to_html(self, path: str | os.PathLike[str], crashes: int = 0) -> Path:
        """Write the replay to one HTML file that plays without kernel or network, futures included.

        Args:
            path: the file; it appears under its name only when it is whole.
            crashes: at how many moments, evenly spread over the first run, the page's reader can crash each
                consumer. All these runs are made now; the page then shows them in place of other futures.

        Raises:
            UsageError: the file can't be written there, or so many runs don't fit into a page.
        """
        writable_target(path)
        return write_atomically(path, self.html(crashes))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and for whoever can't show it a picture, tables and a line of words."""
        made = super()._repr_mimebundle_(**options)
        if not made:
            return made
        data, metadata = made
        trace = self.traces[self.which]
        words = f"Replay of {self.name!r}: {trace.messages.n} messages in {trace.end - trace.start:g} s"
        return {**data, "text/plain": words, "text/html": notebook_html(trace)}, metadata


def _packed(run: RunResult, label: str) -> bytes:
    """A run as the browser gets it."""
    return film(run.trace, routes(run.scenario), label, run.scenario.name).pack()
