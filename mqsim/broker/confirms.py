"""Publisher confirms: when a publish is confirmed, and when it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Confirm:
    """One publish that is to be confirmed: once all its copies are safe; negatively once one is refused."""

    __slots__ = ("_answer", "_missing")

    def __init__(self, answer: Callable[[bool], None]) -> None:
        self._answer: Callable[[bool], None] | None = answer
        # One for the publish itself, until all its copies are on their way.
        self._missing = 1

    @property
    def answered(self) -> bool:
        """Whether its publisher was told."""
        return self._answer is None

    def expect(self) -> None:
        """One more copy has to become safe."""
        self._missing += 1

    def safe(self) -> None:
        """One of those is."""
        self._missing -= 1
        if not self._missing:
            self._tell(True)

    def refused(self) -> None:
        """A queue refused its copy."""
        self._tell(False)

    def _tell(self, ok: bool) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer(ok)
