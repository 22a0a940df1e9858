"""Consumers that come and go: by a plain rule, or as Kubernetes, KEDA and AWS do it.

In a scenario, `autoscale` is the plain rule's fields, or a mapping with one of the keys `hpa`, `keda` and
`target_tracking`. Defaults are those of the original.

Sources: kubernetes.io, "Horizontal Pod Autoscaling" (algorithm, tolerance, behavior) and the API
autoscaling/v2; keda.sh, "Scaling Deployments" (polling, cooldown, activation) and "RabbitMQ Queue" (queue
length, message rate, unacknowledged messages); docs.aws.amazon.com, "Scaling policy based on Amazon SQS"
(backlog per instance) and "Target tracking scaling policies".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    WithJsonSchema,
    model_validator,
)

from mqsim.distributions import Constant, Distribution
from mqsim.scenario.laws import MARK, Law
from mqsim.scenario.problems import UNWRITTEN, did_you_mean, one_of, wrong
from mqsim.scenario.spec import Actors, Amount, Flag, Ratio, Seconds, Share, Some, SomeSeconds, Spec

_MAX: Any = Field(description="most consumers")
_START_DELAY: Any = Field(default=Constant(0.0), description="seconds until a new consumer is ready")
_STOP: Any = Field(default="graceful", description="whether a consumer ends its work first")
Stop = Literal["graceful", "kill"]


class Scaling(Spec):
    """What every kind of autoscaling has: a range."""

    kind: ClassVar[str] = ""
    if TYPE_CHECKING:  # or they would come first in every table
        min: int
        max: int
        start_delay: Distribution
        stop: Stop

    @model_validator(mode="after")
    def _range(self) -> Scaling:
        if self.max < max(self.min, 1):
            raise wrong(self.max, f"at least {max(self.min, 1)}", where=["max"])
        return self


class Autoscale(Scaling):
    """The plain rule: as many consumers as the backlog asks for."""

    every: SomeSeconds = Field(description="seconds between two looks at the queue")
    backlog_per: Ratio = Field(description="ready messages for each consumer")
    min: Actors = Field(default=1, description="fewest consumers")
    max: Actors = _MAX
    start_delay: Law = _START_DELAY
    stop: Stop = _STOP

    @property
    def looks_every(self) -> tuple[str, float]:
        """The field that says how often it looks, and the seconds."""
        return "every", self.every


class Policy(Spec):
    """How fast the number of consumers may change: by so many, or so many per cent, in a time."""

    pods: Some | None = Field(default=None, description="by so many consumers")
    percent: Ratio | None = Field(default=None, description="or by so many per cent of them")
    every: SomeSeconds = Field(default=15.0, description="in so many seconds")

    @model_validator(mode="after")
    def _one(self) -> Policy:
        if (self.pods is None) == (self.percent is None):
            raise wrong(self.pods, "exactly one of pods and percent", says="a policy has one measure")
        return self


_WINDOW = "seconds whose most cautious recommendation counts (stabilisation)"
_POLICIES = "how fast it may change"
Select = Literal["max", "min", "disabled"]
_SELECT: Any = Field(
    default="max", description="the policy that allows most, or least; disabled: no change that way"
)


class ScaleUp(Spec):
    """How the number of consumers may rise (Kubernetes' `behavior.scaleUp`)."""

    window: Seconds = Field(default=0.0, description=_WINDOW)
    policies: list[Policy] = Field(
        default_factory=lambda: [Policy(pods=4), Policy(percent=100)], min_length=1, description=_POLICIES
    )
    select: Select = _SELECT


class ScaleDown(Spec):
    """How the number of consumers may fall (Kubernetes' `behavior.scaleDown`)."""

    window: Seconds = Field(default=300.0, description=_WINDOW)
    policies: list[Policy] = Field(
        default_factory=lambda: [Policy(percent=100)], min_length=1, description=_POLICIES
    )
    select: Select = _SELECT


class Hpa(Scaling):
    """Kubernetes' horizontal pod autoscaler on an external metric of the queue."""

    kind: ClassVar[str] = "hpa"
    metric: Literal["queue_length", "message_rate"] = Field(
        default="queue_length", description="messages in the queue, or messages a second that come to it"
    )
    target: Ratio = Field(description="of the metric, for each consumer")
    min: Actors = Field(default=1, description="fewest consumers")
    max: Actors = _MAX
    average: Flag = Field(
        default=True, description="target is for each consumer (AverageValue); false: for all (Value)"
    )
    unacknowledged: Flag = Field(default=True, description="queue_length counts what consumers hold, too")
    lag: Seconds = Field(default=0.0, description="seconds by which the metric is old")
    rate_window: SomeSeconds = Field(default=5.0, description="message_rate: seconds that it is taken over")
    sync: SomeSeconds = Field(default=15.0, description="seconds between two decisions")
    tolerance: Share = Field(default=0.1, description="a metric so near its target changes nothing")
    scale_up: ScaleUp = Field(default=ScaleUp(), description="how the number may rise")
    scale_down: ScaleDown = Field(default=ScaleDown(), description="how the number may fall")
    start_delay: Law = _START_DELAY
    stop: Stop = _STOP

    @property
    def looks_every(self) -> tuple[str, float]:
        """The field that says how often it looks, and the seconds."""
        return "sync", self.sync

    @property
    def least(self) -> int:
        """The fewest that the horizontal pod autoscaler itself goes down to."""
        return max(self.min, 1)

    @model_validator(mode="after")
    def _not_to_zero(self) -> Hpa:
        if self.kind == "hpa" and self.min < 1:
            hint = "It does nothing while there are none; write keda, which starts the first one"
            raise wrong(self.min, "1 or more", hint, where=["min"])
        return self


class Keda(Hpa):
    """KEDA: it starts the first consumer and stops the last; in between the horizontal pod autoscaler
    decides.
    """

    kind: ClassVar[str] = "keda"
    min: Actors = Field(default=0, description="fewest consumers")
    polling: SomeSeconds = Field(default=30.0, description="seconds between two looks whether any are needed")
    cooldown: Seconds = Field(default=300.0, description="seconds without need until the last one stops")
    activation: Amount = Field(default=0.0, description="above it, the metric says that any are needed")

    @property
    def looks_every(self) -> tuple[str, float]:
        """The field that says how often it looks, and the seconds."""
        return min(("sync", self.sync), ("polling", self.polling), key=lambda each: each[1])


class TargetTracking(Scaling):
    """AWS: target tracking on the backlog per instance, by two alarms."""

    kind: ClassVar[str] = "target_tracking"
    target: Ratio = Field(description="ready messages for each consumer that runs")
    min: Actors = Field(default=1, description="fewest consumers")
    max: Actors = _MAX
    period: SomeSeconds = Field(default=60.0, description="seconds between two data points")
    lag: Seconds = Field(default=0.0, description="seconds by which the metric is old")
    high: Some = Field(default=3, description="data points above the target until consumers are added")
    low: Some = Field(default=15, description="data points well below it until some are taken away")
    low_share: Share = Field(default=0.9, description="of the target: below it is well below")
    out_cooldown: Seconds = Field(
        default=300.0, description="seconds after adding in which only a larger need adds more"
    )
    in_cooldown: Seconds = Field(default=300.0, description="seconds after a change until any are taken away")
    start_delay: Law = _START_DELAY
    stop: Stop = _STOP

    @property
    def looks_every(self) -> tuple[str, float]:
        """The field that says how often it looks, and the seconds."""
        return "period", self.period

    @model_validator(mode="after")
    def _some(self) -> TargetTracking:
        if self.min < 1:
            hint = "The backlog per instance is not defined without an instance"
            raise wrong(self.min, "1 or more", hint, where=["min"])
        return self


SCALERS: dict[str, type[Scaling]] = {each.kind: each for each in (Hpa, Keda, TargetTracking)}
"""What may stand alone in `autoscale`, in place of the fields of the plain rule."""


def _one_key(value: Any) -> Any:
    named = [key for key in value if key in SCALERS] if isinstance(value, Mapping) else []
    if named and len(value) > 1:
        hint = f"Put the other fields below {named[0]}"
        raise wrong(dict(value), f"{named[0]} alone, or the fields of the plain rule", hint)
    if isinstance(value, Mapping) and len(value) == 1:
        given, inside = next(iter(value.items()))
        if given not in SCALERS and isinstance(inside, Mapping):
            raise wrong(dict(value), f"a mapping with one of {one_of(SCALERS)}", did_you_mean(given, SCALERS))
    return value


def _kind_of(value: Any) -> str:
    kind = next(iter(value), "") if isinstance(value, Mapping) else getattr(value, "kind", "")
    return kind if kind in SCALERS else UNWRITTEN


def _inside(value: Any) -> Any:
    return next(iter(value.values())) if isinstance(value, Mapping) else value


def _plain(scaling: Any) -> Any:
    return {scaling.kind: scaling.to_data()} if scaling.kind else scaling.to_data()


_Inside = BeforeValidator(_inside)

AnyScaling = Annotated[
    Annotated[Autoscale, Tag(UNWRITTEN)]
    | Annotated[Hpa, _Inside, Tag("hpa")]
    | Annotated[Keda, _Inside, Tag("keda")]
    | Annotated[TargetTracking, _Inside, Tag("target_tracking")],
    Discriminator(_kind_of),
    BeforeValidator(_one_key),
    PlainSerializer(_plain),
    WithJsonSchema({MARK: "AUTOSCALE"}),
]
