"""Rubbish closes the connection with the right code, and leaves the broker as it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pamqp import commands, frame

from mqsim.broker import Broker
from tests.amqp import bad_bytes
from tests.amqp.bad_bytes import CASES, PUBLISH, header
from tests.amqp.link import Client

PUBLISHES = ("an empty body frame, then the body", "a body where none was announced")
"""In these a message is whole before anything is wrong."""


def _ready(broker: Broker | None = None, **options: int) -> Client:
    client = Client(broker, version="3.10", **options).open(1)
    client.ask(1, commands.Queue.Declare(queue="q"))
    return client


def _state(broker: Broker) -> dict[str, object]:
    """All that a broker keeps, as far as clients can see it."""
    return {
        "queues": {
            name: (queue.waiting, queue.unacked, queue.consumers) for name, queue in broker.queues.items()
        },
        "exchanges": {name: len(exchange.bindings) for name, exchange in broker.exchanges.items()},
        "connections": len(broker.connections),
    }


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("piece", [0, 1])
def test_rubbish_gets_the_answer_that_a_real_server_gave(name: str, piece: int) -> None:
    case = CASES[name]
    witness = _ready()
    before = _state(witness.broker)
    client = _ready(witness.broker)
    client.piece = piece
    client.send_bytes(case.sent)
    assert client.fate() == case.fate
    closed = case.fate != "open"
    assert len(witness.broker.connections) == (1 if closed else 2)
    client.session.lost()
    found = _state(witness.broker)
    if name in PUBLISHES:
        assert witness.broker.queues["q"].waiting == 1
    else:
        assert found == before
    assert witness.ask(1, commands.Queue.Purge(queue="q")).name == "Queue.PurgeOk"


@pytest.mark.parametrize("version", ["3.10", "4.0", "4.3"])
def test_more_body_than_announced(version: str) -> None:
    """4.3 minds; the others wait for ever for a body that ends where it should."""
    client = Client(version=version).open(1)
    client.send_bytes(CASES["more body than announced"].sent)
    told = "FRAME_ERROR - content body frame exceeds remaining content size"
    assert client.fate() == (("connection", 501, told, (60, 40)) if version == "4.3" else "open")


def _fed(client: Client, data: bytes) -> None:
    client.send_bytes(data)
    client.session.bytes_to_send()
    assert client.session.next_deadline() > 0
    client.session.lost()


@given(st.binary(max_size=300))
def test_any_bytes_at_all_before_the_connection_is_open(data: bytes) -> None:
    broker = Broker()
    for step in range(4):
        client = Client(broker)
        for act in [client.greet, client.log_in, client.tune][:step]:
            act()
            client.session.bytes_to_send()
        _fed(client, data)
    assert not broker.connections
    assert not broker.queues


def _frames() -> st.SearchStrategy[bytes]:
    """Frames that are whole, with payloads that may be anything, or nearly right."""
    known = [index.to_bytes(4, "big") for index in commands.INDEX_MAPPING]
    payload = st.one_of(
        st.binary(max_size=60),
        st.builds(bytes.__add__, st.sampled_from(known), st.binary(max_size=40)),
        st.builds(lambda size, raw: header(size, raw), st.integers(0, 2**64 - 1), st.binary(max_size=40)),
    )
    return st.builds(bad_bytes.frame, st.integers(0, 9), st.sampled_from((0, 1, 1, 1, 2)), payload)


@settings(max_examples=300)
@given(st.lists(_frames(), max_size=6))
@example([PUBLISH, bad_bytes.frame(2, 1, header(2**64 - 1))])
def test_frames_with_any_payload(frames: list[bytes]) -> None:
    """Whatever a client sends, the others can go on, and nobody's connection is left behind."""
    witness = _ready()
    client = _ready(witness.broker)
    _fed(client, b"".join(frames))
    assert len(witness.broker.connections) == 1
    assert witness.ask(1, commands.Basic.Qos(prefetch_count=1)).name == "Basic.QosOk"


Mutate = Callable[[bytes], bytes]
SESSION = [
    commands.Exchange.Declare(exchange="e", exchange_type="topic", arguments={"x": [1, {"y": "z"}]}),
    commands.Queue.Declare(queue="r", arguments={"x-max-length": 5}),
    commands.Queue.Bind(queue="r", exchange="e", routing_key="#"),
    commands.Confirm.Select(),
    commands.Basic.Consume(queue="r", consumer_tag="c"),
    commands.Basic.Ack(1),
]
GOOD = b"".join(frame.marshal(each, 1) for each in SESSION) + PUBLISH + bad_bytes.frame(2, 1, header(0))


@settings(max_examples=300)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, 3))
def test_one_wrong_byte(at: int, value: int, longer: int) -> None:
    witness = _ready()
    client = _ready(witness.broker)
    _fed(client, GOOD[:at] + bytes([value]) * longer + GOOD[at + 1 :])
    assert len(witness.broker.connections) == 1
    assert witness.ask(1, commands.Basic.Qos(prefetch_count=1)).name == "Basic.QosOk"


def test_an_enormous_body_that_is_announced_is_not_waited_for_in_memory() -> None:
    """What is too large is counted and thrown away; it is refused when the last byte is there."""
    client = Client(version="4.3").open(1)
    size = 16 * 2**20 + 1
    client.publish(1, "q", bytes(size))
    told = f"PRECONDITION_FAILED - message size {size} is larger than configured max size {size - 1}"
    assert client.fate() == ("channel", 406, told, (60, 40))
    assert not client.session.channels[1]._body
    client.send(1, commands.Channel.CloseOk())
    assert client.ask(1, commands.Channel.Open()).name == "Channel.OpenOk"


def test_a_large_table_takes_time_in_proportion() -> None:
    """Sixty thousand headers, each of two bytes: read at once, not in the square of their number."""
    table = bad_bytes.table(b"".join(b"\x02%cbV" % (65 + n % 26) for n in range(25_000)))
    client = _ready()
    client.send_bytes(PUBLISH + bad_bytes.frame(2, 1, header(0, b"\x20\0" + table)))
    assert client.broker.queues["q"].waiting == 1
