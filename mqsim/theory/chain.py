"""Steady states of Markov chains in continuous time, by methods in which no two close numbers are subtracted.

Three sizes: any finite chain (`steady_state`), a birth-death chain (`birth_death`), and a chain of levels
without end in which the level moves by one at a time (`level_chain`, a quasi-birth-death process).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory.laws import NEGLIGIBLE, Floats

if TYPE_CHECKING:
    from collections.abc import Sequence

HUGE = 1e100
"""Where one state is far likelier than the first, probabilities are scaled down by this on the way."""


def steady_state(rates: Floats) -> Floats:
    """The steady state of a finite chain.

    Args:
        rates: square; rates[i, j] is the rate per second of going from i to j. The diagonal is ignored.

    Returns:
        The probability of each state, exact to about 1e-15 relative, however small.

    Raises:
        TheoryError: when the matrix isn't square, holds a negative or no number, or the chain falls into
        parts.

    Source: W. Grassmann, M. Taksar and D. Heyman, Regenerative analysis and steady state distributions for
        Markov chains, Operations Research 33 (1985) 1107-1116.
    """
    work = _checked("rates", rates)
    size = len(work)
    for n in range(size - 1, 0, -1):
        out = float(work[n, :n].sum())
        if out <= 0:
            raise TheoryError(
                f"rates: from state {n} no state before it can be reached; the chain falls into parts."
            )
        work[:n, n] /= out
        work[:n, :n] += np.outer(work[:n, n], work[n, :n])
    result = np.zeros(size)
    result[0] = 1.0
    for n in range(1, size):
        result[n] = result[:n] @ work[:n, n]
        if result[n] > HUGE:
            result[: n + 1] /= HUGE
    return np.asarray(result / result.sum())


def birth_death(births: Sequence[float], deaths: Sequence[float]) -> Floats:
    """The steady state of a birth-death chain on 0 ... N.

    Args:
        births: births[n] is the rate from n to n + 1, per second, n = 0 ... N - 1, above 0.
        deaths: deaths[n] is the rate from n + 1 to n, above 0.

    Raises:
        TheoryError: when they differ in number or one is not above 0.

    Source: L. Kleinrock, Queueing Systems I (1975), chapter 3.
    """
    if len(births) != len(deaths):
        raise TheoryError(
            f"births has {len(births)} rates and deaths {len(deaths)}; there must be as many of each."
        )
    up, down = np.array(births, dtype=float), np.array(deaths, dtype=float)
    if not (np.all(up > 0) and np.all(down > 0) and np.all(np.isfinite(up)) and np.all(np.isfinite(down))):
        raise TheoryError("births and deaths must be finite rates above 0.")
    logs = np.concatenate(([0.0], np.cumsum(np.log(up) - np.log(down))))
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class Levels:
    """The steady state of a chain of levels 0, 1, 2, ..., each with the same phases.

    Attributes:
        boundary: probabilities of the phases at the levels 0 ... c - 1.
        first: those at level c, from where on every level is the one before times `ratio`.
        ratio: the matrix R of the matrix-geometric solution.
    """

    boundary: tuple[Floats, ...]
    first: Floats
    ratio: Floats

    def at_least(self, level: int) -> Floats:
        """P(level or higher, phase) for a level of at least c."""
        vector = self.first
        for _ in range(level - len(self.boundary)):
            vector = vector @ self.ratio
        return np.asarray(np.linalg.solve((np.eye(len(self.ratio)) - self.ratio).T, vector))

    def mean_above(self, level: int) -> float:
        """The mean of max(0, L - level), for a level of at most c."""
        start = len(self.boundary)
        below = sum(max(0, n - level) * float(vector.sum()) for n, vector in enumerate(self.boundary))
        every = self.at_least(start)
        beyond = np.linalg.solve((np.eye(len(self.ratio)) - self.ratio).T, every @ self.ratio)
        return below + (start - level) * float(every.sum()) + float(beyond.sum())


def level_chain(up: Floats, phases: Floats, downs: Sequence[Floats], model: str) -> Levels:
    """The steady state of a quasi-birth-death chain whose ways down settle at level c.

    Args:
        up: square; up[i, j] is the rate from phase i of a level to phase j of the next, the same at all
            levels.
        phases: rates between the phases of one level, the same at all levels; the diagonal is ignored.
        downs: downs[n - 1] holds the rates from level n to n - 1, for n = 1 ... c; the last holds from c on.
        model: its name, for the sentence of an error.

    Raises:
        TheoryError: when a matrix is malformed, or the chain drifts upwards and so has no steady state.

    Source: G. Latouche and V. Ramaswami, A logarithmic reduction algorithm for quasi-birth-death processes,
        Journal of Applied Probability 30 (1993) 650-674; M. Neuts, Matrix-Geometric Solutions in Stochastic
        Models (1981).
    """
    rise, local = _checked("up", up), _checked("phases", phases)
    falls = [_checked("downs", down) for down in downs]
    np.fill_diagonal(local, 0.0)
    share = steady_state(local + rise + falls[-1]) if len(local) > 1 else np.ones(1)
    load = float(share @ rise.sum(axis=1)) / float(share @ falls[-1].sum(axis=1))
    if load >= 1:
        raise TheoryError(
            f"{model} has no steady state at utilisation {load:.6g}: it must be below 1, "
            "so lower the arrival rate, or add servers or speed."
        )
    inside = [_with_diagonal(local, rise, fall) for fall in falls]
    ratio = rate_matrix(rise, inside[-1], falls[-1])
    # From the top down: the vector of level n is that of level n - 1 times steps[n - 1].
    steps: list[Floats] = []
    above, down_above = ratio, falls[-1]
    for n in range(len(falls), 0, -1):
        step = np.asarray(
            np.linalg.solve(-(inside[n - 1] + above @ down_above).T, rise.T).T, dtype=np.float64
        )
        steps.insert(0, step)
        above, down_above = step, falls[n - 1]
    bottom = local + above @ down_above
    # Rounding can leave a rate of -1e-60 where there is none.
    vector = steady_state(np.maximum(bottom, 0.0))
    vectors = [vector]
    for step in steps:
        vector = vector @ step
        if float(vector.sum()) > HUGE:
            vectors = [v / HUGE for v in vectors]
            vector = vector / HUGE
        vectors.append(vector)
    levels = Levels(tuple(vectors[:-1]), vectors[-1], ratio)
    total = sum(float(v.sum()) for v in levels.boundary) + float(levels.at_least(len(falls)).sum())
    return Levels(tuple(v / total for v in levels.boundary), levels.first / total, ratio)


def _with_diagonal(local: Floats, up: Floats, down: Floats) -> Floats:
    return np.asarray(local - np.diag((local + up + down).sum(axis=1)))


def rate_matrix(up: Floats, inside: Floats, down: Floats) -> Floats:
    """R = up (-(inside + up G))^-1, with G found by logarithmic reduction.

    Args:
        up: rates from a level to the next.
        inside: rates within a level; on the diagonal less all that leave a phase.
        down: rates to the level before.
    """
    higher, lower = np.linalg.solve(-inside, up), np.linalg.solve(-inside, down)
    reach, path = lower.copy(), higher.copy()
    unit = np.eye(len(up))
    for _ in range(64):
        mixed = unit - (higher @ lower + lower @ higher)
        higher, lower = np.linalg.solve(mixed, higher @ higher), np.linalg.solve(mixed, lower @ lower)
        step = path @ lower
        reach = reach + step
        path = path @ higher
        if float(np.abs(step).max()) < NEGLIGIBLE or not math.isfinite(float(path.max())):
            break
    return np.asarray(np.linalg.solve(-(inside + up @ reach).T, up.T).T)


def _checked(name: str, matrix: Floats) -> Floats:
    result = np.array(matrix, dtype=float)
    if result.ndim != 2 or result.shape[0] != result.shape[1] or result.shape[0] == 0:
        raise TheoryError(f"{name} has the shape {result.shape}; it must be a square matrix.")
    off = result[~np.eye(len(result), dtype=bool)]
    if not np.all(np.isfinite(result)) or np.any(off < 0):
        raise TheoryError(f"{name} holds a number that is no rate; rates are finite, 0 or above.")
    return result
