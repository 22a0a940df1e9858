"""The numbers behind a distribution: a time's sample, its bars, and what a formula expects in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from mqsim.errors import UsageError
from mqsim.matching import Curve, Fit, curve
from mqsim.metrics.window import window
from mqsim.trace.frames import columns
from mqsim.trace.tables import Outcome, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mqsim.scenario import Scenario

    Floats = NDArray[np.float64]

What = Literal["wait", "sojourn", "service"]
FROM_TO = {
    "wait": ("enqueued", "started"),
    "service": ("started", "finished"),
    "sojourn": ("created", "finished"),
}
_BARS = 40
FEW = 12  # different values; so few get a bar each


class Spread(NamedTuple):
    """A distribution as it is drawn.

    Attributes:
        queue: whose; None for all together.
        sample: the times, seconds.
        created: how many messages there were, with those whose work was not finished.
        edges: of the bars: each counts from just above one edge up to the next, the first one all below.
        at, width: where the bars stand, and how broad they are.
        share: of the sample in each bar.
        formula: what the formula expects there, or None.
        curve: where it comes from; None if not asked for.
    """

    queue: str | None
    sample: Floats
    created: int
    edges: Floats
    at: Floats
    width: Floats
    share: Floats
    formula: Floats | None
    curve: Curve | None


def spread(trace: Trace, what: What, queue: str | None, theory: Scenario | None, warmup: float) -> Spread:
    """Everything that is drawn of one time.

    Raises:
        UsageError: there is no such time or no such queue.
    """
    if what not in FROM_TO:
        raise UsageError(f"what: {what!r} is not allowed; it must be one of {', '.join(FROM_TO)}.")
    queue, sample, created = times(trace, what, queue, warmup)
    found: Curve | None = None
    if theory is not None:
        if queue is None:
            found = Curve("", None, "Several queues are drawn together; name one.", Fit.NONE)
        elif queue in theory.broker.queues:
            found = curve(theory, what, queue)
        else:
            found = Curve("", None, f"The scenario has no queue {queue}.", Fit.NONE)
    edges, at, width = _places(sample)
    share = np.diff(np.searchsorted(np.sort(sample), edges, side="right")) / max(len(sample), 1)
    formula = None
    if found is not None and found.cdf is not None and len(sample):
        up_to = np.asarray(found.cdf(np.maximum(edges, 0.0)), dtype=np.float64)
        up_to[0] = 0.0  # the first bar holds all that is not longer
        formula = np.diff(up_to)
    return Spread(queue, sample, created, edges, at, width, share, formula, found)


def _places(sample: Floats) -> tuple[Floats, Floats, Floats]:
    """Edges, middles and widths of the bars: equal ones, or one for each value where there are few."""
    if not len(sample):
        return np.array([-np.inf, 0.0]), np.zeros(1), np.ones(1)
    rough = np.round(sample, 9)
    values = np.unique(rough)
    if len(values) <= FEW:
        gaps = np.diff(values)
        span = float(values[-1] - values[0]) or float(values[-1]) or 1.0
        width = min(0.8 * float(gaps.min()) if len(gaps) else np.inf, 0.06 * span)
        edges = np.concatenate([[-np.inf], (values[:-1] + values[1:]) / 2, [values[-1] + max(width, 1e-9)]])
        return edges, values, np.full(len(values), width)
    low, high = float(sample.min()), float(np.percentile(sample, 99.5))
    most = float(sample.max())
    right = most if most < 1.3 * high else high
    left = 0.0 if low < 0.3 * right else low
    grid = np.linspace(left, right, _BARS + 1)
    if right == most:
        grid[-1] = most  # not a rounding below it
    edges = np.concatenate([[-np.inf], grid[1:]])
    return edges, (grid[:-1] + grid[1:]) / 2, np.diff(grid)


def times(trace: Trace, what: What, queue: str | None, warmup: float) -> tuple[str | None, Floats, int]:
    """The times that `summary` counts, seconds: whose queue they are of, the times, and how many messages
    there were in all.

    Raises:
        UsageError: there is no such queue.
    """
    first, last = FROM_TO[what]
    codes, created, outcome, begun, done = columns(trace.messages, "queue", "created", "outcome", first, last)
    (finished,) = columns(trace.messages, "finished")
    chosen = window(trace, warmup).holds(created) & (codes >= 0)
    kept = (outcome == Outcome.ACKED) | (outcome == Outcome.UNACKED)
    worked = chosen & kept & ~np.isnan(finished)
    if queue is None:
        seen = np.unique(codes[worked]).tolist()
        queue = trace.queues.names[seen[0]] if len(seen) == 1 else None
    elif queue not in trace.queues.names:
        known = ", ".join(trace.queues.names) or "none"
        raise UsageError(f"queue: {queue!r} is not in this trace; it has {known}.")
    if queue is not None:
        mine = codes == trace.queues.names.index(queue)
        chosen, worked = chosen & mine, worked & mine
    return queue, (done - begun)[worked], int(chosen.sum())
