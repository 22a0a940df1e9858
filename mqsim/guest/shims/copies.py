"""Copies of modules, to be changed for one guest."""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import Any


def copied(real: ModuleType, **changes: Any) -> ModuleType:
    """A module with the same contents, but for these; functions among them are as built in ones are."""
    module = ModuleType(real.__name__, real.__doc__)
    module.__dict__.update(real.__dict__)
    module.__dict__.update({name: as_builtin(name, value) for name, value in changes.items()})
    module.__dict__.update(__spec__=None, __loader__=None)
    return module


def as_builtin(name: str, value: Any) -> Any:
    """A function that does not become a method where it is a class's attribute, as `clock = time.time`."""
    if type(value) is not FunctionType:
        return value
    value.__name__ = value.__qualname__ = name
    # A `partial` would do too, but Python 3.13 warns that it will become a method as well.
    return staticmethod(value)
