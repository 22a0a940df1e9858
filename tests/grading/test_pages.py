"""Pages that are handed out: their links lead somewhere, or are words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mqsim.grading.pages import self_contained
from mqsim.trace.tables import How, Outcome


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "course" / "exercises" / "11_x"
    folder.mkdir(parents=True)
    (folder / "work.py").write_text("")
    (tmp_path / "course" / "lessons").mkdir()
    (tmp_path / "course" / "lessons" / "05.md").write_text("")
    return folder


PAGE = (
    "[lesson 5](../../lessons/05.md#acks), [lesson 6](../../lessons/06.md), [work](work.py), "
    "[below](#hints), [pika](https://pika.readthedocs.io/)"
)
STAYS = "[work](work.py), [below](#hints), [pika](https://pika.readthedocs.io/)"


def test_links_out_of_a_handout_become_words(course: Path) -> None:
    assert self_contained(PAGE, course) == f"lesson 5, lesson 6, {STAYS}"


def test_on_this_machine_they_lead_to_the_course_where_it_has_the_file(course: Path, tmp_path: Path) -> None:
    page = self_contained(PAGE, course, tmp_path / "ann" / "11_x")
    assert page == f"[lesson 5](../../course/lessons/05.md#acks), lesson 6, {STAYS}"


def test_the_page_on_grading_names_every_value_that_a_check_may_meet() -> None:
    page = (Path(__file__).parents[2] / "docs" / "grading.md").read_text("utf-8")
    rows = {line.split("|")[1].split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    labels = {
        "message.outcome": {each.label for each in Outcome},
        "delivery.how": {each.label for each in How},
    }
    for name, values in labels.items():
        assert set(re.findall(r"`([a-z-]+)`", rows[name].split("|")[2])) == values
