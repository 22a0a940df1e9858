"""The lessons keep their form, and every number in their prose is shown by a block or computed here.

What their blocks do and print is tried in `test_documents.py`, with all other pages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import mqsim as mq
from mqsim.errors import TheoryError
from tests.documents.pages import ROOT
from tests.lessons.numbers import COMPUTED, EXAMPLES, majority, plain, prose_numbers, shown_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.md"))
IDS = [page.stem for page in LESSONS]
PARTS = {
    "objectives": r"^\*\*After this lesson you can\*\*",
    "prerequisites": r"^\*\*Before you start:\*\*",
    "something to look at": r"^## (The claim|Look|The task|The producer)|^Each mistake is a small program",
    "the case in which it does not hold": r"^## When|^## It can get worse|^## 1\. ",
    "a check": r"^## Check yourself$",
    "the glossary": r"\]\(\.\./docs/glossary\.md\)",
    "references": r"\]\(references\.md\)",
}


def unfound(text: str, lesson: str) -> list[str]:
    """Numbers in prose that nothing on the page shows and nothing here computes."""
    shown = shown_numbers(text) | EXAMPLES.get(lesson, set()) | set(COMPUTED.get(lesson, {}))
    return sorted(
        number for number in prose_numbers(text) if number not in shown and plain(number) not in shown
    )


def questions(text: str) -> Iterator[tuple[str, str]]:
    """(question, answer) of the check at the end."""
    check = text.partition("## Check yourself")[2]
    yield from re.findall(
        r"^\d\. (.+?)\n   <details><summary>Answer</summary>(.+?)</details>$", check, re.MULTILINE | re.DOTALL
    )


def test_the_lessons_are_numbered_without_a_gap() -> None:
    assert [page.name[:2] for page in LESSONS] == [f"{number:02}" for number in range(1, len(LESSONS) + 1)]
    assert len(LESSONS) >= 11


@pytest.mark.parametrize("page", LESSONS, ids=IDS)
@pytest.mark.parametrize("part", PARTS)
def test_a_lesson_has_its_parts(page: Path, part: str) -> None:
    assert re.search(PARTS[part], page.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", LESSONS, ids=IDS)
def test_a_lesson_asks_five_questions_with_answers_that_unfold(page: Path) -> None:
    found = list(questions(page.read_text("utf-8")))
    assert len(found) == 5
    assert all(question.strip() and answer.strip() for question, answer in found)


@pytest.mark.parametrize("page", LESSONS, ids=IDS)
def test_every_number_in_prose_is_shown_or_computed(page: Path) -> None:
    assert unfound(page.read_text("utf-8"), page.name[:2]) == []


@pytest.mark.parametrize(
    ("lesson", "number"), [(lesson, number) for lesson, known in COMPUTED.items() for number in known]
)
def test_what_is_computed_comes_out_as_the_lesson_says(lesson: str, number: str) -> None:
    assert COMPUTED[lesson][number]() == float(number)
    (page,) = [page for page in LESSONS if page.name.startswith(lesson)]
    assert number in prose_numbers(page.read_text("utf-8")), "no longer needed"


def test_a_number_from_nowhere_is_found() -> None:
    page = (
        "It takes 7 s.\n```console\n$ mqsim run hello\n8 s\n```\nThen 8, in lesson 9, with `10` and 10.0.\n"
    )
    assert unfound(page, "99") == ["7"]


# -- answers that a run can give -----------------------------------------------------------------------------


def last_acked(preset: str, changes: dict[str, object]) -> float:
    return float(mq.simulate(mq.load(preset).with_(changes)).messages.acked.max())


def test_lesson_4_six_tasks_four_workers() -> None:
    six = {"producers.sender.arrivals": {"at": [0.0] * 6}, "consumers.worker.count": 4}
    assert last_acked("task-queue", six) == 4


def test_lesson_4_nine_a_second_want_five_workers() -> None:
    with pytest.raises(TheoryError):
        mq.theory.mmc(arrival_rate=9, service_rate=2, servers=4)
    assert mq.theory.mmc(arrival_rate=9, service_rate=2, servers=5).utilisation < 1


@pytest.mark.parametrize(("prefetch", "busy"), [(4, False), (5, True)])
def test_lesson_4_prefetch_5_keeps_a_far_worker_busy(prefetch: int, busy: bool) -> None:
    scenario = mq.Scenario.from_yaml(
        f"""
        duration: 60
        network: {{latency: 0.01}}
        broker: {{queues: {{tasks: {{}}}}}}
        producers: {{web: {{to: tasks, arrivals: {{saturate: {{ready: 100}}}}, work: 0.005}}}}
        consumers: {{worker: {{queue: tasks, prefetch: {prefetch}}}}}
        """
    )
    used = mq.simulate(scenario).summary()["consumers"]["worker-1"]["utilisation"]
    assert (used > 0.99) is busy


def test_lesson_5_auto_ack_loses_the_second_and_the_third() -> None:
    changes = {
        "consumers.worker.ack": "auto",
        "consumers.worker.prefetch": 0,
        "faults": [{"crash": "worker-1", "at": 3}],
        "until": None,
        "duration": 10,
    }
    messages = mq.simulate(mq.load("task-queue").with_(changes)).messages
    assert list(messages.outcome) == ["acked", "lost", "lost"]


def test_lesson_6_majorities() -> None:
    rows = re.findall(r"^\| (\d) \| (\d) \| (\d) \|$", LESSONS[5].read_text("utf-8"), re.MULTILINE)
    assert [(int(n), int(m), int(f)) for n, m, f in rows] == [
        (n, majority(n), n - majority(n)) for n in (1, 3, 5)
    ]
    assert 4 - majority(4) == 1
