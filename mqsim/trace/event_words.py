"""The log's events in words that a student understands."""

from __future__ import annotations

# {name} is the message, {other} who or what else took part, {subject} whom the log names. A sentence begins
# with its verb; who does it stands in the column before.
_WORDS = {
    # actors
    "started": "starts up",
    "connection-lost": "is without a connection",
    "channel-closed": "has its channel closed",
    "subscribed": "subscribes to {other}",
    "cancelled": "stops consuming {other}",
    "exited": "ends",
    "stopped": "is stopped cleanly",
    "crashed": "CRASHES",
    "powered-off": "LOSES POWER: nobody is told",
    "hung": "HANGS",
    "slowed": "slows down",
    "restored": "is itself again",
    "scaled-up": "joins those who work on {other}",
    "scaled-down": "leaves those who work on {other}",
    "blocked": "may not publish for now",
    "unblocked": "may publish again",
    # the broker and the network
    "broker-stopped": "STOPS cleanly",
    "broker-killed": "IS KILLED",
    "broker-started": "is up again",
    "partitioned": "is CUT OFF from {other}",
    "healed": "reaches {other} again",
    "leader-lost": "LOSES THE LEADER of {subject}",
    "leader-elected": "has {other} lead {subject} from now on",
    "alarm-raised": "raises its alarm: publishers must wait",
    "alarm-cleared": "clears its alarm",
    # what befalls messages
    "failed": "fails at {name}",
    "nacked": "is told that {name} was not taken",
    "returned-to-producer": "gets {name} back: no queue wanted it",
    "confirm-missing": "hears nothing of {name}, and waits no longer",
    "retried": "tries again with {name}",
    "refused": "fails to send {name}",
    "unroutable": "finds no queue for {name}",
    "dead-lettered": "dead-letters {name} from {subject}",
    "expired": "lets {name} expire in {subject}",
    "dropped": "drops {name} from {subject}",
    "rejected": "lets go of {name} for good",
    "timeout": "takes too long to acknowledge {name}",
    "delivery-limit": "has had {name} back in {subject} too often, and gives it up",
    "requeued": "has {name} back in {subject}",
    "returned": "has {name} back in {subject}",
    "revived": "has {name} in {subject} again, although it had been acknowledged",
    "lost": "loses {name} for good",
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
