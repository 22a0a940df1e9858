"""The handshake: greeting, login, limits, virtual host; signs of life and other deadlines."""

from __future__ import annotations

from typing import Any

import pytest
from pamqp import commands
from pamqp.header import ProtocolHeader
from pamqp.heartbeat import Heartbeat

from mqsim.amqp import End, Limits
from mqsim.amqp.fields import write_table
from tests.amqp.link import CAPABLE, PLAIN, Client

REFUSED = (
    "ACCESS_REFUSED - Login was refused using authentication mechanism {}. "
    "For details see the broker logfile."
)


@pytest.mark.parametrize("version", ["3.10", "4.0", "4.3"])
def test_the_server_says_what_it_is(version: str) -> None:
    start = Client(version=version).greet()
    told: Any = start.server_properties
    assert told["version"].startswith(version)
    assert "not RabbitMQ" in told["information"]
    assert all(told["capabilities"].values())
    assert str(start.mechanisms).split() == ["AMQPLAIN", "PLAIN"]


@pytest.mark.parametrize(
    ("version", "greeting", "answer"),
    [
        ("3.10", b"GET / HTTP/1.1\r\n\r\n", b"AMQP\0\0\x09\1"),
        ("4.3", b"GET / HTTP/1.1\r\n\r\n", b"AMQP\3\1\0\0"),
        ("4.3", b"AMQP\0\x09\x09\x09", b"AMQP\3\1\0\0"),
    ],
)
def test_a_wrong_greeting_gets_the_right_one(version: str, greeting: bytes, answer: bytes) -> None:
    client = Client(version=version)
    client.send_bytes(greeting)
    assert client.session.bytes_to_send() == answer
    assert client.session.end is End.CLOSE


def test_the_greeting_may_come_in_pieces() -> None:
    client = Client(piece=1).open(1)
    assert client.ask(1, commands.Queue.Declare(queue="q")).queue == "q"


def _amqplain(user: str, password: str) -> str:
    return write_table({"LOGIN": user, "PASSWORD": password})[4:].decode()


@pytest.mark.parametrize(
    ("mechanism", "response"), [("PLAIN", PLAIN), ("AMQPLAIN", _amqplain("guest", "guest"))]
)
def test_guest_may_log_in(mechanism: str, response: str) -> None:
    client = Client()
    client.greet()
    client.send(0, commands.Connection.StartOk({}, mechanism, response, "en_US"))
    ((_, tune),) = client.read()
    assert (tune.channel_max, tune.frame_max, tune.heartbeat) == (2047, 131072, 60)


@pytest.mark.parametrize(
    ("mechanism", "response"), [("PLAIN", "\0guest\0wrong"), ("AMQPLAIN", _amqplain("me", "guest"))]
)
@pytest.mark.parametrize("capable", [True, False])
def test_a_wrong_password_is_told_to_those_who_understand(
    mechanism: str, response: str, capable: bool
) -> None:
    client = Client()
    client.greet()
    told = {"capabilities": {"authentication_failure_close": capable}}
    client.send(0, commands.Connection.StartOk(told, mechanism, response, "en_US"))
    expected = ("connection", 403, REFUSED.format(mechanism), (0, 0)) if capable else "lost"
    assert client.fate() == expected
    assert client.session.end is not None


@pytest.mark.parametrize("response", ["", "zzz", "\0\0\0\0"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "AMQPLAIN", "EXTERNAL"])
def test_a_login_that_can_not_be_read_ends_the_stream(mechanism: str, response: str) -> None:
    client = Client()
    client.greet()
    properties: Any = {"capabilities": CAPABLE}
    client.send(0, commands.Connection.StartOk(properties, mechanism, response, "en_US"))
    assert client.fate() == "lost"


@pytest.mark.parametrize(
    ("version", "channel_max", "frame_max", "good"),
    [
        ("3.10", 2047, 131072, True),
        ("3.10", 1, 4096, True),
        ("3.10", 0, 131072, False),
        ("3.10", 2047, 0, False),
        ("3.10", 2048, 131072, False),
        ("3.10", 2047, 131073, False),
        ("3.10", 2047, 4095, False),
        ("4.0", 1, 4096, True),
        ("4.3", 1, 8192, True),
        ("4.3", 1, 8191, False),
    ],
)
def test_a_client_may_want_less_but_not_more(
    version: str, channel_max: int, frame_max: int, good: bool
) -> None:
    """As recorded on real servers, which end the streams of those who want more."""
    client = Client(version=version)
    client.greet()
    client.log_in()
    client.read()
    client.tune(channel_max, frame_max)
    client.send(0, commands.Connection.Open("/"))
    assert client.names() == (["Connection.OpenOk"] if good else [])
    assert (client.session.end is End.RESET) != good


def test_a_server_without_limits_takes_any() -> None:
    client = Client(limits=Limits(frame_max=0, channel_max=0)).open(1, channel_max=0, frame_max=0)
    client.publish(1, "q", b"x" * 300_000, piece=300_000)
    assert client.fate() == "open"


def test_another_virtual_host_is_not_there() -> None:
    client = Client()
    client.greet()
    client.log_in()
    client.tune()
    client.read()
    client.send(0, commands.Connection.Open("nowhere"))
    assert client.fate() == ("connection", 530, "NOT_ALLOWED - vhost nowhere not found", (10, 40))
    assert not client.broker.connections


def test_there_are_as_many_channels_as_agreed() -> None:
    client = Client().open(1, 9, channel_max=2)
    client.send(3, commands.Channel.Open())
    told = "NOT_ALLOWED - number of channels opened (2) has reached the negotiated channel_max (2)"
    assert client.fate() == ("connection", 530, told, (0, 0))


def test_the_number_of_a_channel_is_free() -> None:
    client = Client().open(65535, channel_max=2)
    assert client.ask(65535, commands.Queue.Declare(queue="q")).queue == "q"


def test_a_secret_is_updated() -> None:
    client = Client().open()
    assert client.ask(0, commands.Connection.UpdateSecret("x", "why not")).name == "Connection.UpdateSecretOk"


# -- time


def _advance(client: Client, now: float) -> None:
    client.broker.advance(now)
    client.session.tick(now)


def test_signs_of_life_go_out_at_half_the_interval() -> None:
    client = Client().open(heartbeat=10)
    sent = []
    for tenth in range(1, 191):
        now = tenth / 10
        _advance(client, now)
        sent += [now for _, read in client.read() if isinstance(read, Heartbeat)]
    assert sent == [5.0, 10.0, 15.0]
    assert client.session.next_deadline() == 20.0


def test_whatever_is_sent_is_a_sign_of_life() -> None:
    client = Client().open(1, heartbeat=10)
    client.broker.advance(4.0)
    client.ask(1, commands.Basic.Qos(prefetch_count=1))
    assert client.session.next_deadline() == 9.0


@pytest.mark.parametrize("heartbeat", [1, 10, 60])
def test_a_client_that_misses_two_is_dead(heartbeat: int) -> None:
    client = Client().open(1, heartbeat=heartbeat)
    client.ask(1, commands.Queue.Declare(queue="q", exclusive=True))
    begin = 1000.0
    client.broker.advance(begin)
    client.send(0, Heartbeat())
    _advance(client, begin + 2 * heartbeat - 0.01)
    assert client.fate() == "open"
    client.session.bytes_to_send()
    assert client.session.next_deadline() == begin + 2 * heartbeat
    _advance(client, begin + 2 * heartbeat)
    assert client.fate() == "lost"
    assert not client.broker.connections
    assert not client.broker.queues


def test_without_heartbeats_nobody_dies() -> None:
    client = Client().open()
    assert client.session.next_deadline() == float("inf")
    _advance(client, 1e6)
    assert client.fate() == "open"


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_who_does_not_open_in_ten_seconds_is_sent_away(steps: int) -> None:
    client = Client()
    for step in [client.greet, client.log_in, client.tune][:steps]:
        step()
    client.read()
    assert client.session.next_deadline() == 10.0
    _advance(client, 9.9)
    assert client.fate() == "open"
    _advance(client, 10.0)
    assert client.fate() == "lost"


def test_who_does_not_answer_a_close_is_sent_away() -> None:
    client = Client().open()
    client.broker.advance(5.0)
    client.send(0, commands.Connection.Open("/"))
    assert client.names() == ["Connection.Close"]
    assert client.session.next_deadline() == 35.0
    _advance(client, 35.0)
    assert client.fate() == "lost"


def test_a_stream_that_ends_takes_the_connection_along() -> None:
    client = Client().open(1)
    client.ask(1, commands.Queue.Declare(queue="q", exclusive=True))
    client.session.lost()
    client.session.lost()
    client.session.receive(ProtocolHeader().marshal())
    assert (client.broker.connections, client.broker.queues) == ({}, {})
    assert client.session.next_deadline() == float("inf")
