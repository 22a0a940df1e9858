"""When messages come: the ten kinds of arrivals, one class each.

In a scenario they are a mapping with one key: `{poisson: {rate: 80}}`, `{every: 0.5}`, `{at: [0, 0, 0]}` ...
`endless` says whether a kind goes on for ever unless the producer has `messages` or `stop`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    PrivateAttr,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from mqsim.distributions import read_column
from mqsim.errors import DistributionError
from mqsim.scenario.laws import MARK, Law, PositiveLaw, located
from mqsim.scenario.problems import BARE, all_wrong, did_you_mean, one_of, wrong
from mqsim.scenario.spec import (
    RATE,
    Rate,
    Seconds,
    Some,
    SomeRate,
    SomeSeconds,
    Spec,
    Text,
    Whole,
    at,
    base_of,
)


class Poisson(Spec):
    """Arrivals at random: exponential gaps, `rate` a second on average."""

    kind: ClassVar[str] = "poisson"
    rate: SomeRate = Field(description="messages per second, above 0")

    endless: ClassVar[bool] = True


class Every(Spec):
    """A message at every multiple of `interval`, the first at the producer's start."""

    kind: ClassVar[str] = "every"
    interval: SomeSeconds = Field(description="seconds between messages, above 0")

    endless: ClassVar[bool] = True


class Renewal(Spec):
    """Independent gaps that all follow `law`."""

    kind: ClassVar[str] = "renewal"
    law: PositiveLaw = Field(description="seconds between messages, with a mean above 0")

    endless: ClassVar[bool] = True


class At(Spec):
    """Messages at the given times, counted from the producer's start."""

    kind: ClassVar[str] = "at"
    times: tuple[Seconds, ...] = Field(min_length=1, description="seconds, none smaller than the one before")

    endless: ClassVar[bool] = False

    @model_validator(mode="after")
    def _in_order(self) -> At:
        for i in range(1, len(self.times)):
            if self.times[i] < self.times[i - 1]:
                raise wrong(
                    self.times[i],
                    f"at least {self.times[i - 1]:g}, the time before it",
                    "Sort the times",
                    where=[i],
                )
        return self


_RATES = {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2}
_SWITCH = WithJsonSchema({"anyOf": [_RATES, {"type": "array", "items": _RATES, "minItems": 2}]})


class Mmpp(Spec):
    """Bursts: a Poisson stream whose rate jumps between states (Markov-modulated).

    `switch` has n numbers, the rates at which state i is left for state i + 1 (the last for the first), or an
    n x n matrix of rates from state i (row) to state j (column) with zeros on its diagonal.
    """

    kind: ClassVar[str] = "mmpp"
    rates: tuple[Rate, ...] = Field(
        min_length=2, description="messages per second in each state, at least 2 states"
    )
    switch: Annotated[tuple[tuple[Rate, ...], ...], _SWITCH] = Field(
        description="switches per second: n numbers (i to i + 1) or an n x n matrix"
    )
    start: Whole = Field(default=0, description="the state at the start, counted from 0")

    endless: ClassVar[bool] = True

    @model_validator(mode="before")
    @classmethod
    def _matrix(cls, data: Any) -> Any:
        """A list of n leaving rates becomes the matrix it stands for."""
        if not isinstance(data, Mapping) or not isinstance(data.get("switch"), list | tuple):
            return data
        switch = list(data["switch"])
        states = len(data["rates"]) if isinstance(data.get("rates"), list | tuple) else len(switch)
        if len(switch) != states:
            raise wrong(switch, f"a list of {states}, one for each of the rates", where=["switch"])
        if any(isinstance(row, list | tuple) for row in switch):
            for i, row in enumerate(switch):
                if not isinstance(row, list | tuple) or len(row) != states:
                    raise wrong(row, f"a row of {states} numbers", where=["switch", i])
            return data
        rows = [[0.0] * states for _ in range(states)]
        for i, rate in enumerate(switch):
            rows[i][(i + 1) % states] = at("switch", partial(at, i, RATE), rate)
        return {**data, "switch": rows}

    @model_validator(mode="after")
    def _consistent(self) -> Mmpp:
        if not any(self.rates):
            raise wrong(list(self.rates), "rates of which at least one is above 0", where=["rates"])
        for i, row in enumerate(self.switch):
            if row[i] != 0:
                raise wrong(row[i], "0: a state can't be left for itself", where=["switch", i, i])
        if not 0 <= self.start < len(self.rates):
            raise wrong(self.start, f"a state's number from 0 to {len(self.rates) - 1}", where=["start"])
        return self

    def leaving(self) -> tuple[float, ...]:
        """For each state the rate at which it is left, per second."""
        return tuple(math.fsum(row) for row in self.switch)


class Batches(Spec):
    """Several messages at once: `size` of them (rounded to a whole number), `every` so often."""

    kind: ClassVar[str] = "batches"
    every: PositiveLaw = Field(description="seconds between batches, with a mean above 0")
    size: PositiveLaw = Field(description="messages in a batch, with a mean above 0")

    endless: ClassVar[bool] = True

    @model_validator(mode="after")
    def _not_always_empty(self) -> Batches:
        largest = float(self.size.quantile(np.array([1.0 - 2.0**-53]))[0])
        if round(largest) < 1:
            hint = "A size is rounded to a whole number"
            allowed = "a law of sizes of which some round to 1 or more"
            raise wrong(self.size.spec(), allowed, hint, where=["size"])
        return self


class ProfileArrivals(Spec):
    """A rate that changes over time through the points (seconds, messages per second).

    `shape` says whether the rate runs linearly between two points or stays until the next one; before the
    first and after the last point it is that point's. `law` says whether messages come at random (poisson) or
    evenly spaced in the integral of the rate (even).
    """

    kind: ClassVar[str] = "profile"
    points: tuple[tuple[Seconds, Rate], ...] = Field(
        min_length=1, description="[seconds, messages per second], in order"
    )
    shape: Literal["linear", "step"] = Field(
        default="linear", description="how the rate goes from point to point"
    )
    law: Literal["poisson", "even"] = Field(default="poisson", description="at random, or evenly spaced")

    @property
    def endless(self) -> bool:
        """Whether the rate after the last point is above 0."""
        return self.points[-1][1] > 0

    @model_validator(mode="before")
    @classmethod
    def _pairs(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and isinstance(data.get("points"), list | tuple):
            check_pairs(data["points"], "[seconds, messages per second]", ("points",))
        return data

    @model_validator(mode="after")
    def _increasing(self) -> ProfileArrivals:
        check_increasing([point[0] for point in self.points], ("points",))
        if not any(rate for _, rate in self.points):
            raise wrong(
                [list(p) for p in self.points],
                "points of which at least one has a rate above 0",
                where=["points"],
            )
        return self


class Closed(Spec):
    """A closed loop: each of the `users` sends a message, waits until it is done, thinks, sends again."""

    kind: ClassVar[str] = "closed"
    users: Some = Field(description="how many users, 1 or more")
    think: Law = Field(description="seconds between an answer and the next message")

    endless: ClassVar[bool] = True


class Saturate(Spec):
    """An always full queue: whenever fewer than `ready` messages wait, another one comes."""

    kind: ClassVar[str] = "saturate"
    ready: Some = Field(description="how many messages are kept waiting, 1 or more")

    endless: ClassVar[bool] = True


class TraceArrivals(Spec):
    """Times recorded in a CSV file with a header line, read when the scenario is."""

    kind: ClassVar[str] = "trace"
    file: Text = Field(description="a CSV file with a header line, relative to the scenario's folder")
    column: Text = Field(
        description="the column that holds the times in seconds, none smaller than the one before"
    )
    _times: tuple[float, ...] = PrivateAttr(default=())

    endless: ClassVar[bool] = False

    @property
    def times(self) -> tuple[float, ...]:
        """The times in the file, in seconds."""
        return self._times

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> TraceArrivals:
        try:
            self._times = read_column(self.kind, self.file, self.column, base_of(info))
        except DistributionError as error:
            found = located({self.kind: {}}, error).context or {}
            raise all_wrong([replace(each, where=each.where[1:]) for each in found["problems"]]) from None
        for i in range(1, len(self._times)):
            if self._times[i] < self._times[i - 1]:
                raise wrong(
                    self._times[i], "at least the time before it", f"Sort {self.file} by {self.column}"
                )
        return self


KINDS: dict[str, type[Spec]] = {
    "poisson": Poisson,
    "every": Every,
    "renewal": Renewal,
    "at": At,
    "mmpp": Mmpp,
    "batches": Batches,
    "profile": ProfileArrivals,
    "closed": Closed,
    "saturate": Saturate,
    "trace": TraceArrivals,
}


def check_pairs(points: Any, form: str, where: tuple[str | int, ...] = ()) -> None:
    """Refuses points that are not pairs, with the words of `form`."""
    for i, point in enumerate(points):
        if not isinstance(point, list | tuple) or len(point) != 2:
            raise wrong(point, f"a pair {form}", where=[*where, i])


def check_increasing(times: list[float], where: tuple[str | int, ...] = ()) -> None:
    """Refuses points whose times do not increase."""
    for i in range(1, len(times)):
        if times[i] <= times[i - 1]:
            raise wrong(
                times[i], f"later than {times[i - 1]:g}, the time of the point before", where=[*where, i, 0]
            )


def _one_key(value: Any) -> Any:
    if isinstance(value, tuple(KINDS.values())):
        return value
    allowed = f"a mapping with exactly one of {one_of(KINDS)}"
    if not isinstance(value, Mapping):
        raise wrong(value, allowed, "For example {poisson: {rate: 10}}")
    if len(value) != 1:
        raise wrong(dict(value), allowed)
    given = next(iter(value))
    if given not in KINDS:
        raise wrong(dict(value), allowed, did_you_mean(given, KINDS))
    return value


def _kind_of(value: Any) -> str:
    return str(next(iter(value))) if isinstance(value, Mapping) else str(value.kind)


def _inside(value: Any) -> Any:
    """What stands after the kind; a bare number, law or list goes into the only field."""
    if not isinstance(value, Mapping):
        return value
    kind, inside = next(iter(value.items()))
    bare = BARE.get(kind)
    return inside if bare is None else {bare: inside}


def _plain(arrivals: Any) -> Any:
    inside = arrivals.to_data()
    if bare := BARE.get(arrivals.kind):
        inside = inside[bare]
    return {arrivals.kind: inside}


_Inside = BeforeValidator(_inside)

Arrivals = Annotated[
    Annotated[Poisson, _Inside, Tag("poisson")]
    | Annotated[Every, _Inside, Tag("every")]
    | Annotated[Renewal, _Inside, Tag("renewal")]
    | Annotated[At, _Inside, Tag("at")]
    | Annotated[Mmpp, _Inside, Tag("mmpp")]
    | Annotated[Batches, _Inside, Tag("batches")]
    | Annotated[ProfileArrivals, _Inside, Tag("profile")]
    | Annotated[Closed, _Inside, Tag("closed")]
    | Annotated[Saturate, _Inside, Tag("saturate")]
    | Annotated[TraceArrivals, _Inside, Tag("trace")],
    Discriminator(_kind_of),
    BeforeValidator(_one_key),
    PlainSerializer(_plain),
    WithJsonSchema({MARK: "ARRIVALS"}),
]
