"""stomp.py in virtual time, unmodified, in both carriers: what its programs print, hold and lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mqsim as mq
from mqsim.api.magic import program
from mqsim.guest.carriers.in_process import InProcess
from mqsim.trace.clients import ClientEventKind as Kind

if TYPE_CHECKING:
    from mqsim.api import ProgramsResult
    from mqsim.guest.carriers.carrier import CarrierFactory
    from mqsim.guest.carriers.fork_server import ForkServer

PRODUCER = """
import stomp
connection = stomp.Connection12([("localhost", 61613)], vhost="/")
connection.connect("guest", "guest", wait=True)
for number in (1, 2, 3):
    connection.send("/queue/tasks", f"task {number}", persistent="true")
print("sent three tasks")
connection.disconnect()
"""

WORKER = """
import sys, time
import stomp

class Worker(stomp.ConnectionListener):
    def on_message(self, frame):
        time.sleep(2)
        print("done:", frame.body)
        if sys.argv[1] != "auto":
            connection.ack(frame.headers["ack"])

connection = stomp.Connection12([("localhost", 61613)], vhost="/")
connection.set_listener("", Worker())
connection.connect("guest", "guest", wait=True)
connection.subscribe("/queue/tasks", id="1", ack=sys.argv[1], headers={"prefetch-count": "1"})
while True:
    time.sleep(60)
"""


def play(ack: str, carry: CarrierFactory | None = None, **options: Any) -> ProgramsResult:
    programs = {"producer": program("producer", PRODUCER), "worker": program("worker", WORKER)}
    return mq.run_programs(
        programs, args={"worker": [ack]}, count={"worker": 2}, until=30, carry=carry, **options
    )


def test_tasks_are_shared_and_done(carry: CarrierFactory) -> None:
    result = play("client-individual", carry)
    said = [(who, text) for _, who, _, text in result.lines if "task" in text]
    assert said == [
        ("producer-1", "sent three tasks"),
        ("worker-1", "done: task 1"),
        ("worker-2", "done: task 2"),
        ("worker-1", "done: task 3"),
    ]
    times = [t for t, _, _, text in result.lines if text.startswith("done: ")]
    assert times[0] == pytest.approx(2.0, abs=0.01)
    assert times[2] == pytest.approx(4.0, abs=0.01)
    assert list(result.messages.outcome) == ["acked"] * 3


def test_both_carriers_say_the_same(fork_server: ForkServer) -> None:
    assert play("client-individual", InProcess).lines == play("client-individual", fork_server).lines


@pytest.mark.parametrize(("ack", "lost"), [("auto", 3), ("client", 0), ("client-individual", 0)])
def test_a_worker_is_killed(carry: CarrierFactory, ack: str, lost: int) -> None:
    result = play(ack, carry, faults=[{"crash": "worker-1", "at": 1.0}])
    done = sorted(text for _, _, _, text in result.lines if text.startswith("done: "))
    # With ack:auto worker-1, which subscribes first, is sent all that waits, and all of it counts as done.
    assert len(set(done)) == 3 - lost
    assert list(result.messages.outcome).count("lost") == lost
    assert len(done) == len(set(done))


def test_what_the_record_says(carry: CarrierFactory) -> None:
    rows = play("client-individual", carry).trace.clients.rows
    worker = [row for row in rows if row.who == "worker-1"]
    kinds = [row.kind for row in worker]
    assert kinds[:3] == [Kind.PROCESS_STARTED, Kind.CONNECTION_OPENED, Kind.CONSUMED]
    assert kinds.count(Kind.ACKED) == kinds.count(Kind.CALLBACK_RETURNED) == 2
    consumed = worker[2]
    assert (consumed.queue, consumed.consumer_tag, consumed.auto_ack, consumed.prefetch) == (
        "tasks",
        "T_1",
        False,
        1,
    )
    published = [row for row in rows if row.kind is Kind.PUBLISHED]
    assert [(row.exchange, row.key, row.body_text, row.persistent) for row in published] == [
        ("", "tasks", f"task {number}", True) for number in (1, 2, 3)
    ]
    assert all(row.outcome == "ok" for row in published)
    producer = [row.kind for row in rows if row.who == "producer-1"]
    assert Kind.CONNECTION_CLOSED in producer


def test_amqp_and_stomp_programs_share_a_queue(carry: CarrierFactory) -> None:
    producer = """
import pika
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("tasks", durable=True)
for number in (1, 2, 3):
    channel.basic_publish("", "tasks", f"task {number}")
connection.close()
"""
    result = mq.run_programs(
        {"producer": program("producer", producer), "worker": program("worker", WORKER)},
        args={"worker": ["client"]},
        until=30,
        carry=carry,
    )
    done = [text for _, _, _, text in result.lines if text.startswith("done: ")]
    assert done == ["done: task 1", "done: task 2", "done: task 3"]


def test_a_listener_that_raises_is_told(carry: CarrierFactory) -> None:
    failing = WORKER.replace("        time.sleep(2)\n", '        raise ValueError("no")\n')
    result = mq.run_programs(
        {"producer": program("producer", PRODUCER), "worker": program("worker", failing)},
        args={"worker": ["client-individual"]},
        until=30,
        carry=carry,
    )
    raised = [row for row in result.trace.clients.rows if row.kind is Kind.CALLBACK_RAISED]
    assert [row.text for row in raised] == ["ValueError: no"]


def test_the_machine_as_a_virtual_host_is_explained() -> None:
    text = PRODUCER.replace(', vhost="/"', "")
    result = mq.run_programs({"producer": program("producer", text)})
    assert any("write vhost=" in line[3] for line in result.lines)


def test_a_kill_of_the_broker_ends_connections(carry: CarrierFactory) -> None:
    result = play("client-individual", carry, faults=[{"kill": "broker", "at": 1.0, "down": 1}])
    ends = [row.text for row in result.trace.clients.rows if row.kind is Kind.CONNECTION_DROPPED]
    assert ends[:2] == ["broker gone", "broker gone"]


RECONNECTING = """
import time
import stomp

def connect_and_subscribe():
    connection.connect("guest", "guest", wait=True)
    connection.subscribe("/queue/tasks", id="1", ack="client-individual", headers={"prefetch-count": "1"})

class Worker(stomp.ConnectionListener):
    def on_message(self, frame):
        time.sleep(2)
        print("done:", frame.body)
        connection.ack(frame.headers["ack"])

    def on_disconnected(self):
        connect_and_subscribe()

connection = stomp.Connection12([("localhost", 61613)], vhost="/")
connection.set_listener("", Worker())
connect_and_subscribe()
while True:
    time.sleep(60)
"""


def cut(carry: CarrierFactory, *times: float) -> ProgramsResult:
    return mq.run_programs(
        {"producer": program("producer", PRODUCER), "worker": program("worker", RECONNECTING)},
        faults=[{"drop_connection": "worker-1", "at": at} for at in times],
        until=40,
        carry=carry,
    )


def test_a_worker_whose_connection_is_cut_at_every_step_loses_nothing(carry: CarrierFactory) -> None:
    rows = cut(carry).trace.clients.rows
    moments = sorted({row.t for row in rows if row.who == "worker-1" and row.t > 0})
    # Just after each step its frame is on its way; at a whole second nothing is.
    tried = [moment + later for moment in moments for later in (0.0001, 0.0006)] + [1.0, 3.0]
    repeated = 0
    for at in tried:
        result = cut(carry, at)
        done = [text for _, _, _, text in result.lines if text.startswith("done: ")]
        assert set(done) == {"done: task 1", "done: task 2", "done: task 3"}, at
        assert list(result.messages.outcome) == ["acked"] * 3
        acked = [row for row in result.trace.clients.rows if row.kind is Kind.ACKED and row.outcome == "ok"]
        # Each message was acknowledged once; what was done beside that, was done without one that arrived.
        assert len(acked) == 3, at
        repeated += len(done) - 3
    assert repeated > 0
