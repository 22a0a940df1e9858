"""A prediction as one HTML file: the answer is in the page, and shown once there is a guess."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from mqsim.widgets.page import page

_START = Path(__file__).with_name("page.js")


def prediction_page(
    state: dict[str, Any], told: dict[str, Any], without_guess: str, style: str, script: Path
) -> str:
    """The page; see `Prediction.to_html`.

    Args:
        state: the widget's, without a guess.
        told: `told`, what is said to each choice (None: a number is asked for), `answer` and `because`.
        without_guess: the answer for whoever can't run scripts.
        style: the widget's style sheet.
        script: the widget's script.
    """
    listed = "".join(f"<li>{escape(option)}</li>" for option in state["options"])
    return page(
        state["question"],
        style=style,
        script=script,
        held={"state": {**state, "held": None, "answer": ""}, **told},
        start=_START,
        unplayed=f"<p><b>Before you read on:</b> {escape(state['question'])}</p><ul>{listed}</ul>"
        f"<details><summary>Answer</summary>{escape(without_guess)}</details>",
    )
