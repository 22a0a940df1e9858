"""The state of copies is kept apart from the record: nothing in the world decides by what the trace says."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mqsim
from mqsim.broker import Envelope, Message
from mqsim.sim.copies import Copies
from mqsim.sim.recorder import Recorder
from mqsim.trace import Outcome, Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(mqsim.__file__).parent
HAPPENED = frozenset(
    (
        "published",
        "enqueued",
        "delivered",
        "received",
        "started",
        "finished",
        "acked",
        "ended",
        "outcome",
        "how",
    )
)
"""Columns that say what happened, not who a copy is."""


def reads(source: str) -> Iterator[str]:
    """Where a source reads a cell of such a column."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            column = node.value
            if isinstance(column, ast.Attribute) and column.attr in HAPPENED:
                yield ast.unparse(node)


def test_no_module_of_the_world_reads_what_the_trace_says_happened() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {read}"
        for package in ("sim", "guest")
        for path in (ROOT / package).rglob("*.py")
        for read in reads(path.read_text(encoding="utf-8"))
    }
    assert not found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("if self.messages.outcome[row] == 1: act()", 1),
        ("x = trace.deliveries.how[attempt]", 1),
        ("self.messages.outcome[row] = 1", 0),
        ("who = messages.producer[row]", 0),
    ],
)
def test_such_a_reading_is_found(source: str, found: int) -> None:
    assert len(list(reads(source))) == found


def copies() -> tuple[Copies, Trace]:
    trace = Trace()
    trace.actors.code("web-1")
    trace.queues.code("tasks")
    return Copies(Recorder(trace)), trace


def made(state: Copies) -> Message:
    return Message(Envelope("", "tasks"), state.new(0, len(state), 0, 0.0, 1.0))


def test_what_somebody_waits_for_ends_with_the_last_of_its_copies() -> None:
    state, _ = copies()
    told: list[str] = []
    state.when_all_ended(len(state), lambda: told.append("ended"))
    message = made(state)
    again = state.new_again(message.row)
    forwarded = state.new_forward(message.row, 0, 7, 1.0, 1)
    assert (state.open, state.origin(forwarded), state.lineage(forwarded)) == (3, (0, 0), 1)
    for row, expected in ((message.row, []), (again, []), (forwarded, ["ended"])):
        state.end(row, Outcome.LOST, 1.0)
        assert told == expected
    assert state.open == 0


def test_one_that_ended_on_its_way_can_be_published_again_under_the_same_row() -> None:
    state, trace = copies()
    message = made(state)
    state.end(message.row, Outcome.REFUSED, 1.0)
    assert state.ended_on_its_way(message.row)
    assert not state.is_open(message.row)
    state.reopen(message.row)
    assert state.is_open(message.row)
    assert not state.ended_on_its_way(message.row)
    assert (state.open, trace.messages.outcome[message.row]) == (1, Outcome.READY)
