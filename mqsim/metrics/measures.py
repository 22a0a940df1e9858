"""Single numbers of a run, by their path in `summary`, without working out all the others.

A path is that of `summary`, such as `queues.tasks.wait.p95`, `queues.tasks.depth.mean`, `flows.mean` or
`groups.worker.utilisation`; or a share of misses: `miss(5)` for messages that were not worked to their end
within 5 seconds of their creation, `queues.tasks.miss(5)` for one queue (see `flows.slo_miss`).
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.metrics.flows import flow_numbers, slo_miss
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


def measures(trace: Trace, paths: Iterable[str], warmup: float = 0.0) -> dict[str, Number]:
    """Numbers of a run by path; each is that of `summary` of the same run.

    Args:
        trace: what a run left behind.
        paths: see the module.
        warmup: seconds at the start that are left out; 0 or more.

    Raises:
        UsageError: there is no such number, or `warmup` is not a number of seconds.
    """
    run = _Run(trace, warmup)
    return {path: run.number(path) for path in paths}


class _Run:
    """The parts of a summary, each worked out when it is asked for."""

    def __init__(self, trace: Trace, warmup: float) -> None:
        self._trace = trace
        self._warmup = warmup
        self._span = window(trace, warmup)
        self._made: dict[str, dict[str, Any]] = {}

    def number(self, path: str) -> Number:
        """The number at a path."""
        missed = _MISS.fullmatch(path)
        if missed:
            return self._miss(path, missed["queue"], missed["limit"])
        section, _, rest = path.partition(".")
        if section == "queues":
            return self._of_queue(path, rest)
        if section == "flows":
            return self._leaf(path, self._part("flows", lambda: flow_numbers(self._trace, self._span)), rest)
        if section in ("consumers", "groups"):
            return self._leaf(path, self._consumers[section == "groups"], rest)
        return self._leaf(path, self._part("summary", lambda: summary(self._trace, self._warmup)), path)

    def _miss(self, path: str, queue: str | None, limit: str) -> Number:
        try:
            seconds = float(limit)
        except ValueError:
            raise UsageError(f"measure {path!r}: {limit!r} is not a number of seconds.") from None
        return slo_miss(self._trace, seconds, warmup=self._warmup, queue=queue)

    def _part(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = make()
        return found

    @cached_property
    def _rows(self) -> Any:
        return queue_rows(self._trace)

    @cached_property
    def _within(self) -> Any:
        return self._span.holds(columns(self._trace.messages, "created")[0])

    @cached_property
    def _consumers(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return consumer_numbers(self._trace, self._span)

    def _of_queue(self, path: str, rest: str) -> Number:
        for code, name in enumerate(self._trace.queues.names):
            if rest.startswith(f"{name}."):
                leaf = rest.removeprefix(f"{name}.")
                first, _, last = leaf.partition(".")
                if first in _PARTS:
                    found = self._part(f"{name} {first}", lambda: self._queue_part(code, first))  # noqa: B023
                    return self._leaf(path, found, last)
                return self._leaf(path, self._part(f"{name} counts", lambda: self._queue_counts(code)), leaf)  # noqa: B023
        raise _unknown(path, [f"queues.{name}" for name in self._trace.queues.names])

    def _queue_part(self, code: int, part: str) -> dict[str, Any]:
        """One of the parts of a queue's numbers that have parts themselves."""
        mine, attempts = self._rows.messages[code], self._rows.deliveries[code]
        if part == "depth":
            return average_in(depth_of(self._trace, mine, attempts), self._span)
        if part == "in_system":
            return average_in(in_system_of(self._trace, mine, attempts), self._span)
        return distribution(times_of(part, queue_times(self._trace, mine[self._within[mine]])))

    def _queue_counts(self, code: int) -> dict[str, Any]:
        """The others."""
        mine = self._rows.messages[code]
        found = queue_numbers(self._trace, self._span, mine, mine[self._within[mine]], times=False)
        found["duplicates"] = int(duplicates(self._trace, self._within)[code])
        return found

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


def _unknown(path: str, known: list[str]) -> UsageError:
    return UsageError(
        f"measure {path!r} is not a number of this run; there are {', '.join(known[:12]) or 'none'}."
    )
