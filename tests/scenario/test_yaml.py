"""YAML 1.2's core schema, and that what is written is read back."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim.errors import ScenarioError
from mqsim.scenario.yaml import read_text, read_value, write

# from YAML 1.2.2, chapter 10.3.2, and what YAML 1.1 would have made something else of
SCALARS: list[tuple[str, Any]] = [
    ("1e-3", 0.001),
    ("3.10", 3.1),
    ('"3.10"', "3.10"),
    ("12e03", 12000.0),
    ("-2E+05", -200000.0),
    (".5", 0.5),
    ("7.", 7.0),
    ("0o14", 12),
    ("014", 14),
    ("0xC", 12),
    ("1_000", "1_000"),
    ("12:30", "12:30"),
    ("on", "on"),
    ("yes", "yes"),
    ("NO", "NO"),
    ("True", True),
    ("false", False),
    ("null", None),
    ("~", None),
    ("-.INF", -math.inf),
    ("2026-11-23", "2026-11-23"),
    ("'it''s'", "it's"),
    ("[1, a, {b: 2}]", [1, "a", {"b": 2}]),
]

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_a_scalar_is_read_by_the_core_schema(text: str, value: Any) -> None:
    found = read_value(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(read_value(".nan"))


def test_aliases_are_followed() -> None:
    assert read_text("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


def test_the_order_of_a_mapping_is_kept() -> None:
    assert list(read_text(write({"z": 1, "a": 2, "m": 3}))) == ["z", "a", "m"]


def test_a_number_of_too_many_digits_is_refused() -> None:
    with pytest.raises(ScenarioError, match="fewer digits"):
        read_text("seed: " + "9" * 5000)


@given(plain)
def test_what_is_written_is_read_back(data: Any) -> None:
    assert read_text(write({"data": data})) == {"data": data}


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ScenarioError):
        read_text(text)
