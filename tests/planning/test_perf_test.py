"""PerfTest's command for a load, and every form of its output; the lines are written after its formatters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mqsim import planning
from mqsim.errors import UsageError
from mqsim.planning.perf_test import NoPerfTestError
from mqsim.planning.perftest_output import overall, read_perf_test

if TYPE_CHECKING:
    from pathlib import Path

LINE = (
    "id: t, time: {t}s, sent: 100 msg/s, received: {r} msg/s, min/median/75th/95th/99th consumer latency: "
    "{a}/{b}/{c}/{d}/{e} µs"
)
FIRST = {"min": 1e-3, "median": 2e-3, "p75": 3e-3, "p95": 4e-3, "p99": 5e-3}


def written(tmp_path: Path, text: str, name: str = "out.txt") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "line",
    [
        LINE.format(t="1.000", r=90, a=1000, b=2000, c=3000, d=4000, e=5000),
        LINE.format(t="1.000", r=90, a=1000, b=2000, c=3000, d=4000, e=5000).replace(
            "time: 1.000s", "time 1.000 s"
        ),
        "id: t, time 1.000 s, sent: 100 msg/s, confirmed: 99 msg/s, nacked: 0 msg/s, received: 90 msg/s, "
        "min/median/75th/95th/99th consumer latency: 1/2/3/4/5 ms, confirm latency: 7/7/7/7/7 ms",
        "1.000s        100 msg/s     90 msg/s              1/2/3/4/5 ms",
        "1.000s    100 msg/s    99 msg/s    0 msg/s    90 msg/s   1000/2000/3000/4000/5000 µs  7/7/7/7/7 µs",
    ],
)
def test_a_line_of_text_in_every_form(line: str, tmp_path: Path) -> None:
    (sample,) = read_perf_test(written(tmp_path, f"id: t, starting consumer #0\n{line}\n"))
    assert (sample.time, sample.sent, sample.received) == (1.0, 100.0, 90.0)
    assert sample.latency == pytest.approx(FIRST)


def test_csv(tmp_path: Path) -> None:
    header = (
        "id,time (s),published (msg/s),returned (msg/s),confirmed (msg/s),nacked (msg/s),received (msg/s),"
        + ",".join(
            f"{name} consumer latency (µs)" for name in ("min", "median", "75th p.", "95th p.", "99th p.")
        )
        + ","
        + ",".join(
            f"{name} confirm latency (µs)" for name in ("min", "median", "75th p.", "95th p.", "99th p.")
        )
    )
    path = written(tmp_path, f"{header}\nt,1.000,100,,,,90,1000,2000,3000,4000,5000,,,,,\n", "out.csv")
    (sample,) = read_perf_test(path)
    assert (sample.time, sample.sent, sample.received) == (1.0, 100.0, 90.0)
    assert sample.latency == pytest.approx(FIRST)
    assert read_perf_test(written(tmp_path, path.read_text().replace("µs", "ms")))[0].latency["p99"] == 5.0


def test_json_of_the_html_tools(tmp_path: Path) -> None:
    sample = {
        **{"elapsed": 1000, "min-latency": 1000, "avg-latency": 2500, "max-latency": 9000},
        **{"send-msg-rate": 100.0, "recv-msg-rate": 90.0},
    }
    (found,) = read_perf_test(written(tmp_path, json.dumps({"consume": {"samples": [sample]}})))
    assert found.latency == pytest.approx({"min": 1e-3, "mean": 2.5e-3, "max": 9e-3})


def test_the_whole_is_the_summarys_or_a_weighted_mean(tmp_path: Path) -> None:
    lines = [
        LINE.format(t="1.000", r=100, a=1000, b=2000, c=3000, d=4000, e=5000),
        LINE.format(t="2.000", r=300, a=1000, b=4000, c=3000, d=4000, e=9000),
    ]
    found, whole = overall(read_perf_test(written(tmp_path, "\n".join(lines))))
    assert not whole
    assert (found["median"], found["p99"]) == (pytest.approx(3.5e-3), pytest.approx(8e-3))
    lines.append("id: t, consumer latency min/median/75th/95th/99th 1/2/3/4/6 ms")
    found, whole = overall(read_perf_test(written(tmp_path, "\n".join(lines))))
    assert whole
    assert found["p99"] == pytest.approx(6e-3)


@pytest.mark.parametrize("text", ["", "hello", "id,time (s)\nt,x\n", "{}", "[1]", '{"a": {"samples": [{}]}}'])
def test_what_is_no_output(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"out\.txt"):
        read_perf_test(written(tmp_path, text))


def test_the_command_says_all_that_perf_test_can_play() -> None:
    answer = planning.perf_test(
        rate="250/s", work="40ms", workers="12", prefetch="5", queue_limit="1000", duration="30s"
    )
    assert answer.data["command"] == (
        "perf-test --producers 1 --consumers 12 --queue tasks --rate 250 --size 1000 --qos 5 "
        "--flag persistent --consumer-latency 40000 --auto-delete false --queue-args "
        "x-max-length=1000,x-overflow=reject-publish --time 30"
    )
    assert any("like clockwork" in note for note in answer.notes)
    assert any("mean work for every message" in note for note in answer.notes)


def test_other_options_of_a_scenario() -> None:
    data = {
        "duration": 10,
        "broker": {"queues": {"q": {"type": "quorum"}}},
        "producers": {
            "p": {"count": 2, "to": "q", "arrivals": {"every": 0.4}, "size": 12, "confirms": {"window": 7}}
        },
        "consumers": {"c": {"queue": "q", "ack": "auto", "prefetch": 0}},
    }
    answer = planning.perf_test(scenario=data)
    assert answer.data["command"] == (
        "perf-test --producers 2 --consumers 1 --queue q --rate 2.5 --size 12 --autoack --flag persistent "
        "--confirm 7 --quorum-queue --time 10"
    )
    assert answer.notes == ("Save what it prints, and read it with --read FILE.",)


@pytest.mark.parametrize(
    ("preset", "says"), [("pipeline", "one group of producers"), ("burst", "at one rate")]
)
def test_what_perf_test_cannot_play(preset: str, says: str) -> None:
    with pytest.raises(NoPerfTestError, match=says):
        planning.perf_test(scenario=preset)


def test_its_latency_beside_the_simulations(tmp_path: Path) -> None:
    # Clockwork at 10 a second, 50 ms of work, one worker, 5 ms each way: every message waits 10 ms, exactly.
    flags = {"rate": "10/s", "work": "50ms", "workers": "1", "latency": "5ms", "duration": "30s"}
    good = LINE.format(t="30.000", r=10, a=9900, b=10000, c=10000, d=10000, e=10000)
    answer = planning.perf_test(read=written(tmp_path, good), **flags)
    assert answer.state == "met"
    assert answer.table["simulated"].tolist() == pytest.approx([0.01] * 4)
    bad = LINE.format(t="30.000", r=10, a=9900, b=10000, c=10000, d=10000, e=20000)
    answer = planning.perf_test(read=written(tmp_path, bad), **flags)
    assert answer.state == "not met"
    assert "p99, simulated 10 ms and measured 20 ms" in answer.sentence
