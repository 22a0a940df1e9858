"""The replay without a browser: what is sent, where messages are, what an intervention leaves as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import mqsim as mq
from mqsim.errors import ScenarioError, UsageError
from mqsim.trace.frames import columns
from mqsim.trace.tables import Outcome
from mqsim.widgets.replay import film as films
from mqsim.widgets.replay.compare import over_the_same
from mqsim.widgets.replay.film import film, unpack
from mqsim.widgets.replay.places import Place, State, Status
from mqsim.widgets.replay.routes import routes
from mqsim.widgets.replay.scripts import script

if TYPE_CHECKING:
    from pathlib import Path

# A copy's row keeps the times of its last attempt alone; each attempt has a delivery's row of its own.
TIMES = {
    "messages": ("created", "published", "enqueued", "acked", "ended"),
    "deliveries": ("sent", "received", "started", "finished", "ended"),
}
END = {
    Outcome.READY: {Place.QUEUE, Place.PRODUCER, Place.EXCHANGE},
    Outcome.ACKED: {Place.DONE, Place.HELD, Place.AT_WORK},
    Outcome.UNACKED: {Place.HELD, Place.AT_WORK},
    Outcome.DEAD_LETTERED: {Place.DEAD},
    Outcome.LOST: {Place.LOST},
}


@pytest.mark.parametrize("preset", mq.presets())
def test_every_copy_ends_where_its_outcome_says(preset: str) -> None:
    trace = mq.simulate(preset).trace
    _, held = unpack(film(trace).pack())
    last = dict(zip(held["leg_copy"].tolist(), held["leg_place"].tolist(), strict=True))
    assert sorted(last) == list(range(trace.messages.n))
    for copy, place in last.items():
        allowed = END.get(Outcome(trace.messages.outcome[copy]), {Place.GONE})
        assert place in allowed, f"copy {copy}"


@pytest.mark.parametrize("preset", ["worker-crash", "poison", "pipeline", "broker-restart", "retry-storm"])
def test_a_queue_never_holds_less_than_nothing_and_its_depth_is_the_depth(preset: str) -> None:
    """Legs, followed one by one, give the depth that the scenario's tables give at the run's end and top."""
    result = mq.simulate(preset)
    header, held = unpack(film(result.trace).pack())
    level = [0] * len(header["queues"])
    top = list(level)
    here: dict[int, tuple[int, int]] = {}
    instants = held["step_t"][held["leg_step"]]
    for row, (copy, place, at) in enumerate(
        zip(held["leg_copy"].tolist(), held["leg_place"].tolist(), held["leg_at"].tolist(), strict=True)
    ):
        was = here.get(copy)
        if was is not None and was[0] == Place.QUEUE:
            level[was[1]] -= 1
        if place == Place.QUEUE:
            level[at] += 1
        here[copy] = (place, at)
        assert min(level) >= 0
        if row + 1 == len(instants) or instants[row + 1] > instants[row]:
            top = [max(pair) for pair in zip(top, level, strict=True)]
    frame = result.depth
    for code, queue in enumerate(header["queues"]):
        mine = frame[frame["queue"] == queue]["ready"]
        assert (level[code], top[code]) == (mine.iloc[-1], mine.max())


def test_columns_come_back_as_they_were() -> None:
    result = mq.simulate("unequal-workers")
    made = film(result.trace, name="x")
    header, held = unpack(made.pack())
    assert header["name"] == "x"
    for name, cells in made.columns.items():
        assert np.array_equal(held[name], cells, equal_nan=cells.dtype.kind == "f"), name
    assert np.array_equal(held["message_number"], result.messages["number"])
    assert header["end"] == 120.0


def test_exchanges_come_from_the_scenario() -> None:
    result = mq.simulate("pub-sub")
    header, held = unpack(film(result.trace, routes(result.scenario)).pack())
    assert [one["name"] for one in header["exchanges"]] == ["default exchange", "news"]
    through = held["leg_at"][held["leg_place"] == Place.EXCHANGE]
    assert (through == 1).all()
    assert len(through) == 20  # ten messages, each to two queues


def test_automatic_acknowledgement_looks_like_one() -> None:
    trace = mq.simulate(mq.load("worker-crash").with_({"consumers.worker.ack": "auto"})).trace
    _, held = unpack(film(trace).pack())
    with_consumer = np.isin(held["leg_place"], (Place.HELD, Place.AT_WORK))
    assert set(held["leg_state"][with_consumer].tolist()) == {State.ACKNOWLEDGED}
    assert (held["leg_place"] == Place.LOST).sum() == 2


def test_how_actors_were() -> None:
    scenario = mq.load("worker-crash").with_(
        {
            "faults": [
                {"crash": "worker-1", "at": 3, "restart_after": 1},
                {"slow": "worker-2", "at": 5, "factor": 2},
            ]
        }
    )
    header, held = unpack(film(mq.simulate(scenario).trace).pack())
    names = [one["name"] for one in header["actors"]]
    told: dict[str, list[tuple[float, str]]] = {}
    for step, actor, status in zip(
        held["change_step"], held["change_actor"], held["change_status"], strict=True
    ):
        told.setdefault(names[actor], []).append((held["step_t"][step].item(), Status(status).name))
    assert told["worker-1"] == [(0.0, "UP"), (3.0, "CRASHED"), (4.0, "UP")]
    assert told["worker-2"] == [(0.0, "UP"), (5.0, "SLOW")]


def test_a_run_too_long_for_a_browser_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "MOST_MESSAGES", 5)
    with pytest.raises(UsageError, match="6 messages"):
        mq.simulate("worker-crash").replay()


def test_an_unfinished_run_does_not_stretch_the_axis() -> None:
    scenario = mq.load("worker-crash").with_({"consumers.worker.count": 1})  # its only worker dies
    trace = mq.simulate(scenario).trace
    assert trace.end == 1e6
    header, _ = unpack(film(trace).pack())
    assert 3.0 < header["end"] < 4.0


# -- interventions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("crash", {}),
        ("crash", {"restart_after": 5.0}),
        ("hang", {"for_": 4.0}),
        ("slow", {}),
        ("restart", {"down": 1.0}),
    ],
)
def test_until_it_strikes_both_futures_are_one(kind: str, more: dict[str, float]) -> None:
    at = 20.0
    before = mq.simulate(mq.load("unequal-workers"), seed=5)
    both = before.replay().intervene(kind, "worker-2", at=at, **more)
    old, new = both.traces
    for table in ("messages", "deliveries"):
        one, other = getattr(old, table), getattr(new, table)
        times = TIMES[table]
        first = "created" if table == "messages" else "sent"
        rows = [int((columns(half, first)[0] < at).sum()) for half in (one, other)]
        assert rows[0] == rows[1] > 50
        for name in times:
            left, right = (columns(half, name)[0][: rows[0]] for half in (one, other))
            cut = [np.where(cells < at, cells, np.nan).tobytes() for cells in (left, right)]
            assert cut[0] == cut[1], name
    assert before.digest() != mq.Result(before.scenario, 5, 0, new).digest()
    told = [line for line in before.timeline().split("\n") if float(line[:12]) < at]
    again = mq.Result(before.scenario, 5, 0, new).timeline().split("\n")
    assert again[: len(told)] == told
    assert both.t == at
    assert (both.which, len(both._films)) == (1, 2)


def test_an_intervention_is_the_scenario_with_that_fault() -> None:
    result = mq.simulate("worker-crash", seed=3)
    both = result.replay().intervene("slow", "worker-2", at=1.5, for_=2.0)
    fault = {"slow": "worker-2", "at": 1.5, "for": 2.0, "factor": 3.0}
    same = mq.simulate(result.scenario.with_({"faults.1": fault}), seed=3)
    assert mq.Result(result.scenario, 3, 0, both.traces[1]).digest() == same.digest()
    assert both.labels == ["as it was", "slow of worker-2 at 1.5 s"]


def test_futures_beside_each_other() -> None:
    """Six tasks of 2 s, two workers; worker-1 dies at 3 s. If worker-2 dies at 4.5 s as well, tasks 1, 2 and
    4 were done (at 2, 2 and 4 s), and 3 of 6 remain.
    """
    both = mq.simulate("worker-crash").replay().intervene("crash", "worker-2", at=4.5)
    frame = both.compare()
    assert list(frame.columns) == both.labels
    assert frame.loc["worked to the end"].tolist() == [6, 3]
    assert frame.loc["not finished at the end"].tolist() == [0, 3]
    assert frame.loc["lost"].tolist() == [0, 0]
    # Of 1, 2 and 4, which both have done; the others would make the first look slower.
    assert frame.loc["mean sojourn (s)"].tolist() == pytest.approx([(2 + 2 + 4) / 3, (2 + 2 + 4) / 3])


def test_means_are_over_the_messages_that_every_future_has_done() -> None:
    """Slower work: 1 and 2 are done at 2 s in both, 4 at 4 s or, three times as slow from 2 s on, at 8 s."""
    both = mq.simulate("worker-crash").replay().intervene("slow", "worker-2", at=2.0)
    same = over_the_same(both.traces)
    assert same["count"] == 6
    assert same["means"][0] == pytest.approx((2 + 2 + 4 + 6 + 8 + 10) / 6)
    assert same["means"][1] == pytest.approx((2 + 2 + 8 + 14 + 20 + 26) / 6)
    assert both._same == same


def test_a_fault_can_take_the_place_of_the_scenarios_own() -> None:
    """Worker-1 dies at 3 s anyhow. Dying at 1 s instead, it gives back task 1, and worker-2 does all six."""
    result = mq.simulate("worker-crash")
    both = result.replay().intervene("crash", "worker-1", at=1.0, replace=True)
    assert [one.start for one in both.traces[1].faults] == [1.0]
    assert "instead" in both.labels[1]
    added = result.replay().intervene("slow", "worker-2", at=1.0, replace=True)
    assert sorted(one.kind for one in added.traces[1].faults) == ["crash", "slow"]  # worker-1's own stays


def test_a_what_if_can_be_undone() -> None:
    replay = mq.simulate("worker-crash").replay()
    both = replay.intervene("crash", "worker-2", 4.5).intervene("restart", "worker-2", 6)
    back = both.undo()
    assert back.labels == both.labels[:2]
    assert (len(back._films), back.which, len(both.labels)) == (2, 1, 3)
    assert back.undo().labels == ["as it was"]
    with pytest.raises(UsageError, match="nothing to undo"):
        replay.undo()


def test_a_notebook_takes_a_what_if_away_and_hears_that_it_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    both = mq.simulate("worker-crash").replay().intervene("crash", "worker-2", 4.5)
    said: list[object] = []
    monkeypatch.setattr(both, "send", said.append)
    both._hear(None, {"remove": 1}, None)
    assert both.labels == ["as it was"]
    both._hear(None, {"remove": 1}, None)
    assert said[:2] == [{"heard": True}, {"heard": True}]
    assert "no what-if" in str(said[2])
    bad = {"kind": "crash", "who": "worker-1", "at": 1, "more": {"restart_after": -3}}
    both._hear(None, {"intervene": bad}, None)
    assert "-3 is not allowed" in str(said[-1])


def test_processes_of_ones_own_are_not_run_again_without_them() -> None:
    def sender(world: mq.World):  # type: ignore[no-untyped-def]
        world.publish("tasks", work=1.0)
        yield world.timeout(1.0)

    def worker(world: mq.World):  # type: ignore[no-untyped-def]
        while True:
            task = yield world.get("tasks")
            yield world.timeout(task.work)
            world.ack(task)

    world = mq.World(queues=["tasks"])
    world.process(sender(world), "sender")
    world.process(worker(world), "worker-1")
    replay = world.run(until=5).replay()
    with pytest.raises(UsageError, match=r"can't be run again.*your own"):
        replay.intervene("crash", "worker-1", at=0.5)


def test_interventions_can_follow_each_other() -> None:
    twice = (
        mq.simulate("worker-crash")
        .replay()
        .intervene("crash", "worker-2", 4.5)
        .intervene("restart", "worker-2", 6)
    )
    assert len(twice.traces) == 3
    assert twice.compare().loc["worked to the end"].tolist() == [6, 3, 6]
    assert twice.traces[2].cast["worker-2"].up[-1][0] == 6.0


def test_the_time_on_show_is_when_it_strikes_unless_told() -> None:
    replay = mq.simulate("worker-crash").replay()
    replay.t = 2.25
    assert replay.intervene("crash", "worker-2").traces[1].faults[0].start == 2.25


def test_what_can_not_be_done_is_refused_in_words() -> None:
    result = mq.simulate("worker-crash")
    with pytest.raises(UsageError, match="explode"):
        result.replay().intervene("explode", "worker-1", 1)
    with pytest.raises(UsageError, match=r"worker-9.*worker-1"):
        result.replay().intervene("crash", "worker-9", 1)
    with pytest.raises(ScenarioError, match="restart_after"):
        result.replay().intervene("crash", "worker-1", 1, restart_after=-2)
    with pytest.raises(UsageError, match="pink"):
        result.replay(theme="pink")


# -- pages -----------------------------------------------------------------------------------------------


def test_a_page_is_small_and_asks_for_nothing(tmp_path: Path) -> None:
    path = mq.simulate("worker-crash").replay().to_html(tmp_path / "page.html")
    text = path.read_text(encoding="utf-8")
    assert len(text) < 200_000
    for address in ("http://", "https://", "//cdn", "import("):
        assert address not in text.replace("http://www.w3.org/", "").replace("https://matplotlib.org/", ""), (
            address
        )


def test_a_page_is_not_written_into_nowhere(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        mq.simulate("worker-crash").replay().to_html(tmp_path / "missing" / "page.html")


def test_a_title_can_not_break_out_of_its_page(tmp_path: Path) -> None:
    scenario = mq.load("worker-crash").with_({"name": "</script><b>x"})
    text = mq.simulate(scenario).replay().html()
    assert "</script><b>x" not in text


def test_who_has_no_widgets_sees_a_picture_and_tables() -> None:
    data, _ = mq.simulate("worker-crash").replay()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "Replay of 'worker-crash': 6 messages in 10 s"
    assert "<img" in data["text/html"]
    assert len(data["text/html"]) < 150_000
    assert "takes sender-1 #3 back" in data["text/html"]


def test_the_scripts_know_the_same_alphabet() -> None:
    """Numbers of places, states and kinds of status stand in Python and in the scripts."""
    text = script()
    for kind, name in ((Place, "PLACE"), (State, "STATE"), (Status, "STATUS")):
        body = text.split(f"const {name} = {{")[1].split("}")[0]
        told = dict(entry.split(":") for entry in body.replace("\n", " ").split(",") if entry.strip())
        assert {key.strip(): int(value) for key, value in told.items()} == {
            one.name: one.value for one in kind
        }
