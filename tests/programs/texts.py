"""Programs for the tests, and the times that they take, worked out from the protocol.

A round trip is two latencies of 0.5 ms. To open a connection takes four (TCP; protocol header and start;
start-ok and tune; open and open-ok), a channel one, a declaration one, a subscription one; to close a channel
one, and a connection one.
"""

from __future__ import annotations

from typing import Any

from mqsim.api import ProgramsResult, run_programs
from mqsim.api.magic import program

TRIP = 0.001
LATENCY = TRIP / 2
DECLARED = 6 * TRIP
"""Seconds after its start at which a program has declared its queue."""
SUBSCRIBED = 7 * TRIP
"""Seconds after its start at which a consumer that sets no prefetch knows that it is subscribed."""

_HEAD = """
import time
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"{options}))
channel = connection.channel()
channel.queue_declare(queue="tasks"{durable})
"""

PRODUCER = (
    _HEAD.format(options="", durable="")
    + """
for n in (1, 2, 3):
    channel.basic_publish(exchange="", routing_key="tasks", body=f"Task {n}")
print("sent")
connection.close()
"""
)

LASTING_PRODUCER = (
    _HEAD.format(options="", durable=", durable=True")
    + """
lasting = pika.BasicProperties(delivery_mode=2)
for n in (1, 2, 3):
    channel.basic_publish(exchange="", routing_key="tasks", body=f"Task {n}", properties=lasting)
print("sent")
connection.close()
"""
)

_WORK = """
def work(channel, method, properties, body):
    print("got", body.decode())
    time.sleep(2)
    print("done", body.decode())
"""

AUTO = (
    _HEAD.format(options="", durable="")
    + _WORK
    + """
channel.basic_consume(queue="tasks", on_message_callback=work, auto_ack=True)
channel.start_consuming()
"""
)


def manual(durable: bool = False, options: str = "", acknowledge_first: bool = False) -> str:
    """A consumer that acknowledges after its work (or, a mistake, before), one message at a time."""
    ack = "    channel.basic_ack(method.delivery_tag)\n"
    first, *rest = _WORK.strip("\n").splitlines(keepends=True)
    body = "".join([first, ack, *rest]) if acknowledge_first else _WORK + ack
    return (
        _HEAD.format(options=options, durable=", durable=True" if durable else "")
        + body
        + "\n\nchannel.basic_qos(prefetch_count=1)\n"
        'channel.basic_consume(queue="tasks", on_message_callback=work)\n'
        "try:\n    channel.start_consuming()\nfinally:\n    print('finally')\n"
    )


def run(producer: str = PRODUCER, worker: str = AUTO, **options: Any) -> ProgramsResult:
    """Run one producer of that text, and workers of that."""
    return run_programs(
        {"producer": program("producer", producer), "worker": program("worker", worker)}, **options
    )


def lines(result: ProgramsResult, who: str) -> list[str]:
    """What one program printed, and what happened to it, without times."""
    marks = {"stdout": "", "stderr": "! ", "event": "* "}
    return [marks[line.stream] + line.text for line in result.lines if line.who == who]


def outcomes_by_text(result: ProgramsResult) -> dict[str, str]:
    """What became of each message, by its text."""
    outcomes = result.messages["outcome"].tolist()
    return {result.trace.texts[row]: outcome for row, outcome in enumerate(outcomes)}
