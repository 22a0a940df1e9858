"""The benchmarks run, simulate the system they claim to, and report without flattering.

No test here judges a time.

The exact means in `benchmarks.exact` are checked against textbook closed forms; the programs against those
means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import exact, runner
from benchmarks.programs import PROGRAMS, Case, Program, cases
from benchmarks.results import Run, page, ratios, table
from benchmarks.workload import Workload

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = Case("plain", Workload(4_000))
# Two workers away at once move a short run's mean a lot, so this one is longer.
HARD = Case("crashes and latency", Workload(40_000, latency=0.0005, crashes=True))
SIMPY = next(program for program in PROGRAMS if program.key == "simpy")
MQSIM = next(program for program in PROGRAMS if program.key == "mqsim")


def run(program: Program, number: int, rate: float, mean_wait: float = 1.97) -> Run:
    """A run of a million messages that was never made."""
    workload = Workload(1_000_000, seed=number)
    return Run(program, Case("made up", workload), number, workload, 1_000_000 / rate, 100.0, mean_wait)


@pytest.mark.parametrize("case", [PLAIN, HARD], ids=lambda case: case.title.replace(" ", "-"))
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.key)
def test_each_program_simulates_the_same_system(program: Program, case: Case) -> None:
    if program.takes(case):
        assert program.leaves_out
        return
    measured = runner.run_once(program, case, number=1)
    assert measured.seconds > 0
    assert measured.peak_memory_mb is None or 5 < measured.peak_memory_mb < 1000
    # Three workers or five instead of four would be off by a factor of 2.5 or more in the limit.
    assert 0.4 < measured.mean_wait / exact.mean_wait(measured.workload) < 2.5
    assert not measured.wrong


@pytest.mark.parametrize("load", [0.3, 0.9])
def test_erlang_c_agrees_with_the_closed_forms_of_one_and_two_servers(load: float) -> None:
    assert exact.erlang_c_wait(load, 1.0, 1) == pytest.approx(load / (1 - load))
    assert exact.erlang_c_wait(2 * load, 1.0, 2) == pytest.approx(load**2 / (1 - load**2))


def test_a_crashing_single_server_agrees_with_the_closed_form() -> None:
    # Mean number in M/M/1 whose server is up and down for exponential times: White and Christie (1958).
    rate, service, up, repair = 0.7, 1.0, 10.0, 2.0
    crash, mend = 1 / up, 1 / repair
    above = rate * (crash + mend) ** 2 + rate / service * crash
    below = (crash + mend) * (mend / service - rate * (crash + mend))
    assert exact.crashing_mean_number(rate, service, 1, up, repair) == pytest.approx(above / below)


def test_without_crashes_the_chain_gives_erlang_c() -> None:
    number = exact.crashing_mean_number(3.6, 1.0, 4, up=1e15, repair=1e-3)
    assert number / 3.6 - 1.0 == pytest.approx(exact.erlang_c_wait(3.6, 1.0, 4), rel=1e-6)


def test_the_programs_take_turns_within_a_case() -> None:
    first, second = cases((10,))[:2]
    keys = [
        (case.title, number, program.key)
        for case, number, program in runner.plan([MQSIM, SIMPY], [first, second], 2)
    ]
    assert keys == [
        (case.title, number, key)
        for case in (first, second)
        for number in (1, 2)
        for key in ("mqsim", "simpy")
    ]


def test_ratios_divide_runs_of_the_same_round_and_their_median_is_shown() -> None:
    fast = [run(MQSIM, 1, 300), run(MQSIM, 2, 100), run(MQSIM, 3, 200)]
    slow = [run(SIMPY, 3, 50), run(SIMPY, 1, 100), run(SIMPY, 2, 50)]
    assert sorted(ratios(fast, slow)) == pytest.approx([2, 3, 4])
    row = next(line for line in table(fast[0].case, [MQSIM, SIMPY], [*fast, *slow]) if "SimPy" in line)
    assert "| **3.00** | 2.00 … 4.00 |" in row
    assert "| 50 | 50 … 100 |" in row


def test_a_wrong_mean_wait_is_named_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "RESULTS", tmp_path / "RESULTS.md")

    def wrong(program: Program, case: Case, number: int) -> Run:
        workload = program.workload(case, number)
        off = 1.9 if program is SIMPY and case.workload.crashes else 1.0
        return Run(program, case, number, workload, 1.0, None, off * exact.mean_wait(workload))

    monkeypatch.setattr(runner, "run_once", wrong)
    assert runner.main([]) == 1
    said = capsys.readouterr()
    assert "WRONG" in said.out
    assert "**wrong**" in said.out
    assert "wrong" in said.err
    assert list(tmp_path.iterdir()) == []


def test_only_a_full_run_writes_the_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = tmp_path / "RESULTS.md"
    monkeypatch.setattr(runner, "RESULTS", target)
    monkeypatch.setattr(runner, "ROOT", tmp_path)

    def right(program: Program, case: Case, number: int) -> Run:
        workload = program.workload(case, number)
        return Run(program, case, number, workload, 1.0, 100.0, exact.mean_wait(workload))

    monkeypatch.setattr(runner, "run_once", right)
    for partial in (["--quick"], ["--only", "mqsim"], ["--rounds", "2"], ["--messages", "1000"]):
        assert runner.main(partial) == 0
        assert not target.exists()
    assert runner.main(["--date", "2031-02-03"]) == 0
    text = target.read_text(encoding="utf-8")
    assert "2031-02-03" in text
    assert all(text.count(f"### {case.title}\n") == 1 for case in cases(runner.SIZES))
    assert "salabim, textbook | – |" in text
    assert [path.name for path in tmp_path.iterdir()] == ["RESULTS.md"]


def test_an_interrupted_run_leaves_the_old_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = tmp_path / "RESULTS.md"
    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr(runner, "RESULTS", target)

    def interrupted(program: Program, case: Case, number: int) -> Run:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run_once", interrupted)
    assert runner.main([]) == 130
    with pytest.raises(TypeError):
        runner.write_whole(target, None)  # type: ignore[arg-type]
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["RESULTS.md"]


@pytest.mark.parametrize(
    ("module", "says"),
    [("benchmarks.no_such_program", "ended with status 1"), ("this", "printed no line of JSON")],
)
def test_a_program_that_fails_is_named(module: str, says: str) -> None:
    broken = Program("broken", "Broken", module, ())
    with pytest.raises(runner.BenchmarkError, match=f"Broken {says}"):
        runner.run_once(broken, PLAIN, number=1)


def test_a_million_messages_tell_workers_that_crash_from_workers_that_do_not() -> None:
    crashing = Workload(1_000_000, crashes=True)
    peaceful = exact.mean_wait(Workload(1_000_000))
    assert Run(SIMPY, Case("made up", crashing), 1, crashing, 1.0, None, peaceful).wrong


def test_the_page_names_the_machine_and_the_versions() -> None:
    text = page("2031-02-03", 3, PROGRAMS, [], "0.1")
    assert "- processor: " in text
    assert "salabim 2" in text
