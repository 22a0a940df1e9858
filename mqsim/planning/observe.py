"""What is read off one run for a plan: times message by message, misses, numbers of the summary.

Whatever was lost, dropped, refused, or never finished counts as an infinite time, so it can't flatter a
percentile. Messages created so late in a run that they could not have met a limit before its end are not
judged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mqsim.metrics import depth_series, summary, time_average
from mqsim.metrics.flows import flow_times, times_in_queue
from mqsim.planning.events import last_instant
from mqsim.runs import simulate
from mqsim.trace import Outcome, Trace
from mqsim.trace.event_kinds import EventKind
from mqsim.trace.frames import columns
from mqsim.trace.work_spans import up_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.planning.length import Length
    from mqsim.planning.targets import Measure
    from mqsim.runs.engines import Engine
    from mqsim.scenario import Scenario

Floats = NDArray[np.float64]
_LATE = 0.2
"""The part of a run at its end in which what is created may be left out."""


@dataclass(frozen=True)
class Observation:
    """What one run says of each measure.

    Attributes:
        times: of a time or a share: one number a message, in the order of their creation; infinite for
            misses.
        numbers: of any other measure; NaN where the run has none.
        messages: rows of the message table.
        complete: whether the run came to its own end.
    """

    times: dict[Measure, Floats]
    numbers: dict[Measure, float]
    messages: int
    complete: bool


def observe(
    scenario: Scenario,
    seed: int,
    replication: int,
    measures: Sequence[Measure],
    length: Length,
    limit: float = 0.0,
    engine: Engine = "auto",
) -> Observation:
    """Run once and read the measures.

    Args:
        scenario: as `length.applied` gives it.
        seed: of all random numbers.
        replication: which independent run, from 0.
        measures: what to read.
        length: what part of the run counts.
        limit: seconds at the end of a run that is kept as it is written in which what is created isn't judged
            unless it was finished; the largest limit among the targets.
        engine: which runs it.
    """
    result = simulate(scenario, seed=seed, replication=replication, engine=engine)
    trace = result.trace
    warm = length.warm if length.steady else result.warmup
    start = trace.start + warm
    end = start + length.kept if length.steady else _judged_until(scenario, trace, limit)
    censored = not length.steady and scenario.duration is not None
    times: dict[Measure, Floats] = {}
    numbers: dict[Measure, float] = {}
    told: dict[str, Any] | None = None
    for measure in measures:
        match measure.kind:
            case "time" | "share":
                times[measure] = _times(trace, measure, start, end, censored)
            case "misses":
                numbers[measure] = _misses(trace, measure, start, end)
            case "recover":
                numbers[measure] = _recovery(scenario, trace, measure.queue, start)
            case "overflow":
                numbers[measure] = _overflow(trace, measure.queue)
            case "alarm":
                numbers[measure] = _first_alarm(trace)
            case "flaps":
                numbers[measure] = _flaps(trace, measure.path[1])
            case "staff":
                numbers[measure] = _staff(trace, measure.path[1], start)
            case _:
                told = summary(trace, warm) if told is None else told
                numbers[measure] = _number(told, measure.path)
    return Observation(times, numbers, trace.messages.n, trace.complete)


def _judged_until(scenario: Scenario, trace: Trace, limit: float) -> float:
    """Where a run has a duration, what is created just before its end can't be finished in time."""
    if scenario.duration is None or limit > 0.2 * (trace.end - trace.start):
        return trace.end
    return trace.end - limit


def _times(trace: Trace, measure: Measure, start: float, end: float, censored: bool) -> Floats:
    """One number a message created from `start` to `end`.

    `censored`: the run ends while messages are under way. A mean or a maximum has no limit that would say
    which of them could have been done; so those are left out that came later than the longest time before
    the end.
    """
    created, value = _read(trace, measure)
    if censored and measure.statistic in ("mean", "max"):
        done = value[np.isfinite(value)]
        longest = float(done.max()) if done.size else 0.0
        end = min(end, trace.end - min(longest, _LATE * (trace.end - trace.start)))
    within = (created >= start) & (created <= end)
    created, value = created[within], value[within]
    ordered = value[np.argsort(created, kind="stable")]
    return np.where(np.isnan(ordered), math.inf, ordered)


def _read(trace: Trace, measure: Measure) -> tuple[Floats, Floats]:
    """When messages were created, and the time in question; NaN for a miss."""
    if measure.time == "flows":
        flows = flow_times(trace)
        return flows.created, flows.acked - flows.created
    if measure.time == "sojourn":
        created, finished = times_in_queue(trace, measure.queue)
        return created, finished - created
    code, created, enqueued, started, finished, outcome = columns(
        trace.messages, "queue", "created", "enqueued", "started", "finished", "outcome"
    )
    mine = code == trace.queues.names.index(measure.queue)
    worked = ~np.isnan(finished) & ((outcome == Outcome.ACKED) | (outcome == Outcome.UNACKED))
    value = started - enqueued if measure.time == "wait" else finished - started
    return created[mine], np.where(worked, value, np.nan)[mine]


def _misses(trace: Trace, measure: Measure, start: float, end: float) -> float:
    """The share, or the number, of messages that were not done."""
    if measure.queue:
        created, done = times_in_queue(trace, measure.queue)
    else:
        flows = flow_times(trace)
        created, done = flows.created, flows.acked
    missed = np.isnan(done[(created >= start) & (created <= end)])
    if measure.dimension == "count":
        return float(missed.sum())
    return float(missed.mean()) if missed.size else math.nan


def _recovery(scenario: Scenario, trace: Trace, queue: str, start: float) -> float:
    """Seconds from the begin of the first fault until all faults are over and no more messages wait than on
    average before; infinite if that never comes.

    Where a fault goes on to the end of the run, or there is none, it is the time past the queue's peak.
    """
    faults = [fault for fault in scenario.faults if fault.at is not None]
    late = [spec.start for spec in scenario.producers.values() if spec.start > 0.0]
    begins = min([fault.at or 0.0 for fault in faults] or late, default=start)
    times, depth = depth_series(trace, queue)
    before = time_average((times, depth), start, begins)
    usual = math.ceil(before[0]) if before else 0
    first = int(np.searchsorted(times, begins))
    if first == len(times):
        return math.nan
    over = times[first + int(np.argmax(depth[first:]))]
    if faults and all(fault.restart_after or fault.for_ or fault.down for fault in faults):
        over = max(begins, last_instant(faults))
        if over > trace.end:
            return math.inf
    at = int(np.searchsorted(times, over, side="right")) - 1
    back = np.flatnonzero(depth[at:] <= usual)
    return float(max(times[at + back[0]], over) - begins) if back.size else math.inf


def _overflow(trace: Trace, queue: str) -> float:
    """When the first message was dropped or refused for want of room; infinite if none was."""
    code, ended, outcome = columns(trace.messages, "queue", "ended", "outcome")
    out = (outcome == Outcome.DROPPED) | (outcome == Outcome.REFUSED)
    mine = (code == trace.queues.names.index(queue)) | (code < 0)
    found = ended[out & mine]
    return float(np.nanmin(found) - trace.start) if found.size else math.inf


def _first_alarm(trace: Trace) -> float:
    """When an alarm was raised first; infinite if none was."""
    events = trace.events
    raised = (t for t, kind in zip(events.t, events.kind, strict=True) if kind == EventKind.ALARM_RAISED)
    return next(raised, math.inf) - trace.start


def _flaps(trace: Trace, group: str) -> float:
    """How often an autoscaler turned from adding consumers to taking them away, or back."""
    ways: dict[str, int] = {EventKind.SCALED_UP: 1, EventKind.SCALED_DOWN: -1}
    events, turned, last = trace.events, 0, 0
    for kind, who in zip(events.kind, events.subject, strict=True):
        if kind in ways and trace.cast[who].group == group:
            turned += last == -ways[kind]
            last = ways[kind]
    return float(turned)


def _staff(trace: Trace, group: str, start: float) -> float:
    """How many consumers of a group ran on average."""
    spans = [up_spans(trace, name) for name, actor in trace.cast.items() if actor.group == group]
    up = sum(float((span[:, 1] - np.maximum(span[:, 0], start)).clip(min=0.0).sum()) for span in spans)
    return up / (trace.end - start) if trace.end > start else math.nan


def _number(told: dict[str, Any], path: Sequence[str]) -> float:
    if path[0] == "messages" and path[-1] not in told["messages"]:  # told by queue alone
        return float(sum(queue.get(path[-1]) or 0 for queue in told["queues"].values()))
    here: Any = told
    for step in path:
        here = here.get(step) if isinstance(here, dict) else None
    return math.nan if here is None else float(here)
