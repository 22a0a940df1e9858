"""Single numbers of a run, by their path in `summary`, without working out all the others.

A path is that of `summary`, such as `queues.tasks.wait.p95`, `queues.tasks.depth.mean`, `flows.mean` or
`groups.worker.utilisation`; or a share of misses: `miss(5)` for messages that were not worked to their end
within 5 seconds of their creation, `queues.tasks.miss(5)` for one queue (see `flows.slo_miss`).
"""

from __future__ import annotations

import re
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol

from mqsim.errors import UsageError
from mqsim.metrics.flows import flow_numbers, refuse_no_limit, slo_miss
from mqsim.metrics.series import average_in, depth_of, in_system_of, queue_rows
from mqsim.metrics.summary import duplicates, queue_numbers, queue_times, summary, times_of
from mqsim.metrics.utilisation import consumer_numbers
from mqsim.metrics.window import distribution, window
from mqsim.trace.frames import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mqsim.trace.tables import Trace

Number = float | int | None

_PARTS = ("depth", "in_system", "wait", "service", "sojourn")
_MISS = re.compile(r"(?:queues\.(?P<queue>.+)\.)?miss\((?P<limit>[^()]+)\)")


class Numbers(Protocol):
    """The parts of a run's summary, each worked out when it is asked for.

    Attributes:
        queues: the names of queues by their codes.
    """

    queues: list[str]

    def queue_part(self, code: int, part: str) -> dict[str, Any]:
        """`depth`, `in_system`, `wait`, `service` or `sojourn` of a queue."""

    def queue_counts(self, code: int) -> dict[str, Any]:
        """The other numbers of a queue."""

    def consumers(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """`consumers` and `groups`."""

    def flows(self) -> dict[str, Any]:
        """`flows`."""

    def missed(self, limit: float, queue: str | None) -> float | None:
        """As `flows.slo_miss`."""

    def others(self) -> dict[str, Any]:
        """What is left of the summary."""


def measures(trace: Trace, paths: Iterable[str], warmup: float = 0.0) -> dict[str, Number]:
    """Numbers of a run by path; each is that of `summary` of the same run.

    Args:
        trace: what a run left behind.
        paths: see the module.
        warmup: seconds at the start that are left out; 0 or more.

    Raises:
        UsageError: there is no such number, or `warmup` is not a number of seconds.
    """
    return numbers_at(paths, _OfTrace(trace, warmup))


def numbers_at(paths: Iterable[str], numbers: Numbers) -> dict[str, Number]:
    """Numbers by path, from wherever they come.

    Raises:
        UsageError: there is no such number.
    """
    run = _Run(numbers)
    return {path: run.number(path) for path in paths}


def limit_of(path: str) -> float | None:
    """The limit in seconds of a path that asks for a share of misses, None for all others.

    Raises:
        UsageError: what stands there is no such limit.
    """
    found = _MISS.fullmatch(path)
    if found is None:
        return None
    try:
        limit = float(found["limit"])
    except ValueError:
        raise UsageError(f"measure {path!r}: {found['limit']!r} is not a number of seconds.") from None
    refuse_no_limit(limit)
    return limit


class _Run:
    """Finds numbers by their path, and keeps the parts that it has asked for."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._made: dict[str, Any] = {}

    def number(self, path: str) -> Number:
        """The number at a path."""
        limit = limit_of(path)
        if limit is not None:
            found = _MISS.fullmatch(path)
            return self._numbers.missed(limit, found["queue"] if found else None)
        section, _, rest = path.partition(".")
        if section == "queues":
            return self._of_queue(path, rest)
        if section == "flows":
            return self._leaf(path, self._part("flows", self._numbers.flows), rest)
        if section in ("consumers", "groups"):
            both = self._part("consumers", self._numbers.consumers)
            return self._leaf(path, both[section == "groups"], rest)
        return self._leaf(path, self._part("others", self._numbers.others), path)

    def _part(self, name: str, make: Callable[[], Any]) -> Any:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = make()
        return found

    def _of_queue(self, path: str, rest: str) -> Number:
        numbers = self._numbers
        for code, name in enumerate(numbers.queues):
            if rest.startswith(f"{name}."):
                leaf = rest.removeprefix(f"{name}.")
                first, _, last = leaf.partition(".")
                if first in _PARTS:
                    found = self._part(f"{name} {first}", partial(numbers.queue_part, code, first))
                    return self._leaf(path, found, last)
                found = self._part(f"{name} counts", partial(numbers.queue_counts, code))
                return self._leaf(path, found, leaf)
        raise _unknown(path, [f"queues.{name}" for name in numbers.queues])

    def _leaf(self, path: str, found: dict[str, Any], rest: str) -> Number:
        """What stands at the end of a path; names of actors may have dots."""
        if rest in found:
            value = found[rest]
            if not isinstance(value, dict):
                return value  # type: ignore[no-any-return]
            raise _unknown(path, [f"{path}.{key}" for key in value])
        for key, inside in found.items():
            if isinstance(inside, dict) and rest.startswith(f"{key}."):
                return self._leaf(path, inside, rest.removeprefix(f"{key}."))
        above = path.removesuffix(rest).removesuffix(".")
        raise _unknown(path, [f"{above}.{key}".removeprefix(".") for key in found])


class _OfTrace:
    """The numbers of a run of which there is a trace."""

    def __init__(self, trace: Trace, warmup: float) -> None:
        self._trace = trace
        self._warmup = warmup
        self._span = window(trace, warmup)
        self.queues = trace.queues.names

    @cached_property
    def _rows(self) -> Any:
        return queue_rows(self._trace)

    @cached_property
    def _within(self) -> Any:
        return self._span.holds(columns(self._trace.messages, "created")[0])

    def queue_part(self, code: int, part: str) -> dict[str, Any]:
        """One of the parts of a queue's numbers that have parts themselves."""
        mine, attempts = self._rows.messages[code], self._rows.deliveries[code]
        if part == "depth":
            return average_in(depth_of(self._trace, mine, attempts), self._span)
        if part == "in_system":
            return average_in(in_system_of(self._trace, mine, attempts), self._span)
        return distribution(times_of(part, queue_times(self._trace, mine[self._within[mine]])))

    def queue_counts(self, code: int) -> dict[str, Any]:
        """The others."""
        mine = self._rows.messages[code]
        found = queue_numbers(self._trace, self._span, mine, mine[self._within[mine]], times=False)
        found["duplicates"] = int(duplicates(self._trace, self._within)[code])
        return found

    def consumers(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The numbers of consumers and of their groups."""
        return consumer_numbers(self._trace, self._span)

    def flows(self) -> dict[str, Any]:
        """The numbers of flows."""
        return flow_numbers(self._trace, self._span)

    def missed(self, limit: float, queue: str | None) -> float | None:
        """The share of messages that were not finished within a limit."""
        return slo_miss(self._trace, limit, warmup=self._warmup, queue=queue)

    def others(self) -> dict[str, Any]:
        """The whole summary."""
        return summary(self._trace, self._warmup)


def _unknown(path: str, known: list[str]) -> UsageError:
    return UsageError(
        f"measure {path!r} is not a number of this run; there are {', '.join(known[:12]) or 'none'}."
    )
