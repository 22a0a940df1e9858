"""Laws of work that a reader can choose among, all with one mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mqsim.distributions import (
    Constant,
    Discrete,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Hyperexponential,
    Lognormal,
    Pareto,
    Uniform,
    parse,
)
from mqsim.errors import UsageError


def shapes(mean: float) -> dict[str, Distribution]:
    """Laws by name, from even to very uneven, each with this mean (seconds, above 0)."""
    return {
        "constant": Constant(mean),
        "uniform": Uniform(0.0, 2.0 * mean),
        "erlang": Erlang(4, mean),
        "exponential": Exponential(mean),
        "lognormal": Lognormal(mean, 2.0),
        "pareto": Pareto(mean, 2.5),
    }


LABELS = {
    "constant": "constant",
    "uniform": "uniform, from 0 to twice the mean",
    "erlang": "Erlang, 4 phases (cv 0.5)",
    "exponential": "exponential (cv 1)",
    "lognormal": "lognormal (cv 2)",
    "pareto": "Pareto, shape 2.5 (heavy tail)",
}


def with_mean(law: Distribution, mean: float) -> Distribution:
    """The same shape with another mean, in seconds.

    Raises:
        UsageError: the law is recorded data, which has the mean it has.
    """
    if isinstance(law, Constant):
        return Constant(mean)
    factor = mean / law.mean
    if isinstance(law, Uniform):
        return Uniform(law.low * factor, law.high * factor)
    if isinstance(law, Hyperexponential):
        return replace(law, means=tuple(each * factor for each in law.means))
    if isinstance(law, Discrete):
        return replace(law, values=tuple(each * factor for each in law.values))
    if isinstance(law, Empirical):
        raise UsageError("vary: the mean of recorded data can't be set.")
    scaled: Distribution = replace(law, mean=mean)  # type: ignore[type-var]
    return scaled


def law_of(spec: object) -> Distribution | None:
    """The law that plain data describe; None where they describe none."""
    if isinstance(spec, bool) or not isinstance(spec, int | float | dict):
        return None
    if isinstance(spec, dict) and (len(spec) != 1 or "empirical" in spec):
        return None
    from mqsim.errors import DistributionError

    try:
        return parse(spec)
    except DistributionError:
        return None


def words(law: Distribution) -> str:
    """A law in a few words, such as `exponential, mean 0.18 s`."""
    return f"{law.name}, mean {law.mean:g} s"


def plain(law: Distribution) -> Any:
    """A law as it stands in a scenario."""
    return law.spec()
