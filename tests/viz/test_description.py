"""What holds for every figure: its words, its table, its paper, and how it shows itself in a notebook."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

import mqsim as mq
from mqsim import viz
from mqsim.errors import UsageError
from mqsim.viz.palette import DARK, LIGHT

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

FIGURES = ["depth", "cumulative", "lanes", "share", "distribution", "spacetime", "topology"]


@pytest.fixture(scope="module")
def run() -> mq.Result:
    return mq.simulate("worker-crash")


def draw(run: mq.Result, name: str, **more: object) -> Axes:
    if name == "latencies":
        return mq.plot_latencies({1: run}, **more)  # type: ignore[arg-type]
    method: Callable[..., Axes] = getattr(run, f"plot_{name}")
    return method(**more)


@pytest.mark.parametrize("name", [*FIGURES, "latencies"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_table_and_paper(run: mq.Result, name: str, theme: str) -> None:
    ax = draw(run, name, theme=theme)
    words = viz.describe(ax)
    assert words.endswith(".")
    assert len(words) > 40
    table = viz.data(ax)
    assert isinstance(table, pd.DataFrame)
    assert len(table)
    on = LIGHT if theme == "light" else DARK
    assert to_hex(ax.figure.get_facecolor()) == on.paper
    assert all(
        to_hex(text.get_color()) in (on.ink, "#ffffff", "#16191d") for text in ax.texts if text.get_text()
    )


@pytest.mark.parametrize("name", [*FIGURES, "latencies"])
def test_axes_may_be_given(run: mq.Result, name: str) -> None:
    figure = Figure(figsize=(14, 5))
    left, right = figure.subplots(1, 2)
    assert draw(run, name, ax=right) is right
    assert not left.texts
    assert viz.describe(right)
    figure.canvas.draw()


@pytest.mark.parametrize("name", [*FIGURES, "latencies"])
@pytest.mark.parametrize("preset", ["hello", "worker-crash", "poison", "pipeline"])
def test_no_word_is_cut_off(name: str, preset: str) -> None:
    ax = draw(mq.simulate(preset), name)
    figure = ax.figure
    figure.canvas.draw()
    legends = [text for legend in figure.legends for text in legend.get_texts()]
    ticks = [text for text in ax.get_xticklabels() if _within(ax.get_xlim(), text.get_position()[0])]
    ticks += [text for text in ax.get_yticklabels() if _within(ax.get_ylim(), text.get_position()[1])]
    for text in [*ax.texts, *legends, *(ticks if ax.axison else []), ax.title, ax.xaxis.label]:
        if not text.get_text() or not text.get_visible():
            continue
        box = text.get_window_extent()
        assert box.x0 >= -1, text
        assert box.x1 <= figure.bbox.x1 + 1, text
        assert box.y0 >= -1, text
        assert box.y1 <= figure.bbox.y1 + 1, text


def _within(limits: tuple[float, float], value: float) -> bool:
    return limits[0] <= value <= limits[1]


def test_a_notebook_gets_a_picture_with_its_words(run: mq.Result) -> None:
    ax = run.plot_lanes()
    bundle, more = ax._repr_mimebundle_()  # type: ignore[attr-defined]
    words = viz.describe(ax)
    assert bundle["text/plain"] == words
    assert more["image/png"]["alt"] == words
    assert f'alt="{words}"' in bundle["text/html"]
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert image.width == pytest.approx(1.6 * more["image/png"]["width"], abs=2)
    assert len(bundle["image/png"]) < 100_000
    hues = {f"#{r:02x}{g:02x}{b:02x}" for _, (r, g, b) in image.convert("RGB").getcolors(10_000)}
    assert LIGHT.paper in hues


def test_words_are_escaped_for_html() -> None:
    broker = {
        "queues": {"q": {}},
        "exchanges": {"e": {}},
        "bindings": [{"exchange": "e", "queue": "q", "key": 'a"<b>'}],
    }
    ax = viz.plot_topology(mq.Scenario(duration=1, broker=broker))
    bundle, _ = ax._repr_mimebundle_()  # type: ignore[attr-defined]
    assert "<b>" in viz.describe(ax)
    assert "<b>" not in bundle["text/html"]
    assert "a&quot;&lt;b&gt;" in bundle["text/html"]


def test_foreign_axes_tell_nothing() -> None:
    with pytest.raises(UsageError, match="no figure of mqsim"):
        viz.describe(Figure().subplots())
    with pytest.raises(UsageError, match="no figure of mqsim"):
        viz.data(Figure().subplots())


def test_the_later_figure_on_the_same_axes_tells_itself(run: mq.Result) -> None:
    ax = Figure().subplots()
    run.plot_depth(ax=ax)
    run.plot_share(ax=ax)
    assert "handled" in viz.data(ax).columns
