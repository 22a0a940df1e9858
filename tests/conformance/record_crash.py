"""What a crash of the broker costs, measured: how long it is away, and which unconfirmed messages are lost.

    python tests/conformance/record_crash.py --version 3.10            # print the figures; some three minutes
    python tests/conformance/record_crash.py --version 3.10 --write    # and keep them in recordings/

For each rest a queue of its own gets persistent and transient messages without confirms, and then nothing for
so many seconds; all queues have rested as long as they are to when the server gets SIGKILL. What is there
after it has come up again was on disk. The time away is from the end of a client's connection until the next
one is accepted; the machine's load is kept beside it, as it counts in real seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pika

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.conformance.servers import RealBroker

FOLDER = Path(__file__).parent / "recordings"
RESTS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5, 2.0, 3.0, 5.0)
COUNT = 50
MODES = {"transient": 1, "persistent": 2}


def connect(broker: RealBroker) -> pika.BlockingConnection:
    """A connection without heartbeats."""
    return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", broker.port, heartbeat=0))


def surviving(broker: RealBroker) -> dict[str, dict[str, int]]:
    """How many of `COUNT` messages survive SIGKILL, by delivery mode and seconds of rest."""
    connection = connect(broker)
    channel = connection.channel()
    names = {(mode, rest): f"{mode} {rest}" for mode in MODES for rest in RESTS}
    for name in names.values():
        channel.queue_declare(name, durable=True)
        channel.queue_purge(name)
    connection.process_data_events(3.0)
    begin = time.monotonic() + 0.5
    last = begin + max(RESTS)
    for rest in sorted(RESTS, reverse=True):
        connection.process_data_events(max(0.0, last - rest - time.monotonic()))
        for mode, number in MODES.items():
            for _ in range(COUNT):
                properties = pika.BasicProperties(delivery_mode=number)
                channel.basic_publish("", names[mode, rest], b"x" * 100, properties)
        connection.process_data_events(0)
    time.sleep(max(0.0, last - time.monotonic()))
    broker.restart(clean=False)
    after = connect(broker)
    counts: dict[str, dict[str, int]] = {mode: {} for mode in MODES}
    for (mode, rest), name in names.items():
        answer = after.channel().queue_declare(name, passive=True)
        counts[mode][f"{rest:g}"] = answer.method.message_count
    after.close()
    return counts


def away(broker: RealBroker, clean: bool) -> float:
    """Seconds from the end of a client's connection until the next one is accepted."""
    connection = connect(broker)
    gone: list[float] = []
    halt, boot = broker.halt, broker._boot

    def wait() -> None:
        try:
            while True:
                connection.process_data_events(0.05)
        except pika.exceptions.AMQPError:
            gone.append(time.monotonic())

    waiting = threading.Thread(target=wait)
    waiting.start()
    halt(clean=clean)
    waiting.join(30)
    boot()
    connect(broker).close()
    return time.monotonic() - gone[0]


def measure(version: str, rounds: int) -> dict[str, Any]:
    """All figures of one version."""
    with RealBroker(version) as broker:
        lost = [surviving(broker) for _ in range(rounds)]
        stopped = [round(away(broker, clean=True), 2) for _ in range(rounds)]
        killed = [round(away(broker, clean=False), 2) for _ in range(rounds)]
        return {
            "version": broker.full_version,
            "published without confirms": COUNT,
            "there after SIGKILL, by seconds of rest": lost,
            "seconds away after an orderly stop": stopped,
            "seconds away after SIGKILL": killed,
            "load average": round(os.getloadavg()[0], 1),
            "processors": os.cpu_count(),
        }


def main() -> None:
    """Measure, print, and keep the figures when asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", default="3.10")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    figures = json.dumps(measure(given.version, given.rounds), indent=1)
    print(figures)
    if given.write:
        (FOLDER / f"crash-{given.version}.json").write_text(figures + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
