"""What comes to each queue from the producers, as one stream or several, and what they are together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from mqsim.distributions import Distribution, Exponential, Listed
from mqsim.matching.routes import Share, shares
from mqsim.matching.work import plain, transform_of
from mqsim.scenario import (
    Batches,
    Closed,
    Every,
    Mmpp,
    Poisson,
    ProducerSpec,
    Renewal,
    Saturate,
    Scenario,
)
from mqsim.theory import constant_transform, erlang_transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.theory.transforms import Complexes, Transform

Kind = Literal["none", "poisson", "renewal", "mmpp", "batches", "closed", "saturate", "other"]


@dataclass(frozen=True)
class Stream:
    """Messages that come to a queue.

    Attributes:
        kind: "poisson", "renewal" (independent gaps of one law), "mmpp" (a Poisson stream whose rate
            switches), "batches" (at Poisson times), "closed" and "saturate" (which answer to the system),
            "other", or "none".
        rate: messages a second; NaN where it depends on the system or on time.
        gap: the transform of a renewal stream's gaps, where it is known.
        cv: their coefficient of variation.
        parts: rates and laws of work of what it consists of.
        priorities: the rate of each priority, and their laws of work.
        producers: the groups it comes from.
        says: what it is, in words.
        nearly: why it is not quite that; else empty.
    """

    kind: Kind
    rate: float
    producers: tuple[str, ...] = ()
    parts: tuple[tuple[float, Distribution], ...] = ()
    priorities: tuple[tuple[int, float, Distribution], ...] = ()
    gap: Transform | None = None
    cv: float = 1.0
    says: str = ""
    nearly: str = ""


_HASHED = "A hash of its number decides where a message goes, which looks like chance and is none."
NOTHING = Stream("none", 0.0, says="Nobody publishes to it.")


def stream_to(scenario: Scenario, queue: str) -> Stream:
    """All that producers publish to a queue, as one stream."""
    found = []
    for name, spec in scenario.producers.items():
        share = shares(scenario, spec.to).get(queue)
        if share is not None and spec.count:
            found.append(_one(name, spec, share))
    return _together(found)


def _one(name: str, spec: ProducerSpec, share: Share) -> Stream:
    """What one group of producers sends to a queue."""
    arrivals = spec.arrivals
    if isinstance(arrivals, Closed | Saturate):
        kind: Kind = "closed" if isinstance(arrivals, Closed) else "saturate"
        if share.whole:
            return _filled(
                Stream(kind, math.nan, says=f"{name} answers to what the consumers do."), name, spec
            )
        return _filled(
            Stream("other", math.nan, says=f"{name} sends but a part of its closed loop here."), name, spec
        )
    if share.why_odd:
        return _filled(Stream("other", math.nan, says=f"{_capital(share.why_odd)}."), name, spec)
    stream = _filled(_picked(_alone(name, spec), share), name, spec)
    return replace(stream, nearly=_HASHED) if share.hashed else stream


def _alone(name: str, spec: ProducerSpec) -> Stream:
    """All that one group of producers sends, wherever it goes."""
    arrivals = spec.arrivals
    match arrivals:
        case Poisson():
            return Stream("poisson", arrivals.rate * spec.count, says="Poisson arrivals.")
        case Renewal() if isinstance(plain(arrivals.law), Exponential):
            return Stream("poisson", spec.count / arrivals.law.mean, says="Poisson arrivals.")
        case Renewal() if isinstance(arrivals.law, Listed):
            return Stream("other", math.nan, says=f"The gaps of {name} follow a list, and not chance.")
        case Renewal() | Every() if spec.count > 1:
            says = f"The {spec.count} regular streams of {name} are not one: their gaps depend on each other."
            return Stream("other", math.nan, says=says)
        case Renewal():
            law = arrivals.law
            says = "Independent gaps between arrivals, of one law."
            return Stream("renewal", 1.0 / law.mean, gap=transform_of(law), cv=law.cv, says=says)
        case Every():
            gap = constant_transform(arrivals.interval)
            return Stream(
                "renewal", 1.0 / arrivals.interval, gap=gap, cv=0.0, says="Arrivals like clockwork."
            )
        case Mmpp():
            rates = np.array(arrivals.rates)
            says = "A Poisson stream whose rate switches at random."
            return Stream("mmpp", float(stationary(arrivals) @ rates) * spec.count, says=says)
        case Batches() if isinstance(arrivals.size, Listed):
            return Stream("other", math.nan, says=f"The batches of {name} follow a list, and not chance.")
        case Batches() if isinstance(plain(arrivals.every), Exponential):
            rate = spec.count * batch_size(arrivals)[0] / arrivals.every.mean
            return Stream("batches", rate, says="Batches at Poisson times.")
        case Batches():
            return Stream("other", math.nan, says="The gaps between batches are not exponential.")
        case _:
            return Stream(
                "other",
                math.nan,
                says=f"The arrivals of {name} change over time, so there is no steady state.",
            )


def _picked(stream: Stream, share: Share) -> Stream:
    """The part of a stream that a share picks out of it."""
    if share.whole or stream.kind == "other":
        return stream
    part, nth = share.part, share.nth
    if stream.kind == "poisson":
        if nth == 1:
            return replace(
                stream,
                rate=part * stream.rate,
                says="A part of a Poisson stream, picked by chance, is one too.",
            )
        every = erlang_transform(nth, nth / stream.rate)
        says = f"Every {nth}th message of a Poisson stream: the gaps follow an Erlang law."
        return Stream("renewal", stream.rate / nth, gap=every, cv=nth**-0.5, says=says)
    if stream.kind == "renewal":
        if nth > 1:
            gap = None if stream.gap is None else partial(power, stream.gap, nth)
            return replace(stream, rate=stream.rate / nth, gap=gap, cv=stream.cv * nth**-0.5)
        gap = None if stream.gap is None else partial(_geometric, stream.gap, part)
        return replace(
            stream, rate=part * stream.rate, gap=gap, cv=math.sqrt(part * stream.cv**2 + 1.0 - part)
        )
    if stream.kind == "mmpp" and nth == 1:
        return replace(stream, rate=part * stream.rate)
    return Stream(
        "other",
        math.nan,
        says="Only a part of each batch comes here."
        if stream.kind == "batches"
        else "A cycle of keys picks messages out of a stream whose rate switches.",
    )


def _filled(stream: Stream, name: str, spec: ProducerSpec) -> Stream:
    """The same with its work and its priorities."""
    rate = 1.0 if math.isnan(stream.rate) else stream.rate
    weights = {spec.priority: 1.0} if isinstance(spec.priority, int) else spec.priority
    total = sum(weights.values())
    priorities = tuple(
        (level, rate * weight / total, spec.work) for level, weight in weights.items() if weight > 0
    )
    return replace(stream, producers=(name,), parts=((rate, spec.work),), priorities=priorities)


def _together(streams: Sequence[Stream]) -> Stream:
    """Several independent streams as one."""
    if not streams:
        return NOTHING
    if len(streams) == 1:
        return streams[0]
    kinds = {stream.kind for stream in streams}
    kind: Kind = "poisson" if kinds == {"poisson"} else "other"
    says = "Several Poisson streams are together one."
    if kind == "other":
        odd = next((stream.says for stream in streams if stream.kind == "other"), "")
        says = odd or "Several streams come together, and not all of them are Poisson."
    rate = sum(stream.rate for stream in streams)
    return Stream(
        kind,
        rate,
        producers=tuple(name for stream in streams for name in stream.producers),
        parts=tuple(part for stream in streams for part in stream.parts),
        priorities=tuple(each for stream in streams for each in stream.priorities),
        says=says,
        nearly=next((stream.nearly for stream in streams if stream.nearly), ""),
    )


def stationary(arrivals: Mmpp) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The share of time that a switching stream spends in each state, once it has forgotten its start."""
    switch = np.array(arrivals.switch, dtype=np.float64)
    generator = switch - np.diag(switch.sum(axis=1))
    size = len(generator)
    rows = np.vstack([generator.T, np.ones(size)])
    target = np.append(np.zeros(size), 1.0)
    return np.asarray(np.linalg.lstsq(rows, target, rcond=None)[0])


def batch_size(arrivals: Batches) -> tuple[float, float, dict[int, float]]:
    """Mean, mean square and chances of the number of messages in a batch.

    A size is rounded to a whole number.
    """
    law = plain(arrivals.size)
    values = getattr(law, "values", None) or ((law.mean,) if law.variance == 0.0 else None)
    if values is not None:
        weights = getattr(law, "weights", None) or (1.0,) * len(values)
        chances: dict[int, float] = {}
        for value, weight in zip(values, weights, strict=True):
            chances[round(value)] = chances.get(round(value), 0.0) + weight / sum(weights)
    else:
        # P(size = n) is the law's probability between n - 1/2 and n + 1/2.
        most = int(law.quantile(np.array([1.0 - 1e-12]))[0]) + 2
        below = law.cdf(np.arange(most + 1, dtype=np.float64) + 0.5)
        chances = {n: float(p) for n, p in enumerate(np.diff(below, prepend=0.0)) if p > 0}
        total = sum(chances.values())
        chances = {n: p / total for n, p in chances.items()}
    mean = sum(n * p for n, p in chances.items())
    square = sum(n * n * p for n, p in chances.items())
    return mean, square, chances


def power(transform: Transform, times: int, s: Complexes) -> Complexes:
    """The transform of the sum of `times` independent times, at `s`."""
    return np.asarray(transform(s) ** times)


def _geometric(transform: Transform, chance: float, s: Complexes) -> Complexes:
    inner = transform(s)
    return np.asarray(chance * inner / (1.0 - (1.0 - chance) * inner))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
