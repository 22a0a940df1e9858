"""Definitions of many releases: every key is accounted for, and no queue costs the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mqsim import planning

if TYPE_CHECKING:
    from pathlib import Path

    from mqsim.planning.answer import Answer


def queue(name: str, vhost: str = "/", **arguments: Any) -> dict[str, Any]:
    named = {key.replace("_", "-"): value for key, value in arguments.items()}
    return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": named}


def policy(
    name: str, to: str = "all", pattern: str = ".*", priority: int = 0, **definition: Any
) -> dict[str, Any]:
    said = {key.replace("_", "-"): value for key, value in definition.items()}
    return {
        "vhost": "/",
        "name": name,
        "pattern": pattern,
        "apply-to": to,
        "priority": priority,
        "definition": said,
    }


def asked(tmp_path: Path, given: Any, **options: Any) -> Answer:
    path = tmp_path / "definitions.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    return planning.from_definitions(path, **options)


def state(answer: Answer, where: str, key: str) -> str:
    """What became of a key; it must be told exactly once."""
    found = [row["state"] for row in answer.rows if row["where"] == where and row["key"] == key]
    assert len(found) == 1, f"{where} {key}: {found}"
    return found[0]


ARGUMENTS: dict[str, Any] = {
    "x-expires": 1000,
    "x-message-ttl": 5000,
    "x-overflow": "reject-publish",
    "x-max-priority": 10,
    "x-queue-mode": "lazy",
    "x-queue-version": 2,
    "x-single-active-consumer": True,
    "x-max-length": 10,
    "x-max-length-bytes": 1000,
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": "b",
    "x-queue-master-locator": "min-masters",
    "x-consumer-timeout": 1000,
    "x-max-in-memory-length": 0,
    "x-quorum-target-group-size": 3,
    "x-something-new": 1,
}


def test_every_argument_is_told_once(tmp_path: Path) -> None:
    answer = asked(tmp_path, {"queues": [queue("a") | {"arguments": ARGUMENTS}, queue("b")]})
    states = {key: state(answer, "queues a", key) for key in ARGUMENTS}
    plain = {"x-consumer-timeout", "x-quorum-target-group-size", "x-something-new"}
    idle = {"x-queue-mode", "x-queue-version", "x-queue-master-locator", "x-max-in-memory-length"}
    assert {key for key, said in states.items() if said == "not modelled"} == plain
    assert {key for key, said in states.items() if said == "no effect"} == idle
    spec = answer.scenario.broker.queues["a"]
    assert (spec.expires, spec.message_ttl, spec.max_length, spec.max_bytes) == (1.0, 5.0, 10, 1000)
    assert (spec.overflow, spec.max_priority, spec.single_active_consumer) == ("reject-publish", 10, True)
    assert spec.dead_letter is not None
    assert spec.dead_letter.key == "b"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("x-quorum-initial-group-size", 5, "x-quorum-initial-group-size 5"),
        ("x-delivery-limit", -1, "x-delivery-limit -1"),
        ("x-max-length", "10", "x-max-length 10"),
        ("x-max-length", True, "x-max-length True"),
        ("x-message-ttl", -5, "x-message-ttl -5"),
        ("x-overflow", "nonsense", "x-overflow nonsense"),
    ],
)
def test_a_value_that_a_queue_cannot_have_costs_only_itself(
    name: str, value: Any, said: str, tmp_path: Path
) -> None:
    odd = queue("odd", x_queue_type="quorum")
    odd["arguments"][name] = value
    answer = asked(tmp_path, {"queues": [odd, queue("fine", x_max_length=7)]})
    assert state(answer, "queues odd", said) == "not modelled"
    assert not [row for row in answer.rows if row["where"] == "queues odd" and row["key"] == name]
    assert answer.scenario.broker.queues.keys() == {"odd", "fine"}
    assert answer.scenario.broker.queues["fine"].max_length == 7


def test_what_is_no_queue_is_told_and_the_rest_is_taken(tmp_path: Path) -> None:
    given = [
        queue("a"),
        {"vhost": "/"},
        "text",
        {"name": 5},
        {"name": "n", "arguments": None},
        queue("a", x_expires=1),
    ]
    answer = asked(tmp_path, {"queues": given, "policies": None})
    assert list(answer.scenario.broker.queues) == ["a", "n"]
    assert answer.scenario.broker.queues["a"].expires is None
    places = {row["where"] for row in answer.rows if row["state"] == "not modelled"}
    assert places == {"queues[1]", "queues[2]", "queues[3]", "queues a"}


@pytest.mark.parametrize("kind", ["stream", "rabbit_mqtt_qos0_queue"])
def test_queues_of_other_kinds(kind: str, tmp_path: Path) -> None:
    answer = asked(tmp_path, {"queues": [queue("s", x_queue_type=kind), queue("a")]})
    assert state(answer, "queues s", f"type {kind}") == "not modelled"
    assert list(answer.scenario.broker.queues) == ["a"]


def test_an_export_of_one_virtual_host_says_its_queue_type_at_the_top(tmp_path: Path) -> None:
    given = {
        "rabbitmq_definition_format": "single_virtual_host",
        "original_vhost_name": "shop",
        "default_queue_type": "quorum",
        "metadata": {"tags": []},
        "limits": [],
        "queues": [{"name": "a", "durable": True, "auto_delete": False, "arguments": {}}],
    }
    answer = asked(tmp_path, given)
    assert answer.scenario.broker.queues["a"].type == "quorum"
    assert state(answer, "vhosts /", "default_queue_type quorum") == "used"


def test_policies_of_every_kind(tmp_path: Path) -> None:
    given = {
        "queues": [queue("a", x_queue_type="quorum"), queue("b")],
        "exchanges": [{"name": n, "vhost": "/", "type": "fanout", "durable": True} for n in ("x", "alt")],
        "policies": [
            policy(
                "q", "quorum_queues", priority=9, delivery_limit=3, target_group_size=3, consumer_timeout=5
            ),
            policy("c", "classic_queues", max_length=5, delivery_limit=2, queue_mode="lazy", message_ttl="1"),
            policy("e", "exchanges", "^x$", alternate_exchange="alt", federation_upstream_set="all"),
            policy("s", "streams", max_age="1D"),
            policy("bad", pattern="("),
            policy("low", priority=-1, max_length=1),
        ],
        "parameters": [
            {
                "vhost": "/",
                "component": "operator_policy",
                "name": "op",
                "value": {
                    "pattern": "b",
                    "apply-to": "queues",
                    "definition": {"max-length": 3},
                    "priority": 1,
                },
            },
            {"vhost": "/", "component": "shovel", "name": "mv", "value": {"src-uri": "amqp://"}},
            {"vhost": "/", "component": "vhost-limits", "name": "limits", "value": {"max-queues": 1}},
            {"vhost": "/", "component": "something", "name": "new", "value": 1},
        ],
        "global_parameters": [
            {"name": "cluster_name", "value": "x"},
            {"name": "mqtt", "value": {"1883": "/"}},
        ],
    }
    answer = asked(tmp_path, given)
    broker = answer.scenario.broker
    assert (broker.queues["a"].delivery_limit, broker.queues["b"].max_length) == (3, 3)
    assert broker.exchanges["x"].alternate == "alt"
    assert broker.exchanges["alt"].alternate is None
    for where, key, expected in (
        ("policy q", "delivery-limit 3 on a", "used"),
        ("policy q", "target-group-size", "not modelled"),
        ("policy q", "consumer-timeout", "not modelled"),
        ("policy c", "delivery-limit 2 on b", "no effect"),
        ("policy c", "queue-mode", "no effect"),
        ("policy c", "message-ttl 1 on b", "not modelled"),
        ("policy e", "alternate-exchange on x", "used"),
        ("policy e", "federation-upstream-set on x", "not modelled"),
        ("policy", "s", "no effect"),
        ("policy", "bad", "no effect"),
        ("policy", "low", "no effect"),
        ("operator policy op", "max-length 3 on b", "used"),
        ("parameter", "shovel mv", "not modelled"),
        ("parameter", "limits", "no effect"),
        ("parameter", "something new", "not modelled"),
        ("parameter", "cluster_name", "no effect"),
        ("parameter", "mqtt", "not modelled"),
    ):
        assert state(answer, where, key) == expected


def test_bindings_of_every_kind_and_headers_that_cannot_be_said(tmp_path: Path) -> None:
    given = {
        "queues": [queue("a")],
        "exchanges": [
            {
                "name": "in",
                "vhost": "/",
                "type": "headers",
                "durable": True,
                "internal": False,
                "arguments": {},
            },
            {"name": "hash", "vhost": "/", "type": "x-consistent-hash", "durable": True},
        ],
        "bindings": [
            {
                "source": "in",
                "vhost": "/",
                "destination": "amq.topic",
                "destination_type": "exchange",
                "routing_key": "",
                "arguments": {"x-match": "any", "k": 1, "list": [1]},
            },
            {
                "source": "amq.topic",
                "vhost": "/",
                "destination": "a",
                "destination_type": "queue",
                "routing_key": "#",
            },
            {
                "source": "hash",
                "vhost": "/",
                "destination": "a",
                "destination_type": "queue",
                "routing_key": "1",
            },
            {
                "source": "in",
                "vhost": "/",
                "destination": "gone",
                "destination_type": "queue",
                "routing_key": "",
            },
        ],
    }
    answer = asked(tmp_path, given)
    first, second = answer.scenario.broker.bindings
    assert (first.to_exchange, first.arguments) == ("amq.topic", {"x-match": "any", "k": 1})
    assert (second.queue, second.key) == ("a", "#")
    assert state(answer, "bindings in to amq.topic", "argument list") == "not modelled"
    assert state(answer, "exchanges hash", "type x-consistent-hash") == "not modelled"
    assert state(answer, "bindings hash to a", "") == "not modelled"
    assert state(answer, "bindings in to gone", "") == "not modelled"


def test_fields_that_a_management_page_adds(tmp_path: Path) -> None:
    more = {"exclusive": True, "leader": "rabbit@a", "messages": 5, "state": "running", "novelty": 1}
    answer = asked(tmp_path, {"queues": [queue("a") | more], "novel_things": [1], "rabbit_version": "3.8.9"})
    assert {key: state(answer, "queues a", key) for key in more} == {
        "exclusive": "no effect",
        "leader": "no effect",
        "messages": "no effect",
        "state": "no effect",
        "novelty": "not modelled",
    }
    assert state(answer, "", "novel_things") == "not modelled"
    assert state(answer, "", "rabbit_version") == "no effect"


def test_dead_letters_that_go_nowhere(tmp_path: Path) -> None:
    lost = queue("a", x_dead_letter_exchange="nope")
    answer = asked(tmp_path, {"queues": [lost, queue("b", x_dead_letter_routing_key="a")]})
    assert state(answer, "queues a", "x-dead-letter-exchange nope") == "no effect"
    assert state(answer, "queues b", "x-dead-letter-routing-key") == "no effect"
