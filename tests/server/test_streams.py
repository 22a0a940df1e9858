"""The server over TCP: pika's programs, large messages, many connections, clients that mean no good."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import pika
import pytest
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, ConnectionClosedByBroker

from mqsim.broker import Broker
from mqsim.server.host import Host
from tests.amqp.bad_bytes import CASES
from tests.outside import PATIENCE
from tests.server.box import Box, close

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.amqp.session import Session

HANDSHAKE = bytes.fromhex("414d515000000901")


@pytest.fixture
def box() -> Iterator[Box]:
    with Box("3.10") as made:
        yield made


opened: list[Any] = []


@pytest.fixture(autouse=True)
def _close_all() -> Iterator[None]:
    """Close every client when its test is over, also those that were sent away."""
    yield
    for connection in opened:
        close(connection)
    opened.clear()


def connect(box: Box, **options: Any) -> pika.BlockingConnection:
    waits = {"socket_timeout": PATIENCE, "stack_timeout": PATIENCE}
    connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", box.port, **waits, **options))
    opened.append(connection)
    return connection


def works(box: Box) -> None:
    """A well-behaved client gets its work done."""
    with connect(box) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.confirm_delivery()
        channel.basic_publish("", queue, b"x", mandatory=True)
        assert channel.basic_get(queue, auto_ack=True)[2] == b"x"


def test_a_task_queue_by_the_book(box: Box) -> None:
    with connect(box) as producer:
        channel = producer.channel()
        channel.queue_declare("tasks", durable=True)
        for number in range(10):
            channel.basic_publish("", "tasks", str(number).encode())
    done = []
    with connect(box) as consumer:
        channel = consumer.channel()
        channel.queue_declare("tasks", durable=True)
        channel.basic_qos(prefetch_count=1)

        def work(channel: Any, method: Any, _properties: Any, body: bytes) -> None:
            done.append(int(body))
            channel.basic_ack(method.delivery_tag)
            if len(done) == 10:
                channel.stop_consuming()

        channel.basic_consume("tasks", work)
        channel.start_consuming()
    assert done == list(range(10))


def test_a_message_of_twenty_megabytes(box: Box) -> None:
    body = random.Random(1).randbytes(20 * 2**20)
    with connect(box) as connection:
        channel = connection.channel()
        channel.queue_declare("q")
        channel.confirm_delivery()
        channel.basic_publish("", "q", body)
        assert channel.basic_get("q", auto_ack=True)[2] == body


def test_a_message_that_is_too_large_costs_its_channel_alone() -> None:
    with Box("4.3") as box, connect(box) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        with pytest.raises(ChannelClosedByBroker, match="is larger than configured max size 16777216"):
            channel.basic_publish("", "q", bytes(20 * 2**20))
        assert connection.channel().queue_declare("q").method.message_count == 0


def test_many_connections_at_once(box: Box) -> None:
    """Three hundred here; `tests/server/crowd.py` does it with a thousand."""
    from tests.server.crowd import Crowd

    with Crowd(box.port, 300) as crowd:
        crowd.declare_and_consume()
        assert box.call(lambda host: len(host.broker.connections)) == 300
        works(box)
        assert crowd.round() == 300
    deadline = time.monotonic() + PATIENCE
    while box.call(lambda host: len(host.broker.connections)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert box.call(lambda host: (len(host.broker.connections), len(host.streams))) == (0, 0)


@pytest.mark.parametrize("name", ["a frame of type 7", "an unknown class", "a frame that is too large"])
def test_rubbish_harms_nobody_else(box: Box, name: str) -> None:
    with connect(box) as witness:
        channel = witness.channel()
        channel.queue_declare("q")
        bad = connect(box)
        bad.channel()
        bad._impl._output_marshaled_frames([CASES[name].sent])
        with pytest.raises((ConnectionClosedByBroker, AMQPConnectionError)):
            bad.process_data_events(time_limit=PATIENCE)
        assert channel.queue_declare("q", passive=True).method.message_count == 0
    works(box)


def test_a_stranger_is_sent_away(box: Box) -> None:
    with socket.create_connection(("127.0.0.1", box.port), timeout=PATIENCE) as stream:
        stream.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert stream.recv(100) == HANDSHAKE
        assert stream.recv(100) == b""
    works(box)


def test_who_says_nothing_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mqsim.amqp.session.HANDSHAKE_TIMEOUT", 0.5)
    with Box() as box, socket.create_connection(("127.0.0.1", box.port), timeout=PATIENCE) as stream:
        began = time.monotonic()
        with contextlib.suppress(ConnectionResetError):
            assert stream.recv(100) == b""
        # Not at once; how soon depends on the machine.
        assert time.monotonic() - began > 0.4
        assert box.call(lambda host: len(host.streams)) == 0


def _drained(stream: socket.socket) -> None:
    while stream.recv(65536):
        pass


def test_a_silent_client_sees_its_connection_break(box: Box) -> None:
    """A lost heartbeat is a reset, as from a real RabbitMQ, and its messages go to others."""
    connection = connect(box, heartbeat=2)
    channel = connection.channel()
    channel.queue_declare("q")
    channel.basic_publish("", "q", b"m")
    channel.basic_get("q")
    # pika serves heartbeats only when it is called: the client is silent from here on.
    stream = connection._impl._transport._sock
    stream.settimeout(PATIENCE)
    with pytest.raises(ConnectionResetError):
        _drained(stream)
    with connect(box) as other:
        assert other.channel().basic_get("q")[0].redelivered


def test_who_does_not_read_is_not_written_to_without_end(box: Box) -> None:
    """A consumer without prefetch sleeps over forty megabytes: little of it is written, and others go on."""
    with connect(box) as producer:
        channel = producer.channel()
        channel.queue_declare("q")
        for _ in range(400):
            channel.basic_publish("", "q", bytes(100_000))
        channel.queue_declare("q", passive=True)
    lazy = connect(box)
    lazy.channel().basic_consume("q", lambda *_: None, auto_ack=True)
    time.sleep(0.5)
    works(box)
    assert box.call(lambda host: host.broker.queues["q"].waiting) > 200
    sessions = box.call(lambda host: [cast("Session", stream.session) for stream in host.streams])
    assert max(session.unsent for session in sessions) < 4 * 2**20
    lazy.process_data_events(0)
    deadline = time.monotonic() + PATIENCE
    while box.call(lambda host: host.broker.queues["q"].waiting) and time.monotonic() < deadline:
        lazy.process_data_events(0.05)
    assert box.call(lambda host: host.broker.queues["q"].waiting) == 0
    lazy.close()


def test_a_flood_of_publishes_leaves_room_for_others(box: Box) -> None:
    """While two clients publish without a pause, a third gets its work done; the flood ends only then."""
    stop = threading.Event()
    sent = [0]

    def flood() -> None:
        with connect(box) as connection:
            channel = connection.channel()
            channel.queue_declare("flood", arguments={"x-max-length": 100})
            while not stop.is_set():
                channel.basic_publish("", "flood", bytes(1000))
                sent[0] += 1

    threads = [threading.Thread(target=flood) for _ in range(2)]
    for each in threads:
        each.start()
    try:
        while sent[0] < 1000:
            time.sleep(0.01)
        before = sent[0]
        for _ in range(3):
            works(box)
        assert sent[0] > before
    finally:
        stop.set()
        for each in threads:
            each.join()


def test_a_clean_stop_tells_every_client() -> None:
    with Box() as box:
        connections = [connect(box) for _ in range(20)]
        box.loop.call_soon_threadsafe(box._stop.set)
        for connection in connections:
            with pytest.raises(ConnectionClosedByBroker, match="shutdown"):
                connection.process_data_events(time_limit=PATIENCE)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6: there is no ::1 to bind")
def test_both_addresses_of_this_machine_lead_to_the_broker() -> None:
    with Box() as box:
        for address in ("127.0.0.1", "::1"):
            connection = pika.BlockingConnection(pika.ConnectionParameters(address, box.port))
            opened.append(connection)
            connection.channel().queue_declare("q", passive=address == "::1")


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6: there is no ::1 to bind")
def test_a_port_that_is_taken_at_the_second_address_alone_is_no_mistake() -> None:
    async def listen(port: int) -> int:
        host = Host(Broker())
        try:
            return await host.listen("127.0.0.1", port)
        finally:
            await host.stop()

    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert asyncio.run(listen(port)) == port
