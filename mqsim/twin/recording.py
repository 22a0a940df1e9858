"""From the arrays of a run to its trace."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.trace.tables import (
    NOT_A_TIME,
    Actor,
    FaultSpan,
    ProducerCounts,
    Trace,
)
from mqsim.twin import codes
from mqsim.twin.kernel import run
from mqsim.twin.setting import PRELOAD

if TYPE_CHECKING:
    from mqsim.twin.setting import Setting


def trace_of(setting: Setting, limit: float) -> Trace:
    """What a run has left behind.

    Args:
        setting: the run, which is over.
        limit: when it would have ended at the latest, in seconds.
    """
    scenario = setting.scenario
    trace = Trace()
    _fill_tables(setting, trace)
    s = setting.state
    g = s.g[0]
    for name in setting.actor_names:
        trace.actors.code(name)
    for name in queues_by_code(setting):
        trace.queues.code(name)
    trace.end = end_of(setting)
    trace.profile = scenario.broker.profile
    trace.complete = scenario.until is None or bool(g.end < limit)
    patient = np.flatnonzero(~np.isnan(s.messages["expires"][: int(g.messages)]))
    trace.expires = dict(zip(patient.tolist(), s.messages["expires"][patient].tolist(), strict=True))
    trace.cast, trace.counts = cast_of(setting), producers_of(setting)
    _tell_events(setting, trace)
    for row in s.spans[: int(g.spans)]:
        kind = scenario.faults[int(row.fault)].kind
        trace.faults.append(FaultSpan(kind, setting.names[int(row.actor)], float(row.start), float(row.end)))
    return trace


def _fill_tables(setting: Setting, trace: Trace) -> None:
    """Have the kernel write its records into the trace's own columns."""
    s = setting.state
    g = s.g[0]
    longer: dict[str, Any] = {}
    for letter, table, n in (
        ("m", trace.messages, int(g.messages)),
        ("d", trace.deliveries, int(g.deliveries)),
    ):
        table.n = table.room = n
        for name, declared in table.columns.items():
            column = array(declared.typecode, bytes(array(declared.typecode).itemsize * n))
            setattr(table, name, column)
            cells = np.frombuffer(column, declared.typecode) if n else np.zeros(1, declared.typecode)
            longer[f"{letter}_{name}"] = cells
    g.over = 1
    run(s._replace(**longer))


def queues_by_code(setting: Setting) -> list[str]:
    """Queues in the order of their codes."""
    rows = setting.state.queues
    known = {int(rows[k].code): name for name, k in setting.queue_numbers.items()}
    return [known[code] for code in sorted(known) if code >= 0]


def end_of(setting: Setting) -> float:
    """When the run ended."""
    g = setting.state.g[0]
    return max(float(g.now), float(g.end)) if g.end < np.inf else float(g.now)


def cast_of(setting: Setting) -> dict[str, Actor]:
    """Who took part, and when they ran."""
    cast: dict[str, Actor] = {}
    if setting.preloads:
        cast[PRELOAD] = Actor(PRELOAD, "producer", up=[(0.0, NOT_A_TIME)])
    for name, group, spec, _ in setting.consumers:
        cast[name] = Actor(group, "consumer", spec.queue, spec.ack, spec.prefetch, idempotent=spec.idempotent)
    for name, group, _ in setting.producers:
        cast[name] = Actor(group, "producer")
    for row in setting.state.ups[: int(setting.state.g[0].ups)].tolist():
        start, end, actor = row
        cast[setting.names[actor]].up.append((start, end))
    return cast


def producers_of(setting: Setting) -> dict[str, ProducerCounts]:
    """What producers counted."""
    counts: dict[str, ProducerCounts] = {}
    for k, (name, _, _) in enumerate(setting.producers):
        a = setting.state.actors[len(setting.consumers) + k]
        counts[name] = ProducerCounts(
            int(a.number), int(a.published), int(a.confirmed), int(a.nacked), 0, 0.0
        )
    return counts


def _tell_events(setting: Setting, trace: Trace) -> None:
    """The log, from numbers to words."""
    s = setting.state
    rows = s.events[: int(s.g[0].events)]
    log = trace.events
    queues = list(setting.queue_numbers)
    actors = setting.actor_names
    log.t.frombytes(np.ascontiguousarray(rows["t"]).tobytes())
    log.copy.frombytes(rows["row"].astype(np.int64).tobytes())
    kinds = [str(kind) for kind in codes.KINDS]
    log.kind = [kinds[kind] for kind in rows["kind"].tolist()]

    def named(numbers: list[int]) -> list[str]:
        return [actors[k] if k >= 0 else "" if k == -1 else queues[-2 - k] for k in numbers]

    log.subject, log.other = named(rows["subject"].tolist()), named(rows["other"].tolist())
    plain = codes.DETAILS
    log.detail = [
        plain[detail] if detail < codes.D_DIED else _detail(setting, detail, about)
        for detail, about in zip(rows["detail"].tolist(), rows["about"].tolist(), strict=True)
    ]


def _detail(setting: Setting, detail: int, about: int) -> str:
    """A detail that names somebody."""
    words: dict[str, Any] = {}
    if detail == codes.D_FACTOR:
        words["factor"] = float(setting.state.faults[about].factor)
    elif detail == codes.D_FULL:
        words["queue"] = list(setting.queue_numbers)[about]
    else:
        words["actor"] = setting.actor_names[about]
    return codes.DETAILS[detail].format(**words)
