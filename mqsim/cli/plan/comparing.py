"""`plan what-if`, `sweep` and `sensitivity`: what a change does."""

from __future__ import annotations

from typing import Annotated

import typer

from mqsim.cli.plan.answers import ask
from mqsim.cli.plan.options import (
    AsWritten,
    Load,
    Measures,
    Of,
    Prefetch,
    Running,
    Showing,
    Simulate,
    Targets,
    Vary,
)


def what_if(
    scenario: Of = None,
    kill: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME@T[:DOWN]", help="It dies: packer-2@600:300.", show_default=False),
    ] = None,
    slow: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME*X@T[:FOR]", help="Its work takes X times as long.", show_default=False),
    ] = None,
    burst: Annotated[
        list[str] | None,
        typer.Option(metavar="xN@T:FOR", help="N times as many messages: x2@600:120.", show_default=False),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH=VALUE", help="A field is otherwise in the second future.", show_default=False
        ),
    ] = None,
    measure: Measures = None,
    target: Targets = None,
    prefetch: Prefetch = None,
    *,
    load: Load,
    running: Running,
    showing: Showing,
) -> None:
    """Compare two futures, with the same messages and the same luck in both.

    A target is judged in the second.
    """
    from mqsim import planning

    options = {
        "kill": kill or (),
        "slow": slow or (),
        "burst": burst or (),
        "change": change or (),
        "measure": measure or (),
        "target": target or (),
    }
    ask(planning.what_if, scenario, load.given(prefetch=prefetch) | options, running, showing)


def sweep(
    scenario: Of = None,
    vary: Vary = None,
    measure: Measures = None,
    one_at_a_time: Annotated[
        bool, typer.Option("--one-at-a-time", help="Turn each knob by itself, in place of a grid.")
    ] = False,
    simulate: Simulate = False,
    as_written: AsWritten = False,
    prefetch: Prefetch = None,
    *,
    load: Load,
    running: Running,
    showing: Showing,
) -> None:
    """Try every setting of a grid: a table with intervals, and a figure with bands.

    The budget is for each setting.
    """
    from mqsim import planning

    options = {
        "vary": vary or (),
        "measure": measure or (),
        "one_at_a_time": one_at_a_time,
        "simulate": simulate,
        "as_written": as_written,
    }
    ask(planning.sweep, scenario, load.given(prefetch=prefetch) | options, running, showing, "settings")


def sensitivity(
    scenario: Of = None,
    measure: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What is looked at: orders.sojourn.p99.", show_default=False),
    ] = None,
    by: Annotated[str, typer.Option(metavar="SHARE", help="How much each input changes.")] = "10%",
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="PATH", help="An input: network.latency.", show_default=False),
    ] = None,
    simulate: Simulate = False,
    prefetch: Prefetch = None,
    *,
    load: Load,
    running: Running,
    showing: Showing,
) -> None:
    """Rank the inputs by what a small change of each does."""
    from mqsim import planning

    options = {"measure": measure, "by": by, "inputs": inputs or (), "simulate": simulate}
    ask(planning.sensitivity, scenario, load.given(prefetch=prefetch) | options, running, showing)
