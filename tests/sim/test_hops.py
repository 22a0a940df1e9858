"""What travels between clients and the broker: what a hop costs the broker, what it weighs on a link."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sim.small import happened, run, times

NOWHERE = {"exchange": "", "key": "nowhere"}
BROKER: dict[str, Any] = {"queues": {"tasks": {}}, "costs": {"publish": 0.125, "deliver": 1}}


def test_a_returned_message_is_no_delivery_and_costs_nothing() -> None:
    unroutable = {"to": NOWHERE, "mandatory": True}
    result = run(at=[1], producer=unroutable, broker=BROKER, duration=9)
    assert happened(result, "returned-to-producer") == [(1.125, "web-1")]


def test_what_a_returned_message_does_not_cost_is_there_for_the_next_delivery() -> None:
    web = {"to": NOWHERE, "arrivals": {"at": [0]}, "mandatory": True}
    shop = {"to": "tasks", "arrivals": {"at": [0]}, "work": 2}
    result = run(producers={"web": web, "shop": shop}, broker=BROKER, duration=9)
    # Two publishes, one after the other, and one delivery: 2 x 0.125 + 1.
    assert times(result, "started", "tasks") == [1.25]


@pytest.mark.parametrize(("size", "late"), [(1000, 0.5), (4000, 2.0)])
def test_a_returned_message_weighs_as_much_on_its_way_back(size: int, late: float) -> None:
    links = {"latency": 0, "links": [{"between": ["web-1", "broker"], "bandwidth": 2000}]}
    unroutable = {"to": NOWHERE, "mandatory": True, "size": size}
    result = run(at=[1], producer=unroutable, network=links, duration=9)
    assert happened(result, "returned-to-producer") == [(1 + 2 * late, "web-1")]


def test_acknowledgements_and_confirms_weigh_nothing() -> None:
    links = {"latency": 0, "links": [{"between": ["web-1", "broker"], "bandwidth": 1000}]}
    confirmed = {"confirms": {"window": 1}, "size": 1000}
    result = run(at=[0, 0], producer=confirmed, network=links, work=0)
    # The second may leave once the first is confirmed: at 1, when that has arrived.
    assert times(result, "published") == [0.0, 1.0]
    assert times(result, "enqueued") == [1.0, 2.0]
