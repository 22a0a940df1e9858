"""Changes to a scenario's plain data by path: `consumers.worker.count`, `faults.0.at`."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from mqsim.scenario.problems import did_you_mean, dotted, one_of, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMED = {("producers",), ("consumers",), ("programs",), ("broker", "queues"), ("broker", "exchanges")}
_LISTS = {"faults", "bindings", "links", "publish", "args"}
_REPLACES = {"duration": ("until", "max_duration"), "until": ("duration",)}


def changed(data: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `data` with every change made, in order.

    Raises:
        ScenarioError: a path leads nowhere.
    """
    found = copy.deepcopy(data)
    for path, value in changes.items():
        if not path.strip("."):
            raise refusal("scenario", path, "a path such as consumers.worker.count")
        for rival in _REPLACES.get(path, ()) if value is not None else ():
            if rival not in changes:
                found.pop(rival, None)
        _set(found, path, value)
    return found


def _set(data: dict[str, Any], path: str, value: Any) -> None:
    """Walks to the last step of `path` and sets it; mappings that were left out are made on the way."""
    steps, done = path.split("."), list[str]()
    here: Any = data
    while steps:
        if isinstance(here, dict):
            step, steps = _step(here, steps, tuple(done), path)
            if not steps:
                _put(here, step, value, tuple(done) in _NAMED)
                return
            following = here.setdefault(step, [] if step in _LISTS else {})
        elif isinstance(here, list):
            index = _index(here, steps[0], dotted(done), may_append=len(steps) == 1)
            step, steps = steps[0], steps[1:]
            if not steps:
                here[index : index + 1] = [] if value is None else [value]
                return
            following = here[index]
        else:
            raise refusal(path, dotted(done), f"a path that ends at {dotted(done)}, which is {here!r}")
        done.append(str(step))
        here = following


def _put(here: dict[Any, Any], step: Any, value: Any, named: bool) -> None:
    if value is None and named:
        here.pop(step, None)
    else:
        here[step] = value


def _step(here: dict[Any, Any], steps: list[str], done: tuple[str, ...], path: str) -> tuple[Any, list[str]]:
    """The next key of a mapping, and the steps after it; a name may have dots in it."""
    known = {str(key): key for key in here}
    for size in range(len(steps), 0, -1):
        if (name := dotted(steps[:size])) in known:
            return known[name], steps[size:]
    if done in _NAMED and len(steps) > 1:
        allowed = (
            f"a path through one of {one_of(known)}"
            if known
            else f"a path through {dotted(done)}, which is empty"
        )
        raise refusal(path, steps[0], allowed, did_you_mean(steps[0], known))
    return steps[0], steps[1:]


def _index(here: list[Any], step: str, done: str, may_append: bool) -> int:
    last = len(here) if may_append else len(here) - 1
    if not step.isdecimal() or int(step) > last:
        allowed = f"an index from 0 to {last}" if last >= 0 else "left alone: the list is empty"
        raise refusal(f"{done}.{step}", step, allowed)
    return int(step)
