"""What a broker keeps of exchanges, queues and bindings: made, found, compared, removed.

Who may do it, and with which words it is refused, is decided here; which queues a message goes to, in
`exchange`.
"""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.exchanges import Binding, Exchange, ExchangeType, check_match
from mqsim.broker.queues.arguments import QUORUM, QueueArguments, check_alike, check_same_queue, parse
from mqsim.broker.reasons import Reason
from mqsim.broker.replies import channel_error, exchange_named, queue_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqsim.broker.context import Context
    from mqsim.broker.message import Envelope
    from mqsim.broker.queues.queue import Queue
    from mqsim.errors import BrokerError

RESERVED = "amq."
SYSTEM = "amq.rabbitmq."
REPLY_TO = "amq.rabbitmq.reply-to"
"""The pseudo-queue of direct reply-to; each channel that consumes from it gets an address of its own."""

MOST_ROUTES_KNOWN = 4096
"""How many routes are kept before all are forgotten; keys can be without number."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A queue that is to be made.

    Attributes:
        name, durable, auto_delete, arguments: as declared; `table` is the arguments as they came.
        owner: the connection whose exclusive queue it is to be, or None.
        node: the node of the connection that declares it.
    """

    name: str
    durable: bool
    auto_delete: bool
    owner: object | None
    arguments: QueueArguments
    table: Mapping[str, object]
    node: str


def made_name(prefix: str, number: object) -> str:
    """A name that the server makes up: as long as RabbitMQ's, and the same in every run."""
    digest = blake2b(f"{prefix} {number}".encode(), digest_size=16).digest()
    return prefix + urlsafe_b64encode(digest).decode().rstrip("=")


def made_address(number: int) -> str:
    """An address of direct reply-to in RabbitMQ's form: two parts of base64 behind the name."""
    client, key = (
        b64encode(blake2b(f"{REPLY_TO} {part} {number}".encode(), digest_size=size).digest()).decode()
        for part, size in (("client", 34), ("key", 16))
    )
    return f"{REPLY_TO}.{client}.{key}"


class Topology:
    """Exchanges, queues and bindings.

    Args:
        context: the broker's.
        make_queue: makes a classic or a quorum queue.

    Attributes:
        version: counts changes.
        addresses: the pseudo-queues of direct reply-to, by name.
        routes: the queues of a message without headers, by exchange and key, until something changes.
    """

    def __init__(self, context: Context, make_queue: Callable[[Declaration], Queue]) -> None:
        self.context = context
        self._make_queue = make_queue
        self.queues: dict[str, Queue] = {}
        self.exchanges: dict[str, Exchange] = {}
        self.addresses: dict[str, Queue] = {}
        self.version = 0
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

    def keep_route(self, envelope: Envelope, queues: tuple[Queue, ...]) -> None:
        """Remember the route of all messages without headers that have this exchange and key."""
        if self._routes_known >= MOST_ROUTES_KNOWN:
            self.routes.clear()
            self._routes_known = 0
        self.routes.setdefault(envelope.exchange, {})[envelope.key] = queues
        self._routes_known += 1

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
            if self.context.profile.unknown_type_closes_connection:
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
        self.context.check_metadata(
            f"failed to declare {exchange_named(name)} because the operation timed out"
        )
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
        self.context.check_metadata(f"failed to delete {exchange_named(name)} due to a timeout")
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
            self.context.check_metadata("Could not add binding due to timeout")
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
            self.context.check_metadata("Could not remove binding due to timeout")
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
        owner: object | None,
        arguments: QueueArguments | Mapping[str, object],
        passive: bool,
        by: object,
        node: str,
    ) -> Queue:
        """Make a queue or find it; `Channel.declare_queue` is what clients call.

        Raises:
            ChannelError: 403, 404, 405 or 406, as said there.
        """
        queue = self.queues.get(name)
        if queue is not None:
            queue.check_node("queue.declare", may_wait=False)
        if passive:
            if queue is None:
                raise replies.no_queue(name)
            queue.check_node("queue.declare")
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
            queue.check_node("queue.declare")
            queue.touch()
            return queue
        if not name:
            self._named += 1
            name = made_name("amq.gen-", self._named)
        if not isinstance(arguments, QueueArguments):
            arguments = parse(name, arguments, self.context.profile)
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
        told = f"Could not declare {kind}{queue_named(name)} on node '{node}'"
        self.context.check_metadata(f"{told} because the metadata store operation timed out")
        self.changed()
        made = self.queues[name] = self._make_queue(
            Declaration(name, durable, auto_delete, owner, arguments, table, node)
        )
        return made

    def _check_same(
        self, queue: Queue, durable: bool, auto_delete: bool, table: Mapping[str, object]
    ) -> None:
        for attribute, received, current in (
            ("durable", durable or queue.owner is not None, queue.durable or queue.owner is not None),
            ("auto_delete", auto_delete, queue.auto_delete),
        ):
            if received != current:
                raise replies.other_argument(attribute, queue_named(queue.name), received, current)
        check_same_queue(queue.name, queue.table, table, self.context.profile)

    def check_owner(self, queue: Queue, by: object) -> None:
        """Raise 405 when a queue is another connection's exclusive one."""
        if queue.owner is not None and queue.owner is not by:
            raise replies.locked(queue.name)

    def find_queue(self, name: str, by: object, method: str) -> Queue:
        """The queue of that name, for a method such as `basic.get`.

        Raises:
            BrokerError: 404 if it is not there, 405 if it is another connection's exclusive one; and as
                `Queue.check_node` raises.
        """
        queue = self.queues.get(name)
        if queue is None:
            raise replies.no_queue(name)
        self.check_owner(queue, by)
        queue.check_node(method)
        return queue

    def remove_queue(self, queue: Queue) -> int:
        """Delete a queue: its consumers are cancelled, its ready messages are gone, its bindings with it.

        Returns:
            How many messages were ready.
        """
        self.queues.pop(queue.name, None)
        queue.deleted = True
        self.changed()
        self._drop_bindings_to(queue)
        for consumer in list(queue.subscribers):
            consumer.dismiss()
        return queue.purge(Reason.DELETED)


def with_method(error: BrokerError, method: str) -> BrokerError:
    """Note in an error which method failed, where that is not known yet; a bare internal error names none."""
    if error.method == (0, 0) and error.text != replies.NAMES[replies.INTERNAL_ERROR]:
        error.method = replies.METHODS[method]
    return error
