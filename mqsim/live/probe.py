"""What the network and the broker take, found with small loads on an idle RabbitMQ.

Three things are measured: how fast a queue is filled (at most the broker's time for a publish), how fast it
is emptied (likewise for a delivery), and how long a message takes from a producer to an idle consumer (twice
the latency, and one of each). Python's own time for a message is part of all three.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pika

from mqsim.live.load import Load, Send, Sender, Worker
from mqsim.live.play import play
from mqsim.live.topology import Topology
from mqsim.scenario import Scenario

if TYPE_CHECKING:
    from mqsim.live.address import Address

FILLED = 2000
"""Messages with which a queue is filled and emptied."""
ALONE = 150
"""Messages that come one by one."""
_GAP = 0.01
CONFIRMED = 50


@dataclass(frozen=True)
class Probed:
    """Seconds, each a median or a mean over many messages.

    Attributes:
        fill: between messages of a producer that sends as fast as it can.
        empty: between deliveries of a full queue to a consumer with an unlimited prefetch.
        transit: from a publish to an idle consumer.
        confirm: from a publish to its confirm, or None where it wasn't asked for.
        quorum: like `transit`, through a quorum queue, or None likewise.
    """

    fill: float
    empty: float
    transit: float
    confirm: float | None = None
    quorum: float | None = None

    @property
    def latency(self) -> float:
        """One way between a client and the broker."""
        return max(0.0, 0.5 * (self.transit - self.fill - self.empty))

    @property
    def sync(self) -> float:
        """What writing to disk takes: the delay of a quorum queue, or else of a confirm."""
        if self.quorum is not None:
            return max(0.0, self.quorum - self.transit)
        return 0.0 if self.confirm is None else max(0.0, self.confirm - 2.0 * self.latency - self.fill)


def probe(address: Address, size: int, persistent: bool, confirms: bool, quorum: bool) -> Probed:
    """Measure.

    Args:
        address: where RabbitMQ is; nobody else should load it now.
        size: bytes in a message.
        persistent: whether messages are kept on disk.
        confirms: whether to measure confirms too.
        quorum: whether to measure a quorum queue too.

    Raises:
        UsageError: RabbitMQ can't be reached, or a program fails.
    """
    scenario = _queue("classic")
    transit = _transit(scenario, address, size, persistent)
    fill, empty = _throughput(scenario, address, size, persistent)
    confirm = _confirmed(scenario, address, size) if confirms else None
    slow = _transit(_queue("quorum"), address, size, persistent) if quorum else None
    return Probed(fill, empty, transit, confirm, slow)


def _queue(kind: str) -> Scenario:
    return Scenario.from_data({"duration": 1, "broker": {"queues": {"probe": {"type": kind}}}})


def _transit(scenario: Scenario, address: Address, size: int, persistent: bool) -> float:
    """How long a message is on its way from a producer to an idle consumer."""
    sends = tuple(Send(_GAP * k, "", "probe", 0.0, 0, None) for k in range(ALONE))
    load = Load((Sender("one-1", sends, size, persistent),), (Worker("taker-1", "probe"),))
    played = play(load, Topology(scenario), address)
    return statistics.median(each.started - each.published for each in played.handled)


def _throughput(scenario: Scenario, address: Address, size: int, persistent: bool) -> tuple[float, float]:
    """Fill a queue as fast as a connection can, and empty it as fast as another."""
    topology = Topology(scenario)
    try:
        with address.connect() as connection:
            return _filled(connection, topology, size, persistent)
    finally:
        topology.remove(address)


def _filled(
    connection: pika.BlockingConnection, topology: Topology, size: int, persistent: bool
) -> tuple[float, float]:
    topology.declare(connection)
    channel = connection.channel()
    name, body = topology.queue("probe"), bytes(size)
    properties = pika.BasicProperties(delivery_mode=2 if persistent else 1)
    begun = time.monotonic()
    for _ in range(FILLED):
        channel.basic_publish("", name, body, properties)
    while channel.queue_declare(name, passive=True).method.message_count < FILLED:
        if time.monotonic() - begun > 30.0:
            break
    fill = (time.monotonic() - begun) / FILLED
    times: list[float] = []
    channel.basic_consume(name, lambda *_: times.append(time.monotonic()), auto_ack=True)
    while len(times) < FILLED and time.monotonic() - begun < 60.0:
        connection.process_data_events(time_limit=0.05)
    return fill, (times[-1] - times[0]) / max(len(times) - 1, 1)


def _confirmed(scenario: Scenario, address: Address, size: int) -> float:
    topology = Topology(scenario)
    taken = []
    try:
        with address.connect() as connection:
            topology.declare(connection)
            channel = connection.channel()
            channel.confirm_delivery()
            body, properties = bytes(size), pika.BasicProperties(delivery_mode=2)
            for _ in range(CONFIRMED):
                begun = time.monotonic()
                channel.basic_publish("", topology.queue("probe"), body, properties)
                taken.append(time.monotonic() - begun)
    finally:
        topology.remove(address)
    return statistics.median(taken)
