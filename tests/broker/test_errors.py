"""Mistakes: AMQP's codes, RabbitMQ's texts, what closes and what lives on.

The texts are the recorded ones; most of them are also held by the replay of the recordings.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mqsim.broker import Channel, ChannelState, ConnectionState, QueueArguments
from mqsim.broker.properties import enter
from mqsim.errors import BrokerError, ChannelError, ConnectionError
from tests.broker.bench import Bench
from tests.broker.records import ChannelClosed, Unroutable

Act = Callable[[Channel], object]


def nobody(*_: object) -> None:
    """Takes deliveries and does nothing."""


MISTAKES: dict[str, tuple[Act, int, str, tuple[int, int]]] = {
    "passive declare": (
        lambda ch: ch.declare_queue("x", passive=True),
        404,
        "NOT_FOUND - no queue 'x' in vhost '/'",
        (50, 10),
    ),
    "consume": (lambda ch: ch.consume("x", nobody), 404, "NOT_FOUND - no queue 'x' in vhost '/'", (60, 20)),
    "get": (lambda ch: ch.get("x"), 404, "NOT_FOUND - no queue 'x' in vhost '/'", (60, 70)),
    "purge": (lambda ch: ch.purge("x"), 404, "NOT_FOUND - no queue 'x' in vhost '/'", (50, 30)),
    "get without a name": (lambda ch: ch.get(""), 404, "NOT_FOUND - no previously declared queue", (60, 70)),
    "bind to a missing exchange": (
        lambda ch: ch.bind_queue("q", "x"),
        404,
        "NOT_FOUND - no exchange 'x' in vhost '/'",
        (50, 20),
    ),
    "bind to the default exchange": (
        lambda ch: ch.bind_queue("q", ""),
        403,
        "ACCESS_REFUSED - operation not permitted on the default exchange",
        (50, 20),
    ),
    "a reserved name": (
        lambda ch: ch.declare_queue("amq.x"),
        403,
        "ACCESS_REFUSED - queue name 'amq.x' contains reserved prefix 'amq.*'",
        (50, 10),
    ),
    "another durable": (
        lambda ch: ch.declare_queue("q"),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': "
        "received 'false' but current is 'true'",
        (50, 10),
    ),
    "another argument": (
        lambda ch: ch.declare_queue("q", durable=True, arguments=QueueArguments(message_ttl=1.5)),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': "
        "received the value '1500' of type 'signedint' but current is none",
        (50, 10),
    ),
    "an impossible argument": (
        lambda ch: ch.declare_queue("new", arguments={"x-max-length": -1}),
        406,
        "PRECONDITION_FAILED - invalid arg 'x-max-length' for queue 'new' in vhost '/': {value_negative,-1}",
        (50, 10),
    ),
    "another type": (
        lambda ch: ch.declare_exchange("amq.direct", "fanout", durable=True),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.direct' in vhost '/': "
        "received 'fanout' but current is 'direct'",
        (40, 10),
    ),
    "an unknown type": (
        lambda ch: ch.declare_exchange("e", "odd"),
        406,
        "PRECONDITION_FAILED - unknown exchange type 'odd'",
        (40, 10),
    ),
    "delete with a condition": (
        lambda ch: ch.delete_queue("q", if_empty=True),
        406,
        "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty",
        (50, 40),
    ),
    "unknown tag": (lambda ch: ch.ack(9), 406, "PRECONDITION_FAILED - unknown delivery tag 9", (60, 80)),
    "unknown tags": (
        lambda ch: ch.nack(9, multiple=True),
        406,
        "PRECONDITION_FAILED - unknown delivery tag 9",
        (60, 120),
    ),
    "reject of an unknown tag": (
        lambda ch: ch.reject(9),
        406,
        "PRECONDITION_FAILED - unknown delivery tag 9",
        (60, 90),
    ),
    "commit without a transaction": (
        lambda ch: ch.tx_commit(),
        406,
        "PRECONDITION_FAILED - channel is not transactional",
        (90, 20),
    ),
    "replies that are to be acknowledged": (
        lambda ch: ch.consume("amq.rabbitmq.reply-to", nobody),
        406,
        "PRECONDITION_FAILED - reply consumer cannot acknowledge",
        (60, 20),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_channel_error_closes_its_channel_and_gives_back_while_the_connection_lives(mistake: str) -> None:
    act, code, text, method = MISTAKES[mistake]
    bench = Bench()
    bench.queue()
    bench.put("m", "n")
    connection = bench.broker.connect("student")
    channel, other = connection.channel(), connection.channel()
    told: list[BrokerError] = []
    channel.on_closed = told.append
    channel.get("q")
    with pytest.raises(ChannelError) as error:
        act(channel)
    assert (error.value.code, error.value.text, error.value.method) == (code, text, method)
    assert told == [error.value]
    assert channel.closed_by is error.value
    assert channel.state is ChannelState.CLOSED
    assert [event.text for event in bench.journal.of(ChannelClosed)] == [text]
    assert (connection.state, list(connection.channels)) == (ConnectionState.OPEN, [2])
    assert other.get("q") is not None
    assert other.connection.channel().number == 3


WORSE: dict[str, tuple[str, Act, int, str]] = {
    "a consumer tag twice": (
        "4.3",
        lambda ch: [ch.consume("q", nobody, tag="t") for _ in range(2)],
        530,
        "NOT_ALLOWED - attempt to reuse consumer tag 't'",
    ),
    "a channel number twice": (
        "4.3",
        lambda ch: ch.connection.channel(1),
        504,
        "CHANNEL_ERROR - second 'channel.open' seen",
    ),
    "an unknown exchange type in 3.10": (
        "3.10",
        lambda ch: ch.declare_exchange("e", "odd"),
        503,
        "COMMAND_INVALID - unknown exchange type 'odd'",
    ),
    "deleting a quorum queue with a condition": (
        "4.3",
        lambda ch: ch.delete_queue("quorum", if_unused=True),
        540,
        "NOT_IMPLEMENTED - cannot delete queue 'quorum' in vhost '/'. "
        "queue.delete operations with if-unused flag set are not supported by quorum queues",
    ),
}


@pytest.mark.parametrize("mistake", WORSE)
def test_a_connection_error_closes_the_connection_with_all_its_channels(mistake: str) -> None:
    version, act, code, text = WORSE[mistake]
    bench = Bench(version)
    bench.queue()
    bench.queue("quorum", kind="quorum")
    bench.put("m")
    connection = bench.broker.connect("student")
    channel, other = connection.channel(), connection.channel()
    other.get("q")
    with pytest.raises(ConnectionError) as error:
        act(channel)
    assert (error.value.code, error.value.text) == (code, text)
    assert connection.closed_by is error.value
    assert (connection.state, channel.state, other.state) == (
        ConnectionState.CLOSED,
        ChannelState.CLOSED,
        ChannelState.CLOSED,
    )
    assert connection not in bench.broker.connections
    assert bench.drain() == ["m*"]


def test_publishing_to_a_typo_loses_the_message_silently() -> None:
    bench = Bench()
    bench.queue("tasks")
    bench.put("m", to="taks")
    assert (bench.ready("tasks"), len(bench.journal.of(Unroutable))) == (0, 1)
    assert bench.channel.state is ChannelState.OPEN


def test_publishing_to_a_missing_exchange_closes_the_channel_and_changes_nothing_else() -> None:
    bench = Bench()
    channel = bench.confirming()
    with pytest.raises(ChannelError, match="no exchange 'nowhere'"):
        bench.put("m", exchange="nowhere", by=channel)
    assert bench.confirms == []


def test_another_connections_exclusive_queue_is_405_and_a_second_exclusive_consumer_403() -> None:
    bench = Bench()
    bench.queue()
    bench.channel.declare_queue("mine", exclusive=True)
    with pytest.raises(ChannelError) as error:
        bench.new_channel().get("mine")
    assert error.value.code == 405
    bench.consume("a", exclusive=True)
    for exclusive in (False, True):
        with pytest.raises(ChannelError) as error:
            bench.consume("b", exclusive=exclusive)
        assert error.value.text == "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use"


def test_an_acknowledgement_on_another_channel_is_406_there_and_nothing_here() -> None:
    bench = Bench()
    bench.queue()
    bench.put("m")
    one, two = bench.new_channel(), bench.new_channel()
    one.get("q")
    with pytest.raises(ChannelError, match="unknown delivery tag 1"):
        two.ack(1)
    assert list(one.unacked) == [1]
    one.ack(1)


def test_an_unknown_tag_among_several_settles_none_of_them() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.consume("a")
    bench.put("1", "2")
    with pytest.raises(ChannelError):
        channel.ack(3, multiple=True)
    assert bench.drain() == ["1*", "2*"]


TEN_YEARS = 10 * 365 * 24 * 3600 * 1000
"""The longest time in milliseconds that RabbitMQ takes."""


@pytest.mark.parametrize("version", ["3.10", "4.0", "4.3"])
@pytest.mark.parametrize("argument", ["x-message-ttl", "x-expires"])
def test_times_of_a_queue_go_up_to_ten_years(argument: str, version: str) -> None:
    bench = Bench(version)
    bench.channel.declare_queue("celery", arguments={argument: 134217728000})
    bench.channel.declare_queue("longest", arguments={argument: TEN_YEARS})
    with pytest.raises(ChannelError, match=f"{{value_too_large,{TEN_YEARS + 1}}}"):
        bench.channel.declare_queue("longer", arguments={argument: TEN_YEARS + 1})


@pytest.mark.parametrize("version", ["3.10", "4.0", "4.3"])
def test_a_message_expires_within_ten_years(version: str) -> None:
    bench = Bench(version)
    bench.queue("q")
    enter(bench.channel, "", "q", b"m", {"expiration": str(TEN_YEARS)})
    assert bench.broker.next_deadline() == TEN_YEARS / 1000
    with pytest.raises(ChannelError, match=f"{{value_too_large,{TEN_YEARS + 1}}}"):
        enter(bench.channel, "", "q", b"m", {"expiration": str(TEN_YEARS + 1)})


def test_a_stream_is_refused_in_a_sentence_that_says_what_to_do() -> None:
    bench = Bench()
    with pytest.raises(ChannelError) as error:
        bench.channel.declare_queue("log", durable=True, arguments={"x-queue-type": "stream"})
    assert (error.value.code, error.value.text) == (
        406,
        "PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'log' in vhost '/': "
        '"stream queues are not simulated: declare a classic or a quorum queue"',
    )
