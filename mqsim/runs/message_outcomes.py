"""What became of a run's messages, in a sentence or two: which were lost, which wait, which nobody wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.trace.clients import ClientEventKind
from mqsim.trace.completion import Completion, completions, message_ids
from mqsim.trace.tables import NONE, Outcome
from mqsim.trace.timeline import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqsim.trace import Trace

_NAMED = 10
"""Messages that a sentence names; of further ones it tells the number."""


def told_outcomes(trace: Trace) -> str:
    """What became of the messages; `All 3 messages were done.` where nothing is to be said of any.

    Returns:
        Empty where no message was sent.
    """
    fates = completions(trace)
    kinds: dict[str, list[int]] = {}
    done = set(message_ids(trace).tolist())
    for row, number in enumerate(message_ids(trace).tolist()):
        fate = Completion(fates[row])
        if fate in (Completion.UNDER_WAY, Completion.FAILED):
            kinds.setdefault(_kind(trace, row), []).append(row)
            done.discard(number)
    parts = [f"{kind.format(_names(trace, rows))}." for kind, rows in sorted(kinds.items(), key=_weight)]
    if not parts and done:
        many = f"All {len(done):,} messages were done." if len(done) > 1 else "The message was done."
        parts = [many]
    again = [row for row in range(trace.messages.n) if trace.messages.deliveries[row] > 1]
    if again:
        parts.append(f"Sent again: {_names(trace, again)}.")
    return " ".join(parts)


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`; `nothing` for none."""
    them = list(words)
    if len(them) < 2:
        return them[0] if them else "nothing"
    return f"{', '.join(them[:-1])} and {them[-1]}"


def _weight(entry: tuple[str, list[int]]) -> tuple[bool, int]:
    """What is lost comes first, then what came first."""
    kind, rows = entry
    return not kind.startswith("Lost"), rows[0]


def _names(trace: Trace, rows: list[int]) -> str:
    names = list(dict.fromkeys(label_of(trace, row) for row in rows))
    more = len(names) - _NAMED
    return listed(names if more <= 0 else [*names[:_NAMED], f"{more:,} more"])


def _kind(trace: Trace, row: int) -> str:
    """What happened to a copy that was not done, with a place for the names of all to whom it did."""
    messages = trace.messages
    outcome, code = Outcome(messages.outcome[row]), messages.queue[row]
    queue = _plain(trace.queues.names[code]) if code != NONE else "its queue"
    match outcome:
        case Outcome.ACKED:
            who = trace.actors.names[messages.consumer[row]]
            return f"Counted as done, but {who} did not finish it: {{}}"
        case Outcome.UNACKED:
            who = trace.actors.names[messages.consumer[row]]
            return f"Still with {who}, not acknowledged: {{}}"
        case Outcome.READY if messages.enqueued[row] != messages.enqueued[row]:
            return "Never reached the broker: {}"
        case Outcome.READY:
            nobody = (
                ""
                if _has_consumers(trace, trace.queues.names[code])
                else " (no program takes messages from this queue)"
            )
            return f"Still in queue {queue}: {{}}{nobody}"
        case Outcome.UNROUTABLE:
            return f"Dropped, because {_no_queue(trace, row)}: {{}}"
        case Outcome.LOST:
            return "Lost: {}"
    words = {
        Outcome.EXPIRED: f"Expired in queue {queue}",
        Outcome.DROPPED: f"Dropped from queue {queue}",
        Outcome.REJECTED: "Rejected for good",
        Outcome.REFUSED: "Refused by the broker",
    }
    return f"{words.get(outcome, outcome.label.capitalize())}: {{}}"


def _has_consumers(trace: Trace, queue: str) -> bool:
    taken = {event.queue for event in trace.clients.of(ClientEventKind.CONSUMED, ClientEventKind.GOT)}
    return queue in taken or any(
        actor.queue == queue for actor in trace.cast.values() if actor.role == "consumer"
    )


def _no_queue(trace: Trace, row: int) -> str:
    for event in trace.clients.of(ClientEventKind.PUBLISHED):
        if event.row == row:
            if not event.exchange:
                return f"there was no queue {_plain(event.key)}"
            return f"no queue was bound to exchange {_plain(event.exchange)} for key {_plain(event.key)}"
    return "no queue was bound for it"


def _plain(name: str) -> str:
    """A program's own word, which may hold what a pattern obeys."""
    return (name or '""').replace("{", "{{").replace("}", "}}")
