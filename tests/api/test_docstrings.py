"""The examples in docstrings: each public entry point has one, and the suite runs it."""

from __future__ import annotations

import doctest
import inspect
import tomllib
from pathlib import Path
from typing import Any

import pytest

import mqsim as mq

ROOT = Path(__file__).parents[2]

ENTRIES = {
    "mqsim": (
        "simulate load presets program run_programs every_crash explore predict exercise "
        "Scenario.from_yaml Scenario.with_"
    ),
    "planning": "size drain sweep prefetch what_if sensitivity",
    "matching": "applies",
    "statistics": "mean_interval paired batch_means holm mser5 normal_quantile Until",
    "theory": (
        "mm1 mmc mmck md1 mdc mg1 mg_infinity mmc_priorities batch_mm1 finite_source kingman allen_cunneen "
        "erlang_b erlang_c servers_needed little tandem jackson mva fork_join_two drain_time "
        "drain_time_constant prefetch_needed prefetch_throughput usl usl_peak"
    ),
}
NAMES = [(module, name) for module, names in ENTRIES.items() for name in names.split()]


def entry(module: str, name: str) -> Any:
    found = mq if module == "mqsim" else getattr(mq, module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_an_entry_point_shows_how_it_is_called_and_what_comes_of_it(module: str, name: str) -> None:
    told = inspect.unwrap(entry(module, name)).__doc__
    examples = doctest.DocTestParser().get_examples(told or "")
    assert examples, "the docstring has no example"
    assert any(example.want for example in examples), "the example shows no result"
    called = name.split(".")[-1]
    assert any(f"{called}(" in example.source for example in examples)


def test_the_suite_runs_the_examples_of_every_module(request: pytest.FixtureRequest) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert "--doctest-modules" in settings["addopts"].split()
    assert "mqsim" in settings["testpaths"]
    left_out = [each for each in settings["addopts"].split() if each.startswith("--ignore-glob=mqsim")]
    # The demo's programs are for students to read, and have no examples.
    assert left_out == ["--ignore-glob=mqsim/cli/demo/programs/*"]
    assert request.config.option.doctestmodules


def test_no_docstring_holds_an_example_that_is_skipped() -> None:
    for path in sorted((ROOT / "mqsim").rglob("*.py")):
        assert "doctest: +SKIP" not in path.read_text("utf-8"), path
