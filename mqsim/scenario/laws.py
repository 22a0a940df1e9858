"""Laws of arrival and work as fields: a number, or one law with its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from mqsim.distributions import Distribution, parse
from mqsim.errors import DistributionError
from mqsim.scenario.problems import all_wrong, missing, wrong
from mqsim.scenario.spec import base_of

if TYPE_CHECKING:
    from pydantic_core import PydanticCustomError

MARK = "x-mqsim"
"""In a raw JSON schema: stands for a definition that `mqsim.scenario.schema` puts in."""


_FIELD = re.compile(r"\w+")
_GUESS = re.compile(r" \(did you mean (\w+)\?\)$")


def read_law(value: object, info: ValidationInfo) -> Distribution:
    """The law that `value` describes, with errors that carry the path."""
    if isinstance(value, Distribution):
        return value
    try:
        return parse(value, base=base_of(info))
    except DistributionError as error:
        raise located(value, error) from None


def read_positive_law(value: object, info: ValidationInfo) -> Distribution:
    """Like `read_law`; a law that is always 0 would stop the clock, so it is refused."""
    law = read_law(value, info)
    if not law.mean > 0:
        raise wrong(value, "a law with a mean above 0")
    return law


def located(value: object, error: DistributionError) -> PydanticCustomError:
    """A law's error with the path at which its parameter stands in `value`."""
    steps: list[str] = []
    if isinstance(value, Mapping) and error.law in value:
        steps.append(error.law)
        if _FIELD.fullmatch(error.parameter):
            steps.append(error.parameter)
    allowed, hint = error.allowed, ""
    if guess := _GUESS.search(allowed):
        allowed, hint = allowed[: guess.start()], f"Did you mean '{guess[1]}'?"
    if error.parameter and not _FIELD.fullmatch(error.parameter):
        allowed = f"{allowed} ({error.parameter})"
    if error.value is None and allowed.startswith("given: "):
        return all_wrong([missing(steps, allowed.removeprefix("given: "))])
    return wrong(error.value, allowed, hint, where=steps)


def _plain(law: Distribution) -> Any:
    return law.spec()


Law = Annotated[
    Distribution, PlainValidator(read_law), PlainSerializer(_plain), WithJsonSchema({MARK: "DIST"})
]
PositiveLaw = Annotated[
    Distribution, PlainValidator(read_positive_law), PlainSerializer(_plain), WithJsonSchema({MARK: "DIST"})
]
