"""Queues that do not outlive a node: transient, exclusive, auto-delete, named by the server."""

from __future__ import annotations

from tests.conformance.cluster_script import ClusterWorld, Played, befalls

KILL = ("kill 1", "start 1")
STOP = ("stop 1", "start 1")
KINDS = ("transient", "auto-delete", "auto-delete, transient", "auto-delete, used")


def _fleeting(w: ClusterWorld, how: str) -> Played:
    ch = w.channel()
    ch.declare("transient", durable=False)
    ch.declare("auto-delete", auto_delete=True)
    ch.declare("auto-delete, transient", auto_delete=True, durable=False)
    ch.declare("auto-delete, used", auto_delete=True)
    ch.declare("exclusive", exclusive=True)
    named = ch.declare("", durable=False)
    named_name = named["queue"] if isinstance(named, dict) and "queue" in named else ""
    own = ch.declare("", exclusive=True)["queue"]
    other = w.channel(node=2)
    other.consume("auto-delete, used", "c")
    other.exchange("e", "direct")
    for name in ("transient", "auto-delete"):
        other.bind(name, "e", name)
    yield f"{how} 1"
    w.sleep(1.5)
    w.patient(3.0)
    w.see("the consumer at another node", other.events())
    ch = w.channel(node=2)
    ch.confirm()
    for name in ("transient", "auto-delete"):
        ch.publish(name, name, "e", mandatory=True)
        w.see(f"a publish by the binding of {name}", ch.events())
    for name in (*KINDS, "exclusive"):
        w.see(f"{name}, passive", w.channel(node=2).declare(name, passive=True))
    for what, name in (("named by the server", named_name), ("named by the server, exclusive", own)):
        w.see(f"{what}, passive", w.channel(node=2).declare(name, passive=True))
    w.see("transient, declared anew", w.channel(node=2).declare("transient", durable=False))
    w.see("exclusive, declared anew", w.channel(node=2).declare("exclusive", exclusive=True))
    yield "start 1"
    w.patient(8.0)
    w.sleep(2.0)
    for name in KINDS:
        w.see(f"{name}, once the node is back", w.channel(node=2).declare(name, passive=True))


@befalls(*KILL)
def fleeting_queues_of_a_node_that_was_killed(w: ClusterWorld) -> Played:
    """Transient, exclusive, auto-delete and server-named queues of a node that was killed."""
    yield from _fleeting(w, "kill")


@befalls(*STOP)
def fleeting_queues_of_a_node_that_was_stopped(w: ClusterWorld) -> Played:
    """The same after an orderly stop."""
    yield from _fleeting(w, "stop")


@befalls(*KILL)
def declaring_while_a_node_is_down(w: ClusterWorld) -> Played:
    """New queues, exchanges and bindings while one node of three is down."""
    yield "kill 1"
    ch = w.channel(node=2)
    w.see("classic", ch.declare("classic"))
    w.see("quorum", ch.declare("quorum", arguments={"x-queue-type": "quorum"}))
    w.see("exchange", ch.exchange("e", "topic"))
    w.see("binding", ch.bind("quorum", "e", "#"))
    ch.confirm()
    w.see("a publish", ch.put("m", "k", "e"))
    yield "start 1"
    w.see("by the node that was down", w.channel().get("quorum"))
