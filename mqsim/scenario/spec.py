"""What every part of a scenario has in common, and the numbers that may stand in it.

A part refuses fields it does not know, can't be changed once built, and reports whatever is wrong with it as
a `ScenarioError`, also when it is built in Python.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    StrictBool,
    StrictStr,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from mqsim.scenario.problems import (
    Problem,
    all_wrong,
    did_you_mean,
    missing,
    problems_of,
    raise_problems,
    wrong,
)


class Spec(BaseModel):
    """A part of a scenario: fields fixed, frozen, equal when all fields are."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True
    )

    def __init__(self, **data: Any) -> None:
        context = {"base": data.get("base")}
        try:
            self.__pydantic_validator__.validate_python(data, self_instance=self, context=context)
        except ValidationError as error:
            raise_problems(error, type(self).__name__)

    # pydantic: this initialiser adds nothing to validation, so nested parts need not go through it.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="before")
    @classmethod
    def _known_fields(cls, data: Any) -> Any:
        if isinstance(data, cls):
            return data
        fields = cls.field_names()
        if not isinstance(data, Mapping):
            hint = "Write {} for one that is all by default" if data is None else ""
            raise wrong(data, f"a mapping with the fields {', '.join(fields)}", hint)
        known = {*fields, *cls.model_fields}
        found = [unknown_field(key, fields, data[key]) for key in data if key not in known]
        meant = {problem.hint for problem in found}
        found += [
            missing([field.alias or name], field.description or "given")
            for name, field in cls.model_fields.items()
            if field.is_required() and name not in data and f"Did you mean '{name}'?" not in meant
        ]
        if found:
            raise all_wrong(found)
        return data

    @classmethod
    def field_names(cls) -> list[str]:
        """The fields that a scenario file may name here."""
        return [field.alias or name for name, field in cls.model_fields.items() if not field.exclude]

    def to_data(self) -> dict[str, Any]:
        """Plain data from which the same part can be built: numbers, texts, lists, mappings; no defaults."""
        return self.model_dump(mode="python", by_alias=True, exclude_defaults=True)


SpecT = TypeVar("SpecT", bound=Spec)


def unknown_field(key: object, fields: list[str], value: object) -> Problem:
    """The problem of a field that does not exist."""
    hint = did_you_mean(key, fields)
    if key == "<<":
        hint = "YAML 1.2 has no merge keys: write the fields out"
    says = f"there is no field '{key}' here"
    return Problem((str(key),), value, ", ".join(fields), hint, says, "the fields are")


def base_of(info: ValidationInfo) -> Path | None:
    """The folder that relative files are sought in; None is the current one."""
    return (info.context or {}).get("base")


def validated(model: type[SpecT], value: object, info: ValidationInfo) -> SpecT:
    """`value` as a part of the given kind, for validators that choose the kind themselves."""
    try:
        return model.model_validate(value, context=info.context)
    except ValidationError as error:
        raise all_wrong(problems_of(error)) from None


def find_file(name: str, base: Path | None) -> Path:
    """`name` in the folder `base`, or as it is where it is absolute."""
    return (base or Path()) / name


LARGEST = 1e15
"""No number of a scenario may be larger: up to here floats tell neighbouring whole numbers apart."""


@dataclass(frozen=True, slots=True)
class Within:
    """Validates a number: finite, inside its bounds, and never a bool.

    Attributes:
        allowed: what is allowed, in words.
        low: the smallest value; `above` leaves it out itself.
        high: the largest value.
        above: `low` itself is not allowed.
        whole: only whole numbers; 1e3 counts as one.
        any_size: may be larger than `LARGEST`; for what nobody calculates with.
    """

    allowed: str
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    whole: bool = False
    any_size: bool = False

    def __call__(self, value: object) -> float:
        """The number as `float`, or `int` where whole; raises the error that names what is allowed."""
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            hint = ""
            if isinstance(value, str) and _reads_as_number(value):
                hint = "Leave out the quotes: what stands in quotes is a text"
            raise wrong(value, self.allowed, hint)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if number > LARGEST and self.high > LARGEST and not self.any_size:
            raise wrong(value, f"{self.allowed} and {LARGEST:g} at most")
        good = math.isfinite(number) and self.low <= number <= self.high
        if not good or (self.above and number == self.low) or (self.whole and not number.is_integer()):
            raise wrong(value, self.allowed)
        if not self.whole:
            return number
        return int(value) if isinstance(value, numbers.Integral) else int(number)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Tells pydantic to validate by this object alone."""
        return core_schema.no_info_plain_validator_function(self)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """The same bounds as JSON schema."""
        found: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        if math.isfinite(self.low):
            found["exclusiveMinimum" if self.above else "minimum"] = int(self.low) if self.whole else self.low
        if math.isfinite(self.high):
            found["maximum"] = int(self.high) if self.whole else self.high
        return found


def at(step: str | int, check: Callable[[Any], float], value: object) -> Any:
    """What `check` makes of `value`; an error gets `step` in front of its path."""
    try:
        return check(value)
    except PydanticCustomError as error:
        problems: tuple[Problem, ...] = (error.context or {})["problems"]
        raise all_wrong([replace(each, where=(step, *each.where)) for each in problems]) from None


def _reads_as_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


MOST_ACTORS = 100_000

SECONDS = Within("a number of seconds, 0 or more", low=0)
RATE = Within("a number per second, 0 or more", low=0)
RATIO = Within("a number above 0", low=0, above=True)
WEIGHT = Within("a weight, 0 or more", low=0)
PRIORITY = Within("a whole number from 0 to 255", low=0, high=255, whole=True)

Seconds = Annotated[float, SECONDS]
SomeSeconds = Annotated[float, Within("a number of seconds above 0", low=0, above=True)]
Rate = Annotated[float, RATE]
SomeRate = Annotated[float, Within("a number per second above 0", low=0, above=True)]
Share = Annotated[float, Within("a number from 0 to 1", low=0, high=1)]
Ratio = Annotated[float, RATIO]
Weight = Annotated[float, WEIGHT]
Bytes = Annotated[float, Within("a number of bytes, 0 or more", low=0)]
SomeBytes = Annotated[float, Within("a number of bytes above 0", low=0, above=True)]
WholeBytes = Annotated[int, Within("a whole number of bytes, 0 or more", low=0, whole=True)]
Whole = Annotated[int, Within("a whole number, 0 or more", low=0, whole=True)]
Amount = Annotated[float, Within("a number, 0 or more", low=0)]
Some = Annotated[int, Within("a whole number, 1 or more", low=1, whole=True)]
Seed = Annotated[int, Within("a whole number, 0 or more", low=0, whole=True, any_size=True)]
AnyWhole = Annotated[int, Within("a whole number", whole=True)]
Actors = Annotated[
    int, Within(f"a whole number from 0 to {MOST_ACTORS}", low=0, high=MOST_ACTORS, whole=True)
]
Slots = Annotated[int, Within("a whole number from 1 to 10000", low=1, high=10_000, whole=True)]
Prefetch = Annotated[int, Within("a whole number from 0 (unlimited) to 65535", low=0, high=65535, whole=True)]
Priority = Annotated[int, PRIORITY]
Heartbeat = Annotated[float, Within("a number of seconds from 0 (off) to 65535", low=0, high=65535)]
Text = StrictStr
Flag = StrictBool
