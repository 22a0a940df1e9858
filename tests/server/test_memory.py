"""The memory alarm of a broker on a port: what clients see, and that it bounds what they can make it hold."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pika
import pytest

from mqsim.errors import UsageError
from mqsim.server.memory import limit_of
from tests.server.box import Process, close

if TYPE_CHECKING:
    from pathlib import Path

MB = 10**6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500MB", 500 * MB),
        ("2GiB", 2 * 2**30),
        ("1.5 gb", 1500 * MB),
        ("1000000", MB),
        ("25%", os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4),
    ],
)
def test_a_limit(text: str, expected: int) -> None:
    assert limit_of(text) == expected


@pytest.mark.parametrize("text", ["", "much", "-1", "0", "0%", "101%", "5 parsecs", "%"])
def test_a_limit_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="such as 500MB, 2GiB or 40%"):
        limit_of(text)


def _connected(port: int, told: list[str]) -> Any:
    connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port))
    # Of the connection below: the blocking one tells only between two calls, and a publish is one that waits.
    connection._impl.add_on_connection_blocked_callback(lambda *_: told.append("blocked"))
    connection._impl.add_on_connection_unblocked_callback(lambda *_: told.append("unblocked"))
    return connection


def _await(connection: Any, told: list[str], word: str) -> None:
    """Wait for what the test needs, as long as it takes."""
    while word not in told:
        connection.process_data_events(0.1)


def test_publishers_wait_while_memory_is_low_and_go_on_afterwards(tmp_path: Path) -> None:
    with Process("4.3", tmp_path / "data", memory_limit="160MB") as server:
        told: list[str] = []
        publisher, other = _connected(server.port, told), _connected(server.port, [])
        sent: list[int] = []

        def publish() -> None:
            channel = publisher.channel()
            channel.queue_declare("q")
            while "blocked" not in told:
                channel.basic_publish("", "q", bytes(MB))
                sent.append(1)
            _await(publisher, told, "unblocked")

        thread = threading.Thread(target=publish)
        thread.start()
        try:
            while "blocked" not in told:
                time.sleep(0.05)
            held = other.channel().queue_declare("q", passive=True).method.message_count
            assert 50 <= held <= len(sent), "the limit less what Python itself needs, in messages of 1 MB"
            assert other.channel().queue_purge("q").method.message_count >= held
            thread.join()
            assert told == ["blocked", "unblocked"]
        finally:
            close(publisher)
            close(other)
