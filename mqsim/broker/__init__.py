"""RabbitMQ's rules, without a clock, sockets, random numbers or a simulation.

`Broker` is a node or a cluster, `Connection` and `Channel` are how clients speak to it, `Queue` and
`Exchange` what it keeps, `Watcher` what tells others of it. Time is passed in (`Broker.advance`).
"""

from mqsim.broker.arguments import QueueArguments
from mqsim.broker.broker import Broker
from mqsim.broker.channel import Channel
from mqsim.broker.connection import Connection
from mqsim.broker.consumer import Consumer
from mqsim.broker.exchange import Exchange, ExchangeType
from mqsim.broker.journal import Journal
from mqsim.broker.lifecycle import MACHINES, State
from mqsim.broker.message import Envelope, Message
from mqsim.broker.profiles import PROFILES, Profile
from mqsim.broker.queue import Queue
from mqsim.broker.quorum import QuorumQueue
from mqsim.broker.seams import Replication, Storage
from mqsim.broker.watch import Watcher

__all__ = [
    "MACHINES",
    "PROFILES",
    "Broker",
    "Channel",
    "Connection",
    "Consumer",
    "Envelope",
    "Exchange",
    "ExchangeType",
    "Journal",
    "Message",
    "Profile",
    "Queue",
    "QueueArguments",
    "QuorumQueue",
    "Replication",
    "State",
    "Storage",
    "Watcher",
]
