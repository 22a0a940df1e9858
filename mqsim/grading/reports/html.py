"""A verdict as one HTML page. Nothing of a submission reaches it but as text."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from mqsim.grading.reports.text import score_words
from mqsim.grading.verdict import CheckVerdict, State, Verdict
from mqsim.viz.css import light_variables
from mqsim.viz.palette import LIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.grading.reports.summary import Summary

_COLOURS = {
    State.PASSED: LIGHT.good,
    State.FAILED: LIGHT.bad,
    State.TIMEOUT: LIGHT.warn,
    State.NOT_EXERCISED: LIGHT.soft,
    State.UNGRADABLE: LIGHT.link,
    State.GRADER_ERROR: LIGHT.link,
}

_STYLE = light_variables() + (
    "body{font:16px/1.5 var(--font);max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:var(--ink);background:var(--paper)}"
    "h1,summary{overflow-wrap:anywhere}details{margin:.5rem 0}summary{cursor:pointer}"
    "table{border-collapse:collapse}td,th{padding:.3rem .8rem;text-align:left;vertical-align:top;"
    "border-bottom:1px solid var(--faint)}"
    "pre{background:var(--card);padding:.7rem;font-size:13px;white-space:pre-wrap;overflow-wrap:anywhere}"
    # The last column takes what is left; what is wider wraps or shrinks, so that no page scrolls sideways.
    "td:last-child{width:100%;max-width:0}td img,td svg{max-width:100%;height:auto}"
    "code{overflow-wrap:anywhere}"
    # On a telephone a row becomes a block: its name, state and points in one line, all else below.
    "@media(max-width:40rem){th{display:none}tr{display:block;padding:.6rem 0;"
    "border-bottom:1px solid var(--faint)}td{display:inline-block;border:0;padding:0 .6rem 0 0}"
    "td:last-child{display:block;max-width:none;padding:.3rem 0 0}pre{font-size:11px}}"
)
_CODE = re.compile(r"`([^`]+)`")
"""A name in a check's own sentence."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(verdict: Verdict) -> str:
    """The whole page."""
    title = f"{escape(verdict.exercise)}: {escape(verdict.submission)}"
    return _whole(title, fragment(verdict))


def _whole(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1>{body}</body></html>\n"
    )


def pages(verdicts: Sequence[Verdict], summary: Summary) -> str:
    """One page about a class: the summary, and every submission behind its name."""
    rows = "".join(
        f"<details><summary>{escape(verdict.submission)}: {escape(verdict.state.value)}, "
        f"{escape(score_words(verdict))}</summary>{fragment(verdict)}</details>"
        for verdict in verdicts
    )
    title = escape(verdicts[0].exercise) if verdicts else "no submissions"
    return _whole(title, f"<pre>{escape(str(summary))}</pre>{rows}")


def fragment(verdict: Verdict) -> str:
    """What stands between headings: for pages and notebooks."""
    colour = _COLOURS[verdict.state]
    parts = [
        f'<p><b style="color:{colour}">{escape(verdict.state.value)}</b>: {escape(score_words(verdict))}</p>'
    ]
    if verdict.message:
        parts.append(f"<p>{escape(verdict.message)}</p>")
    if verdict.checks:
        rows = "".join(map(_row, verdict.checks))
        parts.append(f"<table><tr><th>check</th><th>state</th><th>points</th><th></th></tr>{rows}</table>")
    return "".join(parts)


def _row(check: CheckVerdict) -> str:
    details = [_CODE.sub(r"<code>\1</code>", escape(check.says))]
    if check.message:
        details.append(f"<p><b>{escape(check.message)}</b></p>")
    if check.example.lines:
        details.append(f"<pre>{escape(chr(10).join(check.example.lines))}</pre>")
    if check.example.picture:
        details.append(f"<div>{check.example.picture}</div>")
    if check.example.replay:
        details.append(f"<p>See this run again: <code>{escape(check.example.replay)}</code></p>")
    if check.searched:
        told = "<br>".join(escape(each.words()) for each in check.searched)
        details.append(f"<p><small>{told}</small></p>")
    colour = _COLOURS[check.state]
    return (
        f'<tr><td>{escape(check.name)}</td><td style="color:{colour}">{escape(check.state.value)}</td>'
        f"<td>{check.points:g}/{check.max:g}</td><td>{''.join(details)}</td></tr>"
    )
