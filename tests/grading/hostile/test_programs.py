"""Submissions that mean harm get what they deserve, leave nothing, and change nothing for the next."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mqsim.grading.budgets import Budget
from mqsim.grading.grading import Order, grade
from mqsim.grading.reports import course
from mqsim.grading.reports.html import page
from mqsim.grading.reports.markdown import markdown
from mqsim.grading.reports.text import text
from mqsim.grading.sandbox.levels import strongest
from tests.grading.hostile.programs import CASES, PRODUCER, Hostile, consumer
from tests.outside import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

EXERCISE = Path(__file__).parent / "00_two_tasks"
FAST = (
    "exits_at_import",
    "prints_a_verdict",
    "reads_system_files",
    "opens_a_socket",
    "fork_bomb",
    "busy_in_c",
)
"""What stands for all of them in a quick run; the whole needs MQSIM_HOSTILE=1, which CI sets."""

ALL = bool(os.environ.get("MQSIM_HOSTILE"))


@pytest.fixture(scope="module")
def order() -> Order:
    level = strongest()
    if level < 3:
        missing("apt-get install bubblewrap: hostile programs are confined by it")
    return Order(EXERCISE, level, budget=Budget(without_waiting=1.0, run=20.0))


@pytest.fixture(scope="module")
def port() -> Iterator[tuple[int, list[object]]]:
    """A port on this machine that nobody may reach, and who did."""
    came: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    server.accept()[0].close()
                    came.append("somebody")
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1], came
        server.shutdown(socket.SHUT_RDWR)


def written(folder: Path, case: Hostile, port: int) -> Path:
    for name, content in {"producer.py": PRODUCER, **case.files}.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.replace("PORT", str(port)).encode()
        place.write_bytes(data)
    return folder


def children() -> set[str]:
    """The processes of this one, and theirs."""
    found: set[str] = set()
    left = [str(os.getpid())]
    while left:
        pid = left.pop()
        try:
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
            mine = [word for task in tasks for word in (task / "children").read_text().split()]
        except OSError:
            continue
        found.update(mine)
        left += mine
    return found


def leftovers() -> list[str]:
    return os.listdir(tempfile.gettempdir())


@pytest.mark.parametrize("name", [name for name in CASES if ALL or name in FAST])
def test_a_submission_that_means_harm(
    name: str,
    order: Order,
    port: tuple[int, list[object]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COURSE_SECRET", "hidden")
    case = CASES[name]
    folder = written(tmp_path / name, case, port[0])
    room = tmp_path / "room"
    room.mkdir(mode=0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    before = (children(), leftovers(), sorted(folder.rglob("*")))
    verdict = grade(order, folder)
    said = text(verdict)
    assert (verdict.score, verdict.state.value) == (case.score, case.state), said
    assert case.says in said.replace("\n    ", " "), said
    assert (children(), leftovers(), sorted(folder.rglob("*"))) == before
    assert port[1] == []
    reports = {
        "text": said,
        "json": json.dumps(verdict.to_data(), ensure_ascii=False),
        "html": page(verdict),
        "markdown": markdown(verdict),
        "gradescope": json.dumps(course.gradescope(verdict), ensure_ascii=False),
        "prairielearn": json.dumps(course.prairielearn(verdict), ensure_ascii=False),
        "csv": course.table([verdict]),
    }
    for lack in case.lacks:
        for form, report in reports.items():
            assert lack not in report or (lack[0] == "<" and form not in ("html", "markdown"))
    for cell in course.table([verdict]).split(","):
        assert not cell.lstrip('"').startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize(
    "name", ["fork_bomb", "leaves_a_file", "memory_bomb", "kills_everybody"] if ALL else ["fork_bomb"]
)
def test_the_next_submission_is_graded_as_if_alone(
    name: str, order: Order, port: tuple[int, list[object]], tmp_path: Path
) -> None:
    grade(order, written(tmp_path / "hostile", CASES[name], port[0]))
    verdict = grade(order, written(tmp_path / "right", Hostile({"consumer.py": consumer()}), port[0]))
    assert (verdict.score, verdict.state.value) == (10.0, "passed"), text(verdict)


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 51
