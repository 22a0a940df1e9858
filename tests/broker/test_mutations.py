"""A few of the mutations turn a test red here; `python -m tests.broker.mutations` runs them all."""

from __future__ import annotations

import pytest

from tests.broker.mutations import MUTATIONS, ROOT, unnoticed

pytestmark = pytest.mark.long

SAMPLE = ["prefetch off by one", "requeue to the tail", "confirm before disk"]


def test_every_mutation_changes_what_stands_in_the_source_once() -> None:
    assert len(MUTATIONS) >= 20
    for name, mutation in MUTATIONS.items():
        source = (ROOT / "mqsim" / "broker" / f"{mutation.module}.py").read_text(encoding="utf-8")
        assert source.count(mutation.before) == 1, name
        assert mutation.before != mutation.after


def test_a_few_mutations_turn_a_test_red() -> None:
    assert unnoticed(SAMPLE) == []
