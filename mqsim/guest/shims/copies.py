"""Copies of modules, to be changed for one guest."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def copied(real: ModuleType, **changes: Any) -> ModuleType:
    """A module with the same contents, but for these."""
    module = ModuleType(real.__name__, real.__doc__)
    module.__dict__.update(real.__dict__)
    module.__dict__.update(changes, __spec__=None, __loader__=None)
    return module
