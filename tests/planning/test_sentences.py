"""The sentence of every plan, word for word; its numbers come from formulas or from what was given."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

import pytest

from mqsim import planning, theory
from mqsim.planning.units import seconds
from mqsim.theory import drain_time

if TYPE_CHECKING:
    from pathlib import Path

RATE, WORK = 250.0, 0.04
P99 = "the p99 of the sojourn in queue tasks"
LOAD = {"rate": "250/s", "work": "40ms"}


def p99(servers: int, rate: float = RATE, work: float = WORK) -> float:
    return theory.mmc(rate, 1 / work, servers).sojourn_percentile(0.99)


def test_size() -> None:
    answer = planning.size(workers="1..40", target="p99 < 200ms", **LOAD)
    below, off = p99(11), p99(11) - 0.2
    assert answer.sentence == (
        f"12 workers are enough: {P99} is {seconds(p99(12))} (target < 200 ms), "
        f"exactly, by M/M/12. With 11 workers it is {seconds(below)}, which misses the target by "
        f"{seconds(off)} ({100 * off / 0.2:.1f} %)."
    )


def test_drain() -> None:
    answer = planning.drain(backlog="100k", rate="200/s", work="40ms", workers="14..15", within="10min")
    takes = [seconds(drain_time(100_000, 25, servers, 200, servers)) for servers in (15, 14)]
    assert answer.sentence == (
        f"15 workers: 100,000 messages in queue tasks are gone after {takes[0]} on average (exactly, by "
        f"first passage in M/M/15), within 10 min. With 14 workers: {takes[1]} on average (exactly, by first "
        "passage in M/M/14)."
    )


def test_sweep() -> None:
    answer = planning.sweep(workers="9..13", **LOAD)
    assert answer.sentence == (
        f"Of 5 settings {P99} is smallest, {seconds(p99(13))}, with 13 workers; 2 are unstable."
    )


def test_sensitivity() -> None:
    answer = planning.sensitivity(workers=12, **LOAD)
    usual, smaller, larger = p99(12), p99(12, work=0.9 * WORK), p99(12, work=1.1 * WORK)
    rate = max(abs(p99(12, rate=k * RATE) - usual) for k in (0.9, 1.1))
    count = max(abs(p99(c) - usual) for c in (11, 13))
    assert answer.sentence == (
        f"T{P99[1:]} is {seconds(usual)} and depends most on the work at worker: made "
        f"10 % smaller it gives {seconds(smaller)}, made larger {seconds(larger)}. Then: rate of sender "
        f"(± {seconds(rate)}), count of worker (± 1) (± {seconds(count)})."
    )


NUMBER = r"(\d+(?:\.\d+)?) ms"


def test_what_if() -> None:
    answer = planning.what_if(
        rate="25/s", work="100ms", workers=4, change="consumers.worker.count=5", measure="tasks.sojourn.mean",
        budget=4e5, jobs=1,
    )  # fmt: skip
    form = (
        r"If consumers\.worker\.count=5: the mean of the sojourn in queue tasks falls from "
        rf"{NUMBER} to {NUMBER} \(by {NUMBER}, {NUMBER} to {NUMBER}\)\."
    )
    found = re.fullmatch(form, answer.sentence)
    assert found, answer.sentence
    before, after, off, low, high = (float(each) for each in found.groups())
    exact = [1000 * theory.mmc(25, 10, servers).mean_sojourn for servers in (4, 5)]
    assert [before, after] == pytest.approx(exact, rel=0.03)
    assert low <= off <= high
    assert low - 2 <= exact[0] - exact[1] <= high + 2


def test_a_mean_says_what_it_leaves_out_and_a_death_is_never_over() -> None:
    """Three tasks of two seconds, and the only worker dies in the second."""
    answer = planning.what_if(scenario="task-queue", kill="worker-1@3s", jobs=1)
    assert ", without the 66.7 % of messages that were never done, falls from 4 s to 2 s" in answer.sentence
    assert "the fault is over" not in answer.sentence


def test_prefetch() -> None:
    answer = planning.prefetch(
        rate="300/s", work="10ms", latency="5ms", workers=6, values="1,2,5", budget=6e4, jobs=1
    )
    form = (
        rf"Prefetch 2 is enough for worker: {P99} is {NUMBER} \({NUMBER} to {NUMBER}\), and no other that "
        r"was tried is faster\. With 1 the queue is unstable: 300 messages a second come to queue tasks and "
        rf"its consumers can work off 300\. With 5 it is {NUMBER} \({NUMBER} to {NUMBER}\), as messages wait "
        r"with busy workers while others are free\. 2 would keep a worker busy all the time while there is a "
        r"backlog\."
    )
    # A worker is held for 10 ms of work and 10 ms on the way: with prefetch 1, six of them do 300 a second.
    assert re.fullmatch(form, answer.sentence), answer.sentence


def test_from_log(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,took\n" + "\n".join(f"{k / 4},{0.1 + 0.1 * (k % 2)}" for k in range(100)))
    answer = planning.from_log(path, work="took")
    assert answer.sentence == (
        "a.csv: 100 messages in 24.8 s, 4.039 a second on average and at most 4 in 1 s; the clock ticks "
        "every 10 ms."
    )
    assert math.isclose(100 / (99 / 4 + 0.01), 4.039, rel_tol=1e-3)


def test_backtest(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n\n" + "\n".join(["60"] * 30 + ["90"] * 30))
    answer = planning.backtest(path, count="n", every="1min", jobs=1)
    assert answer.sentence == (
        "The first 50 % of a.csv does not foretell the rest: the largest error is that of the messages a "
        "second, predicted 1/s and in truth 1.5/s (33.3 % too little). A plan made from this "
        "log may be as far off."
    )


def test_from_definitions(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    queues = [{"name": "a", "arguments": {"x-queue-type": "quorum", "x-max-length": 5}}, {"name": "b"}]
    path.write_text(json.dumps({"queues": queues, "users": [{}], "novelty": 1}))
    assert planning.from_definitions(path).sentence == (
        "d.json declares 2 queues (1 of them quorum), 0 exchanges and 0 bindings in virtual host /; of 5 "
        "keys 3 are used, 1 have no effect here, and 1 are not modelled."
    )


def test_perf_test() -> None:
    assert planning.perf_test(workers=3, **LOAD).sentence == (
        "PerfTest plays this load with: perf-test --producers 1 --consumers 3 --queue tasks --rate 250 "
        "--size 1000 --qos 1 --flag persistent --consumer-latency 40000 --auto-delete false --time 3600"
    )
