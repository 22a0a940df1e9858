"""Many runs of one scenario, of which a few numbers are kept: the memory does not grow with their count."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.runs.engines import Engine, choose, measured_by
from mqsim.runs.simulation import checked_seed
from mqsim.scenario import Scenario, scenario_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Told = Callable[[int, int], None]


class Replications:
    """What many runs measured.

    Attributes:
        scenario: what was run.
        seeds: with which seeds, in the order that was asked for.
        numbers: for each measure an array with one number a seed; NaN where a run does not have it.
        engine: what ran them: `simpy` or `compiled`.
    """

    def __init__(
        self, scenario: Scenario, seeds: Sequence[int], numbers: dict[str, NDArray[np.float64]], engine: str
    ) -> None:
        self.scenario = scenario
        self.seeds = list(seeds)
        self.numbers = numbers
        self.engine = engine

    @property
    def table(self) -> pd.DataFrame:
        """One row a seed, one column a measure."""
        import pandas as pd

        return pd.DataFrame(self.numbers, index=pd.Index(self.seeds, name="seed"))

    def __len__(self) -> int:
        return len(self.seeds)

    def __repr__(self) -> str:
        return f"<{len(self)} runs of {self.scenario.name!r}: {', '.join(self.numbers)}>"


def simulate_many(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str],
    seeds: Iterable[int],
    measure: Sequence[str],
    *,
    engine: Engine = "auto",
    threads: int | None = None,
    progress: Told | None = None,
) -> Replications:
    """Run a scenario once a seed and keep some numbers of each run.

        found = mq.simulate_many("task-queue", range(100), ["queues.task_queue.wait.p95"])
        found.numbers["queues.task_queue.wait.p95"].mean()

    Args:
        scenario: a Scenario, the same as plain data, a file's path, or a preset's name.
        seeds: whole numbers, 0 or more.
        measure: which numbers, by their path in `Result.summary()`, such as `queues.tasks.wait.p95` or
            `groups.worker.utilisation`; `miss(5)` is the share of messages that were not finished within 5
            seconds of their creation, and `queues.tasks.miss(5)` the same for one queue.
        engine: as for `mq.simulate`.
        threads: how many runs the compiled twin plays at a time; by default one a processor.
        progress: called with how many runs are done, and how many there will be. What it raises, and
            Ctrl-C, ends the study.

    Raises:
        ScenarioError: the scenario can't be understood or can't be run.
        UsageError: a seed is not a whole number, a measure is unknown, or the engine can't run the scenario.
    """
    scenario = scenario_from(scenario)
    asked = [checked_seed(seed) for seed in seeds]
    paths = _paths(measure)
    if scenario.programs:
        raise UsageError("simulate_many runs no programs; use mq.simulate for each seed.")
    used = choose(scenario, engine, len(asked))
    at_a_time = threads or os.cpu_count() or 1
    rows: dict[int, dict[str, Any]] = {}
    for place, row in _each(scenario, asked, paths, used, at_a_time, engine == "compiled"):
        rows[place] = row
        if progress is not None:
            progress(len(rows), len(asked))
    return Replications(scenario, asked, _columns(paths, rows), used)


def _paths(measure: Sequence[str]) -> list[str]:
    if isinstance(measure, str) or not measure:
        raise UsageError("measure takes a list of at least one number, such as ['queues.tasks.wait.p95'].")
    return list(measure)


def _columns(paths: list[str], rows: dict[int, dict[str, Any]]) -> dict[str, NDArray[np.float64]]:
    import numpy as np

    return {
        path: np.array([np.nan if rows[k][path] is None else rows[k][path] for k in range(len(rows))], float)
        for path in paths
    }


def _each(
    scenario: Scenario, seeds: list[int], paths: list[str], engine: str, threads: int, strict: bool
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The numbers of each run, as they come, with the place of its seed."""

    def one(place: int) -> tuple[int, dict[str, Any]]:
        return place, measured_by(engine, scenario, seeds[place], paths, strict=strict)

    places = iter(range(len(seeds)))
    if engine != "compiled" or threads == 1 or len(seeds) == 1:
        yield from map(one, places)
        return
    with ThreadPoolExecutor(threads) as pool:
        # No more are under way than can be worked on, so that few traces are in memory.
        waiting: set[Future[tuple[int, dict[str, Any]]]] = {
            pool.submit(one, k) for k in islice(places, threads)
        }
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
                    waiting |= {pool.submit(one, k) for k in islice(places, 1)}
        finally:
            for future in waiting:
                future.cancel()
