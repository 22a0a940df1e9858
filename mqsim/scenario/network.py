"""The network between clients and broker nodes: latency and bandwidth of its links."""

from __future__ import annotations

from pydantic import Field, model_validator

from mqsim.scenario.problems import wrong
from mqsim.scenario.spec import Seconds, SomeBytes, Spec, Text


class LinkSpec(Spec):
    """One link that differs from the rest."""

    between: tuple[Text, ...] = Field(
        description="two ends: an actor, a group or a broker node, and a broker node"
    )
    latency: Seconds | None = Field(default=None, description="seconds one way; null is the network's")
    bandwidth: SomeBytes | None = Field(default=None, description="bytes per second; null is unlimited")

    @model_validator(mode="after")
    def _two_ends(self) -> LinkSpec:
        if len(self.between) != 2 or self.between[0] == self.between[1]:
            raise wrong(
                list(self.between),
                "a list of two different ends, such as [worker-1, broker]",
                where=["between"],
            )
        return self


class NetworkSpec(Spec):
    """All links."""

    latency: Seconds = Field(
        default=0.0, description="seconds one way, on every link that has none of its own"
    )
    links: list[LinkSpec] = Field(default_factory=list, description="links that differ from the rest")
