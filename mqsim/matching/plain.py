"""Queues that serve every message once: with prefetch, acknowledgement and latency taken into account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.matching.lossless_queue import Formula, dealt, lossless, overload, roughness
from mqsim.matching.records import Match, Shifted
from mqsim.theory import prefetch_waits

if TYPE_CHECKING:
    from mqsim.matching.setting import Setting
    from mqsim.matching.streams import Stream
    from mqsim.matching.work import Work
    from mqsim.theory import Law


def plain_match(setting: Setting) -> Match:
    """The match of a queue without losses, limits, classes and breakdowns."""
    staff, stream, work = setting.staff, setting.stream, setting.work
    if staff.line == "stuck":
        return setting.none(_stuck(setting))
    if stream.kind in ("other", "none"):
        return setting.none(stream.says)
    if staff.line == "dealt":
        each = dealt(stream, staff.servers)
        found = lossless(setting.scenario, each, work, 1)
        return _answer(setting, found, overload(each, work, 1), _rough(found, each, work))
    held = work.longer(2.0 * staff.latency) if staff.line == "held" else work
    found = lossless(setting.scenario, stream, held, staff.servers)
    return _answer(setting, found, overload(stream, held, staff.servers), _rough(found, stream, held))


def _rough(found: Formula | str, stream: Stream, work: Work) -> str:
    return "" if isinstance(found, str) else roughness(found, stream, work)


def _answer(setting: Setting, found: Formula | str, overloaded: str, rough: str = "") -> Match:
    if overloaded:
        return setting.none(overloaded)
    if isinstance(found, str):
        return setting.none(found)
    staff, sending, work = setting.staff, setting.sending, setting.work
    way = staff.latency
    queue, rate = found.queue, setting.stream.rate
    wait = queue.mean_wait + way
    returning = way if staff.spec.ack == "manual" else 0.0
    values = {
        "wait.mean": wait,
        "sojourn.mean": sending + wait + work.mean,
        "throughput": rate,
        "utilisation": rate * work.mean / staff.servers,
        "in_system.mean": rate * (wait + work.mean + returning),
    }
    if way == 0:
        values["p_wait"] = queue.p_wait
    if staff.line == "dealt" or staff.spec.ack == "auto" or staff.spec.prefetch == 0:
        values["depth.mean"] = 0.0
    elif staff.ready_is_waiting:
        values["depth.mean"] = rate * queue.mean_wait
    elif _takes_ahead(setting):
        in_queue, _ = prefetch_waits(rate, 1.0 / work.mean, staff.spec.prefetch)
        values["depth.mean"] = rate * in_queue
    # The formula's service is what holds a consumer; its sojourn has the whole round trip in it.
    held = 2.0 * way if staff.line == "held" else 0.0
    laws = _laws(queue.wait_law, way, queue.sojourn_law, sending + way - held)
    why = (*found.why, *_reasons(setting))
    if not queue.exact:
        why += (f"The formula is an approximation. {rough}".rstrip(),)
    name = (
        f"{staff.servers} lines of {queue.name}"
        if staff.line == "dealt" and staff.servers > 1
        else queue.name
    )
    return setting.match(queue, values, laws, *why, model=name)


def _takes_ahead(setting: Setting) -> bool:
    """Whether one consumer of M/M/1 takes a limited number of messages ahead."""
    staff, stream = setting.staff, setting.stream
    alone = staff.servers == 1 and staff.latency == 0 and staff.spec.ack == "manual" and staff.spec.prefetch
    return bool(alone) and stream.kind == "poisson" and setting.work.exponential


def _laws(wait: Law | None, wait_by: float, sojourn: Law | None, sojourn_by: float) -> dict[str, Shifted]:
    laws = {}
    if wait is not None:
        laws["wait"] = Shifted(wait, wait_by)
    if sojourn is not None:
        laws["sojourn"] = Shifted(sojourn, sojourn_by)
    return laws


def _reasons(setting: Setting) -> list[str]:
    staff = setting.staff
    found = []
    if staff.line == "held":
        found.append(
            f"A consumer is held for {2 * staff.latency:g} s more than it works: the acknowledgement's way "
            "to the broker and the next delivery's way back."
        )
    elif staff.latency > 0:
        found.append(
            f"Messages are on their way for {staff.latency:g} s, which adds to the wait and holds nobody."
        )
    if staff.servers == 1 and staff.line == "shared" and not staff.ready_is_waiting:
        found.append(
            "With one consumer it makes no difference whether messages wait in the queue or at its side."
        )
    if setting.spec.single_active_consumer and sum(spec.count for spec in setting.consumers) > 1:
        found.append("One consumer works and the others stand by (single_active_consumer).")
    return found


def _stuck(setting: Setting) -> str:
    spec = setting.staff.spec
    if setting.staff.latency > 0:
        return (
            f"With prefetch {spec.prefetch} and latency a consumer sometimes waits for the network and "
            "sometimes does not, which no formula here describes."
        )
    if spec.ack == "early":
        return (
            "A consumer that acknowledges early holds a message more, which waits there while another may "
            "be free."
        )
    return (
        f"With prefetch {spec.prefetch} messages wait at the side of a busy consumer while another is free, "
        "which no formula here describes."
    )
