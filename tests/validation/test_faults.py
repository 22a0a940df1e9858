"""Deliberate faults: each must turn the verdict red that `test_exact` finds green."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from mqsim.broker.queues import dispatch
from mqsim.sim import consumer, hop_kinds, topology
from tests.validation.cases import CASES, ROWS
from tests.validation.measuring import Case, rows, samples, verdicts


def wrong(case: Case) -> list[str]:
    """The quantities that the suite would call wrong."""
    found = rows(case, samples(case))
    return [row.quantity for row, right in zip(found, verdicts(found, ROWS), strict=True) if not right]


def case_of(name: str) -> Case:
    (found,) = (case for case in CASES if case.name == name)
    return found


@pytest.mark.parametrize("name", ["M/M/2//8", "M/M/2+D"])
def test_work_that_takes_3_percent_longer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make = consumer.Consumer.__init__

    def slower(self: consumer.Consumer, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self.speed /= 1.03

    monkeypatch.setattr(consumer.Consumer, "__init__", slower)
    assert wrong(case_of(name))


@pytest.mark.parametrize("name", ["M/M/1/4, the new one refused", "M/M/2/6 overloaded, the head dropped"])
@pytest.mark.parametrize("off", [1, -1])
def test_a_capacity_off_by_one(name: str, off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    right = topology.arguments_of

    def off_by_one(spec: Any) -> Any:
        arguments = right(spec)
        assert arguments.max_length is not None
        return replace(arguments, max_length=arguments.max_length + off)

    monkeypatch.setattr(topology, "arguments_of", off_by_one)
    assert wrong(case_of(name))


def test_a_biased_dispatch(monkeypatch: pytest.MonkeyPatch) -> None:
    fair = dispatch.RoundRobin.next
    calls: Counter[dispatch.RoundRobin] = Counter()

    def biased(self: dispatch.RoundRobin) -> Any:
        """Whose turn it is; but every fifth time it is the first one's."""
        calls[self] += 1
        return next(iter(self.order), None) if calls[self] % 5 == 0 else fair(self)

    monkeypatch.setattr(dispatch.RoundRobin, "next", biased)
    assert wrong(case_of("prefetch 0: three lines of E3/M/1"))


def test_a_lost_requeue(monkeypatch: pytest.MonkeyPatch) -> None:
    requeue = hop_kinds.Nack.arrive
    calls: Counter[str] = Counter()

    def losing(self: hop_kinds.Nack) -> None:
        """Give a delivery back; but every twentieth is gone."""
        calls["nack"] += 1
        if calls["nack"] % 20 == 0:
            hop_kinds.Reject(self.session, self.tag).arrive()
        else:
            requeue(self)

    monkeypatch.setattr(hop_kinds.Nack, "arrive", losing)
    assert wrong(case_of("failing work, drawn anew: M/M/2"))
