"""The page on what a program may do: each program on it prints what stands under it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mqsim as mq

PAGE = Path(__file__).parents[2] / "docs" / "programs.md"
EXAMPLES = re.findall(
    r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 7


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("program", "expected"), EXAMPLES)
def test_a_program_of_the_page(program: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(program)
    faults: list[dict[str, object]] = []
    if "SIGTERM" in program:
        faults = [{"terminate": "p", "at": 3}]
    elif "LedgerError" in program:
        faults = [{"outage": "ledger", "at": 1, "for": 2}]
    result = mq.run_programs({"p": tmp_path / "p.py"}, faults=faults)
    assert result.transcript() + "\n" == expected
    assert [path.name for path in tmp_path.iterdir()] == ["p.py"]
