"""The interval of exercise 10 is as sure as it says, though it is looked at several times."""

from __future__ import annotations

import importlib.util
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.exercises.matrix import SHELF

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def ten() -> Any:
    spec = importlib.util.spec_from_file_location("ten", SHELF / "10_size_the_system" / "exercise.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def noisy(
    draw: random.Random, share: float, exact: float, noise: float = 0.002
) -> Callable[[int, int, int], float]:
    """Stands for a simulated run: the share of late tasks, with noise that no pair of runs shares."""

    def late(_workers: int, prefetch: int, _seed: int) -> float:
        return draw.gauss(exact if prefetch == 1 else share, noise)

    return late


def test_a_plan_that_is_just_good_enough_is_almost_never_called_too_slow(
    ten: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit itself a wrong verdict on one side has a chance of at most 0.05 %."""
    draw = random.Random(1)
    monkeypatch.setattr(ten, "late", noisy(draw, ten.MOST_LATE, ten.exactly_late(4)))
    wrong = 0
    for _ in range(2000):
        try:
            wrong += ten.interval(4, 3, 0)[0] > ten.MOST_LATE
        except RuntimeError:
            continue
    assert wrong <= 5  # more than that has a chance below 0.1 %


@pytest.mark.parametrize(("share", "noise", "good"), [(0.0467, 0.0019, True), (0.0563, 0.0027, False)])
def test_the_plans_next_to_the_limit_are_decided(
    ten: Any, monkeypatch: pytest.MonkeyPatch, share: float, noise: float, good: bool
) -> None:
    """Four workers with a prefetch of 3 and of 4, with the shares and the noise of real runs."""
    draw = random.Random(2)
    monkeypatch.setattr(ten, "late", noisy(draw, share, ten.exactly_late(4), noise))
    for _ in range(200):
        low, high = ten.interval(4, 3, 0)
        assert (high < ten.MOST_LATE) if good else (low > ten.MOST_LATE)


def test_what_can_not_be_decided_is_no_verdict(ten: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(3)
    monkeypatch.setattr(ten, "late", noisy(draw, ten.MOST_LATE, ten.exactly_late(4)))
    with pytest.raises(RuntimeError, match="48 runs do not decide"):
        ten.interval(4, 3, 0)
