"""Where everything stands in a space-time diagram: rows from producers down to the last workers, and in a
queue's row a track for each message that waits beside others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mqsim.viz.messagepaths import Stroke, queue_row

if TYPE_CHECKING:
    from mqsim.trace.tables import Trace
    from mqsim.viz.bars import Bar

ROW = 1.0  # height of an actor's row
HALF = 0.3  # of a bar's height
TRACK = 0.42  # of one track in a queue's row
_GAP = 0.012  # of the width: what two waits on one track are apart at least
SHORT = 0.002  # of the width: a shorter wait can't be seen, and has no track


@dataclass
class Tracks:
    """A laid-out diagram.

    Attributes:
        names: what each copy is called.
        ways, work: what is drawn.
        start, end: seconds at the left and right edge.
        rows: each row's name and the height of its middle; the highest row first.
        size: each row's height.
        height: of all rows together.
        track: the height at which a message's wait in a queue is drawn, by copy and the wait's start.
        queues: which rows are queues.
        edge: how far from the middle of its row an arrow touches an actor.
    """

    names: dict[int, str]
    ways: list[Stroke]
    work: list[Bar]
    start: float
    end: float
    rows: dict[str, float] = field(default_factory=dict)
    size: dict[str, float] = field(default_factory=dict)
    height: float = 0.0
    track: dict[tuple[int, float], float] = field(default_factory=dict)
    queues: set[str] = field(default_factory=set)
    edge: dict[str, float] = field(default_factory=dict)


def lay_out(
    trace: Trace, names: dict[int, str], ways: list[Stroke], work: list[Bar], start: float, end: float
) -> Tracks:
    """Give each row, and each wait within a queue's row, its place."""
    made = Tracks(names, ways, work, start, end)
    made.queues = {queue_row(name) for name in trace.queues.names}
    made.edge = {bar.consumer: HALF for bar in work}
    depth = {name: _share(made, name) for name in _order(trace, ways)}
    top = 0.0
    for name, (count, places) in depth.items():
        size = ROW if count <= 1 else max(ROW, TRACK * count + 0.4)
        middle = top + size / 2
        made.rows[name], made.size[name] = -middle, size
        for key, place in places.items():
            made.track[key] = -middle + ((count - 1) / 2 - place) * TRACK
        top += size
    made.height = top
    return made


def level(made: Tracks, way: Stroke, end: str) -> float:
    """The height at which a stroke begins (`end` is `source`) or ends (`target`): on the track of the wait
    that it comes from or leads to, at the edge of the queue's row that it only reports to, at an actor's bar.
    """
    row = way.source if end == "source" else way.target
    other = way.target if end == "source" else way.source
    middle = made.rows[row]
    toward = 0.0 if other == row else 1.0 if made.rows[other] > middle else -1.0
    if row not in made.queues:
        return middle + toward * made.edge.get(row, 0.0)
    if way.kind in ("acknowledged", "refused"):
        return middle + toward * (made.size[row] / 2 - 0.1)
    for one in made.ways:  # the wait that it leads to, or comes from; a dead letter is another copy
        meets = one.start == way.end if end == "target" else one.end == way.start
        if meets and one.kind == "waits" and one.source == row and one.message == way.message:
            return made.track.get((one.copy, one.start), middle)
    return middle


def _share(made: Tracks, row: str) -> tuple[int, dict[tuple[int, float], float]]:
    """How many tracks a row needs so that no two waits overlap, and which track each wait is on."""
    waits = [way for way in made.ways if way.kind == "waits" and way.source == row]
    free: list[float] = []
    places: dict[tuple[int, float], float] = {}
    edge = _GAP * (made.end - made.start)
    for way in sorted(waits, key=lambda one: (one.start, one.copy)):
        last = made.end if math.isnan(way.end) else way.end
        if last < made.start or way.start > made.end or last - way.start < SHORT * (made.end - made.start):
            continue
        place = next((k for k, until in enumerate(free) if until <= way.start), len(free))
        if place == len(free):
            free.append(0.0)
        free[place] = last + edge
        places[way.copy, way.start] = place
    return len(free), places


def _order(trace: Trace, ways: list[Stroke]) -> list[str]:
    """Rows from where messages come from to where they go: producers, queues, workers, and what these
    publish to.
    """
    onward: dict[str, list[str]] = {}
    seen: list[str] = []
    for way in ways:
        for row in (way.source, way.target):
            if row and row not in onward:
                onward[row] = []
                seen.append(row)
        if way.kind in ("published", "delivered", "redelivered", "dead-lettered") and way.target:
            onward[way.source].append(way.target)
    cast = list(trace.cast)
    rank = {name: (cast.index(name) if name in cast else -1) for name in seen}
    reached = {target for targets in onward.values() for target in targets}
    sources = sorted((row for row in seen if row not in reached), key=lambda row: rank[row])
    order: list[str] = []
    layer = sources or seen[:1]
    while layer:
        order += layer
        following = {target for row in layer for target in onward[row] if target not in order}
        # A row that a later one also leads to comes after it, unless they go round in a circle.
        later = {row for row in seen if row not in order}
        ready = {row for row in following if not any(row in onward[other] for other in later - following)}
        layer = sorted(ready or following, key=lambda row: (rank[row], seen.index(row)))
        if not layer and later:
            layer = [next(row for row in seen if row in later)]
    return order
