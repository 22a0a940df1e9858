"""A run for reports whose trace is written by hand; its scenario says little."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mqsim.runs import RunResult
from mqsim.scenario import Scenario
from tests.viz.handmade import crash_trace

if TYPE_CHECKING:
    from mqsim.trace import Trace


class HandmadeResult(RunResult):
    """A run with a warning that has signs of HTML in it."""

    def __init__(self, name: str = "two workers die", trace: Trace | None = None) -> None:
        scenario = Scenario(name=name, duration=10, broker={"queues": {"tasks": {}}})
        super().__init__(scenario, 42, 0, crash_trace() if trace is None else trace)

    @cached_property
    def warnings(self) -> list[str]:
        return ["Nobody asked <for> this."]
