"""From what is wrong to a sentence a student understands.

A validator says what is wrong with `wrong(...)`; pydantic collects it together with the path;
`raise_problems` turns the collection into one `InvalidScenarioError`, whose text has one line for each of the
first few problems.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic_core import ErrorDetails, PydanticCustomError

from mqsim.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import ValidationError

SHOWN = 5
"""How many problems one error spells out; the rest are counted."""

BARE: dict[str | int, str] = {"every": "interval", "renewal": "law", "at": "times"}
"""Arrivals that are written without a mapping of their own, and the field that the value goes into."""

UNWRITTEN = "(plain rule)"
"""A step of a path that a scenario does not write: the kind of what has no kind."""

_WIDEST = 80
_KIND = "mqsim"
_QUOTED = re.compile(r"'([^']*)'")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a scenario.

    Attributes:
        where: the path, one item a step, relative to whoever reports it.
        value: what stands there.
        allowed: what may stand there, in words that follow "it must be".
        hint: what to do next; a question, or a sentence without its full stop, or empty.
        says: replaces "VALUE is not allowed" where that would read badly, or empty.
        joint: stands between `says` and `allowed`; when empty, `allowed` is put in brackets.
    """

    where: tuple[str | int, ...]
    value: object
    allowed: str
    hint: str = ""
    says: str = ""
    joint: str = "it must be"

    def error(self, root: str = "scenario") -> ScenarioError:
        """The problem as an exception of its own; `root` stands for an empty path."""
        where = dotted(self.where) or root
        found = ScenarioError(where, self.value, self.allowed, self.hint)
        says = self.says or f"{shown(self.value)} is not allowed"
        what = (
            f"{where}: {says}; {self.joint} {self.allowed}."
            if self.joint
            else f"{where}: {says} ({self.allowed})."
        )
        if self.hint:
            what = f"{what} {self.hint}{'' if self.hint.endswith('?') else '.'}"
        found.args = (what,)
        return found


class InvalidScenarioError(ScenarioError):
    """Everything that is wrong with a scenario.

    `where`, `value`, `allowed` and `hint` are those of the first problem.

    Args:
        problems: at least one, in the order of the file.
        root: what to call the scenario as a whole, such as its file name.
    """

    def __init__(self, problems: Sequence[Problem], root: str = "scenario") -> None:
        self.problems = tuple(problem.error(root) for problem in problems)
        first = self.problems[0]
        super().__init__(first.where, first.value, first.allowed, first.hint)
        lines = [str(problem) for problem in self.problems[:SHOWN]]
        if (rest := len(self.problems) - SHOWN) > 0:
            lines.append(f"... and {rest} more.")
        self.args = ("\n".join(lines),)
        self._source = (tuple(problems), root)

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets the error cross from a worker process to its parent."""
        return (type(self), self._source)


def wrong(
    value: object, allowed: str, hint: str = "", *, where: Iterable[str | int] = (), says: str = ""
) -> PydanticCustomError:
    """What a validator raises: `value` at `where` (relative to the field) isn't `allowed`."""
    return all_wrong([Problem(tuple(where), value, allowed, hint, says)])


def all_wrong(problems: Sequence[Problem]) -> PydanticCustomError:
    """Like `wrong`, for several problems at once."""
    return PydanticCustomError(_KIND, "wrong", {"problems": tuple(problems)})


def refusal(where: str, value: object, allowed: str, hint: str = "", says: str = "") -> InvalidScenarioError:
    """The error for one problem outside of any validator: of a file, a path or a text."""
    return InvalidScenarioError([Problem((where,), value, allowed, hint, says)])


def missing(where: Iterable[str | int], allowed: str) -> Problem:
    """A field that has to be there and isn't."""
    return Problem(tuple(where), None, allowed, says="this field is missing", joint="")


def dotted(path: Iterable[str | int]) -> str:
    """A path as it is written: `producers.web.rate`, `faults.0.at`."""
    return ".".join(str(step) for step in path)


def shown(value: object) -> str:
    """A value as an error shows it: not too long."""
    text = repr(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def one_of(options: Iterable[object]) -> str:
    """The options in words: `a, b or c`."""
    names = [str(option) for option in options]
    if len(names) < 2:
        return names[0] if names else "nothing: there is none"
    return f"{', '.join(names[:-1])} or {names[-1]}"


def did_you_mean(given: object, options: Iterable[str]) -> str:
    """`Did you mean 'rate'?`, or an empty text when nothing is close."""
    names = list(options)
    close = difflib.get_close_matches(str(given), names, n=1, cutoff=0.6)
    if not close:
        folded = {name.lower(): name for name in names}
        close = [
            folded[key] for key in difflib.get_close_matches(str(given).lower(), folded, n=1, cutoff=0.6)
        ]
    return f"Did you mean '{close[0]}'?" if close else ""


def problems_of(error: ValidationError) -> list[Problem]:
    """The problems in a pydantic error, in order, each with its full path."""
    found: list[Problem] = []
    for entry in error.errors(include_url=False):
        path = _as_written(entry["loc"])
        if entry["type"] == _KIND:
            found += [
                replace(each, where=_as_written(tuple(entry["loc"]) + each.where))
                for each in entry["ctx"]["problems"]
            ]
        elif not _counts_the_rest(entry):
            found.append(_translated(path, entry["type"], entry["input"], entry.get("ctx", {}), entry["msg"]))
    return found


def raise_problems(error: ValidationError, root: str = "scenario") -> NoReturn:
    """Raises `InvalidScenarioError` in place of a pydantic error."""
    raise InvalidScenarioError(problems_of(error), root) from None


def _counts_the_rest(entry: ErrorDetails) -> bool:
    """Whether a list is called too short only because its bad items, reported already, were left out."""
    return entry["type"] == "too_short" and len(entry["input"]) >= entry.get("ctx", {}).get("min_length", 0)


def _as_written(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The path without the fields that a bare value goes into: `every` rather than `every.interval`."""
    written = [step for step in path if step != UNWRITTEN]
    return tuple(step for i, step in enumerate(written) if i == 0 or BARE.get(written[i - 1]) != step)


_PLAIN_TYPES = {
    "bool_type": "true or false",
    "string_type": "a text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping (NAME: ...)",
    "model_type": "a mapping (NAME: ...)",
}


def _translated(
    path: tuple[str | int, ...], kind: str, value: object, context: dict[str, Any], text: str
) -> Problem:
    """A problem that pydantic found by itself."""
    if kind == "literal_error":
        options = _QUOTED.findall(context["expected"])
        return Problem(path, value, one_of(options), did_you_mean(value, options))
    if kind in ("too_short", "too_long"):
        bound = context.get("min_length", context.get("max_length"))
        size = "at least" if kind == "too_short" else "at most"
        return Problem(path, value, f"a list of {size} {bound}")
    if path and path[-1] == "[key]":
        return Problem(
            path[:-1], value, "a name, that is a text", "Put quotes around a name that looks like a number"
        )
    return Problem(path, value, _PLAIN_TYPES.get(kind, text[:1].lower() + text[1:]))
