"""Long random histories of a classic queue, step by step beside a plain model of one.

MQSIM_STATEFUL_RUNS says how many histories (60 unless told; before a release 10,000).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mqsim.errors import ChannelError
from tests.broker.bench import Bench
from tests.broker.plain_queue import PlainQueue, Worker
from tests.broker.records import Acked, Enqueued, Left

if TYPE_CHECKING:
    from mqsim.broker import Channel, Message

RUNS = int(os.environ.get("MQSIM_STATEFUL_RUNS", "60"))


class QueueHistory(RuleBasedStateMachine):
    """The broker, the model, and what both have seen."""

    @initialize(ttl=st.sampled_from([None, None, 3.0]), most=st.sampled_from([None, None, 2, 4]))
    def begin(self, ttl: float | None, most: int | None) -> None:
        self.bench = Bench()
        self.bench.queue(message_ttl=ttl, max_length=most)
        self.plain = PlainQueue(ttl, most)
        self.channels: dict[str, Channel] = {}
        self.sent: list[tuple[str, int, bool]] = []
        self.named = 0
        self.publisher = self.bench.confirming()
        self.published = 0

    # -- what can happen

    @rule(persistent=st.booleans(), count=st.integers(1, 4))
    def publish(self, persistent: bool, count: int) -> None:
        for _ in range(count):
            body = str(len(self.plain.items))
            self.bench.put(body, by=self.publisher, persistent=persistent)
            self.plain.publish(persistent)
            self.published += 1

    @rule(prefetch=st.integers(0, 3), auto=st.sampled_from([False, False, False, True]))
    def subscribe(self, prefetch: int, auto: bool) -> None:
        if len(self.channels) == 4:
            return
        self.named += 1
        name = f"c{self.named}"
        channel = self.channels[name] = self.bench.new_channel()
        channel.qos(prefetch)
        channel.consume("q", self._take, tag=name, no_ack=auto)
        self.plain.subscribe(Worker(name, prefetch, auto))

    def _take(self, consumer: Any, tag: int, message: Message) -> None:
        self.sent.append((consumer.tag, int(message.envelope.body), message.redelivered))

    def _some_worker(self, data: st.DataObject) -> Worker:
        return data.draw(st.sampled_from(self.plain.workers))

    def _some_tag(self, data: st.DataObject, worker: Worker) -> int:
        return data.draw(st.sampled_from(sorted(worker.held)))

    def _holding(self) -> list[Worker]:
        return [worker for worker in self.plain.workers if worker.held]

    @precondition(lambda self: hasattr(self, "plain") and self._holding())
    @rule(
        data=st.data(), how=st.sampled_from(["ack", "ack", "nack", "reject", "drop"]), multiple=st.booleans()
    )
    def settle(self, data: st.DataObject, how: str, multiple: bool) -> None:
        worker = data.draw(st.sampled_from(self._holding()))
        tag = self._some_tag(data, worker)
        tags = (
            [each for each in sorted(worker.held) if each <= tag] if multiple and how != "reject" else [tag]
        )
        channel = self.channels[worker.name]
        if how == "ack":
            channel.ack(tag, multiple=multiple)
            self.plain.end(worker, tags, "acked")
        elif how == "drop":
            channel.nack(tag, multiple=multiple, requeue=False)
            self.plain.end(worker, tags, "rejected")
        else:
            channel.nack(tag, multiple=multiple) if how == "nack" else channel.reject(tag)
            self.plain.give_back(worker, tags)

    @precondition(lambda self: hasattr(self, "plain") and self.plain.workers)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        worker = self._some_worker(data)
        self.channels[worker.name].cancel(worker.name)
        self.plain.cancel(worker)

    @precondition(lambda self: hasattr(self, "plain") and self.plain.workers)
    @rule(data=st.data(), whole=st.booleans())
    def leave(self, data: st.DataObject, whole: bool) -> None:
        worker = self._some_worker(data)
        channel = self.channels.pop(worker.name)
        channel.connection.close() if whole else channel.close()
        self.plain.leave(worker)

    @precondition(lambda self: hasattr(self, "plain") and self.plain.workers)
    @rule(data=st.data())
    def acknowledge_what_is_not_there(self, data: st.DataObject) -> None:
        worker = self._some_worker(data)
        channel = self.channels.pop(worker.name)
        with pytest.raises(ChannelError, match="unknown delivery tag"):
            channel.ack(worker.last_tag + data.draw(st.integers(1, 3)), multiple=data.draw(st.booleans()))
        self.plain.leave(worker)

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0]))
    def wait(self, seconds: float) -> None:
        self.bench.broker.advance(self.bench.broker.now + seconds)
        self.plain.wait(seconds)

    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        broker = self.bench.broker
        broker.kill() if killed else broker.stop()
        self.plain.restart(killed)
        broker.start()
        self.channels.clear()
        self.publisher = self.bench.confirming()
        self.bench.confirms.clear()
        self.published = 0

    # -- what must hold

    @invariant()
    def the_same_was_sent_to_the_same_in_the_same_order(self) -> None:
        if hasattr(self, "plain"):
            assert self.sent == self.plain.sent

    @invariant()
    def the_same_is_ready_in_the_same_order(self) -> None:
        if hasattr(self, "plain"):
            ready = [(int(m.envelope.body), m.redelivered) for m in self.bench.broker.queues["q"].ready]
            assert ready == [(item.number, item.redelivered) for item in self.plain.ready]
            assert self.bench.ready() == len(ready)

    @invariant()
    def every_message_is_in_exactly_one_place(self) -> None:
        if not hasattr(self, "plain"):
            return
        journal = self.bench.journal
        places = [int(event.body) for event in (*journal.of(Acked), *journal.of(Left))]
        places += [int(message.envelope.body) for message in self.bench.broker.queues["q"].ready]
        for channel in self.channels.values():
            places += [int(message.envelope.body) for message, _, _ in channel.unacked.values()]
        assert sorted(places) == list(range(len(self.plain.items)))
        assert len(journal.of(Enqueued)) == len(self.plain.items)

    @invariant()
    def every_end_is_the_same(self) -> None:
        if hasattr(self, "plain"):
            journal = self.bench.journal
            ends = {int(event.body): "acked" for event in journal.of(Acked)}
            ends |= {int(event.body): event.reason for event in journal.of(Left)}
            assert ends == {item.number: item.fate for item in self.plain.items if item.fate}

    @invariant()
    def nobody_holds_more_than_its_prefetch(self) -> None:
        if not hasattr(self, "plain"):
            return
        held = 0
        for worker in self.plain.workers:
            unacked = self.channels[worker.name].unacked
            assert list(unacked) == sorted(worker.held)
            assert not worker.prefetch or worker.auto or len(unacked) <= worker.prefetch
            held += len(unacked)
        assert self.bench.broker.queues["q"].unacked == held

    @invariant()
    def every_publish_has_one_confirm(self) -> None:
        if hasattr(self, "plain"):
            assert self.bench.confirms == [(n, True) for n in range(1, self.published + 1)]


def test_a_classic_queue_does_what_a_plain_one_does() -> None:
    run_state_machine_as_test(
        QueueHistory, settings=settings(max_examples=RUNS, stateful_step_count=40, deadline=None)
    )
