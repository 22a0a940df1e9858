"""The question bank: its form, its two exports, and every answer that a run or a formula can give."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

import mqsim as mq
from lessons.teaching.export import gift, main, moodle, questions
from mqsim.broker import Broker, Envelope, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BANK = questions()
BY_ID = {question["id"]: question for question in BANK}


@pytest.mark.parametrize("question", BANK, ids=list(BY_ID))
def test_a_question_has_one_right_answer_or_a_number(question: dict[str, object]) -> None:
    assert isinstance(question["lesson"], int)
    assert str(question["ask"]).endswith(("?", "."))
    assert str(question["why"]).endswith((".", ")."))
    if "number" in question:
        assert set(question) == {"id", "lesson", "ask", "number", "within", "why"}
    else:
        assert set(question) == {"id", "lesson", "ask", "right", "wrong", "why"}
        answers = [question["right"], *question["wrong"]]  # type: ignore[misc]
        assert len(set(answers)) == len(answers) == 4


def test_the_bank_is_large_enough_and_covers_every_lesson() -> None:
    assert len(BY_ID) == len(BANK) >= 60
    assert {question["lesson"] for question in BANK} == set(range(1, 13))


# -- answers that can be computed ----------------------------------------------------------------------------


def makespan(tasks: int, workers: int) -> float:
    """When the last of so many tasks of two seconds is done, with prefetch 1."""
    changes = {"producers.sender.arrivals": {"at": [0.0] * tasks}, "consumers.worker.count": workers}
    result = mq.simulate(mq.load("task-queue").with_(changes))
    return float(result.messages.finished.max())


def copies(kind: str, bindings: list[tuple[str, str]], key: str) -> int:
    """How many copies one message makes, given (queue, binding key) pairs of an exchange."""
    channel = Broker().connect("me").channel()
    channel.declare_exchange("e", kind)
    for queue, binding in bindings:
        channel.declare_queue(queue)
        channel.bind_queue(queue, "e", binding)
    channel.publish(Message(Envelope("e", key)))
    return sum(channel.declare_queue(queue, passive=True).counted for queue in {name for name, _ in bindings})


def killed_at_one() -> float:
    """Three workers with a task of two seconds each; one is killed at 1 s. When is the last task done?"""
    changes = {
        "producers.sender.arrivals": {"at": [0.0] * 3},
        "consumers.worker.count": 3,
        "faults": [{"crash": "worker-1", "at": 1}],
    }
    return float(mq.simulate(mq.load("task-queue").with_(changes)).messages.finished.max())


def survivors(members: int) -> int:
    """How many of so many members may fail while a majority is left."""
    return next(failed for failed in range(members, -1, -1) if members - failed > members / 2)


COMPUTED: dict[str, Callable[[], float]] = {
    "parts-fanout-copies": lambda: copies("fanout", [("a", ""), ("b", ""), ("c", "")], "any"),
    "parts-two-bindings": lambda: copies("topic", [("q", "order.#"), ("q", "order.paid.*")], "order.paid.eu"),
    "decoupling-littles-law": lambda: 10 * 3,
    "scaling-six-tasks": lambda: makespan(6, 4),
    "scaling-fewest": lambda: min(c for c in range(1, 20) if 2 * c > 9),
    "scaling-prefetch-far": lambda: (20 + 5) / 5,
    "scaling-bottleneck": lambda: min(2 * 10, 4),
    "scaling-utilisation": lambda: 100 * mq.theory.mmc(3.6, 1.0, 4).utilisation,
    "faults-majority": lambda: survivors(5),
    "faults-four-nodes": lambda: survivors(4),
    "task-killed-manual": killed_at_one,
    "task-twelve-four": lambda: makespan(12, 4),
    "plan-interval": lambda: 0.95 * 20,
    "plan-work-alone": lambda: mq.theory.mmc(1e-9, 1 / 0.3, 1).sojourn_percentile(0.99),
}


def test_every_number_is_computed() -> None:
    assert set(COMPUTED) == {question["id"] for question in BANK if "number" in question}


@pytest.mark.parametrize("name", COMPUTED)
def test_a_number_is_right(name: str) -> None:
    question = BY_ID[name]
    assert COMPUTED[name]() == pytest.approx(question["number"], abs=question["within"] + 1e-9)


@pytest.mark.parametrize(
    ("binding", "key", "matches"),
    [
        ("order.*.eu", BY_ID["parts-topic-star"]["right"], True),
        *[("order.*.eu", wrong, False) for wrong in BY_ID["parts-topic-star"]["wrong"]],
    ],
)
def test_the_topic_question_is_right(binding: str, key: str, matches: bool) -> None:
    assert copies("topic", [("q", binding)], key) == matches


# -- exports -------------------------------------------------------------------------------------------------


def test_moodle_gets_every_question_with_its_answers() -> None:
    nodes = [node for node in ET.fromstring(moodle(BANK)) if node.get("type") != "category"]
    assert [node.findtext("name/text") for node in nodes] == [question["id"] for question in BANK]
    for node, question in zip(nodes, BANK, strict=True):
        right = [answer for answer in node.findall("answer") if answer.get("fraction") == "100"]
        assert [answer.findtext("text") for answer in right] == [
            str(question["number"]) if "number" in question else question["right"]
        ]
        assert len(node.findall("answer")) == 1 + len(question.get("wrong", ()))


def unescaped(text: str, mark: str) -> Iterator[int]:
    """Places of a mark that no backslash takes the meaning of."""
    yield from (match.start() for match in re.finditer(rf"(?<!\\){re.escape(mark)}", text))


@pytest.mark.parametrize("question", BANK, ids=list(BY_ID))
def test_gift_has_one_pair_of_braces_and_one_right_answer(question: dict[str, object]) -> None:
    text = gift([question]).split("\n", 1)[1]
    assert len(list(unescaped(text, "{"))) == len(list(unescaped(text, "}"))) == 1
    body = text[next(unescaped(text, "{")) :]
    assert len(list(unescaped(body, "="))) == 1
    assert len(list(unescaped(body, "~"))) == len(question.get("wrong", ()))  # type: ignore[arg-type]


def read_back(text: str) -> list[dict[str, object]]:
    """GIFT as Moodle's documentation describes it, read into the bank's own form."""
    found: list[dict[str, object]] = []
    lesson = 0
    for block in filter(None, map(str.strip, text.split("\n\n"))):
        if block.startswith("$CATEGORY:"):
            lesson = int(block.rpartition(" ")[2])
            continue
        parts = re.fullmatch(r"::(.+?)(?<!\\)::(.+?)(?<!\\)\{(.+)(?<!\\)\}", block, re.DOTALL)
        assert parts is not None, block
        name, ask, body = parts.groups()
        body, _, why = body.partition("####")
        one: dict[str, object] = {"id": plain(name), "lesson": lesson, "ask": plain(ask), "why": plain(why)}
        if body.startswith("#"):
            number, _, within = body[1:].strip().removeprefix("=").partition(":")
            one |= {"number": float(number), "within": float(within)}
        else:
            marked = re.findall(r"(?<!\\)([=~])(.+?)(?=(?<!\\)[=~]|$)", body.strip(), re.DOTALL)
            one["right"] = next(plain(answer) for mark, answer in marked if mark == "=")
            one["wrong"] = [plain(answer) for mark, answer in marked if mark == "~"]
        found.append(one)
    return found


def plain(text: str) -> str:
    return re.sub(r"\\([~=#{}:\\])", r"\1", text.strip())


def test_what_gift_says_is_read_back_as_the_bank() -> None:
    assert read_back(gift(BANK)) == BANK


def test_the_command_says_what_it_wants(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Name one folder" in capsys.readouterr().err


def test_a_folder_that_is_a_file_is_refused(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "bank").write_text("")
    assert main([str(tmp_path / "bank")]) == 2
    assert "can't be written there" in capsys.readouterr().err


def test_the_length_of_an_answer_does_not_tell_whether_it_is_right() -> None:
    """Of four answers one is the longest: by chance the right one in a quarter of the questions."""
    choices = [question for question in BANK if "right" in question]
    longest = [one["id"] for one in choices if len(one["right"]) > max(map(len, one["wrong"]))]
    assert 0.1 < len(longest) / len(choices) < 0.4, longest
