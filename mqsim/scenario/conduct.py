"""How actors behave: confirms and retries of a producer; failing and forwarding of a consumer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mqsim.distributions import Constant
from mqsim.scenario.destinations import Destination
from mqsim.scenario.laws import Law
from mqsim.scenario.problems import wrong
from mqsim.scenario.spec import Ratio, Seconds, Share, Some, SomeSeconds, Spec, Whole, WholeBytes

FailThen = Literal["nack", "reject", "drop", "crash"]
RetryCause = Literal["nack", "timeout", "closed", "returned"]


class Confirms(Spec):
    """Publisher confirms: the broker says when it has a message safe."""

    window: Some = Field(default=100, description="most messages that wait for their confirm")
    timeout: SomeSeconds | None = Field(
        default=5.0, description="seconds until a confirm counts as missing; null is never"
    )


class Retry(Spec):
    """Publishing again after a failure; the k-th time after `delay` x `factor` to the power k - 1."""

    on: list[RetryCause] = Field(
        default_factory=lambda: list[RetryCause](("nack", "timeout", "closed")),
        min_length=1,
        description="what counts as a failure",
    )
    delay: Law = Field(default=Constant(1.0), description="seconds before the first retry")
    factor: Ratio = Field(default=1.0, description="stretches the delay from retry to retry")
    limit: Whole = Field(default=5, description="retries before the producer gives a message up")


class Fails(Spec):
    """Work that goes wrong.

    A message fails with `probability` at each attempt, and always when it is poison. It fails after the share
    `after` of its work, and `then`: nack (back to the queue), reject (dead-lettered, or dropped where there
    is no dead-letter exchange), drop (acknowledged although the work was not done) or crash (the consumer
    dies). At attempt number `attempts` a message that fails is rejected instead, so that it can't come back.
    """

    probability: Share = Field(default=0.0, description="how likely an attempt fails, from 0 to 1")
    after: Share = Field(default=1.0, description="the share of the work that is done before, from 0 to 1")
    then: FailThen = Field(default="nack", description="what happens to the message")
    attempts: Some | None = Field(
        default=None, description="the attempt at which a failing message is rejected"
    )
    restart_after: Seconds | None = Field(
        default=1.0, description="crash: seconds until it runs again; null is never"
    )

    @model_validator(mode="after")
    def _restart_of_a_crash(self) -> Fails:
        if self.then != "crash" and self.restart_after != 1.0:
            raise wrong(
                self.restart_after,
                f"left out with then: {self.then}, which kills nobody",
                where=["restart_after"],
            )
        return self


class Forward(Spec):
    """A message that a consumer publishes for each one it has worked on."""

    to: Destination = Field(description="a queue's name, {exchange, key}, or a list of these with weights")
    probability: Share = Field(default=1.0, description="how likely it is published, from 0 to 1")
    when: Literal["before_ack", "after_ack"] = Field(
        default="before_ack", description="a crash in between doubles or loses it"
    )
    size: WholeBytes | None = Field(
        default=None, description="bytes; null is the size of the message worked on"
    )
