"""The teachers' page: its plans fit into their minutes, and ask for nothing before it is taught."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from lessons.teaching.export import questions
from tests.documents.pages import ROOT, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "lessons" / "teaching" / "README.md").read_text("utf-8")
NEEDS = {1: 8, **dict.fromkeys(range(2, 10), 9), 10: 12}
"""By exercise: the lesson that it needs, as the page says."""


def part(heading: str) -> str:
    """One section of the page."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


TWICE, SIX = part("Two times 90 minutes"), part("Six times 45 minutes")


def numbers(text: str, name: str) -> set[int]:
    """`exercises 1, 2 and 4` or `lessons 1 to 5`, as numbers."""
    found: set[int] = set()
    for said in re.findall(rf"{name}s? (\d+(?:(?:, | and | or | to )\d+)*)", text, re.IGNORECASE):
        found |= {int(one) for one in re.findall(r"\d+", said)}
        for first, last in re.findall(r"(\d+) to (\d+)", said):
            found |= set(range(int(first), int(last)))
    return found


def classes() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Both plans, each as (what happens in class, what is done at home) class by class."""
    parts = re.split(r"^At home: (.+)$", TWICE, flags=re.MULTILINE)
    yield "twice", list(zip(parts[0::2], parts[1::2], strict=False))
    yield "six", [(f"{row[2]} {row[3]}", row[4]) for row in rows(SIX, "class", "minutes")]


def test_both_classes_of_the_short_plan_fill_ninety_minutes() -> None:
    times = [row[0] for row in rows(TWICE, "minutes", "in class")]
    spans = [(int(begin), int(end)) for begin, end in (span.split("–") for span in times)]
    assert [begin for begin, _ in spans].count(0) == [end for _, end in spans].count(90) == 2
    for (_, end), (begin, _) in itertools.pairwise(spans):
        assert begin == end % 90


def test_each_class_of_the_long_plan_fills_forty_five_minutes() -> None:
    times = [sum(map(int, row[1].split(" + "))) for row in rows(SIX, "class", "minutes")]
    assert times == [45] * 6


def test_no_plan_shows_more_than_one_notebook_in_a_class() -> None:
    for _, plan in classes():
        assert all(len(numbers(shown, "notebook")) <= 1 for shown, _ in plan)


def test_no_exercise_comes_before_its_lesson() -> None:
    for _, plan in classes():
        taught: set[int] = set()
        for shown, home in plan:
            taught |= numbers(shown, "lesson")
            assert {NEEDS[one] for one in numbers(shown + home, "exercise")} <= taught
        assert numbers(" ".join(home for _, home in plan), "exercise") >= {1, 3, 4}
    alone = part("Self-study")
    assert "After lesson 8 do exercise 1, after lesson 9 exercises 2 to 4" in alone
    assert "Exercise 10\ncomes after lesson 12" in alone


def test_questions_that_a_plan_names_are_in_the_bank_about_what_was_taught() -> None:
    bank = {question["id"]: question["lesson"] for question in questions()}
    taught: set[int] = set()
    for shown, _ in dict(classes())["twice"]:
        taught |= numbers(shown, "lesson")
        asked = re.findall(r"`((?:\w+-)+\w+)`", shown)
        assert len(asked) >= 3
        assert {bank[name] for name in asked} <= taught


def test_every_family_of_questions_is_in_the_table_of_outcomes() -> None:
    told = " ".join(cell for row in rows(PAGE, "after the module a student can") for cell in row)
    assert set(re.findall(r"`(\w+)-…`", told)) == {
        question["id"].partition("-")[0] for question in questions()
    }
