"""The figures of a run, as methods of its result; each is described where it is drawn, in `mqsim.viz`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.runs import RunResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from mqsim.viz.spread import What


class Figures(RunResult):
    """A run, and what can be drawn of it. Each figure is matplotlib Axes that show themselves in a notebook;
    `mqsim.viz.describe` puts them into words, `mqsim.viz.data` into a table.
    """

    def plot_lanes(self, ax: Axes | None = None, theme: str = "light", end: float | None = None) -> Axes:
        """What each worker did when; see `mqsim.viz.plot_lanes`."""
        from mqsim.viz import plot_lanes

        return plot_lanes(self.trace, ax, theme, end)

    def plot_depth(self, queue: str | None = None, ax: Axes | None = None, theme: str = "light") -> Axes:
        """How many messages were ready over time; see `mqsim.viz.plot_depth`."""
        from mqsim.viz import plot_depth

        return plot_depth(self.trace, queue, ax, theme)

    def plot_cumulative(self, queue: str | None = None, ax: Axes | None = None, theme: str = "light") -> Axes:
        """Arrivals against completions; see `mqsim.viz.plot_cumulative`."""
        from mqsim.viz import plot_cumulative

        return plot_cumulative(self.trace, queue, ax, theme)

    def plot_distribution(
        self,
        what: What = "wait",
        queue: str | None = None,
        theory: bool | None = None,
        ax: Axes | None = None,
        theme: str = "light",
    ) -> Axes:
        """How waits, sojourns or services were spread, for messages created after the warm-up; see
        `mqsim.viz.plot_distribution`.

        Args:
            what: `wait`, `service` or `sojourn`.
            queue: its name; by default the only one whose messages were worked on.
            theory: whether the formula is drawn over it where one exists; by default it is.
            ax: where to draw; by default a figure of its own.
            theme: `light` or `dark` paper.
        """
        from mqsim.viz import plot_distribution

        formula = self.scenario if theory is not False else None
        return plot_distribution(self.trace, what, queue, formula, self.warmup, ax, theme)

    def plot_share(self, ax: Axes | None = None, theme: str = "light") -> Axes:
        """How the work was shared, for messages created after the warm-up; see `mqsim.viz.plot_share`."""
        from mqsim.viz import plot_share

        return plot_share(self.trace, self.warmup, ax, theme)

    def plot_spacetime(
        self,
        messages: int | Sequence[int | str] | None = None,
        start: float | None = None,
        end: float | None = None,
        ax: Axes | None = None,
        theme: str = "light",
    ) -> Axes:
        """How messages travelled between producers, queues and workers; see `mqsim.viz.plot_spacetime`."""
        from mqsim.viz import plot_spacetime

        return plot_spacetime(self.trace, messages, start, end, ax, theme)

    def plot_topology(self, ax: Axes | None = None, theme: str = "light") -> Axes:
        """Who sends what where; see `mqsim.viz.plot_topology`."""
        from mqsim.viz import plot_topology

        return plot_topology(self.scenario, self.trace, ax, theme)


def plot_latencies(
    results: Mapping[Any, RunResult],
    what: What = "sojourn",
    queue: str | None = None,
    theory: bool = True,
    ax: Axes | None = None,
    theme: str = "light",
) -> Axes:
    """Draw the median, the 95th and the 99th percentile of a time against the load of several runs, for
    messages created after each run's warm-up.

    Args:
        results: a result for each load: numbers (a rate, a utilisation, a count of workers), or words.
        what: `wait`, `service` or `sojourn`.
        queue: its name; by default the only one whose messages were worked on, or all together.
        theory: whether the formula's percentiles are drawn beside them where there are any.
        ax: where to draw; by default a figure of its own.
        theme: `light` or `dark` paper.

    Raises:
        UsageError: there is no run, or no such time or queue.
    """
    from mqsim import viz

    return viz.plot_latencies(
        {load: result.trace for load, result in results.items()},
        what,
        queue,
        {load: result.scenario for load, result in results.items()} if theory else None,
        {load: result.warmup for load, result in results.items()},
        ax,
        theme,
    )
