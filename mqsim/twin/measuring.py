"""Numbers of a run without its tables: from what the kernel has counted to the parts of a summary."""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.metrics.flows import unknown_queue
from mqsim.metrics.measures import limit_of
from mqsim.metrics.summary import AT_ONCE
from mqsim.metrics.utilisation import numbers_of_consumers
from mqsim.metrics.window import PERCENTILES, Window, percentile, ratio
from mqsim.trace.tables import Outcome
from mqsim.twin import state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqsim.scenario import Scenario
    from mqsim.trace.tables import Actor, ProducerCounts

_KINDS = ("wait", "service", "sojourn", "flow")
_EVERY_QUEUE = -1


def counts(scenario: Scenario) -> bool:
    """Whether the kernel can count as it goes: each message has one row, which nobody comes back to."""
    return (
        not isinstance(scenario.warmup, str)
        and not any(queue.dead_letter is not None for queue in scenario.broker.queues.values())
        and not any(consumer.publish for consumer in scenario.consumers.values())
        and not any(spec.confirms is not None for spec in scenario.producers.values())
    )


class Times:
    """The times of messages that were worked to their end, a piece at a time; only what is asked for is kept.

    Args:
        paths: the numbers that are wanted (`metrics.measures`).
    """

    def __init__(self, paths: Iterable[str]) -> None:
        asked = list(paths)
        self._kept = {kind for kind in _KINDS if any(_percentile_of(kind, path) for path in asked)}
        self._limits = {limit for path in asked if (limit := limit_of(path)) is not None}
        self._samples: dict[tuple[str, int], array[float]] = {}
        self._sums: dict[tuple[str, int], list[float]] = {}
        self._most: dict[tuple[str, int], float] = {}
        self._counts: dict[tuple[str, int], int] = {}
        self._waited: dict[int, int] = {}
        self._met: dict[tuple[float, int], int] = {}

    def take(self, rows: Any) -> None:
        """Take a piece; what it is made of is used again afterwards."""
        if not len(rows):
            return
        done = rows if rows["done"].all() else rows[rows["done"] != 0]
        self._add("flow", _EVERY_QUEUE, done["flow"])
        self._meet(_EVERY_QUEUE, done["sojourn"])
        codes = rows["queue"]
        for code in [int(codes[0])] if (codes == codes[0]).all() else np.unique(codes).tolist():
            mine = rows if len(rows) == (codes == code).sum() else rows[codes == code]
            self._waited[code] = self._waited.get(code, 0) + int((mine["wait"] > AT_ONCE).sum())
            for kind in ("wait", "service", "sojourn"):
                self._add(kind, code, mine[kind])
            if self._limits:
                self._meet(code, mine["sojourn"][mine["done"] != 0])

    def _add(self, kind: str, code: int, sample: Any) -> None:
        if not len(sample):
            return
        key = kind, code
        sample = np.ascontiguousarray(sample)
        self._counts[key] = self._counts.get(key, 0) + len(sample)
        self._sums.setdefault(key, []).append(float(sample.sum()))
        self._most[key] = max(self._most.get(key, -math.inf), float(sample.max()))
        if kind in self._kept:
            self._samples.setdefault(key, array("d")).frombytes(sample.view(np.uint8).data)

    def _meet(self, code: int, sojourns: Any) -> None:
        for limit in self._limits:
            key = limit, code
            self._met[key] = self._met.get(key, 0) + int((sojourns <= limit).sum())

    def distribution(self, kind: str, code: int = _EVERY_QUEUE) -> dict[str, Any]:
        """As `metrics.window.distribution`, of `wait`, `service` and `sojourn` in a queue, or `flow` in all;
        percentiles are there if they are asked for.
        """
        key = kind, code
        count = self._counts.get(key, 0)
        if not count:
            return {"count": 0, "mean": None} | {f"p{p}": None for p in PERCENTILES} | {"max": None}
        found: dict[str, Any] = {"count": count, "mean": math.fsum(self._sums[key]) / count}
        if key in self._samples:
            in_order = np.frombuffer(self._samples[key])
            in_order.sort()
            found |= {f"p{p}": percentile(in_order, p) for p in PERCENTILES}
        return found | {"max": self._most[key]}

    def waited(self, code: int) -> int:
        """How many of a queue's messages waited."""
        return self._waited.get(code, 0)

    def met(self, limit: float, code: int = _EVERY_QUEUE) -> int:
        """How many messages were finished within a limit, in a queue or in all of them."""
        return self._met.get((limit, code), 0)


def _percentile_of(kind: str, path: str) -> bool:
    """Whether a path asks for a percentile of a kind, or for what may be one."""
    where = r"flows" if kind == "flow" else rf"queues\..+\.{kind}"
    return re.fullmatch(rf"{where}\.p.*", path) is not None


class Counted:
    """The numbers of a run that counted as it went; see `metrics.measures.Numbers`.

    Args:
        s: its arrays.
        window: the stretch of time that the numbers are about.
        queues: the names of queues by their codes.
        actors: the names of actors by their codes.
        cast: who took part, with the times at which they ran.
        producers: what producers counted.
        times: the times of messages.
    """

    def __init__(
        self,
        s: state.State,
        window: Window,
        queues: list[str],
        actors: list[str],
        cast: dict[str, Actor],
        producers: dict[str, ProducerCounts],
        times: Times,
    ) -> None:
        self._s, self._window, self._times = s, window, times
        self._actors, self._cast, self._producers = actors, cast, producers
        self.queues = queues
        self._rows = {int(q.code): q for q in s.queues if q.code >= 0}

    def queue_part(self, code: int, part: str) -> dict[str, Any]:
        """`depth`, `in_system`, `wait`, `service` or `sojourn` of a queue."""
        if part not in ("depth", "in_system"):
            return self._times.distribution(part, code)
        if self._window.length <= 0:
            return {"mean": None, "max": None}
        q = self._rows[code]
        area, most = (q.depth_area, q.most_ready) if part == "depth" else (q.inside_area, q.most_inside)
        return {"mean": float(area) / self._window.length, "max": int(most)}

    def queue_counts(self, code: int) -> dict[str, Any]:
        """The other numbers of a queue."""
        tallies = self._s.tallies[code + 1]
        found = _outcomes(tallies)
        found["published"] = int(tallies[state.PUBLISHED])
        found["redelivered"] = int(tallies[state.REDELIVERED])
        found["duplicates"] = int(tallies[state.AGAIN])
        found["throughput"] = ratio(int(tallies[state.ACKS]), self._window.length)
        done = self._times.distribution("wait", code)["count"]
        found["p_wait"] = ratio(self._times.waited(code), done)
        return found

    def consumers(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The numbers of each consumer, and of each group of them."""
        busy = np.zeros(len(self._actors) + 1)
        for a in self._s.actors:
            busy[int(a.code)] = a.busy
        return numbers_of_consumers(
            self._cast,
            [name for name, actor in self._cast.items() if actor.role == "consumer"],
            self._actors,
            self._s.handled,
            busy,
            self._window,
        )

    def flows(self) -> dict[str, Any]:
        """The numbers of flows: each message is one."""
        numbers = self._times.distribution("flow")
        finished = numbers.pop("count")
        count = self._created()
        return {"count": count, "finished": finished, "unfinished": count - finished} | numbers

    def missed(self, limit: float, queue: str | None) -> float | None:
        """The share of messages that were not finished within a limit."""
        if queue is None:
            met, created = self._times.met(limit), self._created()
        elif queue in self.queues:
            code = self.queues.index(queue)
            met = self._times.met(limit, code)
            created = int(self._s.tallies[code + 1, : state.OUTCOMES].sum())
        else:
            raise unknown_queue(queue, self.queues)
        return 1.0 - met / created if created else None

    def others(self) -> dict[str, Any]:
        """`window`, `messages` and `producers`."""
        return {
            "window": {"start": self._window.start, "end": self._window.end},
            "messages": _outcomes(self._s.tallies.sum(axis=0)),
            "producers": {name: asdict(counts) for name, counts in self._producers.items()},
        }

    def _created(self) -> int:
        return int(self._s.tallies[:, : state.OUTCOMES].sum())


def _outcomes(tallies: Any) -> dict[str, Any]:
    """Copies by outcome, as in a summary."""
    found: dict[str, Any] = {outcome.label: int(tallies[outcome]) for outcome in Outcome}
    under_way = int(tallies[Outcome.READY] + tallies[Outcome.UNACKED] + tallies[state.AT_WORK])
    return found | {"created": int(tallies[: state.OUTCOMES].sum()), "unfinished": under_way}
