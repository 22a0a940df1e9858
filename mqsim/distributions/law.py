"""What every law of arrival or work is: checked parameters, moments, and an inverse distribution function."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import fields
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, ClassVar

from mqsim.errors import DistributionError

if TYPE_CHECKING:
    from mqsim.distributions.elementary import Floats

Spec = float | dict[str, dict[str, object] | list[float]]


class Distribution(ABC):
    """A law of non-negative times in seconds.

    Laws are frozen dataclasses: equal parameters make equal laws. A sample is `quantile(u)` of one uniform
    number u, so the same u gives comparable samples under different laws (common random numbers).
    """

    name: ClassVar[str]

    if TYPE_CHECKING:
        # For the type checker alone: at run time a dataclass would take an inherited property for a default.
        @property
        def mean(self) -> float:
            """The mean, in seconds."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """The variance, in seconds squared; infinite where the law has none."""

    @cached_property  # unlike a property it gives way to the field of the laws that are given by their cv
    def cv(self) -> float:
        """The coefficient of variation: standard deviation over mean; 0 for a constant 0."""
        return math.sqrt(self.variance) / self.mean if self.mean > 0.0 else 0.0

    @abstractmethod
    def quantile(self, u: Floats) -> Floats:
        """The inverse distribution function, element by element.

        Args:
            u: probabilities, 0 <= u < 1, in an array of one dimension.

        Returns:
            Times in seconds, rising with u (up to rounding, where the inverse is found by iteration).
        """

    @abstractmethod
    def cdf(self, x: Floats) -> Floats:
        """The probability of a time of at most x seconds, element by element."""

    def spec(self) -> Spec:
        """The number or one-key mapping a scenario writes for this law; `parse` turns it back."""
        given: dict[str, object] = {}
        for field in fields(self):  # type: ignore[arg-type]  # every law is a dataclass
            value = getattr(self, field.name)
            given[field.name] = list(value) if isinstance(value, tuple) else value
        return {self.name: given}


def number(
    law: str,
    parameter: str,
    value: object,
    allowed: str,
    *,
    least: float = 0.0,
    most: float = math.inf,
    open_: bool = False,
) -> float:
    """Check one parameter and give it as a float.

    Args:
        law: the law's name, for the error.
        parameter: the parameter's name, for the error.
        value: what was given.
        allowed: what may be given, in words.
        least: the smallest value allowed.
        most: the largest value allowed; infinity and NaN never are.
        open_: `least` itself isn't allowed.

    Raises:
        DistributionError: it isn't a finite number of that range; a bool is no number here.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise DistributionError(law, parameter, value, allowed)
    try:
        result = float(value)
    except OverflowError:
        raise DistributionError(law, parameter, value, allowed) from None
    if not math.isfinite(result) or result < least or result > most or (open_ and result == least):
        raise DistributionError(law, parameter, value, allowed)
    return result + 0.0  # turns -0.0 into 0.0, which would print oddly


def positive(law: str, parameter: str, value: object) -> float:
    """A number above 0, else DistributionError."""
    return number(law, parameter, value, "a number above 0", open_=True)


def numbers(
    law: str, parameter: str, values: object, allowed: str, *, open_: bool = False
) -> tuple[float, ...]:
    """Check a list of parameters: at least one, each a finite number of at least 0 (above it if `open_`).

    Raises:
        DistributionError: it isn't such a list; the error names the place of the first wrong number.
    """
    if isinstance(values, (str, bytes, dict)) or not isinstance(values, Iterable):
        raise DistributionError(law, parameter, values, f"a list of numbers, each {allowed}")
    given = tuple(number(law, f"{parameter}[{i}]", v, allowed, open_=open_) for i, v in enumerate(values))
    if not given:
        raise DistributionError(law, parameter, values, f"a list of at least one number, each {allowed}")
    return given
