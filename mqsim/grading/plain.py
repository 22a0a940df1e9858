"""Text from a submission, made harmless for a terminal, and for whoever reads it."""

from __future__ import annotations

import unicodedata

_KEPT = {"\t": " ", "\n": " ", "\r": " "}


def plain(text: str) -> str:
    r"""The same text on one line, with every control, escape and direction character shown as a code.

    A terminal would obey some of them: clear the screen, change the title, hide a line, print from right to
    left.

    >>> plain("done\x1b[2J")
    'done\\x1b[2J'
    """
    return "".join(_KEPT.get(each) or (each if _is_harmless(each) else _coded(each)) for each in text)


def _is_harmless(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _coded(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
