"""The JSON schema of what a user may write, for editors and for `mqsim schema`.

pydantic describes the fields; what a user may write in several forms (laws, arrivals, destinations, faults)
is described here, from the same tables that the reading goes by.
"""

from __future__ import annotations

from typing import Any, get_args

from pydantic.json_schema import models_json_schema

from mqsim.scenario.arrivals import KINDS
from mqsim.scenario.autoscaling import SCALERS, Autoscale
from mqsim.scenario.conduct import FailThen
from mqsim.scenario.faults import ALARMS, FAULTS, SERVICES
from mqsim.scenario.laws import MARK
from mqsim.scenario.problems import BARE
from mqsim.scenario.scenario import Scenario

_NUMBER = {"type": "number"}
_POSITIVE = {"type": "number", "exclusiveMinimum": 0}
_NOT_NEGATIVE = {"type": "number", "minimum": 0}
_NUMBERS = {"type": "array", "items": _NOT_NEGATIVE, "minItems": 1}
_TEXT = {"type": "string"}
_MEAN = {**_NOT_NEGATIVE, "description": "the mean, usually in seconds"}
_CV = {**_NOT_NEGATIVE, "description": "coefficient of variation: standard deviation / mean"}

_LAWS: dict[str, tuple[str, dict[str, Any]]] = {
    "exponential": ("memoryless", {"mean": _MEAN}),
    "uniform": ("everything from low to high equally likely", {"low": _NOT_NEGATIVE, "high": _NOT_NEGATIVE}),
    "erlang": ("the sum of k exponential phases", {"k": {"type": "integer", "minimum": 1}, "mean": _MEAN}),
    "gamma": ("by mean and coefficient of variation", {"mean": _MEAN, "cv": _CV}),
    "lognormal": ("by mean and coefficient of variation", {"mean": _MEAN, "cv": _CV}),
    "weibull": ("by mean and shape; below 1 the tail is heavy", {"mean": _MEAN, "shape": _POSITIVE}),
    "pareto": ("a heavy tail, by mean and shape", {"mean": _MEAN, "shape": _POSITIVE}),
    "hyperexponential": ("a mixture of exponentials", {"probabilities": _NUMBERS, "means": _NUMBERS}),
    "discrete": ("some values with weights", {"values": _NUMBERS, "weights": _NUMBERS}),
    "empirical": ("a column of a file, each row equally likely", {"file": _TEXT, "column": _TEXT}),
    "list": (
        "a column of a file, one row after the other, again and again",
        {"file": _TEXT, "column": _TEXT},
    ),
}


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a scenario file, as plain data."""
    parts = (Scenario, *KINDS.values(), Autoscale, *SCALERS.values())
    models = [(model, "validation") for model in parts]
    _, raw = models_json_schema(models)  # type: ignore[arg-type]
    definitions: dict[str, Any] = raw["$defs"]
    for name in ("DeadLetterSpec", "Scenario", *(model.__name__ for model in KINDS.values())):
        definitions[name].pop("title", None)
    definitions["Scenario"]["properties"].pop("base")
    definitions["Fault"] = {
        "anyOf": [_fault(kind) for kind in FAULTS],
        "description": "one fault and its times",
    }
    definitions |= {
        "AUTOSCALE": _autoscale(),
        "DIST": _dist(),
        "ARRIVALS": _arrivals(),
        "DESTINATION": _destination(),
        "KEY": _key(),
    }
    top = _referring(definitions.pop("Scenario"))
    top["oneOf"] = [{"required": ["duration"]}, {"required": ["until"]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mqsim scenario",
        **top,
        "$defs": {name: _referring(definitions[name]) for name in sorted(definitions)},
    }


def _referring(node: Any) -> Any:
    """The same schema with each mark replaced by a reference to its definition."""
    if isinstance(node, list):
        return [_referring(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {key: _referring(value) for key, value in node.items() if key not in (MARK, "title", "default")}
    if "properties" in node:
        found["properties"] = {key: _referring(value) for key, value in node["properties"].items()}
    if "default" in node:
        found["default"] = node["default"]
    return {"$ref": f"#/$defs/{node[MARK]}", **found} if MARK in node else found


def _mapping(properties: dict[str, Any], required: list[str] | None = None, **more: Any) -> dict[str, Any]:
    needed = list(properties) if required is None else required
    return {
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
        **more,
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _dist() -> dict[str, Any]:
    laws = [
        _mapping({name: _mapping(parameters)}, description=says) for name, (says, parameters) in _LAWS.items()
    ]
    return {
        "description": "a law of arrival or work: a number (constant), or one law with its parameters",
        "anyOf": [
            {**_NOT_NEGATIVE, "description": "always the same"},
            *laws,
            _mapping({"list": _NUMBERS}, description="one value after the other, again and again"),
        ],
    }


def _arrivals() -> dict[str, Any]:
    kinds = []
    for kind, model in KINDS.items():
        inside = _ref(model.__name__)
        if bare := BARE.get(kind):
            inside = {"$ref": f"#/$defs/{model.__name__}/properties/{bare}"}
        # `python -OO` leaves docstrings out.
        says = (model.__doc__ or " ").splitlines()[0]
        kinds.append(_mapping({kind: inside}, description=says))
    return {"description": "when messages come", "anyOf": kinds}


def _autoscale() -> dict[str, Any]:
    kinds = [_mapping({kind: _ref(model.__name__)}) for kind, model in SCALERS.items()]
    return {
        "description": "a plain rule, or the rule of a Kubernetes, KEDA or AWS scaler",
        "anyOf": [_ref("Autoscale"), *kinds],
    }


def _key() -> dict[str, Any]:
    texts = {"type": "array", "items": _TEXT, "minItems": 1}
    weights = {"type": "object", "additionalProperties": _NOT_NEGATIVE, "minProperties": 1}
    return {
        "description": "the routing key of each message",
        "anyOf": [
            _TEXT,
            _mapping({"cycle": {**texts, "description": "in turn"}}),
            _mapping(
                {"choice": {"anyOf": [texts, weights], "description": "at random, by weights if given"}}
            ),
            _mapping(
                {"hash": {"type": "integer", "minimum": 1, "description": 'one of the keys "0" ... "N-1"'}}
            ),
        ],
    }


def _destination() -> dict[str, Any]:
    exchange = {"exchange": _TEXT, "key": _ref("KEY")}
    weight = {"weight": {**_POSITIVE, "description": "the share beside the others", "default": 1}}
    return {
        "description": "a queue's name, an exchange with a key, or a list of these with weights",
        "anyOf": [
            {**_TEXT, "description": "a queue"},
            _mapping({"queue": _TEXT}),
            _mapping(exchange, ["exchange"]),
            {
                "type": "array",
                "minItems": 1,
                "items": {
                    "anyOf": [
                        _TEXT,
                        _mapping({**weight, "queue": _TEXT}, ["queue"]),
                        _mapping({**weight, **exchange}, ["exchange"]),
                    ]
                },
            },
        ],
    }


_FAULT_FIELDS: dict[str, dict[str, Any]] = {
    "for": _POSITIVE,
    "factor": _POSITIVE,
    "probability": {**_NOT_NEGATIVE, "maximum": 1},
    "after": {**_NOT_NEGATIVE, "maximum": 1},
    "then": {"enum": list(get_args(FailThen))},
    "attempts": {"type": "integer", "minimum": 1},
}


def _fault(kind: str) -> dict[str, Any]:
    rule = FAULTS[kind]
    target: dict[str, Any] = {**_TEXT, "description": "NAME-k, a group NAME, broker or broker-k"}
    if rule.target == "alarm":
        target = {"enum": list(ALARMS)}
    elif rule.target == "service":
        target = {"enum": list(SERVICES)}
    elif rule.target == "consumer":
        target = {**_TEXT, "description": "a consumer NAME-k, or a group NAME of consumers"}
    elif rule.target == "link":
        target = {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2}
    fields: dict[str, Any] = {}
    for name in rule.takes:
        if name in ("every", "repair"):
            fields[name] = _ref("DIST")
        else:
            fields[name] = dict(_FAULT_FIELDS.get(name, _NOT_NEGATIVE))
            if name in ("restart_after", "for", "down"):
                fields[name]["type"] = ["number", "null"]
    found = _mapping({kind: target, **fields}, [kind, *(need for need in rule.needs if need != "when")])
    if "when" in rule.needs:
        found["oneOf"] = [{"required": ["at"]}, {"required": ["every", "repair"]}]
    return {**found, "description": rule.says}
