"""Quorum queues whose leader goes: the pause, what was under way, what consumers held."""

from __future__ import annotations

from tests.conformance.cluster_script import ClusterWorld, Played, band, befalls
from tests.conformance.script import Channel, Seen, bodies

QUORUM = {"x-queue-type": "quorum"}
KILL = ("kill 1", "start 1")
STOP = ("stop 1", "start 1")


def _declare(w: ClusterWorld, name: str = "q", node: int = 1) -> None:
    """A quorum queue whose leader is where it was declared."""
    w.channel(node).declare(name, arguments=QUORUM)
    w.sleep(1.0)


def _pause(w: ClusterWorld, how: str) -> Played:
    _declare(w)
    ch = w.channel(node=2)
    ch.confirm()
    ch.put("before", "q")
    yield f"{how} 1"
    ch.publish("right after", "q")
    came: list[str] = []

    def confirmed() -> bool:
        came.extend(ch._confirms)  # type: ignore[attr-defined]
        return bool(came)

    took = w.wait_for(confirmed, 40.0)
    w.see("the confirm came", band(took))
    w.see("as", ch.confirms(1))
    w.see("then", ch.put("later", "q"))
    reader = w.channel(node=3)
    w.see("in the queue", bodies([reader.get("q") for _ in range(4)][:3]))
    yield "start 1"


@befalls(*KILL)
def quorum_publish_when_the_leader_was_killed(w: ClusterWorld) -> Played:
    """A publish while there is no leader is confirmed late, and once."""
    yield from _pause(w, "kill")


@befalls(*STOP)
def quorum_publish_when_the_leader_was_stopped(w: ClusterWorld) -> Played:
    """The same after an orderly stop."""
    yield from _pause(w, "stop")


def _holding(w: ClusterWorld, how: str) -> Played:
    _declare(w)
    ch = w.channel(node=2)
    ch.fill("q", "1", "2", "3", "4")
    ch.qos(2)
    ch.consume("q", "c")
    w.see("deliveries", bodies(ch.take(2)))
    ch.events()
    yield f"{how} 1"
    ch.ack(1)
    w.patient(40.0)
    w.see("after an ack while there is no leader", bodies(ch.take(1)))
    w.patient(8.0)
    w.see("the channel", ch.fate())
    w.see("what else it sees", ch.events())
    ch.ack(2)
    w.see("after the next ack", bodies(ch.take(1)))
    yield "start 1"
    w.see("once the node is back", ch.events())
    w.see("counts", w.channel(node=3).declare("q", passive=True))


@befalls(*KILL)
def quorum_consumer_elsewhere_when_the_leader_was_killed(w: ClusterWorld) -> Played:
    """A consumer at another node keeps what it holds over an election; its acks count."""
    yield from _holding(w, "kill")


@befalls(*STOP)
def quorum_consumer_elsewhere_when_the_leader_was_stopped(w: ClusterWorld) -> Played:
    """The same after an orderly stop."""
    yield from _holding(w, "stop")


def _there(w: ClusterWorld, how: str, leader: int) -> Played:
    _declare(w, node=leader)
    near, far = w.channel(), w.channel(node=2)
    far.fill("q", "1", "2", "3", "4")
    near.qos(2)
    near.consume("q", "near")
    w.see("deliveries", bodies(near.take(2)))
    yield f"{how} 1"
    w.sleep(3.0)
    far.qos(10)
    w.patient(40.0)
    w.see("consuming at another node", far.consume("q", "far"))
    w.see("what that gets", far.take(4))
    w.patient(8.0)
    w.see("and then", far.rest())
    yield "start 1"
    w.sleep(3.0)
    w.see("once the node is back", far.rest())


@befalls(*KILL)
def quorum_consumer_at_the_leader_that_was_killed(w: ClusterWorld) -> Played:
    """What a consumer held whose node was killed, the leader's: redelivered to another, with its count."""
    yield from _there(w, "kill", 1)


@befalls(*STOP)
def quorum_consumer_at_the_leader_that_was_stopped(w: ClusterWorld) -> Played:
    """The same after an orderly stop."""
    yield from _there(w, "stop", 1)


@befalls(*KILL)
def quorum_consumer_at_a_follower_that_was_killed(w: ClusterWorld) -> Played:
    """What a consumer held whose node was killed, while the leader lives elsewhere."""
    yield from _there(w, "kill", 2)


@befalls(*STOP)
def quorum_consumer_at_a_follower_that_was_stopped(w: ClusterWorld) -> Played:
    """The same after an orderly stop."""
    yield from _there(w, "stop", 2)


@befalls("kill 3", "start 3")
def quorum_deliveries_of_a_client_whose_node_was_killed(w: ClusterWorld) -> Played:
    """How long it takes until what a consumer held whose node was killed goes to another one."""
    _declare(w, node=2)
    near, far = w.channel(node=3), w.channel()
    far.fill("q", "1", "2")
    near.consume("q", "near")
    w.see("deliveries", bodies(near.take(2)))
    far.consume("q", "far")
    yield "kill 3"
    came: list[object] = far._messages  # type: ignore[attr-defined]
    took = w.wait_for(lambda: len(came) >= 2, 150.0)
    w.see("they come to another, after seconds", took and round(took, -1))
    w.see("as", far.take(2))
    yield "start 3"


def _ask(ch: Channel, what: str) -> Seen:
    match what:
        case "get":
            return ch.get("q")
        case "passive declare":
            return ch.declare("q", passive=True)
        case "declare":
            return ch.declare("q", arguments=QUORUM)
        case "consume":
            return ch.consume("q", "c")
        case "bind":
            return ch.bind("q", "amq.fanout")
        case "purge":
            return ch.purge("purged")
        case _:
            return ch.delete("deleted")


ASKED = ("passive declare", "declare", "bind", "purge", "delete", "get", "consume")


@befalls(*KILL)
def quorum_asked_after_an_election(w: ClusterWorld) -> Played:
    """Methods about a quorum queue a few seconds after its leader was killed, on channels that are there."""
    ch = w.channel()
    for name in ("q", "purged", "deleted"):
        ch.declare(name, arguments=QUORUM)
    w.sleep(1.0)
    ch.fill("q", "1")
    ch.fill("purged", "1", "2")
    channels = [w.channel(node=2) for _ in ASKED]
    yield "kill 1"
    w.sleep(6.0)
    w.patient(40.0)
    for channel, what in zip(channels, ASKED, strict=True):
        w.see(what, _ask(channel, what))
    yield "start 1"


@befalls(*KILL)
def quorum_with_a_follower_that_was_killed(w: ClusterWorld) -> Played:
    """The death of a follower is not noticed."""
    _declare(w, node=2)
    ch = w.channel(node=3)
    ch.confirm()
    ch.consume("q", "c")
    yield "kill 1"
    ch.publish("m", "q")
    w.see("at once", sorted(ch.events()))
    yield "start 1"


@befalls(*KILL)
def quorum_single_active_consumer_when_the_leader_was_killed(w: ClusterWorld) -> Played:
    """The single active consumer at another node stays the active one over an election."""
    w.channel().declare("q", arguments={**QUORUM, "x-single-active-consumer": True})
    w.sleep(1.0)
    first, second = w.channel(node=2), w.channel(node=3)
    first.consume("q", "first")
    second.consume("q", "second")
    second.fill("q", "1")
    w.see("before", bodies(first.take(1)))
    yield "kill 1"
    w.patient(40.0)
    second.put("2", "q")
    w.patient(8.0)
    w.see("the first one", bodies(first.take(1)))
    w.see("the second one", bodies(second.rest()))
    yield "start 1"
