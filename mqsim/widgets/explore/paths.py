"""What stands in a scenario at a path, such as `consumers.worker.count`, defaults included."""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from mqsim.scenario import Scenario


def whole_data(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain data with every field, also those that are as by default."""
    return scenario.model_dump(mode="python", by_alias=True)


def value_at(data: dict[str, Any], path: str) -> Any:
    """What stands at a path of `whole_data`.

    Raises:
        UsageError: nothing does; it says how far the path leads, and what could follow.
    """
    here: Any = data
    steps, done = path.split("."), list[str]()
    while steps:
        if isinstance(here, dict):
            known = {str(key): key for key in here}
            sizes = (size for size in range(len(steps), 0, -1) if ".".join(steps[:size]) in known)
            size = next(sizes, 0)
            if not size:
                raise _nothing(path, steps[0], done, list(known))
            here = here[known[".".join(steps[:size])]]
        elif isinstance(here, list | tuple):
            size = 1
            if not steps[0].isdecimal() or int(steps[0]) >= len(here):
                raise _nothing(path, steps[0], done, [str(number) for number in range(len(here))])
            here = here[int(steps[0])]
        else:
            raise _nothing(path, steps[0], done, [])
        done += steps[:size]
        steps = steps[size:]
    return here


def alternatives(scenario: Scenario, path: str) -> tuple[Any, ...]:
    """The words that the field at a path may hold, such as `manual`, `auto`, `early`; empty if it is no such
    field.
    """
    parent, _, field = path.rpartition(".")
    here: Any = scenario
    for step in parent.split(".") if parent else ():
        here = here.get(step) if isinstance(here, dict) else getattr(here, step, None)
    known = getattr(type(here), "model_fields", {}).get(field)
    return _words(known.annotation) if known is not None else ()


def _words(annotation: Any) -> tuple[Any, ...]:
    origin = get_origin(annotation)
    if origin is Literal:
        return get_args(annotation)
    if origin is Annotated:
        return _words(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return tuple(word for part in get_args(annotation) for word in _words(part))
    return ()


def _nothing(path: str, step: str, done: list[str], options: list[str]) -> UsageError:
    from difflib import get_close_matches

    where = ".".join(done) or "the scenario"
    close = get_close_matches(step, options, n=1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    there = f"it has {', '.join(options[:12])}" if options else "nothing stands below it"
    return UsageError(f"vary: the path {path!r} leads nowhere: {where} has no {step!r}; {there}.{meant}")
