"""Warnings about a run: parts that fall behind, runs too short, intervals too wide, useless settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.matching import Load, Surge, loads, short_run, surges
from mqsim.matching.routes import shares
from mqsim.scenario import Closed, Empty, Saturate, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mqsim.trace import Trace

WIDE = 0.1
"""An interval whose half-width is more than this share of its mean is called wide."""
_JUDGED = ("wait.mean", "sojourn.mean", "wait.p95", "sojourn.p95", "throughput")
_GROWTH = 5.0
_LEAST = 1000


@dataclass(frozen=True)
class RunWarning:
    """One thing that a reader of the numbers should mind.

    Attributes:
        kind: "overload", "surge", "growth", "short" and "wide" say why the numbers may mislead;
            "unfinished", that the run was cut off; "setting", that the scenario asks for what has no effect
            or is advised against.
        about: the queue, the producer or the figure; empty for the broker or the whole.
        message: one sentence that says what to do.
    """

    kind: str
    about: str
    message: str


def overloads(scenario: Scenario) -> list[RunWarning]:
    """The parts of a scenario that can't keep up, told before anything is run.

    Args:
        scenario: what would be run.
    """
    return [
        RunWarning("overload", load.name, _overload(scenario, load)) for load in loads(scenario) if load.over
    ]


def surge_warnings(scenario: Scenario) -> list[RunWarning]:
    """The queues to which more comes than can be worked off, but only for a while.

    Args:
        scenario: what would be run.
    """
    return [RunWarning("surge", surge.queue, _surge(surge)) for surge in surges(scenario)]


def _surge(surge: Surge) -> str:
    gone = (
        f"they are gone at about {_seconds(surge.recovers)}"
        if np.isfinite(surge.recovers)
        else "they are not gone when the run ends"
    )
    return (
        f"From {_seconds(surge.begins)} on more comes to queue {surge.queue} than its consumers can work off "
        f"(up to {surge.peak:.4g} a second against {surge.capacity:.4g}): about {surge.backlog:,.0f} pile "
        f"up until {_seconds(surge.at)}, and {gone}. Chance adds to that."
    )


def _seconds(value: float) -> str:
    """Three digits; from a thousand on whole seconds, never as a power of ten."""
    return f"{value:,.0f} s" if value >= 999.5 else f"{value:.3g} s"


def endless(scenario: Scenario) -> str:
    """Why a run with `until: {empty: …}` will most likely go on to its max_duration; empty if it won't."""
    if not isinstance(scenario.until, Empty):
        return ""
    queue = scenario.until.empty
    for load in loads(scenario):
        if load.part == "queue" and load.name == queue and load.over:
            return (
                f"Queue {queue} may never be empty: {load.offered:.4g} messages a second come and its "
                f"consumers can work off {load.capacity:.4g}, so the run may go on to "
                f"{scenario.horizon:g} s; give it a duration, or a smaller max_duration."
            )
    return ""


def run_warnings(
    scenario: Scenario, trace: Trace, warmup: float, *, settled: bool = True
) -> list[RunWarning]:
    """All that the reader of one run should mind.

    Args:
        scenario: what was run.
        trace: its record.
        warmup: seconds left out at the start.
        settled: whether the run outlasted its warm-up.
    """
    found = []
    if not trace.complete:
        limit = scenario.max_duration
        says = f"the run stopped at max_duration ({limit:g} s), before it was {_goal(scenario)}."
        found.append(RunWarning("unfinished", "", says))
    found += [RunWarning("setting", "", says) for says in _without_effect(scenario)]
    misleading = _misleading(scenario, trace, warmup)
    if not settled:
        says = "the run is too short for its warm-up to end: run it longer, or give warmup a number."
        found.append(RunWarning("short", "", says))
        misleading = [one for one in misleading if one.kind != "short"]
    return found + misleading


def _misleading(scenario: Scenario, trace: Trace, warmup: float) -> list[RunWarning]:
    """Why the numbers may mislead: overload, growth, a short run."""
    found = [*overloads(scenario), *surge_warnings(scenario)]
    start = trace.start + warmup
    if scenario.duration is None or not trace.end > start:
        return found
    known = loads(scenario)
    found += _growing(scenario, trace, start, {load.name for load in known if load.over})
    if not any(load.part == "broker" for load in known):
        found += _held_up(scenario, trace, start)
    if not any(one.kind in ("overload", "growth") for one in found):
        found += _short(scenario, trace, start, known)
    return found


def wide(figures: Mapping[str, Mapping[str, Any]]) -> list[RunWarning]:
    """The figures of replications whose intervals are wide, in one sentence.

    Args:
        figures: by name, each with `mean`, `half_width` and `runs`, as `mqsim run --replications` has them.
    """
    found = {
        name: one["half_width"] / abs(one["mean"])
        for name, one in figures.items()
        if name.endswith(_JUDGED) and one["half_width"] is not None and one["mean"]
    }
    over = sorted((name for name in found if found[name] > WIDE), key=lambda name: -found[name])
    if not over:
        return []
    worst = over[0]
    need = int(np.ceil(figures[worst]["runs"] * (found[worst] / WIDE) ** 2))
    more = f" (and {len(over) - 1} more)" if len(over) > 1 else ""
    message = (
        f"The interval of {worst}{more} is wide, ± {found[worst]:.0%} of its mean: about {need} "
        f"replications, or longer runs, would bring it to {WIDE:.0%}."
    )
    return [RunWarning("wide", worst, message)]


def _overload(scenario: Scenario, load: Load) -> str:
    if load.part == "broker":
        return (
            f"The broker itself is overloaded: each second it is asked for {load.offered:.3g} s of its own "
            "time (broker.costs), and what waits for it is in no queue's depth; lower the costs or the rate."
        )
    if load.part == "producer":
        confirms = scenario.producers[load.name].confirms
        assert confirms is not None
        return (
            f"Producer {load.name} falls behind: {load.offered:.4g} messages a second come to it, and with "
            f"{confirms.window} unconfirmed at a time it can publish {load.capacity:.4g}; the others wait "
            "there, in no queue's depth, so raise confirms.window or shorten the way."
        )
    than = "which is all that" if load.share < 1.0 + 1e-6 else f"and {load.capacity:.4g} is all that"
    return (
        f"Queue {load.name} is overloaded: {load.offered:.4g} messages a second come, {than} its consumers "
        "can work off, so it grows as long as the run lasts and its waits have no mean; add consumers, or "
        "lower the rate."
    )


def _growing(scenario: Scenario, trace: Trace, start: float, told: set[str]) -> Iterator[RunWarning]:
    """Queues that hold more and more, with their consumers, but for those of which it was told already."""
    from mqsim.metrics import in_system_series
    from mqsim.statistics import step_means, unstable

    for name in trace.queues.names:
        if name not in scenario.broker.queues or name in told or not _grows_unasked(scenario, name):
            continue
        times, levels = in_system_series(trace, name)
        caution = unstable(step_means(times, levels, start, trace.end), _GROWTH)
        if caution is None or not _never_comes_back(times, levels, start, trace.end):
            continue
        nobody = "" if _is_consumed(scenario, name) else "nobody consumes it. "
        yield RunWarning("growth", name, f"Queue {name}: {nobody}{_lower(str(caution))}")


def _never_comes_back(
    times: NDArray[np.float64], levels: NDArray[np.int64], start: float, end: float
) -> bool:
    """Whether in its last third a level never falls to its mean in the first third.

    A queue that keeps up comes back to that again and again, however long its busy periods are.
    """
    from mqsim.metrics import time_average

    third = (end - start) / 3.0
    first = time_average((times, levels), start, start + third)
    begins = max(0, int(np.searchsorted(times, end - third, side="right")) - 1)
    last = levels[begins:]
    return first is not None and len(last) > 0 and float(last.min()) > first[0] + _GROWTH


def _is_consumed(scenario: Scenario, queue: str) -> bool:
    return any(group.queue == queue and group.most > 0 for group in scenario.consumers.values())


def _grows_unasked(scenario: Scenario, queue: str) -> bool:
    """Whether a queue has no bound, is to be worked off, and has producers that go on to the end whatever
    they do. A dead-letter queue that nobody consumes may keep what comes to it.
    """
    spec = scenario.broker.queues[queue]
    if spec.max_length is not None or spec.max_bytes is not None or spec.message_ttl is not None:
        return False
    senders = [spec for spec in scenario.producers.values() if spec.count]
    if not _is_consumed(scenario, queue) and not any(queue in shares(scenario, p.to) for p in senders):
        return False
    answering = any(isinstance(spec.arrivals, Closed | Saturate) for spec in senders)
    return bool(senders) and not answering and all(_to_the_end(scenario, spec) for spec in senders)


def _to_the_end(scenario: Scenario, spec: Any) -> bool:
    stops = spec.stop is not None and spec.stop < scenario.horizon
    return not stops and spec.messages is None and spec.expiration is None


def _held_up(scenario: Scenario, trace: Trace, start: float) -> Iterator[RunWarning]:
    """Messages that pile up between their creation and their queue."""
    from mqsim.statistics import step_means, unstable
    from mqsim.trace.frames import columns

    costs = scenario.broker.costs
    alarms = scenario.broker.memory.limit is not None or scenario.broker.disk.free is not None
    waiting = [spec.confirms for spec in scenario.producers.values()]
    if costs.publish.mean + costs.deliver.mean == 0.0 and not alarms and not any(waiting):
        return
    created, enqueued, ended = columns(trace.messages, "created", "enqueued", "ended")
    arrived = np.where(np.isnan(enqueued), ended, enqueued)
    caution = unstable(step_means(*_level(created, arrived), start, trace.end), _GROWTH)
    if caution is not None:
        message = (
            "Messages pile up on their way to the queues, where no depth shows them: the broker's own time "
            "(broker.costs), an alarm or a window of confirms holds them up; lower the rate, or that."
        )
        yield RunWarning("growth", "", message)


def _level(
    up: NDArray[np.float64], down: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many are between two times, as steps."""
    down = down[~np.isnan(down)]
    times = np.concatenate([up, down])
    order = np.argsort(times, kind="stable")
    steps = np.concatenate([np.ones(len(up)), -np.ones(len(down))])
    return times[order], np.cumsum(steps[order])


def _short(scenario: Scenario, trace: Trace, start: float, known: Sequence[Load]) -> Iterator[RunWarning]:
    """The queue that takes longest to settle beside what the run lasts, by its load or by its own numbers."""
    if any(fault.at is not None for fault in scenario.faults):
        return
    counted = trace.end - start
    queues = [load for load in known if load.part == "queue" and not load.regular]
    slowest = max(queues, key=lambda load: load.settles, default=None)
    if slowest is not None:
        settles = slowest.settles
        if says := short_run(slowest.name, slowest.share, settles, counted, slowest.varied):
            yield RunWarning("short", slowest.name, says)
            return
    for load in queues:
        yield from _unsettled(trace, load.name, start)


def _unsettled(trace: Trace, queue: str, start: float) -> Iterator[RunWarning]:
    from mqsim.statistics import too_short
    from mqsim.trace.frames import columns

    code, created, finished = columns(trace.messages, "queue", "created", "finished")
    mine = (code == trace.queues.names.index(queue)) & (created >= start) & ~np.isnan(finished)
    sojourns = (finished - created)[mine]
    if len(sojourns) < _LEAST or (caution := too_short(sojourns)) is None:
        return
    yield RunWarning("short", queue, f"Queue {queue}: {_lower(str(caution))}")


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _goal(scenario: Scenario) -> str:
    empty = getattr(scenario.until, "empty", None)
    return f"finished: queue {empty!r} was not empty" if empty else "drained"


def _without_effect(scenario: Scenario) -> list[str]:
    """What a scenario asks for and a real broker of its profile would not do, or advises against."""
    found = []
    queues, profile = scenario.broker.queues, scenario.broker.profile
    transient = [name for name, queue in queues.items() if not queue.durable]
    if transient and profile != "3.10":
        found.append(
            f"RabbitMQ {profile} advises against queues that are not durable ({', '.join(transient)}), "
            "and an operator may forbid them (541)."
        )
    asked = "consumer_timeout" in scenario.broker.model_fields_set
    if asked and profile == "4.3" and all(queue.type == "classic" for queue in queues.values()):
        found.append("consumer_timeout has no effect: RabbitMQ 4.3 has none on classic queues.")
    end = scenario.duration
    found += [
        f"queue {name} refuses every message: so does RabbitMQ with max_length 0 and reject-publish, even "
        "while a consumer is free; leave overflow at drop-head to lose only what finds none."
        for name, queue in queues.items()
        if queue.max_length == 0 and queue.overflow != "drop-head" and queue.type == "classic"
    ]
    if profile == "4.3":
        found += _returns_for_ever(scenario)
    for group, spec in scenario.consumers.items():
        if end is not None and spec.start >= end:
            found.append(f"consumers.{group} starts at {spec.start:g} s, when the run is over.")
    for number, fault in enumerate(scenario.faults):
        if end is not None and fault.at is not None and fault.at >= end:
            found.append(f"faults.{number} would strike at {fault.at:g} s, when the run is over.")
    return found


def _returns_for_ever(scenario: Scenario) -> list[str]:
    """Failing work that a delivery limit does not end."""
    return [
        f"RabbitMQ 4.3 does not count a nack towards the delivery limit, so what fails at {group} comes back "
        "without end: give fails a number of attempts, or take profile 4.0."
        for group, spec in scenario.consumers.items()
        if scenario.broker.queues[spec.queue].delivery_limit is not None
        and spec.fails is not None
        and spec.fails.then == "nack"
        and spec.fails.attempts is None
    ]
