"""Who takes part: producers, consumers, and real programs.

A group NAME of `count` has the actors NAME-1 ... NAME-count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from mqsim.distributions import Constant
from mqsim.scenario.arrivals import Arrivals, check_increasing, check_pairs
from mqsim.scenario.autoscaling import AnyScaling
from mqsim.scenario.conduct import Confirms, Fails, Forward, Retry
from mqsim.scenario.destinations import Destination
from mqsim.scenario.laws import Law
from mqsim.scenario.problems import Problem, all_wrong, wrong
from mqsim.scenario.spec import (
    PRIORITY,
    RATIO,
    WEIGHT,
    Actors,
    AnyWhole,
    Flag,
    Heartbeat,
    Prefetch,
    Ratio,
    Seconds,
    Share,
    Slots,
    Some,
    Spec,
    Text,
    WholeBytes,
    at,
    base_of,
    find_file,
)

_PRIORITIES = WithJsonSchema(
    {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 255},
            {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": "^[0-9]{1,3}$"},
                "additionalProperties": {"type": "number", "minimum": 0},
            },
        ]
    }
)
_SPEEDS = WithJsonSchema(
    {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "array", "items": {"type": "number", "exclusiveMinimum": 0}},
        ]
    }
)


def _priority(value: Any) -> int | dict[int, float]:
    if not isinstance(value, Mapping):
        return int(PRIORITY(value))
    weights = {int(at(str(key), PRIORITY, key)): float(at(str(key), WEIGHT, value[key])) for key in value}
    if not sum(weights.values()) > 0:
        raise wrong(dict(value), "a mapping of priorities to weights, at least one above 0")
    return weights


def _speed(value: Any) -> float | list[float]:
    if isinstance(value, list | tuple):
        return [float(at(i, RATIO, speed)) for i, speed in enumerate(value)]
    return RATIO(value)


class ProducerSpec(Spec):
    """A group of producers; each of them has its own arrivals."""

    count: Actors = Field(default=1, description="how many producers")
    to: Destination = Field(description="a queue's name, {exchange, key}, or a list of these with weights")
    arrivals: Arrivals = Field(description="when messages come, such as {poisson: {rate: 80}}")
    work: Law = Field(default=Constant(0.0), description="seconds of work in a message, at speed 1")
    messages: Some | None = Field(default=None, description="stop after so many, each producer")
    start: Seconds = Field(default=0.0, description="when it starts, in seconds")
    stop: Seconds | None = Field(default=None, description="when it stops, in seconds")
    size: WholeBytes = Field(default=1000, description="bytes in a message")
    priority: Annotated[int | dict[int, float], PlainValidator(_priority), _PRIORITIES] = Field(
        default=0, description="0 to 255, or priorities with weights"
    )
    persistent: Flag = Field(default=True, description="kept on disk by a durable queue")
    expiration: Law | None = Field(default=None, description="seconds until a message expires")
    mandatory: Flag = Field(default=False, description="what can't be routed comes back")
    poison: Share = Field(default=0.0, description="how likely a message fails at every attempt, from 0 to 1")
    confirms: Confirms | None = Field(default=None, description="publisher confirms; null is off")
    retry: Retry | None = Field(default=None, description="publishing again after a failure")
    when_blocked: Literal["wait", "drop"] = Field(
        default="wait", description="while the broker blocks publishers"
    )
    reconnect: Law = Field(default=Constant(1.0), description="seconds until it connects again")
    heartbeat: Heartbeat = Field(default=60.0, description="seconds; 0 is off")

    @property
    def endless(self) -> bool:
        """Whether it never stops publishing by itself."""
        return self.count > 0 and self.arrivals.endless and self.messages is None and self.stop is None

    @model_validator(mode="after")
    def _fits_together(self) -> ProducerSpec:
        found = stop_after_start(self.start, self.stop)
        if self.retry is not None:
            found += _retry_problems(self.retry, self.confirms, self.mandatory)
        if found:
            raise all_wrong(found)
        return self


def _retry_problems(retry: Retry, confirms: Confirms | None, mandatory: bool) -> list[Problem]:
    found: list[Problem] = []
    for i, cause in enumerate(retry.on):
        where = ("retry", "on", i)
        if cause == "returned":
            if not mandatory:
                found.append(
                    Problem(
                        where,
                        cause,
                        "left out: only a mandatory message is returned",
                        "Write mandatory: true",
                    )
                )
        elif confirms is None:
            hint = "Write confirms: {} beside retry: without confirms a producer can't know what is missing"
            found.append(
                Problem(
                    ("retry", "on"), list(retry.on), "left out, or only [returned], without confirms", hint
                )
            )
            break
        elif cause == "timeout" and confirms.timeout is None:
            found.append(Problem(where, cause, "left out while confirms.timeout is null"))
    return found


def stop_after_start(start: float, stop: float | None) -> list[Problem]:
    """The problem of an end that is not after its start."""
    return (
        [Problem(("stop",), stop, f"later than start ({start:g})")]
        if stop is not None and stop <= start
        else []
    )


def _factor_points(value: Any) -> Any:
    if isinstance(value, list | tuple):
        check_pairs(value, "[seconds, factor]")
    return value


class ConsumerSpec(Spec):
    """A group of consumers of one queue."""

    count: Actors = Field(default=1, description="how many consumers")
    queue: Text = Field(description="the name of the queue it takes messages from")
    speed: Annotated[float | list[float], PlainValidator(_speed), _SPEEDS] = Field(
        default=1.0, description="work done per second, one number or one for each consumer"
    )
    factor: Annotated[list[tuple[Seconds, Ratio]], BeforeValidator(_factor_points)] | None = Field(
        default=None, min_length=1, description="[seconds, factor] points: stretches work over time, linearly"
    )
    prefetch: Prefetch = Field(default=1, description="most unacknowledged messages; 0 is unlimited")
    slots: Slots = Field(
        default=1, description="messages it works on at a time; above 1 it is a pool with one connection"
    )
    ack: Literal["manual", "auto", "early"] = Field(
        default="manual", description="early acknowledges before the work"
    )
    service: Law | None = Field(default=None, description="seconds of work, whatever the message says")
    fails: Fails | None = Field(default=None, description="work that goes wrong")
    publish: list[Forward] = Field(default_factory=list, description="what it publishes for each message")
    idempotent: Flag = Field(default=False, description="work done twice has its effect once")
    priority: AnyWhole = Field(default=0, description="the highest that is not blocked gets everything")
    start: Seconds = Field(default=0.0, description="when it starts, in seconds")
    stop: Seconds | None = Field(default=None, description="when it stops, in seconds")
    redraw: Flag = Field(default=False, description="a redelivered message gets new work")
    heartbeat: Heartbeat = Field(default=60.0, description="seconds; 0 is off")
    blocking: Flag = Field(default=False, description="work keeps it from answering heartbeats")
    reconnect: Law = Field(default=Constant(1.0), description="seconds until it connects again")
    autoscale: AnyScaling | None = Field(default=None, description="consumers come and go with the backlog")
    exclusive: Flag = Field(default=False, description="no other consumer on the queue")

    @property
    def most(self) -> int:
        """The highest k of its actors NAME-k."""
        return max(self.count, self.autoscale.max) if self.autoscale else self.count

    @model_validator(mode="after")
    def _fits_together(self) -> ConsumerSpec:
        found = stop_after_start(self.start, self.stop)
        if isinstance(self.speed, list) and len(self.speed) != self.count:
            hint = f"Here stand {len(self.speed)}"
            found.append(
                Problem(("speed",), self.speed, f"one number, or a list of {self.count}: one for each", hint)
            )
        if self.slots > 1 and self.blocking:
            hint = "A pool works beside its connection, so its work blocks no heartbeat: leave blocking out"
            found.append(Problem(("slots",), self.slots, "1 with blocking: true", hint))
        if self.factor is not None:
            check_increasing([time for time, _ in self.factor], ("factor",))
        if self.ack != "manual" and self.fails is not None and self.fails.then in ("nack", "reject"):
            hint = "With auto or early the message is acknowledged before it can fail"
            found.append(
                Problem(("fails", "then"), self.fails.then, f"drop or crash with ack: {self.ack}", hint)
            )
        if (scale := self.autoscale) is not None and not scale.min <= self.count <= scale.max:
            found.append(
                Problem(("count",), self.count, f"from {scale.min} to {scale.max}, the range of autoscale")
            )
        if found:
            raise all_wrong(found)
        return self


class ProgramSpec(Spec):
    """Real client programs that take part."""

    file: Text | None = Field(default=None, description="a Python file, relative to the scenario's folder")
    source: str | None = Field(default=None, description="the program's text, in place of a file")
    count: Actors = Field(default=1, description="how many times it runs")
    start: Seconds = Field(default=0.0, description="when it starts, in seconds")
    args: list[Text] = Field(default_factory=list, description="its command line")
    stdin: Text | None = Field(default=None, description="a file whose lines it reads, as with input()")
    module: Text | None = Field(default=None, description="the module that the file is, as in python -m")

    @model_validator(mode="after")
    def _exists(self, info: ValidationInfo) -> ProgramSpec:
        if (self.file is None) == (self.source is None):
            raise wrong(self.file, "given, or else source: the program's text", where=["file"])
        if self.file is not None and not find_file(self.file, base_of(info)).is_file():
            raise wrong(
                self.file, "an existing file", "It is sought from the scenario's folder", where=["file"]
            )
        return self
