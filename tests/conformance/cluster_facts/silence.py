"""A node that falls silent (SIGSTOP, as a power-off or a partition) and goes on later."""

from __future__ import annotations

from tests.conformance.cluster_facts.elections import QUORUM
from tests.conformance.cluster_script import ClusterWorld, Played, band, befalls
from tests.conformance.script import Channel, bodies

SILENT = ("suspend 1", "resume 1", "kill 1", "start 1")


def _when_confirmed(w: ClusterWorld, ch: Channel, count: int, seconds: float) -> str:
    came: list[str] = ch._confirms  # type: ignore[attr-defined]
    return band(w.wait_for(lambda: len(came) >= count, seconds))


@befalls(*SILENT)
def quorum_leader_falls_silent(w: ClusterWorld) -> Played:
    """The leader falls silent: the others elect; what is published goes to the new leader; one remains."""
    w.channel().declare("q", arguments=QUORUM)
    w.sleep(1.0)
    near = w.connect()
    at_leader = near.channel()
    at_leader.confirm()
    far = w.channel(node=2)
    far.confirm()
    far.put("before", "q")
    yield "suspend 1"
    at_leader.publish("into the silence", "q")
    far.publish("right after", "q")
    w.see("the confirm at another node came", _when_confirmed(w, far, 1, 60.0))
    w.see("as", far.confirms(1))
    w.see("at the silent node", at_leader.confirms(0) or at_leader.fate())
    w.see("then", far.put("later", "q"))
    yield "resume 1"
    w.patient(40.0)
    w.see("the confirm of what was sent to the silent node", at_leader.confirms(1))
    w.see("its connection", near.fate())
    reader = w.channel(node=2)
    w.see("in the queue", sorted(bodies([reader.get("q") for _ in range(4)])))
    yield "kill 1"
    yield "start 1"


@befalls(*SILENT)
def quorum_consumer_at_a_leader_that_falls_silent(w: ClusterWorld) -> Played:
    """What a consumer holds whose node falls silent goes to another; its own acks afterwards."""
    w.channel().declare("q", arguments=QUORUM)
    w.sleep(1.0)
    near, far = w.channel(), w.channel(node=2)
    far.fill("q", "1", "2")
    near.qos(2)
    near.consume("q", "near")
    w.see("deliveries", bodies(near.take(2)))
    far.consume("q", "far")
    yield "suspend 1"
    came: list[object] = far._messages  # type: ignore[attr-defined]
    w.see("they come to another node", band(w.wait_for(lambda: len(came) >= 2, 60.0)))
    w.see("as", bodies(far.take(2)))
    yield "resume 1"
    w.sleep(3.0)
    near.ack(1)
    w.see("after the first one's ack", near.fate())
    w.see("what it sees", near.events())
    far.ack(1)
    far.ack(2)
    w.see("the second one's channel", far.fate())
    yield "kill 1"
    yield "start 1"


@befalls(*SILENT)
def quorum_follower_falls_silent(w: ClusterWorld) -> Played:
    """A follower that falls silent is not missed."""
    w.channel(node=2).declare("q", arguments=QUORUM)
    w.sleep(1.0)
    ch = w.channel(node=3)
    ch.confirm()
    yield "suspend 1"
    ch.publish("m", "q")
    w.see("the confirm came", _when_confirmed(w, ch, 1, 60.0))
    w.see("as", ch.confirms(1))
    yield "resume 1"
    yield "kill 1"
    yield "start 1"


@befalls(*SILENT)
def classic_queue_whose_node_falls_silent(w: ClusterWorld) -> Played:
    """A publish to a classic queue whose node falls silent is answered when the others give it up."""
    w.channel().declare("away")
    ch, consumer = w.channel(node=2), w.channel(node=3)
    consumer.consume("away", "c")
    ch.confirm()
    w.see("before", ch.put("before", "away"))
    w.see("delivery", bodies(consumer.take(1)))
    yield "suspend 1"
    ch.publish("m", "away")
    w.see("after a moment", ch.events())
    w.see("the confirm came", _when_confirmed(w, ch, 1, 60.0))
    w.see("as", ch.confirms(1))
    w.sleep(5.0)
    w.patient(3.0)
    w.see("passive declare", w.channel(node=2).declare("away", passive=True))
    w.patient(8.0)
    yield "resume 1"
    yield "kill 1"
    yield "start 1"
    w.sleep(2.0)
    w.see("in the queue afterwards", bodies([w.channel(node=2).get("away")]))


@befalls(*SILENT)
def client_of_a_node_that_falls_silent(w: ClusterWorld) -> Played:
    """A client without heartbeats sees nothing, and goes on when the node does."""
    connection = w.connect()
    ch = connection.channel()
    ch.declare("q")
    ch.confirm()
    yield "suspend 1"
    ch.publish("m", "q")
    w.sleep(15.0)
    w.see("in the silence", [connection.fate(), ch.events()])
    yield "resume 1"
    w.sleep(3.0)
    w.see("when it is back", [connection.fate(), ch.events()])
    yield "kill 1"
    yield "start 1"
