"""Runs real client programs in virtual time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mqsim.api.result import Result
from mqsim.errors import UsageError
from mqsim.guest.functions import source_of
from mqsim.guest.program import WALL_LIMIT, Program
from mqsim.scenario import Scenario
from mqsim.sim import World
from mqsim.trace import Trace

if TYPE_CHECKING:
    from mqsim.guest.actor import GuestActor
    from mqsim.guest.carriage import Carry
    from mqsim.guest.crashes import Watch
    from mqsim.guest.ledger_service import LedgerEntry
    from mqsim.guest.programs import Programs
    from mqsim.guest.services import Service
    from mqsim.guest.transcript import Line

LATENCY = 0.0005
"""Seconds one way between a program and the broker, unless told otherwise."""

LONGEST = 86_400.0
"""Seconds after which programs that never come to rest are stopped, unless told otherwise: a day."""

What = str | os.PathLike[str] | Program | Callable[[], Any]


class ProgramRun(NamedTuple):
    """One run of one program; a program that was started again has several.

    Attributes:
        name: the actor's name.
        status: as a shell sees it; None if it still ran at the end.
        signal: the number of the signal that it died of, 0 if of none; None likewise.
        ended: when, in seconds; None likewise.
    """

    name: str
    status: int | None
    signal: int | None
    ended: float | None


class ProgramsResult(Result):
    """What a run with real programs gives back: a `Result`, and what the programs printed.

    Attributes:
        lines: (t, who, stream, text), in order; the stream is `stdout`, `stderr`, or `event` for what happens
            to a program.
        programs: how each run of each program ended, in the order in which they began.
        ledger: what programs recorded in the world's ledger.
    """

    def __init__(
        self, scenario: Scenario, seed: int, replication: int, trace: Trace, programs: Programs
    ) -> None:
        super().__init__(scenario, seed, replication, trace)
        self.lines: list[Line] = programs.transcript.lines
        self.programs = [
            ProgramRun(run.name, run.status, run.signal, run.ended) for run in programs.transcript.runs
        ]
        self.ledger: list[LedgerEntry] = programs.ledger.entries

    def transcript(self) -> str:
        """Everything that was printed and happened, a line each: time, who, text.

        Standard error is marked `! `, what happens to a program `* `.
        """
        return "\n".join(map(str, self.lines))

    def _repr_html_(self) -> str:
        from mqsim.report.transcript import programs_html

        return programs_html(self.lines, self.trace)


def play(
    scenario: Scenario,
    seed: int,
    replication: int = 0,
    *,
    until_quiet: bool = False,
    carry: Carry | None = None,
    definitions: Path | None = None,
    services: Mapping[tuple[str, int], Service] | None = None,
    listener: Callable[[Line], None] | None = None,
    pulse: Callable[[float], None] | None = None,
    wall_limit: float | None = WALL_LIMIT,
    watched: Callable[[GuestActor], Watch | None] | None = None,
) -> ProgramsResult:
    """Run a scenario that has programs.

    Args:
        scenario: what to run.
        seed: of all random numbers.
        replication: which of the independent repetitions this is.
        until_quiet: whether to end as soon as nothing but heartbeats is to come.
        carry: what carries the programs: by default this process itself.
        definitions: a RabbitMQ definitions file to declare at the start.
        services: further services in the world, by host and port.
        listener: told of each line of the transcript as it comes.
        pulse: called with the time now and then.
        wall_limit: seconds of real time that a program may run without blocking.
        watched: makes what looks at all that an actor does; see `mqsim.guest.crashes`.

    Raises:
        ScenarioError: it can't be run.
        UsageError: a program or the definitions can't be read.
    """
    from mqsim.guest.inprocess import InProcess
    from mqsim.guest.programs import Programs
    from mqsim.guest.watchdog import watching as guarded

    programs = Programs(
        scenario,
        carry or InProcess,
        seed=seed,
        services=services,
        listener=listener,
        wall_limit=wall_limit,
        watched=watched,
    )
    world = World(scenario, seed, replication, [programs], until_quiet)
    if definitions is not None:
        from mqsim.server.definitions import load

        load(definitions, world.broker)
    with guarded():
        try:
            trace = world.run_to_end(pulse)
        finally:
            programs.close()
    return ProgramsResult(scenario, seed, replication, trace, programs)


def run_programs(
    programs: Mapping[str, What] | Sequence[str],
    *,
    count: Mapping[str, int] | None = None,
    start: Mapping[str, float] | None = None,
    args: Mapping[str, Sequence[str]] | None = None,
    faults: Iterable[Mapping[str, Any]] = (),
    until: float | None = None,
    profile: str | None = None,
    latency: float | None = None,
    seed: int | None = None,
    definitions: str | os.PathLike[str] | None = None,
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    carry: Carry | None = None,
    listener: Callable[[Line], None] | None = None,
) -> ProgramsResult:
    """Run real client programs, such as pika scripts, in virtual time against the simulated broker.

        result = mq.run_programs({"producer": "producer.py", "worker": "consumer.py"}, count={"worker": 3})
        print(result.transcript())

    The actors are NAME-1 ... NAME-N; faults name an actor or a group. Programs reach the broker as
    `localhost`, `127.0.0.1`, `broker`, `rabbitmq` or `broker-1`, on port 5672. The run ends when all programs
    have ended, when nothing but heartbeats is to come (the transcript then says who waits where), or at
    `until`.

    Args:
        programs: by name: a file, a `mq.program`, or a function of your own; or names of cells that begin
            with `%%program NAME`.
        count: how many actors of a program there are, if not one.
        start: when a program starts, in seconds, if not at 0.
        args: a program's command line.
        faults: as in a scenario, such as `{"crash": "worker-1", "at": 3}`. `stop` is Ctrl-C.
        until: seconds after which it ends at the latest; a day unless told otherwise.
        profile: which RabbitMQ's rules: "3.10", "4.0" or "4.3" (the default).
        latency: seconds one way between a program and the broker; by default 0.0005.
        seed: of all random numbers; by default 0.
        definitions: a RabbitMQ definitions file; what it says is declared at the start.
        scenario: one that the programs join; what is not given here is taken from it.
        carry: what carries the programs: by default this process itself.
        listener: told of each line of the transcript as it comes.

    Raises:
        UsageError: a program can't be had.
        ScenarioError: a count, a time, a fault or the scenario won't do.
    """
    chosen = scenario_of(
        programs,
        count=count or {},
        start=start or {},
        args=args or {},
        faults=faults,
        until=until,
        profile=profile,
        latency=latency,
        seed=seed,
        scenario=scenario,
    )
    return play(
        chosen,
        chosen.seed,
        until_quiet=True,
        carry=carry,
        definitions=None if definitions is None else Path(definitions),
        listener=listener,
    )


def _understood(scenario: Any) -> Scenario:
    from mqsim.api.run import understood

    return understood(scenario)


def scenario_of(
    programs: Mapping[str, What] | Sequence[str],
    *,
    count: Mapping[str, int],
    start: Mapping[str, float],
    args: Mapping[str, Sequence[str]],
    faults: Iterable[Mapping[str, Any]],
    until: float | None,
    profile: str | None,
    latency: float | None,
    seed: int | None,
    scenario: Any = None,
) -> Scenario:
    """The scenario that `run_programs` runs."""
    chosen = programs if isinstance(programs, Mapping) else {name: name for name in programs}
    if not chosen and scenario is None:
        raise UsageError('there is nothing to run: give programs, as in {"worker": "consumer.py"}.')
    for option, given in {"count": count, "start": start, "args": args}.items():
        for name in given:
            if name not in chosen:
                known = ", ".join(chosen)
                raise UsageError(f"{option} names {name!r}, but the programs are {known}.")
    specs = {
        name: {
            **_what(name, what),
            "count": count.get(name, 1),
            "start": start.get(name, 0.0),
            "args": list(args.get(name, ())),
        }
        for name, what in chosen.items()
    }
    if scenario is None:
        return Scenario(
            name="programs",
            duration=LONGEST if until is None else until,
            seed=seed or 0,
            broker={"profile": profile or "4.3"},
            network={"latency": LATENCY if latency is None else latency},
            programs=specs,
            faults=list(faults),
        )
    if isinstance(scenario, Mapping):  # its links and faults may name the programs that join
        base = Scenario(**{**scenario, "programs": {**scenario.get("programs", {}), **specs}})
    else:
        base = _understood(scenario)
    given = {"broker.profile": profile, "network.latency": latency, "seed": seed}
    changes: dict[str, Any] = {path: value for path, value in given.items() if value is not None}
    changes.update({f"programs.{name}": spec for name, spec in specs.items()})
    if until is not None:
        changes |= {"duration": until, "until": None, "max_duration": None}
    if more := list(faults):
        changes["faults"] = [*(fault.to_data() for fault in base.faults), *more]
    return base.with_(changes) if changes else base


def _what(name: str, what: What) -> dict[str, str]:
    """What the scenario says of a program: its file, or its text."""
    if isinstance(what, Program):
        return {"source": what.source}
    if callable(what):
        return {"source": source_of(what)}
    path = Path(what)
    if not path.is_file() and isinstance(what, str):
        from mqsim.api.magic import WRITTEN

        if what in WRITTEN:
            return {"source": WRITTEN[what].source}
    if not path.is_file():
        why = "is a folder, not a file" if path.is_dir() else "there is no such file"
        raise UsageError(f"{path}: {why}, for program {name}.")
    return {"file": os.path.abspath(path)}
