"""Makes the pictures of docs/images that show widgets, in a real browser: `python -m tests.browser.pictures`.

`crash.gif` is the replay itself, picture by picture, at a speed of one simulated second a second; the others
are screenshots. With names as arguments, only those are made.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import mqsim as mq
from mqsim.viz.palette import BLUE, GREEN, LIGHT, ORANGE, PURPLE, SKY, VERMILLION
from tests.browser import chromium, standing
from tests.browser.shown import REPLAY, ready

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image
    from playwright.sync_api import Browser, Page

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"
MOST_BYTES = 1_000_000  # of the animation

_EACH = 0.08  # seconds a picture of the animation; GIF counts in hundredths
_LAST = 2.0  # the last one stays longer
_COLOURS = 128
# Of the page the animation keeps the stage, the chart, and one line of words.
_BARE = """h1, .bar, .head, .scale, .story li:not(.now) { display: none !important; }
body { padding: 4px 2px !important; max-width: none !important; }
.story { height: 26px !important; overflow: hidden !important; }
.story li.now { border: 0 !important; background: none !important; font-size: 15px; }"""

_STEP = "(one, dt) => one.player.advance(dt)"


def crash(browser: Browser) -> Path:
    """A worker dies, its task goes back to the queue and to the other worker: ten seconds."""
    from PIL import Image

    result = mq.simulate("worker-crash")
    with chromium.window(browser, size=(800, 430)) as window:
        page = _open(window, result, t=0.0)
        page.add_style_tag(content=_BARE)
        page.wait_for_timeout(200)
        page.locator(REPLAY).evaluate(
            "one => { const player = one.player; player.ask = () => {}; player.controls.speed.value = '1';"
            " player.cursorToStart(); player.playing = true; }"
        )
        shots: list[Image.Image] = []
        for _ in range(round((result.trace.end - result.trace.start) / _EACH) + 1):
            raw = page.screenshot(clip=_clip(page))
            shots.append(Image.open(io.BytesIO(raw)).convert("RGB"))
            page.locator(REPLAY).evaluate(_STEP, _EACH)
    palette = _palette(shots[int(3.3 / _EACH)])
    flat = [shot.quantize(palette=palette, dither=Image.Dither.NONE) for shot in shots]
    times = [round(_EACH * 1000)] * (len(flat) - 1) + [round(_LAST * 1000)]
    target = IMAGES / "crash.gif"
    flat[0].save(target, save_all=True, append_images=flat[1:], duration=times, loop=0, optimize=True)
    assert target.stat().st_size < MOST_BYTES
    return target


def _palette(shot: Image) -> Image:
    """Colours for all pictures: those of one of them, and the states', which are too small there to count."""
    from PIL import Image

    states = [BLUE, SKY, ORANGE, PURPLE, VERMILLION, GREEN, LIGHT.soft]
    both = Image.new("RGB", (shot.width, shot.height * 2))
    both.paste(shot, (0, 0))
    wide = shot.width // len(states)
    for place, colour in enumerate(states):
        both.paste(Image.new("RGB", (wide, shot.height), colour), (place * wide, shot.height))
    return both.quantize(_COLOURS)


def _clip(page: Page) -> dict[str, float]:
    height = page.evaluate("() => document.querySelector('.story').getBoundingClientRect().bottom + 4")
    return {"x": 0, "y": 0, "width": 800, "height": min(430, int(height))}


def replay_light(browser: Browser) -> Path:
    """The replay at the moment after the crash, on light paper."""
    return _screenshot(browser, "light")


def replay_dark(browser: Browser) -> Path:
    """The same on dark paper."""
    return _screenshot(browser, "dark")


def _screenshot(browser: Browser, theme: str) -> Path:
    result = mq.simulate("worker-crash")
    with chromium.window(browser, size=(1000, 560), theme=theme, scale=1.5) as window:
        page = _open(window, result, t=2.9)
        page.locator(REPLAY).evaluate(
            "one => { const player = one.player; player.ask = () => {}; player.playing = true;"
            " for (let k = 0; k < 26; k++) player.advance(1 / 60);"
            " player.playing = false; player.advance(0); }"
        )
        target = IMAGES / f"replay-{theme}.png"
        page.screenshot(path=str(target))
    return target


def explorer_light(browser: Browser) -> Path:
    """An explorer on light paper: a knob or two, depth, lanes, and the numbers beside theory."""
    return _explorer(browser, "light")


def explorer_dark(browser: Browser) -> Path:
    """The same on dark paper."""
    return _explorer(browser, "dark")


def _explorer(browser: Browser, theme: str) -> Path:
    scenario = mq.Scenario.from_yaml(COUNTER)
    explorer = mq.explore(scenario, vary=["rate", "workers", "prefetch"])
    explorer.set(workers=2)
    target = IMAGES / f"explorer-{theme}.png"
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium.window(browser, size=(1000, 760), theme=theme, scale=1.5) as window,
    ):
        page = window.open(standing.write(explorer, Path(folder) / "explorer.html"))
        page.wait_for_timeout(800)
        page.locator("#place > *").first.screenshot(path=str(target))
    return target


COUNTER = """
name: two at the counter
seed: 1
duration: 5000
broker: {queues: {line: {}}}
producers: {people: {to: line, arrivals: {poisson: {rate: 1.6}}, work: {exponential: {mean: 1}}}}
consumers: {clerk: {queue: line, count: 2}}
"""


def _open(window: chromium.Window, result: mq.Result, t: float) -> Page:
    replay = result.replay()
    replay.t = t
    with tempfile.TemporaryDirectory() as folder:
        page = window.open(replay.to_html(Path(folder) / "replay.html"))
        ready(page)
    return page


PICTURES: dict[str, Callable[[Browser], Path]] = {
    "crash.gif": crash,
    "replay-light.png": replay_light,
    "replay-dark.png": replay_dark,
    "explorer-light.png": explorer_light,
    "explorer-dark.png": explorer_dark,
}


def main(names: list[str]) -> None:
    """Make the pictures called `names`, or all."""
    with chromium.browser() as browser:
        for name in names or PICTURES:
            made = PICTURES[name](browser)
            print(f"{made.relative_to(IMAGES.parent.parent)}: {made.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
