"""Scenarios in a few words, and the values of formulas by the names that a summary has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqsim import theory

EXP = {"exponential": {"mean": 1.0}}


def poisson(rate: float) -> dict[str, Any]:
    return {"poisson": {"rate": rate}}


def one(
    arrivals: Mapping[str, Any],
    work: Any = EXP,
    *,
    time: float,
    warmup: float | None = None,
    count: int = 1,
    queue: Mapping[str, Any] | None = None,
    producer: Mapping[str, Any] | None = None,
    consumer: Mapping[str, Any] | None = None,
    **rest: Any,
) -> dict[str, Any]:
    """One producer, the queue `q` and `count` equal consumers, for `time` seconds."""
    return {
        "duration": time,
        "warmup": time / 20 if warmup is None else warmup,
        "broker": {"queues": {"q": dict(queue or {})}},
        "producers": {"p": {"to": "q", "arrivals": arrivals, "work": work} | dict(producer or {})},
        "consumers": {"w": {"queue": "q", "count": count} | dict(consumer or {})},
    } | rest


def told(queue: theory.Queue, *quantities: str, **more: float) -> dict[str, float]:
    """Values of a formula's answer, by the names that a summary has for them."""
    known = {
        "wait.mean": queue.mean_wait,
        "sojourn.mean": queue.mean_sojourn,
        "p_wait": queue.p_wait,
        "throughput": queue.throughput,
        "utilisation": queue.utilisation,
        "depth.mean": queue.mean_waiting,
        "in_system.mean": queue.mean_in_system,
        "loss": queue.p_loss + queue.p_abandon,
    }
    found = {}
    for name in quantities:
        time, _, part = name.partition(".p")
        if part:
            percentile = queue.wait_percentile if time == "wait" else queue.sojourn_percentile
            found[name] = percentile(float(part) / 100)
        else:
            found[name] = known[name]
    return found | more


def at(queue: str, values: Mapping[str, float]) -> dict[str, float]:
    """Values of another queue than `q`; "" is the whole."""
    return {f"{queue}:{name}": value for name, value in values.items()}


USUAL = ("wait.mean", "sojourn.mean", "p_wait", "utilisation", "in_system.mean")
QUICK = ("sojourn.mean", "p_wait", "utilisation", "in_system.mean")
"""Without the mean wait, which is short and takes long to measure where many wait not at all."""


def moments(mean: float, cv: float) -> tuple[float, float]:
    return mean, mean * mean * (1 + cv * cv)
