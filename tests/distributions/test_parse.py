"""From a scenario's words to a law and back, with every mistake named in one sentence."""

from __future__ import annotations

import importlib
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim.distributions import LAWS, Constant, Discrete, Distribution, Empirical, Exponential, parse
from mqsim.errors import DistributionError

if TYPE_CHECKING:
    from pathlib import Path

MEANS = st.floats(1e-9, 1e9)
SPEC = st.one_of(
    st.floats(0, 1e12),
    st.integers(0, 10**9),
    st.builds(lambda mean: {"exponential": {"mean": mean}}, MEANS),
    st.builds(lambda a, b: {"uniform": {"low": min(a, b), "high": max(a, b)}}, MEANS, MEANS),
    st.builds(lambda k, mean: {"erlang": {"k": k, "mean": mean}}, st.integers(1, 10**6), MEANS),
    st.builds(
        lambda law, mean, cv: {law: {"mean": mean, "cv": cv}},
        st.sampled_from(["gamma", "lognormal"]),
        MEANS,
        st.floats(0.001, 100),
    ),
    st.builds(
        lambda law, mean, shape: {law: {"mean": mean, "shape": shape}},
        st.sampled_from(["weibull", "pareto"]),
        MEANS,
        st.floats(1.001, 100),
    ),
    st.builds(
        lambda p, a, b: {"hyperexponential": {"probabilities": [p, 1 - p], "means": [a, b]}},
        st.floats(0, 1),
        MEANS,
        MEANS,
    ),
    st.lists(st.tuples(MEANS, st.floats(0.1, 10)), min_size=1, max_size=9).map(
        lambda rows: {"discrete": {"values": [v for v, _ in rows], "weights": [w for _, w in rows]}}
    ),
    st.lists(MEANS, min_size=1, max_size=9).map(lambda values: {"empirical": {"values": values}}),
)


@given(SPEC)
def test_a_law_turns_into_its_words_and_back(spec: object) -> None:
    law = parse(spec)
    assert law.spec() == spec
    assert parse(law.spec()) == law
    assert hash(parse(law.spec())) == hash(law)
    assert parse(law) is law


def test_numbers_of_many_kinds_are_constants() -> None:
    for number in (3, 3.0, np.float64(3), np.int64(3), Fraction(3)):
        assert parse(number) == Constant(3.0)
    assert parse({"constant": {"value": 3}}) == Constant(3.0)
    assert str(parse(-0.0).spec()) == "0.0"


def test_laws_are_listed_by_their_names() -> None:
    assert list(LAWS) == [
        "constant",
        "exponential",
        "uniform",
        "erlang",
        "gamma",
        "lognormal",
        "weibull",
        "pareto",
        "hyperexponential",
        "discrete",
        "empirical",
        "list",
    ]
    assert all(issubclass(law, Distribution) for law in LAWS.values())


BAD: list[tuple[Any, ...]] = [
    (True, "True", "at least 0"),
    (-1, "-1", "at least 0"),
    (math.nan, "nan", "at least 0"),
    (math.inf, "inf", "at least 0"),
    (10**400, "1000", "at least 0"),
    (None, "None", "a number of seconds"),
    ("0.5", "0.5", "a number of seconds"),
    ("exponential", "exponential", "did you mean exponential?"),
    ([1, 2], "[1, 2]", "a mapping of one law"),
    ({}, "{}", "a mapping of one law"),
    ({"exponential": {"mean": 1}, "gamma": {}}, "gamma", "a mapping of one law"),
    ({"exponental": {"mean": 1}}, "exponental", "did you mean exponential?"),
    ({"Gamma": {"mean": 1, "cv": 1}}, "Gamma", "did you mean gamma?"),
    ({3: {"mean": 1}}, "3", "one of constant, exponential"),
    ({"exponential": 2}, "exponential: 2", "a mapping with mean"),
    ({"exponential": {}}, "exponential.mean", "given"),
    ({"exponential": {"rate": 2}}, "exponential.rate", "takes mean"),
    ({"gamma": {"mean": 2, "cvs": 1}}, "gamma.cvs", "did you mean cv?"),
    ({"gamma": {"mean": 2}}, "gamma.cv", "takes mean and cv"),
    ({"exponential": {"mean": 0}}, "exponential.mean", "above 0"),
    ({"exponential": {"mean": "1"}}, "exponential.mean", "above 0"),
    ({"exponential": {"mean": True}}, "exponential.mean", "above 0"),
    ({"exponential": {"mean": math.inf}}, "exponential.mean", "above 0"),
    ({"uniform": {"low": 2, "high": 1}}, "uniform.high", "at least low, which is 2"),
    ({"erlang": {"k": 2.5, "mean": 1}}, "erlang.k", "whole number"),
    ({"pareto": {"mean": 1, "shape": 1}}, "pareto.shape", "above 1"),
    ({"hyperexponential": {"probabilities": [0.5, 0.4], "means": [1, 2]}}, "probabilities", "sum to 0.9"),
    (
        {"hyperexponential": {"probabilities": [1.5, -0.5], "means": [1, 2]}},
        "probabilities[1]",
        "from 0 to 1",
    ),
    ({"hyperexponential": {"probabilities": [0.5, 0.5], "means": [1, 2, 3]}}, "means", "(2)"),
    ({"hyperexponential": {"probabilities": 1, "means": [1]}}, "probabilities", "a list of numbers"),
    ({"discrete": {"values": [], "weights": []}}, "discrete.values", "at least one number"),
    ({"discrete": {"values": [1, -2], "weights": [1, 1]}}, "discrete.values[1]", "at least 0"),
    ({"discrete": {"values": "12", "weights": [1, 1]}}, "discrete.values", "a list of numbers"),
    ({"empirical": {"file": "x.csv"}}, "empirical.column", "file and column"),
    ({"empirical": {"values": [1], "column": "x"}}, "empirical.column", "takes values"),
    ({"empirical": {"file": 3, "column": "x"}}, "empirical.file", "path of a file"),
]


@pytest.mark.parametrize(("spec", "names", "allows"), BAD, ids=lambda v: str(v)[:40])
def test_a_mistake_is_named_with_what_is_allowed(spec: object, names: str, allows: str) -> None:
    with pytest.raises(DistributionError) as caught:
        parse(spec)
    sentence = str(caught.value)
    assert names in sentence
    assert allows in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "times.csv").write_text("\ufeffid, seconds\n1,0.5\n\n2, 2.5 \n3,1e-3\n", encoding="utf-8")
    return tmp_path


def test_a_column_is_read_relative_to_the_scenario(folder: Path) -> None:
    spec = {"empirical": {"file": "times.csv", "column": "seconds"}}
    law = parse(spec, base=folder)
    assert law == Empirical((0.5, 2.5, 0.001), "times.csv", "seconds")
    assert law.spec() == spec
    assert parse(law.spec(), base=folder) == law


@pytest.mark.parametrize(
    ("content", "column", "says"),
    [
        ("seconds\n1\n-2\n", "seconds", "line 3"),
        ("seconds\n1\nnan\n", "seconds", "line 3"),
        ("seconds\n1\ninf\n", "seconds", "at least 0"),
        ("seconds\n1\nfast\n", "seconds", "'fast'"),
        ("id,seconds\n1\n", "seconds", "line 2"),
        ("seconds\n", "seconds", "at least one line"),
        ("", "seconds", "it has none"),
        ("id,seconds\n1,2\n", "second", "did you mean seconds?"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, content: str, column: str, says: str) -> None:
    (tmp_path / "bad.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DistributionError) as caught:
        parse({"empirical": {"file": "bad.csv", "column": column}}, base=tmp_path)
    assert says in str(caught.value)


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DistributionError, match=r"'gone\.csv'.*an existing file"):
        parse({"empirical": {"file": "gone.csv", "column": "x"}}, base=tmp_path)
    (tmp_path / "latin.csv").write_bytes(b"x\n\xff\n")
    with pytest.raises(DistributionError, match="UTF-8"):
        parse({"empirical": {"file": "latin.csv", "column": "x"}}, base=tmp_path)


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    pyarrow = importlib.import_module("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"seconds": [0.5, 2.0], "bad": [1.0, None]}), tmp_path / "t.parquet")
    parquet.write_table(
        pyarrow.table({"seconds": pyarrow.array([], pyarrow.float64())}), tmp_path / "e.parquet"
    )
    (tmp_path / "no.parquet").write_bytes(b"not parquet")

    def read(file: str, column: str = "seconds") -> Distribution:
        return parse({"empirical": {"file": file, "column": column}}, base=tmp_path)

    assert read("t.parquet") == Empirical((0.5, 2.0), "t.parquet", "seconds")
    for file, column, says in (
        ("t.parquet", "bad", "row 2"),
        ("t.parquet", "second", "did you mean seconds"),
        ("e.parquet", "seconds", "at least one row"),
        ("no.parquet", "seconds", "readable Parquet"),
    ):
        with pytest.raises(DistributionError, match=says):
            read(file, column)


def test_parquet_without_pyarrow_asks_for_a_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.parquet").write_bytes(b"")

    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(DistributionError, match="pyarrow"):
        parse({"empirical": {"file": "t.parquet", "column": "x"}}, base=tmp_path)


def test_lists_become_tuples_so_that_laws_can_be_compared_and_hashed() -> None:
    assert Discrete([1, 2], [1, 1]) == Discrete((1.0, 2.0), (1.0, 1.0))  # type: ignore[arg-type]
    assert len({Exponential(1), Exponential(1.0)}) == 1
