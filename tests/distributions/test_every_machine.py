"""The same bytes from every processor: with numpy's vector instructions and without them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

# Prints what numpy makes of itself, then what we make: kept digests first, then whole runs.
PROGRAM = """
import sys
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
import numpy as np
from tests.golden.samples import lines
from mqsim.scenario import Scenario, presets
from mqsim.sim import World
from mqsim.trace.digest import digest, event_digest
print(sum(__cpu_features__[name] for name in __cpu_dispatch__))
print(hash(np.log(np.random.Generator(np.random.Philox(1)).random(100_000)).tobytes()))
print(*lines(), sep="\\n")
for source in sys.argv[1:]:
    trace = World(Scenario.from_yaml(source).with_({"duration": 60})).run_to_end()
    print(source, digest(trace), event_digest(trace))
"""


def printed(disabled: str) -> list[str]:
    sources = [str(ROOT / "tests/sim/everything.yaml"), str(ROOT / "mqsim/scenario/presets/burst.yaml")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
    environment.pop("NPY_DISABLE_CPU_FEATURES", None)
    if disabled:
        environment["NPY_DISABLE_CPU_FEATURES"] = disabled
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *sources], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def dispatched() -> str:
    """Every set of vector instructions that this numpy may use beyond its least."""
    return " ".join(import_module("numpy._core._multiarray_umath").__cpu_dispatch__)


def test_vector_instructions_change_no_sample_and_no_run() -> None:
    with_all = printed("")
    without = printed(dispatched())
    some = printed("X86_V4 AVX512_ICL AVX512_SPR") if "X86_V4" in dispatched() else without
    assert int(without[0]) == 0, "numpy still uses vector instructions"
    assert with_all[2:] == without[2:] == some[2:]
    kept = (ROOT / "tests/golden/samples.txt").read_text(encoding="utf-8").splitlines()
    assert with_all[2 : 2 + len(kept)] == kept


# Where a random number becomes a time; a function of these would differ from machine to machine.
SAMPLING = ("distributions", "sim", "scenario", "broker")
INEXACT = {
    *(
        "log",
        "log2",
        "log10",
        "log1p",
        "exp",
        "exp2",
        "expm1",
        "power",
        "float_power",
        "pow",
        "cbrt",
        "hypot",
    ),
    *("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsinh", "arctanh", "gamma", "lgamma", "erf", "erfc"),
    # Vector instructions change the order of their sums, or contract products and sums.
    *("sum", "mean", "std", "var", "dot", "matmul", "einsum", "inner", "interp", "polyval", "trapezoid"),
}

TWO = {"2", "2.0"}  # whose powers are exact


def inexact(source: str) -> Iterator[tuple[int, str]]:
    """The line and text of each operation whose last bit depends on the machine or the Python."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in INEXACT:
            if isinstance(node.value, ast.Name) and node.value.id in {"np", "numpy", "math"}:
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and node.module in {"math", "numpy"}:
            yield from ((node.lineno, name.name) for name in node.names if name.name in INEXACT)
        elif (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)) or (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node.left) not in TWO
        ):
            yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize(
    "path",
    [path for package in SAMPLING for path in sorted((ROOT / "mqsim" / package).rglob("*.py"))],
    ids=lambda path: "/".join(path.parts[-2:]),
)
def test_samples_are_made_by_exact_arithmetic_alone(path: Path) -> None:
    assert list(inexact(path.read_text(encoding="utf-8"))) == []


def test_the_reader_of_sources_sees_what_it_looks_for() -> None:
    found = inexact("np.log(x)\nmath.exp(x)\ny ** 0.5\na @ b\nfrom math import lgamma")
    assert [text for _, text in sorted(found)] == ["np.log", "math.exp", "y ** 0.5", "a @ b", "lgamma"]
    assert list(inexact("2.0**-53 + math.sqrt(2) + math.fsum(x) + exp(y)")) == []
