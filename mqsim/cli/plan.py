"""`mqsim plan`: questions about capacity, each answered in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

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
Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE.html", help="Write one HTML page.", show_default=False),
]
BudgetOption = Annotated[
    str, typer.Option("--budget", metavar="N", help="Messages to simulate at most: 500k, 20M.")
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", min=1, metavar="N", help="Processes (one a processor).", show_default=False),
]


@dataclass(frozen=True)
class Showing:
    """How an answer is shown: as JSON, and what is saved."""

    as_json: bool
    figure: Path | None
    table: Path | None
    report: Path | None


def flags(
    rate: str | None,
    work: str | None,
    workers: str | None,
    prefetch: str | None,
    law: str | None,
    cv: float | None,
    latency: str | None,
    arrivals: str | None,
    queue_limit: str | None,
    duration: str | None,
    changes: list[str] | None,
) -> dict[str, Any]:
    """The flags that describe a load, without those that were left out."""
    given = {
        "rate": rate,
        "work": work,
        "workers": workers,
        "prefetch": prefetch,
        "law": law,
        "cv": cv,
        "latency": latency,
        "arrivals": arrivals,
        "queue_limit": queue_limit,
        "duration": duration,
        "set_": changes or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def ask(
    question: Callable[..., Answer],
    scenario: str | None,
    options: dict[str, Any],
    seed: int | None,
    budget: str,
    jobs: int | None,
    showing: Showing,
) -> None:
    """Put a question and show its answer."""
    from mqsim.planning.processors import progress
    from mqsim.planning.quantities import positive

    messages = positive(budget, "count", "--budget")
    with progress("simulating") as bar:
        answer = question(scenario=scenario, seed=seed, budget=messages, jobs=jobs, progress=bar, **options)
    show(answer, showing)


def show(answer: Answer, showing: Showing) -> None:
    """Print an answer, save what was asked for, and end with its exit status."""
    if showing.figure is not None:
        save_figure(answer, showing.figure)
    if showing.report is not None:
        from mqsim.planning.page import page
        from mqsim.report import writable_target

        writable_target(showing.report).write_text(page(answer), encoding="utf-8")
    if showing.table is not None:
        answer.table.to_csv(showing.table, index=False)
    if showing.as_json:
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
    from mqsim.viz.figure import figure_of

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
    highest: Annotated[
        bool, typer.Option("--highest", help="The highest value instead, as of a rate.")
    ] = False,
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
    report: Report = None,
) -> None:
    """The smallest value of one knob, or the cheapest of several, that meets targets.

    Exit status: 0 met, 1 not met, 2 bad input, 3 unsure.
    """
    from mqsim import planning
    from mqsim.planning.quantities import positive

    load = flags(rate, work, workers, prefetch, law, cv, latency, arrivals, queue_limit, duration, changes)
    options = {
        "vary": vary or (),
        "target": target or (),
        "cost_of": cost or (),
        "highest": highest,
        "simulate": simulate,
        "as_written": as_written,
        "precision": 0.0 if precision is None else positive(precision, "share", "--precision"),
    }
    ask(planning.size, scenario, load | options, seed, budget, jobs, Showing(as_json, figure, table, report))


Measures = Annotated[
    list[str] | None,
    typer.Option(
        "--measure", metavar="NAME", help="What is measured: orders.sojourn.p99.", show_default=False
    ),
]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATH=LO..HI[:STEP]|A,B,C",
        help="What may be turned: consumers.packer.count=1..8.",
        show_default=False,
    ),
]


@plan.command(name="what-if")
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
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="TARGET", help="What must hold in the second future.", show_default=False),
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
    budget: BudgetOption = "4M",
    jobs: Jobs = None,
    as_json: Json = False,
    figure: Figure = None,
    table: Table = None,
    report: Report = None,
) -> None:
    """Compare two futures, with the same messages and the same luck in both."""
    from mqsim import planning

    load = flags(rate, work, workers, prefetch, law, cv, latency, arrivals, queue_limit, duration, changes)
    options = {
        "kill": kill or (),
        "slow": slow or (),
        "burst": burst or (),
        "change": change or (),
        "measure": measure or (),
        "target": target or (),
    }
    ask(
        planning.what_if,
        scenario,
        load | options,
        seed,
        budget,
        jobs,
        Showing(as_json, figure, table, report),
    )


@plan.command()
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
    budget: BudgetOption = "4M",
    jobs: Jobs = None,
    as_json: Json = False,
    figure: Figure = None,
    table: Table = None,
    report: Report = None,
) -> None:
    """How long until a backlog is gone, or how many workers make it go in time."""
    from mqsim import planning

    load = flags(rate, work, workers, prefetch, law, cv, latency, arrivals, queue_limit, duration, changes)
    options = {"backlog": backlog, "queue": queue, "within": within, "vary": vary or ()}
    ask(planning.drain, scenario, load | options, seed, budget, jobs, Showing(as_json, figure, table, report))


@plan.command()
def prefetch(
    scenario: Of = None,
    group: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose prefetch.", show_default=False)
    ] = None,
    values: Annotated[
        str | None,
        typer.Option(metavar="1..20|A,B,C", help="What is tried (1 to 250).", show_default=False),
    ] = None,
    rate: Rate = None,
    work: Work = None,
    workers: Workers = None,
    law: TheLaw = None,
    cv: Cv = None,
    latency: Latency = None,
    arrivals: Arrivals = None,
    queue_limit: Limit = None,
    duration: Duration = None,
    changes: Changes = None,
    seed: Seed = None,
    budget: BudgetOption = "4M",
    jobs: Jobs = None,
    as_json: Json = False,
    figure: Figure = None,
    table: Table = None,
    report: Report = None,
) -> None:
    """The smallest prefetch with which messages are done as fast as with any other."""
    from mqsim import planning

    load = flags(rate, work, workers, None, law, cv, latency, arrivals, queue_limit, duration, changes)
    options = {"group": group, "values": values}
    ask(
        planning.prefetch,
        scenario,
        load | options,
        seed,
        budget,
        jobs,
        Showing(as_json, figure, table, report),
    )


@plan.command()
def sweep(
    scenario: Of = None,
    vary: Vary = None,
    measure: Measures = None,
    one_at_a_time: Annotated[
        bool, typer.Option("--one-at-a-time", help="Turn each knob by itself, in place of a grid.")
    ] = False,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep what is finished here, and go on from it.", show_default=False
        ),
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Simulate also where a formula is exact.")
    ] = False,
    as_written: Annotated[
        bool, typer.Option("--as-written", help="Keep the scenario's own duration.")
    ] = False,
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
    budget: BudgetOption = "4M",
    jobs: Jobs = None,
    as_json: Json = False,
    figure: Figure = None,
    table: Table = None,
    report: Report = None,
) -> None:
    """Try every setting of a grid: a table with intervals, and a figure with bands."""
    from mqsim import planning

    load = flags(rate, work, workers, prefetch, law, cv, latency, arrivals, queue_limit, duration, changes)
    options = {
        "vary": vary or (),
        "measure": measure or (),
        "one_at_a_time": one_at_a_time,
        "resume": resume,
        "simulate": simulate,
        "as_written": as_written,
    }
    ask(planning.sweep, scenario, load | options, seed, budget, jobs, Showing(as_json, figure, table, report))


@plan.command()
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
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Simulate also where a formula is exact.")
    ] = False,
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
    budget: BudgetOption = "4M",
    jobs: Jobs = None,
    as_json: Json = False,
    figure: Figure = None,
    table: Table = None,
    report: Report = None,
) -> None:
    """Rank the inputs by what a small change of each does."""
    from mqsim import planning

    load = flags(rate, work, workers, prefetch, law, cv, latency, arrivals, queue_limit, duration, changes)
    options = {"measure": measure, "by": by, "inputs": inputs or (), "simulate": simulate}
    ask(
        planning.sensitivity,
        scenario,
        load | options,
        seed,
        budget,
        jobs,
        Showing(as_json, figure, table, report),
    )


@plan.command(name="from-log")
def from_log(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Parquet, JSON lines or a log.")],
    time: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of times.", show_default=False)
    ] = None,
    work: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="A column of durations.", show_default=False)
    ] = None,
    count: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Counts an interval.", show_default=False)
    ] = None,
    rate_column: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Rates (per second) an interval.", show_default=False)
    ] = None,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="Length of an interval: 1min.", show_default=False)
    ] = None,
    unit: Annotated[str, typer.Option(metavar="s|ms|us|ns", help="Of times that are numbers.")] = "auto",
    work_unit: Annotated[str, typer.Option(metavar="s|ms|us|ns", help="Of durations.")] = "s",
    zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Of times that name none (UTC).", show_default=False)
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="Of times, as strptime has it.", show_default=False),
    ] = None,
    how: Annotated[
        str, typer.Option(metavar="replay|spread|fit|auto", help="What becomes of the times.")
    ] = "auto",
    scale: Annotated[float, typer.Option(metavar="X", help="2 is twice the rate.")] = 1.0,
    sort: Annotated[bool, typer.Option("--sort", help="Put times in order.")] = False,
    work_mean: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Mean work where no column has it.", show_default=False),
    ] = None,
    workers: Annotated[str, typer.Option(metavar="N|N..M", help="Workers; a range is tried.")] = "1",
    prefetch: Annotated[int, typer.Option(min=0, metavar="N", help="Of each worker.")] = 1,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="TARGET", help="Then size it: 'p99 < 1s'.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.yaml", help="Write the scenario.", show_default=False),
    ] = None,
    seed: Seed = None,
    budget: BudgetOption = "4M",
    jobs: Jobs = None,
    as_json: Json = False,
    figure: Figure = None,
    table: Table = None,
    report: Report = None,
) -> None:
    """Read a log, say what it holds, make a scenario of it and, with a target, size that."""
    from mqsim import planning
    from mqsim.planning.quantities import positive

    sizing = {"budget": positive(budget, "count", "--budget"), "jobs": jobs} if target else {}
    answer = planning.from_log(
        file,
        time=time,
        work=work,
        count=count,
        rate_column=rate_column,
        every=every,
        unit=unit,
        work_unit=work_unit,
        zone=zone,
        form=form,
        how=how,
        scale=scale,
        sort=sort,
        work_mean=work_mean,
        workers=workers,
        prefetch=prefetch,
        target=target or (),
        out=out,
        seed=seed or 0,
        **sizing,
    )
    show(answer, Showing(as_json, figure, table, report))


@plan.command(name="from-definitions")
def from_definitions(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Definitions, as RabbitMQ exports them.")],
    vhost: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose queues (/).", show_default=False)
    ] = None,
    profile: Annotated[str, typer.Option(metavar="V", help="Whose rules apply: 3.10, 4.0 or 4.3.")] = "4.3",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.yaml", help="Write the scenario.", show_default=False),
    ] = None,
    account: Annotated[bool, typer.Option("--account", help="Print what became of every key.")] = False,
    as_json: Json = False,
    table: Table = None,
    report: Report = None,
) -> None:
    """Read a definitions file: a scenario's broker, and an account of every key."""
    from mqsim import planning

    answer = planning.from_definitions(file, vhost=vhost, profile=profile, out=out)
    if account and not as_json:
        for row in answer.rows:
            why = f": {row['why']}" if row["why"] else ""
            typer.echo(f"{row['state']:12}  {row['where']} {row['key']}{why}")
    show(answer, Showing(as_json, None, table, report))


@plan.command(name="to-definitions")
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


@plan.command()
def questions(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[N|WORDS]", help="A number, or words to find.", show_default=False),
    ] = None,
    run: Annotated[bool, typer.Option("--run", help="Ask the only question that fits.")] = False,
) -> None:
    """List twenty questions, each with the command that answers it."""
    import shlex

    from mqsim.errors import UsageError
    from mqsim.planning.questions import find

    found = find(" ".join(words or ()))
    if run:
        if len(found) != 1:
            raise UsageError(f"questions --run: {len(found)} questions fit; give the number of one.")
        typer.echo(f"mqsim {found[0].command}")
        command = typer.main.get_command(plan)
        with command.make_context("mqsim plan", shlex.split(found[0].command)[1:]) as context:
            command.invoke(context)
    for one in found:
        typer.echo(f"{one.number:2}  {one.asks}")
        if len(found) <= 3:
            typer.echo(f"    mqsim {one.command}\n    {one.mind}")
    if len(found) > 3:
        typer.echo("`mqsim plan questions N` shows the command; add --run to ask it.")
