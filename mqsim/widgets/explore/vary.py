"""From what `vary` asks for to controls: short names, paths, ranges, choices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.widgets.explore.faults import KINDS, own_switch, switch
from mqsim.widgets.explore.knobs import Choice, Draft, Knob, Slider, putting
from mqsim.widgets.explore.laws import LABELS, law_of, plain, shapes, with_mean, words
from mqsim.widgets.explore.paths import alternatives, value_at, whole_data
from mqsim.widgets.explore.sliders import rounded_step, stops

if TYPE_CHECKING:
    from mqsim.scenario import Scenario

Vary = Iterable[str] | Mapping[str, Any] | None
USUAL = ("rate", "workers", "prefetch", "service", "ack", "crash")
"""What is varied unless the caller says; of these, what the scenario has once."""

MOST_GROUPS = 4
_PREFETCH = (1, 2, 3, 5, 10, 20, 50, 100, 0)
_LATENCIES = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


def knobs(scenario: Scenario, vary: Vary, end: Callable[[], float]) -> tuple[Knob, ...]:
    """The controls that are asked for.

    Args:
        scenario: what they change.
        vary: short names and paths; as a mapping with a range (low, high) or (low, high, step), a list of
            choices, or None for the usual. None: those of `USUAL` that fit.
        end: gives the length of the run in seconds; asked only for a fault in a run whose length is not set.

    Raises:
        UsageError: a name means nothing or several things here, or a range is none.
    """
    desk = _Desk(scenario, end)
    if vary is None:
        found = []
        for name in USUAL:
            try:
                found.append(desk.knob(name, None))
            except UsageError:
                found += desk.each_group(name)
        if not found:
            raise UsageError(f"vary: none of {', '.join(USUAL)} fits this scenario; name paths to vary.")
        return tuple(found)
    if isinstance(vary, str):
        vary = [vary]
    asked = dict(vary) if isinstance(vary, Mapping) else dict.fromkeys(vary)
    if "faults" in asked:
        own = {f"faults.{place}": None for place in range(len(scenario.faults))}
        if not own:
            raise UsageError(
                "vary: 'faults' are those of the scenario, and it has none; name a kind: 'crash'."
            )
        asked = {name: value for name, value in asked.items() if name != "faults"} | own
    if not asked:
        raise UsageError("vary: nothing to vary; name at least one, such as vary=['workers'].")
    return tuple(desk.knob(name, given) for name, given in asked.items())


class _Desk:
    """Where names are looked up."""

    def __init__(self, scenario: Scenario, end: Callable[[], float]) -> None:
        self.scenario, self.end = scenario, end
        self.data = whole_data(scenario)
        self.named: dict[str, Callable[[Any], Knob]] = {
            "rate": self._rate,
            "users": partial(self._of_producer, "users", "arrivals.closed.users", "users"),
            "workers": partial(self._of_consumer, "workers", "count", "workers"),
            "prefetch": self._prefetch,
            "ack": partial(self._of_consumer, "ack", "ack", "acknowledgement"),
            "speed": partial(self._of_consumer, "speed", "speed", "speed of the workers"),
            "service": self._service,
            "work": self._work,
            "latency": self._latency,
            "seed": lambda given: self._at("seed", "seed", given or (0, 20), "seed (another chance)"),
            **{kind: partial(self._fault, kind) for kind in KINDS},
        }

    def knob(self, name: str, given: Any) -> Knob:
        if not isinstance(name, str):
            raise UsageError(f"vary: {name!r} is no name; write short names or paths, as texts.")
        if name in self.named:
            return self.named[name](given)
        if name.startswith("faults.") and name.count(".") == 1:
            value_at(self.data, name)
            return own_switch(self.data, int(name.partition(".")[2]), given, self.end)
        if "." not in name and name not in self.data:
            close = get_close_matches(name, self.named, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            raise UsageError(f"vary: {name!r} is no short name ({', '.join(self.named)}) and no path.{meant}")
        return self._at(name, name, given, _titled(name))

    def each_group(self, name: str) -> list[Knob]:
        """In place of `workers`, which would mean several groups: the count of each of the first few."""
        groups = list(self.scenario.consumers)[:MOST_GROUPS] if name == "workers" else []
        return [self.knob(f"consumers.{group}.count", None) for group in groups]

    # -- whom a short name means -----------------------------------------------------------------------------

    def _only(self, name: str, whose: str, field: str, groups: list[str]) -> str:
        """The one path that a short name means."""
        paths = [f"{whose}.{group}.{field}" for group in groups]
        if not paths:
            raise UsageError(f"vary: {name!r} needs {whose} that have it; this scenario has none.")
        if len(paths) > 1:
            raise UsageError(f"vary: {name!r} could be {' or '.join(paths)}; name the path.")
        return paths[0]

    def _of_consumer(self, name: str, field: str, label: str, given: Any) -> Knob:
        path = self._only(name, "consumers", field, list(self.scenario.consumers))
        return self._at(name, path, given, label)

    def _of_producer(self, name: str, field: str, label: str, given: Any) -> Knob:
        kind = field.split(".")[1]
        groups = [group for group, spec in self.scenario.producers.items() if spec.arrivals.kind == kind]
        return self._at(name, self._only(name, "producers", field, groups), given, label)

    # -- single names ----------------------------------------------------------------------------------------

    def _rate(self, given: Any) -> Knob:
        """Messages per second: of Poisson, of regular and of renewal arrivals."""
        rates: dict[str, tuple[float, Any]] = {}
        for group, spec in self.scenario.producers.items():
            base = f"producers.{group}.arrivals"
            arrivals: Any = spec.arrivals
            if arrivals.kind == "poisson":
                rates[f"{base}.poisson.rate"] = (arrivals.rate, putting(f"{base}.poisson.rate"))
            elif arrivals.kind == "every":
                rates[f"{base}.every"] = (1.0 / arrivals.interval, _every(f"{base}.every"))
            elif arrivals.kind == "renewal" and law_of(plain(arrivals.law)) is not None:
                rates[f"{base}.renewal"] = (1.0 / arrivals.law.mean, _renewal(f"{base}.renewal"))
        if not rates:
            kinds = ", ".join(sorted({spec.arrivals.kind for spec in self.scenario.producers.values()}))
            raise UsageError(
                f"vary: 'rate' needs arrivals that have one (poisson, every, renewal); this scenario has "
                f"{kinds or 'no producers'}. Name a path."
            )
        if len(rates) > 1:
            raise UsageError(f"vary: 'rate' could be {' or '.join(rates)}; name the path.")
        path, (rate, put) = next(iter(rates.items()))
        count = self.scenario.producers[path.split(".arrivals")[0].partition(".")[2]].count
        label = "arrival rate" if count == 1 else f"arrival rate of each of {count} producers"
        return self._slider("rate", label, rate, given, put, unit=" /s")

    def _prefetch(self, given: Any) -> Knob:
        path = self._only("prefetch", "consumers", "prefetch", list(self.scenario.consumers))
        own = value_at(self.data, path)
        if isinstance(given, list):
            knob = self._choice("prefetch", "prefetch", own, given, putting(path))
            return replace(knob, says=tuple("unlimited" if each == 0 else f"{each}" for each in knob.options))
        if given is not None:
            return self._at("prefetch", path, given, "prefetch")
        line = (*sorted({*_PREFETCH, own} - {0}), 0)
        return Slider("prefetch", "prefetch", own, putting(path), stops=line, says={0: "unlimited"})

    def _latency(self, given: Any) -> Knob:
        path = "network.latency"
        own = self.scenario.network.latency
        line = tuple(sorted({*_LATENCIES, own})) if given is None else None
        knob = self._slider("latency", "latency, one way", own, given, putting(path), line=line)
        says: dict[float | None, str] = {
            stop: f"{stop * 1000:g} ms" for stop in knob.stops if stop is not None
        }
        return Slider(knob.name, knob.label, own, knob.put, stops=knob.stops, says=says)

    def _work_path(self, name: str) -> str:
        """Where the law of work stands: with the consumers that have a `service`, or with the producer."""
        own = [group for group, spec in self.scenario.consumers.items() if spec.service is not None]
        if own:
            return self._only(name, "consumers", "service", own)
        working = [group for group, spec in self.scenario.producers.items() if spec.work.mean > 0]
        return self._only(name, "producers", "work", working)

    def _service(self, given: Any) -> Knob:
        return self._laws("service", self._work_path("service"), given, "law of the work")

    def _work(self, given: Any) -> Knob:
        path = self._work_path("work")
        law = law_of(value_at(self.data, path))
        if law is None:
            raise UsageError(f"vary: the mean of {path} can't be set: it is recorded data.")

        def put(draft: Draft, value: Any) -> None:
            draft.changes[path] = plain(with_mean(draft.law(path), value))

        return self._slider("work", "mean work", law.mean, given, put, unit=" s", order=1)

    def _fault(self, kind: str, given: Any) -> Knob:
        return switch(self.scenario, self.data, kind, given, self.end)

    # -- any path --------------------------------------------------------------------------------------------

    def _at(self, name: str, path: str, given: Any, label: str) -> Knob:
        own = value_at(self.data, path)
        if isinstance(given, list | set | frozenset):
            return self._choice(name, label, own, list(given), putting(path))
        if given is None and (options := alternatives(self.scenario, path)):
            return self._choice(name, label, own, list(options), putting(path))
        if isinstance(own, bool):
            return self._choice(name, label, own, [True, False], putting(path))
        if given is None and law_of(own) is not None and isinstance(own, dict):
            return self._laws(name, path, None, label)
        if isinstance(own, int | float) or (own is None and isinstance(given, tuple)):
            put, speeds = putting(path), self._speeds(path)
            if speeds:
                put = _staffing(path, speeds)
                label += f" (speeds {', '.join(f'{each:g}' for each in speeds)}, then from the first again)"
            return self._slider(name, label, own, given, put)
        raise UsageError(
            f"vary: {name} is {own!r}, which has no usual range; give one, {{{name!r}: (1, 10)}}, "
            f"or choices, {{{name!r}: [...]}}."
        )

    def _speeds(self, path: str) -> list[float]:
        """The speeds of single workers, where `path` is how many of them there are."""
        whose, _, field = path.rpartition(".")
        if field != "count" or not whose.startswith("consumers."):
            return []
        speed = value_at(self.data, f"{whose}.speed")
        return list(speed) if isinstance(speed, list | tuple) else []

    def _choice(self, name: str, label: str, own: Any, options: list[Any], put: Any) -> Choice:
        if not any(option == own and type(option) is type(own) for option in options):
            options = [own, *options]
        return Choice(name, label, own, put, options=tuple(options), says=tuple(map(_said, options)))

    def _laws(self, name: str, path: str, given: Any, label: str) -> Choice:
        """A choice of laws: names of shapes with the scenario's own mean, or whole laws."""
        own = law_of(spec := value_at(self.data, path))
        known = shapes(own.mean) if own is not None and own.mean > 0 else {}
        options, says, names = [], [], []
        for each in list(known) if given is None else given:
            law = known.get(each) if isinstance(each, str) else law_of(each)
            if law is None:
                raise UsageError(
                    f"vary: {name}: {each!r} is no law; it must be one of {', '.join(known)}, or a law "
                    "such as {'exponential': {'mean': 0.2}}."
                )
            options.append(plain(law))
            says.append(LABELS[each] if isinstance(each, str) else words(law))
            names.append(each if isinstance(each, str) else law.name)
        if spec not in options:
            options.insert(0, spec)
            says.insert(0, words(own) if own is not None else "as recorded")
            names.insert(0, "own")
        return Choice(
            name, label, spec, putting(path), options=tuple(options), says=tuple(says), names=tuple(names)
        )

    def _slider(
        self,
        name: str,
        label: str,
        own: Any,
        given: Any,
        put: Any,
        *,
        unit: str = "",
        order: int = 0,
        line: tuple[float | None, ...] | None = None,
    ) -> Slider:
        if line is None:
            low, high, step = _range(name, own, given)
            line = stops(low, high, step, own)
        if own is None:
            line = (*line, None)
        return Slider(name, label, own, put, order, stops=line, says={None: "none"}, unit=unit)


def _range(name: str, own: Any, given: Any) -> tuple[float, float, float | None]:
    """Ends and step of a slider; by default up to twice the scenario's own value."""
    if given is None:
        if isinstance(own, int):
            return min(own, 1), max(10, 2 * own), None
        if own <= 0:
            raise UsageError(
                f"vary: {name} is {own:g}, which has no usual range; give one: {{{name!r}: (0, 1)}}."
            )
        step = rounded_step(2 * own)
        return step, 2 * own, step
    numbers = isinstance(given, tuple | range) and all(
        isinstance(each, int | float) and not isinstance(each, bool) for each in given
    )
    if isinstance(given, range) and len(given) > 1:
        return given[0], given[-1], abs(given.step)
    if (
        not numbers
        or len(given) not in (2, 3)
        or not given[0] < given[1]
        or (len(given) == 3 and given[2] <= 0)
    ):
        raise UsageError(
            f"vary: {name}: {given!r} is no range; it must be (low, high) or (low, high, step), "
            "or a list of choices."
        )
    return given[0], given[1], given[2] if len(given) == 3 else None


def _staffing(path: str, speeds: list[float]) -> Any:
    """Sets how many workers there are, and gives each a speed: the list has one for each, and no more."""

    def put(draft: Draft, value: Any) -> None:
        draft.changes[path] = value
        own = draft.changes.get(f"{path.rpartition('.')[0]}.speed")
        if own is None or isinstance(own, list | tuple):
            draft.changes[f"{path.rpartition('.')[0]}.speed"] = [
                speeds[place % len(speeds)] for place in range(value)
            ]

    return put


def _every(path: str) -> Any:
    def put(draft: Draft, value: Any) -> None:
        draft.changes[path] = 1.0 / value

    return put


def _renewal(path: str) -> Any:
    def put(draft: Draft, value: Any) -> None:
        draft.changes[path] = plain(with_mean(draft.law(path), 1.0 / value))

    return put


def _titled(path: str) -> str:
    """A path as a label: `worker: prefetch`, `tasks: max length`."""
    whose, *rest = path.removeprefix("broker.").split(".")
    if whose in ("producers", "consumers", "queues", "exchanges") and len(rest) > 1:
        return f"{rest[0]}: {' '.join(rest[1:])}".replace("_", " ")
    return path.replace("_", " ")


def _said(option: Any) -> str:
    if isinstance(option, bool):
        return "yes" if option else "no"
    if option is None:
        return "none"
    if isinstance(option, float):
        return f"{option:g}"
    return str(option)
