"""Whatever a reader sees is tried: commands, programs, scenarios, paths, tables that agree with the code.

The checker itself is tried on pages that are wrong on purpose.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

import mqsim as mq
from mqsim.checkers import CHECKERS
from mqsim.distributions import LAWS
from mqsim.errors import ScenarioError
from mqsim.metrics.window import PERCENTILES
from mqsim.scenario import Scenario, presets
from mqsim.scenario.arrivals import KINDS
from mqsim.scenario.faults import FAULTS
from mqsim.scenario.yaml import read_text
from mqsim.trace.event_kinds import EventKind
from mqsim.trace.frames import DELIVERY_COLUMNS, EVENT_COLUMNS, EXPIRES, MESSAGE_COLUMNS
from tests.documents.fields import DOCS, tables, with_tables
from tests.documents.pages import (
    ROOT,
    Block,
    Command,
    blocks,
    commands,
    lost_paths,
    matches,
    not_there,
    rows,
    run,
)
from tests.test_layers import LINES

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("how-to/*.md")),
    *sorted((ROOT / "lessons").glob("*.md")),
    *sorted((ROOT / "lessons" / "teaching").glob("*.md")),
    *(ROOT / folder / "README.md" for folder in ("notebooks", "exercises")),
]
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
README, ARCHITECTURE = ROOT / "README.md", ROOT / "ARCHITECTURE.md"
SEMANTICS, SCENARIO = DOCS / "semantics.md", DOCS / "scenario.md"


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


# -- what can be run -----------------------------------------------------------------------------------------


def tried(text: str, folder: Path) -> list[str]:
    """What is wrong with the blocks of a page, tried in order in an empty folder."""
    wrong = []
    called = {word for block in blocks(text) if block.language == "console" for word in named(block)}
    for block in blocks(text):
        if block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")
        if block.language == "console":
            wrong += [found for command in commands(block) if (found := run(command, folder))]
        elif block.language == "python" and block.name not in called:
            program = folder / (block.name or "block.py")
            program.write_text(block.text, encoding="utf-8")
            wrong += [
                found for found in [run(Command(("python", program.name), "", block.line), folder)] if found
            ]
        elif block.language == "yaml":
            wrong += refused(block.text, folder)
    return wrong


def named(block: Block) -> set[str]:
    """Programs that the commands of a block run, also as `NAME=FILE`; no page has to try them twice."""
    words = {word for command in commands(block) for word in command.words}
    return {word.rpartition("=")[2] for word in words if word.endswith(".py")}


def refused(text: str, folder: Path) -> list[str]:
    try:
        Scenario.from_yaml(text, base=folder)
    except ScenarioError as error:
        return [str(error)]
    return []


# Its programs wait for signals and for a broker: `tests/programs/test_page.py` runs them in virtual time.
GUESTS_PAGE = DOCS / "programs.md"


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page != GUESTS_PAGE],
    ids=[name for page, name in zip(PAGES, IDS, strict=True) if page != GUESTS_PAGE],
)
def test_what_a_page_shows_can_be_done_and_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    assert not tried(read(page), tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_what_a_page_names_is_there(page: Path) -> None:
    assert not lost_paths(read(page), page)


FOREIGN = re.compile(r"(?<![\w.])/(?:work|tmp|root|home)\b|index-url|://(?!(?:www\.)?[\w-]+\.[\w.-]+/)")


def test_no_page_names_a_folder_of_one_machine_or_a_package_index() -> None:
    assert [page for page in PAGES if FOREIGN.search(read(page))] == []
    assert all(map(FOREIGN.search, ("see /root/x", "pip --index-url=x", "http://index:81/x")))
    assert not FOREIGN.search("see docs/work and https://www.rabbitmq.com/docs/ttl")


def test_the_set_up_is_on_the_first_page() -> None:
    shown = [
        command.words
        for block in blocks(read(README))
        if block.language == "console"
        for command in commands(block)
    ]
    assert shown[:2] == [("make", "demo"), ("make", "lab")]


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("```console\n$ mqsim run nowhere\n```", "ended with 2"),
        ("```console\n$ mqsim --version\nmqsim 99\n```", "prints something else"),
        ("```console\n$ mqsim --version\nmqsim: not so\n```", "ended with 0"),
        ("```console\n$ make demmo\n```", "there is no 'demmo'"),
        ("```console\n$ python bootstrap.py tests\n```", "there is no 'tests'"),
        ("```console\n$ bash .ci/walk\n```", "there is no .ci/walk"),
        ("```console\n$ rm -r everything\n```", "nobody knows how to try 'rm'"),
        ("```python\nimport mqsim as mq\nmq.simulat('hello')\n```", "AttributeError"),
        ("```yaml\nduration: 1\nproducer: {}\n```", "there is no field 'producer'"),
        ("```yaml\n# a.yaml\nduration: 1\n```\n```console\n$ mqsim run b.yaml\n```", "b.yaml"),
    ],
)
def test_a_page_that_is_wrong_is_found_out(page: str, complaint: str, tmp_path: Path) -> None:
    (found,) = tried(page, tmp_path)
    assert complaint in found


def test_a_page_that_is_right_is_left_alone(tmp_path: Path) -> None:
    page = (
        "```yaml\n# one.yaml\nname: one\nduration: 1\n```\n"
        "```console\n$ mqsim run one.yaml\none (seed 0, ... simulated seconds)\n...\n```\n"
        "```console\n$ make test ARGS='-k a'\n```\n"
        "```python\n# two.py\nprint(2)\n```\n```console\n$ python two.py\n2\n```\n```text\nanything\n```"
    )
    assert tried(page, tmp_path) == []


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a  \nb", "a\nb   \n\n", True),
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("a\n...\nb", "a\nb\n", True),
        ("a ... c", "a b c", True),
        ("...", "", True),
        ("a", "a\nb\n", False),
        ("a\n...\nd", "a\nd\ne\n", False),
        ("a ... c", "a b\nc", False),
        ("a.c", "abc", False),
    ],
)
def test_dots_stand_for_anything_and_nothing_else_does(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same


@pytest.mark.parametrize(
    "page", ["```console\nmqsim run\n```", "```console\n$ mqsim run\n", "1.  x\n\n```yaml\n"]
)
def test_a_block_that_nobody_can_read_is_an_error(page: str) -> None:
    with pytest.raises(ValueError, match=r"console block|fence"):
        [commands(block) for block in blocks(page)]


@pytest.mark.parametrize(
    "named", ["[x](no/such.md)", "[x](README.md#no-such-heading)", "`mqsim/sim/no.py`", "`nothere.md`"]
)
def test_a_path_that_leads_nowhere_is_found(named: str) -> None:
    assert len(lost_paths(f"See {named}.", README)) == 1


def test_paths_that_lead_somewhere_are_left_alone() -> None:
    page = (
        "[x](docs/semantics.md#faults) [y](#layers) [z](https://a.b/) `sim/node.py` `mqsim/` `own.py` `a.b.c`"
    )
    assert lost_paths(f"{page}\n```python\n# own.py\n```\n", ARCHITECTURE) == []


def test_a_makefile_verb_is_looked_up() -> None:
    assert not_there(("make", "test", "ARGS=-k crash")) == ""
    assert not_there(("python", "bootstrap.py", "env", "notebooks")) == ""


# -- tables that must agree with the code --------------------------------------------------------------------


def ticked(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def defined_in(source: str) -> set[str]:
    """Functions, classes and names that a module defines, at any depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def misplaced(text: str) -> list[str]:
    """Rows of `what | file | name` whose file does not define the name."""
    wrong = []
    for what, file, name in rows(text, "what", "file", "name"):
        path = ROOT / ticked(file)[0]
        if not path.exists() or ticked(name)[0] not in defined_in(read(path)):
            wrong.append(what)
    return wrong


def test_a_newcomer_finds_what_the_table_promises() -> None:
    assert len(list(rows(read(ARCHITECTURE), "what", "file", "name"))) > 4
    assert misplaced(read(ARCHITECTURE)) == []


def test_what_stands_elsewhere_is_found() -> None:
    head = "| what | file | name |\n| --- | --- | --- |\n"
    assert misplaced(f"{head}| a | `mqsim/broker/queues/classic.py` | `route` |") == ["a"]
    assert misplaced(f"{head}| b | `mqsim/broker/queues.py` | `take_back` |") == ["b"]
    assert misplaced(f"{head}| c | `mqsim/broker/queues/classic.py` | `take_back` |") == []


def test_the_layers_are_those_that_the_test_holds() -> None:
    told = {
        int(line): set(ticked(packages)) for line, packages, _ in rows(read(ARCHITECTURE), "line", "packages")
    }
    assert told == {line: set(names) for line, names in enumerate(LINES) if names != ("__main__",)}


def test_the_presets_are_those_there_are() -> None:
    assert {
        ticked(name)[0]: title
        for name, title in rows(read(DOCS / "how-to" / "first-steps.md"), "preset", "what it shows")
    } == presets()


@pytest.mark.parametrize("name", tables())
def test_tables_that_are_made_are_as_they_would_be_made_now(name: str) -> None:
    """`python -m tests.documents.fields --write` makes them."""
    page = read(DOCS / name)
    assert with_tables(page, tables()[name]) == page


def test_a_missing_heading_is_an_error() -> None:
    with pytest.raises(ValueError, match="Outcomes"):
        with_tables("# Nothing\n", tables()["semantics.md"])


def test_every_law_has_an_example_with_its_mean(tmp_path: Path) -> None:
    (tmp_path / "work.csv").write_text("seconds\n1\n2\n3\n", encoding="utf-8")
    shown = list(rows(read(SCENARIO), "law", "for example", "mean"))
    assert {law for law, _, _ in shown} == {*LAWS, "a number"}
    for law, example, mean in shown:
        work = read_text(f"work: {ticked(example)[0]}")["work"]
        assert law == "a number" or list(work) == [law]
        producer = {"to": "q", "arrivals": {"at": [0]}, "work": work}
        made = Scenario(duration=1, broker={"queues": {"q": {}}}, producers={"p": producer}, base=tmp_path)
        assert made.producers["p"].work.mean == pytest.approx(float(mean))


def test_every_kind_of_arrivals_has_an_example(tmp_path: Path) -> None:
    (tmp_path / "arrivals.csv").write_text("t\n0\n0.5\n", encoding="utf-8")
    shown = list(rows(read(SCENARIO), "kind", "for example", "messages come"))
    assert [kind for kind, _, _ in shown] == list(KINDS)
    for kind, example, _ in shown:
        producer = {"to": "q", "work": 1, "arrivals": read_text(ticked(example)[0])}
        made = Scenario(duration=1, broker={"queues": {"q": {}}}, producers={"p": producer}, base=tmp_path)
        assert made.producers["p"].arrivals.kind == kind


def test_every_kind_of_fault_has_an_example() -> None:
    shown = list(rows(read(SEMANTICS), "kind", "for example", "what happens"))
    assert {kind for kind, _, _ in shown} == set(FAULTS)
    for kind, example, _ in shown:
        text = (
            "duration: 300\nbroker: {queues: {q: {}}}\nconsumers: {worker: {queue: q}}\n"
            f"programs: {{p: {{source: ''}}}}\nfaults: [{ticked(example)[0]}]"
        )
        (fault,) = Scenario.from_yaml(text).faults
        assert fault.kind == kind


def columns_told(table: int) -> list[str]:
    """The columns that semantics.md defines, in its first (0) or second table of columns."""
    told = [ticked(names) for names, _ in rows(read(SEMANTICS), "column", "meaning")]
    flat = [name for names in told for name in names]
    second = len(flat) - flat[::-1].index("copy") - 1
    return flat[second:] if table else flat[:second]


def test_every_column_is_defined_once() -> None:
    assert sorted(columns_told(0)) == sorted([*MESSAGE_COLUMNS, EXPIRES])
    assert columns_told(1) == DELIVERY_COLUMNS
    events = re.search(r"Columns: (.+?)`detail`", read(SEMANTICS), re.DOTALL)
    assert events is not None
    assert [*ticked(events[1]), "detail"] == EVENT_COLUMNS


def test_every_check_and_every_figure_is_told() -> None:
    text = read(SEMANTICS)
    assert [ticked(check)[0] for check, _ in rows(text, "check", "holds when")] == list(CHECKERS)
    summary = mq.simulate("hello").summary()
    numbers = "\n".join(" ".join(row) for row in rows(text, "field", "formula"))
    told = {
        name for cell in ticked(numbers + text.partition("## Checks")[0]) for name in re.split(r"[.\s]", cell)
    }
    outcomes = {ticked(word)[0] for word, _ in rows(text, "word", "meaning")}
    wanted = {*summary, *summary["queues"]["hello"], *summary["consumers"]["receiver-1"]}
    wanted |= {*summary["producers"]["sender-1"], *summary["flows"], *(f"p{p}" for p in PERCENTILES)}
    assert wanted - outcomes <= told


def test_every_event_that_is_logged_is_told() -> None:
    told = {kind for kinds, _ in rows(read(SEMANTICS), "kinds", "about") for kind in ticked(kinds)}
    assert {kind.value for kind in EventKind} <= told
