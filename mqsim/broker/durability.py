"""Durability: what has to be on disk before it is confirmed, and what a killed broker had not written.

The broker never waits for its disk. It asks its storage, goes on, and is told later (`Broker.stored`); only
then does it confirm. Without a storage everything is on disk at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mqsim.broker.reasons import Reason

if TYPE_CHECKING:
    from mqsim.broker.confirms import Confirm
    from mqsim.broker.context import Context
    from mqsim.broker.message import Message
    from mqsim.broker.queues.queue import Queue


class Storage(Protocol):
    """Where messages go that are to survive a restart."""

    def store(self, write: int, message: Message) -> None:
        """Write a message; call `Broker.stored(write)` when it is safe."""

    def forget(self, write: int, message: Message) -> None:
        """Write that a message is done with; call `Broker.stored(write)` when that is safe."""


class Durability:
    """What is asked of the storage is kept here until it has answered.

    Attributes:
        storage: where messages go that are to survive; None means that they are safe at once.
        members_write: whether the members of a quorum queue write what they replicate.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.storage: Storage | None = None
        self.members_write = False
        self._numbered = 0
        self._writes: dict[int, tuple[Message, Confirm | None]] = {}
        self._erasures: dict[int, tuple[Message, Queue]] = {}

    def next_number(self) -> int:
        """The number of the next thing that is asked of the storage or of other nodes."""
        self._numbered += 1
        return self._numbered

    def hand_in(self, message: Message, queue: Queue, confirm: Confirm | None) -> None:
        """Give a message to a queue; one that is to survive is written."""
        if queue.defers(message, confirm):
            return
        storage = self._disk_for(message, queue)
        if storage is None:
            if not queue.accept(message) and confirm is not None:
                confirm.refused()
            return
        write = message.write = self.next_number()
        self._writes[write] = (message, confirm)
        if confirm is not None:
            confirm.expect()
        if queue.accept(message):
            if message.write:
                storage.store(write, message)
        else:
            del self._writes[write]
            message.write = 0
            if confirm is not None:
                confirm.refused()

    def _disk_for(self, message: Message, queue: Queue) -> Storage | None:
        """The storage that has to write a message, if any."""
        if self.storage is None or not queue.keeps(message) or (queue.replicated and self.members_write):
            return None
        return self.storage

    def stored(self, write: int) -> None:
        """What was asked of the storage under this number is safe."""
        self._erasures.pop(write, None)
        entry = self._writes.pop(write, None)
        if entry is not None:
            message, confirm = entry
            message.write = 0
            if confirm is not None:
                confirm.safe()

    def forget(self, message: Message, queue: Queue) -> None:
        """A message is done with; until the storage knows, a crash would bring it back."""
        storage = self._disk_for(message, queue)
        if storage is None:
            return
        if message.write:
            self.stored(message.write)
            return
        number = self.next_number()
        self._erasures[number] = (message, queue)
        storage.forget(number, message)

    # -- a node's end ----------------------------------------------------------------------------------------

    def surviving(self, queue: Queue, killed: bool) -> list[Message]:
        """Take a queue's ready messages out; those that are not on disk are lost.

        Returns:
            The others.
        """
        kept = []
        for message in queue.drain():
            safe = queue.keeps(message) and not (killed and message.write)
            self._writes.pop(message.write, None)
            message.write = 0
            if safe:
                # A queue whose end was not in order can't tell which of its messages were delivered.
                message.redelivered = message.redelivered or (killed and not queue.replicated)
                kept.append(message)
            else:
                self.context.observer.left(message, queue, Reason.LOST)
        return kept

    def reviving(self, queue: Queue, killed: bool) -> list[Message]:
        """Forget what was to be erased of a queue.

        Returns:
            Where the node was killed, those messages: they are back.
        """
        erased = [(number, entry[0]) for number, entry in self._erasures.items() if entry[1] is queue]
        revived = []
        for number, message in erased:
            del self._erasures[number]
            if killed:
                message.redelivered = True
                self.context.observer.revived(message, queue)
                revived.append(message)
        return revived

    def clear(self) -> None:
        """The whole broker is down: nothing is on its way to the disk any more."""
        self._writes.clear()
        self._erasures.clear()
