"""From what a scenario writes to a law: a number, or a mapping with the law's name as its one key."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING

from mqsim.distributions.law import Distribution, numbers
from mqsim.distributions.shapes import Erlang, Gamma, Hyperexponential, Lognormal
from mqsim.distributions.simple import Constant, Exponential, Pareto, Uniform, Weibull
from mqsim.distributions.tables import Discrete, Empirical, Listed
from mqsim.errors import DistributionError

if TYPE_CHECKING:
    from pathlib import Path

_ALL: tuple[type[Distribution], ...] = (
    Constant, Exponential, Uniform, Erlang, Gamma, Lognormal, Weibull, Pareto, Hyperexponential,
    Discrete, Empirical, Listed,
)  # fmt: skip
LAWS: Mapping[str, type[Distribution]] = MappingProxyType({law.name: law for law in _ALL})
"""Every law by the name a scenario gives it."""

_WHOLE = "a number of seconds, or a mapping of one law to its parameters, such as {exponential: {mean: 0.5}}"


def parse(spec: object, *, base: Path | None = None) -> Distribution:
    """Turn a scenario's words into a law.

    Args:
        spec: a number (a constant, in seconds), or a mapping such as `{"gamma": {"mean": 2, "cv": 0.5}}`;
            a law is handed back as it is.
        base: the folder that relative files start from; the current one if None.

    Raises:
        DistributionError: no such law, a parameter that is missing, unknown or outside its range, or a file
            that can't be read; the sentence names what was given and what is allowed.
    """
    if isinstance(spec, Distribution):
        return spec
    if isinstance(spec, Real):
        return Constant(spec)  # type: ignore[arg-type]  # Constant refuses a bool and makes the rest a float
    if isinstance(spec, str):
        raise DistributionError("distribution", "", spec, _WHOLE + _guess(spec, list(LAWS)))
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise DistributionError("distribution", "", spec, _WHOLE)
    ((name, given),) = spec.items()
    law = LAWS.get(name) if isinstance(name, str) else None
    if law is None:
        raise DistributionError(
            "distribution", "", name, f"one of {', '.join(LAWS)}{_guess(name, list(LAWS))}"
        )
    known = [field.name for field in fields(law)]  # type: ignore[arg-type]  # every law is a dataclass
    if law is Listed and isinstance(given, (list, tuple)):
        return Listed(numbers(law.name, "", given, "a number of at least 0"))
    if issubclass(law, Empirical):
        known = ["values"] if isinstance(given, Mapping) and "values" in given else ["file", "column"]
    if not isinstance(given, Mapping):
        raise DistributionError(law.name, "", given, f"a mapping with {_words(known)}")
    for key in given:
        if key not in known:
            raise DistributionError(
                law.name,
                str(key),
                given[key],
                f"left out; {law.name} takes {_words(known)}{_guess(key, known)}",
            )
    for key in known:
        if key not in given:
            raise DistributionError(law.name, key, None, f"given: {law.name} takes {_words(known)}")
    if issubclass(law, Empirical) and "values" not in given:
        return law.from_file(given["file"], given["column"], base)
    return law(**given)


def _words(names: list[str]) -> str:
    return " and ".join(names)


def _guess(word: object, known: list[str]) -> str:
    near = difflib.get_close_matches(str(word).lower(), known, 1)
    return f" (did you mean {near[0]}?)" if near else ""
