"""The broker's topology: who publishes where, how messages are routed, and who takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.errors import UsageError
from mqsim.viz.boxes import Plan, draw, plan
from mqsim.viz.description import keep
from mqsim.viz.palette import entitle, new_axes, paper
from mqsim.viz.wiring import Wiring, wire

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from mqsim.scenario import Scenario
    from mqsim.trace.tables import Trace

MOST_NODES = 60


def plot_topology(
    scenario: Scenario | None, trace: Trace | None = None, ax: Axes | None = None, theme: str = "light"
) -> Axes:
    """Draw producers, exchanges, queues and consumers, and the ways that messages take between them.

    Every kind has its shape and its word. Names on the ways are routing keys. A group of actors is one box. A
    run adds how many messages came to each queue, and what only it could show: what programs used. `viz.data`
    has the columns `from`, `to`, `what`, `label`.

    Args:
        scenario: what is drawn; None leaves the run alone to tell.
        trace: a run of it.
        ax: where to draw; by default a figure of its own, as large as it needs to be.
        theme: `light` or `dark` paper.

    Raises:
        UsageError: there is nothing to draw, or more than 60 boxes.
    """
    on = paper(theme)
    wiring = wire(scenario, trace)
    if not wiring.nodes:
        raise UsageError("There is no topology to draw: nobody publishes, and there is no queue.")
    if len(wiring.nodes) > MOST_NODES:
        raise UsageError(f"A topology of {len(wiring.nodes)} boxes can't be read; {MOST_NODES} is the most.")
    planned: Plan = plan(wiring)
    if ax is None:
        ax = new_axes(planned.width + 0.2, planned.height + 0.5, on)
    draw(ax, planned, on)
    seen = any(edge.kind == "seen" for edge in wiring.edges)
    note = "Dotted: not declared, but seen in the run." if seen and scenario is not None else ""
    entitle(ax, "Who sends what where", note, on)
    keep(ax, lambda: alt_text(scenario, trace), lambda: data_table(scenario, trace))
    return ax


def _named(wiring: Wiring, key: tuple[str, str]) -> str:
    node = wiring.nodes[key]
    return f"{node.head} {node.name}"


def data_table(scenario: Scenario | None, trace: Trace | None = None) -> pd.DataFrame:
    """The ways as a table: `from`, `to` (kind and name), `what` kind of way, and its `label`."""
    import pandas as pd

    wiring = wire(scenario, trace)
    rows = [
        (_named(wiring, edge.source), _named(wiring, edge.target), edge.kind, edge.label.replace("\n", "; "))
        for edge in wiring.edges
    ]
    return pd.DataFrame(rows, columns=["from", "to", "what", "label"])


def alt_text(scenario: Scenario | None, trace: Trace | None = None) -> str:
    """The topology in words."""
    wiring = wire(scenario, trace)
    boxes = [
        f"{node.head} {node.name}" + (f" ({', '.join(node.lines)})" if node.lines else "")
        for node in wiring.nodes.values()
    ]
    ways = [
        f"{edge.source[1]} to {edge.target[1]}"
        + (f" ({edge.kind})" if edge.kind not in ("flow", "binding") else "")
        + (f" [{edge.label.replace(chr(10), '; ')}]" if edge.label and edge.label != edge.kind else "")
        for edge in wiring.edges
    ]
    return f"Topology. Boxes: {'; '.join(boxes)}. Ways: {'; '.join(ways) or 'none'}."
