"""Definitions files: what policies do to queues, what becomes of every key, and the way there and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import mqsim as mq
from mqsim import planning
from mqsim.broker import Broker
from mqsim.errors import UsageError
from mqsim.scenario.definitions import read_definitions
from mqsim.scenario.interchange import definitions_of
from mqsim.server import definitions as server

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, **given: Any) -> Path:
    path.write_text(json.dumps(given))
    return path


def queue(name: str, vhost: str = "/", **arguments: Any) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "durable": True,
        "auto_delete": False,
        "arguments": {key.replace("_", "-"): value for key, value in arguments.items()},
    }


def policy(
    name: str, pattern: str, priority: int = 0, to: str = "queues", **definition: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": "/",
        "pattern": pattern,
        "apply-to": to,
        "priority": priority,
        "definition": {key.replace("_", "-"): value for key, value in definition.items()},
    }


def operator(name: str, pattern: str, **definition: Any) -> dict[str, Any]:
    value = policy(name, pattern, **definition)
    return {"component": "operator_policy", "name": name, "vhost": "/", "value": value}


def read(path: Path, **given: Any) -> dict[str, dict[str, Any]]:
    found = read_definitions(write(path / "d.json", **given))
    return {each.name: each.effective for each in found.queues}


def test_a_policy_adds_what_a_queue_does_not_say(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        queues=[
            queue("orders"),
            queue("orders.eu"),
            queue("mail"),
            queue("own", x_max_length=7, x_overflow="drop-head"),
        ],
        policies=[
            policy("all", ".*", 0, max_length=100, overflow="reject-publish"),
            policy("orders", "^orders", 5, message_ttl=60_000, dead_letter_exchange="dlx"),
        ],
    )  # fmt: skip
    # Only one policy applies: the one of the highest priority, and nothing of the other.
    assert found["orders"] == {"x-message-ttl": 60_000, "x-dead-letter-exchange": "dlx"}
    assert found["orders.eu"] == found["orders"]
    assert found["mail"] == {"x-max-length": 100, "x-overflow": "reject-publish"}
    # Of two limits the smaller counts; of two words the queue's own.
    assert found["own"] == {"x-max-length": 7, "x-overflow": "drop-head"}


def test_a_pattern_is_sought_anywhere_in_the_name(tmp_path: Path) -> None:
    found = read(
        tmp_path, queues=[queue("a.orders.b"), queue("order")], policies=[policy("p", "orders", max_length=1)]
    )
    assert found == {"a.orders.b": {"x-max-length": 1}, "order": {}}


def test_policies_of_a_kind_apply_to_that_kind(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        queues=[queue("c"), queue("q", x_queue_type="quorum")],
        exchanges=[
            {"name": "e", "vhost": "/", "type": "topic"},
            {"name": "alt", "vhost": "/", "type": "fanout"},
        ],
        policies=[
            policy("classic", ".*", 1, "classic_queues", max_length=1),
            policy("quorum", ".*", 1, "quorum_queues", delivery_limit=3),
            policy("exchanges", "^e$", 9, "exchanges", alternate_exchange="alt"),
        ],
    )
    assert found["c"] == {"x-max-length": 1}
    assert found["q"] == {"x-queue-type": "quorum", "x-delivery-limit": 3}
    scenario = planning.from_definitions(tmp_path / "d.json").scenario
    assert scenario.broker.exchanges["e"].alternate == "alt"
    assert scenario.broker.queues["q"].delivery_limit == 3


def test_an_operator_policy_limits_what_a_policy_allows(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        queues=[queue("a"), queue("b", x_max_length=10)],
        policies=[policy("p", ".*", max_length=500, message_ttl=1000)],
        parameters=[operator("op", ".*", max_length=50, message_ttl=9000)],
    )
    assert found["a"] == {"x-max-length": 50, "x-message-ttl": 1000}
    assert found["b"] == {"x-max-length": 10, "x-message-ttl": 1000}


@pytest.mark.parametrize("metadata", [True, False])
def test_a_virtual_hosts_default_type_counts_for_durable_queues(metadata: bool, tmp_path: Path) -> None:
    usual: dict[str, Any] = {"default_queue_type": "quorum"}
    host = {"name": "/", **({"metadata": usual} if metadata else usual)}
    fleeting = queue("fleeting") | {"durable": False}
    found = read(tmp_path, vhosts=[host], queues=[queue("a"), queue("c", x_queue_type="classic"), fleeting])
    assert found == {"a": {"x-queue-type": "quorum"}, "c": {}, "fleeting": {}}


def test_every_key_is_accounted_for(tmp_path: Path) -> None:
    path = write(
        tmp_path / "d.json",
        rabbit_version="4.0.5",
        users=[{"name": "me"}],
        novelty=1,
        parameters=[{"component": "shovel", "name": "s", "value": {}}],
        queues=[
            queue("q", x_queue_mode="lazy", x_novelty=1),
            queue("s", x_queue_type="stream"),
            queue("p", x_max_priority=5, x_max_length=10),
        ],
        exchanges=[{"name": "delay", "vhost": "/", "type": "x-delayed-message"}],
        bindings=[
            {"source": "delay", "vhost": "/", "destination": "q", "destination_type": "queue"},
            {"source": "amq.topic", "vhost": "/", "destination": "q", "destination_type": "queue"},
        ],
        policies=[
            policy("mirror", ".*", ha_mode="all"),
            policy("lost", "^nothing$", max_length=1),
            policy("odd", "(", max_length=1),
        ],
    )  # fmt: skip
    account = {(entry.where, entry.key): (entry.state, entry.why) for entry in read_definitions(path).account}
    told = {f"{where} {key}".strip(): state for (where, key), (state, _) in account.items()}
    assert told == {
        "rabbit_version": "no effect",
        "users": "no effect",
        "novelty": "not modelled",
        "parameter shovel s": "not modelled",
        "queues q x-queue-mode": "no effect",
        "queues q x-novelty": "not modelled",
        "queues q type classic": "used",
        "queues s type stream": "not modelled",
        "queues p x-max-priority": "used",
        "queues p x-max-length": "used",
        "queues p type classic": "used",
        "exchanges delay type x-delayed-message": "not modelled",
        "bindings delay to q": "not modelled",
        "bindings amq.topic to q": "used",
        "policy mirror ha-mode": "no effect",
        "policy lost": "no effect",
        "policy odd": "no effect",
    }
    assert all(why for state, why in account.values() if state != "used")
    assert "can't be read" in account["policy", "odd"][1]
    answer = planning.from_definitions(path)
    assert (
        "declares 2 queues, 0 exchanges and 1 bindings in virtual host /; of 17 keys 5 are used"
        in answer.sentence
    )
    assert len(answer.table) == 17


def test_what_a_queue_cannot_have_is_left_out_and_the_queue_is_not(tmp_path: Path) -> None:
    path = write(
        tmp_path / "d.json",
        queues=[
            queue("q", x_queue_type="quorum", x_max_priority=5, x_max_length=10),
            queue("n", x_max_length=-1, x_message_ttl=5000),
            queue("d", x_dead_letter_exchange="nowhere"),
        ],
    )
    answer = planning.from_definitions(path)
    queues = answer.scenario.broker.queues
    assert (queues["q"].type, queues["q"].max_length, queues["q"].max_priority) == ("quorum", 10, None)
    assert (queues["n"].max_length, queues["n"].message_ttl) == (None, 5.0)
    assert queues["d"].dead_letter is None
    said = " ".join(answer.notes)
    assert "queues q x-max-priority 5" in said
    assert "queues n x-max-length -1" in said
    assert "queues d x-dead-letter-exchange nowhere" in said


def test_virtual_hosts_are_chosen_and_named(tmp_path: Path) -> None:
    one = write(tmp_path / "one.json", queues=[queue("a", "shop")])
    assert read_definitions(one).vhost == "shop"
    two = write(tmp_path / "two.json", queues=[queue("a", "shop"), queue("b", "mail")])
    with pytest.raises(UsageError, match=r"several virtual hosts.*shop, mail"):
        read_definitions(two)
    found = read_definitions(two, "mail")
    assert [each.name for each in found.queues] == ["b"]
    assert any("virtual host shop" in entry.where for entry in found.account)
    with pytest.raises(UsageError, match="no such virtual host; it has shop, mail"):
        read_definitions(two, "post")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[]", "is an object with"),
        ('{"a": 1}', "is an object with"),
        ('{"queues": 1}', "a list is wanted"),
    ],
)  # fmt: skip
def test_files_that_are_none_say_so(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(UsageError, match=says):
        planning.from_definitions(tmp_path / "d.json")
    with pytest.raises(UsageError, match="can't be read"):
        planning.from_definitions(tmp_path / "none.json")


SHOP = mq.Scenario.from_data(
    {
        "duration": 60,
        "broker": {
            "queues": {
                "orders": {"max_length": 10, "overflow": "reject-publish", "message_ttl": 1.5},
                "quorum": {
                    "type": "quorum",
                    "delivery_limit": 3,
                    "dead_letter": {"exchange": "dlx", "key": "x"},
                },
                "p": {"max_priority": 3, "single_active_consumer": True, "expires": 60},
            },
            "exchanges": {"dlx": {"type": "topic", "alternate": "alt"}, "alt": {"type": "fanout"}},
            "bindings": [
                {"exchange": "dlx", "queue": "p", "key": "a.#"},
                {"exchange": "dlx", "to_exchange": "alt", "key": "b"},
            ],
        },
    }
)


def test_there_and_back_a_broker_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    assert planning.to_definitions(scenario=SHOP, out=path) == definitions_of(SHOP)
    back = planning.from_definitions(path, out=tmp_path / "d.yaml")
    assert back.scenario.broker == SHOP.broker
    assert mq.Scenario.from_yaml(tmp_path / "d.yaml").broker == SHOP.broker
    assert {row["state"] for row in back.rows} == {"used"}


def test_the_broker_takes_what_a_scenario_writes(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    planning.to_definitions(scenario=SHOP, out=path)
    broker = Broker()
    assert server.load(path, broker) == []
    assert broker.queues["orders"].arguments.message_ttl == 1.5
    assert broker.queues["quorum"].arguments.delivery_limit == 3


def test_what_a_policy_says_is_told_once_and_by_name(tmp_path: Path) -> None:
    path = write(
        tmp_path / "d.json",
        rabbitmq_version="3.9.1",
        queues=[queue("q"), queue("own", x_dead_letter_exchange="gone")],
        policies=[
            policy("first", "^q$", 5, dead_letter_exchange="nowhere", ha_mode="all"),
            policy("low", "^q$", 1, max_length=1),
            policy("lost", "^nothing$", max_length=1),
        ],
    )  # fmt: skip
    answer = planning.from_definitions(path, profile="3.10")
    account = {(row["where"], row["key"]): (row["state"], row["why"]) for row in answer.rows}
    dead = [(where, state) for (where, key), (state, _) in account.items() if "dead-letter-exchange" in key]
    assert dead == [("policy first", "no effect"), ("queues own", "no effect")]
    assert account["policy", "low"][1].endswith("and that is first")
    assert account["policy", "lost"][1] == "no queue or exchange here has such a name"
    assert "RabbitMQ 4" not in account["policy first", "ha-mode"][1]
    assert answer.notes[0].startswith("The rules are those of RabbitMQ 3.10 ")
    assert answer.notes[0].endswith(", though RabbitMQ 3.9.1 wrote the file.")
    assert answer.data["profile"] == "3.10"
