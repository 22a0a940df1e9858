"""The life of a connection, of a channel and of a node, as tables keyed by state and input.

An input that the table does not know for a state is illegal: it raises a SimulationError that names both, and
changes nothing. What a remote program can do wrong never gets here; the protocol answers it with an AMQP
error.
"""

from __future__ import annotations

from enum import Enum

from mqsim.errors import SimulationError


class State(Enum):
    """Where a connection, a channel or a node is in its life."""

    OPEN = "open"
    CLOSED = "closed"
    RUNNING = "running"
    DOWN = "down"


class Input(Enum):
    """What is done to it."""

    USE = "use"
    CLOSE = "close"
    FAIL = "fail"
    STOP = "stop"
    KILL = "kill"
    START = "start"


Table = dict[tuple[State, Input], State]

CHANNEL: Table = {
    (State.OPEN, Input.USE): State.OPEN,
    (State.OPEN, Input.CLOSE): State.CLOSED,
    (State.OPEN, Input.FAIL): State.CLOSED,
}
CONNECTION: Table = dict(CHANNEL)
NODE: Table = {
    (State.RUNNING, Input.USE): State.RUNNING,
    (State.RUNNING, Input.STOP): State.DOWN,
    (State.RUNNING, Input.KILL): State.DOWN,
    (State.DOWN, Input.START): State.RUNNING,
}


def step(table: Table, what: str, state: State, given: Input) -> State:
    """The state that follows.

    Raises:
        SimulationError: the table has no row for `state` and `given`; `what` names the thing in the message.
    """
    try:
        return table[state, given]
    except KeyError:
        raise SimulationError(f"{what} is {state.value} and can't {given.value}") from None
