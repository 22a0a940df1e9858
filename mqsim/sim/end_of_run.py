"""When a run ends before its time: drained, a queue empty, or nothing left to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.sim.topology import terminal_queues

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.sim.actor_world import ActorWorld


class EndOfRun:
    """Looks for the end of a run.

    Args:
        world: the run.
        until_quiet: whether it also ends when nothing but heartbeats is to come.
        hosts_are_busy: whether hosts of other kinds will do something by themselves; None: there are none.

    Attributes:
        possible: whether it can end before its time at all.
        waits_for_producers: whether it can't end as long as a producer has more messages to come.
    """

    def __init__(
        self, world: ActorWorld, until_quiet: bool, hosts_are_busy: Callable[[], bool] | None
    ) -> None:
        self._world = world
        self._until_quiet = until_quiet
        self._hosts_are_busy = hosts_are_busy
        self._until = world.scenario.until
        self._empty: str | None = getattr(self._until, "empty", None)
        self._seen_full = False
        self._terminal = terminal_queues(world.scenario)
        self.possible = until_quiet or self._until is not None
        self.waits_for_producers = not until_quiet and self._empty is None

    def look(self) -> None:
        """End the run now if its end is reached."""
        world = self._world
        if (self._until is not None and self._is_reached()) or (self._until_quiet and self._is_quiet()):
            world.clock.end = world.clock._now

    def _is_reached(self) -> bool:
        world = self._world
        if self._empty is not None:
            queue = world.broker.queues.get(self._empty)
            inside = 0 if queue is None else queue.waiting + queue.unacked
            self._seen_full = self._seen_full or inside > 0
            return self._seen_full and not inside
        if world.producers_left or world.pending_retries or world.copies.open != self._at_rest():
            return False
        return self._hosts_are_busy is None or self._is_quiet()

    def _at_rest(self) -> int:
        """How many messages lie where nobody will ever take them, such as in a dead-letter queue."""
        queues = self._world.broker.queues
        if self._hosts_are_busy is not None:  # who takes what is seen at run time
            return sum(queue.waiting for queue in queues.values() if not queue.consumers)
        return sum(queues[name].waiting for name in self._terminal if name in queues)

    def _is_quiet(self) -> bool:
        """Whether nothing but heartbeats is to come."""
        world = self._world
        if world.clock.has_work or world.broker.awaits():
            return False
        return self._hosts_are_busy is None or not self._hosts_are_busy()
