"""Every fault on a real program, and what it does to the program, to its messages and to the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mqsim as mq
from tests.programs.texts import (
    AUTO,
    LASTING_PRODUCER,
    PRODUCER,
    lines,
    manual,
    outcomes_by_text,
    run,
)

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory

ALL_DONE = dict.fromkeys(["Task 1", "Task 2", "Task 3"], "acked")


def last_line(result: object, who: str) -> str:
    return lines(result, who)[-1]  # type: ignore[arg-type]


# -- crash ---------------------------------------------------------------------------------------------------


def test_a_killed_worker_with_automatic_acknowledgement_loses_all_it_has(carry: CarrierFactory) -> None:
    result = run(faults=[{"crash": "worker-1", "at": 3}], carry=carry)
    assert lines(result, "worker-1") == ["got Task 1", "done Task 1", "got Task 2", "* is killed"]
    assert outcomes_by_text(result) == {"Task 1": "acked", "Task 2": "lost", "Task 3": "lost"}
    assert result.programs[1] == ("worker-1", 137, 9, 3.0)
    reasons = dict(zip(result.events["copy"], result.events["detail"], strict=True))
    assert reasons[1] == "worker-1 died while working on it"
    assert reasons[2] == "it waited in the memory of worker-1"
    nothing_lost = result.checks()[0]
    assert nothing_lost.status.value == "broken"
    assert '#2 "Task 2" (lost)' in nothing_lost.sentence
    assert '#3 "Task 3" (lost)' in nothing_lost.sentence


def test_a_killed_worker_that_acknowledges_loses_nothing(carry: CarrierFactory) -> None:
    result = run(worker=manual(), count={"worker": 2}, faults=[{"kill": "worker-1", "at": 1}], carry=carry)
    assert lines(result, "worker-1") == ["got Task 1", "* is killed"]
    assert lines(result, "worker-2")[:-1] == [
        f"{verb} Task {n}" for n in (2, 1, 3) for verb in ("got", "done")
    ]
    assert outcomes_by_text(result) == ALL_DONE
    assert result.deliveries["how"].tolist() == ["returned", "acked", "acked", "acked"]
    assert result.deliveries["attempt"].tolist() == [1, 1, 2, 1]
    # The kernel closes the connection at 1 s; the broker hears of it half a millisecond later.
    assert result.deliveries["ended"][0] == pytest.approx(1.0005)
    assert result.trace.cast["worker-1"].up == [(0.0, 1.0)]


def test_acknowledging_first_loses_what_is_in_work() -> None:
    result = run(worker=manual(acknowledge_first=True), faults=[{"crash": "worker", "at": 3}])
    # The second task was acknowledged as its work began; the third waits at the worker, not acknowledged.
    assert outcomes_by_text(result) == {"Task 1": "acked", "Task 2": "lost", "Task 3": "ready"}
    assert result.deliveries["how"].tolist() == ["acked", "lost", "returned"]


def test_a_worker_is_started_again() -> None:
    result = run(worker=manual(), faults=[{"crash": "worker-1", "at": 1, "restart_after": 5}])
    assert lines(result, "worker-1")[:4] == ["got Task 1", "* is killed", "* starts again", "got Task 1"]
    assert outcomes_by_text(result) == ALL_DONE
    assert [(run.name, run.status) for run in result.programs] == [
        ("producer-1", 0),
        ("worker-1", 137),
        ("worker-1", None),
    ]
    assert [up[0] for up in result.trace.cast["worker-1"].up] == [0.0, 6.0]
    assert result.deliveries["started"][1] == pytest.approx(6.008)
    nothing_twice = result.checks()[1]
    assert nothing_twice.status.value == "holds"  # the first attempt was not finished


def test_a_crash_again_and_again() -> None:
    fault = {"crash": "worker", "every": {"exponential": {"mean": 5}}, "repair": 1}
    result = run(worker=manual(), until=60, faults=[fault])
    kills = [line.t for line in result.lines if line.text == "is killed"]
    starts = [line.t for line in result.lines if line.text == "starts again"]
    assert len(kills) >= 5
    assert starts == pytest.approx([t + 1 for t in kills if t + 1 < 60])
    assert outcomes_by_text(result) == ALL_DONE
    # The same seed gives the same times to a modelled actor of that name.
    modelled = mq.simulate(
        {
            "duration": 60,
            "broker": {"queues": {"q": {}}},
            "consumers": {"worker": {"queue": "q"}},
            "faults": [fault],
        }
    )
    crashes = modelled.events.query("kind == 'crashed'")["t"].tolist()
    assert kills == pytest.approx(crashes)


def test_what_was_under_way_when_its_producer_died_still_arrives() -> None:
    result = run(faults=[{"crash": "producer", "at": 0.0062}])
    assert outcomes_by_text(result) == ALL_DONE
    assert lines(result, "producer-1") == ["sent", "* is killed"]


# -- power, hanging, slowness --------------------------------------------------------------------------------


def test_without_power_only_the_heartbeat_tells(carry: CarrierFactory) -> None:
    result = run(
        worker=manual(options=", heartbeat=4"),
        count={"worker": 2},
        faults=[{"power_off": "worker-1", "at": 1}],
        carry=carry,
    )
    assert lines(result, "worker-1") == ["got Task 1", "* loses power"]
    # It was last heard with its subscription at 7.5 ms; two intervals of 4 s later it is given up.
    assert result.deliveries["ended"][0] == pytest.approx(8.0075)
    assert result.deliveries["consumer"].tolist()[-1] == "worker-2"
    assert outcomes_by_text(result) == ALL_DONE


def test_a_machine_without_power_and_without_heartbeats_is_never_missed() -> None:
    result = run(
        worker=manual(options=", heartbeat=0"), until=5000, faults=[{"power_off": "worker", "at": 1}]
    )
    assert outcomes_by_text(result)["Task 1"] == "unacked"


def test_a_hang_stretches_the_work_and_nothing_else() -> None:
    result = run(worker=manual(), faults=[{"hang": "worker", "at": 1, "for": 10}])
    # Its sleep was over at 2.008 s, but it stands still until 11 s.
    assert lines(result, "worker-1")[:5] == [
        "got Task 1",
        "* hangs",
        "* goes on",
        "done Task 1",
        "got Task 2",
    ]
    assert result.messages["finished"][0] == pytest.approx(11.0)
    assert outcomes_by_text(result) == ALL_DONE


def test_a_hang_beyond_two_heartbeats_costs_the_connection() -> None:
    result = run(
        worker=manual(options=", heartbeat=4"),
        count={"worker": 2},
        faults=[{"hang": "worker-1", "at": 1, "for": 10}],
    )
    assert result.deliveries["ended"][0] == pytest.approx(8.0075)
    told = lines(result, "worker-1")
    assert told[:5] == ["got Task 1", "* hangs", "* goes on", "done Task 1", "finally"]
    assert any("StreamLostError" in line for line in told)
    assert told[-1] == "* exits with status 1"
    assert outcomes_by_text(result) == ALL_DONE
    # Both came to the end of the first task: worker-1 only could not acknowledge it any more.
    nothing_twice = result.checks()[1]
    assert nothing_twice.status.value == "broken"
    assert nothing_twice.sentence == '1 message worked to the end more than once: producer-1 #1 "Task 1".'


def test_a_hang_for_ever_is_nothing_to_wait_for() -> None:
    result = run(worker=manual(options=", heartbeat=0"), faults=[{"hang": "worker", "at": 1}])
    assert result.trace.end == 1.0
    assert last_line(result, "worker-1") == "* hangs when the run ends"


def test_a_slow_machine_takes_longer_over_what_remains() -> None:
    result = run(worker=manual(), faults=[{"slow": "worker", "at": 1.008, "factor": 3, "for": 3}])
    began = result.messages["started"].tolist()
    finished = result.messages["finished"].tolist()
    # One of two seconds is left at 1.008 s and takes three, until 4.008 s; then it is itself again.
    assert finished[0] - began[0] == pytest.approx(4.0, abs=2e-5)
    assert finished[1] - began[1] == pytest.approx(2.0, abs=2e-5)


# -- the network ---------------------------------------------------------------------------------------------


def test_a_short_partition_holds_the_packets() -> None:
    result = run(worker=manual(), faults=[{"partition": ["worker-1", "broker"], "at": 1, "for": 5}])
    # The acknowledgement leaves at 2.008 s and is held until 6 s, and then takes its half millisecond.
    assert result.deliveries["finished"][0] == pytest.approx(2.008)
    assert result.deliveries["ended"][0] == pytest.approx(6.0005)
    assert outcomes_by_text(result) == ALL_DONE
    texts = [(line.who, line.text) for line in result.lines if line.stream == "event"]
    assert ("worker-1", "is cut off from the broker") in texts
    assert ("worker-1", "reaches the broker again") in texts


def test_a_long_partition_costs_the_connection_on_both_sides() -> None:
    result = run(
        worker=manual(options=", heartbeat=4"),
        count={"worker": 2},
        faults=[{"partition": ["worker-1", "broker"], "at": 1, "for": 60}],
    )
    assert result.deliveries["ended"][0] == pytest.approx(8.0075)
    told = lines(result, "worker-1")
    assert told[2] == "done Task 1"
    assert any("AMQPHeartbeatTimeout" in line for line in told)
    assert outcomes_by_text(result) == ALL_DONE


def test_a_connection_that_breaks() -> None:
    result = run(worker=manual(), faults=[{"drop_connection": "worker-1", "at": 1}])
    told = lines(result, "worker-1")
    assert told[:4] == ["got Task 1", "* has its connection broken", "done Task 1", "finally"]
    assert told[-1] == "* exits with status 1"
    assert outcomes_by_text(result) == dict.fromkeys(ALL_DONE, "ready")
    assert result.deliveries["ended"][0] == 1.0


# -- stopping ------------------------------------------------------------------------------------------------


def test_a_stop_is_ctrl_c(carry: CarrierFactory) -> None:
    result = run(worker=manual(), faults=[{"stop": "worker-1", "at": 1}], carry=carry)
    told = lines(result, "worker-1")
    assert told[:3] == ["got Task 1", "* gets Ctrl-C", "finally"]
    assert told[-2:] == ["! KeyboardInterrupt", "* exits with status 130"]
    assert result.programs[1] == ("worker-1", 130, 2, 1.0)
    assert outcomes_by_text(result)["Task 1"] == "ready"


def test_a_worker_that_catches_ctrl_c_and_leaves_in_order_has_not_done_its_task() -> None:
    polite = AUTO.replace(
        "channel.start_consuming()",
        "try:\n    channel.start_consuming()\nexcept KeyboardInterrupt:\n    pass",
    )
    result = run(worker=polite, faults=[{"stop": "worker", "at": 3}])
    assert last_line(result, "worker-1") == "* exits with status 0"
    assert outcomes_by_text(result) == {"Task 1": "acked", "Task 2": "lost", "Task 3": "lost"}


def test_a_restart_stops_and_starts() -> None:
    result = run(worker=manual(), faults=[{"restart": "worker-1", "at": 1, "down": 2}])
    assert result.trace.cast["worker-1"].up[0] == (0.0, 1.0)
    assert result.trace.cast["worker-1"].up[1][0] == 3.0
    assert outcomes_by_text(result) == ALL_DONE


def test_what_was_killed_can_be_restarted() -> None:
    faults = [{"kill": "worker", "at": 1}, {"restart": "worker", "at": 3}]
    result = run(worker=manual(), faults=faults)
    assert result.trace.cast["worker-1"].up[1][0] == 3.0
    assert outcomes_by_text(result) == ALL_DONE


def test_a_program_that_never_blocks_is_ended_and_the_rest_goes_on(carry: CarrierFactory) -> None:
    from mqsim.runs import ProgramOptions, play

    options = ProgramOptions(
        {
            "producer": mq.program("producer", PRODUCER),
            "worker": mq.program("worker", AUTO),
            "busy": mq.program("busy", "while True:\n    pass\n"),
        }
    )
    scenario = options.to_scenario()
    result = play(scenario, 0, until_quiet=True, carry=carry, cpu_limit=0.5)
    [line] = lines(result, "busy-1")
    assert line.startswith("* is ended after 0.5 s of processor time without waiting (busy.py, line")
    assert outcomes_by_text(result) == ALL_DONE


# -- the broker ----------------------------------------------------------------------------------------------


RETRYING = """
import time
import pika
def work(channel, method, properties, body):
    print("got", body.decode())
    time.sleep(2)
    channel.basic_ack(method.delivery_tag)
while True:
    try:
        connection = pika.BlockingConnection()
        channel = connection.channel()
        channel.queue_declare("tasks", durable=True)
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume("tasks", work)
        channel.start_consuming()
    except pika.exceptions.ConnectionClosedByBroker as error:
        print(error.reply_code, error.reply_text)
    except pika.exceptions.AMQPConnectionError as error:
        print(type(error).__name__)
    time.sleep(1)
"""


def test_a_clean_stop_of_the_broker_closes_with_320(carry: CarrierFactory) -> None:
    result = run(LASTING_PRODUCER, RETRYING, faults=[{"restart": "broker", "at": 1, "down": 3}], carry=carry)
    told = lines(result, "worker-1")
    assert told[0] == "got Task 1"
    assert told[1].startswith("320 CONNECTION_FORCED")
    # At 2.008 s it is through with the first task, tries again at 3.008 s, and finds nobody there until 4 s.
    assert told[2] == "AMQPConnectionError"
    assert told[3:6] == ["got Task 1", "got Task 2", "got Task 3"]
    assert result.deliveries["started"][1] == pytest.approx(4.009 + 0.0085, abs=0.002)
    assert outcomes_by_text(result) == ALL_DONE
    assert lines(result, "broker") == ["* stops", "* is up again"]


def test_a_killed_broker_tears_the_connections(carry: CarrierFactory) -> None:
    result = run(LASTING_PRODUCER, RETRYING, faults=[{"kill": "broker", "at": 1.5, "down": 1.5}], carry=carry)
    told = lines(result, "worker-1")
    assert told[:5] == ["got Task 1", "StreamLostError", "got Task 1", "got Task 2", "got Task 3"]
    assert outcomes_by_text(result) == ALL_DONE
    assert lines(result, "broker") == ["* is killed", "* is up again"]


def test_what_is_sent_to_a_dead_broker_is_lost() -> None:
    source = PRODUCER.replace('print("sent")', 'print("sent")\ntime.sleep(1)')
    result = run(source, "pass", faults=[{"kill": "broker", "at": 0.0062}])
    # The messages left at 6 ms and would have been there at 6.5 ms.
    assert outcomes_by_text(result) == dict.fromkeys(ALL_DONE, "lost")
    assert set(result.events.query("kind == 'lost'")["detail"]) == {
        "its connection was gone before it arrived"
    }


def test_a_connection_is_refused_while_the_broker_is_down() -> None:
    result = run("pass", AUTO, start={"worker": 2.0}, faults=[{"kill": "broker", "at": 1}])
    told = lines(result, "worker-1")
    assert told[-2] == "! pika.exceptions.AMQPConnectionError"
    assert told[-1] == "* exits with status 1"


def test_an_alarm_holds_up_who_publishes_and_nobody_else() -> None:
    result = run(start={"producer": 1.0, "worker": 0.0}, faults=[{"alarm": "memory", "at": 0.5, "for": 10}])
    # What left at 1.006 s lies there unread until 10.5 s.
    assert result.messages["published"].tolist() == pytest.approx([1.006] * 3)
    assert result.messages["enqueued"].tolist() == pytest.approx([10.5] * 3)
    assert outcomes_by_text(result) == ALL_DONE


def test_a_program_is_told_that_it_is_blocked() -> None:
    source = """
import pika
connection = pika.BlockingConnection()
channel = connection.channel()
connection.add_on_connection_blocked_callback(lambda _, frame: print("blocked:", frame.method.reason))
connection.add_on_connection_unblocked_callback(lambda _, frame: print("unblocked"))
channel.confirm_delivery()
channel.queue_declare("tasks")
channel.basic_publish("", "tasks", b"x")
connection.process_data_events()
"""
    result = run(source, "pass", start={"producer": 1.0}, faults=[{"alarm": "memory", "at": 0.5, "for": 10}])
    assert lines(result, "producer-1")[1:3] == ["blocked: low on memory", "unblocked"]


def test_one_node_of_a_cluster_takes_its_programs_along() -> None:
    source = """
import time, pika
for host in ("broker-2", "broker"):
    try:
        connection = pika.BlockingConnection(pika.ConnectionParameters(host))
        print("connected to", host)
        connection.sleep(5)
    except pika.exceptions.AMQPConnectionError as error:
        print(type(error).__name__)
"""
    result = mq.run_programs(
        {"p": mq.program("p", source)},
        scenario={"duration": 100, "broker": {"nodes": 3}},
        faults=[{"kill": "broker-2", "at": 1}],
    )
    assert [line.text for line in result.lines if line.who == "p-1"] == [
        "connected to broker-2",
        "StreamLostError",
        "connected to broker",
        "exits with status 0",
    ]


def test_a_broker_without_power_is_missed_by_the_programs_heartbeat() -> None:
    source = """
import pika
try:
    connection = pika.BlockingConnection(pika.ConnectionParameters(heartbeat=4))
    connection.channel().start_consuming()
    connection.sleep(1000)
except pika.exceptions.AMQPHeartbeatTimeout:
    print("missed")
"""
    result = mq.run_programs(
        {"p": mq.program("p", source)},
        scenario={
            "duration": 1000,
            "broker": {"nodes": 3},
            "faults": [{"power_off": "broker-1", "at": 60}],
        },
    )
    # pika looks every 9 s whether anything came since it looked last.
    [missed] = [line.t for line in result.lines if line.text == "missed"]
    assert 60 + 4 < missed <= 60 + 2 * 9 + 0.1
