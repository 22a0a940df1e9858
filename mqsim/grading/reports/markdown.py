"""A verdict as Markdown. Nothing of a submission reaches it but as text."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from mqsim.grading.reports.text import score_words

if TYPE_CHECKING:
    from mqsim.grading.verdict import CheckVerdict, Verdict

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&$-])")


def escaped(text: str) -> str:
    """Text that Markdown, and the HTML within it, leave as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def markdown(verdict: Verdict) -> str:
    """The whole verdict."""
    parts = [
        f"# {escaped(verdict.exercise)}: {escaped(verdict.submission)}",
        f"**{verdict.state.value}**: {score_words(verdict)}",
    ]
    if verdict.message:
        parts.append(escaped(verdict.message))
    if verdict.checks:
        rows = ["| check | state | points | |", "| --- | --- | --- | --- |"]
        rows += [
            f"| {escaped(check.name)} | {check.state.value} | {check.points:g}/{check.max:g} | "
            f"{escaped(check.message or check.says)} |"
            for check in verdict.checks
        ]
        parts.append("\n".join(rows))
    parts += [_example(check) for check in verdict.checks if check.example.lines or check.example.replay]
    return "\n\n".join(parts) + "\n"


def _example(check: CheckVerdict) -> str:
    lines = escape("\n".join(check.example.lines))
    replay = f"\n\nSee this run again:\n\n    {check.example.replay}" if check.example.replay else ""
    return f"## {escaped(check.name)}\n\n<pre>\n{lines}\n</pre>{replay}"
