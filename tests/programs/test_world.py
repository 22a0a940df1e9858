"""Programs and modelled actors in one world: the trace that they leave, worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import mqsim as mq
from mqsim.errors import ScenarioError, UsageError
from tests.programs.texts import (
    AUTO,
    DECLARED,
    LASTING_PRODUCER,
    LATENCY,
    PRODUCER,
    SUBSCRIBED,
    TRIP,
    lines,
    manual,
    outcomes_by_text,
    run,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mqsim.guest.carriers.carrier import CarrierFactory


def near(*values: float) -> object:
    return pytest.approx(values, abs=5e-6, nan_ok=True)


def test_the_first_example_to_the_millisecond(carry: CarrierFactory) -> None:
    result = run(carry=carry)
    assert result.transcript() == (
        "    0.006000  producer-1  sent\n"
        "    0.007000  worker-1    got Task 1\n"
        "    0.008000  producer-1  * exits with status 0\n"
        "    2.007000  worker-1    done Task 1\n"
        "    2.007000  worker-1    got Task 2\n"
        "    4.007000  worker-1    done Task 2\n"
        "    4.007000  worker-1    got Task 3\n"
        "    6.007000  worker-1    done Task 3\n"
        "    6.007000  worker-1    * waits in worker.py, line 14"
    )
    assert result.programs[0] == ("producer-1", 0, 0, pytest.approx(0.008))
    assert result.programs[1] == ("worker-1", None, None, None)
    assert result.trace.end == pytest.approx(6.007)


def test_every_column_of_its_messages() -> None:
    messages = run().messages
    assert messages["producer"].tolist() == ["producer-1"] * 3
    assert messages["number"].tolist() == [0, 1, 2]
    assert messages["queue"].tolist() == ["tasks"] * 3
    assert messages["created"].tolist() == near(*[DECLARED] * 3)
    assert messages["published"].tolist() == near(*[DECLARED] * 3)
    assert messages["enqueued"].tolist() == near(*[DECLARED + LATENCY] * 3)
    assert messages["delivered"].tolist() == near(*[DECLARED + LATENCY] * 3)
    assert messages["acked"].tolist() == near(*[DECLARED + LATENCY] * 3)
    assert messages["started"].tolist() == near(SUBSCRIBED, SUBSCRIBED + 2, SUBSCRIBED + 4)
    assert messages["finished"].tolist() == near(SUBSCRIBED + 2, SUBSCRIBED + 4, SUBSCRIBED + 6)
    assert messages["consumer"].tolist() == ["worker-1"] * 3
    assert messages["outcome"].tolist() == ["acked"] * 3


def test_every_column_of_its_deliveries_under_manual_acknowledgement() -> None:
    result = run(worker=manual())
    deliveries = result.deliveries
    # The subscription, after a round trip for the prefetch, leaves at 7 ms and is there at 7.5 ms.
    sent = [0.0075, 2.0085, 4.0095]
    began = [s + LATENCY for s in sent]
    assert deliveries["sent"].tolist() == near(*sent)
    assert deliveries["received"].tolist() == near(*began)
    assert deliveries["started"].tolist() == near(*began)
    assert deliveries["finished"].tolist() == near(*[s + 2 for s in began])
    assert deliveries["ended"].tolist() == near(*[s + 2 + LATENCY for s in began])
    assert deliveries["how"].tolist() == ["acked"] * 3
    assert deliveries["attempt"].tolist() == [1, 1, 1]


def test_who_took_part() -> None:
    result = run(worker=manual(), count={"worker": 2}, start={"worker": 1.0})
    cast = result.trace.cast
    assert {name: actor.role for name, actor in cast.items()} == {
        "producer-1": "producer",
        "worker-1": "consumer",
        "worker-2": "consumer",
    }
    worker = cast["worker-2"]
    assert (worker.group, worker.queue, worker.ack, worker.prefetch) == ("worker", "tasks", "manual", 1)
    assert worker.up[0][0] == 1.0
    assert cast["producer-1"].up == [(0.0, pytest.approx(0.008))]
    assert result.trace.counts["producer-1"].published == 3
    assert result.summary()["consumers"]["worker-1"]["handled"] == 2
    checks = {check.name: check.status.value for check in result.checks()}
    assert checks["prefetch_respected"] == "holds"
    assert checks["order_kept"] == "holds"


def test_a_message_is_named_by_its_text() -> None:
    timeline = run().timeline()
    assert 'worker-1    starts producer-1 #2 "Task 2"' in timeline
    long = PRODUCER.replace("Task {n}", "a text that goes on and on, beyond all measure {n}")
    assert '#1 "a text that goes on and on, …"' in run(long).timeline()
    assert run(PRODUCER.replace('body=f"Task {n}"', "body=bytes([0, n])")).trace.texts == {}


def test_both_carriers_and_all_runs_are_equal(carry: CarrierFactory) -> None:
    options = {"count": {"worker": 3}, "faults": [{"crash": "worker-2", "at": 1, "restart_after": 1}]}
    first = run(worker=manual(), **options)
    second = run(worker=manual(), carry=carry, **options)
    assert first.transcript() == second.transcript()
    assert (first.digest(), first.event_digest()) == (second.digest(), second.event_digest())


def test_modelled_actors_work_beside_programs() -> None:
    scenario = mq.Scenario(
        duration=20.0,
        network={"latency": LATENCY},
        broker={"queues": {"tasks": {"durable": False}}},
        consumers={"model": {"queue": "tasks", "service": 3.0}},
        programs={
            "producer": {"source": PRODUCER},
            "worker": {"source": manual(), "start": 0.5},
        },
    )
    result = mq.simulate(scenario)
    # The model takes the first task at 6.5 ms + 0.5 ms for 3 s. The program is there at 0.5075 s, takes the
    # second, and the third at 2.5085 s.
    assert result.deliveries["consumer"].tolist() == ["model-1", "worker-1", "worker-1"]
    assert result.deliveries["started"].tolist() == near(0.007, 0.508, 2.509)
    assert result.messages["finished"].tolist() == near(3.007, 2.508, 4.509)
    assert result.messages["outcome"].tolist() == ["acked"] * 3


def test_programs_work_on_what_models_publish() -> None:
    result = mq.simulate(
        {
            "until": "drained",
            "network": {"latency": LATENCY},
            "broker": {"queues": {"tasks": {"durable": False}}},
            "producers": {"web": {"to": "tasks", "arrivals": {"every": 5}, "messages": 2, "size": 7}},
            "programs": {"worker": {"source": manual().replace("body.decode()", "len(body)")}},
        }
    )
    assert lines(result, "worker-1")[:4] == ["got 7", "done 7", "got 7", "done 7"]  # type: ignore[arg-type]
    assert result.trace.complete
    # Published at 5 s, it is there a round trip later and acknowledged 2 s and a latency after that.
    assert result.trace.end == pytest.approx(5 + TRIP + 2 + LATENCY)


def test_a_link_of_its_own() -> None:
    result = run(
        scenario={
            "duration": 100,
            "network": {"latency": LATENCY, "links": [{"between": ["worker-1", "broker"], "latency": 0.1}]},
        }
    )
    assert result.messages["delivered"][0] == pytest.approx(7 * 0.2 - 0.1)
    assert result.messages["started"][0] == pytest.approx(7 * 0.2)


def test_a_bandwidth_of_its_own() -> None:
    big = PRODUCER.replace('f"Task {n}"', "bytes(100_000)").replace("(1, 2, 3)", "(1,)")
    result = run(
        big,
        scenario={
            "duration": 100,
            "network": {"links": [{"between": ["producer", "broker"], "bandwidth": 100_000}]},
        },
    )
    took = result.messages["enqueued"][0] - result.messages["published"][0]
    assert 1.0 < took < 1.01  # the body, and about a hundred bytes of frames


def test_the_brokers_own_time() -> None:
    result = run(
        worker=manual(),
        scenario={
            "duration": 100,
            "network": {"latency": LATENCY},
            "broker": {"costs": {"publish": 0.5, "deliver": 0.25}},
        },
    )
    # Three publishes leave together, and take their turns as one; a delivery takes its own.
    assert result.messages["enqueued"].tolist() == near(*[DECLARED + LATENCY + 1.5] * 3)
    received = result.deliveries["received"] - result.deliveries["sent"]
    assert received.tolist() == near(*[0.25 + LATENCY] * 3)


def test_what_a_program_publishes_in_a_callback_has_a_parent() -> None:
    relay = AUTO.replace(
        'print("done", body.decode())',
        'channel.queue_declare("next"); channel.basic_publish("", "next", b"next of " + body)',
    )
    result = run(worker=relay)
    messages = result.messages
    assert messages["parent"].tolist() == [-1, -1, -1, 0, 1, 2]
    assert messages["producer"].tolist()[3:] == ["worker-1"] * 3
    assert result.trace.texts[4] == "next of Task 2"


def test_confirms_returns_and_refusals_are_counted() -> None:
    source = """
import pika
connection = pika.BlockingConnection()
channel = connection.channel()
channel.confirm_delivery()
channel.queue_declare("short", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
for key in ("short", "short", "nowhere"):
    try:
        channel.basic_publish("", key, b"x", mandatory=True)
        print("taken")
    except Exception as error:
        print(type(error).__name__)
"""
    result = mq.run_programs({"p": mq.program("p", source)})
    assert [line.text for line in result.lines][:3] == ["taken", "NackError", "UnroutableError"]
    assert result.messages["outcome"].tolist() == ["ready", "refused", "unroutable"]
    counts = result.trace.counts["p-1"]
    assert (counts.published, counts.confirmed, counts.nacked, counts.returned) == (3, 2, 1, 1)


def test_a_publish_to_an_exchange_that_is_not_there_is_lost() -> None:
    source = """
import pika
connection = pika.BlockingConnection()
channel = connection.channel()
channel.basic_publish("nowhere", "x", b"first")
channel.basic_publish("nowhere", "x", b"second")
try:
    channel.queue_declare("tasks")
except pika.exceptions.ChannelClosedByBroker as error:
    print(error.reply_code)
channel = connection.channel()
channel.queue_declare("tasks")
channel.basic_publish("", "tasks", b"third")
connection.close()
"""
    result = mq.run_programs({"p": mq.program("p", source)})
    assert [line.text for line in result.lines] == ["404", "exits with status 0"]
    assert outcomes_by_text(result) == {"first": "lost", "second": "lost", "third": "ready"}


PULLING = """
import time, pika
connection = pika.BlockingConnection()
channel = connection.channel()
channel.queue_declare("tasks")
while True:
    method, _, body = channel.basic_get("tasks", auto_ack=True)
    if method is None:
        break
    time.sleep(2)
connection.close()
"""

GENERATING = """
import time, pika
connection = pika.BlockingConnection()
channel = connection.channel()
channel.queue_declare("tasks")
for method, _, body in channel.consume("tasks", auto_ack=True, inactivity_timeout=1):
    if method is None:
        break
    time.sleep(2)
connection.close()
"""


@pytest.mark.parametrize("source", [PULLING, GENERATING])
def test_what_a_program_asks_for_is_done_when_it_asks_again(source: str) -> None:
    result = run(worker=source, start={"worker": 1.0})
    took = result.messages["finished"] - result.messages["started"]
    assert took.tolist() == near(2, 2, 2)
    assert outcomes_by_text(result) == dict.fromkeys(["Task 1", "Task 2", "Task 3"], "acked")
    killed = run(worker=source, start={"worker": 1.0}, faults=[{"crash": "worker", "at": 4}])
    # The first is done, the second in hand; one that pulls has not asked for the third.
    third = "ready" if source == PULLING else "lost"
    assert outcomes_by_text(killed) == {"Task 1": "acked", "Task 2": "lost", "Task 3": third}


def test_without_an_end_a_scenario_runs_to_its_duration() -> None:
    result = mq.simulate({"duration": 50, "programs": {"worker": {"source": AUTO}}})
    assert result.trace.end == 50.0


def test_programs_from_files_with_arguments_and_modules_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "said.py").write_text("WORD = 'hello'\n")
    (tmp_path / "main.py").write_text("import sys, said\nprint(said.WORD, sys.argv[1:])\n")
    (tmp_path / "s.yaml").write_text(
        "duration: 1\nprograms: {main: {file: main.py, count: 2, args: [a, b]}}\n"
    )
    result = mq.simulate(tmp_path / "s.yaml")
    assert lines(result, "main-2") == ["hello ['a', 'b']", "* exits with status 0"]  # type: ignore[arg-type]
    direct = mq.run_programs({"main": tmp_path / "main.py"}, args={"main": ["c"]})
    assert lines(direct, "main-1")[0] == "hello ['c']"


def test_a_definitions_file(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(
        '{"queues": [{"name": "there", "vhost": "/", "durable": true, "auto_delete": false, '
        '"arguments": {}}]}'
    )
    source = """
import pika
channel = pika.BlockingConnection().channel()
print(channel.queue_declare("there", passive=True).method)
"""
    result = mq.run_programs({"p": mq.program("p", source)}, definitions=path)
    assert lines(result, "p-1")[0].startswith("<Queue.DeclareOk")


def test_the_chance_of_each_life_and_each_actor() -> None:
    source = "import random, time\nprint(random.random())\ntime.sleep(3)\n"
    kept = mq.run_programs({"p": mq.program("p", source)}, count={"p": 2})
    again = mq.run_programs(
        {"p": mq.program("p", source)}, count={"p": 2}, faults=[{"crash": "p-1", "at": 1, "restart_after": 1}]
    )
    other = mq.run_programs({"p": mq.program("p", source)}, seed=1)
    numbers = [lines(result, name)[0] for result in (kept, other) for name in ("p-1",)]
    numbers += [lines(kept, "p-2")[0], lines(again, "p-1")[3]]
    assert len(set(numbers)) == 4
    assert lines(kept, "p-1")[0] == lines(again, "p-1")[0]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"programs": {}}, "nothing to run"),
        ({"programs": {"w": "nowhere.py"}}, r"nowhere\.py: there is no such file, for program w"),
        ({"programs": {"w": len}}, "can't be a program"),
        ({"count": {"x": 2}}, "count names 'x'"),
        ({"count": {"w": -1}}, r"programs\.w\.count"),
        ({"faults": [{"crash": "x", "at": 1}]}, r"faults\.0\.crash"),
        ({"profile": "5"}, r"broker\.profile"),
        ({"until": -1}, "duration"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(call: dict[str, object], said: str) -> None:
    given: dict[str, object] = {"programs": {"w": mq.program("w", "pass")}, **call}
    with pytest.raises((UsageError, ScenarioError), match=said):
        mq.run_programs(**given)  # type: ignore[arg-type]


def test_a_world_alone_refuses_programs() -> None:
    from mqsim.sim import World

    with pytest.raises(ScenarioError, match="programs"):
        World(mq.Scenario(duration=1, programs={"w": {"source": "pass"}}))


def test_a_program_is_a_file_or_a_text() -> None:
    for wrong in ({}, {"file": "x.py", "source": "pass"}):
        with pytest.raises(ScenarioError, match=r"programs\.w"):
            mq.Scenario(duration=1, programs={"w": wrong})


def test_lasting_messages_are_persistent() -> None:
    result = run(LASTING_PRODUCER, manual(durable=True), faults=[{"kill": "broker", "at": 1.5, "down": 1}])
    assert np.all(result.messages["outcome"].isin(["ready"]))
