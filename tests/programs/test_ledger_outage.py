"""The ledger is away for a while: what programs see of it, and what it keeps."""

from __future__ import annotations

import pytest

import mqsim as mq
from mqsim.api.magic import program
from mqsim.errors import ScenarioError

RECORDS = """
import time
import ledger

for number in range(6):
    try:
        ledger.record(f"effect {number}")
        print("recorded", number)
    except ledger.LedgerError as error:
        print("away", number)
    time.sleep(1)
"""


def play(text: str, *faults: dict[str, object]) -> mq.ProgramsResult:
    return mq.run_programs({"a": program("a", text)}, faults=faults)


def test_what_is_asked_meanwhile_raises_and_is_not_recorded() -> None:
    result = play(RECORDS, {"fail": "ledger", "at": 1.5, "for": 2})
    printed = [line.text for line in result.lines if line.stream == "stdout"]
    assert printed == ["recorded 0", "recorded 1", "away 2", "away 3", "recorded 4", "recorded 5"]
    assert [entry.key for entry in result.ledger] == ["effect 0", "effect 1", "effect 4", "effect 5"]
    assert [(span.kind, span.target, span.start, span.end) for span in result.trace.faults] == [
        ("fail", "ledger", 1.5, 3.5)
    ]


def test_it_may_never_come_back() -> None:
    result = play(RECORDS, {"fail": "ledger", "at": 0.5})
    assert [entry.key for entry in result.ledger] == ["effect 0"]


@pytest.mark.parametrize(("at", "recorded"), [(0.0012, 0), (0.00175, 1)])
def test_a_request_counts_if_it_had_arrived(at: float, recorded: int) -> None:
    """The request leaves when the connection stands, at 0.001, and arrives at 0.0015."""
    text = "import ledger\ntry:\n    ledger.record('x')\nexcept ledger.LedgerError:\n    print('no answer')"
    result = play(text, {"fail": "ledger", "at": at, "for": 1})
    assert len(result.ledger) == recorded
    assert ("no answer" in result.transcript()) == (not recorded)


def test_another_service_is_not_known() -> None:
    with pytest.raises(ScenarioError, match="ledger"):
        play(RECORDS, {"fail": "printer", "at": 1})
