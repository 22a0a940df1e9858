"""Every formula refuses what lies outside its range, with one sentence that names the argument."""

from __future__ import annotations

import inspect
import math
import subprocess
import sys

import numpy as np
import pytest

from mqsim import theory
from mqsim.errors import TheoryError

GOOD = {
    theory.mm1: {"arrival_rate": 0.5, "service_rate": 1.0},
    theory.mmc: {"arrival_rate": 0.5, "service_rate": 1.0, "servers": 2},
    theory.mmck: {"arrival_rate": 0.5, "service_rate": 1.0, "servers": 2, "room": 5},
    theory.finite_source: {"users": 4, "think_mean": 2.0, "service_rate": 1.0, "servers": 2},
    theory.mmc_patience: {"arrival_rate": 0.5, "service_rate": 1.0, "servers": 2, "patience_rate": 0.3},
    theory.mmc_deadline: {"arrival_rate": 0.5, "service_rate": 1.0, "servers": 2, "patience": 0.3},
    theory.mmc_retrial: {
        "arrival_rate": 0.5,
        "service_rate": 1.0,
        "servers": 2,
        "room": 3,
        "retry_rate": 1.0,
    },
    theory.mg1: {"arrival_rate": 0.5, "mean": 1.0, "second_moment": 2.0},
    theory.md1: {"arrival_rate": 0.5, "service_rate": 1.0},
    theory.mdc: {"arrival_rate": 0.5, "service_rate": 1.0, "servers": 2},
    theory.mg_infinity: {"arrival_rate": 0.5, "mean": 1.0},
    theory.mmc_breakdowns: {
        "arrival_rate": 0.5,
        "service_rate": 1.0,
        "servers": 2,
        "failure_rate": 0.1,
        "repair_rate": 1.0,
    },
    theory.batch_mg1: {
        "batch_rate": 0.2,
        "mean": 1.0,
        "second_moment": 2.0,
        "size_mean": 2.0,
        "size_second_moment": 5.0,
    },
    theory.batch_mm1: {"batch_rate": 0.2, "service_rate": 1.0, "sizes": 2},
    theory.kingman: {"arrival_rate": 0.5, "mean": 1.0, "cv_arrival": 1.0, "cv_service": 1.0},
    theory.allen_cunneen: {
        "arrival_rate": 0.5,
        "mean": 1.0,
        "servers": 2,
        "cv_arrival": 1.0,
        "cv_service": 1.0,
    },
    theory.erlang_b: {"servers": 2, "offered_load": 1.0},
    theory.erlang_c: {"servers": 2, "offered_load": 1.0},
    theory.fork_join_two: {"arrival_rate": 0.5, "service_rate": 1.0},
    theory.fork_join: {"arrival_rate": 0.5, "service_rate": 1.0, "branches": 3},
    theory.prefetch_throughput: {"prefetch": 3, "round_trip": 0.1, "service_rate": 1.0},
    theory.prefetch_throughput_exponential: {"prefetch": 3, "round_trip": 0.1, "service_rate": 1.0},
    theory.prefetch_needed: {"round_trip": 0.1, "service_rate": 1.0},
    theory.drain_time: {"backlog": 5, "service_rate": 1.0, "servers": 2, "arrival_rate": 0.5, "left": 1},
    theory.drain_time_constant: {"backlog": 5, "service_rate": 1.0, "servers": 2},
    theory.requeued_work: {"mean": 1.0, "second_moment": 2.0, "probability": 0.2},
    theory.usl: {"servers": 2.0, "rate": 1.0, "contention": 0.1, "coherency": 0.1},
    theory.usl_peak: {"contention": 0.1, "coherency": 0.1},
    theory.servers_needed: {"arrival_rate": 0.5, "service_rate": 1.0, "mean_wait": 0.1},
    theory.exponential_transform: {"mean": 1.0},
    theory.erlang_transform: {"k": 2, "mean": 1.0},
    theory.gamma_transform: {"mean": 1.0, "cv": 1.0},
    theory.constant_transform: {"value": 1.0},
    theory.uniform_transform: {"low": 1.0, "high": 2.0},
}
CASES = [(formula, name) for formula, good in GOOD.items() for name in good]


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf, True, "1", None], ids=repr)
@pytest.mark.parametrize(("formula", "name"), CASES, ids=lambda x: getattr(x, "__name__", x))
def test_an_argument_outside_its_range_is_named(formula, name: str, bad: object) -> None:
    with pytest.raises(TheoryError) as caught:
        formula(**{**GOOD[formula], name: bad})
    sentence = str(caught.value)
    assert name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("formula", GOOD, ids=lambda x: x.__name__)
def test_numpy_numbers_pass(formula) -> None:
    good = GOOD[formula]
    plain, result = formula(**good), formula(**{k: np.float64(v) for k, v in good.items()})
    if not callable(plain):
        assert repr(result) == repr(plain)


@pytest.mark.parametrize(
    ("formula", "name"),
    [c for c in CASES if c[1] in ("servers", "room", "users", "prefetch", "branches", "k")],
)
def test_counts_are_whole(formula, name: str) -> None:
    if formula is theory.usl:
        assert formula(**{**GOOD[formula], name: 2.5}) > 0
        return
    with pytest.raises(TheoryError, match=rf"{name}: 2\.5 is not allowed; it must be a whole number"):
        formula(**{**GOOD[formula], name: 2.5})


@pytest.mark.parametrize("load", [1.0, 1.5])
@pytest.mark.parametrize(
    "queue",
    [
        lambda load: theory.mm1(load, 1.0),
        lambda load: theory.mmc(2 * load, 1.0, 2),
        lambda load: theory.md1(load, 1.0),
        lambda load: theory.mdc(2 * load, 1.0, 2),
        lambda load: theory.mg1(load, 1.0, 2.0),
        lambda load: theory.gimc(load, theory.constant_transform(1 / load), 1.0),
        lambda load: theory.batch_mm1(load / 2, 1.0, 2),
        lambda load: theory.mmpp_m1([load, load], [1.0, 1.0], 1.0),
        lambda load: theory.mmc_breakdowns(load / 2, 1.0, 1, 1.0, 1.0),
        lambda load: theory.mg1_priorities([load / 2, load / 2], [1.0, 1.0], [1.0, 1.0]),
        lambda load: theory.mmc_priorities([load, load], 1.0, 2),
        lambda load: theory.kingman(load, 1.0, 1.0, 1.0),
        lambda load: theory.fork_join_two(load, 1.0),
        lambda load: theory.tandem(load, [2.0, 1.0]),
        lambda load: theory.drain_time(5, 1.0, 1, load),
    ],
)
def test_no_steady_state_no_answer(queue, load: float) -> None:
    with pytest.raises(TheoryError, match="has no steady state at utilisation"):
        queue(load)


def test_a_second_moment_below_the_squared_mean_is_refused() -> None:
    with pytest.raises(TheoryError, match="at least the square of the mean, 4"):
        theory.mg1(0.1, 2.0, 3.9)


def test_every_formula_states_what_it_raises_and_where_it_is_from() -> None:
    for name in theory.__all__:
        thing = getattr(theory, name)
        if inspect.isfunction(thing):
            assert "Raises:" in (thing.__doc__ or ""), name
            assert "Source" in (thing.__doc__ or "") or name.endswith("_transform"), name


def test_theory_needs_neither_scipy_nor_the_simulation() -> None:
    program = (
        "import sys; import mqsim.theory; "
        "ours = sorted(m for m in sys.modules if m.startswith('mqsim.')); "
        "print([m for m in ours if not m.startswith('mqsim.theory')], "
        "'scipy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['mqsim.errors'] False"
