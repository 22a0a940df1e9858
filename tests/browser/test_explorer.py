"""The explorer and the question in Chromium: alone on a page, and in JupyterLab with a kernel behind them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import mqsim as mq
from tests.browser import standing
from tests.browser.chromium import Window

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.lab import Lab

pytestmark = pytest.mark.xdist_group("browser")

OpenWindow = Callable[..., Window]
EXPLORER = "[data-testid=mq-explore]"
QUESTION = "[data-testid=mq-predict]"
TWENTY_THOUSAND = """
name: four workers
seed: 1
duration: 1000
broker: {queues: {tasks: {}}}
producers: {web: {to: tasks, arrivals: {poisson: {rate: 20}}, work: {exponential: {mean: 0.18}}}}
consumers: {worker: {count: 4, queue: tasks}}
"""


def shown(page: Page) -> dict[str, str]:
    """What the explorer mirrors: wish, said, shown (turns), saidMs, shownMs, theme."""
    found: dict[str, str] = page.locator(EXPLORER).evaluate("one => ({...one.dataset})")
    return found


def answered(page: Page) -> None:
    """Wait until the newest wish is on show."""
    page.wait_for_function(
        f"(({{wish, shown}}) => wish === shown)(document.querySelector('{EXPLORER}').dataset)"
    )


def cell(page: Page, quantity: str, column: str) -> str:
    """A number of the table, such as `wait.mean`, `simulated`."""
    return page.locator(f"{EXPLORER} tr[data-quantity='{quantity}'] td.{column}").inner_text()


# -- alone on a page -------------------------------------------------------------------------------------


@pytest.fixture
def open_widget(open_window: OpenWindow, tmp_path: Path) -> Callable[..., Page]:
    """Opens a widget alone on a page."""

    def open_one(widget: Any, **how: Any) -> Page:
        page = open_window(**how).open(standing.write(widget, tmp_path / "widget.html"))
        page.wait_for_function("Boolean(window.standing)")
        return page

    return open_one


@pytest.mark.parametrize(("width", "theme"), [(1200, "light"), (480, "dark"), (320, "light")])
def test_nothing_sticks_out_of_the_window(open_widget: Callable[..., Page], width: int, theme: str) -> None:
    explorer = mq.explore("pipeline", ["rate", "consumers.storer.count", "restart"])
    page = open_widget(explorer, size=(width, 800), theme=theme)
    page.wait_for_selector(f"{EXPLORER}[data-shown]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert shown(page)["theme"] == theme
    canvas = page.locator(f"{EXPLORER} .frame canvas").bounding_box()
    assert canvas is not None
    assert 250 < canvas["width"] <= width
    paper = "one => [...one.getContext('2d').getImageData(1, 1, 1, 1).data].slice(0, 3)"
    light = page.locator(f"{EXPLORER} .frame canvas").evaluate(paper)
    assert light == ([0xFD, 0xFD, 0xFC] if theme == "light" else [0x16, 0x19, 0x1D])


def test_every_control_has_a_name_and_every_picture_words(open_widget: Callable[..., Page]) -> None:
    explorer = mq.explore(mq.Scenario.from_yaml(TWENTY_THOUSAND).with_({"duration": 50}))
    page = open_widget(explorer)
    for label in ("arrival rate", "workers", "prefetch"):
        slider = page.get_by_role("slider", name=label, exact=True)
        assert slider.get_attribute("aria-valuetext")
    page.get_by_role("combobox", name="law of the work").wait_for()
    page.get_by_role("combobox", name="acknowledgement").wait_for()
    page.get_by_role("checkbox", name="crash of worker-1").wait_for()
    words = page.get_by_role("img").first.get_attribute("aria-label") or ""
    top = explorer.result.summary()["queues"]["tasks"]["depth"]["max"]
    assert words.startswith(f"Messages ready over 50 s: tasks up to {top}. Busy: worker-1 ")
    page.get_by_text("The picture as a table").click()
    table = page.locator(f"{EXPLORER} .scroll table").first
    rows = table.locator("tbody tr")
    rows.first.wait_for()  # they are made when the table is opened
    assert rows.count() == 12
    highs = [int(text.split(" to ")[1]) for text in table.locator("tbody td").all_inner_texts()]
    assert max(highs) == top


def test_the_keyboard_turns_everything(open_widget: Callable[..., Page]) -> None:
    page = open_widget(mq.explore("worker-crash", ["workers", "ack", "crash"]))
    wish = "() => standing.model.get('wish').values"
    page.get_by_role("slider", name="workers").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(wish)["workers"] == 3
    page.keyboard.press("End")
    assert page.evaluate(wish)["workers"] == 10
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(wish)["ack"] == 1
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate(wish)["crash"] is None
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    assert page.evaluate(wish)["crash"] == 0
    page.get_by_role("button", name="Reset").press("Enter")
    assert page.evaluate(wish) == {"workers": 2, "ack": 0, "crash": 3}
    assert page.get_by_role("slider", name="workers").get_attribute("aria-valuetext") == "2"


def test_what_is_wrong_is_told_in_place_and_the_picture_stays_greyed(
    open_widget: Callable[..., Page],
) -> None:
    page = open_widget(mq.explore("worker-crash", ["workers"]))
    picture = "document.querySelector('.frame canvas').toDataURL()"
    before = page.evaluate(picture)
    page.evaluate(
        "() => { const {model} = standing; "
        "model.set('said', {...model.get('said'), turn: 1, problem: 'consumers.worker.count: no.'}); }"
    )
    problem = page.get_by_role("alert")
    assert problem.inner_text() == "consumers.worker.count: no."
    assert page.evaluate(picture) == before
    assert float(page.locator(".frame").evaluate("one => getComputedStyle(one).opacity")) < 0.5
    page.evaluate("() => standing.model.set('said', {...standing.model.get('said'), turn: 2, problem: ''})")
    assert problem.count() == 0
    assert float(page.locator(".frame").evaluate("one => getComputedStyle(one).opacity")) == 1


def test_a_page_without_a_kernel_says_so(open_widget: Callable[..., Page]) -> None:
    page = open_widget(mq.explore("worker-crash", ["workers"]))
    page.get_by_role("slider", name="workers").press("ArrowRight")
    page.get_by_text("No kernel answers").wait_for()


def test_the_pointer_reads_the_depth(open_widget: Callable[..., Page]) -> None:
    page = open_widget(mq.explore("worker-crash", ["workers"]))
    box = page.locator(".frame").bounding_box()
    assert box is not None
    # Four of six tasks wait in the first two seconds of ten.
    left = page.locator(".frame canvas").evaluate("one => one.getBoundingClientRect().left")
    page.mouse.move(left + box["width"] * 0.2, box["y"] + 100)
    said = page.locator(".readout").inner_text()
    assert said.startswith("at ")
    assert said.endswith("s: tasks 4 ready")


def test_leaving_lets_go_of_the_model(open_widget: Callable[..., Page]) -> None:
    page = open_widget(mq.explore("task-queue", ["workers"]))
    page.evaluate("() => standing.leave()")
    assert page.evaluate("() => Object.values(standing.heard).flat().length") == 0


@pytest.mark.parametrize(("width", "theme"), [(1200, "light"), (360, "dark")])
def test_a_question_takes_a_choice(open_widget: Callable[..., Page], width: int, theme: str) -> None:
    asked = mq.predict("How many of the six tasks are lost?", choices=["none", "one", "all that it held"])
    page = open_widget(asked, size=(width, 400), theme=theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("radio", name="one", exact=True).press("Space")
    assert page.evaluate("() => standing.model.get('held')") == 1
    page.evaluate("() => standing.model.set('answer', 'You said one; it is none.')")
    assert page.get_by_role("status").inner_text() == "You said one; it is none."
    assert page.get_by_role("radio", name="none").is_disabled()


def test_a_question_takes_a_number(open_widget: Callable[..., Page]) -> None:
    page = open_widget(mq.predict("How long does it take?", unit="s"))
    page.get_by_role("spinbutton").fill("2.5")
    page.get_by_role("button", name="Keep my guess").click()
    assert page.evaluate("() => standing.model.get('held')") == 2.5
    assert "2.5 s" in page.get_by_role("status").inner_text()


# -- in JupyterLab ---------------------------------------------------------------------------------------

_CELLS = [
    f'import mqsim as mq\nexplorer = mq.explore(mq.Scenario.from_yaml("""{TWENTY_THOUSAND}"""))\nexplorer',
    "asked = mq.predict('How long does a message wait?', unit='s')\nasked",
    "import json\n"
    "tasks = explorer.result.summary()['queues']['tasks']\n"
    "print(json.dumps([explorer.values, len(explorer.result.messages), tasks['wait']['mean'], asked.guess]))",
]

# When the lanes, which only a simulation changes, have other pixels than before; seen from outside.
_WATCH = """() => {
  const canvas = document.querySelector('.mq-explore .frame canvas');
  const small = Object.assign(document.createElement('canvas'), {width: 400, height: 20});
  const pen = small.getContext('2d', {willReadFrequently: true});
  const look = () => {
    const top = canvas.height * 0.72;
    pen.drawImage(canvas, 0, top, canvas.width, canvas.height - top, 0, 0, 400, 20);
    return pen.getImageData(0, 0, 400, 20).data.join();
  };
  const before = look();
  window.watched = null;
  document.addEventListener('input', () => {
    const from = performance.now();
    const again = () => {
      if (look() === before) requestAnimationFrame(again);
      else requestAnimationFrame(() => { window.watched = performance.now() - from; });
    };
    again();
  }, {capture: true, once: true});
}"""


def from_input_to_pixel(page: Page, slider: Locator, key: str) -> float:
    """Seconds from a key on a slider to the picture of a new run."""
    page.evaluate(_WATCH)
    slider.press(key)
    page.wait_for_function("window.watched !== null")
    answered(page)
    return float(page.evaluate("window.watched")) / 1000


def test_an_explorer_in_jupyterlab(open_window: OpenWindow, jupyterlab: Lab) -> None:
    jupyterlab.write("explorer.ipynb", _CELLS)
    window = open_window(size=(1200, 900), allowed=(jupyterlab.url, jupyterlab.url.replace("http", "ws", 1)))
    page = window.page
    jupyterlab.open(page, "explorer.ipynb")
    page.wait_for_selector(f"{EXPLORER}[data-shown]")
    page.wait_for_selector(QUESTION)
    page.wait_for_timeout(500)
    explorer = page.locator(EXPLORER)
    assert "20,108 messages, simulated in" in explorer.get_by_test_id("status").inner_text()

    # From input to pixel, for 20,000 messages: half a second on a quiet machine.
    rate = explorer.get_by_role("slider", name="arrival rate")
    took = sorted(from_input_to_pixel(page, rate, key) for key in ("ArrowLeft", "ArrowRight") * 4)
    print(f"seconds from input to pixel: {took}; milliseconds until theory: {shown(page)['saidMs']}")

    # A drag ends where the pointer does, whatever was overtaken on the way.
    box = rate.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(30):
        page.mouse.move(box["x"] + box["width"] * (0.5 + 0.006 * step), box["y"] + box["height"] / 2)
    page.mouse.up()
    answered(page)
    explorer.get_by_role("slider", name="workers").press("End")
    explorer.get_by_role("combobox", name="acknowledgement").select_option("auto")
    explorer.get_by_role("checkbox", name="crash of worker-1").check()
    answered(page)

    page.locator(QUESTION).get_by_role("spinbutton").fill("0.25")
    page.locator(QUESTION).get_by_role("spinbutton").press("Enter")
    page.get_by_text("Your guess is kept: 0.25 s.").wait_for()
    values, count, wait, guess = json.loads(jupyterlab.run_last(page))
    assert values["rate"] > 22
    assert (values["workers"], values["ack"], values["crash"], guess) == (10, "auto", 330, 0.25)
    assert f"{count:,} messages" in explorer.get_by_test_id("status").inner_text()
    assert float(cell(page, "wait.mean", "simulated").removesuffix(" s")) == pytest.approx(
        wait, rel=1e-3, abs=1e-4
    )

    # What is copied runs here and gives the same.
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    explorer.get_by_role("button", name="Copy YAML").click()
    explorer.get_by_role("button", name="Copied").wait_for()
    copied = mq.Scenario.from_yaml(page.evaluate("navigator.clipboard.readText()"))
    assert mq.simulate(copied).summary()["queues"]["tasks"]["wait"]["mean"] == wait

    # A narrow window keeps it whole.
    page.set_viewport_size({"width": 600, "height": 900})
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.wait_for_timeout(300)
    assert explorer.evaluate("one => one.scrollWidth <= one.clientWidth")
