"""What a check says when a run is not as it should be."""

from __future__ import annotations


class Unmet(Exception):  # noqa: N818 - it is no error of the program: a check uses it to say no
    """A check's condition does not hold; the text is the sentence that the student reads."""


def expect(condition: object, sentence: str) -> None:
    """Fail the check unless the condition holds.

    Args:
        condition: what must be true; anything that `if` takes.
        sentence: what is wrong, with the task and the number that show it: `"tag." is lost.`

    Raises:
        Unmet: the condition is false.
    """
    if not condition:
        raise Unmet(sentence)
