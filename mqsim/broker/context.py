"""What all parts of one broker share: its time, its rules, its nodes, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.deadlines import Deadlines
from mqsim.broker.lifecycle import NODE, NodeState

if TYPE_CHECKING:
    from mqsim.broker.observer import Observer
    from mqsim.broker.profiles import Profile


class Context:
    """The surroundings of a broker's parts.

    Args:
        profile: whose rules apply.
        observer: is told what happens.
        nodes: how many nodes there are, `broker-1` to `broker-N`.

    Attributes:
        now: the broker's time, in seconds.
        deadlines: what is to be done at a known time.
        nodes: whether each node runs.
    """

    def __init__(self, profile: Profile, observer: Observer, nodes: int) -> None:
        self.now = 0.0
        self.profile = profile
        self.observer = observer
        self.deadlines = Deadlines()
        self.nodes = {f"broker-{n}": NODE.begin for n in range(1, nodes + 1)}

    def is_up(self, node: str) -> bool:
        """Whether a node is up."""
        return self.nodes.get(node) is NodeState.RUNNING

    def has_majority(self) -> bool:
        """Whether more than half of the nodes are up."""
        return 2 * sum(state is NodeState.RUNNING for state in self.nodes.values()) > len(self.nodes)

    def check_metadata(self, told: str) -> None:
        """Raise where exchanges, queues and bindings can't be changed: without a majority, from 4.3 on.

        Raises:
            ConnectionError: 541, with what RabbitMQ says of it.
        """
        if self.profile.metadata_needs_majority and not self.has_majority():
            raise replies.metadata_timed_out(told)
