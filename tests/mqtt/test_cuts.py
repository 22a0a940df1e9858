"""The connection is cut at every packet, which is lost or arrives: who repeats, who loses, who gets it twice.

Both ends keep their session. The clients here follow the specification's figures 4.2 and 4.3, no more.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from mqsim.mqtt import Broker
from mqsim.mqtt.packets import V3, Ack, Publish
from mqsim.mqtt.properties import Kind
from tests.mqtt.link import BOTH, Client

BODIES = (b"one", b"two")
Cut = tuple[int, bool]
"""Which packet of the link is the last one, and whether it arrives."""


class Link(Client):
    """A client whose link is cut at given packets; it connects again, and does what is due again.

    Args:
        cuts: by the number of the packet among all that the link ever carried in either direction.
    """

    def __init__(self, broker: Broker, name: str, version: int, cuts: tuple[Cut, ...]) -> None:
        super().__init__(broker, name, version)
        self._cuts = dict(cuts)
        self._carried = 0
        self.is_cut = False
        self.arrived: list[tuple[int, Any]] = []
        self.life = 0

    def _carry(self, packet: Any) -> bool:
        """Whether it arrives; cut afterwards if so told."""
        if self.is_cut:
            return False
        here = self._cuts.get(self._carried)
        self._carried += 1
        self.is_cut = here is not None
        arrives = here is not False
        if arrives:
            self.arrived.append((self.life, packet))
        return arrives

    def give(self, packet: Any) -> None:
        if self._carry(packet):
            self.send(packet)

    def take(self) -> list[Any]:
        return [packet for packet in self.read() if self._carry(packet)]

    def dial_again(self) -> None:
        self.cut()
        self.is_cut = False
        self.life += 1
        self.keep()


class Publisher(Link):
    """Publishes both bodies, one after the other, and repeats what was not acknowledged."""

    def run(self, qos: int) -> None:
        self.keep()
        for packet_id, body in enumerate(BODIES, 1):
            state, dup = "publish", False
            for _ in range(8):
                if state == "release":
                    self.give(Ack(Kind.PUBREL, packet_id))
                else:
                    self.give(Publish("t", body, qos, dup=dup, packet_id=packet_id))
                dup = True
                state = self._answered(packet_id, state)
                if state == "done":
                    break
                if self.is_cut:
                    self.dial_again()
            assert state == "done"

    def _answered(self, packet_id: int, state: str) -> str:
        for packet in self.take():
            assert packet.packet_id == packet_id
            if packet.kind is Kind.PUBREC:
                state = "release"
                self.give(Ack(Kind.PUBREL, packet_id))
                return self._answered(packet_id, state)
            state = "done"
        return state


class Subscriber(Link):
    """Takes what comes; keeps the identifiers of QoS 2 messages until they are released."""

    def __init__(self, broker: Broker, version: int, cuts: tuple[Cut, ...]) -> None:
        super().__init__(broker, "s", version, cuts)
        self.got: list[bytes] = []
        self._held: set[int] = set()

    def run(self) -> None:
        for _ in range(8):
            if not self.drain():
                return
            self.dial_again()
            self.handle(self.first)

    def drain(self) -> bool:
        """Read until nothing comes; whether the link was cut meanwhile."""
        while packets := self.take():
            self.handle(packets, carried=True)
        return self.is_cut

    def handle(self, packets: list[Any], carried: bool = False) -> None:
        for packet in packets:
            if not (carried or self._carry(packet)):
                continue
            if isinstance(packet, Ack):
                self._held.discard(packet.packet_id)
                self.give(Ack(Kind.PUBCOMP, packet.packet_id))
            elif packet.qos == 1:
                self.got.append(packet.payload)
                self.give(Ack(Kind.PUBACK, packet.packet_id))
            else:
                if packet.packet_id not in self._held:
                    self.got.append(packet.payload)
                self._held.add(packet.packet_id)
                self.give(Ack(Kind.PUBREC, packet.packet_id))


def play(
    version: int, qos: int, side: str, cuts: tuple[Cut, ...]
) -> tuple[Publisher, Subscriber, list[bytes]]:
    broker = Broker()
    witness = Client(broker, "w", version).keep()
    witness.subscribe("t", qos=0)
    subscriber = Subscriber(broker, version, cuts if side == "subscriber" else ())
    subscriber.keep()
    subscriber.subscribe("t", qos=qos)
    publisher = Publisher(broker, "p", version, cuts if side == "publisher" else ())
    publisher.run(qos)
    passed_on = [each.payload for each in witness.read()]
    subscriber.run()
    return publisher, subscriber, passed_on


def all_cuts(version: int, qos: int, side: str) -> list[tuple[Cut, ...]]:
    """Each single cut, and each pair of cuts."""
    publisher, subscriber, _ = play(version, qos, side, ())
    packets = len((publisher if side == "publisher" else subscriber).arrived)
    assert packets == len(BODIES) * (2 if qos == 1 else 4)
    single: list[Cut] = [(k, arrives) for k in range(packets + 4) for arrives in (False, True)]
    return [(cut,) for cut in single] + [(a, b) for a in single for b in single if a[0] < b[0]]


def unacknowledged(link: Link) -> Counter[bytes]:
    """Connections on which a body's PUBLISH arrived and its PUBACK did not, by body."""
    found: Counter[bytes] = Counter()
    lives = {life for life, _ in link.arrived}
    for life in lives:
        here = [packet for each, packet in link.arrived if each == life]
        acked = {packet.packet_id for packet in here if isinstance(packet, Ack)}
        found.update(
            packet.payload for packet in here if isinstance(packet, Publish) and packet.packet_id not in acked
        )
    return found


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("side", ["publisher", "subscriber"])
def test_qos_1_comes_twice_exactly_when_publish_arrived_and_puback_did_not(version: int, side: str) -> None:
    repeated = 0
    for cuts in all_cuts(version, 1, side):
        publisher, subscriber, passed_on = play(version, 1, side, cuts)
        came, link = (passed_on, publisher) if side == "publisher" else (subscriber.got, subscriber)
        expected = Counter(BODIES) + unacknowledged(link)
        assert Counter(came) == expected, cuts
        assert list(dict.fromkeys(came)) == list(BODIES)
        repeated += expected.total() > len(BODIES)
        assert not subscriber.broker.sessions["s"].in_flight
    assert repeated


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("side", ["publisher", "subscriber"])
def test_qos_2_comes_once_wherever_the_link_is_cut(version: int, side: str) -> None:
    for cuts in all_cuts(version, 2, side):
        publisher, subscriber, passed_on = play(version, 2, side, cuts)
        assert tuple(passed_on) == BODIES, cuts
        assert tuple(subscriber.got) == BODIES, cuts
        broker = publisher.broker
        assert not broker.sessions["s"].in_flight
        assert not broker.sessions["p"].incoming


def test_qos_0_is_never_repeated() -> None:
    for arrives in (False, True):
        subscriber = Subscriber(Broker(), V3, ((0, arrives),))
        subscriber.keep()
        subscriber.subscribe("t", qos=0)
        publisher = Client(subscriber.broker, "p", V3).connect()
        publisher.publish("t", b"one")
        got = [packet.payload for packet in subscriber.take()]
        assert got == ([b"one"] if arrives else [])
        subscriber.dial_again()
        assert subscriber.take() == []
