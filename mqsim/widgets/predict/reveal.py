"""What a reader guessed beside what it is, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from mqsim.viz.palette import BLUE

if TYPE_CHECKING:
    from collections.abc import Callable

CLOSE = 0.1
"""A number that is off by at most this share counts as close."""


@dataclass(frozen=True)
class Reveal:
    """The answer beside the guess; shows itself at the end of a cell.

    Attributes:
        guess: what the reader said; None if nothing.
        answer: what it is.
        right: whether the guess is the answer, or close to it where it is a number; None without a guess.
        sentence: both in words, with how far off a number was.
        because: why it is so; may be empty.
    """

    guess: Any
    answer: Any
    right: bool | None
    sentence: str
    because: str = ""

    def __str__(self) -> str:
        return f"{self.sentence} {self.because}".strip()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        why = f" {escape(self.because)}" if self.because else ""
        return (
            f'<p style="border-left:3px solid {BLUE};padding:.2em 0 .2em .8em;margin:.6em 0">'
            f"<b>{escape(self.sentence)}</b>{why}</p>"
        )


def compare(
    guess: Any, answer: Any, because: str, says: Callable[[Any], str], *, numbers: bool = False
) -> Reveal:
    """Put a guess beside the answer.

    Args:
        guess: what the reader said, or None.
        answer: what it is.
        because: why.
        says: puts either in words.
        numbers: both are numbers, and how far apart they are is of interest.
    """
    told = says(answer)
    if guess is None:
        it_is = f"No guess yet: it is {told}." if numbers else f"No guess yet. The answer: {told}."
        return Reveal(None, answer, None, it_is, because)
    if says(guess) == told:
        said = f"You said {told}, and so it is." if numbers else f"You said: {told}. So it is."
        return Reveal(guess, answer, True, said, because)
    if not numbers:
        return Reveal(guess, answer, False, f"You said: {says(guess)}. The answer: {told}.", because)
    sentence = f"You said {says(guess)}; it is {told}"
    right = abs(guess - answer) <= CLOSE * abs(answer)
    return Reveal(guess, answer, right, f"{sentence}: {_apart(guess, answer, right)}.", because)


def _apart(guess: float, answer: float, close: bool) -> str:
    """How far a number is from the answer: a share when near, a factor when far, words across 0."""
    way = "high" if guess > answer else "low"
    if answer == 0 or guess * answer <= 0:
        return f"yours is too {way}"
    factor = max(guess / answer, answer / guess)
    if factor >= 2:
        return f"yours is {factor:.2g} times too {way}"
    share = f"{abs(guess / answer - 1) * 100:.2g} % too {way}"
    return f"close, {share}" if close else f"yours is {share}"
