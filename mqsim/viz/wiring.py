"""Who is connected with what: producers, exchanges, queues and consumers, and the ways between them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mqsim.scenario import Routing, Scenario
from mqsim.trace.tables import NONE, Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mqsim.scenario.actors import ConsumerSpec
    from mqsim.scenario.brokerspec import BindingSpec, QueueSpec
    from mqsim.scenario.destinations import Key, Target


@dataclass(frozen=True)
class Node:
    """Something that messages come from, pass or go to.

    Attributes:
        kind: `producer`, `exchange`, `queue`, `consumer` or `program`.
        name: as in the scenario; a group of actors is one node.
        head: the small line above the name, such as `topic exchange`.
        lines: the lines below it.
    """

    kind: str
    name: str
    head: str
    lines: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name: a queue and a consumer may have the same name."""
        return self.kind, self.name


@dataclass(frozen=True)
class Edge:
    """A way from one node to another.

    Attributes:
        source, target: keys of nodes.
        label: routing keys, shares; may be empty.
        kind: `flow`, `binding`, `dead letters`, `alternate` or `seen` (only the run showed it).
    """

    source: tuple[str, str]
    target: tuple[str, str]
    label: str = ""
    kind: str = "flow"


@dataclass
class Wiring:
    """Nodes and edges, in the scenario's order."""

    nodes: dict[tuple[str, str], Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def add(self, node: Node) -> None:
        """Add a node, unless it is there."""
        self.nodes.setdefault(node.key, node)

    def join(self, edge: Edge) -> None:
        """Add an edge between nodes that are there; labels of equal edges are joined."""
        if edge.source not in self.nodes or edge.target not in self.nodes:
            return
        for place, old in enumerate(self.edges):
            if (old.source, old.target, old.kind) == (edge.source, edge.target, edge.kind):
                parts = [label for label in dict.fromkeys((*old.label.split("\n"), edge.label)) if label]
                self.edges[place] = Edge(edge.source, edge.target, "\n".join(parts), edge.kind)
                return
        self.edges.append(edge)


def wire(scenario: Scenario | None, trace: Trace | None = None) -> Wiring:
    """The topology of a scenario, completed by what only a run showed.

    Args:
        scenario: what declares exchanges, queues and bindings; None leaves the run alone to tell.
        trace: a run of it, or None; programs declare as they run, and only the run shows what they used.
    """
    made = Wiring()
    if scenario is not None:
        _declared(made, scenario, trace)
    if trace is not None:
        _seen(made, trace, {} if scenario is None else _destinations(scenario))
    return made


def _declared(made: Wiring, scenario: Scenario, trace: Trace | None) -> None:
    broker = scenario.broker
    came = _arrivals(trace)
    for name, producer in scenario.producers.items():
        made.add(Node("producer", name, "producer", _count(producer.count)))
    for name, program in scenario.programs.items():
        made.add(Node("program", name, "program", _count(program.count)))
    for name, exchange in broker.exchanges.items():
        made.add(Node("exchange", name, f"{exchange.type} exchange"))
    for name, queue in broker.queues.items():
        made.add(Node("queue", name, f"{queue.type} queue", (*queue_lines(queue), *came.get(name, ()))))
    for name, consumer in scenario.consumers.items():
        made.add(Node("consumer", name, "consumer", (*_count(consumer.most), *consumer_lines(consumer))))

    for name, producer in scenario.producers.items():
        _send(made, ("producer", name), producer.to, broker.queues)
    for binding in broker.bindings:
        fanout = binding.exchange in broker.exchanges and broker.exchanges[binding.exchange].type == "fanout"
        target = (
            ("queue", binding.queue) if binding.queue is not None else ("exchange", binding.to_exchange or "")
        )
        made.join(
            Edge(("exchange", binding.exchange), target, "" if fanout else binding_label(binding), "binding")
        )
    for name, exchange in broker.exchanges.items():
        if exchange.alternate is not None:
            made.join(
                Edge(("exchange", name), ("exchange", exchange.alternate), "if nowhere else", "alternate")
            )
    for name, queue in broker.queues.items():
        if (dead := queue.dead_letter) is not None:
            key = dead.key if dead.key is not None else ""
            way = f"dead letters: {key}" if key and dead.exchange else "dead letters"
            target = ("exchange", dead.exchange) if dead.exchange else ("queue", key or name)
            made.join(Edge(("queue", name), target, way, "dead letters"))
    for name, consumer in scenario.consumers.items():
        made.join(Edge(("queue", consumer.queue), ("consumer", name)))
        for forward in consumer.publish:
            share = f"{forward.probability:.3g} of them" if forward.probability < 1 else ""
            _send(made, ("consumer", name), forward.to, broker.queues, share)


def _send(
    made: Wiring, source: tuple[str, str], to: Iterable[Target], queues: Iterable[str], share: str = ""
) -> None:
    targets, known = list(to), list(queues)
    total = sum(target.weight for target in targets)
    for target in targets:
        part = f"{target.weight / total:.3g} of them" if len(targets) > 1 and total else ""
        if target.exchange:
            label = "\n".join(filter(None, (key_label(target.key), part, share)))
            made.join(Edge(source, ("exchange", target.exchange), label))
            continue
        keys = [key for key in target.key.possible() if key in known]
        how = key_label(target.key) if target.key.kind != "fixed" else ""
        for key in keys:
            made.join(
                Edge(
                    source,
                    ("queue", key),
                    "\n".join(filter(None, (part, share, how if len(keys) == 1 else ""))),
                )
            )


def key_label(key: Key) -> str:
    """A routing key as an edge's label."""
    if key.kind == "fixed":
        return key.values[0]
    if key.kind == "hash":
        return f"0 … {key.n - 1} (hash)"
    shown = ", ".join(key.values[:3]) + (" …" if len(key.values) > 3 else "")
    return f"{shown} ({'in turn' if key.kind == 'cycle' else 'by chance'})"


def binding_label(binding: BindingSpec) -> str:
    """A binding's key, or the headers that it asks for."""
    asked = [f"{name}={value}" for name, value in binding.arguments.items() if name != "x-match"]
    if not asked:
        return binding.key
    how = str(binding.arguments.get("x-match", "all"))
    return f"{how} of {', '.join(asked)}" if len(asked) > 1 else asked[0]


def queue_lines(queue: QueueSpec) -> tuple[str, ...]:
    """A queue's arguments as short lines, those as by default left out."""
    lines = []
    if queue.max_length is not None:
        lines.append(f"at most {queue.max_length:,} ({queue.overflow})")
    if queue.max_bytes is not None:
        lines.append(f"at most {queue.max_bytes:,} bytes ({queue.overflow})")
    if queue.message_ttl is not None:
        lines.append(f"messages expire after {queue.message_ttl:g} s")
    if queue.max_priority is not None:
        lines.append(f"priorities 0 to {queue.max_priority}")
    if queue.delivery_limit is not None:
        lines.append(f"delivery limit {queue.delivery_limit}")
    if queue.single_active_consumer:
        lines.append("single active consumer")
    if queue.expires is not None:
        lines.append(f"gone after {queue.expires:g} s unused")
    if not queue.durable:
        lines.append("not durable")
    if queue.ready:
        lines.append(f"{queue.ready:,} at the start")
    return tuple(lines)


def consumer_lines(consumer: ConsumerSpec) -> tuple[str, ...]:
    """How a group of consumers takes messages."""
    ahead = "prefetch unlimited" if not consumer.prefetch else f"prefetch {consumer.prefetch}"
    return (
        f"{'automatic ack' if consumer.ack == 'auto' else consumer.ack + ' ack'}"
        + (f", {ahead}" if consumer.ack != "auto" else ""),
    )


def _count(count: int) -> tuple[str, ...]:
    return (f"× {count}",) if count != 1 else ()


def _arrivals(trace: Trace | None) -> dict[str, tuple[str, ...]]:
    if trace is None:
        return {}
    table = trace.messages
    counted = Counter(
        table.queue[row]
        for row in range(table.n)
        if table.queue[row] != NONE and table.enqueued[row] == table.enqueued[row]
    )
    return {name: (f"{counted[code]:,} came",) for code, name in enumerate(trace.queues.names)}


def _destinations(scenario: Scenario) -> dict[tuple[str, str], set[str]]:
    """The queues that each declared producer or consumer publishes to."""
    routing = Routing(scenario.broker)
    targets = {("producer", name): list(spec.to) for name, spec in scenario.producers.items()}
    for name, consumer in scenario.consumers.items():
        targets["consumer", name] = [target for forward in consumer.publish for target in forward.to]
    return {node: set(routing.exchanges_to(to)) for node, to in targets.items()}


def _seen(made: Wiring, trace: Trace, declared: Mapping[tuple[str, str], set[str]]) -> None:
    """Nodes and ways that nothing declared, as the run showed them."""
    table = trace.messages
    came = _arrivals(trace)
    for name in trace.queues.names:
        made.add(Node("queue", name, "queue", came[name]))
    group = {name: actor.group for name, actor in trace.cast.items()}
    members = Counter(group.values())

    def node_of(actor: str) -> tuple[str, str]:
        name = group.get(actor, actor)
        found = next(
            (key for key in made.nodes if key[1] == name and key[0] not in ("queue", "exchange")), None
        )
        if found is not None:
            return found
        role = trace.cast[actor].role if actor in trace.cast else "producer"
        made.add(Node(role, name, role, _count(members.get(name, 1))))
        return role, name

    pairs = dict.fromkeys(
        (table.producer[row], table.queue[row])
        for row in range(table.n)
        if table.queue[row] != NONE
        and (table.parent[row] == NONE or table.producer[row] != table.producer[table.parent[row]])
    )
    for producer, code in pairs:
        actor = trace.actors.names[producer]
        if actor == "preload":
            continue
        source, target = node_of(actor), ("queue", trace.queues.names[code])
        if target[1] not in declared.get(source, ()):
            made.join(Edge(source, target, "", "seen"))
    taken = dict.fromkeys(
        (trace.deliveries.consumer[row], table.queue[trace.deliveries.copy[row]])
        for row in range(trace.deliveries.n)
    )
    for consumer, code in taken:
        target = node_of(trace.actors.names[consumer])
        if not any(
            edge.source == ("queue", trace.queues.names[code]) and edge.target == target
            for edge in made.edges
        ):
            made.join(Edge(("queue", trace.queues.names[code]), target, "", "seen"))
