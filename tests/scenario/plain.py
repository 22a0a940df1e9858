"""Plain data for the tests: a small scenario to change, and strategies for parts of one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

HERE = Path(__file__).parent
SAMPLE = HERE / "sample.yaml"

SMALL: dict[str, Any] = {
    "duration": 60,
    "broker": {"queues": {"tasks": {}, "dead": {}}, "exchanges": {"events": {"type": "topic"}}},
    "producers": {"web": {"to": "tasks", "arrivals": {"poisson": {"rate": 1}}}},
    "consumers": {"worker": {"count": 2, "queue": "tasks"}},
}


def small(**changes: Any) -> dict[str, Any]:
    """The small scenario with the values at `a__b__c` replaced, or taken away where they are None."""
    data = copy.deepcopy(SMALL)
    for path, value in changes.items():
        *steps, last = path.split("__")
        here = data
        for step in steps:
            here = here.setdefault(step, {})
        if value is None:
            del here[last]
        else:
            here[last] = value
    return data


times = st.floats(min_value=0, max_value=1e6) | st.integers(0, 1000)
positive = st.floats(min_value=1e-3, max_value=1e6) | st.integers(1, 1000)
shares = st.floats(min_value=0, max_value=1)
bytes_ = st.integers(0, 10**6)
queues = st.sampled_from(["tasks", "dead"])


def laws_with(means: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Laws of every shape."""
    return st.one_of(
        means,
        st.builds(lambda mean: {"exponential": {"mean": mean}}, means),
        st.builds(lambda low, more: {"uniform": {"low": low, "high": low + more}}, times, means),
        st.builds(lambda k, mean: {"erlang": {"k": k, "mean": mean}}, st.integers(1, 9), means),
        st.builds(lambda m, cv: {"lognormal": {"mean": m, "cv": cv}}, means, st.floats(0.1, 3)),
    )


laws = laws_with(positive)
sizes = laws_with(st.floats(min_value=1, max_value=1e6) | st.integers(1, 1000))
keys = st.one_of(
    st.sampled_from(["", "order.new", "a"]),
    st.builds(lambda n: {"hash": n}, st.integers(1, 9)),
    st.builds(lambda v: {"cycle": v}, st.lists(st.text(max_size=5), min_size=1, max_size=3)),
    st.builds(lambda v: {"choice": v}, st.lists(st.text(max_size=5), min_size=1, max_size=3)),
    st.builds(
        lambda v: {"choice": v}, st.dictionaries(st.text(max_size=5), positive, min_size=1, max_size=3)
    ),
)
exchanged = st.builds(lambda key: {"exchange": "events", "key": key}, keys)
destinations = st.one_of(
    queues,
    exchanged,
    st.lists(
        st.builds(lambda w, place: {"weight": w, **place}, positive, exchanged)
        | st.builds(lambda w, q: {"weight": w, "queue": q}, positive, queues),
        min_size=1,
        max_size=3,
    ),
)


@st.composite
def mmpp(draw: st.DrawFn) -> dict[str, Any]:
    """Rates with leaving rates, or with a matrix."""
    n = draw(st.integers(2, 4))
    rates = draw(st.lists(positive, min_size=n, max_size=n))
    if draw(st.booleans()):
        switch: list[Any] = draw(st.lists(positive, min_size=n, max_size=n))
    else:
        switch = [[0 if i == j else draw(times) for j in range(n)] for i in range(n)]
    return {"mmpp": {"rates": rates, "switch": switch, "start": draw(st.integers(0, n - 1))}}


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    """Points at times that increase."""
    at = sorted(draw(st.sets(st.integers(0, 1000), min_size=1, max_size=4)))
    points = [[time, draw(positive)] for time in at]
    shape, law = draw(st.sampled_from(["linear", "step"])), draw(st.sampled_from(["poisson", "even"]))
    return {"profile": {"points": points, "shape": shape, "law": law}}


arrivals = st.one_of(
    st.builds(lambda rate: {"poisson": {"rate": rate}}, positive),
    st.builds(lambda gap: {"every": gap}, positive),
    st.builds(lambda law: {"renewal": law}, laws),
    st.builds(lambda at: {"at": sorted(at)}, st.lists(times, min_size=1, max_size=4)),
    mmpp(),
    st.builds(lambda every, size: {"batches": {"every": every, "size": size}}, laws, sizes),
    profiles(),
    st.builds(lambda n, think: {"closed": {"users": n, "think": think}}, st.integers(1, 99), laws),
    st.builds(lambda n: {"saturate": {"ready": n}}, st.integers(1, 99)),
)
producers = st.fixed_dictionaries(
    {"to": destinations, "arrivals": arrivals},
    optional={
        "work": laws,
        "count": st.integers(0, 5),
        "messages": st.integers(1, 99),
        "size": bytes_,
        "priority": st.integers(0, 255)
        | st.dictionaries(st.integers(0, 255), positive, min_size=1, max_size=3),
        "persistent": st.booleans(),
        "expiration": laws,
        "mandatory": st.booleans(),
        "poison": shares,
        "confirms": st.fixed_dictionaries({}, optional={"window": st.integers(1, 9), "timeout": positive}),
        "when_blocked": st.sampled_from(["wait", "drop"]),
    },
)
consumers = st.fixed_dictionaries(
    {"queue": queues, "count": st.just(2)},
    optional={
        "speed": positive | st.lists(positive, min_size=2, max_size=2),
        "factor": st.just([[0, 1], [10, 2.5]]),
        "prefetch": st.integers(0, 65535),
        "service": laws,
        "fails": st.fixed_dictionaries(
            {"probability": shares, "then": st.sampled_from(["nack", "reject", "drop", "crash"])},
            optional={"after": shares, "attempts": st.integers(1, 9)},
        ),
        "publish": st.lists(
            st.fixed_dictionaries(
                {"to": destinations},
                optional={
                    "probability": shares,
                    "when": st.sampled_from(["before_ack", "after_ack"]),
                    "size": bytes_,
                },
            ),
            max_size=2,
        ),
        "priority": st.integers(-5, 5),
        "autoscale": st.fixed_dictionaries(
            {"every": positive, "backlog_per": positive, "max": st.integers(2, 9)},
            optional={"start_delay": laws},
        ),
    },
)
targets = st.sampled_from(["worker", "worker-1", "worker-2", "web-1"])
faults = st.one_of(
    st.builds(
        lambda k, t, at: {k: t, "at": at}, st.sampled_from(["crash", "power_off", "hang"]), targets, times
    ),
    st.builds(lambda t, every, repair: {"crash": t, "every": every, "repair": repair}, targets, laws, laws),
    st.builds(
        lambda t, at, f, d: {"slow": t, "at": at, "factor": f, "for": d}, targets, times, positive, positive
    ),
    st.builds(lambda t, at, d: {"partition": [t, "broker"], "at": at, "for": d}, targets, times, positive),
    st.builds(lambda at, down: {"restart": "broker", "at": at, "down": down}, times, times),
    st.builds(lambda at, d: {"alarm": "memory", "at": at, "for": d}, times, positive),
)
queue_specs = st.fixed_dictionaries(
    {},
    optional={
        "durable": st.booleans(),
        "max_length": st.integers(0, 99),
        "overflow": st.sampled_from(["drop-head", "reject-publish", "reject-publish-dlx"]),
        "message_ttl": times,
        "dead_letter": st.just({"exchange": "", "key": "dead"}) | st.just({"exchange": "events"}),
        "max_priority": st.integers(1, 255),
        "ready": st.integers(0, 99),
        "expires": positive,
    },
) | st.fixed_dictionaries({"type": st.just("quorum")}, optional={"delivery_limit": st.integers(0, 99)})


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Plain data of a whole scenario that is right."""
    worker = draw(consumers)
    producer = draw(producers)
    if "saturate" in producer["arrivals"]:
        worker["prefetch"] = 1
    if "saturate" in producer["arrivals"] or "closed" in producer["arrivals"]:
        producer.setdefault("work", 1)
    return {
        "name": draw(st.text(max_size=10)),
        "seed": draw(st.integers(0, 2**31)),
        "duration": draw(positive),
        "broker": {
            "profile": draw(st.sampled_from(["3.10", "4.0", "4.3"])),
            "queues": {"tasks": draw(queue_specs), "dead": {}},
            "exchanges": {"events": {"type": draw(st.sampled_from(["direct", "fanout", "topic"]))}},
        },
        "producers": {"web": {**producer, "count": 1}},
        "consumers": {"worker": worker},
        "faults": draw(st.lists(faults, max_size=3)),
    }
