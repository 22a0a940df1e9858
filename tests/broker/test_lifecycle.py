"""Every state against every input; the diagrams drawn from the tables."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mqsim.broker import MACHINES, Broker
from mqsim.errors import SimulationError
from tests.broker.diagrams import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import Enum

    from mqsim.broker.lifecycle import Machine

PAGE = Path(__file__).parents[2] / "docs" / "state-machines.md"


def kinds(machine: Machine[Any, Any]) -> tuple[list[Enum], list[Enum]]:
    """All states and all inputs of a machine; each are of one kind."""
    states: set[type[Enum]] = {type(state) for state, _ in machine.table}
    inputs: set[type[Enum]] = {type(given) for _, given in machine.table}
    assert len(states) == len(inputs) == 1
    return list(*states), list(*inputs)


PAIRS = [
    pytest.param(machine, state, given, id=f"{machine.name}: {state.value}, {given.value}")
    for machine in MACHINES
    for state, given in product(*kinds(machine))
]


@pytest.mark.parametrize(("machine", "state", "given"), PAIRS)
def test_a_state_and_an_input_lead_to_a_state_or_are_refused_by_name(
    machine: Machine[Any, Any], state: Enum, given: Enum
) -> None:
    before = dict(machine.table)
    if (state, given) in machine.table:
        assert machine.step("it", state, given) is machine.table[state, given]
    else:
        with pytest.raises(SimulationError) as error:
            machine.step("it", state, given)
        assert str(error.value) == f"it is {state.value} and can't {given.value}"
    assert machine.table == before


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_of_a_machine_can_be_reached_from_its_beginning(machine: Machine[Any, Any]) -> None:
    reached = {machine.begin}
    for _ in machine.table:
        reached |= {after for (before, _), after in machine.table.items() if before in reached}
    assert reached == {state for (state, _) in machine.table} | set(machine.table.values())


def test_what_is_closed_or_down_refuses_every_use_and_stays_as_it_is() -> None:
    broker = Broker()
    connection = broker.connect("me")
    channel, other = connection.channel(), connection.channel()
    other.declare_queue("q")
    channel.close()
    acts = (
        channel.close,
        channel.recover,
        channel.tx_select,
        lambda: channel.ack(1),
        lambda: channel.get("q"),
        lambda: channel.purge("q"),
        lambda: channel.consume("q", lambda *_: None),
        lambda: channel.declare_queue("r"),
    )
    for act in acts:
        with pytest.raises(SimulationError, match="channel 1 is closed and can't"):
            act()
    assert (list(broker.queues), list(connection.channels)) == (["q"], [2])
    connection.close()
    closed: tuple[Callable[[], object], ...] = (connection.close, connection.channel)
    for call in closed:
        with pytest.raises(SimulationError, match="connection me is closed and can't"):
            call()
    broker.kill()
    down: tuple[Callable[[], object], ...] = (broker.kill, broker.stop, broker.connect)
    for call in down:
        with pytest.raises(SimulationError, match="the broker is down and can't"):
            call()
    broker.start()
    with pytest.raises(SimulationError, match="the broker is running and can't start"):
        broker.start()


def test_the_page_of_diagrams_is_in_step_with_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.broker.diagrams"
