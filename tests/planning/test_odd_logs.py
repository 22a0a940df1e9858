"""One log written in thirty ways: all say the same times, to the step of their clock, and the same work."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mqsim.errors import UsageError
from mqsim.planning.logfile import read
from mqsim.planning.logged import Named, logged, times_of
from mqsim.planning.timestamps import number

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RNG = np.random.Generator(np.random.Philox(3))
# Across midnight and a change of year, with two messages in the same second now and then.
BEGIN = datetime(2027, 12, 31, 23, 59, 30, tzinfo=UTC)
OFFSETS = np.round(np.cumsum(RNG.exponential(0.5, 150)), 6)
WORK = np.round(RNG.exponential(0.2, 150), 4)
MOMENTS = [BEGIN + timedelta(seconds=float(offset)) for offset in OFFSETS]
ROWS = list(zip(MOMENTS, WORK, strict=True))


def lines(begin: str, each: Callable[[datetime, float], str], end: str = "\n") -> bytes:
    return (begin + end.join(each(moment, work) for moment, work in ROWS)).encode()


def iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()


BERLIN = timedelta(hours=1)
FORMS: dict[str, tuple[str, bytes, dict[str, Any], float]] = {
    "ISO with a zone, semicolons": (
        "a.csv",
        lines("time;took\n", lambda m, w: f"{iso(m + BERLIN)}+01:00;{w}"),
        {"work": "took"},
        1e-6,
    ),
    "a zone that an option names": (
        "a.csv",
        lines("time\n", lambda m, _: iso(m + BERLIN)),
        {"zone": "Europe/Berlin"},
        1e-6,
    ),
    "German dates and decimal commas": (
        "a.csv",
        lines("Zeit;Dauer\n", lambda m, w: f"{m:%d.%m.%Y %H:%M:%S};{f'{w}'.replace('.', ',')}"),
        {"time": "Zeit", "work": "Dauer"},
        1.0,
    ),
    "epoch in s": (
        "a.csv",
        lines("ts,took\n", lambda m, w: f"{m.timestamp():.6f},{w}"),
        {"work": "took"},
        1e-6,
    ),
    "epoch in ms": ("a.csv", lines("ts\n", lambda m, _: f"{int(1e3 * m.timestamp())}"), {}, 1e-3),
    "epoch in us": ("a.csv", lines("ts\n", lambda m, _: f"{round(1e6 * m.timestamp())}"), {}, 2e-6),
    "web server": (
        "a.log",
        lines("", lambda m, _: f'::1 - - [{m:%d/%b/%Y:%H:%M:%S} +0000] "GET / HTTP/1.1" 200 5'),
        {},
        1.0,
    ),
    "syslog": ("a.log", lines("", lambda m, _: f"{m:%b} {m.day:2d} {m:%H:%M:%S} host app[1]: done"), {}, 1.0),
    "syslog with priority": (
        "messages",
        lines("", lambda m, _: f"<13>{m:%b %d %H:%M:%S} host app: x"),
        {},
        1.0,
    ),
    "quotes, BOM, CRLF": (
        "a.csv",
        b"\xef\xbb\xbf"
        + lines('"time","note","took"\r\n', lambda m, w: f'"{iso(m)}Z","a, ""b""",{w}', "\r\n"),
        {"work": "took"},
        1e-6,
    ),
    "old line ends": (
        "a.csv",
        lines("time,took\r", lambda m, w: f"{iso(m)},{w}", "\r"),
        {"work": "took"},
        1e-6,
    ),
    "gzip": (
        "a.csv.gz",
        gzip.compress(lines("time,took\n", lambda m, w: f"{iso(m)},{w}")),
        {"work": "took"},
        1e-6,
    ),
    "JSON lines": (
        "a.jsonl",
        lines("", lambda m, w: json.dumps({"@timestamp": iso(m) + "Z", "took": w, "in": {"a": 1}})),
        {"work": "took"},
        1e-6,
    ),
    "JSON list": (
        "a.json",
        json.dumps([{"time": iso(m), "took": w} for m, w in ROWS]).encode(),
        {"work": "took"},
        1e-6,
    ),
    "UTF-16": (
        "a.csv",
        lines("time,took\n", lambda m, w: f"{iso(m)},{w}").decode().encode("utf-16"),
        {"work": "took"},
        1e-6,
    ),
    "an old code page": (
        "a.csv",
        lines("time,note\n", lambda m, _: f"{iso(m)},ä").decode().encode("cp1252"),
        {},
        1e-6,
    ),
    "no header": ("a.csv", lines("", lambda m, w: f"{iso(m)},{w}"), {"time": "1", "work": "2"}, 1e-6),
    "no header, numbers": ("a.txt", lines("", lambda m, _: f"{m.timestamp():.6f}"), {}, 1e-6),
    "Python's logging": (
        "a.log",
        lines("", lambda m, _: f"{m:%Y-%m-%d %H:%M:%S},{m.microsecond // 1000:03d} INFO x"),
        {},
        1e-3,
    ),
    "Kubernetes": (
        "a.log",
        lines("", lambda m, _: f"{iso(m)[:19]}.{m.microsecond:06d}789Z stdout F x"),
        {},
        1e-6,
    ),
    "AM and PM": ("a.csv", lines("time\n", lambda m, _: f"{m:%m/%d/%Y %I:%M:%S %p}"), {}, 1.0),
    "units in the cells": (
        "a.csv",
        lines("time,took\n", lambda m, w: f"{iso(m)},{1000 * w:.1f} ms"),
        {"work": "took"},
        1e-6,
    ),
    "slashes and a fraction": ("a.csv", lines("date\n", lambda m, _: f"{m:%Y/%m/%d %H:%M:%S.%f}"), {}, 1e-6),
    "comments above": (
        "a.csv",
        lines("# made by x\n#\ntime,took\n", lambda m, w: f"{iso(m)},{w}"),
        {"work": "took"},
        1e-6,
    ),
    "mail's dates": ("a.csv", lines("time\n", lambda m, _: f'"{m:%a, %d %b %Y %H:%M:%S} +0000"'), {}, 1.0),
    "times of day": ("a.csv", lines("time\n", lambda m, _: f"{m:%H:%M:%S.%f}"), {}, 1e-6),
    "date and clock apart": (
        "a.csv",
        lines("date,clock\n", lambda m, _: f"{m:%Y-%m-%d},{m:%H:%M:%S.%f}"),
        {"time": "date+clock"},
        1e-6,
    ),
    "a format of its own": (
        "a.csv",
        lines("time\n", lambda m, _: f"{m:%Y%m%dT%H%M%S}"),
        {"form": "%Y%m%dT%H%M%S"},
        1.0,
    ),
    "the only column of times": (
        "a.csv",
        lines("x,when,took\n", lambda m, w: f"7,{iso(m)},{w}"),
        {"work": "took"},
        1e-6,
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form: str, tmp_path: Path) -> None:
    name, data, options, step = FORMS[form]
    path = tmp_path / name
    path.write_bytes(data)
    columns, named = read(path), Named(**options)
    times = times_of(columns, named)
    assert times - times[0] == pytest.approx(OFFSETS - OFFSETS[0], abs=step)
    found = logged(columns, named, "replay", 1.0, 0)
    assert len(found.arrivals["at"]) == len(ROWS)
    if named.work is not None:
        assert found.fitted is not None
        assert found.fitted.law.mean == pytest.approx(WORK.mean(), rel=1e-3)


def test_parquet_with_instants_and_spans(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    spans = pyarrow.array([timedelta(seconds=float(work)) for work in WORK])
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"when": MOMENTS, "took": spans}), path)
    named = Named(work="took")
    assert times_of(read(path), named) - BEGIN.timestamp() == pytest.approx(OFFSETS, abs=1e-6)
    assert logged(read(path), named, "replay", 1.0, 0).fitted is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"time,took\n", "a header and no row"),
        (b"time\n-1\n2\n", "line 2: -1 is negative"),
        (
            b"time\n2027-01-01T00:00:00\n1772366401\n",
            "mixes formats: line 2 has ISO 8601, line 3 has a number",
        ),
        (b"time\n2027-01-01T00:00:05\n2027-01-01T00:00:01\n", "line 3 is 4 s earlier .* or give --sort"),
        (b"time\nsoon\n", "'soon' is no time that is understood; give --format"),
        (
            b"date,clock\n2027-01-01,12:00:00\n2027-01-01,12:00:01\n",
            "line 2: '2027-01-01' is no time .*DATE.CLOCK",
        ),
        (b"time,took\n1,2\n3\n", "line 3 has 1 cells, and the header has 2"),
        (b"# a\ntime,took\n1,2\n3\n", "line 4 has 1 cells"),
        (b"\x00\x01\x02\xff" * 50, "this is no text"),
        (b"\x1f\x8b\x08\x00broken", "it can't be read"),
        (b"[1, 2]", "a list of objects"),
        (b"[{", "this is no JSON"),
        (b'{"time": 1}\nnothing\n', "line 2 is no JSON"),
        (b"time,time\n1,2\n", "a header of its own"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_line(text: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text)
    with pytest.raises(UsageError, match=says) as caught:
        logged(read(path), Named(), "auto", 1.0, 0)
    assert "\n" not in str(caught.value)


def test_a_number_with_a_decimal_comma() -> None:
    assert number("1,5") == 1.5
    assert np.isnan(number("1.000,5"))
