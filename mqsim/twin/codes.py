"""The numbers that the kernel knows things by: what happens, what is written into the log, and why."""

from __future__ import annotations

from mqsim.trace.event_kinds import EventKind
from mqsim.trace.tables import How, Outcome

# What is to come on the clock. Faults and repairs go before all else at their time.
(
    ARRIVE,
    FINISH,
    START,
    STOP,
    THINK,
    FIRST,
    LOOK,
    READY,
    AGAIN,
    DROP,
    MISSED,
    OVERDUE,
    RETRY,
    FAULT,
    RESTART,
    RECUR,
    UNSLOW,
    RESTORE,
    IMPATIENT,
    WAKE,
) = range(20)

# What travels between a client and the broker; numbers above all of the clock's.
(
    OPEN,
    CLOSE,
    PUBLISH,
    PUBLISH_CONFIRMED,
    ACK,
    NACK,
    REJECT,
    CANCEL,
    OPENED,
    CLOSED,
    DELIVER,
    CONFIRM,
) = range(32, 44)

# What the setting up consists of.
(
    SET_PRELOAD,
    SET_PRODUCER,
    SET_START,
    SET_START_AT,
    SET_STOP_AT,
    SET_SCALER,
    SET_ARRIVALS,
    SET_FAULT,
    SET_RECURRENCE,
    SET_END,
) = range(10)

# How a consumer acknowledges.
ACKS = ("manual", "auto", "early")
MANUAL, AUTO, EARLY = range(3)

# What a failure leads to.
THEN = ("nack", "reject", "drop", "crash")
NACKS, REJECTS, DROPS, CRASHES = range(4)

# Why a producer publishes again, as bits.
CAUSES = ("nack", "timeout", "closed", "returned")
ON_NACK, ON_TIMEOUT, ON_CLOSED = 1, 2, 4

OVERFLOWS = ("drop-head", "reject-publish", "reject-publish-dlx")
DROP_HEAD, REJECT_PUBLISH, REJECT_TO_DEAD = range(3)

# The kinds of actors. Consumers; producers by their arrivals: a time each, users who think, a queue that is
# never empty; and what is there at the start.
CONSUMER, TIMED, USERS, SATURATING, PRELOADED = range(5)

# What is to be done with a queue: take a message in, send, expire, make room, tell that it is full.
ENTER, DISPATCH, EXPIRE, ROOM, FULL = range(5)

# Whether a copy is open, acknowledged while its work is not done, or has ended; or is no copy any more.
IS_OPEN, IS_ACKED, HAS_ENDED, IS_FREE = range(4)

# Why the kernel returns.
DONE, GROW, REFILL, PAUSE = range(4)

FAULT_KINDS = (
    "crash",
    "kill",
    "power_off",
    "stop",
    "restart",
    "terminate",
    "slow",
    "hang",
    "drop_connection",
)
(
    F_CRASH,
    F_KILL,
    F_POWER_OFF,
    F_STOP,
    F_RESTART,
    F_TERMINATE,
    F_SLOW,
    F_HANG,
    F_DROP_CONNECTION,
) = range(9)

READY_, ACKED_, UNACKED_ = int(Outcome.READY), int(Outcome.ACKED), int(Outcome.UNACKED)
EXPIRED_, DROPPED_, REJECTED_ = int(Outcome.EXPIRED), int(Outcome.DROPPED), int(Outcome.REJECTED)
DEAD_LETTERED_, UNROUTABLE_ = int(Outcome.DEAD_LETTERED), int(Outcome.UNROUTABLE)
REFUSED_, LOST_ = int(Outcome.REFUSED), int(Outcome.LOST)
H_ACKED, H_REQUEUED, H_REJECTED = int(How.ACKED), int(How.REQUEUED), int(How.REJECTED)
H_RETURNED, H_LOST = int(How.RETURNED), int(How.LOST)

KINDS = tuple(EventKind)
"""The kernel writes the place of a kind in this list."""

K_STARTED = KINDS.index(EventKind.STARTED)
K_STOPPED = KINDS.index(EventKind.STOPPED)
K_CRASHED = KINDS.index(EventKind.CRASHED)
K_POWERED_OFF = KINDS.index(EventKind.POWERED_OFF)
K_HUNG = KINDS.index(EventKind.HUNG)
K_SLOWED = KINDS.index(EventKind.SLOWED)
K_RESTORED = KINDS.index(EventKind.RESTORED)
K_CONNECTION_LOST = KINDS.index(EventKind.CONNECTION_LOST)
K_SUBSCRIBED = KINDS.index(EventKind.SUBSCRIBED)
K_CANCELLED = KINDS.index(EventKind.CANCELLED)
K_SCALED_UP = KINDS.index(EventKind.SCALED_UP)
K_SCALED_DOWN = KINDS.index(EventKind.SCALED_DOWN)
K_FAILED = KINDS.index(EventKind.FAILED)
K_NACKED = KINDS.index(EventKind.NACKED)
K_CONFIRM_MISSING = KINDS.index(EventKind.CONFIRM_MISSING)
K_RETRIED = KINDS.index(EventKind.RETRIED)
K_REFUSED = KINDS.index(EventKind.REFUSED)
K_DEAD_LETTERED = KINDS.index(EventKind.DEAD_LETTERED)
K_UNROUTABLE = KINDS.index(EventKind.UNROUTABLE)
K_EXPIRED = KINDS.index(EventKind.EXPIRED)
K_DROPPED = KINDS.index(EventKind.DROPPED)
K_REJECTED = KINDS.index(EventKind.REJECTED)
K_REQUEUED = KINDS.index(EventKind.REQUEUED)
K_RETURNED = KINDS.index(EventKind.RETURNED)
K_LOST = KINDS.index(EventKind.LOST)

DETAILS = (
    "",
    "nack",
    "reject",
    "drop",
    "crash",
    "closed",
    "expired",
    "rejected",
    "maxlen",
    "dead-lettered",
    "dead-letter-unroutable",
    "its producer was down",
    "its producer could not publish",
    "its connection was gone before it arrived",
    "its producer crashed before it was published",
    "its producer stopped before it was published",
    "it was on its way to a consumer that was gone",
    "given up by its consumer, which acknowledged it all the same",
    "it failed after it had been acknowledged",
    "missed heartbeats from client",
    "connection reset by peer",
    "{actor} died while working on it",
    "it waited in the memory of {actor}",
    "{actor} had no connection to publish it on",
    "{queue} is full",
    "{factor:g}",
)
"""What the log says beside a kind; the words in braces stand for the number that goes with it."""

(
    D_NONE,
    D_NACK,
    D_REJECT,
    D_DROP,
    D_CRASH,
    D_CLOSED,
    D_EXPIRED,
    D_REJECTED,
    D_MAXLEN,
    D_DEAD_LETTERED,
    D_UNROUTABLE,
    D_PRODUCER_DOWN,
    D_COULD_NOT,
    D_CONNECTION_GONE,
    D_PRODUCER_CRASHED,
    D_PRODUCER_STOPPED,
    D_CONSUMER_GONE,
    D_GIVEN_UP,
    D_FAILED_LATE,
    D_HEARTBEATS,
    D_RESET,
    D_DIED,
    D_IN_MEMORY,
    D_NO_CONNECTION,
    D_FULL,
    D_FACTOR,
) = range(26)
