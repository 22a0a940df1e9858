"""Several nodes: quorum queues, leaders, majorities, rolling restarts."""

from __future__ import annotations

import pytest

from mqsim.broker import ChannelState, Leadership, Message, NodeState, QuorumQueue, ReplicatedQueue
from mqsim.errors import ChannelError, ConnectionError, NoAnswerError, SimulationError
from tests.broker.bench import Bench
from tests.broker.records import LeaderElected, LeaderLost


class Members:
    """The other members of quorum queues; they answer when they are told to."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.entries: list[int] = []
        self.elections: list[str] = []
        bench.broker.replication = self

    def replicate(self, entry: int, queue: ReplicatedQueue, message: Message) -> None:
        self.entries.append(entry)

    def elect(self, queue: ReplicatedQueue) -> None:
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


@pytest.mark.parametrize("version", ["3.10", "4.0"])
def test_the_death_of_the_leader_pauses_elects_and_redelivers(version: str) -> None:
    bench, members, queue = cluster(version=version)
    publisher = bench.broker.connect("web", node="broker-2").channel()
    publisher.confirm_select(lambda number, ok: bench.confirms.append((number, ok)))
    bench.consume("near", prefetch=1, channel=bench.new_channel("broker-1"))
    bench.consume("far", prefetch=5, channel=bench.new_channel("broker-3"))
    bench.put("1", "2", by=publisher)
    members.answer()
    assert bench.got == {"near": ["1"], "far": ["2"]}
    bench.put("3", by=publisher)

    bench.broker.node_down("broker-1", killed=True)
    assert (queue.state, queue.leader, members.elections) == (Leadership.ELECTING, "", ["q"])
    members.answer()
    bench.put("4", by=publisher)
    assert bench.confirms == [(1, True), (2, True)]
    assert bench.got["far"] == ["2"]
    told = r"\(541\) INTERNAL_ERROR - Cannot get a message from queue 'queue 'q' in vhost '/'': nodedown"
    with pytest.raises(ConnectionError, match=told):
        bench.new_channel("broker-3").get("q")

    bench.broker.elected("q", "broker-2")
    assert (queue.state, queue.leader) == (Leadership.LED, "broker-2")
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
    assert queue.state is Leadership.WITHOUT_MAJORITY
    bench.put("n", by=publisher)
    replicas.answer()
    bench.broker.elected("q", last)
    assert (queue.state, queue.waiting) == (Leadership.WITHOUT_MAJORITY, 1)
    bench.broker.node_up("broker-1")
    bench.broker.elected("q", last)
    replicas.answer()
    assert (queue.state, queue.waiting) == (Leadership.LED, 2)


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


@pytest.mark.parametrize(
    ("version", "confirmed", "told", "marked"),
    [
        ("3.10", True, "home node 'broker-1' of durable queue 'q' in vhost '/' is down", "*"),
        ("4.0", False, "queue 'q' in vhost '/' process is stopped by supervisor", "*"),
        ("4.3", False, "queue 'q' in vhost '/' process is stopped by supervisor", ""),
    ],
)
def test_a_classic_queue_lives_on_one_node(version: str, confirmed: bool, told: str, marked: str) -> None:
    bench = Bench(version, nodes=2)
    bench.queue()
    bench.put("persistent")
    bench.put("transient", persistent=False)
    other = bench.new_channel("broker-2")
    bench.consume("a", queue="q", prefetch=1, channel=other)
    cancelled: list[str] = []
    other.on_cancel = lambda consumer: cancelled.append(consumer.tag)
    bench.broker.node_down("broker-1")
    assert (other.consumers, cancelled) == ({}, ["a"])
    other.confirm_select(lambda number, ok: bench.confirms.append((number, ok)))
    bench.put("nowhere", by=other, mandatory=True)
    assert bench.confirms == [(1, confirmed)]
    other.ack(1)  # in vain: the queue has it back
    with pytest.raises(ChannelError, match=told):
        other.get("q")
    bench.broker.node_up("broker-1")
    assert ("transient", "lost") in bench.left()
    bench.channel = bench.new_channel()
    assert bench.drain() == [f"persistent{marked}"]


def test_a_kill_of_all_nodes_keeps_what_a_majority_had_and_no_more() -> None:
    bench, members, queue = cluster()
    bench.put("with a majority")
    members.answer()
    bench.put("without")
    bench.broker.kill()
    assert bench.left() == [("without", "lost")]
    bench.broker.start()
    bench.broker.elected("q", "broker-1")
    assert (queue.state, queue.waiting) == (Leadership.LED, 1)


def test_the_last_node_to_go_takes_the_broker_with_it_and_the_first_to_come_brings_it_back() -> None:
    bench = Bench(nodes=2)
    bench.broker.node_down("broker-1")
    bench.broker.node_down("broker-2")
    assert bench.broker.state is NodeState.DOWN
    bench.broker.node_up("broker-2")
    assert (bench.broker.state, bench.new_channel().connection.node) == (NodeState.RUNNING, "broker-2")


def test_a_node_that_is_not_there_is_named() -> None:
    with pytest.raises(SimulationError, match="there is no node broker-9; there are broker-1, broker-2"):
        Bench(nodes=2).broker.node_down("broker-9")


# -- clients of a node that was killed, and silence ----------------------------------------------------------


def test_what_a_client_of_a_killed_node_held_is_kept_for_a_minute() -> None:
    bench, members, queue = cluster()
    bench.consume("far", channel=bench.new_channel("broker-3"))
    bench.put("1")
    members.answer()
    bench.consume("near", channel=bench.new_channel("broker-2"))
    bench.broker.node_down("broker-3", killed=True)
    bench.broker.advance(59.0)
    assert (bench.got["near"], queue.unacked, queue.waiting) == ([], 1, 0)
    bench.broker.advance(60.0)
    assert (bench.got["near"], queue.unacked) == (["1*"], 1)


def test_it_comes_back_sooner_with_its_node_and_at_once_after_a_stop() -> None:
    for killed in (True, False):
        bench, members, _ = cluster()
        bench.consume("far", channel=bench.new_channel("broker-3"))
        bench.put("1")
        members.answer()
        bench.consume("near", channel=bench.new_channel("broker-2"))
        bench.broker.node_down("broker-3", killed=killed)
        assert bench.got["near"] == ([] if killed else ["1*"])
        bench.broker.advance(1.0)
        bench.broker.node_up("broker-3")
        assert bench.got["near"] == ["1*"]
        bench.broker.advance(61.0)
        assert bench.got["near"] == ["1*"]


def test_a_broker_that_is_killed_whole_gives_it_back_at_its_start() -> None:
    bench, members, queue = cluster()
    bench.consume("far", channel=bench.new_channel("broker-3"))
    bench.put("1")
    members.answer()
    bench.broker.node_down("broker-3", killed=True)
    bench.broker.kill()
    bench.broker.start()
    bench.broker.elected("q", "broker-1")
    bench.channel = bench.new_channel()
    assert (queue.unacked, bench.drain()) == (0, ["1*"])


def test_a_killed_classic_queue_gives_no_answer_until_its_node_is_back() -> None:
    bench = Bench(nodes=2)
    bench.queue()
    other = bench.new_channel("broker-2")
    bench.broker.node_down("broker-1", killed=True)
    for ask in (
        lambda: other.get("q"),
        lambda: other.purge("q"),
        lambda: other.declare_queue("q", passive=True),
    ):
        with pytest.raises(NoAnswerError, match="lives on node 'broker-1'"):
            ask()
    asked: list[object] = []
    bench.broker.waiting.append(lambda: asked.append(other.get("q")))
    bench.broker.node_up("broker-1")
    assert asked == [None]
    assert other.state is ChannelState.OPEN


def silent_classic() -> Bench:
    """A classic queue of broker-1, which is silent; broker-2's consumer holds a message."""
    bench = Bench(nodes=3)
    bench.queue()
    channel = bench.new_channel("broker-2")
    channel.confirm_select(lambda number, ok: bench.confirms.append((number, ok)))
    bench.put("held", by=channel)
    bench.consume("a", prefetch=1, channel=channel)
    bench.broker.node_silent("broker-1")
    bench.put("into the silence", by=channel)
    channel.ack(bench.tags["a"][0])
    assert bench.confirms == [(1, True)]
    assert bench.got["a"] == ["held"]
    return bench


def test_a_silent_node_that_goes_on_takes_what_it_was_asked() -> None:
    bench = silent_classic()
    bench.broker.node_resumed("broker-1")
    assert bench.confirms == [(1, True), (2, True)]
    assert bench.got["a"] == ["held", "into the silence"]


def test_a_silent_node_that_is_given_up_loses_it_and_publishers_are_told() -> None:
    bench = silent_classic()
    bench.broker.node_down("broker-1", killed=True)
    assert bench.confirms == [(1, True), (2, False)]
    assert bench.left() == [("into the silence", "lost")]
    bench.broker.node_up("broker-1")
    bench.channel = bench.new_channel()
    # The acknowledgement never came there.
    assert bench.drain() == ["held*"]


def test_a_silent_leader_hands_nothing_out_and_is_missed_later() -> None:
    bench, members, queue = cluster()
    channel = bench.new_channel("broker-2")
    bench.consume("a", channel=channel)
    bench.broker.node_silent("broker-1")
    assert (queue.state, members.elections) == (Leadership.SILENT, [])
    bench.put("1", by=channel)
    assert members.entries == []
    bench.broker.node_suspected("broker-1")
    assert (queue.state, members.elections) == (Leadership.ELECTING, ["q"])
    bench.broker.node_suspected("broker-2")  # it is not silent: no news
    bench.broker.elected("q", "broker-2")
    members.answer()
    assert bench.got["a"] == ["1"]
    bench.broker.node_resumed("broker-1")
    assert queue.leader == "broker-2"


def test_without_a_majority_of_nodes_nothing_can_be_declared() -> None:
    told = {
        "3.10": None,
        "4.0": None,
        "4.3": "Could not declare queue 'new' in vhost '/' on node 'broker-3' because the metadata store",
    }
    for version, text in told.items():
        bench = Bench(version, nodes=3)
        bench.broker.node_down("broker-1", killed=True)
        bench.broker.node_down("broker-2", killed=True)
        channel = bench.new_channel("broker-3")
        if text is None:
            assert channel.declare_queue("new", durable=True).waiting == 0
        else:
            with pytest.raises(ConnectionError, match=text):
                channel.declare_queue("new", durable=True)
            assert "new" not in bench.broker.queues
