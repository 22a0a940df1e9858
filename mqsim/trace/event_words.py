"""The log's events in words that a student understands."""

from __future__ import annotations

from mqsim.trace.event_kinds import EventKind

# {name} is the message, {other} who or what else took part, {subject} whom the log names. A sentence begins
# with its verb; who does it stands in the column before.
_WORDS: dict[str, str] = {
    # actors
    EventKind.STARTED: "starts up",
    EventKind.CONNECTION_LOST: "is without a connection",
    EventKind.CHANNEL_CLOSED: "has its channel closed",
    EventKind.SUBSCRIBED: "subscribes to {other}",
    EventKind.CANCELLED: "stops consuming {other}",
    EventKind.EXITED: "ends",
    EventKind.STOPPED: "is stopped cleanly",
    EventKind.CRASHED: "CRASHES",
    EventKind.POWERED_OFF: "LOSES POWER: nobody is told",
    EventKind.HUNG: "HANGS",
    EventKind.SLOWED: "slows down",
    EventKind.RESTORED: "is itself again",
    EventKind.SCALED_UP: "joins those who work on {other}",
    EventKind.SCALED_DOWN: "leaves those who work on {other}",
    EventKind.BLOCKED: "may not publish for now",
    EventKind.UNBLOCKED: "may publish again",
    # the broker and the network
    EventKind.BROKER_STOPPED: "STOPS cleanly",
    EventKind.BROKER_KILLED: "IS KILLED",
    EventKind.BROKER_STARTED: "is up again",
    EventKind.PARTITIONED: "is CUT OFF from {other}",
    EventKind.HEALED: "reaches {other} again",
    EventKind.LEADER_LOST: "LOSES THE LEADER of {subject}",
    EventKind.LEADER_ELECTED: "has {other} lead {subject} from now on",
    EventKind.ALARM_RAISED: "raises its alarm: publishers must wait",
    EventKind.ALARM_CLEARED: "clears its alarm",
    EventKind.SERVICE_FAILED: "FAILS: it answers nobody",
    EventKind.SERVICE_RECOVERED: "works again",
    # what befalls messages
    EventKind.FAILED: "fails at {name}",
    EventKind.NACKED: "is told that {name} was not taken",
    EventKind.RETURNED_TO_PRODUCER: "gets {name} back: no queue wanted it",
    EventKind.CONFIRM_MISSING: "hears nothing of {name}, and waits no longer",
    EventKind.RETRIED: "tries again with {name}",
    EventKind.REFUSED: "fails to send {name}",
    EventKind.UNROUTABLE: "finds no queue for {name}",
    EventKind.DEAD_LETTERED: "dead-letters {name} from {subject}",
    EventKind.EXPIRED: "lets {name} expire in {subject}",
    EventKind.DROPPED: "drops {name} from {subject}",
    EventKind.REJECTED: "lets go of {name} for good",
    EventKind.TIMEOUT: "takes too long to acknowledge {name}",
    EventKind.DELIVERY_LIMIT: "has had {name} back in {subject} too often, and gives it up",
    EventKind.REQUEUED: "has {name} back in {subject}",
    EventKind.RETURNED: "has {name} back in {subject}",
    EventKind.REVIVED: "has {name} in {subject} again, although it had been acknowledged",
    EventKind.LOST: "loses {name} for good",
}
_REASONS = {
    "maxlen": "the queue is full",
    "cycle": "it goes in a circle",
    "delivery_limit": "it came back too often",
    "deleted": "the queue is deleted",
    "dead-letter-unroutable": "its dead-letter exchange has no queue for it",
}


def event_words(kind: str, name: str = "", other: str = "", detail: str = "", subject: str = "") -> str:
    """An event of the log as the end of a sentence that begins with its subject.

    Args:
        kind: the log's word, such as `crashed`. One that is not known here is told as it is.
        name: the message it concerns, or empty.
        other: who or what else took part, or empty.
        detail: what the log adds, put in brackets where it says more than `kind`.
        subject: whom the log names, which may be a queue.
    """
    words = _WORDS.get(kind)
    if words is None:
        words = " ".join(part for part in (kind.replace("-", " "), name, other) if part)
    else:
        whom = "the broker" if other in ("", "broker") else other
        words = words.format(name=name or "it", other=whom, subject=subject or "its queue")
    return f"{words} ({_REASONS.get(detail, detail)})" if detail and detail != kind else words
