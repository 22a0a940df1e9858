"""Digests: equal for equal runs, different for any difference."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from mqsim.api import simulate
from mqsim.errors import TraceError
from mqsim.trace import Outcome, Trace
from mqsim.trace.digest import digest, event_digest
from mqsim.trace.frames import DELIVERY_COLUMNS, MESSAGE_COLUMNS, columns, messages_frame
from tests.trace.hand import Hand
from tests.trace.wild import traces

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.trace.columns import Table


def made() -> Trace:
    hand = Hand()
    hand.served(0.5, "worker-1", 1.0, 2.0)
    hand.message(Outcome.READY, created=3.0)
    hand.trace.events.add(1.0, "crashed", "worker-1", "", -1, "kill")
    return hand.trace


def test_equal_traces_have_equal_digests() -> None:
    assert digest(made()) == digest(made())
    assert event_digest(made()) == event_digest(made())
    assert len(digest(made())) == len(event_digest(made())) == 64


def _set(table: str, column: str, value: float) -> Callable[[Trace], None]:
    def change(trace: Trace) -> None:
        getattr(getattr(trace, table), column)[0] = value

    change.__name__ = f"{table}.{column}"
    return change


MESSAGES = (
    "parent origin producer number queue priority created published enqueued delivered started finished "
    "acked consumer deliveries outcome ended"
)
DELIVERIES = "copy attempt consumer sent received started finished ended how"
CHANGES = [_set("messages", name, 7) for name in MESSAGES.split()]
CHANGES += [_set("deliveries", name, 5) for name in DELIVERIES.split()]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_each_column_counts(change: Callable[[Trace], None]) -> None:
    other = made()
    change(other)
    assert digest(other) != digest(made())
    assert event_digest(other) == event_digest(made())


@pytest.mark.parametrize("column", ["kind", "subject", "other", "detail"])
def test_each_word_of_the_log_counts(column: str) -> None:
    other = made()
    getattr(other.events, column)[0] = "else"
    assert event_digest(other) != event_digest(made())
    assert digest(other) == digest(made())


def test_times_and_copies_of_the_log_count() -> None:
    for column, value in (("t", 1.5), ("copy", 0)):
        other = made()
        getattr(other.events, column)[0] = value
        assert event_digest(other) != event_digest(made())


def test_names_count_and_all_nan_are_one() -> None:
    other = made()
    other.queues.names[0] = "jobs"
    assert digest(other) != digest(made())
    negative = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_0001))[0]
    assert math.isnan(negative)
    same = made()
    same.messages.acked[1] = negative
    assert digest(same) == digest(made())


def test_words_do_not_run_into_each_other() -> None:
    one, two = Trace(), Trace()
    one.events.add(0.0, "a", "bc")
    two.events.add(0.0, "ab", "c")
    assert event_digest(one) != event_digest(two)


def test_the_log_is_hashed_as_the_module_says() -> None:
    trace = made()
    parts = [b"events.t 1 f8\n", struct.pack("<d", 1.0)]
    for name, words in (("kind", ["crashed"]), ("subject", ["worker-1"]), ("other", [""])):
        parts += [f"events.{name} 1\n".encode(), json.dumps(words).encode()]
    parts += [
        b"events.copy 1 i8\n",
        struct.pack("<q", -1),
        b"events.detail 1\n",
        json.dumps(["kill"]).encode(),
    ]
    assert event_digest(trace) == hashlib.sha256(b"".join(parts)).hexdigest()


def as_given(table: Table) -> dict[str, Any]:
    """The used cells of a table's columns, as `Table.from_columns` takes them."""
    return {name: getattr(table, name)[: table.n] for name in table.columns}


@given(traces())
def test_a_trace_made_of_a_runs_columns_has_its_digest(run: Trace) -> None:
    again = Trace.from_columns(
        as_given(run.messages),
        as_given(run.deliveries),
        actors=run.actors.names,
        queues=run.queues.names,
        end=run.end,
    )
    assert digest(again) == digest(run)
    assert messages_frame(again).equals(messages_frame(run))
    # And it can go on: rows that are added to it look like those of any other.
    for trace in (again, run):
        trace.deliveries.add(trace.messages.add(0, 99, 0, 7.0), 1, 0, 8.0)
    assert digest(again) == digest(run)


def test_a_simulated_run_survives_the_way_through_numpy() -> None:
    run = simulate("retry-storm").trace
    names = MESSAGE_COLUMNS[1:]
    again = Trace.from_columns(
        {name: cells.copy() for name, cells in zip(names, columns(run.messages, *names), strict=True)},
        dict(zip(DELIVERY_COLUMNS, columns(run.deliveries, *DELIVERY_COLUMNS), strict=True)),
        actors=run.actors.names,
        queues=run.queues.names,
        end=run.end,
    )
    assert digest(again) == digest(run)


def test_columns_that_are_left_out_are_unset() -> None:
    trace = Trace.from_columns({"created": [1.0, 2.0]}, {}, actors=[], queues=[], end=3.0)
    messages = trace.messages
    assert (messages.n, list(messages.origin), list(messages.parent)) == (2, [0, 1], [-1, -1])
    assert all(math.isnan(cell) for cell in messages.acked)
    assert trace.deliveries.n == 0


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"colour": [1]}, "'colour' is not a column of MessageTable; it has parent, origin"),
        ({"created": [1.0], "number": [1, 2]}, "column created has 1 cells, others have 2"),
        ({"priority": [40000]}, "column priority takes whole numbers of 16 bits"),
        ({"number": [0.5]}, "column number takes whole numbers of 64 bits"),
    ],
)
def test_columns_that_do_not_fit_are_refused(cells: dict[str, list[float]], sentence: str) -> None:
    with pytest.raises(TraceError, match=sentence):
        Trace.from_columns(cells, {}, actors=[], queues=[], end=1.0)
