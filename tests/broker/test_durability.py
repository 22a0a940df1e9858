"""Confirms, storage, and what a stop, a kill and a start leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqsim.errors import SimulationError
from tests.broker.bench import Bench
from tests.broker.records import ConnectionClosed, Revived, Unroutable

if TYPE_CHECKING:
    from mqsim.broker import Message


class Disk:
    """A disk that is safe when it is told to be."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.stores: list[int] = []
        self.erasures: list[int] = []
        bench.broker.storage = self

    def store(self, write: int, message: Message) -> None:
        self.stores.append(write)

    def forget(self, write: int, message: Message) -> None:
        self.erasures.append(write)

    def sync(self) -> None:
        done, self.stores, self.erasures = [*self.stores, *self.erasures], [], []
        for write in done:
            self.bench.broker.stored(write)


def test_each_publish_gets_one_confirm_in_order_also_one_that_finds_no_queue() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.confirming()
    bench.put("1", by=channel)
    bench.put("2", to="nowhere", by=channel)
    bench.put("3", by=channel)
    assert bench.confirms == [(1, True), (2, True), (3, True)]
    assert [event.returned for event in bench.journal.of(Unroutable)] == [False]


def test_a_mandatory_message_without_a_queue_comes_back_before_its_confirm() -> None:
    bench = Bench()
    channel = bench.confirming()
    seen: list[object] = bench.confirms  # type: ignore[assignment]
    channel.on_return = lambda message, code, text: seen.append((message.envelope.body, code, text))
    bench.put("m", to="nowhere", by=channel, mandatory=True)
    assert seen == [(b"m", 312, "NO_ROUTE"), (1, True)]


def test_a_persistent_message_in_a_durable_queue_is_confirmed_after_it_is_on_disk() -> None:
    bench = Bench()
    disk = Disk(bench)
    bench.queue()
    bench.queue("fleeting", durable=False)
    channel = bench.confirming()
    bench.put("persistent", by=channel)
    bench.put("transient", by=channel, persistent=False)
    bench.put("in a transient queue", by=channel, to="fleeting")
    assert bench.confirms == [(2, True), (3, True)]
    disk.sync()
    assert bench.confirms == [(2, True), (3, True), (1, True)]


def test_a_fanout_is_confirmed_once_when_all_its_copies_are_safe() -> None:
    bench = Bench()
    disk = Disk(bench)
    bench.channel.declare_exchange("e", "fanout")
    for name in "abc":
        bench.queue(name)
        bench.channel.bind_queue(name, "e")
    channel = bench.confirming()
    bench.put("m", exchange="e", by=channel)
    first, *others = disk.stores
    bench.broker.stored(first)
    assert bench.confirms == []
    for write in others:
        bench.broker.stored(write)
    assert bench.confirms == [(1, True)]


def test_a_message_that_is_acknowledged_before_it_is_written_is_confirmed_then() -> None:
    bench = Bench()
    disk = Disk(bench)
    bench.queue()
    channel = bench.confirming()
    bench.consume("a", no_ack=True)
    bench.put("m", by=channel)
    assert bench.confirms == [(1, True)]
    assert disk.stores == []


def test_a_stop_keeps_what_is_durable_and_closes_connections_with_320() -> None:
    bench = Bench("4.0")
    bench.queue()
    bench.queue("fleeting", durable=False)
    bench.channel.declare_exchange("kept", "fanout", durable=True)
    bench.channel.declare_exchange("gone", "fanout")
    bench.channel.bind_queue("q", "kept")
    bench.put("held", "persistent")
    bench.put("transient", persistent=False)
    bench.put("in the other", to="fleeting")
    bench.channel.get("q")
    bench.broker.stop()
    [closed] = bench.journal.of(ConnectionClosed)
    text = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"
    assert (closed.code, closed.text) == (320, text)
    bench.broker.start()
    assert sorted(bench.broker.queues) == ["q"]
    assert "kept" in bench.broker.exchanges
    assert "gone" not in bench.broker.exchanges
    bench.channel = bench.new_channel()
    bench.put("routed", exchange="kept", to="")
    assert bench.drain() == ["held*", "persistent", "routed"]


def test_a_transient_exchange_survives_a_restart_from_4_3_on() -> None:
    bench = Bench("4.3")
    bench.channel.declare_exchange("e", "fanout")
    bench.broker.stop()
    bench.broker.start()
    assert "e" in bench.broker.exchanges


def test_a_kill_loses_what_was_not_on_disk_and_brings_back_what_had_not_left_it() -> None:
    bench = Bench()
    disk = Disk(bench)
    bench.queue()
    bench.put("acknowledged", "ready")
    disk.sync()
    bench.put("unwritten")
    bench.channel.get("q")
    bench.channel.ack(1)
    bench.broker.kill()
    assert [(event.code, event.text) for event in bench.journal.of(ConnectionClosed)] == [(0, "")]
    assert bench.left() == [("unwritten", "lost")]
    assert [event.body for event in bench.journal.of(Revived)] == ["acknowledged"]
    bench.broker.start()
    bench.channel = bench.new_channel()
    assert bench.drain() == ["acknowledged*", "ready*"]


def test_a_clean_stop_waits_for_the_disk() -> None:
    bench = Bench()
    Disk(bench)
    bench.queue()
    bench.put("acknowledged", "unwritten")
    bench.channel.get("q")
    bench.channel.ack(1)
    bench.broker.stop()
    assert bench.left() == []
    bench.broker.start()
    bench.channel = bench.new_channel()
    assert bench.drain() == ["unwritten"]


def test_what_expired_while_the_broker_was_down_goes_when_it_is_up() -> None:
    bench = Bench()
    bench.queue()
    bench.put("short", expiration=5)
    bench.put("long", expiration=50)
    bench.broker.stop()
    assert bench.broker.next_deadline() == float("inf")
    bench.broker.now = 10
    bench.broker.start()
    assert bench.left() == [("short", "expired")]


def test_a_news_of_the_disk_that_comes_twice_or_late_changes_nothing() -> None:
    bench = Bench()
    disk = Disk(bench)
    bench.queue()
    channel = bench.confirming()
    bench.put("m", by=channel)
    [write] = disk.stores
    bench.broker.stored(write)
    bench.broker.stored(write)
    bench.broker.stored(99)
    assert bench.confirms == [(1, True)]


def test_exclusive_and_auto_delete_queues_end_with_what_they_hang_on() -> None:
    bench = Bench()
    owner = bench.new_channel()
    owner.declare_queue("mine", exclusive=True)
    other = bench.new_channel()
    other.declare_queue("auto", auto_delete=True)
    bench.consume("a", queue="auto", channel=other)
    bench.consume("b", queue="auto", channel=owner)
    other.cancel("a")
    assert sorted(bench.broker.queues) == ["auto", "mine"]
    owner.close()
    assert sorted(bench.broker.queues) == ["mine"]
    owner.connection.close()
    assert bench.broker.queues == {}


def test_nobody_connects_to_a_broker_that_is_down() -> None:
    bench = Bench()
    bench.broker.kill()
    with pytest.raises(SimulationError, match="the broker is down and can't use"):
        bench.broker.connect("me")
