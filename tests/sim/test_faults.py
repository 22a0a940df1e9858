"""What each fault does, and what links carry, by hand."""

from __future__ import annotations

from typing import Any

from tests.sim.invariants import violations
from tests.sim.small import attempts, happened, lived, outcomes, run, scenario, times


def worked(result: Any) -> list[float | None]:
    """When each attempt was finished."""
    table = result.trace.deliveries
    return [
        None if table.finished[k] != table.finished[k] else round(table.finished[k], 9)
        for k in range(table.n)
    ]


# -- processes -----------------------------------------------------------------------------------------------


def test_a_crash_gives_the_work_back_and_the_restarted_worker_begins_anew() -> None:
    result = run(at=[0, 0], work=2, faults=[{"crash": "worker-1", "at": 3, "restart_after": 2}])
    assert times(result, "finished") == [2, 7]
    assert attempts(result) == [
        (0, "worker-1", "acked"),
        (1, "worker-1", "returned"),
        (1, "worker-1", "acked"),
    ]
    assert [(span.kind, span.start, span.end) for span in result.trace.faults] == [("crash", 3, 5)]
    assert result.trace.cast["worker-1"].up[0] == (0, 3)


def test_a_fault_on_a_group_strikes_all_of_it() -> None:
    result = run(
        at=[0, 0, 0], work=2, consumer={"count": 2}, faults=[{"kill": "worker", "at": 1, "restart_after": 1}]
    )
    assert happened(result, "crashed") == [(1.0, "worker-1"), (1.0, "worker-2")]
    assert times(result, "finished") == [4, 4, 6]


def test_power_off_is_noticed_after_two_missed_heartbeats() -> None:
    dark: list[Any] = [{"power_off": "worker-1", "at": 1}]
    result = run(work=2, consumer={"count": 2, "heartbeat": 2}, faults=dark)
    assert times(result, "finished") == [7]
    assert attempts(result) == [(0, "worker-1", "returned"), (0, "worker-2", "acked")]
    never = run(work=2, consumer={"count": 2, "heartbeat": 0}, faults=dark, duration=500)
    assert outcomes(never) == ["unacked"]


def test_slow_stretches_what_remains_and_all_that_follows() -> None:
    result = run(at=[0, 0, 0], work=2, faults=[{"slow": "worker-1", "at": 1, "factor": 3, "for": 10}])
    # 1 + 3 x 1; then 2 x 3; the third has done a third of a second's work when the worker recovers at 11.
    assert times(result, "finished") == [4, 10, round(11 + 5 / 3, 9)]
    died = run(
        at=[0, 4, 8],
        work=1,
        faults=[
            {"slow": "worker-1", "at": 0, "factor": 4, "for": 6},
            {"crash": "worker-1", "at": 1, "restart_after": 1},
        ],
    )
    # A new process goes at its own pace, and is not made faster when the old one's illness would have ended.
    assert times(died, "finished") == [3, 5, 9]


def test_slowness_adds_up_and_leaves_no_trace() -> None:
    faults = [
        {"slow": "worker-1", "at": 1, "factor": 49, "for": 2},
        {"slow": "worker-1", "at": 2, "factor": 10, "for": 2},
    ]
    result = run(at=[0, 20], work=1.05, faults=faults)
    # From 1 on 0.05 of work remains: 1/49 of a second, 1/490, 1/10, and the rest at full speed after 4.
    left = 0.05 - 1 / 49 - 1 / 490 - 1 / 10
    assert left < 0  # so it ends between 3 and 4, where only the second slowness is left
    assert times(result, "finished") == [round(3 + 10 * (0.05 - 1 / 49 - 1 / 490), 9), 21.05]
    started, finished = times(result, "started", digits=15), times(result, "finished", digits=15)
    assert finished[1] == started[1] + 1.05  # type: ignore[operator]


def test_hang_stands_still_and_past_the_heartbeat_somebody_else_does_the_work_too() -> None:
    assert times(run(work=2, faults=[{"hang": "worker-1", "at": 1, "for": 3}]), "finished") == [5]
    result = run(
        work=2,
        consumer={"count": 2, "heartbeat": 1},
        faults=[{"hang": "worker-1", "at": 1, "for": 5}],
        duration=9,
    )
    assert attempts(result) == [(0, "worker-1", "returned"), (0, "worker-2", "acked")]
    assert worked(result) == [7, 5]
    assert times(result, "finished") == [5]
    assert result.summary()["queues"]["tasks"]["duplicates"] == 1


def test_a_process_that_dies_while_it_hangs_is_not_restored() -> None:
    faults = [{"hang": "worker-1", "at": 1, "for": 5}, {"crash": "worker-1", "at": 2}]
    result = run(work=2, faults=faults, duration=9)
    assert happened(result, "restored") == happened(result, "connection-lost") == []
    assert outcomes(result) == ["ready"]


def test_two_short_hangs_are_not_one_long_one() -> None:
    faults = [{"hang": "worker-1", "at": 1, "for": 0.5}, {"hang": "worker-1", "at": 2.5, "for": 1}]
    result = run(at=[0], work=5, consumer={"heartbeat": 1}, faults=faults)
    assert times(result, "finished") == [6.5]
    assert happened(result, "connection-lost") == []


def test_stop_and_restart_of_a_worker_finish_the_work_in_hand() -> None:
    stopped = run(at=[0, 0], work=2, faults=[{"stop": "worker-1", "at": 1}], duration=9)
    assert times(stopped, "finished") == [2, None]
    assert happened(stopped, "stopped") == [(2.0, "worker-1")]
    faults = [{"restart": "worker-1", "at": 1, "down": 5}, {"crash": "worker-1", "at": 10}]
    result = run(at=[0, 0, 12], work=2, faults=faults, duration=30)
    # It comes back 5 s after the fault, not before; and only once: the crash at 10 is for ever.
    assert times(result, "finished") == [2, 8, None]


def test_a_stopped_producer_creates_no_more_and_a_restarted_one_goes_on() -> None:
    stopped = run(at=[0, 1, 2], faults=[{"stop": "web-1", "at": 0.5}])
    assert times(stopped, "created") == [0]
    restarted = run(at=[0, 1, 2, 3], faults=[{"restart": "web-1", "at": 0.5, "down": 1}])
    assert outcomes(restarted) == ["acked", "refused", "acked", "acked"]
    crashed = run(at=[0, 1, 2, 3], faults=[{"crash": "web-1", "at": 0.5, "restart_after": 1}])
    assert outcomes(crashed) == ["acked", "refused", "acked", "acked"]


def test_faults_that_come_again_count_up_time() -> None:
    again: list[Any] = [{"crash": "worker-1", "every": 3, "repair": 2}]
    result = run(at=[], consumer={}, producers={}, faults=again, duration=15)
    assert [t for t, _ in happened(result, "crashed")] == [3, 8, 13]
    # Down from 1 to 2 for another reason: that second does not count.
    both = run(producers={}, faults=[*again, {"crash": "worker-1", "at": 1, "restart_after": 1}], duration=9)
    assert [t for t, _ in happened(both, "crashed")] == [1, 4]


# -- network -------------------------------------------------------------------------------------------------


def test_a_partition_holds_what_is_sent_and_heals() -> None:
    cut: list[Any] = [{"partition": ["worker-1", "broker"], "at": 1, "for": 3}]
    result = run(at=[0.8, 2], work=0.5, consumer={"prefetch": 2}, faults=cut)
    # The first is done at 1.3, its acknowledgement waits for the cable; so does the delivery of the second.
    assert times(result, "acked") == [4, 4.5]
    assert [round(t, 9) for t in result.trace.deliveries.received[:2]] == [0.8, 4]
    assert happened(result, "connection-lost") == []


def test_a_partition_past_the_heartbeat_ends_the_connection_at_both_ends() -> None:
    cut: list[Any] = [{"partition": ["worker-1", "broker"], "at": 1, "for": 10}]
    result = run(work=2, consumer={"heartbeat": 2, "reconnect": 1}, faults=cut)
    # Gone at 1 + 2 x 2; the attempt to connect at 6 gets through at 11; the work is done again.
    assert happened(result, "connection-lost") == [(5.0, "worker-1")]
    assert worked(result) == [2, 13]
    assert times(result, "acked") == [13]


def test_what_is_under_way_in_a_partition_stays_in_order() -> None:
    cut: list[Any] = [{"partition": ["web-1", "broker"], "at": 0.5, "for": 3}]
    result = run(at=[0, 1.5, 3.4, 4], network={"latency": 1}, consumers={}, duration=9, faults=cut)
    # The first was on the wire and waits at the cut; the others are sent when it heals.
    assert times(result, "enqueued") == [3.5, 4.5, 4.5, 5]


def test_latency_and_bandwidth_by_hand() -> None:
    links = [{"between": ["web", "broker"], "latency": 0.5, "bandwidth": 1000}]
    result = run(at=[0, 0, 0], work=0, network={"latency": 0.25, "links": links})
    # A second on the wire for each 1000 bytes, one after the other, and half a second to arrive.
    assert times(result, "enqueued") == [1.5, 2.5, 3.5]
    assert times(result, "started") == [1.75, 2.75, 3.75]
    assert times(result, "acked") == [2, 3, 4]
    down = [{"between": ["worker-1", "broker"], "latency": 0, "bandwidth": 500}]
    slow = run(at=[0, 0], work=0, consumer={"prefetch": 0}, network={"links": down})
    assert times(slow, "started") == [2, 4]


def test_a_dropped_connection_returns_the_message_and_the_worker_does_it_twice() -> None:
    result = run(work=3, faults=[{"drop_connection": "worker-1", "at": 1}])
    # Connected again at 2, it is given the message again, and begins when it is done with the first attempt.
    assert worked(result) == [3, 6]
    assert attempts(result) == [(0, "worker-1", "returned"), (0, "worker-1", "acked")]


def test_a_connection_dropped_while_it_is_being_opened_leaves_no_ghost() -> None:
    # Opening takes from 1 to 2; dropped at 1.5, tried again at 2.5, there at 3.5.
    faults: list[Any] = [{"drop_connection": "worker-1", "at": 1.5}]
    world, result = lived(
        scenario(at=[2, 3, 3], consumer={"start": 1}, network={"latency": 1}, faults=faults)
    )
    assert outcomes(result) == ["acked"] * 3
    assert len(list(world.broker.queues["tasks"].subscribers)) == 1


def test_a_delivery_that_arrives_when_its_queue_has_taken_it_back_is_worked_on_in_vain() -> None:
    # Sent at 1, it arrives at 2, before the news of 1.5; to the queue it was never sent.
    down: list[Any] = [{"restart": "broker", "at": 1.5, "down": 0.25}]
    parts: dict[str, Any] = {"work": 0.25, "network": {"latency": 1}, "faults": down}
    early = run(**parts, duration=3)
    assert (worked(early), times(early, "started"), outcomes(early)) == ([2.25], [None], ["ready"])
    # The news comes at 2.5; connected at 4.5 after a second's delay, the worker is sent it again.
    assert times(run(**parts), "started") == [5.5]


def test_an_early_acknowledgement_counts_for_its_own_attempt_only() -> None:
    # worker-1 begins at 0.5; its acknowledgement would arrive at 1, but its connection is dropped at 0.75.
    # worker-2 has the message from 1.25 on and acknowledges it. worker-1 dies at its work: nothing is lost.
    faults: list[Any] = [{"drop_connection": "worker-1", "at": 0.75}, {"crash": "worker-1", "at": 3}]
    links = [{"between": ["worker", "broker"], "latency": 0.5}]
    result = run(
        work=5, consumer={"count": 2, "ack": "early"}, network={"links": links}, faults=faults, duration=30
    )
    assert attempts(result) == [(0, "worker-1", "returned"), (0, "worker-2", "acked")]
    assert outcomes(result) == ["acked"]
    assert (times(result, "started"), times(result, "acked"), times(result, "finished")) == (
        [1.25],
        [1.75],
        [6.25],
    )
    assert happened(result, "lost") == []


# -- broker --------------------------------------------------------------------------------------------------


def test_a_broker_restart_keeps_what_is_persistent_and_sends_it_again() -> None:
    down: list[Any] = [{"restart": "broker", "at": 5, "down": 2}]
    result = run(at=[0, 0, 0, 0], work=2, faults=down)
    # The third was in work; a first attempt to reconnect at 6 is refused, the second at 7 is not.
    assert times(result, "started") == [0, 2, 7, 9]
    assert times(result, "finished") == [2, 4, 9, 11]
    assert outcomes(run(at=[0] * 4, work=2, producer={"persistent": False}, faults=down)) == [
        "acked",
        "acked",
        "lost",
        "lost",
    ]
    gone = run(at=[0] * 4, work=2, queue={"durable": False}, faults=down, duration=20)
    assert outcomes(gone) == ["acked", "acked", "lost", "lost"]


def test_a_kill_loses_what_was_not_on_disk_and_brings_back_what_was_not_yet_off_it() -> None:
    sync: dict[str, Any] = {"broker": {"queues": {"tasks": {}}, "costs": {"sync": 1}}}
    early: list[Any] = [{"kill": "broker", "at": 0.5, "down": 1}]
    assert outcomes(run(consumers={}, faults=early, duration=9, **sync)) == ["lost"]
    # Written at 1, acknowledged at 3; that is written at 4, and the broker is killed before.
    late: list[Any] = [{"kill": "broker", "at": 3.5, "down": 1}]
    result = run(work=3, faults=late, duration=20, **sync)
    assert happened(result, "revived") == [(3.5, "tasks")]
    assert [how for _, _, how in attempts(result)] == ["acked", "acked"]
    assert outcomes(result) == ["acked"]


def test_what_comes_back_while_it_is_worked_on_is_open_once() -> None:
    # Sent, and so acknowledged, at 2; killed at 2.5, before that is written and in the middle of the work.
    broker = {"queues": {"tasks": {}}, "costs": {"sync": 1}}
    down: list[Any] = [{"kill": "broker", "at": 2.5, "down": 1}]
    what = scenario(work=3, consumer={"ack": "auto", "start": 2}, broker=broker, faults=down)
    world, result = lived(what)
    assert happened(result, "revived") == [(2.5, "tasks")]
    assert (worked(result), result.trace.complete) == ([5, 8], True)
    assert violations(world, result) == []


def test_an_alarm_blocks_publishers_and_nobody_else() -> None:
    alarm: list[Any] = [{"alarm": "memory", "at": 1, "for": 2}]
    every: dict[str, Any] = {"producer": {"arrivals": {"every": 0.5}, "messages": 7}, "work": 0.5}
    waits = run(**every, faults=alarm)
    # Whoever is blocked keeps its messages; the fault strikes, and ends, before all else at its time.
    assert times(waits, "published") == [0, 0.5, 3, 3, 3, 3, 3]
    assert times(waits, "created") == [0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert waits.trace.counts["web-1"].blocked_for == 2
    every["producer"]["when_blocked"] = "drop"
    assert outcomes(run(**every, faults=alarm)) == ["acked"] * 2 + ["refused"] * 4 + ["acked"]


def test_a_memory_limit_raises_the_alarm_until_messages_are_done_with() -> None:
    broker = {"queues": {"tasks": {}}, "memory": {"limit": 2500, "per_message": 1000}}
    result = run(at=[0] * 4, producer={"size": 500}, consumer={"start": 5}, broker=broker)
    # Each takes 1500: the second raises the alarm. The first acknowledgement clears it: what waited goes out.
    assert times(result, "published") == [0, 0, 6, 6]
    assert happened(result, "alarm-raised") == [(0.0, "broker"), (6.0, "broker")]
    assert happened(result, "alarm-cleared") == [(6.0, "broker"), (8.0, "broker")]


def test_two_alarms_of_a_kind_that_overlap_last_until_the_later_one_ends() -> None:
    faults: list[Any] = [{"alarm": "memory", "at": 1, "for": 5}, {"alarm": "memory", "at": 3, "for": 6}]
    result = run(at=[2, 7], work=1, faults=faults)
    assert times(result, "published") == [9, 9]
    assert happened(result, "alarm-raised") == [(1, "broker")]
    assert happened(result, "alarm-cleared") == [(9, "broker")]
