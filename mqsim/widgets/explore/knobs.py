"""Controls: what a reader can turn, and what turning it changes in the scenario."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.widgets.explore.laws import law_of
from mqsim.widgets.explore.paths import value_at, whole_data

if TYPE_CHECKING:
    from mqsim.distributions import Distribution
    from mqsim.scenario import Scenario


class Draft:
    """Changes to a scenario, gathered from all controls before any is made: a scenario may be wrong half-way.

    Attributes:
        data: the scenario as it was, in full.
        changes: values by path.
        faults: the scenario's faults and those that controls add; None where one is taken out.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.changes: dict[str, Any] = {}
        self.faults: list[dict[str, Any] | None] = [dict(fault) for fault in data["faults"]]

    def law(self, path: str) -> Distribution:
        """The law at a path, as the controls before this one left it."""
        found = law_of(self.changes.get(path, value_at(self.data, path)))
        assert found is not None
        return found

    def all_changes(self) -> dict[str, Any]:
        """The changes by path."""
        kept = [fault for fault in self.faults if fault is not None]
        if kept != [dict(fault) for fault in self.data["faults"]]:
            return {**self.changes, "faults": kept}
        return dict(self.changes)


Put = Callable[[Draft, Any], None]


@dataclass(frozen=True)
class Knob(ABC):
    """One control.

    Attributes:
        name: what it is called in `vary` and in `values`: a short name or a path.
        label: what a reader sees beside it.
        start: the scenario's own value.
        put: makes the change.
        order: those with a small one make their changes first.
    """

    name: str
    label: str
    start: Any
    put: Put = field(repr=False, compare=False)
    order: int = 0

    @abstractmethod
    def checked(self, value: Any) -> Any:
        """The value, if this control can have it.

        Raises:
            UsageError: it can't.
        """

    @abstractmethod
    def sketch(self) -> dict[str, Any]:
        """What the browser needs for drawing it."""

    @abstractmethod
    def words(self, value: Any) -> str:
        """A value as a reader sees it."""

    def sent(self, value: Any) -> Any:
        """A value as it travels to the browser."""
        return value

    def received(self, value: Any) -> Any:
        """A value as it comes from the browser; unchecked."""
        return value

    def _wrong(self, value: Any, allowed: str) -> UsageError:
        return UsageError(f"{self.name}: {value!r} is not allowed; it must be {allowed}.")


@dataclass(frozen=True)
class Slider(Knob):
    """A number along a line of stops.

    Attributes:
        stops: what it can stop at, in the order of the line.
        says: the words for stops that are not shown as the number alone, by stop.
        unit: written after the number.
    """

    stops: tuple[float | None, ...] = ()
    says: Mapping[float | None, str] = field(default_factory=dict)
    unit: str = ""

    def checked(self, value: Any) -> Any:
        """A number between the ends; a whole one where all stops are."""
        if value is None and None in self.stops:
            return None
        numbers = [stop for stop in self.stops if stop is not None]
        low, high = min(numbers), max(numbers)
        whole = all(isinstance(stop, int) for stop in numbers)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._wrong(value, f"{'a whole' if whole else 'a'} number from {low:g} to {high:g}")
        if whole and value != int(value):
            raise self._wrong(value, f"a whole number from {low:g} to {high:g}")
        return int(value) if whole else float(value)

    def sketch(self) -> dict[str, Any]:
        """Its stops, and words for them."""
        return {
            "kind": "slider",
            "name": self.name,
            "label": self.label,
            "stops": list(self.stops),
            "says": [self.words(stop) for stop in self.stops],
            "unit": self.unit,
        }

    def words(self, value: Any) -> str:
        """The number with its unit."""
        return self.says.get(value) or f"{value:g}{self.unit}"


@dataclass(frozen=True)
class Choice(Knob):
    """One of a few.

    Attributes:
        options: the values, in order.
        says: the words for each.
        names: what `set` may be told in place of each; empty where that is the option alone.
    """

    options: tuple[Any, ...] = ()
    says: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def checked(self, value: Any) -> Any:
        """One of the options, or the name of one."""
        for option in self.options:
            if type(value) is type(option) and value == option:
                return option
        if isinstance(value, str) and value in self.names:
            return self.options[self.names.index(value)]
        raise self._wrong(value, f"one of {', '.join(map(repr, self.names or self.options))}")

    def sent(self, value: Any) -> Any:
        """Its place among the options."""
        return next(
            place
            for place, option in enumerate(self.options)
            if option == value and type(option) is type(value)
        )

    def received(self, value: Any) -> Any:
        """The option at a place."""
        if isinstance(value, int) and 0 <= value < len(self.options):
            return self.options[value]
        raise self._wrong(value, f"a place from 0 to {len(self.options) - 1}")

    def sketch(self) -> dict[str, Any]:
        """The words for its options."""
        return {"kind": "choice", "name": self.name, "label": self.label, "says": list(self.says)}

    def words(self, value: Any) -> str:
        """The words for an option."""
        return self.says[int(self.sent(value))]


@dataclass(frozen=True)
class Switch(Knob):
    """A fault that is off (None) or strikes at a time (seconds).

    Attributes:
        stops: the times it can strike at.
        usual: when it strikes if it is just switched on.
        after: what follows the time, such as `back after 100 s`.
        fixed: its times are not the reader's to choose; on is then any number.
    """

    stops: tuple[float, ...] = ()
    usual: float = 0.0
    after: str = ""
    fixed: bool = False

    def checked(self, value: Any) -> Any:
        """None or False, True, or a time."""
        if value is None or value is False:
            return None
        if value is True:
            return self.usual
        if not isinstance(value, int | float) or not value >= 0:
            raise self._wrong(value, "a time in seconds, or None (off)")
        return float(value)

    def sketch(self) -> dict[str, Any]:
        """Its times, and words for them."""
        return {
            "kind": "switch",
            "name": self.name,
            "label": self.label,
            "stops": [] if self.fixed else list(self.stops),
            "says": [f"at {stop:g} s" for stop in self.stops],
            "usual": self.usual,
            "after": self.after,
        }

    def words(self, value: Any) -> str:
        """Off, or when it strikes and how long it lasts."""
        if value is None:
            return "off"
        return ", ".join(part for part in ("on" if self.fixed else f"at {value:g} s", self.after) if part)


def changed(scenario: Scenario, knobs: Sequence[Knob], values: Mapping[str, Any]) -> Scenario:
    """The scenario with all controls at their values; itself where each is at its start.

    Raises:
        ScenarioError: together they can't be run.
    """
    draft = Draft(whole_data(scenario))
    for knob in sorted(knobs, key=lambda each: each.order):
        if values[knob.name] != knob.start:
            knob.put(draft, values[knob.name])
    changes = draft.all_changes()
    return scenario.with_(changes) if changes else scenario


def putting(path: str) -> Put:
    """The change that puts the value at a path."""

    def put(draft: Draft, value: Any) -> None:
        draft.changes[path] = value

    return put
