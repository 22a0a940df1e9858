"""Several observers of one broker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mqsim.broker import Message, Observer, Queue


class Observers(Observer):
    """Tells each of several observers, in their order, what the broker tells.

    What only one of them listens to goes straight to it, as if it were the only one.
    """

    def __init__(self, *observers: Observer) -> None:
        for name, ignores in vars(Observer).items():
            listeners = [
                getattr(observer, name)
                for observer in observers
                if not name.startswith("_") and getattr(type(observer), name) is not ignores
            ]
            if len(listeners) == 1:
                setattr(self, name, listeners[0])
            elif len(listeners) == 2 and name == "acked":
                setattr(self, name, _both(*listeners))
            elif listeners:
                setattr(self, name, _in_turn(listeners))


def _in_turn(listeners: Sequence[Callable[..., None]]) -> Callable[..., None]:
    def tell(*told: Any) -> None:
        for listener in listeners:
            listener(*told)

    return tell


Acked = Callable[[Message, Queue], None]


def _both(first: Acked, second: Acked) -> Acked:
    """The same for two, and for what is told of every message."""

    def tell(message: Message, queue: Queue) -> None:
        first(message, queue)
        second(message, queue)

    return tell
