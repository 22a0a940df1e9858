"""RabbitMQ's rules, without a clock, sockets, random numbers or a simulation.

`Broker` is a node or a cluster, `Connection` and `Channel` are how clients speak to it, `Queue` and
`Exchange` what it keeps, `Observer` what tells others of it. Time is passed in (`Broker.advance`).

Modules import in one direction, but for two small circles: a message knows the queue that it is in, and a
queue the messages that it takes (`message`, `queues.queue`); and a broker, its cluster, its connections,
their channels and consumers know each other, because a command may end any of them.
"""

from mqsim.broker.broker import Broker
from mqsim.broker.channel import Channel
from mqsim.broker.connection import Connection
from mqsim.broker.consumer import Consumer
from mqsim.broker.durability import Storage
from mqsim.broker.exchanges import Exchange, ExchangeType
from mqsim.broker.lifecycle import MACHINES, ChannelMode, ChannelState, ConnectionState, Leadership, NodeState
from mqsim.broker.message import Envelope, Message
from mqsim.broker.observer import Clock, Observer
from mqsim.broker.profiles import PROFILES, Profile
from mqsim.broker.queues.arguments import QueueArguments
from mqsim.broker.queues.classic import ClassicQueue
from mqsim.broker.queues.queue import Queue
from mqsim.broker.queues.quorum import QuorumQueue
from mqsim.broker.reasons import Alarm, DeliveryEnd, Reason
from mqsim.broker.replication import ReplicatedQueue, Replication

__all__ = [
    "MACHINES",
    "PROFILES",
    "Alarm",
    "Broker",
    "Channel",
    "ChannelMode",
    "ChannelState",
    "ClassicQueue",
    "Clock",
    "Connection",
    "ConnectionState",
    "Consumer",
    "DeliveryEnd",
    "Envelope",
    "Exchange",
    "ExchangeType",
    "Leadership",
    "Message",
    "NodeState",
    "Observer",
    "Profile",
    "Queue",
    "QueueArguments",
    "QuorumQueue",
    "Reason",
    "ReplicatedQueue",
    "Replication",
    "Storage",
]
