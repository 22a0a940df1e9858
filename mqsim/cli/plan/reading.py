"""`plan from-log`, `backtest`, `from-definitions` and `to-definitions`: files of others read, and written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mqsim.cli.plan.answers import show
from mqsim.cli.plan.options import Running, ScenarioOut, Showing, Targets
from mqsim.cli.progress import progress_bar

_FILE = "What the log holds"
LogFile = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Parquet, JSON lines or a log; also .gz.")]
Workers = Annotated[str, typer.Option(metavar="N|N..M", help="Workers; a range is tried.")]
Prefetch = Annotated[int, typer.Option(min=0, metavar="N", help="Of each worker.")]


@dataclass(frozen=True)
class Log:
    """What the columns of a log are."""

    time: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="The column of times.", show_default=False, rich_help_panel=_FILE
        ),
    ] = None
    work: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="A column of durations.", show_default=False, rich_help_panel=_FILE
        ),
    ] = None
    count: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Counts an interval.", show_default=False, rich_help_panel=_FILE),
    ] = None
    rate_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Rates (per second) an interval.",
            show_default=False,
            rich_help_panel=_FILE,
        ),
    ] = None
    every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Length of an interval: 1min.", show_default=False, rich_help_panel=_FILE
        ),
    ] = None
    unit: Annotated[
        str, typer.Option(metavar="s|ms|us|ns", help="Of times that are numbers.", rich_help_panel=_FILE)
    ] = "auto"
    work_unit: Annotated[
        str, typer.Option(metavar="s|ms|us|ns", help="Of durations.", rich_help_panel=_FILE)
    ] = "s"
    zone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="Of times that name none (UTC).",
            show_default=False,
            rich_help_panel=_FILE,
        ),
    ] = None
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Of times, as strptime has it.",
            show_default=False,
            rich_help_panel=_FILE,
        ),
    ] = None
    sort: Annotated[bool, typer.Option("--sort", help="Put times in order.", rich_help_panel=_FILE)] = False
    work_mean: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Mean work where no column has it.",
            show_default=False,
            rich_help_panel=_FILE,
        ),
    ] = None


def from_log(
    file: LogFile,
    how: Annotated[
        str, typer.Option(metavar="replay|spread|fit|auto", help="What becomes of the times.")
    ] = "auto",
    scale: Annotated[float, typer.Option(metavar="X", help="2 is twice the rate.")] = 1.0,
    workers: Workers = "1",
    prefetch: Prefetch = 1,
    target: Targets = None,
    out: ScenarioOut = None,
    *,
    log: Log,
    running: Running,
    showing: Showing,
) -> None:
    """Read a log, say what it holds, make a scenario of it and, with a target, size that."""
    from mqsim import planning

    with progress_bar("simulating", "messages") as tell:
        answer = planning.from_log(
            file,
            how=how,
            scale=scale,
            workers=workers,
            prefetch=prefetch,
            target=target or (),
            out=out,
            seed=running.seed or 0,
            **asdict(log),
            **(_sizing(running, tell) if target else {}),
        )
    show(answer, showing)


def backtest(
    file: LogFile,
    share: Annotated[
        str, typer.Option(metavar="SHARE", help="How much of the log the prediction is made from.")
    ] = "50%",
    workers: Workers = "1",
    prefetch: Prefetch = 1,
    target: Targets = None,
    *,
    log: Log,
    running: Running,
    showing: Showing,
) -> None:
    """Predict a log's second half from its first, and show the error before any advice."""
    from mqsim import planning

    with progress_bar("simulating", "messages") as tell:
        answer = planning.backtest(
            file,
            share=share,
            workers=workers,
            prefetch=prefetch,
            target=target or (),
            seed=running.seed or 0,
            **asdict(log),
            **_sizing(running, tell),
        )
    show(answer, showing)


def _sizing(running: Running, tell: Any) -> dict[str, Any]:
    from mqsim.planning.units import positive

    return {
        "budget": positive(running.budget, "count", "--budget"),
        "jobs": running.jobs,
        "dask": running.dask,
        "resume": running.resume,
        "engine": running.engine,
        "progress": tell,
    }


def from_definitions(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Definitions, as RabbitMQ exports them.")],
    vhost: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose queues (/).", show_default=False)
    ] = None,
    profile: Annotated[str, typer.Option(metavar="V", help="Whose rules apply: 3.10, 4.0 or 4.3.")] = "4.3",
    out: ScenarioOut = None,
    account: Annotated[bool, typer.Option("--account", help="Print what became of every key.")] = False,
    *,
    showing: Showing,
) -> None:
    """Read a definitions file: a scenario's broker, and an account of every key."""
    from mqsim import planning

    answer = planning.from_definitions(file, vhost=vhost, profile=profile, out=out)
    if account and not showing.as_json:
        for row in answer.rows:
            why = f": {row['why']}" if row["why"] else ""
            typer.echo(f"{row['state']:12}  {row['where']} {row['key']}{why}")
    show(answer, showing)


def to_definitions(
    scenario: Annotated[str, typer.Argument(metavar="FILE|PRESET", help="A scenario.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Write it there instead of printing it.", show_default=False),
    ] = None,
) -> None:
    """Write a scenario's queues, exchanges and bindings as a definitions file for RabbitMQ."""
    import json

    from mqsim import planning

    data = planning.to_definitions(scenario=scenario, out=out)
    typer.echo(json.dumps(data, indent=2) if out is None else f"Wrote the definitions: {out}")
