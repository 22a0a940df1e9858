"""What the site draws and counts is what runs, protocols and the command line say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from mqsim_site import drawings, pictures, reference, wires
from mqsim_site.scenes import SceneError, Scenes
from pamqp import body, commands, frame, header

import mqsim as mq
from tests.documents.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LESSON_3 = (ROOT / "lessons" / "03_decoupling.md").read_text("utf-8")
LESSONS = sorted((ROOT / "lessons").glob("[01][0-9]_*.md"))[:11]
"""Those about messaging; what follows them is about reading the answers of a plan."""


@pytest.mark.parametrize("page", LESSONS, ids=lambda page: page.stem)
def test_each_lesson_has_a_picture_a_prediction_and_something_to_try(page: Path) -> None:
    text = page.read_text("utf-8")
    if page.stem.startswith("07"):
        assert "```{wire}" in text
        assert "```{own-message}" in text
    else:
        assert re.search(r"^```\{(replay|compare)\}", text, re.MULTILINE)
        assert re.search(r"^:crashes: \d|^```\{explore\}", text, re.MULTILINE)
    assert "```{predict}" in text


def test_direct_calls_are_counted_as_the_lesson_counts_them() -> None:
    result = Scenes(LESSON_3).result("mqsim run rush.yaml")
    # Counted again, the slow way: a call is answered if no answered call began less than a service before it.
    begun: list[float] = []
    for t in sorted(result.messages.created):
        if all(t >= before + 0.333 for before in begun):
            begun.append(t)
    assert drawings.turned_away(result) == len(result.messages) - len(begun)
    assert f"{len(begun)} packed, {drawings.turned_away(result)} turned away" in LESSON_3


def test_publishes_are_those_that_the_summary_counts() -> None:
    result = mq.simulate(mq.load("retry-storm").with_({"duration": 60}))
    _, words = drawings.KINDS["publishes"]([("storm", result)], "light", None)
    published = result.summary()["producers"]["web-1"]["published"]
    assert f"were published {published:,} times" in words


def test_the_leader_is_drawn_from_election_to_loss() -> None:
    result = mq.simulate("quorum-failover")
    _, words = drawings.KINDS["nodes"]([("failover", result)], "dark", None)
    assert "broker-1 leads from 0 to 5.2 s" in words
    elected = result.events[result.events.kind == "leader-elected"]
    assert f"{elected.other.iloc[0]} leads from {elected.t.iloc[0]:g} to" in words


def test_a_comparison_has_one_axis_of_time() -> None:
    runs = [(str(n), mq.simulate(mq.load("task-queue").with_({"consumers.worker.count": n}))) for n in (1, 3)]
    image, _ = drawings.KINDS["lanes"](runs, "light", None)
    # The last mark of both rows is that of the longer run: 6 s.
    assert image.count(b"<!-- 6 -->") == 2


def test_a_scene_is_what_the_command_runs() -> None:
    scenes = Scenes("```python\n# own.py\nimport mqsim as mq\nbase = mq.load('task-queue')\n```\n")
    found = scenes.result("mqsim run own.py:base --set consumers.worker.count=3")
    assert found.messages.acked.max() == 2.0
    with pytest.raises(SceneError, match="no program"):
        scenes.result("mqsim run other.py:base")
    with pytest.raises(SceneError, match="mqsim run FILE"):
        scenes.scenario("mqsim demo")


AMQP = [
    frame.marshal(part, 1)
    for part in (
        commands.Basic.Publish(exchange="logs", routing_key="tasks"),
        header.ContentHeader(body_size=5, properties=commands.Basic.Properties(delivery_mode=2)),
        body.ContentBody(b"hello"),
    )
]


def test_amqp_is_cut_where_another_library_reads_it() -> None:
    method, head, content = (wires.amqp(one) for one in AMQP)
    assert {field.name: field.says for field in method} == {
        "type": "method",
        "channel": "1",
        "size": f"{len(AMQP[0]) - 8} bytes follow",
        "method": "basic.publish",
        "reserved": "",
        "exchange": "'logs'",
        "routing key": "'tasks'",
        "flags": "not mandatory",
        "end": "always ce",
    }
    assert [field.says for field in head if field.name in ("body size", "delivery mode")] == [
        "5 bytes",
        "persistent",
    ]
    assert [field.data for field in content if field.name == "body"] == [b"hello"]


@pytest.mark.parametrize(
    ("cut", "wire", "fields"),
    [
        (wires.mqtt, bytes.fromhex("300c00057461736b7368656c6c6f"), ["30", "0c", "0005", b"tasks", b"hello"]),
        (wires.stomp, b"SEND\ndestination:t\n\nhi\x00", [b"SEND\n", b"destination:t\n\n", b"hi", b"\x00"]),
    ],
)
def test_other_protocols_are_cut_by_their_rules(cut, wire: bytes, fields: list[str | bytes]) -> None:
    found = [field.data for field in cut(wire)]
    assert found == [bytes.fromhex(one) if isinstance(one, str) else one for one in fields]
    assert b"".join(found) == wire


def test_every_command_and_every_name_has_its_place_in_the_reference() -> None:
    told = "\n".join(reference.commands())
    for command in ("run", "exec", "plan size", "grade", "lab", "exercise start"):
        assert f"mqsim {command}\n" in told
    assert "PATH=VALUE" in told
    python = "\n".join(reference.python())
    assert [name for name in mq.__all__ if f"mqsim.{name}" not in python] == []


def test_numbers_of_a_run_are_found_by_path() -> None:
    result = mq.simulate(mq.load("worker-crash").with_({"consumers.worker.ack": "auto"}))
    assert drawings.measured(result, "queues.tasks.lost") == int((result.messages.outcome == "lost").sum())
    assert drawings.measured(result, "last acked") == np.nanmax(result.messages.acked)
    with pytest.raises(KeyError):
        drawings.measured(result, "queues.tasks.nothing")


@pytest.mark.parametrize("page", LESSONS, ids=lambda page: page.stem)
def test_the_answer_of_a_prediction_is_folded_on_the_page_and_joins_the_question_on_the_site(
    page: Path,
) -> None:
    text = page.read_text("utf-8")
    question = text.partition("```{predict}\n")[2].partition("```")
    assert not re.search(r"^because:|\bis:", question[0], re.MULTILINE)
    assert question[2].startswith("\n\n<details><summary>Answer</summary><b>")
    joined = pictures.with_answers(text)
    assert joined.count("\n") == text.count("\n")
    assert re.search(r"^told: .+\nbecause: .+\n```$", joined, re.MULTILINE)
    assert joined.count("<details>") == text.count("<details>") - 1


@pytest.mark.parametrize(
    ("asked", "answer", "complaint"),
    [
        ({"choices": [0, 2], "told": "2", "answer": "queues.tasks.lost"}, 2, ""),
        ({"choices": ["yes", "no"], "told": "No"}, "no", ""),
        ({"choices": [0, 1], "told": "1", "answer": "queues.tasks.lost"}, None, "is 2, and the page says 1"),
        ({"choices": [0, 1], "told": "2"}, None, "none of the choices"),
    ],
)
def test_an_answer_is_one_of_the_choices_and_what_the_run_gives(
    asked: dict[str, object], answer: object, complaint: str
) -> None:
    asked = {"run": "mqsim run worker-crash --set consumers.worker.ack=auto", **asked}
    if complaint:
        with pytest.raises(SceneError, match=complaint):
            pictures.right_choice(Scenes(""), asked)
    else:
        assert pictures.right_choice(Scenes(""), asked) == answer
