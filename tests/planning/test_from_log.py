"""Logs: what is read from each format, what is refused and where, and what a coarse clock does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

import mqsim as mq
from mqsim import planning, theory
from mqsim.errors import UsageError
from mqsim.planning.logfile import read
from mqsim.planning.timestamps import as_seconds
from mqsim.planning.traffic import fit, spread, traffic

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2024, 3, 1, 12, 0, 0, tzinfo=UTC)
GAPS = [0.0, 1.5, 1.75, 4.0]
EPOCH = START.timestamp()


def write(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def texts(form: str) -> list[str]:
    return [(START + timedelta(seconds=gap)).strftime(form) for gap in GAPS]


@pytest.mark.parametrize(
    "cells",
    [
        [repr(gap) for gap in GAPS],
        [f"{EPOCH + gap:.2f}" for gap in GAPS],
        [f"{1000 * (EPOCH + gap):.0f}" for gap in GAPS],
        [f"{1e6 * (EPOCH + gap):.0f}" for gap in GAPS],
        [str(int(EPOCH) * 10**9 + int(gap * 10**9)) for gap in GAPS],
        [(START + timedelta(seconds=gap)).isoformat() for gap in GAPS],
        texts("%Y-%m-%dT%H:%M:%S.%fZ"),
        texts("%Y-%m-%d %H:%M:%S.%f"),
        texts("%Y-%m-%d %H:%M:%S,%f"),
        texts("%Y-%m-%d %H:%M:%S.%f +0000"),
        texts("%Y-%m-%d %H:%M:%S.%f UTC"),
    ],
)
def test_every_way_of_writing_a_time_gives_the_same_seconds(cells: list[str], tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "n;when", *(f"x;{cell}" for cell in cells))
    found = as_seconds(read(file), "when")
    assert (found - found[0]).tolist() == pytest.approx(GAPS, abs=1e-6)


@pytest.mark.parametrize(
    "form", ["%d/%b/%Y:%H:%M:%S +0000", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S"]
)
def test_formats_in_whole_seconds(form: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "when,x", *(f"{cell},1" for cell in texts(form)))
    found = as_seconds(read(file), "when")
    assert (found - found[0]).tolist() == [0.0, 1.0, 1.0, 4.0]


def test_zones_and_formats_of_ones_own(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "when", "2024-03-31 01:59:59", "2024-03-31 03:00:00")
    utc, berlin = (np.diff(as_seconds(read(file), "when", zone=zone))[0] for zone in (None, "Europe/Berlin"))
    assert (utc, berlin) == (3601.0, 1.0)  # clocks were put forward in between
    own = write(tmp_path / "b.csv", "when", "12h00 01-03-24", "12h01 01-03-24")
    assert np.diff(as_seconds(read(own), "when", form="%Hh%M %d-%m-%y")).tolist() == [60.0]


def test_parquet_json_lines_and_logs_say_the_same(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    stamps = [START + timedelta(seconds=gap) for gap in GAPS]
    parquet.write_table(pyarrow.table({"when": stamps, "took": [1, 2, 3, 4]}), tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text(
        "\n".join(json.dumps({"when": stamp.isoformat(), "took": 1}) for stamp in stamps)
    )
    (tmp_path / "a.log").write_text(
        "\n".join(f"{stamp.isoformat()} INFO done\n  a trace without a time" for stamp in stamps)
    )
    (tmp_path / "b.log").write_text(
        "\n".join(f'1.2.3.4 - - [{stamp:%d/%b/%Y:%H:%M:%S %z}] "GET /"' for stamp in stamps)
    )
    whole = [0.0, 1.0, 1.0, 4.0]
    files = {"a.parquet": GAPS, "a.jsonl": GAPS, "a.log": GAPS, "b.log": whole}
    for name, expected in files.items():
        column = "time" if name.endswith(".log") else "when"
        found = as_seconds(read(tmp_path / name), column)
        assert (found - found[0]).tolist() == pytest.approx(expected, abs=1e-6), name


@pytest.mark.parametrize(
    ("lines", "asked", "says"),
    [
        ([], {}, "the file is empty"),
        (["time"], {}, "no row under it"),
        (["time", "1"], {}, "at least two rows"),
        (["time", "1", "3", "2"], {}, r"line 4 is 1 s earlier than the line before.*give --sort"),
        (["time", "1", "-3", "2"], {}, r"line 3: -3 is negative"),
        (["time", "1", "2024-01-01 00:00:00"], {}, r"line 2 has a number, line 3 has ISO 8601"),
        (["time", "2024-01-01T00:00:00", "2024-01-01T00:00:01Z"], {}, "with and without a time zone"),
        (["time", "1", "soon"], {}, r"line 3: 'soon' is no time"),
        (["time,x", "1,1", ",2"], {}, r"line 3: an empty cell is no time"),
        (["time", "2024-13-01 00:00:00", "2024-13-01 00:00:01"], {}, "is no time that is understood"),
        (["time,x", "1,1", "2"], {}, r"line 3 has 1 cells, and the header has 2"),
        (["a,b", "1,1", "2,2"], {}, "say which column holds the times: a, b"),
        (["time,took", "1,1", "2,2"], {"work": "tok"}, "it has time, took. Did you mean took"),
        (["time,took", "1,1", "2,-2"], {"work": "took"}, "line 3, column took: '-2' is negative"),
        (["time,took", "1,1", "2,fast"], {"work": "took"}, "'fast' is no number"),
        (["time,took", "1,0", "2,0"], {"work": "took"}, "all work is 0"),
        (["time,time", "1,2"], {}, "a header of its own"),
        (["time", "5", "5"], {"unit": "ms"}, None),
        (["time", "1", "2"], {"zone": "Mars/Olympus"}, None),
        (["time", "2024-01-01 00:00", "2024-01-01 00:01"], {"zone": "Mars/Olympus"}, "no such time zone"),
        (["time", "1", "2"], {"unit": "weeks"}, "write one of s, ms, us, ns"),
        (["time", "1", "2"], {"how": "magic"}, "write replay, spread, fit or auto"),
        (["time", "1", "2"], {"scale": 0}, "a factor is above 0"),
        (["time,n", "1,5", "2,0"], {"count": "m"}, "--count m"),
        (["time,n", "1,0", "2,0"], {"count": "n"}, "all counts are 0"),
        (["n", "4", "5"], {"count": "n", "every": "soon"}, "write a time such as"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_log_is_told_with_its_line(
    lines: list[str], asked: dict[str, str], says: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("\n".join(lines))
    if says is None:
        planning.from_log(file, **asked)
        return
    with pytest.raises(UsageError, match=says) as caught:
        planning.from_log(file, **asked)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        planning.from_log(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"time\n\xff\xfe\n")
    with pytest.raises(UsageError, match="is no time that is understood"):
        planning.from_log(tmp_path / "a.csv")


@pytest.mark.parametrize("step", [60.0, 1.0, 0.1, 0.001])
def test_the_resolution_is_found(step: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    times = np.floor(np.cumsum(rng.exponential(0.7 * step, 500)) / step) * step
    file = write(tmp_path / "a.csv", "time", *(f"{EPOCH + t:.6f}" for t in times))
    found = traffic(read(file), as_seconds(read(file), "time"))
    assert found.resolution == step
    assert found.coarse


def test_a_coarse_clock_no_longer_invents_bursts(tmp_path: Path) -> None:
    """Poisson arrivals at 36 a second, logged in whole seconds: the wait is that of M/M/c again."""
    rng = np.random.default_rng(2)
    times = np.cumsum(rng.exponential(1 / 36, 40_000))
    file = write(tmp_path / "a.csv", "time", *(str(int(EPOCH + t)) for t in times))
    waits = {}
    for how in ("replay", "spread"):
        answer = planning.from_log(file, work_mean="100ms", workers=5, how=how)
        waits[how] = mq.simulate(answer.scenario).summary()["queues"]["tasks"]["wait"]["mean"]
    exact = theory.mmc(36, 10, 5).mean_wait
    assert waits["spread"] == pytest.approx(exact, rel=0.2)
    assert waits["replay"] > 3 * exact
    told = planning.from_log(file, work_mean="100ms", workers=5)
    assert "the clock ticks every 1 s" in told.sentence
    assert "spread at random within the 1 s" in " ".join(told.notes)
    assert "bursts that never were" in " ".join(planning.from_log(file, how="replay").notes)


def test_spreading_is_seeded_and_stays_within_the_tick(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "time", *(str(k // 7) for k in range(700)))
    found = traffic(read(file), as_seconds(read(file), "time"))
    one, same, other = spread(found, 1), spread(found, 1), spread(found, 2)
    assert one.tolist() == same.tolist() != other.tolist()
    assert np.all(np.diff(one) >= 0)
    assert np.abs(one - np.repeat(np.arange(100), 7)).max() < 1.01


def test_an_epoch_column_has_its_messages(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "ts", *(f"{1000 * EPOCH + 20 * k:.0f}" for k in range(100)))
    answer = planning.from_log(file, work_mean="1ms")
    assert mq.simulate(answer.scenario).summary()["messages"]["acked"] == 100
    assert "100 messages in 1.99 s" in answer.sentence


def test_counts_and_rates_become_a_profile_and_warn_of_surges(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "time,n", "0,600", "60,3000", "120,600", "180,600")
    answer = planning.from_log(file, count="n", work_mean="100ms", workers=2)
    assert answer.scenario.producers["log"].arrivals.points[:3] == ((0, 10), (60, 50), (120, 10))
    assert any("1,800 pile up" in note for note in answer.notes)
    every = planning.from_log(file, count="n", every="1min", work_mean="100ms", workers=2)
    assert every.scenario == answer.scenario
    rates = write(tmp_path / "b.csv", "time,r", "0,10", "60,50", "120,10", "180,10")
    assert planning.from_log(rates, rate_column="r", work_mean="100ms", workers=2).scenario.producers == (
        answer.scenario.producers
    )


def test_a_surge_is_that_of_the_answer_and_told_in_seconds(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "time,n", "0,600", "4000,24000", "8000,600", "12000,600")
    asked = {"count": "n", "work_mean": "100ms", "budget": 1e5, "jobs": 1}
    answer = planning.from_log(file, **asked, workers="1..8", target="mean < 1h")
    surges = [note for note in answer.notes if "pile up" in note]
    assert all(f"against {answer.data['value'] * 10}" in note for note in surges)
    one = planning.from_log(file, count="n", work_mean="1s", workers=2)
    assert any("From 4,000 s on" in note for note in one.notes)
    assert not any("e+0" in note for note in one.notes)


def test_fits_are_judged() -> None:
    rng = np.random.default_rng(5)
    assert fit(rng.exponential(2.0, 20_000)).law.name == "exponential"
    assert fit(rng.lognormal(0, 1, 20_000)).law.name == "lognormal"
    assert fit(rng.gamma(4, 1, 20_000)).law.name == "gamma"
    assert fit(np.full(50, 2.0)).law.name == "constant"
    assert all(fit(x).good for x in (rng.exponential(2.0, 20_000), rng.gamma(4, 1, 20_000)))
    two = fit(np.concatenate([np.full(5000, 0.01), np.full(5000, 1.0)]))
    assert not two.good
    assert "does not fit well" in two.words()


def test_recorded_work_keeps_its_mean(tmp_path: Path) -> None:
    took = np.random.default_rng(1).lognormal(-3, 1, 5000)
    file = write(tmp_path / "a.csv", "time,took", *(f"{k},{x!r}" for k, x in enumerate(took.tolist())))
    law = planning.from_log(file, work="took").scenario.producers["log"].work
    assert law.mean == pytest.approx(took.mean(), rel=1e-9)
    assert law.cv == pytest.approx(took.std() / took.mean(), rel=0.05)


def test_a_log_is_sized_and_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    times = np.cumsum(rng.exponential(1 / 20, 4000))
    file = write(tmp_path / "a.csv", "time", *(f"{t:.6f}" for t in times))
    answer = planning.from_log(
        file, work_mean="100ms", workers="1..6", target="p95 < 400ms", out=tmp_path / "a.yaml", jobs=1
    )
    # M/M/3 has a p95 of 0.41 s at 20 a second, and M/M/4 of 0.32 s: the log must need 3 or 4.
    assert answer.data["value"] in (3, 4)
    assert mq.Scenario.from_yaml(tmp_path / "a.yaml") == answer.scenario
    with pytest.raises(UsageError, match="--target: say how long a message takes"):
        planning.from_log(file, workers="1..6", target="p95 < 400ms")
    with pytest.raises(UsageError, match="give a range"):
        planning.from_log(file, work_mean="100ms", workers=3, target="p95 < 400ms")


def test_twice_the_rate_is_twice_the_rate(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "time", *(str(k / 8) for k in range(80)))
    plain, twice = (
        planning.from_log(file, scale=scale, how="replay").scenario.producers["log"].arrivals.times
        for scale in (1, 2)
    )
    assert [2 * time for time in twice] == pytest.approx(plain)
