"""The commands and their options; each hands over to a module of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mqsim.cli.plan import plan

app = typer.Typer(
    name="mqsim",
    help="Teach, try and plan message queues: producers, a broker with RabbitMQ's rules, consumers, faults.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.add_typer(plan)


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
    engine: Annotated[
        str,
        typer.Option(
            metavar="auto|simpy|compiled", help="What runs it; compiled is faster, and needs numba."
        ),
    ] = "auto",
) -> None:
    """Run a scenario and tell what came of it."""
    from mqsim.cli.run import RunRequest, run_scenario

    options = (changes or [], replications, as_json, report, timeline, save, engine)
    run_scenario(RunRequest(scenario, seed, *options))


@app.command()
def schema() -> None:
    """Print the JSON schema of a scenario file, for editors and checkers."""
    import json

    from mqsim.scenario import schema as of_scenario

    typer.echo(json.dumps(of_scenario(), indent=2))


@app.command()
def lab(
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where your copies of the notebooks are kept.")
    ] = Path("mqsim-notebooks"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port, on this machine only.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    allow_root: Annotated[
        bool, typer.Option("--allow-root", help="Run as root, as in a container.", show_default=False)
    ] = False,
) -> None:
    """Open the course notebooks in JupyterLab, as copies of your own."""
    from mqsim.cli.lab import open_lab

    open_lab(folder, port, browser, allow_root)


@app.command()
def lesson(
    number: Annotated[
        int | None,
        typer.Argument(metavar="N", help="The lesson's number; none lists them.", show_default=False),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Where its files go (lesson-N).", show_default=False),
    ] = None,
) -> None:
    """Copy the programs and scenarios of a lesson into a folder."""
    from mqsim.cli.lesson import copy_lesson

    copy_lesson(number, folder)


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
    folder: Annotated[
        Path | None,
        typer.Option(
            "--copy", metavar="DIR", help="Only copy the story's programs into a folder.", show_default=False
        ),
    ] = None,
) -> None:
    """Tell a story in four steps: three tasks, three workers, and one of them is killed; then with a fix.

    The steps run four real pika programs; --copy puts them into a folder, to change and to run.
    """
    from mqsim.cli import demo as story

    if folder is not None:
        names = story.copy(folder)
        typer.echo(f"{folder}: {', '.join(names)}." if names else f"{folder} has all the programs already.")
        return
    story.tell(report)


@app.command(name="exec")
def execute(
    programs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME[:COUNT]=FILE...",
            help="Programs, as in producer=producer.py worker:3=consumer.py.",
            show_default=False,
        ),
    ] = None,
    args: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME='WORDS'", help="What a program finds in sys.argv.", show_default=False),
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME@T", help="Start a program at T seconds.", show_default=False),
    ] = None,
    kill: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME@T", help="Kill a program, or the broker, at T seconds.", show_default=False
        ),
    ] = None,
    stop: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME@T", help="Press Ctrl-C in a program at T seconds.", show_default=False),
    ] = None,
    term: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME@T",
            help="Send a program SIGTERM at T seconds, and SIGKILL 10 s later.",
            show_default=False,
        ),
    ] = None,
    restart: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME@T", help="Stop a program, or the broker, and start it again.", show_default=False
        ),
    ] = None,
    until: Annotated[
        float | None, typer.Option(metavar="T", help="End at T seconds at the latest.", show_default=False)
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="V", help="Whose rules apply: 3.10, 4.0 or 4.3 (the default).", show_default=False
        ),
    ] = None,
    latency: Annotated[
        float | None,
        typer.Option(
            metavar="S", help="Seconds one way between a program and the broker (0.0005).", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Seed of all chance (0).", show_default=False)
    ] = None,
    definitions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Declare what a RabbitMQ definitions file says.", show_default=False
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Let the programs join a scenario.", show_default=False),
    ] = None,
    why: Annotated[
        str | None,
        typer.Option(
            metavar="MESSAGE",
            help='Tell one message\'s story instead: "task 2", or producer-1#2.',
            show_default=False,
        ),
    ] = None,
    every_crash: Annotated[
        bool,
        typer.Option("--every-crash", help="Crash each program wherever it matters, and tell what is lost."),
    ] = False,
    who: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --every-crash: only this program.", show_default=False),
    ] = None,
    restart_after: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help="With --every-crash: start who crashed again after S seconds.",
            show_default=False,
        ),
    ] = None,
    stdin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FILE", help="What programs read as their standard input.", show_default=False
        ),
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:PORT]", help="A further name of the broker's host, and port.", show_default=False
        ),
    ] = None,
    down: Annotated[
        float | None,
        typer.Option(min=0, metavar="S", help="Seconds that --restart broker takes (5).", show_default=False),
    ] = None,
    outage: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ledger@T[:S]", help="The ledger fails at T seconds, for S seconds.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Run pika programs in virtual time, and print what they print and what happens to them.

    The exit status is 0 however the programs ended; --json tells that of each.
    """
    from mqsim.cli.exec import DOWN, ExecRequest, run_files

    run_files(
        ExecRequest(
            programs or [],
            args or [],
            start or [],
            kill or [],
            stop or [],
            term or [],
            restart or [],
            until,
            profile,
            latency,
            seed,
            definitions,
            scenario,
            as_json,
            why,
            every_crash,
            who,
            restart_after,
            tuple(stdin or ()),
            tuple(host or ()),
            DOWN if down is None else down,
            tuple(outage or ()),
        )
    )


def _further_port(meaning: str) -> Any:
    """The option that has the broker listen on a port of one more protocol."""
    return typer.Option(min=0, max=65535, metavar="PORT", help=meaning, show_default=False)


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
    management: Annotated[
        int | None,
        _further_port(
            "Serve RabbitMQ's management API, and a page with the queues, on this port of 127.0.0.1."
        ),
    ] = None,
    stomp_port: Annotated[
        int | None,
        _further_port("Speak STOMP 1.0 to 1.2 on this port, usually 61613; 0 is any that is free."),
    ] = None,
    mqtt_port: Annotated[
        int | None,
        _further_port("Speak MQTT 3.1.1 and 5.0 on this port, usually 1883; 0 is any that is free."),
    ] = None,
    mqtt_limits: Annotated[
        list[str] | None,
        typer.Option(
            "--mqtt-limit",
            metavar="NAME=VALUE",
            help="Change a limit of the MQTT broker, as in keep_alive=60; may be given several times.",
            show_default=False,
        ),
    ] = None,
    memory_limit: Annotated[
        str,
        typer.Option(
            metavar="SIZE", help="Memory at which publishers are blocked: 500MB, 2GiB, 40% of the machine's."
        ),
    ] = "40%",
) -> None:
    """Run the broker on a TCP port, for teaching: AMQP 0-9-1 clients such as pika connect to it.

    MQTT and STOMP clients, such as paho and stomp.py, have ports of their own.
    """
    from mqsim.server import serve

    spoken: dict[str, tuple[int | None, list[str]]] = {
        "mqtt": (mqtt_port, mqtt_limits or []),
        "stomp": (stomp_port, []),
    }

    serve(
        host,
        port,
        profile=profile,
        data=data,
        definitions=definitions,
        management=management,
        memory_limit=memory_limit,
        also={name: (number, settings) for name, (number, settings) in spoken.items() if number is not None},
    )


@app.command()
def grade(
    exercise: Annotated[
        str | None,
        typer.Argument(metavar="EXERCISE", help="Such as task_queue.", show_default=False),
    ] = None,
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="What was handed in: a folder, a zip archive, a notebook, or a folder of these.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option("--format", help="text, json, gradescope, prairielearn, markdown, html or csv."),
    ] = "text",
    private: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The course key and hidden checks.", show_default=False),
    ] = None,
    require_sandbox: Annotated[
        int, typer.Option(metavar="N", min=0, max=3, help="Refuse a sandbox weaker than this level.")
    ] = 0,
    sandbox: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            max=3,
            help="Use this level; by default the strongest at hand.",
            show_default=False,
        ),
    ] = None,
    precheck: Annotated[
        bool, typer.Option("--precheck", help="Only look whether it can be graded; run nothing.")
    ] = False,
    doctor: Annotated[
        bool, typer.Option("--doctor", help="Tell which sandboxes this machine offers, and how to get more.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on after an interruption: keep the verdicts in ./mqsim-grades-EXERCISE.jsonl.",
        ),
    ] = False,
) -> None:
    """Grade what students handed in, in a sandbox. The exit status is 0 whenever there is a verdict."""
    from mqsim.cli.grade import Request, grade_path

    grade_path(Request(exercise, path, form, private, require_sandbox, precheck, doctor, resume, sandbox))


from mqsim.cli.exercise import app as exercises  # noqa: E402 - its commands stand beside these

app.add_typer(exercises, name="exercise")
