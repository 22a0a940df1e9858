"""Who gets what: the circle, prefetch, auto-ack, priorities, single active ones."""

from __future__ import annotations

import pytest

from tests.broker.bench import Bench


def test_consumers_take_turns_in_the_order_of_their_subscription() -> None:
    bench = Bench()
    bench.queue()
    for tag in "abc":
        bench.consume(tag)
    bench.put(*"1234567")
    assert bench.got == {"a": ["1", "4", "7"], "b": ["2", "5"], "c": ["3", "6"]}


def test_a_consumer_that_dies_leaves_the_circle_and_what_it_held_goes_on_redelivered() -> None:
    bench = Bench()
    bench.queue()
    bench.consume("a")
    dying = bench.consume("b")
    bench.put("1", "2")
    dying.connection.close()
    bench.put("3")
    assert bench.got == {"a": ["1", "2*", "3"], "b": ["2"]}


def test_a_consumer_is_blocked_at_its_prefetch_and_one_acknowledgement_lets_one_through() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.consume("a", prefetch=2)
    bench.put(*"12345")
    assert bench.got["a"] == ["1", "2"]
    channel.ack(1)
    assert bench.got["a"] == ["1", "2", "3"]
    channel.ack(3, multiple=True)
    assert bench.got["a"] == ["1", "2", "3", "4", "5"]


def test_prefetch_0_is_unlimited_and_a_change_touches_only_later_consumers() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.consume("early", prefetch=1)
    channel.qos(0)
    bench.put(*"123")
    assert bench.got["early"] == ["1"]
    bench.consume("late", channel=channel)
    assert bench.got["late"] == ["2", "3"]


def test_prefetch_does_not_hold_for_automatic_acknowledgement_nor_for_get() -> None:
    bench = Bench()
    bench.queue()
    bench.put(*"12345")
    bench.channel.qos(1)
    assert [bench.channel.get("q") is not None for _ in range(2)] == [True, True]
    bench.consume("auto", prefetch=1, no_ack=True)
    assert bench.got["auto"] == ["3", "4", "5"]
    assert bench.broker.queues["q"].unacked == 2


def test_a_cancelled_consumer_keeps_what_it_holds() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.consume("a", prefetch=1)
    bench.put("1", "2")
    channel.cancel("a")
    assert (bench.ready(), bench.broker.queues["q"].unacked) == (1, 1)
    channel.ack(1)
    assert (bench.ready(), bench.broker.queues["q"].unacked) == (1, 0)
    assert bench.got["a"] == ["1"]


def test_with_a_backlog_the_next_message_goes_to_whoever_acknowledges() -> None:
    bench = Bench()
    bench.queue()
    channels = {tag: bench.consume(tag, prefetch=1) for tag in "abc"}
    bench.put(*"123456")
    for tag in "cab":
        channels[tag].ack(1)
    assert bench.got == {"c": ["3", "4"], "a": ["1", "5"], "b": ["2", "6"]}


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_without_a_backlog_a_classic_queue_keeps_its_circle_and_a_quorum_queue_follows_the_acks(
    kind: str,
) -> None:
    bench = Bench()
    bench.queue(kind=kind)
    channels = {tag: bench.consume(tag, prefetch=1) for tag in "abc"}
    bench.put(*"123")
    for tag in "cab":
        channels[tag].ack(1)
    bench.put(*"456")
    second = {tag: bodies[1] for tag, bodies in bench.got.items()}
    expected = {"classic": {"a": "4", "b": "5", "c": "6"}, "quorum": {"c": "4", "a": "5", "b": "6"}}
    assert second == expected[kind]


def test_the_consumer_of_highest_priority_that_is_not_blocked_gets_everything() -> None:
    bench = Bench()
    bench.queue()
    bench.consume("low", prefetch=2, priority=-1)
    high = bench.consume("high", prefetch=2, priority=5)
    bench.consume("equal", prefetch=1, priority=5)
    bench.put(*"1234")
    assert bench.got == {"high": ["1", "3"], "equal": ["2"], "low": ["4"]}
    high.ack(1)
    bench.put("5")
    assert bench.got["high"] == ["1", "3", "5"]


def test_a_single_active_consumer_gets_everything_until_it_goes() -> None:
    bench = Bench("4.0")
    bench.queue(single_active_consumer=True)
    first = bench.consume("a", prefetch=1)
    bench.consume("b", prefetch=5)
    bench.consume("c", prefetch=5, priority=3)
    bench.put(*"123")
    assert bench.got == {"a": ["1"], "b": [], "c": []}
    first.close()
    assert bench.got["c"] == ["2", "3", "1*"]
    assert bench.got["b"] == []


def test_the_next_single_active_consumer_waits_on_3_10_after_a_cancel_and_not_later() -> None:
    for version, expected in (("3.10", []), ("4.0", ["2"])):
        bench = Bench(version)
        bench.queue(single_active_consumer=True)
        first = bench.consume("a", prefetch=1)
        bench.consume("b", prefetch=1)
        bench.put("1", "2")
        first.cancel("a")
        assert bench.got["b"] == expected


def test_a_newcomer_of_higher_priority_takes_a_quorum_queue_over_once_nothing_is_held() -> None:
    bench = Bench("4.3")
    bench.queue(kind="quorum", single_active_consumer=True)
    first = bench.consume("a")
    bench.put("1")
    bench.consume("b", priority=5)
    bench.put("2")
    assert bench.got == {"a": ["1"], "b": []}
    first.ack(1)
    bench.put("3")
    assert bench.got == {"a": ["1"], "b": ["2", "3"]}


def test_a_shared_prefetch_counts_for_the_channel_until_4_3_counts_it_per_consumer() -> None:
    for version, expected in (("4.0", (["1", "2"], [])), ("4.3", (["1", "2"], ["3", "4"]))):
        bench = Bench(version)
        bench.queue()
        channel = bench.new_channel()
        channel.qos(2, shared=True)
        bench.put(*"12345")
        for tag in "ab":
            bench.got[tag], bench.tags[tag] = [], []
            channel.consume("q", bench._take, tag=tag)
        assert (bench.got["a"], bench.got["b"]) == expected


def test_a_shared_prefetch_holds_for_consumers_that_were_there_and_is_freed_by_any_ack() -> None:
    bench = Bench("4.0")
    bench.queue("q")
    bench.queue("r")
    channel = bench.consume("a")
    bench.consume("b", queue="r", channel=channel)
    channel.qos(1, shared=True)
    bench.put("1")
    bench.put("x", to="r")
    assert (bench.got["a"], bench.got["b"]) == (["1"], [])
    channel.ack(1)
    assert bench.got["b"] == ["x"]


def test_messages_go_out_by_priority_and_in_order_within_one() -> None:
    bench = Bench()
    bench.queue(max_priority=5)
    for body, priority in (("none", None), ("1a", 1), ("9", 9), ("5", 5), ("1b", 1)):
        bench.put(body, priority=priority)
    assert bench.drain() == ["9", "5", "1a", "1b", "none"]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.10", ["0", "1", "5", "9", "none"]),
        ("4.0", ["5", "9", "0", "1", "none"]),
        ("4.3", ["9", "5", "none", "1", "0"]),
    ],
)
def test_priorities_of_a_quorum_queue_by_version(version: str, expected: list[str]) -> None:
    bench = Bench(version)
    bench.queue(kind="quorum")
    for body, priority in (("0", 0), ("1", 1), ("5", 5), ("9", 9), ("none", None)):
        bench.put(body, priority=priority)
    assert bench.drain() == expected


def test_allow_lets_a_consumer_that_asks_one_by_one_have_more() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.new_channel()
    channel.qos(1)
    got: list[int] = []
    consumer = channel.consume("q", lambda _consumer, tag, _message: got.append(tag))
    bench.put(*"123")
    assert got == [1]
    consumer.allow(1)
    assert got == [1, 2]
