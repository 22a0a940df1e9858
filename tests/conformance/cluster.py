"""A real cluster of RabbitMQ nodes on loopback, started and ended by the caller.

Each node is a `RealBroker` with ports and data of its own; they share an epmd and a cookie. The nodes join by
`rabbitmqctl join_cluster`. What befalls a node is a word and its number: `stop 1`, `kill 1`, `start 1`,
`suspend 1` (SIGSTOP: it is silent, and its connections stay, as after a power-off or behind a partition),
`resume 1`.
"""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from tests.conformance.servers import RealBroker, ServerError
from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

NODES: Final = 3
NET_TICK_TIME: Final = 8
"""Seconds after which a node gives up another one that is silent. RabbitMQ's default is 60."""

_ALL_UP: Final = PATIENCE


class Member(RealBroker):
    """One node of a real cluster.

    Args:
        number: from 1; its name is `broker-1@localhost` and so on.
        first: the node whose epmd and cookie it shares; None for the first itself.
    """

    def __init__(
        self,
        number: int,
        version: str,
        chroot: Path | None,
        settings: Mapping[str, str],
        first: Member | None,
    ) -> None:
        super().__init__(version, chroot, settings)
        self.number = number
        self.name = f"broker-{number}@localhost"
        self.first = first

    def _prepare(self) -> None:
        super()._prepare()
        assert self._folder is not None
        self._env["RABBITMQ_NODENAME"] = self.name
        self._env["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] += f" -kernel net_ticktime {NET_TICK_TIME}"
        if self.first is not None:
            assert self.first._folder is not None
            self._env["ERL_EPMD_PORT"] = self.first._env["ERL_EPMD_PORT"]
            cookie = self._folder / ".erlang.cookie"
            cookie.chmod(0o600)
            cookie.write_text((self.first._folder / ".erlang.cookie").read_text())
            cookie.chmod(0o400)

    def _start_epmd(self) -> None:
        if self.first is None:
            super()._start_epmd()

    def join(self) -> None:
        """Join the first node's cluster."""
        assert self.first is not None
        self.ctl("stop_app")
        self.ctl("join_cluster", self.first.name)
        self.ctl("start_app")

    def suspend(self, resume: bool = False) -> None:
        """Have the node stand still with its connections open, or go on."""
        assert self._server is not None
        os.killpg(self._server.pid, signal.SIGCONT if resume else signal.SIGSTOP)


class RealCluster:
    """Three real RabbitMQ nodes on 127.0.0.1.

    Args:
        version, chroot, settings: as `RealBroker` says.
        nodes: how many.

    Attributes:
        nodes: by number, from 1.
        full_version: what the servers call themselves, once started.
    """

    def __init__(
        self,
        version: str = "3.10",
        chroot: Path | None = None,
        settings: Mapping[str, str] | None = None,
        nodes: int = NODES,
    ) -> None:
        self.nodes: dict[int, Member] = {}
        for number in range(1, nodes + 1):
            first = self.nodes.get(1)
            self.nodes[number] = Member(number, version, chroot, settings or {}, first)
        self.full_version = ""

    def __enter__(self) -> RealCluster:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def ports(self) -> list[int]:
        """Where AMQP is spoken, node by node."""
        return [node.port for node in self.nodes.values()]

    def start(self) -> None:
        """Start all nodes and join them.

        Raises:
            ServerError: as `RealBroker.start`, or a node does not join.
        """
        try:
            first, *others = self.nodes.values()
            first.start()
            with ThreadPoolExecutor(len(others) or 1) as pool:
                list(pool.map(lambda node: node.start(), others))
            for node in others:
                node.join()
        except BaseException:
            self.stop()
            raise
        self.full_version = first.full_version
        self.await_all()

    def stop(self) -> None:
        """End all nodes and remove their data. Calling it again does nothing."""
        for node in reversed(self.nodes.values()):
            node.stop()

    def await_all(self) -> None:
        """Return when every node runs and knows it of all others.

        Raises:
            ServerError: they do not in a minute.
        """
        end = time.monotonic() + _ALL_UP
        asked = "length(rabbit_mnesia:cluster_nodes(running))."
        if not self.full_version.startswith("3."):
            asked = "length(rabbit_nodes:list_running())."
        while any(node.ctl("eval", asked).strip() != str(len(self.nodes)) for node in self.nodes.values()):
            if time.monotonic() > end:
                raise ServerError("the nodes do not see each other")
            time.sleep(0.5)

    def disturb(self, what: str) -> None:
        """Have something befall a node; `what` is a word and its number, such as `kill 1`.

        Raises:
            ValueError: the word is unknown.
        """
        how, _, number = what.partition(" ")
        node = self.nodes[int(number)]
        match how:
            case "stop" | "kill":
                node.halt(clean=how == "stop")
            case "start":
                node._boot()
            case "suspend" | "resume":
                node.suspend(resume=how == "resume")
            case _:
                raise ValueError(f"nothing is called {what}")
