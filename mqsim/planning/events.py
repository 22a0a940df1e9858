"""What may happen, as an engineer writes it: `packer-2@600:300`, `x2@600:120`, `packer*3@10min:5min`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.matching import loads
from mqsim.planning.units import positive, quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.scenario import Scenario

_WHEN = re.compile(r"\s*(?P<what>[^@]+?)\s*@\s*(?P<at>[^:]+?)\s*(?::\s*(?P<for>.+?)\s*)?")


def _read(text: str, option: str, example: str) -> tuple[str, float, float | None]:
    found = _WHEN.fullmatch(text)
    if found is None:
        raise UsageError(f"{option} {text}: write {example}.")
    at = quantity(found["at"], "time", f"{option} {text}")
    if at < 0:
        raise UsageError(f"{option} {text}: a time is 0 or more.")
    lasts = None if found["for"] is None else positive(found["for"], "time", f"{option} {text}")
    return found["what"], at, lasts


def killed(text: str) -> dict[str, Any]:
    """The fault of `--kill NAME@TIME[:DOWN]`: it dies, and comes back after DOWN if that is given.

    Raises:
        UsageError: it can't be read.
    """
    name, at, lasts = _read(text, "--kill", "NAME@TIME or NAME@TIME:DOWN, as in packer-2@600:300")
    if name.partition("-")[0] == "broker":
        return {"kill": name, "at": at, **({} if lasts is None else {"down": lasts})}
    return {"crash": name, "at": at, **({} if lasts is None else {"restart_after": lasts})}


def slowed(text: str) -> dict[str, Any]:
    """The fault of `--slow NAME*FACTOR@TIME[:FOR]`: its work takes FACTOR times as long.

    Raises:
        UsageError: it can't be read.
    """
    what, at, lasts = _read(text, "--slow", "NAME*FACTOR@TIME:FOR, as in packer*3@600:300")
    name, star, factor = what.rpartition("*")
    if not star:
        raise UsageError(f"--slow {text}: write NAME*FACTOR@TIME:FOR, as in packer*3@600:300.")
    times = positive(factor, "count", f"--slow {text}")
    return {"slow": name.strip(), "at": at, "factor": times, **({} if lasts is None else {"for": lasts})}


def burst(text: str, scenario: Scenario) -> dict[str, Any]:
    """The producers of `--burst xFACTOR@TIME:FOR`: beside each producer another one brings what is more.

    The messages that come anyway stay the same, so that both futures share their luck. What is more comes at
    random (Poisson).

    Raises:
        UsageError: it can't be read, or a producer's rate can't be told.
    """
    what, at, lasts = _read(text, "--burst", "xFACTOR@TIME:FOR, as in x2@600:120")
    factor = positive(what.removeprefix("x"), "count", f"--burst {text}") if what.startswith("x") else 0.0
    if factor <= 1.0 or lasts is None:
        raise UsageError(f"--burst {text}: write xFACTOR@TIME:FOR with a factor above 1, as in x2@600:120.")
    made: dict[str, Any] = {}
    for name, spec in scenario.producers.items():
        alone = scenario.with_({f"producers.{other}": None for other in scenario.producers if other != name})
        rate = sum(load.offered for load in loads(alone) if load.part == "queue")
        if not rate:
            raise UsageError(f"--burst {text}: the rate of {name} can't be told from the scenario.")
        made[f"producers.{name}-burst"] = spec.to_data() | {
            "count": 1,
            "arrivals": {"poisson": {"rate": rate * (factor - 1.0)}},
            "start": at,
            "stop": at + lasts,
        }
    return made


def last_instant(faults: Sequence[Any]) -> float:
    """When the last of these faults is over, in seconds."""
    lasting = ((fault.restart_after or fault.for_ or fault.down or 0.0) for fault in faults)
    return (
        max((fault.at or 0.0) + lasts for fault, lasts in zip(faults, lasting, strict=True))
        if faults
        else 0.0
    )
