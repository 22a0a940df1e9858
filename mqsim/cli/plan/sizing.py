"""`plan size`, `drain` and `prefetch`: which value is enough, and how long it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from mqsim.cli.plan.answers import ask
from mqsim.cli.plan.options import (
    AsWritten,
    Load,
    Of,
    Prefetch,
    Running,
    Showing,
    Simulate,
    Targets,
    Vary,
)


def size(
    scenario: Of = None,
    vary: Vary = None,
    target: Targets = None,
    cost: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SUM",
            help="Price of several knobs: 'consumers.packer.count*1 + ...'.",
            show_default=False,
        ),
    ] = None,
    highest: Annotated[
        bool, typer.Option("--highest", help="The highest value instead, as of a rate.")
    ] = False,
    simulate: Simulate = False,
    as_written: AsWritten = False,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Narrow intervals to this share of the value: 2%.", show_default=False
        ),
    ] = None,
    prefetch: Prefetch = None,
    *,
    load: Load,
    running: Running,
    showing: Showing,
) -> None:
    """The smallest value of one knob, or the cheapest of several, that meets targets.

    Exit status: 0 met, 1 not met, 2 bad input, 3 unsure.
    """
    from mqsim import planning
    from mqsim.planning.units import positive

    options = {
        "vary": vary or (),
        "target": target or (),
        "cost_of": cost or (),
        "highest": highest,
        "simulate": simulate,
        "as_written": as_written,
        "precision": 0.0 if precision is None else positive(precision, "share", "--precision"),
    }
    ask(planning.size, scenario, load.given(prefetch=prefetch) | options, running, showing)


def drain(
    scenario: Of = None,
    backlog: Annotated[str, typer.Option(metavar="N", help="Messages that wait at the start: 100k.")] = "1k",
    queue: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which queue holds them.", show_default=False)
    ] = None,
    within: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Find the least that drains it in time: 10min.", show_default=False
        ),
    ] = None,
    vary: Vary = None,
    prefetch: Prefetch = None,
    *,
    load: Load,
    running: Running,
    showing: Showing,
) -> None:
    """How long until a backlog is gone, or how many workers make it go in time."""
    from mqsim import planning

    options = {"backlog": backlog, "queue": queue, "within": within, "vary": vary or ()}
    ask(planning.drain, scenario, load.given(prefetch=prefetch) | options, running, showing)


def prefetch(
    scenario: Of = None,
    group: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose prefetch.", show_default=False)
    ] = None,
    values: Annotated[
        str | None,
        typer.Option(metavar="1..20|A,B,C", help="What is tried (1 to 250).", show_default=False),
    ] = None,
    *,
    load: Load,
    running: Running,
    showing: Showing,
) -> None:
    """The smallest prefetch with which messages are done as fast as with any other."""
    from mqsim import planning

    ask(planning.prefetch, scenario, load.given() | {"group": group, "values": values}, running, showing)
