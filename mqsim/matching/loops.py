"""Arrivals that answer to the system: closed loops of users, and queues that are never empty."""

from __future__ import annotations

from mqsim.distributions import Exponential
from mqsim.matching.network import Traffic, node_setting
from mqsim.matching.records import Fit, Match, Shifted
from mqsim.matching.setting import Setting, cautions, faults_at, no_match, obstacles
from mqsim.matching.work import plain
from mqsim.scenario import Closed, Saturate
from mqsim.theory import finite_source, mva, prefetch_throughput, prefetch_throughput_exponential


def closed_match(traffic: Traffic, setting: Setting) -> tuple[Match, ...]:
    """The matches of all queues that a group of users goes through, in their order, first `setting`'s."""
    spec = traffic.scenario.producers[setting.stream.producers[0]]
    arrivals = spec.arrivals
    assert isinstance(arrivals, Closed)
    users, think = arrivals.users * spec.count, arrivals.think.mean
    chain, why = _stations(traffic, setting)
    if why:
        return (setting.none(why),)
    if len(chain) == 1 and (setting.staff.servers == 1 or think > 0):
        return (_one_station(setting, users, think),)
    if any(station.staff.servers > 1 for station in chain):
        return (
            setting.none("A closed loop through several queues has a formula here for one consumer at each."),
        )
    network = mva(users, [station.work.mean for station in chain], think)
    why = (
        f"{_users(users)} round; the work at each queue is exponential and drawn anew (mean value analysis)."
    )
    found = []
    for i, station in enumerate(chain):
        sojourn = network.mean_sojourns[i]
        values = {
            "sojourn.mean": sojourn,
            "wait.mean": sojourn - station.work.mean,
            "throughput": network.throughput,
            "utilisation": network.utilisations[i],
            "in_system.mean": network.mean_numbers[i],
            "depth.mean": network.mean_numbers[i] - network.utilisations[i],
        }
        model = f"a station of a closed network of {users}"
        found.append(station.match(None, values, {}, why, model=model))
    whole = {"flows.mean": network.mean_sojourn}
    model = f"a closed network of {users}"
    return (*found, Match("", Fit.EXACT, model, (why,), tuple(cautions(setting)), values=whole))


def _users(count: int) -> str:
    return "One user goes" if count == 1 else f"{count} users go"


def _stations(traffic: Traffic, setting: Setting) -> tuple[list[Setting], str]:
    """The queues that a message goes through one after another, or why there is no formula for them."""
    chain = [setting]
    own = 0
    while True:
        station = chain[-1]
        if not station.work.exponential:
            return chain, "A closed loop has a formula here for exponential work only."
        if not station.plain_line:
            return chain, "A closed loop has a formula here without latency, where consumers share one line."
        if (first := next(obstacles(station), "")) or next(faults_at(station), None) is not None:
            return chain, first or "Faults strike it."
        if (
            station.spec.max_length is not None
            or station.spec.message_ttl is not None
            or station.staff.spec.fails
        ):
            return chain, "It combines a closed loop with messages that are lost or tried again."
        own += station.staff.spec.service is None
        if own > 1:
            return (
                chain,
                "A message needs the same work at several queues, and the formula needs it drawn anew.",
            )
        edges = traffic.edges[station.name]
        if not edges:
            return chain, ""
        if len(edges) > 1 or edges[0].chance < 1.0 or edges[0].why_odd or edges[0].dead:
            return chain, "A closed loop has a formula here for queues in a row."
        if edges[0].to in [each.name for each in chain] or traffic.outside[edges[0].to].kind != "none":
            return chain, "A closed loop has a formula here for queues in a row."
        follower = node_setting(traffic, edges[0].to)
        if isinstance(follower, str):
            return chain, follower
        chain.append(follower)


def _one_station(setting: Setting, users: int, think: float) -> Match:
    staff, work = setting.staff, setting.work
    who = "One user who thinks, sends" if users == 1 else f"{users} users who think, send"
    waits = "waits" if users == 1 else "wait"
    says = f"{who} one message and {waits} for its end; the work is exponential."
    if think == 0:
        network = mva(users, [work.mean])
        values = {
            "throughput": network.throughput,
            "in_system.mean": network.mean_numbers[0],
            "utilisation": 1.0,
        }
        return setting.match(None, values, {}, says, model=f"M/M/1//{users} without thinking")
    queue = finite_source(users, think, 1.0 / work.mean, staff.servers)
    values = {
        "wait.mean": queue.mean_wait,
        "sojourn.mean": queue.mean_sojourn,
        "p_wait": queue.p_wait,
        "throughput": queue.throughput,
        "utilisation": queue.utilisation,
        "depth.mean": queue.mean_waiting,
        "in_system.mean": queue.mean_in_system,
    }
    known = {"wait": queue.wait_law, "sojourn": queue.sojourn_law}
    laws = {name: Shifted(law) for name, law in known.items() if law is not None}
    return setting.match(queue, values, laws, says)


def saturated_match(setting: Setting) -> Match:
    """The match of a queue that a producer keeps full: how fast its consumers can go."""
    scenario, staff, work = setting.scenario, setting.staff, setting.work
    spec = scenario.producers[setting.stream.producers[0]]
    arrivals = spec.arrivals
    assert isinstance(arrivals, Saturate)
    if staff.spec.ack != "manual":
        return no_match(
            setting.name, "A full queue has a formula here for manual acknowledgements.", groups=staff.groups
        )
    ready = (
        arrivals.ready if setting.spec.max_length is None else min(arrivals.ready, setting.spec.max_length)
    )
    prefetch, trip = staff.spec.prefetch, 2.0 * staff.latency
    if trip == 0 or prefetch == 1:
        each = 1.0 / (work.mean + trip)
        why = "There is always a next message: each consumer takes one after the other."
    elif work.constant:
        each = prefetch_throughput(prefetch, trip, 1.0 / work.mean)
        why = (
            "There is always a next message, and at most `prefetch` are under way to each consumer and back."
        )
    elif isinstance(plain(work.parts[0][1]), Exponential) and work.exponential:
        each = prefetch_throughput_exponential(prefetch, trip, 1.0 / work.mean)
        why = (
            "There is always a next message; each consumer's window is a closed network with the network as "
            "a delay."
        )
    else:
        return setting.none(
            "With prefetch over 1 and latency a full queue has a formula here for constant or exponential "
            "work."
        )
    values = {"throughput": staff.servers * each, "utilisation": each * work.mean}
    enough = setting.sending == 0 or ready >= staff.servers * prefetch
    short = () if enough else ("The queue may run empty while the next messages are on their way.",)
    model = f"a full queue before {staff.servers} windows of {prefetch}"
    return setting.match(None, values, {}, why, *short, model=model, exact=enough)
