"""One load played on a real RabbitMQ, from the declaration to the last message, and cleared away."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from mqsim.live.crew import Member

if TYPE_CHECKING:
    from mqsim.live.address import Address
    from mqsim.live.load import Load
    from mqsim.live.topology import Topology

Tell = Callable[[float, float], None]
LEAD = 0.5
"""Seconds from the signal to the first message."""
_LOOK = 0.1
_STILL = 5.0
"""Seconds without any progress after which what is missing is said to never come."""


class Handled(NamedTuple):
    """A message that was worked on; times in seconds from the start of the run.

    Attributes:
        message: its producer and number, such as `web-1 17`.
        queue: the scenario's name of the queue it came from.
        worker: who did it.
        created: when it was to be sent.
        published: when it was.
        started, finished: when the work began and ended.
        asked: seconds of work that it asked for, at the worker's speed.
    """

    message: str
    queue: str
    worker: str
    created: float
    published: float
    started: float
    finished: float
    asked: float


@dataclass
class Played:
    """What a real run came to.

    Attributes:
        handled: every message that was worked on, by time of its end.
        sent: messages that were published.
        published: when each was, by its name.
        left: queues that could not be removed; empty where all went well.
    """

    handled: list[Handled]
    sent: int
    published: dict[str, float]
    left: list[str] = field(default_factory=list)


def play(
    load: Load,
    topology: Topology,
    address: Address,
    tell: Tell | None = None,
    wait: float = 60.0,
) -> Played:
    """Play a load.

    Args:
        load: what is sent and who works.
        topology: what is declared; it is removed at the end, also after Ctrl-C or a failure.
        address: where RabbitMQ is.
        tell: called with the messages that were worked on, and those that are sent in all.
        wait: seconds that a backlog may take after the last message.

    Raises:
        UsageError: RabbitMQ can't be reached, refuses something, or a program fails.
    """
    crew: list[Member] = []
    played = Played([], 0, {})
    try:
        with address.connect() as connection:
            topology.declare(connection)
        crew = _started(load, topology, address)
        for member in crew:
            member.await_ready()
        begin = time.monotonic() + LEAD
        for member in crew:
            if member.kind == "sender":
                member.tell({"begin": begin})
        _await(load, crew, begin, tell, wait)
        _gather(load, crew, begin, played)
    finally:
        for member in crew:
            member.end()
        played.left = topology.remove(address)
    return played


def _started(load: Load, topology: Topology, address: Address) -> list[Member]:
    crew: list[Member] = []
    try:
        for worker in load.workers:
            job: dict[str, Any] = {
                "url": address.url, "queue": topology.queue(worker.queue), "prefetch": worker.prefetch,
                "ack": worker.ack, "speed": worker.speed, "priority": worker.priority,
            }  # fmt: skip
            crew.append(Member("worker", worker.name, job))
        for sender in load.senders:
            sends = [(s.time, *topology.route(s.exchange, s.key), *s[3:]) for s in sender.sends]
            job = {
                "url": address.url, "name": sender.name, "sends": sends, "size": sender.size,
                "persistent": sender.persistent, "confirmed": sender.confirmed,
            }  # fmt: skip
            crew.append(Member("sender", sender.name, job))
    except BaseException:
        for member in crew:
            member.end()
        raise
    return crew


def _await(load: Load, crew: list[Member], begin: float, tell: Tell | None, wait: float) -> None:
    """Until the senders are done and the workers have been idle for a while, or the backlog took too long."""
    workers = [member for member in crew if member.kind == "worker"]
    senders = [member for member in crew if member.kind == "sender"]
    longest = max((send.work for sender in load.senders for send in sender.sends), default=0.0)
    speed = min((worker.speed for worker in load.workers), default=1.0)
    still = _STILL + 2.0 * longest / speed
    last_count, last_change = -1, time.monotonic()
    ends = begin + load.end + wait
    while True:
        time.sleep(_LOOK)
        for member in crew:
            member.look()
        count, now = sum(worker.done for worker in workers), time.monotonic()
        if tell is not None:
            tell(float(count), float(load.messages))
        if count != last_count:
            last_count, last_change = count, now
        sent = all(sender.times is not None for sender in senders)
        if sent and (count == load.messages or not workers or now - last_change > still):
            return
        if now > ends:
            return


def _gather(load: Load, crew: list[Member], begin: float, played: Played) -> None:
    works, created = {}, {}
    for sender in load.senders:
        for number, send in enumerate(sender.sends):
            name = f"{sender.name} {number}"
            works[name], created[name] = send.work, send.time
    for member in crew:
        if member.kind == "sender":
            for name, at in member.await_end(30.0):
                played.published[name] = at - begin
    played.sent = len(played.published)
    who = {worker.name: worker for worker in load.workers}
    for member in crew:
        if member.kind != "worker":
            continue
        member.close()
        worker = who[member.name]
        for name, started, finished in member.await_end(60.0):
            played.handled.append(
                Handled(
                    name,
                    worker.queue,
                    worker.name,
                    created[name],
                    played.published[name],
                    started - begin,
                    finished - begin,
                    works[name] / worker.speed,
                )
            )
    played.handled.sort(key=lambda each: each.finished)
