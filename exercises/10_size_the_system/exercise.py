"""Size the system: what is judged.

The share of tasks that wait longer than the limit is estimated by simulation. Each run is compared with a run
of the same arrivals and the same work with a prefetch of 1, whose share is known exactly (Erlang's formula).
So only the difference has to be estimated, which is far more certain than the share itself.

The interval is looked at after 6, 12, 24 and 48 runs, until it lies on one side of the limit. Each look has a
chance of its own to be wrong, so the looks share the whole chance (Bonferroni): 0.1 % in all.
"""

from mqsim import Scenario, simulate, theory
from mqsim.grading import Exercise, expect, reading
from mqsim.statistics import paired

exercise = Exercise(files=["plan.yaml"])

RATE = 3.6
"""Tasks a second, at random (Poisson)."""

MEAN = 1.0
"""Seconds of work, exponential."""

LONGEST_WAIT = 8.0
"""Seconds: 95 of 100 tasks must wait less."""

MOST_LATE = 0.05
MOST_WORKERS = 5

SIMULATED_WORKERS = 20
"""More workers than this don't wait less at this load, so no more are simulated."""

DURATION, WARM_UP = 4000.0, 200.0
LOOKS = (6, 12, 24, 48)
"""Runs after which the interval is looked at."""

CONFIDENCE = 0.999
"""How sure the verdict is, however often the interval was looked at."""


def whole(value, low, high):
    """Whether a value of the plan is a whole number in a range."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def plan_of(files):
    """The two numbers of the plan."""
    plan = files.yaml("plan.yaml")
    expect(isinstance(plan, dict), "plan.yaml must have two lines, such as `workers: 2` and `prefetch: 10`.")
    for name, low, high in (("workers", 1, 1000), ("prefetch", 0, 65535)):
        expect(name in plan and plan[name] is not None, f"plan.yaml gives no number for `{name}`.")
        expect(
            whole(plan[name], low, high),
            f"plan.yaml: `{name}` is {plan[name]!r}, and must be a whole number from {low} to {high}.",
        )
    return plan["workers"], plan["prefetch"]


def waits(workers, prefetch, seed):
    """The waiting times of one simulated run, in seconds."""
    run = simulate(
        Scenario.model_validate(
            {
                "seed": seed,
                "duration": WARM_UP + DURATION,
                "network": {"latency": 0},
                "broker": {"queues": {"tasks": {}}},
                "producers": {
                    "web": {
                        "to": "tasks",
                        "arrivals": {"poisson": {"rate": RATE}},
                        "work": {"exponential": {"mean": MEAN}},
                    }
                },
                "consumers": {"worker": {"count": workers, "queue": "tasks", "prefetch": prefetch}},
            }
        )
    )
    table = run.messages
    counted = table[table.created >= WARM_UP]
    now = WARM_UP + DURATION
    return (counted.started.fillna(now) - counted.created).to_numpy()


def late(workers, prefetch, seed):
    """The share of tasks in one run that waited longer than the limit."""
    return float((waits(workers, prefetch, seed) > LONGEST_WAIT).mean())


def exactly_late(workers):
    """The same share with a prefetch of 1, in the long run: exact."""
    return theory.mmc(RATE, 1 / MEAN, workers).wait_law.tail(LONGEST_WAIT)


def interval(workers, prefetch, seed):
    """A confidence interval for the share of late tasks that is narrow enough to decide.

    Raises:
        RuntimeError: the last look does not decide either. No plan that can be paid is so close to the limit.
    """
    exact = exactly_late(workers)
    if prefetch == 1:
        return exact, exact
    mine, known = [], []
    for runs in LOOKS:
        for number in range(len(mine), runs):
            mine.append(late(workers, prefetch, seed + number))
            known.append(late(workers, 1, seed + number))
        difference = paired(mine, known, confidence=1 - (1 - CONFIDENCE) / len(LOOKS))
        low, high = exact + difference.low, exact + difference.high
        if high < MOST_LATE or low > MOST_LATE:
            return max(low, 0.0), high
    raise RuntimeError(
        f"{LOOKS[-1]} runs do not decide about {workers} workers with a prefetch of {prefetch}"
    )


@exercise.check(points=2, scene=reading())
def valid(files):
    """`plan.yaml` gives the number of workers and their prefetch, both whole numbers."""
    plan_of(files)


@exercise.check(points=5, needs=["valid"], scene=reading())
def meets_slo(files):
    """At 3.6 tasks a second, 95 of 100 tasks wait less than 8 seconds."""
    workers, prefetch = plan_of(files)
    expect(
        workers > RATE * MEAN,
        f"{workers} workers do {workers / MEAN:g} a second, and {RATE:g} come: the queue grows forever.",
    )
    low, high = interval(min(workers, SIMULATED_WORKERS), prefetch, files.seed)
    shares = f"{100 * low:.1f} %" if low == high else f"between {100 * low:.1f} and {100 * high:.1f} %"
    expect(
        high < MOST_LATE,
        f"With {workers} workers and a prefetch of {prefetch}, {shares} of the tasks wait longer than "
        f"{LONGEST_WAIT:g} s, and at most {100 * MOST_LATE:g} % may.",
    )


@exercise.check(points=3, needs=["valid"], scene=reading())
def affordable(files):
    """The plan has at most 5 workers."""
    workers, _ = plan_of(files)
    expect(workers <= MOST_WORKERS, f"{workers} workers are more than the {MOST_WORKERS} that can be paid.")
