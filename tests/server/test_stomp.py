"""STOMP on a port: the real stomp.py beside pika, on one broker."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pika
import pytest
import stomp

from tests.conformance.record import differing, load
from tests.conformance.record_stomp import NAME
from tests.conformance.servers import free_ports
from tests.conformance.stomp.facts import FACTS
from tests.conformance.stomp.real import play
from tests.outside import PATIENCE
from tests.server.box import Box, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stomp.utils import Frame

CONNECTIONS = {"1.0": stomp.Connection10, "1.1": stomp.Connection11, "1.2": stomp.Connection12}


class Heard(stomp.ConnectionListener):
    """What a client hears, in order."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, dict[str, str], str]] = []
        self.changed = threading.Condition()

    def _note(self, kind: str, frame: Frame) -> None:
        with self.changed:
            self.frames.append((kind, frame.headers, frame.body))
            self.changed.notify_all()

    def on_message(self, frame: Frame) -> None:
        self._note("message", frame)

    def on_receipt(self, frame: Frame) -> None:
        self._note("receipt", frame)

    def on_error(self, frame: Frame) -> None:
        self._note("error", frame)

    def on_disconnected(self) -> None:
        with self.changed:
            self.frames.append(("disconnected", {}, ""))
            self.changed.notify_all()

    def wait(self, count: int) -> list[tuple[str, dict[str, str], str]]:
        """Wait for so many frames."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.frames) >= count, PATIENCE), self.frames
            return list(self.frames)


def connected(port: int, version: str = "1.2", **options: object) -> tuple[stomp.Connection, Heard]:
    # In version 1.2 stomp.py names the machine as the virtual host, unless told.
    vhost = {} if version == "1.0" else {"vhost": "/"}
    connection = CONNECTIONS[version]([("127.0.0.1", port)], **vhost, **options)
    heard = Heard()
    connection.set_listener("", heard)
    connection.connect("guest", "guest", wait=True)
    return connection, heard


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with Box("3.10") as box:
        yield box


@pytest.fixture
def channel(box: Box) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", box.port))
    yield connection.channel()
    connection.close()


def eventually(check: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("version", CONNECTIONS)
def test_a_message_is_acknowledged(box: Box, version: str) -> None:
    connection, heard = connected(box.stomp_port, version)
    queue = f"acked {version}".replace(" ", "-")
    connection.subscribe(f"/queue/{queue}", id="0", ack="client-individual")
    connection.send(f"/queue/{queue}", "one", receipt="r")
    frames = heard.wait(2)
    assert sorted(kind for kind, _, _ in frames) == ["message", "receipt"]
    headers = next(headers for kind, headers, _ in frames if kind == "message")
    assert box.call(lambda host: host.broker.queues[queue].unacked) == 1
    match version:
        case "1.0":
            connection.ack(headers["message-id"])
        case "1.1":
            connection.ack(headers["message-id"], "0")
        case "1.2":
            connection.ack(headers["ack"])
    eventually(lambda: box.call(lambda host: host.broker.queues[queue].unacked) == 0)
    connection.disconnect(receipt="bye")
    heard.wait(3)


def test_amqp_and_stomp_see_each_others_messages(
    box: Box, channel: pika.adapters.blocking_connection.BlockingChannel
) -> None:
    connection, heard = connected(box.stomp_port)
    connection.subscribe("/topic/news.*", id="0", ack="auto", receipt="subscribed")
    heard.wait(1)
    channel.basic_publish(
        "amq.topic", "news.today", b"by pika", pika.BasicProperties(headers={"from": "pika"}, priority=3)
    )
    _, headers, body = heard.wait(2)[1]
    assert (body, headers["from"], headers["priority"]) == ("by pika", "pika", "3")
    assert headers["destination"] == "/topic/news.today"
    connection.send("/queue/for-pika", "by stomp.py", persistent="true", receipt="sent", kind="test")
    heard.wait(3)
    _, properties, data = channel.basic_get("for-pika", auto_ack=True)
    assert data == b"by stomp.py"
    assert properties.delivery_mode == 2
    assert properties.headers["kind"] == "test"
    connection.disconnect()


def test_a_wrong_password_is_told(box: Box) -> None:
    connection = stomp.Connection12([("127.0.0.1", box.stomp_port)], vhost="/")
    heard = Heard()
    connection.set_listener("", heard)
    with pytest.raises(stomp.exception.ConnectFailedException):
        connection.connect("guest", "wrong", wait=True)
    assert heard.wait(1)[0][1]["message"] == "Bad CONNECT"
    connection.disconnect()


def test_the_machine_s_name_is_no_virtual_host(box: Box) -> None:
    connection = stomp.Connection12([("127.0.0.1", box.stomp_port)])
    heard = Heard()
    connection.set_listener("", heard)
    with pytest.raises(stomp.exception.ConnectFailedException):
        connection.connect("guest", "guest", wait=True)
    assert heard.wait(1)[0][2] == "Virtual host '127.0.0.1' access denied"
    connection.disconnect()


def test_a_transaction_and_its_receipts(box: Box) -> None:
    connection, heard = connected(box.stomp_port)
    transaction = connection.begin()
    connection.send("/queue/tx", "one", transaction=transaction, receipt="one")
    connection.commit(transaction, receipt="commit")
    assert [headers["receipt-id"] for _, headers, _ in heard.wait(2)] == ["commit", "one"]
    connection.disconnect()


def test_heart_beats_keep_an_idle_client_and_silence_loses_it(box: Box) -> None:
    connection, heard = connected(box.stomp_port, heartbeats=(1000, 1000))
    silent = socket.create_connection(("127.0.0.1", box.stomp_port), timeout=PATIENCE)
    silent.sendall(b"CONNECT\naccept-version:1.2\nheart-beat:1000,0\n\n\0")
    data = b""
    while piece := silent.recv(1000):
        data += piece
    assert data.startswith(b"CONNECTED\n")
    assert data.endswith(b"\0\n")
    assert connection.is_connected()
    assert heard.frames == []
    silent.close()
    connection.disconnect()


def test_an_alarm_keeps_publishers_waiting_and_no_one_else(box: Box) -> None:
    publisher, told = connected(box.stomp_port)
    consumer, heard = connected(box.stomp_port)
    consumer.subscribe("/queue/alarm", id="0", receipt="s")
    heard.wait(1)
    box.alarm(True)
    try:
        publisher.send("/queue/alarm", "first")
        publisher.send("/queue/alarm", "second", receipt="r")
        assert heard.wait(2)[1][2] == "first"
        consumer.begin(transaction="t", receipt="still listened to")
        heard.wait(3)
        assert told.frames == []
    finally:
        box.alarm(False)
    told.wait(1)
    assert heard.wait(4)[3][2] == "second"
    publisher.disconnect()
    consumer.disconnect()


def test_what_is_durable_is_kept(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    server = Process("4.3", tmp_path / "data", also={"stomp": (port, [])})
    server.start()
    connection, heard = connected(port)
    connection.send("/queue/kept", "persistent", persistent="true", receipt="1")
    connection.send("/queue/kept", "transient", receipt="2")
    connection.send("/queue/quorum", "q", **{"x-queue-type": "quorum", "receipt": "3"})
    heard.wait(3)
    assert server.stop() == 0
    server.start()
    connection, heard = connected(port)
    connection.subscribe("/amq/queue/kept", id="0")
    connection.subscribe("/amq/queue/quorum", id="1", ack="client-individual")
    assert sorted(body for _, _, body in heard.wait(2)) == ["persistent", "q"]
    connection.disconnect()
    assert server.stop() == 0


@pytest.mark.parametrize(
    "name",
    [
        "a_frame_in_pieces",
        "a_request_and_its_reply",
        "acknowledging_twice",
        "disconnecting_with_a_receipt",
        "from_amqp_everything",
        "sent_with_everything",
        "unknown_host",
    ],
)
def test_a_recorded_conversation_over_tcp(box: Box, name: str) -> None:
    box.call(lambda host: host.vhosts.add(name))
    seen = play(FACTS[name], box.port, box.stomp_port, name)
    assert list(differing(load(NAME)[name], seen)) == []


def test_a_hundred_clients_share_a_queue(box: Box) -> None:
    # Plain sockets: stomp.py has a thread for each.
    clients = [socket.create_connection(("127.0.0.1", box.stomp_port), timeout=PATIENCE) for _ in range(100)]
    for client in clients:
        client.sendall(b"CONNECT\n\n\0SUBSCRIBE\ndestination:/queue/crowd\nid:0\nreceipt:s\n\n\0")
    streams = [client.makefile("rb") for client in clients]
    for stream in streams:
        while b"receipt-id:s" not in stream.readline():
            pass
    clients[0].sendall(b"".join(b"SEND\ndestination:/queue/crowd\n\nm%d\0" % n for n in range(200)))
    for stream in streams:
        got = 0
        while got < 2:
            got += stream.readline() == b"MESSAGE\n" or 0
    for stream, client in zip(streams, clients, strict=True):
        stream.close()
        client.close()
    eventually(lambda: box.call(lambda host: host.broker.queues["crowd"].consumers) == 0)
