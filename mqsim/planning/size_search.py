"""The smallest value of one knob, or the cheapest setting of several, that meets targets."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.planning.judge import Judged, Rules, State, foreseen, guessed, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mqsim.planning.knobs import Cost, Knob
    from mqsim.planning.study import Budget
    from mqsim.scenario import Scenario

FEW = 12
"""Values of a knob of which more may be better or worse that are all tried, one after the other."""
GLANCES = 300
"""Values of such a knob of which theory is asked first."""
MOST_SETTINGS = 20_000


@dataclass
class Search:
    """The settings judged so far, by the indices of their values.

    Attributes:
        spread: whether values were picked here and there, because more may be better or worse.
    """

    scenario: Scenario
    knobs: tuple[Knob, ...]
    rules: Rules
    budget: Budget
    judged: dict[tuple[int, ...], Judged] = field(default_factory=dict)
    spread: bool = False

    def setting(self, at: tuple[int, ...]) -> dict[str, Any]:
        """The values, by path, that indices stand for."""
        return {knob.path: knob.values[i] for knob, i in zip(self.knobs, at, strict=True)}

    def changed(self, at: tuple[int, ...]) -> Scenario:
        """The scenario with that setting."""
        return self.scenario.with_(self.setting(at))

    def glance(self, at: tuple[int, ...]) -> Judged | None:
        """What is known of a setting without a run; kept."""
        if (
            at not in self.judged
            and (done := foreseen(self.changed(at), self.setting(at), self.rules)) is not None
        ):
            self.judged[at] = done
        return self.judged.get(at)

    def look(self, at: tuple[int, ...]) -> Judged:
        """The verdict on a setting, by simulation if need be."""
        if at not in self.judged:
            self.judged[at] = judge(self.changed(at), self.setting(at), self.rules, self.budget)
        return self.judged[at]


def find(search: Search, cost: Cost) -> tuple[int, ...] | None:
    """The cheapest setting that meets the targets, as indices; None where none was found."""
    if len(search.knobs) == 1:
        return _one(search)
    return _several(search, cost)


def _one(search: Search) -> tuple[int, ...] | None:
    knob = search.knobs[0]
    if knob.falling:
        return _highest(search)
    return _least(search)


def _highest(search: Search) -> tuple[int, ...] | None:
    """The highest value that meets the targets, whichever way the knob works: both ends are looked at.

    Only where the highest value fails and the lowest does not is more taken to be worse, so that the range
    may be halved.
    """
    size = len(search.knobs[0].values)
    if search.look((0,)).state == "met":
        return (0,)
    if search.look((size - 1,)).state == "met":
        return _halved(search)
    return _each(search) if size <= FEW else _here_and_there(search)


def _each(search: Search) -> tuple[int, ...] | None:
    every = range(len(search.knobs[0].values))
    return next((at for i in every if search.look(at := (i,)).state == "met"), None)


def _least(search: Search) -> tuple[int, ...] | None:
    knob = search.knobs[0]
    if not knob.numeric or (not _more_helps(search) and len(knob.values) <= FEW):
        return _each(search)
    return _halved(search) if _more_helps(search) else _here_and_there(search)


def _halved(search: Search) -> tuple[int, ...] | None:
    """The first value that meets the targets where each that comes after it does too."""
    size = len(search.knobs[0].values)
    stable = _first(size, lambda i: not _unstable(search, (i,)))
    if stable is None:
        return None
    lowest = _first(size - stable, lambda i: _could(search, (stable + i,)))
    if lowest is None:
        return None
    lowest += stable
    start = _first(size - lowest, lambda i: _guess(search, (lowest + i,)))
    return _around(search, lowest, lowest if start is None else lowest + start)


def _more_helps(search: Search) -> bool:
    """Whether more of the only knob is never worse for any target."""
    return search.knobs[0].rising and not _wants_much(search)


def _wants_much(search: Search) -> bool:
    """Whether something should be high that may fall with more of a knob, such as how busy workers are."""
    return any(
        target.op in (">", ">=") and target.measure.kind not in ("share", "overflow", "alarm")
        for target in search.rules.targets
    )


def _here_and_there(search: Search) -> tuple[int, ...] | None:
    """The least value that meets the targets where more may be better or worse: theory is asked for all, or
    else values are tried that are spread over the range, and then what is between the first that meets the
    targets and the one before it.
    """
    size = len(search.knobs[0].values)
    left = list(range(size))
    if size <= GLANCES:
        left = [i for i in left if (seen := search.glance((i,))) is None or seen.state == "met"]
    search.spread = True
    tried = sorted({round(k * (len(left) - 1) / (FEW - 1)) for k in range(FEW)}) if left else []
    bad = -1
    for place in tried:
        if search.look((left[place],)).state == "met":
            break
        bad = place
    else:
        return None
    good = place
    while good - bad > 1:
        middle = (bad + good) // 2
        if search.look((left[middle],)).state == "met":
            good = middle
        else:
            bad = middle
    return (left[good],)


def _unstable(search: Search, at: tuple[int, ...]) -> bool:
    seen = search.glance(at)
    return seen is not None and seen.unstable != ""


def _could(search: Search, at: tuple[int, ...]) -> bool:
    seen = search.glance(at)
    return seen is None or seen.state != "not met"


def _guess(search: Search, at: tuple[int, ...]) -> bool:
    """Whether theory calls it enough; where theory says nothing, the lowest is tried first."""
    seen = search.glance(at)
    if seen is not None:
        return seen.state == "met"
    return guessed(search.changed(at), search.rules) is not False


def _first(count: int, holds: Callable[[int], bool]) -> int | None:
    """The least index from which on something holds, by halving; None if it never does."""
    if count == 0 or not holds(count - 1):
        return None
    low, high = -1, count - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _around(search: Search, lowest: int, start: int) -> tuple[int, ...] | None:
    """From a first guess to the least value that meets the targets: away in growing steps, then by
    halving.
    """
    last = len(search.knobs[0].values) - 1
    bad, good, step = lowest - 1, start, 1
    while search.look((good,)).state != "met":
        if good == last:
            return None
        bad, good, step = good, min(good + step, last), 2 * step
    while bad < start and good > lowest and bad == lowest - 1:
        below = max(good - step, lowest)
        if search.look((below,)).state == "met":
            good, step = below, 2 * step
        else:
            bad = below
    while good - bad > 1:
        middle = (bad + good) // 2
        if search.look((middle,)).state == "met":
            good = middle
        else:
            bad = middle
    return (good,)


def _several(search: Search, cost: Cost) -> tuple[int, ...] | None:
    size = math.prod(len(knob.values) for knob in search.knobs)
    if size > MOST_SETTINGS:
        raise UsageError(
            f"That is {size:,} settings; at most {MOST_SETTINGS:,} will do, so give shorter ranges."
        )
    every = itertools.product(*(range(len(knob.values)) for knob in search.knobs))
    ordered = sorted(every, key=lambda at: (cost.of(search.setting(at)), at))
    failed: list[tuple[int, ...]] = []
    much = _wants_much(search)
    for at in ordered:
        if not much and any(_no_better(search.knobs, at, worse) for worse in failed):
            continue
        if search.look(at).state == "met":
            return at
        failed.append(at)
    return None


def _no_better(knobs: Sequence[Knob], at: tuple[int, ...], failed: tuple[int, ...]) -> bool:
    """Whether a setting has no more of anything than one that failed."""
    return all(a <= b if knob.rising else a == b for knob, a, b in zip(knobs, at, failed, strict=True))


def words(setting: Mapping[str, Any]) -> str:
    """A setting in words: `7 workers`, or `consumers.worker.prefetch = 20`."""
    return " and ".join(_one_word(path, value) for path, value in setting.items())


def _one_word(path: str, value: Any) -> str:
    kind, _, rest = path.partition(".")
    name, _, field_ = rest.rpartition(".")
    if kind == "consumers" and field_ == "count" and name.isalpha():
        return f"{value} {name}" if value == 1 else f"{value} {name}{'' if name.endswith('s') else 's'}"
    return f"{path} = {value}"


@dataclass(frozen=True)
class Sized:
    """What a search came to, ready to be told."""

    search: Search
    found: tuple[int, ...] | None
    cost: Cost
    state: State

    @property
    def untried(self) -> bool:
        """Whether values are left of which nothing is known, where more may be better or worse."""
        search = self.search
        return search.spread and len(search.judged) < len(search.knobs[0].values)

    @property
    def best(self) -> Judged | None:
        """The setting that meets the targets."""
        return None if self.found is None else self.search.judged[self.found]

    @property
    def below(self) -> Judged | None:
        """The setting just below: of one knob the value before; of several the next cheaper that was
        judged.
        """
        if self.found is None:
            return None
        if len(self.search.knobs) == 1:
            before = (self.found[0] - 1,)
            return self.search.judged.get(before) or (self.search.glance(before) if self.found[0] else None)
        price = self.cost.of(self.search.setting(self.found))
        cheaper = [
            each
            for each in self.search.judged.values()
            if self.cost.of(each.setting) <= price and each is not self.best
        ]
        ranked = sorted(cheaper, key=lambda each: (each.unstable != "", -self.cost.of(each.setting)))
        return ranked[0] if ranked else None


def settle(search: Search, cost: Cost) -> Sized:
    """Search, and say how sure the answer is."""
    found = find(search, cost)
    judged = search.judged
    if found is None:
        none = Sized(search, None, cost, "not met")
        unsure = none.untried or any(each.state == "unsure" for each in judged.values())
        return replace(none, state="unsure") if unsure else none
    price = cost.of(search.setting(found))
    doubtful = any(each.state == "unsure" and cost.of(each.setting) <= price for each in judged.values())
    return Sized(search, found, cost, "unsure" if doubtful else "met")
