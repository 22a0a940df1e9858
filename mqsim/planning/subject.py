"""What a question is about: a scenario from a file, a preset, an object, or a handful of flags."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.planning.answer import command_line
from mqsim.planning.workload import workload
from mqsim.scenario import Scenario, load, read_value

if TYPE_CHECKING:
    from mqsim.planning.knobs import Knob

Source = Scenario | Mapping[str, Any] | str | os.PathLike[str]
Texts = str | Sequence[str]
USUAL = {"budget": 4e6, "precision": 0.0}
"""Numbers that need not be said to ask the same again."""


@dataclass(frozen=True)
class Subject:
    """A scenario, and how it was named.

    Attributes:
        scenario: what the question is about.
        knobs: flags that are ranges.
        assumed: what was not said and is assumed.
        named: a file or a preset, if it was one.
        flags: without one, the flags.
        seed: if one was given.
        changes: fields that were set, as `--set` has them.
    """

    scenario: Scenario
    knobs: tuple[Knob, ...] = ()
    assumed: tuple[str, ...] = ()
    named: str = ""
    flags: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    changes: tuple[str, ...] = ()

    def command(
        self,
        verb: str,
        options: Mapping[str, Sequence[str]],
        switches: Mapping[str, bool],
        numbers: Mapping[str, float] = MappingProxyType({}),
    ) -> str:
        """The command line that asks the same; `numbers` are left out where they are the usual ones."""
        words = [verb, *([self.named or "SCENARIO.yaml"] if not self.flags else [])]
        for flag, value in self.flags.items():
            words += [f"--{flag.replace('_', '-')}", str(value)]
        for name, texts in options.items():
            for text in texts:
                words += [f"--{name}", text]
        for change in self.changes:
            words += ["--set", change]
        words += [f"--{name}" for name, on in switches.items() if on]
        for name, number in numbers.items():
            words += [] if number == USUAL[name] else [f"--{name}", f"{number:.15g}"]
        words += [] if self.seed is None else ["--seed", str(self.seed)]
        return command_line(words)

    def code(
        self,
        verb: str,
        options: Mapping[str, Sequence[str]],
        switches: Mapping[str, bool],
        numbers: Mapping[str, float] = MappingProxyType({}),
    ) -> str:
        """The Python that asks the same; `numbers` are left out where they are the usual ones."""
        given = [f"{flag}={value!r}" for flag, value in self.flags.items()]
        if not self.flags:
            given = [f"scenario={self.named!r}" if self.named else "scenario=scenario"]
        for name, texts in options.items():
            if texts:
                given.append(_said(name, texts))
        given += [_said("set_", self.changes)] if self.changes else []
        given += [f"{name.replace('-', '_')}=True" for name, on in switches.items() if on]
        given += [f"{name}={number:.15g}" for name, number in numbers.items() if number != USUAL[name]]
        given += [] if self.seed is None else [f"seed={self.seed}"]
        return f"mq.planning.{verb}({', '.join(given)})"


def _said(name: str, texts: Sequence[str]) -> str:
    return f"{name}={texts[0]!r}" if len(texts) == 1 else f"{name}={list(texts)!r}"


def subject(scenario: Source | None, seed: int | None, flags: Mapping[str, Any]) -> Subject:
    """The scenario that a question is about.

    Args:
        scenario: a file, a preset, an object or plain data; None: there are flags instead.
        seed: in place of the scenario's.
        flags: as of `workload`; None stands for one that was not given.

    Raises:
        UsageError: both or neither were given, or a flag can't be read.
        ScenarioError: the scenario can't be understood.
    """
    given = {flag: value for flag, value in flags.items() if value is not None}
    changes = many(given.pop("set_", ()))
    if scenario is None:
        return _of_flags(given, seed, changes)
    if given:
        option = next(iter(given)).replace("_", "-")
        raise UsageError(f"--{option} describes a load without a scenario file; give one or the other.")
    if isinstance(scenario, Scenario):
        named, made = "", scenario
    elif isinstance(scenario, Mapping):
        named, made = "", Scenario.from_data(scenario)
    else:
        named = str(scenario)
        made = load(named)
    made = changed(made, changes)
    made = made if seed is None else made.with_({"seed": seed})
    return Subject(made, named=named, seed=seed, changes=changes)


def _of_flags(given: dict[str, Any], seed: int | None, changes: tuple[str, ...]) -> Subject:
    missing = [f"--{flag}" for flag in ("rate", "work") if flag not in given]
    if missing:
        says = "a scenario file or preset, or --rate and --work"
        raise UsageError(f"{' and '.join(missing)}: say what the question is about: {says}.")
    try:
        made = workload(**given, seed=seed or 0)
    except TypeError:
        known = (
            "rate",
            "work",
            "workers",
            "prefetch",
            "law",
            "cv",
            "latency",
            "arrivals",
            "queue_limit",
            "duration",
        )
        wrong = [flag for flag in given if flag not in known]
        raise UsageError(
            f"There is no {', '.join(wrong) or 'such argument'} here; give {', '.join(known)}."
        ) from None
    return Subject(
        changed(made.scenario, changes), made.knobs, made.assumed, flags=given, seed=seed, changes=changes
    )


def changed(scenario: Scenario, changes: Sequence[str]) -> Scenario:
    """The scenario after each PATH=VALUE; values are read as YAML.

    Raises:
        UsageError: a change has no `=`.
        ScenarioError: there is no such field, or it can't have that value.
    """
    values: dict[str, Any] = {}
    for change in changes:
        path, sign, text = change.partition("=")
        if not sign or not path.strip():
            raise UsageError(f"--set {change}: write PATH=VALUE, as in --set consumers.worker.count=3.")
        values[path.strip()] = read_value(text)
    return scenario.with_(values) if values else scenario


def many(texts: Texts | None) -> tuple[str, ...]:
    """One text or several, as several."""
    if texts is None:
        return ()
    return (texts,) if isinstance(texts, str) else tuple(texts)
