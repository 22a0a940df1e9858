"""The tables of a run as numpy columns and as pandas frames, without copying the times.

`columns` and the frames look into the memory of the trace itself. While one of them lives, its table can't
grow: take them when the run is over, or let go of them before it goes on. They are read-only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.trace.tables import DeliveryTable, How, MessageTable, Outcome, Trace

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

MESSAGE_COLUMNS = ["copy", *MessageTable.columns]
"""The row's number is the copy's."""
EXPIRES = "expires"
"""What the frame of messages has besides: the trace keeps it for those copies alone that have a patience."""
DELIVERY_COLUMNS = [*DeliveryTable.columns]
EVENT_COLUMNS = ["t", "kind", "subject", "other", "copy", "detail"]

OUTCOMES = [outcome.label for outcome in Outcome]
HOWS = [how.label for how in How]


def view(column: array[Any], n: int) -> NDArray[Any]:
    """The first `n` cells of a column as a read-only numpy array over the same memory."""
    dtype = np.dtype(column.typecode)
    if n == 0:
        return np.empty(0, dtype=dtype)
    cells: NDArray[Any] = np.frombuffer(column, dtype=dtype, count=n)
    cells.flags.writeable = False
    return cells


def columns(table: MessageTable | DeliveryTable, *names: str) -> list[NDArray[Any]]:
    """Columns of a table as read-only numpy arrays over the same memory, in the order asked for.

    Args:
        table: the messages or the deliveries of a trace.
        names: which columns; codes stay codes. `copy` of the messages is made on the spot.
    """
    made = isinstance(table, MessageTable)
    return [
        np.arange(table.n, dtype=np.int64) if made and name == "copy" else view(getattr(table, name), table.n)
        for name in names
    ]


def cells_at(rows: NDArray[np.int64], *cells: NDArray[Any]) -> list[NDArray[Any]]:
    """The cells of columns at rows, each of which stands there once and in order: all of them without a
    copy.
    """
    return [column if len(rows) == len(column) else column[rows] for column in cells]


def rows_by_code(codes: NDArray[Any], count: int) -> list[NDArray[np.int64]]:
    """For each code from 0 to `count` - 1 the positions at which it stands, ascending."""
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(count + 1))
    return [order[edges[code] : edges[code + 1]] for code in range(count)]


def messages_frame(trace: Trace) -> pd.DataFrame:
    """The message table: one row a copy of a message, columns in the order of the table.

    Returns:
        A frame whose times (seconds, NaN where it did not happen) share the trace's memory, but for the last
        column, `expires`. `producer`, `queue`, `consumer` and `outcome` are categorical; `parent` is -1 where
        there is none.
    """
    kinds = {"producer": trace.actors.names, "queue": trace.queues.names, "consumer": trace.actors.names}
    cells = [*columns(trace.messages, *MESSAGE_COLUMNS), _expires(trace)]
    return _frame([*MESSAGE_COLUMNS, EXPIRES], cells, kinds | {"outcome": OUTCOMES})


def _expires(trace: Trace) -> NDArray[np.float64]:
    """When each copy's patience ends; NaN where it has none."""
    cells = np.full(trace.messages.n, np.nan)
    cells[list(trace.expires)] = list(trace.expires.values())
    return cells


def deliveries_frame(trace: Trace) -> pd.DataFrame:
    """The delivery table: one row an attempt, columns in its order, times as in `messages_frame`."""
    kinds = {"consumer": trace.actors.names, "how": HOWS}
    return _frame(DELIVERY_COLUMNS, columns(trace.deliveries, *DELIVERY_COLUMNS), kinds)


def events_frame(trace: Trace) -> pd.DataFrame:
    """The event log in its own order; `t` in seconds, no `other` is NaN, no `copy` is -1."""
    import pandas as pd

    log, n = trace.events, len(trace.events)
    data: dict[str, Any] = {
        "t": view(log.t, n),
        "kind": categorical(log.kind),
        "subject": categorical(log.subject),
        "other": categorical(log.other),
        "copy": view(log.copy, n),
        "detail": np.array(log.detail, dtype=object),
    }
    return pd.DataFrame(data, columns=EVENT_COLUMNS, copy=False)


def categorical(values: Iterable[str | None]) -> pd.Categorical:
    """Words as a categorical whose categories are in order of first use; an empty word or None is missing."""
    codes: dict[str, int] = {}
    numbers = [codes.setdefault(value, len(codes)) if value else -1 for value in values]
    return coded(np.array(numbers, dtype=np.int32), list(codes))


def _frame(names: list[str], cells: list[NDArray[Any]], kinds: dict[str, list[str]]) -> pd.DataFrame:
    import pandas as pd

    data: dict[str, Any] = dict(zip(names, cells, strict=True))
    for name, words in kinds.items():
        data[name] = coded(data[name], words)
    return pd.DataFrame(data, copy=False)


def coded(codes: Any, words: Sequence[str]) -> pd.Categorical:
    """Codes as a categorical over `words`; -1 is missing."""
    import pandas as pd

    categories: Any = list(words)
    return pd.Categorical.from_codes(codes, categories=categories)
