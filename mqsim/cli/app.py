"""The commands and their options; each hands over to a module of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="mqsim",
    help="Teach, try and plan message queues: producers, a broker with RabbitMQ's rules, consumers, faults.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from mqsim import __version__

        typer.echo(f"mqsim {__version__}")
        raise typer.Exit


@app.callback()
def _everywhere(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def run(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|PRESET",
            help="A scenario file (YAML) or a preset; none lists them.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Another seed than the scenario's.", show_default=False),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Change a field, as in consumers.worker.count=3.",
            show_default=False,
        ),
    ] = None,
    replications: Annotated[
        int, typer.Option(min=1, metavar="R", help="Run R times on random numbers of their own; give means.")
    ] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON and nothing else.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write one HTML page about the run.", show_default=False),
    ] = None,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Print what happened, message by message.")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Save the tables as CSV in DIR, or in one file NAME.jsonl.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run a scenario and tell what came of it."""
    from mqsim.cli.run import Request, run_scenario

    run_scenario(Request(scenario, seed, changes or [], replications, as_json, report, timeline, save))


@app.command()
def schema() -> None:
    """Print the JSON schema of a scenario file, for editors and checkers."""
    import json

    from mqsim.scenario import schema as of_scenario

    typer.echo(json.dumps(of_scenario(), indent=2))


@app.command()
def demo(
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Write a page about the last step, such as mqsim-demo.html.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Tell a story in five steps: three tasks, one worker, three workers, and a worker that dies."""
    from mqsim.cli.demo import tell

    tell(report)


@app.command()
def broker(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 is any that is free.")] = 5672,
    profile: Annotated[str, typer.Option(metavar="V", help="Whose rules apply: 3.10, 4.0 or 4.3.")] = "4.3",
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep what is durable in this file.", show_default=False),
    ] = None,
    definitions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Declare what a RabbitMQ definitions file says.", show_default=False
        ),
    ] = None,
) -> None:
    """Run the broker on a TCP port, for teaching: AMQP 0-9-1 clients such as pika connect to it."""
    from mqsim.server import serve

    serve(host, port, profile=profile, data=data, definitions=definitions)
