"""How producers publish: confirms, retries, returns, routes, the broker's own time; by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sim.small import happened, outcomes, run, times

QUIET: dict[str, Any] = {"consumers": {}, "duration": 60}


def test_the_window_limits_what_is_unconfirmed() -> None:
    result = run(at=[0] * 5, work=0, network={"latency": 1}, producer={"confirms": {"window": 2}})
    # A confirm comes back after two seconds, and lets the next message out.
    assert times(result, "published") == [0, 0, 2, 2, 4]
    assert times(result, "created") == [0] * 5
    counts = result.trace.counts["web-1"]
    assert (counts.created, counts.published, counts.confirmed) == (5, 5, 5)


def test_a_confirm_waits_for_the_disk() -> None:
    broker = {"queues": {"tasks": {}}, "costs": {"sync": 0.5}}
    result = run(at=[0, 0], work=2, broker=broker, producer={"confirms": {"window": 1}})
    assert times(result, "published") == [0, 0.5]
    # What has been acknowledged need not be written any more: it is confirmed at once.
    done = run(at=[0, 0], work=0.25, broker=broker, producer={"confirms": {"window": 1}})
    assert times(done, "published") == [0, 0.25]
    transient = run(
        at=[0, 0], work=2, broker=broker, producer={"confirms": {"window": 1}, "persistent": False}
    )
    assert times(transient, "published") == [0, 0]


def test_costs_of_publishing_and_delivering_take_the_brokers_time_one_after_the_other() -> None:
    broker = {"queues": {"tasks": {}}, "costs": {"publish": 0.125}}
    assert times(run(at=[0, 0, 0], broker=broker, **QUIET), "enqueued") == [0.125, 0.25, 0.375]
    both = {"queues": {"tasks": {}}, "costs": {"publish": 0.125, "deliver": 0.25}}
    result = run(at=[0], broker=both)
    assert (times(result, "delivered"), times(result, "started")) == ([0.125], [0.375])
    # A second publish comes while the first delivery is being sent: the delivery costs first.
    busy = run(at=[0, 0.25], work=0, broker=both)
    assert times(busy, "enqueued") == [0.125, 0.5]


def test_retry_on_nack_tries_the_same_copy_again_until_there_is_room() -> None:
    result = run(
        at=[0, 0],
        queue={"max_length": 1, "overflow": "reject-publish"},
        consumer={"start": 5},
        producer={"confirms": {}, "retry": {"on": ["nack"], "delay": 1, "factor": 2, "limit": 5}},
    )
    # Refused at 0, 1 and 3; at 7 = 3 + 4 there is room. What was refused is nowhere else: no second copy.
    assert times(result, "enqueued") == [0, 7]
    assert [t for t, _ in happened(result, "retried")] == [1, 3, 7]
    counts = result.trace.counts["web-1"]
    assert (counts.published, counts.nacked, counts.confirmed) == (5, 3, 2)
    gives_up = run(
        at=[0, 0],
        queue={"max_length": 1, "overflow": "reject-publish"},
        producer={"confirms": {}, "retry": {"on": ["nack"], "delay": 1, "limit": 2}},
        **QUIET,
    )
    assert outcomes(gives_up) == ["ready", "refused"]
    assert gives_up.trace.counts["web-1"].nacked == 3


def test_retry_on_timeout_makes_a_duplicate_because_the_first_copy_lives() -> None:
    result = run(
        broker={"queues": {"tasks": {}}, "costs": {"sync": 2}},
        producer={"confirms": {"timeout": 1}, "retry": {"on": ["timeout"], "delay": 0.5, "limit": 1}},
        duration=30,
    )
    assert times(result, "published") == [0, 1.5]
    assert outcomes(result) == ["acked", "acked"]
    assert list(result.trace.messages.origin[:2]) == [0, 0]
    assert result.summary()["queues"]["tasks"]["duplicates"] == 1


@pytest.mark.parametrize(("dropped_at", "copies"), [(0.5, 1), (1.5, 2)])
def test_retry_after_a_lost_connection_doubles_only_what_had_arrived(dropped_at: float, copies: int) -> None:
    result = run(
        work=0,
        network={"latency": 1},
        producer={"confirms": {}, "retry": {"on": ["closed"], "delay": 1}},
        faults=[{"drop_connection": "web-1", "at": dropped_at}],
        duration=30,
    )
    # Published at 0, at the broker at 1. Dropped before, it is lost there; after, only its confirm is.
    assert outcomes(result) == ["acked"] * copies
    # Asked for after the reconnect delay of 1, the connection is there 2 s later.
    assert times(result, "published")[-1] == dropped_at + 3


def test_returned_messages_are_retried_as_often_as_allowed() -> None:
    nowhere: dict[str, Any] = {"to": {"exchange": "", "key": "nowhere"}}
    returned = run(
        producer={**nowhere, "mandatory": True, "retry": {"on": ["returned"], "delay": 1, "limit": 2}},
        **QUIET,
    )
    assert outcomes(returned) == ["unroutable"]
    assert returned.trace.counts["web-1"].returned == 3
    confirmed = run(
        producer={
            **nowhere,
            "mandatory": True,
            "confirms": {},
            "retry": {"on": ["returned"], "delay": 1, "limit": 2},
        },
        **QUIET,
    )
    assert confirmed.trace.counts["web-1"].returned == confirmed.trace.counts["web-1"].confirmed == 3
    silent = run(producer={**nowhere, "confirms": {}}, **QUIET)
    assert (outcomes(silent), silent.trace.counts["web-1"].confirmed) == (["unroutable"], 1)


def test_while_it_is_disconnected_a_producer_keeps_or_drops_and_a_dead_one_refuses() -> None:
    drop: list[Any] = [{"drop_connection": "web-1", "at": 1}]
    kept = run(at=[0, 1.5, 3], work=0, producer={"reconnect": 1}, faults=drop)
    assert times(kept, "published") == [0, 2, 3]
    dropped = run(at=[0, 1.5, 3], work=0, producer={"reconnect": 1, "when_blocked": "drop"}, faults=drop)
    assert outcomes(dropped) == ["acked", "refused", "acked"]
    dead = run(at=[0, 1.5, 3], work=0, faults=[{"crash": "web-1", "at": 1, "restart_after": 1}])
    assert outcomes(dead) == ["acked", "refused", "acked"]


def test_a_crash_takes_along_what_its_producer_had_not_published() -> None:
    faults: list[Any] = [
        {"alarm": "disk", "at": 0, "for": 5},
        {"crash": "web-1", "at": 2, "restart_after": 1},
    ]
    result = run(at=[1, 4], work=0, faults=faults, duration=9)
    assert outcomes(result) == ["lost", "acked"]
    # The new process is told of the alarm as it connects.
    assert times(result, "published") == [None, 5]
    assert result.trace.counts["web-1"].blocked_for == 2 + 2


def test_an_alarm_from_the_start_stops_the_first_message() -> None:
    assert times(run(at=[0], work=0, faults=[{"alarm": "disk", "at": 0, "for": 5}]), "published") == [5]


def test_destinations_by_weight_cycle_choice_and_hash() -> None:
    queues: dict[str, Any] = {name: {} for name in ("a", "b", "0", "1", "2", "3")}

    def placed(to: Any, count: int) -> list[str]:
        result = run(at=[0] * count, queues=queues, producer={"to": to}, **QUIET)
        table = result.trace.messages
        return [result.trace.queues.names[table.queue[i]] for i in range(table.n)]

    assert placed({"exchange": "", "key": {"cycle": ["a", "b", "b"]}}, 6) == ["a", "b", "b", "a", "b", "b"]
    weighted = placed([{"weight": 3, "queue": "a"}, {"weight": 1, "queue": "b"}], 4000)
    # 3000 expected, standard deviation 27.
    assert abs(weighted.count("a") - 3000) < 110
    chosen = placed({"exchange": "", "key": {"choice": {"a": 1, "b": 4}}}, 4000)
    assert abs(chosen.count("b") - 3200) < 100
    hashed = placed({"exchange": "", "key": {"hash": 4}}, 4000)
    assert all(abs(hashed.count(key) - 1000) < 110 for key in "0123")
    assert hashed[:50] == placed({"exchange": "", "key": {"hash": 4}}, 50)


def test_exchanges_route_and_a_fan_out_has_a_row_in_each_queue() -> None:
    result = run(
        at=[0, 1, 2],
        exchanges={"events": {"type": "topic", "alternate": "rest"}, "rest": {"type": "fanout"}},
        queues={"log": {}, "odd": {}},
        bindings=[
            {"exchange": "events", "queue": "tasks", "key": "order.*"},
            {"exchange": "events", "queue": "log", "key": "#.new"},
            {"exchange": "rest", "queue": "odd"},
        ],
        producer={"to": {"exchange": "events", "key": {"cycle": ["order.new", "order.old", "visit"]}}},
        duration=30,
    )
    table, names = result.trace.messages, result.trace.queues.names
    where = [(table.number[i], names[table.queue[i]], table.origin[i]) for i in range(table.n)]
    assert sorted(where) == [(0, "log", 0), (0, "tasks", 0), (1, "tasks", 2), (2, "odd", 3)]


def test_a_queue_that_went_away_closes_the_channel_and_not_the_run() -> None:
    # Unused for 2 s, the queue is deleted; the consumer that comes at 3 gets a 404, again and again.
    result = run(at=[0, 5], queue={"expires": 2}, consumer={"start": 3}, duration=6)
    assert outcomes(result) == ["dropped", "unroutable"]
    assert [t for t, _ in happened(result, "channel-closed")] == [3, 4, 5]
    # A transient exchange is lost over a restart under the rules of 4.0: publishing to it is a 404.
    gone = run(
        at=[0, 4],
        broker={
            "profile": "4.0",
            "queues": {"tasks": {}},
            "exchanges": {"events": {"type": "fanout", "durable": False}},
            "bindings": [{"exchange": "events", "queue": "tasks"}],
        },
        producer={"to": {"exchange": "events"}},
        faults=[{"restart": "broker", "at": 2, "down": 0.5}],
        duration=9,
    )
    assert outcomes(gone) == ["acked", "lost"]
    assert happened(gone, "channel-closed") == [(4.0, "web-1")]


def test_an_acknowledgement_that_takes_too_long_closes_the_channel() -> None:
    rules = {"profile": "4.0", "queues": {"tasks": {}}, "consumer_timeout": 50}
    result = run(work=100, broker=rules, duration=130)
    # RabbitMQ looks once a minute: at 60 the delivery is 60 s old. Connected at 61, the worker gets it again.
    assert [t for t, _ in happened(result, "connection-lost")] == [60, 120]
    sent = result.trace.deliveries.sent
    assert list(sent[: result.trace.deliveries.n]) == [0, 61, 121]
