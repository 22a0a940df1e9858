"""Numbers of a summary by the paths that `measure` takes."""

from __future__ import annotations

from typing import Any


def leaves(found: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Every number of a summary by its path."""
    numbers: dict[str, Any] = {}
    for key, value in found.items():
        here = f"{path}.{key}" if path else key
        numbers |= leaves(value, here) if isinstance(value, dict) else {here: value}
    return numbers
