"""One real consumer: works as long as each message says, and tells when it began and ended.

It is a program of its own. Its first line of input is its job, as JSON; it ends when its input does. It
answers in lines of JSON: that it is ready, how many messages it has done, and at the end all their times.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pika

if TYPE_CHECKING:
    from pika.adapters.blocking_connection import BlockingChannel

TELL_EVERY = 0.2
_SPIN = 5e-4
"""The last half millisecond is waited for awake: a sleep ends late by about a tenth of that."""


def pause(until: float) -> None:
    """Wait for a time of the monotonic clock, to within some microseconds."""
    while (left := until - time.monotonic()) > 0.0:
        if left > _SPIN:
            time.sleep(left - _SPIN)


def say(**line: Any) -> None:
    """A line for whoever started this program."""
    print(json.dumps(line), flush=True)


def main() -> None:
    """Take messages until the input ends."""
    job = json.loads(sys.stdin.readline())
    parameters = pika.URLParameters(job["url"])
    parameters.heartbeat = 0
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    if job["prefetch"]:
        channel.basic_qos(prefetch_count=job["prefetch"])
    done: list[tuple[str, float, float]] = []
    told = 0.0

    def work(channel: BlockingChannel, method: Any, properties: Any, _: bytes) -> None:
        nonlocal told
        started = time.monotonic()
        if job["ack"] == "early":
            channel.basic_ack(method.delivery_tag)
        pause(started + float(properties.headers["work"]) / job["speed"])
        finished = time.monotonic()
        if job["ack"] == "manual":
            channel.basic_ack(method.delivery_tag)
        done.append((properties.message_id, started, finished))
        if finished - told > TELL_EVERY:
            told = finished
            say(done=len(done))

    channel.basic_consume(
        job["queue"], work, auto_ack=job["ack"] == "auto", arguments={"x-priority": job["priority"]}
    )
    threading.Thread(target=_end, args=(connection, channel), daemon=True).start()
    say(ready=True)
    while channel.is_open:
        connection.process_data_events(time_limit=TELL_EVERY)
        say(done=len(done))
        if not channel.consumer_tags:
            break
    say(times=done)
    connection.close()


def _end(connection: pika.BlockingConnection, channel: BlockingChannel) -> None:
    """When the input ends, so does the work."""
    sys.stdin.read()
    connection.add_callback_threadsafe(channel.stop_consuming)


if __name__ == "__main__":
    main()
