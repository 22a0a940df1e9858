"""Queues with classes of messages, with work that fails, and with consumers that break down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.distributions import Distribution, Exponential
from mqsim.matching.lossless_queue import overload
from mqsim.matching.plain import plain_match
from mqsim.matching.records import Match, Shifted
from mqsim.matching.setting import Setting, faults_at
from mqsim.matching.work import mixture, plain
from mqsim.theory import Queue, mg1, mg1_priorities, mmc, mmc_breakdowns, mmc_priorities, requeued_work
from mqsim.theory.laws import delayed_exponential

if TYPE_CHECKING:
    from mqsim.scenario import Fails


def levels_of(setting: Setting) -> dict[int, list[tuple[float, Distribution]]]:
    """The rates and laws of work of each priority that the queue tells apart, the most important first."""
    highest = setting.spec.max_priority
    if highest is None:
        return {0: list(setting.stream.parts)}
    found: dict[int, list[tuple[float, Distribution]]] = {}
    for level, rate, law in setting.stream.priorities:
        law = setting.staff.spec.service or law
        found.setdefault(min(level, highest), []).append((rate, law))
    return dict(sorted(found.items(), reverse=True))


def priority_match(setting: Setting) -> Match:
    """The match of a priority queue whose messages have different priorities."""
    stream, staff = setting.stream, setting.staff
    if stream.kind != "poisson" or not setting.plain_line:
        return setting.none("Priorities have a formula here for Poisson arrivals, prefetch 1 and no latency.")
    if overloaded := overload(stream, setting.work, staff.servers):
        return setting.none(overloaded)
    levels = levels_of(setting)
    rates = [sum(rate for rate, _ in parts) for parts in levels.values()]
    works = [mixture(parts, staff.speed) for parts in levels.values()]
    if staff.servers > 1 and not setting.work.exponential:
        return setting.none(
            "Priorities with several consumers have a formula here for equal exponential work only."
        )
    if setting.work.exponential:
        classes = mmc_priorities(rates, 1.0 / setting.work.mean, staff.servers)
    else:
        classes = mg1_priorities(rates, [w.mean for w in works], [w.second_moment for w in works])
    wait = sum(rate * queue.mean_wait for rate, queue in zip(rates, classes, strict=True)) / stream.rate
    values = {
        "wait.mean": wait,
        "sojourn.mean": wait + setting.work.mean,
        "p_wait": classes[0].p_wait,
        "throughput": stream.rate,
        "utilisation": stream.rate * setting.work.mean / staff.servers,
        "depth.mean": stream.rate * wait,
        "in_system.mean": stream.rate * (wait + setting.work.mean),
    }
    by_level = dict(zip(levels, classes, strict=True))
    for level in sorted({level for level, _, _ in stream.priorities}, reverse=True):
        queue = by_level[min(level, max(levels))]
        values[f"wait.mean of priority {level}"] = queue.mean_wait
        values[f"sojourn.mean of priority {level}"] = queue.mean_sojourn
    letter = "M" if setting.work.exponential else "G"
    why = "Poisson arrivals; more important messages go first, and work that has begun is finished."
    model = f"M/{letter}/{staff.servers} with {len(levels)} priorities"
    return setting.match(None, values, {}, why, model=model)


def failing_match(setting: Setting) -> Match:
    """The match of a queue whose consumers' work can fail."""
    fails = setting.staff.spec.fails
    assert fails is not None
    # What is given back at the end of exponential work that is drawn anew may come again in any order.
    staff = setting.staff
    alone = staff.servers == 1 and staff.latency == 0 and staff.spec.ack == "manual"
    anyhow = alone and fails.then == "nack" and memoryless(setting, fails)
    if setting.stream.kind != "poisson" or not (
        setting.plain_line or (anyhow and setting.staff.latency == 0)
    ):
        return setting.none(
            "Work that fails has a formula here for Poisson arrivals, prefetch 1 and no latency."
        )
    if fails.then == "crash":
        return _crashing(setting, fails)
    return _requeued(setting, fails) if fails.then == "nack" else _given_up(setting, fails)


def _crashing(setting: Setting, fails: Fails) -> Match:
    """The only consumer dies of failing work, and takes the same message up when it runs again."""
    stream, staff, work = setting.stream, setting.staff, setting.work
    p, share, down = fails.probability, fails.after, fails.restart_after
    if staff.servers > 1 or len(setting.consumers) > 1 or setting.consumers[0].count > 1:
        return setting.none("A consumer that fails dies, and the others work on; that has no formula here.")
    if down is None or p == 1.0 or fails.attempts is not None:
        return setting.none(
            "A consumer that dies of its work has a formula here if it comes back until it succeeds."
        )
    failures, square = p / (1.0 - p), p * (1.0 + p) / (1.0 - p) ** 2
    mean = work.mean + failures * (share * work.mean + down)
    if staff.spec.redraw:
        variance = work.second_moment - work.mean**2
        spread = variance * (1.0 + failures * share**2)
        moment = spread + (square - failures**2) * (share * work.mean + down) ** 2 + mean**2
    else:
        again = 1.0 + 2.0 * share * failures + share**2 * square
        moment = (
            work.second_moment * again
            + 2.0 * work.mean * down * (failures + share * square)
            + down**2 * square
        )
    if stream.rate * mean >= 1.0:
        return setting.none(
            "There is no steady state: the consumer is down too often for the work that comes."
        )
    queue = mg1(stream.rate, mean, moment)
    values = {
        "wait.mean": queue.mean_sojourn - work.mean,
        "sojourn.mean": queue.mean_sojourn,
        "throughput": stream.rate,
        "in_system.mean": queue.mean_in_system,
    }
    why = "The time until a message is done, with the crashes on its way, counts as one long service."
    return setting.match(queue, values, {}, why, model="M/G/1 with crashes")


def _requeued(setting: Setting, fails: Fails) -> Match:
    """Failing work goes back to the head of the queue and is taken up again at once."""
    stream, staff, work = setting.stream, setting.staff, setting.work
    p, most, after = fails.probability, fails.attempts, fails.after
    again = staff.spec.redraw
    if p == 1.0 and most is None:
        return setting.none("Every attempt fails and is tried again, for ever.")
    total = requeued_work(work.mean, work.second_moment, p, attempts=most, after=after, redraw=again)
    if (load := stream.rate * total.mean / staff.servers) >= 1.0:
        return setting.none(
            f"There is no steady state: with the failed attempts the consumers would have to work {load:.3g} "
            "seconds a second."
        )
    forgets = memoryless(setting, fails)
    if forgets:
        queue = mmc(stream.rate, 1.0 / total.mean, staff.servers)
    elif staff.servers == 1:
        queue = mg1(stream.rate, total.mean, total.second_moment)
    else:
        return setting.none(
            "Work that is requeued has a formula here for one consumer, or for exponential work that is "
            "drawn anew at each attempt (redraw: true)."
        )
    given_up = total.p_given_up
    # Of a message that succeeds: its failed attempts before that.
    failed = (
        p / (1.0 - p) if most is None else sum(k * p**k for k in range(most)) * (1.0 - p) / (1.0 - p**most)
    )
    before = failed * after * work.mean
    values = {
        "wait.mean": queue.mean_wait + before,
        "sojourn.mean": queue.mean_wait + before + work.mean,
        "throughput": stream.rate * (1.0 - given_up),
        "utilisation": stream.rate * total.mean / staff.servers,
        "in_system.mean": queue.mean_in_system,
    }
    if setting.plain_line:
        values["depth.mean"] = queue.mean_waiting
    if most is not None:
        values["loss"] = given_up
    in_order = forgets and setting.plain_line and setting.spec.type == "classic"
    laws = {"sojourn": Shifted(queue.sojourn_law)} if in_order and queue.sojourn_law is not None else {}
    why = (
        f"Failed work goes back to the head and is taken up again at once: {total.attempts:.3g} attempts a "
        "message, which count as one long service.",
        "The wait runs to the start of the attempt that succeeds.",
    )
    return setting.match(queue, values, laws, *why, model=f"{queue.name} with repeated work")


def memoryless(setting: Setting, fails: Fails) -> bool:
    """Whether an attempt that fails leaves no trace: exponential work, drawn anew, failing at its end."""
    forgets = setting.work.exponential and setting.staff.spec.redraw
    return forgets and fails.after == 1.0 and fails.attempts is None


def _given_up(setting: Setting, fails: Fails) -> Match:
    """A failing message is rejected, or dropped, after a share of its work."""
    stream, staff, work = setting.stream, setting.staff, setting.work
    p, after = fails.probability, fails.after
    if after == 1.0:
        base = plain_match(setting)
        if base.queue_theory is None:
            return base
        queue: Queue = base.queue_theory
        laws = dict(base.laws)
    elif staff.servers == 1:
        mean = work.mean * (1.0 - p + p * after)
        square = work.second_moment * (1.0 - p + p * after * after)
        if stream.rate * mean >= 1.0:
            return setting.none("There is no steady state: more work comes than can be done.")
        queue, laws = mg1(stream.rate, mean, square), {}
    else:
        return setting.none("Work that fails before its end has a formula here for one consumer only.")
    done = 1.0 - p if fails.then == "reject" else 1.0
    values = {
        "wait.mean": queue.mean_wait,
        "sojourn.mean": queue.mean_wait + work.mean,
        "p_wait": queue.p_wait,
        "throughput": stream.rate * done,
        "utilisation": queue.utilisation,
        "depth.mean": queue.mean_waiting,
        "in_system.mean": queue.mean_in_system,
        "loss": p,
    }
    why = f"{stream.says.rstrip('.')}, {work.words()}; a share of {p:g} fails, and is not tried again."
    return setting.match(queue, values, laws, why)


def breaking_match(setting: Setting) -> Match:
    """The match of a queue that faults strike."""
    faults = list(faults_at(setting))
    staff, stream, work = setting.staff, setting.stream, setting.work
    fault = faults[0]
    if len(faults) > 1 or fault.kind not in ("crash", "kill") or fault.every is None or fault.repair is None:
        kinds = ", ".join(sorted({each.kind for each in faults}))
        return setting.none(
            f"Faults strike it ({kinds}), and a formula here knows only consumers that crash at random."
        )
    all_of_them = staff.groups == (fault.target,) or (
        staff.servers == 1 and staff.groups and fault.target == f"{staff.groups[0]}-1"
    )
    if not all_of_them or setting.spec.single_active_consumer:
        return setting.none("Only some of those who keep it going break down.")
    lives, repairs = plain(fault.every), plain(fault.repair)
    if not (isinstance(lives, Exponential) and isinstance(repairs, Exponential)):
        return setting.none("Breakdowns have a formula here for exponential lives and repairs.")
    if stream.kind != "poisson" or not work.exponential or not setting.plain_line:
        return setting.none(
            "Breakdowns have a formula here for Poisson arrivals, exponential work and prefetch 1."
        )
    if not staff.spec.redraw:
        return setting.none(
            "Work that a crash interrupts begins anew with the same length, so long work is interrupted "
            "again and again: worse than any formula here says. With redraw: true each attempt draws its "
            "own, and M/M/c with breakdowns fits."
        )
    share = lives.mean / (lives.mean + repairs.mean)
    if stream.rate * work.mean >= staff.servers * share:
        return setting.none(
            "There is no steady state: the consumers are down too often for the work that comes."
        )
    queue = mmc_breakdowns(stream.rate, 1.0 / work.mean, staff.servers, 1.0 / lives.mean, 1.0 / repairs.mean)
    last = 1.0 / (1.0 / work.mean + 1.0 / lives.mean)
    values = {
        "wait.mean": queue.mean_sojourn - last,
        "sojourn.mean": queue.mean_sojourn,
        "throughput": stream.rate,
        "utilisation": queue.utilisation,
        "depth.mean": queue.mean_waiting,
        "in_system.mean": queue.mean_in_system,
    }
    why = (
        "Poisson arrivals, exponential work drawn anew at each attempt, and consumers that are up "
        f"{share:.1%} of the time. The wait runs to the start of the last attempt.",
    )
    laws = {"service": Shifted(delayed_exponential(1.0, 1.0 / last))}
    return setting.match(queue, values, laws, *why)
