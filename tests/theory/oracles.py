"""Brute force to hold the formulas against: chains cut off far out and solved by scipy, tagged messages.

Nothing here imports mqsim.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.linalg import expm
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import spsolve

Step = tuple[Hashable, float]


def stationary(start: Hashable, steps: Callable[[Hashable], Iterable[Step]]) -> dict[Any, Any]:
    """Explore a finite chain from `start` and solve its balance equations with one sparse solve."""
    index, order, entries = {start: 0}, [start], []
    for state in order:
        for target, rate in steps(state):
            if target not in index:
                index[target] = len(order)
                order.append(target)
            entries.append((index[state], index[target], rate))
    size = len(order)
    rows, columns, values = [], [], []
    for i, j, rate in entries:
        # Balance of state j; the balance of state 0 is replaced by the sum of all.
        for row, value in ((j, rate), (i, -rate)):
            if row != 0:
                rows.append(row)
                columns.append(i)
                values.append(value)
    rows += [0] * size
    columns += range(size)
    values += [1.0] * size
    right = np.zeros(size)
    right[0] = 1.0
    solved = spsolve(csc_matrix((values, (rows, columns)), shape=(size, size)), right)
    return dict(zip(order, solved.tolist(), strict=True))


def absorbing(
    states: list[Any], steps: Callable[[Hashable], Iterable[Step]]
) -> tuple[np.ndarray, dict[Any, Any]]:
    """The generator among transient `states`; steps to anything else are absorption."""
    index = {state: i for i, state in enumerate(states)}
    generator = np.zeros((len(states), len(states)))
    for state, i in index.items():
        for target, rate in steps(state):
            generator[i, i] -= rate
            if target in index:
                generator[i, index[target]] += rate
    return generator, index


def alive(generator: np.ndarray, start: np.ndarray, t: float) -> float:
    """P(not yet absorbed at t)."""
    return float((start @ expm(generator * t)).sum())


def integral(function: Callable[[float], float], edges: Iterable[float], nodes: int = 24) -> float:
    """Gauss-Legendre between the edges given."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    grid = list(edges)
    total = 0.0
    for low, high in pairwise(grid):
        half = 0.5 * (high - low)
        total += half * sum(wi * function(low + half * (1 + xi)) for xi, wi in zip(x, w, strict=True))
    return total
