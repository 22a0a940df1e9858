"""One real producer: publishes each message at its time, and tells when it did.

It is a program of its own. Its first line of input is its job, as JSON, the second the time at which to
start, by the monotonic clock. It answers in lines of JSON.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time

import pika

from mqsim.live.worker import TELL_EVERY, pause, say

_ALIVE = 5.0


def main() -> None:
    """Publish until the last message is out."""
    job = json.loads(sys.stdin.readline())
    parameters = pika.URLParameters(job["url"])
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    if job["confirmed"]:
        channel.confirm_delivery()
    say(ready=True)
    line = sys.stdin.readline()
    if not line:
        return
    begin = json.loads(line)["begin"]
    body, told = bytes(job["size"]), 0.0
    times: list[tuple[str, float]] = []
    for number, (at, exchange, key, work, priority, expiration) in enumerate(job["sends"]):
        while begin + at - time.monotonic() > _ALIVE:
            connection.process_data_events(time_limit=1.0)
        pause(begin + at)
        name = f"{job['name']} {number}"
        properties = pika.BasicProperties(
            message_id=name,
            headers={"work": repr(work)},  # pika writes no floating-point numbers
            priority=priority,
            delivery_mode=2 if job["persistent"] else 1,
            expiration=None if expiration is None else str(round(1000 * expiration)),
        )
        times.append((name, time.monotonic()))
        # What a full queue refuses is missing at the end, as it is in a simulation.
        with contextlib.suppress(pika.exceptions.NackError):
            channel.basic_publish(exchange, key, body, properties)
        if times[-1][1] - told > TELL_EVERY:
            told = times[-1][1]
            say(done=len(times))
    connection.close()
    say(times=times)


if __name__ == "__main__":
    main()
