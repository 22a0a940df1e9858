"""An answer as one HTML page: question, answer, assumptions, figure, table, and how it was found."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mqsim.viz.css import light_variables
from mqsim.viz.notebook import html_of

if TYPE_CHECKING:
    from mqsim.planning.answer import Answer

_STYLE = light_variables() + (
    "body{font:16px/1.5 var(--font);max-width:60rem;margin:2rem auto;padding:0 1rem;color:var(--ink);"
    "background:var(--paper)}table{border-collapse:collapse;font-size:.85rem;display:block;overflow-x:auto}"
    "td,th{padding:.2rem .6rem;border-bottom:1px solid var(--faint);text-align:right}"
    "pre{white-space:pre-wrap}"
    "blockquote{margin:1rem 0;padding:.2rem 1rem;border-left:4px solid var(--blue);font-size:1.15rem}"
)

_LONGEST = 5000


def page(answer: Answer) -> str:
    """The page, which needs no other file.

    Its last part follows the STRESS-DES checklist: what the model is, its data, how it was run, and how to
    run it again.

    Args:
        answer: what is told.
    """
    notes = "".join(f"<li>{escape(note)}</li>" for note in answer.notes)
    figure = "" if answer.drawing is None or not answer.rows else f"<h2>Figure</h2>{html_of(answer.figure())}"
    table = answer.table.to_html(index=False, na_rep="", float_format="{:.4g}".format) if answer.rows else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(answer.question)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(answer.question)}</h1>"
        f"<blockquote>{escape(answer.sentence)}</blockquote><p>The answer is: {escape(_sure(answer))}.</p>"
        f"<h2>Assumptions, and how it was found</h2><ul>{notes}</ul>{figure}<h2>Numbers</h2>{table}"
        f"{_checklist(answer)}</body></html>\n"
    )


def _sure(answer: Answer) -> str:
    words = {
        "met": "what was asked for is met",
        "not met": "what was asked for is not met",
        "unsure": "unsure, because the runs do not decide it",
    }
    return words[answer.state]


def _checklist(answer: Answer) -> str:
    """What STRESS-DES asks a report of a simulation to say (Monks and others, Journal of Simulation 2019)."""
    rows = (
        ("Purpose", answer.question),
        (
            "Model",
            f"{answer.scenario.name}: the scenario below, by the rules of RabbitMQ {_profile(answer)}.",
        ),
        ("Base data", "The rates, laws and counts in the scenario; what was not said is assumed, see above."),
        ("Initial state", "Empty queues, unless the scenario fills them; steady states leave a warm-up out."),
        (
            "Random numbers",
            f"Seed {answer.scenario.seed}; run k of each setting has the same random numbers.",
        ),
        ("Not modelled", "What the notes above say takes no time, and all that the scenario does not name."),
        ("Software", "mqsim, a discrete-event simulation on SimPy, with formulas of queueing theory."),
    )
    lines = "".join(f"<tr><th>{escape(what)}</th><td>{escape(says)}</td></tr>" for what, says in rows)
    again = f"<h2>Again</h2><pre>{escape(answer.command)}\n\n{escape(answer.code)}</pre>"
    written = answer.scenario.to_yaml()
    shown = written if len(written) <= _LONGEST else f"{written[:_LONGEST]}\n... ({len(written):,} signs)"
    scenario = f"<h2>Scenario</h2><pre>{escape(shown)}</pre>"
    return f"<h2>Checklist (STRESS-DES)</h2><table>{lines}</table>{again}{scenario}"


def _profile(answer: Answer) -> str:
    return answer.scenario.broker.profile
