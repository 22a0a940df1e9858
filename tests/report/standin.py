"""A run for reports whose trace is written by hand and whose scenario does not matter."""

from __future__ import annotations

from typing import Any

from mqsim.checkers import Verdict, check
from mqsim.metrics import summary
from mqsim.trace import Trace
from tests.viz.handmade import crash_trace


class NamedScenario:
    def __init__(self, name: str) -> None:
        self.name = name

    def to_yaml(self) -> str:
        return f"name: {self.name}\nduration: 10\n"


class HandmadeResult:
    """What a report asks of a result."""

    def __init__(self, name: str = "two workers die", trace: Trace | None = None) -> None:
        self.scenario = NamedScenario(name)
        self.trace = crash_trace() if trace is None else trace
        self.seed = 42
        self.warnings = ["Nobody asked <for> this."]

    def summary(self) -> dict[str, Any]:
        return summary(self.trace)

    def checks(self) -> list[Verdict]:
        return check(self.trace)
