"""Where a message can be, in what state, and how actors can be: the replay's alphabet.

The scripts know the same numbers; the film's header hands them over by name.
"""

from __future__ import annotations

from enum import IntEnum


class Place(IntEnum):
    """Where a copy of a message is.

    PRODUCER: made, not yet on its way. EXCHANGE: published, in no queue yet. QUEUE: ready in it. HELD: with a
    consumer, not begun. AT_WORK: begun. DONE: worked to its end, and acknowledged. LOST: gone, and nobody was
    told. DEAD: left for a dead-letter exchange; its next copy goes on. GONE: expired, dropped, rejected,
    refused, or wanted by no queue.
    """

    PRODUCER = 0
    EXCHANGE = 1
    QUEUE = 2
    HELD = 3
    AT_WORK = 4
    DONE = 5
    LOST = 6
    DEAD = 7
    GONE = 8


class State(IntEnum):
    """What a message looks like.

    REDELIVERED: it was with a consumer before. DEAD_LETTERED: it waits where dead letters go. ACKNOWLEDGED:
    it counts as done, which under automatic acknowledgement is before the work.
    """

    READY = 0
    UNACKNOWLEDGED = 1
    REDELIVERED = 2
    DEAD_LETTERED = 3
    LOST = 4
    ACKNOWLEDGED = 5
    GONE = 6

    @property
    def label(self) -> str:
        """What the legend calls it."""
        return "gone otherwise" if self is State.GONE else self.name.lower().replace("_", "-")


class Status(IntEnum):
    """How an actor, or the broker, is."""

    ABSENT = 0
    UP = 1
    CRASHED = 2
    NO_POWER = 3
    HANGS = 4
    SLOW = 5
    STOPPED = 6
    ENDED = 7
    NOT_CONNECTED = 8
    BLOCKED = 9
    CUT_OFF = 10

    @property
    def label(self) -> str:
        """A word or two for its box."""
        said = {"ABSENT": "not started", "NOT_CONNECTED": "offline"}
        return said.get(self.name, self.name.lower().replace("_", " "))


STATUS_AFTER = {
    "started": Status.UP,
    "restored": Status.UP,
    "healed": Status.UP,
    "unblocked": Status.UP,
    "scaled-up": Status.UP,
    "broker-started": Status.UP,
    "crashed": Status.CRASHED,
    "broker-killed": Status.CRASHED,
    "powered-off": Status.NO_POWER,
    "hung": Status.HANGS,
    "slowed": Status.SLOW,
    "stopped": Status.STOPPED,
    "scaled-down": Status.STOPPED,
    "broker-stopped": Status.STOPPED,
    "exited": Status.ENDED,
    "connection-lost": Status.NOT_CONNECTED,
    "blocked": Status.BLOCKED,
    "partitioned": Status.CUT_OFF,
}
"""What the log's words mean for whom they name."""

DOWN = frozenset({Status.ABSENT, Status.CRASHED, Status.NO_POWER, Status.STOPPED, Status.ENDED})
"""In these nothing runs, so news of the connection says nothing more."""

NEWS_OF_THE_CONNECTION = frozenset(
    {"connection-lost", "blocked", "unblocked", "partitioned", "healed", "restored"}
)
