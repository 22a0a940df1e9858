"""Autoscaling as Kubernetes, KEDA and AWS do it: published examples, and a replay of the formulas by hand.

The replay knows only the times at which messages came and went, and the rules as their documentation has
them; it keeps all history in lists and shares no line with the simulator.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mqsim.api import simulate
from mqsim.scenario import Hpa, Scenario, TargetTracking
from mqsim.sim.scaling_rules import BacklogTracking, HorizontalPodAutoscaler
from mqsim.trace.frames import columns

# A burst, a pause, a longer burst, a long pause.
POINTS = [[0, 0], [100, 20], [400, 0], [700, 25], [1300, 3], [2000, 0], [3500, 0]]


def scaled(autoscale: dict[str, Any], count: int = 1, points: Any = POINTS, **worker: Any) -> Scenario:
    """Bursts of messages that some consumers work off."""
    return Scenario(
        duration=3500,
        seed=3,
        broker={"queues": {"tasks": {}}},
        producers={
            "web": {
                "to": "tasks",
                "arrivals": {"profile": {"points": points, "shape": "step"}},
                "work": {"exponential": {"mean": 0.5}},
            }
        },
        consumers={"worker": {"queue": "tasks", "count": count, "autoscale": autoscale} | worker},
    )


def steps(what: Scenario) -> dict[float, int]:
    """How many consumers there are after each change, by its time."""
    log = simulate(what).trace.events
    n = what.consumers["worker"].count
    found: dict[float, int] = {}
    for t, kind in zip(log.t, log.kind, strict=True):
        if kind in ("scaled-up", "scaled-down"):
            n += 1 if kind == "scaled-up" else -1
            found[t] = n
    return found


class Replay:
    """The documented rules over the times of one run, step by step."""

    def __init__(self, what: Scenario) -> None:
        trace = simulate(what).trace
        self.enqueued, self.acked = columns(trace.messages, "enqueued", "acked")
        self.sent = columns(trace.deliveries, "sent")[0]
        self.end = what.horizon
        self.n = what.consumers["worker"].count
        self.asked: list[tuple[float, int]] = []
        self.changes: list[tuple[float, int]] = []
        self.found: dict[float, int] = {}

    def total(self, t: float) -> int:
        """Messages in the queue at t, whoever holds them."""
        return int((self.enqueued <= t).sum() - (self.acked <= t).sum())

    def ready(self, t: float) -> int:
        """Messages at t that nobody holds; none of them is ever sent twice here."""
        return int((self.enqueued <= t).sum() - (self.sent <= t).sum())

    def rate(self, t: float) -> float:
        """Messages a second in the five seconds before t."""
        return float(((self.enqueued > t - 5) & (self.enqueued <= t)).sum()) / 5

    def set(self, t: float, n: int) -> None:
        """Have n from t on."""
        if n != self.n:
            self.n = self.found[t] = n

    def hpa(self, t: float, metric: float, target: float, most: int, **rules: Any) -> None:
        """One decision of the horizontal pod autoscaler."""
        n = self.n
        if n == 0:
            return
        average, down = rules.get("average", True), rules.get("down", 300)
        ratio = metric / (target * n) if average else metric / target
        wanted = n
        if abs(ratio - 1) > 0.1:
            wanted = math.ceil(metric / target) if average else math.ceil(n * metric / target)
        if not self.asked:
            self.asked.append((t, n))
        highest = max([wanted] + [a for when, a in self.asked if when > t - down])
        self.asked.append((t, wanted))
        stable = wanted if wanted > n else min(n, highest)
        if stable > n:
            recent = sum(by for when, by in self.changes if when > t - 15)
            begin = n - recent
            stable = min(stable, max(begin + 4, math.ceil(begin * 2), n))
        elif stable < n and (slow := rules.get("one_per_minute")):
            recent = sum(by for when, by in self.changes if when > t - 60)
            stable = max(stable, min(n - recent - slow, n))
        stable = max(1, min(stable, most))
        if stable != n:
            self.changes.append((t, stable - n))
        self.set(t, stable)


def test_the_horizontal_pod_autoscaler_by_replay() -> None:
    what = scaled({"hpa": {"target": 20, "max": 30}})
    replay = Replay(what)
    for k in range(1, math.ceil(replay.end / 15)):
        replay.hpa(15 * k, replay.total(15 * k), 20, 30)
    assert steps(what) == replay.found
    assert max(replay.found.values()) > 10


@pytest.mark.parametrize("lag", [4.0, 10.0, 40.0])
def test_an_old_metric_by_replay(lag: float) -> None:
    what = scaled({"hpa": {"target": 20, "max": 30, "lag": lag, "unacknowledged": False}})
    replay = Replay(what)
    for k in range(1, math.ceil(replay.end / 15)):
        replay.hpa(15 * k, replay.ready(max(15 * k - lag, 0)), 20, 30)
    assert steps(what) == replay.found
    assert replay.found


def test_a_message_rate_and_slow_policies_by_replay() -> None:
    down = {"window": 60, "policies": [{"pods": 1, "every": 60}]}
    what = scaled({"hpa": {"metric": "message_rate", "target": 2, "max": 30, "scale_down": down}})
    replay = Replay(what)
    for k in range(1, math.ceil(replay.end / 15)):
        replay.hpa(15 * k, replay.rate(15 * k), 2, 30, down=60, one_per_minute=1)
    assert steps(what) == replay.found
    assert len(replay.found) > 20


def test_a_target_for_the_whole_by_replay() -> None:
    what = scaled({"hpa": {"target": 50, "max": 12, "average": False, "scale_down": {"window": 0}}})
    replay = Replay(what)
    for k in range(1, math.ceil(replay.end / 15)):
        replay.hpa(15 * k, replay.total(15 * k), 50, 12, average=False, down=0)
    assert steps(what) == replay.found
    assert replay.found


def test_keda_by_replay() -> None:
    what = scaled({"keda": {"target": 20, "max": 30, "activation": 5, "cooldown": 200}}, count=0)
    replay = Replay(what)
    needed = 0.0
    for k in range(1, math.ceil(replay.end / 15)):
        t = 15 * k
        if t % 30 == 0:
            if replay.total(t) > 5:
                needed = t
                replay.set(t, max(replay.n, 1))
            elif t - needed > 200:
                replay.set(t, 0)
        replay.hpa(t, replay.total(t), 20, 30)
    assert steps(what) == replay.found
    assert 0 in replay.found.values()


def test_a_queue_of_a_scaler_at_zero_is_worked_off() -> None:
    what = scaled({"keda": {"target": 20, "max": 3}}, count=0, points=[[0, 5], [10, 0]]).with_(
        {"until": "drained"}
    )
    told = simulate(what).summary()["queues"]["tasks"]
    assert told["unfinished"] == 0
    assert told["acked"] == told["created"] > 0


def test_aws_by_hand() -> None:
    rule = BacklogTracking(TargetTracking(target=10, max=20))
    # 100 waiting for two: 50 each, five times the target, but not before the third point.
    assert [rule.decide(60 * k, 100, 2, 2) for k in (1, 2, 3)] == [2, 2, 10]
    # The new ones are not there yet: nothing more, unless the need has grown from 10 to 15 in all.
    assert rule.decide(240, 100, 2, 10) == 10
    assert rule.decide(300, 150, 2, 10) == 15
    # All run: 9 each is near the target, 4 each is well below it, for 15 points and past the cooldown.
    low = [rule.decide(360 + 60 * k, 60, 15, 15) for k in range(16)]
    assert low == [15] * 14 + [6] + [15]
    # Once more only when the cooldown is over.
    assert [rule.decide(1320 + 60 * k, 20, 6, 6) for k in range(4)] == [6, 6, 6, 2]


def test_aws_near_its_target_does_nothing() -> None:
    rule = BacklogTracking(TargetTracking(target=10, max=20))
    assert {rule.decide(60 * k, 19, 2, 2) for k in range(40)} == {2}


def test_aws_in_the_world_looks_at_what_runs() -> None:
    what = scaled({"target_tracking": {"target": 20, "max": 30, "start_delay": 45}})
    replay = Replay(what)
    up: list[tuple[float, int]] = [(0.0, 1)]
    rule = BacklogTracking(TargetTracking(target=20, max=30))
    for k in range(1, math.ceil(replay.end / 60)):
        t = 60.0 * k
        running = min(replay.n, [n for when, n in up if when <= t][-1])
        replay.set(t, rule.decide(t, replay.ready(t), running, replay.n))
        if replay.n != up[-1][1]:
            up.append((t + 45 if replay.n > up[-1][1] else t, replay.n))
    assert steps(what) == replay.found
    assert max(replay.found.values()) > 5


def decided(spec: dict[str, Any], metrics: list[float], current: int) -> list[int]:
    """Decisions every 15 s, each carried out at once."""
    rule = HorizontalPodAutoscaler(Hpa(**spec))
    found = []
    for k, metric in enumerate(metrics):
        current = rule.decide(15.0 * k, metric, current)
        found.append(current)
    return found


def test_the_example_of_the_kubernetes_documentation_for_policies() -> None:
    """80 replicas are to become 10, by at most 10 % or 4 pods a minute, whichever is more: 10 % until there
    are fewer than 40, then 4 pods. (10 % of 72 is 7.2, rounded up to 8.)
    """
    down = {"window": 0, "policies": [{"pods": 4, "every": 60}, {"percent": 10, "every": 60}]}
    found = decided({"target": 1, "max": 100, "scale_down": down}, [10.0] * 61, 80)
    assert found[0::4] == [72, 64, 57, 51, 45, 40, 36, 32, 28, 24, 20, 16, 12, 10, 10, 10]
    assert found[0] == found[1] == found[3]


def test_default_rising_allows_four_more_or_twice_as_many_in_15_seconds() -> None:
    assert decided({"target": 1, "max": 100}, [90.0] * 5, 1) == [5, 10, 20, 40, 80]


@pytest.mark.parametrize(("metric", "wanted"), [(109, 10), (111, 12), (91, 10), (89, 9)])
def test_the_tolerance(metric: float, wanted: int) -> None:
    spec = {"target": 10, "max": 100, "scale_down": {"window": 0}}
    assert decided(spec, [metric], 10) == [wanted]


def test_a_window_of_rising_takes_the_lowest_and_disabled_never_changes() -> None:
    spec = {"target": 1, "max": 100, "scale_up": {"window": 30}}
    # The 2 and the 3 of the start count until 30 s are over; then four more at a time.
    assert decided(spec, [3.0, 9.0, 9.0, 9.0], 2) == [2, 2, 6, 9]
    assert decided({"target": 1, "max": 9, "scale_up": {"select": "disabled"}}, [9.0] * 3, 2) == [2] * 3
    least = {"policies": [{"pods": 1}, {"percent": 100}], "select": "min"}
    assert decided({"target": 1, "max": 9, "scale_up": least}, [9.0] * 3, 2) == [3, 4, 5]


def turns(what: Scenario) -> int:
    """How often the number of consumers turns from rising to falling or back."""
    numbers = [what.consumers["worker"].count, *steps(what).values()]
    signs = np.sign(np.diff(numbers))
    return int((signs[1:] != signs[:-1]).sum())


def test_without_a_stabilisation_window_it_flaps() -> None:
    # A minute with messages, a minute without, again and again.
    points = [[60 * k, 20 if k % 2 else 0] for k in range(58)]
    rate = {"metric": "message_rate", "target": 2, "max": 30}
    wild = scaled({"hpa": rate | {"scale_down": {"window": 0}}}, points=points)
    calm = scaled({"hpa": rate}, points=points)
    assert turns(wild) >= 50
    assert turns(calm) <= 2
