"""A scenario from a handful of numbers, without YAML: a rate, the work of a message, workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.planning.knobs import Knob, is_range, values
from mqsim.planning.units import positive, quantity
from mqsim.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

QUEUE, PRODUCER, CONSUMER = "tasks", "sender", "worker"
LAWS = ("exponential", "constant", "gamma", "lognormal", "erlang", "hyperexponential", "uniform", "pareto")
ARRIVALS = ("poisson", "every")
LONG = 3600.0


@dataclass(frozen=True)
class Workload:
    """A scenario made of flags, and the flags that are ranges.

    Attributes:
        scenario: with the first value of each range.
        knobs: the ranges.
        assumed: sentences about what was not said and is assumed.
        flags: the flags that were given, for repeating the question.
    """

    scenario: Scenario
    knobs: tuple[Knob, ...]
    assumed: tuple[str, ...]
    flags: Mapping[str, str] = field(default_factory=dict)


def workload(
    *,
    rate: str,
    work: str,
    workers: str | int = "1",
    prefetch: str | int = "1",
    law: str | None = None,
    cv: float | None = None,
    latency: str = "0",
    arrivals: str = "poisson",
    queue_limit: str | int | None = None,
    duration: str | float = LONG,
    seed: int = 0,
) -> Workload:
    """One producer, one queue, one group of workers.

    Args:
        rate: messages that come, such as `250/s` or `15k/min`.
        work: the mean work of a message, such as `40ms`.
        workers: how many, or a range such as `1..40`.
        prefetch: unacknowledged messages that each may hold, or a range; 0 is unlimited.
        law: of the work: exponential, constant, gamma, lognormal, erlang, hyperexponential, uniform or
            pareto; by default exponential, or what fits `cv`.
        cv: coefficient of variation of the work: 0 is constant, 1 exponential.
        latency: seconds one way between a client and the broker.
        arrivals: `poisson` (at random) or `every` (like clockwork), or a mapping in YAML's form.
        queue_limit: most ready messages, beyond which new ones are refused; or a range.
        duration: of a run that is kept as it is written.
        seed: of all random numbers.

    Raises:
        UsageError: a flag can't be read or doesn't go with another.
        ScenarioError: what the flags say can't be run.
    """
    per_second = positive(rate, "rate", "--rate")
    mean = positive(work, "time", "--work")
    assumed: list[str] = []
    knobs = []
    first: dict[str, Any] = {}
    paths = {
        "workers": f"consumers.{CONSUMER}.count",
        "prefetch": f"consumers.{CONSUMER}.prefetch",
        "queue_limit": f"broker.queues.{QUEUE}.max_length",
    }
    for flag, given in (("workers", workers), ("prefetch", prefetch), ("queue_limit", queue_limit)):
        if given is None:
            continue
        option = f"--{flag.replace('_', '-')}"
        taken = values(str(given), f"{option} {given}")
        if any(isinstance(value, bool) or not isinstance(value, int) for value in taken):
            raise UsageError(
                f"{option}: {given} is not allowed; write a whole number, or a range such as 1..40."
            )
        first[flag] = taken[0]
        if is_range(str(given)):
            knobs.append(Knob(paths[flag], taken))
    data: dict[str, Any] = {
        "name": "workload",
        "seed": seed,
        "duration": quantity(str(duration), "time", "--duration"),
        "broker": {"queues": {QUEUE: _queue(first.get("queue_limit"))}},
        "network": {"latency": quantity(latency, "time", "--latency")},
        "producers": {
            PRODUCER: {
                "to": QUEUE,
                "arrivals": _arrivals(arrivals, per_second, assumed),
                "work": _law(law, mean, cv, assumed),
            }
        },
        "consumers": {CONSUMER: {"queue": QUEUE, "count": first["workers"], "prefetch": first["prefetch"]}},
    }
    return Workload(Scenario.from_data(data), tuple(knobs), tuple(assumed))


def _queue(limit: int | None) -> dict[str, Any]:
    return {} if limit is None else {"max_length": limit, "overflow": "reject-publish"}


def _arrivals(kind: str, rate: float, assumed: list[str]) -> dict[str, Any]:
    if kind == "poisson":
        assumed.append("messages come at random (Poisson)")
        return {"poisson": {"rate": rate}}
    if kind in ("every", "regular", "clockwork"):
        return {"every": 1.0 / rate}
    raise UsageError(f"--arrivals: {kind!r} is not allowed; write poisson or every, or use a scenario file.")


def _law(law: str | None, mean: float, cv: float | None, assumed: list[str]) -> Any:
    if cv is not None and not 0.0 <= cv < 1000.0:
        raise UsageError(
            f"--cv: {cv} is not allowed; a coefficient of variation is 0 or more, and 1 if exponential."
        )
    if law is None:
        if cv is None:
            assumed.append("the work is exponential (--law or --cv change that)")
        law = {None: "exponential", 0.0: "constant", 1.0: "exponential"}.get(
            cv, "gamma" if cv is not None and cv < 1.0 else "lognormal"
        )
        if law in ("gamma", "lognormal"):
            assumed.append(f"the work is {law} (--law changes that)")
    if law not in LAWS:
        raise UsageError(f"--law: {law!r} is not allowed; write one of {', '.join(LAWS)}.")
    fixed = {"exponential": 1.0, "constant": 0.0}
    if law in fixed and cv not in (None, fixed[law]):
        raise UsageError(f"--cv: {cv} does not go with --law {law}, whose variation is {fixed[law]:g}.")
    if law == "constant":
        return mean
    if law == "exponential":
        return {"exponential": {"mean": mean}}
    if law in ("gamma", "lognormal"):
        if cv == 0.0:
            return mean
        return {law: {"mean": mean, "cv": 1.0 if cv is None else cv}}
    return _shaped(law, mean, cv)


def _shaped(law: str, mean: float, cv: float | None) -> dict[str, Any]:
    if law == "erlang":
        k = 2 if cv is None else max(1, round(1.0 / cv**2)) if cv else 0
        if k == 0 or (cv is not None and abs(k - 1.0 / cv**2) > 0.05 * k):
            raise UsageError(
                f"--cv: {cv} is no variation of an Erlang law, which has 1, 0.707, 0.577, ...; try gamma."
            )
        return {"erlang": {"k": k, "mean": mean}}
    if law == "uniform":
        spread = (1.0 if cv is None else cv * 3**0.5) * mean
        if spread > mean * (1 + 1e-9):
            raise UsageError(f"--cv: {cv} is too much for a uniform law, which has 0.577 at most; try gamma.")
        return {"uniform": {"low": max(mean - spread, 0.0), "high": mean + spread}}
    if law == "hyperexponential":
        square = (2.0 if cv is None else cv) ** 2
        if square < 1.0:
            raise UsageError(f"--cv: {cv} is too little for a hyperexponential law, which has 1 or more.")
        p = 0.5 * (1.0 + ((square - 1.0) / (square + 1.0)) ** 0.5)
        return {law: {"probabilities": [p, 1.0 - p], "means": [mean / (2 * p), mean / (2 * (1.0 - p))]}}
    return {law: {"mean": mean, "shape": 2.5 if cv is None else 1.0 + (1.0 + 1.0 / cv**2) ** 0.5}}
