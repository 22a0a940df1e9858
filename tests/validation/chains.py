"""Cases beyond the formulas: their values come from Markov chains written down here, state by state.

No formula of `mqsim.theory` is used, and `mqsim.matching` is silent about them or calls its answer
approximate: they show that the simulation is right where nobody looked when it was written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tests.validation.measuring import Case
from tests.validation.scenarios import EXP, at, one, poisson

Moves = Callable[[Any], Iterable[tuple[float, Any]]]
LONG = 60
"""Where a queue is cut off: at the loads here the rest has a chance below 1e-6."""


def chain(start: Any, moves: Moves) -> dict[Any, float]:
    """The steady state of the chain that these moves (rate, next state) make of a start."""
    place, waiting, found = {start: 0}, [start], []
    while waiting:
        state = waiting.pop()
        for rate, after in moves(state):
            if after not in place:
                place[after] = len(place)
                waiting.append(after)
            found.append((place[state], place[after], rate))
    matrix = np.zeros((len(place), len(place)))
    for source, target, rate in found:
        matrix[target, source] += rate
        matrix[source, source] -= rate
    matrix[0] = 1.0
    known = np.zeros(len(place))
    known[0] = 1.0
    return dict(zip(place, np.linalg.solve(matrix, known).tolist(), strict=True))


def mean(chances: dict[Any, float], of: Callable[[Any], float]) -> float:
    return sum(chance * of(state) for state, chance in chances.items())


def two_phases(arrivals: float, servers: int) -> dict[Any, float]:
    """M/E2/c with work of mean 1: (waiting, in the first phase, in the second)."""

    def moves(state: tuple[int, int, int]) -> Iterable[tuple[float, Any]]:
        waiting, first, second = state
        if first + second < servers:
            yield arrivals, (waiting, first + 1, second)
        elif waiting < LONG:
            yield arrivals, (waiting + 1, first, second)
        if first:
            yield 2.0 * first, (waiting, first - 1, second + 1)
        if second and waiting:
            yield 2.0 * second, (waiting - 1, first + 1, second - 1)
        elif second:
            yield 2.0 * second, (0, first, second - 1)

    return chain((0, 0, 0), moves)


def circling(arrivals: float, speeds: tuple[float, ...], prefetch: int) -> dict[Any, float]:
    """Exponential work, consumers of different speed, the broker's circle: (held, circle, out of it, ready).

    The head of the circle gets the next message and goes to the tail; one that is full leaves the circle when
    its turn comes, and comes back at the tail when it acknowledges.
    """
    everyone = range(len(speeds))

    def dealt(held: list[int], circle: list[int], out: set[int], ready: int) -> Any:
        while ready and circle:
            head = circle.pop(0)
            if held[head] >= prefetch:
                out.add(head)
                continue
            held[head] += 1
            ready -= 1
            circle.append(head)
        return tuple(held), tuple(circle), frozenset(out), ready

    def moves(state: Any) -> Iterable[tuple[float, Any]]:
        held, circle, out, ready = state
        if ready < LONG:
            yield arrivals, dealt(list(held), list(circle), set(out), ready + 1)
        for who in everyone:
            if held[who]:
                less = [count - (who == k) for k, count in enumerate(held)]
                back = [*circle, who] if who in out else list(circle)
                yield speeds[who], dealt(less, back, set(out) - {who}, ready)

    return chain(((0,) * len(speeds), tuple(everyone), frozenset(), 0), moves)


def overflowing(arrivals: float, first: float, second: float, room: int) -> dict[Any, float]:
    """What finds no room in the first queue goes to the second: (in the first, in the second)."""

    def moves(state: tuple[int, int]) -> Iterable[tuple[float, Any]]:
        one, two = state
        if one < room:
            yield arrivals, (one + 1, two)
        elif two < 2 * LONG:
            yield arrivals, (one, two + 1)
        if one:
            yield first, (one - 1, two)
        if two:
            yield second, (one, two - 1)

    return chain((0, 0), moves)


def constant_and_full(arrivals: float, room: int) -> list[float]:
    """M/D/1/K with work of 1: the chances of 0 ... K in the system, from what departures leave behind."""
    came = [math.exp(-arrivals) * arrivals**k / math.factorial(k) for k in range(room)]
    steps = np.zeros((room, room))
    for left in range(room):
        rest = max(left - 1, 0)
        for k in range(room - 1 - rest):
            steps[left, rest + k] = came[k]
        steps[left, room - 1] = 1.0 - steps[left].sum()
    matrix = steps.T - np.eye(room)
    matrix[0] = 1.0
    behind = np.linalg.solve(matrix, np.eye(room)[0])
    full = 1.0 - 1.0 / (behind[0] + arrivals)
    return [*(behind * (1.0 - full)).tolist(), float(full)]


def batches_of(size: int, every: float, servers: int) -> dict[Any, float]:
    """M[X]/M/c with work of mean 1: the number in the system."""

    def moves(number: int) -> Iterable[tuple[float, int]]:
        if number < 4 * LONG:
            yield 1.0 / every, number + size
        if number:
            yield float(min(number, servers)), number - 1

    return chain(0, moves)


def interrupted(arrivals: float, rate: float, repair: float) -> float:
    """The mean sojourn of M/D/1, work of 1, whose server breaks down at any time and then begins anew.

    Work, failures and repairs together are one long service (preemptive repeat, identical), and who comes to
    an empty but broken server waits for the rest of the repair: D. Gaver, A waiting line with interrupted
    service, including priorities, Journal of the Royal Statistical Society B 24 (1962) 73-90.
    """
    fails = 1.0 - math.exp(-rate)
    cut = 1.0 / rate - (1.0 - fails) / fails
    cut_square = (2.0 / rate**2 - (1.0 - fails) * (1.0 + 2.0 / rate + 2.0 / rate**2)) / fails
    lost, lost_square = cut + repair, cut_square + 2.0 * cut * repair + repair**2
    often, often_square = fails / (1.0 - fails), fails * (1.0 + fails) / (1.0 - fails) ** 2
    whole = 1.0 + often * lost
    square = whole**2 + often * (lost_square - lost**2) + (often_square - often**2) * lost**2
    queued = arrivals * square / (2.0 * (1.0 - arrivals * whole))
    return queued + rate * repair**2 / (2.0 * (1.0 + rate * repair)) + whole


def beyond() -> list[Case]:
    erlang = two_phases(1.4, 2)
    in_erlang = mean(erlang, sum)
    ahead = circling(1.3, (1.0, 1.0), 2)
    slow = circling(1.2, (1.0, 0.5, 0.25), 1)
    over = overflowing(1.0, 1.0, 0.8, 2)
    spilt = mean(over, lambda state: state[0] == 2)
    spilt_number = mean(over, lambda state: state[1])
    full = constant_and_full(0.9, 3)
    carried = 0.9 * (1.0 - full[3])
    full_number = sum(n * chance for n, chance in enumerate(full))
    bunched = batches_of(3, 2.5, 2)
    bunched_number = mean(bunched, float)
    broken = interrupted(0.5, 0.05, 4.0)
    bounded = {"max_length": 1, "overflow": "reject-publish-dlx", "dead_letter": {"exchange": "", "key": "r"}}
    spilling = one(poisson(1.0), time=35_000)
    spilling["broker"] = {"queues": {"q": bounded, "r": {}}}
    spilling["consumers"]["v"] = {"queue": "r", "service": {"exponential": {"mean": 1.25}}}
    refusing = {"max_length": 2, "overflow": "reject-publish"}
    crash = [{"crash": "w", "every": {"exponential": {"mean": 20}}, "repair": 4}]
    return [
        Case(
            "M/E2/2",
            one(poisson(1.4), {"erlang": {"k": 2, "mean": 1.0}}, count=2, time=15_000),
            {
                "in_system.mean": in_erlang,
                "sojourn.mean": in_erlang / 1.4,
                "p_wait": mean(erlang, lambda state: state[1] + state[2] == 2),
            },
        ),
        Case(
            "prefetch 2: messages wait beside a free consumer",
            one(poisson(1.3), EXP, count=2, consumer={"prefetch": 2}, time=15_000),
            {
                "in_system.mean": mean(ahead, lambda state: sum(state[0]) + state[3]),
                "sojourn.mean": mean(ahead, lambda state: sum(state[0]) + state[3]) / 1.3,
            },
        ),
        Case(
            "three consumers of different speed",
            one(poisson(1.2), EXP, count=3, consumer={"speed": [1.0, 0.5, 0.25]}, time=25_000),
            {
                "in_system.mean": mean(slow, lambda state: sum(state[0]) + state[3]),
                "p_wait": mean(slow, lambda state: all(state[0])),
                "utilisation": mean(slow, lambda state: sum(state[0]) / 3),
            },
        ),
        Case(
            "what overflows is worked on elsewhere",
            spilling,
            {"loss": spilt} | at("r", {"throughput": spilt, "in_system.mean": spilt_number}),
        ),
        Case(
            "M/D/1/3",
            one(poisson(0.9), 1.0, queue=refusing, time=20_000),
            {
                "loss": full[3],
                "utilisation": carried,
                "in_system.mean": full_number,
                "sojourn.mean": full_number / carried,
            },
        ),
        Case(
            "M[3]/M/2",
            one({"batches": {"every": {"exponential": {"mean": 2.5}}, "size": 3}}, count=2, time=20_000),
            {
                "in_system.mean": bunched_number,
                "sojourn.mean": bunched_number / 1.2,
                "utilisation": 0.6,
            },
        ),
        Case(
            "M/D/1, interrupted work begins again",
            one(poisson(0.5), 1.0, faults=crash, time=60_000),
            {"sojourn.mean": broken, "in_system.mean": 0.5 * broken},
        ),
    ]
