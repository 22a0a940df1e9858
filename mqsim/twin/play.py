"""Plays a scenario: sets the kernel going, gives it what it asks for, and reads its tables into a trace, or
what it has counted into a few numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mqsim.broker.profiles import profile
from mqsim.metrics.measures import numbers_at
from mqsim.metrics.window import Window
from mqsim.run_size import refuse_more_retries
from mqsim.twin import codes
from mqsim.twin.kernel import run
from mqsim.twin.measuring import Counted, Times
from mqsim.twin.pointers import COMPILES
from mqsim.twin.readiness import note_that_it_is_kept
from mqsim.twin.recording import cast_of, end_of, producers_of, queues_by_code, trace_of
from mqsim.twin.setting import Setting
from mqsim.twin.supply import CannotGoOnError, Supply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mqsim.metrics.measures import Number
    from mqsim.scenario import Scenario
    from mqsim.trace.tables import Trace

_EVENTS_A_PIECE = 20_000
_STILL = 10
_SAME_INSTANT = 1e-9


def play(
    scenario: Scenario,
    seed: int | None = None,
    replication: int = 0,
    watch: Callable[[float, int], None] | None = None,
) -> Trace:
    """Run a scenario in the compiled twin; the trace is that of `sim`, bit for bit.

    Args:
        scenario: one that `eligible` says nothing against.
        seed: instead of the scenario's.
        replication: which of the independent repetitions this is, from 0.
        watch: called now and then with the time and how many copies of messages there are; what it raises
            ends the run.

    Raises:
        CannotGoOnError: time stands still, an acknowledgement came too late, or a message comes back too
            often; `sim` says what follows.
        UsageError: producers publish again and again.
    """
    setting = Setting(scenario, scenario.seed if seed is None else seed, replication)
    limit = float(setting.state.g[0].end)
    _go(setting, Supply(setting), watch)
    trace = trace_of(setting, limit)
    _refuse_late_acknowledgements(scenario, setting)
    setting.give_back()
    return trace


def measure(
    scenario: Scenario,
    paths: Iterable[str],
    seed: int | None = None,
    replication: int = 0,
    watch: Callable[[float, int], None] | None = None,
) -> dict[str, Number]:
    """Run a scenario for a few numbers, without tables: rows of messages that are over are used again.

    Args:
        scenario: one that `eligible` says nothing against, and that `measuring.counts`.
        paths: which numbers (`metrics.measures`).
        seed: as in `play`.
        replication: as in `play`.
        watch: as in `play`; it is told how many copies are kept at a time.

    Raises:
        CannotGoOnError: as `play`.
        UsageError: as `play`; or there is no such number.
    """
    asked = list(paths)
    chosen = scenario.seed if seed is None else seed
    setting = Setting(scenario, chosen, replication, float(scenario.warmup))
    times = Times(asked)
    supply = Supply(setting, times)
    _go(setting, supply, watch)
    g = setting.state.g[0]
    g.over = 1
    while run(setting.state, setting.words) != codes.DONE:
        supply.grow()
    supply.grow()
    _refuse_late_acknowledgements(scenario, setting)
    counted = Counted(
        setting.state,
        Window(float(scenario.warmup), end_of(setting)),
        queues_by_code(setting),
        setting.actor_names,
        cast_of(setting),
        producers_of(setting),
        times,
    )
    found = numbers_at(asked, counted)
    setting.give_back()
    return found


def _go(setting: Setting, supply: Supply, watch: Callable[[float, int], None] | None) -> None:
    """Run to the end."""
    still = Standstill()
    g = setting.state.g[0]
    g.budget = _EVENTS_A_PIECE
    while (asks := run(setting.state, setting.words)) != codes.DONE:
        if asks == codes.GROW:
            supply.grow()
        elif asks == codes.REFILL:
            supply.refill()
        else:
            g.budget = _EVENTS_A_PIECE
            still.look(float(g.now), int(setting.state.actors["number"].sum()))
            _refuse_more_retries(setting)
            if watch is not None:
                watch(float(g.now), int(g.messages))
    _refuse_more_retries(setting)
    if COMPILES:
        note_that_it_is_kept()


class Standstill:
    """Notices a run that does not move on."""

    def __init__(self) -> None:
        self._at, self._came, self._times = 0.0, -1, 0

    def look(self, now: float, came: int) -> None:
        """Compare with the last look.

        Raises:
            CannotGoOnError: nothing has changed for many looks.
        """
        if now - self._at > _SAME_INSTANT * max(1.0, abs(self._at)) or came != self._came:
            self._at, self._came, self._times = now, came, 0
        self._times += 1
        if self._times >= _STILL:
            raise CannotGoOnError(f"time stands still at {now:g} s.")


def _refuse_more_retries(setting: Setting) -> None:
    g = setting.state.g[0]
    if g.retries:
        refuse_more_retries(int(g.retries), setting.names[int(g.retrier)])


def _refuse_late_acknowledgements(scenario: Scenario, setting: Setting) -> None:
    """The versions of RabbitMQ that close a channel over a late acknowledgement are left to `sim` then."""
    if not profile(scenario.broker.profile).timeout_closes_channel:
        return
    s = setting.state
    g = s.g[0]
    rows = s.deliveries[: int(g.deliveries)]
    waiting = rows["sent"][rows["how"] == 0]
    longest = max(float(g.longest_wait), float(end_of(setting) - np.min(waiting)) if len(waiting) else 0.0)
    if longest >= scenario.broker.consumer_timeout:
        raise CannotGoOnError(
            f"an acknowledgement took {longest:g} s, longer than broker.consumer_timeout "
            f"({scenario.broker.consumer_timeout:g} s)."
        )
