"""A missing outside program: a skip that says how to get it; in CI a failure, as is any other skip."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.outside import in_ci

HERE = Path(__file__).parent

A_TEST = """
from tests.outside import missing

def test_that_needs_a_program():
    missing("apt-get install the-program")
"""

A_SKIP_OF_ANOTHER_KIND = """
import pytest

@pytest.mark.skip(reason="not today")
def test_that_is_left_out():
    pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project with this project's conftest.py."""
    monkeypatch.setenv("PYTHONPATH", str(HERE.parent))
    shutil.copy(HERE / "conftest.py", pytester.path)
    return pytester


@pytest.mark.parametrize(
    ("value", "expected"), [("", False), ("0", False), ("false", False), ("1", True), ("true", True)]
)
def test_what_counts_as_ci(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("CI", value)
    assert in_ci() is expected


def test_here_it_is_a_skip_with_advice(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    project.makepyfile(A_TEST)
    done = project.runpytest_subprocess("-rs")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines("SKIPPED*apt-get install the-program")
    assert done.ret == pytest.ExitCode.OK


def test_in_ci_it_is_a_failure(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    project.makepyfile(A_TEST)
    done = project.runpytest_subprocess()
    done.assert_outcomes(failed=1)
    assert done.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("processes", [[], ["-n", "2"]])
def test_in_ci_any_other_skip_fails_the_run(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, processes: list[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    project.makepyfile(A_SKIP_OF_ANOTHER_KIND)
    done = project.runpytest_subprocess(*processes)
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines("*1 skipped: in CI nothing may be skipped*")
    assert done.ret == pytest.ExitCode.TESTS_FAILED
