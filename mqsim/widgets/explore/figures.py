"""The numbers of a run beside those of theory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mqsim.errors import TheoryError
from mqsim.matching import Fit, Match, applies, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqsim.scenario import Scenario

QUANTITIES = {
    "wait.mean": ("mean wait", "s"),
    "wait.p99": ("99 % wait at most", "s"),
    "sojourn.mean": ("mean time until done", "s"),
    "sojourn.p99": ("99 % are done within", "s"),
    "throughput": ("throughput", "/s"),
    "utilisation": ("utilisation", "%"),
    "depth.mean": ("mean depth", ""),
    "loss": ("share not delivered", "%"),
}
"""What stands beside each other for a queue: its name, for a reader, and its unit."""

_WHOLE = {
    "flows.mean": ("mean time from first to last", "s"),
    "flows.p99": ("99 % of flows within", "s"),
    "throughput": ("throughput", "/s"),
    "end": ("the run ends at", "s"),
}
_FITS = {Fit.EXACT: "exact", Fit.APPROXIMATE: "approximate", Fit.NONE: "none"}


def theory(scenario: Scenario) -> list[dict[str, Any]]:
    """What theory says of a scenario, part by part: each queue, then the whole where a formula fits it.

    Returns:
        Mappings with `queue` (empty for the whole), `fit` (exact, approximate, none), `model`, `why`,
        `groups` (who serves it), and `rows`: `quantity`, `label`, `unit`, `theory` (a number or None).
    """
    found = applies(scenario)
    parts = [_part(scenario, match, QUANTITIES) for match in found.queues]
    return parts + [_part(scenario, match, _WHOLE) for match in found.whole if match.fit is not Fit.NONE]


def _part(scenario: Scenario, match: Match, quantities: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    serving = [name for name, spec in scenario.consumers.items() if spec.queue == match.queue]
    rows = []
    for quantity, (label, unit) in quantities.items():
        told = _told(match, quantity)
        if match.queue or told is not None:
            rows.append({"quantity": quantity, "label": label, "unit": unit, "theory": told})
    return {
        "queue": match.queue,
        "fit": _FITS[match.fit],
        "model": match.model,
        "why": " ".join((*match.why, *match.mind)),
        "groups": list(match.groups or serving),
        "rows": rows,
    }


def _told(match: Match, quantity: str) -> float | None:
    if quantity not in match.covers:
        return None
    try:
        value = match.value(quantity)
    except TheoryError:
        return None
    return value if math.isfinite(value) else None


def simulated(parts: list[dict[str, Any]], summary: Mapping[str, Any], end: float) -> dict[str, float | None]:
    """What the run says for each row of `theory`, by `queue/quantity`.

    Args:
        parts: from `theory`.
        summary: of the run.
        end: when the run ended, seconds.
    """
    found: dict[str, float | None] = {}
    for part in parts:
        for row in part["rows"]:
            quantity = row["quantity"]
            key = f"{part['queue']}/{quantity}"
            found[key] = (
                end if quantity == "end" else read(summary, part["queue"], quantity, tuple(part["groups"]))
            )
    return found


def outcome_counts(summary: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What became of the messages: counts that are not 0, `created` first."""
    counts = summary["messages"]
    skipped = ("created", "ready", "unacked")  # the last two are what `unfinished` counts, but for early acks
    told = [("created", counts["created"])]
    told += [(name, count) for name, count in counts.items() if count and name not in skipped]
    redelivered = sum(queue["redelivered"] for queue in summary["queues"].values())
    return told + ([("redelivered", redelivered)] if redelivered else [])
