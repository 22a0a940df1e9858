"""What a notebook claims holds on twenty other days, and does not hold in the case that it names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.notebooks.sources import SOURCES, Claim, claims, read, run_setup, taken_apart

pytestmark = pytest.mark.long

SEEDS = range(101, 121)  # fixed before looking; the reader sees seed 1
CLAIMS = [claim for source in SOURCES for claim in claims(source)]
IDS = [f"{claim.notebook[:2]}-{claim.name}" for claim in CLAIMS]


def function_of(claim: Claim) -> Any:
    """The claim's function, after the set-up of its notebook alone."""
    (source,) = [source for source in SOURCES if source.stem == claim.notebook]
    names = run_setup(read(source))
    exec(claim.code, names)
    return names[claim.name]


@pytest.mark.parametrize("claim", CLAIMS, ids=IDS)
def test_a_claim_holds_with_other_seeds_and_fails_where_it_says_so(claim: Claim) -> None:
    function = function_of(claim)
    assert [seed for seed in SEEDS if function(seed=seed, **claim.holds) is not True] == []
    assert [seed for seed in SEEDS if function(seed=seed, **claim.fails) is not False] == []


@pytest.mark.parametrize("claim", CLAIMS, ids=IDS)
def test_a_claim_says_when_it_does_not_hold(claim: Claim) -> None:
    assert claim.holds != claim.fails
    sentence = function_of(claim).__doc__
    assert sentence
    assert any(word in sentence for word in ("This fails", "Forty don't"))


def test_every_notebook_claims_something() -> None:
    assert {claim.notebook for claim in CLAIMS} == {source.stem for source in SOURCES}


def test_a_claim_cell_that_shows_no_counter_case_is_found_out() -> None:
    with pytest.raises(AssertionError):
        taken_apart("00", "def f(seed):\n    return True\n\nf(seed=1)")
    claim = taken_apart("00", "def f(seed, a=1):\n    return a == 1\n\nf(seed=1), f(seed=1, a=2)")
    assert (claim.holds, claim.fails, claim.code.rstrip()) == (
        {},
        {"a": 2},
        "def f(seed, a=1):\n    return a == 1",
    )
