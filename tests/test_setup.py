"""The set-up: what pyproject.toml asks for, what constraints.txt pins, what bootstrap.py says and does."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.outside import PATIENCE

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CORE = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = {
    extra: [Requirement(line) for line in lines] for extra, lines in PROJECT["optional-dependencies"].items()
}
DIRECT = [need for need in chain(CORE, *EXTRAS.values()) if need.name != "mqsim"]

ADDRESS = re.compile(r"://|git\+|\bfile:|--(extra-)?index|--find-links|\b[\w-]+\.(org|com|io|net|dev)\b")


def pins() -> dict[str, list[Version]]:
    """The releases that constraints.txt names, by package; several where a marker tells them apart."""
    found: dict[str, list[Version]] = {}
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        pin = Requirement(line.partition("#")[0].strip())
        (only,) = pin.specifier
        assert only.operator == "=="
        found.setdefault(canonicalize_name(pin.name), []).append(Version(only.version))
    return found


# -- what is asked for, and what is pinned


def test_the_core_is_what_the_design_names() -> None:
    core = "simpy numpy pandas matplotlib pydantic ruamel.yaml typer rich pika pamqp greenlet"
    assert {need.name for need in CORE} == set(core.split())


@pytest.mark.parametrize("need", DIRECT, ids=str)
def test_every_pin_lies_in_the_range_that_pyproject_promises(need: Requirement) -> None:
    versions = pins()[canonicalize_name(need.name)]
    assert [version for version in versions if version not in need.specifier] == []


@pytest.mark.parametrize("need", CORE, ids=str)
def test_every_core_range_has_an_oldest_release_that_was_tried(need: Requirement) -> None:
    assert any(bound.operator == ">=" for bound in need.specifier)


def test_everything_that_comes_along_is_pinned_too() -> None:
    pinned, seen = set(pins()), set()
    waiting = [*CORE, *EXTRAS["dev"], *EXTRAS["plan"], *EXTRAS["parquet"]]
    while waiting:
        need = waiting.pop()
        name = canonicalize_name(need.name)
        if name in seen or name == "mqsim":
            continue
        seen.add(name)
        for line in importlib.metadata.requires(name) or []:
            below = Requirement(line)
            extras = need.extras or {""}
            if below.marker is None or any(below.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(below)
    assert len(seen) > len(CORE)
    unpinned = ", ".join(sorted(seen - pinned))
    assert not unpinned, f"constraints.txt lacks {unpinned} (or bootstrap.py did not make this environment)"


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_no_address_is_written_down(name: str) -> None:
    assert [line for line in (ROOT / name).read_text("utf-8").splitlines() if ADDRESS.search(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "# from https://somewhere/simple",
        "numpy @ file:///numpy.whl",
        "--extra-index-url x",
        "a==1 # files.example.org",
    ],
)
def test_an_address_would_be_noticed(line: str) -> None:
    assert ADDRESS.search(line)


def test_make_does_nothing_of_its_own() -> None:
    recipes = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if line.startswith("\t")]
    assert recipes == ["\t@$(PYTHON) bootstrap.py $@ $(ARGS)"]


# -- bootstrap.py


def bootstrap(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / "bootstrap.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with a space in its name that holds what bootstrap.py reads, and no environment."""
    folder = tmp_path / "a course"
    folder.mkdir()
    for name in ("bootstrap.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def inside(elsewhere: Path) -> dict[str, Any]:
    """The names of that folder's bootstrap.py."""
    return runpy.run_path(str(elsewhere / "bootstrap.py"))


def test_an_old_python_can_read_bootstrap() -> None:
    ast.parse((ROOT / "bootstrap.py").read_text("utf-8"), feature_version=(3, 6))


def test_an_old_python_is_told_so(elsewhere: Path) -> None:
    program = (
        "import runpy, sys; sys.version_info = (3, 9, 1, 'final', 0); sys.argv = ['bootstrap.py', 'demo'];"
        f"runpy.run_path({str(elsewhere / 'bootstrap.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("bootstrap: this is Python 3.9, and mqsim needs 3.11 or later; ")
    assert done.stderr.count("\n") == 1
    assert not (elsewhere / ".venv").exists()


def as_user(number: int, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = (
        f"import os, runpy, sys; os.geteuid = lambda: {number}; sys.argv = {['bootstrap.py', *words]};"
        f"runpy.run_path({str(folder / 'bootstrap.py')!r}, run_name='__main__')"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_root_is_told_before_anything_is_installed(elsewhere: Path) -> None:
    done = as_user(0, elsewhere, "lab")
    assert done.returncode == 2
    assert done.stderr.startswith("bootstrap: you are root, ")
    assert "`make lab ARGS=--allow-root`" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (elsewhere / ".venv").exists()


@pytest.mark.parametrize(("user", "words"), [(0, ["lab", "--allow-root"]), (0, ["test"]), (1000, ["lab"])])
def test_who_may_go_on_is_not_stopped_by_that(user: int, words: list[str], elsewhere: Path) -> None:
    (elsewhere / ".venv" / "theirs").mkdir(parents=True)
    assert "was not made by bootstrap.py" in as_user(user, elsewhere, *words).stderr


def test_after_the_demo_it_says_how_mqsim_is_called_here_and_repeats_no_heading(
    inside: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    inside["say_what_next"](inside["VENV"] / "bin")
    text = capsys.readouterr().out
    assert f"`mqsim` is {inside['VENV'] / 'bin' / 'mqsim'}" in text  # the reader is in another folder
    assert "Where to look next" not in text


def test_an_unknown_verb_is_refused_and_the_known_ones_are_named() -> None:
    done = bootstrap("dmeo")
    assert done.returncode == 2
    assert "dmeo" in done.stderr
    assert all(verb in done.stderr for verb in ("demo", "test", "bench", "check", "env", "clean"))


def test_an_unknown_extra_is_refused(elsewhere: Path) -> None:
    done = bootstrap("env", "notebook", folder=elsewhere)
    assert done.returncode == 2
    assert done.stderr == f"bootstrap: there is no extra 'notebook'; there are {', '.join(EXTRAS)}.\n"


@pytest.mark.parametrize("verb", ["demo", "test", "clean"])
def test_somebody_elses_environment_is_left_alone(verb: str, elsewhere: Path) -> None:
    theirs = elsewhere / ".venv" / "pyvenv.cfg"
    theirs.parent.mkdir()
    theirs.write_text("home = theirs\n")
    done = bootstrap(verb, folder=elsewhere)
    assert done.returncode == 2
    assert "was not made by bootstrap.py" in done.stderr
    assert theirs.read_text() == "home = theirs\n"


def test_a_half_made_environment_is_made_anew(elsewhere: Path, inside: dict[str, Any]) -> None:
    junk = elsewhere / ".venv" / "lib" / "half"
    junk.mkdir(parents=True)
    mark = elsewhere / ".venv" / "made-by-bootstrap.json"
    mark.write_text('{"state": "unfinished"}')
    inside["make_empty_venv"]()
    assert not junk.exists()
    assert any((elsewhere / ".venv").glob("*/python*"))
    # It stays half made until pip is through.
    assert json.loads(mark.read_text()) == {"state": "unfinished"}


@pytest.mark.parametrize("said", ["", "{", "[]"])
def test_a_broken_stamp_counts_as_half_made(said: str, elsewhere: Path, inside: dict[str, Any]) -> None:
    (elsewhere / ".venv").mkdir()
    (elsewhere / ".venv" / "made-by-bootstrap.json").write_text(said)
    assert inside["read_mark"]() == {"state": "unfinished"}


def test_what_decides_the_installation_changes_the_stamp(elsewhere: Path, inside: dict[str, Any]) -> None:
    before = inside["inputs"]([])
    assert inside["inputs"]([]) == before
    assert inside["inputs"](["dev"]) != before
    with (elsewhere / "constraints.txt").open("a") as file:
        file.write("# another line\n")
    assert inside["inputs"]([]) != before


def test_the_exit_status_passes_through(inside: dict[str, Any]) -> None:
    assert inside["run"]([sys.executable, "-c", "raise SystemExit(7)"]) == 7
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    if sys.platform != "win32":
        assert inside["run"]([sys.executable, "-c", killed]) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            [
                "WARNING: Retrying after connection broken by 'NewConnectionError'",
                "ERROR: No matching distribution",
            ],
            "pip can't reach its package index",
        ),
        (["ERROR: Could not install: [Errno 28] No space left on device"], "the disk is full"),
        (["Collecting simpy", "ERROR: Cannot install simpy"], "it said: ERROR: Cannot install simpy"),
    ],
)
def test_why_pip_failed_is_one_sentence(said: list[str], sentence: str, inside: dict[str, Any]) -> None:
    assert sentence in inside["why_pip_failed"](said)
