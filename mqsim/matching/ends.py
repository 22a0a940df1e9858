"""What is known of a whole run: how long a backlog takes to drain, and when the last part of a message is
done.
"""

from __future__ import annotations

from mqsim.matching.network import Traffic, node_setting
from mqsim.matching.records import Fit, Match
from mqsim.matching.routes import shares
from mqsim.matching.setting import Setting, everywhere, faults_at, obstacles
from mqsim.matching.staff import producer_latency, staff_of
from mqsim.matching.streams import Stream
from mqsim.matching.work import mixture
from mqsim.scenario import At, Empty, Poisson, ProducerSpec, Scenario
from mqsim.theory import (
    drain_time,
    drain_time_constant,
    drain_time_deviation,
    fork_join,
    fork_join_two,
)


def drain_match(scenario: Scenario) -> Match | None:
    """The match of a run that ends when a backlog has been worked off; None where it isn't one."""
    if scenario.until is None:
        return None
    goal = scenario.until.empty if isinstance(scenario.until, Empty) else _only_queue(scenario)
    if goal is None:
        return None
    backlog, rest = _backlog(scenario, goal)
    staff = staff_of(scenario, goal)
    if backlog == 0 or isinstance(staff, str) or rest is None:
        return None
    senders = [spec for spec in scenario.producers.values() if goal in shares(scenario, spec.to)]
    laws = [(1.0, staff.spec.service or spec.work) for spec in senders] or (
        [(1.0, staff.spec.service)] if staff.spec.service is not None else []
    )
    if not laws:
        return None
    work = mixture(laws, staff.speed)
    spec = scenario.broker.queues[goal]
    setting = Setting(scenario, goal, spec, rest, staff, work, 0.0)
    lost = spec.max_length is not None or spec.message_ttl is not None or staff.spec.fails is not None
    shared = staff.line == "shared" and staff.latency == 0
    # Acknowledged as its work begins, the last message leaves the queue when it is begun.
    left = int(staff.spec.ack == "early")
    if (
        lost
        or not shared
        or work.mean == 0
        or next(obstacles(setting), None)
        or next(faults_at(setting), None)
    ):
        return None
    coming = "" if rest.rate == 0 else f" while {rest.rate:g} more come a second"
    why = f"{backlog} messages wait at the start and {staff.servers} work them off{coming}."
    if rest.rate * work.mean >= staff.servers:
        return None
    by_drained = scenario.until == "drained"
    left = 0 if by_drained else left
    if left:
        why += " It ends when the last one is begun, for that is when it is acknowledged (ack: early)."
    rate = 1.0 / work.mean
    values: dict[str, float] = {}
    if work.constant and rest.rate == 0:
        values["end"] = drain_time_constant(backlog - left, rate, staff.servers)
        values["end.deviation"] = 0.0
    elif work.exponential or staff.servers == 1:
        values["end"] = drain_time(backlog, rate, staff.servers, rest.rate, left)
        if work.exponential:
            values["end.deviation"] = drain_time_deviation(backlog, rate, staff.servers, rest.rate, left)
    else:
        return None
    return Match("", Fit.EXACT, "the mean time of a drain", (why,), values=values, groups=staff.groups)


def _only_queue(scenario: Scenario) -> str | None:
    names = list(scenario.broker.queues)
    return names[0] if len(names) == 1 else None


def _backlog(scenario: Scenario, queue: str) -> tuple[int, Stream | None]:
    """Messages there from the start, and the Poisson stream that comes later (None: something else does)."""
    count = scenario.broker.queues[queue].ready
    rate = 0.0
    producers: list[str] = []
    for name, spec in scenario.producers.items():
        share = shares(scenario, spec.to).get(queue)
        if share is None:
            continue
        if not share.whole or spec.start > 0 or producer_latency(scenario, [name]) != 0:
            return count, None
        if isinstance(spec.arrivals, At) and set(spec.arrivals.times) == {0.0} and spec.stop is None:
            some = len(spec.arrivals.times)
            count += spec.count * (some if spec.messages is None else min(some, spec.messages))
        elif (came := _poisson_rate(spec)) is not None:
            rate += came
        else:
            return count, None
        producers.append(name)
    return count, Stream("poisson" if rate else "none", rate, tuple(producers))


def _poisson_rate(spec: ProducerSpec) -> float | None:
    if spec.messages is not None or spec.stop is not None or not isinstance(spec.arrivals, Poisson):
        return None
    return spec.arrivals.rate * spec.count


def fork_match(traffic: Traffic) -> Match | None:
    """The match of messages that are copied to several equal queues and done when the last copy is."""
    scenario = traffic.scenario
    used = [name for name, stream in traffic.outside.items() if stream.kind != "none"]
    if len(used) < 2 or any(traffic.edges.values()) or next(everywhere(scenario), None) is not None:
        return None
    settings = [node_setting(traffic, name) for name in used]
    streams = [traffic.outside[name] for name in used]
    if any(stream.kind != "poisson" or stream.producers != streams[0].producers for stream in streams):
        return None
    parts = [shares(scenario, scenario.producers[name].to) for name in streams[0].producers]
    if any(not share.whole for found in parts for share in found.values()):
        return None
    means = set()
    for setting in settings:
        if isinstance(setting, str) or not _branch(setting):
            return None
        means.add(setting.work.mean)
    rate = streams[0].rate
    if len(means) > 1 or rate * (mean := means.pop()) >= 1.0:
        return None
    count = len(used)
    exact = count == 2
    sojourn = fork_join_two(rate, 1.0 / mean).mean_sojourn if exact else fork_join(rate, 1.0 / mean, count)
    why = f"Each message is copied to {count} queues with one consumer and independent exponential work each."
    fit = Fit.EXACT if exact else Fit.APPROXIMATE
    return Match("", fit, f"fork-join of {count}", (why,), values={"flows.mean": sojourn})


def _branch(setting: Setting) -> bool:
    staff, spec = setting.staff, setting.spec
    plain = (
        spec.max_length is None and spec.message_ttl is None and staff.spec.fails is None and not spec.ready
    )
    alone = staff.servers == 1 and setting.plain_line and staff.spec.service is not None
    sound = next(obstacles(setting), None) is None and next(faults_at(setting), None) is None
    return plain and alone and sound and setting.work.exponential
