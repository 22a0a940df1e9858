"""A rolling restart of three nodes, each stopped in order and back before the next one goes."""

from __future__ import annotations

from tests.conformance.cluster_facts.elections import QUORUM
from tests.conformance.cluster_script import ClusterWorld, Played, befalls
from tests.conformance.script import bodies

ROLLING = ("stop 1", "start 1", "stop 2", "start 2", "stop 3", "start 3")


@befalls(*ROLLING)
def rolling_restart_of_a_quorum_queue(w: ClusterWorld) -> Played:
    """A quorum queue takes and keeps everything over a rolling restart."""
    w.channel().declare("q", arguments=QUORUM)
    w.sleep(1.0)
    ch = w.channel()
    ch.fill("q", "before")
    for n in (1, 2, 3):
        yield f"stop {n}"
        w.patient(40.0)
        publisher = w.channel(node=n % 3 + 1)
        publisher.confirm()
        w.see(f"while {n} is down", publisher.put(f"while {n} is down", "q", delivery_mode=1))
        yield f"start {n}"
        w.sleep(2.0)
        publisher = w.channel(node=n)
        publisher.confirm()
        w.see(f"through {n} when it is back", publisher.put(f"{n} is back", "q"))
    reader = w.channel()
    w.see("in the queue", bodies([reader.get("q") for _ in range(7)]))
    w.see("then", reader.get("q"))


@befalls(*ROLLING)
def rolling_restart_of_a_classic_queue(w: ClusterWorld) -> Played:
    """A classic queue is away while its own node is; what is durable and persistent stays."""
    ch = w.channel()
    ch.declare("q")
    ch.exchange("e", "topic")
    ch.exchange("transient", "topic", durable=False)
    ch.bind("q", "e", "#")
    ch.fill("q", "persistent")
    ch.put("transient", "q", delivery_mode=1)
    for n in (1, 2, 3):
        yield f"stop {n}"
        w.sleep(1.0)
        other = w.channel(node=n % 3 + 1)
        w.see(f"while {n} is down", other.declare("q", passive=True))
        w.see(f"its exchange while {n} is down", w.channel(node=n % 3 + 1).exchange("e", passive=True))
        yield f"start {n}"
        w.sleep(1.0)
        w.see(f"{n} is back", w.channel(node=n).declare("q", passive=True))
    w.see("the transient exchange", w.channel().exchange("transient", passive=True))
    ch = w.channel()
    ch.confirm()
    ch.publish("by the binding", "k", "e", mandatory=True)
    w.see("a publish by its binding", ch.events())


@befalls(*ROLLING)
def rolling_restart_of_a_consumer_that_connects_again(w: ClusterWorld) -> Played:
    """A consumer that goes to the next node sees what it held once more, and nothing twice besides."""
    w.channel().declare("q", arguments=QUORUM)
    w.sleep(1.0)
    w.channel(node=2).fill("q", "1", "2", "3", "4")
    ch = w.channel()
    ch.qos(1)
    ch.consume("q", "c")
    got = bodies(ch.take(1))
    for n in (1, 2, 3):
        yield f"stop {n}"
        w.patient(40.0)
        ch = w.channel(node=n % 3 + 1)
        ch.qos(1)
        w.see(f"consuming while {n} is down", ch.consume("q", "c"))
        got += bodies(ch.take(1))
        ch.ack(1)
        got += bodies(ch.take(1))
        yield f"start {n}"
        w.sleep(2.0)
    w.see("deliveries", got)
