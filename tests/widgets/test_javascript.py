"""The scripts' own arithmetic, run by Node and compared with Python: numbers, ticks, places in columns."""

from __future__ import annotations

import json
import shutil
import subprocess
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mqsim.widgets.explore import widget
from mqsim.widgets.predict.prediction import Prediction
from mqsim.widgets.replay.scripts import script
from tests.outside import missing

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = {"replay": script(), "explorer": widget.Explorer._esm, "prediction": Prediction._esm}
NUMBERS = [
    0.0,
    1.0,
    -2.5,
    0.1 + 0.2,
    1e-5,
    123456.0,
    1234567.0,
    0.00012345678,
    9.9999995,
    1e21,
    -3.14159265e-7,
]


def node(program: str, folder: Path) -> Any:
    """What a module of that text prints, read as JSON."""
    if shutil.which("node") is None:
        missing("the tests of scripts need Node: apt-get install nodejs")
    file = folder / "program.mjs"
    file.write_text(program, encoding="utf-8")
    done = subprocess.run(["node", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def answers(bundle: str, expression: str, folder: Path) -> Any:
    return node(f"{SCRIPTS[bundle]}\nconsole.log(JSON.stringify({expression}));\n", folder)


@pytest.mark.parametrize("bundle", SCRIPTS)
def test_a_bundle_is_a_module_that_gives_render(bundle: str, tmp_path: Path) -> None:
    (tmp_path / "bundle.mjs").write_text(str(SCRIPTS[bundle]), encoding="utf-8")
    text = 'import made from "./bundle.mjs"; console.log(JSON.stringify(Object.keys(made)));'
    assert "render" in node(text, tmp_path)


def test_the_replay_writes_numbers_as_python_does(tmp_path: Path) -> None:
    found = answers("replay", f"{json.dumps(NUMBERS)}.map(short)", tmp_path)
    assert found == [f"{number:.6g}" for number in NUMBERS]


def test_the_replay_finds_places_in_a_rising_column(tmp_path: Path) -> None:
    column = [0.0, 1.0, 1.0, 2.5, 7.0]
    asked = [-1.0, 0.0, 0.5, 1.0, 2.5, 8.0]
    found = answers("replay", f"{asked}.map((value) => upTo({column}, value))", tmp_path)
    assert found == [bisect_right(column, value) for value in asked]


def test_a_slider_stands_at_the_nearest_stop(tmp_path: Path) -> None:
    stops, asked = [1, 2, 4, 8], [0, 1, 2.9, 3.1, 7, 100]
    found = answers("explorer", f"{asked}.map((value) => nearest({stops}, value))", tmp_path)
    assert found == [int(np.abs(np.array(stops) - value).argmin()) for value in asked]


@pytest.mark.parametrize(("low", "high", "most"), [(0, 10, 5), (3, 3.7, 6), (0, 0.003, 4), (0, 86400, 8)])
def test_ticks_are_round_even_and_inside(low: float, high: float, most: int, tmp_path: Path) -> None:
    ticks = answers("explorer", f"roundTicks({low}, {high}, {most})", tmp_path)
    steps = np.diff(ticks)
    assert low <= ticks[0]
    assert ticks[-1] <= high * (1 + 1e-9)
    assert np.allclose(steps, steps[0])
    assert 2 <= len(ticks) <= most + 1
    assert f"{steps[0]:.1e}"[:3] in {"1.0", "2.0", "2.5", "5.0"}
