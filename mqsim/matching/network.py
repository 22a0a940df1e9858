"""Queues that feed each other: who sends what to whom, and whether Jackson's theorem holds for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mqsim.matching.plain import plain_match
from mqsim.matching.records import Fit, Match, Shifted
from mqsim.matching.routes import reached, shares
from mqsim.matching.setting import Setting, cautions, everywhere, no_match, obstacles
from mqsim.matching.staff import Staff, producer_latency, staff_of
from mqsim.matching.streams import NOTHING, Stream, stream_to
from mqsim.matching.work import Work, mixture
from mqsim.theory import tandem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqsim.distributions import Distribution
    from mqsim.scenario import Scenario


@dataclass(frozen=True)
class Edge:
    """What goes on from one queue to another.

    Attributes:
        to: the other queue.
        chance: how many messages a message of the first queue becomes there, on average.
        dead: whether they go there as dead letters, which keep the work they had.
        why_odd: why they don't leave each by an independent chance; else empty.
    """

    to: str
    chance: float
    dead: bool = False
    why_odd: str = ""


class Traffic:
    """All that flows between a scenario's queues.

    Attributes:
        edges: by the queue they leave.
        outside: what producers publish to each queue.
        rates: messages a second that come to each queue from everywhere; NaN where it can't be told.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        names = list(scenario.broker.queues)
        self.edges = {name: edges_from(scenario, name) for name in names}
        self.outside = {name: stream_to(scenario, name) for name in names}
        self.rates = self._rates(names)

    def _rates(self, names: list[str]) -> dict[str, float]:
        place = {name: i for i, name in enumerate(names)}
        paths = np.zeros((len(names), len(names)))
        for name, edges in self.edges.items():
            for edge in edges:
                paths[place[name], place[edge.to]] += edge.chance
        outside = np.array([self.outside[name].rate for name in names])
        known = np.nan_to_num(outside)
        if names and np.abs(np.linalg.eigvals(paths)).max() >= 1.0 - 1e-12:
            return dict.fromkeys(names, np.nan)
        rates = np.linalg.solve(np.eye(len(names)) - paths.T, known) if names else known
        return {name: float(rates[place[name]]) for name in names}

    def fed(self, queue: str) -> list[tuple[str, Edge]]:
        """The queues that feed this one, and how."""
        return [(name, edge) for name, edges in self.edges.items() for edge in edges if edge.to == queue]

    def before(self, queue: str) -> set[str]:
        """All queues from which messages come to this one, by whatever way; with feedback, itself among
        them.
        """
        found: set[str] = set()
        waiting = [queue]
        while waiting:
            for name, _ in self.fed(waiting.pop()):
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return found


def edges_from(scenario: Scenario, queue: str) -> list[Edge]:
    """What goes on from a queue: what its consumers publish, and its dead letters."""
    groups = [spec for spec in scenario.consumers.values() if spec.queue == queue and spec.most > 0]
    spec = scenario.broker.queues[queue]
    fails = groups[0].fails if groups else None
    rejected = fails.probability if fails is not None and fails.then == "reject" else 0.0
    alike = len({repr(group.publish) for group in groups}) <= 1
    found: dict[str, Edge] = {}
    for forward in groups[0].publish if groups else []:
        for to, share in shares(scenario, forward.to).items():
            odd = share.why_odd or ("a cycle of keys picks what goes on" if share.nth > 1 else "")
            odd = odd or ("a hash picks what goes on" if share.hashed else "")
            odd = odd or ("" if alike else "its consumers differ in what they publish")
            chance = forward.probability * (1.0 - rejected) * share.part
            if to in found:
                odd, chance = "two messages can come of one at once", chance + found[to].chance
            found[to] = Edge(to, chance, why_odd=odd)
    if spec.dead_letter is None:
        return list(found.values())
    return [*found.values(), *_dead_letters(scenario, queue, rejected, bool(groups))]


def _dead_letters(scenario: Scenario, queue: str, rejected: float, worked: bool) -> list[Edge]:
    spec = scenario.broker.queues[queue]
    dead = spec.dead_letter
    assert dead is not None
    groups = [each for each in scenario.consumers.values() if each.queue == queue]
    delayed = not worked and spec.message_ttl is not None and spec.max_length is None
    chance = 1.0 if delayed else rejected
    limited = any(each.fails is not None and each.fails.attempts is not None for each in groups)
    odd = ""
    if spec.max_length is not None or (spec.message_ttl is not None and not delayed) or limited:
        odd, chance = "what the queue loses does not leave it at random", max(chance, 1e-9)
    elif dead.key is None:
        odd = "dead letters keep their own keys"
    if chance == 0.0:
        return []
    return [
        Edge(to, chance, dead=True, why_odd=odd) for to in reached(scenario, dead.exchange, dead.key or queue)
    ]


def fed_match(traffic: Traffic, queue: str) -> Match:
    """The match of a queue to which messages come from other queues."""
    sources = traffic.before(queue) | {queue}
    for name in sorted(sources, key=list(traffic.edges).index):
        if (why := _why_not_jackson(traffic, name)) != "":
            where = (
                ""
                if name == queue
                else f"Messages come here from {name}, and a formula would need Poisson arrivals. "
            )
            return no_match(queue, where + why, groups=_groups(traffic.scenario, queue))
    if (why := _dependent(traffic, sources)) != "":
        return no_match(queue, why, groups=_groups(traffic.scenario, queue))
    if is_delay(traffic.scenario, queue):
        return _delay_match(traffic, queue)
    setting = node_setting(traffic, queue)
    assert isinstance(setting, Setting)
    found = plain_match(setting)
    if found.fit is Fit.NONE:
        return found
    fails = setting.staff.spec.fails
    rejected = 0.0 if fails is None else fails.probability
    values = dict(found.values) | {"throughput": setting.stream.rate * (1.0 - rejected)}
    laws = dict(found.laws)
    if any(edge.dead for _, edge in traffic.fed(queue)):
        # A dead letter was created when its message was, so that its sojourn is not that of this visit.
        values.pop("sojourn.mean")
        laws.pop("sojourn", None)
        if _comes_back(traffic, queue, sources):
            held = sum(traffic.rates[name] * _delay(traffic, name) for name in sources if name != queue)
            values["sojourn.mean"] = (values["in_system.mean"] + held) / traffic.outside[queue].rate
    return replace(found, values=values, laws=laws)


def _comes_back(traffic: Traffic, queue: str, sources: set[str]) -> bool:
    """Whether all that a queue rejects comes back to it after a delay, and nothing else does."""
    return all(
        len(traffic.edges[name]) == 1
        and (name == queue or (is_delay(traffic.scenario, name) and traffic.outside[name] is NOTHING))
        for name in sources
    )


def _delay(traffic: Traffic, queue: str) -> float:
    """Seconds for which a waiting queue holds a message."""
    return traffic.scenario.broker.queues[queue].message_ttl or 0.0


def _groups(scenario: Scenario, queue: str) -> tuple[str, ...]:
    return tuple(name for name, spec in scenario.consumers.items() if spec.queue == queue)


def is_delay(scenario: Scenario, queue: str) -> bool:
    """Whether the queue only holds messages up for a while: nobody takes them, they expire and go on."""
    spec = scenario.broker.queues[queue]
    waits = spec.message_ttl is not None and spec.dead_letter is not None and spec.max_length is None
    return waits and not _groups(scenario, queue)


def node_setting(traffic: Traffic, queue: str) -> Setting | str:
    """A queue in a network, with all that comes to it as one Poisson stream; or why it can't be told."""
    scenario = traffic.scenario
    staff = staff_of(scenario, queue)
    if isinstance(staff, str):
        return staff
    rate = traffic.rates[queue]
    laws = _laws_at(traffic, queue, staff)
    if not laws:
        return "Nothing comes to it."
    fed = bool(traffic.fed(queue))
    loop = queue in traffic.before(queue)
    says = (
        "Poisson arrivals"
        if not fed
        else (
            "With messages that come back the arrivals are not Poisson, yet by Jackson's theorem each visit "
            "meets the queue as if they were"
            if loop
            else "What comes out of the queues before is Poisson again"
        )
    )
    outside = traffic.outside[queue]
    work = mixture([(1.0, law) for law in laws], staff.speed)
    stream = Stream(
        "poisson", rate, outside.producers, tuple(outside.parts), outside.priorities, says=f"{says}."
    )
    return Setting(scenario, queue, scenario.broker.queues[queue], stream, staff, work, 0.0)


def _laws_at(traffic: Traffic, queue: str, staff: Staff) -> list[Distribution]:
    if staff.spec.service is not None:
        return [staff.spec.service]
    found: dict[Distribution, None] = {}
    for name in traffic.before(queue) | {queue}:
        found.update((law, None) for _, law in traffic.outside[name].parts)
    return list(found)


def _why_not_jackson(traffic: Traffic, queue: str) -> str:
    """Why a queue is no node of a Jackson network; empty if it is one."""
    scenario = traffic.scenario
    spec = scenario.broker.queues[queue]
    if (outside := traffic.outside[queue]).kind not in ("poisson", "none"):
        return outside.says
    odd = next((edge.why_odd for edge in traffic.edges[queue] if edge.why_odd), "")
    if odd:
        return f"{odd[:1].upper()}{odd[1:]}."
    if is_delay(scenario, queue):
        expiring = any(scenario.producers[name].expiration is not None for name in outside.producers)
        return "Its messages differ in how long they wait." if expiring else ""
    setting = node_setting(traffic, queue)
    if isinstance(setting, str):
        return setting
    if producer_latency(scenario, list(outside.producers)) != 0:
        return "Its producers are far from the broker (latency)."
    if scenario.faults:
        return "Faults strike."
    if (first := next(obstacles(setting), "")) != "":
        return first
    if not setting.plain_line:
        return "Its consumers do not share one line without latency."
    if spec.max_length is not None or spec.message_ttl is not None or spec.ready:
        return "It loses messages, or starts with some."
    if any(scenario.producers[name].expiration is not None for name in outside.producers):
        return "Its messages expire."
    fails = setting.staff.spec.fails
    if fails is not None and fails.probability > 0 and (fails.then != "reject" or fails.after != 1.0):
        return "Its consumers' work fails."
    if not setting.work.exponential:
        return "Its work is not exponential."
    if len(outside.priorities) > 1 and spec.max_priority is not None:
        return "It has priorities."
    return ""


def _dependent(traffic: Traffic, nodes: set[str]) -> str:
    """Why the work of one message at several visits is not independent; empty if it is."""
    specs = {
        name: next(spec for spec in traffic.scenario.consumers.values() if spec.queue == name)
        for name in nodes
        if _groups(traffic.scenario, name)
    }
    own = [name for name, spec in specs.items() if spec.service is None]
    same = "needs the same work at every visit, and the formula needs it drawn anew"
    if len(own) > 1:
        return f"A message {same}: give the consumers of {' and '.join(own)} a `service` of their own."
    for name, spec in specs.items():
        back = traffic.before(name)
        if name not in back:
            continue
        loop = {other for other in back if name in traffic.before(other)} | {name}
        by_dead = any(e.dead and e.to in loop for other in loop for e in traffic.edges[other])
        if (by_dead and not spec.redraw) or (not by_dead and spec.service is None):
            return f"A message that comes back to {name} {same} ({'redraw: true' if by_dead else 'service'})."
    return ""


def _delay_match(traffic: Traffic, queue: str) -> Match:
    ttl = traffic.scenario.broker.queues[queue].message_ttl
    assert ttl is not None
    number = traffic.rates[queue] * ttl
    why = f"Nobody serves it: each message waits {ttl:g} s and goes on, as with an endless number of servers."
    return Match(queue, Fit.EXACT, "M/D/∞", (why,), values={"depth.mean": number, "in_system.mean": number})


def network_match(traffic: Traffic, matches: Mapping[str, Match]) -> Match | None:
    """The match of a message's whole way through several queues; None where there is none to speak of."""
    used = [name for name, rate in traffic.rates.items() if rate > 0]
    linked = [name for name in used if traffic.edges[name]]
    if not linked or any(matches[name].fit is not Fit.EXACT for name in used):
        return None
    if not _one_way(traffic, used):
        return None
    outside = sum(traffic.outside[name].rate for name in used)
    number = sum(matches[name].values["in_system.mean"] for name in used)
    values = {"flows.mean": number / outside}
    chain = _chain(traffic, used)
    stages = [matches[name] for name in used]
    if any(is_delay(traffic.scenario, name) or matches[name].queue_theory is None for name in used):
        chain = None
    setting = node_setting(traffic, next(name for name in used if traffic.outside[name].rate > 0))
    mind = tuple(cautions(setting)) if isinstance(setting, Setting) else ()
    if chain is None:
        why = (
            "Jackson's theorem: the mean number in each queue, summed and divided by what comes from outside."
        )
        return Match("", Fit.EXACT, f"a Jackson network of {len(used)} queues", (why,), mind, values=values)
    stages = [matches[name] for name in chain]
    queues = [stage.queue_theory for stage in stages if stage.queue_theory is not None]
    rates = [1.0 / (queue.mean_sojourn - queue.mean_wait) for queue in queues]
    servers = [sum(traffic.scenario.consumers[group].count for group in stage.groups) for stage in stages]
    law = tandem(outside, rates, servers).sojourn_law
    laws = {} if law is None else {"flows": Shifted(law)}
    why = "What leaves one queue is Poisson again, so each is as if it stood alone (Burke)."
    name = f"a tandem {' → '.join(queue.name for queue in queues)}"
    return Match("", Fit.EXACT, name, (why,), mind, values=values, laws=laws)


def _one_way(traffic: Traffic, used: list[str]) -> bool:
    """Whether a message is in one place at a time, from its coming to its end."""
    for spec in traffic.scenario.producers.values():
        if sum(share.part for share in shares(traffic.scenario, spec.to).values()) > 1.0 + 1e-9:
            return False
    for name in used:
        groups = [spec for spec in traffic.scenario.consumers.values() if spec.queue == name]
        if (
            any(len(spec.publish) > 1 for spec in groups)
            or sum(e.chance for e in traffic.edges[name]) > 1.0 + 1e-9
        ):
            return False
        lost = any(spec.fails is not None and spec.fails.probability > 0 for spec in groups)
        if lost and not any(edge.dead for edge in traffic.edges[name]):
            return False
        if not groups and not is_delay(traffic.scenario, name):
            return False
    return next(everywhere(traffic.scenario), None) is None


def _chain(traffic: Traffic, used: list[str]) -> list[str] | None:
    """The queues in a row, where each message visits all of them once, in this order."""
    firsts = [name for name in used if traffic.outside[name] is not NOTHING]
    if len(firsts) != 1:
        return None
    chain = [firsts[0]]
    while edges := traffic.edges[chain[-1]]:
        if len(edges) > 1 or edges[0].chance < 1.0 or edges[0].dead or edges[0].to in chain:
            return None
        chain.append(edges[0].to)
    feeds = all(edge.to == after for before, after in pairwise(chain) for edge in traffic.edges[before])
    return chain if feeds and set(chain) == set(used) else None


def work_of(stream: Stream, staff: Staff) -> Work:
    """The work that consumers have with the messages of a stream."""
    service = staff.spec.service
    return mixture([(rate, service or law) for rate, law in stream.parts], staff.speed)
