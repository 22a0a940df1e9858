"""What all checkers have in common."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings

from mqsim.checkers import CHECKERS, Status, Verdict, check
from mqsim.errors import UsageError
from mqsim.trace import Trace
from mqsim.trace.digest import digest, event_digest
from tests.trace.wild import traces


def test_check_runs_all_in_order_or_those_asked_for() -> None:
    everything = ["nothing_lost", "nothing_twice", "order_kept", "prefetch_respected", "fair_share"]
    assert [verdict.name for verdict in check(Trace())] == everything
    assert [verdict.name for verdict in check(Trace(), ["fair_share", "nothing_lost"])] == [
        "fair_share",
        "nothing_lost",
    ]
    assert check(Trace(), []) == []


def test_an_unknown_checker_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        UsageError, match="'nothing_late' is not a checker; there are nothing_lost, nothing_twice"
    ):
        check(Trace(), ["nothing_late"])


def test_an_empty_trace_exercises_nothing() -> None:
    assert {verdict.status for verdict in check(Trace())} == {Status.NOT_EXERCISED}


def test_a_verdict_is_one_line() -> None:
    verdict = Verdict("nothing_lost", Status.NOT_EXERCISED, "nothing happened.", pd.DataFrame())
    assert str(verdict) == "nothing_lost: not exercised: nothing happened."


@given(trace=traces())
@settings(max_examples=100, deadline=None)
def test_any_trace_gets_verdicts_whose_records_prove_them_and_stays_as_it_was(trace: Trace) -> None:
    before = digest(trace), event_digest(trace)
    for verdict in check(trace):
        assert "\n" not in str(verdict)
        if verdict.name != "fair_share":
            assert (len(verdict.records) > 0) == (verdict.status is Status.BROKEN)
        assert CHECKERS[verdict.name].__doc__
    assert (digest(trace), event_digest(trace)) == before
