"""By which forwards a message came, as numbers: what tells the draws of forwarded messages apart."""

from __future__ import annotations


class Lineages:
    """Numbers for the ways by which forwarded messages come: (number of the way so far, group, index) to a
    number.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, str, int], int] = {}

    def after(self, lineage: int, group: str, index: int) -> int:
        """The number of the way that goes on from `lineage` through forward `index` of `group`; never 0."""
        return self._numbers.setdefault((lineage, group, index), len(self._numbers) + 1)

    def name(self, lineage: int) -> str:
        """The way in words that do not depend on the order in which ways were met."""
        for (before, group, index), number in self._numbers.items():
            if number == lineage:
                return f"{self.name(before)}>{group}[{index}]"
        return ""
