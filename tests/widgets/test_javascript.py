"""The scripts' own arithmetic, run by Node and compared with Python: numbers, ticks, places in columns."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from bisect import bisect_right
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mqsim as mq
from mqsim.viz.css import page_variables
from mqsim.widgets.browser.bundle import bundle
from mqsim.widgets.explore import widget
from mqsim.widgets.predict.prediction import Prediction
from mqsim.widgets.replay.film import film
from mqsim.widgets.replay.scripts import script
from tests.outside import missing
from tests.widgets import palette_script

ROOT = Path(__file__).parents[2]
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
    found = answers("replay", f"{json.dumps(NUMBERS)}.map(sixDigits)", tmp_path)
    assert found == [f"{number:.6g}" for number in NUMBERS]


def test_the_replay_finds_places_in_a_rising_column(tmp_path: Path) -> None:
    column = [0.0, 1.0, 1.0, 2.5, 7.0]
    asked = [-1.0, 0.0, 0.5, 1.0, 2.5, 8.0]
    found = answers("replay", f"{asked}.map((value) => upTo({column}, value))", tmp_path)
    assert found == [bisect_right(column, value) for value in asked]


def test_a_slider_stands_at_the_nearest_stop(tmp_path: Path) -> None:
    stops, asked = [1, 2, 4, 8], [0, 1, 2.9, 3.1, 7, 100]
    found = answers("explorer", f"{asked}.map((value) => nearestStop({stops}, value))", tmp_path)
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


def test_the_scripts_own_tests_pass(tmp_path: Path) -> None:
    """What concerns the scripts alone is tested in their own language, by Node's own runner."""
    if shutil.which("node") is None:
        missing("the tests of scripts need Node: apt-get install nodejs")
    run = mq.simulate(mq.load("worker-crash"), seed=3)
    packed = tmp_path / "crash.film"
    packed.write_bytes(film(run.trace).pack())
    files = sorted(str(path) for path in (ROOT / "tests/widgets/scripts").glob("*.test.js"))
    done = subprocess.run(
        ["node", "--test", *files],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MQSIM_FILM": str(packed)},
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "fail 0" in done.stdout
    assert len(files) >= 3


def test_the_palette_of_the_scripts_is_that_of_the_figures() -> None:
    assert palette_script.SCRIPT.read_text(encoding="utf-8") == palette_script.made()


def test_colours_stand_in_the_palette_alone() -> None:
    """A hue written down a second time would stay behind when the palette changes.

    The server's page stands below the figures and can't import their palette: it may only repeat its colours.
    """
    colour = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b(?![-\w])")
    palettes = {ROOT / "mqsim/viz/palette.py", palette_script.SCRIPT}
    known = {text.lower() for text in colour.findall(palette_script.made())}
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in sorted((ROOT / "mqsim").rglob("*"))
        if path.suffix in {".py", ".js", ".css"} and path not in palettes
        for text in colour.findall(path.read_text(encoding="utf-8"))
        if not text[1:].isdecimal()
        and not (path.is_relative_to(ROOT / "mqsim/server") and text.lower() in known)
    ]
    assert not found


def test_a_style_uses_only_variables_that_the_palette_gives() -> None:
    given = set(re.findall(r"--([\w-]+):", page_variables()))
    own = {"who"}  # of the replay's story, as wide as its longest name
    for path in [*sorted((ROOT / "mqsim/widgets").rglob("*.css")), ROOT / "mqsim/report/page.css"]:
        used = set(re.findall(r"var\(--([\w-]+)", path.read_text(encoding="utf-8")))
        assert used <= given | own, path.name


def test_scripts_that_import_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text('import { b } from "./two.js";\nexport const a = 1;\n')
    (tmp_path / "two.js").write_text('import { a } from "./one.js";\nexport const b = 2;\n')
    with pytest.raises(ImportError, match=r"one\.js -> two\.js -> one\.js"):
        bundle(tmp_path / "one.js")


def test_a_bundle_holds_each_script_once_and_after_what_it_imports(tmp_path: Path) -> None:
    (tmp_path / "first.js").write_text("/** @type {number} */\nexport const base = 20;\n")
    (tmp_path / "left.js").write_text('import { base } from "./first.js";\nexport const left = base + 1;\n')
    (tmp_path / "right.js").write_text(
        'import {\n  base,\n} from "./first.js";\nexport function right() { return base; }\n'
    )
    (tmp_path / "main.js").write_text(
        'import { left } from "./left.js";\nimport { right } from "./right.js";\n'
        "export default { sum: left + right() };\n"
    )
    text = bundle(tmp_path / "main.js")
    assert text.count("const base = 20;") == 1
    assert "import" not in text
    assert "@type" not in text
    (tmp_path / "bundle.mjs").write_text(text)
    assert node('import made from "./bundle.mjs"; console.log(JSON.stringify(made));', tmp_path) == {
        "sum": 41
    }


def test_the_lock_of_the_script_tools_names_no_registry() -> None:
    """Whoever installs has their own registry; names, versions and checksums are what counts."""
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert len(packages) > 50
    assert all("resolved" not in one and one["integrity"] for one in packages.values())
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_a_script_below_the_clone_is_no_module_unless_it_says_so() -> None:
    """JupyterLab lies in the clone's `.venv`, and Node runs its script, which imports nothing."""
    assert "type" not in json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
