"""Policies of a definitions file: which applies to a queue or an exchange, and what it adds.

A policy applies to the queues or exchanges of its kind whose name its pattern is found in; of several the one
of the highest priority. It adds what a queue's own arguments do not say; of two limits the smaller counts. An
operator policy is applied beside it and limits both.

Source: RabbitMQ's documentation of policies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

State = Literal["used", "no effect", "not modelled"]
Table = dict[str, Any]
Policy = Mapping[str, Any]
Note = Callable[[str, str, State, str], None]
"""Takes an entry of the account: where, key, state, why."""

LIMITS = {
    "max-length": "x-max-length",
    "max-length-bytes": "x-max-length-bytes",
    "message-ttl": "x-message-ttl",
    "expires": "x-expires",
    "delivery-limit": "x-delivery-limit",
}
"""Keys of a policy, and the arguments they stand for, of which the smaller counts."""
WORDS = {
    "dead-letter-exchange": "x-dead-letter-exchange",
    "dead-letter-routing-key": "x-dead-letter-routing-key",
    "overflow": "x-overflow",
}
"""Likewise, where a queue's own argument counts."""
NO_EFFECT = {
    "queue-mode": "where messages are kept costs nothing here",
    "x-queue-mode": "where messages are kept costs nothing here",
    "queue-version": "how messages are stored costs nothing here",
    "x-queue-version": "how messages are stored costs nothing here",
    "queue-master-locator": "which node a queue begins on is the scenario's to say (leader)",
    "x-queue-master-locator": "which node a queue begins on is the scenario's to say (leader)",
    "queue-leader-locator": "which node a queue begins on is the scenario's to say (leader)",
    "x-queue-leader-locator": "which node a queue begins on is the scenario's to say (leader)",
    "max-in-memory-length": "where messages are kept costs nothing here",
    "max-in-memory-bytes": "where messages are kept costs nothing here",
    "ha-sync-mode": "a classic queue is not mirrored here, under any profile",
    "ha-sync-batch-size": "a classic queue is not mirrored here, under any profile",
    "ha-promote-on-shutdown": "a classic queue is not mirrored here, under any profile",
    "ha-promote-on-failure": "a classic queue is not mirrored here, under any profile",
    "ha-mode": "a classic queue is not mirrored here, under any profile; use quorum queues",
    "ha-params": "a classic queue is not mirrored here, under any profile; use quorum queues",
}
"""Keys and arguments that change nothing in a simulation, and why."""
_COPIES = "how many nodes keep a queue is the scenario's to say (nodes, members)"
NOT_MODELLED = {
    "dead-letter-strategy": "dead-lettering is at most once here",
    "consumer-timeout": "there is one timeout for all (broker.consumer_timeout)",
    "target-group-size": _COPIES,
    "quorum-target-group-size": _COPIES,
    "initial-cluster-size": _COPIES,
    "max-age": "there are no streams here",
    "stream-max-segment-size-bytes": "there are no streams here",
    "stream-filter-size-bytes": "there are no streams here",
    "federation-upstream": "nothing moves messages between brokers here",
    "federation-upstream-set": "nothing moves messages between brokers here",
}
"""Keys, and arguments without their `x-`, that would change something, and why they don't here."""


def policy_of(name: str, kinds: Sequence[str], policies: Sequence[Policy]) -> Policy | None:
    """The policy of the highest priority that applies to a thing of these kinds, such as `quorum_queues`."""
    fitting = [each for each in policies if any(_applies(each, name, kind) for kind in kinds)]
    return max(fitting, key=lambda each: _whole(each.get("priority")), default=None)


def _applies(policy: Mapping[str, Any], name: str, kind: str) -> bool:
    to = policy.get("apply-to", policy.get("apply_to", "all"))
    kinds = {"all": True, "queues": kind != "exchanges", "exchanges": kind == "exchanges"}
    if not kinds.get(str(to), to == kind):
        return False
    try:
        return re.search(str(policy["pattern"]), name) is not None
    except re.error:
        return False


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def apply_policy(note: Note, queue: str, kind: str, effective: Table, policy: Policy, operator: bool) -> None:
    """Add what a policy says; of two limits the smaller counts, of two words the queue's own."""
    where = f"{'operator policy' if operator else 'policy'} {policy['name']}"
    for key, value in dict(policy.get("definition") or {}).items():
        said = f"{key} {value} on {queue}"
        if key in LIMITS and isinstance(value, int) and not isinstance(value, bool):
            if key == "delivery-limit" and kind != "quorum":
                note(where, said, "no effect", "a classic queue counts no deliveries")
                continue
            name = LIMITS[key]
            before = effective.get(name)
            effective[name] = value if not isinstance(before, int) else min(before, value)
            if effective[name] == value:
                note(where, said, "used", "")
            else:
                note(where, said, "no effect", "the queue's own limit is smaller")
        elif key in WORDS and isinstance(value, str):
            if WORDS[key] in effective:
                note(where, said, "no effect", "the queue's own argument counts")
            else:
                effective[WORDS[key]] = value
                note(where, said, "used", "")
        elif key in NO_EFFECT:
            note(where, key, "no effect", NO_EFFECT[key])
        elif key in LIMITS or key in WORDS:
            wanted = "a whole number" if key in LIMITS else "a text"
            note(where, said, "not modelled", f"{wanted} is wanted here")
        elif key == "alternate-exchange":
            note(where, said, "no effect", "it is for exchanges")
        else:
            why = NOT_MODELLED.get(key, "this key of a policy is not known")
            note(where, key, "not modelled", why)
