"""Which share of a stream comes to which queue."""

from __future__ import annotations

from typing import Any

import pytest

from mqsim.matching.routes import Share, reached, shares
from mqsim.runs import simulate
from mqsim.scenario import Scenario
from mqsim.viz.wiring import wire
from mqsim.widgets.replay.routes import routes


def broker(to: Any = "a") -> Scenario:
    return Scenario(
        duration=1,
        broker={
            "queues": {"a": {}, "b": {}, "c": {}},
            "exchanges": {
                "all": {"type": "fanout"},
                "topics": {"type": "topic", "alternate": "all"},
                "direct": {},
                "headers": {"type": "headers"},
            },
            "bindings": [
                {"exchange": "all", "queue": "a"},
                {"exchange": "all", "queue": "b"},
                {"exchange": "topics", "queue": "b", "key": "order.*"},
                {"exchange": "topics", "queue": "b", "key": "#"},
                {"exchange": "topics", "to_exchange": "direct", "key": "order.#"},
                {"exchange": "direct", "queue": "c", "key": "order.new"},
                {"exchange": "headers", "queue": "a", "arguments": {"x-match": "all", "kind": "pdf"}},
                {"exchange": "headers", "queue": "b"},
            ],
        },
        producers={"p": {"to": to, "arrivals": {"poisson": {"rate": 1}}}},
    )


@pytest.mark.parametrize(
    ("exchange", "key", "queues"),
    [
        ("", "a", "a"),
        ("", "nope", ""),
        ("all", "", "ab"),
        ("topics", "order.new", "bc"),
        ("topics", "order.old", "b"),
        ("direct", "order.new", "c"),
        ("headers", "", "b"),
    ],
)
def test_which_queues_a_key_reaches(exchange: str, key: str, queues: str) -> None:
    assert reached(broker(), exchange, key) == set(queues)


@pytest.mark.parametrize(
    ("to", "queue", "share"),
    [
        ("a", "a", Share(1.0)),
        ([{"weight": 3, "queue": "a"}, {"weight": 1, "queue": "b"}], "a", Share(0.75)),
        ([{"weight": 3, "exchange": "all"}, {"weight": 1, "queue": "b"}], "b", Share(1.0)),
        ({"exchange": "", "key": {"choice": {"a": 1, "b": 3}}}, "b", Share(0.75)),
        ({"exchange": "", "key": {"cycle": ["a", "b"]}}, "b", Share(0.5, nth=2)),
        ({"exchange": "", "key": {"cycle": ["a", "b", "a", "b"]}}, "b", Share(0.5, nth=2)),
        ({"exchange": "", "key": {"cycle": ["a", "a"]}}, "a", Share(1.0)),
    ],
)
def test_shares(to: Any, queue: str, share: Share) -> None:
    scenario = broker(to)
    assert shares(scenario, scenario.producers["p"].to)[queue] == share


@pytest.mark.parametrize(
    "to",
    [
        {"exchange": "", "key": {"cycle": ["a", "a", "b"]}},
        [
            {"weight": 1, "exchange": "", "key": {"cycle": ["a", "b"]}},
            {"weight": 1, "exchange": "", "key": "c"},
        ],
    ],
)
def test_odd_shares_say_why(to: Any) -> None:
    scenario = broker(to)
    assert shares(scenario, scenario.producers["p"].to)["a"].why_odd


@pytest.mark.parametrize("how", ["all", "any", "all-with-x", "any-with-x"])
@pytest.mark.parametrize("asked", [{}, {"kind": "pdf"}, {"x-kind": "pdf"}, {"kind": "pdf", "x-kind": "pdf"}])
def test_a_headers_binding_lets_through_what_the_run_lets_through(how: str, asked: dict[str, str]) -> None:
    """Every `x-match` with and without arguments: theory, the figure and the replay go by the same routes."""
    scenario = Scenario(
        duration=5,
        broker={
            "queues": {"a": {}},
            "exchanges": {"headers": {"type": "headers"}},
            "bindings": [{"exchange": "headers", "queue": "a", "arguments": {"x-match": how, **asked}}],
        },
        producers={"p": {"to": {"exchange": "headers", "key": ""}, "arrivals": {"every": 1}}},
    )
    run = simulate(scenario)
    came = bool((run.messages["queue"] == "a").any())
    assert reached(scenario, "headers", "") == ({"a"} if came else set())
    assert (("p", "a") in routes(scenario).through) == came
    assert not [edge for edge in wire(scenario, run.trace).edges if edge.kind == "seen"]
