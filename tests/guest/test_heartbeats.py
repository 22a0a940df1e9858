"""Heartbeats that pass while a program waits: nobody sees a difference, and they cost little."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest

import mqsim as mq
from mqsim.api.magic import program

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory

CONSUMER = """
import logging, sys, threading, time
import pika
if {logs}:  # a program that logs what pika does gets each heartbeat at its own time
    logging.getLogger("pika.heartbeat").addHandler(logging.NullHandler())
    logging.getLogger("pika.heartbeat").setLevel(logging.DEBUG)
    logging.getLogger("pika.heartbeat").propagate = False
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost", heartbeat=10))
channel = connection.channel()
channel.queue_declare("q")
def work(channel, method, properties, body):
    print(body.decode(), connection._impl.bytes_received, connection._impl.bytes_sent)
    channel.basic_ack(method.delivery_tag)
channel.basic_consume("q", work)
{more}
try:
    channel.start_consuming()
except pika.exceptions.AMQPError as error:
    print(type(error).__name__, error, flush=True)
"""
SENDER = """
import time
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost", heartbeat=0))
channel = connection.channel()
for n in range(40):
    channel.basic_publish("", "q", f"task {n}".encode())
    time.sleep(n * 0.7 + 0.31)
"""
THREAD = """
def later():
    time.sleep(47.3)
    print("from a thread")
    connection.add_callback_threadsafe(lambda: print("in the loop"))
    time.sleep(30)
    connection.add_callback_threadsafe(channel.stop_consuming)
threading.Thread(target=later).start()
"""


def played(logs: bool, more: str, carry: CarrierFactory, **options: Any) -> list[tuple[float, str, str, str]]:
    programs = {
        "worker": program("worker", CONSUMER.format(logs=logs, more=textwrap.dedent(more))),
        "sender": program("sender", SENDER),
    }
    result = mq.run_programs(programs, until=900.0, start={"sender": 1.0}, carry=carry, **options)
    return [(line.t, line.who, line.stream, line.text) for line in result.lines]


@pytest.mark.parametrize(
    ("more", "faults"),
    [
        ("", []),
        (THREAD, []),
        ("", [{"partition": ["worker-1", "broker"], "at": 90.3, "for": 100.0}]),
        ("", [{"hang": "worker-1", "at": 33.3, "for": 40.0}]),
        ("", [{"stop": "worker-1", "at": 200.0}]),
    ],
    ids=["messages", "thread", "partition", "hang", "interrupt"],
)
def test_it_is_as_if_pika_had_seen_to_each(
    more: str, faults: list[dict[str, Any]], carry: CarrierFactory
) -> None:
    """Two ways through the same code of pika's: with its own loop for each heartbeat, and without."""
    assert played(False, more, carry, faults=faults) == played(True, more, carry, faults=faults)


def test_a_silent_broker_is_noticed_when_pika_looks(carry: CarrierFactory) -> None:
    """pika looks every 15 s, the interval and 5 s more; cut off at 40, it hears nothing from 45 to 60."""
    cut = [{"partition": ["worker-1", "broker"], "at": 40.0, "for": 500.0}]
    source = CONSUMER.format(logs=False, more="")
    result = mq.run_programs({"worker": program("worker", source)}, until=300.0, faults=cut, carry=carry)
    (line,) = [line for line in result.lines if "Heartbeat" in line.text]
    assert line.text.startswith("AMQPHeartbeatTimeout")
    assert 60.0 < line.t < 60.1


def test_an_idle_consumer_hardly_wakes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour of heartbeats every 30 s in each direction, and a look every 65 s: 290 turns of pika's loop."""
    turns: list[object] = []
    select = pytest.importorskip("pika.adapters.select_connection")
    real = select.IOLoop.process_timeouts

    def process_timeouts(loop: object) -> None:
        turns.append(loop)
        real(loop)

    monkeypatch.setattr(select.IOLoop, "process_timeouts", process_timeouts)
    source = CONSUMER.format(logs=False, more="").replace("heartbeat=10", "heartbeat=60")
    scenario = {"duration": 3600.0, "programs": {"worker": {"source": source}}}
    mq.simulate(scenario)
    assert len(turns) < 50


def test_a_poll_that_ends_at_once_leaves_nothing_behind(carry: CarrierFactory) -> None:
    """The next poll of this program waits for a timer of its own, not for heartbeats alone."""
    source = """
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost", heartbeat=10))
connection.channel().queue_declare("q")
connection.sleep(0.4)
connection.call_later(21, lambda: print("after 21 s"))
connection.process_data_events(30)
connection.sleep(4)
connection.close()
print("closed")
"""
    result = mq.run_programs({"worker": program("worker", source)}, until=300.0, carry=carry)
    found = [(round(line.t, 1), line.text) for line in result.lines]
    assert found == [(21.4, "after 21 s"), (25.4, "closed"), (25.4, "exits with status 0")]
