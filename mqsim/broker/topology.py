"""What a broker keeps of exchanges, queues and bindings: made, found, compared, removed.

Who may do it, and with which words it is refused, is decided here; which queues a message goes to, in
`exchange`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.arguments import QUORUM, QueueArguments, check_alike, check_same_queue, parse
from mqsim.broker.exchange import Binding, Exchange, ExchangeType, check_match
from mqsim.broker.profiles import Profile
from mqsim.broker.queue import Queue
from mqsim.broker.replies import channel_error, exchange_named, queue_named
from mqsim.broker.watch import Watcher
from mqsim.errors import BrokerError

if TYPE_CHECKING:
    from mqsim.broker.connection import Connection

RESERVED = "amq."
SYSTEM = "amq.rabbitmq."


def made_name(prefix: str, number: object) -> str:
    """A name that the server makes up: as long as RabbitMQ's, and the same in every run."""
    digest = blake2b(f"{prefix} {number}".encode(), digest_size=16).digest()
    return prefix + urlsafe_b64encode(digest).decode().rstrip("=")


class Topology(ABC):
    """Exchanges, queues and bindings.

    Attributes:
        version: counts changes, so that routes can be kept.
        addresses: the pseudo-queues of direct reply-to, by name.
    """

    profile: Profile
    watcher: Watcher

    def __init__(self) -> None:
        self.queues: dict[str, Queue] = {}
        self.exchanges: dict[str, Exchange] = {}
        self.addresses: dict[str, Queue] = {}
        self.version = 0
        # The queues of a message without headers, by exchange and key, until something changes.
        self.routes: dict[str, dict[str, tuple[Queue, ...]]] = {}
        self._routes_known = 0
        self._named = 0
        for kind in ExchangeType:
            self.exchanges[f"amq.{kind.value}"] = Exchange(f"amq.{kind.value}", kind, durable=True)
        self.exchanges["amq.match"] = Exchange("amq.match", ExchangeType.HEADERS, durable=True)
        self.exchanges[f"{SYSTEM}trace"] = Exchange(
            f"{SYSTEM}trace", ExchangeType.TOPIC, durable=True, internal=True
        )

    def changed(self) -> None:
        """Exchanges, queues, bindings or nodes changed: the routes that are known count no more."""
        self.version += 1
        self.routes.clear()
        self._routes_known = 0

    # -- exchanges -------------------------------------------------------------------------------------------

    def kind_of(self, name: str) -> ExchangeType:
        """The kind of exchange of that name.

        Raises:
            BrokerError: there is none; whether the channel (406) or the connection (503) closes, the profile
            says.
        """
        try:
            return ExchangeType(name)
        except ValueError:
            told = f"unknown exchange type '{name}'"
            if self.profile.unknown_type_closes_connection:
                raise replies.connection_error(replies.COMMAND_INVALID, told) from None
            raise channel_error(replies.PRECONDITION_FAILED, told) from None

    def find_exchange(self, name: str) -> Exchange:
        """The exchange of that name.

        Raises:
            ChannelError: 404 if it is not there, 403 for the default one.
        """
        if name == "":
            raise replies.default_exchange()
        if name not in self.exchanges:
            raise replies.no_exchange(name)
        return self.exchanges[name]

    def declare_exchange(
        self,
        name: str,
        kind: ExchangeType,
        *,
        durable: bool = True,
        auto_delete: bool = False,
        internal: bool = False,
        alternate: str | None = None,
    ) -> Exchange:
        """Make an exchange, or find that it is there and the same.

        Raises:
            ChannelError: 406 if it is there with other attributes; 403 for the default one and reserved
            names.
        """
        if name == "":
            raise replies.default_exchange()
        there = self.exchanges.get(name)
        if there is not None:
            for attribute, received, current in (
                ("type", kind.value, there.kind.value),
                ("durable", durable, there.durable),
                ("auto_delete", auto_delete, there.auto_delete),
                ("internal", internal, there.internal),
            ):
                if received != current:
                    raise replies.other_argument(attribute, exchange_named(name), received, current)
            tables = [{} if x is None else {"alternate-exchange": x} for x in (there.alternate, alternate)]
            check_alike(exchange_named(name), tables[0], tables[1], ("alternate-exchange",))
            return there
        if name.startswith(RESERVED):
            raise replies.reserved("exchange", name)
        self.check_metadata(f"failed to declare {exchange_named(name)} because the operation timed out")
        self.changed()
        made = self.exchanges[name] = Exchange(
            name, kind, durable=durable, auto_delete=auto_delete, internal=internal, alternate=alternate
        )
        return made

    def delete_exchange(self, name: str, if_unused: bool = False) -> None:
        """Delete an exchange; one that is not there is no error.

        Raises:
            ChannelError: 403 for the default one and reserved names; 406 if it has bindings and must not.
        """
        if name == "":
            raise replies.default_exchange()
        if name.startswith(RESERVED):
            told = f"deletion of system {exchange_named(name)} not allowed"
            raise channel_error(replies.ACCESS_REFUSED, told)
        exchange = self.exchanges.get(name)
        if exchange is None:
            return
        if if_unused and exchange.bindings:
            raise channel_error(replies.PRECONDITION_FAILED, f"{exchange_named(name)} in use")
        self.check_metadata(f"failed to delete {exchange_named(name)} due to a timeout")
        self.remove_exchange(exchange)

    def remove_exchange(self, exchange: Exchange) -> None:
        """Take an exchange away, and the bindings that lead to it."""
        self.exchanges.pop(exchange.name, None)
        self.changed()
        self._drop_bindings_to(exchange)

    # -- bindings --------------------------------------------------------------------------------------------

    def bind(
        self,
        exchange: str,
        target: Queue | Exchange,
        key: str = "",
        arguments: Mapping[str, object] | None = None,
    ) -> None:
        """Bind a queue or an exchange to an exchange; binding twice is once.

        Raises:
            ChannelError: 404 if the exchange is not there; 403 for the default one; 406 if a headers exchange
                can't make sense of the arguments.
        """
        source = self.find_exchange(exchange)
        if source.kind is ExchangeType.HEADERS:
            check_match(arguments or {})
        binding = Binding(target, key, arguments)
        if binding not in source.bindings:
            self.check_metadata("Could not add binding due to timeout")
        self.changed()
        source.add(binding)

    def unbind(
        self,
        exchange: str,
        target: Queue | Exchange,
        key: str = "",
        arguments: Mapping[str, object] | None = None,
    ) -> None:
        """Take a binding away; one that is not there is no error.

        The last one takes an auto-delete exchange with it.

        Raises:
            ChannelError: 403 for the default exchange.
        """
        if exchange == "":
            raise replies.default_exchange()
        source = self.exchanges.get(exchange)
        binding = Binding(target, key, arguments)
        if source is not None and binding in source.bindings:
            self.check_metadata("Could not remove binding due to timeout")
            self._drop(source, binding)

    def _drop(self, source: Exchange, binding: Binding) -> None:
        source.discard(binding)
        self.changed()
        if source.auto_delete and not source.bindings:
            self.remove_exchange(source)

    def _drop_bindings_to(self, target: Queue | Exchange) -> None:
        for source in list(self.exchanges.values()):
            for binding in [binding for binding in source.bindings if binding.target is target]:
                self._drop(source, binding)

    # -- queues ----------------------------------------------------------------------------------------------

    def declare_queue(
        self,
        name: str,
        durable: bool,
        auto_delete: bool,
        owner: Connection | None,
        arguments: QueueArguments | Mapping[str, object],
        passive: bool,
        by: Connection,
    ) -> Queue:
        """Make a queue or find it; `Channel.declare_queue` is what clients call.

        Raises:
            ChannelError: 403, 404, 405 or 406, as said there.
        """
        queue = self.queues.get(name)
        if queue is not None:
            queue.availability.check(queue, "queue.declare", may_wait=False)
        if passive:
            if queue is None:
                raise replies.no_queue(name)
            queue.availability.check(queue, "queue.declare")
            self.check_owner(queue, by)
            queue.touch()
            return queue
        if name.startswith(RESERVED):
            raise replies.reserved("queue", name)
        table = arguments.table() if isinstance(arguments, QueueArguments) else arguments
        if queue is not None:
            if queue.owner is not owner:
                raise replies.locked(name)
            self._check_same(queue, durable, auto_delete, table)
            queue.availability.check(queue, "queue.declare")
            queue.touch()
            return queue
        if not name:
            self._named += 1
            name = made_name("amq.gen-", self._named)
        if not isinstance(arguments, QueueArguments):
            arguments = parse(name, arguments, self.profile)
        if arguments.kind == QUORUM:
            for wrong, told in (
                (not durable, "non-durable"),
                (owner, "exclusive-owner"),
                (auto_delete, "auto-delete"),
            ):
                if wrong:
                    text = f"invalid property '{told}' for {queue_named(name)}"
                    raise channel_error(replies.PRECONDITION_FAILED, text)
        kind = "quorum " if arguments.kind == QUORUM else ""
        told = f"Could not declare {kind}{queue_named(name)} on node '{by.node}'"
        self.check_metadata(f"{told} because the metadata store operation timed out")
        self.changed()
        made = self.queues[name] = self._make_queue(name, durable, auto_delete, owner, arguments, table, by)
        return made

    @abstractmethod
    def _make_queue(
        self,
        name: str,
        durable: bool,
        auto_delete: bool,
        owner: Connection | None,
        arguments: QueueArguments,
        table: Mapping[str, object],
        by: Connection,
    ) -> Queue: ...

    def _check_same(
        self, queue: Queue, durable: bool, auto_delete: bool, table: Mapping[str, object]
    ) -> None:
        for attribute, received, current in (
            ("durable", durable or queue.owner is not None, queue.durable or queue.owner is not None),
            ("auto_delete", auto_delete, queue.auto_delete),
        ):
            if received != current:
                raise replies.other_argument(attribute, queue_named(queue.name), received, current)
        check_same_queue(queue.name, queue.table, table, self.profile)

    def check_owner(self, queue: Queue, by: Connection) -> None:
        """Raise 405 when a queue is another connection's exclusive one."""
        if queue.owner is not None and queue.owner is not by:
            raise replies.locked(queue.name)

    def find_queue(self, name: str, by: Connection, method: str) -> Queue:
        """The queue of that name, for a method such as `basic.get`.

        Raises:
            BrokerError: 404 if it is not there, 405 if it is another connection's exclusive one; and as
                `Availability.check` raises.
        """
        queue = self.queues.get(name)
        if queue is None:
            raise replies.no_queue(name)
        self.check_owner(queue, by)
        queue.availability.check(queue, method)
        return queue

    @abstractmethod
    def is_up(self, node: str) -> bool:
        """Whether a node is up."""

    @abstractmethod
    def check_metadata(self, told: str) -> None:
        """Raise where exchanges, queues and bindings can't be changed; `told` says what was to be."""

    def remove_queue(self, queue: Queue) -> int:
        """Delete a queue: its consumers are cancelled, its ready messages are gone, its bindings with it.

        Returns:
            How many messages were ready.
        """
        self.queues.pop(queue.name, None)
        queue.deleted = True
        self.changed()
        self._drop_bindings_to(queue)
        for consumer in list(queue.circle.order):
            consumer.channel.dismiss(consumer)
        return queue.purge("deleted")


def with_method(error: BrokerError, method: str) -> BrokerError:
    """Note in an error which method failed, where that is not known yet; a bare internal error names none."""
    if error.method == (0, 0) and error.text != replies.NAMES[replies.INTERNAL_ERROR]:
        error.method = replies.METHODS[method]
    return error
