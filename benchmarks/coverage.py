"""Do the intervals of a plan hold? Studies of queues whose truth is known, and the share that holds it.

    python benchmarks/coverage.py            # 200 studies of each case: some minutes
    python benchmarks/coverage.py --studies 50 --loads 0.5 0.9

Each study is a plan's first round: `RUNS` runs, each as long as `mqsim.planning` makes it from the relaxation
time, cut into sections. The queue itself is played by numpy, all studies of a case at once, by the recursions
of Lindley (1952) and of Kiefer and Wolfowitz (1955): it shares no line with the simulator, and 200 studies
take as long as a few. The truth comes from `mqsim.theory`, which the tests hold to independent oracles.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))

from mqsim import theory
from mqsim.planning.length import KEPT, LEAST, RUNS, SECTIONS, WARM, relaxation
from mqsim.statistics.sections import mean_of_sections, percentile_of_sections, sections_of

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]
LOADS = (0.5, 0.8, 0.9, 0.95)
MEASURES = ("mean", "p95", "p99")
_BLOCK = 2000


@dataclass(frozen=True)
class Case:
    """One queue of mean work 1: how it is played, and what theory knows of it."""

    name: str
    servers: int
    variation: float
    draw: Draw
    truth: Callable[[float], theory.Queue]
    erlang: int = 1
    """Arrivals of one server of a group that is dealt messages in turn come as Erlang steps."""


def exponential(rng: np.random.Generator, size: tuple[int, ...]) -> Floats:
    return rng.exponential(1.0, size)


def constant(rng: np.random.Generator, size: tuple[int, ...]) -> Floats:
    return np.ones(size)


def gamma(rng: np.random.Generator, size: tuple[int, ...]) -> Floats:
    return rng.gamma(1 / 1.5**2, 1.5**2, size)


CASES = (
    Case("M/M/4", 4, 1.0, exponential, lambda load: theory.mmc(4 * load, 1.0, 4)),
    Case("M/D/4", 4, 0.5, constant, lambda load: theory.mdc(4 * load, 1.0, 4)),
    Case(
        "M/G/1 (gamma, cv 1.5)",
        1,
        (1 + 1.5**2) / 2,
        gamma,
        lambda load: theory.mg1(load, 1.0, 1 + 1.5**2, theory.gamma_transform(1.0, 1.5)),
    ),
    Case(
        "prefetch unlimited, 4 in turn",
        1,
        1.0,
        exponential,
        lambda load: theory.gimc(load, theory.erlang_transform(4, 1 / load), 1.0),
        erlang=4,
    ),
)


def studies(case: Case, load: float, count: int, seed: int = 1, share: float = 1.0) -> Floats:
    """The sojourns of `count` studies: an array [study, run, message], the warm-up removed."""
    per = load * case.servers * relaxation(load, case.servers, case.variation)
    warm, kept = int(WARM * per) + 1, int(share * max(KEPT * per, LEAST / RUNS))
    rng = np.random.default_rng([seed, int(1000 * load), case.servers])
    play = _lindley if case.servers == 1 else _kiefer_wolfowitz
    found = play(case, load, count * RUNS, warm + kept, rng)
    kept_part: Floats = found[:, warm:].reshape(count, RUNS, kept)
    return kept_part


def _gaps(case: Case, load: float, size: tuple[int, int], rng: np.random.Generator) -> Floats:
    return rng.gamma(case.erlang, 1.0 / (case.erlang * load * case.servers), size)


def _lindley(case: Case, load: float, runs: int, n: int, rng: np.random.Generator) -> Floats:
    """Lindley's recursion, as a running minimum of a random walk."""
    sojourns = np.empty((runs, n))
    for run in range(runs):
        work, gaps = case.draw(rng, (n,)), _gaps(case, load, (1, n), rng)[0]
        walk = np.concatenate(([0.0], np.cumsum(work[:-1] - gaps[1:])))
        sojourns[run] = walk - np.minimum.accumulate(walk) + work
    return sojourns


def _kiefer_wolfowitz(case: Case, load: float, runs: int, n: int, rng: np.random.Generator) -> NDArray[Any]:
    """The times at which each server will be free, message by message; all runs at once."""
    sojourns: NDArray[np.float32] = np.empty((runs, n), dtype=np.float32)
    free, now, each = np.zeros((runs, case.servers)), np.zeros(runs), np.arange(runs)
    for begin in range(0, n, _BLOCK):
        size = min(_BLOCK, n - begin)
        gaps, work = _gaps(case, load, (size, runs), rng), case.draw(rng, (size, runs))
        for i in range(size):
            now = now + gaps[i]
            first = free.argmin(axis=1)
            done = np.maximum(free[each, first], now) + work[i]
            free[each, first] = done
            sojourns[:, begin + i] = done - now
        free -= now[:, None]  # or the clock would use up the digits of a long run
        now[:] = 0.0
    return sojourns


def coverage(case: Case, load: float, count: int, seed: int = 1, share: float = 1.0) -> dict[str, float]:
    """The share of 95 % intervals that hold the truth, by measure."""
    exact = case.truth(load)
    truth = {
        "mean": exact.mean_sojourn,
        "p95": exact.sojourn_percentile(0.95),
        "p99": exact.sojourn_percentile(0.99),
    }
    held = dict.fromkeys(MEASURES, 0)
    for study in studies(case, load, count, seed, share):
        sections = [section for run in study for section in sections_of(run, SECTIONS)]
        held["mean"] += truth["mean"] in mean_of_sections(sections)
        for percentile in (95, 99):
            held[f"p{percentile}"] += truth[f"p{percentile}"] in percentile_of_sections(sections, percentile)
    return {measure: hits / count for measure, hits in held.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--loads", type=float, nargs="+", default=LOADS)
    asked = parser.parse_args()
    print(f"{'case':32} {'load':>5} " + " ".join(f"{measure:>7}" for measure in MEASURES))
    for case in CASES:
        for load in asked.loads:
            found = coverage(case, load, asked.studies)
            shares = " ".join(f"{found[measure]:7.1%}" for measure in MEASURES)
            print(f"{case.name:32} {load:5.2f} {shares}", flush=True)


if __name__ == "__main__":
    main()
