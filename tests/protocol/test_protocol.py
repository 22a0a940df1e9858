"""What sessions of all protocols share: output in order, signs of life, state machines."""

from __future__ import annotations

from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim.protocol import Heartbeat, Machine, Output
from mqsim.protocol.output import CROWDED


@given(st.lists(st.tuples(st.binary(max_size=9), st.integers(0, 9))))
def test_output_is_in_order_but_for_what_is_inserted(pieces: list[tuple[bytes, int]]) -> None:
    woken: list[int] = []
    output, model = Output(lambda: woken.append(1)), list[bytes]()
    for data, place in pieces:
        output.insert(data, place)
        model.insert(place, data)
        assert output.unsent == sum(map(len, model))
        assert output.place() == len(model)
    assert len(woken) == (1 if pieces else 0)
    assert output.take() == b"".join(model)
    assert (output.unsent, output.take()) == (0, b"")


def test_output_that_nobody_reads_is_crowded_and_can_be_withdrawn() -> None:
    output = Output(lambda: None)
    output.append(bytes(CROWDED))
    assert not output.is_crowded()
    output.append(b"x")
    assert output.is_crowded()
    output.withdraw()
    assert output.unsent == CROWDED


def test_a_heartbeat_is_sent_after_half_an_interval_and_missed_after_two() -> None:
    pulse = Heartbeat(10.0)
    assert pulse.due(None, True) == float("inf")
    pulse.heartbeat = 6.0
    assert pulse.due(None, True) == 13.0
    pulse.sent(20.0)
    assert pulse.due(None, True) == 22.0
    assert pulse.due(None, False) == 23.0
    assert not pulse.is_overdue(21.9, None, True)
    assert pulse.is_overdue(22.0, None, True)
    assert not pulse.is_overdue(99.0, None, False)
    pulse.heard(21.0)
    assert not pulse.is_overdue(22.0, None, True)


def test_a_client_that_is_to_answer_has_so_long() -> None:
    pulse = Heartbeat(0.0)
    pulse.waits(5.0)
    assert pulse.due(30.0, True) == 35.0
    assert pulse.is_overdue(35.0, 30.0, True)


def test_the_share_of_intervals_is_the_protocols() -> None:
    pulse = Heartbeat(0.0, missed=1.5)
    pulse.heartbeat = 10.0
    pulse.sent(99.0)
    assert pulse.due(None, True) == 15.0


class Door(Enum):
    OPEN = 1
    SHUT = 2


class Hand(Enum):
    PUSH = 1
    PULL = 2


MACHINE: Machine[Door, Hand] = Machine("door", Door.SHUT, {(Door.SHUT, Hand.PUSH): Door.OPEN}, "")


@pytest.mark.parametrize("state", Door)
@pytest.mark.parametrize("given_input", Hand)
def test_what_is_not_in_the_table_changes_nothing(state: Door, given_input: Hand) -> None:
    expected = Door.OPEN if (state, given_input) == (Door.SHUT, Hand.PUSH) else None
    assert MACHINE.step(state, given_input) is expected
