"""State machines as tables keyed by state and input.

What a table does not know for a state is out of place: `step` gives None, and nothing has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

S = TypeVar("S", bound=Enum)
I = TypeVar("I", bound=Enum)  # noqa: E741


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, I]):
    """One kind of life.

    Attributes:
        name: what lives it.
        begin: the state that it begins in.
        table: the state that follows, by state and input.
        says: one sentence for the reader of the diagram.
    """

    name: str
    begin: S
    table: Mapping[tuple[S, I], S]
    says: str

    def step(self, state: S, given: I) -> S | None:
        """The state that follows; None when the input is out of place."""
        return self.table.get((state, given))
