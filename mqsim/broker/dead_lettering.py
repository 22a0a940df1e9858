"""Dead-lettering: where a message goes that expired, was rejected or had to make room, and what it carries.

Source: RabbitMQ's documentation of dead letter exchanges (headers, cycles), checked against real brokers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mqsim.broker.field_types import Long
from mqsim.broker.message import Envelope, Message, failures_of
from mqsim.broker.reasons import FAILURES, DeliveryEnd, Reason

if TYPE_CHECKING:
    from mqsim.broker.context import Context
    from mqsim.broker.durability import Durability
    from mqsim.broker.profiles import Profile
    from mqsim.broker.publishing import Publishing
    from mqsim.broker.queues.queue import Queue
    from mqsim.broker.topology import Topology

Death = dict[str, Any]

MOST_NESTED = 16
"""How many dead-letterings may go on one within the other; a longer chain goes on after the outermost."""


def deaths_of(envelope: Envelope, trusting: bool = False) -> list[Death]:
    """The message's `x-death`: one entry for each queue and reason it died of, the latest first.

    Args:
        envelope: what the message says.
        trusting: whether a header counts that a client wrote.
    """
    deaths = (envelope.headers or {}).get("x-death") if envelope.died or trusting else None
    if not isinstance(deaths, Sequence) or isinstance(deaths, str | bytes):
        return []
    return [dict(death) for death in deaths if isinstance(death, Mapping)]


def is_cycle(queue: str, deaths: Sequence[Death]) -> bool:
    """Whether entering `queue` closes a circle in which no consumer ever rejected the message.

    Such a message is dropped: nobody would ever see it.
    """
    for death in deaths:
        if death.get("reason") == "rejected":
            return False
        if death.get("queue") == queue:
            return True
    return False


def keys_of(envelope: Envelope) -> list[str]:
    """The routing key and those of the CC header."""
    more = (envelope.headers or {}).get("CC")
    return [envelope.key, *(map(str, more) if isinstance(more, list) else ())]


def next_life(
    message: Message, queue: str, reason: Reason, to: tuple[str, str | None], now: float, profile: Profile
) -> Envelope:
    """What a message says when it goes on because it died in `queue` of `reason` at `now`.

    Args:
        message: the message.
        queue: where it died.
        reason: expired, rejected, too many, or returned too often.
        to: the dead-letter exchange, and the key if there is a new one.
        now: seconds.
        profile: whose rules apply.
    """
    envelope = message.envelope
    exchange, new_key = to
    headers: dict[str, object] = dict(envelope.headers or {})
    headers.pop("BCC", None)
    headers["x-death"] = _all_deaths(envelope, queue, reason, now, profile)
    if new_key is not None and profile.drops_cc_with_new_key:
        headers.pop("CC", None)
    first = {"reason": reason.value, "queue": queue, "exchange": envelope.exchange}
    for name, value in first.items():
        if profile.trusts_client_deaths or envelope.died:
            if not envelope.died and any(key.startswith("x-first-death-") for key in envelope.headers or ()):
                continue
            headers.setdefault(f"x-first-death-{name}", value)
        else:
            headers[f"x-first-death-{name}"] = value
        if profile.tells_last_death:
            headers[f"x-last-death-{name}"] = value
    return envelope.forwarded(exchange, envelope.key if new_key is None else new_key, headers)


def _all_deaths(envelope: Envelope, queue: str, reason: Reason, now: float, profile: Profile) -> list[Death]:
    deaths = deaths_of(envelope, profile.trusts_client_deaths)
    again = [death for death in deaths if (death.get("queue"), death.get("reason")) == (queue, reason.value)]
    others = [death for death in deaths if death not in again]
    if profile.groups_deaths_by_queue:
        others.sort(key=lambda death: death.get("queue") != queue)
    if again:
        count = again[0].get("count")
        return [{**again[0], "count": Long(count + 1 if isinstance(count, int) else 1)}, *others]
    death: Death = {
        "count": Long(1),
        "reason": reason.value,
        "queue": queue,
        "time": now,
        "exchange": envelope.exchange,
        "routing-keys": keys_of(envelope),
    }
    if envelope.expiration is not None:
        death["original-expiration"] = str(round(envelope.expiration * 1000))
    return [death, *others]


class DeadLettering:
    """Sends on what expires, is rejected, or has to make room."""

    def __init__(
        self, context: Context, topology: Topology, publishing: Publishing, durability: Durability
    ) -> None:
        self.context = context
        self.topology = topology
        self.publishing = publishing
        self.durability = durability
        self._later: deque[tuple[Message, Queue]] = deque()
        self._nested = 0

    def discard(self, message: Message, queue: Queue, reason: Reason) -> None:
        """Let a message go: to the dead-letter exchange, if there is one."""
        if queue.arguments.dead_letter_exchange is None:
            self.context.observer.left(message, queue, reason)
        else:
            self.dead_letter(message, queue, reason)
        self.durability.forget(message, queue)

    def reject(self, message: Message, queue: Queue, how: DeliveryEnd) -> None:
        """A consumer refuses a delivery for good, by nack or reject."""
        if how in FAILURES or (queue.replicated and self.context.profile.quorum_counts_every_return):
            message.failures = failures_of(message) + 1
        self.discard(message, queue, Reason.REJECTED)

    def _carry_failures(self, message: Message, copy: Message, among_quorum_queues: bool) -> None:
        """Have a dead-lettered copy remember what failed before, as far as the version does."""
        profile, failures = self.context.profile, failures_of(message)
        if among_quorum_queues and profile.quorum_carries_counts:
            copy.acquired_before = message.deliveries + getattr(message, "acquired_before", 0)
        elif not profile.dead_letter_counts_failures:
            return
        if failures:
            copy.failures = failures
            copy.redelivered = True

    def dead_letter(self, message: Message, queue: Queue, reason: Reason) -> None:
        """Send a message on to its queue's dead-letter exchange.

        One that is not there, or that finds no queue, loses the message.
        """
        exchange = queue.arguments.dead_letter_exchange or ""
        key = queue.arguments.dead_letter_key
        envelope = next_life(
            message, queue.name, reason, (exchange, key), self.context.now, self.context.profile
        )
        found: Sequence[Queue] = ()
        if exchange == "" or exchange in self.topology.exchanges:
            found = self.publishing.find(envelope, only=key is not None)
        deaths = deaths_of(envelope)
        targets = [each for each in found if reason is Reason.REJECTED or not is_cycle(each.name, deaths)]
        if not targets:
            self.context.observer.left(
                message, queue, Reason.CYCLE if found else Reason.DEAD_LETTER_UNROUTABLE
            )
            return
        copies = [type(message)(envelope) for _ in targets]
        for target, copy in zip(targets, copies, strict=True):
            self._carry_failures(message, copy, queue.replicated and target.replicated)
            self.context.observer.copied(message, copy, target, reason)
        self.context.observer.left(message, queue, Reason.DEAD_LETTERED)
        self._later += zip(copies, targets, strict=True)
        if self._nested < MOST_NESTED:
            self._send_on()

    def _send_on(self) -> None:
        """Publish the copies that wait, each with all that it sets off before the next.

        In a long chain of queues that each send on at once, what is nested too deep waits for the outermost.
        """
        self._nested += 1
        try:
            while self._later:
                waiting, self._later = self._later, deque()
                for copy, target in waiting:
                    self.publishing.spread(copy, [target], None)
                if self._nested > 1:
                    break
        finally:
            self._nested -= 1
