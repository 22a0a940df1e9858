"""What survives: an orderly end, a kill, and ends at awkward moments. And definitions, ports and files."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pika
import pytest
from pika import BasicProperties

from mqsim.broker import Broker
from mqsim.errors import UsageError
from mqsim.server import definitions
from mqsim.server.tables import File
from tests.outside import PATIENCE
from tests.server.box import ROOT, Box, Process, close

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PERSISTENT = BasicProperties(delivery_mode=2, headers={"n": [1, {"k": "v"}]}, priority=3, message_id="7")


opened: list[Any] = []


@pytest.fixture(autouse=True)
def _close_all() -> Iterator[None]:
    """Close every client when its test is over, also those whose server is gone."""
    yield
    for connection in opened:
        close(connection)
    opened.clear()


def _channel(port: int) -> Any:
    connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port))
    opened.append(connection)
    return connection.channel()


def _all(channel: Any, queue: str) -> list[tuple[bytes, bool]]:
    found: list[Any] = []
    while True:
        method, _, body = channel.basic_get(queue)
        if method is None:
            return found
        found.append((body, method.redelivered))


def _prepare(port: int) -> Any:
    channel = _channel(port)
    channel.confirm_delivery()
    channel.exchange_declare("e", "topic", durable=True, arguments={"alternate-exchange": "amq.fanout"})
    channel.exchange_declare("inner", "headers", durable=True, internal=True)
    channel.exchange_bind("inner", "e", "#")
    channel.queue_declare("q", durable=True, arguments={"x-max-length": 100, "x-message-ttl": 600_000})
    channel.queue_declare("dead", durable=True)
    channel.queue_bind("q", "e", "a.*")
    channel.queue_bind("q", "inner", "", {"x-match": "any", "n": 1})
    for number in range(5):
        channel.basic_publish("e", "a.b", str(number).encode(), PERSISTENT)
    channel.basic_publish("", "q", b"transient")
    return channel


@pytest.mark.parametrize("kill", [False, True])
def test_what_is_durable_is_found_again(tmp_path: Path, kill: bool) -> None:
    with Process("4.3", tmp_path / "data") as server:
        _prepare(server.port)
        assert server.stop(kill=kill) == (-signal.SIGKILL if kill else 0)
        server.start()
        channel = _channel(server.port)
        arguments = {"x-max-length": 100, "x-message-ttl": 600_000}
        assert channel.queue_declare("q", durable=True, arguments=arguments).method.message_count == 5
        channel.exchange_declare("e", "topic", durable=True, arguments={"alternate-exchange": "amq.fanout"})
        method, properties, body = channel.basic_get("q")
        assert (body, properties, method.redelivered) == (b"0", PERSISTENT, kill)
        assert [body for body, _ in _all(channel, "q")] == [b"1", b"2", b"3", b"4"]
        channel.confirm_delivery()
        channel.basic_publish("e", "a.c", b"bound", mandatory=True)


@pytest.mark.parametrize("kill", [False, True])
def test_what_is_done_with_does_not_come_back(tmp_path: Path, kill: bool) -> None:
    with Process("4.0", tmp_path / "data") as server:
        channel = _prepare(server.port)
        tags = [channel.basic_get("q")[0].delivery_tag for _ in range(3)]
        channel.basic_ack(tags[0])
        channel.basic_reject(tags[1], requeue=False)
        channel.queue_delete("dead")
        channel.exchange_delete("inner")
        channel.queue_unbind("q", "e", "a.*")
        time.sleep(0.3)
        server.stop(kill=kill)
        server.start()
        channel = _channel(server.port)
        assert channel.queue_declare("q", passive=True).method.message_count == 3
        assert _all(channel, "q") == [(b"2", True), (b"3", kill), (b"4", kill)]
        for name in ("dead", "inner"):
            with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="NOT_FOUND"):
                _passive(server.port, name)
        channel.confirm_delivery()
        with pytest.raises(pika.exceptions.UnroutableError):
            channel.basic_publish("", "e", b"not bound any more", mandatory=True)


def _passive(port: int, name: str) -> None:
    channel = _channel(port)
    if name == "dead":
        channel.queue_declare(name, passive=True)
    else:
        channel.exchange_declare(name, passive=True)


def test_every_confirmed_message_survives_a_kill(tmp_path: Path) -> None:
    """Killed in the middle of a stream of publishes: nothing that was confirmed is missing."""
    with Process("4.3", tmp_path / "data") as server:
        confirmed: list[int] = []
        for attempt in range(3):
            channel = _channel(server.port)
            channel.queue_declare("q", durable=True)
            channel.confirm_delivery()
            for number in range(attempt * 1000, attempt * 1000 + 60):
                channel.basic_publish("", "q", str(number).encode(), PERSISTENT, mandatory=True)
                confirmed.append(number)
            server.stop(kill=True)
            server.start()
        found = {int(body) for body, _ in _all(_channel(server.port), "q")}
        assert set(confirmed) <= found


@pytest.mark.parametrize("kills", [(True, True), (False, True), (True, False)])
@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_the_order_survives_restarts(tmp_path: Path, kind: str, kills: tuple[bool, bool]) -> None:
    """Ten messages, five of them taken; the end; five more; the end."""
    with Process("4.3", tmp_path / "data") as server:
        for numbers, taken, kill in ((range(1, 11), 5, kills[0]), (range(11, 16), 0, kills[1])):
            channel = _channel(server.port)
            for name in ("q", "other"):
                channel.queue_declare(name, durable=True, arguments={"x-queue-type": kind})
            channel.confirm_delivery()
            for number in numbers:
                channel.basic_publish("", "q", str(number).encode(), PERSISTENT)
            for _ in range(taken):
                channel.basic_ack(channel.basic_get("q")[0].delivery_tag)
            # What is confirmed after the acknowledgements is on disk after them.
            channel.basic_publish("", "other", b"", PERSISTENT)
            server.stop(kill=kill)
            server.start()
        found = [int(body) for body, _ in _all(_channel(server.port), "q")]
        assert found == list(range(6, 16))


def test_what_a_quorum_queue_has_sent_is_marked_after_a_kill(tmp_path: Path) -> None:
    """Killed as soon as the client has its deliveries: each comes again, marked."""
    with Process("4.3", tmp_path / "data") as server:
        channel = _channel(server.port)
        channel.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
        channel.confirm_delivery()
        for number in range(200):
            channel.basic_publish("", "q", str(number).encode(), PERSISTENT)
        got: list[int] = []

        def take(_channel: Any, _method: Any, _properties: Any, body: bytes) -> None:
            got.append(int(body))
            if len(got) == 100:
                server.stop(kill=True)

        channel.basic_qos(prefetch_count=100)
        channel.basic_consume("q", take)
        with pytest.raises(pika.exceptions.AMQPError):
            channel.start_consuming()
        assert got == list(range(100))
        server.start()
        found = _all(_channel(server.port), "q")
        assert [int(body) for body, _ in found] == list(range(200))
        assert [marked for _, marked in found] == [True] * 100 + [False] * 100


@pytest.mark.parametrize("kill", [False, True])
def test_an_idle_client_sees_a_reset_after_a_kill_alone(tmp_path: Path, kill: bool) -> None:
    with (
        Process("4.3", tmp_path / "data") as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client,
    ):
        client.sendall(b"AMQP\0\0\x09\1")
        assert client.recv(100_000)
        server.stop(kill=kill)
        if kill:
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        else:
            while client.recv(100_000):
                pass


def test_an_expiry_goes_on_while_the_broker_is_down(tmp_path: Path) -> None:
    with Process("4.3", tmp_path / "data") as server:
        channel = _channel(server.port)
        channel.confirm_delivery()
        channel.queue_declare("dead", durable=True)
        arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
        channel.queue_declare("q", durable=True, arguments=arguments)
        channel.basic_publish("", "q", b"short", BasicProperties(delivery_mode=2, expiration="1000"))
        channel.basic_publish("", "q", b"long", BasicProperties(delivery_mode=2, expiration="100000"))
        server.stop()
        time.sleep(1.0)
        server.start()
        channel = _channel(server.port)
        time.sleep(0.2)
        _, properties, body = channel.basic_get("dead")
        death = properties.headers["x-death"][0]
        assert (body, death["reason"], death["original-expiration"]) == (b"short", "expired", "1000")
        assert abs(death["time"].timestamp() - time.time()) < 3600
        _, properties, body = channel.basic_get("q")
        assert (body, properties.expiration) == (b"long", "100000")
        server.stop()
        server.start()
        _, properties, _ = _channel(server.port).basic_get("dead")
        assert properties.headers["x-death"] == [death]


def test_many_restarts_change_nothing(tmp_path: Path) -> None:
    for number in range(4):
        with Box("4.3", data=tmp_path / "data") as box:
            channel = _channel(box.port)
            channel.queue_declare("q", durable=True)
            channel.confirm_delivery()
            channel.basic_publish("", "q", str(number).encode(), PERSISTENT)
            for _ in range(number + 1):
                channel.basic_get("q")
    with Box("4.3", data=tmp_path / "data") as box:
        assert _all(_channel(box.port), "q") == [(str(number).encode(), True) for number in range(4)]


def test_a_full_disk_blocks_publishers_until_there_is_room(tmp_path: Path) -> None:
    with Box("4.3", data=tmp_path / "data") as box:
        channel = _channel(box.port)
        channel.queue_declare("q", durable=True)
        channel.confirm_delivery()
        channel.basic_publish("", "q", b"1", PERSISTENT)
        broken: list[int] = []

        def fill(host: Any) -> None:
            file = host.vhosts.disks["/"].file

            def write(batch: Any, write: Any = file.write) -> None:
                if not broken:
                    broken.append(1)
                    raise sqlite3.OperationalError("database or disk is full")
                write(batch)

            file.write = write

        box.call(fill)
        began = time.monotonic()
        channel.basic_publish("", "q", b"2", PERSISTENT)
        assert broken
        assert time.monotonic() - began > 0.5
        assert box.call(lambda host: host.broker.alarms) == set()
        box.call(lambda host: host.vhosts.disks["/"].file.__dict__.pop("write"))
    with Box("4.3", data=tmp_path / "data") as box:
        assert [body for body, _ in _all(_channel(box.port), "q")] == [b"1", b"2"]


# -- files and ports that are refused


def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE notes (text TEXT)")
    db.close()
    with pytest.raises(UsageError, match="no file of this broker's"):
        File(path)
    (tmp_path / "text").write_text(
        "This is a text, and long enough to be looked at as a database's page.\n" * 9
    )
    with pytest.raises(UsageError, match="can't be kept there"):
        File(tmp_path / "text")
    with pytest.raises(UsageError, match="can't be kept there"):
        File(tmp_path / "nowhere" / "data")


def test_a_file_belongs_to_one_broker_at_a_time(tmp_path: Path) -> None:
    first = File(tmp_path / "data")
    with pytest.raises(UsageError, match="another broker has it open"):
        File(tmp_path / "data")
    first.close()
    File(tmp_path / "data").close()


def test_a_port_that_is_taken_is_refused_in_one_sentence() -> None:
    with Box() as box:
        program = (
            "import sys; from mqsim.errors import MqsimError; from mqsim.server import serve\n"
            f"try: serve(port={box.port})\nexcept MqsimError as error: sys.exit(str(error))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"127.0.0.1:{box.port}" in done.stderr
    assert "--port" in done.stderr


def test_it_says_what_it_is(tmp_path: Path) -> None:
    server = Process("4.3", tmp_path / "data")
    with server:
        server.stop()
        told = server.start()
    assert "for teaching" in told
    assert "guest" in told
    assert str(tmp_path / "data") in told


# -- definitions

DEFINITIONS = {
    "rabbit_version": "4.0.5",
    "users": [{"name": "guest"}, {"name": "me"}],
    "vhosts": [{"name": "/"}, {"name": "other"}],
    "policies": [{"name": "p"}],
    "queues": [
        {
            "name": "q",
            "vhost": "/",
            "durable": True,
            "auto_delete": False,
            "arguments": {"x-queue-type": "classic", "x-max-length": 5},
        },
        {"name": "r", "vhost": "/", "durable": True, "auto_delete": False, "type": "quorum", "arguments": {}},
        {"name": "s", "vhost": "other", "durable": True, "arguments": {}},
    ],
    "exchanges": [
        {"name": "e", "vhost": "/", "type": "topic", "durable": True, "internal": False, "arguments": {}},
        {"name": "f", "vhost": "/", "type": "fanout", "durable": True, "auto_delete": False, "arguments": {}},
    ],
    "bindings": [
        {
            "source": "e",
            "vhost": "/",
            "destination": "f",
            "destination_type": "exchange",
            "routing_key": "a.#",
            "arguments": {},
        },
        {
            "source": "f",
            "vhost": "/",
            "destination": "q",
            "destination_type": "queue",
            "routing_key": "",
            "arguments": {},
        },
    ],
}


def _loaded(tmp_path: Path, given: object, broker: Broker | None = None) -> list[str]:
    path = tmp_path / "definitions.json"
    path.write_text(given if isinstance(given, str) else json.dumps(given))
    return definitions.load(path, broker or Broker())


def test_definitions_are_taken_in(tmp_path: Path) -> None:
    broker = Broker()
    told = _loaded(tmp_path, DEFINITIONS, broker)
    assert sorted(broker.queues) == ["q", "r"]
    assert (broker.queues["q"].durable, broker.queues["q"].arguments.max_length) == (True, 5)
    assert broker.queues["r"].replicated
    channel = broker.connect().channel()
    channel.declare_queue("q", durable=True, arguments={"x-max-length": 5})
    assert [binding.target.name for binding in broker.exchanges["e"].bindings] == ["f"]
    assert [binding.target.name for binding in broker.exchanges["f"].bindings] == ["q"]
    assert any("virtual host other (1 items)" in one and "name another with --vhost" in one for one in told)
    assert not any("users" in one for one in told), "users of the file can log in, so nothing is to be told"
    assert _loaded(tmp_path, DEFINITIONS, broker) == told
    assert len(broker.connections) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "no JSON"),
        ([], "an object with queues"),
        ({"queues": {}}, "queues: a list"),
        ({}, "an object with"),
    ],
)
def test_a_file_that_holds_no_definitions(tmp_path: Path, given: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        _loaded(tmp_path, given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"queues": ["q"]}, r"queues\[0\].*an object is wanted"),
        ({"queues": [{"name": 1}]}, r"queues\[0\] 1 .*name: a text is wanted"),
        ({"queues": [{"name": "q", "arguments": [1]}]}, r"queues\[0\] q .*arguments: an object is wanted"),
        ({"queues": [{"name": "q", "arguments": {"x-max-length": -1}}]}, "Refused: queue q .PRECONDITION"),
        ({"exchanges": [{"name": "e"}]}, r"exchanges\[0\] e .*type: a text is wanted"),
        ({"exchanges": [{"name": "e", "type": "x-random"}]}, "type x-random .it needs a plugin"),
        (
            {"bindings": [{"source": "e", "destination": "q", "destination_type": "queue"}]},
            "there is no exchange e here",
        ),
    ],
)  # fmt: skip
def test_one_wrong_item_is_told_and_keeps_no_other_out(
    tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    broker = Broker()
    good = {"name": "good", "vhost": "/", "durable": True}
    given = given | {"queues": [*given.get("queues", []), good]}
    told = _loaded(tmp_path, given, broker)
    assert re.search(said, " ".join(told)), told
    assert "good" in broker.queues


def test_policies_count_though_clients_do_not_name_them(tmp_path: Path) -> None:
    broker = Broker()
    policy = {
        "name": "p",
        "vhost": "/",
        "pattern": "^q$",
        "definition": {"max-length": 3, "dead-letter-exchange": ""},
    }
    _loaded(
        tmp_path, {"queues": [{"name": "q", "vhost": "/", "durable": True}], "policies": [policy]}, broker
    )
    assert broker.queues["q"].arguments.max_length == 3
    assert broker.queues["q"].arguments.dead_letter_exchange == ""
    broker.connect().channel().declare_queue("q", durable=True)


def test_a_definitions_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        definitions.load(tmp_path / "none.json", Broker())
