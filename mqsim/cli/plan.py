"""`mqsim plan`: questions about capacity, each answered in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mqsim.planning import Answer

plan = typer.Typer(
    name="plan",
    help="How many workers, which prefetch, how long to drain, what if one dies: answers in a sentence.",
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Of = Annotated[
    str | None,
    typer.Argument(
        metavar="[FILE|PRESET]",
        help="A scenario; or else --rate and --work.",
        show_default=False,
    ),
]
Rate = Annotated[
    str | None, typer.Option(metavar="RATE", help="Messages that come: 250/s, 15k/min.", show_default=False)
]
Work = Annotated[
    str | None, typer.Option(metavar="TIME", help="Mean work of a message: 40ms.", show_default=False)
]
Workers = Annotated[
    str | None, typer.Option(metavar="N|N..M", help="Workers; a range is tried.", show_default=False)
]
Prefetch = Annotated[
    str | None,
    typer.Option(
        metavar="N|N..M",
        help="Unacknowledged messages a worker may hold (1; 0: unlimited).",
        show_default=False,
    ),
]
TheLaw = Annotated[
    str | None,
    typer.Option(
        "--law",
        metavar="LAW",
        help="Of the work: exponential, constant, gamma, lognormal ...",
        show_default=False,
    ),
]
Cv = Annotated[
    float | None,
    typer.Option(
        "--cv", metavar="X", help="Variation of the work: 0 constant, 1 exponential.", show_default=False
    ),
]
Latency = Annotated[
    str | None, typer.Option(metavar="TIME", help="One way to the broker: 2ms.", show_default=False)
]
Arrivals = Annotated[
    str | None, typer.Option(metavar="poisson|every", help="How messages come (poisson).", show_default=False)
]
Limit = Annotated[
    str | None,
    typer.Option(
        "--queue-limit", metavar="N|N..M", help="Most waiting messages; more are refused.", show_default=False
    ),
]
Duration = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Of a run, with --as-written (1h).", show_default=False),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a field first.", show_default=False),
]
Seed = Annotated[int | None, typer.Option(min=0, metavar="N", help="Seed of all chance.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Figure = Annotated[
    Path | None,
    typer.Option("--figure", metavar="FILE.png", help="Save the figure.", show_default=False),
]
Table = Annotated[
    Path | None, typer.Option("--table", metavar="FILE.csv", help="Save the table.", show_default=False)
]
BudgetOption = Annotated[
    str, typer.Option("--budget", metavar="N", help="Messages to simulate at most: 500k, 20M.")
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", min=1, metavar="N", help="Processes (one a processor).", show_default=False),
]


def flags(**given: Any) -> dict[str, Any]:
    """The flags that describe a load, without those that were left out."""
    return {name: value for name, value in given.items() if value is not None}


def tell(answer: Answer, as_json: bool, figure: Path | None, table: Path | None) -> None:
    """Print an answer, save what was asked for, and end with its exit status."""
    if figure is not None:
        save_figure(answer, figure)
    if table is not None:
        answer.table.to_csv(table, index=False)
    if as_json:
        typer.echo(answer.to_json())
    else:
        typer.echo(answer.sentence)
        for note in answer.notes:
            typer.echo(f"  {note}")
        typer.echo(f"  Again: {answer.command}")
        typer.echo(f"  In Python: {answer.code}")
    raise typer.Exit(answer.status)


def save_figure(answer: Answer, path: Path) -> None:
    """Write the figure of an answer as PNG, SVG or PDF."""
    from mqsim.errors import UsageError
    from mqsim.viz.palette import figure_of

    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(f"--figure {path}: write a name that ends in .png, .svg or .pdf.")
    figure_of(answer.figure()).savefig(path, dpi=150)


@plan.command()
def size(
    scenario: Of = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH=LO..HI[:STEP]|A,B,C",
            help="What may be turned: consumers.packer.count=1..40.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TARGET",
            help="What must hold: 'p99 < 1s', 'share within 2s >= 99%', 'lost == 0'.",
            show_default=False,
        ),
    ] = None,
    cost: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SUM",
            help="Price of several knobs: 'consumers.packer.count*1 + ...'.",
            show_default=False,
        ),
    ] = None,
    rate: Rate = None,
    work: Work = None,
    workers: Workers = None,
    prefetch: Prefetch = None,
    law: TheLaw = None,
    cv: Cv = None,
    latency: Latency = None,
    arrivals: Arrivals = None,
    queue_limit: Limit = None,
    duration: Duration = None,
    changes: Changes = None,
    seed: Seed = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Simulate also where a formula is exact.")
    ] = False,
    as_written: Annotated[
        bool, typer.Option("--as-written", help="Keep the scenario's own duration; no steady state.")
    ] = False,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Narrow intervals to this share of the value: 2%.", show_default=False
        ),
    ] = None,
    budget: BudgetOption = "4M",
    jobs: Jobs = None,
    as_json: Json = False,
    figure: Figure = None,
    table: Table = None,
) -> None:
    """The smallest value of one knob, or the cheapest of several, that meets targets.

    Exit status: 0 met, 1 not met, 2 bad input, 3 unsure.
    """
    from mqsim.planning import size as ask
    from mqsim.planning.processors import progress
    from mqsim.planning.quantities import positive

    with progress("simulating") as shown:
        answer = ask(
            scenario=scenario,
            vary=vary or (),
            target=target or (),
            cost_of=cost or (),
            seed=seed,
            simulate=simulate,
            as_written=as_written,
            precision=0.0 if precision is None else positive(precision, "share", "--precision"),
            budget=positive(budget, "count", "--budget"),
            jobs=jobs,
            progress=shown,
            **flags(
                rate=rate,
                work=work,
                workers=workers,
                prefetch=prefetch,
                law=law,
                cv=cv,
                latency=latency,
                arrivals=arrivals,
                queue_limit=queue_limit,
                duration=duration,
                set_=changes,
            ),
        )
    tell(answer, as_json, figure, table)
