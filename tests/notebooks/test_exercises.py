"""What a reader should see after an exercise is what a solution gives, in the notebook's own words."""

from __future__ import annotations

import ast
import builtins
import re
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import jupytext
import pytest

import mqsim as mq
from tests.notebooks.sources import EXPECTED, NAMES, SOLUTIONS, SOURCES, read, run_setup, tags

if TYPE_CHECKING:
    from pathlib import Path


def expected(source: Path) -> list[str]:
    """What the text before each exercise promises."""
    cells = read(source).cells
    found = []
    for before, cell in pairwise(cells):
        if "exercise" in tags(cell):
            promises = EXPECTED.findall(before.source)
            assert promises, f"nothing is promised before {cell.id}"
            found.append(promises[-1])
    return found


def solved(source: Path) -> list[str]:
    """What each solution gives after the notebook's set-up alone."""
    base = run_setup(read(source))
    cells = [cell for cell in jupytext.read(SOLUTIONS / source.name).cells if cell.cell_type == "code"]
    return [repr(value_of(cell.source, dict(base))) for cell in cells]


def value_of(code: str, names: dict[str, Any]) -> Any:
    """Run a cell; give the value of its last line, as a notebook shows it."""
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    exec(compile(tree, "solution", "exec"), names)
    return eval(compile(ast.Expression(last.value), "solution", "eval"), names)


def asked(source: Path) -> list[str]:
    """The text of each exercise, without what it promises."""
    cells = read(source).cells
    return [
        before.source.partition("You should see")[0]
        for before, cell in pairwise(cells)
        if "exercise" in tags(cell)
    ]


def solutions(source: Path) -> list[str]:
    return [cell.source for cell in jupytext.read(SOLUTIONS / source.name).cells if cell.cell_type == "code"]


def parts(text: str) -> list[ast.AST]:
    """The Python in backticks of a text: expressions, `name = value`, and entries such as `"a.b": 1`."""
    found: list[ast.AST] = []
    for code in re.findall(r"`([^`]+)`", text):
        one_line = " ".join(code.split())
        for attempt in (one_line, "{" + one_line + "}"):
            with suppress(SyntaxError):
                found.append(ast.parse(attempt).body[0])
                break
    return found


def pieces(tree: ast.AST) -> set[str]:
    """Every expression, statement and entry of a mapping in it, as text of one form."""
    found = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.expr | ast.stmt)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            found |= {
                f"{ast.unparse(k)}: {ast.unparse(v)}"
                for k, v in zip(node.keys, node.values, strict=True)
                if k
            }
    return found


def literally(part: ast.AST) -> set[str]:
    """What has to stand in a solution that does as it is told: calls, assignments, entries of mappings."""
    if isinstance(part, ast.Expr) and isinstance(part.value, ast.Dict):
        return {
            f"{ast.unparse(k)}: {ast.unparse(v)}"
            for k, v in zip(part.value.keys, part.value.values, strict=True)
            if isinstance(k, ast.Constant)
        }
    if isinstance(part, ast.Assign):
        return {ast.unparse(part)}
    calls = any(isinstance(node, ast.Call | ast.ListComp) for node in ast.walk(part))
    return {ast.unparse(part)} if isinstance(part, ast.Expr) and calls else set()


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_a_solution_does_literally_what_the_text_says(source: Path) -> None:
    """Whatever Python the text of an exercise shows is in its solution; "End with" is its last line."""
    for text, solution in zip(asked(source), solutions(source), strict=True):
        tree = ast.parse(solution)
        there = pieces(tree)
        for part in parts(text):
            assert literally(part) <= there, text
        end = re.search(r"(?i)(?:end (?:it )?with|last line by)\s+`([^`]+)`", text)
        assert end, text
        assert ast.unparse(tree.body[-1]) == ast.unparse(ast.parse(" ".join(end[1].split())))


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_the_text_of_an_exercise_uses_no_name_that_nobody_made(source: Path) -> None:
    """A reader who types what the text shows, and no more, gets no NameError."""
    known = set(run_setup(read(source))) | set(dir(builtins))
    for text in asked(source):
        shown = parts(text)
        given = {
            node.id
            for part in shown
            for node in ast.walk(part)
            if isinstance(node, ast.Name)
            and (isinstance(node.ctx, ast.Store) or (isinstance(part, ast.Expr) and part.value is node))
        }
        used = {node.id for part in shown for node in ast.walk(part) if isinstance(node, ast.Name)}
        assert used <= known | given, text


def test_the_first_exercise_is_a_copy_with_the_changes_that_it_names() -> None:
    (cell,) = [cell for cell in read(SOURCES[0]).cells if cell.source.startswith("three = ")]
    copied = cell.source.replace("three", "two").replace("3", "2").splitlines()
    (text,) = asked(SOURCES[0])
    (last,) = re.findall(r"last line by `([^`]+)`", text)
    assert "\n".join([*copied[:-1], last]) == solutions(SOURCES[0])[0]


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_the_promised_value_is_what_a_solution_gives(source: Path) -> None:
    promised = expected(source)
    assert promised
    assert solved(source) == promised


def test_every_solution_belongs_to_a_notebook() -> None:
    assert sorted(path.name for path in SOLUTIONS.glob("*.py")) == [source.name for source in SOURCES]


def test_the_storm_is_in_the_picture() -> None:
    """What the figure of notebook 07 counts, second by second, is every publish that the broker saw."""
    (source,) = [source for source in SOURCES if source.name.startswith("07")]
    counted = run_setup(read(source))["published_per_second"]
    for factor in (1, 2):
        run = mq.simulate(mq.load("retry-storm").with_({"producers.web.retry.factor": factor}))
        published = run.summary()["producers"]["web-1"]["published"]
        assert int(counted(run).sum()) == published > run.summary()["producers"]["web-1"]["created"]


def test_who_keeps_a_list_pays_each_transfer_once() -> None:
    """Paid twice is counted from what was done, not written down."""
    (source,) = [source for source in SOURCES if source.name.startswith("04")]
    names = run_setup(read(source))
    run = mq.simulate(names["BANK"])
    every, listed = names["paid"](run), names["paid"](run, keeps_a_list=True)
    assert len(every) - len(set(every)) == names["tally"](run)["done again"] > 0
    assert sorted(listed) == sorted(set(every))


@pytest.mark.parametrize("version", ["4.0", "4.3"])
def test_a_delivery_limit_counts_what_notebook_09_says(version: str) -> None:
    """RabbitMQ 4.3 counts rejects and lost connections; a nack does not count. 4.0 counts every return."""
    (source,) = [source for source in SOURCES if source.name.startswith("09")]
    tries = run_setup(read(source))["tries"]
    assert tries("reject", version) == 1 + 3
    assert (tries("nack", version) == 1 + 3) is (version == "4.0")
