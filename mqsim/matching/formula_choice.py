"""Which formula fits which scenario: exactly, approximately or not at all, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.errors import TheoryError
from mqsim.matching.bounded import bounded_match, impatient_match
from mqsim.matching.ends import drain_match, fork_match
from mqsim.matching.loops import closed_match, saturated_match
from mqsim.matching.network import Traffic, fed_match, is_delay, network_match, work_of
from mqsim.matching.once import once
from mqsim.matching.plain import plain_match
from mqsim.matching.records import Match, Matches
from mqsim.matching.setting import Setting, faults_at, no_match, obstacles
from mqsim.matching.staff import producer_latency, staff_of
from mqsim.matching.troubled import breaking_match, failing_match, levels_of, priority_match

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.scenario import Scenario


@once
def applies(scenario: Scenario) -> Matches:
    """Say of each queue, and of the whole, which formula of `mqsim.theory` fits.

    Args:
        scenario: what would be run.

    Returns:
        A match for each queue, with `Fit.NONE` and the reason where no formula fits, and those of the whole
        scenario.

    Example:
        >>> import mqsim as mq
        >>> text = '''
        ... duration: 100
        ... broker: {queues: {tasks: {}}}
        ... producers: {web: {to: tasks, arrivals: {poisson: {rate: 1}}, work: {exponential: {mean: 0.5}}}}
        ... consumers: {worker: {queue: tasks}}
        ... '''
        >>> mq.matching.applies(mq.Scenario.from_yaml(text)).of("tasks").model
        'M/M/1'
    """
    traffic = Traffic(scenario)
    found: dict[str, Match] = {}
    whole: list[Match] = []
    for name in scenario.broker.queues:
        if name in found:
            continue
        for match in _matches_of(traffic, name):
            if match.queue:
                found[match.queue] = match
            else:
                whole.append(match)
    others = (drain_match(scenario), fork_match(traffic), network_match(traffic, found))
    whole += [match for match in others if match is not None]
    return Matches(tuple(found[name] for name in scenario.broker.queues), tuple(whole))


def _matches_of(traffic: Traffic, name: str) -> tuple[Match, ...]:
    try:
        return _judged(traffic, name)
    except TheoryError as error:
        return (no_match(name, f"Theory can't tell: {error}"),)


def _judged(traffic: Traffic, name: str) -> tuple[Match, ...]:
    scenario = traffic.scenario
    stream = traffic.outside[name]
    if traffic.fed(name) or (is_delay(scenario, name) and stream.kind != "none"):
        if any(traffic.outside[source].kind == "closed" for source in traffic.before(name)):
            return _in_a_closed_loop(traffic, name)
        return (fed_match(traffic, name),)
    staff = staff_of(scenario, name)
    if isinstance(staff, str):
        return (no_match(name, staff),)
    if stream.kind == "none":
        return (no_match(name, stream.says, groups=staff.groups),)
    work = work_of(stream, staff)
    sending = producer_latency(scenario, list(stream.producers))
    setting = Setting(scenario, name, scenario.broker.queues[name], stream, staff, work, sending or 0.0)
    reasons = list(obstacles(setting))
    if sending is None:
        reasons.append("Its producers are not equally far from the broker.")
    if work.mean == 0:
        reasons.append("The work takes no time.")
    if reasons:
        return (setting.none(*reasons),)
    return _by_feature(traffic, setting)


def _by_feature(traffic: Traffic, setting: Setting) -> tuple[Match, ...]:
    found = _features(setting)
    if len(found) > 1:
        listed = f"{', '.join(list(found)[:-1])} and {list(found)[-1]}"
        return (setting.none(f"It combines {listed}; there is no formula here for them together."),)
    kind = setting.stream.kind
    far = setting.sending > 0 and (found or kind in ("closed", "saturate"))
    if far and kind != "saturate":
        return (
            setting.none("Its producers are far from the broker (latency), which no formula for it knows."),
        )
    if found:
        if kind in ("closed", "saturate"):
            return (
                setting.none(f"It combines {next(iter(found))} with arrivals that answer to the consumers."),
            )
        return (next(iter(found.values()))(setting),)
    if kind == "closed":
        return closed_match(traffic, setting)
    return (saturated_match(setting) if kind == "saturate" else plain_match(setting),)


def _features(setting: Setting) -> dict[str, Callable[[Setting], Match]]:
    """What goes beyond a queue that serves every message once, by name, with the formula for it alone."""
    found: dict[str, Callable[[Setting], Match]] = {}
    spec, fails = setting.spec, setting.staff.spec.fails
    if next(faults_at(setting), None) is not None:
        found["faults"] = breaking_match
    unlimited = setting.staff.spec.ack == "auto" or setting.staff.spec.prefetch == 0
    refusing = spec.max_length == 0 and spec.overflow != "drop-head"
    limited = spec.max_length is not None and setting.stream.kind != "saturate"
    if limited and (refusing or not unlimited):
        found["bounded room"] = bounded_match
    expiring = spec.message_ttl is not None or any(each.expiration is not None for each in setting.producers)
    if expiring and not unlimited:
        found["messages that expire"] = impatient_match
    if len(levels_of(setting)) > 1 and not unlimited:
        found["priorities"] = priority_match
    if fails is not None and fails.probability > 0:
        found["work that fails"] = failing_match
    return found


def _in_a_closed_loop(traffic: Traffic, name: str) -> tuple[Match, ...]:
    """A queue behind the first one of a closed loop: it is matched together with that."""
    first = next(each for each in traffic.before(name) if traffic.outside[each].kind == "closed")
    for match in _judged(traffic, first):
        if match.queue == name:
            return (match,)
    return (no_match(name, f"It is in a closed loop through {first}, for which no formula fits."),)
