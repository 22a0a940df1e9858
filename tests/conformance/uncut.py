"""Reply texts that RabbitMQ cut, since they were longer than AMQP's 255 bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conformance.script import Seen


def uncut(recorded: Seen, ours: Seen) -> Seen:
    """What we saw, with reply texts cut where the recorded ones are.

    Recordings were made in virtual hosts with longer names than `/`, so that a text may be whole here.
    """
    if isinstance(recorded, dict) and isinstance(ours, dict):
        return {key: uncut(recorded.get(key), each) for key, each in ours.items()}
    if isinstance(recorded, list) and isinstance(ours, list) and len(recorded) == len(ours):
        return [uncut(*both) for both in zip(recorded, ours, strict=True)]
    if isinstance(recorded, str) and isinstance(ours, str) and recorded.endswith("..."):
        return recorded if ours.startswith(recorded[:-3]) else ours
    return ours
