"""A user's own SimPy processes: the same broker, links and trace, by hand."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import simpy

import mqsim as mq
from mqsim.errors import UsageError

Process = Generator[simpy.Event, Any, Any]


def sender(world: mq.World, count: int, gap: float = 1.0, work: float = 2.0) -> Process:
    for number in range(count):
        world.publish("tasks", work=work, body={"number": number})
        yield world.timeout(gap)


def worker(world: mq.World, seen: list[Any] | None = None) -> Process:
    while True:
        task = yield world.get("tasks")
        if seen is not None:
            seen.append((world.now, task.body["number"], task.redelivered))
        yield world.timeout(task.work)
        world.ack(task)


def test_a_sender_and_a_worker() -> None:
    world = mq.World(queues=["tasks"])
    seen: list[Any] = []
    world.process(worker(world, seen), "worker-1")
    world.process(sender(world, 3), "sender-1")
    result = world.run(until=60)
    assert seen == [(0, 0, False), (2, 1, False), (4, 2, False)]
    assert list(result.messages["finished"]) == [2, 4, 6]
    assert list(result.messages["outcome"]) == ["acked"] * 3
    assert list(result.messages["consumer"]) == ["worker-1"] * 3
    assert result.summary()["consumers"]["worker-1"]["handled"] == 3
    assert result.summary()["producers"]["sender-1"]["published"] == 3
    assert result.checks()


def test_two_workers_share_one_message_each_at_a_time() -> None:
    world = mq.World(queues=["tasks"])
    world.process(sender(world, 4, gap=0), "sender-1")
    for name in ("worker-1", "worker-2"):
        world.process(worker(world), name)
    result = world.run(until=60)
    assert list(result.messages["finished"]) == [2, 2, 4, 4]
    assert list(result.messages["consumer"]) == ["worker-1", "worker-2"] * 2


def test_refusing_a_message_puts_it_back_or_away() -> None:
    world = mq.World(queues=["tasks"])
    seen: list[Any] = []

    def picky() -> Process:
        task = yield world.get("tasks")
        seen.append(task.redelivered)
        world.nack(task)
        task = yield world.get("tasks")
        seen.append(task.redelivered)
        world.nack(task, requeue=False)

    world.process(sender(world, 1), "sender")
    world.process(picky(), "picky")
    result = world.run(until=9)
    assert seen == [False, True]
    assert list(result.deliveries["how"]) == ["requeued", "rejected"]
    assert list(result.messages["outcome"]) == ["rejected"]


def test_a_crash_interrupts_the_process_and_gives_its_message_to_another() -> None:
    world = mq.World(queues=["tasks"])
    seen: list[Any] = []

    def villain() -> Process:
        yield world.timeout(1)
        world.crash("worker-1")

    for name in ("worker-1", "worker-2"):
        world.process(worker(world, seen), name)
    world.process(sender(world, 1), "sender-1")
    world.process(villain(), "villain")
    result = world.run(until=9)
    assert seen == [(0, 0, False), (1, 0, True)]
    assert list(result.messages["finished"]) == [3]
    assert list(result.deliveries["how"]) == ["returned", "acked"]
    assert result.trace.cast["worker-1"].up == [(0, 1)]


def test_a_process_that_outlives_its_crash_has_no_connection() -> None:
    world = mq.World(queues=["tasks"])
    told: list[str] = []

    def stubborn() -> Process:
        try:
            yield world.timeout(9)
        except simpy.Interrupt as interrupt:
            told.append(str(interrupt.cause))
        try:
            world.publish("tasks")
        except UsageError as error:
            told.append(str(error))

    def villain() -> Process:
        yield world.timeout(1)
        world.crash("stubborn")

    world.process(stubborn(), "stubborn")
    world.process(villain(), "villain")
    result = world.run(until=20)
    assert told[0] == "crashed"
    assert "stubborn has crashed" in told[1]
    assert result.trace.cast["stubborn"].up == [(0, 1)]
    assert len(result.messages) == 0


def test_the_end_of_a_process_gives_back_what_it_held() -> None:
    world = mq.World(queues=["tasks"])

    def hasty() -> Process:
        yield world.get("tasks")
        yield world.timeout(1)

    world.process(sender(world, 1), "sender")
    world.process(hasty(), "hasty")
    result = world.run(until=9)
    assert list(result.messages["outcome"]) == ["ready"]
    assert list(result.deliveries["how"]) == ["returned"]


def test_links_faults_and_modelled_actors_of_a_scenario_take_part() -> None:
    scenario = mq.Scenario(
        duration=1,
        broker={"queues": {"tasks": {}}},
        network={"latency": 0.5},
        producers={"web": {"to": "tasks", "arrivals": {"at": [2.0]}, "work": 1}},
        faults=[{"restart": "broker", "at": 10, "down": 2}],
    )
    world = mq.World(scenario)

    def reader() -> Process:
        for _ in range(2):
            task = yield world.get("tasks")
            yield world.timeout(task.work)
            world.ack(task)

    def late() -> Process:
        yield world.timeout(14)
        world.publish("tasks", work=1)

    world.process(reader(), "reader")
    world.process(late(), "late")
    result = world.run(until=30)
    # Half a second to the broker, half a second to the reader; its second `get` outlives the restart.
    assert list(result.messages["started"]) == [3, 15]
    assert list(result.messages["acked"]) == [4.5, 16.5]


def test_a_message_to_nowhere_is_lost_and_the_run_goes_on() -> None:
    world = mq.World(queues=["tasks"])

    def confused() -> Process:
        world.publish("no-such-queue")
        world.publish("no-such-exchange", key="k")
        yield world.timeout(3)
        world.publish("amq.fanout", key="")

    world.process(confused(), "confused")
    result = world.run(until=9)
    assert list(result.messages["outcome"]) == ["unroutable", "lost", "unroutable"]
    assert (result.events["kind"] == "channel-closed").sum() == 1


def test_acknowledging_twice_closes_the_channel_as_in_rabbitmq() -> None:
    world = mq.World(queues=["tasks"])

    def twice() -> Process:
        task = yield world.get("tasks")
        world.ack(task)
        world.ack(task)
        yield world.timeout(5)

    world.process(sender(world, 1), "sender")
    world.process(twice(), "twice")
    result = world.run(until=9)
    closed = result.events[result.events["kind"] == "channel-closed"]
    assert "unknown delivery tag 1" in closed["detail"].iloc[0]
    assert list(result.messages["outcome"]) == ["acked"]


def test_a_second_run_goes_on_and_leaves_the_first_result_as_it_was() -> None:
    def started() -> mq.World:
        world = mq.World(queues=["tasks"], seed=4)
        world.process(worker(world), "worker-1")
        world.process(sender(world, 3), "sender-1")
        return world

    world = started()
    first = world.run(until=3)
    assert list(first.messages["outcome"]) == ["acked", "unacked", "ready"]
    second = world.run(until=60)
    assert list(second.messages["outcome"]) == ["acked"] * 3
    assert list(first.messages["outcome"]) == ["acked", "unacked", "ready"]
    assert (first.trace.end, second.trace.end) == (3, 60)
    assert started().run(until=60).digest() == second.digest()


def test_a_producer_blocked_over_a_pause_goes_on_afterwards() -> None:
    scenario = mq.Scenario(
        duration=9,
        broker={"queues": {"tasks": {}}},
        producers={"web": {"to": "tasks", "arrivals": {"at": [1.5]}}},
        faults=[{"alarm": "memory", "at": 1, "for": 3}],
    )
    world = mq.World(scenario)
    blocked = [world.run(until=until).summary()["producers"]["web-1"]["blocked_for"] for until in (2, 3, 9)]
    assert blocked == [1, 2, 3]
    assert list(world.trace.messages.published[:1]) == [4]


def test_a_message_returned_between_two_runs_is_ready_again() -> None:
    world = mq.World(queues=["tasks"])

    def villain() -> Process:
        yield world.timeout(2)
        world.crash("worker-1")

    world.process(worker(world), "worker-1")
    world.process(sender(world, 1, work=9), "sender-1")
    world.process(villain(), "villain")
    assert list(world.run(until=1).messages["outcome"]) == ["unacked"]
    assert list(world.run(until=3).messages["outcome"]) == ["ready"]


def test_what_goes_wrong_in_a_process_is_not_hidden() -> None:
    world = mq.World(queues=["tasks"])

    def broken() -> Process:
        yield world.timeout(1)
        raise ZeroDivisionError("in a user's own code")

    world.process(broken(), "broken")
    with pytest.raises(ZeroDivisionError, match="in a user's own code"):
        world.run(until=9)


def test_mistakes_get_one_clear_sentence() -> None:
    world = mq.World(queues=["tasks"])
    with pytest.raises(UsageError, match=r"inside a process that was started with world\.process"):
        world.publish("tasks")
    world.process(worker(world), "worker-1")
    with pytest.raises(UsageError, match="'worker-1' takes part already"):
        world.process(worker(world), "worker-1")
    with pytest.raises(UsageError, match="no process 'worker-9' runs; there are worker-1"):
        world.crash("worker-9")

    def lost() -> Process:
        yield world.get("taks")

    world.process(lost(), "lost")
    with pytest.raises(UsageError, match="no queue 'taks'; there are tasks"):
        world.run(until=1)
    for until in (0, -1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="seconds after"):
            world.run(until=until)


def test_a_process_cannot_crash_itself() -> None:
    world = mq.World(queues=["tasks"])

    def gloomy() -> Process:
        yield world.timeout(1)
        world.crash("gloomy")

    world.process(gloomy(), "gloomy")
    with pytest.raises(UsageError, match="can't crash itself"):
        world.run(until=9)


def test_a_function_that_was_not_called_is_named() -> None:
    world = mq.World(queues=["tasks"])

    def sender(world: mq.World) -> Any:
        world.publish("tasks")
        yield world.timeout(1)

    with pytest.raises(UsageError, match=r"'s' is no generator: call the function, as in world.process\("):
        world.process(sender, "s")  # type: ignore[arg-type]


def test_what_a_process_published_is_told_before_its_end() -> None:
    world = mq.World(queues=["tasks"])

    def sender(world: mq.World) -> Any:
        world.publish("tasks")
        return
        yield

    world.process(sender(world), "s")
    told = world.run(until=1).timeline()
    assert told.index("publishes s #1") < told.index("s           ends")
