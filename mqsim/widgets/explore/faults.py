"""Switches for faults: those of the scenario, and those that a reader may add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.widgets.explore.knobs import Draft, Switch
from mqsim.widgets.explore.sliders import rounded_step, stops

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.scenario import Scenario

KINDS = {
    "crash": "restart_after",
    "power_off": "restart_after",
    "stop": "restart_after",
    "terminate": "grace",
    "hang": "for",
    "slow": "for",
    "drop_connection": "",
    "partition": "for",
    "restart": "down",
    "kill": "down",
    "alarm": "for",
    "outage": "for",
}
"""Faults by kind, and the field that says how long each lasts."""

_LASTS = {"restart_after": "back after", "down": "down for", "for": "for"}
_STOPS = 60


def switch(
    scenario: Scenario, data: dict[str, Any], kind: str, given: Any, end: Callable[[], float]
) -> Switch:
    """The switch for a kind of fault: for the scenario's own one if there is exactly one, else for a new one.

    Args:
        scenario: what it strikes.
        data: the same as plain data in full.
        kind: such as `crash`.
        given: None; a time, a pair of times (from, to) in seconds; or a whole fault, as in a scenario.
        end: gives the length of the run in seconds.
    """
    own = [place for place, fault in enumerate(data["faults"]) if kind in fault]
    if len(own) > 1:
        raise UsageError(
            f"vary: the scenario has {len(own)} faults of the kind {kind!r}; name one: "
            f"{' or '.join(f'faults.{place}' for place in own)}."
        )
    if own and not isinstance(given, dict):
        return own_switch(data, own[0], given, end, name=kind)
    fault = dict(given) if isinstance(given, dict) else _usual(scenario, kind, end())
    if kind not in fault:
        raise UsageError(
            f"vary: {kind}: {given!r} has no {kind!r}; for example {{{kind!r}: 'worker-1', 'at': 30}}."
        )
    low, high, at = _times(given, fault.get("at"), end)

    def put(draft: Draft, value: Any) -> None:
        draft.faults.append(fault if "every" in fault else {**fault, "at": value})

    return Switch(
        kind,
        _label(fault, kind),
        None,
        put,
        stops=stops(low, high, rounded_step(high - low, _STOPS), at),
        usual=at,
        after=_after(fault, kind),
        fixed="every" in fault,
    )


def own_switch(
    data: dict[str, Any], place: int, given: Any, end: Callable[[], float], name: str = ""
) -> Switch:
    """The switch for a fault that the scenario has; it is on at the start."""
    fault: dict[str, Any] = data["faults"][place]
    kind = next(key for key in KINDS if key in fault)
    low, high, at = _times(given, fault.get("at"), end)

    def put(draft: Draft, value: Any) -> None:
        draft.faults[place] = None if value is None else {**fault, "at": value}

    return Switch(
        name or f"faults.{place}",
        _label(fault, kind),
        at,
        put,
        stops=stops(low, high, rounded_step(high - low, _STOPS), at),
        usual=at,
        after=_after(fault, kind),
        fixed="every" in fault,
    )


def _usual(scenario: Scenario, kind: str, length: float) -> dict[str, Any]:
    """A fault of a kind as it is added unless told: in the first third of the run, for a tenth of it."""
    lasts = KINDS[kind]
    target: Any = "broker"
    if kind == "alarm":
        target = "memory"
    elif kind == "outage":
        target = "ledger"
    elif kind not in ("restart", "kill"):
        groups = list(scenario.consumers)
        if len(groups) != 1:
            found = f"has {', '.join(groups)}" if groups else "has no consumers"
            raise UsageError(
                f"vary: whom should {kind!r} strike? The scenario {found}; write "
                f"vary={{{kind!r}: {{{kind!r}: NAME, 'at': SECONDS}}}}."
            )
        target = f"{groups[0]}-1"
    if kind == "partition":
        target = [target, "broker"]
    fault = {kind: target, "at": _near(length / 3)}
    if kind == "slow":
        fault["factor"] = 3
    return {**fault, lasts: _near(length / 10)} if lasts else fault


def _near(seconds: float) -> float:
    """Rounded to two digits."""
    return float(f"{seconds:.2g}")


def _times(given: Any, own: float | None, end: Callable[[], float]) -> tuple[float, float, float]:
    """The first and last time to choose from, and the usual one."""
    if isinstance(given, tuple) and len(given) == 2 and given[0] < given[1]:
        low, high = map(float, given)
        at = own if own is not None and low <= own <= high else low
        return low, high, at
    if (
        given is not None
        and not isinstance(given, dict)
        and (isinstance(given, bool) or not isinstance(given, int | float) or given < 0)
    ):
        raise UsageError(f"vary: {given!r} is no time for a fault; it must be seconds, or a pair (from, to).")
    at = float(given) if isinstance(given, int | float) else (0.0 if own is None else float(own))
    return 0.0, max(end(), at, 1e-9), at


def _label(fault: dict[str, Any], kind: str) -> str:
    target = fault[kind]
    if kind == "alarm":
        return f"{target} alarm"
    if kind == "outage":
        return f"{target} fails"
    what = f"{kind.replace('_', ' ')} of" if kind != "partition" else "partition:"
    return f"{what} {' and '.join(target) if isinstance(target, list | tuple) else target}"


def _after(fault: dict[str, Any], kind: str) -> str:
    lasts = KINDS[kind]
    said = [f"{fault['factor']:g} times as slow"] if kind == "slow" else []
    if "every" in fault:
        said.append("again and again")
    elif lasts and fault.get(lasts) is not None:
        said.append(f"{_LASTS[lasts]} {fault[lasts]:g} s")
    elif kind in ("crash", "power_off", "stop", "kill"):
        said.append("for good")
    return ", ".join(said)
