"""What real pika programs cost: `python -m benchmarks.pika_cases CASE` prints one line of JSON.

A run is one fresh process. The clock covers the world's work alone: the imports, and one small run that warms
up, come before it. Both the wall's clock and the processor's are read, as a busy machine stretches the first.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mqsim as mq

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD = """
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"{options}))
channel = connection.channel()
channel.queue_declare(queue="tasks")
"""
PRODUCER = (
    _HEAD.format(options="")
    + """
for n in range({count}):
    channel.basic_publish(exchange="", routing_key="tasks", body=b"x" * 100)
connection.close()
"""
)
CONSUMER = (
    _HEAD
    + """
def work(channel, method, properties, body):
    channel.basic_ack(method.delivery_tag)
channel.basic_qos(prefetch_count={prefetch})
channel.basic_consume(queue="tasks", on_message_callback=work)
channel.start_consuming()
"""
)
_HOUR = 3600.0
_EXECS = 5


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is measured.

    Attributes:
        title: what it is, with the unit of its figure.
        limit: what the figure is to stay below, in seconds.
        measure: runs it, at full length or (`quick`) a shorter one; gives how many parts the time is divided
            by.
        quick: what is shorter about the quick form; empty if nothing is.
    """

    title: str
    limit: float
    measure: Callable[[bool], float]
    quick: str = ""


def _consumer(options: str = "", prefetch: int = 1) -> str:
    return CONSUMER.format(options=options, prefetch=prefetch)


def _play(producer: str, consumer: str, consumers: int) -> mq.Result:
    programs = {"producer": mq.program("producer", producer), "worker": mq.program("worker", consumer)}
    return mq.run_programs(programs, count={"worker": consumers})


def _exec(quick: bool) -> float:
    for _ in range(_EXECS):
        _check(_play(PRODUCER.format(count=3), _consumer(), 3), 3)
    return _EXECS


def _messages(quick: bool) -> float:
    count = 1_000 if quick else 10_000
    _check(_play(PRODUCER.format(count=count), _consumer(prefetch=100), 1), count)
    return count


def _check(result: mq.Result, count: int) -> None:
    done = int((result.messages["outcome"] == "acked").sum())
    if done != count:
        raise SystemExit(f"{done} of {count} messages were worked to their end")


def _crowd(quick: bool) -> float:
    _idle(200, 60.0, "")
    return 1


def _idle(programs: int, seconds: float, options: str) -> None:
    result = mq.simulate(
        {
            "duration": seconds,
            "network": {"latency": 0.0005},
            "programs": {"worker": {"source": _consumer(options), "count": programs}},
        }
    )
    subscribed = int((result.events["kind"] == "subscribed").sum())
    if subscribed != programs:
        raise SystemExit(f"{subscribed} of {programs} consumers subscribed")


def _silent(quick: bool) -> float:
    _idle(200, 24 * _HOUR, ", heartbeat=0")
    return 1


def _beating(quick: bool) -> float:
    hours = 3 if quick else 24
    _idle(200, hours * _HOUR, "")
    return hours / 24


CASES = {
    "exec": Case("a producer and three consumers, three messages: s a run", 0.05, _exec),
    "messages": Case("publish, deliver and acknowledge: s a message", 250e-6, _messages, "1,000 messages"),
    "crowd": Case("200 programs that connect and subscribe at once: s", 1.0, _crowd),
    "idle": Case("200 idle consumers, 24 virtual hours, no heartbeats: s", 10.0, _silent),
    "beating": Case(
        "200 idle consumers, 24 virtual hours, a heartbeat a minute: s",
        30.0,
        _beating,
        "3 hours, times 8",
    ),
}


def main(name: str, quick: bool) -> None:
    """Measure one case, and print what it cost."""
    _check(_play(PRODUCER.format(count=1), _consumer(), 1), 1)
    _idle(1, 1.0, "")
    walls, processors = [], []
    for _ in range(3 if name == "exec" else 1):
        wall, processor = time.perf_counter(), time.process_time()
        parts = CASES[name].measure(quick)
        walls.append((time.perf_counter() - wall) / parts)
        processors.append((time.process_time() - processor) / parts)
    print(json.dumps({"wall": statistics.median(walls), "processor": statistics.median(processors)}))


if __name__ == "__main__":
    main(sys.argv[1], "--quick" in sys.argv)
