"""Several nodes: quorum queues, leaders, majorities, rolling restarts (SEMANTICS 27)."""

from __future__ import annotations

import pytest

from mqsim.broker import Message, QuorumQueue, State
from mqsim.broker.records import LeaderElected, LeaderLost
from mqsim.errors import ChannelError, SimulationError
from tests.broker.bench import Bench


class Members:
    """The other members of quorum queues; they answer when they are told to."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.entries: list[int] = []
        self.elections: list[str] = []
        bench.broker.replication = self

    def replicate(self, entry: int, queue: QuorumQueue, message: Message) -> None:
        self.entries.append(entry)

    def elect(self, queue: QuorumQueue) -> None:
        self.elections.append(queue.name)

    def answer(self) -> None:
        entries, self.entries = self.entries, []
        for entry in entries:
            self.bench.broker.replicated(entry)


def cluster(members: int = 3, version: str = "4.3") -> tuple[Bench, Members, QuorumQueue]:
    bench = Bench(version, nodes=members)
    bench.queue(kind="quorum", members=members)
    queue = bench.broker.queues["q"]
    assert isinstance(queue, QuorumQueue)
    return bench, Members(bench), queue


def test_a_publish_is_in_the_queue_and_confirmed_once_a_majority_has_it() -> None:
    bench, members, queue = cluster()
    channel = bench.confirming()
    bench.consume("a")
    bench.put("1", "2", by=channel)
    assert (bench.confirms, bench.got["a"], queue.waiting) == ([], [], 0)
    members.answer()
    assert (bench.confirms, bench.got["a"]) == ([(1, True), (2, True)], ["1", "2"])


def test_a_majority_for_an_entry_is_one_for_all_before_it() -> None:
    bench, members, _ = cluster()
    channel = bench.confirming()
    bench.put(*"123", by=channel)
    bench.broker.replicated(members.entries[1])
    assert bench.confirms == [(1, True), (2, True)]


def test_the_death_of_the_leader_pauses_elects_and_redelivers() -> None:
    bench, members, queue = cluster()
    publisher = bench.broker.connect("web", node="broker-2").channel()
    publisher.confirm_select(lambda number, ok: bench.confirms.append((number, ok)))
    bench.consume("near", prefetch=1, channel=bench.new_channel("broker-1"))
    bench.consume("far", prefetch=5, channel=bench.new_channel("broker-3"))
    bench.put("1", "2", by=publisher)
    members.answer()
    assert bench.got == {"near": ["1"], "far": ["2"]}
    bench.put("3", by=publisher)

    bench.broker.node_down("broker-1", killed=True)
    assert (queue.state, queue.leader, members.elections) == (State.ELECTING, "", ["q"])
    members.answer()
    bench.put("4", by=publisher)
    assert bench.confirms == [(1, True), (2, True)]
    assert bench.got["far"] == ["2"]
    assert publisher.get("q") is None

    bench.broker.elected("q", "broker-2")
    assert (queue.state, queue.leader) == (State.LED, "broker-2")
    assert bench.got["far"] == ["2", "1*"]
    members.answer()
    assert bench.confirms == [(1, True), (2, True), (3, True), (4, True)]
    assert bench.got["far"] == ["2", "1*", "3", "4"]
    assert [event.node for event in bench.journal.of(LeaderElected)] == ["broker-2"]


@pytest.mark.parametrize(("members", "survives"), [(3, 1), (4, 1), (5, 2)])
def test_a_quorum_queue_survives_the_loss_of_a_minority(members: int, survives: int) -> None:
    bench, replicas, queue = cluster(members)
    last = f"broker-{members}"
    publisher = bench.broker.connect("web", node=last).channel()
    for n in range(1, survives + 1):
        bench.broker.node_down(f"broker-{n}", killed=True)
        bench.broker.elected("q", last)
    bench.put("m", by=publisher)
    replicas.answer()
    assert queue.waiting == 1
    bench.broker.node_down(f"broker-{survives + 1}", killed=True)
    assert queue.state is State.WITHOUT_MAJORITY
    bench.put("n", by=publisher)
    replicas.answer()
    bench.broker.elected("q", last)
    assert (queue.state, queue.waiting) == (State.WITHOUT_MAJORITY, 1)
    bench.broker.node_up("broker-1")
    bench.broker.elected("q", last)
    replicas.answer()
    assert (queue.state, queue.waiting) == (State.LED, 2)


def test_without_a_replication_the_first_member_that_is_up_leads_at_once() -> None:
    bench = Bench(nodes=3)
    bench.queue(kind="quorum")
    bench.put("m")
    bench.broker.node_down("broker-1", killed=True)
    assert [event.node for event in bench.journal.of(LeaderElected)] == ["broker-2"]
    bench.channel = bench.new_channel()
    assert bench.drain() == ["m"]


def test_a_rolling_restart_of_three_nodes_loses_nothing() -> None:
    bench = Bench(nodes=3)
    bench.queue(kind="quorum")
    bench.put("before")
    for n in (1, 2, 3):
        bench.broker.node_down(f"broker-{n}")
        bench.channel = bench.new_channel()
        bench.put(f"while {n} is down", persistent=False)
        bench.broker.node_up(f"broker-{n}")
    assert bench.drain() == ["before", "while 1 is down", "while 2 is down", "while 3 is down"]
    # It was led by broker-1, then by broker-2, then by broker-1 again.
    assert len(bench.journal.of(LeaderLost)) == 2


def test_a_classic_queue_lives_on_one_node() -> None:
    bench = Bench(nodes=2)
    bench.queue()
    bench.put("persistent")
    bench.put("transient", persistent=False)
    other = bench.new_channel("broker-2")
    bench.consume("a", queue="q", prefetch=1, channel=other)
    bench.broker.node_down("broker-1")
    assert other.consumers == {}
    bench.put("nowhere", by=other)
    with pytest.raises(ChannelError, match="home node 'broker-1' of durable queue 'q' in vhost '/' is down"):
        other.get("q")
    bench.broker.node_up("broker-1")
    assert bench.left() == [("transient", "lost")]
    bench.channel = bench.new_channel()
    assert bench.drain() == ["persistent*"]


def test_a_kill_of_all_nodes_keeps_what_a_majority_had_and_no_more() -> None:
    bench, members, queue = cluster()
    bench.put("with a majority")
    members.answer()
    bench.put("without")
    bench.broker.kill()
    assert bench.left() == [("without", "lost")]
    bench.broker.start()
    bench.broker.elected("q", "broker-1")
    assert (queue.state, queue.waiting) == (State.LED, 1)


def test_the_last_node_to_go_takes_the_broker_with_it_and_the_first_to_come_brings_it_back() -> None:
    bench = Bench(nodes=2)
    bench.broker.node_down("broker-1")
    bench.broker.node_down("broker-2")
    assert bench.broker.state is State.DOWN
    bench.broker.node_up("broker-2")
    assert (bench.broker.state, bench.new_channel().connection.node) == (State.RUNNING, "broker-2")


def test_a_node_that_is_not_there_is_named() -> None:
    with pytest.raises(SimulationError, match="there is no node broker-9; there are broker-1, broker-2"):
        Bench(nodes=2).broker.node_down("broker-9")
