"""What goes wrong, and when: one mapping each, whose first key is the kind of fault and names its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, model_serializer, model_validator

from mqsim.scenario.conduct import Fails, FailThen
from mqsim.scenario.laws import Law, PositiveLaw
from mqsim.scenario.problems import Problem, all_wrong, did_you_mean, missing, one_of, wrong
from mqsim.scenario.spec import Ratio, Seconds, Share, Some, SomeSeconds, Spec, Text

FaultKind = Literal[
    "crash",
    "power_off",
    "slow",
    "hang",
    "partition",
    "drop_connection",
    "stop",
    "terminate",
    "restart",
    "kill",
    "alarm",
    "outage",
    "fail",
]


@dataclass(frozen=True, slots=True)
class FaultRule:
    """What one kind of fault needs and takes.

    Attributes:
        says: what it does, in words.
        target: what it is aimed at: "actor", "consumer", "broker", "either", "link", "alarm" or "service".
        takes: the fields it may have beside its target.
        needs: those of them that it must have; "when" is one of `at` and `every`.
    """

    says: str
    target: str
    takes: tuple[str, ...]
    needs: tuple[str, ...] = ("at",)


_LOOP = ("at", "restart_after", "every", "repair")
FAULTS: dict[str, FaultRule] = {
    "crash": FaultRule("a process dies and its kernel closes the connection", "either", _LOOP, ("when",)),
    "power_off": FaultRule("a machine falls silent; only the heartbeat notices", "either", _LOOP, ("when",)),
    "slow": FaultRule(
        "work takes `factor` times as long", "actor", ("at", "factor", "for"), ("at", "factor")
    ),
    "hang": FaultRule("work stands still; the connection lasts two heartbeats", "actor", ("at", "for")),
    "partition": FaultRule("no packet passes between two ends", "link", ("at", "for")),
    "drop_connection": FaultRule("the connection breaks, the process lives", "actor", ("at",)),
    "stop": FaultRule("a clean end", "either", ("at", "restart_after")),
    "terminate": FaultRule(
        "a process is told to end (SIGTERM), and killed if it still runs after the grace",
        "actor",
        ("at", "grace"),
    ),
    "restart": FaultRule("a clean end and a new start", "either", ("at", "down")),
    "kill": FaultRule("an end without a farewell", "either", (*_LOOP, "down"), ("when",)),
    "alarm": FaultRule("a resource alarm blocks publishers", "alarm", ("at", "for")),
    "outage": FaultRule("a service that programs use does not answer", "service", ("at", "for")),
    "fail": FaultRule(
        "work fails, because something that it needs is down",
        "consumer",
        ("at", "for", "probability", "after", "then", "attempts", "restart_after"),
    ),
}
ALARMS = ("memory", "disk")
SERVICES = ("ledger",)


class Fault(Spec):
    """One fault, normalised.

    Attributes:
        kind: what happens.
        target: an actor `NAME-k`, a group `NAME` (each of its actors), `broker`, `broker-k`, `memory`,
            `disk` or `ledger`; for a partition the two ends.
        at: seconds, for a fault that happens once.
        restart_after: seconds until what was hit runs again; None is never.
        every: seconds of up time until each hit, for a fault that comes again and again.
        repair: seconds until it runs again after each of these.
        factor: how many times longer work takes.
        for_: seconds until it is over (`for` in YAML); None is never.
        down: seconds until a restarted or killed broker runs again; None: a restart takes no time, a kill is
        for ever.
        grace: seconds that a process has to end in order; None is 10, as containers have it.
        probability, after, then, attempts: how work fails while the outage lasts, as of a consumer's `fails`;
            None is 1, 1, what the consumer's own `fails` does (nack without), and no limit.
    """

    kind: FaultKind
    target: Text | tuple[Text, Text]
    at: Seconds | None = Field(default=None, description="seconds, for a fault that happens once")
    restart_after: Seconds | None = Field(
        default=None, description="seconds until it runs again; null is never"
    )
    every: PositiveLaw | None = Field(default=None, description="seconds of up time until each hit")
    repair: Law | None = Field(default=None, description="seconds until it runs again after each hit")
    factor: Ratio | None = Field(default=None, description="how many times longer work takes")
    for_: SomeSeconds | None = Field(
        default=None, alias="for", description="seconds until it is over; null is never"
    )
    down: Seconds | None = Field(
        default=None, description="seconds until the broker runs again; null is never"
    )

    grace: Seconds | None = Field(
        default=None, description="seconds from SIGTERM to SIGKILL; 10 unless told otherwise"
    )

    probability: Share | None = Field(default=None, description="how likely an attempt fails, from 0 to 1")
    after: Share | None = Field(default=None, description="the share of the work that is done before")
    then: FailThen | None = Field(default=None, description="what happens to the message")
    attempts: Some | None = Field(
        default=None, description="the attempt at which a failing message is rejected"
    )

    @property
    def loops(self) -> bool:
        """Whether it comes again and again."""
        return self.every is not None

    def fails(self, own: Fails | None) -> Fails:
        """How work fails while an outage lasts.

        Args:
            own: what the consumer's own `fails` says; it counts where the fault says nothing.
        """
        own = own or Fails()
        then = self.then or own.then
        return Fails(
            probability=1.0 if self.probability is None else self.probability,
            after=1.0 if self.after is None else self.after,
            then=then,
            attempts=own.attempts if self.attempts is None else self.attempts,
            restart_after=(own.restart_after if self.restart_after is None else self.restart_after)
            if then == "crash"
            else 1.0,
        )

    @property
    def targets(self) -> tuple[str, ...]:
        """The target, or both ends of a partition."""
        return (self.target,) if isinstance(self.target, str) else self.target

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any) -> Any:
        if isinstance(data, Fault):
            return data
        allowed = f"a mapping with one kind of fault ({one_of(FAULTS)}) and its times"
        if not isinstance(data, Mapping):
            raise wrong(data, allowed, "For example {crash: worker-1, at: 30}")
        if "kind" in data:
            data = {
                data["kind"]: data.get("target"),
                **{k: v for k, v in data.items() if k not in ("kind", "target")},
            }
        data = {("for" if key == "for_" else key): value for key, value in data.items()}
        kinds = [key for key in data if key in FAULTS]
        if not kinds:
            spare = [key for key in data if key not in _FIELDS]
            raise wrong(data, allowed, did_you_mean(spare[0], FAULTS) if spare else "")
        if len(kinds) > 1:
            raise wrong(data, "one kind of fault", f"Write {one_of(kinds)}, each as an item of its own")
        return cls._of_kind(kinds[0], data)

    @classmethod
    def _of_kind(cls, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        rule = FAULTS[kind]
        found: list[Problem] = []
        target = data[kind]
        given = {key: value for key, value in data.items() if key != kind and value is not None}
        for key, value in given.items():
            if key not in rule.takes:
                says = (
                    f"'{kind}' has no field '{key}'" if key in _FIELDS else f"there is no field '{key}' here"
                )
                hint = did_you_mean(key, rule.takes)
                found.append(Problem((key,), value, ", ".join(rule.takes), hint, says, "the fields are"))
        if rule.target == "link":
            if not isinstance(target, list | tuple) or len(target) != 2 or target[0] == target[1]:
                found.append(
                    Problem((kind,), target, "a list of two different ends, such as [worker-1, broker]")
                )
        elif not isinstance(target, str):
            allowed = {"alarm": "one of memory and disk", "service": "the service's name: ledger"}
            found.append(Problem((kind,), target, allowed.get(rule.target, "a name")))
        if not found:
            found = _when_problems(kind, rule, given)
        if kind == "fail" and "restart_after" in given and given.get("then") != "crash":
            hint = "Only a consumer that crashes starts again"
            found.append(
                Problem(("restart_after",), given["restart_after"], "left out without then: crash", hint)
            )
        if found:
            raise all_wrong(found)
        return {"kind": kind, "target": target, **given}

    @model_serializer(mode="wrap")
    def _plain(self, handler: Any) -> dict[str, Any]:
        found = handler(self)
        kind, target = found.pop("kind"), found.pop("target")
        plain = {
            ("for" if key == "for_" else key): value for key, value in found.items() if value is not None
        }
        return {kind: list(target) if isinstance(target, tuple) else target, **plain}


_FIELDS = (
    *("at", "restart_after", "every", "repair", "factor", "for", "down", "grace"),
    *("probability", "after", "then", "attempts"),
)


def _when_problems(kind: str, rule: FaultRule, given: dict[str, Any]) -> list[Problem]:
    if "when" not in rule.needs:
        return [
            missing([need], f"'{kind}' needs {' and '.join(rule.needs)}")
            for need in rule.needs
            if need not in given
        ]
    if ("at" in given) == ("every" in given):
        says = "has both at and every" if "at" in given else "has no time"
        return [Problem((), given, "either `at: TIME`, or `every: LAW` with `repair: LAW`", says=says)]
    if "at" in given:
        return [Problem(("repair",), given["repair"], "left out without every")] if "repair" in given else []
    if "restart_after" in given:
        return [Problem(("restart_after",), given["restart_after"], "left out beside every", "Write repair")]
    return [] if "repair" in given else [missing(["repair"], "a law: the seconds until it runs again")]
