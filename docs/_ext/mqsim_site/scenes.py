"""A command on a page, carried out: `mqsim run rush.yaml --set consumers.packer.count=3` gives a result.

A page's own files are there: a fenced block whose first line is `# NAME.yaml` or `# NAME.py`, as the tests of
the pages have it. `far_away.py:far` is the scenario that a program of the page calls `far`.
"""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shlex
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import mqsim as mq
from mqsim.api import Result, Scenario
from mqsim.cli.app import app as command_line
from mqsim.cli.exec import ExecRequest, call_of
from mqsim.cli.run import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.environment import BuildEnvironment

_BLOCK = re.compile(r"^```\w*\n(# (?P<name>[\w-]+\.(?:yaml|py))\n.*?)^```$", re.MULTILINE | re.DOTALL)


class SceneError(Exception):
    """A command on a page that can't be carried out, in one sentence."""


class Scenes:
    """The files of one page, and what its commands give.

    Args:
        text: the page.
    """

    def __init__(self, text: str) -> None:
        self.files = {found["name"]: found[1] for found in _BLOCK.finditer(text)}
        self._played: dict[str, Result] = {}
        self._kept = Path(tempfile.mkdtemp(prefix="mqsim-page-"))
        weakref.finalize(self, shutil.rmtree, self._kept, ignore_errors=True)
        for name, content in self.files.items():
            (self._kept / name).write_text(content, encoding="utf-8")

    @classmethod
    def of(cls, env: BuildEnvironment) -> Scenes:
        """Those of the page that Sphinx reads."""
        found: Scenes | None = env.temp_data.get("mqsim_scenes")
        if found is None:
            source = Path(env.doc2path(env.docname)).read_text(encoding="utf-8")
            found = env.temp_data["mqsim_scenes"] = cls(source)
        return found

    @contextlib.contextmanager
    def folder(self) -> Iterator[None]:
        """The page's files are in the current folder meanwhile."""
        with contextlib.chdir(self._kept):
            yield

    def result(self, command: str) -> Result:
        """What a command gives.

        Raises:
            SceneError: the command is none that can be carried out here.
            MqsimError: mqsim refuses it.
        """
        if command not in self._played:
            self._played[command] = self._play(command)
        return self._played[command]

    def scenario(self, command: str) -> Scenario:
        """The scenario that `mqsim run ...` runs.

        Raises:
            SceneError: the command is another.
        """
        words = shlex.split(command)
        if words[:2] != ["mqsim", "run"]:
            raise SceneError(f"`{command}`: a scenario is written as `mqsim run FILE [--set PATH=VALUE]`.")
        given = _parsed("run", words[2:])
        return changed(self._named(given["scenario"]), list(given["changes"] or []))

    def _play(self, command: str) -> Result:
        words = shlex.split(command)
        if words[:2] == ["mqsim", "exec"]:
            with self.folder():
                return mq.run_programs(**call_of(ExecRequest(**asked_of("exec", command))))
        if words[:1] == ["python"] and len(words) == 2:
            found = self.value(words[1])
            if not isinstance(found, Result):
                raise SceneError(f"`{command}`: {words[1]} is no result of a run.")
            return found
        scenario = self.scenario(command)
        seed = _parsed("run", words[2:])["seed"]
        return mq.simulate(scenario, seed=seed)

    def _named(self, name: str) -> Scenario:
        if ":" in name:
            found = self.value(name)
            if not isinstance(found, Scenario):
                raise SceneError(f"{name} is no scenario.")
            return found
        with self.folder():
            return mq.load(name)

    def value(self, name: str) -> Any:
        """What a program of the page calls by a name, as `FILE.py:NAME`."""
        file, _, variable = name.partition(":")
        if file not in self.files:
            raise SceneError(f"{name}: the page has no program {file}; it has {', '.join(self.files)}.")
        with self.folder(), contextlib.redirect_stdout(io.StringIO()):
            found = runpy.run_path(file)
        if variable not in found:
            raise SceneError(f"{name}: {file} calls nothing {variable!r}.")
        return found[variable]


def _parsed(name: str, words: list[str]) -> dict[str, Any]:
    """The options of a command, as the command line itself reads them."""
    commands = typer.main.get_command(command_line)
    command = commands.commands[name]  # type: ignore[attr-defined]
    try:
        return dict(command.make_context(name, words).params)
    except Exception as error:
        raise SceneError(f"`mqsim {name} {' '.join(words)}`: {error}") from None


def asked_of(name: str, command: str) -> dict[str, Any]:
    """The fields of the request that `mqsim exec ...` is."""
    given = _parsed(name, shlex.split(command)[2:])
    several = ("programs", "args", "start", "kill", "stop", "term", "restart")
    ready = {name: list(value or []) if name in several else value for name, value in given.items()}
    ready |= {name: tuple(given[name] or ()) for name in ("stdin", "host")}
    ready["down"] = 5.0 if given["down"] is None else given["down"]
    return ready
