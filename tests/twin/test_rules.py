"""Which scenarios the twin plays: a list of what it knows, against which everything new is refused."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from mqsim import twin
from mqsim.scenario import (
    Scenario,
    actors,
    arrivals,
    autoscaling,
    brokerspec,
    conduct,
    destinations,
    faults,
    load,
    network,
)
from mqsim.scenario.actors import ConsumerSpec
from mqsim.scenario.spec import Spec
from mqsim.twin.rules import KNOWN, RULES, WORDS, unknown
from tests.documents.twin import page

PRESETS = {
    "broker-restart": False,
    "burst": True,
    "fair-dispatch": True,
    "hello": True,
    "pipeline": True,
    "poison-quorum": False,
    "poison": True,
    "pub-sub": False,
    "quorum-failover": False,
    "retry-storm": True,
    "rolling-restart": False,
    "task-queue": True,
    "unequal-workers": True,
    "worker-crash": True,
}

PLAIN: dict[str, Any] = {
    "duration": 10,
    "broker": {"queues": {"tasks": {}, "dead": {}}},
    "producers": {"web": {"to": "tasks", "arrivals": {"poisson": {"rate": 1}}, "work": 0.1}},
    "consumers": {"worker": {"queue": "tasks"}},
}

REFUSED: dict[str, dict[str, Any]] = {
    "a cluster": {"broker.nodes": 3},
    "programs": {"programs": {"student": {"source": "print(1)"}}},
    "the broker's own time": {"broker.costs.publish": 0.1},
    "a memory limit": {"broker.memory": {"limit": 1000}},
    "bandwidth": {"network.links": [{"between": ["web", "broker"], "bandwidth": 10}]},
    "exchanges": {"producers.web.to": {"exchange": "amq.fanout"}},
    "dead letters that go elsewhere": {"broker.queues.tasks.dead_letter": {"key": "tasks"}},
    "dead letters at the start": {
        "broker.queues.tasks": {"ready": 3, "max_length": 1, "dead_letter": {"key": "dead"}}
    },
    "expiry in queues with priorities": {"broker.queues.tasks": {"max_priority": 3, "message_ttl": 1}},
    "forwards to several places": {
        "consumers.worker.publish": [
            {"to": [{"weight": 1, "queue": "dead"}, {"weight": 2, "queue": "tasks"}]}
        ]
    },
    "pipelines in a circle": {"consumers.worker.publish": [{"to": "tasks", "probability": 0.1}]},
    "saturation of several queues": {
        "producers.web.arrivals": {"saturate": {"ready": 2}},
        "producers.web.priority": {0: 1, 1: 1},
    },
    "faults of the broker and the network": {"faults": [{"restart": "broker", "at": 3}]},
    "the end of a producer with confirms": {
        "producers.web.confirms": {},
        "faults": [{"stop": "web-1", "at": 3}],
    },
}


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_each_preset_is_played_or_left_to_sim(preset: str) -> None:
    assert (twin.eligible(load(preset)) == "") is PRESETS[preset]


def test_every_preset_is_listed() -> None:
    folder = Path(str(load.__code__.co_filename)).parent / "presets"
    assert {path.stem for path in folder.glob("*.yaml")} == set(PRESETS)


def test_a_plain_scenario_is_played() -> None:
    assert twin.eligible(Scenario.from_data(PLAIN)) == ""


@pytest.mark.parametrize("rule", RULES[:-1], ids=lambda rule: rule.about)
def test_each_rule_refuses_a_scenario_of_its_own(rule: twin.Rule) -> None:
    scenario = Scenario.from_data(PLAIN).with_(REFUSED[rule.about])
    assert rule.found(scenario)
    assert twin.eligible(scenario) == rule.why
    assert not any(other.found(Scenario.from_data(PLAIN)) for other in RULES)


def test_returned_messages_need_a_field_that_is_refused_first() -> None:
    changes = {
        "producers.web.mandatory": True,
        "producers.web.retry": {"on": ["returned"]},
    }
    scenario = Scenario.from_data(PLAIN).with_(changes)
    assert twin.eligible(scenario).startswith("producers.web.mandatory is True")
    assert RULES[-1].found(scenario)


@pytest.mark.parametrize(
    "changes",
    [
        {"consumers.worker.redraw": True},
        {"consumers.worker.blocking": True},
        {"consumers.worker.exclusive": True},
        {"broker.queues.tasks.single_active_consumer": True},
        {"broker.queues.tasks.max_bytes": 10},
        {"broker.queues.dead.expires": 10},
        {"broker.queues.tasks.type": "quorum"},
        {"producers.web.mandatory": True},
    ],
    ids=str,
)
def test_fields_that_the_twin_does_not_read_are_refused_by_name(changes: dict[str, Any]) -> None:
    (path,) = changes
    assert twin.eligible(Scenario.from_data(PLAIN).with_(changes)).startswith(f"{path} is ")


def test_a_field_that_is_new_is_refused_unless_it_is_as_by_default() -> None:
    class Patient(ConsumerSpec):
        patience: float | None = Field(default=None)

    Patient.__name__ = "ConsumerSpec"
    assert list(unknown(Patient(queue="tasks"), "consumers.worker")) == []
    assert list(unknown(Patient(queue="tasks", patience=3), "consumers.worker")) == [
        ("consumers.worker.patience", 3.0)
    ]


def test_a_kind_of_arrivals_that_is_new_is_refused_even_if_it_says_nothing() -> None:
    class Tides(Spec):
        pass

    assert list(unknown(Tides(), "producers.web.arrivals")) == [("producers.web.arrivals", "Tides")]


def test_a_word_that_is_new_is_refused() -> None:
    spec = brokerspec.QueueSpec()
    object.__setattr__(spec, "overflow", "keep-some")
    assert list(unknown(spec, "broker.queues.tasks")) == [("broker.queues.tasks.overflow", "keep-some")]


def _specs() -> dict[str, type[Spec]]:
    modules = (actors, arrivals, autoscaling, brokerspec, conduct, destinations, faults, network)
    found = {
        name: kind
        for module in modules
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Spec) and kind is not Spec
    }
    return found | {"Scenario": Scenario}


@pytest.mark.parametrize("part", sorted(set(KNOWN) - {"Empty"}))
def test_the_fields_that_the_twin_knows_exist(part: str) -> None:
    assert set(KNOWN[part].split()) <= set(_specs()[part].model_fields)


@pytest.mark.parametrize("field", sorted(WORDS))
def test_the_words_that_the_twin_knows_exist(field: str) -> None:
    kinds = [kind.model_fields[field].annotation for kind in _specs().values() if field in kind.model_fields]
    words = {word for kind in kinds for word in typing.get_args(kind) if isinstance(word, str)}
    assert words >= set(WORDS[field]) or not words


def test_the_page_is_made_from_the_rules() -> None:
    file = Path(__file__).parents[2] / "docs" / "twin.md"
    assert file.read_text("utf-8") == page(), "run python -m tests.documents.twin --write"
