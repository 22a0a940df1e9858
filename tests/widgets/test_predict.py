"""`mq.predict`: a guess is kept, stands beside the answer, and is never waited for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mqsim as mq
from mqsim.errors import UsageError
from mqsim.widgets.predict import prediction
from tests.outside import PATIENCE

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "_kept", {})
    return


def test_a_right_choice() -> None:
    asked = mq.predict("How many are lost?", choices=[0, 1, 2])
    asked.guess = 1
    told = asked.reveal(1, because="It was acknowledged before it was done.")
    assert str(told) == "You said: 1. So it is. It was acknowledged before it was done."
    assert told.right is True
    assert asked.answer == str(told)


def test_another_choice() -> None:
    asked = mq.predict("Who gets the next one?", choices=["worker-1", "worker-2"])
    asked.guess = "worker-1"
    told = asked.reveal("worker-2")
    assert str(told) == "You said: worker-1. The answer: worker-2."
    assert (told.guess, told.answer, told.right) == ("worker-1", "worker-2", False)


def test_no_guess() -> None:
    asked = mq.predict("How long?", unit="s")
    told = asked.reveal(6.0, because="2 + 2 + 2.")
    assert str(told) == "No guess yet: it is 6 s. 2 + 2 + 2."
    assert told.right is None
    # Whoever ran all cells at once may still guess.
    assert asked.answer == ""


@pytest.mark.parametrize(
    ("guess", "answer", "says", "right"),
    [
        (6, 6.0, "You said 6 s, and so it is.", True),
        (5.5, 6.0, "You said 5.5 s; it is 6 s: close, 8.3 % too low.", True),
        (6.6, 6.0, "You said 6.6 s; it is 6 s: close, 10 % too high.", True),
        (4, 6.0, "You said 4 s; it is 6 s: yours is 33 % too low.", False),
        (12, 6.0, "You said 12 s; it is 6 s: yours is 2 times too high.", False),
        (0.5, 6.0, "You said 0.5 s; it is 6 s: yours is 12 times too low.", False),
        (0, 6.0, "You said 0 s; it is 6 s: yours is too low.", False),
        (3, 0.0, "You said 3 s; it is 0 s: yours is too high.", False),
    ],
)
def test_a_number_tells_how_far_off(guess: float, answer: float, says: str, right: bool) -> None:
    asked = mq.predict("How long?", unit="s")
    asked.guess = guess
    told = asked.reveal(answer)
    assert told.sentence == says
    assert told.right is right


def test_a_plain_count_has_no_unit() -> None:
    asked = mq.predict("How many?")
    asked.guess = 20_000
    assert str(asked.reveal(40_000)) == "You said 20,000; it is 40,000: yours is 2 times too low."


def test_numbers_of_numpy_will_do() -> None:
    import numpy as np

    asked = mq.predict("How many?")
    asked.guess = np.int64(3)
    assert asked.guess == 3
    assert str(asked.reveal(np.float64(3.0))) == "You said 3, and so it is."


def test_the_guess_is_kept_when_the_cell_is_run_again() -> None:
    mq.predict("How many are lost?", choices=["none", "one"]).guess = "one"
    again = mq.predict("How many are lost?", choices=["none", "one"])
    assert again.guess == "one"
    assert mq.predict("How many are lost?", choices=["none", "two"]).guess is None
    assert mq.predict("How many are late?", choices=["none", "one"]).guess is None
    assert again.forget().guess is None
    assert mq.predict("How many are lost?", choices=["none", "one"]).guess is None


def test_the_browser_s_guess_is_the_place_of_a_choice() -> None:
    asked = mq.predict("Which?", choices=["a", "b"])
    asked.set_state({"held": 1})
    assert asked.guess == "b"
    assert mq.predict("Which?", choices=["a", "b"]).guess == "b"


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"question": " "}, "the question is empty"),
        ({"question": "?", "choices": ["only"]}, "at least two"),
        ({"question": "?", "choices": "ab"}, "at least two"),
        ({"question": "?", "choices": ["a", "a"]}, "all different"),
        ({"question": "?", "choices": ["a", "b"], "unit": "s"}, "not both"),
        ({"question": "?", "theme": "blue"}, "'light', 'dark' or None"),
    ],
)
def test_a_question_that_can_not_be_asked(how: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        mq.predict(**how)


@pytest.mark.parametrize("answer", ["many", True, float("nan"), None])
def test_an_answer_must_be_a_number(answer: Any) -> None:
    with pytest.raises(UsageError, match="it must be a number"):
        mq.predict("How many?").reveal(answer)


def test_an_answer_must_be_among_the_choices() -> None:
    with pytest.raises(UsageError, match=r"'three' is none of the choices \(one, two\)"):
        mq.predict("How many?", choices=["one", "two"]).reveal("three")


def test_a_guess_is_held_to_the_same() -> None:
    asked = mq.predict("How many?", choices=["one", "two"])
    with pytest.raises(UsageError, match="guess: 'three'"):
        asked.guess = "three"
    assert asked.guess is None


def test_what_is_shown_is_escaped() -> None:
    asked = mq.predict("Is <b> bold?", choices=["<yes>", "no"])
    html = asked._repr_mimebundle_()[0]["text/html"]
    assert "Is &lt;b&gt; bold?" in html
    assert "<li>&lt;yes&gt;</li>" in html
    assert "&lt;yes&gt;" in asked.reveal("<yes>", because="<i>")._repr_html_()
    assert "<i>" not in asked.reveal("<yes>", because="<i>")._repr_html_()


def test_a_notebook_without_a_browser_runs_through() -> None:
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "import mqsim as mq\nasked = mq.predict('How long for three tasks of 2 s?', unit='s')\nasked",
        "asked.reveal(mq.simulate('task-queue').trace.end)",
        "explorer = mq.explore('task-queue', ['workers'])\nexplorer.set(workers=3)\nexplorer",
        "explorer.result.trace.end",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=PATIENCE, resources={"metadata": {"path": str(ROOT)}}).execute()
    asked, told, explorer, end = (cell.outputs[-1]["data"] for cell in book.cells)
    assert "How long for three tasks of 2 s?" in asked["text/html"]
    assert told["text/plain"] == "No guess yet: it is 6 s."
    assert "application/vnd.jupyter.widget-view+json" in book.cells[2].outputs[0]["data"]
    assert "with workers: <b>3</b>" in explorer["text/html"]
    assert end["text/plain"] == "2.0"
