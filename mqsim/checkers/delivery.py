"""Nothing lost, nothing twice: what a queue promises about delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.checkers.verdict import Status, Verdict, counted, delivery_rows, listed, message_rows, names_of
from mqsim.trace.completion import Completion, completions, dense, finished_attempts, message_ids
from mqsim.trace.frames import columns
from mqsim.trace.tables import FaultSpan, How, Outcome, Trace
from mqsim.trace.timeline import message_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HARMLESS = frozenset({"slow", "hang", "alarm", "outage"})


def nothing_lost(trace: Trace) -> Verdict:
    """Every message that was created was worked to its end and acknowledged.

    Broken by a copy that expired, was dropped, rejected, unroutable, refused or lost, unless another attempt
    to publish the same message to the same queue did better. A dead-lettered message lives on as its next
    copy, which is judged in its place. Messages under way when the run ended (waiting, with a consumer, in a
    dead-letter queue) are counted apart.

    Exercised when something happened that could have lost a message: one was given back, refused or
    dead-lettered, an attempt to publish failed, or a fault struck the broker, a producer or a link while
    messages were under way. (A consumer's fault is a danger to what it holds, and that is given back or
    lost.)

    The records are rows of the message table.
    """
    fate = completions(trace)
    ids = message_ids(trace)
    total = int(ids.max()) + 1 if len(ids) else 0
    lost = np.flatnonzero(fate == Completion.FAILED)
    waiting = len(np.unique(ids[fate == Completion.UNDER_WAY]))
    apart = f"; {waiting} still under way when the run ended" if waiting else ""
    if len(lost):
        outcome = trace.messages.outcome
        names = (f"{message_name(trace, row)} ({Outcome(outcome[row]).label})" for row in lost.tolist())
        sentence = f"{len(np.unique(ids[lost]))} of {counted(total, 'message')} lost: {listed(names)}{apart}."
        return Verdict("nothing_lost", Status.BROKEN, sentence, message_rows(trace, lost.tolist()))
    danger = _danger(trace, fate)
    if not danger:
        sentence = f"nothing happened that could have lost one of the {counted(total, 'message')}{apart}."
        return Verdict("nothing_lost", Status.NOT_EXERCISED, sentence, message_rows(trace))
    sentence = f"none of {counted(total, 'message')} was lost, although {danger}{apart}."
    return Verdict("nothing_lost", Status.HOLDS, sentence, message_rows(trace))


def nothing_twice(trace: Trace) -> Verdict:
    """No message was worked to its end more than once in the same queue.

    A message is known by its producer and number, so a second attempt to publish counts like a second
    delivery. Work that an idempotent consumer did again does no harm and breaks nothing.

    Exercised when some message was sent to consumers more than once from one queue.

    The records are the finished attempts at the messages concerned, rows of the delivery table.
    """
    copy, finished, consumer = columns(trace.deliveries, "copy", "finished", "consumer")
    (queue,) = columns(trace.messages, "queue")
    message = dense((message_ids(trace) * (len(trace.queues) + 1) + queue + 1)[copy])
    again = int((np.bincount(message) > 1).sum()) if len(message) else 0

    done = np.flatnonzero(finished_attempts(trace))
    done = done[np.lexsort((done, finished[done], message[done]))]
    repeated = np.zeros(len(done), dtype=bool)
    repeated[1:] = message[done[1:]] == message[done[:-1]]
    idempotent = np.array([_is_idempotent(trace, name) for name in trace.actors.names], dtype=bool)
    harmless = idempotent[consumer[done]] if len(done) else repeated
    twice = np.unique(message[done[repeated & ~harmless]])
    forgiven = int((repeated & harmless).sum())
    if len(twice):
        rows = done[np.isin(message[done], twice)]
        names = names_of(trace, copy[rows].tolist())
        sentence = f"{counted(len(twice), 'message')} worked to the end more than once: {names}."
        return Verdict("nothing_twice", Status.BROKEN, sentence, delivery_rows(trace, rows.tolist()))
    if not again:
        sentence = "no message was sent to consumers more than once."
        return Verdict("nothing_twice", Status.NOT_EXERCISED, sentence, delivery_rows(trace))
    sentence = f"{counted(again, 'message')} sent to consumers more than once; "
    sentence += (
        f"idempotent consumers did the work again {counted(forgiven, 'time')}, which does no harm."
        if forgiven
        else "none was worked to its end twice."
    )
    return Verdict("nothing_twice", Status.HOLDS, sentence, delivery_rows(trace))


def _is_idempotent(trace: Trace, name: str) -> bool:
    actor = trace.cast.get(name)
    return actor is not None and actor.idempotent


def _danger(trace: Trace, fate: NDArray[np.int8]) -> str:
    """What could have lost a message, as the end of a sentence; empty when nothing could."""
    (how,) = columns(trace.deliveries, "how")
    back = int(((how != How.OPEN) & (how != How.ACKED)).sum())
    if back:
        return f"{counted(back, 'attempt')} to deliver ended without an acknowledgement"
    if (fate == Completion.RETRIED).any():
        return "an attempt to publish failed"
    if (fate == Completion.PASSED_ON).any():
        return "some were dead-lettered"
    fault = _dangerous_fault(trace, fate)
    if fault:
        return f"{fault.target} met a fault ({fault.kind.replace('_', ' ')}) with messages under way"
    return ""


def _dangerous_fault(trace: Trace, fate: NDArray[np.int8]) -> FaultSpan | None:
    """The first fault that struck the broker, a producer or a link while a message was under way."""
    created, ended, finished = columns(trace.messages, "created", "ended", "finished")
    gone: NDArray[Any] = np.fmax(ended, finished)
    gone = np.sort(np.where((fate == Completion.UNDER_WAY) | np.isnan(gone), np.inf, gone))
    born = np.sort(created)
    consumers = {name for name, actor in trace.cast.items() if actor.role == "consumer"}
    consumers |= {trace.cast[name].group for name in consumers}
    for fault in trace.faults:
        if fault.kind in _HARMLESS or fault.target in consumers:
            continue
        end = trace.end if fault.end != fault.end else fault.end
        before = np.searchsorted(gone, fault.start, side="right")
        if np.searchsorted(born, end, side="right") > before:
            return fault
    return None
