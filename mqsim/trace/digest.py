"""Fingerprints of a run: equal runs have equal digests, byte for byte.

Every column is hashed under its name and length, as little-endian bytes in the order of its table; then come
the names behind the codes. All NaN count as one.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.trace.frames import DELIVERY_COLUMNS, MESSAGE_COLUMNS, columns, view

if TYPE_CHECKING:
    from hashlib import _Hash

    from numpy.typing import NDArray

    from mqsim.trace.tables import Trace


def digest(trace: Trace) -> str:
    """SHA-256 over the message and the delivery table, as 64 hexadecimal digits."""
    total = hashlib.sha256()
    for name, cells in zip(MESSAGE_COLUMNS, columns(trace.messages, *MESSAGE_COLUMNS), strict=True):
        _take(total, f"messages.{name}", cells)
    for name, cells in zip(DELIVERY_COLUMNS, columns(trace.deliveries, *DELIVERY_COLUMNS), strict=True):
        _take(total, f"deliveries.{name}", cells)
    _take_words(total, "actors", trace.actors.names)
    _take_words(total, "queues", trace.queues.names)
    return total.hexdigest()


def event_digest(trace: Trace) -> str:
    """SHA-256 over the event log, as 64 hexadecimal digits."""
    total = hashlib.sha256()
    log, n = trace.events, len(trace.events)
    _take(total, "events.t", view(log.t, n))
    for name in ("kind", "subject", "other"):
        _take_words(total, f"events.{name}", getattr(log, name))
    _take(total, "events.copy", view(log.copy, n))
    _take_words(total, "events.detail", log.detail)
    return total.hexdigest()


def _take(total: _Hash, name: str, cells: NDArray[Any]) -> None:
    if cells.dtype.kind == "f":
        cells = np.where(np.isnan(cells), np.nan, cells)
    total.update(f"{name} {len(cells)} {cells.dtype.str[1:]}\n".encode())
    total.update(np.ascontiguousarray(cells, dtype=cells.dtype.newbyteorder("<")).data)


def _take_words(total: _Hash, name: str, words: list[str]) -> None:
    total.update(f"{name} {len(words)}\n".encode())
    total.update(json.dumps(words).encode())
