"""Budgets: a program that uses up its own is a timeout; a machine without time is nobody's fault."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from mqsim.grading import budgets
from mqsim.grading.budgets import Budget
from mqsim.grading.grading import Order, grade
from mqsim.grading.sandbox.levels import strongest
from mqsim.grading.verdict import State
from mqsim.guest.carriers.fork_server import ForkServer
from mqsim.guest.kernel.operations import Write
from mqsim.guest.program import Program
from tests.grading.exercises_for_tests import RIGHT, exercise_in, submission_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def clock(step: float) -> Callable[[], float]:
    """A clock of real time that is further on by a step each time that somebody looks."""
    now = 0.0

    def look() -> float:
        nonlocal now
        now += step
        return now

    return look


def test_a_busy_machine_is_no_fault_of_the_submission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours pass, and nearly no processor time is used: the machine does something else."""
    monkeypatch.setattr(budgets, "perf_counter", clock(3600.0))
    verdict = grade(Order(exercise_in(tmp_path), strongest()), submission_in(tmp_path / "s", RIGHT))
    assert (verdict.state, verdict.score) == (State.GRADER_ERROR, None)
    assert {check.state for check in verdict.checks} == {State.GRADER_ERROR}
    assert "this machine is too busy" in verdict.checks[0].message
    assert "Grade it again" in verdict.checks[0].message


def test_a_slow_machine_changes_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More real time passes than a run may use of the processor, but it has not used that much."""
    order = Order(exercise_in(tmp_path), strongest(), budget=Budget(patience=1e9))
    monkeypatch.setattr(budgets, "perf_counter", clock(60.0))
    assert grade(order, submission_in(tmp_path / "s", RIGHT)).score == 10


@pytest.mark.parametrize("budget", [Budget(run=0.0), Budget(submission=0.001)])
def test_processor_time_is_a_budget(tmp_path: Path, budget: Budget) -> None:
    order = Order(exercise_in(tmp_path), strongest(), budget=budget)
    verdict = grade(order, submission_in(tmp_path / "s", RIGHT))
    assert verdict.state is State.TIMEOUT


def test_what_programs_use_counts(tmp_path: Path) -> None:
    """A program that works hard, though never for long without waiting, uses up its run."""
    busy = RIGHT.replace(
        "    time.sleep(",
        "    for _ in range(40):\n        sum(range(2_000_000))\n        time.sleep(0.001)\n    time.sleep(",
    )
    order = Order(exercise_in(tmp_path), strongest(), budget=Budget(run=0.8))
    verdict = grade(order, submission_in(tmp_path / "s", busy))
    assert verdict.state is State.TIMEOUT
    assert "0.8 s of processor time in one run" in verdict.checks[0].message


@pytest.mark.skipif(sys.platform == "win32", reason="the fork server forks")
def test_a_ctrl_c_of_the_terminal_leaves_the_fork_server_to_its_host() -> None:
    """The terminal sends SIGINT to every process of the command; the host decides what it means."""
    with ForkServer() as server:
        os.kill(server._process.pid, signal.SIGINT)  # noqa: SLF001 - a terminal knows it too
        carrier = server(Program("a-1", "print('still here')", "a.py"))
        operations, _ = carrier.resume(0, [])
        assert any(isinstance(each, Write) and b"still here" in each.data for each in operations)
        carrier.kill()
