"""Scenarios drawn at random among those that the twin can play, with ties, hops that take no time, and
crashes."""

from __future__ import annotations

from random import Random
from typing import Any

from mqsim.twin.rules import FAULTS

TIMES = (0, 0, 0.25, 0.5, 0.5, 1, 1, 2, 3)
LAWS = ("constant", "constant", "exponential", "uniform", "lognormal", "discrete", "hyperexponential")


def law(random: Random, mean: float, *, positive: bool = False) -> Any:
    """A law with about that mean; often one that makes ties."""
    kind = random.choice(LAWS)
    if kind == "constant":
        return random.choice((0.25, 0.5, 1)) if positive else random.choice((0, 0.25, 0.5, 1, mean))
    if kind == "exponential":
        return {"exponential": {"mean": mean}}
    if kind == "uniform":
        return {"uniform": {"low": 0, "high": 2 * mean}}
    if kind == "lognormal":
        return {"lognormal": {"mean": mean, "cv": 1.5}}
    if kind == "discrete":
        return {"discrete": {"values": [0.25, 0.5, 1.5], "weights": [1, 2, 1]}}
    return {"hyperexponential": {"probabilities": [0.3, 0.7], "means": [2 * mean, mean / 2]}}


def arrivals(random: Random, plain: bool) -> dict[str, Any]:
    """Arrivals of any kind; `plain`: only those that do not answer to what the system does."""
    kinds = ["poisson", "poisson", "every", "renewal", "at", "mmpp", "batches", "profile"]
    kind = random.choice(kinds if plain else [*kinds, "closed", "closed", "saturate"])
    match kind:
        case "poisson":
            return {"poisson": {"rate": random.choice((0.5, 1, 2, 4))}}
        case "every":
            return {"every": random.choice((0.25, 0.5, 1))}
        case "renewal":
            return {"renewal": law(random, 0.7, positive=True)}
        case "at":
            return {
                "at": sorted(random.choice((0, 0.5, 1, 1, 2, 5.25)) for _ in range(random.randint(1, 12)))
            }
        case "mmpp":
            return {"mmpp": {"rates": [0.5, 6], "switch": [0.3, 0.6], "start": random.randint(0, 1)}}
        case "batches":
            size = random.choice((1, 2, {"uniform": {"low": 0, "high": 4}}))
            return {"batches": {"every": law(random, 1, positive=True), "size": size}}
        case "profile":
            shape = {"shape": random.choice(("linear", "step")), "law": random.choice(("poisson", "even"))}
            return {"profile": {"points": [[0, 1], [10, 5], [20, 0.5]], **shape}}
        case "closed":
            return {"closed": {"users": random.randint(1, 6), "think": law(random, 1, positive=True)}}
        case _:
            return {"saturate": {"ready": random.randint(1, 5)}}


def maybe(random: Random, share: float, found: dict[str, Any]) -> dict[str, Any]:
    """What was found, that often."""
    return found if random.random() < share else {}


def queues(random: Random) -> dict[str, dict[str, Any]]:
    """One to three queues; dead letters go from one to a later one."""
    names = ["a", "b", "c"][: random.choice((1, 1, 2, 2, 3))]
    found: dict[str, dict[str, Any]] = {}
    for k, name in enumerate(names):
        spec: dict[str, Any] = {}
        if random.random() < 0.3:
            spec["max_length"] = random.choice((0, 1, 2, 5, 20))
            spec["overflow"] = random.choice(("drop-head", "reject-publish", "reject-publish-dlx"))
        spec |= maybe(random, 0.2, {"message_ttl": random.choice((0, 0.25, 0.5, 1, 3))})
        spec |= maybe(random, 0.2, {"max_priority": random.choice((1, 3, 10))})
        spec |= maybe(random, 0.2, {"ready": random.randint(1, 12)})
        if k + 1 < len(names) and random.random() < 0.6:
            spec["dead_letter"] = {"key": random.choice(names[k + 1 :])}
        found[name] = spec
    return found


def producer(random: Random, names: list[str], ends: bool) -> dict[str, Any]:
    """A group of producers."""
    to: Any = random.choice(names)
    if len(names) > 1 and random.random() < 0.2:
        to = [{"weight": k + 1, "queue": name} for k, name in enumerate(names)]
    elif len(names) > 1 and random.random() < 0.1:
        to = {"exchange": "", "key": random.choice(({"cycle": names}, {"choice": names}))}
    weighted = random.random() < 0.2
    priority: Any = {0: 0.5, 2: 0.3, 9: 0.2} if weighted else random.choice((0, 0, 0, 3))
    confirms = random.random() < 0.25
    expiring = random.random() < 0.1
    plain = weighted or confirms or expiring or not isinstance(to, str)
    found: dict[str, Any] = {
        "to": to,
        "count": random.choice((1, 1, 1, 2, 3)),
        "arrivals": arrivals(random, plain),
        "work": law(random, random.choice((0.2, 0.5, 1))),
        "priority": priority,
    }
    found |= maybe(random, 0.2, {"start": random.choice(TIMES)})
    if ends or random.random() < 0.3:
        found["messages"] = random.randint(1, 40)
    elif random.random() < 0.2:
        found["stop"] = found.get("start", 0) + random.choice((0.5, 5, 10))
    if expiring:
        found["expiration"] = law(random, 0.5)
    if confirms:
        timeout = random.choice((None, 0.25, 0.5, 2))
        found["confirms"] = {"window": random.choice((1, 2, 5, 100)), "timeout": timeout}
        if random.random() < 0.7:
            causes = ["nack", "closed"] + (["timeout"] if timeout else [])
            found["retry"] = {
                "on": random.sample(causes, random.randint(1, len(causes))),
                "delay": law(random, 0.5, positive=True),
                "factor": random.choice((1, 2)),
                "limit": random.randint(0, 3),
            }
    found |= maybe(random, 0.1, {"poison": 0.2})
    found |= maybe(random, 0.1, {"when_blocked": "drop"})
    found |= maybe(random, 0.2, {"reconnect": law(random, 0.5)})
    return found


def consumer(random: Random, names: list[str], queue: str) -> dict[str, Any]:
    """A group of consumers."""
    count = random.choice((1, 1, 2, 3, 4))
    ack = random.choice(("manual", "manual", "manual", "auto", "early"))
    found: dict[str, Any] = {
        "queue": queue,
        "count": count,
        "ack": ack,
        "prefetch": random.choice((0, 1, 1, 1, 2, 5)),
    }
    found |= maybe(random, 0.3, {"speed": [random.choice((0.5, 1, 2)) for _ in range(count)]})
    found |= maybe(random, 0.2, {"service": law(random, 0.5)})
    found |= maybe(random, 0.15, {"factor": [[2, 1], [6, 3], [9, 0.5]]})
    found |= maybe(random, 0.2, {"priority": random.choice((-1, 1, 2))})
    found |= maybe(random, 0.15, {"start": random.choice(TIMES)})
    found |= maybe(random, 0.1, {"stop": found.get("start", 0) + random.choice((1, 5, 10))})
    found |= maybe(random, 0.2, {"reconnect": law(random, 0.5)})
    found |= maybe(random, 0.3, {"heartbeat": random.choice((0, 0.5, 2))})
    if random.random() < 0.3:
        then = random.choice(("nack", "reject", "drop", "crash") if ack == "manual" else ("drop", "crash"))
        found["fails"] = {
            "probability": random.choice((0, 0.1, 0.4, 0.8)),
            "after": random.choice((0, 0.5, 1)),
            "then": then,
        }
        found["fails"] |= maybe(random, 0.4, {"attempts": random.randint(1, 3)})
        if then == "crash":
            found["fails"]["restart_after"] = random.choice((None, 0.25, 1, 2))
    later = [name for name in names if name > queue]
    if later and random.random() < 0.4:
        found["publish"] = [
            {
                "to": random.choice(later),
                "probability": random.choice((1, 1, 0.5)),
                "when": random.choice(("before_ack", "after_ack")),
            }
            for _ in range(random.choice((1, 1, 2)))
        ]
    if random.random() < 0.15:
        found["count"] = 1
        found.pop("speed", None)
        found["autoscale"] = {
            "every": random.choice((0.5, 1, 2)),
            "backlog_per": random.choice((1, 2, 5)),
            "min": random.choice((0, 1)),
            "max": random.choice((2, 4)),
            "start_delay": law(random, 0.5),
            "stop": random.choice(("graceful", "kill")),
        }
    return found


def faults(random: Random, actors: list[str], groups: list[str]) -> list[dict[str, Any]]:
    """Some faults of actors and groups."""
    found = []
    for _ in range(random.choice((0, 0, 1, 1, 2, 4))):
        target = random.choice([*actors, *groups])
        kind = random.choice(("crash", "crash", *FAULTS))
        one: dict[str, Any] = {kind: target}
        if kind in ("crash", "kill", "power_off") and random.random() < 0.5:
            one |= {"every": law(random, 4, positive=True), "repair": law(random, 1, positive=True)}
            found.append(one)
            continue
        one["at"] = random.choice((0, 0.25, 0.5, 1, 2, 5, 5.5))
        if kind in ("crash", "kill", "power_off", "stop"):
            one |= maybe(random, 0.7, {"restart_after": random.choice((0.25, 1, 2))})
        elif kind == "restart":
            one |= maybe(random, 0.7, {"down": random.choice((0, 0.5, 1))})
        elif kind == "terminate":
            one |= maybe(random, 0.7, {"grace": random.choice((0, 0.5, 1))})
        elif kind == "slow":
            one["factor"] = random.choice((0.5, 2, 3))
        if kind in ("slow", "hang"):
            one |= maybe(random, 0.7, {"for": random.choice((0.5, 1, 3, 6))})
        found.append(one)
    return found


def scenario(seed: int) -> dict[str, Any]:
    """The scenario of that number, as plain data; not all of them can be run."""
    random = Random(seed)
    all_queues = queues(random)
    names = list(all_queues)
    drained = random.random() < 0.4
    producers = {f"p{k}": producer(random, names, drained) for k in range(random.choice((1, 1, 2, 3)))}
    consumed = [name for name in names if random.random() < 0.85] or names[:1]
    consumers = {}
    for k, name in enumerate(consumed * random.choice((1, 1, 2))):
        consumers[f"c{k}"] = consumer(random, names, name)
    groups = [*producers, *consumers]
    actors = [
        f"{name}-{k}"
        for name, spec in {**producers, **consumers}.items()
        for k in range(1, spec["count"] + 1)
    ]
    found: dict[str, Any] = {
        "name": f"drawn {seed}",
        "seed": seed,
        "broker": {"queues": all_queues, "profile": random.choice(("3.10", "4.0", "4.3"))},
        "network": {"latency": random.choice((0, 0, 0, 0.25, 0.01))},
        "producers": producers,
        "consumers": consumers,
        "faults": faults(random, actors, groups),
    }
    if random.random() < 0.2:
        found["network"]["links"] = [{"between": [random.choice(actors + groups), "broker"], "latency": 0.5}]
    if drained:
        found |= {"until": "drained", "max_duration": random.choice((20, 200))}
    elif random.random() < 0.2:
        found |= {"until": {"empty": random.choice(consumed)}, "max_duration": 30}
    else:
        found["duration"] = random.choice((5, 10, 25))
    return found
