"""The broker's side of a scenario: queues, exchanges, bindings, costs and memory."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from mqsim.distributions import Constant, Uniform
from mqsim.scenario.laws import Law
from mqsim.scenario.problems import Problem, all_wrong, wrong
from mqsim.scenario.spec import (
    Bytes,
    Flag,
    Seconds,
    SomeBytes,
    SomeSeconds,
    Spec,
    Text,
    Whole,
    WholeBytes,
    Within,
)

Profile = Literal["3.10", "4.0", "4.3"]
_MOST_NODES = 99


def _quoted(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise wrong(
            value,
            '"3.10", "4.0" or "4.3"',
            "Put the version in quotes: without them YAML reads 3.10 as the number 3.1",
        )
    return value


class DeadLetterSpec(Spec):
    """Where a queue's dead letters go."""

    exchange: Text = Field(
        default="", description='the exchange; "" is the default one, whose keys are queue names'
    )
    key: Text | None = Field(
        default=None, description="the routing key; without it the message keeps its own"
    )


class QueueSpec(Spec):
    """A queue, with RabbitMQ's arguments under plain names."""

    type: Literal["classic", "quorum"] = Field(
        default="classic", description="classic, or quorum (replicated)"
    )
    durable: Flag = Field(default=True, description="survives a restart of the broker")
    max_length: Whole | None = Field(default=None, description="most ready messages")
    max_bytes: WholeBytes | None = Field(default=None, description="most bytes in ready messages")
    overflow: Literal["drop-head", "reject-publish", "reject-publish-dlx"] = Field(
        default="drop-head", description="what happens when the queue is full"
    )
    message_ttl: Seconds | None = Field(default=None, description="seconds until a message expires")
    dead_letter: DeadLetterSpec | None = Field(default=None, description="where dead letters go")
    max_priority: (
        Annotated[int, Within("a whole number from 1 to 255", low=1, high=255, whole=True)] | None
    ) = Field(default=None, description="makes it a priority queue")
    ready: Whole = Field(default=0, description="messages that wait in the queue at the start")
    single_active_consumer: Flag = Field(default=False, description="one consumer works, the others stand by")
    delivery_limit: Whole | None = Field(
        default=None, description="quorum: returns before a message is dead-lettered"
    )
    members: Annotated[int, Within("a whole number above 0", low=1, whole=True)] | None = Field(
        default=None, description="quorum: how many nodes keep it; null is 3, or all there are"
    )
    expires: SomeSeconds | None = Field(
        default=None, description="seconds after which an unused queue goes away"
    )
    leader: Text | None = Field(default=None, description="the node it starts on, such as broker-2")

    @model_validator(mode="after")
    def _fits_its_type(self) -> QueueSpec:
        found: list[Problem] = []
        if self.type == "classic" and self.delivery_limit is not None:
            hint = "Write type: quorum, or let a consumer's `fails.attempts` give up"
            found.append(
                Problem(("delivery_limit",), self.delivery_limit, "left out on a classic queue", hint)
            )
        if self.type == "classic" and self.members is not None:
            hint = "Write type: quorum; a classic queue lives on one node"
            found.append(Problem(("members",), self.members, "left out on a classic queue", hint))
        if self.type == "quorum":
            if self.max_priority is not None:
                hint = "Only a classic queue can be a priority queue"
                found.append(
                    Problem(("max_priority",), self.max_priority, "left out on a quorum queue", hint)
                )
            if not self.durable:
                found.append(
                    Problem(
                        ("durable",), False, "true on a quorum queue, which always keeps its messages on disk"
                    )
                )
            if self.overflow == "reject-publish-dlx":
                hint = "Only a classic queue has reject-publish-dlx"
                found.append(
                    Problem(
                        ("overflow",), self.overflow, "drop-head or reject-publish on a quorum queue", hint
                    )
                )
        if found:
            raise all_wrong(found)
        return self


class ExchangeSpec(Spec):
    """An exchange."""

    type: Literal["direct", "fanout", "topic", "headers"] = Field(
        default="direct", description="by key, to all, by pattern (* one word, # any number), or by headers"
    )
    durable: Flag = Field(default=True, description="survives a restart of the broker")
    alternate: Text | None = Field(
        default=None, description="the exchange that gets what can't be routed here"
    )
    internal: Flag = Field(default=False, description="takes messages from other exchanges only")
    auto_delete: Flag = Field(default=False, description="goes away with its last binding")


Scalar = str | int | float | bool | None
_SCALAR = WithJsonSchema({"type": ["string", "number", "boolean", "null"]})


def _scalar(value: Any) -> Scalar:
    if value is None or isinstance(value, str | int | float):
        return value
    raise wrong(value, "a text, a number, true, false or null")


class BindingSpec(Spec):
    """A binding from an exchange to a queue or to another exchange."""

    exchange: Text = Field(description="the exchange that messages come from")
    queue: Text | None = Field(default=None, description="the queue they go to")
    to_exchange: Text | None = Field(default=None, description="or the exchange they go to")
    key: Text = Field(default="", description="the key, or the pattern of a topic exchange")
    arguments: dict[Text, Annotated[Scalar, PlainValidator(_scalar), _SCALAR]] = Field(
        default_factory=dict, description="headers to match, and x-match: all or any"
    )

    @model_validator(mode="after")
    def _one_end(self) -> BindingSpec:
        if (self.queue is None) == (self.to_exchange is None):
            raise wrong(self.queue, "exactly one of queue and to_exchange", says="a binding has one end")
        return self


class CostsSpec(Spec):
    """Seconds of the broker's own time."""

    publish: Law = Field(default=Constant(0.0), description="seconds for each message that is published")
    deliver: Law = Field(default=Constant(0.0), description="seconds for each message that is delivered")
    sync: Law = Field(default=Constant(0.0), description="seconds for writing to disk")
    election: Law = Field(
        default=Uniform(1.0, 4.0), description="seconds until a quorum queue has a new leader"
    )


class MemorySpec(Spec):
    """When the memory alarm goes off."""

    limit: SomeBytes | None = Field(
        default=None, description="bytes at which publishers are blocked; null is never"
    )
    per_message: Bytes = Field(default=1000.0, description="bytes that each message takes beside its body")
    base: Bytes = Field(default=0.0, description="bytes in use without any message")

    @model_validator(mode="after")
    def _room(self) -> MemorySpec:
        if self.limit is not None and self.base >= self.limit:
            hint = "Otherwise the alarm would be on before the first message"
            raise wrong(self.base, f"below limit ({self.limit:g})", hint, where=["base"])
        return self


class DiskSpec(Spec):
    """When the disk alarm goes off. Persistent messages in durable queues, and all in quorum queues, take
    room.
    """

    free: Bytes | None = Field(default=None, description="bytes that are free at the start; null is no end")
    limit: Bytes = Field(default=50e6, description="free bytes below which publishers are blocked")
    per_message: Bytes = Field(default=100.0, description="bytes that each message takes beside its body")

    @model_validator(mode="after")
    def _room(self) -> DiskSpec:
        if self.free is not None and self.free < self.limit:
            hint = "Otherwise the alarm would be on before the first message"
            raise wrong(self.free, f"at least limit ({self.limit:g})", hint, where=["free"])
        return self


def _odd(value: Any) -> Any:
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 < value <= _MOST_NODES
        and value % 2 == 0
    ):
        hint = "An even cluster survives no more failures than one with a node fewer"
        raise wrong(value, "an odd number of nodes: 1, 3, 5 and so on", hint)
    return value


class BrokerSpec(Spec):
    """The broker, or a cluster of them, and what is declared on it at the start."""

    profile: Annotated[Profile, BeforeValidator(_quoted)] = Field(
        default="4.3", description="which RabbitMQ's rules"
    )
    nodes: Annotated[
        Annotated[
            int, Within("an odd number of nodes: 1, 3, 5 and so on", low=1, high=_MOST_NODES, whole=True)
        ],
        BeforeValidator(_odd),
    ] = Field(default=1, description="brokers in the cluster: broker-1 ... broker-N")
    queues: dict[Text, QueueSpec] = Field(default_factory=dict, description="queues by name")
    exchanges: dict[Text, ExchangeSpec] = Field(default_factory=dict, description="exchanges by name")
    bindings: list[BindingSpec] = Field(default_factory=list, description="bindings, in order")
    costs: CostsSpec = Field(default=CostsSpec(), description="seconds of the broker's own time")
    memory: MemorySpec = Field(default=MemorySpec(), description="when the memory alarm goes off")
    disk: DiskSpec = Field(default=DiskSpec(), description="when the disk alarm goes off")
    consumer_timeout: SomeSeconds = Field(default=1800.0, description="seconds an acknowledgement may take")

    def node_names(self) -> list[str]:
        """`broker-1` ... `broker-N`."""
        return [f"broker-{k}" for k in range(1, self.nodes + 1)]
