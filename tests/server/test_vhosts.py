"""Virtual hosts and users of a definitions file, seen by pika at the port."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pika
import pytest
from pika.exceptions import (
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from mqsim.server import definitions
from mqsim.server.accounts import Accounts
from tests.outside import PATIENCE
from tests.server.box import Box, close

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mqsim.server.host import Host

opened: list[Any] = []


@pytest.fixture(autouse=True)
def _close_all() -> Iterator[None]:
    """Close every client when its test is over, also those whose server is gone."""
    yield
    for connection in opened:
        close(connection)
    opened.clear()


SALT = b"\x01\x02\x03\x04"


def hashed(password: str) -> str:
    """As RabbitMQ's documentation of passwords has it: base64 of salt and SHA-256 of salt and password."""
    return base64.b64encode(SALT + hashlib.sha256(SALT + password.encode()).digest()).decode()


GIVEN: dict[str, Any] = {
    "vhosts": [{"name": "/"}, {"name": "shop"}, {"name": "empty"}],
    "users": [
        {
            "name": "ann",
            "password_hash": hashed("secret"),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
        },
        {"name": "bob", "password": "b", "tags": "administrator"},
        {"name": "nobody", "password_hash": "", "tags": ""},
    ],
    "permissions": [
        {"user": "ann", "vhost": "shop", "configure": ".*", "write": ".*", "read": ".*"},
        {"user": "bob", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
        {"user": "bob", "vhost": "shop", "configure": ".*", "write": ".*", "read": ".*"},
    ],
    "queues": [
        {"name": "orders", "vhost": "shop", "durable": True, "arguments": {"x-max-length": 2}},
        {"name": "orders", "vhost": "/", "durable": True},
    ],
    "exchanges": [{"name": "events", "vhost": "shop", "type": "fanout"}],
    "bindings": [{"source": "events", "vhost": "shop", "destination": "orders", "destination_type": "queue"}],
}


def served(tmp_path: Path, box: Box, given: dict[str, Any] = GIVEN) -> list[str]:
    path = tmp_path / "definitions.json"
    path.write_text(json.dumps(given))

    def act(host: Host) -> list[str]:
        told = definitions.load_all(path, host.vhosts)
        host.accounts = Accounts.read(path)
        return told

    return box.call(act)


def connected(box: Box, user: str, password: str, vhost: str) -> pika.BlockingConnection:
    login = pika.PlainCredentials(user, password)
    connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", box.port, vhost, login))
    opened.append(connection)
    return connection


def test_each_virtual_host_has_its_own_queues(tmp_path: Path) -> None:
    with Box() as box:
        assert served(tmp_path, box) == []
        shop, root = (connected(box, "bob", "b", vhost).channel() for vhost in ("shop", "/"))
        shop.confirm_delivery()
        shop.basic_publish("events", "", b"in the shop", mandatory=True)
        for _ in range(3):
            root.basic_publish("", "orders", b"not there")
        assert shop.basic_get("orders", auto_ack=True)[2] == b"in the shop"
        assert shop.basic_get("orders")[0] is None
        assert root.queue_declare("orders", passive=True).method.message_count == 3
        with pytest.raises(ChannelClosedByBroker, match="no exchange 'events' in vhost '/'"):
            root.exchange_declare("events", passive=True)


def test_an_error_names_the_virtual_host_that_was_opened(tmp_path: Path) -> None:
    with Box() as box:
        served(tmp_path, box)
        connection = connected(box, "ann", "secret", "shop")
        with pytest.raises(ChannelClosedByBroker) as caught:
            connection.channel().queue_declare("nowhere", passive=True)
        assert caught.value.reply_text == "NOT_FOUND - no queue 'nowhere' in vhost 'shop'"
        with pytest.raises(ChannelClosedByBroker) as caught:
            connection.channel().queue_declare("orders", durable=True)
        assert caught.value.reply_text == (
            "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'orders' in vhost 'shop': "
            "received none but current is the value '2' of type 'signedint'"
        )


@pytest.mark.parametrize(
    ("user", "password", "vhost", "said"),
    [
        ("ann", "secret", "/", "530.*access to vhost '/' refused for user 'ann'"),
        ("ann", "secret", "nowhere", "530.*vhost nowhere not found"),
        ("ann", "wrong", "shop", "403.*Login was refused"),
        ("guest", "guest", "/", "403.*Login was refused"),
        ("nobody", "", "/", "403.*Login was refused"),
    ],
)
def test_who_is_refused(tmp_path: Path, user: str, password: str, vhost: str, said: str) -> None:
    refused = (ProbableAccessDeniedError, ProbableAuthenticationError, ConnectionClosedByBroker)
    with Box() as box:
        served(tmp_path, box)
        with pytest.raises(refused, match=said):
            connected(box, user, password, vhost)


def test_virtual_hosts_are_kept_in_files_beside_the_data_file(tmp_path: Path) -> None:
    data = tmp_path / "data [1].db"
    with Box(data=data) as box:
        served(tmp_path, box, {"vhosts": [{"name": "/"}, {"name": "a/b"}]})
        for vhost in ("/", "a/b"):
            channel = connected(box, "guest", "guest", vhost).channel()
            channel.queue_declare("kept", durable=True)
            channel.confirm_delivery()
            channel.basic_publish("", "kept", vhost.encode(), pika.BasicProperties(delivery_mode=2))
    assert (tmp_path / "data [1].db@a%2Fb").exists()
    with Box(data=data) as box:
        assert box.call(lambda host: sorted(host.vhosts.brokers)) == ["/", "a/b"]
        for vhost in ("/", "a/b"):
            channel = connected(box, "guest", "guest", vhost).channel()
            assert channel.basic_get("kept")[2] == vhost.encode()


def test_no_virtual_host_has_the_file_of_another(tmp_path: Path) -> None:
    names = ["..", "../up", "shop", "shop-journal", "shop-shm", "shop-wal", "shop%2Dwal"]
    with Box(data=tmp_path / "data") as box:
        for name in names:
            assert box.call(lambda host, name=name: host.vhosts.add(name)) == []
    assert {path.parent for path in tmp_path.parent.rglob("*data@*")} == {tmp_path}
    with Box(data=tmp_path / "data") as box:
        assert box.call(lambda host: sorted(host.vhosts.brokers)) == sorted(["/", *names])


def test_a_quorum_queue_of_another_virtual_host_waits_for_its_own_disk(tmp_path: Path) -> None:
    with Box(data=tmp_path / "data") as box:
        served(tmp_path, box, {"vhosts": [{"name": "/"}, {"name": "shop"}]})
        channel = connected(box, "guest", "guest", "shop").channel()
        channel.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
        channel.confirm_delivery()
        channel.basic_publish("", "q", b"1")
        assert channel.basic_get("q")[2] == b"1"
        marks = box.call(lambda host: {name: disk.marks_asked for name, disk in host.vhosts.disks.items()})
        assert marks == {"/": 0, "shop": 1}


def test_an_alarm_of_one_disk_blocks_publishers_of_all_virtual_hosts(tmp_path: Path) -> None:
    def alarms(box: Box) -> list[list[str]]:
        return box.call(lambda host: [sorted(broker.alarms) for broker in host.vhosts])

    with Box(data=tmp_path / "data") as box:
        served(tmp_path, box, {"vhosts": [{"name": "/"}, {"name": "shop"}]})
        box.call(lambda host: host.vhosts.disks["shop"].alarmed(True))
        assert alarms(box) == [["disk"], ["disk"]]
        box.call(lambda host: host.vhosts.add("late"))
        assert alarms(box) == [["disk"], ["disk"], ["disk"]]
        box.call(lambda host: host.vhosts.disks["shop"].alarmed(False))
        assert alarms(box) == [[], [], []]


def test_deleting_a_virtual_host_throws_its_clients_out(tmp_path: Path) -> None:
    with Box(data=tmp_path / "data") as box:
        served(tmp_path, box, {"vhosts": [{"name": "/"}, {"name": "shop"}]})
        kept = tmp_path / "data@shop"
        connection = connected(box, "guest", "guest", "shop")
        assert kept.exists()
        box.call(lambda host: host.vhosts.remove("shop"))
        with pytest.raises(ConnectionClosedByBroker, match="vhost 'shop' is deleted"):
            connection.process_data_events(5)
        assert not kept.exists()


def test_a_client_that_waits_for_the_disk_is_told_too_that_its_virtual_host_is_gone(tmp_path: Path) -> None:
    with Box(data=tmp_path / "data") as box:
        served(tmp_path, box, {"vhosts": [{"name": "/"}, {"name": "shop"}]})
        connection, other = (connected(box, "guest", "guest", "shop") for _ in range(2))
        channel = connection.channel()
        channel.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_consume("q", lambda *_: None)
        box.call(lambda host: setattr(host.vhosts.disks["shop"], "kick", lambda _loop: None))
        other.channel().basic_publish("", "q", b"1")
        while not box.call(lambda host: host.vhosts.disks["shop"].marks_asked):
            connection.process_data_events(0.01)
        box.call(lambda host: host.vhosts.remove("shop"))
        with pytest.raises(ConnectionClosedByBroker, match="vhost 'shop' is deleted"):
            connection.process_data_events(PATIENCE)
