"""Running what the reader last asked for, and nothing older, without holding up the kernel."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from mqsim.errors import MqsimError
from mqsim.runs import Progress, RunResult

if TYPE_CHECKING:
    from mqsim.scenario import Scenario

NEARLY = 0.3
"""Seconds that a run may still take and be let finish although the reader has moved on."""


SLOW = 0.1
"""Seconds from which a run is slow to whoever drags a slider."""

Simulate = Callable[..., RunResult]
"""How a scenario is run: as by `mqsim.runs.simulate`, of which scenario and progress are given."""


class Outcome(NamedTuple):
    """What came of a run.

    Attributes:
        turn: which of the reader's wishes it answers.
        run: None if it could not be run.
        problem: why not; else empty.
        seconds: how long simulating took, on the clock on the wall.
    """

    turn: int
    run: RunResult | None
    problem: str
    seconds: float


class _OvertakenError(Exception):
    """A newer wish has come."""


class LatestRun:
    """Runs scenarios one at a time; a wish that comes meanwhile replaces all that wait.

    Inside an event loop (a notebook's kernel) the run goes on in a thread, and what came of it is delivered
    in the loop. A run that is overtaken is given up when it next tells its progress, some 0.2 s after its
    start, unless it is nearly done: so dragging a slider shows short runs on the way, and never waits for a
    long one. Without a loop, `ask` runs at once and returns when it is done.

    Args:
        simulate: runs a scenario.
        deliver: called with every outcome.
        tell: called with the turn and the share that is done, from 0 to 1.
        load: called after a slow run, in its thread, with the scenario: may make the next ones fast.
    """

    def __init__(
        self,
        simulate: Simulate,
        deliver: Callable[[Outcome], None],
        tell: Callable[[int, float], None] = lambda _turn, _share: None,
        load: Callable[[Scenario], object] | None = None,
    ) -> None:
        self._load = load
        self._simulate, self._deliver, self._tell = simulate, deliver, tell
        self._lock = threading.Lock()
        self._wanted: tuple[int, Scenario] | None = None
        self._latest = 0
        self._working = False

    def ask(self, turn: int, scenario: Scenario) -> None:
        """Run a scenario, unless a newer wish comes first."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        # Real programs take over parts of the interpreter while they run, so they keep its main thread.
        if loop is None or scenario.programs:
            self._deliver(self.now(turn, scenario))
            return
        with self._lock:
            self._latest, self._wanted = turn, (turn, scenario)
            if self._working:
                return
            self._working = True
        context = contextvars.copy_context()

        def post(call: Callable[..., None], *args: Any) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(call, *args, context=context)

        threading.Thread(target=self._work, args=(post,), name="mqsim-explore", daemon=True).start()

    def now(
        self, turn: int, scenario: Scenario, progress: Progress | None = None, *, strict: bool = False
    ) -> Outcome:
        """Run a scenario here, and wait for it; with `strict`, what is wrong with it is raised."""
        began = time.perf_counter()
        try:
            run = self._simulate(scenario, progress=progress)
        except MqsimError as error:
            if strict:
                raise
            return Outcome(turn, None, str(error), time.perf_counter() - began)
        return Outcome(turn, run, "", time.perf_counter() - began)

    def forget(self, turn: int) -> None:
        """Give up what waits, and what runs, for a wish that can't be run."""
        with self._lock:
            self._latest, self._wanted = turn, None

    def _pacer(self, turn: int, post: Callable[..., None]) -> Progress:
        """What a run calls now and then: passes on the share that is done, and ends one that is overtaken."""
        began = time.perf_counter()

        def progress(now: float, total: float | None) -> None:
            done = now / total if total else 0.0
            if self._latest != turn and (time.perf_counter() - began) * (1.0 - done) > NEARLY * done:
                raise _OvertakenError
            if total:
                post(self._tell, turn, done)

        return progress

    def _work(self, post: Callable[..., None]) -> None:
        while True:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    self._working = False
                    return
            turn, scenario = wanted
            progress = self._pacer(turn, post)
            try:
                outcome = self.now(turn, scenario, progress)
                post(self._deliver, outcome)
                if outcome.seconds > SLOW and self._load is not None:
                    self._load(scenario)
            except _OvertakenError:
                continue
            except Exception as error:
                said = f"The simulation failed: {type(error).__name__}: {error}"
                post(self._deliver, Outcome(turn, None, said, 0.0))
