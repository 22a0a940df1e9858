"""An answer as one HTML page: question, answer, confidence, assumptions, figure, table, what is left out.

Its last part is the STRESS-DES checklist (T. Monks and others, Strengthening the reporting of empirical
simulation studies, Journal of Simulation 13, 2019): what a reader needs to judge a study and to repeat it.
"""

from __future__ import annotations

import platform
from html import escape
from typing import TYPE_CHECKING

from mqsim import __version__
from mqsim.viz.css import page_variables
from mqsim.viz.notebook import html_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.planning.answer import Answer
    from mqsim.scenario import Scenario

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: var(--ink); background: var(--paper); }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
blockquote { margin: 1rem 0; padding: .3rem 1rem; border-left: 4px solid var(--blue); font-size: 1.15rem; }
table { border-collapse: collapse; font-size: .85rem; display: block; overflow-x: auto; }
td, th { padding: .25rem .6rem; border-bottom: 1px solid var(--down); text-align: right;
         vertical-align: top; }
thead th { white-space: nowrap; } tbody td { min-width: 6rem; }
table.list td, table.list th { text-align: left; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; }
img { max-width: 100%; height: auto; } .dark { display: none; }
@media (prefers-color-scheme: dark) { .light { display: none; } .dark { display: block; } }
"""
_LONGEST = 5000
_NEVER = (
    "Users and their permissions, plugins and streams.",
    "The machines: processors shared with other programs, garbage collection, the disk's own queue.",
    "Handshakes of connections, TCP's windows, and the frames around a message's body.",
)
"""What no scenario can say; docs/simplified.md has the whole list."""


def page(answer: Answer) -> str:
    """The page, which needs no other file.

    Args:
        answer: what is told.
    """
    table = (
        answer.table.to_html(index=False, na_rep="", border=0, float_format="{:.4g}".format)
        if answer.rows
        else ""
    )
    parts = (
        f"<h1>{escape(answer.question)}</h1><blockquote>{escape(answer.sentence)}</blockquote>",
        f"<h2>How sure it is</h2><p>{escape(_sure(answer))}</p>",
        f"<h2>Assumptions, and how it was found</h2>{_list(answer.notes)}",
        _figure(answer),
        f"<h2>Numbers</h2>{table}<p>Times are in seconds, rates in messages a second.</p>" if table else "",
        f"<h2>Not modelled</h2>{_list([*left_out(answer.scenario), *_NEVER])}",
        _checklist(answer),
        f"<h2>Ask again</h2><pre>{escape(answer.command)}\n\nimport mqsim as mq\n{escape(answer.code)}</pre>",
        f"<h2>Scenario</h2><pre>{escape(_scenario(answer.scenario))}</pre>",
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(answer.question)}</title><style>{page_variables()}{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _list(texts: list[str] | tuple[str, ...]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def _figure(answer: Answer) -> str:
    """On light and on dark paper; the page shows the one that fits the reader's screen."""
    if answer.drawing is None or not answer.rows:
        return ""
    both = (f'<div class="{theme}">{html_of(answer.figure(theme))}</div>' for theme in ("light", "dark"))
    return f"<h2>Figure</h2>{''.join(both)}"


def _sure(answer: Answer) -> str:
    """The state of the answer, and what decides it."""
    words = {
        "met": "What was asked for is met.",
        "not met": "What was asked for is not met.",
        "unsure": "Unsure: what was run does not decide it.",
    }
    return (
        f"{words[answer.state]} Where a formula is exact there is no interval. Simulated values have 95 % "
        "intervals. A target counts as met or missed only where a 99 % interval lies on one side of it."
    )


def left_out(scenario: Scenario) -> Iterator[str]:
    """What a scenario leaves at nothing, though a real system has it, in sentences."""
    costs, broker = scenario.broker.costs, scenario.broker
    if scenario.network.latency == 0.0 and not scenario.network.links:
        yield "The network takes no time (network.latency is 0)."
    free = [name for name in ("publish", "deliver", "sync") if getattr(costs, name).mean == 0.0]
    if free:
        yield f"The broker takes no time of its own for: {', '.join(free)} (broker.costs)."
    if not scenario.faults:
        yield "Nothing fails: no crash, no restart, no partition, no slow worker (faults)."
    if broker.memory.limit is None:
        yield "The broker's memory never fills (broker.memory.limit)."
    if broker.nodes == 1:
        yield "There is one broker, not a cluster (broker.nodes)."
    if not any(group.autoscale for group in scenario.consumers.values()):
        yield "The number of workers never changes by itself (autoscale)."
    if all(group.fails is None for group in scenario.consumers.values()):
        yield "Work never fails (fails, poison)."


def _checklist(answer: Answer) -> str:
    """The parts of STRESS-DES, each with what this study says of it."""
    scenario = answer.scenario
    producers = ", ".join(f"{spec.count} {name}" for name, spec in scenario.producers.items()) or "none"
    consumers = ", ".join(f"{spec.count} {name}" for name, spec in scenario.consumers.items()) or "none"
    warm = "none" if scenario.warmup == 0 else str(scenario.warmup)
    rows = (
        ("1. Objectives", f"{answer.question} Measures and targets are the columns of the numbers above."),
        (
            "2. Logic",
            f"Queues {', '.join(scenario.broker.queues) or 'none'}, by the rules of RabbitMQ "
            f"{scenario.broker.profile}. Each consumer works on messages in the order in which it gets them.",
        ),
        ("2. Components", f"Producers: {producers}. Consumers: {consumers}. Faults: {len(scenario.faults)}."),
        (
            "3. Data",
            "Rates, laws and counts stand in the scenario below; what was not said is assumed, see above.",
        ),
        ("3. Initial state", "Queues are empty, unless the scenario fills them (ready)."),
        (
            "4. Experimentation",
            f"Warm-up, length and number of runs: see above; the scenario's own warm-up is {warm}. Runs are "
            "independent. Run k of each setting has the same random numbers, so settings are compared alike.",
        ),
        ("5. Random numbers", f"Philox, one stream for each actor and purpose, from seed {scenario.seed}."),
        (
            "5. Software",
            f"mqsim {__version__}, a discrete-event simulation on SimPy, with formulas of queueing theory; "
            f"Python {platform.python_version()} on {platform.system()}.",
        ),
        (
            "6. Access",
            "The command, the code and the scenario below repeat it, on any machine, to the last digit.",
        ),
    )
    lines = "".join(f"<tr><th>{escape(what)}</th><td>{escape(says)}</td></tr>" for what, says in rows)
    return f'<h2>Checklist (STRESS-DES)</h2><table class="list">{lines}</table>'


def _scenario(scenario: Scenario) -> str:
    written = scenario.to_yaml()
    if len(written) <= _LONGEST:
        return written
    return f"{written[:_LONGEST]}\n... ({len(written):,} signs; --out or `to_yaml` writes them all)"
