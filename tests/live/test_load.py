"""The load that is played for real: message by message that of a simulation, or refused in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from mqsim.errors import UsageError
from mqsim.live.address import Address
from mqsim.live.load import load_of
from mqsim.live.topology import Topology
from mqsim.runs import simulate
from mqsim.scenario import Scenario
from mqsim.trace.frames import columns

SHOP: dict[str, Any] = {
    "seed": 5,
    "duration": 20,
    "broker": {
        "queues": {"orders": {"max_length": 50, "dead_letter": {"key": "late"}}, "late": {}},
        "exchanges": {"events": {"type": "topic"}},
        "bindings": [{"exchange": "events", "queue": "orders", "key": "order.*"}],
    },
    "producers": {
        "web": {
            "count": 2,
            "to": {"exchange": "events", "key": {"choice": ["order.new", "order.paid"]}},
            "arrivals": {"poisson": {"rate": 4}},
            "work": {"lognormal": {"mean": 0.1, "cv": 2}},
        }
    },
    "consumers": {"packer": {"count": 2, "queue": "orders", "speed": [1, 0.5]}},
}


def test_times_and_work_are_those_of_the_simulation() -> None:
    scenario = Scenario.from_data(SHOP)
    load = load_of(scenario, 20.0)
    trace = simulate(scenario).trace
    producer, number, created, started, finished, consumer = columns(
        trace.messages, "producer", "number", "created", "started", "finished", "consumer"
    )
    played = {(sender.name, k): send for sender in load.senders for k, send in enumerate(sender.sends)}
    speeds = {worker.name: worker.speed for worker in load.workers}
    assert len(played) == trace.messages.n > 100
    for row in range(trace.messages.n):
        send = played[trace.actors.names[producer[row]], int(number[row])]
        assert send.time == created[row]
        if finished[row] == finished[row]:  # not a NaN
            speed = speeds[trace.actors.names[consumer[row]]]
            assert finished[row] - started[row] == pytest.approx(send.work / speed)
    assert {send.key for send in played.values()} == {"order.new", "order.paid"}


def test_names_of_a_run_belong_to_nobody_else() -> None:
    one, two = Topology(Scenario.from_data(SHOP)), Topology(Scenario.from_data(SHOP))
    assert one.prefix != two.prefix
    assert one.route("", "orders") == ("", f"{one.prefix}orders")
    assert one.route("events", "order.new") == (f"{one.prefix}events", "order.new")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("faults", [{"crash": "packer-1", "at": 3}], "plays no faults"),
        ("producers.web.arrivals", {"closed": {"users": 2, "think": 1}}, "waits for answers"),
        ("producers.web.poison", 0.1, "producers.web.poison can't be played"),
        ("consumers.packer.fails", {"probability": 0.1}, "consumers.packer.fails can't be played"),
        ("broker.queues.orders.ready", 5, "starts with empty queues"),
        ("broker.queues.orders.dead_letter", {"exchange": ""}, "name the queue"),
        ("consumers.packer.count", 65, "at most 64 are started"),
        ("producers.web.arrivals", {"at": [30]}, "no message is sent within 20 s"),
        ("producers.web.arrivals", {"poisson": {"rate": 20_000}}, "too many for one machine"),
    ],
)
def test_what_cannot_be_played_is_refused(path: str, value: Any, says: str) -> None:
    changes = {path: value} | ({"consumers.packer.speed": 1} if path.endswith("count") else {})
    with pytest.raises(UsageError, match=says):
        load_of(Scenario.from_data(SHOP).with_(changes), 20.0)


def test_what_others_share_is_never_published_to() -> None:
    data = SHOP | {
        "broker": {"queues": {"orders": {}}, "bindings": [{"exchange": "amq.topic", "queue": "orders"}]}
    }
    shared = data | {
        "producers": {"web": {"to": {"exchange": "amq.topic", "key": "a"}, "arrivals": {"every": 1}}}
    }
    with pytest.raises(UsageError, match="everybody's"):
        load_of(Scenario.from_data(shared), 20.0)


@pytest.mark.parametrize(
    ("text", "url", "shown"),
    [
        ("localhost", "amqp://guest:guest@localhost:5672/%2F", "localhost:5672"),
        ("127.0.0.1:5673", "amqp://guest:guest@127.0.0.1:5673/%2F", "127.0.0.1:5673"),
        ("amqp://ann:secret@broker/shop", "amqp://ann:secret@broker/shop", "broker:5672"),
        ("amqps://ann:secret@broker/shop", "amqps://ann:secret@broker/shop", "broker:5671"),
    ],
)
def test_an_address_is_read_and_shown_without_its_password(text: str, url: str, shown: str) -> None:
    address = Address.read(text)
    assert (address.url, address.shown) == (url, shown)


@pytest.mark.parametrize("text", ["", "http://broker", "amqp://", "a b", "host:port", "amqp://h:99999/"])
def test_an_address_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="write HOST:PORT"):
        Address.read(text)
