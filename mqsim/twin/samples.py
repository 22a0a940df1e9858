"""Random numbers of one run, drawn in blocks from the same streams, in the same order, as `sim` draws
them.
"""

from __future__ import annotations

from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from mqsim.distributions import Exponential
from mqsim.scenario.arrival_times import times
from mqsim.scenario.arrivals import At, Closed, Every, Poisson, Renewal, Saturate, TraceArrivals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mqsim.distributions import Distribution, Sampler, Stream, Streams
    from mqsim.scenario.actors import ProducerSpec

Floats: TypeAlias = Any
LARGEST_BLOCK = 1 << 13
_NO_TIME = float("nan")


class Chance(NamedTuple):
    """A column of what is left to chance: its streams are named `purpose group way attempt`."""

    purpose: str
    share: float


class Service(NamedTuple):
    """A column of seconds of work that consumers draw themselves."""

    purpose: str
    law: Distribution


class Block(NamedTuple):
    """So many messages of one producer, in order; one number for all of them where they are alike."""

    time: Floats
    work: Floats
    expiration: Floats
    queue: Floats
    priority: Floats
    poison: Floats


class ArrivalBlocks:
    """The times at which a producer's messages come, block by block.

    Args:
        spec: the producer.
        streams: where random numbers come from.
        actor: its name.
    """

    def __init__(self, spec: ProducerSpec, streams: Streams, actor: str) -> None:
        self._spec = spec
        self._done = 0
        self._last = spec.start
        arrivals = spec.arrivals
        self._gaps: Sampler | None = None
        self._rest: Iterator[float] | None = None
        if isinstance(arrivals, Poisson):
            self._gaps = streams.sampler(actor, "arrivals", Exponential(1.0 / arrivals.rate))
        elif isinstance(arrivals, Renewal):
            self._gaps = streams.sampler(actor, "arrivals", arrivals.law)
        elif not isinstance(arrivals, Every | At | TraceArrivals | Closed | Saturate):
            self._rest = times(spec, streams, actor)

    def take(self, n: int) -> tuple[Floats, bool]:
        """The next n times, or as many as there are; and whether there are no more after them."""
        spec, arrivals = self._spec, self._spec.arrivals
        if self._rest is not None:
            rest = np.fromiter(islice(self._rest, n), np.float64)
            return rest, len(rest) < n
        found: Floats
        last = False
        if spec.messages is not None and not isinstance(arrivals, Closed | Saturate):
            last = spec.messages - self._done <= n
            n = min(n, spec.messages - self._done)
        if isinstance(arrivals, Closed | Saturate):
            found = np.full(n, _NO_TIME)
        elif isinstance(arrivals, Every):
            found = spec.start + np.arange(self._done, self._done + n) * arrivals.interval
        elif isinstance(arrivals, At | TraceArrivals):
            found = spec.start + np.array(arrivals.times[self._done : self._done + n], np.float64)
            last = last or self._done + n >= len(arrivals.times)
        else:
            assert self._gaps is not None
            found = np.empty(n + 1)
            found[0] = self._last
            found[1:] = self._gaps.block(self._done, n)
            found = np.add.accumulate(found)[1:]
            self._last = float(found[-1]) if n else self._last
        self._done += len(found)
        if spec.stop is not None and not isinstance(arrivals, Closed | Saturate):
            late = np.flatnonzero(found >= spec.stop)
            if len(late):
                return found[: late[0]], True
        return found, last


class MessageBlocks:
    """What the messages of one producer say and ask for, block by block.

    Args:
        spec: the producer.
        streams: where random numbers come from.
        actor: its name.
        queues: the number of each queue.
    """

    def __init__(self, spec: ProducerSpec, streams: Streams, actor: str, queues: Mapping[str, int]) -> None:
        self._spec = spec
        self._streams = streams
        self._actor = actor
        self._queues = queues
        self.first = 0
        self._arrivals = ArrivalBlocks(spec, streams, actor)
        self._works = streams.sampler(actor, "work", spec.work)
        self._expirations = (
            None if spec.expiration is None else streams.sampler(actor, "expiration", spec.expiration)
        )

    def take(self, n: int) -> tuple[Block, bool]:
        """The next n messages, or as many as there are; and whether there are no more after them."""
        spec, first = self._spec, self.first
        time, last = self._arrivals.take(n)
        n = len(time)
        self.first += n
        expiration = np.nan if self._expirations is None else self._expirations.block(first, n)
        poison = (
            self._streams.stream(self._actor, "poison").block(first, n) < spec.poison
            if spec.poison
            else False
        )
        work = self._works.block(first, n)
        return Block(time, work, expiration, self._queue(first, n), self._priority(first, n), poison), last

    def _queue(self, first: int, n: int) -> Floats:
        """The queue of each message, by number."""
        targets = self._spec.to
        if len(targets) == 1:
            key = targets[0].key
            fixed = key.kind == "fixed"
            return self._queues[key.values[0]] if fixed else self._queue_of_key(0, first, n)
        edges = np.array(list(accumulate(target.weight for target in targets)))
        drawn = self._streams.stream(self._actor, "target").block(first, n)
        chosen = np.searchsorted(edges, drawn * edges[-1], side="right")
        each = np.stack([self._queue_of_key(k, first, n) for k in range(len(targets))])
        return each[chosen, np.arange(n)]

    def _queue_of_key(self, target: int, first: int, n: int) -> Floats:
        key = self._spec.to[target].key
        codes = np.array([self._queues[value] for value in key.values])
        if key.kind == "fixed":
            return np.full(n, codes[0])
        if key.kind == "cycle":
            return codes[(first + np.arange(n)) % len(codes)]
        edges = np.array(list(accumulate(key.weights or [1.0] * len(codes))))
        drawn = self._streams.stream(self._actor, "key").block(first, n)
        return codes[np.searchsorted(edges, drawn * edges[-1], side="right")]

    def _priority(self, first: int, n: int) -> Floats:
        given = self._spec.priority
        if isinstance(given, int):
            return given
        edges = np.array(list(accumulate(given.values())))
        drawn = self._streams.stream(self._actor, "priority").block(first, n)
        return np.array(list(given))[np.searchsorted(edges, drawn * edges[-1], side="right")]


class PreloadBlocks:
    """The messages that a queue holds at the start; they are all there at once.

    Args:
        works: their law of work; None is no work.
        queue: the queue's number.
        ready: how many there are.
        first: the row of the first; such a message's number is its row.
    """

    def __init__(self, works: Sampler | None, queue: int, ready: int, first: int) -> None:
        self._works = works
        self._queue = queue
        self._ready = ready
        self.first = first

    def take(self, n: int) -> tuple[Block, bool]:
        """All of them."""
        n = self._ready
        work = np.zeros(n) if self._works is None else self._works.block(0, n)
        self.first += n
        return Block(np.zeros(n), work, np.nan, self._queue, 0, False), True


class ChanceColumns:
    """What is left to chance about a producer's messages, by column.

    Args:
        streams: where random numbers come from.
        services: the columns of seconds of work.
        chances: the columns of what happens or not.
    """

    def __init__(self, streams: Streams, services: list[Service], chances: list[Chance]) -> None:
        self._streams = streams
        self.services = services
        self.chances = chances
        self._samplers: dict[tuple[str, int], Sampler] = {}
        self._uniforms: dict[tuple[str, int, int], Stream] = {}

    def service(self, actor: str, column: int, first: int, n: int) -> Floats:
        """Seconds of work of n messages of a producer from number `first` on."""
        sampler = self._samplers.get((actor, column))
        if sampler is None:
            made = self.services[column]
            sampler = self._samplers[actor, column] = self._streams.sampler(
                actor, f"{made.purpose} 1", made.law
            )
        return sampler.block(first, n)

    def chance(self, actor: str, column: int, attempt: int, first: int, n: int) -> NDArray[np.bool_]:
        """Whether it happens to n messages of a producer from number `first` on, at an attempt from 1."""
        stream = self._uniforms.get((actor, column, attempt))
        made = self.chances[column]
        if stream is None:
            stream = self._uniforms[actor, column, attempt] = self._streams.stream(
                actor, f"{made.purpose} {attempt}"
            )
        found: NDArray[np.bool_] = stream.block(first, n) < made.share
        return found
