"""A run, packed for the browser: a header in JSON and typed columns, squeezed with zlib.

Layout: the length of the header (4 bytes, little-endian), the header, and from the next multiple of 8 on the
columns, each from a multiple of 8. The header names each column with its type, start and length. A film is a
function of a trace, and of what a scenario tells of the exchanges.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.errors import UsageError
from mqsim.metrics import depth_series
from mqsim.trace.acknowledgements import counting
from mqsim.trace.causal_order import EVENT, Step
from mqsim.trace.frames import columns
from mqsim.trace.tables import NONE, Trace
from mqsim.trace.timeline import lines_by_step
from mqsim.viz.faults import fault_name, targets
from mqsim.widgets.replay.compare import numbers
from mqsim.widgets.replay.legs import Walk, works
from mqsim.widgets.replay.places import Place, State, Status
from mqsim.widgets.replay.routes import Routes

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_MESSAGES = 200_000
_TAIL = 0.04  # of the run, beyond the last event, where the rest of it is empty


@dataclass
class Film:
    """One run to be shown.

    Attributes:
        label: what to call it beside others, such as `as it was`.
        header: names and what is small.
        columns: what is long, by name.
    """

    label: str
    header: dict[str, Any]
    columns: dict[str, NDArray[Any]] = field(repr=False)

    def pack(self) -> bytes:
        """The film as bytes."""
        table, start = {}, 0
        for name, cells in self.columns.items():
            table[name] = {"type": cells.dtype.str[1:], "start": start, "length": len(cells)}
            start += -(-cells.nbytes // 8) * 8
        head = json.dumps({**self.header, "label": self.label, "columns": table}, allow_nan=False).encode()
        parts = [struct.pack("<I", len(head)), head, bytes(-(4 + len(head)) % 8)]
        for cells in self.columns.values():
            raw = cells.astype(cells.dtype.newbyteorder("<"), copy=False).tobytes()
            parts += [raw, bytes(-len(raw) % 8)]
        return zlib.compress(b"".join(parts), 6)


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and columns of a packed film."""
    raw = zlib.decompress(data)
    (length,) = struct.unpack_from("<I", raw)
    header: dict[str, Any] = json.loads(raw[4 : 4 + length])
    first = -(-(4 + length) // 8) * 8
    return header, {
        name: np.frombuffer(raw, dtype=f"<{one['type']}", count=one["length"], offset=first + one["start"])
        for name, one in header["columns"].items()
    }


def film(trace: Trace, routes: Routes | None = None, label: str = "as it was", name: str = "run") -> Film:
    """Make a film of a trace.

    Args:
        trace: what a run left behind.
        routes: its exchanges; by default the default exchange alone.
        label: what to call this run beside others.
        name: the title.

    Raises:
        UsageError: the run has more messages than a browser can be asked to show.
    """
    if trace.messages.n > MOST_MESSAGES:
        raise UsageError(
            f"This run has {trace.messages.n:,} messages, and a replay shows up to {MOST_MESSAGES:,}: "
            "simulate a shorter part of it."
        )
    ways = routes if routes is not None else Routes()
    walk = Walk(trace, ways.through)
    steps: list[Step] = []
    told: list[bool] = []
    events: dict[int, list[str]] = {}
    for number, (step, line) in enumerate(lines_by_step(trace)):
        steps.append(step)
        told.append(line is not None)
        if step.what == EVENT and line is not None:
            events[step.row] = [line.who, line.text]
        walk.take(number, step)
    header = {
        "name": name,
        "profile": trace.profile,
        "start": trace.start,
        "end": _end(trace, steps),
        "stopped": trace.end,
        "complete": trace.complete,
        "actors": _actors(trace),
        "queues": list(trace.queues.names),
        "exchanges": [{"name": one, "type": kind} for one, kind in zip(ways.names, ways.types, strict=True)],
        "faults": _faults(trace),
        "events": events,
        "numbers": numbers(trace),
        "places": {one.name: one.value for one in Place},
        "states": [one.label for one in State],
        "statuses": [one.label for one in Status],
    }
    return Film(label, header, _columns(trace, steps, told, walk))


def _end(trace: Trace, steps: list[Step]) -> float:
    """Where the time axis ends: with the run, unless it went on for long with nothing happening."""
    if trace.complete or not steps:
        return trace.end
    last = steps[-1].t
    return min(trace.end, last + max(_TAIL * (last - trace.start), 1e-6))


def _actors(trace: Trace) -> list[dict[str, Any]]:
    """Who takes part, by code; `side` is where they stand: those who get messages on the right."""
    consumer = columns(trace.deliveries, "consumer")[0]
    producer, published = columns(trace.messages, "producer", "published")
    served, sending = set(consumer.tolist()), set(producer[~np.isnan(published)].tolist())
    found = []
    for code, name in enumerate(trace.actors.names):
        actor = trace.cast.get(name)
        right = code in served or (actor is not None and actor.role == "consumer")
        left = code in sending or (actor is not None and actor.role != "consumer" and name != "preload")
        found.append(
            {
                "name": name,
                "group": actor.group if actor else name,
                "side": "right" if right else "left" if left else "",
                "ack": actor.ack if actor else "manual",
                "prefetch": actor.prefetch if actor else 0,
                "queue": actor.queue if actor else "",
            }
        )
    return found


def _faults(trace: Trace) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind,
            "targets": targets(one),
            "start": one.start,
            "end": None if math.isnan(one.end) else one.end,
            "words": fault_name(one),
        }
        for one in trace.faults
    ]


def _columns(trace: Trace, steps: list[Step], told: list[bool], walk: Walk) -> dict[str, NDArray[Any]]:
    messages, deliveries = trace.messages, trace.deliveries
    step = np.array(steps, dtype=np.float64).reshape(-1, 3)
    leg = np.array(walk.legs, dtype=np.float64).reshape(-1, 7)
    change = np.array(walk.changes, dtype=np.int32).reshape(-1, 3)
    made: dict[str, NDArray[Any]] = {
        "step_t": step[:, 0].copy(),
        "step_what": step[:, 1].astype(np.uint8),
        "step_row": step[:, 2].astype(np.int32),
        "step_told": np.array(told, dtype=np.uint8),
        "leg_step": leg[:, 0].astype(np.int32),
        "leg_copy": leg[:, 1].astype(np.int32),
        "leg_place": leg[:, 2].astype(np.uint8),
        "leg_at": leg[:, 3].astype(np.int32),
        "leg_state": leg[:, 4].astype(np.uint8),
        "leg_travel": leg[:, 5].astype(np.float32),
        "leg_delivery": leg[:, 6].astype(np.int32),
        "change_step": change[:, 0].copy(),
        "change_actor": change[:, 1].copy(),
        "change_status": change[:, 2].astype(np.uint8),
        "delivery_work": works(trace),
        "delivery_counted": np.array([counting(trace, row) for row in range(deliveries.n)], dtype=np.uint8),
        "event_copy": np.array(trace.events.copy, dtype=np.int32),
    }
    for name in ("producer", "number", "queue", "origin", "parent", "priority"):
        made[f"message_{name}"] = columns(messages, name)[0].astype(np.int32)
    for name in ("copy", "attempt", "consumer", "how"):
        made[f"delivery_{name}"] = columns(deliveries, name)[0].astype(np.int32)
    made["delivery_started"] = columns(deliveries, "started")[0]
    times, levels = [], []
    edges = [0]
    for queue in trace.queues.names:
        t, ready = depth_series(trace, queue)
        times.append(t)
        levels.append(ready)
        edges.append(edges[-1] + len(t))
    made["depth_t"] = np.concatenate(times) if times else np.empty(0)
    made["depth_ready"] = (np.concatenate(levels) if levels else np.empty(0)).astype(np.int32)
    made["depth_edges"] = np.array(edges, dtype=np.int32)
    return made


__all__ = ["MOST_MESSAGES", "NONE", "Film", "film", "unpack"]
