"""The crash search: the same programs run again for every instant at which one of them could crash."""

from __future__ import annotations

import gc
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mqsim.errors import UsageError
from mqsim.guest.host.crash_points import Observer, Strike, observing
from mqsim.guest.host.transcript import cut
from mqsim.runs.folders import Folders, Lines
from mqsim.runs.impact import Impact, Tally, impact
from mqsim.runs.notes import notes
from mqsim.runs.programs import play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

    from mqsim.guest.carriers.carrier import CarrierFactory
    from mqsim.guest.carriers.fork_server import ForkServer
    from mqsim.guest.host.actor import GuestActor
    from mqsim.guest.host.crash_points import Point
    from mqsim.guest.host.process import Watch
    from mqsim.runs.options import ProgramOptions
    from mqsim.runs.programs import ProgramsRunResult
    from mqsim.scenario import Scenario


MOST_IN_PROCESS = 400
"""Runs after which programs are carried in processes of their own, where the caller does not choose: in this
process each that is killed, or still waits at the end, is kept for good, and takes up to 0.2 MB.
"""


_COLLECT_EVERY = 50
"""Runs after which the garbage collector looks at what they left."""


class Crash(NamedTuple):
    """One crash, and what came of it.

    Attributes:
        who: the actor that was killed.
        t: when, in seconds.
        did: what it had just done, or was about to do.
        impact: what it lost, had done twice, left waiting.
    """

    who: str
    t: float
    did: str
    impact: Impact


class Span(NamedTuple):
    """Crashes of one actor, one after another, with the same outcome."""

    first: Crash
    last: Crash
    points: int


class CrashTable:
    """What `every_crash` found; its text is a table.

    Attributes:
        crashes: one for each point, actor by actor.
        not_run: points that were left out, as Ctrl-C was pressed.
        restart_after: seconds after which who crashed was started again; None is never.
        without: what came of the run without a crash (or, with faults that were asked for, without a further
            one), as a sentence.
        flawed: whether that run loses messages, or leaves some waiting: then a crash that changes nothing is
            not called harmless.
        notes: what that run shows of the programs besides, a sentence each.
    """

    def __init__(
        self,
        crashes: Sequence[Crash],
        not_run: int,
        restart_after: float | None,
        without: str,
        notes: Sequence[str] = (),
        flawed: bool = False,
    ) -> None:
        self.crashes = list(crashes)
        self.without = without
        self.flawed = flawed
        self.notes = list(notes)
        self.not_run = not_run
        self.restart_after = restart_after

    @property
    def frame(self) -> pd.DataFrame:
        """One row a point: `who`, `t`, `did`, the names in each field of its `Impact`, and `harmless`."""
        import pandas as pd

        rows = [
            {"who": one.who, "t": one.t, "did": one.did, **one.impact._asdict(), "harmless": one.impact.none}
            for one in self.crashes
        ]
        return pd.DataFrame(rows, columns=["who", "t", "did", *Impact._fields, "harmless"])

    @property
    def harmless(self) -> int:
        """At how many points a crash changed nothing."""
        return sum(one.impact.none for one in self.crashes)

    def spans(self) -> Iterator[Span]:
        """Points in a row with the same outcome, as one."""
        for _, group in groupby(self.crashes, lambda one: (one.who, one.impact)):
            alike = list(group)
            yield Span(alike[0], alike[-1], len(alike))

    def sentence(self) -> str:
        """The table in a sentence or two."""
        total = len(self.crashes)
        parts = [f"{total} crash points, {self.harmless} of them {self._nothing}"]
        words = (
            "lose messages",
            "have work done twice",
            "leave finished work to be done again",
            "leave messages waiting",
            "leave messages unsent",
            "have effects twice",
            "leave unknown whether work was done",
        )
        for word, field in zip(words, Impact._fields, strict=True):
            if count := sum(bool(getattr(one.impact, field)) for one in self.crashes):
                parts.append(f"{count} {word}")
        again = (
            "Nobody was started again."
            if self.restart_after is None
            else f"Who was killed was started again after {self.restart_after:g} s."
        )
        left = f" {self.not_run} points were not run." if self.not_run else ""
        without = "" if self.flawed else f" {self.without}"
        return f"{'; '.join(parts)}. {again}{without}{left}"

    @property
    def _nothing(self) -> str:
        """What a crash is called that changed nothing."""
        return "no worse than without the crash" if self.flawed else "harmless"

    def _outcome(self, span: Span) -> str:
        points = f" ({span.points} points)" if span.points > 1 else ""
        return f"\n{'':26}→ {span.first.impact.words(self._nothing)}{points}"

    def to_data(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "crashes": [
                {
                    "who": one.who,
                    "t": cut(one.t),
                    "did": one.did,
                    **{name: list(value) for name, value in one.impact._asdict().items()},
                }
                for one in self.crashes
            ],
            "harmless": self.harmless,
            "not_run": self.not_run,
            "restart_after": self.restart_after,
            "without": self.without,
            "notes": self.notes,
        }

    def __len__(self) -> int:
        return len(self.crashes)

    def __str__(self) -> str:
        lines = [self.without, ""] if self.flawed else []
        for span in self.spans():
            alone = span.points == 1
            lines.append(f"{_place(span.first, span.first.who)}{self._outcome(span) if alone else ''}")
            if not alone:
                lines.append(f"{_place(span.last, '  … to')}{self._outcome(span)}")
        return "\n".join([*lines, "", *self.notes, self.sentence()]).lstrip("\n")

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(span.first.who)}</td><td>{cut(span.first.t):.6f}</td>"
            f"<td>{escape(span.first.did)}{_further(span, escape)}</td><td>{span.points}</td>"
            f"<td>{escape(span.first.impact.words(self._nothing))}</td></tr>"
            for span in self.spans()
        )
        first = f"<p>{escape(self.without)}</p>" if self.flawed else ""
        told = "".join(f"<p>{escape(sentence)}</p>" for sentence in (*self.notes, self.sentence()))
        head = "".join(f"<th>{name}</th>" for name in ("who", "time (s)", "killed", "points", "outcome"))
        return f"{first}<table><tr>{head}</tr>{rows}</table>{told}"


def _place(crash: Crash, who: str) -> str:
    return f"{cut(crash.t):12.6f}  {who:<10}  {crash.did}"


def _further(span: Span, escape: Callable[[str], str]) -> str:
    return "" if span.points == 1 else f"<br>… to {cut(span.last.t):.6f} {escape(span.last.did)}"


def every_crash(
    options: ProgramOptions,
    *,
    who: str | None = None,
    restart_after: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CrashTable:
    """Run the same programs again and again, each time with one crash, at every instant where it matters.

    The instants are those just after each thing that a program does (it sends, prints, connects, takes a
    message in hand, comes back from a callback), and those at the end of each wait. A crash is SIGKILL.
    What came of it is told by comparison with the run without it. Ctrl-C ends it early; the table then says
    how many points were not run.

    Args:
        options: which programs, and how. Without `carry` they run in this process, or in processes of their
            own where there are many points.
        who: the actor or program that crashes; by default every one in turn.
        restart_after: seconds after which it is started again, 0 or more; None is never.
        progress: told how many runs are done, and how many there are, after each.

    Raises:
        UsageError: a program can't be had, or there is nobody of the name `who`; or programs don't do the
            same when they are run again.
        ScenarioError: a count, a time, a fault or the scenario is not allowed.
    """
    if restart_after is not None and not 0 <= restart_after < float("inf"):
        raise UsageError(f"restart_after is {restart_after:g}: give seconds, 0 or more.")
    chosen, carry = options.to_scenario(), options.carry
    names = _meant(chosen, who)
    file = None if options.definitions is None else Path(options.definitions)

    with Folders(chosen) as folders:

        def carried(carry: CarrierFactory | None) -> _Runs:
            return _Runs(folders, carry, None if file is None else file.resolve(), names, options.hosts)

        runs = carried(carry)
        # A process of its own lets go of its locks as it is killed.
        apart = len(runs.points) > MOST_IN_PROCESS or folders.has_database
        if carry is None and apart and (server := _server()) is not None:
            with server:
                return carried(server).crash_at_each(restart_after, progress)
        return runs.crash_at_each(restart_after, progress)


def _server() -> ForkServer | None:
    """What carries programs in processes of their own, where the system has that."""
    from mqsim.guest.carriers.fork_server import ForkServer

    try:
        return ForkServer()
    except UsageError:
        return None


@contextmanager
def _rare_collection() -> Iterator[Callable[[int], None]]:
    """Have the garbage collector look now and then, at what is new alone.

    In this process each program that was killed is kept for good, and Python's collector would walk through
    all of them again and again: with many runs, that took a third of the time.

    Yields:
        What to call after each run, with its number.
    """
    was_on, frozen = gc.isenabled(), gc.get_freeze_count()
    gc.disable()
    gc.freeze()

    def collect(number: int) -> None:
        if number % _COLLECT_EVERY == 0:
            gc.collect()
            gc.freeze()

    try:
        yield collect
    finally:
        if not frozen:
            gc.unfreeze()
        if was_on:
            gc.enable()


class _Runs:
    """The runs of a search: the first has no crash, and shows where crashes can be.

    Args:
        folders: where the programs are.
        carry: what carries them.
        definitions: a definitions file.
        names: of the actors that crash.
        hosts: further names of the broker's host, each with a port.

    Attributes:
        without: what came of the run without a crash.
        notes: what that run shows besides.
        points: the instants at which to crash, actor by actor.
    """

    def __init__(
        self,
        folders: Folders,
        carry: CarrierFactory | None,
        definitions: Path | None,
        names: list[str],
        hosts: Mapping[str, int],
    ) -> None:
        self._folders = folders
        self._carry = carry
        self._definitions = definitions
        self._hosts = hosts
        observers: dict[str, Observer] = {}
        result = self._run(observing(observers))
        self.without = Tally(result, observers, folders.lines())
        self.notes = notes(result.trace)
        self.points = [point for name in names for point in self._points_of(observers[name])]

    def _points_of(self, observer: Observer) -> list[Point]:
        """Its points; where files are written, also those at which it has waited and has not written yet."""
        if not self.without.files:
            return observer.points
        both = [*observer.points, *observer.pauses]
        return sorted(both, key=lambda point: (point.batch, point.cut))

    def _run(self, watched: Callable[[GuestActor], Watch | None]) -> ProgramsRunResult:
        self._folders.renew()
        scenario = self._folders.scenario
        return play(
            scenario,
            scenario.seed,
            until_quiet=True,
            carry=self._carry,
            definitions=self._definitions,
            watched=watched,
            hosts=self._hosts,
        )

    def crash_at_each(
        self, restart_after: float | None, progress: Callable[[int, int], None] | None
    ) -> CrashTable:
        """The other runs."""
        crashes: list[Crash] = []
        points = self.points
        with _rare_collection() as collect, suppress(KeyboardInterrupt):
            for number, point in enumerate(points, 1):
                crashes.append(self._crash(point, restart_after))
                collect(number)
                if progress is not None:
                    progress(number, len(points))
        not_run = len(points) - len(crashes)
        crash = "a further crash" if self._folders.scenario.faults else "a crash"
        without = self.without.sentence(crash)
        return CrashTable(crashes, not_run, restart_after, without, self.notes, self.without.is_flawed)

    def _crash(self, point: Point, restart_after: float | None) -> Crash:
        written: list[Lines] = []
        strike = Strike(point, restart_after, lambda: written.append(self._folders.lines()))
        result = self._run(strike)
        if not strike.struck:
            raise UsageError(
                f"{point.who} is not killed {point.did}: run again, it did something else by then. "
                "What it reads from elsewhere, or keeps in other modules, must be the same in every run."
            )
        files = self._folders.lines()
        crashed = Tally(
            result, strike.observers, files, without=self.without, point=point, written=written[0]
        )
        return Crash(point.who, point.t, point.did, impact(self.without, crashed))


def _meant(scenario: Scenario, who: str | None) -> list[str]:
    """The actors that crash, in the scenario's order."""
    groups = {
        group: [f"{group}-{k}" for k in range(1, spec.count + 1)] for group, spec in scenario.programs.items()
    }
    everyone = [name for names in groups.values() for name in names]
    if who is None or who == "all":
        return everyone
    if who in groups:
        return groups[who]
    if who in everyone:
        return [who]
    raise UsageError(f"there is no program {who} that could crash; there are {', '.join(everyone)}.")
