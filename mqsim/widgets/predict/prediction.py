"""A question that the reader answers before the picture, and the answer beside the guess."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from mqsim.errors import UsageError
from mqsim.report.files import writable_target, write_atomically
from mqsim.report.tables import number
from mqsim.viz.css import widget_variables
from mqsim.widgets.browser.bundle import bundle
from mqsim.widgets.predict.export import prediction_page
from mqsim.widgets.predict.reveal import Reveal, compare
from mqsim.widgets.still import WithStill

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

_HERE = Path(__file__).parent
_SCRIPT = _HERE / "prediction.js"
_STYLE = widget_variables(".mq-predict") + (_HERE / "prediction.css").read_text("utf-8")

_kept: dict[tuple[Any, ...], Any] = {}
"""Guesses of this session, by question."""


class Prediction(WithStill):
    """A question with choices, or for a number; made by `mq.predict`.

    Args:
        question: what is asked.
        choices: the answers to choose from, at least two, each told apart by its text.
        unit: of the number that is asked for where there are no choices.
        theme: `light`, `dark`, or None: as the page around it.

    Raises:
        UsageError: there is nothing to choose from, or both choices and a unit.
    """

    what = "question"
    _esm = bundle(_SCRIPT)
    _css = _STYLE

    question = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    theme = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    # The guess as it travels: the place of a choice, or a number; None while there is none.
    held = traitlets.Any(None, allow_none=True).tag(sync=True)
    # What was revealed, as a sentence; empty before.
    answer = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        question: str,
        choices: Sequence[Any] | None = None,
        unit: str | None = None,
        theme: str | None = None,
    ) -> None:
        if not question.strip():
            raise UsageError("predict: the question is empty; write what the reader is to guess.")
        if choices is not None and unit is not None:
            raise UsageError("predict: give choices or a unit, not both: a guess is a choice or a number.")
        if theme not in (None, "light", "dark"):
            raise UsageError(
                f"theme: {theme!r} is not allowed; it must be 'light', 'dark' or None (as the page)."
            )
        self.choices = _distinct(choices)
        options = [said(choice) for choice in self.choices or ()]
        self._key = (question, tuple(options), unit or "")
        super().__init__(question=question, options=options, unit=unit or "", theme=theme)
        self.held = _kept.get(self._key)
        self.observe(self._keep, "held")

    @property
    def guess(self) -> Any:
        """What the reader guesses: one of the choices, or a number; None while there is no guess."""
        if self.held is None or self.choices is None:
            return self.held
        return self.choices[self.held]

    @guess.setter
    def guess(self, value: Any) -> None:
        self.held = None if value is None else self._as_held(value, "guess")

    def reveal(self, answer: Any, because: str = "") -> Reveal:
        """The answer beside the guess, as something to show at the end of a cell.

        Where there was a guess the widget shows the answer too, and takes no other guess from then on. Where
        there was none, the question stays open: whoever ran all cells at once may still guess.

        Args:
            answer: what it is: one of the choices, or a number.
            because: why, in a sentence or two.

        Raises:
            UsageError: the answer is none of the choices, or no number.
        """
        told = self.compared(self.guess, answer, because)
        self.answer = "" if told.guess is None else str(told)
        return told

    def compared(self, guess: Any, answer: Any, because: str = "") -> Reveal:
        """A guess (None: there is none) beside the answer, without showing it.

        Raises:
            UsageError: the answer is none of the choices, or no number.
        """
        held = self._as_held(answer, "answer")
        if self.choices is not None:
            return compare(guess, self.choices[held], because, said)
        return compare(guess, held, because, self._with_unit, numbers=True)

    def _shown(self, value: Any) -> str:
        return said(value) if self.choices is not None else self._with_unit(value)

    def html(self, answer: Any, because: str = "") -> str:
        """The question as one HTML page that needs neither kernel nor network; see `to_html`."""
        state = {name: getattr(self, name) for name in ("question", "options", "unit", "theme")}
        each = None
        if self.choices is not None:
            each = [str(self.compared(choice, answer, because)) for choice in self.choices]
        told = {"told": each, "answer": self._shown(answer), "because": because}
        return prediction_page(state, told, str(self.compared(None, answer, because)), _STYLE, _SCRIPT)

    def to_html(self, path: str | os.PathLike[str], answer: Any, because: str = "") -> Path:
        """Write the question to one HTML file, which shows the answer once its reader has made a guess.

        Args:
            path: the file; it appears under its name only when it is whole.
            answer: what it is: one of the choices, or a number.
            because: why, in a sentence or two.

        Raises:
            UsageError: the file can't be written there, or the answer is none of the choices, or no number.
        """
        writable_target(path)
        return write_atomically(path, self.html(answer, because))

    def forget(self) -> Prediction:
        """Take guess and answer away, for another reader; gives the question back."""
        self.held, self.answer = None, ""
        return self

    def _as_held(self, value: Any, what: str) -> Any:
        if self.choices is not None:
            for place, choice in enumerate(self.choices):
                if value == choice or said(value) == said(choice):
                    return place
            raise UsageError(f"{what}: {value!r} is none of the choices ({', '.join(self.options)}).")
        if hasattr(value, "item"):
            value = value.item()  # a number of numpy's
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise UsageError(f"{what}: {value!r} is not allowed; it must be a number.")
        return value

    def _with_unit(self, value: float) -> str:
        shown = number(value)
        return f"{shown} {self.unit}".strip()

    def _keep(self, change: Any) -> None:
        if change["new"] is None:
            _kept.pop(self._key, None)
        else:
            _kept[self._key] = change["new"]

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        listed = "".join(f"<li>{escape(option)}</li>" for option in self.options)
        ask = (
            f"<ul>{listed}</ul>"
            if listed
            else f"<p>A number{f', in {escape(self.unit)}' * bool(self.unit)}.</p>"
        )
        data["text/html"] = f"<p><b>Before you read on:</b> {escape(self.question)}</p>{ask}"
        data["text/plain"] = "\n".join(
            [f"Before you read on: {self.question}", *(f"- {each}" for each in self.options)]
        )
        return data, metadata

    def __repr__(self) -> str:
        return f"<Prediction {self.question!r}: {'no guess yet' if self.guess is None else self.guess}>"


def said(choice: Any) -> str:
    """A choice as a reader sees it."""
    return number(choice) if isinstance(choice, int | float) and not isinstance(choice, bool) else str(choice)


def _distinct(choices: Sequence[Any] | None) -> list[Any] | None:
    if choices is None:
        return None
    listed = list(choices) if not isinstance(choices, str) else [choices]
    if len({said(choice) for choice in listed}) < max(2, len(listed)):
        raise UsageError(
            f"predict: {choices!r} is not allowed; choices are a list of at least two, all different."
        )
    return listed
