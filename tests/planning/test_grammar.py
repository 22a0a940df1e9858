"""Units, targets, knobs and costs: what can be written, what it means, and how a mistake is told."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim.errors import UsageError
from mqsim.planning.knobs import cost, knob, values
from mqsim.planning.targets import Measure, target
from mqsim.planning.units import estimated, percent, quantity, seconds, shown
from mqsim.scenario import Scenario

TIMES = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def shop(**changes: object) -> Scenario:
    data = {
        "duration": 60,
        "broker": {"queues": {"orders": {}, "mail": {}, "log": {}}},
        "producers": {"web": {"to": "orders", "arrivals": {"poisson": {"rate": 8}}, "work": 0.1}},
        "consumers": {"packer": {"queue": "orders", "count": 2}, "mailer": {"queue": "mail"}},
    }
    return Scenario.from_data(data | changes)


def number(*path: str, dimension: str) -> Measure:
    return Measure("number", path=path, dimension=dimension)


def lonely() -> Scenario:
    return shop(broker={"queues": {"orders": {}}}, consumers={"packer": {"queue": "orders", "count": 2}})


@given(st.floats(0.001, 9999), st.sampled_from(sorted(TIMES)), st.sampled_from(["", " "]))
def test_a_time_is_its_number_times_its_unit(number: float, unit: str, gap: str) -> None:
    assert quantity(f"{number!r}{gap}{unit}", "time", "x") == pytest.approx(number * TIMES[unit])


@given(st.floats(1e-5, 1e6))
def test_a_time_in_words_reads_back_to_three_digits(value: float) -> None:
    assert quantity(seconds(value).replace(",", ""), "time", "x") == pytest.approx(value, rel=5.1e-3)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("250/s", "rate", 250.0),
        ("15k/min", "rate", 250.0),
        ("0.9M/h", "rate", 250.0),
        ("250 per second", "rate", 250.0),
        ("250 messages/s", "rate", 250.0),
        ("250", "rate", 250.0),
        ("86400/d", "rate", 1.0),
        ("20k", "count", 20_000.0),
        ("1.5M", "count", 1.5e6),
        ("1_000", "count", 1000.0),
        ("1e3", "count", 1000.0),
        ("99%", "share", 0.99),
        ("99.9 %", "share", 0.999),
        ("0.99", "share", 0.99),
        ("2 minutes", "time", 120.0),
        (".5s", "time", 0.5),
    ],
)
def test_quantities(text: str, dimension: str, value: float) -> None:
    assert quantity(text, dimension, "x") == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("", "time"), ("ms", "time"), ("5/s", "time"), ("5m", "time"), ("5 parsecs", "time"), ("1s2", "time"),
        ("5ms", "rate"), ("5/fortnight", "rate"), ("/s", "rate"), ("5k%", "share"), ("5s", "count"),
        ("nan", "time"), ("inf", "time"), ("1e999", "time"), ("--5s", "time"),
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused_in_one_sentence(text: str, dimension: str) -> None:
    with pytest.raises(UsageError, match=r"^--x: .* is not allowed; write .*\.$"):
        quantity(text, dimension, "--x")


def test_a_bare_m_is_asked_about() -> None:
    with pytest.raises(UsageError, match="write min or ms"):
        quantity("5m", "time", "--x")


def test_shares_close_to_all_keep_the_digits_that_matter() -> None:
    assert percent(0.99) == "99 %"
    assert percent(0.9996) == "99.96 %"
    assert percent(0.99999) == "99.999 %"
    assert percent(0.005) == "0.5 %"
    assert shown(math.inf, "time") == "forever"


def test_an_interval_without_an_upper_end_is_not_one_to_forever() -> None:
    assert estimated(0.135, 0.12, 0.15, "time") == "135 ms (120 ms to 150 ms)"
    assert estimated(0.135, 0.12, math.inf, "time") == "135 ms (120 ms or more)"
    assert estimated(0.135, -0.01, 0.15, "time") == "135 ms (0 s to 150 ms)"
    assert estimated(math.inf, math.inf, math.inf, "time") == "forever"
    assert estimated(0.2, 0.2, 0.2, "share") == "20 %"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("orders.sojourn.p99 < 2s", Measure("time", "orders", "sojourn", "p99")),
        ("queues.orders.sojourn.p99 < 2s", Measure("time", "orders", "sojourn", "p99")),
        ("orders.p99.9 <= 2s", Measure("time", "orders", "sojourn", "p99.9")),
        ("mail.wait.mean < 20ms", Measure("time", "mail", "wait", "mean")),
        ("flows.p95 < 1min", Measure("time", "", "flows", "p95")),
        (
            "orders share within 2s >= 99%",
            Measure("share", "orders", "sojourn", within=2.0, dimension="share"),
        ),
        (
            "orders.share of wait within 2s >= 0.99",
            Measure("share", "orders", "wait", within=2.0, dimension="share"),
        ),
        ("lost == 0", Measure("number", path=("messages", "lost"), dimension="count")),
        ("orders.dropped = 0", Measure("number", path=("queues", "orders", "dropped"), dimension="count")),
        ("misses <= 1%", Measure("misses", dimension="share")),
        ("orders.misses <= 10", Measure("misses", "orders", dimension="count")),
        ("orders.recover < 5min", Measure("recover", "orders")),
        ("orders.overflow > 1h", Measure("overflow", "orders")),
        ("packer.utilisation < 80%", number("groups", "packer", "utilisation", dimension="share")),
        ("consumers.packer-2.share > 40%", number("consumers", "packer-2", "share", dimension="share")),
        ("orders.throughput >= 8/s", number("queues", "orders", "throughput", dimension="rate")),
        ("orders.depth.max < 10k", number("queues", "orders", "depth", "max", dimension="count")),
    ],
)
def test_targets(text: str, expected: Measure) -> None:
    assert target(text, shop()).measure == expected


def test_what_only_one_thing_can_have_may_be_left_out() -> None:
    scenario = lonely()
    assert target("p99 < 1s", scenario).measure == Measure("time", "orders", "sojourn", "p99")
    assert target("wait.p99 < 1s", scenario).measure == Measure("time", "orders", "wait", "p99")
    assert target("utilisation < 90%", scenario).measure.path == ("groups", "packer", "utilisation")
    assert target("share within 2s >= 99%", scenario).measure.queue == "orders"


def test_a_name_with_dots_is_one_name() -> None:
    scenario = shop(
        broker={"queues": {"eu.orders": {}}},
        producers={"web": {"to": "eu.orders", "arrivals": {"every": 1}}},
        consumers={"packer": {"queue": "eu.orders"}},
    )
    assert target("eu.orders.wait.p95 < 1s", scenario).measure == Measure("time", "eu.orders", "wait", "p95")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write a measure, a comparison and a limit"),
        ("p99", "write a measure, a comparison and a limit"),
        ("p99 < ", "write a measure, a comparison and a limit"),
        ("p99 <> 1s", "write a measure, a comparison and a limit"),
        ("p99 < 1s", r"say which queue it is about: begin it with orders\. or mail\."),
        ("orders.p99 < 5/s", "write a time such as"),
        ("orders.throughput > 5ms", "write a rate such as"),
        ("orders.p100 < 1s", "a percentile is from p0 to below p100"),
        ("ordres.sojourn.p99 < 1s", r"Did you mean orders\.sojourn\.p99"),
        ("orders.sojourn.p999 < 1s", "a percentile is from p0 to below p100"),
        ("utilisation < 90%", r"say whose, as in packer\.utilisation or mailer\.utilisation"),
        ("orders share within 2s >= 120%", "120% is no share"),
        ("nobody share within 2s >= 99%", "there is no queue 'nobody'; the queues are orders, mail, log"),
        ("consumers.packer-3.share > 1%", "no number called"),
        ("lost == zero", "write a number such as"),
    ],
)
def test_a_target_that_makes_no_sense_says_why(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        target(text, shop())
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30))
def test_no_text_leads_to_anything_but_a_target_or_a_sentence(text: str) -> None:
    for read in (lambda: target(text, shop()), lambda: knob(text), lambda: cost([text], [])):
        with contextlib.suppress(UsageError):
            read()


@pytest.mark.parametrize(
    ("op", "met", "missed"),
    [("<", 0.9, 1.0), ("<=", 1.0, 1.1), (">", 1.1, 1.0), (">=", 1.0, 0.9), ("==", 1.0, 1.1)],
)
def test_comparisons(op: str, met: float, missed: float) -> None:
    asked = target(f"p99 {op} 1s", lonely())
    assert asked.met(met)
    assert not asked.met(missed)


@given(low=st.integers(0, 50), more=st.integers(0, 200), step=st.integers(1, 9))
def test_a_range_is_pythons_with_its_end(low: int, more: int, step: int) -> None:
    assert knob(f"a.b={low}..{low + more}:{step}").values == tuple(range(low, low + more + 1, step))


def test_values() -> None:
    assert values("0.5..2:0.5", "x") == (0.5, 1.0, 1.5, 2.0)
    assert values("10,1,5", "x") == (1, 5, 10)
    assert values("auto,manual", "x") == ("auto", "manual")
    assert values("1k..2k:500", "x") == (1000, 1500, 2000)
    assert values("{poisson: {rate: 1}},{every: 1}", "x") == ({"poisson": {"rate": 1}}, {"every": 1})
    assert values("7", "x") == (7,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("count", "write PATH=LOW..HIGH"),
        ("=1..4", "write PATH=LOW..HIGH"),
        ("a.b=", "write PATH=LOW..HIGH"),
        ("a.b=4..1", r"write 1\.\.4"),
        ("a.b=1..x", "write a number"),
        ("a.b=1..4:0", "a step must be above 0"),
        ("a.b=1..1000000000", "give a larger step"),
        ("a.b=1,,2", "a value is missing between two commas"),
    ],
)
def test_a_knob_that_makes_no_sense_says_why(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        knob(text)


def test_costs() -> None:
    knobs = [knob("c.w.count=1..3"), knob("c.w.prefetch=1..3")]
    setting = {"c.w.count": 2, "c.w.prefetch": 3}
    assert cost([], knobs).of(setting) == 5
    assert cost(["c.w.count*2 + 0.5*c.w.prefetch + 10"], knobs).of(setting) == 15.5
    assert cost(["c.w.count", "c.w.count"], knobs).of(setting) == 4
    for text, says in (
        ("c.w.speed*2", "none of the numbers that vary"),
        ("c.w.count*-2", "costs less than nothing"),
        ("c.w.count*c.w.prefetch", "is not allowed"),
        ("*", "is not allowed"),
    ):
        with pytest.raises(UsageError, match=says):
            cost([text], knobs)
