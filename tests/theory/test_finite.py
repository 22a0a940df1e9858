from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim import theory
from mqsim.errors import TheoryError
from tests.theory.oracles import absorbing, alive, stationary

CASES = [(0.7, 1, 1), (0.9, 1, 5), (1.0, 1, 4), (3.0, 2, 6), (1.2, 3, 3), (10.0, 4, 30)]


@pytest.mark.parametrize(("arrivals", "servers", "room"), CASES)
def test_mmck_is_its_chain(arrivals: float, servers: int, room: int) -> None:
    def steps(n):
        if n < room:
            yield n + 1, arrivals
        if n:
            yield n - 1, float(min(n, servers))

    p = stationary(0, steps)
    queue = theory.mmck(arrivals, 1.0, servers, room)
    assert queue.p_loss == pytest.approx(p[room], rel=1e-10)
    assert queue.throughput == pytest.approx(arrivals * (1 - p[room]), rel=1e-10)
    assert queue.mean_in_system == pytest.approx(sum(n * x for n, x in p.items()), rel=1e-10)
    assert queue.utilisation == pytest.approx(queue.throughput / servers)
    # The laws, by following one accepted message.
    states = list(range(room - servers + 1))
    generator, index = absorbing(states, lambda k: [(k - 1, float(servers))] if k else [(-1, 1.0)])
    start = np.zeros(len(states))
    for n in range(room):
        start[index[max(0, n - servers + 1)]] += p[n] / (1 - p[room])
    for t in (0.2, 1.0, 4.0):
        assert 1 - queue.sojourn_cdf(t) == pytest.approx(alive(generator, start, t), abs=1e-11)
        if room > servers:
            assert 1 - queue.wait_cdf(t) == pytest.approx(alive(generator[1:, 1:], start[1:], t), abs=1e-11)


def test_mm1k_by_hand() -> None:
    """Load 1/2 and room 2: probabilities 4/7, 2/7, 1/7."""
    queue = theory.mmck(0.5, 1.0, 1, 2)
    assert queue.p_loss == pytest.approx(float(Fraction(1, 7)))
    assert queue.mean_in_system == pytest.approx(float(Fraction(4, 7)))
    assert queue.p_wait == pytest.approx(float(Fraction(1, 3)))
    assert queue.mean_wait == pytest.approx(float(Fraction(1, 3)))


@pytest.mark.parametrize(("load", "servers"), [(0.9, 1), (2.4, 3)])
def test_endless_room_is_mmc(load: float, servers: int) -> None:
    wide, exact = theory.mmck(load, 1.0, servers, 600), theory.mmc(load, 1.0, servers)
    assert wide.mean_wait == pytest.approx(exact.mean_wait, rel=1e-10)
    assert wide.sojourn_percentile(0.99) == pytest.approx(exact.sojourn_percentile(0.99), rel=1e-9)


@pytest.mark.parametrize("load", [0.5, 5.0, 50.0])
def test_no_waiting_room_is_erlang_b(load: float) -> None:
    queue = theory.mmck(load, 1.0, 10, 10)
    assert queue.p_loss == pytest.approx(theory.erlang_b(10, load), rel=1e-12)
    assert queue.wait_percentile(0.999) == 0.0
    assert theory.mmck(load, 1.0, 10, 10, "drop-head").p_loss == pytest.approx(queue.p_loss)


@pytest.mark.parametrize(
    ("arrivals", "servers", "room"), [(0.7, 1, 3), (1.5, 1, 6), (3.0, 2, 7), (2.0, 2, 3)]
)
def test_drop_head_follows_one_message(arrivals: float, servers: int, room: int) -> None:
    """Brute force over (ahead, behind) of one message in the queue, by linear equations."""
    limit, out = room - servers, float(servers)
    p = [1.0]
    for n in range(1, room + 1):
        p.append(p[-1] * arrivals / min(n, servers))
    p = [x / sum(p) for x in p]
    states = [(i, j) for i in range(limit) for j in range(limit - i)]

    def steps(state):
        ahead, behind = state
        yield ("served" if ahead == 0 else (ahead - 1, behind)), out
        if ahead + 1 + behind < limit:
            yield (ahead, behind + 1), arrivals
        else:
            yield ("dropped" if ahead == 0 else (ahead - 1, behind + 1)), arrivals

    generator, index = absorbing(states, steps)
    serve = np.array([out if state[0] == 0 else 0.0 for state in states])
    reach = np.linalg.solve(-generator, serve)
    late = np.linalg.solve(-generator, reach)
    entering = [((min(n, room - 1) - servers, 0), p[n]) for n in range(servers, room + 1)]
    waited = sum(x * reach[index[s]] for s, x in entering)
    everyone = sum(p[:servers]) + waited
    queue = theory.mmck(arrivals, 1.0, servers, room, "drop-head")
    assert everyone == pytest.approx(1 - p[room])
    assert queue.p_wait == pytest.approx(waited / everyone, rel=1e-12)
    assert queue.mean_wait == pytest.approx(
        sum(x * late[index[s]] for s, x in entering) / everyone, rel=1e-12
    )
    rejecting = theory.mmck(arrivals, 1.0, servers, room)
    assert queue.mean_in_system == rejecting.mean_in_system
    assert queue.mean_wait < rejecting.mean_wait
    with pytest.raises(TheoryError, match="mean_wait"):
        queue.wait_percentile(0.5)


def test_an_unknown_overflow_is_refused() -> None:
    with pytest.raises(TheoryError, match="drop-head"):
        theory.mmck(1.0, 1.0, 1, 2, "drop-tail")  # type: ignore[arg-type]


@given(arrivals=st.floats(0.01, 50), servers=st.integers(1, 8), extra=st.integers(0, 30))
def test_mmck_keeps_littles_law_and_more_room_loses_less(arrivals: float, servers: int, extra: int) -> None:
    queue = theory.mmck(arrivals, 1.0, servers, servers + extra)
    assert queue.mean_in_system == pytest.approx(queue.throughput * queue.mean_sojourn)
    assert queue.throughput == pytest.approx(arrivals * (1 - queue.p_loss), rel=1e-9)
    assert theory.mmck(arrivals, 1.0, servers, servers + extra + 1).p_loss <= queue.p_loss * (1 + 1e-12)


@pytest.mark.parametrize(("users", "servers"), [(1, 1), (5, 1), (12, 3), (4, 6)])
def test_finite_source_is_its_chain(users: int, servers: int) -> None:
    think, rate = 3.0, 0.8

    def steps(n):
        if n < users:
            yield n + 1, (users - n) / think
        if n:
            yield n - 1, rate * min(n, servers)

    p = stationary(0, steps)
    queue = theory.finite_source(users, think, rate, servers)
    throughput = sum((users - n) / think * x for n, x in p.items())
    assert queue.throughput == pytest.approx(throughput, rel=1e-11)
    # The response time law: a round trip lasts users / throughput in all.
    assert queue.mean_sojourn == pytest.approx(users / throughput - think, rel=1e-11)
    # What an arriving message finds, straight from the chain's flow upwards.
    found = {n: (users - n) / think * x / throughput for n, x in p.items() if n < users}
    assert queue.p_wait == pytest.approx(sum(x for n, x in found.items() if n >= servers), abs=1e-12)
    states = list(range(max(1, users - servers + 1)))
    generator, index = absorbing(states, lambda k: [(k - 1, rate * servers)] if k else [(-1, rate)])
    start = np.zeros(len(states))
    for n, x in found.items():
        start[index[max(0, n - servers + 1)]] += x
    for t in (0.5, 2.0, 7.0):
        assert 1 - queue.sojourn_cdf(t) == pytest.approx(alive(generator, start, t), abs=1e-11)
