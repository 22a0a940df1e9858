"""How long a queue may get (`x-max-length`, `x-max-length-bytes`), and what happens then (`x-overflow`).

Only ready messages count. Source: RabbitMQ's documentation of queue length limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker.queues.arguments import QUORUM

if TYPE_CHECKING:
    from mqsim.broker.queues.arguments import QueueArguments


class LengthLimit:
    """A queue's limits.

    Args:
        arguments: the queue's.

    Attributes:
        exists: whether there is a limit at all.
        drops_head: whether the oldest messages make room; else new ones are refused.
        dead_letters_refused: whether what is refused goes to the dead-letter exchange.
    """

    __slots__ = ("_most", "_most_bytes", "dead_letters_refused", "drops_head", "exists")

    def __init__(self, arguments: QueueArguments) -> None:
        self._most = arguments.max_length
        self._most_bytes = arguments.max_bytes
        self.exists = self._most is not None or self._most_bytes is not None
        # A quorum queue takes `reject-publish-dlx` for `drop-head`.
        drops = ("drop-head", "reject-publish-dlx") if arguments.kind == QUORUM else ("drop-head",)
        self.drops_head = arguments.overflow in drops
        self.dead_letters_refused = (
            arguments.overflow == "reject-publish-dlx" and arguments.dead_letter_exchange is not None
        )

    def is_passed_by(self, ready: int, size: int) -> bool:
        """Whether so many ready messages, with so many bytes of bodies, are too many."""
        over = self._most is not None and ready > self._most
        return over or (self._most_bytes is not None and size > self._most_bytes)

    def refuses(self, ready: int, size: int) -> bool:
        """Whether a message is refused that would make so many."""
        return self.exists and not self.drops_head and self.is_passed_by(ready, size)
