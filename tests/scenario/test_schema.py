"""The JSON schema says what the reader does: what the reader takes, it takes; plain mistakes it refuses."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from mqsim.distributions import LAWS
from mqsim.scenario import preset_text, presets, schema
from mqsim.scenario.arrivals import KINDS
from mqsim.scenario.faults import FAULTS
from mqsim.scenario.yaml import read_text
from tests.scenario.plain import SAMPLE, scenarios, small

VALIDATOR = jsonschema.Draft202012Validator(schema())


def mistakes(data: Any) -> list[str]:
    """What the schema has against `data`, as JSON would carry it."""
    return [error.json_path for error in VALIDATOR.iter_errors(json.loads(json.dumps(data)))]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    text = json.dumps(schema())
    assert "x-mqsim" not in text
    assert "base" not in schema()["properties"]


@pytest.mark.parametrize("name", list(presets()))
def test_it_takes_every_preset(name: str) -> None:
    assert mistakes(read_text(preset_text(name))) == []


def test_it_takes_the_sample_of_the_design() -> None:
    assert mistakes(read_text(SAMPLE.read_text())) == []


@given(scenarios())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_it_takes_whatever_the_reader_takes(data: dict[str, Any]) -> None:
    assert mistakes(data) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"durration": 5},
        {"duration": None},
        {"until": "drained"},
        {"duration": "5"},
        {"duration": -5},
        {"seed": 1.5},
        {"producers__web__arrivals": {"poisson": {"rate": 0}}},
        {"producers__web__arrivals": {"poison": {"rate": 1}}},
        {"producers__web__arrivals": {"poisson": {"rate": 1}, "every": 1}},
        {"producers__web__arrivals": {"every": 0}},
        {"producers__web__work": {"exponential": {"meen": 1}}},
        {"producers__web__work": {"exponetial": {"mean": 1}}},
        {"producers__web__work": -1},
        {"producers__web__to": 5},
        {"producers__web__to": []},
        {"producers__web__to": {"queue": "tasks", "key": "a"}},
        {"producers__web__to": {"exchange": "events", "key": {"cycl": ["a"]}}},
        {"producers__web__priority": 256},
        {"producers__web__arrivals": None},
        {"consumers__worker__prefetch": 65536},
        {"consumers__worker__speed": [1, 0]},
        {"consumers__worker__ack": "never"},
        {"broker__profile": 3.1},
        {"broker__nodes": 0},
        {"broker__queues__tasks": {"overflow": "drop"}},
        {"faults": [{"crash": "worker-1"}]},
        {"faults": [{"crash": "worker-1", "at": 3, "every": 5, "repair": 1}]},
        {"faults": [{"crsh": "worker-1", "at": 3}]},
        {"faults": [{"fail": "worker", "at": 3, "probability": 2}]},
        {"faults": [{"fail": "worker", "at": 3, "then": "retry"}]},
        {"consumers__worker__slots": 0},
        {"consumers__worker__autoscale": {"keda": {"target": 0, "max": 3}}},
        {"consumers__worker__autoscale": {"kedaa": {"target": 1, "max": 3}}},
        {"broker__disk": {"free": -1}},
        {"producers__web__work": {"list": []}},
        {"faults": [{"slow": "worker-1", "at": 3}]},
        {"faults": [{"alarm": "cpu", "at": 3}]},
        {"faults": [{"partition": "worker-1", "at": 3}]},
    ],
    ids=str,
)
def test_it_refuses_plain_mistakes(changes: dict[str, Any]) -> None:
    assert mistakes(small()) == []
    assert mistakes(small(**changes))


def test_it_describes_every_law_arrival_and_fault() -> None:
    definitions = schema()["$defs"]
    laws = {next(iter(form["properties"])) for form in definitions["DIST"]["anyOf"] if "properties" in form}
    assert laws == set(LAWS) - {"constant"}
    assert [next(iter(form["properties"])) for form in definitions["ARRIVALS"]["anyOf"]] == list(KINDS)
    assert [next(iter(form["properties"])) for form in definitions["Fault"]["anyOf"]] == list(FAULTS)


def test_every_field_of_a_scenario_is_explained() -> None:
    silent = [
        f"{name}.{field}"
        for name, definition in {**schema()["$defs"], "Scenario": schema()}.items()
        for field, form in definition.get("properties", {}).items()
        if "description" not in form
    ]
    assert silent == []
