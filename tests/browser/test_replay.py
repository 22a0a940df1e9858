"""The exported replay in a real browser: it shows what the tables say, and every way to move works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import mqsim as mq
from mqsim.trace.timeline import timeline_of
from tests.browser.shown import REPLAY, counted, data, go, mirrored, number, ready, spot

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import CDPSession

    from tests.browser.conftest import OpenWindow

pytestmark = pytest.mark.xdist_group("browser")

CRASH = "worker-crash"
# Two and a half of the viewer's seconds, picture by picture: how many dots were under way in each.
PLAY_BY_HAND = """one => {
  const player = one.player, seen = [];
  player.ask = () => {};
  player.cursorToStart();
  player.playing = true;
  for (let k = 0; k < 150; k++) { player.advance(1 / 60); seen.push(+one.dataset.moving); }
  player.playing = false;
  return seen;
}"""


def exported(tmp_path: Path, scenario: mq.Scenario | str, **changes: object) -> tuple[mq.Result, Path]:
    """A run, and the page that replays it."""
    known = mq.load(scenario) if isinstance(scenario, str) else scenario
    result = mq.simulate(known.with_({name.replace("__", "."): value for name, value in changes.items()}))
    return result, result.replay().to_html(tmp_path / "replay.html")


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        (CRASH, {}),
        (CRASH, {"consumers__worker__ack": "auto", "consumers__worker__prefetch": 2}),
        (CRASH, {"network__latency": 0.25}),
        ("pub-sub", {}),
        ("poison", {}),
        ("pipeline", {"duration": 20}),
        ("poison-quorum", {}),
    ],
)
def test_numbers_at_any_time_are_those_of_the_tables(
    preset: str, changes: dict[str, object], tmp_path: Path, open_window: OpenWindow
) -> None:
    result, path = exported(tmp_path, preset, **changes)
    page = open_window().open(path)
    ready(page)
    last = float(np.nanmax(result.messages[["created", "finished", "ended"]].to_numpy()))
    times = [0.0, *np.linspace(0, last, 14)[1:].tolist(), 0.37 * last, 0.0]  # forward, then back
    for t in times:
        go(page, t)
        assert mirrored(page) == counted(result, t), f"at {t} s"


PRODUCER = """
import pika
channel = pika.BlockingConnection().channel()
channel.queue_declare("tasks")
for _ in range(6):
    channel.basic_publish("", "tasks", b"work")
channel.connection.close()
"""
WORKER = """
import time
import pika
channel = pika.BlockingConnection().channel()
channel.queue_declare("tasks")
channel.basic_qos(prefetch_count=2)
def work(channel, method, properties, body):
    time.sleep(1.5)
    channel.basic_ack(method.delivery_tag)
channel.basic_consume("tasks", work)
channel.start_consuming()
"""


def test_real_programs_are_shown_the_same_way(tmp_path: Path, open_window: OpenWindow) -> None:
    programs = {"producer": mq.program("producer", PRODUCER), "worker": mq.program("worker", WORKER)}
    result = mq.run_programs(programs, count={"worker": 2}, faults=[{"crash": "worker-1", "at": 2.5}])
    page = open_window().open(result.replay().to_html(tmp_path / "replay.html"))
    ready(page)
    for t in (0.005, 1.0, 2.4, 2.6, 5.0, 12.0):
        go(page, t)
        assert mirrored(page) == counted(result, t), f"at {t} s"
    assert number(page, "acknowledged") == 6
    assert number(page, "redelivered") == 2  # both that worker-1 held


@pytest.mark.parametrize("preset", [CRASH, "pub-sub", "poison"])
def test_each_step_tells_the_next_line_of_the_story_and_back_undoes_it(
    preset: str, tmp_path: Path, open_window: OpenWindow
) -> None:
    result, path = exported(tmp_path, preset)
    lines = [(line.who, line.text) for line in timeline_of(result.trace)]
    page = open_window().open(path)
    ready(page)
    page.get_by_test_id("first").click()
    now = page.locator("[data-testid=story] .now span")
    seen, states = [], []
    for _ in lines:
        page.get_by_test_id("next").click()
        page.wait_for_function("n => document.querySelector('.story .now') !== null", arg=0)
        _settle(page)
        _, who, text = now.all_inner_texts()
        seen.append((who, text))
        states.append(mirrored(page))
    assert seen == lines
    for state in reversed(states[:-1]):
        page.get_by_test_id("back").click()
        _settle(page)
        assert mirrored(page) == state


def _settle(page: object) -> None:
    """Draw what is due now, without waiting for the next frame."""
    page.locator(REPLAY).evaluate("one => one.player.advance(1)")  # type: ignore[attr-defined]


def test_play_goes_on_at_the_chosen_speed_and_pause_stops(tmp_path: Path, open_window: OpenWindow) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    page.get_by_test_id("speed").select_option("1")
    page.get_by_test_id("play").click()
    page.wait_for_function("() => document.querySelector('.mqsim-replay').dataset.t > 0.8")
    assert data(page, "playing") == "true"
    page.get_by_role("button", name="Pause").click()
    page.wait_for_function("() => document.querySelector('.mqsim-replay').dataset.playing === 'false'")
    paused = number(page, "t")
    page.wait_for_timeout(300)
    assert number(page, "t") == paused
    page.get_by_test_id("speed").select_option("2")
    page.get_by_test_id("play").click()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=live]').textContent.includes('CRASHES')"
    )
    page.wait_for_function("() => document.querySelector('.mqsim-replay').dataset.t === '10'")
    page.wait_for_function("() => document.querySelector('.mqsim-replay').dataset.playing === 'false'")


def test_the_clock_and_the_viewer_agree_about_speed(tmp_path: Path, open_window: OpenWindow) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    page.get_by_test_id("speed").select_option("2")
    taken = page.locator(REPLAY).evaluate(
        """one => { const player = one.player; player.ask = () => {}; player.seek(0); player.playing = true;
                    for (let k = 0; k < 120; k++) player.advance(1 / 60); return player.t; }"""
    )
    assert taken == pytest.approx(4.0)  # two of the viewer's seconds


def test_a_message_is_seen_on_its_way_although_it_took_no_time(
    tmp_path: Path, open_window: OpenWindow
) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    moving = page.locator(REPLAY).evaluate(PLAY_BY_HAND)
    assert moving[1] == 6  # all six messages leave at 0, with latency 0
    assert moving[-1] == 0  # and all have arrived two and a half seconds later
    assert sum(count > 0 for count in moving) >= 30  # half a second at least


def test_with_reduced_motion_nothing_travels(tmp_path: Path, open_window: OpenWindow) -> None:
    result, path = exported(tmp_path, CRASH)
    page = open_window(motion="reduce").open(path)
    ready(page)
    assert max(page.locator(REPLAY).evaluate(PLAY_BY_HAND)) == 0
    go(page, 3.5)
    assert mirrored(page) == counted(result, 3.5)


def test_the_time_is_dragged_on_the_chart(tmp_path: Path, open_window: OpenWindow) -> None:
    result, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    box = page.get_by_test_id("time").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 60, y)
    page.mouse.down()
    seen = []
    for x in (200, 500, 800, 640):
        page.mouse.move(box["x"] + x, y, steps=3)
        page.wait_for_timeout(60)
        seen.append(number(page, "t"))
        assert mirrored(page) == counted(result, seen[-1])
    page.mouse.up()
    # The axis runs from 40 px to 14 px before the right end, over ten seconds.
    width = box["width"] - 54
    expected = [10 * (x - 40) / width for x in (200, 500, 800, 640)]
    assert seen == pytest.approx(expected, abs=10 / width)
    page.mouse.move(box["x"] + 900, y)
    page.wait_for_timeout(60)
    assert number(page, "t") == seen[-1]


def test_keys(tmp_path: Path, open_window: OpenWindow) -> None:
    result, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    page.get_by_test_id("time").focus()
    page.keyboard.press("End")
    page.wait_for_timeout(60)
    assert number(page, "t") == result.trace.end
    page.keyboard.press("Home")
    page.wait_for_timeout(60)
    assert (number(page, "t"), number(page, "step")) == (0.0, -1.0)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(60)
    _, second, third, *_ = timeline_of(result.trace)
    assert page.get_by_test_id("live").inner_text() == f"0.000 s: {third.who} {third.text}"
    page.keyboard.press("ArrowLeft")
    assert page.get_by_test_id("live").inner_text() == f"0.000 s: {second.who} {second.text}"
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    page.wait_for_timeout(60)
    assert number(page, "t") == pytest.approx(2.0)  # two tenths of the run: page up is forward
    page.keyboard.press("PageDown")
    page.wait_for_timeout(60)
    assert number(page, "t") == pytest.approx(1.0)
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('.mqsim-replay').dataset.playing === 'true'")
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('.mqsim-replay').dataset.playing === 'false'")


def test_everything_can_be_reached_with_tab_and_has_a_name(tmp_path: Path, open_window: OpenWindow) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    page.wait_for_timeout(100)
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => { const one = document.activeElement;"
                " return [one.dataset.testid, one.getAttribute('aria-label') || one.innerText]; }"
            )
        )
    order = [name for name, _ in reached if name]
    assert order[:9] == [
        "worker-worker-1",
        "worker-worker-2",
        "time",
        "first",
        "back",
        "play",
        "next",
        "last",
        "speed",
    ]
    assert all(label for name, label in reached if name)
    assert "not started" in reached[0][1], "a replay begins before the first event"


def test_a_click_follows_a_message_and_a_second_lets_it_go(tmp_path: Path, open_window: OpenWindow) -> None:
    result, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    go(page, 3.5)
    page.mouse.click(*spot(page, 2))
    page.wait_for_timeout(80)
    assert data(page, "follow") == "2"
    lines = [f"{line.who} {line.text}" for line in timeline_of(result.trace, 2)]
    shown = [
        " ".join(row.split("\n")[1:]) for row in page.locator("[data-testid=story] li").all_inner_texts()
    ]
    assert shown == lines
    page.mouse.click(*spot(page, 2))
    page.wait_for_timeout(80)
    assert data(page, "follow") == "-1"


def test_hovering_tells_the_story_so_far(tmp_path: Path, open_window: OpenWindow) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    go(page, 3.5)
    page.mouse.move(*spot(page, 2))
    tip = page.get_by_test_id("tip")
    tip.wait_for(state="visible")
    text = tip.inner_text()
    assert text.startswith("sender-1 #3: redelivered")
    assert "takes sender-1 #3 back: worker-1 never acknowledged it" in text
    assert "worker-2" not in text  # that is still to come
    page.get_by_test_id("worker-worker-1").hover(position={"x": 12, "y": 12})
    page.wait_for_timeout(60)
    assert "crashed" in tip.inner_text()


def test_a_page_says_why_it_can_not_intervene(tmp_path: Path, open_window: OpenWindow) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    go(page, 2.5)
    page.get_by_test_id("worker-worker-2").focus()
    page.keyboard.press("Enter")
    menu = page.get_by_test_id("menu")
    menu.wait_for(state="visible")
    assert 'intervene("crash", "worker-2", at=2.5)' in menu.inner_text()
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    assert page.evaluate("() => document.activeElement.dataset.testid") == "worker-worker-2"


def test_futures_that_were_computed_before_play_in_the_page(tmp_path: Path, open_window: OpenWindow) -> None:
    result = mq.simulate(CRASH)
    both = result.replay().intervene("crash", "worker-2", at=5.0, restart_after=4.0)
    page = open_window().open(both.to_html(tmp_path / "both.html"))
    ready(page)
    assert (data(page, "loaded"), data(page, "which"), number(page, "t")) == ("2", "1", 5.0)
    again = mq.simulate(
        result.scenario.with_({"faults.1": {"crash": "worker-2", "at": 5.0, "restart_after": 4.0}})
    )
    for t in (5.0, 7.0, 11.5):
        go(page, t)
        assert mirrored(page) == counted(again, t)
    page.get_by_label("as it was").check()
    go(page, 7.0)
    assert mirrored(page) == counted(result, 7.0)
    numbers = page.locator("[data-testid=futures] [data-number=redelivered]").inner_text().split("\t")
    assert [int(one) for one in numbers[1:]] == [
        int((one.deliveries["attempt"] > 1).sum()) for one in (result, again)
    ]


def test_without_scripts_there_is_a_picture_and_a_table(tmp_path: Path, open_window: OpenWindow) -> None:
    result, path = exported(tmp_path, CRASH)
    page = open_window(javascript=False).open(path)
    text = page.inner_text("body")
    assert all(line.text in text for line in timeline_of(result.trace))
    assert page.locator("svg").count() >= 2


@pytest.mark.parametrize("width", [400, 480, 800, 1200])
@pytest.mark.parametrize("preset", [CRASH, "poison", "rolling-restart"])
def test_it_fits_its_window(preset: str, width: int, tmp_path: Path, open_window: OpenWindow) -> None:
    _, path = exported(tmp_path, preset)
    page = open_window(size=(width, 700)).open(path)
    ready(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("theme", "paper"), [("light", [253, 253, 252]), ("dark", [22, 25, 29])])
def test_it_is_light_or_dark_as_the_reader_has_it(
    theme: str, paper: list[int], tmp_path: Path, open_window: OpenWindow
) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window(theme=theme).open(path)
    ready(page)
    corner = page.locator(f"{REPLAY} .stage canvas").evaluate(
        "one => [...one.getContext('2d').getImageData(1, 1, 1, 1).data].slice(0, 3)"
    )
    assert corner == paper


def test_twenty_thousand_messages_play_smoothly(tmp_path: Path, open_window: OpenWindow) -> None:
    scenario = mq.Scenario(
        duration=200,
        broker={"queues": {"tasks": {}}},
        producers={
            "web": {"to": "tasks", "arrivals": {"every": 0.01}, "work": {"exponential": {"mean": 0.045}}}
        },
        consumers={"worker": {"count": 5, "queue": "tasks"}},
        faults=[{"crash": "worker-1", "at": 50, "restart_after": 60}],
    )
    result, path = exported(tmp_path, scenario)
    assert result.trace.messages.n == 20_000
    page = open_window().open(path)
    ready(page)
    for t in (120.0, 30.0, 199.0, 61.5):
        go(page, t)
        assert mirrored(page) == counted(result, t)
    go(page, 61.5)
    # The page's own processor time, whatever else the machine does: 60 pictures a second leave 16.7 ms each.
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _processor_seconds(session)
    page.locator(REPLAY).evaluate(
        "one => { const { player } = one; player.playing = true;"
        " for (let n = 0; n < 120; n++) player.advance(1 / 60); player.playing = false; }"
    )
    each = (_processor_seconds(session) - before) / 120
    print(f"{1000 * each:.1f} ms of processor time a picture, {data(page, 'moving')} dots under way")
    assert 0 < each < 1 / 30


def _processor_seconds(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "ThreadTime"))


def test_at_first_nothing_has_happened_and_play_shows_the_publishes(
    tmp_path: Path, open_window: OpenWindow
) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    assert (number(page, "step"), number(page, "ready"), number(page, "unacknowledged")) == (-1, 0, 0)
    moving = page.locator(REPLAY).evaluate(PLAY_BY_HAND.replace("player.cursorToStart();", ""))
    assert moving[1] == 6


# Where a dot is going that has just been acknowledged: its goal, and the right edges of broker and page.
ACKNOWLEDGED = """one => {
  const player = one.player, { layout } = player.stage, film = player.film;
  player.ask = () => {};
  const goals = [];
  for (let leg = 0; leg < film.leg_copy.length; leg++) {
    if (film.leg_place[leg] === 5) goals.push(player.stage.anchor(leg).x);
  }
  return [goals, layout.broker.x + layout.broker.w, layout.width];
}"""


def test_an_acknowledgement_travels_back_to_the_broker(tmp_path: Path, open_window: OpenWindow) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    goals, broker, _ = page.locator(REPLAY).evaluate(ACKNOWLEDGED)
    assert len(goals) == 6
    assert all(x < broker for x in goals)


def test_without_acknowledgements_nothing_travels_back(tmp_path: Path, open_window: OpenWindow) -> None:
    _, path = exported(tmp_path, CRASH, consumers__worker__ack="auto")
    page = open_window().open(path)
    ready(page)
    goals, _, width = page.locator(REPLAY).evaluate(ACKNOWLEDGED)
    assert goals
    assert all(x == width - 8 for x in goals)


def test_a_fanout_sends_each_message_once(tmp_path: Path, open_window: OpenWindow) -> None:
    result, path = exported(tmp_path, "pub-sub")
    page = open_window().open(path)
    ready(page)
    page.get_by_test_id("last").click()
    sent = page.locator(REPLAY).evaluate("one => one.player.cursor.sent")
    names = result.trace.actors.names
    assert sent[names.index("newsroom-1")] == 10 if "newsroom-1" in names else max(sent) == 10


def live(page: object) -> None:
    """As in a notebook: what the replay asks of its kernel is kept in `window.asked`, and nobody answers."""
    page.locator(REPLAY).evaluate(  # type: ignore[attr-defined]
        """one => { window.asked = []; one.player.model.set("_live", true);
                    one.player.model.send = asked => window.asked.push(asked); }"""
    )


def test_minus_three_seconds_are_refused_and_a_fault_can_replace_the_own(
    tmp_path: Path, open_window: OpenWindow
) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    live(page)
    go(page, 1.0)
    page.get_by_test_id("worker-worker-1").focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("seconds").fill("-3")
    page.get_by_test_id("rerun").click()
    assert "-3 is not allowed" in page.get_by_test_id("wrong").inner_text()
    assert page.evaluate("() => window.asked") == []
    page.get_by_test_id("seconds").fill("2")
    page.get_by_test_id("instead").check()
    page.get_by_test_id("rerun").click()
    (asked,) = page.evaluate("() => window.asked")
    fault = {"kind": "crash", "who": "worker-1", "at": 1, "more": {"restart_after": 2}, "replace": True}
    assert asked == {"intervene": fault}


def test_a_kernel_that_does_not_answer_is_told(tmp_path: Path, open_window: OpenWindow) -> None:
    _, path = exported(tmp_path, CRASH)
    page = open_window().open(path)
    ready(page)
    live(page)
    page.get_by_test_id("worker-worker-2").focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("rerun").click()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=notice]').textContent.includes('No kernel answers')"
    )


def test_a_what_if_can_be_removed_and_its_table_compares_like_with_like(
    tmp_path: Path, open_window: OpenWindow
) -> None:
    both = mq.simulate(CRASH).replay().intervene("crash", "worker-2", at=4.5)
    page = open_window().open(both.to_html(tmp_path / "both.html"))
    ready(page)
    told = page.locator("[data-testid=futures] [data-number=same]").inner_text().split("\t")
    assert told[0] == "mean sojourn of the 3 messages that are done in each (s)"
    assert [float(one) for one in told[1:]] == pytest.approx([8 / 3, 8 / 3], abs=5e-4)
    live(page)
    page.locator(REPLAY).evaluate("one => one.player.showFutures()")
    page.get_by_test_id("remove-1").click()
    assert page.evaluate("() => window.asked") == [{"remove": 1}]


def test_a_worker_that_hangs_for_good_leaves_the_axis(tmp_path: Path, open_window: OpenWindow) -> None:
    """Three tasks of 2 s end at 6 s; with the worker hung nothing ends, and the last event comes later."""
    both = mq.simulate("task-queue").replay().intervene("hang", "worker-1", at=1.0)
    page = open_window().open(both.to_html(tmp_path / "both.html"))
    ready(page)
    end = page.locator(REPLAY).evaluate("one => [one.player.chart.end, one.player.film.end]")
    assert end[0] == pytest.approx(1.25 * 6)
    assert end[1] > 100
