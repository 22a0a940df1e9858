"""A prediction as one HTML file: the answer is in the page, and shown once there is a guess."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.widgets.page import page

if TYPE_CHECKING:
    from mqsim.widgets.predict.prediction import Prediction

_START = Path(__file__).with_name("page.js")


def prediction_page(prediction: Prediction, answer: Any, because: str, style: str, script: str) -> str:
    """The page, with the widget's style sheet and module; see `Prediction.to_html`."""
    told = None
    if prediction.choices is not None:
        told = [str(prediction.compared(choice, answer, because)) for choice in prediction.choices]
    said = str(prediction.compared(None, answer, because))
    state = {
        "question": prediction.question,
        "options": list(prediction.options),
        "unit": prediction.unit,
        "theme": prediction.theme,
        "held": None,
        "answer": "",
    }
    held = {"state": state, "told": told, "answer": prediction.shown(answer), "because": because}
    listed = "".join(f"<li>{escape(option)}</li>" for option in prediction.options)
    return page(
        prediction.question,
        style=style,
        script=script,
        held=held,
        start=_START,
        unplayed=f"<p><b>Before you read on:</b> {escape(prediction.question)}</p><ul>{listed}</ul>"
        f"<details><summary>Answer</summary>{escape(said)}</details>",
    )
