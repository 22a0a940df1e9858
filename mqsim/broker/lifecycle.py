"""The lives of nodes, connections, channels and quorum queues, as tables keyed by state and input.

An input that a table does not know for a state is illegal: it raises a SimulationError that names both, and
changes nothing. What a remote program can do wrong never gets here; the protocol answers it with an AMQP
error. The diagrams in `docs/state-machines.md` are drawn from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mqsim.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Row(Enum):
    """What the tables are keyed by. Members are unique, so their identity is a hash that costs no call."""

    __hash__ = object.__hash__


class NodeState(_Row):
    """Where a broker, or one node of a cluster, is in its life."""

    RUNNING = "running"
    DOWN = "down"
    SILENT = "silent"


class NodeInput(_Row):
    """What is done to a node, or happens to it."""

    USE = "use"
    STOP = "stop"
    KILL = "kill"
    START = "start"
    FALL_SILENT = "fall silent"
    RESUME = "resume"


class ConnectionState(_Row):
    """Where a connection is in its life."""

    OPEN = "open"
    CLOSED = "closed"


class ConnectionInput(_Row):
    """What is done to a connection, or happens to it."""

    USE = "use"
    CLOSE = "close"
    FAIL = "fail"


class ChannelState(_Row):
    """Where a channel is in its life."""

    OPEN = "open"
    CLOSED = "closed"


class ChannelInput(_Row):
    """What is done to a channel, or happens to it."""

    USE = "use"
    CLOSE = "close"
    FAIL = "fail"


class ChannelMode(_Row):
    """How a channel publishes and acknowledges."""

    PLAIN = "plain"
    CONFIRMING = "confirming"
    TRANSACTIONAL = "transactional"


class ModeInput(_Row):
    """What changes a channel's mode, or needs one."""

    CONFIRM = "select confirms"
    TRANSACT = "select transactions"
    COMMIT = "commit"
    ROLL_BACK = "roll back"


class Leadership(_Row):
    """Whether somebody leads a quorum queue."""

    LED = "led"
    SILENT = "silent"
    ELECTING = "electing"
    WITHOUT_MAJORITY = "without a majority"


class LeadershipInput(_Row):
    """What happens to a quorum queue's leader and its majority."""

    FALL_SILENT = "fall silent"
    RESUME = "resume"
    LOSE_LEADER = "lose the leader"
    LOSE_MAJORITY = "lose the majority"
    REGAIN_MAJORITY = "regain the majority"
    ELECT = "elect"


S = TypeVar("S", bound=Enum)
I = TypeVar("I", bound=Enum)  # noqa: E741


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, I]):
    """One kind of life.

    Attributes:
        name: what lives it.
        begin: the state that it begins in.
        table: the state that follows, by state and input.
        says: one sentence for the reader of the diagram.
    """

    name: str
    begin: S
    table: Mapping[tuple[S, I], S]
    says: str

    def step(self, who: str, state: S, given: I) -> S:
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
    NodeState.RUNNING,
    {
        (NodeState.RUNNING, NodeInput.USE): NodeState.RUNNING,
        (NodeState.RUNNING, NodeInput.STOP): NodeState.DOWN,
        (NodeState.RUNNING, NodeInput.KILL): NodeState.DOWN,
        (NodeState.RUNNING, NodeInput.FALL_SILENT): NodeState.SILENT,
        (NodeState.SILENT, NodeInput.RESUME): NodeState.RUNNING,
        (NodeState.SILENT, NodeInput.STOP): NodeState.DOWN,
        (NodeState.SILENT, NodeInput.KILL): NodeState.DOWN,
        (NodeState.DOWN, NodeInput.START): NodeState.RUNNING,
    },
    "A broker, or one node of a cluster. `stop` is in order; `kill` ends the process. A silent node, without "
    "power or cut off, is down once the others have given it up.",
)
CONNECTION = Machine(
    "connection",
    ConnectionState.OPEN,
    {
        (ConnectionState.OPEN, ConnectionInput.USE): ConnectionState.OPEN,
        (ConnectionState.OPEN, ConnectionInput.CLOSE): ConnectionState.CLOSED,
        (ConnectionState.OPEN, ConnectionInput.FAIL): ConnectionState.CLOSED,
    },
    "It ends because its client wants or is gone (`close`), or because of a mistake or an operator (`fail`).",
)
CHANNEL = Machine(
    "channel",
    ChannelState.OPEN,
    {
        (ChannelState.OPEN, ChannelInput.USE): ChannelState.OPEN,
        (ChannelState.OPEN, ChannelInput.CLOSE): ChannelState.CLOSED,
        (ChannelState.OPEN, ChannelInput.FAIL): ChannelState.CLOSED,
    },
    "It ends with its connection, because its client wants (`close`), or by its client's mistake (`fail`).",
)
MODE = Machine(
    "mode of a channel",
    ChannelMode.PLAIN,
    {
        (ChannelMode.PLAIN, ModeInput.CONFIRM): ChannelMode.CONFIRMING,
        (ChannelMode.CONFIRMING, ModeInput.CONFIRM): ChannelMode.CONFIRMING,
        (ChannelMode.PLAIN, ModeInput.TRANSACT): ChannelMode.TRANSACTIONAL,
        (ChannelMode.TRANSACTIONAL, ModeInput.TRANSACT): ChannelMode.TRANSACTIONAL,
        (ChannelMode.TRANSACTIONAL, ModeInput.COMMIT): ChannelMode.TRANSACTIONAL,
        (ChannelMode.TRANSACTIONAL, ModeInput.ROLL_BACK): ChannelMode.TRANSACTIONAL,
    },
    "Confirms and transactions exclude each other; who mixes them gets 406, and the channel closes.",
)
LEADERSHIP = Machine(
    "quorum queue",
    Leadership.LED,
    {
        (Leadership.LED, LeadershipInput.LOSE_LEADER): Leadership.ELECTING,
        (Leadership.LED, LeadershipInput.FALL_SILENT): Leadership.SILENT,
        (Leadership.SILENT, LeadershipInput.RESUME): Leadership.LED,
        (Leadership.SILENT, LeadershipInput.LOSE_LEADER): Leadership.ELECTING,
        (Leadership.SILENT, LeadershipInput.LOSE_MAJORITY): Leadership.WITHOUT_MAJORITY,
        (Leadership.LED, LeadershipInput.LOSE_MAJORITY): Leadership.WITHOUT_MAJORITY,
        (Leadership.ELECTING, LeadershipInput.LOSE_LEADER): Leadership.ELECTING,
        (Leadership.ELECTING, LeadershipInput.ELECT): Leadership.LED,
        (Leadership.ELECTING, LeadershipInput.LOSE_MAJORITY): Leadership.WITHOUT_MAJORITY,
        (Leadership.WITHOUT_MAJORITY, LeadershipInput.LOSE_MAJORITY): Leadership.WITHOUT_MAJORITY,
        (Leadership.WITHOUT_MAJORITY, LeadershipInput.REGAIN_MAJORITY): Leadership.ELECTING,
    },
    "Only a queue that is led takes, confirms and hands out messages; publishes wait until it is. "
    "Its leader's silence is noticed after some seconds; only then is there an election.",
)
MACHINES: tuple[Machine[Any, Any], ...] = (NODE, CONNECTION, CHANNEL, MODE, LEADERSHIP)
