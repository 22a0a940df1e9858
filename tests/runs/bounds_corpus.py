"""Scenarios of other kinds that are huge, take no time or eat memory: clusters that are down, retries without
end, loops of dead letters, fan-outs, laws and numbers at the edge of what a float holds.
"""

from __future__ import annotations

import itertools
from typing import Any

from tests.runs.test_bounds import scenario

CORPUS: dict[str, dict[str, Any]] = {}


def q(**more: Any) -> dict[str, Any]:
    """A broker with the two queues, and more."""
    return {"queues": {"tasks": {}, "dead": {}}} | more


def add(name: str, parts: dict[str, Any]) -> None:
    """Take one in."""
    CORPUS[name] = parts


# clusters that are down
for n, count, who in itertools.product((3, 5), (1, 3), ("web", "worker")):
    p = scenario(broker=q(nodes=n), faults=[{"kill": f"broker-{k}", "at": 3} for k in range(1, n + 1)])
    (p["producers"] if who == "web" else p["consumers"])[who] = dict(
        (p["producers"] if who == "web" else p["consumers"])[who], reconnect=0, count=count
    )
    add(f"cluster down {n} {count} {who}", p)
p = scenario(
    broker={"queues": {"tasks": {"type": "quorum"}, "dead": {}}, "nodes": 3},
    consumers={"worker": {"queue": "tasks", "reconnect": 0}},
    faults=[{"kill": "broker-1", "at": 3}, {"kill": "broker-2", "at": 3}],
)
add("no majority reconnect 0", p)
add("link latency 1e308", scenario("network.links", [{"between": ["web-1", "broker"], "latency": 1e308}]))
add("bandwidth 1e-300", scenario("network.links", [{"between": ["web-1", "broker"], "bandwidth": 1e-300}]))
add("bandwidth 1e308", scenario("network.links", [{"between": ["web-1", "broker"], "bandwidth": 1e308}]))
for f in ("publish", "deliver", "sync"):
    for v in (1e-300, 1e308, 1e9):
        add(f"costs {f} {v}", scenario("broker.costs", {f: v}))
add(
    "election 1e-300",
    scenario(
        broker={
            "queues": {"tasks": {"type": "quorum"}, "dead": {}},
            "nodes": 3,
            "costs": {"election": 1e-300},
        },
        faults=[{"crash": "worker", "at": 1, "restart_after": 0}],
    ),
)
add("nodes 1e6", scenario("broker.nodes", 1000000))
add("nodes 1001", scenario("broker.nodes", 1001))
add("100k queues", scenario(broker={"queues": {f"q{k}": {} for k in range(100000)} | {"tasks": {}}}))
add(
    "5k queues fanout",
    scenario(
        broker={
            "queues": {f"q{k}": {} for k in range(5000)} | {"tasks": {}},
            "exchanges": {"f": {"type": "fanout"}},
            "bindings": [{"exchange": "f", "queue": f"q{k}"} for k in range(5000)],
        },
        producers={"web": {"to": {"exchange": "f"}, "arrivals": {"every": 0.001}, "work": 0}},
    ),
)
add(
    "fanout 2000 x 1000/s",
    scenario(
        broker={
            "queues": {f"q{k}": {} for k in range(2000)} | {"tasks": {}},
            "exchanges": {"f": {"type": "fanout"}},
            "bindings": [{"exchange": "f", "queue": f"q{k}"} for k in range(2000)],
        },
        producers={"web": {"to": {"exchange": "f"}, "arrivals": {"poisson": {"rate": 1000}}, "work": 0}},
    ),
)
add(
    "exchange e2e circle",
    scenario(
        broker={
            "queues": {"tasks": {}, "dead": {}},
            "exchanges": {"a": {"type": "fanout"}, "b": {"type": "fanout"}},
            "bindings": [{"exchange": "a", "to": "b"}, {"exchange": "b", "to": "a"}],
        }
    ),
)
for v in (0, 1e-300, 1e-9):
    add(
        f"retry delay {v} full",
        scenario(
            broker={"queues": {"tasks": {"max_length": 1, "overflow": "reject-publish"}, "dead": {}}},
            producers={
                "web": {
                    "to": "tasks",
                    "arrivals": {"every": 0.1},
                    "work": 100,
                    "confirms": {},
                    "retry": {"on": ["nack"], "delay": v, "limit": 1000000},
                }
            },
        ),
    )
    add(
        f"retry delay {v} returned",
        scenario(
            producers={
                "web": {
                    "to": {"exchange": "", "key": "nowhere"},
                    "arrivals": {"every": 1},
                    "work": 0,
                    "mandatory": True,
                    "retry": {"on": ["returned"], "delay": v, "limit": 1000000},
                }
            }
        ),
    )
    add(
        f"confirm timeout {v}",
        scenario(
            producers={
                "web": {
                    "to": "tasks",
                    "arrivals": {"every": 1},
                    "work": 0,
                    "confirms": {"timeout": v or 1e-12},
                    "retry": {"on": ["timeout"], "delay": v, "limit": 1000000},
                }
            },
            network={"latency": 1},
        ),
    )
add(
    "retry overload unlimited",
    scenario(
        duration=600,
        broker={"queues": {"tasks": {"max_length": 10, "overflow": "reject-publish"}, "dead": {}}},
        producers={
            "web": {
                "to": "tasks",
                "arrivals": {"poisson": {"rate": 10}},
                "work": 0.2,
                "confirms": {},
                "retry": {"on": ["nack"], "delay": 0.1, "limit": 1000000},
            }
        },
    ),
)
add("heartbeat 1e-300", scenario(consumers={"worker": {"queue": "tasks", "heartbeat": 1e-300}}))
add("heartbeat 1e-6", scenario(consumers={"worker": {"queue": "tasks", "heartbeat": 1e-6}}))
add(
    "closed think 0",
    scenario(
        "producers.web.arrivals",
        {"closed": {"users": 5, "think": 0}},
    ),
)
CORPUS["closed think 0"]["producers"]["web"]["work"] = 0
add("saturate no work", scenario("producers.web.arrivals", {"saturate": {"ready": 10}}))
CORPUS["saturate no work"]["producers"]["web"]["work"] = 0
add(
    "saturate service 1e-300",
    scenario(producers={"web": {"to": "tasks", "arrivals": {"saturate": {"ready": 10}}, "work": 1e-300}}),
)
add(
    "saturate service 1e-7",
    scenario(producers={"web": {"to": "tasks", "arrivals": {"saturate": {"ready": 10}}, "work": 1e-7}}),
)
add("batches 0", scenario("producers.web.arrivals", {"batches": {"every": 1e-300, "size": 0}}))
add(
    "mmpp switch 1e15",
    scenario("producers.web.arrivals", {"mmpp": {"rates": [1, 2], "switch": [1e15, 1e15]}}),
)
add(
    "mmpp switch 1e300",
    scenario("producers.web.arrivals", {"mmpp": {"rates": [0, 1], "switch": [1e300, 1e300]}}),
)
add("profile 1e308", scenario("producers.web.arrivals", {"profile": {"points": [[0, 1], [1e308, 1]]}}))
add("profile rates 1e308", scenario("producers.web.arrivals", {"profile": {"points": [[0, 1e308], [10, 0]]}}))
add("at 1e7 zeros", scenario("producers.web.arrivals", {"at": [0] * 2_000_000}))
add(
    "ready + ttl 0 loop",
    scenario(
        broker={
            "queues": {
                "tasks": {"ready": 1000, "message_ttl": 0, "dead_letter": {"exchange": "", "key": "dead"}},
                "dead": {"message_ttl": 0, "dead_letter": {"exchange": "", "key": "tasks"}},
            }
        }
    ),
)
add(
    "ttl loop by reject",
    scenario(
        broker={
            "queues": {
                "tasks": {"dead_letter": {"exchange": "", "key": "dead"}},
                "dead": {"message_ttl": 0, "dead_letter": {"exchange": "", "key": "tasks"}},
            }
        },
        producers={"web": {"to": "tasks", "arrivals": {"at": [1]}, "work": 0, "poison": 1}},
        consumers={"worker": {"queue": "tasks", "fails": {"then": "reject"}}},
    ),
)
add(
    "ttl 1e-300 loop",
    scenario(
        broker={
            "queues": {
                "tasks": {"dead_letter": {"exchange": "", "key": "dead"}},
                "dead": {"message_ttl": 1e-300, "dead_letter": {"exchange": "", "key": "tasks"}},
            }
        },
        producers={"web": {"to": "tasks", "arrivals": {"at": [1]}, "work": 0, "poison": 1}},
        consumers={"worker": {"queue": "tasks", "fails": {"then": "reject"}}},
    ),
)
add(
    "ttl 1e-6 loop",
    scenario(
        broker={
            "queues": {
                "tasks": {"dead_letter": {"exchange": "", "key": "dead"}},
                "dead": {"message_ttl": 1e-6, "dead_letter": {"exchange": "", "key": "tasks"}},
            }
        },
        producers={"web": {"to": "tasks", "arrivals": {"at": [1]}, "work": 0, "poison": 1}},
        consumers={"worker": {"queue": "tasks", "fails": {"then": "reject"}}},
    ),
)
add(
    "doubling forward",
    scenario(
        producers={"web": {"to": "tasks", "arrivals": {"at": [0]}, "work": 0.01}},
        consumers={"worker": {"queue": "tasks", "count": 100, "publish": [{"to": "tasks"}, {"to": "tasks"}]}},
    ),
)
add(
    "doubling forward no time",
    scenario(
        producers={"web": {"to": "tasks", "arrivals": {"at": [0]}, "work": 0}},
        consumers={"worker": {"queue": "tasks", "publish": [{"to": "tasks"}, {"to": "tasks"}]}},
    ),
)
add(
    "forward fans out 1000",
    scenario(consumers={"worker": {"queue": "tasks", "publish": [{"to": "dead"}] * 1000}}),
)
for k in ("slow", "hang"):
    add(
        f"{k} factor",
        scenario(
            faults=[{"slow": "worker-1", "at": 1, "factor": 1e308}]
            if k == "slow"
            else [{"hang": "worker-1", "at": 1, "for": 1e308}]
        ),
    )
add("slow factor 1e-300", scenario(faults=[{"slow": "worker-1", "at": 1, "factor": 1e-300}]))
add("partition every 1e-9", scenario(faults=[{"partition": ["worker-1", "broker"], "at": 1, "for": 1e-300}]))
add(
    "100k faults",
    scenario(faults=[{"crash": "worker-1", "at": 1 + k * 1e-5, "restart_after": 0} for k in range(100000)]),
)
add("alarm 1e-300", scenario(faults=[{"alarm": "memory", "at": 1, "for": 1e-300}]))
add("memory limit 0", scenario("broker.memory", {"limit": 0}))
add(
    "until drained forever",
    {
        **scenario(until="drained"),
        "duration": None,
        "faults": [{"crash": "worker-1", "at": 0}],
        "producers": {"web": {"to": "tasks", "arrivals": {"every": 1}, "messages": 10, "work": 0.1}},
    },
)
add(
    "until drained heartbeats",
    {
        **scenario(until="drained"),
        "duration": None,
        "faults": [{"hang": "worker-1", "at": 0}],
        "producers": {
            "web": {"to": "tasks", "arrivals": {"every": 1}, "messages": 10, "work": 0.1, "heartbeat": 1}
        },
        "consumers": {"worker": {"queue": "tasks", "heartbeat": 1}},
    },
)
add(
    "until empty never",
    {
        **scenario(until={"empty": "tasks"}),
        "duration": None,
        "producers": {"web": {"to": "tasks", "arrivals": {"poisson": {"rate": 1000}}, "work": 1}},
    },
)
add(
    "duration 1e9 every 1e9",
    scenario(duration=1e9, producers={"web": {"to": "tasks", "arrivals": {"every": 1e3}, "work": 0.1}}),
)
add(
    "duration 1e9 idle",
    scenario(duration=1e9, producers={"web": {"to": "tasks", "arrivals": {"at": [0]}, "work": 0.1}}),
)
for kind, end in (("power_off", 1e15), ("power_off", 1e300), ("hang", 1e15), ("crash", 1e15)):
    once = {"web": {"to": "tasks", "arrivals": {"at": [0]}, "work": 0.1}}
    add(
        f"duration {end:g} {kind}",
        scenario(duration=end, producers=once, faults=[{kind: "worker-1", "at": 0.05}]),
    )
    add(
        f"until drained, max_duration {end:g} {kind}",
        {
            **scenario(until="drained", producers=once, faults=[{kind: "worker-1", "at": 0.05}]),
            "duration": None,
            "max_duration": end,
        },
    )
add(
    "fails crash 1e-9",
    scenario(
        producers={"web": {"to": "tasks", "arrivals": {"at": [1]}, "work": 0, "poison": 1}},
        consumers={"worker": {"queue": "tasks", "fails": {"then": "crash", "restart_after": 1e-9}}},
    ),
)
add(
    "nack latency 1e-9",
    scenario(
        producers={"web": {"to": "tasks", "arrivals": {"at": [1]}, "work": 0, "poison": 1}},
        consumers={"worker": {"queue": "tasks", "fails": {"then": "nack"}}},
        network={"latency": 1e-9},
    ),
)
add(
    "nack work 1e-9",
    scenario(
        producers={"web": {"to": "tasks", "arrivals": {"at": [1]}, "work": 1e-9, "poison": 1}},
        consumers={"worker": {"queue": "tasks", "fails": {"then": "nack"}}},
    ),
)
add(
    "nack work 1e-5",
    scenario(
        producers={"web": {"to": "tasks", "arrivals": {"at": [1]}, "work": 1e-5, "poison": 1}},
        consumers={"worker": {"queue": "tasks", "fails": {"then": "nack"}}},
    ),
)
add(
    "size 1e15 bandwidth",
    scenario(
        producers={"web": {"to": "tasks", "arrivals": {"every": 1}, "work": 0, "size": 10**15}},
        network={"links": [{"between": ["web-1", "broker"], "bandwidth": 1}]},
    ),
)
add(
    "prefetch 65535 x 20000",
    scenario(consumers={"worker": {"queue": "tasks", "prefetch": 65535, "count": 19000}}),
)
add("slots 1e9", scenario(consumers={"worker": {"queue": "tasks", "slots": 10**9}}))
add("pareto shape 1.0000001", scenario("producers.web.work", {"pareto": {"mean": 1, "shape": 1.0000001}}))
add("lognormal cv 1e308", scenario("producers.web.work", {"lognormal": {"mean": 1, "cv": 1e308}}))
add("lognormal cv 1e100", scenario("producers.web.work", {"lognormal": {"mean": 1, "cv": 1e100}}))
add("erlang k 1e9", scenario("producers.web.work", {"erlang": {"k": 10**9, "mean": 1}}))
add("gamma cv 1e-150", scenario("producers.web.work", {"gamma": {"mean": 1, "cv": 1e-150}}))
add("weibull 1e-3", scenario("producers.web.work", {"weibull": {"mean": 1, "shape": 1e-3}}))
add("name 1e6", scenario("name", "x" * 1000000))
