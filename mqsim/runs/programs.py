"""Runs real client programs in virtual time."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mqsim.guest.program import CPU_LIMIT, Program
from mqsim.runs.folders import Folders
from mqsim.runs.result import RunResult
from mqsim.sim import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mqsim.guest.carriers.carrier import CarrierFactory
    from mqsim.guest.host.actor import GuestActor
    from mqsim.guest.host.ledger_service import LedgerEntry
    from mqsim.guest.host.process import Watch
    from mqsim.guest.host.services import Service
    from mqsim.guest.host.transcript import Line
    from mqsim.runs.options import ProgramOptions
    from mqsim.scenario import Scenario
    from mqsim.trace import Trace


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


class ProgramsRunResult(RunResult):
    """The record of a run with real programs: a `RunResult`, and what the programs printed.

    Attributes:
        lines: (t, who, stream, text), in order; the stream is `stdout`, `stderr`, or `event` for what happens
            to a program.
        programs: how each run of each program ended, in the order in which they began.
        ledger: what programs recorded in the world's ledger.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        replication: int,
        trace: Trace,
        lines: Sequence[Line],
        programs: Sequence[ProgramRun],
        ledger: Sequence[LedgerEntry],
    ) -> None:
        super().__init__(scenario, seed, replication, trace)
        self.lines = list(lines)
        self.programs = list(programs)
        self.ledger = list(ledger)

    @cached_property
    def outcome(self) -> str:
        """What became of the messages, in a sentence or two, such as `Lost: task 1 and task 2.`; empty where
        none was sent.
        """
        from mqsim.runs.message_outcomes import told_outcomes

        return told_outcomes(self.trace)

    def transcript(self) -> str:
        """Everything that was printed and happened, a line each: time, who, text.

        Standard error is marked `! `, what happens to a program `* `.
        """
        return "\n".join(map(str, self.lines))


def play(
    scenario: Scenario,
    seed: int,
    replication: int = 0,
    *,
    until_quiet: bool = False,
    carry: CarrierFactory | None = None,
    definitions: Path | None = None,
    services: Mapping[tuple[str, int], Service] | None = None,
    listener: Callable[[Line], None] | None = None,
    pulse: Callable[[float], None] | None = None,
    cpu_limit: float | None = CPU_LIMIT,
    watched: Callable[[GuestActor], Watch | None] | None = None,
    hosts: Mapping[str, int] | None = None,
) -> ProgramsRunResult:
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
        cpu_limit: Seconds of processor time that a program may use without waiting.
        hosts: further names of the broker's host, each with a port.
        watched: makes what looks at all that an actor does; see `mqsim.guest.host.crash_points`.

    Raises:
        ScenarioError: it can't be run.
        UsageError: a program or the definitions can't be read.
    """
    from mqsim.guest.carriers.in_process import InProcess
    from mqsim.guest.carriers.watchdog import watching as guarded
    from mqsim.guest.host.programs import Programs
    from mqsim.server.definitions import access_of, load

    programs = Programs(
        scenario,
        carry or InProcess,
        seed=seed,
        services=services,
        listener=listener,
        cpu_limit=cpu_limit,
        watched=watched,
        access=None if definitions is None else access_of(definitions),
        aliases=list((hosts or {}).items()),
    )
    world = World(scenario, seed, replication, [programs], until_quiet)
    if definitions is not None:
        load(definitions, world.broker)
    with guarded():
        try:
            trace = world.run_to_end(pulse)
        finally:
            programs.close()
    runs = [ProgramRun(run.name, run.status, run.signal, run.ended) for run in programs.transcript.runs]
    lines, ledger = programs.transcript.lines, programs.ledger.entries
    return ProgramsRunResult(scenario, seed, replication, trace, lines, runs, ledger)


def run_programs(
    options: ProgramOptions, listener: Callable[[Line], None] | None = None
) -> ProgramsRunResult:
    """Run programs until all have ended, nothing but heartbeats is to come, or `options.until`.

    Args:
        options: which programs, and how.
        listener: told of each line of the transcript as it comes.

    Raises:
        UsageError: a program can't be had.
        ScenarioError: a count, a time, a fault or the scenario is not allowed.
    """
    scenario = options.to_scenario()
    definitions = None if options.definitions is None else Path(options.definitions).resolve()
    with _copies(scenario) as chosen:
        result = play(
            chosen,
            chosen.seed,
            until_quiet=True,
            carry=options.carry,
            definitions=definitions,
            listener=listener,
            hosts=options.hosts,
        )
    result.scenario = scenario
    return result


@contextmanager
def _copies(scenario: Scenario) -> Iterator[Scenario]:
    """The scenario with its program files in copies of their folders: what programs write or delete there is
    never the original's.
    """
    files = {name: spec.file for name, spec in scenario.programs.items() if spec.file is not None}
    if not files:
        yield scenario
        return
    for name, file in files.items():  # so that what can't be read is told of by its own name
        Program.from_file(name, (scenario.base or Path()) / file)
    with Folders(scenario) as folders:
        yield folders.scenario
