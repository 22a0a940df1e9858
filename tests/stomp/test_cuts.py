"""The connection is cut at every frame, on its way to either side: nothing is lost, and what is done twice is
exactly what the specification of acknowledgements says.
"""

from __future__ import annotations

import re

import pytest

from mqsim.broker import Broker
from mqsim.stomp import Session

MESSAGES = 4
VERSIONS = ("1.0", "1.1", "1.2")


class Cut:
    """A client whose stream is cut once so many frames have passed it, in one direction.

    Args:
        broker: where it connects.
        to_server, to_client: how many frames get through; None is all.
    """

    def __init__(
        self, broker: Broker, to_server: int | None = None, to_client: int | None = None, version: str = "1.2"
    ) -> None:
        self.session = Session(broker)
        self.version = version
        self.left = {"server": to_server, "client": to_client}
        self.is_cut = False
        self.say(f"CONNECT\naccept-version:{version}\n\n")

    def _passes(self, side: str) -> bool:
        left = self.left[side]
        if left is not None and not self.is_cut:
            self.left[side] = left - 1
            if not left:
                self.is_cut = True
                self.session.lost()
        return not self.is_cut

    def say(self, frame: str) -> bool:
        """Send a frame; whether it arrived."""
        if self.is_cut or not self._passes("server"):
            return False
        self.session.receive(frame.encode() + b"\0")
        return True

    def hear(self) -> list[str]:
        """The frames that get through."""
        if self.is_cut:
            return []
        frames = [each.lstrip("\n") for each in self.session.bytes_to_send().decode().split("\0")]
        return [frame for frame in frames if frame and self._passes("client")]


def header(frame: str, name: str) -> str:
    found = re.search(rf"^{name}:(.*)$", frame.partition("\n\n")[0], re.MULTILINE)
    assert found is not None
    return found[1]


def consume(client: Cut, done: list[str]) -> list[str]:
    """Work on what comes, and acknowledge each; the messages whose acknowledgement arrived."""
    acked = []
    client.say("SUBSCRIBE\ndestination:/queue/q\nid:0\nack:client-individual\nprefetch-count:2\n\n")
    heard = client.hear()
    while heard:
        for frame in heard:
            if frame.startswith("MESSAGE\n"):
                body = frame.partition("\n\n")[2]
                done.append(body)
                name = header(frame, "message-id")
                if client.say(f"ACK\n{'id' if client.version == '1.2' else 'message-id'}:{name}\n\n"):
                    acked.append(body)
        heard = client.hear()
    return acked


def filled() -> tuple[Broker, list[str]]:
    broker = Broker("3.10")
    publisher = Cut(broker)
    bodies = [f"m{number}" for number in range(MESSAGES)]
    for body in bodies:
        publisher.say(f"SEND\ndestination:/queue/q\n\n{body}")
    publisher.session.lost()
    return broker, bodies


# A connection has CONNECT, SUBSCRIBE and an ACK a message one way, CONNECTED and the messages the other.
CUTS = [("to_server", count) for count in range(MESSAGES + 3)] + [
    ("to_client", count) for count in range(MESSAGES + 2)
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("side", "count"), CUTS)
def test_a_consumer_that_is_cut_loses_nothing_and_repeats_what_was_not_acknowledged(
    version: str, side: str, count: int
) -> None:
    broker, bodies = filled()
    done: list[str] = []
    first = Cut(broker, **{side: count}, version=version)
    acked = consume(first, done)
    worked = list(done)
    first.session.lost()
    again: list[str] = []
    consume(Cut(broker, version=version), again)
    assert sorted({*worked, *again}) == bodies
    assert sorted(again) == sorted(set(bodies) - set(acked))
    # Done twice: exactly where the work was done and the acknowledgement did not arrive.
    assert [body for body in worked if body in again] == [body for body in worked if body not in acked]
    assert broker.queues["q"].waiting == broker.queues["q"].unacked == 0


def test_the_cuts_reach_every_frame() -> None:
    broker, bodies = filled()
    done: list[str] = []
    assert consume(Cut(broker, to_server=MESSAGES + 2, to_client=MESSAGES + 1), done) == bodies == done


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("side", "count"), CUTS)
def test_a_publisher_with_receipts_repeats_what_it_has_no_receipt_for(
    version: str, side: str, count: int
) -> None:
    broker = Broker("3.10")
    first = Cut(broker, **{side: count}, version=version)
    first.hear()
    bodies = [f"m{number}" for number in range(MESSAGES)]
    arrived, safe = [], []
    for body in bodies:
        if first.say(f"SEND\ndestination:/queue/q\nreceipt:{body}\n\n{body}"):
            arrived.append(body)
        safe += [header(frame, "receipt-id") for frame in first.hear() if frame.startswith("RECEIPT\n")]
    first.session.lost()
    second = Cut(broker, version=version)
    for body in bodies:
        if body not in safe:
            second.say(f"SEND\ndestination:/queue/q\n\n{body}")
    done: list[str] = []
    consume(Cut(broker, version=version), done)
    assert set(done) == set(bodies)
    twice = sorted({body for body in done if done.count(body) == 2})
    assert twice == [body for body in arrived if body not in safe]
    assert len(done) == len(bodies) + len(twice)
