"""Memory for tables, used again by the next run of the same thread: fresh memory is as dear as a short run.

What is handed out holds what the last run left in it. The kernel sets every field of a row that it takes.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

_KEPT = threading.local()
_MOST = 1 << 26
"""Bytes above which memory is given back when a run is over."""


def rows(name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
    """An array for a table of that name, of at least so many rows."""
    kept = _KEPT.__dict__.setdefault("arrays", {})
    array = kept.pop(name, None)
    if array is not None and array.dtype == dtype and array.shape[1:] == shape[1:] and len(array) >= shape[0]:
        return array
    made = np.zeros(shape, dtype)
    return made.view(np.recarray) if dtype.names else made


def give_back(name: str, array: Any) -> None:
    """A run is over: keep an array for the next one."""
    if array.nbytes <= _MOST:
        _KEPT.__dict__.setdefault("arrays", {})[name] = array
