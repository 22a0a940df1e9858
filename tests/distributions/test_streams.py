"""Random numbers that depend on their names and their index, and on nothing else."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mqsim.distributions import Constant, Exponential, Gamma, Hyperexponential, Sampler, Stream, Streams
from mqsim.errors import UsageError

N = 20_000


def first(source: Stream | Sampler, n: int) -> list[float]:
    return list(itertools.islice(source.draws(), n))


def test_every_way_of_reading_gives_the_same_numbers() -> None:
    for make in (
        lambda: Streams(5).stream("web-1", "arrivals"),
        lambda: Streams(5).sampler("web-1", "work", Gamma(1.0, 0.7)),
        lambda: Streams(5).sampler("web-1", "work", Hyperexponential((0.9, 0.1), (1.0, 20.0))),
    ):
        whole = make().block(0, N)
        assert first(make(), N) == whole.tolist()
        own = make()
        assert [next(own) for _ in range(500)] == whole[:500].tolist()
        assert list(itertools.islice(own, 10)) == whole[500:510].tolist()
        source = make()
        assert [source.at(i) for i in range(N)] == whole.tolist()


@given(st.integers(0, 9000), st.integers(0, 300))
def test_a_block_is_a_window_on_the_sequence(start: int, n: int) -> None:
    stream = Streams(5).stream("web-1", "arrivals")
    assert stream.block(start, n).tobytes() == WHOLE[start : start + n].tobytes()


WHOLE = Streams(5).stream("web-1", "arrivals").block(0, 10_000)


def test_the_order_of_asking_does_not_matter() -> None:
    order = np.random.default_rng(2).integers(0, 40_000, 300).tolist()  # more chunks than are kept
    forwards = Streams(5).sampler("web-1", "work", Exponential(1.0))
    whole = forwards.block(0, 40_000)
    assert [forwards.at(i) for i in order] == whole[order].tolist()
    assert [forwards.at(i) for i in sorted(order, reverse=True)] == whole[
        sorted(order, reverse=True)
    ].tolist()


def test_other_actors_do_not_matter() -> None:
    alone = first(Streams(5).stream("web-1", "arrivals"), 100)
    crowd = Streams(5)
    others = [crowd.stream(f"web-{i}", "arrivals").draws() for i in range(2, 50)]
    for other in others:
        next(other)
    assert first(crowd.stream("web-1", "arrivals"), 100) == alone


def test_the_words_are_philoxs_own() -> None:
    # The known answer of Random123 (Salmon et al., kat_vectors): philox4x64-10 of counter 0 and key 0. numpy
    # counts up before it computes, so its counter of all ones gives it.
    known = [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]
    largest = 2**64 - 1
    words = np.random.Philox(key=np.zeros(2, np.uint64), counter=[largest] * 4).random_raw(4)
    assert [int(w) for w in words] == known
    stream = Stream(np.array([1, 2], np.uint64))
    raw = np.random.Philox(key=np.array([1, 2], np.uint64), counter=3).random_raw(4)
    assert stream.block(12, 4).tolist() == [(int(w) >> 11) / 2**53 for w in raw]


PROGRAM = """
from mqsim.distributions import Streams, Gamma
s = Streams(5)
print([s.sampler("web-1", "work", Gamma(1.0, 0.7)).at(i).hex() for i in (0, 1, 5000)])
print({name: s.stream(name, "arrivals").at(7).hex() for name in ("a", "b", "c")})
"""


def test_hash_seed_does_not_matter() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            },
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(printed) == 1
    assert "0x" in printed.pop()


def test_every_name_makes_a_difference() -> None:
    sources = [
        Streams(5).stream("web-1", "arrivals"),
        Streams(6).stream("web-1", "arrivals"),
        Streams(-5).stream("web-1", "arrivals"),
        Streams(5, 1).stream("web-1", "arrivals"),
        Streams(51).stream("web-1", "arrivals"),
        Streams(5).stream("web-2", "arrivals"),
        Streams(5).stream("web-1", "work"),
        Streams(5).stream("a", "b:c"),
        Streams(5).stream("a:b", "c"),
        Streams(5).stream("ab", "c"),
        Streams(5).stream("a", "bc"),
        Streams(5).stream("", "abc"),
        Streams(2**80).stream("web-1", "arrivals"),
    ]
    assert len({source.at(0) for source in sources}) == len(sources)
    assert Streams(5).stream("web-1", "arrivals").at(0) == sources[0].at(0)


def test_numbers_are_uniform() -> None:
    for actor in ("web-1", "web-2", "worker-1"):
        u = Streams(1).stream(actor, "arrivals").block(0, N)
        assert u.min() >= 0.0
        assert u.max() < 1.0
        assert stats.kstest(u, "uniform").pvalue > 0.001
    first_of_many = np.array([Streams(1).stream(f"web-{i}", "arrivals").at(0) for i in range(2000)])
    assert stats.kstest(first_of_many, "uniform").pvalue > 0.001
    first_of_replications = np.array([Streams(1, r).stream("web-1", "arrivals").at(0) for r in range(2000)])
    assert stats.kstest(first_of_replications, "uniform").pvalue > 0.001


def test_neighbours_and_streams_are_not_correlated() -> None:
    u = Streams(1).stream("web-1", "arrivals").block(0, N)
    limit = 3.89 / math.sqrt(N)  # a correlation of white noise lies beyond it once in 10 000
    for lag in (1, 2, 3, 4, 64, 4096):
        assert abs(np.corrcoef(u[:-lag], u[lag:])[0, 1]) < limit * math.sqrt(N / (N - lag))
    for other in (
        Streams(1).stream("web-2", "arrivals"),
        Streams(1).stream("web-1", "work"),
        Streams(2).stream("web-1", "arrivals"),
        Streams(1, 1).stream("web-1", "arrivals"),
    ):
        assert abs(np.corrcoef(u, other.block(0, N))[0, 1]) < limit


def test_samples_follow_their_law() -> None:
    x = Streams(1).sampler("web-1", "work", Gamma(2.0, 0.5)).block(0, N)
    assert stats.kstest(x, stats.gamma(4, scale=0.5).cdf).pvalue > 0.001
    assert stats.kstest(x, stats.gamma(4, scale=0.515).cdf).pvalue < 0.001  # a law 3 % longer is noticed


def test_common_random_numbers_pair_long_with_long() -> None:
    streams = Streams(1)
    a = streams.sampler("web-1", "work", Exponential(1.0)).block(0, 1000)
    b = streams.sampler("web-1", "work", Hyperexponential((0.9, 0.1), (1.0, 20.0))).block(0, 1000)
    assert np.array_equal(np.argsort(a, kind="stable"), np.argsort(b, kind="stable"))


def test_a_constant_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = Streams(1).sampler("web-1", "work", Constant(0.25))

    def never(self: Stream, start: int, n: int) -> None:
        pytest.fail("a random number was drawn")

    monkeypatch.setattr(Stream, "block", never)
    assert first(sampler, 3) == [0.25, 0.25, 0.25]
    assert (sampler.at(10**12), next(sampler)) == (0.25, 0.25)
    assert sampler.block(5, 2).tolist() == [0.25, 0.25]
    assert isinstance(sampler.draws(), itertools.repeat)


def test_few_samples_cost_few_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    block = Stream.block

    def counted(self: Stream, start: int, n: int) -> object:
        asked.append(n)
        return block(self, start, n)

    monkeypatch.setattr(Stream, "block", counted)
    next(Streams(1).stream("web-1", "arrivals").draws())
    Streams(1).stream("web-1", "arrivals").at(3)
    assert asked == [64, 128]
    asked.clear()
    first(Streams(1).stream("web-1", "arrivals"), 20_000)
    assert asked == [64, 512, 4096, 4096, 4096, 4096, 4096]


@pytest.mark.parametrize(
    ("seed", "replication"), [(True, 0), (1.5, 0), ("1", 0), (1, -1), (1, 0.0), (1, False)]
)
def test_a_bad_seed_is_refused(seed: int, replication: int) -> None:
    with pytest.raises(UsageError, match=r"whole number|no replication"):
        Streams(seed, replication)


def test_a_negative_index_is_refused() -> None:
    with pytest.raises(UsageError, match="counted from 0"):
        Streams(1).stream("web-1", "arrivals").at(-1)
