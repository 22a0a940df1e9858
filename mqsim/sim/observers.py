"""Several observers of one broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.broker import Message, Observer, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Observers(Observer):
    """Tells each of several observers, in their order, what the broker tells.

    What only one of them listens to goes straight to it, as if it were the only one.
    """

    def __init__(self, *observers: Observer) -> None:
        self._of_acks = _listeners("acked", observers)
        for name in vars(Observer):
            if name.startswith("_") or name == "acked":
                continue
            listeners = _listeners(name, observers)
            if len(listeners) == 1:
                setattr(self, name, listeners[0])
            elif listeners:
                setattr(self, name, _in_turn(listeners))

    def acked(self, message: Message, queue: Queue) -> None:
        """As `Observer` says. Every message comes here, and a method is called faster than an attribute."""
        for listener in self._of_acks:
            listener(message, queue)


def _listeners(name: str, observers: Sequence[Observer]) -> tuple[Callable[..., None], ...]:
    """The methods of that name of those who care for it."""
    ignores = getattr(Observer, name)
    return tuple(getattr(each, name) for each in observers if getattr(type(each), name) is not ignores)


def _in_turn(listeners: Sequence[Callable[..., None]]) -> Callable[..., None]:
    def tell(*told: Any) -> None:
        for listener in listeners:
            listener(*told)

    return tell
