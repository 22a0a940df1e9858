"""How a topology is drawn: boxes with a shape for each kind, and curved ways between them, in inches."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mqsim.viz.figure import figure_of
from mqsim.viz.layers import Layout, lay_out
from mqsim.viz.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, Paper

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.axes import Axes

    from mqsim.viz.wiring import Edge, Node, Wiring

    Point = tuple[float, float]
    Key = tuple[str, str]

HUE = {"producer": BLUE, "exchange": ORANGE, "queue": SKY, "consumer": GREEN, "program": PURPLE}
_HEAD, _NAME, _LINE, _LABEL = 7.5, 10.0, 8.0, 8.0  # sizes of letters, points
_ROOM = 0.42  # between two boxes of a column, inches
_MARGIN = 0.15
_LEAST_GAP = 0.75  # between two columns
_LEAST_WIDTH = 6.0


@dataclass
class Plan:
    """A topology with places, in inches; the origin is the upper left corner, down is negative.

    Attributes:
        wiring: what is drawn.
        layout: columns and waypoints.
        left: of each column, its left edge.
        breadth: of each column.
        size: width and height of each box.
        width, height: of the whole.
    """

    wiring: Wiring
    layout: Layout
    left: list[float] = field(default_factory=list)
    breadth: list[float] = field(default_factory=list)
    size: dict[Key, Point] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0

    def middle(self, station: Hashable) -> Point:
        """The middle of a box or a waypoint."""
        column = self.layout.column[station]
        return self.left[column] + self.breadth[column] / 2, self.layout.y[station]


@lru_cache(maxsize=4096)
def inches(text: str, points: float, bold: bool = False) -> float:
    """How broad a text is, measured in its own letters."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    font = FontProperties(weight="bold" if bold else "normal")
    return float(TextPath((0, 0), text, size=points, prop=font).get_extents().width) / 72


def _size(node: Node) -> Point:
    widths = [inches(node.head, _HEAD), inches(node.name, _NAME, bold=True)]
    widths += [inches(line, _LINE) for line in node.lines]
    ends = {"queue": 0.62, "exchange": 0.66, "producer": 0.55}.get(node.kind, 0.42)
    height = (1.35 * _HEAD + 1.4 * _NAME + 1.35 * _LINE * len(node.lines)) / 72 + 0.16
    return max(widths) + ends, height


def plan(wiring: Wiring) -> Plan:
    """Give every box its size and place."""
    exchanges = any(kind == "exchange" for kind, _ in wiring.nodes)
    queue = 2 if exchanges else 1
    least: dict[Hashable, int] = {
        key: {"producer": 0, "program": 0, "exchange": 1, "queue": queue, "consumer": queue + 1}[key[0]]
        for key in wiring.nodes
    }
    flow: list[tuple[Hashable, Hashable]] = [
        (edge.source, edge.target) for edge in wiring.edges if edge.kind not in ("dead letters", "alternate")
    ]
    size = {key: _size(node) for key, node in wiring.nodes.items()}
    made = Plan(
        wiring, lay_out(least, flow, {key: high for key, (_, high) in size.items()}, _ROOM), size=size
    )
    _set_columns(made)
    tops = [made.layout.y[key] + size[key][1] / 2 for key in wiring.nodes]
    bottoms = [made.layout.y[key] - size[key][1] / 2 for key in wiring.nodes]
    top, bottom = max(tops), min(bottoms)
    for station in made.layout.y:
        made.layout.y[station] -= top + _MARGIN
    made.height = top - bottom + 2 * _MARGIN
    return made


def _set_columns(made: Plan) -> None:
    """Columns as broad as their broadest box, and between them room for the broadest label."""
    layout = made.layout
    x = _MARGIN
    for column, stations in enumerate(layout.order):
        boxes = [made.size[one] for one in stations if one in made.size]
        made.left.append(x)
        made.breadth.append(max((width for width, _ in boxes), default=0.2))
        x += made.breadth[-1]
        if column + 1 < len(layout.order):
            labels = [
                inches(line, _LABEL)
                for edge in made.wiring.edges
                for line in edge.label.split("\n")
                if column == _label_column(made, edge)
            ]
            x += max([_LEAST_GAP, *(width + 0.55 for width in labels)])
    made.width = x + _MARGIN
    side = [
        inches(edge.label, _LABEL) + 0.35
        for edge in made.wiring.edges
        if layout.column[edge.source] == layout.column[edge.target] == len(layout.order) - 1
    ]
    made.width = max(made.width + max(side, default=0.0), _LEAST_WIDTH)


def _by_its_source(edge: Edge) -> bool:
    """Whether a label stands near the beginning of its way (what an actor says), not near its end."""
    return edge.source[0] in ("producer", "program", "consumer")


def _label_column(made: Plan, edge: Edge) -> int:
    """After which column a label needs room."""
    first, last = made.layout.column[edge.source], made.layout.column[edge.target]
    return min(first, last) if first >= last or _by_its_source(edge) else last - 1


def draw(ax: Axes, made: Plan, on: Paper) -> None:
    """Draw boxes, ways and words."""
    ax.set_facecolor(on.paper)
    ax.set_axis_off()
    ax.set_xlim(0, made.width)
    ax.set_ylim(-made.height, 0)
    ax.set_aspect("equal", adjustable="box", anchor="NW")
    figure = figure_of(ax)
    room = ax.get_position().width * figure.get_figwidth() / made.width
    scale = min(1.0, room / 0.72)  # 0.72: before constrained layout has stretched the axes
    words = _Words(ax, on, scale)
    for edge in made.wiring.edges:
        _way(ax, made, edge, on, words)
    for key, node in made.wiring.nodes.items():
        _box(ax, made, key, node, on, words)


@dataclass
class _Words:
    """Writes, and remembers where, so that labels keep out of each other's way."""

    ax: Axes
    on: Paper
    scale: float
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def write(self, text: str, x: float, y: float, points: float, bold: bool = False, hue: str = "") -> None:
        self.ax.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            fontsize=points * self.scale,
            fontweight="bold" if bold else "normal",
            color=hue or self.on.ink,
            zorder=5,
        )

    def label(self, text: str, places: list[Point]) -> None:
        """A label on a way, at the first of `places` where it meets no other."""
        lines = text.split("\n")
        width = max(inches(line, _LABEL) for line in lines) + 0.06
        height = len(lines) * 1.25 * _LABEL / 72 + 0.03
        boxes = [(x - width / 2, y - height / 2, x + width / 2, y + height / 2) for x, y in places]
        free = [k for k, box in enumerate(boxes) if not any(_meet(box, other) for other in self.taken)]
        place = free[0] if free else 0
        self.taken.append(boxes[place])
        self.ax.text(
            *places[place],
            text,
            ha="center",
            va="center",
            fontsize=_LABEL * self.scale,
            color=self.on.ink,
            zorder=4,
            linespacing=1.1,
            bbox={"boxstyle": "round,pad=0.12", "facecolor": self.on.paper, "edgecolor": "none"},
        )


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _box(ax: Axes, made: Plan, key: Key, node: Node, on: Paper, words: _Words) -> None:
    from matplotlib.patches import FancyBboxPatch, Polygon

    (x, y), (width, height) = made.middle(key), made.size[key]
    left, bottom, right, top = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    look: dict[str, Any] = {"edgecolor": HUE[node.kind], "linewidth": 1.8, "zorder": 3}
    shift = 0.0
    if node.kind == "consumer":
        shape = FancyBboxPatch(
            (left, bottom),
            width,
            height,
            boxstyle=f"round,pad=0,rounding_size={0.45 * min(height, 0.5)}",
            facecolor=on.paper,
            **look,
        )
        ax.add_patch(shape)
    else:
        tip = 0.16
        corners = {
            "producer": [(left, bottom), (right - tip, bottom), (right, y), (right - tip, top), (left, top)],
            "exchange": [
                (left + tip, bottom),
                (right - tip, bottom),
                (right, y),
                (right - tip, top),
                (left + tip, top),
                (left, y),
            ],
            "program": [(left, bottom), (right, bottom), (right, top - tip), (right - tip, top), (left, top)],
        }.get(node.kind, [(left, bottom), (right, bottom), (right, top), (left, top)])
        ax.add_patch(Polygon(corners, closed=True, facecolor=on.paper, **look))
    if node.kind == "queue":
        for k in range(3):  # slots, for whoever does not read the word
            at = right - 0.09 * (k + 1)
            ax.plot([at, at], [bottom + 0.05, top - 0.05], color=HUE["queue"], linewidth=1.4, zorder=3.5)
        shift = -0.13
    elif node.kind == "producer":
        shift = -0.05
    row = top - 0.08 - 0.68 * _HEAD / 72
    words.write(node.head, x + shift, row, _HEAD)
    row -= (0.68 * _HEAD + 0.7 * _NAME) / 72
    words.write(node.name, x + shift, row, _NAME, bold=True)
    row -= (0.7 * _NAME + 0.68 * _LINE) / 72
    for line in node.lines:
        words.write(line, x + shift, row, _LINE)
        row -= 1.35 * _LINE / 72


def _way(ax: Axes, made: Plan, edge: Edge, on: Paper, words: _Words) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    points = _stations(made, edge)
    codes = [Path.MOVETO] + [Path.CURVE4] * (len(points) - 1)
    look = {
        "dead letters": (PURPLE, (0, (4, 2)), 1.6),
        "alternate": (ORANGE, (0, (4, 2)), 1.6),
        "seen": (on.ink, (0, (1, 2)), 1.3),
    }.get(edge.kind, (on.ink, "-", 1.3))
    hue, line, width = look
    ax.add_patch(
        FancyArrowPatch(
            path=Path(points, codes),
            arrowstyle="-|>,head_width=3,head_length=6",
            color=hue,
            linestyle=line,
            linewidth=width,
            zorder=2,
            shrinkA=0,
            shrinkB=0,
        )
    )
    if edge.label:
        start = 0 if _by_its_source(edge) else len(points) - 4
        curve = points[start : start + 4]
        shares = (0.42, 0.52, 0.32, 0.62, 0.72, 0.22) if start == 0 else (0.55, 0.65, 0.45, 0.35, 0.75, 0.25)
        if len(points) == 4 and edge.kind == "binding":
            shares = (0.6, 0.7, 0.5, 0.4, 0.8, 0.3)
        words.label(edge.label, [_on_curve(curve, share) for share in shares])


def _stations(made: Plan, edge: Edge) -> list[Point]:
    """The points of the curve: a cubic from station to station, level at each."""
    source, target = edge.source, edge.target
    (x1, y1), (x2, y2) = made.middle(source), made.middle(target)
    half1, half2 = made.size[source][0] / 2, made.size[target][0] / 2
    if source == target:
        return [
            (x1 - 0.2, y1 - made.size[source][1] / 2),
            (x1 - 0.4, y1 - made.size[source][1] / 2 - 0.4),
            (x1 + 0.4, y1 - made.size[source][1] / 2 - 0.4),
            (x1 + 0.2, y1 - made.size[source][1] / 2),
        ]
    columns = made.layout.column
    if columns[source] == columns[target]:
        # Beside the column, on its right for dead letters going down, on its left for those going up.
        side = 1.0 if y2 < y1 else -1.0
        start, end = (x1 + side * half1, y1 - side * 0.1), (x2 + side * half2, y2 + side * 0.1)
        reach = max(start[0] * side, end[0] * side) * side + side * 0.5
        return [start, (reach, start[1]), (reach, end[1]), end]
    if columns[source] > columns[target]:
        start, end = (x1 - half1, y1 - 0.08), (x2 + half2, y2 - 0.08)
        bend = 0.5 * (start[0] - end[0])
        return [start, (start[0] - bend, start[1]), (end[0] + bend, end[1]), end]
    stations = made.layout.path.get((source, target), [source, target])
    points: list[Point] = []
    for here, there in pairwise(stations):
        start = (made.middle(here)[0] + (half1 if here == source else 0.0), made.layout.y[here])
        end = (made.middle(there)[0] - (half2 if there == target else 0.0), made.layout.y[there])
        bend = 0.45 * (end[0] - start[0])
        points += [] if points else [start]
        points += [(start[0] + bend, start[1]), (end[0] - bend, end[1]), end]
    return points


def _on_curve(curve: list[Point], share: float) -> Point:
    a, b, c, d = (1 - share) ** 3, 3 * share * (1 - share) ** 2, 3 * share**2 * (1 - share), share**3
    return (
        a * curve[0][0] + b * curve[1][0] + c * curve[2][0] + d * curve[3][0],
        a * curve[0][1] + b * curve[1][1] + c * curve[2][1] + d * curve[3][1],
    )
