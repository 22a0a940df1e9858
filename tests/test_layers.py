"""Who may import whom, read from the source: the table of layers, and packages that one layer has to itself.

Every import counts: inside a function, under TYPE_CHECKING, relative, or through `import_module("...")`. The
checker is tried on sources made up for the purpose, so that a rule which never fires is noticed.

No package imports in a circle either, but for those in CIRCLES, each with the reason for which it stays.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for path in (ROOT / "mqsim").rglob("*.py") if path.parent.name != "programs")

LINES: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("distributions", "theory", "broker", "protocol"),
    ("scenario", "amqp", "trace", "mqtt", "stomp"),
    ("metrics", "checkers", "statistics", "matching", "run_size"),
    ("sim", "twin"),
    ("guest", "server", "live"),
    ("runs", "viz"),
    ("planning", "report"),
    ("grading", "widgets"),
    ("api",),
    ("cli",),
    ("__main__",),
)
LINE_OF = {name: number for number, names in enumerate(LINES) for name in names}

# What is imported -> the only packages of ours that may do so.
RESERVED = {"simpy": {"sim"}, "numba": {"twin"}, "pika": {"guest", "live"}, "greenlet": {"guest"}}

# The broker is told the time and what happened; it has no clock, no chance and no sockets of its own.
BROKER_LACKS = {"random", "secrets", "time", "numpy.random", "simpy", "socket", "asyncio"}

# Names that the root has of its own; all others it fetches from above, so whoever asks for them climbs.
ROOT_OWNS = {"__version__"}

# A whole class of this length reads better than its halves; most modules have 80 to 350 lines.
LINE_LIMIT = 800


def _of(package: str, names: str) -> frozenset[str]:
    """The modules of one package, by the names that they have in it."""
    return frozenset(f"mqsim.{package}.{name}" for name in names.split())


# Modules of one package that need each other, `TYPE_CHECKING` included, and why that stays so.
CIRCLES: dict[frozenset[str], str] = {
    _of("amqp", "channel observer operations session"): (
        "a session has channels, a channel carries out operations and sends through its session, and the "
        "observer is told of both; only the types go round"
    ),
    _of(
        "broker", "broker channel cluster connection consumer"
    ): "a command may end any of them, so each knows the others",
    _of("broker", "message queues.queue"): "a message knows its queue, and a queue takes messages",
    _of("mqtt", "session_state storage"): (
        "a session's state tells its storage of each change, and that keeps it; only the types go round"
    ),
    _of("scenario", "checks ending scenario"): (
        "a scenario is checked as it is made, and the checks read the whole scenario; only the types go round"
    ),
}


def package_of(module: str) -> str:
    """`mqsim.broker.queues` -> `broker`; empty for the root itself."""
    return module.split(".")[1] if "." in module else ""


def module_name(path: Path) -> tuple[str, bool]:
    """The dotted name of a source file, and whether it is a package's `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    return ".".join(parts[:-1] if is_package else parts), is_package


def imported(source: str, module: str, *, is_package: bool = False) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) for everything that a module imports or reaches through `numpy.random`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                levels_up = node.level - 1 if is_package else node.level
                above = module.split(".")[: len(module.split(".")) - levels_up]
                origin = ".".join([*above, origin] if origin else above)
            for alias in node.names:
                yield node.lineno, f"{origin}.{alias.name}"
        elif isinstance(node, ast.Call) and node.args and _called(node) in {"import_module", "__import__"}:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield node.lineno, name.value
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {"np.random", "numpy.random"}:
            yield node.lineno, "numpy.random"


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def faults(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """One sentence for each import that the table forbids."""
    if module == "mqsim":
        return []
    mine = package_of(module)
    if mine not in LINE_OF:
        return [f"{module}: the package {mine!r} is in no line of the table"]
    found = []
    for line, name in imported(source, module, is_package=is_package):
        reason = _why_forbidden(mine, name)
        if reason:
            found.append(f"{module}:{line} imports {name}: {reason}")
    return found


def _why_forbidden(mine: str, name: str) -> str:
    top, _, rest = name.partition(".")
    if top == "mqsim":
        theirs = rest.split(".")[0]
        if theirs == mine or theirs in ROOT_OWNS:
            return ""
        if theirs not in LINE_OF:
            return "the root hands out what lies above; name the package itself"
        if LINE_OF[theirs] > LINE_OF[mine]:
            return f"{theirs} is above {mine}"
        return f"{theirs} and {mine} are sisters" if LINE_OF[theirs] == LINE_OF[mine] else ""
    if top in RESERVED and mine not in RESERVED[top]:
        return f"only {', '.join(sorted(RESERVED[top]))} may"
    if mine == "broker" and any(name == lack or name.startswith(lack + ".") for lack in BROKER_LACKS):
        return "the broker has no clock, no chance and no sockets"
    return ""


def test_every_import_goes_down() -> None:
    found = []
    for path in SOURCES:
        module, is_package = module_name(path)
        found += faults(path.read_text(encoding="utf-8"), module, is_package=is_package)
    assert SOURCES
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source", "reason"),
    [
        ("mqsim.broker.queues", "from mqsim.sim import World", "sim is above broker"),
        ("mqsim.broker.queues", "from mqsim import theory", "theory and broker are sisters"),
        ("mqsim.broker.queues", "import mqsim.trace.tables", "trace is above broker"),
        ("mqsim.trace.frames", "from ..api import simulate", "api is above trace"),
        ("mqsim.trace.frames", "from .. import scenario", "scenario and trace are sisters"),
        ("mqsim.viz.lanes", "from mqsim import Result", "the root hands out"),
        ("mqsim.viz.lanes", "import mqsim", "the root hands out"),
        ("mqsim.metrics.summary", "def f():\n    from mqsim.sim import World", ":2 imports"),
        (
            "mqsim.metrics.summary",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from mqsim.api import Result",
            "api is above metrics",
        ),
        (
            "mqsim.metrics.summary",
            "from importlib import import_module\nimport_module('mqsim.api')",
            "api is",
        ),
        ("mqsim.metrics.summary", "import importlib\nimportlib.import_module('mqsim.api.result')", "api is"),
        ("mqsim.report.page", "import simpy", "only sim may"),
        ("mqsim.report.page", "from simpy.events import Event", "only sim may"),
        ("mqsim.sim.hosts", "import pika", "only guest, live may"),
        ("mqsim.planning.calibrate", "import pika", "only guest, live may"),
        ("mqsim.sim.world", "import numba", "only twin may"),
        ("mqsim.runs.engines", "from numba import njit", "only twin may"),
        ("mqsim.sim.world", "from mqsim.twin import eligible", "twin and sim are sisters"),
        ("mqsim.twin.play", "from mqsim.sim import World", "sim and twin are sisters"),
        ("mqsim.amqp.session", "from greenlet import getcurrent", "only guest may"),
        ("mqsim.broker.broker", "import time", "no clock"),
        ("mqsim.broker.broker", "from random import random", "no clock"),
        ("mqsim.broker.broker", "from numpy import random", "no clock"),
        ("mqsim.broker.broker", "import numpy.random as r", "no clock"),
        ("mqsim.broker.broker", "import numpy as np\nr = np.random.default_rng(1)", "no clock"),
        ("mqsim.broker.broker", "import simpy", "only sim may"),
        ("mqsim.utils", "", "no line of the table"),
        ("mqsim.helpers.text", "import os", "no line of the table"),
    ],
)
def test_a_forbidden_import_is_found(module: str, source: str, reason: str) -> None:
    found = faults(source, module)
    assert len(found) == 1
    assert reason in found[0]


@pytest.mark.parametrize(
    ("module", "is_package", "source"),
    [
        ("mqsim.broker", True, "from .queues import Queue\nfrom ..errors import BrokerError"),
        ("mqsim.broker.queues", False, "from mqsim.errors import ChannelError\nfrom . import limits"),
        ("mqsim.sim.world", False, "import simpy\nfrom mqsim.trace.tables import Trace\nimport numpy.random"),
        ("mqsim.guest.shims.dispatch", False, "import pika.adapters.select_connection\nimport greenlet"),
        ("mqsim.cli", True, "from mqsim.api import simulate\nfrom mqsim import __version__, viz"),
        ("mqsim", True, "from mqsim.api import simulate"),
        ("mqsim.broker.queues", False, "from timeit import timeit\nfrom collections import deque"),
    ],
)
def test_a_permitted_import_is_left_alone(module: str, is_package: bool, source: str) -> None:
    assert faults(source, module, is_package=is_package) == []


def modules() -> dict[str, set[str]]:
    """Every module of ours and those of ours that it imports, however it does."""
    sources = {}
    for path in SOURCES:
        module, is_package = module_name(path)
        sources[module] = (path.read_text(encoding="utf-8"), is_package)
    graph: dict[str, set[str]] = {}
    for module, (source, is_package) in sources.items():
        named = {name for _, name in imported(source, module, is_package=is_package)}
        # The root fetches from above when it is asked, so what it reaches is no import of the module's own.
        graph[module] = {owner(name, sources) for name in named} - {"", "mqsim", module}
    return graph


def owner(name: str, known: Mapping[str, object]) -> str:
    """The module that a dotted name belongs to: the longest known one that it begins with, or empty."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def circles(graph: Mapping[str, Iterable[str]]) -> set[frozenset[str]]:
    """The largest sets of modules that reach one another (strongly connected components)."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        waiting = list(graph[start])
        while waiting:
            module = waiting.pop()
            if module not in seen:
                seen.add(module)
                waiting += graph.get(module, ())
        reached[start] = seen
    return {
        frozenset(other for other in seen if module in reached.get(other, ()))
        for module, seen in reached.items()
        if module in seen
    }


def test_there_are_no_circles_but_those_that_are_listed() -> None:
    graph = modules()
    found, listed = circles(graph), set(CIRCLES)
    told = [f"not listed: {', '.join(sorted(each))}" for each in found - listed]
    told += [f"listed, but it is not so any more: {', '.join(sorted(each))}" for each in listed - found]
    assert not told, "\n".join(told)
    assert all(CIRCLES.values())


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": ["b"], "b": []}, set()),
        ({"a": ["b"], "b": ["a"]}, {frozenset("ab")}),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}, {frozenset("abc")}),
        ({"a": ["b"], "b": ["a", "c"], "c": ["d"], "d": ["c"]}, {frozenset("ab"), frozenset("cd")}),
        ({"a": ["a"]}, {frozenset("a")}),
    ],
)
def test_circles_are_found(graph: dict[str, list[str]], expected: set[frozenset[str]]) -> None:
    assert circles(graph) == expected


def test_a_name_belongs_to_the_longest_module_that_it_begins_with() -> None:
    known = {"mqsim": 1, "mqsim.broker": 1, "mqsim.broker.queue": 1}
    assert owner("mqsim.broker.queue.Queue", known) == "mqsim.broker.queue"
    assert owner("mqsim.broker.Queue", known) == "mqsim.broker"
    assert owner("numpy.random", known) == ""


def too_long(text: str) -> bool:
    return len(text.splitlines()) > LINE_LIMIT


def test_no_module_is_too_long() -> None:
    assert too_long("\n" * (LINE_LIMIT + 1))
    assert not too_long("\n" * LINE_LIMIT)
    assert [str(path) for path in SOURCES if too_long(path.read_text(encoding="utf-8"))] == []


def loaded_by(statement: str) -> set[str]:
    """Which of the heavy packages a fresh interpreter has loaded after a statement."""
    heavy = ("pandas", "matplotlib", "pydantic", "simpy", "scipy", "pika", "typer", "numba")
    program = f"import sys; {statement}; print(*(name for name in {heavy!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    return set(done.stdout.split())


def test_importing_mqsim_loads_nothing_heavy() -> None:
    assert loaded_by("import simpy, mqsim") == {"simpy"}
    assert loaded_by("import mqsim") == set()
