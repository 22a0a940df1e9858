"""An error of mqsim in a notebook is the reader's line and one sentence, not a traceback through mqsim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell

if TYPE_CHECKING:
    import pytest

CELL = """\
import mqsim as mq

mq.simulate(mq.load("hello").with_({"consumers.receiver.count": -1}))
"""


def test_an_error_of_ours_is_the_line_and_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    InteractiveShell().run_cell(CELL)
    shown = capsys.readouterr().out.strip().splitlines()
    assert shown[0] == 'line 3: mq.simulate(mq.load("hello").with_({"consumers.receiver.count": -1}))'
    assert shown[1].startswith("InvalidScenarioError: consumers.receiver.count: -1 is not allowed;")
    assert len(shown) == 2


def test_another_error_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    InteractiveShell().run_cell("import mqsim as mq\nmq.simulate('hello').nothing")
    assert "Traceback" in capsys.readouterr().out
