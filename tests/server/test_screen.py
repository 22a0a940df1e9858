"""What a person sees on a terminal."""

from __future__ import annotations

import asyncio
from typing import Any

from rich.console import Console

from mqsim.broker import Broker, Envelope, Message
from mqsim.server import Host
from mqsim.server.screen import MOST, table


def _printed(broker: Broker) -> list[str]:
    async def look() -> Any:
        return table(Host(broker))

    console = Console(width=100, color_system=None)
    with console.capture() as capture:
        console.print(asyncio.run(look()))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_line_for_each_queue() -> None:
    broker = Broker()
    channel = broker.connect().channel()
    for name in ("b", "a"):
        channel.declare_queue(name)
    for _ in range(3):
        channel.publish(Message(Envelope("", "a")))
    channel.get("a")
    channel.consume("b", lambda *_: None)
    lines = [line.split() for line in _printed(broker)]
    assert lines == [
        ["queue", "ready", "unacked", "consumers"],
        ["a", "2", "1", "0"],
        ["b", "0", "0", "1"],
        ["1", "connections"],
    ]


def test_a_name_is_no_command_to_the_terminal() -> None:
    broker = Broker()
    channel = broker.connect().channel()
    channel.declare_queue("[red]\x1b[2J")
    assert any(line.startswith("[red]\ufffd[2J") for line in _printed(broker))


def test_many_queues_are_counted() -> None:
    broker = Broker()
    channel = broker.connect().channel()
    for number in range(MOST + 5):
        channel.declare_queue(f"q{number:03}")
    lines = _printed(broker)
    assert len(lines) == MOST + 3
    assert lines[-2].startswith("and 5 more")
