"""What must never happen, in long random histories: disks lag, nodes die, leaders are elected.

A confirmed, persistent message is never lost, also when a node falls silent; no publish is confirmed twice;
a message is in one place; nobody holds more than its prefetch; only a queue that is led has a leader.
"""

from __future__ import annotations

import os
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mqsim.broker import (
    Channel,
    ChannelState,
    ClassicQueue,
    Leadership,
    Message,
    NodeState,
    ReplicatedQueue,
)
from mqsim.broker.queues.availability import Silent
from mqsim.broker.queues.classic import UnreachableQueue
from tests.broker.bench import Bench
from tests.broker.records import Acked, Left

RUNS = int(os.environ.get("MQSIM_STATEFUL_RUNS", "60"))
NODES = ("broker-1", "broker-2", "broker-3")
PREFETCH = 2


class Elsewhere:
    """The disk and the other members: they do what they are asked when the history says so."""

    def __init__(self) -> None:
        self.writes: list[int] = []
        self.entries: list[int] = []
        self.elections: list[str] = []

    def store(self, write: int, message: Message) -> None:
        self.writes.append(write)

    def forget(self, write: int, message: Message) -> None:
        self.writes.append(write)

    def replicate(self, entry: int, queue: ReplicatedQueue, message: Message) -> None:
        self.entries.append(entry)

    def elect(self, queue: ReplicatedQueue) -> None:
        self.elections.append(queue.name)


class Safety(RuleBasedStateMachine):
    """A cluster of three, with a quorum queue and a classic one."""

    @initialize(version=st.sampled_from(["3.10", "4.0", "4.3"]))
    def begin(self, version: str) -> None:
        self.bench = Bench(version, nodes=3)
        self.broker = self.bench.broker
        self.elsewhere = Elsewhere()
        self.broker.storage = self.elsewhere
        self.broker.replication = self.elsewhere
        self.bench.queue("quorum", kind="quorum", delivery_limit=1_000)
        self.bench.queue("classic")
        self.channels: list[Channel] = []
        self.confirmed: dict[str, int] = {}
        self.refused: set[str] = set()
        self.published = 0

    @property
    def _quorum(self) -> Any:
        return self.broker.queues["quorum"]

    def _up(self) -> list[str]:
        return [node for node in NODES if self.broker.is_up(node)]

    @rule(queue=st.sampled_from(["quorum", "classic"]), node=st.sampled_from(NODES), count=st.integers(1, 3))
    def publish(self, queue: str, node: str, count: int) -> None:
        home = self.broker.nodes[self.broker.queues["classic"].node]
        if not self.broker.is_up(node) or (queue == "classic" and home is NodeState.DOWN):
            return
        channel = self.broker.connect("web", node=node).channel()
        bodies = [f"{queue} {self.published + n}" for n in range(count)]
        self.published += count

        def confirm(number: int, ok: bool) -> None:
            body = bodies[number - 1]
            assert body not in self.refused
            if ok:
                self.confirmed[body] = self.confirmed.get(body, 0) + 1
            else:
                # Only what was sent into a silence.
                assert home is NodeState.SILENT
                self.refused.add(body)

        channel.confirm_select(confirm)
        self.bench.put(*bodies, to=queue, by=channel)

    @rule(queue=st.sampled_from(["quorum", "classic"]), node=st.sampled_from(NODES))
    def subscribe(self, queue: str, node: str) -> None:
        self.channels = [channel for channel in self.channels if channel.state is ChannelState.OPEN]
        reachable = self.broker.is_up(self.broker.queues[queue].node)
        if queue == "quorum":
            reachable = self._quorum.state is not Leadership.WITHOUT_MAJORITY
        if len(self.channels) < 4 and self.broker.is_up(node) and reachable:
            channel = self.broker.connect("worker", node=node).channel()
            channel.qos(PREFETCH)
            channel.consume(queue, lambda *_: None)
            self.channels.append(channel)

    @rule(data=st.data(), how=st.sampled_from(["ack", "ack", "nack", "reject"]))
    def settle(self, data: st.DataObject, how: str) -> None:
        holding = [channel for channel in self.channels if channel.unacked]
        if holding:
            channel = data.draw(st.sampled_from(holding))
            getattr(channel, how)(data.draw(st.sampled_from(sorted(channel.unacked))))

    @rule(data=st.data())
    def a_client_dies(self, data: st.DataObject) -> None:
        if self.channels:
            channel = data.draw(st.sampled_from(self.channels))
            if channel.state is ChannelState.OPEN:
                channel.connection.close()

    @rule()
    def the_disk_writes(self) -> None:
        writes, self.elsewhere.writes = self.elsewhere.writes, []
        for write in writes:
            self.broker.stored(write)

    @rule(data=st.data())
    def the_members_answer(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(0, len(self.elsewhere.entries)))
        entries, self.elsewhere.entries = self.elsewhere.entries[:count], self.elsewhere.entries[count:]
        for entry in entries:
            self.broker.replicated(entry)

    @rule(data=st.data())
    def the_members_elect(self, data: st.DataObject) -> None:
        elections, self.elsewhere.elections = self.elsewhere.elections, []
        for name in elections:
            if self._up():
                self.broker.elected(name, data.draw(st.sampled_from(self._up())))

    @rule(node=st.sampled_from(NODES), killed=st.booleans())
    def a_node_goes(self, node: str, killed: bool) -> None:
        if self.broker.nodes[node] is not NodeState.DOWN:
            self.broker.node_down(node, killed)

    @rule(node=st.sampled_from(NODES))
    def a_node_comes(self, node: str) -> None:
        if self.broker.nodes[node] is NodeState.DOWN:
            self.broker.node_up(node)

    @rule(node=st.sampled_from(NODES))
    def a_node_falls_silent(self, node: str) -> None:
        if self.broker.is_up(node):
            self.broker.node_silent(node)

    @rule(node=st.sampled_from(NODES), resumed=st.booleans())
    def a_silent_node_is_suspected_or_goes_on(self, node: str, resumed: bool) -> None:
        if not resumed:
            self.broker.node_suspected(node)
        elif self.broker.nodes[node] is NodeState.SILENT:
            self.broker.node_resumed(node)

    @rule()
    def time_passes(self) -> None:
        if self.broker.state is NodeState.RUNNING:
            self.broker.advance(self.broker.now + 31)

    # -- what must hold

    def _places(self) -> dict[str, list[str]]:
        """Where each message is that is not done with."""
        places: dict[str, list[str]] = {}
        for queue in self.broker.queues.values():
            for message in queue.ready:
                places.setdefault(message.envelope.body.decode(), []).append("ready")
        for connection in self.broker.connections:
            for channel in connection.channels.values():
                for message, _, _ in channel.unacked.values():
                    if not isinstance(message.queue, UnreachableQueue):
                        places.setdefault(message.envelope.body.decode(), []).append("held")
        between = [message for held in self.broker.disconnected.held.values() for message in held]
        classic = self.broker.queues["classic"]
        assert isinstance(classic, ClassicQueue)
        if isinstance(classic.availability, Silent):
            between += classic.availability.unheard
        for message in between:
            places.setdefault(message.envelope.body.decode(), []).append("between")
        return places

    @invariant()
    def what_is_confirmed_is_somewhere_or_acknowledged(self) -> None:
        if not hasattr(self, "bench"):
            return
        done = {event.body for event in self.bench.journal.of(Acked)}
        places = self._places()
        assert [body for body in self.confirmed if body not in done and body not in places] == []
        lost = {event.body for event in self.bench.journal.of(Left)}
        assert lost & self.confirmed.keys() == set()

    @invariant()
    def nothing_is_in_two_places_or_confirmed_twice(self) -> None:
        if hasattr(self, "bench"):
            assert {body: where for body, where in self._places().items() if len(where) != 1} == {}
            assert [body for body, times in self.confirmed.items() if times != 1] == []

    @invariant()
    def nobody_holds_more_than_its_prefetch(self) -> None:
        if hasattr(self, "bench"):
            assert all(len(channel.unacked) <= PREFETCH for channel in self.channels)

    @invariant()
    def only_a_queue_that_is_led_has_a_leader_and_that_is_up(self) -> None:
        if hasattr(self, "bench"):
            queue = self._quorum
            assert (queue.state in (Leadership.LED, Leadership.SILENT)) == bool(queue.leader)
            assert (queue.state is Leadership.LED) == (bool(queue.leader) and self.broker.is_up(queue.leader))


def test_what_was_confirmed_is_never_lost() -> None:
    run_state_machine_as_test(
        Safety, settings=settings(max_examples=RUNS, stateful_step_count=40, deadline=None)
    )
