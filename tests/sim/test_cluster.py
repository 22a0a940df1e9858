"""Several nodes and quorum queues: times by hand, with a fixed pause for elections."""

from __future__ import annotations

from typing import Any

import pytest

import mqsim as mq
from mqsim.checkers import nothing_lost
from mqsim.trace import Outcome
from tests.sim.small import attempts, happened, lived, outcomes, run, scenario, times

PATIENT = {"confirms": {"timeout": None}}


def cluster(nodes: int = 3, *, queue: dict[str, Any] | None = None, **parts: Any) -> Any:
    """A result of the small scenario, its queue a quorum queue, elections of two seconds."""
    broker = {
        "nodes": nodes,
        "queues": {"tasks": {"type": "quorum"} | (queue or {})},
        "costs": {"election": 2} | parts.pop("costs", {}),
        **parts.pop("broker", {}),
    }
    return run(broker=broker, **parts)


def near(*latencies: float) -> dict[str, Any]:
    """A network of 0.1 s whose broker-1 is so far from broker-2, broker-3 and so on."""
    links = [
        {"between": ["broker-1", f"broker-{k}"], "latency": latency} for k, latency in enumerate(latencies, 2)
    ]
    return {"latency": 0.1, "links": links}


# -- a majority ----------------------------------------------------------------------------------------------


def test_a_confirm_comes_one_round_trip_to_the_nearer_node_later() -> None:
    result = cluster(at=[1, 1], network=near(0.3, 1), producer={"confirms": {"window": 1}}, duration=9)
    # There in 0.1, to broker-2 and back in 0.6; the confirm is home 0.1 later, and the second goes out.
    assert times(result, "enqueued") == [1.7, 2.5]
    assert times(result, "published") == [1, 1.8]
    assert times(result, "delivered")[0] == 1.7


def test_of_five_members_the_second_nearest_decides() -> None:
    result = cluster(5, queue={"members": 5}, at=[1], network=near(0.4, 0.3, 2, 2), duration=9)
    assert times(result, "enqueued") == [1.9]


def test_half_of_the_members_is_no_majority() -> None:
    result = cluster(queue={"members": 2}, at=[1], network=near(0.3, 0.1), duration=9)
    assert times(result, "enqueued") == [1.7]


def test_a_member_that_was_down_is_sent_what_no_majority_has() -> None:
    faults: list[Any] = [{"kill": "broker-2", "at": 1.2, "down": 1}]
    # It would have had it at 1.4; from 2.2 on it is there and back. broker-3 answers at 3.1.
    result = cluster(at=[1], network=near(0.3, 1), faults=faults, duration=9)
    assert times(result, "enqueued") == [2.8]


def test_three_of_five_nodes_are_members_unless_told_otherwise() -> None:
    result = cluster(5, at=[1], network=near(2, 0.3, 0.1, 0.1), duration=9)
    assert times(result, "enqueued") == [1.7]


def test_each_member_writes_to_its_disk() -> None:
    far = cluster(at=[1], network=near(0.3, 1), costs={"sync": 0.25}, duration=9)
    assert times(far, "enqueued") == [1.95]
    alone = cluster(1, at=[1], network={"latency": 0.1}, costs={"sync": 0.25}, duration=9)
    assert times(alone, "enqueued") == [1.35]


def test_what_is_there_at_the_start_is_there_at_once() -> None:
    result = cluster(at=[9], network=near(0.3, 1), queue={"ready": 2}, duration=5, costs={"sync": 0.25})
    assert times(result, "enqueued") == [0, 0]


@pytest.mark.parametrize(("nodes", "survives"), [(3, 1), (5, 2)])
def test_it_survives_the_loss_of_a_minority_and_no_more(nodes: int, survives: int) -> None:
    for lost, enqueued in ((survives, 1.0), (survives + 1, None)):
        kills = [{"kill": f"broker-{nodes - k}", "at": 0.5} for k in range(lost)]
        result = cluster(nodes, queue={"members": nodes}, at=[1], producer=PATIENT, faults=kills, duration=50)
        assert times(result, "enqueued") == [enqueued]
        assert result.trace.counts["web-1"].confirmed == (enqueued is not None)


def test_without_a_majority_nothing_is_confirmed_until_a_node_is_back() -> None:
    faults = [{"kill": "broker-2", "at": 1, "down": 5}, {"kill": "broker-3", "at": 1}]
    result = cluster(at=[0, 2], work=0.5, producer=PATIENT, faults=faults)
    # broker-2 is back at 6, and two seconds later there is a leader.
    assert times(result, "enqueued") == [0, 8]
    assert happened(result, "leader-lost") == [(1, "tasks")]
    assert happened(result, "leader-elected") == [(8, "tasks")]
    assert result.trace.counts["web-1"].confirmed == 2


# -- the leader ----------------------------------------------------------------------------------------------


def test_the_death_of_the_leader_pauses_elects_and_redelivers() -> None:
    result = cluster(at=[0, 0.5, 2, 4], work=1, producer=PATIENT, faults=[{"kill": "broker-1", "at": 1.5}])
    # Both clients were at broker-1 and are at broker-2 from 2.5 on; from 3.5 on it leads.
    assert times(result, "enqueued") == [0, 0.5, 3.5, 4]
    assert times(result, "published") == [0, 0.5, 2.5, 4]
    # What its worker had in hand is kept for a minute: the worker might be there still, behind a dead node.
    assert times(result, "started") == [0, 61.5, 3.5, 4.5]
    assert attempts(result)[1:] == [
        (1, "worker-1", "returned"),
        (2, "worker-1", "acked"),
        (3, "worker-1", "acked"),
        (1, "worker-1", "acked"),
    ]
    assert happened(result, "broker-killed") == [(1.5, "broker-1")]
    log = result.trace.events
    led = [log.other[i] for i in range(len(log)) if log.kind[i] == "leader-elected"]
    assert led == ["broker-2"]
    told = "\n".join(str(line) for line in result.timeline().splitlines())
    assert "LOSES THE LEADER of tasks" in told
    assert "has broker-2 lead tasks from now on" in told
    assert "broker-1    IS KILLED" in told


def test_who_is_connected_elsewhere_keeps_what_it_holds() -> None:
    faults = [{"restart": "broker-1", "at": 0.5, "down": 1}]
    result = cluster(at=[0, 0], work=1, consumer={"count": 2}, producer=PATIENT, faults=faults)
    assert attempts(result) == [
        (0, "worker-1", "returned"),
        (1, "worker-2", "acked"),
        (0, "worker-2", "acked"),
    ]
    assert times(result, "started") == [2.5, 0]
    assert times(result, "acked") == [3.5, 1]


def test_the_leader_begins_where_it_is_told_to() -> None:
    faults: list[Any] = [{"kill": "broker-3", "at": 1}]
    result = cluster(queue={"leader": "broker-3"}, at=[2], work=1, producer=PATIENT, faults=faults)
    assert happened(result, "leader-lost") == [(1, "tasks")]
    assert times(result, "enqueued") == [3]


def test_all_nodes_restart_at_once() -> None:
    faults: list[Any] = [{"restart": "broker", "at": 1.5, "down": 2}]
    result = cluster(at=[0, 1, 2], work=1, producer=PATIENT | {"persistent": False}, faults=faults)
    assert happened(result, "broker-stopped") == [(1.5, "broker")]
    assert happened(result, "broker-started") == [(3.5, "broker")]
    assert happened(result, "leader-elected") == [(5.5, "tasks")]
    # Both tried to connect at 2.5 and were refused.
    assert times(result, "started") == [0, 5.5, 6.5]
    assert outcomes(result) == ["acked"] * 3


def test_one_node_needs_no_election() -> None:
    faults: list[Any] = [{"kill": "broker", "at": 1.5, "down": 0.6}]
    result = cluster(1, at=[0, 1], work=1, producer=PATIENT, faults=faults)
    assert happened(result, "leader-elected") == [(2.1, "tasks")]
    assert times(result, "started") == [0, 2.5]


@pytest.mark.parametrize("kind", ["restart", "kill"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_rolling_restart_loses_nothing_that_was_confirmed(kind: str, seed: int) -> None:
    faults = [{kind: f"broker-{k}", "at": 10 * k, "down": 6} for k in (1, 2, 3)]
    web = {
        "count": 3,
        "arrivals": {"poisson": {"rate": 5}},
        "messages": 200,
        "confirms": {"timeout": 1},
        "retry": {"on": ["nack", "timeout", "closed"], "delay": 0.5, "limit": 50},
        "persistent": False,
    }
    what = scenario(
        broker={"nodes": 3, "queues": {"tasks": {"type": "quorum"}}},
        network={"latency": 0.01},
        work=0.1,
        producer=web,
        consumer={"count": 4},
        faults=faults,
    )
    result = lived(what, seed)[1]
    messages = result.trace.messages
    done = {
        (messages.producer[i], messages.number[i])
        for i in range(messages.n)
        if messages.outcome[i] == Outcome.ACKED
    }
    assert len(done) == 600
    assert nothing_lost(result.trace).status.value == "holds"
    # Elections took longer than the producers' patience: some were published again.
    assert messages.n > 600


# -- nodes ---------------------------------------------------------------------------------------------------


def test_clients_are_spread_over_the_nodes_and_go_on_to_the_next() -> None:
    def homes(faults: list[Any]) -> dict[str, str]:
        what = scenario(
            at=[99],
            consumer={"count": 4},
            broker={"nodes": 3, "queues": {"tasks": {"type": "quorum"}}},
            faults=faults,
            duration=9,
        )
        return {connection.name: connection.node for connection in lived(what)[0].broker.connections}

    first = {"worker-1": "broker-1", "worker-2": "broker-2", "worker-3": "broker-3", "worker-4": "broker-1"}
    assert homes([]) == {**first, "web-1": "broker-1"}
    assert homes([{"restart": "broker-3", "at": 1, "down": 5}]) == {
        **first,
        "worker-3": "broker-1",
        "web-1": "broker-1",
    }


def test_a_classic_queue_is_away_with_its_node() -> None:
    result = run(
        at=[0, 2, 5],
        work=1,
        broker={"nodes": 3, "queues": {"tasks": {"leader": "broker-2"}}},
        faults=[{"restart": "broker-2", "at": 1.5, "down": 3.2}],
    )
    # Both clients are at broker-1. The worker tries at 2.5, 3.5, 4.5 and 5.5; the queue is there from 4.7 on.
    assert outcomes(result) == ["acked", "lost", "acked"]
    assert times(result, "started") == [0, None, 5.5]
    assert [t for t, who in happened(result, "connection-lost") if who == "worker-1"] == [1.5, 2.5, 3.5, 4.5]


def test_a_node_that_fails_again_and_again() -> None:
    faults: list[Any] = [{"kill": "broker-2", "every": 3, "repair": 1}]
    result = cluster(at=[0.5], faults=faults, duration=10)
    assert happened(result, "broker-killed") == [(3, "broker-2"), (7, "broker-2")]
    assert happened(result, "broker-started") == [(4, "broker-2"), (8, "broker-2")]
    assert happened(result, "leader-lost") == []


# -- partitions ----------------------------------------------------------------------------------------------


def test_a_partition_between_nodes_holds_up_what_they_replicate() -> None:
    one: list[Any] = [{"partition": ["broker-1", "broker-2"], "at": 0.5, "for": 3}]
    result = cluster(at=[1], network=near(0.25, 1), faults=one, duration=9)
    assert times(result, "enqueued") == [3.1]  # by broker-3
    both = [*one, {"partition": ["broker-1", "broker-3"], "at": 0.5, "for": 9}]
    result = cluster(at=[1], network=near(0.25, 1), faults=both, duration=9)
    assert times(result, "enqueued") == [4]
    assert happened(result, "partitioned") == [(0.5, "broker-1"), (0.5, "broker-1")]
    assert happened(result, "healed") == [(3.5, "broker-1")]


def test_a_worker_that_is_cut_off_from_its_node_goes_to_another() -> None:
    faults: list[Any] = [{"partition": ["worker-1", "broker-1"], "at": 1, "for": 50}]
    result = cluster(at=[2], work=1, consumer={"heartbeat": 0.5}, faults=faults)
    # Given up at 2, connected again at 3.
    assert attempts(result)[-1] == (0, "worker-1", "acked")
    assert times(result, "started") == [3]
    elsewhere: list[Any] = [{"partition": ["worker-1", "broker-2"], "at": 1, "for": 50}]
    assert times(cluster(at=[2], work=1, faults=elsewhere), "started") == [2]


# -- limits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("profile", "most"), [("3.10", None), ("4.0", 21), ("4.3", 21)])
def test_a_message_comes_back_twenty_times_unless_there_is_no_limit(profile: str, most: int | None) -> None:
    result = cluster(
        1,
        work=1,
        broker={"profile": profile},
        producer={"poison": 1},
        consumer={"fails": {"then": "crash", "restart_after": 1}},
        duration=100,
    )
    assert result.trace.messages.deliveries[0] == (most or 50)
    assert outcomes(result) == ["rejected" if most else "ready"]
    # The n-th attempt ends at 2 n - 1.
    assert happened(result, "delivery-limit") == ([(2 * most - 1, "tasks")] if most else [])
    assert nothing_lost(result.trace).status.value == ("broken" if most else "holds")
    assert {how for _, _, how in attempts(result)} == {"returned"}


def test_beyond_its_limit_a_message_is_dead_lettered() -> None:
    result = run(
        work=1,
        queue={"type": "quorum", "delivery_limit": 2, "dead_letter": {"exchange": "", "key": "dead"}},
        queues={"dead": {}},
        broker={},
        producer={"poison": 1},
        consumer={"fails": {"then": "crash", "restart_after": 1}},
        duration=30,
    )
    assert outcomes(result) == ["dead-lettered", "ready"]
    assert times(result, "enqueued") == [0, 5]
    assert [how for _, _, how in attempts(result)] == ["returned"] * 3
    assert "too often" in "".join(str(line) for line in result.timeline())


def test_an_overdue_acknowledgement_costs_a_quorum_queues_consumer_its_subscription() -> None:
    result = cluster(
        1, work=1, broker={"consumer_timeout": 50}, consumer={"count": 2, "speed": [0.005, 1]}, duration=90
    )
    # They are looked for every minute.
    assert attempts(result) == [(0, "worker-1", "returned"), (0, "worker-2", "acked")]
    assert times(result, "started") == [60]
    assert happened(result, "timeout") == [(60, "worker-1")]
    assert happened(result, "connection-lost") == [(60, "worker-1")]
    assert [t for t, who in happened(result, "subscribed") if who == "worker-1"] == [0, 61]


# -- silence -------------------------------------------------------------------------------------------------

BEATS = {"heartbeat": 1}


def cut_off(node: str, others: tuple[str, ...], at: float, seconds: float) -> list[Any]:
    """Partitions between a node and others."""
    return [{"partition": [node, other], "at": at, "for": seconds} for other in others]


def test_a_leader_without_power_is_missed_after_five_seconds_and_its_clients_after_two_heartbeats() -> None:
    dark: list[Any] = [{"power_off": "broker-1", "at": 1.5}]
    result = cluster(
        at=[0, 2, 8],
        work=1,
        producer=PATIENT | BEATS,
        consumer={"count": 2} | BEATS,
        faults=dark,
        duration=20,
    )
    assert happened(result, "powered-off") == [(1.5, "broker-1")]
    # worker-2 is at broker-2. The others were at broker-1, for two heartbeats.
    assert happened(result, "connection-lost") == [(3.5, "worker-1"), (3.5, "web-1")]
    assert happened(result, "leader-lost") == [(6.5, "tasks")]
    assert happened(result, "leader-elected") == [(8.5, "tasks")]
    # What was sent into the silence came to nothing; what came later waited for a leader.
    assert times(result, "enqueued") == [0, None, 8.5]
    assert times(result, "acked") == [1, None, 9.5]
    assert result.trace.counts["web-1"].confirmed == 2


def test_who_is_connected_elsewhere_waits_for_the_next_leader() -> None:
    dark: list[Any] = [{"power_off": "broker-2", "at": 1.5, "restart_after": 30}]
    leader = {"leader": "broker-2"}
    result = cluster(at=[0, 2, 9], work=1, queue=leader, producer=PATIENT, faults=dark, duration=50)
    assert times(result, "enqueued") == [0, 8.5, 9]
    assert happened(result, "connection-lost") == []
    assert happened(result, "broker-started") == [(31.5, "broker-2")]


def test_a_classic_queue_without_power_swallows_what_is_sent_until_its_node_is_given_up() -> None:
    result = run(
        at=[0, 2, 70, 90],
        work=1,
        producer=PATIENT,
        broker={"nodes": 3, "queues": {"tasks": {"leader": "broker-2"}}},
        faults=[{"power_off": "broker-2", "at": 1.5, "restart_after": 80}],
        duration=120,
    )
    assert happened(result, "nacked") == [(61.5, "web-1"), (70, "web-1")]
    assert happened(result, "connection-lost") == [(61.5, "worker-1")]  # its consumer was cancelled
    assert outcomes(result) == ["acked", "lost", "lost", "acked"]
    # The consumer's next attempt had no answer until the node was back.
    assert happened(result, "subscribed") == [(0, "worker-1"), (81.5, "worker-1")]


def test_the_only_broker_without_power_is_noticed_by_heartbeats_or_when_it_is_back() -> None:
    for beats, lost in ((BEATS, 3.5), ({}, 5.5)):
        dark: list[Any] = [{"power_off": "broker", "at": 1.5, "restart_after": 4}]
        result = run(at=[0, 2, 9], work=1, producer=PATIENT | beats, consumer=beats, faults=dark, duration=20)
        assert happened(result, "connection-lost") == [(lost, "worker-1"), (lost, "web-1")]
        assert outcomes(result) == ["acked", "lost", "acked"]
    assert "LOSES POWER" in result.timeline()


def test_a_crash_of_a_node_is_a_kill() -> None:
    def struck(fault: dict[str, Any]) -> Any:
        return cluster(at=[0, 2], work=1, producer=PATIENT, duration=20, faults=[{**fault, "at": 1.5}])

    crash, kill = struck({"crash": "broker-1", "restart_after": 9}), struck({"kill": "broker-1", "down": 9})
    assert crash.digest() == kill.digest()
    assert happened(crash, "broker-started") == [(10.5, "broker-1")]


def test_a_leader_that_is_cut_off_confirms_nothing_and_the_majority_elects() -> None:
    faults = cut_off("broker-1", ("broker-2", "broker-3"), 1.5, 20)
    near_one: dict[str, Any] = {"count": 2}
    result = cluster(at=[0, 2, 30], work=1, producer=PATIENT, consumer=near_one, faults=faults, duration=50)
    assert happened(result, "leader-lost") == [(6.5, "tasks")]
    assert happened(result, "leader-elected") == [(8.5, "tasks")]
    # Its client's publish goes to the new leader when all is whole again; nobody lost a connection.
    assert times(result, "enqueued") == [0, 21.5, 30]
    assert happened(result, "connection-lost") == []
    assert happened(result, "leader-elected") == [(8.5, "tasks")]


def test_a_node_that_is_whole_again_before_it_is_missed_leads_on() -> None:
    faults = cut_off("broker-1", ("broker-2", "broker-3"), 1.5, 4)
    result = cluster(at=[0, 2], work=1, producer=PATIENT, faults=faults)
    assert happened(result, "leader-lost") == []
    assert times(result, "enqueued") == [0, 5.5]


def test_a_node_that_stays_cut_off_pauses_until_it_is_whole() -> None:
    faults = cut_off("broker-1", ("broker-2", "broker-3"), 1.5, 80)
    result = cluster(at=[0, 70], work=1, producer=PATIENT, faults=faults, duration=100)
    assert happened(result, "broker-stopped") == [(61.5, "broker-1")]
    assert happened(result, "connection-lost") == [(61.5, "worker-1"), (61.5, "web-1")]
    assert happened(result, "broker-started") == [(81.5, "broker-1")]
    assert times(result, "enqueued") == [0, 70]
    assert times(result, "acked") == [1, 71]


def test_where_no_node_reaches_a_majority_nobody_is_elected() -> None:
    faults = cut_off("broker-1", ("broker-2", "broker-3"), 1.5, 20)
    faults += cut_off("broker-2", ("broker-3",), 1.5, 20)
    result = cluster(at=[0, 2], work=1, producer=PATIENT, faults=faults)
    # All are whole at 21.5; two seconds later there is a leader.
    assert happened(result, "leader-elected") == [(23.5, "tasks")]
    assert times(result, "enqueued") == [0, 23.5]


def test_who_is_refused_without_a_majority_subscribes_when_there_is_one() -> None:
    scenario = mq.load("quorum-failover").with_(
        {
            "faults": [
                {"kill": "broker-2", "at": 4, "down": 8},
                {"kill": "broker-1", "at": 5.2, "down": 9.5},
            ],
            "max_duration": 60,
        }
    )
    result = mq.simulate(scenario)
    # Two of three are down from 5.2 to 12 s; who asks in between is told 541, and asks again a second later.
    subscribed = [float(t) for t in result.events.query("kind == 'subscribed'").t]
    assert [t for t in subscribed if 5.2 < t < 12] == []
    assert any(12 <= t <= 13 for t in subscribed)
    assert result.trace.complete
    assert set(result.messages.outcome) == {"acked"}


def test_what_expires_while_its_node_is_down_is_not_delivered_when_the_node_is_back() -> None:
    result = run(
        broker={"queues": {"tasks": {"ready": 1, "message_ttl": 2}}, "nodes": 3},
        producers={},
        consumers={"worker": {"queue": "tasks", "start": 7}},
        faults=[{"kill": "broker-1", "at": 1, "down": 4}],
        duration=9,
    )
    assert outcomes(result) == ["expired"]
