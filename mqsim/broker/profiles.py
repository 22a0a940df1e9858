"""Which RabbitMQ's rules apply: what differs between 3.10, 4.0 and 4.3.

Each difference was recorded on RabbitMQ 3.10.8, 4.0.5 and 4.3.6; the recordings are kept with the tests.
"""

from __future__ import annotations

from dataclasses import dataclass

from mqsim.errors import UsageError


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of one generation.

    Attributes:
        version: `3.10`, `4.0` or `4.3`.
        unknown_type_closes_connection: whether declaring an exchange of an unknown type costs the connection
            (503), not only the channel (406).
        keeps_transient_exchanges: whether an exchange that is not durable survives a restart.
        checks_queue_mode, checks_leader_locator: whether x-queue-mode, and a classic queue's
            x-queue-leader-locator, are looked at.
        tells_last_death: whether a dead-lettered copy carries x-last-death-exchange, -queue and -reason.
        trusts_client_deaths: whether an x-death header that a client made up is carried on.
        groups_deaths_by_queue: whether x-death has the other deaths in the same queue right behind the latest
            one; else all stand in order of time.
        drops_cc_with_new_key: whether a dead-letter routing key takes the CC header away.
        dead_letter_counts_failures: whether a dead-lettered copy is `redelivered` when a delivery of the
            message ever failed: rejected, or returned by a closed channel or connection.
        shares_prefetch: whether prefetch with the global bit is one count for the channel; else it counts per
        consumer.
        single_active_waits: whether the next single active consumer of a classic queue gets nothing when the
            active one is cancelled, until something else happens in the queue.
        returns_replies: whether a mandatory reply to a direct reply-to address comes back although it is
            delivered.
        returns_late_replies: whether a mandatory reply to a direct reply-to address that is gone comes back.
        quorum_default_limit: the delivery limit of a quorum queue that sets none; None is no limit.
        quorum_negative_is_unlimited: whether a delivery limit below 0 is none.
        quorum_counts_every_return: whether a nack and a recover count towards the delivery limit as well.
        quorum_carries_counts: whether a message dead-lettered from quorum queue to quorum queue keeps its
        counts.
        quorum_tells_first: whether a `basic.get` tells x-delivery-count 0 for what was never returned.
        quorum_tells_acquired: whether a returned message carries x-acquired-count too.
        quorum_priorities: `none`, `two` (above 4 goes first, two to one), or `all` (0 to 31; unset is 4).
        quorum_newcomer_takes_over: whether a consumer of higher priority becomes the single active one.
        timeout_closes_channel: whether an overdue acknowledgement closes the channel; else a classic queue
            knows no such time, and a quorum queue cancels the consumer and takes the message back.
        finds_queues_that_are_down: whether a publish still finds a classic queue whose node is down, which
            then refuses it; else routing passes it by.
        knows_fleeting_queues_that_are_down: whether others still know the transient queues of a node that is
            down, and of one that was killed the exclusive ones.
        stop_marks_what_others_hold: whether what clients of other nodes hold of a classic queue is marked
            redelivered when its node is stopped in order.
        metadata_needs_majority: whether exchanges, queues and bindings change only while most nodes are up.
        quorum_holds_for_the_lost: seconds that a quorum queue keeps what a consumer holds whose node was
            killed, unless that node is back sooner.
        sorts_headers: whether a client sees a message's headers sorted by name: `always`, where the broker
            `added` one, or `never`.
        largest_message: bytes of body that a client may publish.
    """

    version: str
    unknown_type_closes_connection: bool = False
    keeps_transient_exchanges: bool = False
    checks_queue_mode: bool = True
    checks_leader_locator: bool = True
    tells_last_death: bool = True
    trusts_client_deaths: bool = False
    groups_deaths_by_queue: bool = False
    drops_cc_with_new_key: bool = False
    dead_letter_counts_failures: bool = False
    shares_prefetch: bool = True
    single_active_waits: bool = False
    returns_replies: bool = False
    returns_late_replies: bool = True
    quorum_default_limit: int | None = 20
    quorum_negative_is_unlimited: bool = True
    quorum_counts_every_return: bool = True
    quorum_carries_counts: bool = True
    quorum_tells_first: bool = False
    quorum_tells_acquired: bool = False
    quorum_priorities: str = "two"
    quorum_newcomer_takes_over: bool = True
    timeout_closes_channel: bool = True
    finds_queues_that_are_down: bool = True
    knows_fleeting_queues_that_are_down: bool = False
    stop_marks_what_others_hold: bool = True
    metadata_needs_majority: bool = False
    quorum_holds_for_the_lost: float = 0.0
    sorts_headers: str = "never"
    largest_message: int = 16 * 2**20


PROFILES = {
    "3.10": Profile(
        "3.10",
        unknown_type_closes_connection=True,
        checks_leader_locator=False,
        tells_last_death=False,
        trusts_client_deaths=True,
        groups_deaths_by_queue=True,
        drops_cc_with_new_key=True,
        single_active_waits=True,
        returns_replies=True,
        finds_queues_that_are_down=False,
        quorum_default_limit=None,
        quorum_negative_is_unlimited=False,
        quorum_carries_counts=False,
        quorum_tells_first=True,
        sorts_headers="added",
        largest_message=128 * 2**20,
        quorum_priorities="none",
        quorum_newcomer_takes_over=False,
    ),
    "4.0": Profile("4.0"),
    "4.3": Profile(
        "4.3",
        keeps_transient_exchanges=True,
        checks_queue_mode=False,
        dead_letter_counts_failures=True,
        shares_prefetch=False,
        returns_late_replies=False,
        quorum_counts_every_return=False,
        quorum_tells_acquired=True,
        sorts_headers="always",
        knows_fleeting_queues_that_are_down=True,
        stop_marks_what_others_hold=False,
        metadata_needs_majority=True,
        quorum_holds_for_the_lost=60.0,
        timeout_closes_channel=False,
        quorum_priorities="all",
    ),
}


def profile(version: str) -> Profile:
    """The rules of `version`.

    Raises:
        UsageError: it is none of those known.
    """
    try:
        return PROFILES[version]
    except KeyError:
        known = ", ".join(PROFILES)
        raise UsageError(f"no rules are known for RabbitMQ {version!r}; there are {known}") from None
