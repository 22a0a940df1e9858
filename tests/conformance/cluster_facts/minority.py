"""Two of three nodes are down: what a quorum queue does without a majority, and when one is back."""

from __future__ import annotations

from tests.conformance.cluster_facts.elections import QUORUM
from tests.conformance.cluster_script import ClusterWorld, Played, band, befalls
from tests.conformance.script import Channel, Seen, bodies

TWO_DOWN = ("kill 1", "kill 2", "start 2", "start 1")
LONG = 40.0


@befalls(*TWO_DOWN)
def quorum_publish_without_a_majority(w: ClusterWorld) -> Played:
    """Without a majority there is no confirm, no nack and no return; one node more, and they come."""
    w.channel().declare("q", arguments=QUORUM)
    w.sleep(1.0)
    ch = w.channel(node=3)
    ch.confirm()
    ch.put("before", "q")
    ch.events()
    yield "kill 1"
    yield "kill 2"
    w.sleep(1.0)
    ch.publish("1", "q")
    ch.publish("2", "q", mandatory=True)
    ch.publish("nowhere", "no such queue", mandatory=True)
    w.sleep(15.0)
    w.see("after 15 s", ch.events())
    yield "start 2"
    w.patient(LONG)
    w.see("confirms once one is back", ch.confirms(3))
    reader = w.channel(node=3)
    w.see("in the queue", bodies([reader.get("q") for _ in range(3)]))
    yield "start 1"


@befalls(*TWO_DOWN)
def quorum_consumer_without_a_majority(w: ClusterWorld) -> Played:
    """A consumer without a majority: gets nothing more, is not cancelled; its acks count once one is back."""
    w.channel().declare("q", arguments=QUORUM)
    w.sleep(1.0)
    ch = w.channel(node=3)
    ch.fill("q", "1", "2", "3")
    ch.qos(1)
    ch.consume("q", "c")
    w.see("delivery", bodies(ch.take(1)))
    ch.events()
    yield "kill 1"
    yield "kill 2"
    w.sleep(1.0)
    ch.ack(1)
    w.sleep(15.0)
    w.see("after 15 s", ch.events())
    w.see("the channel", ch.fate())
    w.see("counts", w.channel(node=3).declare("q", passive=True))
    yield "start 2"
    w.patient(LONG)
    w.see("once one is back", bodies(ch.take(1)))
    ch.ack(2)
    w.see("then", bodies(ch.take(1)))
    yield "start 1"


def _alone(name: str, says: str, ask: str) -> None:
    def body(w: ClusterWorld) -> Played:
        ch = w.channel()
        ch.declare("q", arguments=QUORUM)
        ch.exchange("e")
        ch.bind("q", "amq.topic", "k")
        w.channel(node=3).declare("classic here")
        w.sleep(1.0)
        ch.fill("q", "m")
        ch.fill("classic here", "m")
        connection = w.connect(node=3)
        ch, other = connection.channel(), connection.channel()
        yield "kill 1"
        yield "kill 2"
        w.sleep(3.0)
        w.patient(100.0)
        began = w.clock()
        w.see(ask, _ask(ch, ask))
        w.see("that took", band(w.clock() - began))
        w.patient(8.0)
        w.see("the channel", ch.fate())
        w.see("the connection", connection.fate())
        w.see("another channel of it", other.fate())
        yield "start 2"
        w.sleep(3.0)
        w.patient(LONG)
        if ask != "delete":  # which comes through later, or does not
            w.see("the queue once one is back", w.channel(node=3).declare("q", passive=True))
        yield "start 1"

    body.__name__ = name
    body.__doc__ = says
    befalls(*TWO_DOWN)(body)


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
        case "purge":
            return ch.purge("q")
        case "delete":
            return ch.delete("q")
        case "bind":
            return ch.bind("q", "amq.fanout")
        case "unbind":
            return ch.unbind("q", "amq.topic", "k")
        case "delete an exchange":
            return ch.delete_exchange("e")
        case "bind two exchanges":
            return ch.bind_exchange("e", "amq.fanout")
        case "declare an exclusive queue":
            return ch.declare("", exclusive=True)
        case "declare a new one":
            return ch.declare("new", arguments=QUORUM)
        case "declare a classic queue":
            return ch.declare("new classic")
        case "declare an exchange":
            return ch.exchange("new")
        case "get from a classic queue of this node":
            return ch.get("classic here")
        case _:
            raise ValueError(what)


for _what in (
    "get",
    "passive declare",
    "declare",
    "consume",
    "purge",
    "delete",
    "bind",
    "unbind",
    "delete an exchange",
    "bind two exchanges",
    "declare an exclusive queue",
    "declare a new one",
    "declare a classic queue",
    "declare an exchange",
    "get from a classic queue of this node",
):
    _alone(
        f"quorum_{_what.replace(' ', '_')}_without_a_majority",
        f"Without a majority: {_what}.",
        _what,
    )
