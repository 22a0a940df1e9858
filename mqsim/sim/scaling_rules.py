"""How many consumers an autoscaler wants: Kubernetes' and AWS's rules as functions of numbers and times.

They know nothing of the world, so that they can be tried with a pencil. Sources: the autoscaling algorithm
and its `behavior` at kubernetes.io ("Horizontal Pod Autoscaling") and in Kubernetes' own controller
(pkg/controller/podautoscaler/horizontal.go and replica_calculator.go); docs.aws.amazon.com ("Target tracking
scaling policies for Application Auto Scaling").
"""

from __future__ import annotations

from collections import deque
from math import ceil, inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqsim.scenario.autoscaling import Hpa, Policy, ScaleDown, ScaleUp, TargetTracking


class HorizontalPodAutoscaler:
    """Kubernetes' decisions, with the memory that they need.

    Each is: the number that the metric asks for; the most cautious number of the stabilisation windows; what
    the policies allow; what the range allows.
    """

    def __init__(self, spec: Hpa) -> None:
        self._spec = spec
        self._kept = max(spec.scale_up.window, spec.scale_down.window)
        self._asked: deque[tuple[float, int]] = deque()
        self._memory = max(
            policy.every for way in (spec.scale_up, spec.scale_down) for policy in way.policies
        )
        self._changes: deque[tuple[float, int]] = deque()

    def decide(self, now: float, metric: float, current: int) -> int:
        """How many consumers there should be.

        Args:
            now: seconds; never earlier than before.
            metric: messages, or messages a second.
            current: how many there are, those that are about to start included; above 0.
        """
        spec = self._spec
        if not spec.least <= current <= spec.max:
            wanted = min(max(current, spec.least), spec.max)
        else:
            wanted = self._within_policies(
                now, self._stabilised(now, self.asked(metric, current), current), current
            )
        self.changed(now, wanted - current)
        return wanted

    def changed(self, now: float, by: int) -> None:
        """Remember a change for the policies."""
        while self._changes and self._changes[0][0] <= now - self._memory:
            self._changes.popleft()
        if by:
            self._changes.append((now, by))

    def asked(self, metric: float, current: int) -> int:
        """How many the metric asks for, before windows, policies and range."""
        spec = self._spec
        whole = spec.target * current if spec.average else spec.target
        ratio = metric / whole
        if abs(1.0 - ratio) <= spec.tolerance:
            return current
        return ceil(metric / spec.target) if spec.average else ceil(ratio * current)

    def _stabilised(self, now: float, asked: int, current: int) -> int:
        """Not above the lowest that was asked for in the window of rising, and not below the highest in that
        of falling.
        """
        if not self._asked:
            self._asked.append((now, current))
        while self._asked and self._asked[0][0] <= now - self._kept:
            self._asked.popleft()
        up = [n for t, n in self._asked if t > now - self._spec.scale_up.window]
        down = [n for t, n in self._asked if t > now - self._spec.scale_down.window]
        self._asked.append((now, asked))
        return min(max(current, min([asked, *up])), max([asked, *down]))

    def _within_policies(self, now: float, wanted: int, current: int) -> int:
        spec = self._spec
        if wanted > current:
            limit = max(self._limit(now, spec.scale_up, current, up=True), current)
            return int(min(wanted, limit, spec.max))
        if wanted < current:
            limit = min(self._limit(now, spec.scale_down, current, up=False), current)
            return int(max(wanted, limit, spec.least))
        return current

    def _limit(self, now: float, way: ScaleUp | ScaleDown, current: int, *, up: bool) -> float:
        """How far the policies of one way let the number go."""
        if way.select == "disabled":
            return current
        limits = [self._reach(now, policy, current, up=up) for policy in way.policies]
        farthest = max if up == (way.select == "max") else min
        return farthest(limits)

    def _reach(self, now: float, policy: Policy, current: int, *, up: bool) -> float:
        """How far one policy lets the number go, counted from what it was a period ago."""
        before = current - sum(by for t, by in self._changes if t > now - policy.every)
        if policy.pods is not None:
            return before + policy.pods if up else before - policy.pods
        share = (policy.percent or 0.0) / 100.0
        return ceil(before * (1.0 + share)) if up else int(before * (1.0 - share))


class BacklogTracking:
    """AWS's target tracking: two alarms on the backlog per instance, and cooldowns.

    How far AWS scales in at a time is not published ("more gradually"); here it is as far as the metric asks.
    """

    def __init__(self, spec: TargetTracking) -> None:
        self._spec = spec
        self._points: deque[float] = deque(maxlen=max(spec.high, spec.low))
        self._out_at = self._in_at = -inf
        self._before = 0

    def decide(self, now: float, backlog: float, running: int, current: int) -> int:
        """How many consumers there should be, after one more data point.

        Args:
            now: seconds.
            backlog: ready messages.
            running: how many consumers are ready to work.
            current: how many there are, those that are about to start included.
        """
        spec = self._spec
        per_instance = backlog / max(running, 1)
        self._points.append(per_instance)
        if self._all(spec.high, above=spec.target):
            # While capacity that was added lately is not there yet, it counts as part of what is asked for.
            cooling = now < self._out_at + spec.out_cooldown
            base = self._before if cooling else current
            wanted = min(ceil(base * per_instance / spec.target), spec.max)
            if wanted > current:
                self._before = base
                self._out_at = self._out_at if cooling else now
                return wanted
        elif self._all(spec.low, below=spec.low_share * spec.target):
            rests = now < max(self._out_at + spec.out_cooldown, self._in_at + spec.in_cooldown)
            wanted = max(ceil(current * per_instance / spec.target), spec.min)
            if wanted < current and not rests:
                self._in_at = now
                return wanted
        return min(max(current, spec.min), spec.max)

    def _all(self, count: int, above: float = -inf, below: float = inf) -> bool:
        latest: Iterable[float] = list(self._points)[-count:]
        return len(self._points) >= count and all(above < point < below for point in latest)
