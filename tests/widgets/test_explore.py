"""`mq.explore`: names and paths, numbers, decimation, overtaken runs, what is copied, what stays where no
kernel runs. How it looks and how quick it is stands in `tests/browser/test_explorer.py`.
"""

from __future__ import annotations

import asyncio
import math
import re
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mqsim as mq
from mqsim.errors import ScenarioError, UsageError
from mqsim.viz.bars import worked_share
from mqsim.widgets.explore.background import LatestRun, Outcome
from mqsim.widgets.explore.drawing import drawing_of, envelope
from mqsim.widgets.explore.sliders import MOST, stops
from tests.outside import PATIENCE


def four_workers(**changes: Any) -> mq.Scenario:
    data: dict[str, Any] = {
        "name": "four workers",
        "seed": 3,
        "duration": 100,
        "broker": {"queues": {"tasks": {}}},
        "producers": {
            "web": {
                "to": "tasks",
                "arrivals": {"poisson": {"rate": 20}},
                "work": {"exponential": {"mean": 0.18}},
            }
        },
        "consumers": {"worker": {"count": 4, "queue": "tasks"}},
    }
    return mq.Scenario.from_data(data).with_(changes)


# -- names, paths, ranges --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vary", "value", "path", "stands"),
    [
        ("rate", 30, "producers.web.arrivals.poisson.rate", 30.0),
        ("workers", 7, "consumers.worker.count", 7),
        ("prefetch", 0, "consumers.worker.prefetch", 0),
        ("ack", "auto", "consumers.worker.ack", "auto"),
        ("service", "constant", "producers.web.work", 0.18),
        ("service", "erlang", "producers.web.work", {"erlang": {"k": 4, "mean": 0.18}}),
        ("work", 0.1, "producers.web.work", {"exponential": {"mean": 0.1}}),
        ("latency", 0.05, "network.latency", 0.05),
        ("speed", 1.5, "consumers.worker.speed", 1.5),
        ("seed", 9, "seed", 9),
        ("consumers.worker.count", 2, "consumers.worker.count", 2),
        ("producers.web.arrivals.poisson.rate", 12.0, "producers.web.arrivals.poisson.rate", 12.0),
        ("consumers.worker.ack", "early", "consumers.worker.ack", "early"),
        ("consumers.worker.idempotent", True, "consumers.worker.idempotent", True),
    ],
)
def test_a_name_changes_its_path(vary: str, value: Any, path: str, stands: Any) -> None:
    explorer = mq.explore(four_workers(), [vary])
    explorer.set({vary: value})
    assert explorer.scenario == four_workers(**{path: stands})
    assert explorer.problem == ""


def test_a_rate_sets_the_interval_of_regular_arrivals() -> None:
    explorer = mq.explore(four_workers(**{"producers.web.arrivals": {"every": 0.05}}), ["rate"])
    assert explorer.values == {"rate": 20.0}
    explorer.set(rate=25)
    assert explorer.scenario.producers["web"].arrivals.interval == pytest.approx(0.04)  # type: ignore[union-attr]


def test_law_and_mean_of_the_work_go_together() -> None:
    explorer = mq.explore(four_workers(), ["work", "service"])
    explorer.set(work=0.1, service="lognormal")
    assert explorer.scenario.producers["web"].work.spec() == {"lognormal": {"mean": 0.1, "cv": 2.0}}


def test_ranges_and_choices_are_those_that_were_asked_for() -> None:
    vary = {
        "workers": (2, 6),
        "rate": (5, 40, 5),
        "ack": ["manual", "auto"],
        "consumers.worker.prefetch": [1, 50],
    }
    explorer = mq.explore(four_workers(), vary)
    workers, rate, ack, prefetch = explorer.controls
    assert workers["stops"] == [2, 3, 4, 5, 6]
    assert rate["stops"] == [5, 10, 15, 20, 25, 30, 35, 40]
    assert ack["says"] == ["manual", "auto"]
    assert prefetch["says"] == ["1", "50"]


def test_a_range_for_a_field_that_is_empty() -> None:
    path = "broker.queues.tasks.max_length"
    explorer = mq.explore(four_workers(), {path: (5, 50)})
    assert explorer.values == {path: None}
    explorer.set({path: 10})
    assert explorer.scenario.broker.queues["tasks"].max_length == 10
    explorer.set({path: None})
    assert explorer.scenario == four_workers()


@pytest.mark.parametrize(
    ("vary", "says"),
    [
        (["worker"], "Did you mean 'workers'?"),
        (["consumers.worker.cuont"], "Did you mean 'count'?"),
        (["consumers.worker.count.x"], "nothing stands below it"),
        (["users"], "this scenario has none"),
        (["consumers.worker.service"], "has no usual range"),
        ({"workers": (5, 2)}, "is no range"),
        ({"workers": "many"}, "is no range"),
        ({"service": ["gauss"]}, "is no law"),
        ({"crash": "soon"}, "is no time for a fault"),
        ({"crash": {"hang": "worker-1"}}, "has no 'crash'"),
        (["faults"], "it has none"),
        ([], "nothing to vary"),
        ([3], "is no name"),
    ],
)
def test_what_can_not_be_varied_is_told(vary: Any, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        mq.explore(four_workers(), vary)


def test_a_short_name_that_means_several_things_is_refused_with_their_paths() -> None:
    with pytest.raises(UsageError, match=r"consumers\.resizer\.count or consumers\.storer\.count"):
        mq.explore("pipeline", ["workers"])


def test_without_vary_what_fits_is_varied() -> None:
    assert list(mq.explore(four_workers()).values) == [
        "rate",
        "workers",
        "prefetch",
        "service",
        "ack",
        "crash",
    ]
    pipeline = mq.explore("pipeline").values
    assert {"rate", "consumers.resizer.count", "consumers.storer.count"} <= set(pipeline)


@pytest.mark.parametrize("preset", mq.presets())
def test_every_preset_can_be_explored(preset: str) -> None:
    explorer = mq.explore(preset)
    assert explorer.scenario == mq.load(preset)
    assert explorer.shown["messages"] == len(explorer.result.messages)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"workers": 11}, "a whole number from 1 to 10"),
        ({"workers": 2.5}, "a whole number from 1 to 10"),
        ({"workers": True}, "a whole number from 1 to 10"),
        ({"ack": "never"}, "one of 'manual', 'auto', 'early'"),
        ({"crash": "now"}, "a time in seconds, or None"),
        ({"speed": 2}, "is not varied here"),
    ],
)
def test_a_control_refuses_what_it_can_not_have(values: dict[str, Any], says: str) -> None:
    explorer = mq.explore(four_workers())
    before = explorer.values
    with pytest.raises(UsageError, match=says):
        explorer.set(values)
    assert explorer.values == before


# -- faults ----------------------------------------------------------------------------------------------


def test_a_crash_is_switched_on_and_off() -> None:
    explorer = mq.explore(four_workers(), {"crash": 30})
    assert explorer.scenario.faults == []
    explorer.set(crash=True)
    assert [(fault.kind, fault.target, fault.at) for fault in explorer.scenario.faults] == [
        ("crash", "worker-1", 30)
    ]
    assert explorer.shown["about"]["crashes"] == [[30.0, "worker-1"]]
    explorer.set(crash=45.0)
    assert explorer.scenario.faults[0].at == 45
    explorer.set(crash=None)
    assert explorer.scenario == four_workers()


@pytest.mark.parametrize(
    "kind", ["power_off", "stop", "hang", "slow", "drop_connection", "partition", "restart"]
)
def test_every_kind_of_fault_can_be_switched_on(kind: str) -> None:
    explorer = mq.explore(four_workers(), [kind])
    explorer.set({kind: True})
    assert explorer.problem == ""
    assert [fault.kind for fault in explorer.result.scenario.faults] == [kind]


def test_a_fault_of_the_scenario_can_be_taken_out() -> None:
    explorer = mq.explore("worker-crash", ["crash"])
    assert explorer.values == {"crash": 3.0}
    explorer.set(crash=None)
    assert explorer.result.digest() == mq.simulate(mq.load("worker-crash").with_({"faults": []})).digest()


def test_each_fault_of_a_scenario_has_its_switch() -> None:
    explorer = mq.explore("rolling-restart", ["faults"])
    assert list(explorer.values) == ["faults.0", "faults.1", "faults.2"]
    explorer.set({"faults.0": None, "faults.2": 25.0})
    assert [fault.at for fault in explorer.scenario.faults] == [12.15, 25.0]


# -- numbers ---------------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_a_run_of_the_same_scenario() -> None:
    explorer = mq.explore(four_workers())
    explorer.set(workers=5, rate=24, crash=33.0)
    same = four_workers(
        **{
            "consumers.worker.count": 5,
            "producers.web.arrivals.poisson.rate": 24,
            "faults": [{"crash": "worker-1", "at": 33, "restart_after": 10}],
        }
    )
    run = mq.simulate(same)
    assert explorer.result.digest() == run.digest()
    tasks, shown = run.summary()["queues"]["tasks"], explorer.shown["numbers"]
    assert shown["tasks/wait.mean"] == tasks["wait"]["mean"]
    assert shown["tasks/sojourn.p99"] == tasks["sojourn"]["p99"]
    assert shown["tasks/throughput"] == tasks["throughput"]
    assert shown["tasks/depth.mean"] == tasks["depth"]["mean"]
    # And by hand, from the tables.
    done = run.messages[run.messages.outcome == "acked"]
    assert shown["tasks/sojourn.mean"] == pytest.approx((done.finished - done.created).mean())
    worked = run.deliveries.finished.fillna(run.deliveries.ended).fillna(100.0) - run.deliveries.started
    assert shown["tasks/utilisation"] == pytest.approx(worked.sum() / (5 * 100))


def test_theory_is_erlangs_where_it_fits() -> None:
    explorer = mq.explore(four_workers(), ["workers"])
    explorer.set(workers=5)
    (part,) = explorer.said["theory"]
    load = 20 * 0.18
    blocked = load**5 / math.factorial(5) * 5 / (5 - load)
    all_busy = blocked / (sum(load**k / math.factorial(k) for k in range(5)) + blocked)
    told = {row["quantity"]: row["theory"] for row in part["rows"]}
    assert part["fit"] == "exact"
    assert told["wait.mean"] == pytest.approx(all_busy * 0.18 / (5 - load))
    assert told["depth.mean"] == pytest.approx(all_busy * load / (5 - load))


def test_theory_says_why_none_fits() -> None:
    explorer = mq.explore(four_workers(), {"crash": 30})
    explorer.set(crash=True)
    (part,) = explorer.said["theory"]
    assert part["fit"] == "none"
    assert "crash" in part["why"]
    assert all(row["theory"] is None for row in part["rows"])


def test_the_number_of_messages_is_told_and_grows_with_the_rate() -> None:
    explorer = mq.explore(four_workers(), ["rate"])
    few = explorer.shown["messages"]
    explorer.set(rate=40)
    assert explorer.shown["messages"] == len(explorer.result.messages)
    assert explorer.shown["messages"] == pytest.approx(2 * few, rel=0.15)
    assert explorer.shown["fates"][0] == ["created", explorer.shown["messages"]]


# -- wrong scenarios, reset, copies ----------------------------------------------------------------------


def test_a_wrong_scenario_is_told_in_a_sentence_and_the_picture_stays() -> None:
    failing = four_workers(**{"consumers.worker.fails": {"probability": 0.1, "then": "nack"}})
    explorer = mq.explore(failing, ["ack", "workers"])
    shown, scenario = explorer.shown, explorer.scenario
    explorer.set(ack="auto")
    assert "\n" not in explorer.problem
    assert explorer.said["problem"] == explorer.problem
    assert explorer.problem.startswith("consumers.worker.fails.then: 'nack' is not allowed")
    assert explorer.shown is shown
    assert explorer.scenario is scenario
    explorer.set(ack="manual", workers=5)
    assert explorer.problem == explorer.said["problem"] == ""
    assert explorer.shown["turn"] > shown["turn"]


def test_reset_goes_back_to_the_start() -> None:
    explorer = mq.explore(four_workers())
    first, at_first = explorer.values, dict(explorer.shown["numbers"])
    explorer.set(workers=7, ack="auto", crash=50.0)
    assert explorer.reset().values == first
    assert explorer.scenario == four_workers()
    assert explorer.shown["numbers"] == at_first


def test_what_is_copied_is_the_scenario_on_show() -> None:
    explorer = mq.explore(four_workers(), ["workers", "service", "crash"])
    explorer.set(workers=6, service="pareto", crash=40.0)
    assert mq.Scenario.from_yaml(explorer.yaml) == explorer.scenario
    assert (explorer.said["yaml"], explorer.said["python"]) == (explorer.yaml, explorer.python)
    names: dict[str, Any] = {}
    exec(explorer.python, names)
    assert names["scenario"] == explorer.scenario
    assert names["result"].digest() == explorer.result.digest()


# -- the picture -----------------------------------------------------------------------------------------


@given(
    gaps=st.lists(st.floats(0.001, 3.0), min_size=1, max_size=40),
    levels=st.lists(st.integers(0, 50), min_size=41, max_size=41),
    count=st.integers(1, 25),
)
def test_of_each_column_the_least_and_the_greatest_level_stay(
    gaps: list[float], levels: list[int], count: int
) -> None:
    times = np.concatenate([[0.0], np.cumsum(gaps)])
    held = np.array(levels[: len(times)])
    edges = np.linspace(0.0, times[-1], count + 1)
    least, greatest = envelope(times, held, edges)
    for k in range(count):
        # Held somewhere in the column: by the last change up to its left edge, or by a later one inside.
        last = max(i for i in range(len(times)) if times[i] <= edges[k])
        inside = [held[i] for i in range(len(times)) if edges[k] < times[i] < edges[k + 1]]
        seen = [held[last], *inside]
        assert least[k] <= min(seen)
        assert greatest[k] >= max(seen)
        # Nothing from further away than the column's own edges.
        near = [held[i] for i in range(len(times)) if edges[k] < times[i] <= edges[k + 1]]
        assert {int(least[k]), int(greatest[k])} <= {int(held[last]), *map(int, near)}


def test_a_peak_of_a_millisecond_is_drawn() -> None:
    times = np.array([0.0, 500.0, 500.001, 1000.0])
    least, greatest = envelope(times, np.array([1, 99, 2, 2]), np.linspace(0.0, 1000.0, 1201))
    assert greatest.max() == 99
    assert (greatest == 99).sum() <= 2
    assert least.min() == 1


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(0.001, 2.0)), max_size=20), st.integers(1, 12))
def test_a_share_is_the_time_worked_in_the_window(pairs: list[tuple[float, float]], count: int) -> None:
    start, end, now = [], [], 0.0
    for idle, length in pairs:
        start.append(now + idle)
        now = now + idle + length
        end.append(now)
    edges = np.linspace(0.0, max(now, 1.0), count + 1)
    share = worked_share(np.array(start), np.array(end), edges)
    for k in range(count):
        low, high = edges[k], edges[k + 1]
        worked = sum(max(0.0, min(b, high) - max(a, low)) for a, b in zip(start, end, strict=True))
        assert share[k] == pytest.approx(worked / (high - low), abs=1e-9)


def test_the_picture_has_the_depth_of_the_run() -> None:
    run = mq.simulate(four_workers())
    drawn = drawing_of(run.trace)
    (queue,) = drawn.about["queues"]
    assert queue["top"] == run.summary()["queues"]["tasks"]["depth"]["max"]
    assert drawn.row(queue["greatest"]).max() == queue["top"]
    assert drawn.row(queue["least"]).min() == 0
    busy = [lane["busy"] for lane in drawn.about["lanes"]]
    assert busy == pytest.approx([each["utilisation"] for each in run.summary()["consumers"].values()])


def test_a_short_run_is_drawn_bar_by_bar() -> None:
    drawn = drawing_of(mq.simulate("worker-crash").trace)
    bars = {lane["name"]: drawn.row(lane["bars"]).reshape(-1, 3).tolist() for lane in drawn.about["lanes"]}
    # Six tasks of 2 s; worker-1 dies at 3 s with its second in hand, which goes back.
    assert bars["worker-1"] == [[0, 2, 0], [2, 3, 2]]
    assert bars["worker-2"] == [[2 * k, 2 * k + 2, 0] for k in range(5)]


@pytest.mark.parametrize(
    ("low", "high", "own"),
    [(1, 10, 4), (0.5, 40.0, 20.0), (0.1, 0.3, 0.217), (1, 5000, 321), (0.0, 1e-3, None)],
)
def test_stops_are_round_and_hold_the_ends_and_the_start(low: float, high: float, own: float | None) -> None:
    found = stops(low, high, None, own)
    assert found == tuple(sorted(set(found)))
    assert (found[0], found[-1]) == (low, high)
    assert own is None or own in found
    assert len(found) <= MOST + 2
    assert all(len(f"{stop!r}") <= 8 for stop in found)


# -- wishes that are overtaken ---------------------------------------------------------------------------


class Slow:
    """Runs that end when they are told to, and say how far they are."""

    def __init__(self) -> None:
        self.began: list[Any] = []
        self.may_end = threading.Event()
        self.total = 100.0

    def __call__(self, scenario: Any, *, progress: Any = None) -> Any:
        self.began.append(scenario.name)
        while not self.may_end.wait(0.005):
            if progress is not None:
                progress(1.0, self.total)
        return scenario.name


def named(name: str) -> mq.Scenario:
    return four_workers(name=name)


async def until(happened: Any, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.002)


def test_the_latest_wish_wins_and_a_long_run_is_given_up() -> None:
    slow, got = Slow(), list[Outcome]()

    async def turn() -> None:
        runs = LatestRun(slow, got.append)
        runs.ask(1, named("first"))
        await until(lambda: slow.began == ["first"])
        await asyncio.sleep(0.05)
        runs.ask(2, named("second"))
        runs.ask(3, named("third"))
        await until(lambda: slow.began[-1] == "third")
        slow.may_end.set()
        await until(lambda: bool(got))

    asyncio.run(turn())
    assert slow.began == ["first", "third"]
    assert [(outcome.turn, outcome.run) for outcome in got] == [(3, "third")]


def test_a_run_that_is_nearly_done_is_shown_on_the_way() -> None:
    slow, got = Slow(), list[Outcome]()
    slow.total = 1.0  # so it says that all is done

    async def turn() -> None:
        runs = LatestRun(slow, got.append)
        runs.ask(1, named("first"))
        await until(lambda: slow.began == ["first"])
        runs.ask(2, named("second"))
        await asyncio.sleep(0.05)
        slow.may_end.set()
        await until(lambda: len(got) == 2)

    asyncio.run(turn())
    assert [outcome.run for outcome in got] == ["first", "second"]


def test_after_a_slow_run_the_next_ones_are_made_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    got, loaded = list[Outcome](), list[str]()

    async def turn() -> None:
        runs = LatestRun(
            lambda scenario, *, progress=None: scenario.name,  # type: ignore[arg-type,return-value]
            got.append,
            load=lambda scenario: loaded.append(scenario.name),
        )
        runs.ask(1, named("quick"))
        await until(lambda: len(got) == 1)
        monkeypatch.setattr("mqsim.widgets.explore.background.SLOW", -1.0)
        runs.ask(2, named("slow"))
        await until(lambda: bool(loaded))

    asyncio.run(turn())
    assert loaded == ["slow"]


def test_a_loop_goes_on_while_a_run_does_and_hears_of_its_progress() -> None:
    slow, shares = Slow(), list[float]()

    async def turn() -> None:
        got: list[Outcome] = []
        runs = LatestRun(slow, got.append, lambda turn, share: shares.append(share))
        runs.ask(1, named("only"))
        await until(lambda: len(shares) > 3)
        slow.may_end.set()
        await until(lambda: bool(got))

    asyncio.run(turn())
    assert set(shares) == {0.01}


def test_what_can_not_be_run_is_delivered_as_a_problem() -> None:
    def refuse(scenario: Any, *, progress: Any = None) -> Any:
        raise ScenarioError("faults.0", None, "nothing", "")

    def fail(scenario: Any, *, progress: Any = None) -> Any:
        raise ZeroDivisionError("by nought")

    got: list[Outcome] = []

    async def turn() -> None:
        for number, simulate in enumerate((refuse, fail)):
            LatestRun(simulate, got.append).ask(number, named("x"))
        await until(lambda: len(got) == 2)

    asyncio.run(turn())
    problems = {outcome.turn: outcome.problem for outcome in got}
    assert problems[0].startswith("faults.0")
    assert problems[1] == "The simulation failed: ZeroDivisionError: by nought"


def test_a_wish_of_the_browser_is_answered_theory_first() -> None:
    explorer = mq.explore(four_workers(), ["workers"])

    async def turn() -> None:
        explorer.wish = {"turn": 5, "values": {"workers": 6}}
        assert explorer.said["turn"] == 5
        assert explorer.said["theory"][0]["model"] == "M/M/6"
        assert explorer.shown["turn"] == 0
        await until(lambda: explorer.shown["turn"] == 5)

    asyncio.run(turn())
    assert explorer.values == {"workers": 6}
    assert explorer.result.digest() == mq.simulate(four_workers(**{"consumers.worker.count": 6})).digest()


def test_the_result_is_never_that_of_an_older_wish() -> None:
    explorer = mq.explore(four_workers(), ["workers"])

    async def turn() -> None:
        explorer.wish = {"turn": 1, "values": {"workers": 2}}
        assert explorer.result.scenario.consumers["worker"].count == 2
        await asyncio.sleep(0.2)

    asyncio.run(turn())
    assert explorer.result.scenario is explorer.scenario


# -- where no kernel runs --------------------------------------------------------------------------------


def test_there_is_a_picture_where_no_kernel_runs() -> None:
    explorer = mq.explore("worker-crash")
    data, _ = explorer._repr_mimebundle_()
    html, text = data["text/html"], data["text/plain"]
    assert 'src="data:image/svg+xml;base64,' in html
    busy = "Busy: worker-1 30%, worker-2 100%. Faults: crash of worker-1 at 3 s."
    assert f'alt="Messages ready over 10 s: tasks up to 4. {busy}"' in html
    assert "6 messages: 6 acked, 1 redelivered" in html
    assert "<script" not in html
    assert "6 messages: 6 acked, 1 redelivered" in text
    assert re.search(r"throughput\s+0\.6 /s", text)
    # Committed notebooks are compared: nothing in it may depend on the clock.
    assert (html, text) == tuple(
        mq.explore("worker-crash")._repr_mimebundle_()[0][kind] for kind in ("text/html", "text/plain")
    )


def test_no_script_asks_the_network_for_anything() -> None:
    explorer = mq.explore("task-queue")
    assert (
        re.findall(
            r"https?://|\bimport\b|\bfetch\(|XMLHttpRequest|@import|url\(", explorer._esm + explorer._css
        )
        == []
    )
