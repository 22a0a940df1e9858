"""`size` against theory written down anew, and against what must come out whatever the numbers are."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqsim import planning, theory
from mqsim.errors import ScenarioError, UsageError
from mqsim.planning.judge import Verdict, missing, verdict
from mqsim.planning.observe import Observation
from mqsim.planning.study import Study
from mqsim.planning.targets import target as read_target
from mqsim.planning.units import told_apart
from mqsim.scenario import Scenario


def sojourn_tail(rate: float, mean: float, servers: int, t: float) -> float:
    """P(sojourn > t) of M/M/c, from the textbook (Gross et al., 2.3), by plain sums."""
    load = rate * mean
    terms = [load**n / math.factorial(n) for n in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    waits = last / (sum(terms) + last)
    mu, spare = 1 / mean, servers / mean - rate
    if abs(spare - mu) < 1e-9 * mu:
        return math.exp(-mu * t) * (1 + waits * mu * t)
    return math.exp(-mu * t) + waits * mu / (spare - mu) * (math.exp(-mu * t) - math.exp(-spare * t))


def least(rate: float, mean: float, share: float, t: float, most: int = 60) -> int | None:
    for servers in range(math.floor(rate * mean) + 1, most + 1):
        if 1 - sojourn_tail(rate, mean, servers, t) >= share:
            return servers
    return None


@pytest.mark.parametrize(
    ("rate", "mean", "percentile", "limit"),
    [
        (250, 0.04, 99, 0.2),
        (250, 0.04, 99, 1),
        (7, 1, 95, 4),
        (3, 1, 99, 5),
        (0.5, 1, 50, 0.8),
        (50, 0.2, 99.9, 2),
    ],
)
def test_the_count_is_the_textbooks(rate: float, mean: float, percentile: float, limit: float) -> None:
    answer = planning.size(
        rate=f"{rate}/s", work=f"{mean}s", workers="1..60", target=f"p{percentile:g} <= {limit}s"
    )
    expected = least(rate, mean, percentile / 100, limit)
    assert answer.data["value"] == expected
    assert answer.data["met"] is True
    assert answer.status == 0
    value = answer.data["targets"][0]["value"]
    assert sojourn_tail(rate, mean, expected, value) == pytest.approx(1 - percentile / 100, rel=1e-6)
    below = answer.data["below"]
    if below is not None and not below["unstable"]:
        assert below["value"] == expected - 1
        assert below["targets"][0]["value"] > limit


@settings(max_examples=25, deadline=None)
@given(load=st.floats(0.3, 20), share=st.sampled_from([0.9, 0.95, 0.99]), slack=st.floats(1.05, 6))
def test_a_share_and_a_percentile_are_one_question(load: float, share: float, slack: float) -> None:
    limit = -math.log(1 - share) * slack
    asked = {"rate": f"{load!r}/s", "work": "1s", "workers": "1..60"}
    by_percentile = planning.size(**asked, target=f"p{100 * share:g} <= {limit!r}s").data["value"]
    by_share = planning.size(**asked, target=f"share within {limit!r}s >= {100 * share:g}%").data["value"]
    assert by_percentile == by_share == least(load, 1.0, share, limit)


@pytest.mark.parametrize("limit", ["100ms", "184ms"])
def test_what_the_work_alone_misses_ends_at_once(limit: str) -> None:
    answer = planning.size(rate="250/s", work="40ms", workers="1..100000", target=f"p99 < {limit}")
    assert answer.status == 1
    assert answer.data["value"] is None
    assert answer.data["messages"] == 0
    assert "the work alone has a p99 of 184 ms" in answer.sentence


def test_impossible_means_and_shares_say_so_too() -> None:
    flags = {"rate": "250/s", "work": "40ms", "workers": "1..40", "latency": "5ms"}
    mean = planning.size(**flags, target="mean < 49ms")
    assert "the work alone takes 50 ms on average" in mean.sentence
    share = planning.size(**flags, target="share within 50ms >= 90%")
    assert "the work alone is done within 50 ms for 63.2 % of the messages only" in share.sentence
    assert (mean.status, share.status) == (1, 1)


def test_unstable_settings_are_named_and_never_run() -> None:
    answer = planning.size(rate="250/s", work="40ms", workers="1..9", target="p99 < 1s")
    assert answer.status == 1
    assert answer.data["messages"] == 0
    assert "With 9 workers the queue is unstable: 250 messages a second come" in answer.sentence


@pytest.mark.parametrize(
    ("flags", "target", "value"),
    [
        # M/D/c: the count whose exact percentile first falls below the limit.
        ({"cv": 0}, "p99 < 60ms", None),
        # M/M/c with a mean.
        ({}, "wait.mean < 5ms", None),
    ],
)
def test_other_exact_models(flags: dict[str, float], target: str, value: None) -> None:
    answer = planning.size(rate="250/s", work="40ms", workers="1..40", target=target, **flags)
    for servers in range(11, 41):
        queue = theory.mdc(250, 25, servers) if flags else theory.mmc(250, 25, servers)
        if (queue.sojourn_percentile(0.99) < 0.06) if flags else (queue.mean_wait < 0.005):
            assert answer.data["value"] == servers
            return
    pytest.fail("theory found no count")


def test_simulation_finds_what_theory_knows() -> None:
    limit = 1.12 * theory.mmc(7, 1, 9).sojourn_percentile(0.95)
    assert limit < 0.9 * theory.mmc(7, 1, 8).sojourn_percentile(0.95)
    answer = planning.size(
        rate="7/s", work="1s", workers="1..20", target=f"p95 < {limit}s", simulate=True, jobs=1
    )
    assert answer.data["value"] == 9
    assert answer.status == 0
    shown = answer.data["targets"][0]
    assert shown["low"] <= theory.mmc(7, 1, 9).sojourn_percentile(0.95) <= shown["high"]
    assert answer.data["messages"] > 0


def test_a_tiny_budget_ends_unsure_not_wrong() -> None:
    limit = theory.mmc(7, 1, 9).sojourn_percentile(0.99)
    answer = planning.size(
        rate="7/s", work="1s", workers="9..10", target=f"p99 < {limit}s", simulate=True, budget=3000, jobs=1
    )
    assert answer.status == 3
    assert "can't be told" in answer.sentence


def test_the_same_seed_gives_the_same_answer_whatever_the_processes() -> None:
    asked = {"rate": "90/s", "work": "40ms", "workers": "4..6", "prefetch": 10, "target": "p99 < 500ms"}
    one, two = (planning.size(**asked, budget=400_000, jobs=jobs, seed=5) for jobs in (1, 2))
    assert one.data == two.data | {"repeat": one.data["repeat"]}


def shop() -> Scenario:
    return Scenario.from_data(
        {
            "duration": 200,
            "broker": {"queues": {"orders": {"max_length": 200, "overflow": "reject-publish"}}},
            "producers": {
                "web": {"to": "orders", "arrivals": {"poisson": {"rate": 8}}, "work": 0.25, "confirms": {}}
            },
            "consumers": {"packer": {"queue": "orders", "count": 3}},
            "faults": [{"crash": "packer-1", "at": 60, "restart_after": 60}],
        }
    )


def test_a_scenario_with_a_fault_is_run_as_it_is_written() -> None:
    answer = planning.size(
        scenario=shop(),
        vary="consumers.packer.count=1..8",
        target=["orders.sojourn.p99 < 2s", "lost == 0"],
        jobs=1,
    )
    assert answer.status == 0
    # While one of three is down, the other two have exactly what they can do: the queue wanders off.
    assert answer.data["value"] == 4
    assert any("as it is written, because it has faults at given times" in note for note in answer.notes)
    assert "With 3 packers" in answer.sentence


def test_dropped_messages_never_flatter() -> None:
    room = shop().with_({"broker.queues.orders.max_length": 2, "broker.queues.orders.overflow": "drop-head"})
    asked = {"scenario": room, "vary": "consumers.packer.count=1..1", "jobs": 1}
    for target in ("orders.sojourn.mean < 5s", "orders.sojourn.p99 < 5s", "orders share within 5s >= 99%"):
        answer = planning.size(**asked, target=target)
        assert answer.status == 1, target
    assert "were never done" in planning.size(**asked, target="orders.sojourn.mean < 5s").sentence


def test_several_knobs_give_the_cheapest() -> None:
    asked = {
        "scenario": Scenario.from_data(
            {
                "duration": 100,
                "broker": {"queues": {"q": {}}},
                "producers": {
                    "p": {
                        "to": "q",
                        "arrivals": {"poisson": {"rate": 8}},
                        "work": {"exponential": {"mean": 0.5}},
                    }
                },
                "consumers": {"w": {"queue": "q", "count": 1}},
            }
        ),
        "vary": ["consumers.w.count=1..12", "consumers.w.speed=1..3"],
        "target": "mean < 400ms",
    }
    prices = [(count, speed) for count in range(1, 13) for speed in (1, 2, 3) if count * speed > 4]
    good = [(c, s) for c, s in prices if theory.mmc(8, 2 * s, c).mean_sojourn < 0.4]
    for text, price in (
        ("consumers.w.count*1 + consumers.w.speed*3", lambda c, s: c + 3 * s),
        ("consumers.w.count*5 + consumers.w.speed*1", lambda c, s: 5 * c + s),
    ):
        answer = planning.size(**asked, cost_of=text)
        found = answer.data["value"]
        assert price(found["consumers.w.count"], found["consumers.w.speed"]) == min(
            price(*one) for one in good
        )
        assert (found["consumers.w.count"], found["consumers.w.speed"]) in good


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"target": "p99 < 1s"}, "--rate and --work"),
        ({"rate": "5/s", "target": "p99 < 1s"}, "--work"),
        ({"rate": "5/s", "work": "1s", "target": "p99 < 1s"}, "--vary: say what may change"),
        ({"rate": "5/s", "work": "1s", "workers": "1..3", "target": ()}, "--target: say what must hold"),
        ({"rate": "5/s", "work": "1s", "workers": "0.5..3", "target": "p99<1s"}, "write a whole number"),
        ({"rate": "-5/s", "work": "1s", "workers": "1..3", "target": "p99<1s"}, "must be above 0"),
        ({"rate": "5/s", "work": "1s", "workers": "1..3", "law": "zipf", "target": "p99<1s"}, "write one of"),
        ({"rate": "5/s", "work": "1s", "workers": "1..3", "wrkers": 4, "target": "p99<1s"}, "no wrkers"),
        ({"scenario": "task-queue", "rate": "5/s", "target": "p99<1s"}, "give one or the other"),
        (
            {"scenario": "hello", "vary": ["a.b=1..2", "a.b=3"], "target": "p99<1s"},
            "a.b is varied twice",
        ),
        ({"rate": "5/s", "work": "1s", "workers": "1..3", "target": "p99<1s", "budget": 0}, "--budget"),
        ({"rate": "5/s", "work": "1s", "cv": 2, "law": "constant", "target": "p99<1s"}, "--cv"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_why(asked: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        planning.size(**asked)


def test_the_highest_rate_that_lasts_is_the_textbooks() -> None:
    answer = planning.size(
        rate="250/s",
        work="40ms",
        workers=12,
        vary="producers.sender.arrivals.poisson.rate=100..400",
        target="p99 < 200ms",
        highest=True,
    )
    best = max(rate for rate in range(100, 300) if sojourn_tail(rate, 0.04, 12, 0.2) < 0.01)
    assert answer.data["value"] == best
    assert answer.data["below"]["value"] == best + 1
    assert "is the highest that will do" in answer.sentence
    with pytest.raises(UsageError, match="for one knob whose values are numbers"):
        planning.size(
            scenario=shop(), vary="consumers.packer.ack=auto,manual", target="mean < 1s", highest=True
        )


def test_the_highest_of_a_knob_that_helps_is_its_top() -> None:
    """By Erlang's C: from 7 workers on the p99 is below 300 ms, and 5 of them fall behind."""
    asked = {"rate": "100/s", "work": "50ms", "workers": "4..12", "highest": True}
    answer = planning.size(target="p99 < 300ms", **asked)
    assert (answer.data["value"], answer.status) == (12, 0)
    assert "It is the highest value that was allowed." in answer.sentence
    assert not any("Unstable" in note for note in answer.notes)
    assert answer.data["unstable"] == []
    busy = planning.size(target="utilisation > 60%", **asked)
    assert busy.data["value"] == max(count for count in range(6, 13) if 5 / count > 0.6)
    assert set(busy.data["unstable"]) <= {4, 5}
    assert not any("12" in note for note in busy.notes if "Unstable" in note)
    late = planning.size(target="p99 < 3ms", **asked)
    assert late.data["value"] is None
    assert all("12 to" not in note for note in late.notes)


def test_a_maximum_has_no_value_in_the_steady_state() -> None:
    asked = {"rate": "10/s", "work": "10ms", "workers": "1..2", "jobs": 1, "target": "max < 600ms"}
    with pytest.raises(UsageError, match=r"ask for a percentile \(p99.9 < 600ms\) or a share"):
        planning.size(**asked)
    assert planning.size(**asked, duration="10s", as_written=True).data["value"] == 1


def test_a_budget_is_kept_or_it_is_said_that_it_was_not() -> None:
    """A run of 20 s at 100 a second has 2,000 messages, and two are the fewest."""
    asked = {"rate": "100/s", "work": "10ms", "workers": "2..3", "duration": "20s", "as_written": True}
    kept = planning.size(**asked, target="p99 < 30ms", budget=9_000, jobs=1)
    assert kept.data["messages"] <= 9_000
    little = planning.what_if(
        rate="100/s", work="10ms", workers=3, duration="20s", kill="worker-1@5:5", budget=1_000, jobs=1
    )
    assert little.data["runs"] == 2
    assert any("more than the --budget of 1,000, because" in note for note in little.notes)
    enough = planning.what_if(
        rate="100/s", work="10ms", workers=3, duration="20s", kill="worker-1@5:5", budget=17_000, jobs=1
    )
    assert not any("more than the --budget" in note for note in enough.notes)


def test_the_budget_and_the_precision_are_part_of_asking_again() -> None:
    asked = {"rate": "10/s", "work": "10ms", "workers": "1..2"}
    answer = planning.size(**asked, target="p99 < 1s", budget=1e6, precision=0.02)
    assert answer.command.endswith("--budget 1000000 --precision 0.02")
    assert answer.code.endswith("budget=1000000, precision=0.02)")
    assert (
        "--budget 20000" in planning.drain(rate="10/s", work="10ms", workers=1, backlog=9, budget=2e4).command
    )


def test_a_share_is_told_apart_from_the_target_it_misses() -> None:
    limit = 0.99999
    for value in (0.9999853, 0.99998999, 0.9999901):
        said = told_apart(value, limit, "share")
        assert float(said[:-2]) != 99.999
        assert (float(said[:-2]) < 99.999) == (value < limit)
    read = read_target("share within 1s >= 99.999%", shop().with_({"consumers.packer.queue": "orders"}))
    assert missing(Verdict(read, "not met", 0.9999853)) == "by 0.00047 percentage points"


def test_nothing_known_is_told_by_its_reason_alone() -> None:
    answer = planning.size(
        rate="250/s", work="40ms", workers="11..13", target="p99 < 199.5ms", simulate=True, budget=100, jobs=1
    )
    assert answer.status == 3
    assert "is no budget was left" not in answer.sentence
    assert answer.sentence.count("no budget was left") == 1


def test_an_interval_that_lies_inside_and_does_not_decide_says_why() -> None:
    scenario = shop()
    read = (read_target("orders.p99 < 1s", scenario),)
    study = Study.of(scenario, read, 0)
    rng = np.random.default_rng(4)
    study.length = replace(study.length, steady=False)
    study.runs = [
        Observation({read[0].measure: rng.exponential(0.2, 4000)}, {}, 4000, True) for _ in range(4)
    ]
    seen, sure = study.estimate(read[0].measure), study.estimate(read[0].measure, 0.99)
    assert seen.high < sure.high
    between = replace(read[0], limit=0.5 * (seen.high + sure.high))
    told = verdict(study, between, None)
    assert told.state == "unsure"
    assert "it is decided by the 99 % interval" in told.because


def test_values_that_the_scenario_cannot_have_are_left_out_and_said() -> None:
    scenario = shop().with_({"faults.0": {"crash": "packer-2", "at": 60, "restart_after": 60}})
    answer = planning.size(
        scenario=scenario, vary="consumers.packer.count=1..8", target="orders.p99 < 2s", jobs=1
    )
    assert answer.data["value"] == 4
    assert answer.notes[0].startswith("1 packer or less can't be: faults.0.crash: 'packer-2'")


def test_a_knob_that_is_not_there_is_named() -> None:
    with pytest.raises(ScenarioError, match="packer"):
        planning.size(scenario=shop(), vary="consumers.paker.count=1..3", target="orders.p99 < 1s")


def test_the_code_and_the_command_ask_the_same_again() -> None:
    answer = planning.size(rate="250/s", work="40ms", workers="1..40", target="p99 < 200ms")
    again = eval(answer.code, {"mq": __import__("mqsim")})
    assert again.data == answer.data
    assert answer.command == (
        "mqsim plan size --rate 250/s --work 40ms --workers 1..40 --target 'p99 < 200ms'"
    )
    assert json.loads(answer.to_json())["value"] == 12


def test_the_table_and_the_figure_show_what_was_judged() -> None:
    answer = planning.size(rate="250/s", work="40ms", workers="10..14", target="p99 < 200ms")
    table = answer.table.set_index("consumers.worker.count")
    assert table.loc[12, "p99 < 200ms"] == pytest.approx(theory.mmc(250, 25, 12).sojourn_percentile(0.99))
    assert table.loc[10, "verdict"] == "not met"
    from mqsim.viz.description import data, describe

    ax = answer.figure()
    assert "The target is 0.2 s" in describe(ax)
    assert len(data(ax)) == len(answer.table)


def loss(rate: float, mean: float, servers: int, room: int) -> float:
    """The share that is refused in M/M/c with so much room to wait, from the balance equations."""
    weights = [1.0]
    for n in range(1, servers + room + 1):
        weights.append(weights[-1] * rate * mean / min(n, servers))
    return weights[-1] / sum(weights)


@pytest.mark.parametrize(
    ("flags", "of"),
    [({"workers": "5", "queue_limit": "0..60"}, "room"), ({"workers": "1..20", "queue_limit": "3"}, "count")],
)
def test_a_bounded_queue_is_sized_by_its_loss(flags: dict[str, str], of: str) -> None:
    answer = planning.size(rate="100/s", work="40ms", target="misses <= 1%", **flags)
    each = range(1, 60)
    expected = next(
        n for n in each if (loss(100, 0.04, 5, n) if of == "room" else loss(100, 0.04, n, 3)) <= 0.01
    )
    assert (answer.data["value"], answer.data["messages"]) == (expected, 0)


def test_what_should_be_high_is_not_taken_to_rise() -> None:
    """Workers are 10 / c busy, so of 1 to 40 workers those from 11 to 16 are at least 60 % busy."""
    load = {"rate": "250/s", "work": "40ms", "workers": "1..40"}
    busy = "groups.worker.utilisation"
    assert planning.size(**load, target=f"{busy} >= 60%").data["value"] == 11
    assert planning.size(**load, target=[f"{busy} >= 60%", f"{busy} <= 70%"]).data["value"] == 15
    assert planning.size(**load, target=[f"{busy} >= 95%", f"{busy} <= 97%"]).status == 1
    two = planning.size(
        **load | {"workers": "11..14"},
        vary="consumers.worker.speed=1,2",
        target=[f"{busy} >= 35%", f"{busy} <= 46%"],
    )
    assert two.data["value"] == {"consumers.worker.count": 11, "consumers.worker.speed": 2}


def test_a_field_of_which_more_is_worse_is_searched_from_its_least() -> None:
    answer = planning.size(
        rate="250/s",
        work="40ms",
        workers="12",
        vary="producers.sender.arrivals.poisson.rate=100..350",
        target="p99 < 200ms",
    )
    assert answer.data["value"] == 100


def test_a_closed_loop_has_a_steady_state() -> None:
    """Users who think for 5 s, work of 0.5 s: the mean sojourn by the balance equations of M/M/c//N."""

    def mean(users: int, servers: int) -> float:
        weights = [1.0]
        for n in range(1, users + 1):
            weights.append(weights[-1] * (users - n + 1) * 0.5 / 5 / min(n, servers))
        sent = sum((users - n) * weight for n, weight in enumerate(weights)) / 5
        return sum(n * weight for n, weight in enumerate(weights)) / sent

    sender = {"closed": {"users": 20, "think": {"exponential": {"mean": 5}}}}
    scenario = Scenario(
        duration=100,
        broker={"queues": {"tasks": {}}},
        producers={"p": {"to": "tasks", "arrivals": sender, "work": {"exponential": {"mean": 0.5}}}},
        consumers={"w": {"queue": "tasks", "count": 2}},
    )
    users = planning.size(
        scenario=scenario,
        vary="producers.p.arrivals.closed.users=1..59",
        highest=True,
        target="mean < 1s",
    )
    assert users.data["value"] == max(n for n in range(1, 60) if mean(n, 2) < 1)
    count = planning.size(
        scenario=scenario, vary="consumers.w.count=1..9", target="mean < 0.7", simulate=True
    )
    assert count.data["value"] == next(c for c in range(1, 10) if mean(20, c) < 0.7)


def test_values_in_between_are_said_to_be_untried() -> None:
    answer = planning.size(
        rate="40/s",
        work="20ms",
        latency="10ms",
        vary="consumers.worker.prefetch=2..40",
        target="p50 < 1ms",
        simulate=True,
        budget=2e5,
    )
    assert answer.status in (1, 3)
    assert answer.status == 1 or "tried" in " ".join([answer.sentence, *answer.notes])


def test_one_setting_leaves_budget_for_others() -> None:
    """The target is the very mean of one setting, which no run can decide."""
    exact = theory.mmc(7, 1.0, 9).mean_sojourn
    answer = planning.size(
        rate="7/s", work="1s", workers="8..12", target=f"mean < {exact:.9f}", simulate=True, budget=6e5
    )
    assert answer.data["state"] in ("met", "unsure")
    assert answer.data["value"] in (9, 10)


def test_where_the_budget_ends_the_setting_that_was_measured_is_named() -> None:
    answer = planning.size(
        rate="250/s",
        work="40ms",
        law="gamma",
        cv=2,
        workers="11..20",
        target="p99 < 500ms",
        budget=1e5,
        jobs=1,
    )
    assert answer.status == 3
    assert "no budget was left" not in answer.sentence
    assert re.search(r"whether 1\d workers would do: the p99 .* is \d+ ms \(", answer.sentence)


def test_an_unsure_answer_tells_how_its_runs_were_made_not_how_an_overloaded_one_would_be() -> None:
    answer = planning.size(
        rate="9000/min", work="0.12", cv=1.5, workers="15..20", target="p99 < 1s", budget=2e4, jobs=1
    )
    (how,) = [note for note in answer.notes if note.startswith("Simulated")]
    assert "in the steady state" in how
