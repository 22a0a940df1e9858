"""Classic queues whose node is down: what clients of the other nodes see."""

from __future__ import annotations

from tests.conformance.cluster_script import ClusterWorld, Played, befalls
from tests.conformance.script import bodies

KILL = ("kill 1", "start 1")
STOP = ("stop 1", "start 1")


def _publish(w: ClusterWorld, how: str) -> Played:
    w.channel().declare("away")
    ch = w.channel(node=2)
    ch.declare("here")
    ch.exchange("both", "fanout")
    ch.exchange("only away", "fanout", arguments={"alternate-exchange": "elsewhere"})
    ch.exchange("elsewhere", "fanout")
    ch.declare("alternate")
    ch.bind("alternate", "elsewhere")
    for queue, exchange in (("away", "both"), ("here", "both"), ("away", "only away")):
        ch.bind(queue, exchange)
    yield f"{how} 1"
    w.sleep(1.0)
    ch = w.channel(node=2)
    ch.confirm()
    ch.publish("plain", "away")
    w.see("a publish", ch.events())
    ch.publish("mandatory", "away", mandatory=True)
    w.see("a mandatory one", ch.events())
    ch.publish("both", "", "both", mandatory=True)
    w.see("to it and to a queue of another node", ch.events())
    w.see("there", ch.get("here"))
    ch.publish("alternate", "", "only away", mandatory=True)
    w.see("to it by an exchange with an alternate", ch.events())
    w.see("at the alternate", ch.get("alternate"))
    w.see("the channel", ch.fate())
    yield "start 1"
    ch.publish("again", "away")
    w.see("once it is back", ch.events())
    w.see("in it", bodies([w.channel(node=2).get("away") for _ in range(1)]))


@befalls(*KILL)
def publish_to_a_queue_whose_node_was_killed(w: ClusterWorld) -> Played:
    """A publish through another node to a classic queue whose node was killed."""
    yield from _publish(w, "kill")


@befalls(*STOP)
def publish_to_a_queue_whose_node_was_stopped(w: ClusterWorld) -> Played:
    """A publish through another node to a classic queue whose node was stopped in order."""
    yield from _publish(w, "stop")


def _ask(w: ClusterWorld, how: str) -> Played:
    ch = w.channel()
    ch.declare("away")
    ch.declare("to be deleted")
    ch.declare("to be purged")
    ch.exchange("e", "fanout")
    ch.exchange("f", "fanout")
    ch.bind("away", "f")
    yield f"{how} 1"
    w.sleep(1.0)

    w.patient(3.0)

    def on_a_channel(what: str) -> None:
        ch = w.channel(node=2)
        match what:
            case "passive declare":
                seen = ch.declare("away", passive=True)
            case "declare":
                seen = ch.declare("away")
            case "declare it otherwise":
                seen = ch.declare("away", auto_delete=True)
            case "declare it exclusive":
                seen = ch.declare("away", exclusive=True)
            case "consume":
                seen = ch.consume("away", "c")
            case "get":
                seen = ch.get("away")
            case "bind":
                seen = ch.bind("away", "e")
            case "unbind":
                seen = ch.unbind("away", "f")
            case "purge":
                seen = ch.purge("to be purged")
            case _:
                seen = ch.delete("to be deleted")
        w.see(what, seen)

    for what in (
        "passive declare",
        "declare",
        "declare it otherwise",
        "declare it exclusive",
        "consume",
        "get",
        "bind",
        "unbind",
        "purge",
        "delete",
    ):
        on_a_channel(what)
    yield "start 1"
    w.patient(8.0)
    w.sleep(2.0)
    for name in ("away", "to be deleted", "to be purged"):
        w.see(f"{name} once the node is back", w.channel(node=2).declare(name, passive=True))


@befalls(*KILL)
def ask_for_a_queue_whose_node_was_killed(w: ClusterWorld) -> Played:
    """Declaring, consuming, getting, binding, purging, deleting through another node, after a kill."""
    yield from _ask(w, "kill")


@befalls(*STOP)
def ask_for_a_queue_whose_node_was_stopped(w: ClusterWorld) -> Played:
    """The same after an orderly stop."""
    yield from _ask(w, "stop")


def _consume(w: ClusterWorld, how: str) -> Played:
    w.channel().declare("away")
    connection = w.connect(node=2)
    ch, automatic = connection.channel(), connection.channel()
    ch.fill("away", "1", "2", "3", "4")
    ch.qos(2)
    ch.consume("away", "c")
    w.see("deliveries", bodies(ch.take(2)))
    automatic.consume("away", "automatic", auto_ack=True)
    w.see("those to be acknowledged automatically", bodies(automatic.take(2)))
    ch.events()
    automatic.events()
    yield f"{how} 1"
    w.sleep(1.0)
    w.see("what the consumer sees", ch.events())
    w.see("what the automatic one sees", automatic.events())
    ch.ack(1)
    w.see("after an ack of what it held", ch.fate())
    ch.nack(2)
    w.see("after a nack of what it held", ch.fate())
    ch.ack(2)
    w.see("after an ack of that", ch.fate())
    yield "start 1"
    w.sleep(1.0)
    w.see("what comes when the node is back", ch.events())
    reader = w.channel(node=2)
    w.see("counts", reader.declare("away", passive=True))
    w.see("messages", bodies([reader.get("away") for _ in range(2)]))


@befalls(*KILL)
def consumers_of_a_queue_whose_node_was_killed(w: ClusterWorld) -> Played:
    """Consumers at another node of a queue whose node was killed: basic.cancel, and what they held."""
    yield from _consume(w, "kill")


@befalls(*STOP)
def consumers_of_a_queue_whose_node_was_stopped(w: ClusterWorld) -> Played:
    """The same after an orderly stop."""
    yield from _consume(w, "stop")


def _connected(w: ClusterWorld, how: str) -> Played:
    connection = w.connect()
    ch = connection.channel()
    elsewhere = w.connect(node=2)
    other = elsewhere.channel()
    other.declare("there")
    w.sleep(0.5)
    ch.consume("there", "c")
    other.fill("there", "m")
    w.see("delivery", bodies(ch.take(1)))
    yield f"{how} 1"
    w.see("a connection to the node", connection.fate())
    w.see("a connection to another node", elsewhere.fate())
    w.see("a new connection to the node", w.connect().fate())
    w.sleep(1.0)
    w.see("what it held", other.get("there"))
    yield "start 1"
    w.see("a new connection once it is back", w.connect().fate())


@befalls(*KILL)
def connections_of_a_node_that_was_killed(w: ClusterWorld) -> Played:
    """Connections to the node that was killed, and to others; what its clients held."""
    yield from _connected(w, "kill")


@befalls(*STOP)
def connections_of_a_node_that_was_stopped(w: ClusterWorld) -> Played:
    """The same after an orderly stop."""
    yield from _connected(w, "stop")


def _kept(w: ClusterWorld, how: str) -> Played:
    ch = w.channel()
    ch.declare("away")
    ch.confirm()
    for body in ("1", "2", "3"):
        ch.put(body, "away")
    ch.put("not persistent", "away", delivery_mode=1)
    ch.get("away")
    ch.get("away")
    ch.ack(1)
    ch.declare("away", passive=True)
    w.sleep(0.5)
    yield f"{how} 1"
    yield "start 1"
    w.sleep(1.0)
    reader = w.channel(node=2)
    w.see("counts", reader.declare("away", passive=True))
    w.see("messages", bodies([reader.get("away") for _ in range(2)]))
    w.see("then", reader.get("away"))


@befalls(*KILL)
def messages_of_a_queue_whose_node_was_killed(w: ClusterWorld) -> Played:
    """What a classic queue has when its node is back after a kill, others having run all along."""
    yield from _kept(w, "kill")


@befalls(*STOP)
def messages_of_a_queue_whose_node_was_stopped(w: ClusterWorld) -> Played:
    """The same after an orderly stop."""
    yield from _kept(w, "stop")


@befalls(*KILL)
def dead_letters_for_a_queue_whose_node_is_down(w: ClusterWorld) -> Played:
    """Dead letters whose queue is on a node that is down."""
    w.channel().declare("away")
    ch = w.channel(node=2)
    ch.declare("q", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "away"})
    ch.fill("q", "m")
    yield "kill 1"
    w.sleep(1.0)
    ch.get("q")
    ch.nack(1, requeue=False)
    w.see("the channel", ch.fate())
    w.see("the source", ch.declare("q", passive=True))
    yield "start 1"
    w.sleep(1.0)
    w.see("the target once its node is back", w.channel(node=2).get("away"))
