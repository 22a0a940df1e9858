"""Tables made of typed columns, each of which is declared in one place: in its table's class.

    class Deliveries(Table):
        copy: array[int] = column("q", -1)
        sent: array[float] = column("d", NOT_A_TIME)

A run writes into the columns by row number. They grow in blocks whose unset cells already mean "it did not
happen", so that recording is a handful of plain stores and nothing has to be filled in later.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from mqsim.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

_FIRST_BLOCK, _LARGEST_BLOCK = 4096, 1 << 20


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        typecode: as of `array.array`: `q`, `i`, `h`, `b` (whole numbers of 8, 4, 2, 1 bytes), `d` (floats).
        unset: what an unset cell holds; None is the row's own number.
    """

    typecode: str
    unset: float | None

    def block(self, first: int, count: int) -> array[Any]:
        """That many unset cells, from row `first` on."""
        if self.unset is None:
            return array(self.typecode, range(first, first + count))
        return array(self.typecode, [self.unset]) * count


def column(typecode: str, unset: float | None) -> Any:
    """Declare a column; see `Column`."""
    return Column(typecode, unset)


class Table:
    """Columns of one length; `n` rows are used, the rest is room.

    Attributes:
        columns: the columns by name, in the order in which the class declares them.
    """

    columns: ClassVar[Mapping[str, Column]] = {}

    def __init_subclass__(cls) -> None:
        cls.columns = {name: value for name, value in vars(cls).items() if isinstance(value, Column)}
        for (
            name
        ) in cls.columns:  # the interpreter finds an instance's cells faster where the class has no such name
            delattr(cls, name)

    def __init__(self) -> None:
        self.n = 0
        self.room = 0
        self._block = _FIRST_BLOCK
        for name, declared in self.columns.items():
            setattr(self, name, array(declared.typecode))

    def grow(self) -> None:
        """Add a block of unset rows; blocks grow with the table, up to a million rows."""
        self._block = min(max(self._block, self.room // 2), _LARGEST_BLOCK)
        for name, declared in self.columns.items():
            getattr(self, name).extend(declared.block(self.room, self._block))
        self.room += self._block

    @classmethod
    def from_columns(cls, cells: Mapping[str, ArrayLike]) -> Self:
        """A table with these cells, which are copied; a column that is left out is unset.

        Raises:
            TraceError: there is no such column, its cells do not fit its type, or lengths differ.
        """
        table = cls()
        lengths = {name: len(np.atleast_1d(np.asarray(given))) for name, given in cells.items()}
        table.n = table.room = max(lengths.values(), default=0)
        for name, length in lengths.items():
            if name not in cls.columns:
                raise TraceError(
                    f"{name!r} is not a column of {cls.__name__}; it has {', '.join(cls.columns)}."
                )
            if length != table.n:
                raise TraceError(
                    f"column {name} has {length} cells, others have {table.n}; give each as many."
                )
        for name, declared in cls.columns.items():
            if name in cells:
                setattr(table, name, _packed(name, declared.typecode, cells[name]))
            else:
                setattr(table, name, declared.block(0, table.n))
        return table


def _packed(name: str, typecode: str, given: ArrayLike) -> array[Any]:
    found = np.asarray(given)
    cells = np.ascontiguousarray(found, dtype=np.dtype(typecode))
    if typecode != "d" and not np.array_equal(cells, found):
        raise TraceError(f"column {name} takes whole numbers of {cells.dtype.itemsize * 8} bits.")
    packed = array(typecode)
    packed.frombytes(cells.tobytes())
    return packed
