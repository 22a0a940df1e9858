"""Runs on all processors, on a cluster, kept in a file, cut off by Ctrl-C: the same answer, to the bit."""

from __future__ import annotations

import gc
import json
import math
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mqsim import planning
from mqsim.errors import UsageError
from mqsim.planning import kept as keeping
from mqsim.planning import processors
from mqsim.planning.processors import Processors
from mqsim.twin.readiness import Readiness, readiness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mqsim.planning.answer import Answer

FLAGS = {"rate": "8/s", "work": "300ms", "cv": 0.5}
ASKED: dict[str, Callable[..., Answer]] = {
    "size": lambda **how: planning.size(workers="3..4", target="p99 < 1s", budget=9_000, **FLAGS, **how),
    "what_if": lambda **how: planning.what_if(
        workers="4", kill="worker-1@60:60", budget=18_000, **FLAGS, **how
    ),
    "drain": lambda **how: planning.drain(backlog="100", workers="4..5", budget=60_000, **FLAGS, **how),
    "prefetch": lambda **how: planning.prefetch(workers="4", values="1,5", budget=9_000, **FLAGS, **how),
    "sweep": lambda **how: planning.sweep(workers="3..5", budget=4_000, **FLAGS, **how),
    "sensitivity": lambda **how: planning.sensitivity(workers="4", budget=20_000, **FLAGS, **how),
}


def same(one: Any, other: Any) -> bool:
    """Equal to the bit, NaN for NaN."""
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)


@pytest.fixture(scope="module")
def plain() -> dict[str, Answer]:
    """Every question answered in this process."""
    return {name: ask(jobs=1) for name, ask in ASKED.items()}


@pytest.mark.parametrize("name", ["size", "sweep"])
def test_processes_change_nothing(name: str, plain: dict[str, Answer]) -> None:
    answer = ASKED[name](jobs=2)
    assert same(answer.rows, plain[name].rows)
    assert answer.sentence == plain[name].sentence


@pytest.mark.parametrize("name", ASKED)
def test_what_is_kept_is_not_run_again(
    name: str, plain: dict[str, Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.jsonl"
    first = ASKED[name](jobs=1, resume=path)
    assert same(first.rows, plain[name].rows)
    lines = path.read_text().splitlines()
    assert lines

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a run was made again")

    monkeypatch.setattr(sys.modules["mqsim.planning.observe"], "simulate", never)
    monkeypatch.setattr(sys.modules["mqsim.planning.drain"], "simulate", never)
    again = ASKED[name](jobs=1, resume=path)
    assert same(again.rows, plain[name].rows)
    assert again.sentence == plain[name].sentence
    assert path.read_text().splitlines() == lines


def test_a_file_serves_many_questions_and_takes_no_answer_for_another(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    for seed in (1, 2):
        for ask in (ASKED["drain"], ASKED["sweep"]):
            kept = ask(jobs=1, resume=path, seed=seed)
            assert same(kept.rows, ask(jobs=1, seed=seed).rows)


def test_a_line_that_was_cut_off_is_made_again(plain: dict[str, Answer], tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    ASKED["drain"](jobs=1, resume=path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    again = ASKED["drain"](jobs=1, resume=path)
    assert same(again.rows, plain["drain"].rows)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("text", ["hello\n", "{}\n", '{"kept": "another", "key": "a"}\n'])
def test_a_file_of_somebody_else_is_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(text)
    with pytest.raises(UsageError, match="line 1 is none that a plan wrote; name another file"):
        ASKED["drain"](jobs=1, resume=path)
    assert path.read_text() == text


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--resume .*name another file"):
        ASKED["drain"](jobs=1, resume=tmp_path / "no" / "such.jsonl")


def test_another_release_makes_its_own_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keeping.Kept.key(same, (1, "a"))
    assert keeping.Kept.key(same, (1, "b")) != before
    monkeypatch.setattr(keeping, "__version__", "0.0.0")
    assert keeping.Kept.key(same, (1, "a")) != before


@pytest.mark.parametrize("name", ["size", "drain", "sweep", "what_if"])
def test_an_engine_changes_nothing(name: str, plain: dict[str, Answer]) -> None:
    assert same(ASKED[name](jobs=1, engine="simpy").rows, plain[name].rows)
    if readiness() is not Readiness.ABSENT:
        assert same(ASKED[name](jobs=1, engine="compiled").rows, plain[name].rows)


def test_there_is_no_such_engine() -> None:
    with pytest.raises(UsageError, match="--engine steam: write one of auto, simpy, compiled"):
        ASKED["size"](engine="steam")


class Stop:
    """Ctrl-C after so many runs."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, done: float, total: float) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", ASKED)
def test_ctrl_c_answers_with_what_is_known(name: str, tmp_path: Path, plain: dict[str, Answer]) -> None:
    path = tmp_path / "kept.jsonl"
    answer = ASKED[name](jobs=1, resume=path, progress=Stop(5 if name == "what_if" else 2))
    assert answer.state == "unsure"
    assert answer.status == 3
    assert any("Stopped" in text for text in (answer.sentence, *answer.notes))
    resumed = ASKED[name](jobs=1, resume=path)
    assert same(resumed.rows, plain[name].rows)


@pytest.mark.parametrize("after", [1, 8, 10])
@pytest.mark.parametrize("name", ["size", "drain", "prefetch", "sensitivity"])
def test_ctrl_c_within_a_run_loses_nothing_that_is_known(
    name: str, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes while a run is made: also the first of another setting than those that are known."""
    module = sys.modules[f"mqsim.planning.{'drain' if name == 'drain' else 'observe'}"]
    simulate, made = module.simulate, 0

    def stopped(*with_: Any, **named: Any) -> Any:
        nonlocal made
        made += 1
        if made > after:
            raise KeyboardInterrupt
        return simulate(*with_, **named)

    monkeypatch.setattr(module, "simulate", stopped)
    more = {"workers": "3..6", "target": "p99 < 1s", "budget": 90_000}
    answer = planning.size(jobs=1, **more, **FLAGS) if name == "size" else ASKED[name](jobs=1)
    assert "no budget" not in answer.sentence
    assert made == after + 1
    assert answer.status == 3
    assert any("Stopped by Ctrl-C" in note for note in answer.notes)


def test_ctrl_c_before_there_is_anything_to_say_ends_it(tmp_path: Path, plain: dict[str, Answer]) -> None:
    path = tmp_path / "kept.jsonl"
    with pytest.raises(KeyboardInterrupt):
        ASKED["what_if"](jobs=1, resume=path, progress=Stop(2))
    assert len(path.read_text().splitlines()) == 2
    assert same(ASKED["what_if"](jobs=1, resume=path).rows, plain["what_if"].rows)


def test_jobs_are_taken_one_by_one(tmp_path: Path) -> None:
    taken = []

    def jobs() -> Iterator[Any]:
        for k in range(1000):
            taken.append(k)
            yield math.sqrt, (float(k),)

    for on in (Processors(1), Processors.of(1, None, tmp_path / "kept.jsonl")):
        taken.clear()
        answers = on.carry_out(jobs(), 0.0, 1000)
        assert [next(answers) for _ in range(3)] == [0.0, 1.0, math.sqrt(2.0)]
        assert len(taken) <= 4


# -- a cluster -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A scheduler and two workers, each a process."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
    ) as made:
        yield made.scheduler_address
        processors.client(made.scheduler_address).close()
        processors.client.cache_clear()
    # A client that is left closes itself when it is collected: that must not be in another test's program.
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, distributed.Client)]


@pytest.mark.parametrize("name", ASKED)
def test_a_cluster_changes_nothing(name: str, cluster: str, plain: dict[str, Answer]) -> None:
    answer = ASKED[name](dask=cluster)
    assert same(answer.rows, plain[name].rows)
    assert answer.sentence == plain[name].sentence


def test_runs_of_a_cluster_are_made_by_its_processes(cluster: str) -> None:
    import os

    pids = set(Processors.of(None, cluster).carry_out([(os.getpid, ())] * 12, 0.0))
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_a_long_row_of_jobs_is_handed_to_a_cluster_little_by_little(cluster: str) -> None:
    taken = []

    def jobs() -> Iterator[Any]:
        for k in range(1000):
            taken.append(k)
            yield math.sqrt, (float(k),)

    answers = Processors.of(None, cluster).carry_out(jobs(), 0.0)
    assert [next(answers) for _ in range(3)] == [0.0, 1.0, math.sqrt(2.0)]
    assert len(taken) <= 2 * processors.AHEAD + 3
    del answers


def test_no_cluster_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")

    def clients() -> set[int]:
        return {id(one) for one in gc.get_objects() if isinstance(one, distributed.Client)}

    before = clients()
    monkeypatch.setattr(processors, "_PATIENCE", "1s")
    with pytest.raises(UsageError, match=r"--dask tcp://127\.0\.0\.1:1: no Dask scheduler answers"):
        Processors.of(None, "tcp://127.0.0.1:1")
    with pytest.raises(UsageError, match="write tcp://HOST:8786"):
        Processors.of(None, "nonsense://x")
    assert clients() <= before  # one that is left closes itself in somebody else's program
