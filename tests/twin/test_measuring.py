"""Numbers that the kernel counts as it goes are those of `summary` of the same run."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mqsim.errors import MqsimError
from mqsim.metrics import slo_miss, summary
from mqsim.scenario import Scenario
from mqsim.sim import World
from mqsim.twin import eligible
from tests.twin.drawing import scenario as drawn
from tests.twin.test_many import leaves
from tests.twin.test_rules import PLAIN

pytestmark = pytest.mark.xdist_group("twin")
pytest.importorskip("numba", reason="the twin needs numba: pip install 'mqsim[fast]'")

BUNCH = 40
DRAWN = 320


def countable(seed: int) -> dict[str, Any]:
    """The drawn scenario of that number, without what makes further copies of a message; half of them with a
    warm-up.
    """
    data = drawn(seed)
    for queue in data["broker"]["queues"].values():
        queue.pop("dead_letter", None)
    for consumer in data["consumers"].values():
        consumer.pop("publish", None)
    for producer in data["producers"].values():
        producer.pop("confirms", None)
        producer.pop("retry", None)
    return data | ({"warmup": 2} if seed % 2 else {})


def difference(data: dict[str, Any]) -> str:
    """The first number that is not that of the summary, in words; empty if there is none. `-` where the
    scenario can't be counted.
    """
    from mqsim.twin.measuring import counts
    from mqsim.twin.play import measure

    try:
        scenario = Scenario.from_data(data)
        if eligible(scenario) or not counts(scenario):
            return "-"
        trace = World(scenario, scenario.seed).run_to_end()
    except MqsimError:
        return "-"
    warmup = float(scenario.warmup)
    expected = leaves(summary(trace, warmup))
    for limit in (0.25, 1.0):
        expected[f"miss({limit})"] = slo_miss(trace, limit, warmup=warmup)
        for name in trace.queues.names:
            expected[f"queues.{name}.miss({limit})"] = slo_miss(trace, limit, warmup=warmup, queue=name)
    found = measure(scenario, expected)
    for path, number in expected.items():
        if not same(number, found[path]):
            return f"{path}: summary {number!r}, counted {found[path]!r}"
    return ""


def same(one: Any, other: Any) -> bool:
    """Whether two numbers are the same: counts to the last bit, others to 12 digits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("first", range(0, DRAWN, BUNCH))
def test_what_is_counted_is_what_the_summary_tells(first: int) -> None:
    found = {seed: difference(countable(seed)) for seed in range(first, first + BUNCH)}
    assert {seed: text for seed, text in found.items() if text not in ("", "-")} == {}
    assert sum(text == "" for text in found.values()) >= BUNCH // 3


def test_rows_are_used_again() -> None:
    from mqsim.twin.measuring import Times
    from mqsim.twin.play import _go
    from mqsim.twin.setting import Setting
    from mqsim.twin.supply import Supply

    many = {"producers.web.arrivals": {"every": 0.001}, "producers.web.work": 0.0001, "duration": 30}
    setting = Setting(Scenario.from_data(PLAIN).with_(many), 1, 0, 0.0)
    _go(setting, Supply(setting, Times([])), None)
    g = setting.state.g[0]
    assert g.created == 30_000
    assert g.messages < 10
    assert g.deliveries < 10
