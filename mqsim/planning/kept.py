"""Finished runs in a file, found again by what was asked: a line of JSON for each.

A line's key is a digest of the function, its arguments and mqsim's version, so a file may serve any number of
questions, and an answer is never taken for another. A last line that was cut off is made again.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim import __version__
from mqsim.errors import UsageError
from mqsim.planning.observe import Observation
from mqsim.planning.targets import Measure
from mqsim.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

_VERSION = "mqsim-plan-1"


class Kept:
    """The finished runs of a file; it is made if it isn't there.

    Args:
        path: the file.

    Raises:
        UsageError: it holds something else, or can't be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[str, int] = {}
        try:
            path.touch()
            self._read()
        except OSError as error:
            raise UsageError(f"--resume {path}: {error.strerror or error}; name another file.") from None

    def _read(self) -> None:
        with self.path.open("r+b") as file:
            place = 0
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    file.truncate(place)  # cut off when its writer was killed
                    break
                try:
                    found = json.loads(line)
                    key, kind = found["key"], found["kept"]
                except (ValueError, KeyError, TypeError):
                    kind = None
                if kind != _VERSION:
                    raise UsageError(
                        f"--resume {self.path}: line {number} is none that a plan wrote; name another file."
                    )
                self._places[key] = place
                place += len(line)

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    @staticmethod
    def key(act: Callable[..., Any], with_: Sequence[Any]) -> str:
        """What is asked, as a digest."""
        asked = json.dumps([__version__, act.__module__, act.__qualname__, [_said(each) for each in with_]])
        return hashlib.sha256(asked.encode()).hexdigest()[:32]

    def add(self, key: str, answer: Any) -> None:
        """Write an answer down; it is on its way to the disk when this returns."""
        line = json.dumps({"kept": _VERSION, "key": key, "answer": _written(answer)})
        with self.path.open("ab") as file:
            self._places[key] = file.seek(0, 2)
            file.write(line.encode() + b"\n")

    def get(self, key: str, with_: Sequence[Any]) -> Any:
        """The answer of that key; measures are those of the arguments."""
        with self.path.open("rb") as file:
            file.seek(self._places[key])
            found = json.loads(file.readline())["answer"]
        measures = {
            repr(one): one
            for each in with_
            if isinstance(each, tuple | list)
            for one in each
            if isinstance(one, Measure)
        }
        return _taken(found, measures)


def _said(value: Any) -> Any:
    if isinstance(value, Scenario):
        return value.to_yaml()
    if dataclasses.is_dataclass(value):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(key): _said(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_said(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _written(answer: Any) -> Any:
    if isinstance(answer, Observation):
        times = {
            repr(measure): base64.b64encode(np.ascontiguousarray(one, dtype="<f8").tobytes()).decode()
            for measure, one in answer.times.items()
        }
        numbers = {repr(measure): value for measure, value in answer.numbers.items()}
        return {
            "times": times,
            "numbers": numbers,
            "messages": answer.messages,
            "complete": answer.complete,
        }
    if isinstance(answer, tuple):
        return {"tuple": [_written(one) for one in answer]}
    return {"plain": answer}


def _taken(found: Mapping[str, Any], measures: Mapping[str, Measure]) -> Any:
    if "tuple" in found:
        return tuple(_taken(one, measures) for one in found["tuple"])
    if "plain" in found:
        return found["plain"]
    return Observation(
        {
            measures[name]: np.frombuffer(base64.b64decode(text), dtype="<f8")
            for name, text in found["times"].items()
        },
        {measures[name]: value for name, value in found["numbers"].items()},
        found["messages"],
        found["complete"],
    )
