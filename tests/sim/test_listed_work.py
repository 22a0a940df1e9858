"""Work (and gaps) from a list: in order, and from the start again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mqsim.api import Scenario, simulate
from mqsim.distributions import Listed, Streams, parse
from mqsim.trace.frames import columns
from tests.sim.small import scenario

if TYPE_CHECKING:
    from pathlib import Path


def test_the_nth_message_of_each_producer_has_the_nth_value() -> None:
    what = scenario(
        producers={
            "web": {
                "to": "tasks",
                "count": 2,
                "arrivals": {"at": [0, 10, 20, 30]},
                "work": {"list": [3, 1, 4]},
            }
        },
        consumer={"count": 2},
    )
    number, started, finished = columns(simulate(what).trace.messages, "number", "started", "finished")
    expected = np.array([3, 1, 4, 3])[number]
    assert (finished - started).tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize("start", [0, 1, 5, 127, 128, 4095, 10_001])
def test_a_sample_is_a_function_of_its_index(start: int) -> None:
    sampler = Streams(1).sampler("web-1", "work", Listed((3.0, 1.0, 4.0, 1.0, 5.0)))
    assert sampler.at(start) == (3.0, 1.0, 4.0, 1.0, 5.0)[start % 5]
    drawn = sampler.draws()
    assert [next(drawn) for _ in range(12)] == [3, 1, 4, 1, 5, 3, 1, 4, 1, 5, 3, 1]


def test_gaps_of_a_list_are_in_order_too() -> None:
    what = scenario(producer={"arrivals": {"renewal": {"list": [1, 2]}}, "messages": 4}, work=0.1)
    assert columns(simulate(what).trace.messages, "created")[0].tolist() == [1, 3, 4, 6]


def test_a_list_may_be_a_column(tmp_path: Path) -> None:
    (tmp_path / "work.csv").write_text("id,seconds\n7,2\n8,0.5\n", encoding="utf-8")
    law = {"list": {"file": "work.csv", "column": "seconds"}}
    what = Scenario(
        until="drained",
        broker={"queues": {"tasks": {}}},
        producers={"web": {"to": "tasks", "arrivals": {"at": [0, 5, 10]}, "work": law}},
        consumers={"worker": {"queue": "tasks"}},
        base=tmp_path,
    )
    assert columns(simulate(what).trace.messages, "finished")[0].tolist() == [2, 5.5, 12]
    assert what.to_data()["producers"]["web"]["work"] == law


def test_it_is_written_as_it_was_read() -> None:
    for spec in ({"list": [1.0, 2.0]}, {"list": {"values": [1.0, 2.0]}}):
        assert parse(spec).spec() == {"list": [1.0, 2.0]}
