"""What may be turned, and what it costs: `consumers.packer.count=1..40`, `prefetch=1,2,5`, cost expressions.

knob := PATH = LOW .. HIGH [: STEP] | PATH = value , value , ...
cost := term + term + ...      term := NUMBER | PATH | PATH * NUMBER | NUMBER * PATH
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqsim.errors import ScenarioError, UsageError
from mqsim.planning.units import quantity
from mqsim.scenario import read_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST = 100_000
"""Values of one knob."""
_RANGE = re.compile(r"\s*([^.].*?)\s*\.\.\s*([^:]+?)\s*(?::\s*(.+?)\s*)?")
RISING = ("count", "speed", "slots", "max_length", "window")
"""Fields of which more never makes a queue slower (a larger room refuses less)."""


@dataclass(frozen=True)
class Knob:
    """A field of the scenario and the values that it may have.

    Attributes:
        path: such as `consumers.packer.count`.
        values: in the order in which they are preferred: rising, where they are numbers.
        falling: the highest value is preferred, and the values fall.
    """

    path: str
    values: tuple[Any, ...]
    falling: bool = False

    def reversed(self) -> Knob:
        """The same for a field of which more is worse, such as a rate: the highest value is preferred."""
        return Knob(self.path, tuple(reversed(self.values)), falling=True)

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)

    @property
    def rising(self) -> bool:
        """Whether more of it is never slower, so that a search may halve the range."""
        return self.numeric and (self.falling or self.path.rpartition(".")[2] in RISING)

    @property
    def name(self) -> str:
        """What to call it in a sentence: `consumers.packer.count`."""
        return self.path


def knob(text: str, what: str = "--vary") -> Knob:
    """Read a knob.

    Args:
        text: such as `consumers.packer.count=1..40`, `...prefetch=1..100:10` or `...prefetch=1,2,5`.
        what: whose text it is, for the sentence of an error.

    Raises:
        UsageError: it can't be read, or names no value or too many.
    """
    path, sign, range_ = text.partition("=")
    if not sign or not path.strip() or not range_.strip():
        raise UsageError(f"{what} {text}: write PATH=LOW..HIGH, PATH=LOW..HIGH:STEP or PATH=A,B,C.")
    return Knob(path.strip(), values(range_, f"{what} {text}"))


def values(text: str, what: str) -> tuple[Any, ...]:
    """The values that `1..40`, `0.5..2:0.5` or `1,2,5` stand for; numbers in rising order.

    Raises:
        UsageError: it can't be read.
    """
    if ".." in text:
        return _range(text, what)
    try:
        given = [read_value(part) if part.strip() else None for part in _split(text)]
    except ScenarioError as error:
        raise UsageError(f"{what}: a value can't be read: {error}") from None
    if not given or None in given:
        raise UsageError(f"{what}: a value is missing between two commas; write A,B,C.")
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in given)
    return tuple(sorted(set(given))) if numeric else tuple(given)


def is_range(text: str) -> bool:
    """Whether a text stands for several values."""
    return ".." in text or "," in text


def _split(text: str) -> list[str]:
    """At commas outside of brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "[{(") - (sign in ")}]")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _range(text: str, what: str) -> tuple[float | int, ...]:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise UsageError(f"{what}: write a range as LOW..HIGH or LOW..HIGH:STEP, such as 1..40.")
    low, high = (quantity(part, "count", what) for part in (found[1], found[2]))
    step = quantity(found[3], "count", what) if found[3] else 1.0
    if not step > 0.0:
        raise UsageError(f"{what}: a step must be above 0, so {found[3]} is not allowed.")
    if high < low:
        raise UsageError(f"{what}: the range ends below its start; write {found[2]}..{found[1]}.")
    size = math.floor((high - low) / step * (1.0 + 1e-12)) + 1
    if size > MOST:
        raise UsageError(
            f"{what}: that is {size:,} values, and at most {MOST:,} will do; give a larger step."
        )
    whole = low == int(low) and step == int(step)
    return tuple(int(low + k * step) if whole else round(low + k * step, 12) for k in range(size))


@dataclass(frozen=True)
class Cost:
    """A price of a setting: a fixed part, and so much for each unit of a field.

    Attributes:
        text: as it was written, or said in its place.
        prices: by path.
        fixed: the part that does not depend on any field.
    """

    text: str
    prices: Mapping[str, float] = field(default_factory=dict)
    fixed: float = 0.0

    def of(self, setting: Mapping[str, Any]) -> float:
        """What a setting costs; fields outside of it cost nothing here, as they don't change."""
        return self.fixed + sum(price * float(setting[path]) for path, price in self.prices.items())


def cost(texts: Sequence[str], knobs: Sequence[Knob]) -> Cost:
    """Read the cost of a setting; without any text each unit of each knob costs 1.

    Args:
        texts: expressions such as `consumers.worker.count*1 + consumers.worker.speed*0.5`; several are added.
        knobs: what may be turned.

    Raises:
        UsageError: it can't be read, or names a field that isn't turned or has no numbers.
    """
    if not texts:
        priced = {each.path: 1.0 for each in knobs if each.numeric}
        return Cost(" + ".join(priced), priced)
    prices: dict[str, float] = {}
    fixed = 0.0
    turned = {each.path: each for each in knobs}
    for text in texts:
        for term in text.split("+"):
            path, price = _term(term, text)
            if not path:
                fixed += price
                continue
            if path not in turned or not turned[path].numeric:
                raise UsageError(
                    f"--cost {text}: {path} is none of the numbers that vary ({', '.join(turned)})."
                )
            prices[path] = prices.get(path, 0.0) + price
    return Cost(" + ".join(texts), prices, fixed)


def _term(term: str, text: str) -> tuple[str, float]:
    path, price = "", 1.0
    for part in term.split("*"):
        part = part.strip()
        try:
            price *= float(part)
        except ValueError:
            if not part or path:
                says = "write terms such as consumers.worker.count*2, joined by +"
                raise UsageError(f"--cost {text}: {term.strip()!r} is not allowed; {says}.") from None
            path = part
    if price < 0.0 or not math.isfinite(price):
        raise UsageError(f"--cost {text}: {term.strip()!r} costs less than nothing; a price is 0 or more.")
    return path, price
