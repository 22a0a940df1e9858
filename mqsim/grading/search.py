"""Plays a scene: every run that it stands for, in order.

A run has a number by which it can be played again: `3.17` is the seventeenth run of the exercise's third
scene, and `3.17+` the same with a second crash.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mqsim.grading.evidence import hits
from mqsim.grading.fault_points import Moments, Watching, crash_points, midway, moments, requests
from mqsim.grading.records import Strike
from mqsim.grading.scenes import Fault, Scene
from mqsim.guest.host.crash_points import Strike as Killing
from mqsim.trace.clients import ClientEventKind
from mqsim.trace.timeline import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mqsim.grading.run import Run
    from mqsim.grading.stage import Played, Stage
    from mqsim.guest.host.crash_points import Point


_ACKNOWLEDGED = re.compile(r"\bbasic\.ack (\d+)$")

_STRIDE = 7
"""Which of the later points goes with which first one: neighbours get points that lie apart."""


class Restless(Exception):  # noqa: N818 - a finding about a program, as Unmet is
    """The programs did something else when they were run again, so the search can't go on.

    Args:
        sentence: what is to be said of it.
    """


class Numbered(NamedTuple):
    """A run of a scene.

    Attributes:
        number: such as `17`, or `17+`.
        played: the run.
        at: what programs had just done when its fault struck, in words; empty in a calm run, and where there
            are two faults.
    """

    number: str
    played: Played
    at: frozenset[str] = frozenset()


class Search:
    """The runs of one scene.

    Args:
        scene: which.
        stage: where they are played.

    Attributes:
        found: instants that the fault-free run shows; known after the first run.
        skipped: of them, those that are the same as a neighbour.
    """

    def __init__(self, scene: Scene, stage: Stage) -> None:
        self.scene = scene
        self.found = 0
        self.skipped = 0
        self._stage = stage
        self._calm: Run | None = None
        self._at: frozenset[str] = frozenset()
        self._latency = stage.exercise.latency

    def runs(self, only: str | None = None, at: frozenset[str] = frozenset()) -> Iterator[Numbered]:
        """Play them.

        Args:
            only: the number of the one run to play (with a `+`, the one before it comes first); by default
                all of them.
            at: play only those with one fault that strikes at one of these; see `Numbered`.

        Raises:
            Restless: the programs do something else in every run.
        """
        scene = self.scene
        if scene.fault is Fault.NONE:
            self.found = 1
            yield Numbered("1", self._stage.play(scene.setting))
            return
        watching = Watching()
        self._calm = self._stage.play(scene.setting, watched=watching).run
        self._at = at
        plays: Callable[[Watching, str | None], Iterator[Numbered]]
        plays = self._crashes if scene.fault is Fault.CRASH else self._faults
        yield from plays(watching, only)

    def _is_meant(self, at: frozenset[str]) -> bool:
        return not self._at or bool(self._at & at)

    # -- crashes of programs ---------------------------------------------------------------------------------

    def _crashes(self, calm: Watching, only: str | None) -> Iterator[Numbered]:
        """One crash at each point; then, for each that hit something, a second one after the recovery."""
        who = f"{self.scene.program}-1"
        points, self.skipped = crash_points(calm.observers[who].points)
        self.found = len(points) + self.skipped
        after: dict[int, list[Point]] = {}
        for number, point in enumerate(points, 1):
            at = frozenset({self._named(point)})
            if self._is_meant(at) and (only is None or only.rstrip("+") == str(number)):
                watching, played = self._kill(point)
                if self.scene.again and played.run.hit and not self._at:
                    after[number] = self._later(watching.observers[who].points, point)
                yield Numbered(str(number), played, at)
        for number, later in after.items():
            if later:
                second = later[(_STRIDE * number) % len(later)]
                yield Numbered(f"{number}+", self._kill(points[number - 1], second)[1])

    def _later(self, points: list[Point], first: Point) -> list[Point]:
        """Where it can be killed again, after its recovery."""
        return crash_points(point for point in points if point.t >= first.t + self.scene.seconds)[0]

    def _kill(self, *points: Point) -> tuple[Watching, Played]:
        watching = Watching(Killing(point, self.scene.seconds) for point in points)
        played = self._stage.play(self.scene.setting, watched=watching)
        for strike in watching.strikes:
            if not strike.struck and not played.run.overran:
                raise Restless(
                    f"{strike.point.who} did something else when it was run again, so it could not be killed "
                    f"{strike.point.did}. A program must do the same in every run."
                )
        self._tell(
            played,
            [Strike("crash", point.who, point.t, self._named(point), self.scene.seconds) for point in points],
        )
        return watching, played

    def _named(self, point: Point) -> str:
        """What the actor had done, with a message's text in place of a delivery's number."""
        found = _ACKNOWLEDGED.search(point.did)
        if found is None or self._calm is None:
            return point.did
        for event in self._calm.events(ClientEventKind.ACKED, who=point.who):
            if event.t == point.t and event.delivery_tag == int(found[1]) and event.row >= 0:
                text = text_of(self._calm.trace, event.row)
                return f'{point.did[: found.start()]}basic.ack of "{text}"{point.did[found.end() :]}'
        return point.did

    # -- faults at a time ------------------------------------------------------------------------------------

    def _faults(self, calm: Watching, only: str | None) -> Iterator[Numbered]:
        times = self._times(calm)
        self.found = len(times)
        for number, (t, at) in enumerate(sorted(times.items()), 1):
            if self._is_meant(at) and (only is None or only == str(number)):
                played, strike = self._struck(t)
                self._tell(played, [strike])
                yield Numbered(str(number), played, at)

    def _times(self, calm: Watching) -> Moments:
        everyone = calm.observers.values()
        if self.scene.fault is Fault.LEDGER_AWAY:
            return requests(everyone, self._latency)
        if self.scene.fault is Fault.CTRL_C:
            observer = calm.observers[f"{self.scene.program}-1"]
            return {**moments([observer], self._latency), **midway(observer)}
        return moments(everyone, self._latency)

    def _struck(self, t: float) -> tuple[Played, Strike]:
        """The run with the fault at that time, and what struck."""
        kind, seconds, setting = self.scene.fault.value, self.scene.seconds, self.scene.setting
        if self.scene.fault is Fault.LEDGER_AWAY:
            played = self._stage.play(setting, faults=[{"outage": "ledger", "at": t, "for": seconds}])
            return played, Strike(kind, "ledger", t, "", seconds)
        if self.scene.fault is Fault.CTRL_C:
            who = f"{self.scene.program}-1"
            return self._stage.play(setting, faults=[{"stop": who, "at": t}]), Strike(kind, who, t)
        word = "restart" if self.scene.fault is Fault.BROKER_RESTART else "kill"
        played = self._stage.play(setting, faults=[{word: "broker", "at": t, "down": seconds}])
        return played, Strike(kind, "broker", t, "", seconds)

    def _tell(self, played: Played, strikes: list[Strike]) -> None:
        run = played.run
        run.strikes = tuple(replace(strike) for strike in strikes)
        run.hit = any(hits(run.trace, strike) for strike in strikes)
