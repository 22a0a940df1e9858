"""Cases with classes of messages, work that fails, and consumers that break down."""

from __future__ import annotations

from mqsim import theory
from tests.validation.measuring import Case
from tests.validation.scenarios import EXP, one, poisson, told


def troubled() -> list[Case]:
    two = theory.mmc_priorities([0.4, 1.0], 1, 2)
    classes = {
        "a": {"to": "q", "arrivals": poisson(0.2), "work": EXP, "priority": 9},
        "b": {"to": "q", "arrivals": poisson(0.2), "work": 1.0, "priority": 2},
        "c": {"to": "q", "arrivals": poisson(0.2), "work": {"uniform": {"low": 0.5, "high": 1.5}}},
    }
    three = theory.mg1_priorities([0.2] * 3, [1] * 3, [2, 1, 13 / 12])
    crash = [{"crash": "w", "every": {"exponential": {"mean": 20}}, "repair": {"exponential": {"mean": 5}}}]
    broken = theory.mmc_breakdowns(1.0, 1, 2, 0.05, 0.2)
    alone = theory.mmc_breakdowns(0.5, 1, 1, 0.05, 0.2)
    geometric = theory.mmc(1.2, 0.8, 2)
    same = theory.requeued_work(1, 2, 0.2, redraw=False)
    few = theory.requeued_work(1, 13 / 12, 0.5, attempts=3, redraw=True)
    half = theory.requeued_work(1, 1, 0.4, after=0.5)
    same_queue, few_queue, half_queue = (theory.mg1(0.4, w.mean, w.second_moment) for w in (same, few, half))
    # Of those that succeed within 3 attempts: k failures with a chance of (1/2)^k (1/2) / (7/8).
    failures = (0.25 + 2 * 0.125) / 0.875
    return [
        Case(
            "M/M/2, two priorities",
            one(
                poisson(1.4),
                count=2,
                queue={"max_priority": 9},
                producer={"priority": {5: 2, 0: 5}},
                time=30_000,
            ),
            {
                "wait.mean of priority 5": two[0].mean_wait,
                "sojourn.mean of priority 0": two[1].mean_sojourn,
                "sojourn.mean of priority 5": two[0].mean_sojourn,
                "p_wait": two[0].p_wait,
            },
        ),
        Case(
            "M/G/1, three priorities",
            one(poisson(1), queue={"max_priority": 5}, time=75_000, producers=classes),
            {
                "wait.mean of priority 9": three[0].mean_wait,
                "wait.mean of priority 2": three[1].mean_wait,
                "wait.mean of priority 0": three[2].mean_wait,
                "in_system.mean": 0.2 * sum(q.mean_sojourn for q in three),
            },
        ),
        Case(
            "M/M/2 with breakdowns",
            one(poisson(1.0), count=2, consumer={"redraw": True}, faults=crash, time=60_000),
            {
                "sojourn.mean": broken.mean_sojourn,
                "wait.mean": broken.mean_sojourn - 1 / 1.05,
                "in_system.mean": broken.mean_in_system,
                "utilisation": broken.utilisation,
            },
        ),
        Case(
            "M/M/1 with breakdowns",
            one(poisson(0.5), consumer={"redraw": True}, faults=crash, time=135_000),
            {
                "sojourn.mean": alone.mean_sojourn,
                "in_system.mean": alone.mean_in_system,
                "depth.mean": alone.mean_waiting,
                "utilisation": alone.utilisation,
            },
        ),
        Case(
            "failing work, drawn anew: M/M/2",
            one(poisson(1.2), count=2, consumer={"redraw": True, "fails": {"probability": 0.2}}, time=34_000),
            {
                "sojourn.mean": geometric.mean_sojourn,
                "sojourn.p99": geometric.sojourn_percentile(0.99),
                "utilisation": geometric.utilisation,
                "in_system.mean": geometric.mean_in_system,
            },
        ),
        Case(
            "failing work, the same again: M/G/1",
            one(poisson(0.4), consumer={"fails": {"probability": 0.2}}, time=130_000),
            {
                "sojourn.mean": same_queue.mean_sojourn,
                "wait.mean": same_queue.mean_sojourn - 1,
                "utilisation": same_queue.utilisation,
                "depth.mean": same_queue.mean_waiting,
            },
        ),
        Case(
            "three attempts: M/G/1",
            one(
                poisson(0.4),
                {"uniform": {"low": 0.5, "high": 1.5}},
                consumer={"redraw": True, "fails": {"probability": 0.5, "attempts": 3}},
                time=56_000,
            ),
            {
                "wait.mean": few_queue.mean_wait + failures,
                "sojourn.mean": few_queue.mean_wait + failures + 1,
                "loss": 0.125,
                "throughput": 0.4 * 0.875,
                "utilisation": few_queue.utilisation,
                "in_system.mean": few_queue.mean_in_system,
            },
        ),
        Case(
            "failing halfway: M/G/1",
            one(poisson(0.4), 1.0, consumer={"fails": {"probability": 0.4, "after": 0.5}}, time=24_000),
            {
                "sojourn.mean": half_queue.mean_sojourn,
                "wait.mean": half_queue.mean_sojourn - 1,
                "utilisation": half_queue.utilisation,
                "in_system.mean": half_queue.mean_in_system,
            },
        ),
        Case(
            "a share rejected: M/M/2",
            one(
                poisson(1.4), count=2, consumer={"fails": {"probability": 0.1, "then": "reject"}}, time=60_000
            ),
            told(
                theory.mmc(1.4, 1, 2),
                "wait.mean",
                "sojourn.mean",
                "utilisation",
                "in_system.mean",
                loss=0.1,
                throughput=1.26,
            ),
        ),
    ]
