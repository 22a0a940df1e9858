"""Acknowledged, refused, given back, dead-lettered, in a transaction."""

from __future__ import annotations

import pytest

from mqsim.errors import ChannelError
from tests.broker.bench import Bench, headers
from tests.broker.records import Acked, Copied, Requeued


def test_a_requeued_message_goes_back_to_its_place_and_is_marked() -> None:
    bench = Bench()
    bench.queue()
    bench.put(*"abcde")
    for _ in range(3):
        bench.channel.get("q")
    bench.channel.nack(2)
    bench.channel.nack(1)
    assert bench.drain() == ["a*", "b*", "d", "e"]


def test_a_requeued_message_goes_back_to_its_place_within_its_priority() -> None:
    bench = Bench()
    bench.queue(max_priority=3)
    for body, priority in (("1a", 1), ("1b", 1), ("3a", 3)):
        bench.put(body, priority=priority)
    for _ in range(2):
        bench.channel.get("q")
    bench.channel.nack(2, multiple=True)
    assert bench.drain() == ["3a*", "1a*", "1b"]


@pytest.mark.parametrize(("version", "expected"), [("3.10", ["3", "1*", "2*"]), ("4.0", ["1*", "2*", "3"])])
def test_where_a_nacked_message_of_a_quorum_queue_goes(version: str, expected: list[str]) -> None:
    bench = Bench(version)
    bench.queue(kind="quorum")
    bench.put(*"123")
    for _ in range(2):
        bench.channel.get("q")
    for tag in (1, 2):
        bench.channel.nack(tag)
    assert bench.drain() == expected


def test_a_closing_channel_gives_back_in_order_and_says_why() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.consume("a", prefetch=3)
    bench.put(*"1234")
    channel.ack(2)
    channel.close()
    back = [(event.body, event.reason) for event in bench.journal.of(Requeued)]
    assert back == [("1", "closed"), ("3", "closed"), ("4", "closed")]
    assert bench.drain() == ["1*", "3*", "4*"]


def test_recover_gives_back_all_that_the_channel_holds() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.consume("a", prefetch=2)
    bench.put(*"123")
    channel.recover()
    assert bench.got["a"] == ["1", "2", "1*", "2*"]
    assert bench.tags["a"] == [1, 2, 3, 4]


def test_multiple_covers_all_up_to_the_tag_and_zero_covers_all() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.consume("a")
    bench.put(*"12345")
    channel.ack(2, multiple=True)
    assert [event.body for event in bench.journal.of(Acked)] == ["1", "2"]
    channel.nack(0, multiple=True, requeue=False)
    assert bench.left() == [("3", "rejected"), ("4", "rejected"), ("5", "rejected")]
    channel.ack(0, multiple=True)


def test_what_was_held_of_a_deleted_queue_can_be_acknowledged_and_goes_with_its_channel() -> None:
    bench = Bench()
    bench.queue()
    channel = bench.consume("a", prefetch=2)
    bench.put("1", "2", "3")
    assert bench.channel.delete_queue("q") == 1
    channel.ack(1)
    channel.close()
    assert bench.left() == [("3", "deleted"), ("2", "deleted")]


@pytest.mark.parametrize("how", ["nack", "reject"])
def test_rejected_without_requeue_a_message_is_dead_lettered(how: str) -> None:
    bench = Bench()
    bench.queue("dead")
    bench.queue(dead_letter_exchange="", dead_letter_key="dead")
    bench.put("m")
    tag, _ = bench.channel.get("q") or (0, None)
    getattr(bench.channel, how)(tag, requeue=False)
    _, message = bench.channel.get("dead") or (0, None)
    assert message is not None
    death = {
        "count": 1,
        "reason": "rejected",
        "queue": "q",
        "time": 0.0,
        "exchange": "",
        "routing-keys": ["q"],
    }
    assert headers(message)["x-death"] == [death]
    assert headers(message)["x-first-death-reason"] == "rejected"
    assert bench.left() == [("m", "dead-lettered")]
    assert [event.reason for event in bench.journal.of(Copied)] == ["rejected"]


def test_a_circle_without_a_rejection_is_cut() -> None:
    bench = Bench()
    bench.queue("a", message_ttl=1, dead_letter_exchange="", dead_letter_key="b")
    bench.queue("b", message_ttl=1, dead_letter_exchange="", dead_letter_key="a")
    bench.put("m", to="a")
    bench.broker.advance(10)
    assert bench.left("a") == [("m", "dead-lettered")]
    assert bench.left("b") == [("m", "cycle")]


def test_dead_lettering_to_nowhere_loses_the_message_and_says_so() -> None:
    bench = Bench()
    bench.queue(dead_letter_exchange="missing")
    bench.put("m")
    bench.channel.get("q")
    bench.channel.reject(1, requeue=False)
    assert bench.left() == [("m", "dead-letter-unroutable")]


@pytest.mark.parametrize(("version", "deliveries"), [("3.10", 25), ("4.0", 21), ("4.3", 25)])
def test_a_nack_counts_towards_the_default_limit_of_a_quorum_queue_in_4_0_alone(
    version: str, deliveries: int
) -> None:
    bench = Bench(version)
    bench.queue(kind="quorum")
    channel = bench.consume("a", prefetch=1)
    bench.put("m")
    while channel.unacked and len(bench.got["a"]) < 25:
        channel.nack(bench.tags["a"][-1])
    assert len(bench.got["a"]) == deliveries


def test_a_transaction_publishes_and_acknowledges_at_its_commit() -> None:
    bench = Bench()
    bench.queue()
    bench.put("old")
    channel = bench.new_channel()
    channel.tx_select()
    channel.get("q")
    bench.put("new", by=channel)
    channel.ack(1)
    assert (bench.ready(), bench.broker.queues["q"].unacked) == (0, 1)
    channel.tx_commit()
    assert (bench.ready(), bench.broker.queues["q"].unacked) == (1, 0)


def test_a_rollback_forgets_publishes_and_holds_deliveries_again() -> None:
    bench = Bench()
    bench.queue()
    bench.put("a", "b")
    channel = bench.new_channel()
    channel.tx_select()
    channel.get("q")
    channel.get("q")
    bench.put("new", by=channel)
    channel.ack(2)
    channel.nack(1)
    channel.tx_rollback()
    assert (bench.ready(), list(channel.unacked)) == (0, [1, 2])
    channel.close()
    assert bench.drain() == ["a*", "b*"]


def test_the_mark_of_an_acknowledgement_twice_in_a_transaction_is_406() -> None:
    bench = Bench()
    bench.queue()
    bench.put("a")
    channel = bench.new_channel()
    channel.tx_select()
    channel.get("q")
    channel.ack(1)
    with pytest.raises(ChannelError, match="unknown delivery tag 1"):
        channel.ack(1)
    assert bench.drain() == ["a*"]


@pytest.mark.parametrize("kind", ["classic", "quorum"])
@pytest.mark.parametrize("reason", ["maxlen", "expired", "rejected"])
def test_a_chain_of_dead_letter_queues_may_be_long(reason: str, kind: str) -> None:
    length = 300
    bench = Bench()
    for number in range(length):
        limit = {"maxlen": {"max_length": 0}, "expired": {"message_ttl": 0.0}}.get(reason, {})
        if reason == "rejected" and number:
            limit = {"max_length": 0}
        bench.queue(
            f"q{number}", kind=kind, dead_letter_exchange="", dead_letter_key=f"q{number + 1}", **limit
        )
    bench.queue(f"q{length}", kind=kind)
    server = bench.confirming()
    bench.put("m", to="q0", by=server)
    if reason == "rejected":
        tag, _ = bench.channel.get("q0") or (0, None)
        bench.channel.reject(tag, requeue=False)
    bench.broker.advance(1.0)
    answer = bench.channel.get(f"q{length}")
    assert answer is not None
    deaths = headers(answer[1])["x-death"]
    assert isinstance(deaths, list)
    assert [death["queue"] for death in deaths] == [f"q{number}" for number in reversed(range(length))]
    assert bench.confirms == [(1, True)]
