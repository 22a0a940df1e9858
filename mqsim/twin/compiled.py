"""How the kernel's functions are compiled: no fast mathematics, no interpreter lock, no reference counting.

Only `kernel.run` is kept on disk; what it calls is compiled into it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: F) -> F:
    """A function of the kernel."""
    return cast("F", njit(**_OPTIONS)(function))


def inlined(function: F) -> F:
    """A function of the kernel that happens for each message: it becomes part of whoever calls it."""
    return cast("F", njit(forceinline=True, **_OPTIONS)(function))


def kept(function: F) -> F:
    """The kernel's entry, which is kept on disk once it is compiled."""
    return cast("F", njit(cache=True, **_OPTIONS)(function))
