"""What holds in every run, by slow loops over the tables that share nothing with the metrics."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from math import isnan
from typing import TYPE_CHECKING

from numpy import fmin

from mqsim.metrics import summary
from mqsim.trace import How, Outcome, Trace

if TYPE_CHECKING:
    from mqsim.api import Result
    from mqsim.sim import World

_CHAIN = ("created", "published", "enqueued", "delivered", "started", "finished")
_OPEN = (Outcome.READY, Outcome.UNACKED)
_BACK = (How.REQUEUED, How.RETURNED)


def violations(world: World, result: Result, *, one_connection: bool = True) -> list[str]:
    """Sentences about what is wrong; empty when nothing is.

    Args:
        world: the world after the run.
        result: the same run's result.
        one_connection: whether a consumer never has an old, dead connection beside its new one; only then do
            the messages it holds stay within its prefetch.
    """
    trace = result.trace
    found = [*_copies(trace), *_attempts(trace), *_queues(world, trace), *_summary(result), *_numbers(trace)]
    if one_connection:
        found += _prefetch(trace)
    return found


def open_copies(trace: Trace) -> int:
    """Copies whose fate is open: waiting, with a consumer, or acknowledged before the work was done."""
    messages = trace.messages
    return sum(
        messages.outcome[i] in _OPEN or (messages.outcome[i] == Outcome.ACKED and isnan(messages.finished[i]))
        for i in range(messages.n)
    )


def _copies(trace: Trace) -> list[str]:
    found = []
    messages = trace.messages
    tries = defaultdict(list)
    # A broker that is killed forgets what it had not written yet: what was done with may come back.
    revived = {
        copy for kind, copy in zip(trace.events.kind, trace.events.copy, strict=True) if kind == "revived"
    }
    for k in range(trace.deliveries.n):
        tries[trace.deliveries.copy[k]].append(k)
    for i in range(messages.n):
        chain = [(name, getattr(messages, name)[i]) for name in _CHAIN]
        known = [(name, t) for name, t in chain if not isnan(t)]
        if any(a[1] > b[1] for a, b in pairwise(known)):
            found.append(f"copy {i}: times run backwards: {known}")
        after_queue = [isnan(t) for _, t in chain[2:]]
        if after_queue != sorted(after_queue):
            found.append(f"copy {i}: a step was left out: {known}")
        outcome = Outcome(messages.outcome[i])
        if isnan(messages.ended[i]) != (outcome in _OPEN):
            found.append(f"copy {i}: {outcome.label}, ended {messages.ended[i]}")
        acked = not isnan(messages.acked[i])
        if (outcome is Outcome.ACKED and not acked) or (
            acked and outcome not in (Outcome.ACKED, Outcome.LOST)
        ):
            found.append(f"copy {i}: {outcome.label}, acked {messages.acked[i]}")
        if messages.deliveries[i] != len(tries[i]):
            found.append(f"copy {i}: {messages.deliveries[i]} deliveries, {len(tries[i])} rows")
        if i not in revived:
            found += _fits(trace, i, outcome, tries[i])
    return found


def _fits(trace: Trace, i: int, outcome: Outcome, tries: list[int]) -> list[str]:
    """Whether the attempts at one copy go with its outcome: none but the last may end for good."""
    hows = [How(trace.deliveries.how[k]) for k in tries]
    found = (
        [f"copy {i}: an attempt after the end: {hows}"] if any(how not in _BACK for how in hows[:-1]) else []
    )
    last = hows[-1] if hows else None
    allowed = {
        Outcome.READY: (None, *_BACK),
        Outcome.UNACKED: (How.OPEN,),
        Outcome.ACKED: (How.ACKED,),
        # Returned, where a quorum queue's delivery limit was the end.
        Outcome.REJECTED: (How.REJECTED, How.RETURNED),
        Outcome.LOST: (None, How.LOST, *_BACK),
        Outcome.REFUSED: (None,),
        Outcome.UNROUTABLE: (None, How.REJECTED, *_BACK),
    }.get(outcome, (None, How.REJECTED, *_BACK))
    if last not in allowed:
        found.append(f"copy {i}: {outcome.label}, but its attempts ended {hows}")
    return found


def _attempts(trace: Trace) -> list[str]:
    found = []
    table = trace.deliveries
    last: dict[int, int] = {}
    for k in range(table.n):
        known = [
            t for t in (table.sent[k], table.received[k], table.started[k], table.finished[k]) if not isnan(t)
        ]
        if known != sorted(known):
            found.append(f"delivery {k}: times run backwards: {known}")
        if (How(table.how[k]) is How.OPEN) != isnan(table.ended[k]):
            found.append(f"delivery {k}: {How(table.how[k]).label}, ended {table.ended[k]}")
        before = last.get(table.copy[k])
        if table.attempt[k] != (1 if before is None else table.attempt[before] + 1):
            found.append(f"delivery {k}: attempt {table.attempt[k]} of copy {table.copy[k]} is out of turn")
        if before is not None and not table.ended[before] <= table.sent[k]:
            found.append(f"copy {table.copy[k]}: attempts overlap: {table.ended[before]} > {table.sent[k]}")
        last[table.copy[k]] = k
    outside = (table.received, table.started, table.finished, table.ended)
    if any(not isnan(t) for cells in outside for t in cells[table.n :]):
        found.append("a time was written outside the table")
    return found


def _prefetch(trace: Trace) -> list[str]:
    found = []
    table = trace.deliveries
    for name, actor in trace.cast.items():
        if actor.role != "consumer" or not actor.prefetch or actor.ack == "auto":
            continue
        code = trace.actors.names.index(name)
        mine = [k for k in range(table.n) if table.consumer[k] == code]
        steps = [(table.sent[k], 1) for k in mine]
        # What was lost after an early acknowledgement was off its hands with that.
        freed = [fmin(table.ended[k], trace.messages.acked[table.copy[k]]) for k in mine]
        steps += [(t, 0) for t in freed if not isnan(t)]
        held = most = 0
        for _, up in sorted(steps):
            held += 1 if up else -1
            most = max(most, held)
        if most > actor.prefetch:
            found.append(f"{name} held {most} messages, prefetch {actor.prefetch}")
    return found


def _queues(world: World, trace: Trace) -> list[str]:
    messages = trace.messages
    waiting: dict[str, int] = defaultdict(int)
    held: dict[str, int] = defaultdict(int)
    for i in range(messages.n):
        name = trace.queues.names[messages.queue[i]] if messages.queue[i] >= 0 else ""
        waiting[name] += messages.outcome[i] == Outcome.READY and not isnan(messages.enqueued[i])
        held[name] += messages.outcome[i] == Outcome.UNACKED
    found = [
        f"{name}: the broker has {queue.waiting} + {queue.unacked}, the table {waiting[name]} + {held[name]}"
        for name, queue in world.broker.queues.items()
        if (queue.waiting, queue.unacked) != (waiting[name], held[name])
    ]
    if world.copies.open != open_copies(trace):
        found.append(f"{world.copies.open} copies are open by count, {open_copies(trace)} by the table")
    return found


def _summary(result: Result) -> list[str]:
    trace = result.trace
    numbers = summary(trace)
    messages = trace.messages
    found = []
    for outcome in Outcome:
        count = sum(messages.outcome[i] == outcome for i in range(messages.n))
        if numbers["messages"][outcome.label] != count:
            found.append(
                f"summary: {numbers['messages'][outcome.label]} {outcome.label}, the table has {count}"
            )
        for code, queue in enumerate(trace.queues.names):
            mine = sum(
                messages.outcome[i] == outcome and messages.queue[i] == code for i in range(messages.n)
            )
            if numbers["queues"][queue][outcome.label] != mine:
                found.append(
                    f"{queue}: {numbers['queues'][queue][outcome.label]} {outcome.label}, not {mine}"
                )
    if numbers["messages"]["unfinished"] != open_copies(trace):
        found.append(
            f"summary: {numbers['messages']['unfinished']} unfinished, {open_copies(trace)} are open"
        )
    return found


def _numbers(trace: Trace) -> list[str]:
    """Every message that a producer created has a row, and so an outcome."""
    rows: dict[int, set[int]] = defaultdict(set)
    for i in range(trace.messages.n):
        rows[trace.messages.producer[i]].add(trace.messages.number[i])
    return [
        f"{name} created {counts.created} messages, {len(rows[trace.actors.names.index(name)])} have rows"
        for name, counts in trace.counts.items()
        if rows[trace.actors.names.index(name)] != set(range(counts.created))
    ]
