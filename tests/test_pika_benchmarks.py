"""The benchmarks of real programs do what they claim to, and report limits. No test here judges a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import pika_cases, pika_runner
from benchmarks.pika_cases import CASES
from benchmarks.pika_runner import Cost, page, row
from benchmarks.runner import BenchmarkError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_case_runs_in_a_process_of_its_own() -> None:
    cost = pika_runner.run_once("exec", quick=True)
    assert 0 < cost.processor < 60
    assert cost.wall > 0
    assert cost.yardstick > 0


def test_a_case_that_fails_is_named() -> None:
    with pytest.raises(BenchmarkError, match="no_such_case ended with status 1: KeyError"):
        pika_runner.run_once("no_such_case", quick=True)


def test_a_run_that_did_not_do_its_work_is_refused() -> None:
    result = pika_cases._play(pika_cases.PRODUCER.format(count=3), "pass", 1)
    with pytest.raises(SystemExit, match="0 of 3 messages"):
        pika_cases._check(result, 3)


def test_a_row_tells_medians_limits_and_paired_ratios() -> None:
    costs = [Cost(0.02, 0.01, 0.2), Cost(0.06, 0.03, 0.1), Cost(0.04, 0.02, 0.2)]
    assert row("exec", costs, False).endswith("| 0.04 | 0.02 | 0.05 | yes | 0.1 … 0.6 |")
    assert "| **no** |" in row("exec", [Cost(0.06, 0.051, 0.1)], False)
    assert "(1,000 messages)" in row("messages", costs, True)


def test_only_a_full_run_writes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "PROGRAMS.md"
    monkeypatch.setattr(pika_runner, "RESULTS", target)
    monkeypatch.setattr(pika_runner, "ROOT", tmp_path)
    monkeypatch.setattr(pika_runner, "run_once", lambda name, quick: Cost(0.1, 0.1, 0.1))
    for partial in (["--quick"], ["--only", "exec"], ["--rounds", "2"]):
        assert pika_runner.main(partial) == 0
        assert not target.exists()
    assert pika_runner.main(["--date", "2031-02-03"]) == 0
    text = target.read_text(encoding="utf-8")
    assert "2031-02-03" in text
    assert all(case.title in text for case in CASES.values())
    assert text == page(
        [row(name, [Cost(0.1, 0.1, 0.1)] * 3, False) for name in CASES], 3, load_of(text), "2031-02-03"
    )
    capsys.readouterr()

    def interrupted(name: str, quick: bool) -> Cost:
        raise KeyboardInterrupt

    monkeypatch.setattr(pika_runner, "run_once", interrupted)
    assert pika_runner.main([]) == 130
    assert target.read_text(encoding="utf-8") == text


def load_of(text: str) -> str:
    return text.partition("Load average before the first run: ")[2].partition(".\n")[0]
