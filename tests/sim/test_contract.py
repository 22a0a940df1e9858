"""What docs/scenario.md says of a scenario's fields, on scenarios small enough to be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mqsim.api import Scenario
from mqsim.distributions import Streams, parse
from mqsim.scenario import Keda, Policy, ScaleUp, TargetTracking
from tests.sim.invariants import violations
from tests.sim.small import attempts, happened, lived, outcomes, run, times

EVERYTHING = Path(__file__).with_name("everything.yaml")
SAMPLE = Path(__file__).parents[1] / "scenario" / "sample.yaml"


# -- whole scenarios -----------------------------------------------------------------------------------------


def test_the_sample_runs_without_its_programs() -> None:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith(("programs:", "  student:")))
    world, result = lived(Scenario.from_yaml(text))
    # worker-3 is switched off at 40 s and back at 100 s, before its heartbeat of 60 s has missed two beats.
    assert violations(world, result, one_connection=False) == []
    assert happened(result, "crashed")[0] == (30.0, "worker-2")
    assert [span.start for span in result.trace.faults if span.kind == "alarm"] == [200.0]
    assert result.trace.counts["web-1"].created == pytest.approx(600 * 80, rel=0.03)


def test_every_field_at_once_runs_and_its_books_balance() -> None:
    world, result = lived(Scenario.from_yaml(EVERYTHING))
    assert violations(world, result, one_connection=False) == []
    kinds = set(result.trace.events.kind)
    assert kinds >= {
        "crashed", "powered-off", "slowed", "restored", "hung", "partitioned", "healed", "connection-lost",
        "stopped", "broker-stopped", "broker-killed", "broker-started", "alarm-raised", "blocked", "failed",
        "scaled-up", "dead-lettered", "refused", "requeued", "returned",
    }  # fmt: skip


def test_everything_yaml_leaves_no_field_out_but_those_tried_elsewhere() -> None:
    text = EVERYTHING.read_text(encoding="utf-8")
    # Quorum queues, clusters and real programs have tests of their own.
    later = {
        "delivery_limit",
        "leader",
        "members",
        "programs",
        "grace",
        "module",
        "stdin",
        "until",
        "max_duration",
        "broker",
    }
    named: set[str] = set()
    for part in Scenario.model_json_schema()["$defs"].values():
        named |= set(part.get("properties", {}))
    unused = {name for name in named | set(Scenario.model_fields) if f"{name}:" not in text}
    arrivals = {
        "every",
        "renewal",
        "at",
        "batches",
        "profile",
        "closed",
        "saturate",
        "trace",
        "points",
        "shape",
        "law",
    }
    laws = {"file", "column", "values", "weights"}
    # A fault's kind and target are written `KIND: TARGET`; `base` is the file's own folder.
    elsewhere = {"users", "think", "choice", "kind", "target", "base"}
    of_programs = {"args", "source", "module", "stdin"}
    # test_autoscaling.py, test_pools.py, test_alarms.py
    scaling = {field for model in (Keda, ScaleUp, Policy, TargetTracking) for field in model.model_fields}
    assert unused <= later | arrivals | laws | elsewhere | of_programs | scaling | {"slots", "disk", "free"}


# -- arrivals and work ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrivals", "more", "created"),
    [
        ({"at": [0, 0, 2.5]}, {}, [0, 0, 2.5]),
        ({"every": 0.5}, {"messages": 4, "start": 1}, [1, 1.5, 2, 2.5]),
        ({"every": 0.1}, {"stop": 0.35}, [0, 0.1, 0.2, 0.3]),
        ({"renewal": 0.3}, {"messages": 3}, [0.3, 0.6, 0.9]),
        ({"batches": {"every": 2, "size": 3}}, {"messages": 5}, [2, 2, 2, 4, 4]),
        # The rate falls from 10 to 0 in 2 s: 10 t - 2.5 t^2 = k.
        (
            {"profile": {"points": [[0, 10], [2, 0]], "shape": "linear", "law": "even"}},
            {},
            [2 - (4 - 0.4 * k) ** 0.5 for k in range(1, 11)],
        ),
        (
            {"profile": {"points": [[0, 1], [2, 4]], "shape": "step", "law": "even"}},
            {"messages": 5},
            [1, 2, 2.25, 2.5, 2.75],
        ),
        # Two users think for 1 s; one worker needs 0.5 s for each.
        ({"closed": {"users": 2, "think": 1}}, {"messages": 6}, [1, 1, 2.5, 3, 4, 4.5]),
        # One is sent at once and two stay ready; then one more whenever one is sent.
        ({"saturate": {"ready": 2}}, {"messages": 6}, [0, 0, 0, 0.5, 1, 1.5]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) and value else "",
)  # fmt: skip
def test_messages_are_created_when_the_arrivals_say(arrivals: Any, more: Any, created: list[float]) -> None:
    result = run(work=0.5, producer={"arrivals": arrivals, **more})
    assert times(result, "created") == [round(t, 9) for t in created]


def test_a_queue_with_less_room_is_kept_full_and_no_more() -> None:
    producer = {"arrivals": {"saturate": {"ready": 5}}}
    for overflow in ("drop-head", "reject-publish"):
        result = run(producer=producer, queue={"max_length": 2, "overflow": overflow}, duration=2.5)
        assert times(result, "created") == [0, 0, 0, 1, 2]
        assert set(outcomes(result)) == {"acked", "unacked", "ready"}


def test_arrivals_are_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("who,t\na,0.25\nb,1.5\n", encoding="utf-8")
    result = run(producer={"arrivals": {"trace": {"file": str(tmp_path / "log.csv"), "column": "t"}}})
    assert times(result, "created") == [0.25, 1.5]


@pytest.mark.parametrize(
    "law",
    [
        0.7,
        {"exponential": {"mean": 0.3}},
        {"uniform": {"low": 0.1, "high": 0.4}},
        {"erlang": {"k": 3, "mean": 0.2}},
        {"gamma": {"mean": 0.2, "cv": 0.5}},
        {"lognormal": {"mean": 0.2, "cv": 2}},
        {"weibull": {"mean": 0.2, "shape": 0.8}},
        {"pareto": {"mean": 0.2, "shape": 2.5}},
        {"hyperexponential": {"probabilities": [0.2, 0.8], "means": [1, 0.1]}},
        {"discrete": {"values": [0.1, 0.9], "weights": [3, 1]}},
    ],
    ids=str,
)
def test_work_and_service_are_the_laws_own_samples_in_the_order_of_the_messages(law: Any) -> None:
    streams = Streams(11)
    draws = streams.sampler("web-1", "work", parse(law)).draws()
    expected = [round(next(draws) * 2, 9) for _ in range(5)]
    result = run(seed=11, at=[0, 0, 1, 1, 7], work=law, consumer={"count": 2, "speed": 0.5})
    finished, started = times(result, "finished"), times(result, "started")
    assert [round(b - a, 9) for a, b in zip(started, finished, strict=True)] == pytest.approx(expected)  # type: ignore[operator]


# -- consumers -----------------------------------------------------------------------------------------------


def test_speeds_factor_and_service() -> None:
    assert times(run(at=[0, 0], consumer={"count": 2, "speed": [1, 0.5]}), "finished") == [1, 2]
    stretched = run(at=[0, 5, 10, 20], consumer={"factor": [[0, 1], [10, 3]]})
    assert times(stretched, "finished") == [1, 7, 13, 23]
    assert times(run(work=9, consumer={"service": 0.5}), "finished") == [0.5]


def test_prefetch_keeps_what_waits_in_reach_of_others() -> None:
    late = {"count": 3, "start": 1}
    greedy = run(at=[0, 0, 0], work=2, consumer={**late, "prefetch": 0})
    assert {who for _, who, _ in attempts(greedy)} == {"worker-1"}
    assert times(greedy, "finished") == [3, 5, 7]
    fair = run(at=[0, 0, 0], work=2, consumer=late)
    assert [who for _, who, _ in attempts(fair)] == ["worker-1", "worker-2", "worker-3"]
    assert times(fair, "finished") == [3, 3, 3]


def test_auto_loses_what_is_in_the_buffer_and_on_the_wire() -> None:
    crash: list[Any] = [{"crash": "worker-1", "at": 3}]
    result = run(at=[0, 0, 0], work=2, consumer={"ack": "auto"}, faults=crash)
    assert outcomes(result) == ["acked", "lost", "lost"]
    assert times(result, "finished") == [2, None, None]
    # Published at 0, queued and sent at 1, it would arrive at 2; the process is dead from 1.5 on.
    wire = run(
        work=2, consumer={"ack": "auto"}, network={"latency": 1}, faults=[{"crash": "worker-1", "at": 1.5}]
    )
    assert outcomes(wire) == ["lost"]
    assert times(wire, "delivered") == [1]
    assert happened(wire, "lost") == [(2.0, "worker-1")]


def test_early_loses_the_message_in_work_and_no_other() -> None:
    crash: list[Any] = [{"crash": "worker-1", "at": 3, "restart_after": 1}]
    result = run(at=[0, 0, 0], work=2, consumer={"ack": "early", "prefetch": 0}, faults=crash)
    assert outcomes(result) == ["acked", "lost", "acked"]
    assert times(result, "acked") == [0, 2, 4]
    assert times(result, "finished") == [2, None, 6]


def test_early_acknowledgement_still_under_way_when_its_sender_dies() -> None:
    # The work starts at 2 with the acknowledgement, which reaches the broker at 3; the crash falls between.
    crash: list[Any] = [{"crash": "worker-1", "at": 2.5}]
    result = run(work=2, consumer={"ack": "early"}, network={"latency": 1}, faults=crash)
    assert outcomes(result) == ["lost"]
    assert times(result, "acked") == [3]


def test_failing_work_comes_back_is_rejected_dropped_or_kills() -> None:
    def failing(**fails: Any) -> Any:
        fails = {"probability": 1, "after": 0.5} | fails
        return run(consumer={"fails": fails}, duration=4)

    nacked = failing(then="nack", attempts=3)
    assert outcomes(nacked) == ["rejected"]
    assert [how for _, _, how in attempts(nacked)] == ["requeued", "requeued", "rejected"]
    assert times(nacked, "ended") == [1.5]
    assert outcomes(failing(then="reject")) == ["rejected"]
    assert outcomes(failing(then="drop")) == ["lost"]
    dying = failing(then="crash", restart_after=2)
    assert happened(dying, "crashed") == [(0.5, "worker-1"), (3.0, "worker-1")]
    assert [how for _, _, how in attempts(dying)] == ["returned", "returned"]


def test_a_message_that_failed_once_need_not_fail_when_it_comes_back_through_a_dead_letter_queue() -> None:
    result = run(
        at=[0] * 40,
        work=0.01,
        consumer={"fails": {"probability": 0.5, "then": "reject"}},
        queue={"dead_letter": {"exchange": "", "key": "pause"}},
        queues={"pause": {"message_ttl": 1, "dead_letter": {"exchange": "", "key": "tasks"}}},
    )
    # A share 1/2 of 40 fails at first, half of these again, and so on: the longest of 40 geometric lives.
    assert outcomes(result, "tasks").count("acked") == 40
    assert 2 <= max(times(result, "ended")) <= 20  # type: ignore[type-var, operator]


def test_poison_fails_at_every_attempt() -> None:
    result = run(producer={"poison": 1}, consumer={"fails": {"then": "nack", "attempts": 4}})
    assert [how for _, _, how in attempts(result)] == ["requeued"] * 3 + ["rejected"]


def test_forwards_carry_origin_and_parent() -> None:
    forwards = [
        {"to": "next", "when": "before_ack", "size": 10},
        {"to": "next", "when": "after_ack"},
        {"to": "next", "probability": 0},
    ]
    consumers = {"worker": {"queue": "tasks", "publish": forwards}, "second": {"queue": "next"}}
    result = run(queues={"next": {}}, consumers=consumers, network={"latency": 0.25})
    table = result.trace.messages
    assert [(table.parent[i], table.origin[i]) for i in range(table.n)] == [(-1, 0), (0, 0), (0, 0)]
    # Published as the work is done; on the link the copy goes before, or after, the acknowledgement.
    assert times(result, "created") == [0, 1.5, 1.5]
    assert times(result, "enqueued") == [0.25, 1.75, 1.75]


def test_a_blocking_consumer_with_long_work_starves_its_heartbeat() -> None:
    result = run(work=5, consumer={"count": 2, "blocking": True, "heartbeat": 1}, duration=9)
    # Thrown out after 2 s, it works on to the end, reconnects 1 s later, and is given the same message again.
    assert attempts(result) == [
        (0, "worker-1", "returned"),
        (0, "worker-2", "returned"),
        (0, "worker-1", "returned"),
        (0, "worker-2", "open"),
    ]
    sent = result.trace.deliveries.sent
    assert [round(sent[i], 9) for i in range(4)] == [0, 2, 6, 8]
    harmless = run(work=5, consumer={"blocking": False, "heartbeat": 1})
    assert times(harmless, "finished") == [5]
    assert len(attempts(harmless)) == 1


def test_autoscaling_by_hand() -> None:
    scale = {"every": 5, "backlog_per": 2, "min": 1, "max": 3, "start_delay": 1, "stop": "graceful"}
    result = run(at=[0] * 10, work=10, consumer={"autoscale": scale})
    assert happened(result, "scaled-up") == [(5.0, "worker-2"), (5.0, "worker-3")]
    assert happened(result, "scaled-down") == [(20.0, "worker-3"), (30.0, "worker-2")]
    assert happened(result, "stopped") == [(26.0, "worker-3"), (36.0, "worker-2")]
    assert result.trace.end == 50.0
    killed = run(at=[0] * 10, work=10, consumer={"autoscale": {**scale, "stop": "kill"}})
    assert happened(killed, "crashed")[0] == (20.0, "worker-3")
    assert set(outcomes(killed)) == {"acked"}


def test_a_consumer_comes_and_goes_in_order() -> None:
    result = run(at=[0, 0], work=2, consumer={"start": 1, "stop": 2}, duration=9)
    assert times(result, "finished") == [3, None]
    assert outcomes(result) == ["acked", "ready"]
    assert happened(result, "stopped") == [(3.0, "worker-1")]
    crashed = run(
        at=[0],
        work=2,
        consumer={"stop": 3},
        duration=9,
        faults=[{"crash": "worker-1", "at": 1, "restart_after": 3}],
    )
    assert outcomes(crashed) == ["ready"]


def test_an_exclusive_consumer_keeps_others_out_until_it_goes() -> None:
    result = run(at=[6], consumer={"count": 2, "exclusive": True}, faults=[{"stop": "worker-1", "at": 4.5}])
    assert happened(result, "subscribed") == [(0.0, "worker-1"), (5.0, "worker-2")]
    assert [t for t, who in happened(result, "connection-lost") if who == "worker-2"] == [0, 1, 2, 3, 4]
    assert attempts(result) == [(0, "worker-2", "acked")]


def test_the_higher_priority_is_served_until_it_is_blocked() -> None:
    consumers = {"worker": {"queue": "tasks"}, "vip": {"queue": "tasks", "priority": 1, "prefetch": 2}}
    result = run(at=[0, 0.1, 0.2], consumers=consumers)
    assert [who for _, who, _ in attempts(result)] == ["vip-1", "vip-1", "worker-1"]


# -- queues --------------------------------------------------------------------------------------------------


def test_limits_expiry_and_dead_letters() -> None:
    dead = {"dead_letter": {"exchange": "", "key": "dead"}}
    quiet: dict[str, Any] = {"consumers": {}, "duration": 9, "queues": {"dead": {}}}
    expired = run(queue={"message_ttl": 1.5, **dead}, **quiet)
    assert outcomes(expired) == ["dead-lettered", "ready"]
    assert times(expired, "enqueued") == [0, 1.5]
    assert times(run(queue={"message_ttl": 3}, producer={"expiration": 2}, **quiet), "ended") == [2]
    assert outcomes(run(queue={"message_ttl": 1, "ready": 2}, **quiet)) == ["expired"] * 3
    full = run(at=[0, 1, 2], queue={"max_length": 2}, **quiet)
    assert outcomes(full) == ["dropped", "ready", "ready"]
    assert times(full, "ended") == [2, None, None]
    assert outcomes(run(at=[0, 1], queue={"max_bytes": 1500, **dead}, **quiet)) == [
        "dead-lettered",
        "ready",
        "ready",
    ]
    refused = run(at=[0, 1], queue={"max_length": 1, "overflow": "reject-publish"}, **quiet)
    assert outcomes(refused) == ["ready", "refused"]
    passed_on = run(at=[0, 1], queue={"max_length": 1, "overflow": "reject-publish-dlx", **dead}, **quiet)
    assert outcomes(passed_on) == ["ready", "dead-lettered", "ready"]


def test_priorities_and_ready_messages() -> None:
    web = {"to": "tasks", "work": 1}
    producers = {
        "low": {**web, "arrivals": {"at": [0, 0]}},
        "high": {**web, "arrivals": {"at": [0.5]}, "priority": 5},
    }
    result = run(producers=producers, queue={"max_priority": 5})
    assert times(result, "started") == [0, 2, 1]
    ready = run(at=[0], queue={"ready": 2}, duration=9)
    assert times(ready, "finished") == [1, 2, 3]
    assert ready.trace.actors.names[ready.trace.messages.producer[0]] == "preload"


def test_single_active_consumer_takes_over_when_the_first_dies() -> None:
    crash: list[Any] = [{"crash": "worker-1", "at": 1.5}]
    result = run(at=[0, 0], consumer={"count": 2}, queue={"single_active_consumer": True}, faults=crash)
    assert attempts(result) == [
        (0, "worker-1", "acked"),
        (1, "worker-1", "returned"),
        (1, "worker-2", "acked"),
    ]
    assert times(result, "finished") == [1, 2.5]
