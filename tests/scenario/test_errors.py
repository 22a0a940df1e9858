"""Bad input gets a sentence with the path, the value and what is allowed."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest

from mqsim.errors import MqsimError, ScenarioError
from mqsim.scenario import QueueSpec, Scenario, load
from tests.scenario.fault_mistakes import WRONG_FAULTS
from tests.scenario.mistakes import WRONG
from tests.scenario.plain import small

if TYPE_CHECKING:
    from pathlib import Path


def refused(data: Any) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_data(data)
    return caught.value


@pytest.mark.parametrize(("changes", "where", "words"), [c[1:] for c in WRONG], ids=[c[0] for c in WRONG])
def test_what_is_wrong_is_named(changes: dict[str, Any], where: str, words: list[str]) -> None:
    error = refused(small(**changes))
    where = where.replace("__", ".")
    assert error.where == where
    assert str(error).startswith(f"{where}: ")
    for word in words:
        assert word in str(error)
    assert "\n" not in str(error), "one mistake, one line"


@pytest.mark.parametrize(
    ("fault", "where", "words"), WRONG_FAULTS, ids=[str(c[0])[:60] for c in WRONG_FAULTS]
)
def test_a_wrong_fault_is_named(fault: Any, where: str, words: list[str]) -> None:
    error = refused(small(faults=[fault]))
    assert error.where == where
    for word in words:
        assert word in str(error)
    assert "\n" not in str(error)


def test_the_small_scenario_itself_is_right() -> None:
    assert Scenario.from_data(small()).consumers["worker"].count == 2


def test_several_mistakes_are_told_at_once_a_line_each() -> None:
    error = refused(small(duration=-1, consumers__worker__prefetch=-1, broker__nodes=4))
    lines = str(error).splitlines()
    assert [line.split(":")[0] for line in lines] == ["duration", "broker.nodes", "consumers.worker.prefetch"]
    assert error.where == "duration"
    assert error.value == -1


def test_only_the_first_few_of_many_mistakes_are_spelled_out() -> None:
    wrong = {f"w{i}": {"queue": "tasks", "prefetch": -1} for i in range(9)}
    lines = str(refused(small(consumers=wrong))).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "... and 4 more."


def test_the_error_crosses_between_processes() -> None:
    error = refused(small(duration=-1, broker__nodes=4))
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.where, copy.value, copy.allowed, copy.hint) == (
        error.where,
        error.value,
        error.allowed,
        error.hint,
    )


def test_a_part_built_in_python_is_checked_alike() -> None:
    with pytest.raises(ScenarioError, match=r"^max_length: -1 is not allowed"):
        QueueSpec(max_length=-1)
    with pytest.raises(ScenarioError, match=r"^Scenario: this has|^Scenario: has no end"):
        Scenario()


def test_a_lost_message_can_be_shown_on_purpose() -> None:
    scenario = Scenario.from_data(small(producers__web__to={"exchange": "", "key": "taks"}))
    assert scenario.producers["web"].to[0].key.values == ("taks",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.yaml", b"", ["empty", "empty.yaml"]),
        ("comments.yaml", b"# nothing\n", ["empty"]),
        ("list.yaml", b"- 1\n- 2\n", ["a list, not a scenario"]),
        ("text.yaml", b"hello\n", ["not a scenario"]),
        ("binary.yaml", b"\x89PNG\r\n\x1a\n\xff\x00", ["no text", "UTF-8"]),
        ("zeros.yaml", b"name: a\x00\n", ["no text", "UTF-8"]),
        ("big.yaml", b"#" * 1_000_001, ["too large", "1000000"]),
        ("twice.yaml", b"duration: 1\nduration: 2\n", ["line 2", "'duration' stands here twice"]),
        ("open.yaml", b"broker: {queues: [\n", ["must be YAML", "line"]),
        ("tab.yaml", b"broker:\n\tqueues: {}\n", ["must be YAML", "line 2"]),
        ("two.yaml", b"duration: 1\n---\nduration: 2\n", ["second document"]),
        ("tag.yaml", b"name: !!python/object/apply:os.system ['true']\n", ["without a tag"]),
        ("loop.yaml", b"a: &a [*a]\n", ["alias"]),
        ("deep.yaml", b"a: " + b"[" * 1000 + b"]" * 1000, ["nested"]),
        ("merge.yaml", b"a: &a {duration: 1}\n<<: *a\n", ["no merge keys"]),
    ],
)
def test_a_bad_file_gets_one_sentence(tmp_path: Path, name: str, content: bytes, words: list[str]) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    for word in words:
        assert word in str(caught.value)


def test_a_bomb_of_aliases_does_not_go_off() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    with pytest.raises(ScenarioError, match="200000 values"):
        Scenario.from_yaml("\n".join(levels) + "\n")


def test_many_aliases_are_refused() -> None:
    text = "a: &a 1\nb: [" + "*a, " * 1001 + "]\n"
    with pytest.raises(ScenarioError, match="at most 1000 aliases"):
        Scenario.from_yaml(text)


def test_a_folder_a_missing_file_and_an_unknown_preset(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="this is a folder"):
        load(tmp_path)
    with pytest.raises(ScenarioError, match="no such file"):
        Scenario.from_yaml(tmp_path / "no.yaml")
    with pytest.raises(ScenarioError, match=r"hello, task-queue.*Did you mean 'task-queue'\?"):
        load("taskqueue")


def test_all_errors_are_one_tree() -> None:
    assert isinstance(refused([]), MqsimError)
