"""Draws the figures that the pages show: `python -m tests.documents.images [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import mqsim as mq
from mqsim.viz import describe
from mqsim.viz.notebook import png

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

FOLDER = Path(__file__).parents[2] / "docs" / "images"
THEMES = ("light", "dark")

BUSY = mq.Scenario(
    name="two workers at 80 %",
    duration=10_000,
    warmup=200,
    broker={"queues": {"tasks": {}}},
    producers={
        "web": {"to": "tasks", "arrivals": {"poisson": {"rate": 2}}, "work": {"exponential": {"mean": 0.8}}}
    },
    consumers={"worker": {"count": 2, "queue": "tasks"}},
)


def _spacetime(theme: str) -> Axes:
    crash = mq.load("worker-crash").with_({"network.latency": 0.15, "faults.0.restart_after": 4})
    return mq.simulate(crash).plot_spacetime(theme=theme)


def _lanes(theme: str) -> Axes:
    return mq.simulate("rolling-restart").plot_lanes(theme=theme)


def _wait(theme: str) -> Axes:
    return mq.simulate(BUSY).plot_distribution("wait", theme=theme)


def _cumulative(theme: str) -> Axes:
    return mq.simulate("burst").plot_cumulative(theme=theme)


FIGURES: dict[str, Callable[[str], Axes]] = {
    "spacetime": _spacetime,
    "lanes": _lanes,
    "wait": _wait,
    "cumulative": _cumulative,
}


def draw(folder: Path, themes: tuple[str, ...] = THEMES) -> dict[Path, str]:
    """Write every figure in every theme; each file with its words."""
    written = {}
    for name, figure in FIGURES.items():
        for theme in themes:
            ax = figure(theme)
            path = folder / f"{name}-{theme}.png"
            path.write_bytes(png(ax)[0])
            written[path] = describe(ax)
    return written


if __name__ == "__main__":
    for path, words in draw(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER).items():
        print(f"{path.name}: {words}")
