"""`plan calibrate` and `perf-test`: the simulation beside a real RabbitMQ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mqsim.cli.plan.answers import show
from mqsim.cli.plan.options import Load, Of, Prefetch, ScenarioOut, Seed, Showing
from mqsim.cli.progress import progress_bar


def calibrate(
    scenario: Of = None,
    amqp: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="HOST:PORT, or amqp://USER:PASSWORD@HOST:PORT/VHOST."),
    ] = "127.0.0.1:5672",
    play_for: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="TIME",
            help="How long producers send (the scenario's duration, at most 1min).",
            show_default=False,
        ),
    ] = None,
    out: ScenarioOut = None,
    prefetch: Prefetch = None,
    seed: Seed = None,
    *,
    load: Load,
    showing: Showing,
) -> None:
    """Play a load on a real RabbitMQ, and show simulated beside measured.

    It is a load test: use a RabbitMQ that you may load. Queues get names of their own and are removed.
    """
    from mqsim import planning

    with progress_bar("playing for real", "messages") as tell:
        answer = planning.calibrate(
            amqp=amqp,
            scenario=scenario,
            play_for=play_for,
            out=out,
            seed=seed,
            progress=tell,
            **load.given(prefetch=prefetch),
        )
    show(answer, showing)


def perf_test(
    scenario: Of = None,
    read: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What PerfTest printed, or its CSV or JSON file.", show_default=False
        ),
    ] = None,
    prefetch: Prefetch = None,
    seed: Seed = None,
    *,
    load: Load,
    showing: Showing,
) -> None:
    """Print the PerfTest command for a load, or compare what PerfTest measured with the simulation."""
    from mqsim import planning

    answer = planning.perf_test(scenario=scenario, read=read, seed=seed, **load.given(prefetch=prefetch))
    show(answer, showing)
