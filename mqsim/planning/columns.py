"""A log's file as columns of cells, whatever its format was."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Columns:
    """A file as columns of cells.

    Attributes:
        file: its name, for sentences.
        cells: by header: texts, numbers or instants, from the top down.
        lines: for each row the line of the file.
    """

    file: str
    cells: dict[str, list[Any]]
    lines: Sequence[int]

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return Path(self.file).name

    def with_column(self, name: str, cells: list[Any]) -> Columns:
        """The same with other cells in one column."""
        return Columns(self.file, self.cells | {name: cells}, self.lines)

    def rows(self, chosen: Sequence[int]) -> Columns:
        """Some of its rows."""
        cells = {name: [column[i] for i in chosen] for name, column in self.cells.items()}
        return Columns(self.file, cells, [self.lines[i] for i in chosen])

    def column(self, name: str, option: str) -> list[Any]:
        """One column.

        Raises:
            UsageError: there is none of that name.
        """
        if name in self.cells:
            return self.cells[name]
        near = difflib.get_close_matches(name, list(self.cells), 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(
            f"{option} {name}: {self.file} has no such column; it has {', '.join(self.cells)}.{hint}"
        )
