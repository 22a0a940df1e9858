"""`mq.simulate`, `mq.run_programs` and `mq.every_crash`: run, and hand out results that draw themselves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mqsim import runs
from mqsim.api.magic import WRITTEN
from mqsim.api.result import ProgramsResult, Result, programs_result_of, result_of
from mqsim.runs import CrashTable, Engine, ProgramOptions, ProgramSource, Progress
from mqsim.runs import simulate_many as simulate_many

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory
    from mqsim.guest.host.transcript import Line
    from mqsim.scenario import Scenario


def simulate(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str],
    seed: int | None = None,
    replication: int = 0,
    progress: Progress | None = None,
    engine: Engine = "auto",
) -> Result:
    """Run a scenario.

    Args:
        scenario: a Scenario, the same as plain data, a file's path, or a preset's name.
        seed: instead of the scenario's own; a whole number, 0 or more.
        replication: which of the independent repetitions with this seed, from 0.
        progress: called a few times a second with the simulated seconds done, and how many there will be
            (None: unknown).
        engine: `simpy`; `compiled`, the twin with equal traces, which needs numba and plays most scenarios;
            or `auto`: the twin where it can play the scenario and the run is long enough to pay.

    Raises:
        ScenarioError: the scenario can't be understood or can't be run.
        UsageError: the seed or the replication is not a whole number, 0 or more; or the engine can't run it.

    Example:
        >>> import mqsim as mq
        >>> result = mq.simulate("worker-crash", seed=1)
        >>> result.summary()["messages"]["acked"]
        6
    """
    return result_of(runs.simulate(scenario, seed, replication, progress, engine))


def run_programs(
    programs: Mapping[str, ProgramSource] | Sequence[str],
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
    carry: CarrierFactory | None = None,
    stdin: Mapping[str, str | os.PathLike[str]] | None = None,
    hosts: Mapping[str, int] | None = None,
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
        stdin: a file that a program reads as its standard input, as with `input()`.
        hosts: further names of the broker's host, each with a port.
        listener: told of each line of the transcript as it comes.

    Raises:
        UsageError: a program can't be had.
        ScenarioError: a count, a time, a fault or the scenario is not allowed.

    Example:
        >>> import mqsim as mq
        >>> greeter = mq.program("greeter", "print('hello')")
        >>> result = mq.run_programs({"greeter": greeter})
        >>> print(result.transcript().splitlines()[0].strip())
        0.000000  greeter-1   hello
    """
    options = ProgramOptions(
        _cells(programs),
        count or {},
        start or {},
        args or {},
        faults,
        until,
        profile,
        latency,
        seed,
        definitions,
        scenario,
        carry,
        stdin or {},
        hosts or {},
    )
    return programs_result_of(runs.run_programs(options, listener))


def every_crash(
    programs: Mapping[str, ProgramSource] | Sequence[str],
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
    carry: CarrierFactory | None = None,
    stdin: Mapping[str, str | os.PathLike[str]] | None = None,
    hosts: Mapping[str, int] | None = None,
    who: str | None = None,
    restart_after: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CrashTable:
    """Run the same programs again and again, each time with one crash, at every instant where it matters.

    The instants are those just after each thing that a program does (it sends, prints, connects, takes a
    message in hand, comes back from a callback), and those at the end of each wait. A crash is SIGKILL.
    What came of it is told by comparison with the run without it. Ctrl-C ends it early; the table then says
    how many points were not run.

    Args:
        programs: as for `run_programs`, and so are `count` to `carry`.
        count: how many actors of a program there are.
        start: when a program starts, in seconds.
        args: a program's command line.
        faults: that strike in every run.
        until: seconds after which a run ends at the latest.
        profile: which RabbitMQ's rules.
        latency: seconds one way between a program and the broker.
        seed: of all random numbers.
        definitions: a RabbitMQ definitions file.
        scenario: one that the programs join.
        carry: what carries the programs; by default this process, or processes of their own where there are
            many points.
        stdin: a file that a program reads as its standard input.
        hosts: further names of the broker's host, each with a port.
        who: the actor or program that crashes; by default every one in turn.
        restart_after: seconds after which it is started again, 0 or more; None is never.
        progress: told how many runs are done, and how many there are, after each.

    Raises:
        UsageError: a program can't be had, or there is nobody of the name `who`; or programs don't do the
            same when they are run again.
        ScenarioError: a count, a time, a fault or the scenario is not allowed.

    Example:
        >>> import mqsim as mq
        >>> greeter = mq.program("greeter", "print('hello')")
        >>> table = mq.every_crash({"greeter": greeter})
        >>> print(str(table).splitlines()[-1])
        1 crash points, 1 of them harmless. Nobody was started again. ...
    """
    options = ProgramOptions(
        _cells(programs),
        count or {},
        start or {},
        args or {},
        faults,
        until,
        profile,
        latency,
        seed,
        definitions,
        scenario,
        carry,
        stdin or {},
        hosts or {},
    )
    return runs.every_crash(options, who=who, restart_after=restart_after, progress=progress)


def _cells(programs: Mapping[str, ProgramSource] | Sequence[str]) -> dict[str, ProgramSource]:
    """The programs, with the text of a cell where a name is no file but that of a `%%program` cell."""
    named = programs if isinstance(programs, Mapping) else {name: name for name in programs}
    return {
        name: WRITTEN[what]
        if isinstance(what, str) and what in WRITTEN and not os.path.isfile(what)
        else what
        for name, what in named.items()
    }
