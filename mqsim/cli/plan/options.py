"""The options that plans share: what the load is, how it is run, and what becomes of the answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

_LOAD = "The load, without a scenario file"
_RUN = "How it is run"
_SHOW = "What becomes of the answer"

Of = Annotated[
    str | None,
    typer.Argument(
        metavar="[FILE|PRESET]", help="A scenario; or else --rate and --work.", show_default=False
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
Measures = Annotated[
    list[str] | None,
    typer.Option(
        "--measure", metavar="NAME", help="What is measured: orders.sojourn.p99.", show_default=False
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="TARGET",
        help="What must hold: 'p99 < 1s', 'share within 2s >= 99%', 'lost == 0'. A time without a unit is in "
        "seconds.",
        show_default=False,
    ),
]
Simulate = Annotated[bool, typer.Option("--simulate", help="Simulate also where a formula is exact.")]
AsWritten = Annotated[
    bool, typer.Option("--as-written", help="Keep the scenario's own duration; no steady state.")
]
ScenarioOut = Annotated[
    Path | None, typer.Option("--out", metavar="FILE.yaml", help="Write the scenario.", show_default=False)
]
Prefetch = Annotated[
    str | None,
    typer.Option(
        metavar="N|N..M",
        help="Unacknowledged messages a worker may hold (1; 0: unlimited).",
        show_default=False,
        rich_help_panel=_LOAD,
    ),
]


Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, metavar="N", help="Seed of all chance.", show_default=False, rich_help_panel=_RUN
    ),
]


@dataclass(frozen=True)
class Load:
    """A load in a handful of flags, in place of a scenario file; and changes to either."""

    rate: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            help="Messages that come: 250/s, 15k/min.",
            show_default=False,
            rich_help_panel=_LOAD,
        ),
    ] = None
    work: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Mean work of a message: 40ms.", show_default=False, rich_help_panel=_LOAD
        ),
    ] = None
    workers: Annotated[
        str | None,
        typer.Option(
            metavar="N|N..M", help="Workers; a range is tried.", show_default=False, rich_help_panel=_LOAD
        ),
    ] = None
    law: Annotated[
        str | None,
        typer.Option(
            metavar="LAW",
            help="Of the work: exponential, constant, gamma, lognormal ...",
            show_default=False,
            rich_help_panel=_LOAD,
        ),
    ] = None
    cv: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Variation of the work: 0 constant, 1 exponential.",
            show_default=False,
            rich_help_panel=_LOAD,
        ),
    ] = None
    latency: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="One way to the broker: 2ms.", show_default=False, rich_help_panel=_LOAD
        ),
    ] = None
    arrivals: Annotated[
        str | None,
        typer.Option(
            metavar="poisson|every",
            help="How messages come (poisson).",
            show_default=False,
            rich_help_panel=_LOAD,
        ),
    ] = None
    queue_limit: Annotated[
        str | None,
        typer.Option(
            metavar="N|N..M",
            help="Most waiting messages; more are refused.",
            show_default=False,
            rich_help_panel=_LOAD,
        ),
    ] = None
    duration: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Of a run, with --as-written (1h).",
            show_default=False,
            rich_help_panel=_LOAD,
        ),
    ] = None
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="Change a field first.", show_default=False,
            rich_help_panel=_LOAD,
        ),
    ] = None  # fmt: skip

    def given(self, **more: Any) -> dict[str, Any]:
        """The flags that were given, and others beside them."""
        flags = asdict(self) | more
        return {name: value for name, value in flags.items() if value not in (None, [], ())}


@dataclass(frozen=True)
class Running:
    """How much is simulated, and on what."""

    seed: Seed = None
    budget: Annotated[
        str,
        typer.Option(metavar="N", help="Messages to simulate at most: 500k, 20M.", rich_help_panel=_RUN),
    ] = "4M"
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Processes (one a processor).",
            show_default=False,
            rich_help_panel=_RUN,
        ),
    ] = None
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run on a Dask cluster: tcp://HOST:8786.",
            show_default=False,
            rich_help_panel=_RUN,
        ),
    ] = None
    engine: Annotated[
        str,
        typer.Option(
            metavar="auto|simpy|compiled", help="What runs it; the runs are the same.", rich_help_panel=_RUN
        ),
    ] = "auto"
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep finished runs here, and go on from them.",
            show_default=False,
            rich_help_panel=_RUN,
        ),
    ] = None


@dataclass(frozen=True)
class Showing:
    """How an answer is shown: as JSON, and what is saved."""

    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.", rich_help_panel=_SHOW)
    ] = False
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Save the figure.", show_default=False, rich_help_panel=_SHOW),
    ] = None
    table: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Save the table.", show_default=False, rich_help_panel=_SHOW),
    ] = None
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html", help="Write one HTML page.", show_default=False, rich_help_panel=_SHOW
        ),
    ] = None
