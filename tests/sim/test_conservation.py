"""Nothing comes from nothing and nothing vanishes: random scenarios, run to their end, against slow loops."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mqsim.api import Result, Scenario
from tests.sim.invariants import violations
from tests.sim.small import lived

# Few different times, so that many things happen at one instant.
TIMES = st.integers(0, 12).map(lambda n: n / 2)
SHORT = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0])
LATENCY = st.sampled_from([0.0, 0.0, 0.125, 0.5])
SCALE = {"every": 1, "backlog_per": 1, "min": 1, "max": 3, "start_delay": 0.25}


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def queues(draw: st.DrawFn) -> dict[str, Any]:
    tasks: dict[str, Any] = {
        "message_ttl": draw(maybe(st.sampled_from([0.0, 0.5, 1.0, 3.0]))),
        "max_length": draw(maybe(st.integers(0, 4))),
        "overflow": draw(st.sampled_from(["drop-head", "reject-publish", "reject-publish-dlx"])),
        "dead_letter": draw(maybe(st.just({"exchange": "", "key": "dead"}))),
        "max_priority": draw(maybe(st.just(3))),
        "single_active_consumer": draw(st.booleans()),
        "ready": draw(st.integers(0, 3)),
        "durable": draw(st.booleans()),
    }
    if draw(st.booleans()):
        for of_classic in ("max_priority", "durable", "overflow"):
            del tasks[of_classic]
        tasks["overflow"] = draw(st.sampled_from(["drop-head", "reject-publish"]))
        tasks |= {"type": "quorum", "delivery_limit": draw(maybe(st.integers(0, 2)))}
        tasks["leader"] = draw(st.sampled_from([None, "broker-1"]))
    # What lies in `dead` may go round: back to `tasks` after a while.
    dead = draw(st.sampled_from([{}, {"message_ttl": 0.5, "dead_letter": {"exchange": "", "key": "tasks"}}]))
    after = draw(st.sampled_from([{}, {}, {"type": "quorum"}]))
    return {"tasks": {k: v for k, v in tasks.items() if v is not None}, "dead": dead, "next": after}


@st.composite
def producers(draw: st.DrawFn) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "to": draw(
            st.sampled_from(
                [
                    "tasks",
                    {"exchange": "all"},
                    [{"weight": 1, "queue": "tasks"}, {"weight": 1, "queue": "next"}],
                ]
            )
        ),
        "arrivals": draw(
            st.sampled_from(
                [{"every": 0.25}, {"poisson": {"rate": 3}}, {"closed": {"users": 2, "think": 0.5}}]
            )
            | st.lists(TIMES, min_size=1, max_size=8).map(lambda times: {"at": sorted(times)})
        ),
        "work": draw(
            st.sampled_from([0, 0.5, {"exponential": {"mean": 0.7}}, {"uniform": {"low": 0.25, "high": 1}}])
        ),
        "messages": draw(st.integers(1, 20)),
        "persistent": draw(st.booleans()),
        "mandatory": draw(st.booleans()),
        "priority": draw(st.sampled_from([0, {0: 1, 2: 1}])),
        "poison": draw(st.sampled_from([0, 0, 0.2])),
        "when_blocked": draw(st.sampled_from(["wait", "drop"])),
        "heartbeat": draw(st.sampled_from([0, 1])),
        "expiration": draw(maybe(st.sampled_from([0.5, {"uniform": {"low": 0, "high": 2}}]))),
    }
    if draw(st.booleans()):
        spec["confirms"] = {
            "window": draw(st.integers(1, 3)),
            "timeout": draw(maybe(st.sampled_from([0.25, 1.0]))),
        }
        causes = ["nack", "closed"]
        causes += ["timeout"] * (spec["confirms"]["timeout"] is not None) + ["returned"] * spec["mandatory"]
        if draw(st.booleans()):
            spec["retry"] = {"on": causes, "delay": draw(SHORT), "limit": 2}
    return {"web": {k: v for k, v in spec.items() if v is not None}}


@st.composite
def consumers(draw: st.DrawFn) -> dict[str, Any]:
    ack = draw(st.sampled_from(["manual", "manual", "auto", "early"]))
    then = draw(
        st.sampled_from(["nack", "reject", "drop", "crash"] if ack == "manual" else ["drop", "crash"])
    )
    worker: dict[str, Any] = {
        "queue": "tasks",
        "count": draw(st.integers(1, 3)),
        "prefetch": draw(st.integers(0, 3)),
        "ack": ack,
        "fails": draw(
            maybe(
                st.fixed_dictionaries(
                    {"probability": st.just(0.3), "after": st.just(0.5), "then": st.just(then)}
                )
            )
        ),
        "publish": draw(
            st.sampled_from(
                [[], [{"to": "next"}], [{"to": "tasks", "probability": 0.3, "when": "after_ack"}]]
            )
        ),
        "heartbeat": draw(st.sampled_from([0, 0.25, 1])),
        "blocking": draw(st.booleans()),
        "redraw": draw(st.booleans()),
        "exclusive": draw(st.sampled_from([False, False, False, True])),
        "autoscale": draw(maybe(st.sampled_from([{**SCALE, "stop": "graceful"}, {**SCALE, "stop": "kill"}]))),
        "start": draw(st.sampled_from([0, 0, 1])),
        "stop": draw(maybe(st.sampled_from([3.0, 5.0]))),
        "reconnect": draw(SHORT.filter(bool)),
        # A worker without any work that fails and gets its message back would do so for ever at one instant.
        "service": 0.25,
    }
    worker = {k: v for k, v in worker.items() if v is not None}
    return {
        "worker": worker,
        "other": {
            "queue": "next",
            "service": {"exponential": {"mean": 0.3}},
            "ack": draw(st.sampled_from(["manual", "auto"])),
        },
    }


WHO = st.sampled_from(["worker", "worker-1", "web-1", "other-1"])
NODE = st.sampled_from(["broker-1", "broker-2", "broker-3"])
OF_CLUSTERS = st.one_of(
    st.fixed_dictionaries({"restart": NODE, "at": TIMES, "down": SHORT}),
    st.fixed_dictionaries({"kill": NODE, "at": TIMES, "down": SHORT}),
    st.fixed_dictionaries({"kill": NODE, "at": TIMES}),
    st.fixed_dictionaries(
        {
            "partition": st.sampled_from([["broker-1", "broker-2"], ["worker-1", "broker-2"]]),
            "at": TIMES,
            "for": st.sampled_from([0.5, 3]),
        }
    ),
    st.fixed_dictionaries(
        {
            "kill": NODE,
            "every": st.just({"exponential": {"mean": 3}}),
            "repair": st.just({"exponential": {"mean": 1}}),
        }
    ),
)
FAULTS = st.one_of(
    st.fixed_dictionaries({"crash": WHO, "at": TIMES, "restart_after": SHORT}),
    st.fixed_dictionaries({"power_off": WHO, "at": TIMES, "restart_after": SHORT}),
    st.fixed_dictionaries(
        {"slow": st.just("worker-1"), "at": TIMES, "factor": st.just(3), "for": st.just(1.5)}
    ),
    st.fixed_dictionaries({"hang": WHO, "at": TIMES, "for": st.sampled_from([0.5, 3])}),
    st.fixed_dictionaries(
        {"partition": WHO.map(lambda who: [who, "broker"]), "at": TIMES, "for": st.sampled_from([0.5, 1, 3])}
    ),
    st.fixed_dictionaries({"drop_connection": WHO, "at": TIMES}),
    st.fixed_dictionaries({"stop": WHO, "at": TIMES, "restart_after": SHORT}),
    st.fixed_dictionaries({"restart": st.just("broker") | WHO, "at": TIMES, "down": SHORT}),
    st.fixed_dictionaries({"kill": st.just("broker"), "at": TIMES, "down": SHORT}),
    st.fixed_dictionaries({"alarm": st.sampled_from(["memory", "disk"]), "at": TIMES, "for": st.just(1)}),
    st.fixed_dictionaries(
        {
            "crash": st.just("worker"),
            "every": st.just({"exponential": {"mean": 3}}),
            "repair": st.just({"exponential": {"mean": 1}}),
        }
    ),
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    exchanges = {"all": {"type": "fanout"}}
    bindings = [
        {"exchange": "all", "queue": name}
        for name in draw(st.sampled_from([[], ["tasks"], ["tasks", "next"]]))
    ]
    costs: dict[str, Any] = draw(
        st.sampled_from([{}, {}, {"publish": 0.125, "deliver": 0.125}, {"sync": 0.25}])
    )
    costs = costs | {"election": draw(st.sampled_from([0.0, 0.5, 2.0]))}
    memory = {"limit": draw(st.sampled_from([None, None, 7000]))}
    nodes = draw(st.sampled_from([1, 1, 3]))
    return Scenario(
        duration=draw(st.sampled_from([4.0, 8.0, 20.0])),
        broker={
            "queues": draw(queues()),
            "exchanges": exchanges,
            "bindings": bindings,
            "costs": costs,
            "memory": memory,
            "nodes": nodes,
        },
        network={
            "latency": draw(LATENCY),
            "links": [
                {
                    "between": ["worker-1", "broker"],
                    "latency": draw(LATENCY),
                    "bandwidth": draw(maybe(st.just(4000))),
                }
            ],
        },
        producers=draw(producers()),
        consumers=draw(consumers()),
        faults=draw(st.lists(FAULTS if nodes == 1 else FAULTS | OF_CLUSTERS | OF_CLUSTERS, max_size=4)),
    )


def _told_apart(scenario: Scenario) -> bool:
    """Whether no consumer can have a dead connection at the broker beside its new one."""
    kinds = {fault.kind for fault in scenario.faults}
    return not kinds & {"power_off", "hang", "partition"}


def _lived_twice(scenario: Scenario, seed: int) -> tuple[list[str], list[Result]]:
    world, first = lived(scenario, seed)
    return violations(world, first, one_connection=_told_apart(scenario)), [first, lived(scenario, seed)[1]]


@settings(max_examples=150)
@given(scenarios(), st.integers(0, 3))
def test_whatever_happens_the_books_balance_and_a_second_run_is_the_same(
    scenario: Scenario, seed: int
) -> None:
    found, runs = _lived_twice(scenario, seed)
    assert not found, "\n".join(found)
    assert len({run.digest() for run in runs}) == 1
    assert len({run.event_digest() for run in runs}) == 1
