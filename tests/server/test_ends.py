"""A broker that ends again and again, in order or by SIGKILL: no confirmed message is lost, order holds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pika
import pytest

from tests.server.box import Process, close

if TYPE_CHECKING:
    from pathlib import Path

PERSISTENT = pika.BasicProperties(delivery_mode=2)


def _opened(port: int, kind: str) -> Any:
    channel = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port)).channel()
    # Without a limit that a delivery before each of so many ends would reach.
    limit = {"x-delivery-limit": -1} if kind == "quorum" else {}
    channel.queue_declare("q", durable=True, arguments={"x-queue-type": kind, **limit})
    channel.confirm_delivery()
    return channel


class Life:
    """What one client does between two ends, and what it then expects.

    Attributes:
        waiting: the numbers of the messages that nobody acknowledged.
        done: those that were acknowledged; they may come back after a kill, and only then.
        out: those that were delivered at some time.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.waiting: set[int] = set()
        self.done: set[int] = set()
        self.out: set[int] = set()
        self.count = 0

    def publish(self, channel: Any) -> None:
        for _ in range(self.chance.randint(0, 8)):
            channel.basic_publish("", "q", str(self.count).encode(), PERSISTENT)
            self.waiting.add(self.count)
            self.count += 1

    def take(self, channel: Any, most: int, ack: float) -> list[int]:
        """Get messages, acknowledge some, and check the marks of those that had been out before."""
        got: list[int] = []
        held: list[tuple[int, int]] = []
        while len(got) < most:
            method, _, body = channel.basic_get("q")
            if method is None:
                break
            number = int(body)
            assert method.redelivered or number not in self.out, f"{number} was out, and is not marked"
            assert number in self.waiting | self.done
            got.append(number)
            held.append((method.delivery_tag, number))
        for tag, number in held:
            self.out.add(number)
            if self.chance.random() < ack:
                channel.basic_ack(tag)
                self.waiting.discard(number)
                self.done.add(number)
        assert got == sorted(got), "out of order"
        return got


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_a_hundred_ends(tmp_path: Path, kind: str) -> None:
    life = Life(seed=1)
    with Process("4.3", tmp_path / "data") as server:
        for _ in range(100):
            channel = _opened(server.port, kind)
            life.publish(channel)
            life.take(channel, life.chance.randint(0, 6), ack=0.4)
            server.stop(kill=life.chance.random() < 0.6)
            close(channel.connection)
            server.start()
        channel = _opened(server.port, kind)
        rest = life.take(channel, 10**6, ack=1.0)
        close(channel.connection)
    assert set(rest) >= life.waiting
    assert len(rest) == len(set(rest))
