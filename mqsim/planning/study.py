"""A scenario run again and again until its measures are known well enough, or the budget is spent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mqsim.planning.length import SECTIONS, Length, length_of
from mqsim.planning.observe import Observation, observe
from mqsim.planning.processors import Processors
from mqsim.statistics.sections import (
    Estimate,
    follow,
    mean_of_sections,
    percentile_of_sections,
    sections_of,
)

if TYPE_CHECKING:
    from mqsim.planning.targets import Measure, Target
    from mqsim.runs.engines import Engine
    from mqsim.scenario import Scenario

Floats = NDArray[np.float64]
Progress = Callable[[float, float], None]
Job = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and its arguments: one run."""

SHOWN = 0.95
"""Confidence of the intervals that an answer shows."""
SURE = 0.99
"""Confidence with which it decides, so that several looks don't add up to a wrong yes."""
FEWEST = 2
"""Runs, or pairs of runs, below which there is no interval, and so no answer."""
_CORRELATED = 0.5


@dataclass
class Budget:
    """Messages that an answer may simulate; it always ends, with what is known by then.

    Attributes:
        messages: how many at most.
        spent: how many so far.
        on: where runs are made, and where finished ones are kept.
        tell: called after each run with the messages simulated so far, and those of the budget.
        stopped: by Ctrl-C; then nothing more is simulated, and the answer is what is known by then.
    """

    messages: float = 4e6
    spent: float = 0.0
    on: Processors = field(default_factory=Processors)
    tell: Progress | None = None
    stopped: bool = False

    @property
    def left(self) -> float:
        """Messages that may still be simulated."""
        return 0.0 if self.stopped else max(self.messages - self.spent, 0.0)

    @property
    def stop_note(self) -> str:
        """What to say where Ctrl-C came."""
        kept = "" if self.on.kept is None else f"; ask again with --resume {self.on.kept.path} to go on"
        return f"Stopped by Ctrl-C after {self.spent:,.0f} messages: this is what was known by then{kept}."

    @property
    def over_note(self) -> str:
        """What to say where more was simulated than the budget has; empty where it was not."""
        if self.spent <= self.messages:
            return ""
        return (
            f"{self.spent:,.0f} messages were simulated, more than the --budget of {self.messages:,.0f}, "
            "because an interval takes two runs at least, and how long a run gets is known only afterwards."
        )

    def portions(self, jobs: list[Job], messages: float, together: int = 1) -> Iterator[list[Job]]:
        """All jobs at once where they surely fit; else the fewest first, and then as many as still fit.

        Args:
            jobs: runs, each of which spends its messages before the next portion is asked for.
            messages: about how many they all have.
            together: runs that belong together.
        """
        if 2.0 * messages <= self.left:
            yield jobs
            return
        first, spent = FEWEST * together, self.spent
        yield jobs[:first]
        each = (self.spent - spent) / first * together
        room = together * int(self.left / each) if each else len(jobs)
        if rest := jobs[first:][:room]:
            yield rest

    def spend(self, messages: float) -> None:
        """Take the messages of a run off the budget, and tell."""
        self.spent += messages
        if self.tell is not None:
            self.tell(self.spent, self.messages)


@dataclass
class Study:
    """The runs of one scenario, and what they say.

    Attributes:
        scenario: what is asked about.
        measures: what is read off each run.
        length: how each run is made.
        seed: of all random numbers; run k has replication k, so studies are compared under common random
            numbers.
        limit: the largest time limit among the targets, in seconds.
        runs: what was observed.
    """

    scenario: Scenario
    measures: tuple[Measure, ...]
    length: Length
    seed: int
    limit: float = 0.0
    runs: list[Observation] = field(default_factory=list)

    @classmethod
    def of(cls, scenario: Scenario, targets: Sequence[Target], seed: int, as_written: bool = False) -> Study:
        """The study that judges these targets."""
        limits = [t.measure.within or t.limit for t in targets if t.measure.kind in ("time", "share")]
        measures = tuple(dict.fromkeys(target.measure for target in targets))
        return cls(scenario, measures, length_of(scenario, targets, as_written), seed, max([0.0, *limits]))

    @cached_property
    def played(self) -> Scenario:
        """The scenario of one run."""
        return self.length.applied(self.scenario)

    def jobs(self, engine: Engine) -> list[tuple[Callable[..., Observation], tuple[Any, ...]]]:
        """The runs of one more round, to be carried out by an engine."""
        begun = len(self.runs)
        return [
            (observe, (self.played, self.seed, begun + k, self.measures, self.length, self.limit, engine))
            for k in range(self.length.runs)
        ]

    def add_round(self, budget: Budget) -> None:
        """Run one more round; its messages are taken off the budget.

        After Ctrl-C the runs that are finished count, which may be none, and there are no more. It is passed
        on where nothing at all is known yet.
        """
        try:
            for jobs in budget.portions(self.jobs(budget.on.engine), self.length.messages):
                for observation in budget.on.carry_out(jobs, self.length.messages):
                    self.runs.append(observation)
                    budget.spend(observation.messages)
        except KeyboardInterrupt:
            if not self.runs and not budget.spent:
                raise
            budget.stopped = True

    def afford(self, budget: Budget) -> bool:
        """Shorten the runs so that a round fits into the budget; False where that makes no sense."""
        share = min(1.0, budget.left / max(self.length.messages, 1.0))
        if share < 0.02:
            return False
        if share < 1.0:
            self.length = self.length.scaled(share)
            self.__dict__.pop("played", None)
        return True

    def estimate(self, measure: Measure, confidence: float = SHOWN) -> Estimate:
        """What the runs say of a measure, for sure with this confidence."""
        if not self.runs:
            return Estimate(math.nan, -math.inf, math.inf, confidence, 0)
        if measure.kind == "share":
            return self._share(measure, confidence)
        if measure.kind == "time":
            sections = self._sections(measure)
            if not sum(section.size for section in sections):
                return Estimate(math.nan, -math.inf, math.inf, confidence, len(sections))
            if (percentile := measure.percentile) is not None:
                return percentile_of_sections(sections, percentile, confidence)
            if measure.statistic == "mean":
                return mean_of_sections([part[np.isfinite(part)] for part in sections], confidence)
            return over_runs([_largest(run.times[measure]) for run in self.runs], confidence)
        return over_runs([run.numbers[measure] for run in self.runs], confidence)

    def missed(self, measure: Measure) -> float:
        """The share of the judged messages that were never done; 0 for other measures than times."""
        if measure.kind not in ("time", "share"):
            return 0.0
        total = sum(run.times[measure].size for run in self.runs)
        gone = sum(int(np.isinf(run.times[measure]).sum()) for run in self.runs)
        return gone / total if total else 0.0

    @property
    def unsettled(self) -> bool:
        """Whether the runs are too short to trust their intervals."""
        if not self.length.steady:
            return False
        timed = [measure for measure in self.measures if measure.kind == "time"]
        if not self.length.settled:
            return True
        for measure in timed:
            cut = [
                [np.minimum(part, 1e12) for part in sections_of(run.times[measure], SECTIONS)]
                for run in self.runs
                if run.times[measure].size >= SECTIONS
            ]
            if follow(cut) > _CORRELATED:
                return True
        return False

    def _sections(self, measure: Measure) -> list[Floats]:
        if not self.length.steady:
            return [run.times[measure] for run in self.runs]
        return [
            section
            for run in self.runs
            if run.times[measure].size >= SECTIONS
            for section in sections_of(run.times[measure], SECTIONS)
        ]

    def _share(self, measure: Measure, confidence: float) -> Estimate:
        hits = [(section <= measure.within).astype(np.float64) for section in self._sections(measure)]
        found = mean_of_sections(hits, confidence)
        return Estimate(found.value, max(found.low, 0.0), min(found.high, 1.0), confidence, found.sections)


def _largest(times: Floats) -> float:
    return float(times.max()) if times.size else math.nan


def over_runs(values: Iterable[float], confidence: float) -> Estimate:
    """The mean of one number a run; infinite where one of them is, NaN where none has the number."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Estimate(math.nan, -math.inf, math.inf, confidence, 0)
    if any(math.isinf(value) for value in known):
        return Estimate(math.inf, min(known), math.inf, confidence, len(known))
    return mean_of_sections([[value] for value in known], confidence)
