"""Functions as programs: what they use comes along; what can't is told in a sentence."""

from __future__ import annotations

import subprocess
import sys
import time as clock
from collections import OrderedDict
from typing import Any

import pytest

from mqsim.errors import UsageError
from mqsim.guest.function_source import source_of
from tests.outside import PATIENCE

PAUSE = 0.25
WORDS = {"greeting": ["hello", "queue"]}


class Counter:
    step = 2

    def __init__(self) -> None:
        self.value = Counter.step


def double(number: int) -> int:
    return twice(number, 1) + number


def twice(number: int, depth: int) -> int:
    return double(number - 1) - number if depth < 0 else number


def program() -> None:
    clock.sleep(PAUSE / 1000)
    print(*WORDS["greeting"], double(4), Counter().value, list(OrderedDict(a=1)))


def outcome(text: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout


def test_a_function_does_as_a_program_what_it_does_as_a_function(capsys: pytest.CaptureFixture[str]) -> None:
    program()
    assert outcome(source_of(program)) == capsys.readouterr().out


def test_what_a_function_closes_over_comes_along(capsys: pytest.CaptureFixture[str]) -> None:
    def made(word: str) -> Any:
        def program(times: int = 2) -> None:
            print(word * times)

        return program

    made("ha")()
    assert outcome(source_of(made("ha"))) == capsys.readouterr().out == "haha\n"


UNKNOWN = object()


def uses_what_cannot_be_written() -> None:
    print(UNKNOWN)


def needs_an_argument(task: str) -> None:
    print(task)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (uses_what_cannot_be_written, "uses UNKNOWN, a object"),
        (needs_an_argument, r"needs task; .* sys\.argv"),
        (print, "can't be a program"),
        (eval("lambda: 1"), "its text can't be found"),
    ],
)
def test_what_cannot_be_a_program_is_refused_in_a_sentence(function: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        source_of(function)
