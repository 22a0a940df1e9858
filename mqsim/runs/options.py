"""The options of a run of programs, and the scenario that they make."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.guest.function_source import source_of
from mqsim.guest.program import Program
from mqsim.scenario import Scenario, scenario_from

if TYPE_CHECKING:
    from mqsim.guest.carriers.carrier import CarrierFactory

LATENCY = 0.0005
"""Seconds one way between a program and the broker, unless told otherwise."""

LONGEST = 86_400.0
"""Seconds after which programs that never come to rest are stopped, unless told otherwise: a day."""

ProgramSource = str | os.PathLike[str] | Program | Callable[[], Any]
"""A program: a file, a `Program`, or a function whose body is one."""


@dataclass(frozen=True)
class ProgramOptions:
    """What programs are run, and how.

    Attributes:
        programs: by name: a file, a `Program`, or a function of your own; or a list of files, each its own
            name.
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
    """

    programs: Mapping[str, ProgramSource] | Sequence[str]
    count: Mapping[str, int] = field(default_factory=dict)
    start: Mapping[str, float] = field(default_factory=dict)
    args: Mapping[str, Sequence[str]] = field(default_factory=dict)
    faults: Iterable[Mapping[str, Any]] = ()
    until: float | None = None
    profile: str | None = None
    latency: float | None = None
    seed: int | None = None
    definitions: str | os.PathLike[str] | None = None
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None
    carry: CarrierFactory | None = None
    stdin: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)
    hosts: Mapping[str, int] = field(default_factory=dict)

    def to_scenario(self) -> Scenario:
        """The scenario that these options ask for.

        Raises:
            UsageError: a program can't be had, or an option names none of them.
            ScenarioError: a count, a time, a fault or the scenario is not allowed.
        """
        specs = self._specs()
        if self.scenario is None:
            return Scenario(
                name="programs",
                duration=LONGEST if self.until is None else self.until,
                seed=self.seed or 0,
                broker={"profile": self.profile or "4.3"},
                network={"latency": LATENCY if self.latency is None else self.latency},
                programs=specs,
                faults=list(self.faults),
            )
        return self._join(specs)

    def _specs(self) -> dict[str, dict[str, Any]]:
        """The programs, as a scenario describes them."""
        programs = (
            self.programs if isinstance(self.programs, Mapping) else {name: name for name in self.programs}
        )
        if not programs and self.scenario is None:
            raise UsageError('there is nothing to run: give programs, as in {"worker": "consumer.py"}.')
        for option in ("count", "start", "args", "stdin"):
            for name in getattr(self, option):
                if name not in programs:
                    known = ", ".join(programs)
                    raise UsageError(f"{option} names {name!r}, but the programs are {known}.")
        return {
            name: {
                **_source(name, program),
                "count": self.count.get(name, 1),
                "start": self.start.get(name, 0.0),
                "args": list(self.args.get(name, ())),
                **({"stdin": os.path.abspath(self.stdin[name])} if name in self.stdin else {}),
            }
            for name, program in programs.items()
        }

    def _join(self, specs: dict[str, dict[str, Any]]) -> Scenario:
        """The scenario that was given, with the programs in it."""
        scenario = self.scenario
        assert scenario is not None
        if isinstance(scenario, Mapping):  # its links and faults may name the programs that join
            base = Scenario(**{**scenario, "programs": {**scenario.get("programs", {}), **specs}})
        else:
            base = scenario_from(scenario)
        given = {"broker.profile": self.profile, "network.latency": self.latency, "seed": self.seed}
        changes: dict[str, Any] = {path: value for path, value in given.items() if value is not None}
        changes.update({f"programs.{name}": spec for name, spec in specs.items()})
        if self.until is not None:
            changes |= {"duration": self.until, "until": None, "max_duration": None}
        if more := list(self.faults):
            changes["faults"] = [*(fault.to_data() for fault in base.faults), *more]
        return base.with_(changes) if changes else base


def _source(name: str, program: ProgramSource) -> dict[str, str]:
    """What the scenario says of a program: its file, or its text."""
    if isinstance(program, Program):
        return {"source": program.source}
    if callable(program):
        return {"source": source_of(program)}
    path = os.fspath(program)
    if path.startswith("-m "):
        return _module(name, path.removeprefix("-m ").strip())
    if not os.path.isfile(path):
        why = "is a folder, not a file" if os.path.isdir(path) else "there is no such file"
        raise UsageError(f"{path}: {why}, for program {name}.")
    return {"file": os.path.abspath(path)}


def _module(name: str, module: str) -> dict[str, str]:
    """What the scenario says of a program that is run as `python -m MODULE` is, from this folder."""
    base = os.path.join(*module.split("."))
    for file, full in ((os.path.join(base, "__main__.py"), f"{module}.__main__"), (f"{base}.py", module)):
        if os.path.isfile(file):
            return {"file": os.path.abspath(file), "module": full}
    raise UsageError(f"-m {module}: there is no such module in this folder, for program {name}.")
