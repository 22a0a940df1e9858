"""Cases that differ in what comes: arrivals and laws of work."""

from __future__ import annotations

from typing import Any

from mqsim import theory
from tests.validation.measuring import Case
from tests.validation.scenarios import EXP, QUICK, USUAL, at, moments, one, poisson, told


def single() -> list[Case]:
    found = [
        Case(
            "M/M/1",
            one(poisson(0.6), time=60_000),
            told(theory.mm1(0.6, 1), *USUAL, "depth.mean", "wait.p99", "sojourn.p99"),
        ),
        Case(
            "M/M/3",
            one(poisson(2.1), count=3, time=25_000),
            told(theory.mmc(2.1, 1, 3), *USUAL, "sojourn.p99"),
        ),
        Case(
            "M/M/10", one(poisson(8), count=10, time=6_000), told(theory.mmc(8, 1, 10), *QUICK, "sojourn.p99")
        ),
        Case(
            "M/D/1",
            one(poisson(0.7), 1.0, time=38_000),
            told(theory.md1(0.7, 1), *USUAL, "wait.p99", "sojourn.p99"),
        ),
        Case(
            "M/D/3",
            one(poisson(2.4), 1.0, count=3, time=12_000),
            told(theory.mdc(2.4, 1, 3), *QUICK, "sojourn.p99"),
        ),
    ]
    laws: list[tuple[str, dict[str, Any], tuple[float, float], Any]] = [
        ("uniform", {"low": 0.5, "high": 1.5}, (1, 13 / 12), theory.uniform_transform(0.5, 1.5)),
        ("erlang", {"k": 3, "mean": 1.0}, moments(1, 3**-0.5), theory.erlang_transform(3, 1)),
        ("gamma", {"mean": 1.0, "cv": 1.5}, moments(1, 1.5), theory.gamma_transform(1, 1.5)),
        ("lognormal", {"mean": 1.0, "cv": 1.0}, moments(1, 1), None),
        ("weibull", {"mean": 1.0, "shape": 2.0}, (1, 4 / 3.141592653589793), None),
        (
            "hyperexponential",
            {"probabilities": [0.8, 0.2], "means": [0.5, 3.0]},
            (1, 0.8 * 0.5 + 0.2 * 18),
            theory.hyperexponential_transform([0.8, 0.2], [0.5, 3]),
        ),
        ("discrete", {"values": [0.5, 2.5], "weights": [3, 1]}, (1, 0.75 * 0.25 + 0.25 * 6.25), None),
        ("pareto", {"mean": 1.0, "shape": 6.0}, moments(1, (1 / 24) ** 0.5), None),
    ]
    for name, parameters, (mean, square), transform in laws:
        seconds = {"gamma": 105_000, "lognormal": 90_000, "hyperexponential": 60_000}.get(name, 38_000)
        exact = told(
            theory.mg1(0.6, mean, square, transform), *USUAL, *(["sojourn.p99"] if transform else [])
        )
        found.append(Case(f"M/G/1 {name}", one(poisson(0.6), {name: parameters}, time=seconds), exact))
    return found


def renewal() -> list[Case]:
    erlang = theory.erlang_transform(3, 1.25)
    hyper = theory.hyperexponential_transform([0.5, 0.5], [1, 2])
    gaps = {"hyperexponential": {"probabilities": [0.5, 0.5], "means": [1.0, 2.0]}}
    uniform = theory.uniform_transform(0.2, 1.0)
    return [
        Case(
            "D/M/1",
            one({"every": 1.25}, time=62_000),
            told(theory.gimc(0.8, theory.constant_transform(1.25), 1), *USUAL, "wait.p99"),
        ),
        Case(
            "D/M/3",
            one({"every": 0.4}, count=3, time=14_000),
            told(theory.gimc(2.5, theory.constant_transform(0.4), 1, 3), *QUICK, "sojourn.p99"),
        ),
        Case(
            "E3/M/1",
            one({"renewal": {"erlang": {"k": 3, "mean": 1.25}}}, time=70_000),
            told(theory.gimc(0.8, erlang, 1), *USUAL, "sojourn.p99"),
        ),
        Case(
            "H2/M/1",
            one({"renewal": gaps}, time=45_000),
            told(theory.gimc(1 / 1.5, hyper, 1), *USUAL, "sojourn.p99"),
        ),
        Case(
            "U/M/2",
            one({"renewal": {"uniform": {"low": 0.2, "high": 1.0}}}, count=2, time=25_000),
            told(theory.gimc(1 / 0.6, uniform, 1, 2), *QUICK, "sojourn.p99"),
        ),
        Case(
            "M[3]/M/1",
            one({"batches": {"every": {"exponential": {"mean": 6}}, "size": 3}}, time=26_000),
            told(theory.batch_mm1(1 / 6, 1, 3), *USUAL, "sojourn.p99"),
        ),
        Case(
            "M[X]/D/1",
            one(
                {
                    "batches": {
                        "every": {"exponential": {"mean": 5}},
                        "size": {"discrete": {"values": [1, 5], "weights": [1, 1]}},
                    }
                },
                1.0,
                time=90_000,
            ),
            told(theory.batch_mg1(0.2, 1, 1, 3, 13), *USUAL),
        ),
        Case(
            "MMPP/M/1",
            one({"mmpp": {"rates": [0.2, 1.2], "switch": [0.5, 0.5]}}, time=80_000),
            told(theory.mmpp_m1([0.2, 1.2], [0.5, 0.5], 1), *USUAL, "sojourn.p99"),
        ),
        Case(
            "MMPP/M/3",
            one({"mmpp": {"rates": [1.0, 3.0], "switch": [0.5, 0.5]}}, count=3, time=25_000),
            told(theory.mmpp_mc([1, 3], [0.5, 0.5], 1, 3), *USUAL, "sojourn.p99"),
        ),
    ]


def streams() -> list[Case]:
    def queues(*names: str) -> dict[str, Any]:
        return {"queues": {name: {} for name in names}}

    three = {
        "p": {"to": "q", "arrivals": poisson(0.2), "work": EXP},
        "r": {"to": "q", "arrivals": poisson(0.1), "work": {"exponential": {"mean": 2.0}}, "count": 2},
    }
    cycle = one(poisson(1.6), time=55_000)
    cycle["broker"] = queues("q", "other")
    cycle["producers"]["p"]["to"] = {"exchange": "", "key": {"cycle": ["q", "other"]}}
    cycle["consumers"]["v"] = {"queue": "other", "count": 2}
    split = one(poisson(1.2), time=32_000)
    split["broker"] = queues("q", "other")
    split["producers"]["p"]["to"] = [{"weight": 1, "queue": "q"}, {"weight": 1, "queue": "other"}]
    split["consumers"]["v"] = {"queue": "other"}
    fan = one(poisson(0.6), time=42_000)
    fan["broker"] = {
        "queues": {"q": {}, "other": {}},
        "exchanges": {"f": {"type": "fanout"}},
        "bindings": [{"exchange": "f", "queue": "q"}, {"exchange": "f", "queue": "other"}],
    }
    fan["producers"]["p"]["to"] = {"exchange": "f"}
    fan["consumers"] = {"w": {"queue": "q", "service": EXP}, "v": {"queue": "other", "service": EXP}}
    mixed = theory.hyperexponential_transform([0.5, 0.5], [1, 2])
    return [
        Case(
            "three producers, two works: M/H2/1",
            one(poisson(0.2), time=120_000, producers=three),
            told(theory.mg1(0.4, 1.5, 5.0, mixed), *USUAL, "sojourn.p99"),
        ),
        Case(
            "every second message: E2/M/1",
            cycle,
            told(theory.gimc(0.8, theory.erlang_transform(2, 1.25), 1), *QUICK, "sojourn.p99"),
        ),
        Case("half of a Poisson stream: M/M/1", split, told(theory.mm1(0.6, 1), *QUICK, "sojourn.p99")),
        Case(
            "fork-join of two: each M/M/1",
            fan,
            told(theory.mm1(0.6, 1), "wait.mean", "sojourn.p99")
            | at("", {"flows.mean": theory.fork_join_two(0.6, 1).mean_sojourn}),
        ),
    ]
