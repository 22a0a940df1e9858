"""Named, seeded streams of random numbers, and samples of a law drawn from them.

Sample i of a stream depends on (seed, replication, actor, purpose, i) and on nothing else: not on the size
of blocks, on the order in which samples are asked for, or on which other actors exist. So a worker more, or a
fault more, leaves everybody else's numbers as they were, and two scenarios can be compared under common
random numbers.

The generator is Philox 4x64-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC11): a keyed function of a counter. The key is 16 bytes of BLAKE2b over the four names, each with its length
before it, so that ("a", "b:c") and ("a:b", "c") differ; the counter is i // 4, as one call of Philox gives
four words. Only the raw words are taken from numpy, which promises to keep them (NEP 19); the top 53 bits of
each make a number in [0, 1).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from hashlib import blake2b
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Philox

from mqsim.distributions.simple import Constant
from mqsim.distributions.tables import Listed
from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mqsim.distributions.elementary import Floats
    from mqsim.distributions.law import Distribution

_SHIFT = 11
_CHUNK = 1 << _SHIFT  # samples that `at` keeps together
_MASK = _CHUNK - 1
_GROWTH = (128, 512, _CHUNK)  # the first chunk is filled in steps, for actors that need few samples
_KEPT = 8  # chunks that `at` remembers: room for redelivered messages that lie some way back
# Sizes of sequential blocks: small first, so that thousands of actors start cheaply, then eight times as
# large each time, because calling a law costs as much as a thousand of its samples.
_FIRST, _LARGEST = 64, 4096


class _Sequence(ABC):
    """An endless sequence of numbers that are functions of their index, read at random or in order."""

    def __init__(self) -> None:
        self._chunks: dict[int, list[float]] = {}
        self._own: Iterator[float] | None = None

    @abstractmethod
    def block(self, start: int, n: int) -> Floats:
        """The n numbers from index `start` on (start >= 0, n >= 0)."""

    def at(self, i: int) -> float:
        """The number of index i >= 0; cheap when indices come nearly in order."""
        try:
            return self._chunks[i >> _SHIFT][i & _MASK]
        except LookupError:
            return self._load(i)

    def draws(self) -> Iterator[float]:
        """A fresh iterator over the numbers from index 0 on: the cheapest way to read them in order."""
        return chain.from_iterable(self._lists())

    def __iter__(self) -> Iterator[float]:
        return self

    def __next__(self) -> float:
        if self._own is None:
            self._own = self.draws()
        return next(self._own)

    def _load(self, i: int) -> float:
        if i < 0:
            raise UsageError(f"A random stream has no sample {i}: samples are counted from 0.")
        number, place = i >> _SHIFT, i & _MASK
        chunk = self._chunks.get(number)
        if chunk is None:
            if len(self._chunks) >= _KEPT:
                del self._chunks[next(iter(self._chunks))]
            chunk = self._chunks[number] = []
        size = _CHUNK if number else next(step for step in _GROWTH if step > place)
        chunk += self.block(i - place + len(chunk), size - len(chunk)).tolist()
        return chunk[place]

    def _lists(self) -> Iterator[list[float]]:
        start, size = 0, _FIRST
        while True:
            yield self.block(start, size).tolist()
            start += size
            size = min(8 * size, _LARGEST)


class Stream(_Sequence):
    """Uniform numbers in [0, 1), made by `Streams.stream`.

    Args:
        key: two words that no other stream has.
    """

    def __init__(self, key: NDArray[np.uint64]) -> None:
        super().__init__()
        self._key = key

    def block(self, start: int, n: int) -> Floats:
        """The n uniform numbers from index `start` on (start >= 0, n >= 0)."""
        skip = start & 3
        words = Philox(key=self._key, counter=start >> 2).random_raw(skip + n)
        return (words[skip:] >> np.uint64(11)).astype(np.float64) * 2.0**-53


class Sampler(_Sequence):
    """Samples of a law in seconds, made by `Streams.sampler`: sample i is the quantile of uniform number i.

    Args:
        law: the law.
        stream: where the uniform numbers come from.
    """

    def __init__(self, law: Distribution, stream: Stream) -> None:
        super().__init__()
        self.law = law
        self._stream = stream

    def block(self, start: int, n: int) -> Floats:
        """The n samples from index `start` on (start >= 0, n >= 0)."""
        return self.law.quantile(self._stream.block(start, n))


class ConstantSampler(Sampler):
    """Samples of a constant law: it draws no random numbers at all."""

    def __init__(self, law: Constant, stream: Stream) -> None:
        super().__init__(law, stream)
        self._value = law.value

    def block(self, start: int, n: int) -> Floats:
        """The value n times."""
        return np.full(n, self._value)

    def at(self, i: int) -> float:
        """The value, whatever i is."""
        return self._value

    def draws(self) -> Iterator[float]:
        """The value for ever."""
        return repeat(self._value)


class ListedSampler(Sampler):
    """The values of a list in order, from the start again after the last: it draws no random numbers."""

    def __init__(self, law: Listed, stream: Stream) -> None:
        super().__init__(law, stream)
        self._values = np.array(law.values)

    def block(self, start: int, n: int) -> Floats:
        """The values of index `start` to `start + n - 1`, the list repeated as often as it takes."""
        return self._values[np.arange(start, start + n) % len(self._values)]


class Streams:
    """All the random numbers of one replication.

    Args:
        seed: of the scenario; any whole number.
        replication: which of the independent repetitions this is, from 0.

    Raises:
        UsageError: one of them isn't such a number.
    """

    def __init__(self, seed: int, replication: int = 0) -> None:
        for name, value in (("seed", seed), ("replication", replication)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
                raise UsageError(f"The {name} must be a whole number, not {value!r}.")
        if replication < 0:
            raise UsageError(f"Replications are counted from 0, so there is no replication {replication}.")
        self.seed = int(seed)
        self.replication = int(replication)

    def stream(self, actor: str, purpose: str) -> Stream:
        """Uniform numbers of their own for one purpose of one actor, such as ("web-1", "arrivals").

        The same names always give the same numbers, from the start.
        """
        digest = blake2b(digest_size=16, person=b"mqsim stream")
        for part in (str(self.seed), str(self.replication), actor, purpose):
            encoded = part.encode()
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
        return Stream(np.frombuffer(digest.digest(), dtype="<u8").astype(np.uint64))

    def sampler(self, actor: str, purpose: str, law: Distribution) -> Sampler:
        """Samples of a law for one purpose of one actor; a constant and a list draw no random numbers."""
        stream = self.stream(actor, purpose)
        if isinstance(law, Constant):
            return ConstantSampler(law, stream)
        return ListedSampler(law, stream) if isinstance(law, Listed) else Sampler(law, stream)
