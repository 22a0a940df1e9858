"""The scenario: everything a run needs, as data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from mqsim.scenario import yaml
from mqsim.scenario.actors import ConsumerSpec, ProducerSpec, ProgramSpec
from mqsim.scenario.brokerspec import BrokerSpec
from mqsim.scenario.changes import changed
from mqsim.scenario.checks import check
from mqsim.scenario.faults import Fault
from mqsim.scenario.network import NetworkSpec
from mqsim.scenario.problems import InvalidScenarioError, Problem, all_wrong, raise_problems, wrong
from mqsim.scenario.spec import SECONDS, Seed, SomeSeconds, Spec, Text, unknown_field, validated

LONGEST_WAIT = 1e6
"""Seconds after which a run with `until` ends, unless `max_duration` says otherwise."""


class Empty(Spec):
    """An end that comes when a queue has neither ready nor unacknowledged messages."""

    empty: Text = Field(description="the queue's name")


def _until(value: Any, info: ValidationInfo) -> Any:
    if value is None or value == "drained":
        return value
    if isinstance(value, Empty | Mapping):
        return validated(Empty, value, info)
    raise wrong(value, "drained, or {empty: QUEUE}")


def _plain_until(value: Any) -> Any:
    return value.to_data() if isinstance(value, Empty) else value


_UNTIL = WithJsonSchema(
    {
        "anyOf": [
            {"const": "drained"},
            {
                "type": "object",
                "properties": {"empty": {"type": "string"}},
                "required": ["empty"],
                "additionalProperties": False,
            },
            {"type": "null"},
        ]
    }
)


def _warmup(value: Any) -> float | Literal["auto"]:
    if value == "auto":
        return "auto"
    if isinstance(value, str):
        raise wrong(value, "a number of seconds, 0 or more, or auto")
    return SECONDS(value)


class Scenario(Spec):
    """Producers, a broker, consumers, faults and an end; see the design's contract for every field.

    Build one with `from_yaml`, `from_data` or by name with `mqsim.scenario.load`. A scenario never changes;
    `with_` gives a changed copy. Two are equal when all their fields are, wherever they were read from.

    Raises:
        ScenarioError: something in it can't be understood or can't be run; it names the path, the value and
        what is allowed.
    """

    name: Text = Field(default="scenario", description="what to call it in titles and reports")
    seed: Seed = Field(default=0, description="seed of every random number")
    duration: SomeSeconds | None = Field(default=None, description="seconds; or until")
    until: Annotated[
        Empty | Literal["drained"] | None, PlainValidator(_until), PlainSerializer(_plain_until), _UNTIL
    ] = Field(
        default=None, description="drained: all producers have ended and all work is done; or {empty: QUEUE}"
    )
    max_duration: SomeSeconds | None = Field(
        default=None, description=f"longest run with until (default {LONGEST_WAIT:g})"
    )
    warmup: Annotated[
        float | Literal["auto"],
        PlainValidator(_warmup),
        WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"const": "auto"}]}),
    ] = Field(default=0.0, description="seconds left out of steady-state metrics, or auto (MSER-5)")
    broker: BrokerSpec = Field(default=BrokerSpec(), description="the broker, or a cluster of them")
    network: NetworkSpec = Field(default=NetworkSpec(), description="latency and bandwidth")
    producers: dict[Text, ProducerSpec] = Field(default_factory=dict, description="who publishes, by name")
    consumers: dict[Text, ConsumerSpec] = Field(default_factory=dict, description="who works, by name")
    programs: dict[Text, ProgramSpec] = Field(
        default_factory=dict, description="real client programs, by name"
    )
    faults: list[Fault] = Field(default_factory=list, description="what goes wrong, and when")
    base: Path | None = Field(
        default=None, exclude=True, description="the folder that relative files are sought in"
    )

    @property
    def horizon(self) -> float:
        """The latest time, in seconds, at which a run ends."""
        if self.duration is not None:
            return self.duration
        return LONGEST_WAIT if self.max_duration is None else self.max_duration

    @model_validator(mode="after")
    def _fits_together(self) -> Scenario:
        if self.until is not None and self.max_duration is None:
            object.__setattr__(self, "max_duration", LONGEST_WAIT)
        if found := check(self):
            raise all_wrong(found)
        return self

    @classmethod
    def from_data(cls, data: object, base: Path | None = None, source: str = "scenario") -> Scenario:
        """A scenario from plain data.

        Args:
            data: a mapping with the fields of a scenario (`docs/scenario.md`).
            base: the folder that relative files are sought in; None is the current one.
            source: what to call the whole in errors, such as the file's name.

        Raises:
            ScenarioError: see the class.
        """
        if not isinstance(data, Mapping):
            found = "empty" if data is None else "a list" if isinstance(data, list) else "no mapping"
            says = f"this is {found}, not a scenario"
            raise InvalidScenarioError(
                [Problem((), data, "a mapping that has at least an end (duration or until)", says=says)],
                source,
            )
        if "base" in data:
            raise InvalidScenarioError([unknown_field("base", cls.field_names(), data["base"])], source)
        try:
            return cls.model_validate({**data, "base": base}, context={"base": base})
        except ValidationError as error:
            raise_problems(error, source)

    @classmethod
    def from_yaml(cls, source: str | Path, base: Path | None = None) -> Scenario:
        """A scenario from YAML 1.2.

        Args:
            source: a file's path, or the text itself (which has a line break, a `: `, or a bracket in front).
            base: the folder that relative files are sought in; None is the file's own, or, for a text, the
                current one.

        Raises:
            ScenarioError: the file can't be read, the text is not YAML, or what it says can't be run.

        Example:
            >>> from mqsim import Scenario
            >>> scenario = Scenario.from_yaml('''
            ... duration: 10
            ... broker: {queues: {tasks: {}}}
            ... producers: {sender: {to: tasks, arrivals: {at: [0, 1, 2]}, work: 1}}
            ... consumers: {worker: {count: 2, queue: tasks}}
            ... ''')
            >>> scenario.consumers["worker"].count
            2
        """
        if isinstance(source, Path) or not yaml.is_text(source):
            path = Path(source)
            return cls.from_data(yaml.read_file(path), base or path.parent, path.name)
        return cls.from_data(yaml.read_text(source), base)

    def to_data(self) -> dict[str, Any]:
        """Plain data from which an equal scenario can be built; see `Spec.to_data`."""
        found = super().to_data()
        if found.get("max_duration") == LONGEST_WAIT:
            del found["max_duration"]
        return found

    def to_yaml(self) -> str:
        """The scenario as YAML, without what is as by default; `from_yaml` gives an equal scenario back."""
        return yaml.write(self.to_data())

    def with_(self, changes: Mapping[str, Any]) -> Scenario:
        """A changed copy.

        Args:
            changes: values by path, such as `{"consumers.worker.count": 3, "faults.0.at": 20}`. None takes a
                named part or an item of a list away, and is a value elsewhere. An index one past the end of a
                list appends. Setting `duration` takes `until` away, and the reverse.

        Raises:
            ScenarioError: a path leads nowhere, or the copy can't be run.

        Example:
            >>> import mqsim as mq
            >>> mq.load("worker-crash").with_({"consumers.worker.prefetch": 1}).consumers["worker"].prefetch
            1
        """
        return self.from_data(changed(self.to_data(), changes), self.base, self.name)

    def __eq__(self, other: object) -> bool:
        """Equal fields; the folder it was read from doesn't count."""
        if not isinstance(other, Scenario):
            return NotImplemented
        names = [name for name in type(self).model_fields if name != "base"]
        return all(getattr(self, name) == getattr(other, name) for name in names)

    __hash__ = None  # type: ignore[assignment]
