"""What an engineer asks for: `p99 < 1s`, `orders.sojourn.p99 < 2s`, `share within 2s >= 99%`, `lost == 0`.

    target  := measure op quantity
    op      := < | <= | > | >= | == | =
    measure := [queue .] [wait | service | sojourn] . mean | max | pNN   (any percentile; sojourn if unsaid)
             | [queue .] share [of wait | of sojourn] within TIME
             | [queue .] lost | dropped | refused | ... | misses            (misses: whatever was not done)
             | [queue .] recover | overflow                                 (times)
             | flows . mean | pNN | ...
             | alarm                          (the time until the first alarm)
             | [group .] flaps | staff        (how often its number turns; how many run on average)
             | any path of summary(), as in groups.packer.utilisation

A part that only one thing in the scenario can have may be left out: `p99` in a scenario with one queue.
"""

from __future__ import annotations

import difflib
import itertools
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mqsim.errors import UsageError
from mqsim.planning.units import Dimension, quantity, seconds, shown
from mqsim.trace import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mqsim.scenario import Scenario

Kind = Literal["time", "share", "count", "number", "misses", "recover", "overflow", "alarm", "flaps", "staff"]

TIMES = ("wait", "service", "sojourn")
_STATISTIC = re.compile(r"mean|max|p(?:[1-9]\d?|0)(?:\.\d+)?")
_TIME = re.compile(rf"(?:(?P<time>wait|service|sojourn)\.)?(?P<statistic>{_STATISTIC.pattern})")
_PERCENTILE = re.compile(r"p\d+(?:\.\d+)?")
_SHARE = re.compile(
    r"(?:(?P<queue>.+?)[.\s]+)?share(?:\s+of\s+(?P<of>wait|sojourn))?\s+within\s+(?P<within>\S+)"
)
_TARGET = re.compile(r"(?P<measure>[^<>=≤≥]+?)\s*(?P<op><=|>=|==|=|<|>|≤|≥)\s*(?P<limit>[^<>=]+)")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
_SPELLED = {"=": "==", "≤": "<=", "≥": ">="}
_COUNTS = (
    *(outcome.label for outcome in Outcome),
    "created",
    "unfinished",
    "published",
    "redelivered",
    "duplicates",
)
_PER_QUEUE: dict[str, Dimension] = {
    "throughput": "rate",
    "p_wait": "share",
    "depth.mean": "count",
    "depth.max": "count",
    "in_system.mean": "count",
    "in_system.max": "count",
}
_PER_CONSUMER: dict[str, Dimension] = {
    "utilisation": "share",
    "of_up_time": "share",
    "share": "share",
    "handled": "count",
}
_PER_PRODUCER: dict[str, Dimension] = {
    "created": "count",
    "published": "count",
    "confirmed": "count",
    "nacked": "count",
    "returned": "count",
    "blocked_for": "time",
}
_OF_GROUPS: dict[str, Literal["flaps", "staff"]] = {"flaps": "flaps", "staff": "staff"}
_EXAMPLES = "such as 'p99 < 1s', 'orders.sojourn.p99 < 2s', 'share within 2s >= 99%' or 'lost == 0'"


@dataclass(frozen=True)
class Measure:
    """A number that a run has.

    Attributes:
        kind: `time` (a mean, maximum or percentile of a time), `share` (of messages done within a time),
            `misses` (messages that were not done, as a share or as a count), `recover`, `overflow`, or
            `number` (any other number of the summary).
        queue: whose; empty for flows, for all messages, and for numbers.
        time: `wait`, `service`, `sojourn` or `flows`.
        statistic: `mean`, `max`, or `p99` and the like.
        within: of a share, the seconds.
        path: of a number, its path in the summary.
        dimension: what its values are.
    """

    kind: Kind
    queue: str = ""
    time: str = ""
    statistic: str = ""
    within: float = 0.0
    path: tuple[str, ...] = ()
    dimension: Dimension = "time"

    @property
    def percentile(self) -> float | None:
        """99 of `p99`; None for other statistics."""
        return float(self.statistic[1:]) if self.statistic.startswith("p") else None

    @property
    def name(self) -> str:
        """The measure as it may be written: `orders.sojourn.p99`."""
        begin = f"{self.queue}." if self.queue else ""
        if self.kind == "time":
            return f"{begin}{self.time}.{self.statistic}"
        if self.kind == "share":
            return f"{begin}share within {seconds(self.within)}"
        return ".".join(self.path).removeprefix("queues.") if self.path else f"{begin}{self.kind}"

    @property
    def words(self) -> str:
        """The measure in words: `the p99 of the sojourn in queue orders`."""
        where = f" in queue {self.queue}" if self.queue else ""
        if self.kind == "time":
            what = "flows" if self.time == "flows" else f"the {self.time}"
            return f"the {self.statistic} of {what}{where}"
        if self.kind == "share":
            what = "wait" if self.time == "wait" else "are done"
            return f"the share of messages that {what} within {seconds(self.within)}{where}"
        if self.kind == "misses":
            return f"the {'share' if self.dimension == 'share' else 'number'} of misses{where}"
        if self.kind == "recover":
            return f"the time to recover{where}"
        if self.kind == "overflow":
            return f"the time until messages overflow{where}"
        if self.kind == "alarm":
            return "the time until the first alarm"
        if self.kind == "flaps":
            return f"how often the number of {self.path[1]} consumers turns from rising to falling or back"
        if self.kind == "staff":
            return f"the mean number of {self.path[1]} consumers that run"
        return self._words_of_number()

    @property
    def title(self) -> str:
        """The measure in words, as a sentence begins."""
        return f"{self.words[0].upper()}{self.words[1:]}"

    def _words_of_number(self) -> str:
        kind, *rest = self.path
        if kind == "messages":
            return f"the number of {rest[0]} messages"
        if kind == "queues":
            queue, number = rest[0], ".".join(rest[1:])
            known = {
                "depth.mean": "the mean depth",
                "depth.max": "the largest depth",
                "in_system.mean": "the mean number of messages waiting or at work",
                "in_system.max": "the largest number of messages waiting or at work",
                "p_wait": "the share of messages that wait",
                "throughput": "the throughput",
            }
            return f"{known.get(number, f'the number of {number} messages')} in queue {queue}"
        if kind in ("consumers", "groups", "producers"):
            number = {"of_up_time": "busy share of the up time"}.get(rest[-1], rest[-1].replace("_", " "))
            return f"the {number} of {rest[0]}"
        return f"the number of {' '.join(rest)} {kind}"


@dataclass(frozen=True)
class Target:
    """A measure and what it must be.

    Attributes:
        text: as it was written.
        measure: the number that is judged.
        op: `<`, `<=`, `>`, `>=` or `==`.
        limit: in seconds, per second, or plain.
    """

    text: str
    measure: Measure
    op: str
    limit: float

    def met(self, value: float) -> bool:
        """Whether a value meets it."""
        return _OPERATORS[self.op](value, self.limit)

    @property
    def at_most(self) -> bool:
        """Whether smaller is better."""
        return self.op in ("<", "<=") or (self.op == "==" and self.limit == 0.0)

    @property
    def words(self) -> str:
        """The target in words: `the p99 of the sojourn in queue orders < 2 s`."""
        return f"{self.measure.words} {self.op} {shown(self.limit, self.measure.dimension)}"


def target(text: str, scenario: Scenario) -> Target:
    """Read a target of a scenario.

    Args:
        text: see the module.
        scenario: whose numbers it names.

    Raises:
        UsageError: it can't be read, or the scenario has no such number.
    """
    found = _TARGET.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"target {text!r}: write a measure, a comparison and a limit, {_EXAMPLES}.")
    named, limit = found["measure"], found["limit"].strip()
    shares = limit.endswith("%")
    measured = measure(named, scenario, shares=shares, of=f"target {text!r}")
    op = _SPELLED.get(found["op"], found["op"])
    value = quantity(limit, measured.dimension, f"target {text!r}")
    if measured.dimension == "share" and not 0.0 <= value <= 1.0:
        raise UsageError(f"target {text!r}: {limit} is no share; write one from 0% to 100%.")
    if value < 0.0:
        raise UsageError(f"target {text!r}: {limit} is below 0, and {measured.words} never is.")
    return Target(text.strip(), measured, op, value)


def targets(texts: Iterable[str], scenario: Scenario) -> tuple[Target, ...]:
    """Read targets that all have to be met.

    Raises:
        UsageError: one can't be read, or two of them contradict each other.
    """
    found = tuple(target(text, scenario) for text in texts)
    for least, most in itertools.permutations(found, 2):
        apart = least.op in (">", ">=") and most.op in ("<", "<=") and least.measure == most.measure
        touch = least.limit == most.limit and not (least.op == ">=" and most.op == "<=")
        if apart and (least.limit > most.limit or touch):
            raise UsageError(
                f"targets {least.text!r} and {most.text!r} contradict each other: no number meets both."
            )
    return found


def without_units(targets: Iterable[Target]) -> Iterator[str]:
    """A sentence about each time that was written without its unit."""
    for each in targets:
        if each.measure.dimension == "time" and each.limit and each.text[-1].isdigit():
            yield f"The target {each.text} has no unit, so it is in seconds: {seconds(each.limit)}."


def measure(text: str, scenario: Scenario, *, shares: bool = False, of: str = "") -> Measure:
    """Read the name of a measure, such as `orders.wait.p95`.

    Args:
        text: see the module.
        scenario: whose numbers it names.
        shares: misses are told as a share of the messages, not as a count.
        of: what the name is part of, for the sentence of an error.

    Raises:
        UsageError: the scenario has no such number.
    """
    says = of or repr(text)
    if (share := _SHARE.fullmatch(text.strip())) is not None:
        within = quantity(share["within"], "time", says)
        whose = _queue(share["queue"], scenario, says)
        return Measure("share", whose, share["of"] or "sojourn", within=within, dimension="share")
    path = text.strip().removeprefix("queues.")
    found = _of_flows(path) or _of_actors(path, scenario, says) or _of_queue(path, scenario, shares, says)
    if found is not None:
        return found
    name, _, number = path.partition(".")
    last = path.rpartition(".")[2]
    if _PERCENTILE.fullmatch(last) and not _STATISTIC.fullmatch(last):
        raise UsageError(f"{says}: a percentile is from p0 to below p100, such as p99 or p99.9.")
    spelled = difflib.get_close_matches(name, scenario.broker.queues, 1)
    if scenario.broker.queues and not spelled and _number_of_queue(number, name, shares) is not None:
        queues = ", ".join(scenario.broker.queues)
        raise UsageError(f"{says}: there is no queue {name!r}; the queues are {queues}.")
    near = difflib.get_close_matches(path, list(_known(scenario)), 3, 0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Write one {_EXAMPLES}."
    raise UsageError(f"{says}: this scenario has no number called {text.strip()!r}. {hint}")


def _of_flows(path: str) -> Measure | None:
    if path == "alarm":
        return Measure("alarm")
    first, _, rest = path.partition(".")
    if first == "messages" and rest in _COUNTS:
        return Measure("number", path=("messages", rest), dimension="count")
    if first != "flows":
        return None
    if _STATISTIC.fullmatch(rest):
        return Measure("time", time="flows", statistic=rest)
    if rest in ("count", "finished", "unfinished"):
        return Measure("number", path=("flows", rest), dimension="count")
    return None


def _of_actors(path: str, scenario: Scenario, says: str) -> Measure | None:
    """Numbers of consumers, groups and producers; a group's utilisation may do without `groups.`."""
    kind, _, rest = path.partition(".")
    if kind in ("consumers", "groups"):
        name, _, number = rest.rpartition(".")
        if kind == "groups" and name in scenario.consumers and number in _OF_GROUPS:
            return Measure(_OF_GROUPS[number], path=(kind, name, number), dimension="count")
        if number not in _PER_CONSUMER:
            return None
        members = {
            f"{group}-{k}" for group, spec in scenario.consumers.items() for k in range(1, spec.most + 1)
        }
        if kind == "consumers" and name in scenario.consumers and name not in members:
            kind = "groups"
        if name in scenario.consumers or name in members:
            return Measure("number", path=(kind, name, number), dimension=_PER_CONSUMER[number])
        return None
    if kind == "producers":
        name, _, number = rest.rpartition(".")
        group = name.rpartition("-")[0]
        known = number in _PER_PRODUCER and (name in scenario.producers or group in scenario.producers)
        return (
            Measure("number", path=("producers", name, number), dimension=_PER_PRODUCER[number])
            if known
            else None
        )
    name, _, number = path.rpartition(".")
    if number not in ("utilisation", "of_up_time", *_OF_GROUPS) or (name and name not in scenario.consumers):
        return None
    if not name and len(scenario.consumers) != 1:
        raise UsageError(
            f"{says}: say whose, as in {' or '.join(f'{n}.{number}' for n in scenario.consumers)}."
        )
    whole = ("groups", name or next(iter(scenario.consumers)), number)
    if number in _OF_GROUPS:
        return Measure(_OF_GROUPS[number], path=whole, dimension="count")
    return Measure("number", path=whole, dimension="share")


def _of_queue(path: str, scenario: Scenario, shares: bool, says: str) -> Measure | None:
    """Times and numbers of a queue, whose name may have dots in it."""
    for name in sorted(scenario.broker.queues, key=len, reverse=True):
        if path.startswith(f"{name}."):
            return _number_of_queue(path[len(name) + 1 :], name, shares)
    if path in _COUNTS:
        return Measure("number", path=("messages", path), dimension="count")
    if path in ("misses", "missed"):
        return Measure("misses", dimension="share" if shares else "count")
    if _number_of_queue(path, "", shares) is None:
        return None
    return _number_of_queue(path, _queue(None, scenario, says), shares)


def _number_of_queue(rest: str, queue: str, shares: bool) -> Measure | None:
    if (timed := _TIME.fullmatch(rest)) is not None:
        return Measure("time", queue, timed["time"] or "sojourn", timed["statistic"])
    if rest in ("misses", "missed"):
        return Measure("misses", queue, dimension="share" if shares else "count")
    if rest == "recover":
        return Measure("recover", queue)
    if rest == "overflow":
        return Measure("overflow", queue)
    if rest in _PER_QUEUE:
        return Measure("number", path=("queues", queue, *rest.split(".")), dimension=_PER_QUEUE[rest])
    if rest in _COUNTS:
        return Measure("number", path=("queues", queue, rest), dimension="count")
    return None


def worked(scenario: Scenario) -> list[str]:
    """The queues that have consumers."""
    fed = {spec.queue for spec in scenario.consumers.values() if spec.most > 0}
    return [name for name in scenario.broker.queues if name in fed]


def _queue(named: str | None, scenario: Scenario, says: str) -> str:
    queues = list(scenario.broker.queues)
    if named is not None:
        name = named.strip().removeprefix("queues.")
        if name in queues:
            return name
        raise UsageError(f"{says}: there is no queue {name!r}; the queues are {', '.join(queues) or 'none'}.")
    candidates = worked(scenario) or queues
    if len(candidates) != 1:
        names = " or ".join(f"{name}." for name in candidates) or "one"
        raise UsageError(f"{says}: say which queue it is about: begin it with {names}")
    return candidates[0]


def _known(scenario: Scenario) -> Iterable[str]:
    """Names to guess from."""
    yield from (
        "p99",
        "p95",
        "p50",
        "mean",
        "misses",
        "recover",
        "overflow",
        "utilisation",
        "throughput",
        *_COUNTS,
    )
    for queue in scenario.broker.queues:
        for time in TIMES:
            yield from (f"{queue}.{time}.{statistic}" for statistic in ("mean", "p50", "p95", "p99", "max"))
        yield from (
            f"{queue}.{number}" for number in (*_PER_QUEUE, *_COUNTS, "misses", "recover", "overflow")
        )
    for group in scenario.consumers:
        yield from (f"groups.{group}.{number}" for number in _PER_CONSUMER)
    yield from (f"flows.{statistic}" for statistic in ("mean", "p50", "p95", "p99", "max"))
