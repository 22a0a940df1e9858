"""A channel's commands about exchanges, queues and bindings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.arguments import QueueArguments
from mqsim.broker.endpoint import Endpoint
from mqsim.broker.exchange import Binding, Exchange, ExchangeType
from mqsim.broker.queue import Queue
from mqsim.broker.replies import channel_error, connection_error, queue_named

if TYPE_CHECKING:
    from mqsim.broker.connection import Connection

REPLY_TO = "amq.rabbitmq.reply-to"
"""The pseudo-queue of direct reply-to; each channel that consumes from it gets an address of its own."""

Arguments = Mapping[str, object]


class Declaring(Endpoint):
    """Topology, as a client asks for it.

    Attributes:
        last_queue: the queue declared last on this channel, which an empty name means.
    """

    def __init__(self, connection: Connection, number: int) -> None:
        super().__init__(connection, number)
        self.last_queue = ""

    # -- queues ----------------------------------------------------------------------------------------------

    def declare_queue(
        self,
        name: str = "",
        *,
        durable: bool = False,
        exclusive: bool = False,
        auto_delete: bool = False,
        arguments: QueueArguments | Arguments | None = None,
        passive: bool = False,
    ) -> Queue:
        """Make a queue, or find that it is there and the same (`passive`: only that it is there).

        Args:
            name: an empty one has the server make one up.
            durable: whether it survives a restart.
            exclusive: whether it belongs to this connection and ends with it.
            auto_delete: whether it goes with its last consumer.
            arguments: what else; a table as a client sends it, or `QueueArguments`.
            passive: see above.

        Raises:
            ChannelError: 404 if passive and not there; 405 if it is another connection's exclusive one; 406
                if it is there with other attributes, or can't be with these; 403 for a reserved name.
        """
        self._use()
        with self.during("queue.declare"):
            if name.startswith(REPLY_TO):
                return self._address(name)
            queue = self.broker.declare_queue(
                name,
                durable,
                auto_delete,
                self.connection if exclusive else None,
                QueueArguments() if arguments is None else arguments,
                passive,
                self.connection,
            )
        self.last_queue = queue.name
        return queue

    def _address(self, name: str) -> Queue:
        """A stand-in that tells whether somebody waits for replies at an address of direct reply-to."""
        if name == REPLY_TO:
            return Pseudo(self.broker, name)
        if name not in self.broker.addresses:
            raise replies.no_queue(name)
        return self.broker.addresses[name]

    def _named(self, name: str) -> str:
        if not name and not self.last_queue:
            raise replies.no_declared_queue()
        return name or self.last_queue

    def _find(self, name: str, method: str) -> Queue:
        return self.broker.find_queue(self._named(name), self.connection, method)

    def delete_queue(self, name: str, *, if_unused: bool = False, if_empty: bool = False) -> int:
        """Delete a queue and its ready messages.

        Returns:
            How many messages went with it; 0 if there is no such queue, which is no error.

        Raises:
            ChannelError: 405 if it is another connection's; 406 if a condition does not hold.
            ConnectionError: 540 for a quorum queue with a condition.
        """
        self._use()
        with self.during("queue.delete"):
            queue = self.broker.queues.get(self._named(name))
            if queue is None:
                return 0
            self.broker.check_owner(queue, self.connection)
            queue.availability.check(queue, "queue.delete")
            told = queue_named(queue.name)
            if queue.replicated and (if_unused or if_empty):
                flag = "if-unused" if if_unused else "if-empty"
                raise connection_error(
                    replies.NOT_IMPLEMENTED,
                    f"cannot delete {told}. queue.delete operations with {flag} flag set are not "
                    "supported by quorum queues",
                )
            if if_unused and len(queue.circle):
                raise channel_error(replies.PRECONDITION_FAILED, f"{told} in use")
            if if_empty and queue.waiting:
                raise channel_error(replies.PRECONDITION_FAILED, f"{told} not empty")
            self.broker.check_metadata("The operation to delete the queue from the metadata store timed out")
            count = queue.counted
            self.broker.remove_queue(queue)
            return count

    def purge(self, name: str) -> int:
        """Drop a queue's ready messages; give their number.

        Raises:
            ChannelError: 404 if it is not there; 405 if it is another connection's.
        """
        self._use()
        with self.during("queue.purge"):
            queue = self._find(name, "queue.purge")
            queue.check("queue.purge")
            return queue.purge()

    def bind_queue(
        self, queue: str, exchange: str, key: str = "", arguments: Arguments | None = None
    ) -> None:
        """Bind a queue to an exchange; binding twice is once.

        Raises:
            ChannelError: 404 if one of both is not there; 403 for the default exchange; 405 for another's
                queue; 406 if a headers exchange can't make sense of the arguments.
        """
        self._use()
        with self.during("queue.bind"):
            name = self._named(queue)
            self.broker.find_exchange(exchange)
            self.broker.bind(exchange, self._find(name, "queue.bind"), key, arguments)

    def unbind_queue(
        self, queue: str, exchange: str, key: str = "", arguments: Arguments | None = None
    ) -> None:
        """Take a queue's binding away; what is not there is no error.

        Raises:
            ChannelError: 403 for the default exchange; 405 for another's queue that is bound so.
        """
        self._use()
        with self.during("queue.unbind"):
            if exchange == "":
                raise replies.default_exchange()
            target = self.broker.queues.get(self._named(queue))
            source = self.broker.exchanges.get(exchange)
            if target is None or source is None or Binding(target, key, arguments) not in source.bindings:
                return
            self.broker.check_owner(target, self.connection)
            target.availability.check(target, "queue.unbind")
            self.broker.unbind(exchange, target, key, arguments)

    # -- exchanges -------------------------------------------------------------------------------------------

    def declare_exchange(
        self,
        name: str,
        kind: ExchangeType | str = ExchangeType.DIRECT,
        *,
        durable: bool = False,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Arguments | None = None,
        passive: bool = False,
    ) -> Exchange:
        """Make an exchange, or find that it is there and the same (`passive`: only that it is there).

        Args:
            name: its name.
            kind: `direct`, `fanout`, `topic` or `headers`.
            durable: whether it survives a restart.
            auto_delete: whether it goes with the last binding from it.
            internal: whether only other exchanges may send to it.
            arguments: `alternate-exchange` is known.
            passive: see above.

        Raises:
            ChannelError: 404 if passive and not there; 403 for reserved names; 406 for other attributes.
            ConnectionError: 503 for an unknown type, in the profile 3.10.
        """
        self._use()
        with self.during("exchange.declare"):
            if passive:
                return self.broker.find_exchange(name)
            known = self.broker.kind_of(kind) if isinstance(kind, str) else kind
            alternate = (arguments or {}).get("alternate-exchange")
            if alternate is not None and not isinstance(alternate, str):
                told = f"invalid type '{replies.type_of(alternate)}' for arg 'alternate-exchange' in "
                raise channel_error(replies.PRECONDITION_FAILED, told + replies.exchange_named(name))
            return self.broker.declare_exchange(
                name, known, durable=durable, auto_delete=auto_delete, internal=internal, alternate=alternate
            )

    def delete_exchange(self, name: str, *, if_unused: bool = False) -> None:
        """Delete an exchange; one that is not there is no error.

        Raises:
            ChannelError: 403 for the default one and reserved names; 406 if it has bindings and must not.
        """
        self._use()
        with self.during("exchange.delete"):
            self.broker.delete_exchange(name, if_unused)

    def bind_exchange(
        self, destination: str, source: str, key: str = "", arguments: Arguments | None = None
    ) -> None:
        """Bind an exchange to another one, which then sends messages on to it.

        Raises:
            ChannelError: 404 if one of both is not there; 403 for the default exchange.
        """
        self._use()
        with self.during("exchange.bind"):
            if "" in (destination, source):
                raise replies.default_exchange()
            self.broker.find_exchange(source)
            self.broker.bind(source, self.broker.find_exchange(destination), key, arguments)

    def unbind_exchange(
        self, destination: str, source: str, key: str = "", arguments: Arguments | None = None
    ) -> None:
        """Take the binding of two exchanges away; what is not there is no error.

        Raises:
            ChannelError: 403 for the default exchange.
        """
        self._use()
        with self.during("exchange.unbind"):
            if "" in (destination, source):
                raise replies.default_exchange()
            target = self.broker.exchanges.get(destination)
            if target is not None:
                self.broker.unbind(source, target, key, arguments)


class Pseudo(Queue):
    """The answer to a declaration of `amq.rabbitmq.reply-to`: a queue that is none, with a consumer."""

    @property
    def consumers(self) -> int:
        """Always one."""
        return 1
