"""Expiry and length limits, alarms and acknowledgement timeouts (21, 26)."""

from __future__ import annotations

from typing import Any

import pytest

from mqsim.errors import SimulationError
from tests.broker.bench import Bench, headers
from tests.broker.records import ChannelClosed, ConsumerCancelled, Refused


def test_the_smaller_of_both_expiries_holds_and_it_is_counted_from_the_publish() -> None:
    bench = Bench()
    bench.queue(message_ttl=10)
    bench.broker.advance(5)
    bench.put("queue's")
    bench.put("own", expiration=4)
    assert bench.broker.next_deadline() == 15
    bench.broker.advance(14.999)
    assert bench.ready() == 2
    bench.broker.advance(15)
    assert bench.left() == [("queue's", "expired"), ("own", "expired")]


def test_a_messages_own_expiry_acts_only_at_the_head_but_it_is_never_delivered() -> None:
    bench = Bench()
    bench.queue()
    bench.put("long")
    bench.put("short", expiration=1)
    bench.put("behind")
    bench.broker.advance(2)
    assert bench.ready() == 3
    assert bench.drain() == ["long", "behind"]
    assert bench.left() == [("short", "expired")]


def test_an_expired_message_is_not_sent_to_a_consumer_that_becomes_free() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.consume("a", prefetch=1)
    bench.put("1", "2")
    bench.put("stale", expiration=1)
    bench.put("3")
    bench.broker.advance(5)
    channel.ack(1)
    channel.ack(2)
    assert bench.got["a"] == ["1", "2", "3"]
    assert bench.left() == [("stale", "expired")]


def test_expiry_is_not_counted_from_the_delivery_and_a_requeue_keeps_it() -> None:
    bench = Bench()
    bench.queue(message_ttl=10)
    bench.put("m")
    bench.broker.advance(6)
    bench.channel.get("q")
    bench.channel.nack(1)
    bench.broker.advance(9)
    bench.channel.get("q")
    bench.broker.advance(30)
    assert bench.broker.queues["q"].unacked == 1
    bench.channel.nack(2)
    assert bench.left() == [("m", "expired")]


def test_an_expiry_of_zero_means_at_once_or_not_at_all() -> None:
    bench = Bench()
    bench.queue(message_ttl=0)
    bench.put("nobody")
    bench.consume("a")
    bench.put("somebody")
    assert bench.got["a"] == ["somebody"]
    assert bench.left() == [("nobody", "expired")]


def test_an_expired_message_is_dead_lettered_without_its_expiration() -> None:
    bench = Bench()
    bench.queue("dead")
    bench.queue(dead_letter_exchange="", dead_letter_key="dead")
    bench.put("m", expiration=1.5)
    bench.broker.advance(100)
    _, message = bench.channel.get("dead") or (0, None)
    assert message is not None
    assert message.expires is None
    deaths: Any = headers(message)["x-death"]
    [death] = deaths
    assert (death["reason"], death["original-expiration"], death["time"]) == ("expired", "1500", 1.5)


def test_a_queue_that_nobody_uses_goes_however_the_clock_rounds() -> None:
    for start in (0.0, 0.1, 0.7, 1e6 + 0.1):
        bench = Bench()
        bench.broker.advance(start)
        bench.queue(expires=0.6)
        bench.put("m")
        bench.broker.advance(start + 0.5)
        bench.channel.get("q")
        bench.broker.advance(start + 1.0)
        assert "q" in bench.broker.queues
        bench.broker.advance(start + 1.2)
        assert "q" not in bench.broker.queues


def test_a_consumer_keeps_an_expiring_queue_alive() -> None:
    bench = Bench()
    bench.queue(expires=1)
    channel = bench.consume("a")
    bench.broker.advance(10.5)
    channel.cancel("a")
    bench.broker.advance(11.4)
    assert "q" in bench.broker.queues
    bench.broker.advance(11.6)
    assert "q" not in bench.broker.queues


def test_drop_head_confirms_and_drops_the_oldest_ready_message() -> None:
    bench = Bench()
    bench.queue(max_length=2)
    channel = bench.confirming()
    bench.put(*"abcd", by=channel)
    assert [ok for _, ok in bench.confirms] == [True] * 4
    assert bench.left() == [("a", "maxlen"), ("b", "maxlen")]
    assert bench.drain() == ["c", "d"]


def test_drop_head_dead_letters_with_its_own_reason() -> None:
    bench = Bench()
    bench.queue("dead")
    bench.queue(max_length=1, dead_letter_exchange="", dead_letter_key="dead")
    bench.put("a", "b")
    _, message = bench.channel.get("dead") or (0, None)
    assert message is not None
    assert headers(message)["x-first-death-reason"] == "maxlen"


def test_only_ready_messages_count_and_a_requeue_into_a_full_queue_drops_the_oldest() -> None:
    bench = Bench()
    bench.queue(max_length=2)
    bench.put("a", "b")
    bench.channel.get("q")
    bench.channel.get("q")
    bench.put("c", "d")
    assert bench.left() == []
    bench.channel.nack(2, multiple=True)
    assert bench.left() == [("a", "maxlen"), ("b", "maxlen")]


def test_a_limit_in_bytes_counts_the_bodies() -> None:
    bench = Bench()
    bench.queue(max_bytes=10)
    bench.put("aaaa", "bbbb", "cc")
    assert bench.ready() == 3
    bench.put("d")
    assert bench.drain() == ["bbbb", "cc", "d"]


def test_reject_publish_refuses_while_other_queues_take_their_copy() -> None:
    bench = Bench()
    bench.channel.declare_exchange("e", "fanout")
    bench.queue("full", max_length=1, overflow="reject-publish")
    bench.queue("open")
    for name in ("full", "open"):
        bench.channel.bind_queue(name, "e")
    channel = bench.confirming()
    bench.put("1", "2", exchange="e", by=channel)
    assert bench.confirms == [(1, True), (2, False)]
    assert (bench.drain("full"), bench.drain("open")) == (["1"], ["1", "2"])
    assert [event.body for event in bench.journal.of(Refused)] == ["2"]


@pytest.mark.parametrize(("overflow", "dead"), [("reject-publish", []), ("reject-publish-dlx", ["2"])])
def test_only_reject_publish_dlx_dead_letters_what_it_refuses(overflow: str, dead: list[str]) -> None:
    bench = Bench()
    bench.queue("dead")
    bench.queue(max_length=1, overflow=overflow, dead_letter_exchange="", dead_letter_key="dead")
    channel = bench.confirming()
    bench.put("1", "2", by=channel)
    assert bench.confirms == [(1, True), (2, False)]
    assert bench.drain("dead") == dead


def test_a_length_of_zero_is_for_consumers_that_wait() -> None:
    bench = Bench()
    bench.queue(max_length=0)
    bench.put("nobody")
    bench.consume("a")
    bench.put("somebody")
    assert bench.got["a"] == ["somebody"]
    assert bench.left() == [("nobody", "maxlen")]


def test_an_alarm_blocks_and_the_last_one_to_clear_unblocks() -> None:
    bench = Bench()
    told: list[tuple[bool, str]] = []
    bench.channel.connection.on_blocked = lambda blocked, reason: told.append((blocked, reason))
    for kind, raised in (("memory", True), ("disk", True), ("memory", False), ("disk", False)):
        bench.broker.set_alarm(kind, raised)
    assert told == [(True, "low on memory"), (False, "")]


def test_an_overdue_acknowledgement_closes_its_channel_at_the_next_look() -> None:
    bench = Bench("4.0", consumer_timeout=90)
    bench.queue()
    channel = bench.consume("a")
    bench.broker.advance(10)
    bench.put("m")
    bench.broker.advance(119)
    assert channel.closed_by is None
    bench.broker.advance(120)
    [closed] = [event for event in bench.journal.of(ChannelClosed) if event.code]
    assert (closed.time, closed.code) == (120, 406)
    assert closed.text.startswith(
        "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 90000 ms."
    )
    assert bench.drain() == ["m*"]


def test_in_4_3_it_cancels_the_consumer_of_a_quorum_queue_and_leaves_a_classic_one_alone() -> None:
    bench = Bench("4.3", consumer_timeout=90)
    bench.queue()
    bench.queue("quorum", kind="quorum")
    classic, quorum = bench.consume("a"), bench.consume("b", queue="quorum")
    bench.put("m")
    bench.put("n", to="quorum")
    bench.broker.advance(121)
    assert (list(classic.unacked), list(quorum.unacked), quorum.closed_by) == ([1], [], None)
    assert [event.tag for event in bench.journal.of(ConsumerCancelled)] == ["b"]
    assert bench.drain("quorum") == ["n*"]


def test_time_does_not_run_backwards() -> None:
    bench = Bench()
    bench.broker.advance(5)
    with pytest.raises(SimulationError, match=r"at 5\.?0? s and can't go back to 4"):
        bench.broker.advance(4)
    assert bench.broker.now == 5
