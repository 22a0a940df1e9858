"""The lives of nodes, connections, channels and quorum queues, as tables keyed by state and input.

An input that a table does not know for a state is illegal: it raises a SimulationError that names both, and
changes nothing. What a remote program can do wrong never gets here; the protocol answers it with an AMQP
error. The diagrams in `docs/state-machines.md` are drawn from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mqsim.errors import SimulationError


class State(Enum):
    """Where something is in its life."""

    RUNNING = "running"
    DOWN = "down"
    SILENT = "silent"
    OPEN = "open"
    CLOSED = "closed"
    PLAIN = "plain"
    CONFIRMING = "confirming"
    TRANSACTIONAL = "transactional"
    LED = "led"
    ELECTING = "electing"
    WITHOUT_MAJORITY = "without a majority"


class Input(Enum):
    """What is done to it, or happens to it."""

    USE = "use"
    CLOSE = "close"
    FAIL = "fail"
    STOP = "stop"
    KILL = "kill"
    START = "start"
    FALL_SILENT = "fall silent"
    RESUME = "resume"
    CONFIRM = "select confirms"
    TRANSACT = "select transactions"
    COMMIT = "commit"
    ROLL_BACK = "roll back"
    LOSE_LEADER = "lose the leader"
    LOSE_MAJORITY = "lose the majority"
    REGAIN_MAJORITY = "regain the majority"
    ELECT = "elect"


Table = dict[tuple[State, Input], State]


@dataclass(frozen=True, slots=True)
class Machine:
    """One kind of life.

    Attributes:
        name: what lives it.
        begin: the state that it begins in.
        table: the state that follows, by state and input.
        says: one sentence for the reader of the diagram.
    """

    name: str
    begin: State
    table: Table
    says: str

    def step(self, who: str, state: State, given: Input) -> State:
        """The state that follows.

        Raises:
            SimulationError: there is no row for `state` and `given`; `who` names the thing in the message.
        """
        try:
            return self.table[state, given]
        except KeyError:
            raise SimulationError(f"{who} is {state.value} and can't {given.value}") from None


NODE = Machine(
    "node",
    State.RUNNING,
    {
        (State.RUNNING, Input.USE): State.RUNNING,
        (State.RUNNING, Input.STOP): State.DOWN,
        (State.RUNNING, Input.KILL): State.DOWN,
        (State.RUNNING, Input.FALL_SILENT): State.SILENT,
        (State.SILENT, Input.RESUME): State.RUNNING,
        (State.SILENT, Input.STOP): State.DOWN,
        (State.SILENT, Input.KILL): State.DOWN,
        (State.DOWN, Input.START): State.RUNNING,
    },
    "A broker, or one node of a cluster. `stop` is in order; `kill` ends the process. A silent node, without "
    "power or cut off, is down once the others have given it up.",
)
_ENDING: Table = {
    (State.OPEN, Input.USE): State.OPEN,
    (State.OPEN, Input.CLOSE): State.CLOSED,
    (State.OPEN, Input.FAIL): State.CLOSED,
}
CONNECTION = Machine(
    "connection",
    State.OPEN,
    dict(_ENDING),
    "It ends because its client wants or is gone (`close`), or because of a mistake or an operator (`fail`).",
)
CHANNEL = Machine(
    "channel",
    State.OPEN,
    dict(_ENDING),
    "It ends with its connection, because its client wants (`close`), or by its client's mistake (`fail`).",
)
MODE = Machine(
    "mode of a channel",
    State.PLAIN,
    {
        (State.PLAIN, Input.CONFIRM): State.CONFIRMING,
        (State.CONFIRMING, Input.CONFIRM): State.CONFIRMING,
        (State.PLAIN, Input.TRANSACT): State.TRANSACTIONAL,
        (State.TRANSACTIONAL, Input.TRANSACT): State.TRANSACTIONAL,
        (State.TRANSACTIONAL, Input.COMMIT): State.TRANSACTIONAL,
        (State.TRANSACTIONAL, Input.ROLL_BACK): State.TRANSACTIONAL,
    },
    "Confirms and transactions exclude each other; who mixes them gets 406, and the channel closes.",
)
LEADERSHIP = Machine(
    "quorum queue",
    State.LED,
    {
        (State.LED, Input.LOSE_LEADER): State.ELECTING,
        (State.LED, Input.FALL_SILENT): State.SILENT,
        (State.SILENT, Input.RESUME): State.LED,
        (State.SILENT, Input.LOSE_LEADER): State.ELECTING,
        (State.SILENT, Input.LOSE_MAJORITY): State.WITHOUT_MAJORITY,
        (State.LED, Input.LOSE_MAJORITY): State.WITHOUT_MAJORITY,
        (State.ELECTING, Input.LOSE_LEADER): State.ELECTING,
        (State.ELECTING, Input.ELECT): State.LED,
        (State.ELECTING, Input.LOSE_MAJORITY): State.WITHOUT_MAJORITY,
        (State.WITHOUT_MAJORITY, Input.LOSE_MAJORITY): State.WITHOUT_MAJORITY,
        (State.WITHOUT_MAJORITY, Input.REGAIN_MAJORITY): State.ELECTING,
    },
    "Only a queue that is led takes, confirms and hands out messages; publishes wait until it is. "
    "Its leader's silence is noticed after some seconds; only then is there an election.",
)
MACHINES = (NODE, CONNECTION, CHANNEL, MODE, LEADERSHIP)
