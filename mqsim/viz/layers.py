"""A layered layout of a graph: columns from left to right, few crossings, long ways led between the boxes.

The steps are Sugiyama's (K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical
system structures", 1981): columns by longest path, a waypoint in each column that an edge passes, order by
the mean of the neighbours, then heights.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

_SWEEPS = 8


@dataclass
class Layout:
    """Places of boxes and the waypoints of edges.

    Attributes:
        column: of each node, from 0.
        order: the nodes and waypoints of each column, from the top down.
        y: the height of each node's and waypoint's middle; down is negative.
        path: for each edge (source, target) its stations: the source, waypoints, the target.
    """

    column: dict[Hashable, int] = field(default_factory=dict)
    order: list[list[Hashable]] = field(default_factory=list)
    y: dict[Hashable, float] = field(default_factory=dict)
    path: dict[tuple[Hashable, Hashable], list[Hashable]] = field(default_factory=dict)


def lay_out(
    least: Mapping[Hashable, int],
    edges: Sequence[tuple[Hashable, Hashable]],
    height: Mapping[Hashable, float],
    gap: float,
) -> Layout:
    """Give nodes their columns and heights.

    Args:
        least: for each node, in the order of its first mention, the leftmost column it may have.
        edges: from left to right; those that close a circle lead back.
        height: of each node.
        gap: what is left free between two nodes of a column.
    """
    made = Layout(column=_columns(least, edges))
    made.order = [[] for _ in range(max(made.column.values(), default=-1) + 1)]
    for node, column in made.column.items():
        made.order[column].append(node)
    forward = [(a, b) for a, b in dict.fromkeys(edges) if made.column[a] < made.column[b]]
    links = [link for edge in forward for link in _waypoints(made, edge)]
    _untangle(made, links)
    _raise(made, links, height, gap)
    return made


def _columns(
    least: Mapping[Hashable, int], edges: Sequence[tuple[Hashable, Hashable]]
) -> dict[Hashable, int]:
    """Each node's column: right of all that lead to it, except around a circle."""
    onward: dict[Hashable, list[Hashable]] = {node: [] for node in least}
    for source, target in edges:
        onward[source].append(target)
    state: dict[Hashable, int] = {}
    kept: list[tuple[Hashable, Hashable]] = []

    def visit(node: Hashable) -> None:
        state[node] = 1
        for target in onward[node]:
            if state.get(target) == 1:
                continue  # closes a circle
            kept.append((node, target))
            if target not in state:
                visit(target)
        state[node] = 2

    for node in sorted(least, key=lambda one: least[one]):
        if node not in state:
            visit(node)
    column = dict(least)
    for _ in least:
        moved = False
        for source, target in kept:
            if column[target] <= column[source]:
                column[target] = column[source] + 1
                moved = True
        if not moved:
            break
    used = sorted(set(column.values()))
    return {node: used.index(place) for node, place in column.items()}


def _waypoints(made: Layout, edge: tuple[Hashable, Hashable]) -> list[tuple[Hashable, Hashable]]:
    """Put a waypoint into each column that the edge passes; its links from station to station."""
    source, target = edge
    stations: list[Hashable] = [source]
    for column in range(made.column[source] + 1, made.column[target]):
        point = ("waypoint", source, target, column)
        made.column[point] = column
        made.order[column].append(point)
        stations.append(point)
    stations.append(target)
    made.path[edge] = stations
    return list(pairwise(stations))


def _untangle(made: Layout, links: Sequence[tuple[Hashable, Hashable]]) -> None:
    """Order each column by the mean place of its neighbours, to and fro; keep the order with the fewest
    crossings.
    """
    best, fewest = [list(column) for column in made.order], _crossings(made.order, links)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        columns = range(1, len(made.order)) if sweep % 2 == 0 else range(len(made.order) - 2, -1, -1)
        for column in columns:
            other = made.order[column - 1 if sweep % 2 == 0 else column + 1]
            place = {node: k for k, node in enumerate(other)}
            near: dict[Hashable, list[int]] = {node: [] for node in made.order[column]}
            for source, target in links:
                here, there = (target, source) if sweep % 2 == 0 else (source, target)
                if here in near and there in place:
                    near[here].append(place[there])
            old = {node: k for k, node in enumerate(made.order[column])}
            made.order[column].sort(
                key=lambda node: (sum(near[node]) / len(near[node]) if near[node] else old[node], old[node])
            )
        now = _crossings(made.order, links)
        if now < fewest:
            best, fewest = [list(column) for column in made.order], now
    made.order = best


def _crossings(order: Sequence[Sequence[Hashable]], links: Sequence[tuple[Hashable, Hashable]]) -> int:
    """How often two links between the same two columns cross."""
    place = {node: (column, k) for column, nodes in enumerate(order) for k, node in enumerate(nodes)}
    spans = [(place[source], place[target]) for source, target in links]
    return sum(
        1
        for k, (a, b) in enumerate(spans)
        for c, d in spans[:k]
        if a[0] == c[0] and (a[1] - c[1]) * (b[1] - d[1]) < 0
    )


def _raise(
    made: Layout, links: Sequence[tuple[Hashable, Hashable]], height: Mapping[Hashable, float], gap: float
) -> None:
    """Heights near the neighbours', in order and without overlap."""
    near: dict[Hashable, list[Hashable]] = {node: [] for column in made.order for node in column}
    for source, target in links:
        near[source].append(target)
        near[target].append(source)
    for column in made.order:
        _stack(made, column, dict.fromkeys(column, 0.0), height, gap)
    for sweep in range(_SWEEPS):
        for column in made.order if sweep % 2 == 0 else reversed(made.order):
            wish = {
                node: sum(made.y[one] for one in near[node]) / len(near[node]) if near[node] else made.y[node]
                for node in column
            }
            _stack(made, column, wish, height, gap)


def _stack(
    made: Layout,
    column: Sequence[Hashable],
    wish: Mapping[Hashable, float],
    height: Mapping[Hashable, float],
    gap: float,
) -> None:
    """Place a column's nodes as near to their wishes as order and gaps allow (neighbours that would overlap
    move as one block, to the mean of what they wish).
    """
    blocks: list[tuple[list[Hashable], float]] = []  # nodes, and the middle of the first
    for node in column:
        blocks.append(([node], wish[node]))
        while len(blocks) > 1:
            (upper, first), (lower, second) = blocks[-2], blocks[-1]
            drop = _length(upper, height, gap) + _step(upper[-1], lower[0], height, gap)
            if first - drop >= second:
                break
            nodes = upper + lower
            middle = sum(wish[one] + _length(nodes[: k + 1], height, gap) for k, one in enumerate(nodes))
            blocks[-2:] = [(nodes, middle / len(nodes))]
    for nodes, first in blocks:
        for k, node in enumerate(nodes):
            made.y[node] = first - _length(nodes[: k + 1], height, gap)


def _length(nodes: Sequence[Hashable], height: Mapping[Hashable, float], gap: float) -> float:
    """From the middle of the first to the middle of the last of nodes that stand below each other."""
    return sum(_step(upper, lower, height, gap) for upper, lower in pairwise(nodes))


def _step(upper: Hashable, lower: Hashable, height: Mapping[Hashable, float], gap: float) -> float:
    return (height.get(upper, 0.1) + height.get(lower, 0.1)) / 2 + gap
