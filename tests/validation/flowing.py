"""Cases of several queues, closed loops, full queues and drains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim import theory
from tests.validation.measuring import Case
from tests.validation.scenarios import EXP, USUAL, at, one, poisson, told

if TYPE_CHECKING:
    from collections.abc import Mapping


def networks() -> list[Case]:
    def row(*stages: tuple[int, float]) -> dict[str, Any]:
        """Queues q0, q1, ... in a row; each stage with so many consumers and that mean work."""
        consumers = {}
        for i, (count, mean) in enumerate(stages):
            publish = [{"to": f"q{i + 1}"}] if i + 1 < len(stages) else []
            service = {"exponential": {"mean": mean}}
            consumers[f"w{i}"] = {"queue": f"q{i}", "count": count, "service": service, "publish": publish}
        return {"broker": {"queues": {f"q{i}": {} for i in range(len(stages))}}, "consumers": consumers}

    def whole(data: Mapping[str, Any], arrivals: Mapping[str, Any], time: float) -> dict[str, Any]:
        producers = {"p": {"to": "q0", "arrivals": arrivals}}
        return {"duration": time, "warmup": time / 20, "producers": producers} | dict(data)

    line = theory.tandem(0.6, [1, 1])
    wide = theory.tandem(1.2, [1, 2], [2, 1])
    loop = theory.jackson([0.4, 0.2], [1, 1], [[0.0, 0.5], [0.25, 0.0]])
    back = row((1, 1.0), (1, 1.0))
    back["consumers"]["w0"]["publish"] = [{"to": "q1", "probability": 0.5}]
    back["consumers"]["w1"]["publish"] = [{"to": "q0", "probability": 0.25}]
    looped = whole(back, poisson(0.4), 32_000)
    looped["producers"]["r"] = {"to": "q1", "arrivals": poisson(0.2)}
    delayed = theory.mmc(1.5, 1, 2)
    retried = one(
        poisson(1.2),
        count=2,
        queue={"dead_letter": {"exchange": "", "key": "later"}},
        consumer={"redraw": True, "fails": {"probability": 0.2, "then": "reject"}},
        time=33_000,
    )
    retried["broker"]["queues"]["later"] = {"message_ttl": 3, "dead_letter": {"exchange": "", "key": "q"}}
    closed = {"closed": {"users": 8, "think": 3.0}}
    source = theory.finite_source(8, 3, 1, 2)
    users = {"closed": {"users": 5, "think": {"exponential": {"mean": 2.0}}}}
    round_trip = theory.mva(5, [1, 0.7], 2)
    return [
        Case(
            "tandem M/M/1 → M/M/1",
            whole(row((1, 1.0), (1, 1.0)), poisson(0.6), 20_000),
            at("", {"flows.mean": line.mean_sojourn, "flows.p99": line.sojourn_percentile(0.99)}),
        ),
        Case(
            "tandem M/M/2 → M/M/1",
            whole(row((2, 1.0), (1, 0.5)), poisson(1.2), 31_000),
            at("q1", told(wide.nodes[1], *USUAL, "sojourn.p99")) | at("", {"flows.mean": wide.mean_sojourn}),
        ),
        Case(
            "Jackson's network with feedback",
            looped,
            at("q0", told(loop.nodes[0], *USUAL, "sojourn.p99")) | at("", {"flows.mean": loop.mean_sojourn}),
        ),
        Case(
            "retrial through a delay queue",
            retried,
            told(delayed, "in_system.mean", "wait.p99", utilisation=0.75, throughput=1.2)
            | {"later:depth.mean": 0.9, ":flows.mean": (delayed.mean_in_system + 0.9) / 1.2},
        ),
        Case("M/M/2//8", one(closed, count=2, time=4_000), told(source, *USUAL, "throughput", "sojourn.p99")),
        Case(
            "a closed network of two queues",
            whole(row((1, 1.0), (1, 0.7)), users, 4_000),
            {
                ":flows.mean": round_trip.mean_sojourn,
                "q0:throughput": round_trip.throughput,
                "q0:in_system.mean": round_trip.mean_numbers[0],
                "q0:sojourn.mean": round_trip.mean_sojourns[0],
                "q1:sojourn.mean": round_trip.mean_sojourns[1],
            },
        ),
    ]


def flat_out() -> list[Case]:
    full = {"saturate": {"ready": 50}}
    far = {"network": {"latency": 0.5}}

    def drain(work: Any, count: int, ready: int, rate: float = 0.0) -> dict[str, Any]:
        data = one(poisson(1), count=count, queue={"ready": ready}, consumer={"service": work}, time=1.0)
        data["producers"] = {"p": {"to": "q", "arrivals": poisson(rate)}} if rate else {}
        return data | {"until": {"empty": "q"}, "duration": None, "warmup": 0.0}

    return [
        Case(
            "a full queue, prefetch 3 over 1 s, constant work",
            one(full, 0.4, consumer={"prefetch": 3}, count=2, time=1_000, **far),
            {"throughput": 2 * theory.prefetch_throughput(3, 1.0, 2.5)},
        ),
        Case(
            "the same within the work",
            one(full, 0.4, consumer={"prefetch": 2}, count=2, time=1_000, **far),
            {"throughput": 2 * theory.prefetch_throughput(2, 1.0, 2.5)},
        ),
        Case(
            "a full queue, exponential work",
            one(full, {"exponential": {"mean": 0.4}}, consumer={"prefetch": 3}, count=2, time=600, **far),
            {"throughput": 2 * theory.prefetch_throughput_exponential(3, 1.0, 2.5)},
        ),
        Case(
            "a full queue, prefetch 1, any work",
            one(full, {"gamma": {"mean": 0.4, "cv": 1.5}}, count=2, time=600, **far),
            {"throughput": 2 / 1.4},
        ),
        Case("a drain of 3000 by 3", drain(EXP, 3, 3000), {":end": theory.drain_time(3000, 1, 3)}),
        Case(
            "a drain of 6000 by 3 while more come",
            drain(EXP, 3, 6000, 1.5),
            {":end": theory.drain_time(6000, 1, 3, 1.5)},
        ),
        Case(
            "a drain of constant work",
            drain(1.0, 3, 100),
            {":end": theory.drain_time_constant(100, 1, 3)},
        ),
    ]
