"""The scenes in which a check looks at runs: settings, and what goes wrong in them.

A scene is plain data. `judge.py` plays it: a calm scene is one run; a scene with a fault is one run for each
instant at which the fault could matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Fault(Enum):
    """What goes wrong in a scene, at each instant at which it could matter."""

    NONE = "nothing"
    CRASH = "crash"
    BROKER_RESTART = "broker restart"
    BROKER_KILL = "broker kill"
    LEDGER_AWAY = "ledger away"
    CTRL_C = "Ctrl-C"


@dataclass(frozen=True)
class Setting:
    """How the runs of a scene differ from the exercise's usual run; what is None is as usual.

    Attributes:
        counts: how many actors of a program there are, by its name.
        tasks: other tasks.
        order: the programs in the order in which they start.
        gap: seconds between their starts.
        partner: a program that is not the student's, but the exercise's own from `partner/`.
        arguments: further command lines, by program.
        profile: which RabbitMQ's rules: "3.10", "4.0" or "4.3".
        limit: seconds after which a run ends.
        category: what a hidden run is called, such as "other tasks"; empty for a public one.
    """

    counts: tuple[tuple[str, int], ...] = ()
    tasks: tuple[str, ...] | None = None
    order: tuple[str, ...] | None = None
    gap: float | None = None
    partner: str | None = None
    arguments: tuple[tuple[str, tuple[str, ...]], ...] = ()
    profile: str | None = None
    limit: float | None = None
    category: str = ""

    def words(self) -> str:
        """How it differs, in words; empty for the usual run."""
        told = [f"{count} {name if count == 1 else name + 's'}" for name, count in self.counts]
        if self.partner:
            told.append(f"our own {self.partner}")
        if self.order:
            told.append(f"{self.order[0]} first")
        if self.category:
            told.append(self.category)
        elif self.tasks is not None:
            told.append(f"the {'task' if len(self.tasks) == 1 else 'tasks'} {' '.join(self.tasks)}")
        if self.profile:
            told.append(f"RabbitMQ {self.profile}")
        return ", ".join(told)


@dataclass(frozen=True)
class Scene:
    """A setting, and a fault that strikes in it.

    Attributes:
        setting: how its runs differ from the usual one.
        fault: what goes wrong.
        program: whom it strikes: a program's name, or empty.
        seconds: after which a killed program starts again, or for how long a broker or the ledger is away.
        again: whether it strikes once more after the recovery.
        reads_files: whether there is no run at all: the check reads the submitted files.
    """

    setting: Setting = field(default_factory=Setting)
    fault: Fault = Fault.NONE
    program: str = ""
    seconds: float = 0.0
    again: bool = False
    reads_files: bool = False

    def words(self) -> str:
        """What it is, as a report says."""
        if self.reads_files:
            return "the submitted files"
        what = {
            Fault.NONE: "a calm run",
            Fault.CRASH: f"{self.program} killed at every point",
            Fault.BROKER_RESTART: f"the broker restarted (down {self.seconds:g} s) at every point",
            Fault.BROKER_KILL: f"the broker killed for {self.seconds:g} s at every point",
            Fault.LEDGER_AWAY: f"the ledger away for {self.seconds:g} s at every point",
            Fault.CTRL_C: f"Ctrl-C in {self.program} at every point",
        }[self.fault]
        how = self.setting.words()
        return f"{what} ({how})" if how else what


def calm(**setting: Any) -> Scene:
    """One run in which nothing goes wrong.

    Args:
        setting: `counts`, `tasks`, `order`, `gap`, `partner`, `arguments`, `profile`, `limit`: see `Setting`.
    """
    return Scene(_setting(setting))


def both_orders(first: str, second: str, **setting: Any) -> list[Scene]:
    """Two calm runs: `first` starts before `second`, and the other way round."""
    return [calm(order=[first, second], **setting), calm(order=[second, first], **setting)]


def every_crash(program: str, *, restart_after: float = 1.0, again: bool = True, **setting: Any) -> Scene:
    """One run for each instant at which a crash of the program could matter. The crash is SIGKILL.

    Args:
        program: whose; of several actors it is the first, since they are alike.
        restart_after: seconds until it starts again, with the same command line.
        again: whether there are also runs in which it is killed a second time, after the recovery.
        setting: see `Setting`.
    """
    return Scene(_setting(setting), Fault.CRASH, program, restart_after, again)


def every_broker_restart(*, down: float = 2.0, **setting: Any) -> Scene:
    """One run for each instant at which it could matter that the broker is restarted in order."""
    return Scene(_setting(setting), Fault.BROKER_RESTART, "", down)


def every_broker_kill(*, down: float = 2.0, **setting: Any) -> Scene:
    """The same for a broker that is killed: what is not yet on its disk is lost."""
    return Scene(_setting(setting), Fault.BROKER_KILL, "", down)


def ledger_away(*, seconds: float = 3.0, **setting: Any) -> Scene:
    """One run for each request to the ledger: the ledger goes away just before it, and comes back."""
    return Scene(_setting(setting), Fault.LEDGER_AWAY, "", seconds)


def every_ctrl_c(program: str, **setting: Any) -> Scene:
    """One run for each instant at which somebody could press Ctrl-C in the program (its first actor)."""
    return Scene(_setting(setting), Fault.CTRL_C, program)


def reading() -> Scene:
    """No run: the check is handed a `Files` and reads what was submitted."""
    return Scene(reads_files=True)


_FIELDS = ("counts", "tasks", "order", "gap", "partner", "arguments", "profile", "limit", "category")


def _setting(given: Mapping[str, Any]) -> Setting:
    for name in given:
        if name not in _FIELDS:
            raise UsageError(f"a scene takes {', '.join(_FIELDS[:-1])}, not {name!r}.")
    values = dict(given)
    counts: Mapping[str, int] = values.pop("counts", {})
    arguments: Mapping[str, Sequence[str]] = values.pop("arguments", {})
    for name in ("tasks", "order"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return Setting(
        counts=tuple(counts.items()),
        arguments=tuple((name, tuple(words)) for name, words in arguments.items()),
        **values,
    )


def changed(scene: Scene, **setting: Any) -> Scene:
    """The same scene with another setting where `setting` says so."""
    new = _setting(setting)
    fields = {name: getattr(new, name) for name in setting}
    return replace(scene, setting=replace(scene.setting, **fields))
