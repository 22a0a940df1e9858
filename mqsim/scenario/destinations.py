"""Where messages go: a queue, an exchange with a key, or a weighted list of these.

However it was written, a destination becomes a tuple of `Target`: a queue's name is the default exchange
(named "") with the queue as its key, as AMQP 0-9-1 has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationInfo, WithJsonSchema, model_validator

from mqsim.scenario.laws import MARK
from mqsim.scenario.problems import did_you_mean, wrong
from mqsim.scenario.spec import Ratio, Some, Spec, Text, Weight, validated

MOST_KEYS = 100_000
_KEYS = ("cycle", "choice", "hash")
_FORMS = "a queue's name, {exchange, key}, or a list of these with weights"


class Key(Spec):
    """How the routing key of a message is found.

    `fixed`: always `values[0]`. `cycle`: the values in turn. `choice`: one of the values at random, by
    `weights`. `hash`: a hash of the message's number picks one of the keys "0" ... "n-1".
    """

    kind: Literal["fixed", "cycle", "choice", "hash"] = "fixed"
    values: tuple[Text, ...] = ("",)
    weights: tuple[Weight, ...] = ()
    n: Some = 1

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"kind": "fixed", "values": [data]}
        if isinstance(data, Key) or (isinstance(data, Mapping) and (not data or "kind" in data)):
            return data
        if not isinstance(data, Mapping):
            raise wrong(data, "a text, or one of {cycle: [...]}, {choice: ...}, {hash: N}")
        if len(data) != 1 or next(iter(data)) not in _KEYS:
            given = next(iter(data), "")
            raise wrong(
                dict(data),
                "a text, or one of {cycle: [...]}, {choice: ...}, {hash: N}",
                did_you_mean(given, _KEYS),
            )
        kind, value = next(iter(data.items()))
        if kind == "hash":
            return {"kind": kind, "n": value, "values": ()}
        if kind == "choice" and isinstance(value, Mapping):
            return {"kind": kind, "values": list(value), "weights": list(value.values())}
        return {"kind": kind, "values": value}

    @model_validator(mode="after")
    def _check(self) -> Key:
        if self.kind == "hash" and self.n > MOST_KEYS:
            raise wrong(self.n, f"a whole number from 1 to {MOST_KEYS}", where=["hash"])
        if self.kind != "hash" and not self.values:
            raise wrong([], "a list of at least 1 key", where=[self.kind])
        if self.weights and not sum(self.weights) > 0:
            raise wrong(list(self.weights), "weights of which at least one is above 0", where=[self.kind])
        return self

    def possible(self) -> tuple[str, ...]:
        """Every key that a message may get."""
        return tuple(str(i) for i in range(self.n)) if self.kind == "hash" else self.values

    def to_plain(self) -> Any:
        """The key as a scenario file has it."""
        if self.kind == "fixed":
            return self.values[0]
        if self.kind == "hash":
            return {"hash": self.n}
        return {
            self.kind: dict(zip(self.values, self.weights, strict=True))
            if self.weights
            else list(self.values)
        }


class Target(Spec):
    """One place that messages go to, and how large its share is beside the others.

    Attributes:
        weight: the share, relative to the weights of its sisters.
        exchange: the exchange; "" is the default one, whose keys are queue names.
        key: the routing key.
        direct: written as a queue's name, so the queue has to exist.
    """

    weight: Ratio = 1.0
    exchange: Text = ""
    key: Key = Key()
    direct: bool = Field(default=False, exclude=True)

    @property
    def queue(self) -> str | None:
        """The queue's name where the target was written as one."""
        return self.key.values[0] if self.direct else None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"key": data, "direct": True}
        if not isinstance(data, Mapping):
            return data
        if "queue" in data:
            if "exchange" in data or "key" in data:
                raise wrong(dict(data), "either a queue, or an exchange with a key")
            if not isinstance(data["queue"], str):
                raise wrong(data["queue"], "a queue's name", where=["queue"])
            return {**{k: v for k, v in data.items() if k != "queue"}, "key": data["queue"], "direct": True}
        if not data.get("direct") and "exchange" not in data:
            spare = [name for name in data if name not in ("weight", "key", "direct")]
            hint = did_you_mean(spare[0], ["queue", "exchange"]) if spare else ""
            raise wrong(dict(data), "a mapping with a queue, or with an exchange and a key", hint)
        return data

    def to_plain(self, weighted: bool) -> Any:
        """The target as a scenario file has it."""
        if self.direct and not weighted:
            return self.key.values[0]
        place: dict[str, Any] = {"weight": self.weight} if weighted else {}
        if self.direct:
            return {**place, "queue": self.key.values[0]}
        place["exchange"] = self.exchange
        return place if self.key == Key() else {**place, "key": self.key.to_plain()}


def _listed(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Target):
        return [value]
    if isinstance(value, str | Mapping):
        if isinstance(value, Mapping) and "weight" in value:
            raise wrong(value["weight"], "left out: a single destination needs no weight", where=["weight"])
        return [validated(Target, value, info)]
    if not isinstance(value, list | tuple):
        raise wrong(value, _FORMS)
    if not value:
        raise wrong(value, _FORMS, "To send nothing, leave the producer out")
    return value


def _plain(targets: tuple[Target, ...]) -> Any:
    if len(targets) == 1 and targets[0].weight == 1:
        return targets[0].to_plain(weighted=False)
    return [target.to_plain(weighted=True) for target in targets]


Destination = Annotated[
    tuple[Target, ...],
    BeforeValidator(_listed),
    PlainSerializer(_plain),
    WithJsonSchema({MARK: "DESTINATION"}),
]
